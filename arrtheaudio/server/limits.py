"""How often one address may ask, and how much of what it sends is held in memory."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from arrtheaudio.server.message import Refused

_MOST_KEYS = 10_000


class Limiter:
    """Counts by key: `count` at once, and as many more, evenly spread, in each `seconds` (the cell rate algorithm).

    Of each key it keeps one number: the moment at which all that it took will be forgotten. Of more than 10,000 keys
    those that have not been seen for longest are forgotten.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = _MOST_KEYS) -> None:
        """Take a clock of seconds that never goes back, and the most keys that are remembered."""
        self._clock = clock
        self._most = most
        self._free: OrderedDict[Hashable, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: Hashable, count: int, seconds: float) -> float:
        """Take one; return 0, or, where there is none to take, for how many seconds there will be none."""
        now = self._clock()
        with self._lock:
            free = max(now, self._free.get(key, now)) + seconds / count
            if free - now > seconds * (1 + 1e-9):
                return free - now - seconds
            self._free[key] = free
            self._free.move_to_end(key)
            if len(self._free) > self._most:
                self._free.popitem(last=False)
        return 0.0

    def wait(self, key: Hashable, count: int, seconds: float) -> float:
        """Return for how many seconds there will be none to take, 0 where there is one now; take nothing."""
        now = self._clock()
        left = self._free.get(key, now) + seconds / count - now - seconds
        return left if left > seconds * 1e-9 else 0.0


def too_many(seconds: float, message: str) -> Refused:
    """Return the answer to one that has to wait for so many seconds."""
    return Refused(429, "too_many_requests", message, {"Retry-After": str(max(1, math.ceil(seconds)))})


class Room:
    """Bytes that all requests together may hold in memory."""

    def __init__(self, size: int) -> None:
        """Take how many there are."""
        self._left = size
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Take some; False where there are not as many left."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
        return True

    def give(self, size: int) -> None:
        """Give them back."""
        with self._lock:
            self._left += size
