"""Asks TMDB: from the cache where it can, carefully where it must."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode, urlsplit

from arrtheaudio.tmdb.breaker import Breaker
from arrtheaudio.tmdb.cache import Cache, Entry
from arrtheaudio.tmdb.clock import CLOCK, Clock
from arrtheaudio.tmdb.database import Database
from arrtheaudio.tmdb.failures import KeyRefused, NoAnswer, NotCached, Paused, Unavailable
from arrtheaudio.tmdb.limiter import Limiter

if TYPE_CHECKING:
    from arrtheaudio.config.settings import Tmdb

ATTEMPTS = 3
CONNECTIONS = 4
_FIRST_PAUSE = 0.5
# Requests that may be in hand at once; two that share a lock wait for each other without need.
_LOCKS = 64
# All that is read of TMDB's answers; the rest, mostly prose, is not kept.
_READ = """
id name title original_name original_title original_language origin_country spoken_languages iso_639_1 release_date
first_air_date popularity vote_count results movie_results tv_results tv_episode_results show_id
"""
_KEPT = frozenset(_READ.split())
# results, a title, its spoken languages, a language, its code
_DEPTH = 5


class Transport(Protocol):
    """What makes a request; see `transport.Transport`."""

    def get(self, request: str) -> dict[str, Any] | None:
        """Return the answer, None where there is no such thing."""


class Client:
    """One for all threads of a process."""

    def __init__(
        self, settings: "Tmdb", *, transport: Callable[[], Transport] | None = None, clock: Clock = CLOCK
    ) -> None:
        """Open the cache. Without a `transport`, which is made for the first request, only that is asked."""
        self._database = Database(settings.cache_path)
        self.cache = Cache(self._database, settings.cache_ttl_days, clock)
        self.breaker = Breaker(self._database, clock)
        self._limiter = Limiter(self._database, clock)
        self._clock = clock
        self._origin = _origin(settings.base_url)
        self._make_transport = transport
        self._transport: Transport | None = None
        self._making = threading.Lock()
        self._locks = [threading.Lock() for _ in range(_LOCKS)]
        self._connections = threading.BoundedSemaphore(CONNECTIONS)
        self._refused: str | None = None
        self._last = "it has failed several times"

    def get(self, path: str, **parameters: str) -> dict[str, Any] | None:
        """Return the answer to a path of the API; None where TMDB says that there is no such thing.

        Unavailable or KeyRefused where there is no answer, not even an old one. Threads that ask the same at the same
        time share one request.
        """
        request = path + ("?" + urlencode(sorted(parameters.items()), errors="replace") if parameters else "")
        entry = self._fresh(request)
        if entry is None:
            with self._locks[hash(request) % _LOCKS]:
                entry = self._fresh(request) or self._ask(request)
        return entry.body

    def close(self) -> None:
        """Write what was counted, and close the cache."""
        self.cache.flush()
        self._database.close()

    def _fresh(self, request: str) -> Entry | None:
        entry = self.cache.get(self._origin + request)
        if entry is None or not self.cache.fresh(entry):
            return None
        self.cache.count("hits")
        return entry

    def _ask(self, request: str) -> Entry:
        self.cache.count("misses")
        try:
            body = self._fetch(request)
        except NoAnswer:
            stale = self.cache.get(self._origin + request)
            if stale is None:
                raise
            self.cache.count("stale")
            return stale
        kept = None if body is None else _kept(body)
        entry = Entry(kept, kept is not None and _names_something(kept), self._clock.now())
        self.cache.put(self._origin + request, kept, found=entry.found)
        return entry

    def _fetch(self, request: str) -> dict[str, Any] | None:
        if self._make_transport is None:
            raise NotCached("the cache does not know this title")
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

        retrying = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, Unavailable) and not isinstance(error, Paused)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=_FIRST_PAUSE) + wait_random(0, _FIRST_PAUSE),
            sleep=self._clock.sleep,
            reraise=True,
        )
        return retrying(self._attempt, request)

    def _attempt(self, request: str) -> dict[str, Any] | None:
        with self._connections:
            if self._refused is not None:
                raise KeyRefused(self._refused)
            if not self.breaker.admits():
                raise Paused(f"TMDB is left alone for a minute ({self._last})")
            self._limiter.wait()
            return self._exchange(request)

    def _exchange(self, request: str) -> dict[str, Any] | None:
        try:
            answer = self._connected().get(request)
        except Unavailable as error:
            self._last = str(error)
            self.breaker.failure()
            self.cache.count("requests_unavailable")
            if error.after:
                # no turn is given out before that: this thread waits too, and so do other processes
                self._limiter.pause(error.after)
            raise
        except KeyRefused as error:
            self._refused = str(error)
            self.breaker.success()
            self.cache.count("requests_refused")
            raise
        self.breaker.success()
        self.cache.count("requests_ok")
        return answer

    def _connected(self) -> Transport:
        assert self._make_transport is not None
        with self._making:
            if self._transport is None:
                self._transport = self._make_transport()
            return self._transport


def _origin(base_url: str) -> str:
    """Return what answers are kept under: where they come from, without a password that may stand in it."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def _kept(value: Any, depth: int = _DEPTH) -> Any:
    if depth < 0:
        return None
    if isinstance(value, dict):
        return {key: _kept(item, depth - 1) for key, item in value.items() if key in _KEPT}
    return [_kept(item, depth - 1) for item in value] if isinstance(value, list) else value


def _names_something(body: dict[str, Any]) -> bool:
    """Say whether an answer names a title: one that finds nothing is a list, or five, without anything in it."""
    results = [value for key, value in body.items() if key.endswith("results") and isinstance(value, list)]
    return any(results) if results else "id" in body


def connect(settings: "Tmdb", *, offline: bool = False, clock: Clock = CLOCK) -> Client:
    """Return a client as it is configured; `offline`, or without a key, it asks its cache alone."""
    key = settings.api_key
    if offline or key is None:
        return Client(settings, clock=clock)

    def transport() -> Transport:
        from arrtheaudio.tmdb.transport import Transport  # requests: 100 ms, where the cache does not know

        return Transport(settings.base_url, key, clock)

    return Client(settings, transport=transport, clock=clock)
