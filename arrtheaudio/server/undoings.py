"""What was taken back, by whomever: the journal has it. It is read when somebody asks, and what is new alone."""

import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress

from arrtheaudio.core.record import LIMIT
from arrtheaudio.errors import Corrupt
from arrtheaudio.journal import Entry

_MOST = 20_000  # entries that are looked at, the newest
_SPENT = 0.1  # seconds that one look takes at most; the next one goes on
_SHARE = 20  # of the time it took, a look is good for so many times as much
_SETTLED = 2_000_000_000  # nanoseconds after which a folder's mtime tells of every change
# No string in an entry has it: there, a quotation mark has a backslash before it.
_NO_UNDO = b'"undoes":null'


class Undoings:
    """The edits that edits took back. Any thread may ask; 100 bytes are kept for each entry that was read."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._lock = threading.Lock()
        self._since = "~"  # entries from then on are read; none yet
        self._read: set[str] = set()
        self._undoes: dict[str, str] = {}  # by entry: the one that it takes back
        self._standing: dict[str, bool] = {}
        self._listed = 0
        self._good_until = 0.0

    def look(self, root: str, entries: Iterable[str]) -> None:
        """Read what is new in the journal in a folder, as far back as some entries that will be asked for."""
        since = min(filter(None, entries), default="~")
        if since == "~":
            return
        with self._lock:
            further = since < self._since
            start = time.monotonic()
            if further or start >= self._good_until:
                self._since = min(since, self._since)
                with suppress(OSError):  # there is none yet, or it is not for us
                    self._look(f"{root}/done", start + _SPENT, further=further)
                spent = time.monotonic() - start
                self._good_until = start + (1 + _SHARE) * spent

    def stands(self, entry: str) -> bool | None:
        """Say whether an edit stands though it was taken back, or no more; None where nobody has taken it back."""
        return self._standing.get(entry)

    def _look(self, folder: str, until: float, *, further: bool) -> None:
        changed = os.stat(folder).st_mtime_ns
        if changed == self._listed and not further:
            return
        settled = time.time_ns() - changed > _SETTLED
        there = sorted(name for name in os.listdir(folder) if name > self._since)[-_MOST:]
        self._read.intersection_update(there)
        whole = True
        for name in reversed(there):
            if name not in self._read:
                whole = time.monotonic() < until
                if not whole:
                    break
                self._take(folder, name)
        self._judge()
        self._listed = changed if settled and whole else 0

    def _take(self, folder: str, name: str) -> None:
        self._read.add(name)
        with suppress(OSError, Corrupt), open(f"{folder}/{name}", "rb", opener=_quick) as file:
            line = file.read(LIMIT)
            if _NO_UNDO not in line:
                self._undoes[name] = str(Entry.from_line(line).undoes)

    def _judge(self) -> None:
        """Say which edits stand: what was taken back, and that taken back too, stands again."""
        undone: set[str] = set()
        self._undoes = {name: self._undoes[name] for name in sorted(self._undoes) if name in self._read}
        for name in reversed(self._undoes):
            if name.partition(".")[0] not in undone:
                undone.add(self._undoes[name])
        self._standing = {entry: entry not in undone for entry in self._undoes.values()}


def _quick(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
