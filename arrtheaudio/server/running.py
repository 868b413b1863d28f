"""A batch that is not over: its walk, which makes a job of each file, and what becomes of it."""

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arrtheaudio.errors import Error, from_os
from arrtheaudio.server import walk
from arrtheaudio.server.kept import CANCELLED, COMPLETED, FAILED, RUNNING, SCANNING, SOURCE, UNDER_WAY, Kept
from arrtheaudio.server.message import Refused
from arrtheaudio.server.tally import Counts, Tally, progress
from arrtheaudio.spool import BATCH, names
from arrtheaudio.spool.job import Job, new, now
from arrtheaudio.spool.limit import Limit

if TYPE_CHECKING:
    from arrtheaudio.core.record import Record
    from arrtheaudio.server.service import Service

_NAMED = 100  # of what cannot be read
_PAUSE = 1.0  # seconds until a full queue, or a disk that fails, is tried again
_FLUSH = 1.0  # seconds after which the files found so far become jobs, however few
_LOGGED = 20  # of what cannot be read
_FULL = "the queue is full; it goes on later"
_NEARLY_FULL = "the disk of the queue is nearly full; it goes on when there is room"


class Batch:
    """A batch that is not over. Its attributes may be read by any thread; `lock` is for who changes its state."""

    def __init__(self, service: "Service", file: Kept, limit: Limit) -> None:
        """Take over its file, whose lock is ours."""
        self.file = file
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.jobs: int = file.about.get("jobs") or 0  # that are in the queue, or were
        self.trouble: str | None = None  # why it waits
        self.tally = Tally(service.spool, self.id, self.created_at[:10])
        self._service = service
        self._limit = limit
        self._unreadable: list[Record] = []
        self._unread = 0
        self._since: tuple[float, int] | None = None  # when this process first looked, and what was processed then

    @property
    def id(self) -> str:
        """Its name, with which those of its jobs begin."""
        return str(self.file.about["id"])

    @property
    def status(self) -> str:
        """Scanning, running, completed, failed or cancelled."""
        return str(self.file.about["status"])

    @property
    def created_at(self) -> str:
        """When it was asked for."""
        return str(self.file.about["created_at"])

    def about(self) -> dict[str, Any]:
        """Return what there is to say of it now."""
        counts = self.tally.look()
        # Of an earlier process's jobs more may have ended than are found again yet.
        about = {"unreadable": self._unread_so_far(), **self.file.about, "jobs": max(self.jobs, counts.ended)}
        if self.trouble is not None and self.status == SCANNING:
            about["message"] = self.trouble
        return {**about, "progress": progress(about, counts, self._rate(counts))}

    def _rate(self, counts: Counts) -> float | None:
        """Return how many files a second are done; None where that is not known yet."""
        if self._since is None:
            self._since = (time.monotonic(), counts.processed)
        start, before = self._since
        spent = time.monotonic() - start
        return (counts.processed - before) / spent if spent > 0 and counts.processed > before else None

    def _unread_so_far(self) -> dict[str, Any]:
        return {"total": self._unread, "files": self._unreadable}

    # Walking

    def walk(self) -> None:
        """Make a job of every file that has none, and say that the walk is over, or why it is not."""
        try:
            error = self._queue_all()
        except Error as failure:
            error = _said(failure)
        except OSError as failure:
            error = _said(from_os(failure))
        if self._unread > _LOGGED:
            more = f"{self._unread - _LOGGED} more files cannot be read"
            self._log("warning", outcome="unreadable", message=more, unreadable=self._unread)
        if error is None:
            self._end(RUNNING)
        else:
            self.fail(error)

    def fail(self, error: Mapping[str, str]) -> None:
        """Say why the walk broke off: a code and a message."""
        if self._end(FAILED, error=error):
            counts = self._counted(self.tally.look())
            self._log("warning", outcome=FAILED, error=error["code"], message=error["message"], **counts)

    def _queue_all(self) -> Mapping[str, str] | None:
        """Queue what is found; return why the folder itself cannot be read, None where it can."""
        about = self.file.about
        before = walk.Before(self._service.spool, self.id)
        self.jobs = len(before.numbers)
        walk.mounted(about["path"], self._service.config)
        numbers = before.free()
        found: list[Job] = []
        flushed = time.monotonic()
        for record in walk.files(about["path"], walk.wanted(about)):
            if "error" in record:
                if record["path"] == about["path"]:
                    return _shown(record["error"])
                self._note(record)
            elif not before.has(record):
                found.append(self._job(record, next(numbers)))
            if len(found) == BATCH or time.monotonic() - flushed > _FLUSH:
                self._put(found)
                found, flushed = [], time.monotonic()
            if self.stopping.is_set():
                return None
        self._put(found)
        return None

    def _job(self, record: "Record", number: int) -> Job:
        about = self.file.about
        record |= self._said_before(record)
        job = new(record, priority=about["priority"], source=SOURCE, group=self.id, number=number)
        job["confined"] = True
        if about["dry_run"]:
            job["dry_run"] = True
        return job

    def _said_before(self, record: "Record") -> "Record":
        """Return what is known of a file's title, where a person has to decide: else the question would be lost."""
        job_id = self._service.history.asked_of(record)
        job = None if job_id is None else self._service.spool.get(job_id)
        return {} if job is None else {key: job["record"][key] for key in ("arr", "tmdb") if key in job["record"]}

    def _note(self, record: "Record") -> None:
        self._unread += 1
        if self._unread <= _LOGGED:
            error = _shown(record["error"])
            self._log("warning", record["path"], outcome="unreadable", error=error["code"], message=error["message"])
        if len(self._unreadable) < _NAMED:
            self._unreadable.append({"path": record["path"], **_shown(record["error"])})

    def _put(self, jobs: list[Job]) -> None:
        """Queue jobs, as soon as there is room for them; none any more once the batch is stopped."""
        while jobs and not self.stopping.is_set():
            jobs, self.trouble = self._put_some(jobs)
            if self.trouble is not None:
                self.stopping.wait(_PAUSE)

    def _put_some(self, jobs: list[Job]) -> tuple[list[Job], str | None]:
        """Queue as many as there is room for; return those that are left, and why."""
        try:
            room, why = self._room()
        except OSError as error:
            return jobs, f"the spool: {from_os(error)}"
        with self.lock:
            if self.stopping.is_set():
                return [], None
            some = jobs[:room]
            errors = self._service.spool.put_all(some) if some else []
            failed = [job for job, error in zip(some, errors, strict=True) if error is not None]
            self._limit.add(len(some) - len(failed))
            self.jobs += len(some) - len(failed)
        left = failed + jobs[room:]
        reason = next((str(error) for error in errors if error is not None), why)
        return left, reason if left else None

    def _room(self) -> tuple[int, str]:
        """Return how many jobs may be put, and why no more."""
        room = self._limit.room()
        fits = self._limit.fits(room)
        return max(0, min(room, fits)), _FULL if room <= fits else _NEARLY_FULL

    # What becomes of it

    def _end(self, status: str, **news: Any) -> bool:
        """Say that the walk is over; where the disk does not take it, later. Return whether it was not yet."""
        while not self.stopping.is_set():
            try:
                with self.lock:
                    walked = self.status == SCANNING and not self.stopping.is_set()
                    if walked:
                        self._keep(status, **news)
                return walked
            except OSError as error:
                self.trouble = f"the spool: {from_os(error)}"
                self.stopping.wait(_PAUSE)
        return False

    def _keep(self, status: str, **news: Any) -> None:
        over = {} if status == RUNNING else {"completed_at": now()}
        unread = self.file.about.get("unreadable") or self._unread_so_far()
        self.file.write(status=status, jobs=self.jobs, unreadable=unread, **over, **news)

    def cancel(self) -> None:
        """Walk no further, and queue nothing more; OSError where that cannot be kept. Refused where it is over."""
        with self.lock:
            if self.status not in UNDER_WAY:
                raise Refused(409, "conflict", f"the batch is {self.status} already")
            self.jobs = names.size(self._service.spool, self.id)
            self._keep(CANCELLED)
            self.stopping.set()

    def let_go(self) -> None:
        """Leave it as it is to another process."""
        self.stopping.set()
        with self.lock:
            self.file.let_go()

    def settle(self) -> bool:
        """Write down how it ended, where all its jobs have; return whether they have."""
        if self.status == SCANNING:
            return False
        with self.lock:
            if self.tally.look().ended < self.jobs:
                return False
            left = self.tally.left()
            # What is tried again in between would be counted as what it was, for ever.
            counts = self.tally.look(anew=True)
            if counts.ended < self.jobs:
                return False
            ended = {"completed_at": now(), "status": COMPLETED} if self.status == RUNNING else {}
            told = progress({**self.file.about, **ended}, counts, None)
            self.file.write(**ended, progress=told, left=left)
            self.file.let_go()
        if self.status != FAILED:  # that has been said
            self._log("info", outcome=self.status, **self._counted(counts))
        return True

    def _counted(self, counts: Counts) -> dict[str, Any]:
        unread = (self.file.about.get("unreadable") or self._unread_so_far())["total"]
        told = {key: getattr(counts, key) for key in Counts._fields}
        return {"files": max(self.jobs, counts.ended) + unread, **told, "unreadable": unread}

    def _log(self, level: str, path: str | None = None, **fields: Any) -> None:
        self._service.log.write(level, "batch", batch_id=self.id, path=path or self.file.about["path"], **fields)


def _said(error: Error) -> dict[str, str]:
    return {"code": error.code, "message": str(error)}


def _shown(error: Mapping[str, str]) -> dict[str, str]:
    return {key: error[key] for key in ("code", "message")}
