"""One HTTP request to a program of the user's, and every way in which it can go wrong.

No key is in a URL, and nothing that requests says of a failure is shown: it holds the URL, which may have a password.
"""

import json
import logging
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import requests.auth
from requests import exceptions
from urllib3.exceptions import NameResolutionError, NewConnectionError

from arrtheaudio import __version__
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Network
from arrtheaudio.tmdb.deadline import Adapter, Deadline, content

# Bytes of an answer: a series with all its seasons and pictures has some 50,000, a server's libraries less.
LIMIT = 4 << 20
_LATER = (408, 425, 429)

_MEANINGS: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.ConnectTimeout, "cannot be reached in time"),
    (exceptions.ReadTimeout, "does not answer in time"),
    (exceptions.SSLError, "has no certificate that is trusted here"),
    (exceptions.ProxyError, "cannot be reached through the proxy"),
    (NameResolutionError, "has an unknown name"),
    (NewConnectionError, "cannot be reached"),
    (exceptions.ConnectionError, "breaks the connection"),
    (exceptions.ChunkedEncodingError, "breaks off in the middle of an answer"),
)


class Unavailable(Network):
    """There is no answer, or one that puts us off: asked again, it may do what it should."""


class Rejected(Network):
    """The answer will be the same next time: a wrong key, an address that is another program's."""


class KeyRefused(Rejected):
    """It does not accept the key, whatever it is asked."""


class NotThere(Rejected):
    """It has no such thing."""


class Timeouts(Value):
    """Seconds: for a connection, and for a whole answer with it."""

    connect: float = 3.0
    whole: float = 10.0


TIMEOUTS = Timeouts()


class Web:
    """One program that is asked over HTTP: its name in messages, its address, and the headers that hold its key."""

    def __init__(self, name: str, url: str, key: Mapping[str, str], timeouts: Timeouts = TIMEOUTS) -> None:
        """Open no connection yet."""
        # urllib3 logs whole URLs, and without any logging set up Python prints its warnings
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)
        self.name = name
        self._url = url.rstrip("/")
        self._timeouts = timeouts
        self._session = requests.Session()
        self._session.auth = _Key(key)
        self._session.headers.update({"User-Agent": f"arrtheaudio/{__version__}", "Accept": "application/json"})
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Adapter(max_retries=0))

    def get(self, path: str, query: Mapping[str, str | bytes] | None = None) -> Any:
        """Return the JSON that answers, None where there is none; Unavailable or Rejected where nothing good does."""
        return self._ask("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send a JSON object; return and raise as `get` does."""
        return self._ask("POST", path, body=body)

    def _ask(self, method: str, path: str, query: Mapping[str, str | bytes] | None = None, body: Any = None) -> Any:
        with Deadline(self._timeouts.whole) as deadline:
            status, data, failure = self._exchange(method, path, query, body)
        if deadline.passed:
            raise Unavailable(f"{self.name} gives no whole answer within {self._timeouts.whole:g} s")
        if failure is not None:
            raise Unavailable(f"{self.name} {failure}")
        self._judge(status)
        return _parsed(data)

    def _exchange(
        self, method: str, path: str, query: Mapping[str, str | bytes] | None, body: Any
    ) -> tuple[int, bytes, str | None]:
        """Return status and body, or what went wrong instead: never an exception that knows the URL."""
        try:
            with self._session.request(
                method,
                self._url + path,
                params=query,
                json=body,
                timeout=(self._timeouts.connect, self._timeouts.whole),
                allow_redirects=False,
                stream=True,
            ) as response:
                data = content(response, LIMIT)
                return response.status_code, data or b"", None if data is not None else "sends far too much"
        except (exceptions.RequestException, OSError, ValueError) as error:
            return 0, b"", _meaning(error)

    def _judge(self, status: int) -> None:
        if status in (401, 403):
            raise KeyRefused(f"{self.name} does not accept its key (HTTP {status})")
        if 300 <= status < 400:
            raise Rejected(f"{self.name} sends us elsewhere, and is not followed: check its url (HTTP {status})")
        if status >= 500 or status in _LATER:
            raise Unavailable(f"{self.name} answers HTTP {status}")
        if status == 404:
            raise NotThere(f"{self.name} has nothing there: check its url (HTTP 404)")
        if status >= 400:
            raise Rejected(f"{self.name} answers HTTP {status}: check its url")


class _Key(requests.auth.AuthBase):
    """Puts the key into its header. As `auth` it also keeps a .netrc from being read in its place."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _meaning(error: Exception) -> str:
    if isinstance(error, exceptions.ConnectionError) and error.args:
        # urllib3's MaxRetryError has the reason
        reason = getattr(error.args[0], "reason", None)
        error = reason if isinstance(reason, NewConnectionError) else error
    return next((text for kind, text in _MEANINGS if isinstance(error, kind)), "cannot be asked: check its url and key")
