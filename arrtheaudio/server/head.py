"""The head of a request: from the bytes that came to what they say, by the strict grammar of RFC 9110 and RFC 9112.

Whatever two programs could read in two ways is refused, and so is all that no client of ours sends.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote_to_bytes

from arrtheaudio.core.value import Value
from arrtheaudio.server.message import Refused

# Bytes: of the whole head, and of the request line.
LIMIT = 16 << 10
LINE_LIMIT = 8 << 10
MOST_HEADERS = 100

END = b"\r\n\r\n"

_TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
# A tab, CR and LF (whose places are checked by themselves), ASCII that can be seen, and obs-text.
_TEXT = b"\t\r\n" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
_TARGET = bytes(byte for byte in range(0x21, 0x7F) if byte not in b'"#<>\\')

_VERSION = re.compile(rb"HTTP/[0-9]\.[0-9]")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?")
_LENGTH = re.compile(r"[0-9]{1,10}")
_ABSOLUTE = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE)
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NEWEST, _OLDER = "HTTP/1.1", "HTTP/1.0"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Head(Value):
    """What a head says.

    `path` is decoded; `query` has the last value of each name. `headers` have lower-case names; the values of one that
    came more than once are joined by `, `. `version` is `HTTP/1.1` or `HTTP/1.0`.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    version: str


def parse(data: bytes) -> Head:
    """Return what a head says, which is given without the empty line that ends it; Refused where it is malformed."""
    _check_bytes(data)
    line, *fields = data.split(b"\r\n")
    method, target, version = _request_line(line)
    if len(fields) > MOST_HEADERS:
        raise Refused(431, "headers_too_large", f"more than {MOST_HEADERS} header fields")
    headers = _headers(fields)
    target = _origin_form(target, headers)
    _check_host(headers, required=version == _NEWEST)
    path, _, query = target.partition(b"?")
    return Head(method, _path(path), _query(query), headers, version)


def length(head: Head) -> int:
    """Return the length of the body in bytes (RFC 9112, 6). There is one way only to say it; Refused for all others."""
    given = head.headers.get("content-length")
    if "transfer-encoding" in head.headers:
        if given is not None:
            raise _bad("both Content-Length and Transfer-Encoding")
        raise Refused(411, "length_required", "Transfer-Encoding is not taken; send Content-Length")
    if given is None:
        if head.method in _WITH_BODY:
            raise Refused(411, "length_required", "Content-Length is needed, 0 where there is no body (curl: -d '')")
        return 0
    if not _LENGTH.fullmatch(given):
        raise _bad("Content-Length is not one number of at most ten digits")
    return int(given)


def expects(head: Head) -> bool:
    """Say whether the client waits for `100 Continue` before it sends the body; Refused where it expects more."""
    expected = head.headers.get("expect")
    if expected is None or head.version != _NEWEST:
        return False
    if expected.lower() != "100-continue":
        raise Refused(417, "expectation_failed", "Expect knows 100-continue alone")
    return True


def hopeless(data: bytes) -> None:
    """Raise Refused where the beginning of a head shows already that none will come of it."""
    check_size(data)
    line, ended, _ = data.partition(b"\r\n")
    if data.count(b"\n") != data.count(b"\r\n"):
        raise _bad("a line ends without a carriage return")
    if ended:
        _request_line(line)


def check_size(data: bytes) -> None:
    """Raise Refused where a head, or its beginning, is too long."""
    if len(data) > LINE_LIMIT and data.find(b"\r\n", 0, LINE_LIMIT + 2) < 0:
        raise Refused(414, "uri_too_long", f"the request line is longer than {LINE_LIMIT:,} bytes")
    if len(data) > LIMIT:
        raise Refused(431, "headers_too_large", f"the head is longer than {LIMIT:,} bytes")


def _bad(message: str) -> Refused:
    return Refused(400, "bad_request", message)


def _check_bytes(data: bytes) -> None:
    if not data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r"):
        raise _bad("a carriage return or a line feed stands by itself")
    if data.translate(None, _TEXT):
        raise _bad("the head holds control characters")


def _request_line(line: bytes) -> tuple[str, bytes, str]:
    """Return the method, the target and the version (RFC 9112, 3)."""
    words = line.split(b" ")
    if len(words) != 3 or not words[0] or words[0].translate(None, _TOKEN) or not _VERSION.fullmatch(words[2]):
        raise _bad("the request line is not `METHOD TARGET HTTP/1.1`")
    version = words[2].decode()
    if version not in (_NEWEST, _OLDER):
        raise Refused(505, "version_not_supported", f"{_NEWEST} and {_OLDER} are spoken here")
    return words[0].decode(), words[1], version


def _headers(fields: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for field in fields:
        name, colon, value = field.partition(b":")
        # no name with a space: neither one before the colon, nor a line that goes on with the one above (obs-fold)
        if not colon or not name or name.translate(None, _TOKEN):
            raise _bad("a header field is not `Name: value`")
        key = name.decode().lower()
        text = value.strip(b" \t").decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _origin_form(target: bytes, headers: dict[str, str]) -> bytes:
    """Return the target from its path on (RFC 9112, 3.2.1); the host of a whole URL takes the place of `Host`."""
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute:
        if "host" in headers:
            headers["host"] = absolute[1].decode("latin-1")
        target = absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2]
    if not target.startswith(b"/") or target.translate(None, _TARGET):
        raise _bad("the target is no path")
    return target


def _check_host(headers: Mapping[str, str], *, required: bool) -> None:
    # Two of them, joined by a comma, are no host either.
    host = headers.get("host")
    if host is None and not required:
        return
    if host is None or not _HOST.fullmatch(host):
        raise _bad("exactly one Host is needed")


def _path(raw: bytes) -> str:
    # An encoded slash would make another path of it, one that has not been looked at.
    if b"%2f" in raw.lower():
        raise _bad("the path holds an encoded slash")
    path = _decoded(raw)
    if not {".", ".."}.isdisjoint(path.split("/")):
        raise _bad("the path holds `.` or `..`")
    return path


def _query(raw: bytes) -> Mapping[str, str]:
    return dict(_pairs(raw)) if raw else {}


def _pairs(raw: bytes) -> Iterator[tuple[str, str]]:
    for pair in raw.replace(b"+", b" ").split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            yield _decoded(name), _decoded(value)


def _decoded(raw: bytes) -> str:
    if _BAD_ESCAPE.search(raw):
        raise _bad("a percent sign without two hexadecimal digits")
    try:
        text = (unquote_to_bytes(raw) if b"%" in raw else raw).decode()
    except UnicodeDecodeError:
        raise _bad("the target is not UTF-8") from None
    if _CONTROL.search(text):
        raise _bad("the target holds encoded control characters")
    return text
