"""Who is let in by the HTTP server: the secret in its forms, pages of other origins, names that are not ours, TLS."""

import base64
import contextlib
import hashlib
import hmac
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from http_rig import PATIENCE, QUICK, Served, everything, parse, request, serving, until

from arrtheaudio.config.settings import Tls
from arrtheaudio.server.auth import FAILURES, Gate
from arrtheaudio.server.http import Uncertified

SECRET = "pa:ss w\u00f6rd"
BODY = b'{"a": 1}'


def basic(user_and_password: str | bytes, encoding: str = "utf-8") -> str:
    data = user_and_password.encode(encoding) if isinstance(user_and_password, str) else user_and_password
    return "Basic " + base64.b64encode(data).decode()


def raw(text: str, encoding: str = "utf-8") -> str:
    """Return text so that the test's client sends it in another encoding."""
    return text.encode(encoding).decode("latin-1")


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


RIGHT = [
    pytest.param({"Authorization": basic(f"sonarr:{SECRET}")}, id="basic"),
    pytest.param({"Authorization": basic(f":{SECRET}")}, id="basic without a user"),
    pytest.param({"Authorization": basic(f"\u00fcser:{SECRET}", "latin-1")}, id="basic in ISO-8859-1"),
    pytest.param({"Authorization": basic(f"a:{SECRET}").replace("Basic", "bAsIc")}, id="basic in other letters"),
    pytest.param({"Authorization": f"Bearer {raw(SECRET)}"}, id="bearer"),
    pytest.param({"Authorization": f"bearer  {raw(SECRET, 'latin-1')}"}, id="bearer in ISO-8859-1"),
    pytest.param({"X-Api-Key": raw(SECRET)}, id="key"),
    pytest.param({"x-api-key": raw(SECRET, "latin-1")}, id="key in ISO-8859-1"),
    pytest.param({"X-Hub-Signature-256": f"sha256={signature(BODY)}"}, id="signature"),
    pytest.param({"X-Hub-Signature-256": f"sha256={signature(BODY).upper()}"}, id="signature in capitals"),
    pytest.param({"X-Webhook-Signature": f"sha256={signature(BODY)}"}, id="the other signature"),
    pytest.param({"X-Webhook-Signature": signature(BODY)}, id="the other signature, bare"),
    pytest.param({"Authorization": basic("a:b"), "X-Api-Key": raw(SECRET)}, id="one of two"),
    pytest.param({"Authorization": basic("a:b"), "X-Webhook-Signature": signature(BODY)}, id="a signature besides"),
]
WRONG = [
    pytest.param({"Authorization": basic("sonarr:wrong")}, id="basic"),
    pytest.param({"Authorization": basic(f"{SECRET}:")}, id="the secret as the user"),
    pytest.param({"Authorization": basic(SECRET.replace(":", ""))}, id="no colon"),
    pytest.param({"Authorization": basic(b"a:" + SECRET.encode("utf-16"))}, id="another encoding"),
    pytest.param({"Authorization": basic(b"a:")}, id="no password"),
    pytest.param({"Authorization": "Basic"}, id="basic and nothing"),
    pytest.param({"Authorization": "Basic !!!"}, id="no base64"),
    pytest.param({"Authorization": "Basic \xe9"}, id="no ASCII"),
    pytest.param({"Authorization": basic(f"a:{SECRET}x")}, id="a letter more"),
    pytest.param({"Authorization": raw(SECRET)}, id="no scheme"),
    pytest.param({"Authorization": f"Digest {raw(SECRET)}"}, id="another scheme"),
    pytest.param({"Authorization": "Bearer"}, id="bearer and nothing"),
    pytest.param({"X-Api-Key": ""}, id="an empty key"),
    pytest.param({"X-Api-Key": raw(SECRET).upper()}, id="capitals"),
    pytest.param({"X-Hub-Signature-256": signature(BODY)}, id="no prefix"),
    pytest.param({"X-Hub-Signature-256": f"sha1={signature(BODY)}"}, id="another hash"),
    pytest.param({"X-Hub-Signature-256": f"sha256={signature(b'another')}"}, id="of another body"),
    pytest.param({"X-Hub-Signature-256": f"sha256={signature(BODY, 'x')}"}, id="with another secret"),
    pytest.param({"X-Hub-Signature-256": "sha256="}, id="an empty signature"),
    pytest.param({"X-Webhook-Signature": ""}, id="nothing"),
    pytest.param({"X-Webhook-Signature": "\xe9" * 64}, id="no hexadecimal"),
]


@pytest.fixture(scope="module")
def guarded() -> Iterator[Served]:
    with serving(webhook_secret=SECRET) as served:
        yield served


@pytest.fixture
def stranger() -> Iterator[str]:
    """An address that has failed at nothing yet."""
    number = time.monotonic_ns()
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@pytest.mark.parametrize("headers", RIGHT)
def test_the_secret_opens(guarded: Served, headers: dict[str, str]) -> None:
    answer = guarded.ask("POST", "/echo/it", BODY, **headers)
    assert answer.status == 200
    assert answer.json["trusted"]
    # what was read for this goes no further
    assert not {name.lower() for name in headers} & {*answer.json["headers"]}


@pytest.mark.parametrize("headers", WRONG)
def test_nothing_else_opens(guarded: Served, stranger: str, headers: dict[str, str]) -> None:
    answer = guarded.ask("POST", "/echo/it", BODY, X_Forwarded_For=stranger, **headers)
    assert (answer.status, answer.error) == (401, "unauthorized")
    opened = guarded.ask("GET", "/open", X_Forwarded_For=stranger, **headers)
    assert (opened.status, opened.json["trusted"]) == (200, False)


@pytest.mark.parametrize("secret", ["\u65e5\u672c", "caf\u00e9 \U0001f3a7"])
def test_a_secret_beyond_latin_1_has_one_form(secret: str) -> None:
    with serving(webhook_secret=secret) as served:
        assert served.ask("GET", "/ok", Authorization=basic(f"a:{secret}")).status == 200
        for wrong in (
            "",
            secret.encode("latin-1", "ignore").decode("latin-1"),
            secret.encode("latin-1", "replace").decode("latin-1"),
        ):
            assert served.ask("GET", "/ok", Authorization=basic(f"a:{wrong}")).status == 401


def test_without_a_secret_all_are_trusted() -> None:
    with serving() as served:
        assert served.ask("GET", "/echo").json["trusted"]
        assert served.ask("GET", "/open", Authorization=basic("a:b")).json["trusted"]


def test_an_open_route_knows_who_carries_the_secret(guarded: Served) -> None:
    assert not guarded.ask("GET", "/open").json["trusted"]
    assert guarded.ask("GET", "/open", X_Api_Key=raw(SECRET)).json["trusted"]


def test_the_signature_of_nothing_opens_nothing(guarded: Served) -> None:
    assert not guarded.ask("GET", "/open", X_Webhook_Signature=signature(b"")).json["trusted"]
    assert guarded.ask("GET", "/echo", X_Webhook_Signature=signature(b"")).status == 401


def test_a_browser_is_asked_for_it_on_pages_alone(guarded: Served) -> None:
    assert guarded.ask("GET", "/page").headers["www-authenticate"] == 'Basic realm="ArrTheAudio"'
    assert guarded.ask("GET", "/ok").headers["www-authenticate"] == 'Bearer realm="ArrTheAudio"'


def test_the_body_of_a_stranger_is_not_waited_for(guarded: Served, stranger: str) -> None:
    for headers in ({}, {"Authorization": basic("a:b")}):
        data = request("POST", "/echo/it", BODY, Expect="100-continue", X_Forwarded_For=stranger, **headers)
        with guarded.connect() as client:
            client.sendall(data[: -len(BODY)])
            assert parse(everything(client)).status == 401
    with guarded.connect() as client:  # but that of one who has signed is
        client.sendall(request("POST", "/echo/it", BODY, X_Webhook_Signature=signature(BODY))[:-1])
        client.sendall(BODY[-1:])
        assert parse(everything(client)).status == 200


def test_an_address_that_guesses_is_made_to_wait() -> None:
    with serving(webhook_secret=SECRET) as served:
        for headers in [{}] * 20:  # to carry nothing is no guess
            assert served.ask("GET", "/ok", **headers).status == 401
        for at in range(FAILURES):
            assert served.ask("GET", ("/ok", "/open")[at % 2], X_Api_Key=f"guess {at}").status == (401, 200)[at % 2]
        answer = served.ask("GET", "/ok", X_Api_Key=raw(SECRET))
        assert (answer.status, answer.error) == (429, "too_many_requests")
        assert 1 <= int(answer.headers["retry-after"]) <= 6
        assert served.ask("GET", "/ok", X_Webhook_Signature=signature(b"")).status == 429
        assert served.ask("GET", "/open", X_Api_Key=raw(SECRET)).json["trusted"] is False
        assert served.ask("GET", "/ok", X_Api_Key=raw(SECRET), X_Forwarded_For="192.0.2.7").status == 200


def test_wrong_signatures_are_guesses_too() -> None:
    gate = Gate()
    headers = {"x-webhook-signature": "0" * 64}
    for _ in range(FAILURES):
        assert gate.look(headers, SECRET, "a") is None
        assert not gate.verify(headers, SECRET, "a", b"")
    with pytest.raises(Exception, match="too many"):
        gate.look(headers, SECRET, "a")
    assert gate.look(headers, SECRET, "b") is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="a program"),
        pytest.param({"Origin": "http://localhost"}, 200, id="our page"),
        pytest.param({"Origin": "HTTP://LOCALHOST", "Host": "LocalHost"}, 200, id="our page in other letters"),
        pytest.param({"Origin": "http://127.0.0.1:9393", "Host": "127.0.0.1:9393"}, 200, id="our page, with a port"),
        pytest.param({"Origin": "https://localhost", "Sec-Fetch-Site": "same-origin"}, 200, id="behind a TLS proxy"),
        pytest.param({"Sec-Fetch-Site": "none"}, 200, id="typed by a person"),
        pytest.param({"Origin": "https://dash.example"}, 200, id="a listed page"),
        pytest.param({"Origin": "https://dash.example", "Sec-Fetch-Site": "cross-site"}, 200, id="a listed page, told"),
        pytest.param({"Origin": "https://evil.example"}, 403, id="another page"),
        pytest.param({"Origin": "http://localhost:8080"}, 403, id="another port"),
        pytest.param({"Origin": "http://localhost.evil.example"}, 403, id="a name that begins alike"),
        pytest.param({"Origin": "null"}, 403, id="a page without an origin"),
        pytest.param({"Origin": ""}, 403, id="an empty origin"),
        pytest.param({"Origin": "localhost"}, 403, id="no origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="from another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="from a neighbour"),
        pytest.param({"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}, 403, id="contradictory"),
    ],
)
def test_a_change_is_asked_for_by_our_own_pages(headers: dict[str, str], status: int) -> None:
    with serving(cors_origins=("https://dash.example",)) as served:
        assert served.ask("POST", "/echo/it", BODY, **headers).status == status
        assert served.ask("DELETE", "/items/1", **headers).status == status
        assert served.ask("GET", "/ok", **headers).status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("127.0.0.1:9393", 200),
        ("192.0.2.1", 200),
        ("[::1]:9393", 200),
        ("evil.example", 421),
        ("evil.example:9393", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.0.0", 421),
        ("0x7f000001", 421),
    ],
)
def test_names_that_others_may_have_bound_to_us(guarded: Served, host: str, status: int) -> None:
    with serving() as served:
        assert served.ask("GET", "/open", Host=host).status == status
    assert guarded.ask("GET", "/open", Host=host).status == 200


def test_the_name_that_is_configured_is_ours() -> None:
    with serving() as served:
        config = served.service.config
        served.service.config = config._replace(api=config.api._replace(host="Nas.local"))
        assert served.ask("GET", "/ok", Host="nas.local:9393").status == 200
        assert served.ask("GET", "/ok", Host="other.local").status == 421


PREFLIGHT = {"Origin": "https://dash.example", "Access-Control-Request-Method": "POST"}


def test_listed_origins_may_read_answers() -> None:
    with serving(cors_origins=("https://dash.example",), webhook_secret=SECRET) as served:
        before = served.ask("OPTIONS", "/echo/it", **PREFLIGHT)
        assert (before.status, before.body) == (204, b"")
        assert before.headers["access-control-allow-origin"] == "https://dash.example"
        assert before.headers["access-control-allow-methods"] == "POST, PUT"
        assert "X-Api-Key" in before.headers["access-control-allow-headers"]
        for path in ("/ok", "/open", "/nowhere"):
            answer = served.ask("GET", path, Origin="https://dash.example")
            assert answer.headers["access-control-allow-origin"] == "https://dash.example"
            assert answer.headers["vary"] == "Origin"
            other = served.ask("GET", path, Origin="https://evil.example")
            assert "access-control-allow-origin" not in other.headers
        assert served.ask("OPTIONS", "/nowhere", **PREFLIGHT).status == 404


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(PREFLIGHT | {"Origin": "https://evil.example"}, id="another origin"),
        pytest.param({"Origin": "https://dash.example"}, id="no question"),
        pytest.param({"Access-Control-Request-Method": "POST"}, id="no origin"),
    ],
)
def test_other_preflights_are_refused(headers: dict[str, str]) -> None:
    with serving(cors_origins=("https://dash.example",)) as served:
        assert served.ask("OPTIONS", "/echo/it", **headers).status == 405
    with serving() as served:
        assert served.ask("OPTIONS", "/echo/it", **PREFLIGHT).status == 405
        assert not [name for name in served.ask("GET", "/ok", **PREFLIGHT).headers if name.startswith("access-control")]


def certificate(folder: Path, name: str) -> Tls:
    """Make a certificate that signs itself, for localhost; `name` is its organisation."""
    folder.mkdir(exist_ok=True)
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += [
        "-keyout",
        f"{folder}/key.pem",
        "-out",
        f"{folder}/cert.pem",
        "-days",
        "2",
        "-subj",
        f"/O={name}/CN=localhost",
    ]
    subprocess.run([*words, "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return Tls(f"{folder}/cert.pem", f"{folder}/key.pem")


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    return certificate(tmp_path / "tls", "first")


def context_of(tls: Tls) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=tls.cert)


def dial(served: Served, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(served.connect(), server_hostname="localhost")


def test_tls(tls: Tls) -> None:
    with serving(tls=tls) as served:
        assert served.server.url == f"https://127.0.0.1:{served.server.port}/"
        with dial(served, context_of(tls)) as client:
            client.sendall(request("POST", "/echo/it", BODY))
            # to its end, which TLS says itself: nobody has cut the answer short
            answer = parse(everything(client))
            assert (answer.status, answer.json["body"]) == (200, BODY.decode())
            assert client.version() in ("TLSv1.2", "TLSv1.3")
        connection = HTTPSConnection("localhost", served.server.port, context=context_of(tls), timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", "/big")
            assert len(connection.getresponse().read()) == 4 << 20
        assert not served.service.log.defects


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(tls: Tls) -> None:
    with serving(tls=tls) as served:
        context = context_of(tls)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError, match=r"version|alert|SSL"), served.connect() as plain:
            context.wrap_socket(plain, server_hostname="localhost")
        assert not served.service.log.defects


@pytest.mark.parametrize(
    "sent", [b"", b"GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"\0" * 99]
)
def test_a_handshake_has_a_deadline_and_no_traceback(tls: Tls, sent: bytes) -> None:
    with serving(tls=tls, deadlines=QUICK) as served, served.connect() as client:
        start = time.monotonic()
        client.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            assert b"HTTP" not in everything(client)
        until(lambda: not served.server._threads.busy)
        assert time.monotonic() - start < QUICK.head + 1
        assert not served.service.log.defects


def test_what_is_refused_over_tls_can_be_read(tls: Tls) -> None:
    with serving(tls=tls) as served, dial(served, context_of(tls)) as client:
        client.sendall(b"POST /echo/it HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n")
        client.sendall(bytes(9_000_000))
        assert parse(everything(client)).status == 413


def test_deadlines_hold_over_tls(tls: Tls) -> None:
    with serving(tls=tls, deadlines=QUICK) as served, dial(served, context_of(tls)) as client:
        start = time.monotonic()
        client.sendall(b"GET /ok HT")
        assert parse(everything(client)).status == 408
        assert time.monotonic() - start < QUICK.head + 0.6


def test_the_certificate_is_read_again(tls: Tls, tmp_path: Path) -> None:
    def presented(served: Served, trusted: Tls) -> str:
        with dial(served, context_of(trusted)) as client:
            return str(dict(pair[0] for pair in client.getpeercert()["subject"])["organizationName"])  # type: ignore[index]

    with serving(tls=tls) as served:
        assert presented(served, tls) == "first"
        new = certificate(tmp_path / "new", "second")
        config = served.service.config
        served.service.config = config._replace(api=config.api._replace(tls=new))
        served.server.reload()
        assert presented(served, new) == "second"
        Path(str(new.cert)).write_text("no certificate")
        served.server.reload()
        (line,) = served.service.log.lines
        assert (line["level"], line["event"]) == ("error", "tls")
        with pytest.raises(ssl.SSLError):
            context_of(new)


def test_a_certificate_that_cannot_be_used_is_named(tls: Tls, tmp_path: Path) -> None:
    for wrong in (Tls(tls.key, tls.key), Tls(str(tmp_path / "none"), tls.key), Tls(tls.cert, tls.cert)):
        with pytest.raises(Uncertified, match=r"api\.tls: .*(key|none|cert)"), serving(tls=wrong):
            pass


def test_without_threads_a_tls_client_is_hung_up_on(tls: Tls) -> None:
    with serving(tls=tls, threads=1) as served, served.connect():
        until(lambda: served.server._threads.busy)
        with pytest.raises(ssl.SSLError):
            dial(served, context_of(tls))
        assert served.last().response.status == 503


def test_an_ipv4_client_of_an_ipv6_socket_is_on_this_machine_too() -> None:
    try:
        socket.create_server(("::", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("needs IPv6")
    with serving(host="::") as served:
        assert served.ask("GET", "/echo", X_Forwarded_For="192.0.2.9").json["address"] == "192.0.2.9"
