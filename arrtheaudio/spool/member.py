"""A worker process, as its parent sees it: from its start until it is dead, or is given up because it cannot die."""

import math
import os
import signal
import time

from arrtheaudio.spool.watch import Row

GRACE = 1.0  # seconds after which a worker that was killed, or has closed its pipe, counts as one that cannot die
_MOMENT = 0.002  # seconds until it is looked whether a worker is dead that has closed its pipe


class Member:
    """One worker. `share` is how many jobs it has to do yet, `deaths` how many died before it without a job done."""

    def __init__(self, pid: int, reader: int, row: Row, share: int | None, deaths: int) -> None:
        """Take the process, the end of the pipe by which it tells of its jobs, and what it has in hand."""
        self.pid = pid
        self.reader = reader
        self.row = row
        self.share = share
        self.deaths = deaths
        self.rest = b""  # of a line that has not come whole
        self.deaf = False  # its pipe is closed: it ends, or shall do so
        self.ending: float | None = None  # since when it should be dead, by the monotonic clock
        self.killed = False
        self.lost = False  # it should be dead, and is not
        self.replaced = False

    def due(self, now: float, stop_at: float, limit: float) -> float:
        """Return when to look at it, whether it says anything or not, by the monotonic clock.

        `limit` is until when a file may be in hand that is taken now.
        """
        if self.lost:
            return now + GRACE if self.deaf else math.inf
        if self.ending is not None:
            return now + _MOMENT if self.deaf else self.ending + GRACE
        return min(stop_at, limit, self.row.ends() or limit)

    def overdue(self) -> bool:
        """Say whether what it had in hand when it was killed had had its time: it may have gone on just before."""
        return self.killed and self.ending is not None and 0 < self.row.ends() <= self.ending

    def kill(self) -> None:
        """Kill it."""
        self.killed, self.ending = True, time.monotonic()
        os.kill(self.pid, signal.SIGKILL)

    def status(self) -> int | None:
        """Return how it ended; None where it lives."""
        dead, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if dead else None
