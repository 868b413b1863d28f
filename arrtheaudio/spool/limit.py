"""How many jobs may wait."""

import contextlib
import os
import threading
import time

from arrtheaudio.spool import Spool
from arrtheaudio.spool.care import visible
from arrtheaudio.spool.folder import NEW

_SECOND = 1_000_000_000
# What is left free of the spool's disk, in bytes and in files, of a small one an eighth: else no job could be finished.
_RESERVE, _RESERVED_FILES, _PART = 16 << 20, 1_000, 8
# What a job takes while it waits, and once more with its answer.
_JOB, _JOB_FILES = 4096, 2


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

    def fits(self, room: int) -> int:
        """Return how many more the disk takes, where there is `room` for so many; less than none where it is full.

        A reserve stays free, and what the answers of those that wait will need.
        """
        disk = os.statvfs(self._spool.root)
        size, files = disk.f_blocks * disk.f_frsize, disk.f_files
        spare = disk.f_bavail * disk.f_frsize - min(_RESERVE, size // _PART) - (self._most - room) * _JOB
        some = spare // (2 * _JOB)
        # Where files are not counted, such as on btrfs, there are 0.
        return min(some, (disk.f_favail - min(_RESERVED_FILES, files // _PART)) // _JOB_FILES) if files else some

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
