"""List the media files of folders.

Prints a record with path, size and mtime for each MKV, MKA, MK3D, WebM, MP4, M4V, M4A and MOV file below the folders,
in an order that does not change. Names that start with a dot are passed over. A file that is named itself is always
listed.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from arrtheaudio import filters, output
from arrtheaudio.call import Call
from arrtheaudio.core.record import Record, path_of
from arrtheaudio.errors import Fatal, InvalidRecord
from arrtheaudio.library import Anchors, Filter, expand
from arrtheaudio.options import Option

# More digits are no size of a file and no age of one, and would leave the range of numbers.
_NUMBER = r"(\d{1,15}(?:\.\d{1,15})?)"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_PERIODS = {"s": 1, "": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def size(text: str) -> int:
    """Return a number of bytes; K, M, G and T are powers of 1024."""
    match = re.fullmatch(_NUMBER + r"\s*([KMGT]?)(?:i?B)?", text, re.IGNORECASE | re.ASCII)
    if match is None:
        raise ValueError(f"{text!r} is no size: give bytes, or a number with K, M, G or T, like 700M.")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def duration(text: str) -> float:
    """Return a number of seconds; m, h, d and w are minutes, hours, days and weeks."""
    match = re.fullmatch(_NUMBER + r"\s*([smhdw]?)", text, re.ASCII)
    if match is None:
        raise ValueError(f"{text!r} is no duration: give a number with s, m, h, d or w, like 7d.")
    return float(match[1]) * _PERIODS[match[2]]


FOLDERS = (
    Option(
        "recursive",
        ("--recursive",),
        "Look into sub-folders too; the default.",
        default=True,
        negative="--no-recursive",
    ),
    Option(
        "patterns",
        ("--pattern",),
        "Only files whose name matches; repeat it. The default is every media file, in any case.",
        str,
        "GLOB",
        multiple=True,
    ),
    Option(
        "excludes",
        ("--exclude",),
        "Leave out what matches, by name or, with a slash in the glob, by whole path; repeat it.",
        str,
        "GLOB",
        multiple=True,
    ),
    Option("min_size", ("--min-size",), "Only files of at least this size, like 700M.", size, "SIZE", default=0),
    Option("max_age", ("--max-age",), "Only files changed within this time, like 7d.", duration, "DURATION"),
    Option(
        "since",
        ("--since",),
        "Only files that are new or changed since the last whole run with this FILE, which then remembers this one.",
        os.fsencode,
        "FILE",
    ),
)


def wanted(values: Mapping[str, Any]) -> Filter:
    """Return which files of a folder the options ask for."""
    age = values["max_age"]
    names = ("recursive", "patterns", "excludes", "min_size")
    since = None if age is None else time.time_ns() - int(age * 1e9)
    return Filter(**{name: values[name] for name in names}, changed_since=since)


def row(record: Record) -> list[str]:
    """Return the cells of a file."""
    return [f"{record['size']:,}", record["mtime"][:19].replace("T", " "), record["path"]]


TABLE = filters.Table(("SIZE", "CHANGED (UTC)", "PATH"), row)


USES = ()
EXAMPLES = (
    ("What came in the last week, as a table:", "arrtheaudio scan --max-age 7d --format table /media"),
    (
        "How many bytes the films have, without the trailers:",
        """\
arrtheaudio scan --exclude '*trailer*' /media/films |
    jq -s 'map(.size) | add'""",
    ),
    (
        "What is new since the last time, each night:",
        """\
arrtheaudio scan --since /media/.seen /media |
    arrtheaudio apply --original ja""",
    ),
)
FILES = "PATH..."
OPTIONS = (*filters.OPTIONS, *FOLDERS)

Work = Callable[[Iterable[Record], "output.Sink | None"], int]


def listed(call: Call, table: filters.Table, work: Work) -> int:
    """Give the files of a call to `work`, with the output to use; remember them, where `--since` asks for it."""
    source = filters.source(call, "scan")
    anchors = Anchors(call.config)
    for path in call.files:
        if path != b"-":
            _check(anchors, path)
    source = _checked(anchors, source)
    chosen, refresh = wanted(call.values), call.values["refresh"]
    if call.values["since"] is None:
        return work(expand(source, chosen, "scan", refresh=refresh), None)
    from arrtheaudio.known import Known, Noting

    with Known(call.values["since"]) as known:
        files = expand(source, chosen._replace(known=known.has), "scan", refresh=refresh)
        sink = output.sink(call.values["form"], table.head, table.row)
        status = work(files, Noting(sink, known))
        if status in (0, 1):  # not where it was broken off: by a signal, or by a reader that has gone
            known.keep()
        return status


def _checked(anchors: Anchors, source: Iterable[Record]) -> Iterator[Record]:
    """Yield the records; what stands on standard input is checked when it comes."""
    for record in source:
        with contextlib.suppress(InvalidRecord):  # its own error says so
            if "error" not in record and "size" not in record:
                _check(anchors, path_of(record))
        yield record


def _check(anchors: Anchors, path: bytes) -> None:
    missing = anchors.missing(path)
    if missing is not None:
        raise AnchorMissing(missing)


class AnchorMissing(Fatal):
    """A mount point without its disk is no reason to take the library for empty."""


def run(call: Call) -> int:
    """Print the files."""
    return listed(call, TABLE, lambda files, sink: filters.run(call, files, [], TABLE, jobs=1, sink=sink))
