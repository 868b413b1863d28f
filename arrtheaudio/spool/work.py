"""A worker: takes jobs one by one, has them answered, and says where each goes then."""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Sequence

from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record, path_of
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Error, InvalidRecord
from arrtheaudio.signals import Signals, Stopped
from arrtheaudio.spool import Claim, Spool
from arrtheaudio.spool.care import Held, reclaim
from arrtheaudio.spool.crew import Parent
from arrtheaudio.spool.job import Job, result_of
from arrtheaudio.spool.take import Queue

# Failures that may pass.
PASSING = frozenset({"network", "timeout", "no_space"})
# They name files that are still on their way.
_ARRS = frozenset({"sonarr", "radarr", "hook"})
NOT_FOUND = "not_found"
_SECOND = 1_000_000_000
_UPKEEP = 1.0  # seconds between two looks at what died and what is due
_IDLE = 0.1  # seconds between two looks at an empty queue
_BUSY = 0.02  # seconds until what another worker has in hand is tried again
_ROOM = 16 << 20  # bytes free, that a job which ran out of them is tried again


class Rules(Value):
    """How often a failure that may pass is tried again, and after how many seconds at first; the time doubles.

    With `protect`, a file that other names share is held until it has one name. A file that an Arr names, and that is
    not there yet, is looked for every `look` seconds, until its job is `arrival` seconds old.
    """

    attempts: int = 2
    delay: float = 60.0
    protect: bool = True
    look: float = 5.0
    arrival: float = 600.0


class Trade(Value):
    """What a worker does: `answer` takes a record through the stages for a job; `mend` cleans up after a dead one."""

    answer: Callable[[Record, Job], Record]
    mend: Callable[[], None] = lambda: None


class Worker:
    """Works until the queue is empty, or a signal comes, or its parent listens no more."""

    def __init__(self, spool: Spool, trade: Trade, rules: Rules, signals: Signals) -> None:
        """Take nothing yet."""
        self._spool = spool
        self._trade = trade
        self._rules = rules
        self._signals = signals
        self._queue = Queue(spool)
        self._held = Held(spool, self._ready, self._pause)
        self._next = 0.0  # when to look after the queue again, by the monotonic clock

    def run(self, parent: Parent, *, follow: bool = False, most: int | None = None) -> None:
        """Do what there is, up to `most` jobs; `follow` waits for more. The parent is told of each that is finished."""
        self._trade.mend()
        with contextlib.suppress(Stopped):
            while (most is None or most > 0) and parent.listens():
                self._signals.check()
                self._look_after(self._next)
                claims = self._queue.take()
                if not claims:
                    if not self._rest(follow):
                        return
                    continue
                if most is not None:
                    most -= 1
                for job in self._work(claims):
                    parent.tell(job)

    def _rest(self, follow: bool) -> bool:
        """Wait a little; False where there is nothing to wait for."""
        if self._queue.passed_over:
            self._nap(_BUSY)
            return True
        if follow:
            self._nap(_IDLE)
            return True
        return self._look_after(0.0)

    def _nap(self, seconds: float) -> None:
        with self._signals.waiting:
            self._signals.check()
            time.sleep(seconds)

    def _look_after(self, due: float) -> bool:
        """Reclaim and release, when it is time; say whether that queued anything."""
        if time.monotonic() < due:
            return False
        start = time.monotonic()
        reclaimed = reclaim(self._spool)
        if reclaimed:
            self._trade.mend()
        released = self._held.release()
        spent = time.monotonic() - start
        self._next = start + max(_UPKEEP, 20 * spent)
        return reclaimed + released > 0

    def _ready(self, job: Job) -> bool:
        """Say whether a job that was held need wait no longer, now that its time has come."""
        why = _waits_for(job)
        with contextlib.suppress(OSError, Error):
            path = path_of(job["record"])
            if why == NOT_FOUND:
                return not _is_missing(path) or not self._may_come(job)
            if why == "hardlinked":
                return os.stat(path).st_nlink == 1
            if why == "no_space":
                disk = os.statvfs(os.path.dirname(path))
                return disk.f_bavail * disk.f_frsize > _ROOM
        return True

    def _pause(self, job: Job) -> float:
        """Return the seconds until a job that is not ready is looked at again."""
        return self._rules.look if _waits_for(job) == NOT_FOUND else self._rules.delay

    def _may_come(self, job: Job) -> bool:
        """Say whether the file of a job may still be on its way."""
        if job.get("source") not in _ARRS or job.get("action"):
            return False
        try:
            created = records.nanoseconds(job.get("created_at", ""))
        except InvalidRecord:
            return False
        return time.time_ns() - created < self._rules.arrival * _SECOND

    def _work(self, claims: Sequence[Claim]) -> list[Job]:
        """Do a job, and those that joined it; return those that are finished."""
        started, start = time.time_ns(), time.monotonic()
        leader = claims[-1].job
        given = _newest(claims)
        try:
            answered = self._trade.answer(dict(given), leader)
        finally:
            self._queue.done()
        why = self._why_held(answered, leader)
        # Where there is no file yet, nothing was tried.
        attempt = leader["attempt"] + (why != NOT_FOUND)
        about = {
            "attempt": attempt,
            "started_at": records.timestamp(started),
            "duration_ms": round((time.monotonic() - start) * 1000, 3),
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
        for claim in claims:
            claim.job.update(about)
        if why is not None:
            self._hold(claims, answered, why, attempt)
            return []
        return self._finish(claims, answered, given)

    def _why_held(self, answered: Record, job: Job) -> str | None:
        if "error" not in answered:
            answer = answered.get("apply") or {}
            linked = answer.get("status") == "skipped" and answer.get("reason") == "hardlinked"
            return "hardlinked" if linked and self._rules.protect and not job.get("action") else None
        code = answered["error"].get("code") if isinstance(answered["error"], dict) else None
        if code == NOT_FOUND:
            return NOT_FOUND if self._may_come(job) else None
        if code not in PASSING or job["attempt"] >= self._rules.attempts:
            return None
        return "no_space" if code == "no_space" else "retry"

    def _hold(self, claims: Sequence[Claim], answered: Record, why: str, attempt: int) -> None:
        delay = self._rules.delay * (1 if why == "hardlinked" else 2 ** (attempt - 1))
        until = time.time_ns() + int((self._rules.look if why == NOT_FOUND else delay) * _SECOND)
        for claim in claims:
            if "error" in answered:
                claim.job["last_error"] = answered["error"]
            claim.hold(why, until)

    def _finish(self, claims: Sequence[Claim], answered: Record, given: Record) -> list[Job]:
        ids = [claim.job["id"] for claim in claims]
        result = result_of(answered, claims[-1].job.get("action"))
        for claim in claims:
            job = claim.job
            job.update(result=result, record=answered, added=[key for key in answered if key not in given])
            for key in ("held", "last_error", "joins"):
                job.pop(key, None)
            if len(ids) > 1:
                job["joined"] = [other for other in ids if other != job["id"]]
            claim.finish("failed" if result == "failed" else "completed")
        return [claim.job for claim in claims]


def _waits_for(job: Job) -> str | None:
    held = job.get("held")
    return held.get("why") if isinstance(held, dict) else None


def _is_missing(path: bytes) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    return False


def _newest(claims: Sequence[Claim]) -> Record:
    """Return the record to work on: the latest word on a file, with what an Arr said of it before."""
    record = claims[-1].record
    arr = next((claim.record["arr"] for claim in reversed(claims) if "arr" in claim.record), None)
    return record if arr is None or "arr" in record else {**record, "arr": arr}
