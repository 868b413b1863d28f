"""`arrtheaudio tmdb` as a person calls it: real processes, and a server that stands in for TMDB."""

import json
from pathlib import Path

import fake_tmdb
import pytest
from fake_tmdb import KEY, TOKEN, status
from jsonschema import Draft202012Validator
from tmdb_rig import fake  # noqa: F401

from arrtheaudio.commands import schema
from arrtheaudio.tmdb import ATTRIBUTION
from arrtheaudio.tmdb.client import CONNECTIONS

CLOCK = "/m/The Lighthouse Clock (2001) {tmdb-603}/a.mkv"
STREET = "/tv/Saltwater Street {tvdb-81189}/Season 01/Saltwater Street - S01E%03d.mkv"


def told(done):
    """Return the lines on standard error."""
    return done.stderr.decode().splitlines()


@pytest.fixture
def ask(run, fake):  # noqa: F811
    """Return the function that runs `tmdb` with a key and the server."""

    def call(*arguments, key=KEY, env=(), before=(), **more):
        environ = {"ARRTHEAUDIO_TMDB_BASE_URL": fake.url, "TMDB_API_KEY": key, **dict(env)}
        return run(*before, "tmdb", *arguments, env=environ, **more)

    return call


def lines(*records):
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_a_path(ask, records):
    (record,) = records(ask(CLOCK).stdout)
    assert record == {
        "path": CLOCK,
        "tmdb": {
            "kind": "movie",
            "id": 603,
            "title": "The Lighthouse Clock",
            "year": 2001,
            "original_language": "en",
            "spoken_languages": ["en"],
            "matched_by": "tmdb_id",
            "confidence": "high",
        },
    }


def test_records_keep_what_they_have(ask, fake, records):  # noqa: F811
    given = [
        {"path": CLOCK, "x": [1, {"y": None}], "probe": {"container": "matroska", "tracks": []}},
        {"path": CLOCK, "tmdb": {"original_language": "xx", "mine": 1}},
        {"path": CLOCK, "error": {"stage": "probe", "code": "not_media", "message": "no"}},
    ]
    done = ask(input=lines(*given), status=1)
    first, *others = records(done.stdout)
    assert first.pop("tmdb")["id"] == 603
    assert [first, *others] == given
    assert fake.paths == ["/movie/603"]
    (again,) = records(ask("--refresh", input=lines(given[1])).stdout)
    assert again["tmdb"]["original_language"] == "en"


def test_the_arr_knows_the_id(ask, records):
    record = {"path": "/x/a.mkv", "arr": {"kind": "series", "ids": {"sonarr": 42, "tmdb": 1396, "tvdb": 81189}}}
    (answered,) = records(ask(input=lines(record)).stdout)
    assert answered["tmdb"]["original_language"] == "ja"
    Draft202012Validator(json.loads(schema.record_text())).validate(answered)


def test_a_name_is_searched_for(ask, fake, records):  # noqa: F811
    done = ask("/m/Paper Moons (2001)/Paper Moons (2001).mkv")
    (record,) = records(done.stdout)
    assert (record["tmdb"]["id"], record["tmdb"]["matched_by"], record["tmdb"]["confidence"]) == (700, "name", "high")
    assert fake.paths == ["/search/movie", "/movie/700"]


def test_episodes_of_one_series_cost_two_requests(ask, fake, records):  # noqa: F811
    paths = "".join(f"{STREET % number}\n" for number in range(500))
    answered = records(ask("-j", "16", input=paths.encode()).stdout)
    assert [record["tmdb"]["id"] for record in answered] == [1396] * 500
    assert fake.paths == ["/find/81189", "/tv/1396"]
    assert records(ask("--offline", input=paths.encode()).stdout) == answered
    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    ("arguments", "kind", "number"),
    [
        pytest.param(("--id", "tmdb:603", "--kind", "movie"), "movie", 603, id="movie"),
        pytest.param(("--id=tmdb:603", "--kind=series"), "series", 603, id="series"),
        pytest.param(("--id", "tvdb:81189"), "series", 1396, id="tvdb"),
        pytest.param(("--id", "imdb:tt0000603"), "movie", 603, id="imdb"),
        pytest.param(("--id", "imdb:TT0903747"), "series", 1396, id="imdb-upper-case"),
    ],
)
def test_an_id_on_the_command_line(ask, records, arguments, kind, number):
    (record,) = records(ask(*arguments, "/x/a.mkv").stdout)
    assert (record["tmdb"]["kind"], record["tmdb"]["id"]) == (kind, number)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("--id", "603"), "'603' is none of tmdb:603, tvdb:81189, imdb:tt0133093", id="no-scheme"),
        pytest.param(("--id", "imdb:603"), "'imdb:603' is none of", id="no-imdb-id"),
        pytest.param(("--id", "tmdb:0"), "'tmdb:0' is none of", id="zero"),
        pytest.param(("--kind", "film"), "'film' is not one of", id="no-kind"),
        pytest.param(("--id", "tvdb:81189", "--kind", "movie"), "an id of TheTVDB is a series'", id="tvdb-of-a-movie"),
    ],
)
def test_a_wrong_call(ask, fake, arguments, said):  # noqa: F811
    done = ask(*arguments, "/x/a.mkv", status=2)
    assert said in done.stderr.decode()
    assert (done.stdout, fake.requests) == (b"", [])


@pytest.mark.parametrize(
    ("env", "fault", "note", "most"),
    [
        pytest.param({"TMDB_API_KEY": ""}, None, "there is no tmdb.api_key", 0, id="no-key"),
        pytest.param({"ARRTHEAUDIO_TMDB_ENABLED": "false"}, None, "tmdb.enabled is false", 0, id="disabled"),
        pytest.param({"TMDB_API_KEY": "wrong"}, None, "127.0.0.1 does not accept the key", CONNECTIONS, id="wrong-key"),
        pytest.param(
            {},
            status(503, fake_tmdb.HTML),
            "127.0.0.1 answers HTTP 503",
            10,
            id="outage",
        ),
        pytest.param({}, fake_tmdb.reset, "127.0.0.1 breaks the connection", 10, id="resets"),
        pytest.param({}, status(404, fake_tmdb.NO_SUCH), "no title is found for", 200, id="unknown"),
    ],
)
def test_without_an_answer_the_records_go_on(ask, fake, records, env, fault, note, most):  # noqa: F811
    fake.fault = fault
    given = [{"path": f"/m/Number {number} {{tmdb-{number}}}/a.mkv"} for number in range(10_000, 10_050)]
    done = ask("--kind", "movie", input=lines(*given), env=env)
    assert records(done.stdout) == given
    (line,) = told(done)
    assert line.startswith("arrtheaudio: tmdb: ")
    assert note in line
    assert len(fake.requests) <= most
    assert ask("--kind", "movie", input=lines(*given[:1]), env=env, before=("-q",)).stderr == b""


def test_offline(ask, fake, records):  # noqa: F811
    ask(CLOCK)
    done = ask("--offline", CLOCK, "/m/x {tmdb-604}.mkv", key="")
    first, second = records(done.stdout)
    assert (first["tmdb"]["id"], "tmdb" in second) == (603, False)
    assert len(told(done)) == 1
    assert fake.paths == ["/movie/603"]


@pytest.mark.parametrize("key", [KEY, TOKEN])
@pytest.mark.parametrize("fault", [None, fake_tmdb.bad_header, status(401, {}), status(500)])
def test_the_key_is_nowhere(ask, fake, home, tmp_path, key, fault):  # noqa: F811
    fake.fault = fault
    done = ask(CLOCK, "/m/Paper Moons (2001).mkv", key=key, before=("-vvv", "--log-format", "json"))
    kept = [path.read_bytes() for folder in (home["HOME"], tmp_path) for path in _files(folder)]
    assert any(b"SQLite format 3" in data for data in kept)
    assert key in str(fake.requests)
    assert key.encode() not in b"".join([done.stdout, done.stderr, *kept])


def _files(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def test_an_answer_that_is_kept_needs_no_network_code(ask):
    ask(CLOCK)
    done = ask(CLOCK, env={"PYTHONPROFILEIMPORTTIME": "1"})
    imported = {line.rpartition("|")[2].strip() for line in told(done)}
    assert "sqlite3" in imported
    assert imported.isdisjoint({"requests", "tenacity", "urllib3", "ssl", "asyncio", "logging", "PTN", "langcodes"})


def test_without_a_place_for_the_cache(ask, records, tmp_path):
    (tmp_path / "file").touch()
    done = ask(CLOCK, CLOCK, env={"ARRTHEAUDIO_TMDB_CACHE_PATH": f"{tmp_path}/file/cache"})
    assert [record["tmdb"]["id"] for record in records(done.stdout)] == [603, 603]
    assert len(told(done)) == 1
    assert "TMDB's answers are not kept" in told(done)[0]


def test_a_table_for_people(ask):
    done = ask("-f", "table", CLOCK, "/m/x {tmdb-9} S01E01.mkv")
    head, *rows = (line.split() for line in done.stdout.decode().splitlines())
    assert head == ["ORIGINAL", "SPOKEN", "BY", "TITLE", "PATH"]
    assert rows[0][:7] == ["en", "en", "tmdb_id", "The", "Lighthouse", "Clock", "(2001)"]
    assert rows[1][:4] == ["-", "-", "-", "-"]


def test_the_path_need_not_be_utf_8(ask, records):
    (record,) = records(ask(b"/m/\xff {tmdb-604}/a.mkv").stdout)
    assert record["tmdb"]["original_language"] == "yue"
    assert "path_bytes" in record


def test_help_names_the_source(run):
    assert ATTRIBUTION in " ".join(run("tmdb", "--help").stdout.decode().split())
