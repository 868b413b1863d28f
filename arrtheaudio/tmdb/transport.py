"""One GET request to TMDB, and every way in which it can go wrong.

The key never leaves this module but in the request: what requests says of a failure holds the URL, and so the key, and
is never shown or kept.
"""

import json
import logging
import re
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.auth
from requests import exceptions
from urllib3.exceptions import NameResolutionError, NewConnectionError

from arrtheaudio import __version__
from arrtheaudio.config.settings import Secret
from arrtheaudio.core.value import Value
from arrtheaudio.tmdb.clock import Clock
from arrtheaudio.tmdb.deadline import Adapter, Deadline, content
from arrtheaudio.tmdb.failures import KeyRefused, Unavailable

CONNECTIONS = 4
# Bytes of an answer; the largest that we ask for are some 30,000.
LIMIT = 4 << 20
# Seconds; who asks us to wait for longer is asked again after that all the same.
LONGEST_PAUSE = 30.0
_TOKEN = re.compile(r"eyJ[\w-]*\.[\w-]+\.[\w-]+")
# TMDB's own errors for a request that it will never answer: it says so in JSON, with a `status_code` of its own.
_NO_SUCH_THING = (400, 404, 405, 422)

_MEANINGS: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.ConnectTimeout, "cannot be reached in time"),
    (exceptions.ReadTimeout, "does not answer in time"),
    (exceptions.SSLError, "has no certificate that is trusted here"),
    (exceptions.ProxyError, "cannot be reached through the proxy"),
    (exceptions.ChunkedEncodingError, "breaks off in the middle of an answer"),
    (exceptions.ContentDecodingError, "sends an answer that cannot be decoded"),
    (NameResolutionError, "has an unknown name"),
    (NewConnectionError, "cannot be reached"),
    (exceptions.ConnectionError, "breaks the connection"),
)


class Timeouts(Value):
    """Seconds: for a connection, for each wait on it, and for a whole answer."""

    connect: float = 5.0
    read: float = 10.0
    whole: float = 20.0


TIMEOUTS = Timeouts()


class Transport:
    """A pooled session."""

    def __init__(self, base_url: str, key: Secret, clock: Clock, timeouts: Timeouts = TIMEOUTS) -> None:
        """Open no connection yet."""
        # urllib3 logs whole URLs, and without any logging set up Python prints its warnings
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)
        self._base_url = base_url.rstrip("/")
        self._host = urlsplit(base_url).hostname or base_url
        self._clock = clock
        self._timeouts = timeouts
        self._session = requests.Session()
        self._session.auth = _Key(key)
        self._session.headers.update({"User-Agent": f"arrtheaudio/{__version__}", "Accept": "application/json"})
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = Adapter(pool_connections=1, pool_maxsize=CONNECTIONS, max_retries=0)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def get(self, request: str) -> dict[str, Any] | None:
        """Return the JSON object that answers a path with its query; None where TMDB says that there is no such thing.

        Unavailable where the answer is no answer of TMDB's, KeyRefused where the key is wrong.
        """
        with Deadline(self._timeouts.whole) as deadline:
            status, headers, data, failure = self._exchange(request)
        if deadline.passed:
            raise Unavailable(f"{self._host} gives no whole answer within {self._timeouts.whole:g} s")
        if failure is not None:
            raise Unavailable(f"{self._host} {failure}")
        return self._read(status, headers, _object(data))

    def _exchange(self, request: str) -> tuple[int, Any, bytes, str | None]:
        """Return status, headers and body, or what went wrong instead: never an exception that knows the URL."""
        try:
            with self._session.get(
                self._base_url + request,
                timeout=(self._timeouts.connect, self._timeouts.read),
                allow_redirects=False,
                stream=True,
            ) as response:
                data = content(response, LIMIT)
                failure = None if data is not None else f"sends more than {LIMIT >> 20} MiB"
                return response.status_code, response.headers, data or b"", failure
        except (exceptions.RequestException, OSError, ValueError) as error:
            return 0, {}, b"", _meaning(error)

    def _read(self, status: int, headers: Any, body: dict[str, Any] | None) -> dict[str, Any] | None:
        if status == 401:
            raise KeyRefused(f"{self._host} does not accept the key: check tmdb.api_key")
        if status == 429:
            raise Unavailable(f"{self._host} wants fewer requests", self._pause(headers.get("Retry-After")))
        if status in _NO_SUCH_THING and body is not None and "status_code" in body:
            return None
        if 300 <= status < 400:
            raise Unavailable(f"{self._host} sends us elsewhere, and is not followed (HTTP {status})")
        if status != 200:
            raise Unavailable(f"{self._host} answers HTTP {status}", self._pause(headers.get("Retry-After")))
        if body is None:
            raise Unavailable(f"{self._host} sends no JSON object")
        return body

    def _pause(self, text: str | None) -> float | None:
        """Return the seconds that a Retry-After asks for (RFC 9110, 10.2.3: a number, or a date)."""
        if text is None:
            return None
        try:
            seconds = float(text) if text.isdecimal() else parsedate_to_datetime(text).timestamp() - self._clock.now()
        except (ValueError, OverflowError):
            return None
        return min(max(seconds, 0.0), LONGEST_PAUSE)


class _Key(requests.auth.AuthBase):
    """Puts the key where its kind belongs. As `auth` it also keeps a .netrc from being read in its place."""

    def __init__(self, key: Secret) -> None:
        self._key = Secret(key.strip())

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if _TOKEN.fullmatch(self._key):
            request.headers["Authorization"] = f"Bearer {self._key}"
        else:
            request.prepare_url(request.url, {"api_key": str(self._key)})
        return request


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _meaning(error: Exception) -> str:
    if isinstance(error, exceptions.ConnectionError) and error.args:
        # urllib3's MaxRetryError has the reason
        reason = getattr(error.args[0], "reason", None)
        error = reason if isinstance(reason, NewConnectionError) else error
    return next((text for kind, text in _MEANINGS if isinstance(error, kind)), "cannot be asked: check tmdb.base_url")
