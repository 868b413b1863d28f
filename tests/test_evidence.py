"""What is believed of the original language, for what the sources say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio.core.evidence import HIGH, MEDIUM, NONE, OPEN, OVERRIDE, weigh
from arrtheaudio.core.track import Track


def arr(language: str, app: str = "sonarr", **more: Any) -> dict[str, Any]:
    return {"app": app, "original_language": language, **more}


def tmdb(language: str, *spoken: str, **more: Any) -> dict[str, Any]:
    return {"id": 7, "kind": "movie", "original_language": language, "spoken_languages": list(spoken), **more}


def by_name(language: str, confidence: str = "high") -> dict[str, Any]:
    return tmdb(language, matched_by="name", confidence=confidence, title="A Title")


FLAGGED = (Track(1, "audio", "aac", language="en"), Track(2, "audio", "aac", language="ko", original=True))

CASES = [
    pytest.param({"arr": arr("it"), "tmdb": tmdb("fr", "en", "it")}, (), "it", MEDIUM, id="an Arr names a spoken one"),
    pytest.param({"arr": arr("de"), "tmdb": tmdb("fr", "en", "it")}, (), None, OPEN, id="an Arr names yet another"),
    pytest.param({"tmdb": by_name("fr", "low") | {"id": 18}}, (), None, NONE, id="a guessed id is no override's"),
    pytest.param({}, (), None, NONE, id="nothing is known"),
    pytest.param({"arr": arr("ja")}, (), "ja", MEDIUM, id="the Arr alone"),
    pytest.param({"arr": arr("en")}, (), "en", MEDIUM, id="the Arr's English, where nothing else speaks"),
    pytest.param({"arr": {"app": "sonarr"}}, (), None, NONE, id="an Arr that says nothing"),
    pytest.param({"arr": arr("und")}, (), None, NONE, id="an Arr that says undetermined"),
    pytest.param({"arr": arr("")}, (), None, NONE, id="an empty language"),
    pytest.param({"arr": {"original_language": 7}}, (), None, NONE, id="a number for a language"),
    pytest.param({"arr": "sonarr"}, (), None, NONE, id="an arr key that is no object"),
    pytest.param({"tmdb": tmdb("ja", "ja")}, (), "ja", MEDIUM, id="TMDB alone"),
    pytest.param({"tmdb": tmdb("ja")}, (), "ja", MEDIUM, id="TMDB without spoken languages"),
    pytest.param({"tmdb": tmdb("fr", "en")}, (), "en", MEDIUM, id="one language is spoken, and it is another"),
    pytest.param({"tmdb": tmdb("fr", "en", "it")}, (), None, OPEN, id="several are spoken, and not that one"),
    pytest.param({"tmdb": tmdb("fr", "en", "fr")}, (), "fr", MEDIUM, id="it is spoken, among others"),
    pytest.param({"tmdb": tmdb("cn", "cn")}, (), "yue", MEDIUM, id="TMDB's cn is Cantonese"),
    pytest.param({"tmdb": tmdb("xx")}, (), "zxx", MEDIUM, id="a film without words"),
    pytest.param({"arr": arr("ja"), "tmdb": tmdb("ja", "ja")}, (), "ja", HIGH, id="the Arr and TMDB agree"),
    pytest.param(
        {"arr": arr("zh"), "tmdb": tmdb("cn", "cn")}, (), "yue", HIGH, id="the Arr's Chinese is TMDB's Cantonese"
    ),
    pytest.param({"arr": arr("ko"), "tmdb": tmdb("ja", "ja")}, (), None, OPEN, id="the Arr and TMDB differ"),
    pytest.param({"arr": arr("en"), "tmdb": tmdb("is", "is")}, (), "is", MEDIUM, id="the Arr's English against TMDB"),
    pytest.param({"arr": arr("en"), "tmdb": tmdb("en", "en")}, (), "en", HIGH, id="English, and TMDB says so too"),
    pytest.param(
        {"arr": arr("fr"), "tmdb": tmdb("fr", "en", "it")}, (), None, OPEN, id="an Arr does not settle its source"
    ),
    pytest.param(
        {"arr": arr("en"), "tmdb": by_name("ja")}, (), "ja", MEDIUM, id="a match by name against the Arr's English"
    ),
    pytest.param({"tmdb": by_name("ja", "low")}, (), None, NONE, id="a doubtful match never counts"),
    pytest.param({"tmdb": by_name("ja", "medium")}, (), "ja", MEDIUM, id="a fair match counts"),
    pytest.param({"arr": arr("ja"), "tmdb": by_name("ja")}, (), "ja", HIGH, id="a match by name agrees with the Arr"),
    pytest.param({"arr": arr("ja"), "tmdb": by_name("ko")}, (), "ja", MEDIUM, id="a match by name against the Arr"),
    pytest.param({}, FLAGGED, "ko", MEDIUM, id="FlagOriginal alone"),
    pytest.param({"arr": arr("en")}, FLAGGED, "ko", MEDIUM, id="FlagOriginal against the Arr's English"),
    pytest.param({"arr": arr("ja")}, FLAGGED, "ja", MEDIUM, id="FlagOriginal against the Arr"),
    pytest.param({"arr": arr("ko")}, FLAGGED, "ko", HIGH, id="FlagOriginal agrees with the Arr"),
    pytest.param(
        {"tmdb": tmdb("fr", "ko", "it")}, FLAGGED, "ko", MEDIUM, id="FlagOriginal settles what TMDB left open"
    ),
    pytest.param({"tmdb": tmdb("fr", "en") | {"id": 101}}, (), "en", OVERRIDE, id="Léon"),
    pytest.param(
        {"arr": arr("fr", "radarr", ids={"tmdb": 18})}, (), "en", OVERRIDE, id="The Fifth Element, by the Arr's id"
    ),
    pytest.param(
        {"arr": arr("ja", kind="series", ids={"tmdb": 101})}, (), "ja", MEDIUM, id="a series that has a film's number"
    ),
]


@pytest.mark.parametrize(("record", "tracks", "language", "certainty"), CASES)
def test_weigh(record: dict[str, Any], tracks: tuple[Track, ...], language: str | None, certainty: str) -> None:
    found = weigh(record, tracks)
    assert (found.language, found.certainty) == (language, certainty)
    assert bool(found.story) == (certainty != NONE or "low" in str(record))  # what does not count is told too


@pytest.mark.parametrize(("record", "alternatives"), [
    pytest.param({"tmdb": tmdb("fr", "en", "it")}, ("fr", "en", "it"), id="unsure"),
    pytest.param({"arr": arr("ko"), "tmdb": tmdb("ja", "ja")}, ("ja", "ko"), id="contradiction"),
])  # fmt: skip
def test_what_is_open_says_what_it_may_be(record: dict[str, Any], alternatives: tuple[str, ...]) -> None:
    assert weigh(record).alternatives == alternatives


def test_what_a_person_says_settles_everything() -> None:
    record = {"arr": arr("ko"), "tmdb": tmdb("fr", "en", "it")}
    assert weigh(record, FLAGGED, original="deu") == weigh({}, original="de")
    assert weigh(record, overrides={"tmdb:7": "ger"}).language == "de"
    assert weigh(record, original="sv", overrides={"tmdb:7": "ger"}).language == "sv"


def test_the_configuration_can_take_back_a_shipped_override() -> None:
    assert weigh({"tmdb": tmdb("fr") | {"id": 101}}, overrides={"tmdb:101": "fr"}).language == "fr"


def test_an_override_of_a_series_counts() -> None:
    record = {"arr": arr("ja", kind="series", ids={"tmdb": 101})}
    assert weigh(record, overrides={"tmdb:101": "ko"}).language == "ko"


def test_ids_of_the_path_find_an_override() -> None:
    assert weigh({"arr": arr("fr")}, ids={"tmdb": "101"}).language == "en"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["ja", "en", "fr"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
parts = st.dictionaries(
    st.sampled_from(["original_language", "spoken_languages", "ids", "id", "kind", "app", "matched_by", "confidence"]),
    values,
)


@given(st.fixed_dictionaries({}, optional={"arr": parts | values, "tmdb": parts | values}))
def test_any_record_can_be_weighed(record: dict[str, Any]) -> None:
    found = weigh(record)
    assert (found.certainty == OPEN) == bool(found.alternatives)
    assert (found.language is None) == (found.certainty in (NONE, OPEN))
