"""How far the jobs of a group are, by their names; and what came of those that are done, each read once.

A job that is held until a hard link goes may be so for years: it counts as skipped, as long as it is.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from arrtheaudio.core.value import Value
from arrtheaudio.server.kept import RUNNING, UNDER_WAY
from arrtheaudio.server.left import HELD, is_linked, ranges
from arrtheaudio.spool import Spool, names
from arrtheaudio.spool.folder import FINISHED, days_in

_UNKNOWN, _SUCCESS, _SKIPPED = range(3)
_CODES = {"success": _SUCCESS, "skipped": _SKIPPED}
_SETTLED = 2_000_000_000  # nanoseconds after which a folder's mtime tells of every change
_SHARE = 20  # of the time it took, a look is good for so many times as much


class Counts(Value):
    """How many jobs have ended, and how."""

    success: int = 0
    skipped: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def processed(self) -> int:
        """Those that were worked on."""
        return self.success + self.skipped + self.failed

    @property
    def ended(self) -> int:
        """Those that wait no more."""
        return self.processed + self.cancelled


class Tally:
    """The jobs of one group, whose jobs are numbered. Any thread may ask."""

    def __init__(self, spool: Spool, group: str, since: str) -> None:
        """Look at nothing yet; `since` is the day, as YYYY-MM-DD, on which the first of them may have ended."""
        self._spool = spool
        self._group = group
        self._since = since
        self._outcomes = bytearray()  # by number: what came of a job that is in done/
        self._folders: dict[str, tuple[int, Counter[str]]] = {}
        self._held: dict[int, tuple[int, bool]] = {}  # by number: until when, and whether for a hard link
        self._lock = threading.Lock()
        self._counts = Counts()
        self._good_until = 0.0

    def look(self, *, anew: bool = False) -> Counts:
        """Return how many there are; what was found a moment ago is good enough, unless it is to be `anew`."""
        with self._lock:
            start = time.monotonic()
            if anew or start >= self._good_until:
                self._counts = self._count()
                spent = time.monotonic() - start
                self._good_until = start + (1 + _SHARE) * spent
            return self._counts

    def _count(self) -> Counts:
        total: Counter[str] = Counter()
        for state, top in FINISHED.items():
            for day in days_in(self._spool.root, top):
                if day >= self._since:
                    total += self._of(f"{top}/{day}", state)
        # Last: one that is released meanwhile is counted once at most.
        total += self._of(HELD, HELD)
        return Counts(*(total[key] for key in Counts._fields))

    def _of(self, folder: str, state: str) -> Counter[str]:
        """Return what is in a folder; it is listed only where something has changed in it."""
        try:
            changed = os.stat(f"{self._spool.root}/{folder}").st_mtime_ns
        except FileNotFoundError:
            return Counter()
        known = self._folders.get(folder)
        if known is not None and known[0] == changed:
            return known[1]
        settled = time.time_ns() - changed > _SETTLED
        found = self._listed(folder, state)
        self._folders[folder] = (changed if settled else 0, found)
        return found

    def _listed(self, folder: str, state: str) -> Counter[str]:
        members = names.members(self._spool, folder, self._group)
        if state == HELD:
            return Counter(skipped=self._linked(members))
        if state != "completed":
            return Counter({state: sum(1 for _ in members)})
        codes = Counter(self._outcome(folder, name, number) for name, number in members)
        return Counter(success=codes[_SUCCESS], skipped=codes[_SKIPPED])

    def _linked(self, members: Iterator[tuple[str, int]]) -> int:
        """Count those that are held for a hard link; each is read once in a while."""
        known, self._held = self._held, {}
        for name, number in members:
            try:
                until = os.stat(f"{self._spool.root}/{HELD}/{name}").st_mtime_ns
            except FileNotFoundError:
                continue
            before = known.get(number, (None, False))
            self._held[number] = (until, before[1] if before[0] == until else is_linked(self._spool, name))
        return sum(linked for _, linked in self._held.values())

    def left(self) -> dict[str, str]:
        """Return the numbers of the jobs that somebody may try again, and of those held for a hard link, by folder."""
        found = {}
        for state in ("failed", "cancelled"):
            for day in days_in(self._spool.root, FINISHED[state]):
                if day >= self._since:
                    folder = f"{FINISHED[state]}/{day}"
                    found[folder] = ranges(number for _, number in names.members(self._spool, folder, self._group))
        with self._lock:
            found[HELD] = ranges(number for number, (_, linked) in self._held.items() if linked)
        return {folder: numbers for folder, numbers in found.items() if numbers}

    def _outcome(self, folder: str, name: str, number: int) -> int:
        if number >= len(self._outcomes):
            self._outcomes.extend(bytes(max(number + 1, 2 * len(self._outcomes)) - len(self._outcomes)))
        code = self._outcomes[number]
        if code == _UNKNOWN:
            # One that says nothing was put there by hand, and is no failure, or it would be in failed/.
            code = self._outcomes[number] = _CODES.get(names.result(self._spool, folder, name) or "", _SUCCESS)
        return code


def renewed(about: Mapping[str, Any], changes: Mapping[str, int]) -> dict[str, Any]:
    """Return how far a batch is that is over, and of whose jobs some were tried again since."""
    kept, unread = about["progress"], about.get("unreadable", {}).get("total", 0)
    counts = {key: kept[key] + changes.get(key, 0) for key in Counts._fields}
    return progress(about, Counts(**{**counts, "failed": counts["failed"] - unread}), None)


def progress(about: Mapping[str, Any], counts: Counts, rate: float | None) -> dict[str, Any]:
    """Return how far a batch is; `rate` is in files a second. What cannot be read counts as failed."""
    unread = about.get("unreadable", {}).get("total", 0)
    total, processed = about["jobs"] + unread, counts.processed + unread
    remaining = max(0, about["jobs"] - counts.ended)
    known = about["status"] == RUNNING and rate
    over = about["status"] not in UNDER_WAY
    return {
        "total_files": total,
        "processed": processed,
        "success": counts.success,
        "skipped": counts.skipped,
        "failed": counts.failed + unread,
        "cancelled": counts.cancelled,
        "remaining": remaining,
        "percent": round(100 * processed / total, 1) if total else 100.0 * over,
        "eta_seconds": round(remaining / rate, 1) if known and rate else None,
    }
