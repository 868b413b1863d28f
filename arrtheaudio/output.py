"""Standard output: records as JSON Lines, one JSON array, or a table for people."""

import os
from collections.abc import Callable, Sequence
from typing import Protocol

from arrtheaudio import messages
from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.errors import Fatal

STDOUT = 1
FORMATS = ("auto", "jsonl", "table", "json")

# One row of a table: what a person wants of a record; None where the record is not for the table.
Row = Callable[[Record], Sequence[str]]
Line = Callable[[Record], bytes]


class OutputFailed(Fatal):
    """Standard output took no more: a full disk, a closed descriptor."""

    exit_status = 1


class Sink(Protocol):
    """Takes records in order, each shown as soon as it is given."""

    def write(self, record: Record) -> None:
        """Show one record."""

    def close(self) -> None:
        """End the output; no record follows."""


def put(data: bytes) -> None:
    """Write all of `data` to standard output; BrokenPipeError when the reader has gone."""
    view = memoryview(data)
    try:
        while view:
            view = view[_write(view) :]
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(f"standard output: {(error.strerror or str(error)).lower()}") from None


def _write(data: memoryview) -> int:
    try:
        return os.write(STDOUT, data)
    except BlockingIOError:
        # Whoever has the other end of a terminal or a socket may have made it so.
        import select

        select.select([], [STDOUT], [])
        return 0


class JsonLines:
    """One JSON object a line."""

    def __init__(self, line: Line = records.line) -> None:
        """Take what makes a line of a record."""
        self._line = line

    def write(self, record: Record) -> None:
        """Show one record."""
        put(self._line(record))

    def close(self) -> None:
        """Nothing is left to say."""


class JsonArray:
    """One JSON array of all records."""

    def __init__(self, line: Line = records.line) -> None:
        """Open no bracket before the first record: a call that fails prints nothing."""
        self._line = line
        self._begun = False

    def write(self, record: Record) -> None:
        """Show one record."""
        put((b",\n" if self._begun else b"[\n") + self._line(record)[:-1])
        self._begun = True

    def close(self) -> None:
        """Close the array."""
        put(b"\n]\n" if self._begun else b"[]\n")


class Table:
    """Aligned columns; the last one may be of any length, so that the others can be fixed and rows come at once."""

    def __init__(self, head: Sequence[str], row: Row) -> None:
        """Take the column heads, and what makes a row of a record."""
        self._head = head
        self._row = row
        self._widths = [len(title) for title in head[:-1]]
        self._begun = False

    def write(self, record: Record) -> None:
        """Show one record."""
        cells = failure(record, len(self._head)) if "error" in record else self._cells(record)
        cells = [messages.shown(cell) for cell in cells]
        self._widths = [max(*pair) for pair in zip(self._widths, map(len, cells[:-1]), strict=True)]
        if not self._begun:
            self._line(self._head)
            self._begun = True
        self._line(cells)

    def close(self) -> None:
        """Nothing is left to say."""

    def _cells(self, record: Record) -> list[str]:
        try:
            return list(map(str, self._row(record)))
        except (TypeError, ValueError, LookupError, AttributeError):
            # An answer of another program under a key of ours is passed on as it stands, whatever it is.
            return ["?", *[""] * (len(self._head) - 2), str(record.get("path", ""))]

    def _line(self, cells: Sequence[str]) -> None:
        padded = [cell.ljust(width) for cell, width in zip(cells, self._widths, strict=False)]
        put(("  ".join([*padded, cells[-1]]).rstrip() + "\n").encode(errors="backslashreplace"))


def failure(record: Record, columns: int) -> list[str]:
    """Return the row of a record that failed: its code first, its path and the message last."""
    error = record["error"] if isinstance(record["error"], dict) else {}
    where = record.get("path") or record.get("input") or ""
    return [
        str(error.get("code", "error")),
        *[""] * (columns - 2),
        f"{where}: {error.get('message', 'failed earlier')}",
    ]


def sink(form: str, head: Sequence[str], row: Row) -> Sink:
    """Return the sink for `--format`; `auto` is a table on a terminal and JSON Lines elsewhere."""
    if form == "auto":
        form = "table" if is_terminal(STDOUT) else "jsonl"
    if form == "table":
        return Table(head, row)
    # A terminal obeys more characters than the control characters that JSON escapes.
    line = records.ascii_line if is_terminal(STDOUT) else records.line
    return JsonArray(line) if form == "json" else JsonLines(line)


def is_terminal(descriptor: int) -> bool:
    """Say whether a person looks at this descriptor; a closed one has nobody."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
