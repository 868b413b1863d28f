"""The HTTP server through real sockets: what is refused, what is cut off, and who is answered meanwhile."""

import contextlib
import gc
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from http_rig import PATIENCE, QUICK, ROUTES, Served, Tiny, everything, parse, request, serving, until

from arrtheaudio.server import origin
from arrtheaudio.server.exchange import LIMIT
from arrtheaudio.server.limits import Limiter, Room
from arrtheaudio.server.router import Router
from arrtheaudio.server.stream import Deadlines
from arrtheaudio.server.threads import Threads

POST = b"POST /echo/it HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
SECOND = b"GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as found:
        yield found


# What a bare http.server lets through, one row each; `SECOND` must never be taken for a request of its own.
@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(CHUNKED + b"\r\n2f\r\n" + SECOND + b"\r\n0\r\n\r\n", 411, id="chunked"),
        pytest.param(CHUNKED + b"Content-Length: 3\r\n\r\nabc" + SECOND, 400, id="a length and an encoding"),
        pytest.param(POST + b"Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc", 400, id="two lengths"),
        pytest.param(POST + b"Content-Length : 3\r\n\r\nabc", 400, id="a space before the colon"),
        pytest.param(POST + b"Content-Length: -1\r\n\r\nabc", 400, id="a length below zero"),
        pytest.param(POST + b"Content-Length: +3\r\n\r\nabc", 400, id="a sign"),
        pytest.param(POST + b"Content-Length: 1_0\r\n\r\n0123456789", 400, id="an underscore"),
        pytest.param(POST + b"Content-Length: x\r\n\r\nabc", 400, id="no number"),
        pytest.param(POST + b"\r\nabc", 411, id="no length"),
        pytest.param(b"GET /ok HTTP/1.1\nHost: localhost\n\n", 400, id="bare LF"),
        pytest.param(b"GET /ok HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n", 400, id="obs-fold"),
        pytest.param(b"GET /ok HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", 400, id="NUL"),
        pytest.param(b"GET /ok HTTP/1.1\r\n\r\n", 400, id="no Host"),
        pytest.param(b"GET /ok\r\n", 400, id="HTTP/0.9"),
        pytest.param(POST + b"Content-Length: 9999999999\r\n\r\nabc", 413, id="a huge length, three bytes"),
        pytest.param(POST + b"Content-Length: 10000000000\r\n\r\nabc", 400, id="a length of eleven digits"),
        pytest.param(POST + b"Content-Length: %d\r\n\r\n" % (LIMIT + 1), 413, id="a byte more than is taken"),
        pytest.param(request("GET", "/ok", **{f"X-{n}": "" for n in range(100)}), 431, id="101 headers"),
        pytest.param(request("GET", "/ok", X="a" * 70_000), 431, id="a head of 70 kB"),
        pytest.param(request("GET", "/" + "a" * 70_000), 414, id="a target of 70 kB"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400, id="TLS"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, id="HTTP/2"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, id="asterisk"),
        pytest.param(b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, id="CONNECT"),
        pytest.param(request("GET", "/..%2f..%2fetc/passwd"), 400, id="a path upwards"),
        pytest.param(request("POST", "/echo/it", b"{}", Expect="more"), 417, id="another expectation"),
    ],
)
def test_what_is_refused(served: Served, data: bytes, status: int) -> None:
    before = len(served.service.counted)
    answer = served.send(data)
    assert answer.status == status
    assert answer.error
    until(lambda: len(served.service.counted) > before)
    (counted,) = served.service.counted[before:]
    assert counted.response.status == status
    assert served.ask("GET", "/ok").status == 200
    assert not served.service.log.defects


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(SECOND + SECOND, id="after a GET"),
        pytest.param(request("POST", "/echo/it", b"{}") + SECOND, id="after a body"),
        pytest.param(request("POST", "/echo/it", b" " * 20_000) + SECOND, id="after a long body"),
        pytest.param(SECOND.replace(b"/ok", b"/nowhere") + SECOND, id="after an error"),
        pytest.param(SECOND.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n") + SECOND, id="kept alive"),
    ],
)
def test_a_second_request_is_not_taken(served: Served, data: bytes) -> None:
    before = len(served.service.counted)
    served.send(data)  # which asserts that there is one answer
    served.ask("GET", "/items")
    until(lambda: served.service.counted[-1].request.path == "/items")
    assert len(served.service.counted) == before + 2


def test_what_an_answer_gets_to_know(served: Served) -> None:
    body = b'{"a": "\xc3\xa9"}'
    answer = served.ask("PUT", "/echo/it?a=1&a=%C3%A9", body, X_Request_ID="abc.1-2_3", X_One="1")
    seen = answer.json
    assert (seen["method"], seen["path"], seen["query"]) == ("PUT", "/echo/it", {"a": "\u00e9"})
    assert seen["body"].encode("latin-1") == body
    assert (seen["address"], seen["id"], seen["trusted"]) == ("127.0.0.1", "abc.1-2_3", True)
    assert seen["headers"]["x-one"] == "1"
    assert answer.headers["x-request-id"] == "abc.1-2_3"
    counted = served.last()
    assert counted.route is not None
    assert (counted.route.path, counted.response.status) == ("/echo/it", 200)
    assert 0 < counted.seconds < PATIENCE


@pytest.mark.parametrize("given", ["", "a b", "a/b", "\xe9", "a" * 65, "<script>"])
def test_an_unsafe_request_id_is_replaced(served: Served, given: str) -> None:
    ids = {served.ask("GET", "/ok", X_Request_ID=given).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert given not in ids


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/echo/it", 411), ("/json", 405)])
def test_errors_carry_the_callers_id_too(served: Served, path: str, status: int) -> None:
    method = "POST" if status == 411 else "GET"
    answer = served.ask(method, path, X_Request_ID="mine")
    assert (answer.status, answer.json["request_id"]) == (status, "mine")
    assert answer.error
    assert served.last().request.path == path


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/ok", "GET, HEAD"),
        ("DELETE", "/ok", "GET, HEAD"),
        ("OPTIONS", "/ok", "GET, HEAD"),
        ("TRACE", "/ok", "GET, HEAD"),
        ("get", "/ok", "GET, HEAD"),
        ("NONSENSE", "/echo/it", "POST, PUT"),
        ("HEAD", "/echo/it", "POST, PUT"),
        ("PATCH", "/items/1", "DELETE, GET, HEAD"),
        ("DELETE", "/items/stats", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(served: Served, method: str, path: str, allowed: str) -> None:
    answer = served.ask(method, path, b"{}")
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/items/1", {"id": "1"}),
        ("/items/a%20b", {"id": "a b"}),
        ("/items/statsx", {"id": "statsx"}),
        ("/items/1/parts/2", {"id": "1", "part": "2"}),
        ("/items", {}),
        ("/items/stats", None),
        ("/items/", 404),
        ("/items/1/", 404),
        ("/items//parts/2", 404),
        ("/items/1/parts/", 404),
        ("/items/1/parts/2/3", 404),
        ("//items/1", 404),
        ("/", 404),
        ("/Ok", 404),
    ],
)
def test_a_path_leads_to_one_route(served: Served, path: str, parameters: object) -> None:
    answer = served.ask("GET", path)
    if parameters == 404:
        assert (answer.status, answer.error) == (404, "not_found")
    elif parameters is None:
        assert answer.json == {"stats": True}
    else:
        assert answer.json["parameters"] == parameters


def test_two_routes_for_one_request_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="/ok is answered twice"):
        Router((*ROUTES, ROUTES[0]))


def test_head_is_get_without_the_body(served: Served) -> None:
    head, get = served.ask("HEAD", "/ok"), served.ask("GET", "/ok")
    for name in {*get.headers} - {"date", "x-request-id"}:
        assert head.headers[name] == get.headers[name]
    assert served.ask("HEAD", "/nowhere").status == 404


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_a_body_is_json(served: Served, kind: str) -> None:
    assert served.ask("POST", "/echo/it", b"{}", Content_Type=kind).status == 200


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/jsonx", "application/json; charset=latin-1", "multipart/form-data; boundary=x"],
)
def test_a_body_of_another_kind_is_refused(served: Served, kind: str) -> None:
    answer = served.ask("POST", "/echo/it", b"{}", Content_Type=kind)
    assert (answer.status, answer.error) == (415, "unsupported_media_type")
    assert served.ask("POST", "/echo/it", b"", Content_Type=kind).status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"nul", b'{"a":NaN}', b"\xff", b'{"a":' * 70 + b"1" + b"}" * 70])
def test_no_json_is_no_defect(served: Served, body: bytes) -> None:
    assert served.ask("POST", "/json", body).status == 400


def test_json_of_any_depth_breaks_no_thread(served: Served) -> None:
    for body in (b'{"a":' + b"[" * (LIMIT - 5), b'{"a":' * (LIMIT // 5)):
        assert served.ask("POST", "/json", body).status == 400


def test_a_body_of_a_mebibyte_is_taken(served: Served) -> None:
    body = b'"' + b"a" * (LIMIT - 2) + b'"'
    assert len(served.ask("POST", "/echo/it", body).json["body"]) == LIMIT


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        pytest.param("/defect", 500, "internal", id="a defect"),
        pytest.param("/broken", 500, "internal", id="a disk that fails"),
        pytest.param("/unspeakable", 500, "internal", id="an answer that is no JSON"),
        pytest.param("/split", 500, "internal", id="a line break in a header's value"),
        pytest.param("/split-name", 500, "internal", id="a line break in a header's name"),
        pytest.param("/full", 503, "no_space", id="a disk that is full"),
        pytest.param("/spool", 503, "unavailable", id="a queue that is gone"),
    ],
)
def test_what_goes_wrong_is_for_the_log(path: str, status: int, code: str) -> None:
    with serving() as served:
        answer = served.ask("GET", path, X_Request_ID="find-me")
        assert (answer.status, answer.error) == (status, code)
        assert ("retry-after" in answer.headers) == (status == 503)
        assert "set-cookie" not in answer.headers
        assert b"kept from the client" not in answer.body
        (defect,) = served.service.log.defects
        assert "find-me" in defect
        assert "Traceback" in defect
        assert served.ask("GET", "/ok").status == 200


def test_an_answer_may_be_an_error_with_headers(served: Served) -> None:
    answer = served.ask("GET", "/teapot")
    assert (answer.status, answer.error, answer.headers["retry-after"]) == (409, "conflict", "7")
    assert not served.service.log.defects


def test_an_answers_own_headers_win_but_for_the_framing(served: Served) -> None:
    assert served.ask("GET", "/ok").headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert served.ask("GET", "/ok").headers["cache-control"] == "no-store"
    page = served.ask("GET", "/page")
    assert (page.headers["content-security-policy"], page.headers["content-type"]) == (
        "default-src 'self'",
        "text/html",
    )
    assert page.headers["referrer-policy"] == "same-origin"
    assert served.ask("GET", "/framing").json == {"a": 1}


def test_100_continue_comes_after_the_checks(served: Served) -> None:
    wanted = request("POST", "/echo/it", b"{}", Expect="100-continue")
    with served.connect() as client:
        client.sendall(wanted[:-2])
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(wanted[-2:])
        assert parse(everything(client)).status == 200
    for refused in (
        wanted.replace(b"/echo/it", b"/nowhere"),
        wanted.replace(b"application/json", b"text/plain"),
        wanted.replace(b"Length: 2", b"Length: 1048577"),
    ):
        with served.connect() as client:
            client.sendall(refused[:-2])
            assert parse(everything(client)).status in (404, 413, 415)


def test_a_client_that_sends_too_much_reads_why(served: Served) -> None:
    pid, size = os.getpid(), 200 << 20
    chunk = bytes(1 << 20)
    served.ask("GET", "/ok")
    before = resident(pid)
    with served.connect() as client:
        client.sendall(POST + b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(chunk)):  # and looks at nothing before it has sent all
            client.sendall(chunk)
        assert parse(everything(client)).error == "body_too_large"
    assert resident(pid) - before < 16 << 20


def test_what_all_bodies_take_together_is_bounded() -> None:
    room = Room(10)
    assert room.take(6)
    assert not room.take(5)
    room.give(6)
    assert room.take(10)
    with serving() as served:
        served.server._listener.room = Room(500_000)
        for _ in range(3):
            assert served.ask("POST", "/echo/it", b"a" * 400_000).status == 200
            refused = served.ask("POST", "/echo/it", b"a" * 600_000)
            assert (refused.status, refused.error, refused.headers["retry-after"]) == (503, "busy", "5")


@pytest.mark.parametrize("way", ["close", "reset", "half a head", "half a body", "before the answer", "mid-answer"])
def test_clients_that_go_away_are_no_error(way: str) -> None:
    with serving() as served:
        client = served.connect()
        if way == "half a head":
            client.sendall(b"GET /ok HTT")
        elif way == "half a body":
            client.sendall(request("POST", "/echo/it", b"{}")[:-1])
        elif way == "before the answer":
            client.sendall(request("GET", "/wait"))
            until(lambda: served.server._threads.busy)
        elif way == "mid-answer":
            client.sendall(request("GET", "/big"))
            client.recv(10)
        if way != "close":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close sends a reset
        client.close()
        served.service.went_on.set()
        until(lambda: not served.server._threads.busy)
        assert not served.service.log.defects
        assert served.ask("GET", "/ok").status == 200


def test_a_client_that_only_ends_its_side_is_told(served: Served) -> None:
    for data in (b"GET /ok HTT", request("POST", "/echo/it", b"{}")[:-1]):
        with served.connect() as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            assert parse(everything(client)).status == 400
    with served.connect() as client:
        client.sendall(SECOND)
        client.shutdown(socket.SHUT_WR)
        assert parse(everything(client)).status == 200


@contextlib.contextmanager
def dripping(client: socket.socket, byte: bytes = b"a", every: float = 0.05) -> Iterator[None]:
    """Have a byte sent again and again, as long as the server takes it."""
    ended = threading.Event()

    def drip() -> None:
        with contextlib.suppress(OSError):
            while not ended.wait(every):
                client.sendall(byte)

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize(
    ("sent", "least", "most"),
    [
        pytest.param(b"GET /ok HTTP/1.1\r\nHost: localhost\r\nX: ", QUICK.head, QUICK.head + 0.6, id="head"),
        pytest.param(POST + b"Content-Length: 1000000\r\n\r\n", QUICK.body, QUICK.body + 0.6, id="body"),
    ],
)
def test_no_dripping_byte_puts_a_deadline_off(sent: bytes, least: float, most: float) -> None:
    with serving(deadlines=QUICK) as served, served.connect() as client:
        start = time.monotonic()
        client.sendall(sent)
        with dripping(client):
            first = client.recv(1 << 16)
            took = time.monotonic() - start
        assert parse(first).error == "timeout"
        assert parse(first).status == 408
        assert least - 0.05 <= took < most
        client.shutdown(socket.SHUT_WR)
        until(lambda: not served.server._threads.busy)


def test_a_silent_client_is_hung_up_on() -> None:
    with serving(deadlines=QUICK) as served, served.connect() as client:
        start = time.monotonic()
        assert everything(client) == b""
        assert QUICK.head - 0.05 <= time.monotonic() - start < QUICK.head + 0.6
        assert not served.service.counted


def test_a_client_that_does_not_read_is_hung_up_on() -> None:
    with serving(deadlines=QUICK) as served, served.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(request("GET", "/big"))
        until(lambda: served.service.counted)
        assert QUICK.answer - 0.05 <= served.last().seconds < QUICK.answer + 0.6
        until(lambda: not served.server._threads.busy)


def test_a_client_that_never_stops_sending_is_hung_up_on() -> None:
    deadlines = QUICK._replace(linger=0.7)
    with serving(deadlines=deadlines) as served, served.connect() as client:
        client.sendall(POST + b"Content-Length: 9999999\r\n\r\n")
        start = time.monotonic()
        with dripping(client):
            until(lambda: not served.server._threads.busy)
        assert time.monotonic() - start < deadlines.linger + 0.6


def slow_clients(served: Served, stack: contextlib.ExitStack, number: int) -> None:
    for at in range(number):
        client = stack.enter_context(served.connect())
        client.sendall((b"GET /ok HTTP/1.1\r\nX:", POST + b"Content-Length: 9\r\n\r\n", b"G")[at % 3])


def test_an_honest_client_is_answered_among_a_hundred_slow_ones() -> None:
    with serving(threads=400) as served, contextlib.ExitStack() as stack:
        slow_clients(served, stack, 100)
        until(lambda: served.server._threads.busy == 100)
        for _ in range(5):
            start = time.monotonic()
            assert served.ask("GET", "/ok").status == 200
            assert time.monotonic() - start < 1


def test_beyond_the_threads_a_client_is_told_at_once_to_come_again() -> None:
    with serving(threads=400, deadlines=QUICK._replace(head=4.0)) as served, contextlib.ExitStack() as stack:
        slow_clients(served, stack, 400)
        until(lambda: served.server._threads.busy == 400)
        for body in (None, b"{" + b" " * 300_000):
            start = time.monotonic()
            with served.connect() as client:
                client.sendall(request("POST", "/echo/it", body))
                answer = parse(everything(client))
            assert time.monotonic() - start < 1
            assert (answer.status, answer.error, answer.headers["retry-after"]) == (503, "busy", "5")
            assert served.last().response.status == 503
        stack.close()
        until(lambda: not served.server._threads.busy)
        assert served.ask("GET", "/ok").status == 200


def test_threads_are_shared_and_go_when_they_are_idle() -> None:
    threads, began, go = Threads(3, idle=0.2), threading.Semaphore(0), threading.Event()

    def task() -> None:
        began.release()
        go.wait(PATIENCE)

    assert [threads.submit(task) for _ in range(4)] == [True, True, True, False]
    assert all(began.acquire(timeout=PATIENCE) for _ in range(3))
    go.set()
    until(lambda: threads.busy == 0)
    assert threads.submit(task)
    assert threads.alive == 3
    until(lambda: threads.alive == 0)
    assert threads.submit(task)
    until(lambda: threads.busy == 0)


def test_a_task_that_fails_gives_its_place_back() -> None:
    with serving(threads=2) as served:
        served.service.answered = None  # type: ignore[assignment,method-assign]
        for number in range(1, 6):
            served.ask("GET", "/ok")
            until(lambda number=number: len(served.service.log.defects) == number)
        until(lambda: not served.server._threads.busy)


def test_no_thread_and_no_descriptor_is_left() -> None:
    gc.collect()
    before = {thread.name for thread in threading.enumerate()}, len(os.listdir("/proc/self/fd"))
    with serving() as served:
        for path in ("/ok", "/nowhere", "/defect", "/ok"):
            served.ask("GET", path)
        clients = [served.connect() for _ in range(10)]  # which are silent, and in nobody's way
        start = time.monotonic()
    assert time.monotonic() - start < 1
    for client in clients:
        client.close()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before[1]
    assert {thread.name for thread in threading.enumerate()} - before[0] <= {"http"}


def test_the_end_waits_for_the_requests_in_hand() -> None:
    with serving() as served, served.connect() as early, served.connect() as late:
        early.sendall(request("GET", "/wait"))
        late.sendall(POST + b"Content-Length: 2\r\n\r\n{")
        until(lambda: served.server._threads.busy == 2)
        time.sleep(0.1)
        closing = threading.Thread(target=served.server.close, args=(PATIENCE,))
        closing.start()
        with pytest.raises(ConnectionError):
            until(lambda: served.connect().close())
        served.service.went_on.set()
        late.sendall(b"}")
        assert parse(everything(early)).json == {"waited": True}
        assert parse(everything(late)).status == 200
        closing.join(PATIENCE)
        assert not closing.is_alive()


def test_the_end_does_not_wait_for_ever() -> None:
    with serving() as served, served.connect() as client:
        client.sendall(b"GET /ok HTTP")
        until(lambda: served.server._threads.busy)
        start = time.monotonic()
        served.server.close(0.3)
        assert time.monotonic() - start < 1.5
        until(lambda: not served.server._threads.busy)


def test_who_came_just_before_the_end_is_answered() -> None:
    with serving(threads=64) as served, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(served.connect()) for _ in range(30)]
        for client in clients:
            client.sendall(SECOND)
        served.server.close(PATIENCE)
        assert [parse(everything(client)).status for client in clients] == [200] * len(clients)


WITHOUT_DESCRIPTORS = """
import os, resource, sys, time
sys.path.insert(0, sys.argv[1])
from http_rig import *
with serving() as served:
    assert served.ask("GET", "/ok").status == 200
    clients = [socket.socket() for _ in range(4)]
    for client in clients:
        client.settimeout(PATIENCE)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    taken = []
    while True:
        try:
            taken.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            break
    clock = time.process_time()
    for client in clients[:2]:
        client.connect(("127.0.0.1", served.server.port))
        client.sendall(request("GET", "/ok"))
        assert parse(everything(client)).status == 503
    listener = served.server._listener
    until(lambda: listener._spare is not None)
    taken.append(listener._take_spare())  # somebody else has got it
    clients[2].connect(("127.0.0.1", served.server.port))
    clients[2].sendall(request("GET", "/ok"))
    time.sleep(0.5)
    assert time.process_time() - clock < 0.1
    for descriptor in taken:
        os.close(descriptor)
    assert parse(everything(clients[2])).status in (200, 503)
    until(lambda: listener._spare is not None)
    clients[3].connect(("127.0.0.1", served.server.port))
    clients[3].sendall(request("GET", "/ok"))
    assert parse(everything(clients[3])).status == 200
    assert not served.service.log.defects
print("survived")
"""


def test_it_survives_without_file_descriptors() -> None:
    words = [sys.executable, "-c", WITHOUT_DESCRIPTORS, str(Path(__file__).parent)]
    done = subprocess.run(words, capture_output=True, timeout=60)
    assert (done.stdout, done.stderr) == (b"survived\n", b"")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "localhost", "::"])
def test_it_listens_where_it_is_told(host: str) -> None:
    try:
        context = serving(host=host)
        served = context.__enter__()
    except OSError:
        assert ":" in host
        pytest.skip("needs IPv6")
    try:
        for address in {"127.0.0.1", "::1"} if host == "::" else {host.strip("[]")}:
            with socket.create_connection((address, served.server.port), PATIENCE) as client:
                client.sendall(request("GET", "/echo"))
                assert parse(everything(client)).json["address"] in ("127.0.0.1", "::1")
        assert served.server.url.startswith("http://")
        assert served.server.url.endswith(f":{served.server.port}/")
        assert ("[" in served.server.url) == (":" in host)
    finally:
        context.__exit__(None, None, None)


def test_an_address_that_is_taken_is_an_os_error(served: Served) -> None:
    with pytest.raises(OSError, match="in use"):
        type(served.server)("127.0.0.1", served.server.port, Tiny(), Router(()))  # type: ignore[arg-type]


def test_the_settings_are_those_of_the_moment() -> None:
    with serving() as served:
        assert served.ask("GET", "/ok").status == 200
        config = served.service.config
        served.service.config = config._replace(api=config.api._replace(webhook_secret="now"))
        assert served.ask("GET", "/ok").status == 401


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_limit_is_a_number_at_once_and_as_many_in_each_period() -> None:
    clock = Clock()
    limiter = Limiter(clock)
    assert [limiter.take("a", 3, 60) for _ in range(3)] == [0, 0, 0]
    assert limiter.take("a", 3, 60) == pytest.approx(20)
    assert limiter.wait("a", 3, 60) == pytest.approx(20)
    assert limiter.take("b", 3, 60) == 0
    clock.now += 20
    assert limiter.wait("a", 3, 60) == 0
    assert limiter.take("a", 3, 60) == 0
    assert limiter.take("a", 3, 60) > 0
    clock.now += 3600
    assert [bool(limiter.take("a", 3, 60)) for _ in range(4)] == [False] * 3 + [True]


def test_no_more_addresses_are_remembered_than_there_is_room_for() -> None:
    limiter = Limiter(Clock(), most=100)
    for number in range(1000):
        limiter.take(number, 1, 60)
    assert limiter.take(999, 1, 60) > 0
    assert limiter.take(900, 1, 60) > 0
    assert limiter.take(0, 1, 60) == 0
    assert len(limiter._free) == 100


def test_the_address_that_was_last_seen_is_remembered_for_longest() -> None:
    limiter = Limiter(Clock(), most=100)
    limiter.take("a", 2, 60)
    for number in range(99):
        limiter.take(number, 2, 60)
    limiter.take("a", 2, 60)
    for number in range(100, 199):
        limiter.take(number, 2, 60)
    assert limiter.take("a", 2, 60) > 0


def test_who_asks_too_often_waits() -> None:
    with serving() as served:
        statuses = [served.ask("POST", "/seldom", b"{}").status for _ in range(3)]
        assert statuses == [200] * 3
        answer = served.ask("POST", "/seldom", b"{}")
        assert (answer.status, answer.error) == (429, "too_many_requests")
        assert 15 <= int(answer.headers["retry-after"]) <= 20
        assert served.ask("POST", "/echo/it", b"{}").status == 200
        other = served.ask("POST", "/seldom", b"{}", X_Forwarded_For="192.0.2.1, 192.0.2.2")
        assert (other.status, other.json["address"]) == (200, "192.0.2.2")


@pytest.mark.parametrize("forwarded", ["", "unknown", "192.0.2.1, evil\t", "192.0.2.1:80"])
def test_a_proxy_that_names_no_address_is_the_client_itself(served: Served, forwarded: str) -> None:
    assert served.ask("GET", "/echo", X_Forwarded_For=forwarded).json["address"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", "192.0.2.2", "192.0.2.1"),
        ("::1", "192.0.2.2", "192.0.2.2"),
        ("127.0.0.9", "2001:DB8::0:1", "2001:db8::1"),
        ("127.0.0.1", None, "127.0.0.1"),
    ],
)
def test_only_a_proxy_on_this_machine_is_believed(peer: str, forwarded: str | None, client: str) -> None:
    assert origin.client(peer, {} if forwarded is None else {"x-forwarded-for": forwarded}) == client


def resident(pid: int) -> int:
    """Return the memory of a process that is in RAM, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) << 10


def test_the_deadlines_are_those_that_are_promised() -> None:
    assert Deadlines()[:3] == (10.0, 30.0, 10.0)
