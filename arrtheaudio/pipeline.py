"""Records in, stages, records out: order, failures, threads, signals, exit statuses."""

import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from arrtheaudio import messages
from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Error, Fatal, Internal, InvalidRecord, from_os
from arrtheaudio.output import Sink
from arrtheaudio.progress import Progress
from arrtheaudio.signals import Signals, Stopped

READER_GONE = 141
_CHUNK = 1 << 16
_BOM = b"\xef\xbb\xbf"
# The kernel takes 4,096 bytes; what is far longer is no list of paths, and would be printed whole with its error.
_LONGEST_PATH = 1 << 16


class Stage(Value):
    """One step of the pipe: its key in the record, and what it answers; an answer of None adds no key."""

    name: str
    answer: Callable[[Record], Mapping[str, Any] | None]
    refresh: bool = False
    # Says whether the answer that a record already has is one to keep.
    settled: Callable[[Record], bool] = lambda _: True
    # Says whether a record needs the stage at all, from what it has when it comes in.
    wanted: Callable[[Record], bool] = lambda _: True


def carry(record: Record, stages: Sequence[Stage]) -> Record:
    """Take one record through the stages that it lacks; a failure becomes its `error`."""
    if "error" in record:
        return record
    name = ""
    try:
        for stage in [stage for stage in stages if stage.wanted(record)]:
            name = stage.name
            if name in record and not stage.refresh and stage.settled(record):
                continue
            answer = stage.answer(record)
            if answer is not None:
                record[name] = answer
    except Error as error:
        records.failed(record, name, error)
    except OSError as error:
        records.failed(record, name, from_os(error))
    except Exception as error:  # a defect meets one record, is shown whole, and the others go on
        import traceback

        messages.error(f"{record.get('path')}: a defect of ours\n{traceback.format_exc()}")
        records.failed(record, name, Internal(f"{type(error).__name__}: {error}"))
    return record


def read(paths: Sequence[bytes], stage: str, *, null: bool = False) -> Iterator[Record]:
    """Yield a record for each path; for `-`, or where there are no paths, for each line of standard input."""
    for path in paths or (b"-",):
        if path == b"-":
            yield from _standard_input(stage, null)
        else:
            yield records.of_path(_absolute(path))


def _absolute(path: bytes) -> bytes:
    # Behind a symbolic link `..` is the parent of what the link points to, which abspath does not know.
    if b".." in path.split(b"/"):
        folder, name = os.path.split(path)
        if name not in (b"", b".", b".."):
            path = os.path.join(os.path.realpath(folder), name)
        else:
            path = os.path.realpath(path)
    try:
        return os.path.abspath(path)
    except FileNotFoundError:
        raise Fatal("the working folder is gone; give absolute paths") from None


def _standard_input(stage: str, null: bool) -> Iterator[Record]:
    for number, item in enumerate(split(0, b"\0" if null else b"\n"), 1):
        if null and item:
            yield _named(item, number, stage)
        elif not null and item and not item.isspace():
            yield _item(item, number, stage)


def _named(item: bytes, number: int, stage: str) -> Record:
    if len(item) > _LONGEST_PATH:
        error = InvalidRecord(f"a path of more than {_LONGEST_PATH:,} bytes")
        return records.unreadable(item, number, stage, error)
    return records.of_path(_absolute(item))


def _item(item: bytes, number: int, stage: str) -> Record:
    if not item.lstrip(_BOM + b" \t").startswith(b"{"):
        return _named(item.removeprefix(_BOM) if number == 1 else item, number, stage)
    try:
        if len(item) > records.LIMIT:
            raise InvalidRecord(f"longer than {records.LIMIT >> 20} MiB")
        record = records.parse(item.removeprefix(_BOM))
        if "error" not in record:
            records.path_of(record)
        elif not isinstance(record["error"], dict):
            raise InvalidRecord("its error is no object")
        return record
    except Error as error:
        return records.unreadable(item, number, stage, error)


def split(descriptor: int, delimiter: bytes, limit: int = records.LIMIT) -> Iterator[bytes]:
    """Yield what stands between delimiters, as soon as it is there; an item over `limit` bytes comes cut there."""
    parts: list[bytes] = []
    held = 0
    while chunk := _read(descriptor):
        *whole, rest = chunk.split(delimiter)
        for part in whole:
            yield b"".join((*parts, part))
            parts, held = [], 0
        if held <= limit:
            parts.append(rest)
            held += len(rest)
    if held:
        yield b"".join(parts)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except BlockingIOError:
        # Whoever has the other end of a terminal or a socket may have made it so.
        import select

        select.select([descriptor], [], [])
        return _read(descriptor)
    except OSError as error:
        raise Fatal(f"standard input: {(error.strerror or str(error)).lower()}") from None


def run(
    source: Iterable[Record],
    stages: Sequence[Stage],
    sink: Sink,
    *,
    jobs: int = 1,
    begin: int | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> int:
    """Take every record of `source` through `stages` into `sink`, in order; return the exit status.

    No signal and no closed pipe interrupts the file in hand: its record is finished first. `timeout` is in seconds, for
    one record; it needs more than one job. `begin` is how many of the jobs there are before the storage proves slow.
    """
    progress = progress or Progress("", shown=False)
    with Signals() as signals:
        if jobs > 1:
            from arrtheaudio.pool import Pool

            name = stages[-1].name
            work = partial(carry, stages=stages)
            pool = Pool(work, jobs, signals, name=name, timeout=timeout, begin=begin)
            results: Generator[Record, None, None] = pool.map(source)
        else:
            results = _inline(source, stages, signals)
        try:
            failed = _drain(results, sink, progress, signals)
        except Stopped:
            failed = True
        except BrokenPipeError:
            return READER_GONE
        finally:
            results.close()  # what is in hand is finished before anything else happens
            progress.clear()
    return 128 + signals.number if signals.number else int(failed)


def _inline(source: Iterable[Record], stages: Sequence[Stage], signals: Signals) -> Generator[Record, None, None]:
    items = iter(source)
    while True:
        try:
            with signals.waiting:
                signals.check()
                record = next(items, None)
        except Stopped:
            return
        if record is None:
            return
        yield carry(record, stages)


def _drain(results: Iterable[Record], sink: Sink, progress: Progress, signals: Signals) -> bool:
    failed = False
    for record in results:
        failed |= "error" in record
        progress.clear()
        with signals.writing:
            sink.write(record)
        progress.step("error" in record)
    with signals.writing:
        sink.close()
    return failed


def leave(status: int) -> None:
    """End the process at once: output is flushed already, and a thread that hangs must not hold it."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 1
    os._exit(status)
