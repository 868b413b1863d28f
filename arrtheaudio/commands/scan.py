"""List the media files of folders.

Prints a record with path, size and mtime for each MKV, MKA, MK3D, WebM, MP4, M4V, M4A and MOV file below the folders,
in an order that does not change. Names that start with a dot are passed over. A file that is named itself is always
listed.
"""

import re
import time
from collections.abc import Mapping
from typing import Any

import click

from arrtheaudio import filters
from arrtheaudio.core.record import Record
from arrtheaudio.library import Filter, expand

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_PERIODS = {"s": 1, "": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Size(click.ParamType[Any]):
    """A number of bytes; K, M, G and T are powers of 1024."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", str(value), re.IGNORECASE)
        if match is None:
            self.fail(f"{value!r} is no size: give bytes, or a number with K, M, G or T, like 700M.", param, ctx)
        return int(float(match[1]) * _UNITS[match[2].upper()])


class Duration(click.ParamType[Any]):
    """A length of time, in seconds; m, h, d and w are minutes, hours, days and weeks."""

    name = "DURATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number of seconds."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw]?)", str(value))
        if match is None:
            self.fail(f"{value!r} is no duration: give a number with s, m, h, d or w, like 7d.", param, ctx)
        return float(match[1]) * _PERIODS[match[2]]


_OPTIONS = (
    click.option("--recursive/--no-recursive", default=True, help="Look into sub-folders too; the default."),
    click.option(
        "--pattern",
        "patterns",
        multiple=True,
        metavar="GLOB",
        help="Only files whose name matches; repeat it. The default is every media file, in any case.",
    ),
    click.option(
        "--exclude",
        "excludes",
        multiple=True,
        metavar="GLOB",
        help="Leave out what matches, by name or, with a slash in the glob, by whole path; repeat it.",
    ),
    click.option("--min-size", type=Size(), default=0, help="Only files of at least this size, like 700M."),
    click.option("--max-age", type=Duration(), help="Only files changed within this time, like 7d."),
)


def options(function: filters.F) -> filters.F:
    """Give a command the options that say which files of a folder are wanted; `wanted` reads them."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def wanted(values: Mapping[str, Any]) -> Filter:
    """Pick them from all the options of a command."""
    age = values["max_age"]
    names = ("recursive", "patterns", "excludes", "min_size")
    since = None if age is None else time.time_ns() - int(age * 1e9)
    return Filter(**{name: values[name] for name in names}, changed_since=since)


def row(record: Record) -> list[str]:
    """Return the cells of a file."""
    return [f"{record['size']:,}", record["mtime"][:19].replace("T", " "), record["path"]]


TABLE = filters.Table(("SIZE", "CHANGED (UTC)", "PATH"), row)


@click.command("scan", help=__doc__)
@filters.options
@options
@click.pass_context
def command(ctx: click.Context, /, **values: Any) -> None:
    """Print the files."""
    common = filters.Common.of(values)
    filters.run(ctx, expand(filters.source(common, "scan"), wanted(values), "scan"), [], TABLE, common)
