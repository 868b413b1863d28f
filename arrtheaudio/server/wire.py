"""An answer as bytes: its status line, its headers, its body."""

import email.utils
import functools
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from arrtheaudio.core import record as records
from arrtheaudio.server.message import Response

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# An answer's own headers come before these.
_USUAL = {
    "Server": "arrtheaudio",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_NAME = re.compile(r"[A-Za-z0-9-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_BODILESS = frozenset({204, 304})


def render(
    response: Response, request_id: str, more: Mapping[str, str] = MappingProxyType({}), *, head_only: bool = False
) -> bytes:
    """Return an answer as it is sent; `more` are headers besides its own, `head_only` is the answer to HEAD.

    ValueError or TypeError where a header would be another's, or the body is no JSON.
    """
    bodiless = response.status in _BODILESS
    body = b"" if bodiless else _body(response)
    headers = _merged(response.headers, more)
    if not bodiless:
        headers |= {
            "content-type": ("Content-Type", response.kind),
            "content-length": ("Content-Length", str(len(body))),
        }
    own = {"Date": date(int(time.time())), "X-Request-ID": request_id, "Connection": "close"}
    lines = [_status_line(response.status)]
    lines += [_line(name, value) for name, value in (*headers.values(), *own.items())]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return head if head_only else head + body


def _body(response: Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else records.line(response.body)


def _merged(own: Mapping[str, str], more: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return names and values by the lower-case name, without those that belong to the connection."""
    headers = dict(_BASE)
    for name, value in (*more.items(), *own.items()):
        headers[name.lower()] = (name, value)
    for name in ("connection", "transfer-encoding", "date", "x-request-id"):
        headers.pop(name, None)
    return headers


def _line(name: str, value: str) -> str:
    # A line break in either would begin another header, or another answer.
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise ValueError(f"no header: {name!r:.60}: {value!r:.200}")
    return f"{name}: {value}"


@functools.cache
def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"


@functools.lru_cache(1)
def date(second: int) -> str:
    """Return a second since 1970 as `Date` has it."""
    return email.utils.formatdate(second, usegmt=True)


_BASE = {name.lower(): (name, value) for name, value in _USUAL.items()}
