"""A request as an answer gets it, and an answer as the connection sends it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from arrtheaudio.core import record as records
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Error

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Request(Value):
    """A whole request, read and let in.

    `path` is decoded, without the query; `query` has the last value of each name. `headers` have lower-case names.
    `parameters` are those of the route's path. `address` is the client's, as far as proxies that are trusted say it.
    `trusted` says that it carries the secret, or that none is set.
    """

    method: str
    path: str
    query: Mapping[str, str] = _NOTHING
    headers: Mapping[str, str] = _NOTHING
    body: bytes = b""
    address: str = ""
    id: str = ""
    parameters: Mapping[str, str] = _NOTHING
    trusted: bool = False

    def json(self) -> dict[str, Any]:
        """Return the object that the body is; Refused, with 400, where it is none, or nested too deeply."""
        return parse(self.body)


class Response(Value):
    """An answer: `body` is JSON unless it is bytes, which are of the media type `kind`.

    `about` goes into the request's log line, and the audit's: ids and an outcome, never a secret.
    """

    status: int
    body: Any
    kind: str = "application/json"
    headers: Mapping[str, str] = _NOTHING
    about: Mapping[str, Any] = MappingProxyType({})


class Refused(Exception):
    """The request gets no other answer than this error."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] = _NOTHING) -> None:
        """Take the status, a word for programs, a line for people, and headers such as Retry-After."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers

    def response(self, request_id: str) -> Response:
        """Return the answer that says so."""
        body = {"error": {"code": self.code, "message": str(self)}, "request_id": request_id}
        return Response(self.status, body, headers=self.headers, about={"error": self.code, "message": str(self)})


# Deeper than anything that an Arr sends, and far from Python's own limit.
_DEEPEST = 64


def parse(body: bytes) -> dict[str, Any]:
    """Return the object that a JSON text is; Refused, with 400, where it is none."""
    try:
        value = records.parse(body)
    except Error as error:
        raise Refused(400, error.code, f"the body: {error}") from None
    # Fewer brackets than that cannot be nested deeper: most bodies need not be walked through.
    if body.count(b"{") + body.count(b"[") > _DEEPEST and _deeper(value, _DEEPEST):
        raise Refused(400, "invalid_json", f"the body is nested deeper than {_DEEPEST}")
    return value


def _deeper(value: Any, left: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return left == 0 or any(_deeper(item, left - 1) for item in inner)
