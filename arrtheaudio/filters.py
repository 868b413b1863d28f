"""What the commands of the pipe have in common: FILE arguments or standard input in, records out, and their options."""

import os
from collections.abc import Iterable, Iterator, Sequence

from arrtheaudio import messages, output, pipeline
from arrtheaudio.call import Call
from arrtheaudio.core.record import Record
from arrtheaudio.core.value import Value
from arrtheaudio.errors import UsageError
from arrtheaudio.options import Option
from arrtheaudio.pipeline import Stage
from arrtheaudio.progress import Progress


class Table(Value):
    """The table of a command: its column heads, and the cells of a record."""

    head: Sequence[str]
    row: output.Row


FILES = "[FILE]..."


def count(text: str) -> int:
    """Return a number of files in hand; ValueError where it is none."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_JOBS:
        raise ValueError(f"{text!r} is not a whole number from 1 to {MOST_JOBS}")
    return int(text)


MOST_JOBS = 256
OPTIONS = (
    Option(
        "form",
        ("-f", "--format"),
        "How records are printed; auto is a table on a terminal, jsonl elsewhere.",
        choices=output.FORMATS,
        default="auto",
    ),
    Option(
        "null", ("-0", "--null"), "Paths on standard input end in NUL, as `find -print0` writes them.", default=False
    ),
    Option("refresh", ("--refresh",), "Answer anew where a record has the answer already.", default=False),
    Option("jobs", ("-j", "--jobs"), "Files in hand at once, for slow disks; 1 to 256.", count, "N"),
    Option(
        "progress",
        ("--progress",),
        "Show how far it is; the default is on a terminal.",
        negative="--no-progress",
    ),
)
DRY_RUN = Option("dry_run", ("-n", "--dry-run"), "Say what would change, and change nothing.", default=False)


def source(call: Call, stage: str) -> Iterator[Record]:
    """Return the records to work on; UsageError, not a silent wait, where a person would have to type them."""
    if b"" in call.files:  # an unset variable of a shell; the path would be the working folder
        raise UsageError("a FILE is empty.")
    reads = not call.files or b"-" in call.files
    if reads and output.is_terminal(0):
        raise UsageError("name a FILE, or give paths or records on standard input.")
    return pipeline.read(call.files, stage, null=call.values["null"])


def run(
    call: Call,
    records: Iterable[Record],
    stages: Sequence[Stage],
    table: Table,
    *,
    jobs: int | None = None,
    sink: output.Sink | None = None,
) -> int:
    """Take the records through the stages to standard output, and return the exit status."""
    values = call.values
    shown = output.is_terminal(2) if values["progress"] is None else values["progress"]
    jobs = jobs or values["jobs"] or default_jobs(call.files)
    return pipeline.run(
        records,
        stages,
        sink or output.sink(values["form"], table.head, table.row),
        jobs=jobs,
        # Where nobody says how many, the storage does: more files are in hand where it keeps us waiting.
        begin=None if values["jobs"] else 1,
        # A file that hangs can be left behind only where another thread goes on.
        timeout=call.config.processing.timeout_seconds if jobs > 1 else None,
        progress=Progress(call.name, shown=shown and not messages.quiet()),
    )


def default_jobs(files: Sequence[bytes]) -> int:
    """Return how many files are in hand at once where nobody says: one, where only one is named.

    Threads wait for slow disks side by side, and for the disk to say that a write is there; several such waits end
    together.
    """
    if len(files) == 1 and files[0] != b"-" and not os.path.isdir(files[0]):
        return 1
    return min(16, 4 * (os.cpu_count() or 1))
