"""The jobs that have ended, by whomever they were done: those of the past, and those that come."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from arrtheaudio.core import record as records
from arrtheaudio.spool import Spool, names
from arrtheaudio.spool.folder import FINISHED

_DAY = 86_400_000_000_000  # nanoseconds
_SETTLED = 2_000_000_000  # nanoseconds after which a folder's mtime tells of every change

# What came of a file: its container, and `changed`, `unchanged`, `skipped` or `failed`; None for what does not count.
Outcome = tuple[str, str] | None


class _Folder:
    """A day's jobs of one state: for each name's hash the number of its outcome, where jobs may still come and go."""

    def __init__(self) -> None:
        self.listed = 0  # the folder's mtime then, in nanoseconds since 1970; 0 where it has to be listed again
        self.seen: dict[int, int] | None = {}
        self.outcomes: Counter[int] = Counter()


class Finished:
    """Looks at the folders of what has ended. Jobs of today and yesterday are watched; older ones are read once.

    It is for one thread. 100 bytes are kept for each job of these two days, and nothing for the others.
    """

    def __init__(self, spool: Spool) -> None:
        """Look at nothing yet."""
        self._spool = spool
        self._folders: dict[str, _Folder] = {}
        self._outcomes: list[Outcome] = [None]

    def begin(self) -> None:
        """Take what is there now for the past."""
        for name in self._watched():
            folder = self._folders.setdefault(name, _Folder())
            if folder.seen is not None:
                folder.seen.update((hash(job), 0) for job in names.names_in(self._spool, name))

    def past(self) -> Iterator[Iterator[tuple[str, str]]]:
        """Yield, for each day of the past, the newest first, the folders and names; what was cancelled is left out."""
        days: dict[str, list[str]] = {}
        for name in names.folders(self._spool, None):
            if name not in names.UNFINISHED and names.state_of(name) != "cancelled":
                days.setdefault(name.rpartition("/")[2], []).append(name)
        for day in sorted(days, reverse=True):
            yield chain.from_iterable(map(self._past_of, days[day]))

    def _past_of(self, name: str) -> Iterator[tuple[str, str]]:
        seen = self._folder(name).seen
        found = list(names.names_in(self._spool, name))
        return ((name, job) for job in found if seen is None or hash(job) in seen)

    def count(self, folder: str, name: str, outcome: Outcome) -> None:
        """Keep what came of a job."""
        if outcome not in self._outcomes:
            self._outcomes.append(outcome)
        number = self._outcomes.index(outcome)
        kept = self._folder(folder)
        kept.outcomes[number] += 1
        if kept.seen is not None:
            kept.seen[hash(name)] = number

    def new(self) -> Iterator[tuple[str, str]]:
        """Yield the folder and the name of each job that has ended since the last look."""
        watched = self._watched()
        self._forget(watched)
        for name in watched:
            yield from self._new_in(name)

    def totals(self) -> Counter[Outcome]:
        """Return how many files there are of each outcome."""
        total: Counter[Outcome] = Counter()
        for folder in list(self._folders.values()):
            for number, count in list(folder.outcomes.items()):
                total[self._outcomes[number]] += count
        return total

    def _watched(self) -> list[str]:
        days = [records.timestamp(moment)[:10] for moment in (time.time_ns(), time.time_ns() - _DAY)]
        return [f"{state}/{day}" for day in days for state in FINISHED.values()]

    def _forget(self, watched: list[str]) -> None:
        """Let go of the names of days that are over, and of all that has been pruned."""
        for name, folder in list(self._folders.items()):
            if name not in watched:
                folder.seen = None
                if not os.path.isdir(f"{self._spool.root}/{name}"):
                    del self._folders[name]

    def _folder(self, name: str) -> _Folder:
        folder = self._folders.get(name)
        if folder is None:
            folder = self._folders[name] = _Folder()
            if name not in self._watched():
                folder.seen = None
        return folder

    def _new_in(self, name: str) -> Iterator[tuple[str, str]]:
        try:
            changed = os.stat(f"{self._spool.root}/{name}").st_mtime_ns
        except FileNotFoundError:
            return
        folder = self._folder(name)
        if folder.seen is None or changed == folder.listed:
            return
        settled = time.time_ns() - changed > _SETTLED
        there, fresh = set(), []
        for job in names.names_in(self._spool, name):
            key = hash(job)
            there.add(key)
            if key not in folder.seen:
                fresh.append(job)
        self._remove(folder, there)
        folder.seen.update((hash(job), 0) for job in fresh)
        folder.listed = changed if settled else 0
        yield from ((name, job) for job in fresh)

    def _remove(self, folder: _Folder, there: set[int]) -> None:
        """Count no longer what has gone, to be tried again."""
        assert folder.seen is not None
        for key in [key for key in folder.seen if key not in there]:
            number = folder.seen.pop(key)
            folder.outcomes[number] -= folder.outcomes[number] > 0
