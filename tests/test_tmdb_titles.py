"""What a record gets to know: of which title it is, and what is said of that."""

import json

import fake_tmdb
import pytest
from fake_tmdb import status
from jsonschema import Draft202012Validator
from tmdb_rig import fake, rig  # noqa: F401

from arrtheaudio.commands import schema
from arrtheaudio.tmdb import titles
from arrtheaudio.tmdb.identify import Wish, identify

CLOCK = {
    "kind": "movie",
    "id": 603,
    "title": "The Lighthouse Clock",
    "year": 2001,
    "original_language": "en",
    "spoken_languages": ["en"],
    "matched_by": "tmdb_id",
    "confidence": "high",
}
NFO = '<{root}><uniqueid type="tmdb">{number}</uniqueid></{root}>'


def arr(path="/x/a.mkv", kind="series", **ids):
    return {"path": path, "arr": {"app": "sonarr", "kind": kind, "ids": {"sonarr": 1} | ids}}


def at(path):
    return {"path": path}


def test_all_that_is_known(rig):  # noqa: F811
    record = at("/m/The Lighthouse Clock (2001) {tmdb-603}/a.mkv")
    before = json.dumps(record)
    answer = identify(record, Wish(), rig.client())
    assert answer == CLOCK
    assert list(answer) == list(CLOCK)
    assert json.dumps(record) == before
    Draft202012Validator(json.loads(schema.record_text())).validate(record | {"tmdb": answer})


@pytest.mark.parametrize(
    ("number", "original", "spoken"),
    [
        pytest.param(603, "en", ["en"], id="English"),
        pytest.param(604, "yue", ["yue", "zh"], id="cn-is-Cantonese"),
        pytest.param(605, "zxx", ["zxx"], id="xx-is-no-language"),
        pytest.param(606, "fr", ["en"], id="French-that-nobody-speaks"),
        pytest.param(608, "nb", ["nb", "sv"], id="Norwegian-once"),
        pytest.param(607, None, [], id="null"),
    ],
)
def test_languages(rig, number, original, spoken):  # noqa: F811
    answer = identify(at("/a.mkv"), Wish(("tmdb", str(number)), "movie"), rig.client())
    assert answer.get("original_language") == original
    assert answer["spoken_languages"] == spoken
    assert ("original_language" in answer) is (original is not None)


def test_what_is_not_known_is_left_out(rig):  # noqa: F811
    answer = identify(at("/a.mkv"), Wish(("tmdb", "607"), "movie"), rig.client())
    assert answer.keys() == CLOCK.keys() - {"original_language", "year"}


@pytest.mark.parametrize(
    ("record", "wish", "kind", "number", "matched_by", "confidence", "requests"),
    [
        # the command line before all else
        pytest.param(arr(tmdb=1400), Wish(("tmdb", "603"), "movie"), "movie", 603, "tmdb_id", "high", 1, id="option"),
        pytest.param(
            at("/x S01E01.mkv"), Wish(("tmdb", "603")), "series", 603, "tmdb_id", "high", 1, id="option-episode"
        ),
        pytest.param(at("/x.mkv"), Wish(("tvdb", "81189")), "series", 1396, "tvdb_id", "high", 2, id="option-tvdb"),
        pytest.param(at("/x.mkv"), Wish(("imdb", "tt0903747")), "series", 1396, "imdb_id", "high", 2, id="option-imdb"),
        # then the Arr
        pytest.param(arr(tmdb=1396, tvdb=2), Wish(), "series", 1396, "tmdb_id", "high", 1, id="arr-tmdb"),
        pytest.param(arr(tmdb=0, tvdb=81189), Wish(), "series", 1396, "tvdb_id", "high", 2, id="arr-tvdb"),
        pytest.param(arr(tmdb=9, tvdb=81189), Wish(), "series", 1396, "tvdb_id", "high", 3, id="arr-tmdb-gone"),
        pytest.param(arr(kind="movie", tmdb=603), Wish(), "movie", 603, "tmdb_id", "high", 1, id="arr-movie"),
        pytest.param(arr(kind="movie", imdb="tt0000603"), Wish(), "movie", 603, "imdb_id", "high", 2, id="arr-imdb"),
        pytest.param(
            arr("/x {tmdb-1400}.mkv", tmdb=1396), Wish(), "series", 1396, "tmdb_id", "high", 1, id="arr-before-path"
        ),
        pytest.param(arr("/x {tmdb-1400}.mkv"), Wish(), "series", 1400, "tmdb_id", "high", 1, id="path-after-arr"),
        pytest.param(
            arr("/x.mkv", kind="movie", tmdb=603),
            Wish(kind="series"),
            "series",
            603,
            "tmdb_id",
            "high",
            1,
            id="kind-option",
        ),
        # a number without a kind
        pytest.param(at("/x/S01E01 {tmdb-603}.mkv"), Wish(), "series", 603, "tmdb_id", "high", 1, id="episode"),
        pytest.param(
            at("/x {tmdb-603}/Season 1/a.mkv"), Wish(), "series", 603, "tmdb_id", "high", 1, id="season-folder"
        ),
        pytest.param(
            at("/The Lighthouse Clock {tmdb-603}/a.mkv"),
            Wish(),
            "movie",
            603,
            "tmdb_id",
            "high",
            1,
            id="title-of-the-movie",
        ),
        pytest.param(
            at("/Harbour Watch {tmdb-603}/01.mkv"),
            Wish(),
            "series",
            603,
            "tmdb_id",
            "high",
            2,
            id="title-of-the-series",
        ),
        pytest.param(at("/Die Uhr {tmdb-603}/a.mkv"), Wish(), "movie", 603, "tmdb_id", "low", 2, id="neither-title"),
        pytest.param(
            at("/Die Pflaumen {tmdb-604}/a.mkv"), Wish(), "movie", 604, "tmdb_id", "high", 2, id="movie-alone"
        ),
        pytest.param(
            at("/Die Straße {tmdb-1396}/a.mkv"), Wish(), "series", 1396, "tmdb_id", "high", 2, id="series-alone"
        ),
        # /find
        pytest.param(
            at("/x {tvdb-81190}/a.mkv"), Wish(), "series", 1396, "tvdb_id", "high", 2, id="series-not-episode"
        ),
        pytest.param(at("/x {imdb-tt0000603}/a.mkv"), Wish(), "movie", 603, "imdb_id", "high", 2, id="imdb-movie"),
        pytest.param(at("/x tt0959621.mkv"), Wish(), "series", 1396, "imdb_id", "high", 2, id="imdb-of-an-episode"),
        pytest.param(
            at("/x {tvdb-30272} {imdb-tt0903747}/a.mkv"), Wish(), "series", 1396, "imdb_id", "high", 3, id="the-next-id"
        ),
    ],
)
def test_ids(rig, record, wish, kind, number, matched_by, confidence, requests):  # noqa: F811
    answer = identify(record, wish, rig.client())
    assert (answer["kind"], answer["id"]) == (kind, number)
    assert (answer["matched_by"], answer["confidence"]) == (matched_by, confidence)
    assert len(rig.fake.requests) == requests


@pytest.mark.parametrize(
    ("wish", "requests"),
    [
        pytest.param(Wish(("tvdb", "30272")), 1, id="the-number-of-another-series-episode"),
        pytest.param(Wish(("tvdb", "81189"), "movie"), 0, id="tvdb-of-a-movie"),
        pytest.param(Wish(("imdb", "tt0903747"), "movie"), 1, id="imdb-of-a-series-for-a-movie"),
        pytest.param(Wish(("imdb", "tt0000603"), "series"), 1, id="imdb-of-a-movie-for-a-series"),
        pytest.param(Wish(("imdb", "tt7777777")), 2, id="a-title-that-is-gone"),
        pytest.param(Wish(("imdb", "tt1111111")), 1, id="unknown-imdb"),
        pytest.param(Wish(("tmdb", "9")), 2, id="neither-movie-nor-series"),
        pytest.param(Wish(("tmdb", "9"), "movie"), 1, id="no-movie"),
    ],
)
def test_an_id_that_leads_nowhere(rig, wish, requests):  # noqa: F811
    assert identify(at("/The Lighthouse Clock (2001).mkv"), wish, rig.client()) is None
    assert len(rig.fake.requests) == requests


def test_an_nfo_tells_the_id(rig, tmp_path):  # noqa: F811
    (tmp_path / "tvshow.nfo").write_text(NFO.format(root="tvshow", number=1396))
    answer = identify(at(str(tmp_path / "Season 1" / "a.mkv")), Wish(), rig.client())
    assert (answer["id"], answer["matched_by"], answer["confidence"]) == (1396, "tmdb_id", "high")


def test_an_nfo_is_asked_only_where_nobody_knows_better(rig, tmp_path):  # noqa: F811
    (tmp_path / "movie.nfo").write_text(NFO.format(root="movie", number=700))
    answer = identify(at(f"{tmp_path}/The Lighthouse Clock {{tmdb-603}}.mkv"), Wish(), rig.client())
    assert answer["id"] == 603


@pytest.mark.parametrize(
    "record",
    [
        pytest.param({"arr": 5}, id="arr-a-number"),
        pytest.param({"arr": {"ids": [1], "kind": []}}, id="ids-a-list"),
        pytest.param({"arr": {"ids": {"tmdb": {"a": 1}}, "kind": "film"}}, id="id-an-object"),
    ],
)
def test_an_arr_of_another_shape(rig, record):  # noqa: F811
    answer = identify({"path": "/The Lighthouse Clock {tmdb-603}.mkv"} | record, Wish(), rig.client())
    assert answer["id"] == 603


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        pytest.param({}, {}, id="empty"),
        pytest.param({"title": "", "original_title": "Ö"}, {"title": "Ö"}, id="only-its-own-title"),
        pytest.param({"title": 5, "release_date": 2001, "original_language": ["en"]}, {}, id="other-types"),
        pytest.param({"release_date": "unknown"}, {}, id="no-date"),
        pytest.param({"release_date": "٢٠٠١-01-01"}, {}, id="digits-of-another-script"),
        pytest.param({"original_language": ""}, {}, id="no-language"),
        pytest.param({"original_language": "klingonese"}, {}, id="unknown-language"),
        pytest.param({"original_language": "jpn"}, {"original_language": "ja"}, id="ISO-639-2"),
        pytest.param({"spoken_languages": "en"}, {}, id="spoken-no-list"),
        pytest.param(
            {"spoken_languages": [None, {}, {"iso_639_1": None}]}, {"spoken_languages": []}, id="spoken-nothing"
        ),
    ],
)
def test_a_title_of_another_shape(rig, body, answer):  # noqa: F811
    rig.fake.fault = status(200, {"id": 603} | body)
    found = identify(at("/a.mkv"), Wish(("tmdb", "603"), "movie"), rig.client())
    assert found == {"kind": "movie", "id": 603, "matched_by": "tmdb_id", "confidence": "high"} | answer


@pytest.mark.parametrize(
    "body", [{"tv_results": 5}, {"tv_results": [5]}, {"tv_results": [{"id": "1396"}]}, {"tv_results": [{"id": True}]}]
)
def test_a_find_of_another_shape(rig, body):  # noqa: F811
    rig.fake.faults = [status(200, body)]
    assert identify(at("/a.mkv"), Wish(("tvdb", "81189")), rig.client()) is None


@pytest.mark.parametrize(
    ("kind", "title", "year", "found", "query"),
    [
        pytest.param("movie", "lighthouse", None, [603], {}, id="movie"),
        pytest.param("movie", "paper moons", 2001, [700], {"year": "2001"}, id="movie-and-year"),
        pytest.param("movie", "paper moons", 1999, [], {"year": "1999"}, id="another-year"),
        pytest.param("series", "saltwater", 2010, [1396], {"first_air_date_year": "2010"}, id="series-and-year"),
    ],
)
def test_search(rig, kind, title, year, found, query):  # noqa: F811
    results = titles.search(rig.client(), kind, title, year)
    assert [item["id"] for item in results] == found
    (asked,) = rig.fake.requests
    assert asked.path == f"/3/search/{'movie' if kind == 'movie' else 'tv'}"
    assert asked.query == {"query": title, "include_adult": "false", "api_key": fake_tmdb.KEY} | query
