"""What each worker has in hand, and until when: in memory that it shares with its parent.

Who hangs in the kernel, on a mount that is dead, can say nothing; and a parent that was told of each job would wake for
each. So a worker writes it down, 2 µs a job, and the parent looks when it may be time.
"""

import math
import mmap
import os
import struct
import time
from collections.abc import Sequence

from arrtheaudio.core.value import Value

_HEAD = struct.Struct("=dI")  # until when, by the monotonic clock (0: nothing is in hand); how many bytes follow
_SIZE = 64 << 10  # bytes; a page is taken up when it is written
_LONGEST_PATH = 4096  # bytes; a longer one is no file's


class Hand(Value):
    """What a worker has in hand: a file, and the jobs that are done with it; neither where it mends a crash."""

    path: str
    ids: tuple[str, ...] = ()


class Row:
    """What one worker has in hand. Made before it is forked."""

    def __init__(self) -> None:
        """Have nothing in hand."""
        self._memory = mmap.mmap(-1, _SIZE)

    def write(self, until: float, text: bytes) -> None:
        """Take something in hand. Whoever looks meanwhile sees nothing."""
        self.until(0.0)
        self._memory[_HEAD.size : _HEAD.size + len(text)] = text
        _HEAD.pack_into(self._memory, 0, until, len(text))

    def until(self, until: float) -> None:
        """Have what is in hand until another time; 0 lets go of it."""
        self._memory[:8] = struct.pack("=d", until)

    def ends(self) -> float:
        """Return until when it may be in hand, by the monotonic clock; 0 where nothing is."""
        return float(_HEAD.unpack_from(self._memory)[0])

    def read(self) -> Hand | None:
        """Return what is in hand; None where that is nothing."""
        until, length = _HEAD.unpack_from(self._memory)
        path, *ids = self._memory[_HEAD.size : _HEAD.size + length].split(b"\0")
        return Hand(path.decode(errors="replace"), tuple(map(os.fsdecode, ids))) if until else None

    def close(self) -> None:
        """Forget it."""
        self._memory.close()


class Watch:
    """The worker's side, and the clock of both. Without a `limit`, which is in seconds, nothing is ever overdue."""

    def __init__(self, limit: float = math.inf) -> None:
        """Watch nobody yet."""
        self.limit = limit
        self._row: Row | None = None
        self._halted = mmap.mmap(-1, 1)  # shared with all workers

    def use(self, row: Row) -> None:
        """Be the watch of the worker that has this row."""
        self._row = row

    def takes(self, path: bytes, ids: Sequence[str] = ()) -> None:
        """Say that a file is in hand from now on, for such jobs."""
        if self._row is not None:
            text = b"\0".join((path[:_LONGEST_PATH], *map(os.fsencode, ids)))
            self._row.write(time.monotonic() + self.limit, text[: _SIZE - _HEAD.size])

    def takes_its_time(self) -> None:
        """Say that what is in hand may take as long as it likes."""
        if self._row is not None:
            self._row.until(math.inf)

    def rests(self) -> None:
        """Say that nothing is in hand."""
        if self._row is not None:
            self._row.until(0.0)

    @property
    def halted(self) -> bool:
        """Whether workers shall take nothing: one of them is being killed, and what it had would be taken for lost."""
        return self._halted[0] != 0

    def halt(self, whether: bool) -> None:
        """Have the workers take nothing, or go on."""
        self._halted[0] = whether
