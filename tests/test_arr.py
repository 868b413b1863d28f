"""What Sonarr and Radarr tell: every event of both, by webhook and by script; and what nobody should send."""

import json
from pathlib import Path
from typing import Any

import arr_rig as rig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arrtheaudio.core import arr_languages
from arrtheaudio.core.arr import Event, webhook
from arrtheaudio.core.arr_environment import environment, listed

DOWNLOAD = {"app": "sonarr", "instance": "Sonarr", "event": "Download"}


def told(event: Event) -> list[dict[str, Any]]:
    """Return the records of an event that has some."""
    assert event.reason is None
    assert event.records
    return list(event.records)


def arr_of(event: Event) -> dict[str, Any]:
    """Return the `arr` of the only record."""
    (record,) = told(event)
    arr: dict[str, Any] = record["arr"]
    return arr


# Download


def test_an_import_of_sonarr() -> None:
    expected = {"path": rig.EPISODE, "arr": DOWNLOAD | {"upgrade": False} | rig.OF_SERIES}
    assert told(webhook("sonarr", rig.sonarr_download())) == [expected]


def test_the_keys_stand_in_the_order_of_the_contract() -> None:
    keys = "app instance event upgrade kind title year season episodes ids series_type tags original_language"
    assert " ".join(arr_of(webhook("sonarr", rig.sonarr_download()))) == keys


def test_an_upgrade_is_told_and_the_deleted_file_is_not_touched() -> None:
    (record,) = told(webhook("sonarr", rig.sonarr_upgrade()))
    assert record["path"] == rig.EPISODE
    assert record["arr"]["upgrade"] is True
    assert "old.mkv" not in json.dumps(record)


def test_an_import_of_radarr() -> None:
    expected = {"app": "radarr", "instance": "Radarr", "event": "Download", "upgrade": False} | rig.OF_FILM
    assert told(webhook("radarr", rig.radarr_download())) == [{"path": rig.MOVIE, "arr": expected}]


def test_a_pack_is_a_record_for_each_file_and_no_episode_is_guessed() -> None:
    records = told(webhook("sonarr", rig.sonarr_complete()))
    assert [record["path"] for record in records] == rig.EPISODES
    shared = {key: value for key, value in rig.OF_SERIES.items() if key != "episodes"}
    assert [record["arr"] for record in records] == [DOWNLOAD | shared] * 3


def test_a_pack_of_one_file_has_all_the_episodes() -> None:
    assert arr_of(webhook("sonarr", rig.sonarr_complete(rig.EPISODES[:1])))["episodes"] == [1, 2, 3]


def test_a_pack_of_two_seasons_has_no_season() -> None:
    body = rig.sonarr_complete(episodes=[rig.episode(1, 1), rig.episode(1, 2)])
    assert all("season" not in record["arr"] for record in told(webhook("sonarr", body)))


def test_a_file_that_is_listed_twice_is_one_record() -> None:
    body = rig.sonarr_complete(
        [*rig.EPISODES, rig.EPISODES[0]], episodeFile=rig.file(rig.EPISODES[1], rig.SERIES_FOLDER)
    )
    assert sorted(record["path"] for record in told(webhook("sonarr", body))) == rig.EPISODES


def test_specials_are_season_zero() -> None:
    arr = arr_of(webhook("sonarr", rig.sonarr_download(episodes=[rig.episode(0, 0)])))
    assert (arr["season"], arr["episodes"]) == (0, [0])


def test_a_file_of_two_episodes_has_both() -> None:
    body = rig.sonarr_download(episodes=[rig.episode(3), rig.episode(4)])
    assert arr_of(webhook("sonarr", body))["episodes"] == [3, 4]


def test_sonarr_3_tells_less() -> None:
    series = {key: rig.SERIES[key] for key in ("id", "title", "path", "tvdbId", "tvMazeId", "imdbId", "type")}
    body = {"series": series, "episodes": [rig.episode(3)], "isUpgrade": False, "eventType": "Download"}
    body["episodeFile"] = {"id": 1, "relativePath": "Season 01/x.mkv", "path": rig.EPISODE, "quality": "HDTV-720p"}
    assert arr_of(webhook("sonarr", body)) == {
        "app": "sonarr",
        "event": "Download",
        "upgrade": False,
        "kind": "series",
        "title": "Kaze no Machi",
        "season": 1,
        "episodes": [3],
        "ids": {"sonarr": 12, "tvdb": 400123, "imdb": "tt9876543"},
        "series_type": "anime",
    }


def test_what_later_versions_add_changes_nothing() -> None:
    more = {"malIds": [1], "aniListIds": [2], "originalCountry": "jp"}
    body = rig.sonarr_download(series=rig.SERIES | more, episodes=[rig.episode(3) | {"finaleType": "season"}])
    assert webhook("sonarr", body) == webhook("sonarr", rig.sonarr_download())


@pytest.mark.parametrize(
    ("change", "key"),
    [
        pytest.param({"tmdbId": 0}, "tmdb", id="zero"),
        pytest.param({"tmdbId": None}, "tmdb", id="null"),
        pytest.param({"tmdbId": True}, "tmdb", id="a boolean"),
        pytest.param({"tmdbId": -1}, "tmdb", id="less than zero"),
        pytest.param({"tmdbId": 10**30}, "tmdb", id="beyond 64 bits"),
        pytest.param({"tmdbId": "²"}, "tmdb", id="a digit that is no number"),
        pytest.param({"tvdbId": [1]}, "tvdb", id="a list"),
        pytest.param({"imdbId": "5678"}, "imdb", id="the imdb id of a test"),
        pytest.param({"imdbId": "tt" + "9" * 5000}, "imdb", id="more digits than int takes"),
        pytest.param({"imdbId": ""}, "imdb", id="empty"),
    ],
)
def test_an_id_that_is_unknown_has_no_key(change: dict[str, Any], key: str) -> None:
    ids = arr_of(webhook("sonarr", rig.sonarr_download(series=rig.SERIES | change)))["ids"]
    assert ids == {name: value for name, value in rig.OF_SERIES["ids"].items() if name != key}  # type: ignore[attr-defined]


def test_what_the_film_lacks_is_taken_from_the_remote_one() -> None:
    film = {"id": 77, "title": "", "folderPath": rig.MOVIE_FOLDER, "tmdbId": 0, "year": 0}
    arr = arr_of(webhook("radarr", rig.radarr_download(movie=film)))
    assert (arr["title"], arr["year"], arr["ids"]) == ("Le Quai", 1998, rig.OF_FILM["ids"])


@pytest.mark.parametrize(
    ("language", "tag"),
    [
        pytest.param({"id": 31, "name": "Arabic"}, "ar", id="radarr 31"),
        pytest.param({"id": 31, "name": "Slovak"}, "sk", id="sonarr 31"),
        pytest.param({"id": 1, "name": "Japanese"}, "ja", id="the number says English"),
        pytest.param({"name": "Portuguese (Brazil)"}, "pt-BR", id="Brazil"),
        pytest.param({"name": "Spanish (Latino)"}, "es-419", id="Latin America"),
        pytest.param({"name": "Flemish"}, "nl-BE", id="Flemish"),
        pytest.param({"id": 47, "name": "Azerbaijani"}, "az", id="sonarr 5"),
        pytest.param({"id": 0, "name": "Unknown"}, None, id="unknown"),
        pytest.param({"id": -1, "name": "Any"}, None, id="any"),
        pytest.param({"id": -2, "name": "Original"}, None, id="original"),
        pytest.param({"id": 8}, None, id="a number alone"),
        pytest.param({"name": "Quenya"}, None, id="a name of no language here"),
        pytest.param({"name": 8}, None, id="no text"),
        pytest.param("Japanese", None, id="no object"),
        pytest.param(None, None, id="null"),
    ],
)
def test_the_original_language_goes_by_its_name(language: Any, tag: str | None) -> None:
    arr = arr_of(webhook("sonarr", rig.sonarr_download(series=rig.SERIES | {"originalLanguage": language})))
    assert arr.get("original_language") == tag


# Every language of the two, with the code that a script is told.
LANGUAGES = """
English eng, French fra, Spanish spa, German deu, Italian ita, Danish dan, Dutch nld, Japanese jpn, Icelandic isl,
Chinese zho, Russian rus, Polish pol, Vietnamese vie, Swedish swe, Norwegian nor, Finnish fin, Turkish tur,
Portuguese por, Greek ell, Korean kor, Hungarian hun, Hebrew heb, Lithuanian lit, Czech ces, Arabic ara, Hindi hin,
Bulgarian bul, Malayalam mal, Ukrainian ukr, Slovak slk, Thai tha, Romanian ron, Latvian lav, Persian fas, Catalan cat,
Croatian hrv, Serbian srp, Bosnian bos, Estonian est, Tamil tam, Indonesian ind, Macedonian mkd, Slovenian slv,
Bengali ben, Telugu tel, Kannada kan, Albanian sqi, Afrikaans afr, Marathi mar, Tagalog tgl, Urdu urd, Romansh roh,
Mongolian mon, Georgian kat, Azerbaijani aze, Uzbek uzb, Malay msa
"""


@pytest.mark.parametrize(("name", "code"), [tuple(line.split()) for line in LANGUAGES.split(",")])
def test_a_name_and_a_code_are_the_same_language(name: str, code: str) -> None:
    tag = arr_languages.of_name(name)
    assert tag is not None
    assert tag == arr_languages.of_code(code)


# The others


@pytest.mark.parametrize(("app", "body"), rig.IDLE_BODIES.values(), ids=rig.IDLE_BODIES)
def test_an_event_that_changes_no_file_is_no_work(app: str, body: dict[str, Any]) -> None:
    event = webhook(app, body)
    assert (event.app, event.name, event.records, event.reason) == (app, body["eventType"], (), "no_work")
    assert body["eventType"] in event.message


@pytest.mark.parametrize("app", rig.TEST_BODIES)
def test_a_test_is_one(app: str) -> None:
    event = webhook(app, rig.TEST_BODIES[app])
    assert (event.app, event.name, event.instance, event.records, event.reason) == (
        app,
        "Test",
        app.title(),
        (),
        "test",
    )


def test_an_event_that_nobody_knows_is_not_understood() -> None:
    event = webhook("sonarr", rig.sonarr_download() | {"eventType": "Earthquake"})
    assert (event.records, event.reason) == ((), "not_understood")
    assert "Earthquake" in event.message


@pytest.mark.parametrize(
    "file",
    [None, {}, {"path": ""}, {"path": 5}, {"path": None}, [], "a path", {"relativePath": "x.mkv"}],
    ids=lambda file: json.dumps(file),
)
def test_a_download_without_a_path_is_not_understood(file: Any) -> None:
    body = rig.of_app("sonarr", "Download", series="no object", episodes=[rig.episode(3)], episodeFile=file)
    event = webhook("sonarr", body)
    assert (event.records, event.reason) == ((), "not_understood")
    assert "episodeFile.path" in event.message


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        pytest.param("/tv/Show/", "/tv/Show/Season 1/x.mkv", id="posix"),
        pytest.param("C:\\tv\\Show", "C:\\tv\\Show\\Season 1/x.mkv", id="windows"),
    ],
)
def test_a_path_may_be_told_in_two_parts(folder: str, path: str) -> None:
    series = rig.SERIES | {"path": folder}
    event = webhook("sonarr", rig.sonarr_download(series=series, episodeFile={"relativePath": "Season 1/x.mkv"}))
    assert [record["path"] for record in told(event)] == [path]


@pytest.mark.parametrize(
    ("app", "body", "teller"),
    [
        pytest.param("sonarr", rig.radarr_download(), "radarr", id="a film to sonarr"),
        pytest.param("radarr", rig.sonarr_download(), "sonarr", id="an episode to radarr"),
        pytest.param("radarr", rig.sonarr_complete(), "sonarr", id="a pack to radarr"),
    ],
)
def test_what_came_to_the_wrong_door_is_taken_for_what_it_is(app: str, body: dict[str, Any], teller: str) -> None:
    event = webhook(app, body)
    assert event.app == teller
    assert event.records == webhook(teller, body).records
    assert all(name in event.message for name in ("Sonarr", "Radarr"))
    assert webhook(teller, body).message == ""


def test_a_test_at_the_wrong_door_is_a_test() -> None:
    assert webhook("radarr", rig.TEST_BODIES["sonarr"]).app == "sonarr"


@pytest.mark.parametrize("event", ["download", "DOWNLOAD", None, 7, [], ""], ids=str)
def test_the_event_of_a_file_need_not_be_spelt_right(event: Any) -> None:
    assert arr_of(webhook("sonarr", rig.sonarr_download() | {"eventType": event}))["event"] == "Download"


WRONG = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["series", "movie", "episodes", "episodeFile", "episodeFiles", "movieFile", "remoteMovie"])
MORE = st.sampled_from(["eventType", "instanceName", "isUpgrade", "deletedFiles", "originalLanguage", "tags", "path"])
BODIES = st.recursive(
    WRONG,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | MORE, inner, max_size=6),
    max_leaves=12,
)


@settings(deadline=None)  # on a busy machine any call may take long
@given(app=st.sampled_from(["sonarr", "radarr"]), body=st.dictionaries(KEYS | MORE, BODIES, max_size=9))
def test_a_body_of_any_shape_is_an_event(app: str, body: dict[str, Any]) -> None:
    event = webhook(app, body)
    assert event.app in ("sonarr", "radarr")
    assert bool(event.records) == (event.reason is None)
    assert event.message or event.records
    json.dumps(event.records, ensure_ascii=False).encode("utf-8", "surrogatepass")


@settings(deadline=None)  # on a busy machine any call may take long
@given(change=st.dictionaries(st.sampled_from([*rig.SERIES]), WRONG), outer=st.dictionaries(MORE, WRONG), wrong=WRONG)
def test_a_path_is_used_whatever_is_wrong_beside_it(change: dict[str, Any], outer: dict[str, Any], wrong: Any) -> None:
    outer.pop("eventType", None)
    body = rig.sonarr_download() | outer | {"series": rig.SERIES | change, "episodes": wrong}
    assert [record["path"] for record in told(webhook("sonarr", body))] == [rig.EPISODE]
    for part in ("series", "episodes", "mediaInfo"):
        assert [record["path"] for record in told(webhook("sonarr", body | {part: wrong}))] == [rig.EPISODE]


def test_a_title_of_half_a_megabyte_is_cut() -> None:
    body = rig.sonarr_complete(series=rig.SERIES | {"title": "x" * 500_000, "tags": ["t" * 9000] * 9000})
    assert all(len(json.dumps(record)) < 2000 for record in told(webhook("sonarr", body)))


def test_a_lone_surrogate_in_a_title_is_none_in_the_record() -> None:
    title = arr_of(webhook("sonarr", rig.sonarr_download(series=rig.SERIES | {"title": "Pok\udce9mon"})))["title"]
    assert title.encode()
    assert (title[:3], title[-3:]) == ("Pok", "mon")


# Scripts


@pytest.mark.parametrize(
    ("body", "variables"),
    [
        pytest.param(rig.sonarr_download(), rig.sonarr_variables(), id="sonarr"),
        pytest.param(rig.sonarr_upgrade(), rig.sonarr_upgrade_variables(), id="sonarr, an upgrade"),
        pytest.param(rig.sonarr_complete(), rig.sonarr_complete_variables(), id="sonarr, a pack"),
        pytest.param(
            rig.sonarr_complete(rig.EPISODES[:1]), rig.sonarr_complete_variables(rig.EPISODES[:1]), id="a pack of one"
        ),
        pytest.param(rig.radarr_download(), rig.radarr_variables(), id="radarr"),
        pytest.param(
            rig.sonarr_download(series=rig.SERIES | {"tags": [], "tmdbId": 0, "imdbId": None, "year": 0}),
            rig.sonarr_variables(series_tags="", series_tmdbid="0", series_imdbid="", series_year="0"),
            id="much unknown",
        ),
        pytest.param(
            rig.radarr_download(movie=rig.FILM | {"originalLanguage": {"id": 0, "name": "Unknown"}}),
            rig.radarr_variables(movie_originallanguage=""),
            id="no language",
        ),
    ],
)
def test_both_ways_tell_the_same(body: dict[str, Any], variables: dict[str, str]) -> None:
    app = "radarr" if "movie" in body else "sonarr"
    assert environment(variables) == webhook(app, body)


def test_what_a_script_is_not_told_is_missing_or_empty_alike() -> None:
    told_empty = {name: "" for name in rig.sonarr_variables() if name.startswith("sonarr_series_")}
    without = {name: value for name, value in rig.sonarr_variables().items() if name not in told_empty}
    assert environment(without) == environment(rig.sonarr_variables() | told_empty)
    assert arr_of(environment(without))["kind"] == "series"


def test_the_names_may_be_spelt_as_on_windows() -> None:
    upper = {name.title(): value for name, value in rig.sonarr_variables().items()}
    assert environment(upper) == environment(rig.sonarr_variables())


@pytest.mark.parametrize(
    ("variables", "path", "arr"),
    [
        pytest.param(rig.sonarr_import(), rig.EPISODE, rig.OF_SERIES, id="sonarr"),
        pytest.param(rig.radarr_import(), rig.MOVIE, rig.OF_FILM, id="radarr"),
    ],
)
def test_an_import_script_is_told_where_the_file_will_be(
    variables: dict[str, str], path: str, arr: dict[str, Any]
) -> None:
    event = environment(variables)
    (record,) = told(event)
    assert (event.name, record["path"]) == ("ImportScript", path)
    expected = {"event": "ImportScript", "upgrade": False} | arr
    if arr["kind"] == "series":
        del expected["year"]  # Sonarr does not tell it here
    app = event.app
    assert record["arr"] == {"app": app, "instance": app.title()} | expected
    assert environment(variables | {f"{app}_deletedpaths": "/tv/old.mkv"}).records[0]["arr"]["upgrade"] is True


def test_an_import_script_without_a_destination_is_not_understood() -> None:
    assert environment(rig.sonarr_import(destinationpath="")).reason == "not_understood"


@pytest.mark.parametrize(("app", "variables"), rig.IDLE_VARIABLES.values(), ids=rig.IDLE_VARIABLES)
def test_an_event_of_a_script_that_changes_no_file_is_no_work(app: str, variables: dict[str, str]) -> None:
    event = environment(variables)
    assert (event.app, event.name, event.records, event.reason) == (app, variables[f"{app}_eventtype"], (), "no_work")


@pytest.mark.parametrize("app", ["sonarr", "radarr"])
def test_a_script_s_test_is_one(app: str) -> None:
    event = environment(rig.variables(app, eventtype="Test"))
    assert (event.app, event.reason, event.records) == (app, "test", ())


@pytest.mark.parametrize("variables", [{}, {"HOME": "/root"}, {"sonarr_eventtype": " "}], ids=str)
def test_without_variables_there_is_no_event(variables: dict[str, str]) -> None:
    event = environment(variables)
    assert event.reason == "not_understood"
    assert "sonarr_eventtype" in event.message


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("/a.mkv", ["/a.mkv"], id="one"),
        pytest.param("/a.mkv|/b.mkv", ["/a.mkv", "/b.mkv"], id="two"),
        pytest.param("/a|b.mkv|/c.mkv", ["/a|b.mkv", "/c.mkv"], id="a bar in a name"),
        pytest.param("C:\\a.mkv|D:\\b.mkv", ["C:\\a.mkv", "D:\\b.mkv"], id="windows"),
        pytest.param("\\\\nas\\a.mkv|\\\\nas\\b.mkv", ["\\\\nas\\a.mkv", "\\\\nas\\b.mkv"], id="a share"),
    ],
)
def test_a_list_of_paths(text: str, paths: list[str]) -> None:
    assert listed(text) == paths


def test_a_pack_of_two_seasons_in_a_script_has_no_season() -> None:
    event = environment(rig.sonarr_complete_variables(episodefile_episodenumbers="1,2,1"))
    assert all("season" not in record["arr"] for record in told(event))


NAMES = st.sampled_from([*rig.sonarr_complete_variables(), *rig.radarr_variables(), *rig.sonarr_import()])


@settings(deadline=None)  # on a busy machine any call may take long
@given(variables=st.dictionaries(NAMES, st.text(max_size=12) | st.sampled_from(["Download", "1|2", "/a|/b", "True"])))
def test_variables_of_any_content_are_an_event(variables: dict[str, str]) -> None:
    event = environment(variables)
    assert bool(event.records) == (event.reason is None)
    json.dumps(event.records)


# What others made, where it is there.

SAMPLES = Path(__file__).parents[2] / "shared/samples/arr"


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_a_sample_is_understood(sample: Path) -> None:
    body = json.loads(sample.read_bytes())
    event = webhook("radarr" if "movie" in body else "sonarr", body)
    if body["eventType"] == "Test":
        assert event.reason == "test"
    else:
        files = [body[key] for key in ("movieFile", "episodeFile") if key in body] or body["episodeFiles"]
        assert [record["path"] for record in told(event)] == [file["path"] for file in files]
        assert event.records[0]["arr"]["original_language"] in ("ja", "ko")
