"""Records into the queue: as many at once as are there, and no id before its job is on disk."""

import queue
import threading
from collections.abc import Iterable
from functools import partial

from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.errors import InvalidRecord, NoSpace, from_os
from arrtheaudio.output import Sink
from arrtheaudio.pipeline import READER_GONE
from arrtheaudio.signals import Signals, Stopped
from arrtheaudio.spool import BATCH, Spool
from arrtheaudio.spool.draft import put_file
from arrtheaudio.spool.folder import sync
from arrtheaudio.spool.job import Job, new, now
from arrtheaudio.spool.limit import Limit


class QueueFull(NoSpace):
    """So many jobs wait that no more are taken."""


class Intake:
    """Queues records, all of one priority, source and group."""

    def __init__(
        self, spool: Spool, most: int, *, priority: str = "normal", source: str = "cli", group: str | None = None
    ) -> None:
        """Take how many jobs may wait at most."""
        self._spool = spool
        self._most = most
        self._limit = Limit(spool, most)
        self._make = partial(new, priority=priority, source=source, group=group)

    def put(self, given: Iterable[Record]) -> list[Job | Record]:
        """Queue up to BATCH records; return for each its job, or the record with the error that it failed with."""
        answers: list[Job | Record] = list(given)
        room = self._limit.room()
        jobs: dict[int, Job] = {}
        for at, record in enumerate(answers):
            if "error" in record:
                continue
            if len(jobs) < room:
                jobs[at] = self._make(record)
            else:
                records.failed(
                    record, "jobs", QueueFull(f"{self._most:,} jobs wait already (processing.max_queue_size)")
                )
        for (at, job), error in zip(jobs.items(), self._spool.put_all(list(jobs.values())), strict=True):
            answers[at] = job if error is None else records.failed(job["record"], "jobs", error)
        self._limit.add(len(jobs))
        return answers


def batch(spool: Spool, group: str, made_of: Record) -> None:
    """Keep what a batch or a webhook was made from; an Error where it is not on disk, or its id is no file name."""
    if not group or "/" in group or "\0" in group or group.startswith("."):
        raise InvalidRecord(f"{group!r:.60} is no name for a group")
    line = records.line({"id": group, "created_at": now(), **made_of})
    try:
        put_file(spool.root, f"{spool.root}/batches/{group}.json", line)
        sync(f"{spool.root}/batches")
    except OSError as error:
        raise from_os(error) from None


class _End:
    """The source has ended, by itself or by an exception."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Arriving:
    """Records that a thread of its own reads, so that what is there can be put while more is awaited."""

    def __init__(self, source: Iterable[Record], signals: Signals) -> None:
        """Begin to read."""
        self._signals = signals
        self._queue: queue.Queue[Record | _End] = queue.Queue(2 * BATCH)
        self._ended: _End | None = None
        threading.Thread(target=self._feed, args=(source,), daemon=True).start()

    def _feed(self, source: Iterable[Record]) -> None:
        error: BaseException | None = None
        try:
            for record in source:
                self._queue.put(record)
        except BaseException as caught:  # whatever it is, it belongs to the main thread
            error = caught
        self._queue.put(_End(error))

    def next(self) -> list[Record]:
        """Return what is there, up to BATCH records, and wait for the first; nothing at the end."""
        found: list[Record] = []
        while self._ended is None and len(found) < BATCH:
            try:
                item = self._queue.get_nowait() if found else self._wait()
            except queue.Empty:
                break
            if isinstance(item, _End):
                self._ended = item
            else:
                found.append(item)
        if not found and self._ended is not None and self._ended.error is not None:
            raise self._ended.error
        return found

    def _wait(self) -> Record | _End:
        with self._signals.waiting:
            self._signals.check()
            return self._queue.get()


def run(source: Iterable[Record], intake: Intake, sink: Sink) -> int:
    """Queue every record, print its id, or the record with its error; return the exit status."""
    failed = False
    with Signals() as signals:
        try:
            arriving = Arriving(source, signals)
            while given := arriving.next():
                for answer in intake.put(given):
                    failed |= "error" in answer
                    sink.write(answer if "error" in answer else {"id": answer["id"]})
            sink.close()
        except Stopped:
            return 128 + signals.number
        except BrokenPipeError:
            return READER_GONE
    return int(failed)
