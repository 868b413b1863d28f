"""One request to TMDB: every way in which it fails has a name, and none of them shows the key."""

import logging
import traceback

import fake_tmdb
import pytest
from fake_tmdb import BUSY, HTML, KEY, NO_SUCH, TOKEN, FakeTmdb, error, status
from tmdb_rig import QUICK, START, Time, fake  # noqa: F401

from arrtheaudio.config.settings import Secret
from arrtheaudio.tmdb.failures import KeyRefused, NoAnswer, Unavailable
from arrtheaudio.tmdb.transport import LONGEST_PAUSE, Timeouts, Transport


def transport(url, key=KEY, timeouts=QUICK):
    return Transport(url, Secret(key), Time().clock, timeouts)


FAULTS = [
    pytest.param(fake_tmdb.hang, "does not answer in time", id="hang"),
    pytest.param(fake_tmdb.slow_head, "gives no whole answer within 0.3 s", id="slow-head"),
    pytest.param(fake_tmdb.slow_body, "gives no whole answer within 0.3 s", id="slow-body"),
    pytest.param(fake_tmdb.reset, "breaks the connection", id="reset"),
    pytest.param(fake_tmdb.end, "breaks the connection", id="end-without-a-word"),
    pytest.param(fake_tmdb.truncated, "breaks off in the middle of an answer", id="fewer-bytes-than-promised"),
    pytest.param(fake_tmdb.truncated_chunks, "breaks off in the middle of an answer", id="truncated-chunks"),
    pytest.param(fake_tmdb.short_length, "sends no JSON object", id="more-bytes-than-promised"),
    pytest.param(fake_tmdb.huge, "sends more than 4 MiB", id="20-MB"),
    pytest.param(fake_tmdb.bomb, "sends more than 4 MiB", id="20-MB-in-20-kB"),
    pytest.param(fake_tmdb.bad_gzip, "sends an answer that cannot be decoded", id="not-gzip"),
    pytest.param(status(200), "sends no JSON object", id="empty"),
    pytest.param(status(200, HTML), "sends no JSON object", id="HTML"),
    pytest.param(status(200, b"[]"), "sends no JSON object", id="JSON-list"),
    pytest.param(status(200, b"[" * 100_000), "sends no JSON object", id="JSON-too-deep"),
    pytest.param(status(200, b'{"id":' + b"9" * 5000 + b"}"), "sends no JSON object", id="number-too-long"),
    pytest.param(status(404, HTML), "answers HTTP 404", id="404-of-somebody-else"),
    pytest.param(status(404, {"detail": "Not Found"}), "answers HTTP 404", id="404-of-another-API"),
    pytest.param(status(403, HTML), "answers HTTP 403", id="403"),
    pytest.param(status(429, BUSY), "wants fewer requests", id="429"),
    pytest.param(status(500, error(11, "Internal error")), "answers HTTP 500", id="500"),
    pytest.param(status(502, HTML), "answers HTTP 502", id="502-HTML"),
    pytest.param(status(503, error(9, "Service offline")), "answers HTTP 503", id="503"),
    pytest.param(status(504, error(24, "Timed out")), "answers HTTP 504", id="504"),
    pytest.param(status(204), "answers HTTP 204", id="204"),
]


@pytest.mark.parametrize(("fault", "message"), FAULTS)
@pytest.mark.parametrize("key", [pytest.param(KEY, id="v3"), pytest.param(TOKEN, id="v4")])
def test_a_failure_has_a_name(fake, caplog, fault, message, key):  # noqa: F811
    caplog.set_level(logging.DEBUG)
    fake.fault = fault
    whole = 0.3 if "within" in message else 5.0
    with pytest.raises(Unavailable) as caught:
        transport(fake.url, key, Timeouts(0.4, 0.4, whole)).get("/movie/603")
    assert str(caught.value) == f"127.0.0.1 {message}"
    assert len(fake.requests) == 1
    assert_hidden(key, caught.value, caplog.text)


def assert_hidden(key, failure, log):
    """The key is neither in the log nor in anything that a traceback shows of a failure."""
    assert key not in log + repr(failure) + "".join(traceback.format_exception(failure))
    assert failure.__cause__ is None
    assert failure.__context__ is None


def test_no_server(caplog):
    caplog.set_level(logging.DEBUG)
    with fake_tmdb.nobody() as url, pytest.raises(Unavailable, match="cannot be reached") as caught:
        transport(url).get("/movie/603")
    assert_hidden(KEY, caught.value, caplog.text)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("http://nobody.invalid/3", "nobody.invalid has an unknown name", id="no-such-name"),
        pytest.param("https://127.0.0.1:1/3", "127.0.0.1 cannot be reached", id="no-such-port"),
        pytest.param("tmdb", "tmdb cannot be asked: check tmdb.base_url", id="no-URL"),
        pytest.param("http://a b/3", "a b cannot be asked: check tmdb.base_url", id="no-host"),
    ],
)
def test_a_wrong_base_url(monkeypatch, url, message):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Unavailable) as caught:
        transport(url, timeouts=Timeouts(5, 5, 8)).get("/movie/603")
    assert str(caught.value) == message


def test_a_certificate_of_nobody(fake):  # noqa: F811
    with pytest.raises(Unavailable, match="has no certificate that is trusted here"):
        transport(fake.url.replace("http:", "https:")).get("/movie/603")


def test_a_line_that_is_no_header(fake, capfd, caplog):  # noqa: F811
    caplog.set_level(logging.DEBUG)
    fake.fault = fake_tmdb.bad_header
    assert transport(fake.url).get("/movie/603")["id"] == 603
    assert KEY not in caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("key", "authorization", "query"),
    [
        pytest.param(KEY, None, {"api_key": KEY}, id="v3-key"),
        pytest.param(f" {KEY}\n", None, {"api_key": KEY}, id="v3-key-from-a-file"),
        pytest.param(TOKEN, f"Bearer {TOKEN}", {}, id="v4-token"),
        pytest.param(f"{TOKEN}\n", f"Bearer {TOKEN}", {}, id="v4-token-from-a-file"),
    ],
)
def test_where_the_key_goes(fake, monkeypatch, tmp_path, key, authorization, query):  # noqa: F811
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password eve")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert transport(fake.url, key).get("/movie/603")["title"] == "The Lighthouse Clock"
    (asked,) = fake.requests
    assert (asked.path, asked.query, asked.authorization) == ("/3/movie/603", query, authorization)
    assert asked.agent.startswith("arrtheaudio/")


def test_a_key_that_is_none(fake):  # noqa: F811
    with pytest.raises(KeyRefused, match="does not accept the key: check") as caught:
        transport(fake.url, "a\r\nb: c&d=e\x00").get("/movie/603")
    assert fake.requests[0].query == {"api_key": "a\r\nb: c&d=e\x00"}
    assert "d=e" not in str(caught.value)


@pytest.mark.parametrize("key", [pytest.param(KEY, id="v3"), pytest.param(TOKEN, id="v4")])
def test_a_redirect_is_not_followed(fake, key):  # noqa: F811
    with FakeTmdb() as other:
        for url in (f"{other.url}/movie/603", f"{fake.url}/movie/604", "//elsewhere.invalid"):
            fake.fault = fake_tmdb.redirect(url)
            with pytest.raises(Unavailable, match=r"sends us elsewhere, and is not followed \(HTTP 302\)"):
                transport(fake.url, key).get("/movie/603")
        assert other.requests == []
        assert fake.paths == ["/movie/603"] * 3


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(status(404, NO_SUCH), id="404-34"),
        pytest.param(status(404, error(6, "Invalid id")), id="404-6"),
        pytest.param(status(400, error(47, "The input is not valid")), id="400-47"),
        pytest.param(status(422, error(5, "Invalid parameters")), id="422-5"),
    ],
)
def test_there_is_no_such_thing(fake, fault):  # noqa: F811
    fake.fault = fault
    assert transport(fake.url).get("/movie/1") is None


@pytest.mark.parametrize("code", [7, 10, 14, 35])
def test_the_key_is_refused(fake, code):  # noqa: F811
    fake.fault = status(401, error(code, f"no {KEY}"))
    with pytest.raises(KeyRefused) as caught:
        transport(fake.url).get("/movie/603")
    assert_hidden(KEY, caught.value, "")


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        pytest.param(status(429, BUSY), None, id="not-said"),
        pytest.param(status(429, BUSY, Retry_After="7"), 7, id="seconds"),
        pytest.param(status(503, BUSY, Retry_After="7"), 7, id="with-503"),
        pytest.param(status(429, BUSY, Retry_After="0"), 0, id="none"),
        pytest.param(status(429, BUSY, Retry_After="86400"), LONGEST_PAUSE, id="too-long"),
        pytest.param(status(429, BUSY, Retry_After="9" * 400), LONGEST_PAUSE, id="far-too-long"),
        pytest.param(fake_tmdb.retry_at(9), 9, id="date"),
        pytest.param(fake_tmdb.retry_at(-9), 0, id="date-gone-by"),
        pytest.param(fake_tmdb.retry_at(9999), LONGEST_PAUSE, id="date-too-far"),
        pytest.param(status(429, BUSY, Retry_After="soon"), None, id="words"),
        pytest.param(status(429, BUSY, Retry_After="-5"), None, id="negative"),
        pytest.param(status(429, BUSY, Retry_After="Thu, 99 Jan 2026 00:00:09 GMT"), None, id="no-date"),
        pytest.param(status(429, BUSY, Retry_After="²"), None, id="no-digit"),
    ],
)
def test_how_long_it_wants_to_be_left_alone(fake, fault, after):  # noqa: F811
    assert START == fake_tmdb.DATES_FROM
    fake.fault = fault
    with pytest.raises(NoAnswer) as caught:
        transport(fake.url).get("/movie/603")
    assert caught.value.after == after


def test_cookies_are_not_kept(fake):  # noqa: F811
    fake.faults = [status(200, {}, Set_Cookie="a=b; Path=/")]
    one = transport(fake.url)
    one.get("/movie/603")
    assert len(one._session.cookies) == 0


def test_connections_are_used_again(fake):  # noqa: F811
    one = transport(fake.url)
    for _ in range(5):
        one.get("/movie/603")
    assert len(fake.connections) == 1


def test_a_slow_answer_does_not_cut_the_next_one(fake):  # noqa: F811
    one = transport(fake.url, timeouts=Timeouts(1, 1, 0.2))
    fake.faults = [fake_tmdb.slow_body]
    with pytest.raises(Unavailable):
        one.get("/movie/603")
    assert one.get("/movie/603")["id"] == 603
