"""A Sonarr, a Radarr, a Plex, a Jellyfin and an Emby of our own: one HTTP server, which can fail in many ways.

Shapes and statuses are those of the programs: POST /command answers 201, /Library/Media/Updated 204 without a body, a
scan of a section 200 without a body; who has no key gets 401.
"""

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

KEY = "0123456789abcdef0123456789abcdef"
PATIENCE = 30.0
SERIES = {
    "id": 42,
    "title": "The Weather Station",
    "sortTitle": "weather station",
    "status": "ended",
    "path": "/tv/The Weather Station",
    "year": 2020,
    "tvdbId": 424536,
    "tmdbId": 701,
    "imdbId": "tt22248376",
    "seriesType": "anime",
    "originalLanguage": {"id": 21, "name": "Korean"},
    "tags": [3],
}
MOVIE = {
    "id": 7,
    "title": "Paper Moons",
    "originalTitle": "紙の月",
    "year": 2001,
    "path": "/movies/Paper Moons (2001)",
    "tmdbId": 700,
    "imdbId": "tt0000700",
    "originalLanguage": {"id": 8, "name": "Japanese"},
}
SECTIONS = {
    "MediaContainer": {
        "size": 3,
        "Directory": [
            {"key": "1", "type": "movie", "title": "Films", "Location": [{"id": 1, "path": "/data/films"}]},
            {"key": "2", "type": "show", "title": "TV", "Location": [{"id": 2, "path": "/data/tv"}]},
            {"key": "5", "type": "show", "title": "Windows", "Location": [{"id": 3, "path": "D:\\TV"}]},
        ],
    }
}


class Asked(NamedTuple):
    """One request that came in."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    when: float


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    fake: "Fake"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: connections that break are what some tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request, or fails as the fake is told to."""

    server: _Server

    def do_GET(self) -> None:
        """Answer."""
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(data) if data else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, parts.path, query, headers, body, time.monotonic())
        fake = self.server.fake
        with fake.changed:
            fake.requests.append(asked)
            fault = fake.faults.pop(0) if fake.faults else fake.fault
            fake.changed.notify_all()
        if fault is None:
            self.send(*_answer(asked))
        else:
            fault(self)

    def do_POST(self) -> None:
        """Answer."""
        self.do_GET()

    def send(self, status: int, body: Any = None, **headers: str) -> None:
        """Send a whole answer."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(data))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


Fault = Callable[[Handler], None]


def _answer(asked: Asked) -> tuple[int, Any]:
    keys = {
        "/api/v3/": ("x-api-key", KEY),
        "/library/": ("x-plex-token", KEY),
        "/Library/": ("authorization", f'MediaBrowser Token="{KEY}"'),
        "/emby/Library/": ("x-emby-token", KEY),
    }
    for prefix, (header, value) in keys.items():
        if asked.path.startswith(prefix):
            known = asked.headers.get(header) == value
            return _known(asked) if known else (401, {"error": "Unauthorized"})
    return 404, {"message": "NotFound"}


def _known(asked: Asked) -> tuple[int, Any]:
    answers: dict[tuple[str, str], tuple[int, Any]] = {
        ("GET", "/api/v3/series/42"): (200, SERIES),
        ("GET", "/api/v3/movie/7"): (200, MOVIE),
        ("POST", "/api/v3/command"): (201, {"id": 1, "status": "queued", "result": "unknown"}),
        ("GET", "/library/sections"): (200, SECTIONS),
        ("POST", "/Library/Media/Updated"): (204, None),
        ("POST", "/emby/Library/Media/Updated"): (204, None),
    }
    if asked.method == "GET" and asked.path.startswith("/library/sections/") and asked.path.endswith("/refresh"):
        return 200, None
    return answers.get((asked.method, asked.path), (404, {"message": "NotFound"}))


class Fake:
    """The server. `fault` is what happens to every request, `faults` to the next ones, one each; None is no fault."""

    def __init__(self) -> None:
        """Listen on a free port of this machine."""
        self.requests: list[Asked] = []
        self.fault: Fault | None = None
        self.faults: list[Fault | None] = []
        self.changed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.fake = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Serve."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def wait(self, count: int) -> list[Asked]:
        """Wait for so many requests, and return them all."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, PATIENCE), self.requests
            return list(self.requests)


def status(code: int, body: Any = None, **headers: str) -> Fault:
    """Answer with a status, a body and headers."""
    return lambda handler: handler.send(code, body, **headers)


def hang(handler: Handler) -> None:
    """Say nothing until the client goes away."""
    with contextlib.suppress(OSError):
        handler.connection.recv(1)
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Send a byte every now and then, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    with contextlib.suppress(OSError):
        while True:
            handler.wfile.write(b" ")
            time.sleep(0.05)


def end(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    """Give the address of a port where nobody listens."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.server_close()
    yield f"http://127.0.0.1:{server.server_address[1]}"
