"""A worker: takes jobs one by one, has them answered, and says where each goes then."""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Sequence

from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record, path_of
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Error
from arrtheaudio.signals import Signals, Stopped
from arrtheaudio.spool import Claim, Spool
from arrtheaudio.spool.care import Held, reclaim
from arrtheaudio.spool.crew import Parent
from arrtheaudio.spool.job import Job, result_of
from arrtheaudio.spool.take import Queue

# Failures that may pass; an Arr names files that are still on their way.
PASSING = frozenset({"network", "timeout", "no_space"})
_ARRS = frozenset({"sonarr", "radarr", "hook"})
_SECOND = 1_000_000_000
_UPKEEP = 1.0  # seconds between two looks at what died and what is due
_IDLE = 0.1  # seconds between two looks at an empty queue
_BUSY = 0.02  # seconds until what another worker has in hand is tried again
_ROOM = 16 << 20  # bytes free, that a job which ran out of them is tried again


class Rules(Value):
    """How often a failure that may pass is tried again, and after how many seconds at first; the time doubles.

    With `protect`, a file that other names share is held until it has one name.
    """

    attempts: int = 2
    delay: float = 60.0
    protect: bool = True


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
        self._held = Held(spool, self._ready, rules.delay)
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
        why = (job.get("held") or {}).get("why")
        with contextlib.suppress(OSError, Error):
            path = path_of(job["record"])
            if why == "hardlinked":
                return os.stat(path).st_nlink == 1
            if why == "no_space":
                disk = os.statvfs(os.path.dirname(path))
                return disk.f_bavail * disk.f_frsize > _ROOM
        return True

    def _work(self, claims: Sequence[Claim]) -> list[Job]:
        """Do a job, and those that joined it; return those that are finished."""
        started, start = time.time_ns(), time.monotonic()
        leader = claims[-1].job
        given = _newest(claims)
        try:
            answered = self._trade.answer(dict(given), leader)
        finally:
            self._queue.done()
        attempt = leader["attempt"] + 1
        about = {
            "attempt": attempt,
            "started_at": records.timestamp(started),
            "duration_ms": round((time.monotonic() - start) * 1000, 3),
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
        for claim in claims:
            claim.job.update(about)
        why = self._why_held(answered, leader, attempt)
        if why is not None:
            self._hold(claims, answered, why, attempt)
            return []
        return self._finish(claims, answered, given)

    def _why_held(self, answered: Record, job: Job, attempt: int) -> str | None:
        if "error" not in answered:
            answer = answered.get("apply") or {}
            linked = answer.get("status") == "skipped" and answer.get("reason") == "hardlinked"
            return "hardlinked" if linked and self._rules.protect else None
        if attempt > self._rules.attempts or not _may_pass(answered, job):
            return None
        return "no_space" if answered["error"]["code"] == "no_space" else "retry"

    def _hold(self, claims: Sequence[Claim], answered: Record, why: str, attempt: int) -> None:
        doubled = 1 if why == "hardlinked" else 2 ** (attempt - 1)
        until = time.time_ns() + int(self._rules.delay * doubled * _SECOND)
        for claim in claims:
            if "error" in answered:
                claim.job["last_error"] = answered["error"]
            claim.hold(why, until)

    def _finish(self, claims: Sequence[Claim], answered: Record, given: Record) -> list[Job]:
        ids = [claim.job["id"] for claim in claims]
        result = result_of(answered)
        for claim in claims:
            job = claim.job
            job.update(result=result, record=answered, added=[key for key in answered if key not in given])
            for key in ("held", "last_error", "joins"):
                job.pop(key, None)
            if len(ids) > 1:
                job["joined"] = [other for other in ids if other != job["id"]]
            claim.finish("failed" if result == "failed" else "completed")
        return [claim.job for claim in claims]


def _newest(claims: Sequence[Claim]) -> Record:
    """Return the record to work on: the latest word on a file, with what an Arr said of it before."""
    record = claims[-1].record
    arr = next((claim.record["arr"] for claim in reversed(claims) if "arr" in claim.record), None)
    return record if arr is None or "arr" in record else {**record, "arr": arr}


def _may_pass(answered: Record, job: Job) -> bool:
    code = answered["error"].get("code") if isinstance(answered["error"], dict) else None
    return code in PASSING or (code == "not_found" and job.get("source") in _ARRS)
