"""What the commands of the pipe have in common: FILE arguments or standard input in, records out, and their options."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self, TypeVar

import click

from arrtheaudio import messages, output, pipeline
from arrtheaudio.core.record import Record
from arrtheaudio.pipeline import Stage
from arrtheaudio.progress import Progress

F = TypeVar("F", bound=Callable[..., Any])

PATHS = click.Path(path_type=bytes, allow_dash=True)


class Table(NamedTuple):
    """The table of a command: its column heads, and the cells of a record."""

    head: Sequence[str]
    row: output.Row


class Common(NamedTuple):
    """What the common options say."""

    files: tuple[bytes, ...]
    form: str
    null: bool
    refresh: bool
    jobs: int | None
    progress: bool | None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Pick them from all the options of a command."""
        return cls(**{name: values[name] for name in cls._fields})


_OPTIONS = (
    click.option(
        "-f",
        "--format",
        "form",
        type=click.Choice(output.FORMATS),
        default="auto",
        help="How records are printed; auto is a table on a terminal, jsonl elsewhere.",
    ),
    click.option(
        "-0", "--null", is_flag=True, help="Paths on standard input end in NUL, as `find -print0` writes them."
    ),
    click.option("--refresh", is_flag=True, help="Answer anew where a record has the answer already."),
    click.option(
        "-j", "--jobs", type=click.IntRange(1, 256), metavar="N", help="Files in hand at once, for slow disks."
    ),
    click.option("--progress/--no-progress", default=None, help="Show how far it is; the default is on a terminal."),
)


def options(function: F) -> F:
    """Give a command the FILE arguments and the common options; `Common.of` reads them."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return click.argument("files", nargs=-1, type=PATHS, metavar="[FILE]...")(function)


def source(common: Common, stage: str) -> Iterator[Record]:
    """Return the records to work on; a usage error, not a silent wait, where a person would have to type them."""
    reads = not common.files or b"-" in common.files
    if reads and output.is_terminal(0):
        raise click.UsageError("name a FILE, or give paths or records on standard input.")
    return pipeline.read(common.files, stage, null=common.null)


def run(
    ctx: click.Context,
    records: Iterable[Record],
    stages: Sequence[Stage],
    table: Table,
    common: Common,
    *,
    edits: bool = False,
    timeout: float | None = None,
    sink: output.Sink | None = None,
) -> None:
    """Take the records through the stages to standard output, and leave with the exit status."""
    sink = sink or output.sink(common.form, table.head, table.row)
    shown = output.is_terminal(2) if common.progress is None else common.progress
    progress = Progress(ctx.info_name or "", shown=shown and not messages.quiet())
    jobs = common.jobs or default_jobs(edits=edits)
    ctx.exit(pipeline.run(records, stages, sink, jobs=jobs, edits=edits, timeout=timeout, progress=progress))


def default_jobs(*, edits: bool) -> int:
    """Return how many files are in hand at once where nobody says.

    On a local disk, reading a header costs less than handing it to a thread. Waiting for the disk to say that a write
    is there costs more, and several can wait at the price of one.
    """
    return min(16, 4 * (os.cpu_count() or 1)) if edits else 1
