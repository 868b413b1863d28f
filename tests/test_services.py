"""Arrs and players: what they are asked and told, and what becomes of it when they fail."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import fake_services
import pytest
from fake_services import KEY, Asked, Fake, Fault

from arrtheaudio import messages
from arrtheaudio.config.settings import Arr, Config, PathMapping, Player, Secret
from arrtheaudio.errors import Network
from arrtheaudio.services import players
from arrtheaudio.services.arr import KEPT, Client, Lookup, id_in, which
from arrtheaudio.services.mailbox import ArrReceiver, Mailbox, PlayerReceiver, Receiver
from arrtheaudio.services.messenger import Messenger, wanted
from arrtheaudio.services.news import News, of_job
from arrtheaudio.services.pace import Pace
from arrtheaudio.services.web import KeyRefused, NotThere, Rejected, Timeouts, Unavailable
from arrtheaudio.signals import Signals

QUICK = Timeouts(connect=0.3, whole=0.4)
PACE = Pace(quiet=0.05, longest=0.3, pauses=(0.05, 0.05))
SONARR = {"app": "sonarr", "ids": {"sonarr": 42}}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """A server, which no proxy stands before."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Fake() as server:
        yield server


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, str]]]]:
    """What is said, as JSON; and no secret is ever in it."""
    messages.configure(level=3, json=True)
    lines: list[str] = []

    def read() -> list[dict[str, str]]:
        lines.extend(capfd.readouterr().err.splitlines())
        return [json.loads(line) for line in lines]

    yield read
    messages.configure(level=1, json=False)
    read()
    assert KEY not in "".join(lines)
    assert "hunter2" not in "".join(lines)


def arr(fake: Fake, name: str = "sonarr", **about: Any) -> Arr:
    """Return the configuration of an Arr."""
    return Arr(name, fake.url, Secret(KEY))._replace(**about)


def player(fake: Fake, kind: str, *mappings: tuple[str, str]) -> Player:
    """Return the configuration of a player, whose folders are mapped from theirs to ours."""
    url = f"{fake.url}/emby" if kind == "emby" else fake.url
    return Player(kind, url, Secret(KEY), tuple(PathMapping(*pair) for pair in mappings))


# Which Arr


@pytest.mark.parametrize(
    ("names", "told", "name"),
    [
        pytest.param(["sonarr"], {"app": "sonarr"}, "sonarr", id="the only one"),
        pytest.param(
            ["sonarr", "radarr"], {"app": "radarr", "instance": "Films"}, "radarr", id="the only one of its app"
        ),
        pytest.param(["Sonarr", "Sonarr-4K"], {"app": "sonarr", "instance": "sonarr-4k"}, "Sonarr-4K", id="by name"),
        pytest.param(["Sonarr", "Sonarr-4K"], {"app": "sonarr", "instance": "Anime"}, None, id="one of several"),
        pytest.param(["sonarr"], {"app": "radarr", "instance": "sonarr"}, None, id="a name of the other app"),
        pytest.param(["sonarr"], {}, None, id="no app"),
        pytest.param([], {"app": "sonarr"}, None, id="none"),
    ],
)
def test_which_arr(names: Sequence[str], told: dict[str, Any], name: str | None) -> None:
    found = which([Arr(name, "http://x", Secret("k")) for name in names], told)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("told", "title_id"),
    [
        ({"app": "sonarr", "ids": {"sonarr": 42}}, 42),
        ({"app": "sonarr", "ids": {"radarr": 42}}, None),
        ({"app": "sonarr", "ids": {"sonarr": 0}}, None),
        ({"app": "sonarr", "ids": {"sonarr": "../command"}}, None),
        ({"app": "sonarr", "ids": []}, None),
        ({"app": "sonarr"}, None),
        ({}, None),
    ],
)
def test_the_id_in_an_arr(told: dict[str, Any], title_id: int | None) -> None:
    assert id_in(told) == title_id


# Asking an Arr


@pytest.mark.parametrize(
    ("told", "path", "language", "ids"),
    [
        pytest.param(
            SONARR,
            "/api/v3/series/42",
            "ko",
            {"sonarr": 42, "tmdb": 701, "tvdb": 424536, "imdb": "tt22248376"},
            id="Sonarr",
        ),
        pytest.param(
            {"app": "radarr", "ids": {"radarr": 7, "tmdb": 1}},
            "/api/v3/movie/7",
            "ja",
            {"radarr": 7, "tmdb": 1, "imdb": "tt0000700"},
            id="Radarr, and what a webhook has said stays",
        ),
    ],
)
def test_what_a_webhook_left_out(
    fake: Fake, told: dict[str, Any], path: str, language: str, ids: dict[str, Any]
) -> None:
    lookup = Lookup([arr(fake), arr(fake, "radarr")], QUICK)
    record = {"path": "/x.mkv", "arr": {**told, "tags": ["dub"]}}
    assert lookup.wanted(record)
    found = lookup.complete(record)
    assert found is not None
    assert (found["original_language"], found["ids"], found["tags"]) == (language, ids, ["dub"])
    (asked,) = fake.requests
    assert (asked.method, asked.path, asked.query, asked.headers["x-api-key"]) == ("GET", path, {}, KEY)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({**SONARR, "original_language": "en"}, id="it is known"),
        pytest.param({"app": "sonarr", "ids": {"tvdb": 5}}, id="no id"),
        pytest.param({"app": "radarr", "ids": {"radarr": 7}}, id="no such Arr"),
        pytest.param(None, id="no Arr told of it"),
    ],
)
def test_no_arr_is_asked(fake: Fake, told: Any) -> None:
    assert not Lookup([arr(fake)], QUICK).wanted({"path": "/x.mkv"} | ({} if told is None else {"arr": told}))


def test_a_season_asks_once_and_again_after_minutes(fake: Fake) -> None:
    now = 0.0
    lookup = Lookup([arr(fake)], QUICK, lambda: now)
    for _ in range(3):
        assert lookup.complete({"arr": SONARR}) is not None
    assert len(fake.requests) == 1
    now = KEPT + 1
    lookup.complete({"arr": SONARR})
    assert len(fake.requests) == 2


def test_an_arr_that_does_not_answer_is_one_note(fake: Fake, said: Any) -> None:
    now = 0.0
    lookup = Lookup([arr(fake)], QUICK, lambda: now)
    fake.fault = fake_services.status(503)
    for title_id in (42, 43, 44):
        assert lookup.complete({"arr": {"app": "sonarr", "ids": {"sonarr": title_id}}}) is None
    assert len(fake.requests) == 1
    (line,) = said()
    assert (line["level"], line["component"], line["type"]) == ("info", "arr", "network")
    assert line["message"] == "sonarr answers HTTP 503; it goes on without"
    now, fake.fault = KEPT + 1, None
    assert lookup.complete({"arr": SONARR}) is not None


def test_a_title_that_is_gone_is_no_reason_not_to_ask_for_others(fake: Fake, said: Any) -> None:
    lookup = Lookup([arr(fake)], QUICK)
    for _ in range(2):
        assert lookup.complete({"arr": {"app": "sonarr", "ids": {"sonarr": 9}}}) is None
    assert lookup.complete({"arr": SONARR}) is not None
    assert len(said()) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"originalLanguage": 5, "tmdbId": "x"}'])
def test_an_answer_that_says_nothing(fake: Fake, body: bytes) -> None:
    fake.fault = fake_services.status(200, body)
    found = Lookup([arr(fake)], QUICK).complete({"arr": {**SONARR, "title": "T"}})
    assert found is None or (found.get("original_language"), found["ids"]) == (None, {"sonarr": 42})


# Telling


@pytest.mark.parametrize(
    ("name", "title_id", "body"),
    [
        ("sonarr", 42, {"name": "RescanSeries", "seriesId": 42}),
        ("radarr", 7, {"name": "RescanMovie", "movieId": 7}),
    ],
)
def test_a_rescan_names_its_title(fake: Fake, name: str, title_id: int, body: dict[str, Any]) -> None:
    Client(arr(fake, name), QUICK).rescan(title_id)
    (asked,) = fake.requests
    assert (asked.method, asked.path, asked.body) == ("POST", "/api/v3/command", body)
    assert (asked.headers["x-api-key"], asked.headers["content-type"]) == (KEY, "application/json")


@pytest.mark.parametrize(
    ("folder", "mappings", "refreshed"),
    [
        pytest.param("/data/tv/Show", [], [("2", "/data/tv/Show")], id="as we have it"),
        pytest.param("/data/tv", [], [("2", "/data/tv")], id="the library itself"),
        pytest.param("/media/tv/S&P é", [("/data/tv", "/media/tv")], [("2", "/data/tv/S&P é")], id="mapped, escaped"),
        pytest.param("/srv/x/S", [("D:\\TV", "/srv/x")], [("5", "D:\\TV\\S")], id="on Windows"),
        pytest.param("/data/tvs/Show", [], [], id="a folder that begins alike"),
    ],
)
def test_plex_scans_the_one_folder(
    fake: Fake, folder: str, mappings: Sequence[tuple[str, str]], refreshed: list[tuple[str, str]]
) -> None:
    plex = players.client(player(fake, "plex", *mappings), QUICK)
    with contextlib.nullcontext() if refreshed else pytest.raises(Rejected, match="no library with /data/tvs/Show"):
        plex.look(folder, [f"{folder}/1.mkv"])
    first, *others = fake.requests
    assert (first.method, first.path, first.headers["accept"]) == ("GET", "/library/sections", "application/json")
    assert [(asked.path, asked.query) for asked in others] == [
        (f"/library/sections/{key}/refresh", {"path": path}) for key, path in refreshed
    ]
    assert {asked.headers["x-plex-token"] for asked in fake.requests} == {KEY}


def test_plex_gets_a_name_that_is_not_utf_8_as_it_is(fake: Fake) -> None:
    players.client(player(fake, "plex"), QUICK).look(os.fsdecode(b"/data/tv/\xff"), [])
    assert fake.requests[1].query["path"] == "/data/tv/�"  # parse_qs says so of the byte ff


@pytest.mark.parametrize(
    ("kind", "path", "header"),
    [
        ("jellyfin", "/Library/Media/Updated", ("authorization", f'MediaBrowser Token="{KEY}"')),
        ("emby", "/emby/Library/Media/Updated", ("x-emby-token", KEY)),
    ],
)
def test_jellyfin_and_emby_hear_of_the_files(fake: Fake, kind: str, path: str, header: tuple[str, str]) -> None:
    client = players.client(player(fake, kind, ("/theirs", "/data/tv")), QUICK)
    client.look("/data/tv/S", ["/data/tv/S/1.mkv", os.fsdecode(b"/data/tv/S/\xff.mkv")])
    (asked,) = fake.requests
    assert (asked.method, asked.path, asked.query) == ("POST", path, {})
    assert asked.headers[header[0]] == header[1]
    assert asked.body == {
        "Updates": [
            {"Path": "/theirs/S/1.mkv", "UpdateType": "Modified"},
            {"Path": "/theirs/S/�.mkv", "UpdateType": "Modified"},
        ]
    }


@pytest.mark.parametrize(
    ("path", "mappings", "mapped"),
    [
        pytest.param("/media/tv/S", [], "/media/tv/S", id="none"),
        pytest.param("/media/tv/S", [("/m", "/media"), ("/t", "/media/tv")], "/t/S", id="the longest of ours"),
        pytest.param("/media/tv/S", [("/m", "/media/t")], "/media/tv/S", id="whole components"),
        pytest.param("/media/tv", [("/t/", "/media/tv/")], "/t", id="the folder itself"),
        pytest.param("/media", [("/", "/media")], "/", id="their root"),
        pytest.param("/x/S", [("/data", "/")], "/data/x/S", id="our root"),
        pytest.param("/media/a/b", [("\\\\nas\\tv", "/media")], "\\\\nas\\tv\\a\\b", id="a share of Windows"),
    ],
)
def test_our_path_as_theirs(path: str, mappings: Sequence[tuple[str, str]], mapped: str) -> None:
    assert players.theirs(path, [PathMapping(*pair) for pair in mappings]) == mapped


# Failures


@pytest.mark.parametrize(
    ("fault", "kind", "text"),
    [
        pytest.param(fake_services.status(401), KeyRefused, "sonarr does not accept its key", id="wrong key"),
        pytest.param(fake_services.status(403), KeyRefused, "sonarr does not accept its key", id="forbidden"),
        pytest.param(fake_services.status(404), NotThere, "sonarr has nothing there", id="not found"),
        pytest.param(fake_services.status(400), Rejected, "sonarr answers HTTP 400", id="bad request"),
        pytest.param(fake_services.status(429), Unavailable, "HTTP 429", id="too many"),
        pytest.param(fake_services.status(500), Unavailable, "HTTP 500", id="a fault of its own"),
        pytest.param(fake_services.end, Unavailable, "breaks the connection", id="closed"),
        pytest.param(fake_services.hang, Unavailable, "whole answer|in time", id="silent"),
        pytest.param(fake_services.drip, Unavailable, "no whole answer within 0.4 s", id="a byte at a time"),
        pytest.param(fake_services.status(200, b" " * (5 << 20)), Unavailable, "far too much", id="endless"),
    ],
)
def test_a_failure_has_a_name_and_no_secret(fake: Fake, fault: Fault, kind: type[Network], text: str) -> None:
    fake.fault = fault
    start = time.monotonic()
    url = fake.url.replace("//", "//ada:hunter2@")
    with pytest.raises(kind, match=text) as caught:
        Client(arr(fake, url=url), QUICK).rescan(42)
    assert time.monotonic() - start < 5
    assert KEY not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with fake_services.nobody() as url, pytest.raises(Unavailable, match=r"^sonarr cannot be reached$"):
        Client(Arr("sonarr", url, Secret(KEY)), QUICK).rescan(42)


@pytest.mark.parametrize("key", ["two\nlines", "Schlüssel-ĳ"], ids=["a line break", "no latin"])
def test_a_key_that_no_header_takes(fake: Fake, key: str) -> None:
    with pytest.raises(Unavailable, match="check its url and key") as caught:
        Client(arr(fake, api_key=Secret(key)), QUICK).rescan(42)
    assert key not in str(caught.value)


def test_nobody_is_followed_elsewhere(fake: Fake) -> None:
    with Fake() as other:
        fake.fault = fake_services.status(302, Location=f"{other.url}/api/v3/command")
        with pytest.raises(Rejected, match="elsewhere"):
            Client(arr(fake), QUICK).rescan(42)
        assert other.requests == []


def test_no_netrc_takes_the_place_of_a_key(fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login ada password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    players.client(player(fake, "jellyfin"), QUICK).look("/x", ["/x/1.mkv"])
    assert fake.requests[0].headers["authorization"] == f'MediaBrowser Token="{KEY}"'


def test_a_proxy_of_the_environment_is_used(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", fake.url)
    fake.fault = fake_services.status(201, {})
    Client(Arr("sonarr", "http://sonarr.invalid:8989/", Secret(KEY)), QUICK).rescan(42)
    assert len(fake.requests) == 1


# What is news


def job(status: str = "changed", *, method: str = "in_place", size: int | None = None, **about: Any) -> dict[str, Any]:
    """Return a finished job."""
    record = {"path": "/media/1.mkv", "arr": SONARR, "apply": {"status": status, "method": method}}
    return {"id": "x", "record": record | ({} if size is None else {"size": size}), **about}


@pytest.mark.parametrize(
    ("finished", "news"),
    [
        pytest.param(job(), True, id="changed"),
        pytest.param(job("unchanged"), False, id="unchanged"),
        pytest.param(job("planned"), False, id="a dry run"),
        pytest.param(job("skipped"), False, id="skipped"),
        pytest.param({"record": {"path": "/x", "error": {"code": "io_error"}}}, False, id="failed"),
        pytest.param({"record": {"input": "x"}}, False, id="no job"),
        pytest.param({"action": "undo", "record": {"path": "/x", "undo": {"status": "undone"}}}, True, id="undone"),
        pytest.param(job(action="undo"), False, id="an undo that failed, of a record of before"),
        pytest.param(
            {"action": "undo", "record": {"path": "/x", "undo": {"status": "unchanged"}}}, False, id="not undone"
        ),
    ],
)
def test_what_is_news(finished: dict[str, Any], news: bool) -> None:
    assert (of_job(finished) is not None) == news


@pytest.mark.parametrize(
    ("method", "size", "resized"),
    [("rewrite", 1, True), ("rewrite", 4, False), ("rewrite", None, True), ("in_place", 1, False), ("clone", 1, False)],
)
def test_when_a_size_has_changed(tmp_path: Path, method: str, size: int | None, resized: bool) -> None:
    film = tmp_path / "film.mkv"
    film.write_bytes(b"film")
    finished = job(method=method, size=size)
    finished["record"]["path"] = str(film)
    news = of_job(finished)
    assert news is not None
    assert news.resized == resized
    assert News.from_record(json.loads(json.dumps(news.to_record()))) == news


@pytest.mark.parametrize(
    ("rescan", "resized", "told"),
    [("always", False, True), ("size_changed", False, False), ("size_changed", True, True), ("never", True, False)],
)
def test_when_an_arr_is_told(fake: Fake, rescan: str, resized: bool, told: bool) -> None:
    one = arr(fake, rescan=rescan)
    receiver = ArrReceiver(one, [one], QUICK)
    assert receiver.subject(News("/x/1.mkv", SONARR, resized)) == ("42" if told else None)
    assert receiver.subject(News("/x/1.mkv", {"app": "sonarr"}, True)) is None, "without an id it would scan all"
    assert wanted(Config(arr=(one,))) == (rescan != "never")


# The mailbox


def mailbox(receiver: Receiver, *news: News, pace: Pace = PACE) -> Mailbox:
    """Return a mailbox with news in it."""
    box = Mailbox(receiver, pace)
    for item in news:
        box.put(item)
    return box


def season(count: int, folder: str = "/data/tv/S") -> list[News]:
    """Return the news of a season."""
    return [News(f"{folder}/{number}.mkv", SONARR, True) for number in range(count)]


def test_a_season_is_one_scan(fake: Fake) -> None:
    one = arr(fake)
    box = mailbox(ArrReceiver(one, [one], QUICK), *season(12))
    fake.wait(1)
    box.end()
    box.wait(fake_services.PATIENCE)
    assert [asked.body for asked in fake.requests] == [{"name": "RescanSeries", "seriesId": 42}]


def test_a_folder_is_one_request(fake: Fake) -> None:
    box = mailbox(PlayerReceiver(player(fake, "jellyfin"), QUICK), *season(3), *season(2, "/data/tv/T"), *season(3))
    requests = fake.wait(2)
    box.end()
    box.wait(fake_services.PATIENCE)
    assert [len(asked.body["Updates"]) for asked in requests] == [3, 2]
    assert len(fake.requests) == 2


def test_it_waits_for_quiet_and_no_longer_than_said(fake: Fake) -> None:
    box = Mailbox(PlayerReceiver(player(fake, "jellyfin"), QUICK), Pace(quiet=0.3, longest=0.6))
    start = time.monotonic()
    while time.monotonic() - start < 1.1:
        box.put(News("/data/tv/S/1.mkv", {}, False))
        time.sleep(0.05)
    box.end()
    box.wait(fake_services.PATIENCE)
    waits = [asked.when - start for asked in fake.requests]
    assert 0.5 < waits[0] < 1.1, "there was no quiet"
    assert len(waits) <= 3


def test_what_fails_is_tried_again(fake: Fake, said: Any) -> None:
    fake.faults = [fake_services.status(503), fake_services.end, None]
    box = mailbox(PlayerReceiver(player(fake, "emby"), QUICK), *season(1))
    fake.wait(3)
    box.end()
    box.wait(fake_services.PATIENCE)
    assert len(fake.requests) == 3
    assert [(line["level"], line["component"], line["type"], line["message"]) for line in said()] == [
        ("error", "players", "network", "emby answers HTTP 503"),
        ("error", "players", "network", "emby breaks the connection"),
    ]


def test_who_never_answers_is_given_up_on_and_asked_again_for_what_is_new(fake: Fake, said: Any) -> None:
    fake.fault = fake_services.status(500)
    box = mailbox(PlayerReceiver(player(fake, "jellyfin"), QUICK), *season(1), *season(1, "/data/tv/T"))
    fake.wait(len(PACE.pauses) + 1)
    deadline = time.monotonic() + fake_services.PATIENCE
    while not any(line["type"] == "lost" for line in said()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    fake.fault = None
    box.put(News("/data/tv/U/1.mkv", {}, False))
    requests = fake.wait(len(PACE.pauses) + 2)
    box.end()
    box.wait(fake_services.PATIENCE)
    assert requests[-1].body["Updates"][0]["Path"] == "/data/tv/U/1.mkv"
    failures = ["jellyfin answers HTTP 500"] * 3
    assert [line["message"] for line in said()] == [*failures, "jellyfin is given up on, and not told of 2 changes"]


@pytest.mark.parametrize(
    ("code", "asked", "lines"),
    [
        pytest.param(401, 1, ["does not accept its key", "not told of 2 changes"], id="wrong key"),
        pytest.param(404, 2, ["not told of /data/tv/S", "not told of /data/tv/T"], id="wrong address"),
    ],
)
def test_what_would_fail_again_is_not_tried_again(
    fake: Fake, said: Any, code: int, asked: int, lines: Sequence[str]
) -> None:
    fake.fault = fake_services.status(code)
    box = mailbox(PlayerReceiver(player(fake, "jellyfin"), QUICK), *season(1), *season(1, "/data/tv/T"))
    fake.wait(asked)
    time.sleep(0.2)  # for what should not come
    box.end()
    box.wait(fake_services.PATIENCE)
    assert len(fake.requests) == asked
    found = [line["message"] for line in said()]
    assert len(found) == len(lines)
    assert all(part in message for part, message in zip(lines, found, strict=True))


def test_at_the_end_what_waits_is_sent(fake: Fake) -> None:
    box = mailbox(PlayerReceiver(player(fake, "emby"), QUICK), *season(1), pace=Pace(quiet=1000))
    box.end()
    box.wait(fake_services.PATIENCE)
    assert len(fake.requests) == 1


def test_at_the_end_what_is_lost_is_said(fake: Fake, said: Any) -> None:
    fake.fault = fake_services.hang
    box = mailbox(PlayerReceiver(player(fake, "emby"), QUICK), *season(1), pace=Pace(quiet=1000))
    box.end()
    box.wait(0.1)
    assert [(line["type"], line["message"]) for line in said()] == [("lost", "emby is not told of one change")]
    box.wait(fake_services.PATIENCE)


# The process


@pytest.fixture
def watched(fake: Fake) -> Config:
    """A configuration with everybody in it."""
    kinds = ("plex", "jellyfin", "emby")
    return Config(arr=(arr(fake, rescan="always"),), players=tuple(player(fake, kind) for kind in kinds))


def changed(path: str = "/data/tv/S/1.mkv") -> dict[str, Any]:
    """Return a job that changed a file."""
    return job() | {"record": {"path": path, "arr": SONARR, "apply": {"status": "changed", "method": "in_place"}}}


def told(requests: Sequence[Asked]) -> set[str]:
    """Return what was asked for, but the libraries."""
    return {asked.path for asked in requests} - {"/library/sections"}


EVERYBODY = {"/api/v3/command", "/library/sections/2/refresh", "/Library/Media/Updated", "/emby/Library/Media/Updated"}


def test_everybody_is_told_once(fake: Fake, watched: Config) -> None:
    with Signals() as signals, Messenger(watched, signals, PACE) as messenger:
        for number in range(5):
            given = changed(f"/data/tv/S/{number}.mkv")
            assert messenger.told(given) is given
        fake.wait(5)
    assert told(fake.requests) == EVERYBODY
    assert len(fake.requests) == 5


def test_at_the_end_everybody_is_told(fake: Fake, watched: Config) -> None:
    with Signals() as signals, Messenger(watched, signals, Pace(quiet=1000)) as messenger:
        messenger.told(changed())
    assert told(fake.requests) == EVERYBODY


def test_nobody_is_told_and_there_is_no_process(fake: Fake) -> None:
    before = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    with Signals() as signals, Messenger(Config(arr=(arr(fake, rescan="never"),)), signals) as messenger:
        assert Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text() == before
        messenger.told(changed())
    assert fake.requests == []


@pytest.mark.parametrize("number", [0, signal.SIGTERM], ids=["at the end", "after a signal"])
def test_whoever_hangs_holds_the_end_for_seconds_only(fake: Fake, watched: Config, said: Any, number: int) -> None:
    fake.fault = fake_services.hang
    pace = Pace(quiet=1000, end=0.4 if number == 0 else 1000, hurried=1000 if number == 0 else 0.3)
    with Signals() as signals:
        with Messenger(watched, signals, pace) as messenger:
            messenger.told(changed())
            signals.number = number
            start = time.monotonic()
        assert time.monotonic() - start < 8, "a request may take ten"
    lost = [line["message"] for line in said() if line["type"] == "lost"]
    assert len(lost) == 4
    assert "plex is not told of one change" in lost


def test_no_job_waits_for_it(fake: Fake, watched: Config, said: Any) -> None:
    """It is stopped, so that nothing is read: still each job is given on at once, and nobody hears more."""
    with Signals() as signals, Messenger(watched, signals, PACE) as messenger:
        pid = int(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()[-1])
        os.kill(pid, signal.SIGSTOP)
        start = time.monotonic()
        for number in range(600):
            messenger.told(changed(f"/data/tv/{'S' * 2000}/{number}.mkv"))
        assert time.monotonic() - start < 5
    assert [line["message"] for line in said()] == ["nobody is told of changes any more: the messenger died"]
    assert fake.requests == []


def test_it_dies(watched: Config, said: Any) -> None:
    with Signals() as signals, Messenger(watched, signals, PACE) as messenger:
        pid = int(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()[-1])
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + fake_services.PATIENCE
        while not said():
            messenger.told(changed())
            assert time.monotonic() < deadline
        messenger.told(changed())
    assert [line["component"] for line in said()] == ["messenger"]
