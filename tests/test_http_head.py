"""The head of a request, byte for byte: what is understood, what is refused, and that there is nothing between."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio.server import head
from arrtheaudio.server.head import Head
from arrtheaudio.server.message import Refused

TCHAR = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"


def whole(line: str, *fields: str, host: bool = True) -> bytes:
    return "\r\n".join([line, *(["Host: a"] if host else []), *fields]).encode("latin-1")


def of_path(target: str) -> Head:
    return head.parse(whole(f"GET {target} HTTP/1.1"))


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        pytest.param("/", "/", {}, id="root"),
        pytest.param("/a/b", "/a/b", {}, id="plain"),
        pytest.param("/%61%c3%a9", "/a\u00e9", {}, id="percent-encoded UTF-8"),
        pytest.param("/a+b", "/a+b", {}, id="a plus is a plus in the path"),
        pytest.param("//evil/x", "//evil/x", {}, id="two slashes are not one"),
        pytest.param("/a...b/..c", "/a...b/..c", {}, id="dots in names"),
        pytest.param("/a?b=1&c=%26+d", "/a", {"b": "1", "c": "& d"}, id="query"),
        pytest.param("/a?b=1&b=2", "/a", {"b": "2"}, id="the last value"),
        pytest.param("/a?b&&c=", "/a", {"b": "", "c": ""}, id="no value"),
        pytest.param("/a?b=../..&c=/etc", "/a", {"b": "../..", "c": "/etc"}, id="paths in the query are values"),
        pytest.param("/a?b=c?d=e", "/a", {"b": "c?d=e"}, id="a second question mark"),
        pytest.param("http://b:80/c?d=1", "/c", {"d": "1"}, id="a whole URL"),
        pytest.param("HTTPS://b", "/", {}, id="a whole URL without a path"),
        pytest.param("http://b?d=1", "/", {"d": "1"}, id="a whole URL with a query alone"),
    ],
)
def test_a_target(target: str, path: str, query: dict[str, str]) -> None:
    parsed = of_path(target)
    assert (parsed.path, dict(parsed.query)) == (path, query)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("*", id="asterisk"),
        pytest.param("a", id="relative"),
        pytest.param("example.org:443", id="authority"),
        pytest.param("ftp://b/c", id="another scheme"),
        pytest.param("http://u@b/c", id="user in the host"),
        pytest.param("/a#b", id="fragment"),
        pytest.param("/a\\b", id="backslash"),
        pytest.param("/a\x7f", id="DEL"),
        pytest.param("/a\t", id="tab"),
        pytest.param("/\xe9", id="not ASCII"),
        pytest.param("/%", id="a percent sign alone"),
        pytest.param("/%4", id="half an escape"),
        pytest.param("/%zz", id="no hexadecimal"),
        pytest.param("/a?b=%f", id="half an escape in the query"),
        pytest.param("/%ff", id="no UTF-8"),
        pytest.param("/%c0%ae", id="overlong"),
        pytest.param("/%ed%a0%80", id="a surrogate"),
        pytest.param("/a?b=%ff", id="no UTF-8 in the query"),
        pytest.param("/%00", id="NUL"),
        pytest.param("/a?b=%00", id="NUL in the query"),
        pytest.param("/%0d%0aX:y", id="line break"),
        pytest.param("/a?b=%0A", id="line feed in the query"),
        pytest.param("/..", id="up"),
        pytest.param("/a/../b", id="up in the middle"),
        pytest.param("/a/./b", id="here"),
        pytest.param("/%2e%2e/b", id="up, encoded"),
        pytest.param("/.%2E", id="up, half encoded"),
        pytest.param("/a%2fb", id="encoded slash"),
        pytest.param("/a%2Fb", id="encoded slash, upper case"),
    ],
)
def test_no_target(target: str) -> None:
    with pytest.raises(Refused) as caught:
        of_path(target)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(b"GET / HTTP/1.1\nHost: a", 400, id="bare LF"),
        pytest.param(b"GET / HTTP/1.1\rHost: a", 400, id="bare CR"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: b\nContent-Length: 3", 400, id="bare LF in a value"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rContent-Length: 3", 400, id="bare CR in a value"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\r\n", 400, id="CR at the end of a value"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c", 400, id="obs-fold"),
        pytest.param(b"GET / HTTP/1.1\r\n X: b\r\nHost: a", 400, id="fold of the first line"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX : b", 400, id="space before the colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX\t: b", 400, id="tab before the colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n: b", 400, id="no name"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX", 400, id="no colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX(y): b", 400, id="name is no token"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX\xe9: b", 400, id="name is not ASCII"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x00c", 400, id="NUL in a value"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[31m", 400, id="escape in a value"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: \x7f", 400, id="DEL in a value"),
        pytest.param(b"GET / HTTP/1.1", 400, id="no Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost:", 400, id="empty Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: a", 400, id="two Hosts"),
        pytest.param(b"GET / HTTP/1.0\r\nHost: a\r\nHost: b", 400, id="two Hosts in 1.0"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a/b", 400, id="Host with a path"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a:b", 400, id="Host with a strange port"),
        pytest.param(b"GET http://b/ HTTP/1.1", 400, id="a whole URL without Host"),
        pytest.param(b"GET /", 400, id="HTTP/0.9"),
        pytest.param(b"GET  / HTTP/1.1\r\nHost: a", 400, id="two spaces"),
        pytest.param(b"GET / HTTP/1.1 \r\nHost: a", 400, id="space at the end"),
        pytest.param(b" GET / HTTP/1.1\r\nHost: a", 400, id="space at the beginning"),
        pytest.param(b"GET\t/\tHTTP/1.1\r\nHost: a", 400, id="tabs"),
        pytest.param(b"\r\nGET / HTTP/1.1\r\nHost: a", 400, id="an empty line first"),
        pytest.param(b"G(T / HTTP/1.1\r\nHost: a", 400, id="method is no token"),
        pytest.param(b"GET / http/1.1\r\nHost: a", 400, id="small letters"),
        pytest.param(b"GET / HTTP/1.10\r\nHost: a", 400, id="two digits"),
        pytest.param(b"GET / HTTP/11\r\nHost: a", 400, id="no point"),
        pytest.param(b"GET / HTTP/2.0\r\nHost: a", 505, id="HTTP/2"),
        pytest.param(b"GET / HTTP/0.9\r\nHost: a", 505, id="HTTP/0.9 by name"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01", 400, id="TLS"),
        pytest.param(b"", 400, id="nothing"),
    ],
)
def test_no_head(data: bytes, status: int) -> None:
    with pytest.raises(Refused) as caught:
        head.parse(data)
    assert caught.value.status == status


def test_names_are_small_and_values_as_they_came() -> None:
    parsed = head.parse(b"GeT / HTTP/1.0\r\nX-AB:\t b c \t\r\nx-ab:d\r\nEmpty:\r\nObs: \xe9")
    assert parsed.headers == {"x-ab": "b c, d", "empty": "", "obs": "\u00e9"}
    assert (parsed.method, parsed.version) == ("GeT", "HTTP/1.0")


def test_the_host_of_a_whole_url_is_the_one_that_counts() -> None:
    assert head.parse(whole("GET http://b:1/ HTTP/1.1")).headers["host"] == "b:1"


@pytest.mark.parametrize("host", ["a", "a.b-c_d", "a:1", "a:", "127.0.0.1:9393", "[::1]", "[::1]:9393"])
def test_a_host(host: str) -> None:
    assert head.parse(whole("GET / HTTP/1.1", f"Host: {host}", host=False)).headers["host"] == host


def test_a_hundred_headers_and_no_more() -> None:
    fields = [f"X-{number}: y" for number in range(head.MOST_HEADERS)]
    assert len(head.parse(whole("GET / HTTP/1.1", *fields[1:])).headers) == head.MOST_HEADERS
    with pytest.raises(Refused) as caught:
        head.parse(whole("GET / HTTP/1.1", *fields))
    assert caught.value.status == 431


def framing(method: str, *fields: str) -> int:
    return head.length(head.parse(whole(f"{method} / HTTP/1.1", *fields)))


@pytest.mark.parametrize(
    ("method", "fields", "length"),
    [
        pytest.param("GET", [], 0, id="no body"),
        pytest.param("DELETE", [], 0, id="DELETE without a body"),
        pytest.param("GET", ["Content-Length: 3"], 3, id="GET with a body"),
        pytest.param("POST", ["Content-Length: 0"], 0, id="an empty body"),
        pytest.param("POST", ["Content-Length:  9999999999\t"], 9999999999, id="ten digits"),
        pytest.param("POST", ["Content-Length: 007"], 7, id="zeros before"),
    ],
)
def test_a_length(method: str, fields: list[str], length: int) -> None:
    assert framing(method, *fields) == length


@pytest.mark.parametrize(
    ("method", "fields", "status"),
    [
        *(
            pytest.param("POST", [f"Content-Length: {value}"], 400, id=f"length {value or 'empty'}")
            for value in ("", "-1", "+3", "1_0", "x", "3.0", "0x3", "3,3", "3, 3", "3 3", "\u00b2", "10000000000")
        ),
        pytest.param("POST", ["Content-Length: 3", "Content-Length: 0"], 400, id="two lengths"),
        pytest.param("POST", ["Content-Length: 3", "content-length: 3"], 400, id="the same length twice"),
        pytest.param("POST", ["Transfer-Encoding: chunked"], 411, id="chunked"),
        pytest.param("GET", ["Transfer-Encoding:"], 411, id="an empty encoding"),
        pytest.param("POST", ["Transfer-Encoding: x", "Content-Length: 3"], 400, id="both"),
        pytest.param("POST", [], 411, id="POST without a length"),
        pytest.param("PUT", [], 411, id="PUT without a length"),
        pytest.param("PATCH", [], 411, id="PATCH without a length"),
    ],
)
def test_no_length(method: str, fields: list[str], status: int) -> None:
    with pytest.raises(Refused) as caught:
        framing(method, *fields)
    assert caught.value.status == status


def test_what_a_client_expects() -> None:
    assert not head.expects(head.parse(whole("GET / HTTP/1.1")))
    assert head.expects(head.parse(whole("GET / HTTP/1.1", "Expect: 100-Continue")))
    assert not head.expects(head.parse(whole("GET / HTTP/1.0", "Expect: 100-continue")))
    with pytest.raises(Refused) as caught:
        head.expects(head.parse(whole("GET / HTTP/1.1", "Expect: the unexpected")))
    assert caught.value.status == 417


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(b"GET /\r\n", 400, id="HTTP/0.9"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\n", 400, id="bare LF"),
        pytest.param(b"GET / HTTP/3.0\r\nHost", 505, id="version"),
        pytest.param(b"GET /" + b"a" * head.LINE_LIMIT, 414, id="a long line, not ended"),
        pytest.param(b"GET /" + b"a" * head.LINE_LIMIT + b" HTTP/1.1\r\nHost: a", 414, id="a long line"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"a" * head.LIMIT, 431, id="a long head"),
    ],
)
def test_what_is_hopeless_is_refused_before_it_ends(data: bytes, status: int) -> None:
    with pytest.raises(Refused) as caught:
        head.hopeless(data)
    assert caught.value.status == status


WELL_FORMED = b"POST /a?b=c HTTP/1.1\r\nHost: a.b:1\r\nContent-Length: 3\r\nX-Y: z z"


def test_the_beginning_of_a_head_is_not_hopeless() -> None:
    assert head.parse(WELL_FORMED)
    for end in range(len(WELL_FORMED) + 1):
        head.hopeless(WELL_FORMED[:end])


def outcome(data: bytes) -> Head | int:
    """Return what comes of bytes, as the server reads them; nothing but Refused may come out."""
    try:
        head.hopeless(data)
        parsed = head.parse(data)
        head.length(parsed)
        head.expects(parsed)
    except Refused as refused:
        return refused.status
    return parsed


def check(data: bytes) -> None:
    found = outcome(data)
    if isinstance(found, int):
        assert found in (400, 411, 414, 417, 431, 505)
        return
    assert found.path.startswith("/")
    assert not {".", ".."} & {*found.path.split("/")}
    texts = [found.path, *found.query, *found.query.values(), *found.headers.values()]
    assert not any(set(text) & {chr(code) for code in (*range(9), *range(10, 32), 127)} for text in texts)
    assert all(name and set(name) <= set(TCHAR) - set(string.ascii_uppercase) for name in found.headers)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_refused(data: bytes) -> None:
    check(data)


@given(st.lists(st.tuples(st.integers(0, len(WELL_FORMED)), st.integers(0, 3), st.binary(max_size=4)), max_size=4))
def test_any_change_to_a_head_is_a_head_or_refused(changes: list[tuple[int, int, bytes]]) -> None:
    data = WELL_FORMED
    for at, removed, put in changes:
        data = data[:at] + put + data[at + removed :]
    check(data)


@pytest.mark.parametrize("byte", [*range(9), *range(10, 32), 127])
def test_no_control_character_is_let_in_anywhere(byte: int) -> None:
    for at in range(len(WELL_FORMED) + 1):
        with pytest.raises(Refused):
            head.parse(WELL_FORMED[:at] + bytes([byte]) + WELL_FORMED[at:])


values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
names = st.text(TCHAR, min_size=1, max_size=12).filter(
    lambda name: name.lower() not in ("host", "content-length", "transfer-encoding", "expect")
)


@given(
    st.text(TCHAR, min_size=1, max_size=8),
    st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1), max_size=4),
    st.dictionaries(st.text(st.characters(exclude_categories=["C"])), st.text(st.characters(exclude_categories=["C"]))),
    st.dictionaries(names, values, max_size=8),
)
def test_what_is_written_by_the_rules_is_read_as_it_was_meant(
    method: str, segments: list[str], query: dict[str, str], headers: dict[str, str]
) -> None:
    segments = [segment.replace("/", "") or "x" for segment in segments if segment.replace("/", "") not in (".", "..")]
    path = "/" + "/".join("".join(f"%{byte:02x}" for byte in segment.encode()) for segment in segments)
    pairs = "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in query.items())
    fields = [f"{name}: {value}" for name, value in headers.items()]
    parsed = head.parse(whole(f"{method} {path}?{pairs} HTTP/1.1", *fields))
    assert (parsed.method, parsed.path) == (method, "/" + "/".join(segments))
    assert parsed.query == {name: value for name, value in query.items() if name or value} | (
        {"": ""} if query.get("") == "" else {}
    )
    lower: dict[str, list[str]] = {"host": ["a"]}
    for name, value in headers.items():
        lower.setdefault(name.lower(), []).append(value)
    assert parsed.headers == {name: ", ".join(found) for name, found in lower.items()}


def _escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())
