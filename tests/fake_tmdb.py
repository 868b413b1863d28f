"""A TMDB of our own: a real HTTP server on this machine, with made-up titles in the shapes of TMDB's answers.

It can be told to fail in every way that a server, a proxy or a network fails in.
"""

import contextlib
import email.utils
import gzip
import http.server
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLWFkYQ"
DATES_FROM = 1767225600.0  # 2026-01-01T00:00:00Z
PROSE = "Nobody reads this. " * 40


class Asked(NamedTuple):
    """One request that came in."""

    path: str
    query: Mapping[str, str]
    authorization: str | None
    agent: str | None


def movie(number: int, title: str, language: str | None, spoken: str = "", **more: Any) -> dict[str, Any]:
    """Return the details of a movie, in the shape of `/movie/{id}`."""
    return {
        "adult": False,
        "backdrop_path": None,
        "budget": 0,
        "id": number,
        "imdb_id": f"tt{number:07}",
        "origin_country": ["XX"],
        "original_language": language,
        "original_title": title,
        "overview": PROSE,
        "popularity": 0.0,
        "release_date": "2001-02-03",
        "runtime": 90,
        "softcore": False,
        "spoken_languages": [{"english_name": code, "iso_639_1": code, "name": ""} for code in spoken.split()],
        "title": title,
    } | more


def series(number: int, title: str, language: str | None, spoken: str = "", **more: Any) -> dict[str, Any]:
    """Return the details of a series, in the shape of `/tv/{id}`."""
    body = movie(number, title, language, spoken)
    for key in ("title", "original_title", "release_date", "imdb_id"):
        del body[key]
    return body | {"name": title, "original_name": title, "first_air_date": "2010-11-12", "number_of_seasons": 2} | more


MOVIES = {
    body["id"]: body
    for body in (
        movie(603, "The Lighthouse Clock", "en", "en"),
        movie(604, "A Fist of Plums", "cn", "cn zh"),
        movie(605, "Silence in Grey", "xx", "xx"),
        movie(606, "Le Chat de Minuit", "fr", "en"),
        movie(607, "Nothing Is Known", None, release_date=""),
        movie(608, "Fjord", "nb", "nb sv nb"),
        movie(700, "Paper Moons", "ja", "ja"),
        movie(701, "Tin Soldiers", "de", "de"),
    )
}
SERIES = {
    body["id"]: body
    for body in (
        series(603, "Harbour Watch", "da", "da sv"),
        series(701, "The Weather Station", "ko", "ko"),
        series(1396, "Saltwater Street", "ja", "ja"),
        series(1400, "The Other Show", "es", "es"),
    )
}
# external id -> what `/find` holds for it
FOUND: dict[str, dict[str, list[dict[str, Any]]]] = {
    "81189": {"tv_results": [{"id": 1396, "name": "Saltwater Street", "media_type": "tv", "original_language": "ja"}]},
    # one number that is a series and an episode of another one
    "81190": {
        "tv_results": [{"id": 1396, "name": "Saltwater Street", "media_type": "tv", "original_language": "ja"}],
        "tv_episode_results": [{"id": 9, "name": "Pilot", "media_type": "tv_episode", "show_id": 1400}],
    },
    # only an episode, and a season, of other series
    "30272": {
        "tv_episode_results": [{"id": 9, "name": "Pilot", "media_type": "tv_episode", "show_id": 1400}],
        "tv_season_results": [{"id": 8, "name": "Season 1", "media_type": "tv_season", "show_id": 1400}],
    },
    "tt0000603": {"movie_results": [{"id": 603, "title": "The Lighthouse Clock", "media_type": "movie"}]},
    "tt0903747": {"tv_results": [{"id": 1396, "name": "Saltwater Street", "media_type": "tv"}]},
    "tt0959621": {"tv_episode_results": [{"id": 9, "name": "Pilot", "media_type": "tv_episode", "show_id": 1396}]},
    "tt7777777": {"movie_results": [{"id": 999, "title": "Withdrawn", "media_type": "movie"}]},
}
_ARRAYS = ("movie_results", "person_results", "tv_results", "tv_episode_results", "tv_season_results")


def error(code: int, message: str) -> dict[str, Any]:
    """Return the body of TMDB's own errors."""
    return {"success": False, "status_code": code, "status_message": message}


NO_SUCH = error(34, "The resource you requested could not be found.")


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    fake: "FakeTmdb"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: connections that break are what the tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request, or fails as the fake is told to."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Answer."""
        fake = self.server.fake
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        asked = Asked(parts.path, query, self.headers["Authorization"], self.headers["User-Agent"])
        with fake.lock:
            fake.requests.append(asked)
            fake.connections.add(self.client_address)
            fault = fake.faults.pop(0) if fake.faults else fake.fault
        if fault is not None:
            fault(self)
        elif query.get("api_key") != KEY and asked.authorization != f"Bearer {TOKEN}":
            self.send(401, error(7, "Invalid API key: You must be granted a valid key."))
        else:
            self.send(*fake.answer(parts.path.removeprefix("/3"), query))

    def send(self, status: int, body: Any = b"", **headers: str) -> None:
        """Send a whole answer; `Retry_After="1"` is a header."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.begin(status, Content_Length=str(len(data)), **headers)
        self.wfile.write(data)

    def begin(self, status: int, **headers: str) -> None:
        """Send a head."""
        self.send_response(status)
        for name, value in ({"Content_Type": "application/json;charset=utf-8"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


Fault = Callable[[Handler], None]


class FakeTmdb:
    """The server. `fault` is what happens to every request, `faults` to the next ones, one each; None is no fault."""

    def __init__(self) -> None:
        """Listen on a free port of this machine."""
        self.requests: list[Asked] = []
        self.connections: set[tuple[str, int]] = set()
        self.fault: Fault | None = None
        self.faults: list[Fault | None] = []
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.fake = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/3"

    def __enter__(self) -> Self:
        """Serve."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for."""
        return [asked.path.removeprefix("/3") for asked in self.requests]

    def answer(self, path: str, query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Return what TMDB would say."""
        _, what, *rest = path.split("/")
        if what == "find":
            return 200, {key: [] for key in _ARRAYS} | FOUND.get(rest[0], {})
        titles = MOVIES if "movie" in (what, *rest) else SERIES
        if what == "search":
            return 200, self._search(titles, query)
        body = titles.get(int(rest[0])) or (self.many(int(rest[0])) if what == "movie" else None)
        return (404, NO_SUCH) if body is None else (200, body)

    @staticmethod
    def many(number: int) -> dict[str, Any] | None:
        """Return one of the thousands of movies that are all alike."""
        return movie(number, f"Number {number}", "it", "it") if 10_000 <= number < 20_000 else None

    @staticmethod
    def _search(titles: Mapping[int, dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
        year = query.get("year") or query.get("first_air_date_year") or ""
        results = [
            {key: value for key, value in body.items() if key != "spoken_languages"}
            for body in titles.values()
            if query["query"].casefold() in body.get("title", body.get("name", "")).casefold()
            and body.get("release_date", body.get("first_air_date", "")).startswith(year)
        ]
        return {"page": 1, "results": results, "total_pages": 1, "total_results": len(results)}


def status(code: int, body: Any = b"", **headers: str) -> Fault:
    """Answer with a status, a body and headers."""
    return lambda handler: handler.send(code, body, **headers)


def retry_at(seconds: float) -> Fault:
    """Answer 429 with a date, `seconds` after 2026-01-01T00:00:00Z."""
    date = email.utils.formatdate(DATES_FROM + seconds, usegmt=True)
    return status(429, error(25, "Your request count (#) is over the allowed limit of (40)."), Retry_After=date)


BUSY = error(25, "Your request count (#) is over the allowed limit of (40).")
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>openresty</body></html>"


def reset(handler: Handler) -> None:
    """Reset the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    # the two files over the socket keep it open
    handler.rfile.close()
    handler.connection.close()


def end(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def hang(handler: Handler) -> None:
    """Say nothing until the client goes away."""
    with contextlib.suppress(OSError):
        handler.connection.recv(1)
    handler.close_connection = True


def _drip(handler: Handler, data: bytes) -> None:
    with contextlib.suppress(OSError):
        for place in range(len(data)):
            handler.wfile.write(data[place : place + 1])
            time.sleep(0.05)
    handler.close_connection = True


def slow_head(handler: Handler) -> None:
    """Send a head that goes on for ever, a byte at a time."""
    _drip(handler, b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 2000)


def slow_body(handler: Handler) -> None:
    """Send a body a byte at a time."""
    handler.begin(200, Content_Length="2000")
    _drip(handler, b"[" * 2000)


def truncated(handler: Handler) -> None:
    """Promise more bytes than come."""
    handler.begin(200, Content_Length="5000")
    handler.wfile.write(b'{"id": 603')
    handler.close_connection = True


def truncated_chunks(handler: Handler) -> None:
    """Break off between two chunks."""
    handler.begin(200, Transfer_Encoding="chunked")
    handler.wfile.write(b'5\r\n{"id"\r\n')
    handler.close_connection = True


def short_length(handler: Handler) -> None:
    """Promise fewer bytes than come."""
    handler.begin(200, Content_Length="10")
    handler.wfile.write(json.dumps(MOVIES[603]).encode())
    handler.close_connection = True


def huge(handler: Handler) -> None:
    """Send 20 MB, of which the head does not tell."""
    handler.begin(200, Transfer_Encoding="chunked")
    with contextlib.suppress(OSError):
        for _ in range(20):
            handler.wfile.write(b"%x\r\n%s\r\n" % (1_000_000, b" " * 1_000_000))
        handler.wfile.write(b"0\r\n\r\n")
    handler.close_connection = True


def bomb(handler: Handler) -> None:
    """Send 20 MB in 20 kB."""
    with contextlib.suppress(OSError):
        handler.send(200, _BOMB, Content_Encoding="gzip")


_BOMB = gzip.compress(b" " * 20_000_000, 1)


def bad_gzip(handler: Handler) -> None:
    """Call something gzip that is not."""
    handler.send(200, b"no gzip", Content_Encoding="gzip")


def bad_header(handler: Handler) -> None:
    """Answer, with a line in the head that is no header."""
    body = json.dumps(MOVIES[603]).encode()
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nno header at all\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    handler.close_connection = True


def redirect(url: str) -> Fault:
    """Send the client elsewhere."""
    return lambda handler: handler.send(302, b"", Location=url)


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    """Yield a base URL at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/3"
