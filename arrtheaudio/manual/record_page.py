"""arrtheaudio-record(5), printed from the schema of records and from the names of the failures."""

import json
from collections.abc import Iterator
from typing import Any

from arrtheaudio import errors
from arrtheaudio.commands.schema import record_text
from arrtheaudio.manual import keys, roff
from arrtheaudio.manual.declared import EXIT_STATUS
from arrtheaudio.manual.example import record, shown

NAME = "arrtheaudio-record"

DESCRIPTION = """\
A record is a file and what is known of it: one JSON object, in one line (JSON Lines, UTF-8). `arrtheaudio` `scan`,
`probe`, `tmdb`, `choose`, `apply` and `undo` read records and print them again, in their order. Each adds the key of
its own name and touches no other; run again, it replaces that key alone. Keys that are not known here pass through.

On standard input, a line that starts with `{` is a record, and any other line that is not empty is a path; with
`--null`, paths end in NUL. A command runs the commands before it for a record that lacks their keys, and takes what is
there as it is; `--refresh` has it answer anew.

The same input gives the same line: no clock, host, version or duration stands in a record. (The id of an edit in the
journal is a new one each time.) A record has at most 16 MiB; whole numbers up to 2^64-1 survive.

A file that fails goes on as a record with the key `error`. The commands that follow pass it on as it is, and end with 1
too.
"""


def page() -> str:
    """Return the page."""
    document = json.loads(record_text())
    lines = [roff.title(NAME, 5), *roff.name(NAME, "what the commands of the pipe read and print")]
    lines += [".SH DESCRIPTION", *roff.paragraphs(DESCRIPTION.split("\n\n")), *_keys(document)]
    lines += roff.section("ERROR CODES", sorted(_codes()))
    lines += roff.section("EXIT STATUS", EXIT_STATUS)
    lines += roff.examples(_examples())
    others = [(f"arrtheaudio-{name}", 1) for name in ("scan", "probe", "tmdb", "choose", "apply", "undo", "schema")]
    return roff.join([*lines, *roff.see_also([("arrtheaudio", 1), ("arrtheaudio-containers", 7), *others])])


def _keys(document: Any) -> Iterator[str]:
    yield ".SH KEYS"
    for path, part, required in keys.walk(document, document):
        if "." not in path and "properties" in part:
            yield from keys.heading(path, part, document)
        else:
            yield from keys.entry(path, part, document, "always there" if required else "")


def _codes() -> Iterator[tuple[str, str]]:
    for error in (value for value in vars(errors).values() if value is not errors.Error):
        if isinstance(error, type) and issubclass(error, errors.Error) and "code" in vars(error):
            yield error.code, error.__doc__ or ""


def _examples() -> Iterator[tuple[str, str]]:
    what = "What `arrtheaudio apply --original ja --dry-run` prints of a film whose default track is English, in lines:"
    yield what, shown(record())
    yield "The paths of what is left to a person:", "jq -r 'select(.choose.status == \"review\").path' <answers.jsonl"
    yield "What failed, by code:", "jq -r '.error.code // empty' <answers.jsonl | sort | uniq -c"
