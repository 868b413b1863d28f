"""A rate limit that all threads and processes of the machine share.

TMDB allows some 40 requests a second, and refuses fewer when they come in bunches; these come one after the other.
"""

import sqlite3

from arrtheaudio.tmdb.clock import Clock
from arrtheaudio.tmdb.database import Database, number, set_number

INTERVAL = 1 / 20
# A turn that is further ahead than this is that of a clock which has been set back since.
_HORIZON = 120.0
_NEXT = "next_request"


class Limiter:
    """Gives out turns, one each `INTERVAL` seconds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take over the turns that are given out."""
        self._database = database
        self._clock = clock

    def wait(self) -> None:
        """Wait for a turn."""
        seconds = self._database.transact(self._reserve)
        if seconds > 0:
            self._clock.sleep(seconds)

    def _reserve(self, db: sqlite3.Connection) -> float:
        now = self._clock.now()
        turn = self._turn(db, now)
        set_number(db, _NEXT, turn + INTERVAL)
        return turn - now

    def pause(self, seconds: float) -> None:
        """Give out no turn for some seconds: TMDB has asked for it."""

        def work(db: sqlite3.Connection) -> None:
            now = self._clock.now()
            set_number(db, _NEXT, max(self._turn(db, now), now + seconds))

        self._database.transact(work)

    def _turn(self, db: sqlite3.Connection, now: float) -> float:
        turn = number(db, _NEXT)
        return turn if now < turn <= now + _HORIZON else now
