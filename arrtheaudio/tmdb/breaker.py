"""A circuit breaker: who has failed five times in a row is left alone for a minute.

Its state is in the database, so that all processes of the machine learn from each other's failures.
"""

import sqlite3

from arrtheaudio.tmdb.clock import Clock
from arrtheaudio.tmdb.database import Database, number, set_number

FAILURES = 5
SECONDS = 60.0
_COUNT, _UNTIL = "breaker_failures", "breaker_until"


class Breaker:
    """Closed: everybody may ask. Open: nobody. Half open, when the time is over: one may try."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take over the state that is there."""
        self._database = database
        self._clock = clock

    def admits(self) -> bool:
        """Say whether TMDB may be asked now; who is told so reports `success` or `failure`."""
        return self._database.read(_is_closed) or self._database.transact(self._admits)

    def _admits(self, db: sqlite3.Connection) -> bool:
        if _is_closed(db):
            return True
        now = self._clock.now()
        # a time further ahead is that of a clock which has been set back since
        if now < number(db, _UNTIL) <= now + SECONDS:
            return False
        # the next may try if nothing is heard of this one
        set_number(db, _UNTIL, now + SECONDS)
        return True

    def success(self) -> None:
        """Close: TMDB has answered."""
        self._database.transact(self._close)

    def _close(self, db: sqlite3.Connection) -> None:
        if number(db, _COUNT):
            set_number(db, _COUNT, 0)

    def failure(self) -> None:
        """Count a failure; open at the fifth, and again after a try that failed."""
        self._database.transact(self._count)

    def _count(self, db: sqlite3.Connection) -> None:
        count = number(db, _COUNT) + 1
        set_number(db, _COUNT, count)
        if count >= FAILURES:
            set_number(db, _UNTIL, self._clock.now() + SECONDS)


def _is_closed(db: sqlite3.Connection) -> bool:
    return number(db, _COUNT) < FAILURES
