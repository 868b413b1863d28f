"""Answers of TMDB that are used again, and how often they were."""

import json
import sqlite3
import threading
from collections import Counter
from typing import Any

from arrtheaudio.core.value import Value
from arrtheaudio.tmdb.clock import Clock
from arrtheaudio.tmdb.database import Database, number, set_number

DAY = 86400.0
# TMDB's terms: nothing is kept for more than six months.
CEILING_DAYS = 180
# What TMDB does not know today, it may know tomorrow.
NEGATIVE_DAYS = 1
COUNTS = ("hits", "misses", "stale")
# What was counted is written after so many, or so many seconds, since a transaction for each would hold up the others.
_FLUSHED_AT = 100
_FLUSHED_AFTER = 5.0
_FIND = "SELECT body, found, fetched FROM answers WHERE request = ?"
_PURGED = "purged"


class Entry(Value):
    """An answer as it was `fetched` (seconds since 1970): its `body`, None where there is no such title."""

    body: dict[str, Any] | None
    found: bool
    fetched: float


class Cache:
    """The answers in the database."""

    def __init__(self, database: Database, ttl_days: int, clock: Clock) -> None:
        """Use answers again for `ttl_days`, and none for more than 180."""
        self._database = database
        self._ttl_days = ttl_days
        self._clock = clock
        self._counted: Counter[str] = Counter()
        self._flushed = clock.now()
        self._lock = threading.Lock()
        database.transact(self._purge)

    def get(self, request: str) -> Entry | None:
        """Return what is known, fresh or stale; None where nothing is."""
        row = self._database.read(lambda db: db.execute(_FIND, (request,)).fetchone())
        if row is None or self._age(row[2]) > CEILING_DAYS * DAY:
            return None
        try:
            return Entry(None if row[0] is None else json.loads(row[0]), bool(row[1]), row[2])
        except ValueError:
            return None

    def fresh(self, entry: Entry) -> bool:
        """Say whether TMDB need not be asked again. An answer from tomorrow was written by a clock that was wrong."""
        days = self._ttl_days if entry.found else min(NEGATIVE_DAYS, self._ttl_days)
        return -DAY <= self._age(entry.fetched) < days * DAY

    def put(self, request: str, body: dict[str, Any] | None, *, found: bool) -> None:
        """Keep an answer; one that names no title (not `found`) for a day."""
        row = (request, None if body is None else json.dumps(body), found, self._clock.now())
        self._database.transact(lambda db: db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", row))

    def count(self, what: str) -> None:
        """Count a use, `hits`, `misses` or `stale`, or a request; it is written now and then, and by `flush`."""
        with self._lock:
            self._counted[what] += 1
            due = self._counted.total() >= _FLUSHED_AT or self._clock.now() - self._flushed >= _FLUSHED_AFTER
        if due:
            self.flush()

    def flush(self) -> None:
        """Write what was counted."""
        with self._lock:
            counted, self._counted = self._counted, Counter()
            self._flushed = self._clock.now()

        def work(db: sqlite3.Connection) -> None:
            for name, count in counted.items():
                set_number(db, name, number(db, name) + count)

        if counted:
            self._database.transact(work)

    def counts(self) -> dict[str, int]:
        """Return how often answers were used, by all processes together."""
        self.flush()
        return self._database.read(lambda db: {name: int(number(db, name)) for name in COUNTS})

    def _age(self, fetched: float) -> float:
        return self._clock.now() - fetched

    def _purge(self, db: sqlite3.Connection) -> None:
        now = self._clock.now()
        if abs(now - number(db, _PURGED)) < DAY:
            return
        db.execute("DELETE FROM answers WHERE fetched < ?", (now - CEILING_DAYS * DAY,))
        set_number(db, _PURGED, now)
