"""How TMDB fares, as all processes of the machine together have counted it."""

import os
import sqlite3
from contextlib import closing

from arrtheaudio.core.value import Value
from arrtheaudio.tmdb.breaker import FAILURES
from arrtheaudio.tmdb.clock import CLOCK

# What came of a request to TMDB, and the number that counts it.
REQUESTS = {"ok": "requests_ok", "unavailable": "requests_unavailable", "refused": "requests_refused"}
CLOSED, HALF_OPEN, OPEN = "closed", "half_open", "open"


class Counts(Value):
    """Requests by what came of them, answers that were known already, and whether TMDB is left alone for now."""

    requests: dict[str, int]
    hits: int = 0
    state: str = CLOSED


def read(cache_path: str) -> Counts:
    """Return the counts; zeros where there is no cache yet, or none that can be read."""
    numbers: dict[str, float] = {}
    if os.path.exists(cache_path):
        try:
            with closing(sqlite3.connect(f"file:{_quoted(cache_path)}?mode=ro", uri=True, timeout=1.0)) as db:
                numbers = dict(db.execute("SELECT name, value FROM numbers"))
        except sqlite3.Error:
            pass  # a metric is no reason to fail
    requests = {status: int(numbers.get(name, 0)) for status, name in REQUESTS.items()}
    return Counts(requests, int(numbers.get("hits", 0)), _state(numbers))


def _state(numbers: dict[str, float]) -> str:
    if numbers.get("breaker_failures", 0) < FAILURES:
        return CLOSED
    return OPEN if CLOCK.now() < numbers.get("breaker_until", 0) else HALF_OPEN


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(os.path.abspath(path))
