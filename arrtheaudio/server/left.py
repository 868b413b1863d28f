"""What a batch that is over has left behind: jobs that failed, were cancelled, or wait for a hard link to go.

Somebody may try them again, and then what the batch wrote down at its end is true no more.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from arrtheaudio.spool import Spool, names

HELD = "held"
# As what the jobs in a folder were counted.
_COUNTED = {HELD: "skipped", "failed": "failed", "cancelled": "cancelled"}
_LINKED = "hardlinked"
_RANGES = 10_000  # of numbers that are kept of a folder
_SETTLED = 2_000_000_000  # nanoseconds after which a folder's mtime tells of every change
_SHARE = 20  # of the time it took, a look is good for so many times as much


def is_linked(spool: Spool, name: str) -> bool:
    """Say whether a job in held/ waits for a hard link to go."""
    job = spool.read(f"{HELD}/{name}")
    held = None if job is None else job.get("held")
    return isinstance(held, dict) and held.get("why") == _LINKED


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers as a text such as `1-3,7`; no more than 10,000 ranges of them."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        elif len(found) < _RANGES:
            found.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def numbers_of(text: str) -> Iterator[int]:
    """Yield the numbers of such a text."""
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


class Left:
    """Follows the jobs that a batch has left. Any thread may ask; a folder is listed only where it has changed."""

    def __init__(self, spool: Spool, group: str, left: Mapping[str, str]) -> None:
        """Look at nothing yet; `left` has the numbers of the jobs, as `ranges` writes them, by their folder."""
        self._spool = spool
        self._group = group
        self._left = left
        self._gone: dict[str, tuple[int, list[int]]] = {}  # by folder: its mtime then, and who is there no more
        self._final: dict[int, str] = {}  # what came of those of whom no more will come
        self._lock = threading.Lock()
        self._changes: Counter[str] = Counter()
        self._good_until = 0.0

    def changes(self) -> Counter[str]:
        """Return how many more there are now of each outcome than at the end, less than none where they are fewer."""
        with self._lock:
            start = time.monotonic()
            if start >= self._good_until:
                self._changes = self._look()
                spent = time.monotonic() - start
                self._good_until = start + (1 + _SHARE) * spent
            return self._changes

    def _look(self) -> Counter[str]:
        changes: Counter[str] = Counter()
        for folder in self._left:
            before = _COUNTED[folder.partition("/")[0]]
            for number in self._gone_from(folder):
                after = self._outcome(number, before)
                changes[before] -= 1
                changes[after] += 1
        return changes

    def _gone_from(self, folder: str) -> list[int]:
        try:
            changed = os.stat(f"{self._spool.root}/{folder}").st_mtime_ns
        except FileNotFoundError:
            changed = 0
        known = self._gone.get(folder)
        if known is None or known[0] != changed:
            settled = time.time_ns() - changed > _SETTLED
            there = {number for _, number in names.members(self._spool, folder, self._group)}
            gone = [number for number in numbers_of(self._left[folder]) if number not in there]
            known = self._gone[folder] = (changed if settled else -1, gone)
        return known[1]

    def _outcome(self, number: int, before: str) -> str:
        """Return what came of a job, or its state where it waits again; where it is forgotten, what it was `before`."""
        if number in self._final:
            return self._final[number]
        place = self._spool.find(f"{self._group}.{number:06d}")
        folder, _, name = (place or "").rpartition("/")
        state = names.state_of(folder) if place else None
        if state in (None, "completed"):
            self._final[number] = before if state is None else names.result(self._spool, folder, name) or "success"
            return self._final[number]
        return "skipped" if state == HELD and is_linked(self._spool, name) else str(state)
