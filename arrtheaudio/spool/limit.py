"""How many jobs may wait."""

import contextlib
import os
import threading
import time

from arrtheaudio.spool import Spool
from arrtheaudio.spool.care import visible
from arrtheaudio.spool.folder import NEW

_SECOND = 1_000_000_000


def waiting(spool: Spool) -> int:
    """Count the jobs that wait."""
    return sum(1 for folder in (*NEW, "held") for _ in visible(f"{spool.root}/{folder}"))


class Limit:
    """How many jobs may wait.

    They are counted at most once a second, for all producers together, and less often where that takes long: the count
    stands in the file `waiting`. In between, this many more than the limit may come in.
    """

    def __init__(self, spool: Spool, most: int) -> None:
        """Count nothing yet. Any thread may ask."""
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._spool = spool
        self._most = most
        self._file = f"{spool.root}/waiting"
        self._read = 0
        self._put = 0

    def room(self) -> int:
        """Return how many more may be put."""
        try:
            with open(self._file, "rb") as file:
                count, pause = map(int, file.read(60).split())
                counted = os.fstat(file.fileno()).st_mtime_ns
        except (OSError, ValueError):
            count, pause, counted = 0, 0, 0
        # Where another thread is at it, the old count has to do.
        if time.time_ns() - counted > pause and self._counting.acquire(blocking=False):
            try:
                return self._most - self._count()
            finally:
                self._counting.release()
        with self._lock:
            if counted != self._read:
                self._read, self._put = counted, 0
            return self._most - count - self._put

    def add(self, count: int) -> None:
        """Take note of what this process has put since."""
        with self._lock:
            self._put += count

    def _count(self) -> int:
        start = time.time_ns()
        count = waiting(self._spool)
        pause = max(_SECOND, 20 * (time.time_ns() - start))
        draft = f"{self._spool.root}/tmp/waiting.{os.getpid()}"
        with contextlib.suppress(OSError):
            with open(draft, "wb") as file:
                file.write(b"%d %d" % (count, pause))
            os.rename(draft, self._file)
            with self._lock:
                self._read, self._put = os.stat(self._file).st_mtime_ns, 0
        return count
