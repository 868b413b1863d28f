"""A worker: takes jobs one by one, has them answered, and has them settled."""

import contextlib
import os
import time
from collections.abc import Callable, Sequence

from arrtheaudio.core.record import Record, path_of
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Error
from arrtheaudio.signals import Signals, Stopped
from arrtheaudio.spool import Claim, Spool
from arrtheaudio.spool.care import Held, reclaim
from arrtheaudio.spool.crew import Parent
from arrtheaudio.spool.job import Job
from arrtheaudio.spool.settle import NOT_FOUND, UNWRITABLE, Settlement, about, waits_for
from arrtheaudio.spool.settle import Rules as Rules
from arrtheaudio.spool.take import Queue
from arrtheaudio.spool.watch import Watch

_UPKEEP = 1.0  # seconds between two looks at what died and what is due
_IDLE = 0.1  # seconds between two looks at an empty queue
_BUSY = 0.02  # seconds until what another worker has in hand is tried again
_ROOM = 16 << 20  # bytes free, that a job which ran out of them is tried again
_PATIENCE = 5.0  # seconds after its limit, that what another worker has in hand is waited for


class Trade(Value):
    """What a worker does: `answer` takes a record through the stages for a job; `mend` cleans up after a dead one.

    `writable` says whether an edit can begin: whether the journal takes it.
    """

    answer: Callable[[Record, Job], Record]
    mend: Callable[[], None] = lambda: None
    writable: Callable[[], bool] = lambda: True


class Worker:
    """Works until the queue is empty, or a signal comes, or its parent listens no more."""

    def __init__(self, spool: Spool, trade: Trade, rules: Rules, signals: Signals) -> None:
        """Take nothing yet."""
        self._spool = spool
        self._trade = trade
        self._rules = rules
        self._signals = signals
        self._settlement = Settlement(spool, rules, trade.writable)
        self._watch = Watch()
        self._queue = Queue(spool, self._takes)
        self._held = Held(spool, self._ready, self._pause)
        self._mends = True
        self._nothing_since: float | None = None  # by the monotonic clock: others have in hand all that there is
        self._next = 0.0  # when to look after the queue again, by the monotonic clock

    def run(self, parent: Parent, *, follow: bool = False, most: int | None = None) -> None:
        """Do what there is, up to `most` jobs; `follow` waits for more. The parent is told of each that is finished."""
        self._watch, self._mends = parent.watch, parent.mends
        self._mend()
        with contextlib.suppress(Stopped):
            while (most is None or most > 0) and parent.listens():
                self._signals.check()
                if self._watch.halted:
                    self._nap(_BUSY)
                    continue
                self._look_after(self._next)
                claims = self._queue.take()
                if not claims:
                    self._watch.rests()
                    if not self._rest(follow):
                        return
                    continue
                self._nothing_since = None
                if most is not None:
                    most -= 1
                for job in self._work(claims):
                    parent.tell(job)

    def _mend(self) -> None:
        """Clean up after a crash, unless a worker before this one hung in that: whoever edits a file does so too."""
        if self._mends:
            self._watch.takes(b"")
            self._trade.mend()
            self._watch.rests()

    def _takes(self, claims: Sequence[Claim]) -> None:
        """Say what is in hand, before anything is asked of the file: on a mount that is dead nothing answers."""
        path = b""
        with contextlib.suppress(Error):  # a record that failed earlier has no file
            path = path_of(claims[-1].record)
        self._watch.takes(path, [claim.job["id"] for claim in claims])

    def _rest(self, follow: bool) -> bool:
        """Wait a little; False where there is nothing to wait for."""
        if self._queue.passed_over and (follow or not self._waits_in_vain()):
            self._nap(_BUSY)
            return True
        if follow:
            self._nap(_IDLE)
            return True
        return self._look_after(0.0)

    def _waits_in_vain(self) -> bool:
        """Say whether what others have in hand is there for longer than any file may be: they hang, and do not die."""
        now = time.monotonic()
        self._nothing_since = now if self._nothing_since is None else self._nothing_since
        return now - self._nothing_since > self._watch.limit + _PATIENCE

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
            self._mend()
        released = self._held.release()
        spent = time.monotonic() - start
        self._next = start + max(_UPKEEP, 20 * spent)
        return reclaimed + released > 0

    def _ready(self, claim: Claim) -> bool:
        """Say whether a job that was held need wait no longer, now that its time has come."""
        self._takes([claim])
        try:
            return self._is_ready(claim.job)
        finally:
            self._watch.rests()

    def _is_ready(self, job: Job) -> bool:
        why = waits_for(job)
        if why in UNWRITABLE and not self._trade.writable():
            return False
        with contextlib.suppress(OSError, Error):
            path = path_of(job["record"])
            if why == NOT_FOUND:
                return not _is_missing(path) or not self._settlement.may_come(job)
            if why == "hardlinked":
                return os.stat(path).st_nlink == 1
            if why == "no_space":
                disk = os.statvfs(os.path.dirname(path))
                return disk.f_bavail * disk.f_frsize > _ROOM
        return True

    def _pause(self, job: Job) -> float:
        """Return the seconds until a job that is not ready is looked at again."""
        return self._rules.look if waits_for(job) == NOT_FOUND else self._rules.delay

    def _work(self, claims: Sequence[Claim]) -> list[Job]:
        """Do a job, and those that joined it; return those that are finished."""
        started, start = time.time_ns(), time.monotonic()
        given = _newest(claims)
        try:
            answered = self._trade.answer(dict(given), claims[-1].job)
        finally:
            self._queue.done()
        try:
            return self._settlement.settle(
                claims, answered, given, about(started, time.monotonic() - start, os.getpid())
            )
        except OSError:  # the spool takes no answer: the job did not kill us, and is not to be taken for one that did
            for claim in claims:
                with contextlib.suppress(OSError):
                    claim.give_up()
            raise
        finally:
            self._watch.rests()


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
