"""How seldom TMDB is asked: the cache, retries, the breaker, the rate; by threads and by processes."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fake_tmdb
import pytest
from fake_tmdb import BUSY, HTML, KEY, status
from tmdb_rig import START, fake, rig  # noqa: F401

from arrtheaudio.tmdb import breaker, client, limiter, titles
from arrtheaudio.tmdb.breaker import Breaker
from arrtheaudio.tmdb.cache import CEILING_DAYS, DAY
from arrtheaudio.tmdb.client import connect
from arrtheaudio.tmdb.database import Database
from arrtheaudio.tmdb.failures import KeyRefused, NoAnswer, NotCached, Paused, Unavailable
from arrtheaudio.tmdb.limiter import Limiter

BROKEN = [
    pytest.param(status(500, HTML), id="500"),
    pytest.param(status(429, BUSY), id="429"),
    pytest.param(fake_tmdb.reset, id="reset"),
    pytest.param(status(200, HTML), id="HTML"),
    pytest.param(fake_tmdb.truncated, id="truncated"),
]
MANY = range(10_000, 11_000)


def test_an_answer_is_kept(rig):  # noqa: F811
    first = rig.client()
    asked = first.get("/movie/603")
    assert asked["title"] == "The Lighthouse Clock"
    assert "overview" not in asked
    assert first.get("/movie/603") == rig.client().get("/movie/603") == rig.offline().get("/movie/603") == asked
    assert rig.fake.paths == ["/movie/603"]


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        pytest.param("/movie/9", {}, id="404"),
        pytest.param("/find/424242", {"external_source": "tvdb_id"}, id="five-empty-lists"),
        pytest.param("/search/movie", {"query": "Never Made"}, id="nothing-found"),
    ],
)
def test_what_is_not_there_is_asked_for_again_the_next_day(rig, path, parameters):  # noqa: F811
    one = rig.client()
    first = one.get(path, **parameters)
    rig.time.time += DAY - 60
    assert one.get(path, **parameters) == first
    assert len(rig.fake.requests) == 1
    rig.time.time += 120
    assert one.get(path, **parameters) == first
    assert len(rig.fake.requests) == 2


@pytest.mark.parametrize(
    ("ttl", "days", "requests"),
    [
        pytest.param(30, 29.9, 1, id="within-its-time"),
        pytest.param(30, 30.1, 2, id="beyond-its-time"),
        pytest.param(0, 0, 2, id="no-time-at-all"),
        pytest.param(3650, 179.9, 1, id="within-six-months"),
        pytest.param(3650, 180.1, 2, id="beyond-six-months"),
        pytest.param(30, -0.9, 1, id="the-clock-is-a-little-behind"),
        pytest.param(30, -40, 2, id="the-clock-was-far-ahead"),
    ],
)
def test_how_long_an_answer_is_used(rig, ttl, days, requests):  # noqa: F811
    one = rig.client(cache_ttl_days=ttl)
    one.get("/movie/603")
    rig.time.time += days * DAY
    assert one.get("/movie/603")["id"] == 603
    assert len(rig.fake.requests) == requests


@pytest.mark.parametrize("fault", BROKEN)
def test_an_old_answer_is_better_than_none(rig, fault):  # noqa: F811
    one = rig.client()
    one.get("/movie/603")
    one.get("/movie/9")
    rig.fake.fault = fault
    rig.time.time += 100 * DAY
    assert one.get("/movie/603")["id"] == 603
    assert one.get("/movie/9") is None
    assert one.cache.counts()["stale"] == 2
    rig.time.time += (CEILING_DAYS - 99) * DAY
    with pytest.raises(Unavailable):
        one.get("/movie/603")


def test_what_is_older_than_six_months_is_deleted(rig):  # noqa: F811
    rig.client().get("/movie/603")
    rig.time.time += 181 * DAY
    one = rig.client()
    assert one._database.read(lambda db: db.execute("SELECT count(*) FROM answers").fetchone()) == (0,)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_failure_that_passes_costs_nothing(rig, fault):  # noqa: F811
    rig.fake.faults = [fault] * 2
    assert rig.client().get("/movie/603")["id"] == 603
    assert len(rig.fake.requests) == 3


@pytest.mark.parametrize("fault", BROKEN)
def test_an_outage_ends_after_three_attempts(rig, fault):  # noqa: F811
    rig.fake.fault = fault
    with pytest.raises(Unavailable):
        rig.client().get("/movie/603")
    assert len(rig.fake.requests) == 3
    pauses = [seconds for seconds in rig.time.slept if seconds > limiter.INTERVAL]
    assert len(pauses) == 2
    assert 0.5 <= pauses[0] <= 1
    assert 1 <= pauses[1] <= 1.5


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("threads", [1, 16])
def test_50_look_ups_in_an_outage_cost_at_most_10_requests(rig, fault, threads):  # noqa: F811
    rig.fake.fault = fault
    one = rig.client()

    def look_up(number):
        with pytest.raises(NoAnswer):
            one.get(f"/movie/{number}")

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(look_up, range(50)))
    assert breaker.FAILURES <= len(rig.fake.requests) <= (5 if threads == 1 else 10)


def test_a_wrong_key_is_tried_once(rig):  # noqa: F811
    one = rig.client(key="wrong")
    for number in range(20):
        with pytest.raises(KeyRefused):
            one.get(f"/movie/{number}")
    assert len(rig.fake.requests) == 1
    assert rig.client().get("/movie/603")["id"] == 603  # no fault of TMDB's, nor for others


def test_the_pause_that_tmdb_asks_for_is_kept_by_all(rig):  # noqa: F811
    rig.fake.faults = [status(429, BUSY, Retry_After="20")]
    rig.client().get("/movie/603")
    assert 20 <= rig.time.time - START < 21
    rig.fake.faults = [status(503, BUSY, Retry_After="20")] * 3
    with pytest.raises(Unavailable):
        rig.client().get("/movie/604")
    before = rig.time.time
    rig.client().get("/movie/604")
    assert 19 < rig.time.time - before < 21


def test_episodes_of_one_series_share_a_request(rig):  # noqa: F811
    one = rig.client()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: one.get("/tv/1396"), range(500)))
    assert {answer["name"] for answer in answers} == {"Saltwater Street"}
    assert rig.fake.paths == ["/tv/1396"]
    assert one.cache.counts() == {"hits": 499, "misses": 1, "stale": 0}


def test_no_more_than_four_connections(rig):  # noqa: F811
    one = rig.client()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: one.get(f"/movie/{number}"), range(10_000, 10_060)))
    assert len(rig.fake.requests) == 60
    assert len(rig.fake.connections) <= client.CONNECTIONS


def test_at_most_twenty_requests_a_second(rig):  # noqa: F811
    one, other = rig.client(), rig.client()
    for number in range(10_000, 10_030):
        one.get(f"/movie/{number}")
        other.get(f"/movie/{number + 1000}")
    assert len(rig.fake.requests) == 60
    assert rig.time.time - START == pytest.approx(59 / 20)


def test_a_second_run_makes_no_request(rig):  # noqa: F811
    one = rig.client()
    for number in MANY:
        one.get(f"/movie/{number}")
    one.close()
    assert len(rig.fake.requests) == len(MANY)
    rig.fake.fault = status(500)
    another = rig.client()
    assert [another.get(f"/movie/{number}")["id"] for number in MANY] == list(MANY)
    assert len(rig.fake.requests) == len(MANY)
    assert another.cache.counts() == {"hits": 1000, "misses": 1000, "stale": 0}


def test_offline(rig):  # noqa: F811
    rig.client().get("/movie/603")
    one = rig.offline()
    rig.time.time += 100 * DAY
    assert one.get("/movie/603")["id"] == 603
    with pytest.raises(NotCached):
        one.get("/movie/604")
    assert rig.fake.paths == ["/movie/603"]


def test_without_a_key_only_the_cache_is_asked(rig):  # noqa: F811
    with pytest.raises(NotCached):
        connect(rig.settings._replace(api_key=None)).get("/movie/603")
    assert rig.fake.requests == []


@pytest.mark.parametrize("key", [KEY, fake_tmdb.TOKEN])
def test_the_key_is_not_in_the_cache(rig, key):  # noqa: F811
    one = rig.client(key=key, base_url=rig.fake.url.replace("//", f"//{key}:{key}@"))
    rig.fake.faults = [status(200, {"id": 1, "title": "x", "overview": key})]
    one.get("/movie/603")
    titles.search(one, "movie", "Lighthouse")
    kept = b"".join(path.read_bytes() for path in rig.path.parent.iterdir())
    assert b"/movie/603" in kept
    assert key.encode() not in kept


def test_names_in_any_script(rig):  # noqa: F811
    one = rig.client()
    for query in ("千と千尋", "a&b=c#d?e/f", "\ud800", "x" * 10_000):
        assert titles.search(one, "movie", query, 2001) == []
    queries = [asked.query["query"] for asked in rig.fake.requests]
    assert queries == ["千と千尋", "a&b=c#d?e/f", "?", "x" * 200]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"results": 5}, id="a-number"),
        pytest.param({"results": [5, None, [], {"id": 1}]}, id="no-objects"),
        pytest.param({"results": {"results": {"results": {"results": {"results": {"results": 1}}}}}}, id="deep"),
        pytest.param(b'{"results":' * 480 + b"1" + b"}" * 480, id="very-deep"),
        pytest.param({"id": 1, "title": "\ud800", "popularity": float("inf")}, id="odd-values"),
    ],
)
def test_a_body_of_another_shape_is_kept_as_well(rig, body):  # noqa: F811
    rig.fake.faults = [status(200, body)]
    first = rig.client().get("/search/movie", query="x")
    assert rig.client().get("/search/movie", query="x") == first
    assert all(isinstance(item, dict) for item in titles.search(rig.client(), "movie", "x"))


# The breaker, with two of them on one file: what one learns the other knows.


@pytest.fixture
def two(rig):  # noqa: F811
    """Two breakers, as two processes have them."""
    return [Breaker(Database(str(rig.path)), rig.time.clock) for _ in range(2)]


def test_the_breaker_opens_half_opens_and_closes(rig, two):  # noqa: F811
    one, other = two
    for _ in range(breaker.FAILURES):
        assert one.admits()
        assert other.admits()
        one.failure()
    assert not one.admits()
    assert not other.admits()
    rig.time.time += breaker.SECONDS - 1
    assert not other.admits()
    rig.time.time += 2
    assert other.admits()  # the one that tries
    assert not one.admits()
    rig.time.time += 10
    other.failure()
    rig.time.time += breaker.SECONDS - 1
    assert not one.admits()
    rig.time.time += 2
    assert one.admits()
    one.success()
    assert other.admits()
    assert other.admits()


def test_one_success_forgets_the_failures(two):
    for _ in range(3):
        for _ in range(breaker.FAILURES - 1):
            two[0].failure()
        two[1].success()
    assert two[0].admits()


def test_a_wrong_key_is_no_failure_of_tmdb(rig, two):  # noqa: F811
    for _ in range(breaker.FAILURES):
        two[0].failure()
    rig.time.time += breaker.SECONDS + 1
    with pytest.raises(KeyRefused):
        rig.client(key="wrong").get("/movie/603")
    assert two[0].admits()
    assert two[1].admits()


def test_who_tries_and_dies_does_not_keep_the_breaker_open(rig, two):  # noqa: F811
    for _ in range(breaker.FAILURES):
        two[0].failure()
    rig.time.time += breaker.SECONDS + 1
    assert two[0].admits()
    assert not two[1].admits()
    rig.time.time += breaker.SECONDS + 1
    assert two[1].admits()


def test_a_clock_that_is_set_back_keeps_nobody_waiting(rig, two):  # noqa: F811
    turns = Limiter(Database(str(rig.path)), rig.time.clock)
    turns.wait()
    for _ in range(breaker.FAILURES):
        two[0].failure()
    rig.time.time -= 365 * DAY
    assert two[1].admits()
    before = rig.time.time
    turns.wait()
    assert rig.time.time - before < 1


def test_after_an_outage_one_request_finds_out(rig):  # noqa: F811
    rig.fake.fault = status(503)
    one, other = rig.client(), rig.client()
    for number in range(10):
        with pytest.raises(Unavailable):
            one.get(f"/movie/{number}")
    with pytest.raises(Paused):
        other.get("/movie/603")
    asked = len(rig.fake.requests)
    rig.time.time += breaker.SECONDS + 1
    with pytest.raises(Paused):
        other.get("/movie/603")
    assert len(rig.fake.requests) == asked + 1
    rig.fake.fault = None
    rig.time.time += breaker.SECONDS + 1
    assert one.get("/movie/603")["id"] == 603
    assert other.get("/movie/604")["id"] == 604


# Real processes.

LOOK_UP = """
import json, sys
from arrtheaudio.config.settings import Secret, Tmdb
from arrtheaudio.tmdb.client import connect
from arrtheaudio.tmdb.clock import Clock
from arrtheaudio.tmdb.failures import NoAnswer
key, path, url, first, last = sys.argv[1:]
client = connect(Tmdb(api_key=Secret(key), cache_path=path, base_url=url), clock=Clock(sleep=lambda seconds: None))
found = 0
for number in range(int(first), int(last)):
    try:
        found += client.get(f"/movie/{number}") is not None
    except NoAnswer:
        pass
client.close()
print(found)
"""


def process(rig, first, last):  # noqa: F811
    command = [sys.executable, "-c", LOOK_UP, KEY, str(rig.path), rig.fake.url, str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_two_processes_share_the_cache(rig):  # noqa: F811
    both = [process(rig, 10_000, 10_020), process(rig, 10_010, 10_030)]
    ends = [one.communicate(timeout=60) for one in both]
    assert [(int(out), err) for out, err in ends] == [(20, b""), (20, b"")]
    # the ten that both want may be asked for at the same moment
    assert 30 <= len(rig.fake.requests) <= 40
    asked = len(rig.fake.requests)
    again = process(rig, 10_000, 10_030)
    assert again.communicate(timeout=60) == (b"30\n", b"")
    assert len(rig.fake.requests) == asked


def test_two_processes_share_the_breaker(rig):  # noqa: F811
    rig.fake.fault = status(500)
    assert process(rig, 0, 25).communicate(timeout=60) == (b"0\n", b"")
    assert process(rig, 25, 50).communicate(timeout=60) == (b"0\n", b"")
    assert len(rig.fake.requests) == breaker.FAILURES


def test_threads_and_a_process_write_at_once(rig):  # noqa: F811
    other = process(rig, 11_000, 11_030)
    one = rig.client()
    done = threading.Event()

    def write():
        while not done.is_set():
            one.cache.put("x", {"id": 1}, found=True)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        assert other.communicate(timeout=60) == (b"30\n", b"")
    finally:
        done.set()
        for writer in writers:
            writer.join()
    assert json.dumps(one.get("/movie/11000"))
    assert Path(rig.path).exists()
