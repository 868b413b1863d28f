"""Answers for people: the status page, the documentation, and the files that both are made of.

Why no Swagger UI: what PyPI has of it (swagger-ui-bundle 1.1.0, Swagger UI 4.15) renders no OpenAPI 3.1 ("Unable to
render this definition"), loads pictures that our Content-Security-Policy forbids, and is 8 MB with Jinja2 on top.
"""

import hashlib
import json
import os
from typing import TYPE_CHECKING

from arrtheaudio.server import openapi
from arrtheaudio.server.message import Refused, Request, Response
from arrtheaudio.server.route import Answer, Route, Schema

if TYPE_CHECKING:
    from arrtheaudio.config.settings import Api
    from arrtheaudio.server.service import Service

PAGES = os.path.join(os.path.dirname(__file__), "pages")
_HTML, _CSS, _SCRIPT, _SVG = "text/html; charset=utf-8", "text/css; charset=utf-8", "text/javascript", "image/svg+xml"
_SCRIPTS = ("ask", "batches", "changes", "docs", "failures", "health", "held", "listing", "now", "page")
_MORE = ("review", "sample", "show", "tracks", "words")
# Nothing else is ever read: no name in a request becomes a path.
ASSETS = {"page.css": _CSS, "docs.css": _CSS, "icon.svg": _SVG} | {
    f"{name}.js": _SCRIPT for name in (*_SCRIPTS, *_MORE)
}
_LOOPBACK = ("127.", "::1", "localhost")

_OURS = ("script-src", "style-src", "img-src", "connect-src", "form-action")
_POLICY = "; ".join(
    ["default-src 'none'", *(f"{kind} 'self'" for kind in _OURS), "base-uri 'none'", "frame-ancestors 'none'"]
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # kept, and asked about each time: after an update nobody sees the old page
}


def _status(service: "Service", request: Request) -> Response:
    page = _read("index.html").replace(b'data-access=""', f'data-access="{_access(service.config.api)}"'.encode(), 1)
    return _tagged(request, page, _HTML)


def _access(api: "Api") -> str:
    """Say who can send us webhooks; a page cannot know, and says how to connect."""
    if api.webhook_secret is None:
        return "no-secret"  # then `serve` listens at a local address alone
    return "loopback" if api.host.startswith(_LOOPBACK) else "network"


def _docs(_service: "Service", request: Request) -> Response:
    return _file(request, "docs.html", _HTML)


def _asset(_service: "Service", request: Request) -> Response:
    name = request.parameters["name"]
    if name not in ASSETS:
        raise Refused(404, "not_found", "there is nothing at this path")
    return _file(request, name, ASSETS[name])


def _file(request: Request, name: str, kind: str) -> Response:
    return _tagged(request, _read(name), kind)


def _read(name: str) -> bytes:
    # Each time: kept in memory, they would be there for the many servers that nobody looks at.
    with open(os.path.join(PAGES, name), "rb") as file:
        return file.read()


def _openapi(_service: "Service", request: Request) -> Response:
    return _tagged(request, text().encode(), "application/json")


def text() -> str:
    """Return the OpenAPI document of all routes, as JSON."""
    from arrtheaudio.server.routes import ROUTES as ALL  # which have ours

    return json.dumps(openapi.document(ALL), ensure_ascii=False, indent=2) + "\n"


def _tagged(request: Request, body: bytes, kind: str) -> Response:
    """Return an answer with its ETag; 304 to a browser that has it (RFC 9110, 13.1.2)."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    known = [name.strip().removeprefix("W/") for name in request.headers.get("if-none-match", "").split(",")]
    headers = {**_HEADERS, "ETag": tag}
    if tag in known or known == ["*"]:
        return Response(304, b"", kind, headers)
    return Response(200, body, kind, headers)


_SAME = ("It has not changed.", None)


def _page(path: str, answer: Answer, summary: str, help: str, shown: tuple[str, Schema | None]) -> Route:  # noqa: A002
    answers = {200: shown, 304: _SAME}
    return Route(("GET",), path, answer, summary, help, answers=answers, limit=None, page=True, tag="pages")


ROUTES = (
    _page("/", _status, "The status page", "What runs, what is next, what was changed and why.", ("HTML.", None)),
    _page("/docs", _docs, "The documentation", "This, to read and to try.", ("HTML.", None)),
    _page("/openapi.json", _openapi, "This document", "OpenAPI 3.1.", ("OpenAPI.", {"type": "object"})),
    _page("/assets/{name}", _asset, "A file of the pages", "", ("A style sheet, a script, a picture.", None)),
)
