"""What the tests of the HTTP server stand on: a server with answers of its own, and bare sockets as its clients."""

import errno
import json
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from arrtheaudio.config.settings import Api, Config, RateLimits, Secret, Tls
from arrtheaudio.server.http import Server
from arrtheaudio.server.message import Refused, Request, Response
from arrtheaudio.server.route import OPEN, Route
from arrtheaudio.server.router import Router
from arrtheaudio.server.stream import Deadlines
from arrtheaudio.spool.folder import SpoolUnusable

PATIENCE = 20.0
QUICK = Deadlines(head=0.6, body=0.8, answer=1.0, linger=3.0, silence=0.3)
# So that no test is limited by how often it asks, but for the one that is about that.
RATES = RateLimits("1000000/minute", "3/minute", "1000000/minute")


class Log:
    """What would be in the log."""

    def __init__(self) -> None:
        """Have none yet."""
        self.defects: list[str] = []
        self.lines: list[dict[str, Any]] = []

    def defect(self, event: str, **fields: Any) -> None:
        """Keep a traceback."""
        self.defects.append(f"{event} {fields} {traceback.format_exc()}")

    def write(self, level: str, event: str, **fields: Any) -> None:
        """Keep a line."""
        self.lines.append({"level": level, "event": event, **fields})


class Counted(NamedTuple):
    """What the server said of an answer that it has given."""

    request: Request
    route: Route | None
    response: Response
    seconds: float


class Tiny:
    """A service that does nothing but remember."""

    def __init__(self, **api: Any) -> None:
        """Take settings of `api`."""
        self.config = Config(api=Api(**{"rate_limits": RATES} | api))
        self.log = Log()
        self.counted: list[Counted] = []
        self.went_on = threading.Event()

    def answered(self, *what: Any) -> None:
        """Remember an answer."""
        self.counted.append(Counted(*what))


def _echo(_service: Any, request: Request) -> Response:
    shown = {name: request._asdict()[name] for name in ("method", "path", "address", "id", "trusted")}
    mappings = {name: dict(request._asdict()[name]) for name in ("query", "headers", "parameters")}
    return Response(200, {**shown, **mappings, "body": request.body.decode("latin-1")})


def _json(_service: Any, request: Request) -> Response:
    return Response(202, request.json())


def _raising(error: BaseException) -> Callable[[Any, Request], Response]:
    def answer(_service: Any, _request: Request) -> Response:
        raise error

    return answer


def _fixed(*response: Any, **more: Any) -> Callable[[Any, Request], Response]:
    return lambda _service, _request: Response(*response, **more)


def _wait(service: Any, _request: Request) -> Response:
    assert service.went_on.wait(PATIENCE)
    return Response(200, {"waited": True})


def _get(path: str, answer: Any, **more: Any) -> Route:
    return Route(("GET",), path, answer, "a test", **more)


BIG = b"0123456789abcdef" * (1 << 18)
ROUTES = (
    _get("/ok", _fixed(200, {"status": "ok"})),
    _get("/echo", _echo),
    _get("/open", _echo, access=OPEN, limit=None),
    _get(
        "/page", _fixed(200, b"<p>", "text/html", headers={"content-security-policy": "default-src 'self'"}), page=True
    ),
    _get("/items", _echo),
    _get("/items/stats", _fixed(200, {"stats": True})),
    _get("/items/{id}", _echo),
    _get("/items/{id}/parts/{part}", _echo),
    Route(("DELETE",), "/items/{id}", _echo, "a test"),
    Route(("POST", "PUT"), "/echo/it", _echo, "a test"),
    Route(("POST",), "/json", _json, "a test"),
    Route(("POST",), "/seldom", _echo, "a test", limit="batch"),
    _get("/defect", _raising(ZeroDivisionError("kept from the client"))),
    _get("/full", _raising(OSError(errno.ENOSPC, "No space left on device"))),
    _get("/broken", _raising(OSError(errno.EIO, "Input/output error"))),
    _get("/spool", _raising(SpoolUnusable("the spool is gone"))),
    _get("/teapot", _raising(Refused(409, "conflict", "not now", {"Retry-After": "7"}))),
    _get("/split", _fixed(200, {}, headers={"Location": "/a\r\nSet-Cookie: evil=1"})),
    _get("/split-name", _fixed(200, {}, headers={"X: y\r\nSet-Cookie": "evil=1"})),
    _get("/framing", _fixed(200, {"a": 1}, headers={"Content-Length": "1", "Connection": "keep-alive"})),
    _get("/unspeakable", _fixed(200, {"a": object()})),
    _get("/wait", _wait),
    _get("/big", _fixed(200, BIG, "application/octet-stream")),
)


@contextmanager
def serving(
    *,
    threads: int = 16,
    deadlines: Deadlines = Deadlines(),  # noqa: B008  # a value
    tls: Tls | None = None,
    host: str = "127.0.0.1",
    **api: Any,
) -> Iterator["Served"]:
    """Run a server for a `with` block; nothing of it may have gone wrong unseen."""
    if "webhook_secret" in api:
        api["webhook_secret"] = Secret(api["webhook_secret"])
    tiny = Tiny(**api, tls=tls or Tls())
    server = Server(host, 0, tiny, Router(ROUTES), tls, threads=threads, deadlines=deadlines)  # type: ignore[arg-type]
    server.start()
    try:
        yield Served(tiny, server)
    finally:
        tiny.went_on.set()
        server.close(1.0)


class Answer(NamedTuple):
    """An answer that keeps to the form that all have."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The code of the error that it is."""
        error = self.json["error"]
        assert set(error) == {"code", "message"}
        assert error["message"]
        assert self.json["request_id"] == self.headers["x-request-id"]
        assert self.headers["content-type"] == "application/json"
        return str(error["code"])


def parse(data: bytes, *, headless: bool = False) -> Answer:
    """Return the only answer that is in the bytes; `headless` is the answer to HEAD, which has no body."""
    head, _, body = data.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    pairs = [field.partition(": ")[::2] for field in fields]
    headers = {name.lower(): value for name, value in pairs}
    assert len(headers) == len(pairs), "a header came twice"
    assert headers["connection"] == "close"
    assert headers["x-request-id"]
    assert headers["server"] == "arrtheaudio"
    assert headers["x-content-type-options"] == "nosniff"
    if not headless and "content-length" in headers:
        assert len(body) == int(headers["content-length"]), "more or less than one answer"
    else:
        assert body == b""
    version, status, _ = line.split(" ", 2)
    assert version == "HTTP/1.1"
    return Answer(int(status), headers, body)


class Served(NamedTuple):
    """A server that runs, and its service."""

    service: Tiny
    server: Server

    def connect(self) -> socket.socket:
        """Return a connection."""
        return socket.create_connection(("127.0.0.1", self.server.port), PATIENCE)

    def send(self, data: bytes, *, headless: bool = False) -> Answer:
        """Send bytes, and return the answer."""
        with self.connect() as client:
            client.sendall(data)
            return parse(everything(client), headless=headless)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Make a request; `_` in the names of headers is `-`."""
        return self.send(request(method, path, body, **headers), headless=method == "HEAD")

    def last(self) -> Counted:
        """Return what was said of the last answer, and wait for it."""
        until(lambda: self.service.counted)
        return self.service.counted[-1]


def request(method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
    """Return a request as bytes."""
    fields = {"Host": "localhost"}
    if body is not None:
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def everything(client: socket.socket) -> bytes:
    """Return all that comes until the other side ends; a reset is an error."""
    return b"".join(iter(lambda: client.recv(1 << 16), b""))


def until(look: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Return what `look` finds, as soon as it finds anything."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"nothing came of it in {seconds} s"
        time.sleep(0.01)
    return found
