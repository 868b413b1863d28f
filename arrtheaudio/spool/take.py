"""Which job is next: the most urgent, and of those the oldest. What it costs does not depend on how many wait."""

import os
import time
from collections.abc import Callable, Sequence
from itertools import islice

from arrtheaudio.core.record import path_of
from arrtheaudio.errors import Error
from arrtheaudio.spool import Claim, Spool
from arrtheaudio.spool.folder import NEW
from arrtheaudio.spool.job import SUFFIX, Job, manner, renewed, time_of
from arrtheaudio.spool.paths import InHand

# Names of one folder that are kept in memory, 100 bytes each; a folder is listed once for so many jobs.
KEPT = 50_000
# After this long, in nanoseconds, a job is next, whatever is more urgent: but only every other one of a worker's.
AGED = 3600 * 1_000_000_000
# A folder's mtime has the grain of the kernel's clock, and comes from a server's perhaps.
_SETTLED = 1_000_000_000
_MOST_JOINED = 64  # each is an open file


class Line:
    """What waits in one folder, oldest first, as it was when it was last listed."""

    def __init__(self, root: str, folder: str) -> None:
        """List nothing yet."""
        self.folder = folder
        self._path = f"{root}/{folder}"
        self._names: list[str] = []
        self._listed: int | None = None  # the folder's mtime then; None where it has to be listed again
        self.passed_over = 0  # jobs that are there, and cannot be taken at this moment

    def head(self) -> str | None:
        """Return the oldest name; None where nothing waits that has not been passed over."""
        if not self._names and not self.passed_over:
            self._list()
        return self._names[-1] if self._names else None

    def pop(self) -> str:
        """Return the oldest name, and go on to the next."""
        return self._names.pop()

    def _list(self) -> None:
        changed = os.stat(self._path).st_mtime_ns
        if changed == self._listed:
            return
        settled = time.time_ns() - changed > _SETTLED
        names = self._oldest()
        # Nothing that comes later can come unseen, unless by the same tick of the clock; and there may be more.
        self._listed = changed if settled and len(names) < KEPT else None
        self._names = names[::-1]

    def _oldest(self) -> list[str]:
        """Return the KEPT oldest names, in their order, with no more than twice as many in memory."""
        names: list[str] = []
        with os.scandir(self._path) as entries:
            visible = (entry.name for entry in entries if not entry.name.startswith("."))
            while more := list(islice(visible, KEPT)):
                names += more
                names.sort()
                del names[KEPT:]
        return names

    def since(self) -> int:
        """Return since when the oldest waits, in nanoseconds since 1970."""
        when = time_of(self._names[-1])
        if when is not None:
            return when
        try:
            return os.stat(f"{self._path}/{self._names[-1]}").st_ctime_ns
        except OSError:
            return time.time_ns()


class Queue:
    """The jobs of a spool in the order of their turn, for one worker."""

    def __init__(self, spool: Spool, takes: Callable[[Sequence[Claim]], None] = lambda _: None) -> None:
        """List nothing yet. `takes` is told of what is about to be in hand, before anything is asked of its file."""
        self._spool = spool
        self._takes = takes
        self._lines = [Line(spool.root, folder) for folder in NEW]
        self._in_hand = InHand(spool.root)
        self._favoured = False  # the last job was one that had waited too long

    @property
    def passed_over(self) -> int:
        """How many jobs wait all the same, because somebody has them, or their file, in hand at this moment."""
        return sum(line.passed_over for line in self._lines)

    def take(self) -> list[Claim]:
        """Take the next job, with those that wait for the same file, oldest first; none where there is nothing to do.

        The file is locked until `done`.
        """
        for line in self._lines:
            line.passed_over = 0
        while (turn := self._next()) is not None:
            folder, name = turn.folder, turn.pop()
            claim = self._spool.claim(folder, name)
            if claim is None:
                turn.passed_over += os.path.lexists(f"{self._spool.root}/{folder}/{name}")
                continue
            self._takes([claim])
            if self._lock(claim.job):
                return self._begin(claim)
            claim.let_go()
            turn.passed_over += 1
        return []

    def done(self) -> None:
        """Let go of the file."""
        self._in_hand.unlock()

    def _next(self) -> Line | None:
        waiting = [line for line in self._lines if line.head() is not None]
        if not waiting:
            return None
        oldest = min(waiting, key=Line.since)
        aged = oldest is not waiting[0] and time.time_ns() - oldest.since() > AGED
        self._favoured = aged and not self._favoured
        return oldest if self._favoured else waiting[0]

    def _lock(self, job: Job) -> bool:
        try:
            return self._in_hand.lock(path_of(job["record"]))
        except Error:
            return True  # a record that failed earlier has no file

    def _begin(self, claim: Claim) -> list[Claim]:
        claims = sorted([claim, *self._joined(claim.job)], key=lambda found: str(found.job["id"]))
        for found in claims:
            if "finished_at" in found.job:  # somebody moved it back here, to be done again
                found.job = renewed(found.job)
            found.begin()
        self._takes(claims)
        return claims

    def _joined(self, job: Job) -> list[Claim]:
        """Claim the other jobs that wait for the same path, and want the same: those after this one, then those before.

        One that wants something else, to take an edit back say, waits its turn.
        """
        found: list[Claim] = []
        newest = self._spool.paths.newest(job)
        if newest not in (None, job["id"]):
            self._follow(newest, job, found)
        self._follow(job.get("joins"), job, found)
        return found

    def _follow(self, job_id: str | None, job: Job, found: list[Claim]) -> None:
        while job_id is not None and job_id != job["id"] and len(found) < _MOST_JOINED:
            claim = self._waiting(job_id)
            if claim is None:
                return
            if path_of(claim.record) != path_of(job["record"]) or manner(claim.job) != manner(job):
                claim.let_go()
                return
            found.append(claim)
            job_id = claim.job.get("joins")

    def _waiting(self, job_id: str) -> Claim | None:
        if "/" in job_id or job_id.startswith("."):
            return None
        for folder in (*NEW, "held"):
            if os.path.lexists(f"{self._spool.root}/{folder}/{job_id}{SUFFIX}"):
                return self._spool.claim(folder, f"{job_id}{SUFFIX}")
        return None
