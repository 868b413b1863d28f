"""arrtheaudio-config(5), printed from the schema of the configuration."""

import json
from collections.abc import Iterator
from typing import Any

from arrtheaudio.commands.schema import config_text
from arrtheaudio.config import environment
from arrtheaudio.manual import keys, roff
from arrtheaudio.manual.example import CONFIGURATION
from arrtheaudio.manual.surroundings import ENVIRONMENT, FILES

NAME = "arrtheaudio-config"

DESCRIPTION = """\
One YAML file. {about} What is wrong ends every command with the exit status 2 before anything is done, and every fault
is said with its line; `arrtheaudio admin validate-config` says them too. An unknown key is a fault.
"""

PLACES = """\
The first of these that is there is read, and no other: the file that `--config` names; the one that
`{variable}` names; {candidates}. A file that is named must be there.
"""

PRECEDENCE = """\
What stands on the command line wins over the environment, that over the file, and the file over the defaults.
"""

VALUES = """\
The file is YAML 1.2. Booleans are `true` and `false`; `no` is Norwegian, `yes` and `on` are texts, `12:30` and
`2026-01-02` too, and `010` is ten. Anchors are followed, tags are refused. A file has at most 1 MiB.

A path begins with `/` or with `~/`. A language is any code of ISO 639-1, ISO 639-2/B, ISO 639-2/T or BCP 47: `de`,
`ger`, `deu` and `de-AT` are all understood.
"""

VARIABLES = f"""\
In a text, `${{NAME}}` is what the environment has, and `${{NAME:-default}}` has a default; `$${{` is `${{` itself. An
unset variable without a default is a fault. Where the environment has `NAME_FILE` and no `NAME`, the value is what
stands in the file of that name, without its last line break, as Docker and systemd hand over secrets. Secrets are never
printed, and never logged.

A variable `{environment.PREFIX}SECTION_KEY` takes the place of a key; `{environment.PREFIX}SECTION_KEY_FILE` names a
file that has its value. A list is written `jpn,eng` or in YAML, a list of groups in YAML:
"""

OVERRIDES = """\
ARRTHEAUDIO_PROCESSING_WORKER_COUNT=4
ARRTHEAUDIO_LANGUAGE_PRIORITY=jpn,eng
ARRTHEAUDIO_PATH_MAPPINGS='[{remote: /tv, local: /data/media/tv}]'"""


def page() -> str:
    """Return the page."""
    document = json.loads(config_text())
    lines = [roff.title(NAME, 5), *roff.name(NAME, "the configuration of ArrTheAudio"), ".SH SYNOPSIS"]
    lines += _files(document)
    for heading, text in (("PRECEDENCE", PRECEDENCE), ("VALUES", VALUES), ("VARIABLES", VARIABLES)):
        lines += [f".SH {heading}", *roff.paragraphs(text.split("\n\n"))]
    lines += [*roff.example(OVERRIDES), *_keys(document)]
    lines += roff.section("ENVIRONMENT", (row for use in ("all", "tmdb", "serve") for row in ENVIRONMENT[use][:2]))
    lines += roff.section("FILES", FILES["all"])
    lines += roff.examples(CONFIGURATION)
    others = [("arrtheaudio", 1), ("arrtheaudio-admin", 1), ("arrtheaudio-schema", 1), ("arrtheaudio-record", 5)]
    return roff.join([*lines, *roff.see_also(others)])


def _files(document: Any) -> Iterator[str]:
    (_, candidates), *_ = ((what, names) for names, what in FILES["all"])
    yield roff.escaped("~/.config/arrtheaudio/config.yaml")
    yield ".SH DESCRIPTION"
    yield from roff.paragraphs([DESCRIPTION.format(about=document["description"])])
    yield ".SH PLACES"
    yield from roff.paragraphs([PLACES.format(variable=environment.CONFIG, candidates=candidates)])


def _keys(document: Any) -> Iterator[str]:
    """Yield every key, in the order of the file."""
    yield ".SH KEYS"
    for path, part, required in keys.walk(document, document):
        if "." not in path:
            yield from keys.heading(path, part, document)
        else:
            yield from keys.entry(path, part, document, "must be there" if required else "")
