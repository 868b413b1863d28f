"""What is wanted for a title: rules, path overrides, the list; and globs of paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio.core import globs
from arrtheaudio.core.policy import PathOverride, Policy, Rule, Wanted, applies, wanted_languages

FRIEREN = {
    "path": "/media/anime/Frieren/S01E01.mkv",
    "arr": {
        "app": "sonarr",
        "kind": "series",
        "series_type": "anime",
        "tags": ["dub", "kids"],
        "ids": {"sonarr": 42, "tmdb": 209867, "tvdb": 424536, "imdb": "tt22248376"},
    },
}
FILM = {"path": "/media/movies/Léon (1994)/Léon.mkv", "tmdb": {"kind": "movie", "id": 101, "original_language": "fr"}}

GLOBS = [
    pytest.param("/media/anime/**", "/media/anime/a.mkv", True, id="a file in the folder"),
    pytest.param("/media/anime/**", "/media/anime/b/c/a.mkv", True, id="a file far below"),
    pytest.param("/media/anime/**", "/media/anime2/a.mkv", False, id="a folder whose name goes on"),
    pytest.param("/media/anime/**", "/x/media/anime/a.mkv", False, id="the whole path counts"),
    pytest.param("/media/anime", "/media/anime/a.mkv", False, id="a folder is not what is in it"),
    pytest.param("/media/*", "/media/a.mkv", True, id="star in a folder"),
    pytest.param("/media/*", "/media/b/a.mkv", False, id="star does not cross folders"),
    pytest.param("/media/*/a.mkv", "/media/b/a.mkv", True, id="star is a folder"),
    pytest.param("/media/*/a.mkv", "/media/b/c/a.mkv", False, id="star is one folder"),
    pytest.param("/media/*/a.mkv", "/media/a.mkv", False, id="star is no less than a folder"),
    pytest.param("/media/**/a.mkv", "/media/b/c/a.mkv", True, id="two stars are folders"),
    pytest.param("/media/**/a.mkv", "/media/a.mkv", True, id="two stars are no folder"),
    pytest.param("/media/**/a.mkv", "/media/ba.mkv", False, id="two stars end at a slash"),
    pytest.param("/media/**/**/a.mkv", "/media/b/a.mkv", True, id="two stars, and again"),
    pytest.param("**/anime/**", "/media/anime/a.mkv", True, id="two stars in front"),
    pytest.param("**.mkv", "/media/b/a.mkv", True, id="two stars and an ending"),
    pytest.param("*.mkv", "/media/a.mkv", False, id="one star does not begin at the root"),
    pytest.param("/media/?.mkv", "/media/a.mkv", True, id="question mark"),
    pytest.param("/media/?.mkv", "/media/ab.mkv", False, id="question mark is one character"),
    pytest.param("/media?a.mkv", "/media/a.mkv", False, id="question mark is no slash"),
    pytest.param("/media/[SubGroup] *.mkv", "/media/[SubGroup] Show.mkv", True, id="brackets are brackets"),
    pytest.param("/media/[ab].mkv", "/media/a.mkv", False, id="brackets are no choice"),
    pytest.param("/media/{a,b}.mkv", "/media/a.mkv", False, id="braces are no choice"),
    pytest.param("/Media/*", "/media/a.mkv", False, id="case counts"),
    pytest.param("/media/a+b (1).mkv", "/media/a+b (1).mkv", True, id="a pattern's characters are themselves"),
    pytest.param("/media/a.mkv", "/media/axmkv", False, id="a dot is a dot"),
    pytest.param("/media/*", "/media/a\nb.mkv", True, id="a newline is a character"),
    pytest.param("/media/**", "/media/a\nb.mkv", True, id="a newline is a character of any folder"),
    pytest.param("/media/a\\*", "/media/a\\b", True, id="a backslash is itself"),
    pytest.param("", "/media/a.mkv", False, id="empty"),
]


@pytest.mark.parametrize(("glob", "path", "expected"), GLOBS)
def test_glob(glob, path, expected):
    assert globs.matches(glob, path) is expected


@given(st.text(alphabet="ab/.[]{}()+^$|\\", max_size=20), st.text(alphabet="ab/.[]{}()+^$|\\", max_size=20))
def test_a_glob_without_stars_is_the_path_itself(glob, path):
    assert globs.matches(glob, glob)
    assert globs.matches(glob, path) == (glob == path)


@given(st.text(alphabet="ab/*?", max_size=12), st.text(alphabet="ab/", max_size=12))
def test_what_stars_match_two_stars_match_too(glob, path):
    if globs.matches(glob, path):
        assert globs.matches(glob.replace("**", "*").replace("*", "**"), path)


RULES = [
    pytest.param({"tags": ["dub"]}, FRIEREN, True, id="tag"),
    pytest.param({"tags": ["no", "kids"]}, FRIEREN, True, id="one of the tags"),
    pytest.param({"tags": ["Dub"]}, FRIEREN, True, id="tag in other case"),
    pytest.param({"tags": ["du"]}, FRIEREN, False, id="start of a tag"),
    pytest.param({"tags": ["dub"]}, FILM, False, id="no tags known"),
    pytest.param({"series_type": "anime"}, FRIEREN, True, id="series type"),
    pytest.param({"series_type": "daily"}, FRIEREN, False, id="other series type"),
    pytest.param({"series_type": "anime"}, FILM, False, id="no series type known"),
    pytest.param({"kind": "series"}, FRIEREN, True, id="kind, of the Arr"),
    pytest.param({"kind": "movie"}, FRIEREN, False, id="other kind"),
    pytest.param({"kind": "movie"}, FILM, True, id="kind, of TMDB"),
    pytest.param({"app": "sonarr"}, FRIEREN, True, id="app"),
    pytest.param({"app": "radarr"}, FRIEREN, False, id="other app"),
    pytest.param({"app": "radarr"}, FILM, False, id="no app known"),
    pytest.param({"path": "/media/**"}, FRIEREN, True, id="path"),
    pytest.param({"path": "/media/*"}, FRIEREN, False, id="path that is too short"),
    pytest.param({"tmdb": 209867}, FRIEREN, True, id="TMDB's id, of the Arr"),
    pytest.param({"tmdb": 101}, FILM, True, id="TMDB's id, of TMDB"),
    pytest.param({"tmdb": 102}, FILM, False, id="other id"),
    pytest.param({"tmdb": 42}, FRIEREN, False, id="id of another service"),
    pytest.param({"tvdb": 424536}, FRIEREN, True, id="TVDB's id"),
    pytest.param({"imdb": "tt22248376"}, FRIEREN, True, id="IMDb's id"),
    pytest.param({"imdb": "tt22248376"}, FILM, False, id="no IMDb id known"),
    pytest.param({"series_type": "anime", "kind": "series", "tags": ["dub"]}, FRIEREN, True, id="all of it"),
    pytest.param({"series_type": "anime", "kind": "movie", "tags": ["dub"]}, FRIEREN, False, id="all but one"),
    pytest.param({"kind": "movie"}, {"path": "/a.mkv"}, False, id="nothing is known"),
    pytest.param(
        {"kind": "movie"}, {"path": "/a.mkv", "arr": "?", "tmdb": [1]}, False, id="what is known is no object"
    ),
    pytest.param({"tags": ["a"]}, {"path": "/a.mkv", "arr": {"tags": "a"}}, False, id="tags are no list"),
    pytest.param({"path": "**"}, {"path": None}, True, id="no path, any path"),
    pytest.param({"path": "/**"}, {}, False, id="no path"),
]


@pytest.mark.parametrize(("match", "record", "expected"), RULES)
def test_rule(match, record, expected):
    assert applies(Rule(match, ("en",)), record) is expected


ORIGINALS = [
    pytest.param("ja", "ja", True, id="same"),
    pytest.param("jpn", "ja", True, id="code of another kind"),
    pytest.param("ja", "en", False, id="other"),
    pytest.param("ja", None, False, id="not known"),
    pytest.param("zh", "cn", True, id="Chinese is Cantonese too"),
    pytest.param("cmn", "cn", False, id="Mandarin is not Cantonese"),
    pytest.param("xx", "zxx", True, id="no language at all"),
    pytest.param("pt", "pt-BR", True, id="any region"),
]


@pytest.mark.parametrize(("match", "original", "expected"), ORIGINALS)
def test_rule_on_the_original_language(match, original, expected):
    assert applies(Rule({"original_language": match}, ("en",)), FILM, original) is expected


ANIME = PathOverride("/media/anime/**", ("jpn", "eng"))
DUB = Rule({"tags": ["dub"]}, ("eng", "original"))
KEEP_OUT = Rule({"kind": "movie"}, skip=True)

WANTED = [
    pytest.param(Policy(), FRIEREN, ("original",), "language_priority", id="no list: the original"),
    pytest.param(Policy(prefer_original=False), FRIEREN, (), "language_priority", id="nothing is wanted"),
    pytest.param(Policy(("eng", "jpn")), FRIEREN, ("original", "en", "ja"), "language_priority", id="original first"),
    pytest.param(Policy(("eng",), prefer_original=False), FRIEREN, ("en",), "language_priority", id="the list alone"),
    pytest.param(
        Policy(("eng", "original", "jpn")), FRIEREN, ("en", "original", "ja"), "language_priority", id="list places it"
    ),
    pytest.param(
        Policy(("eng", "en", "jpn", "jap")), FRIEREN, ("original", "en", "ja"), "language_priority", id="twice"
    ),
    pytest.param(
        Policy(("eng",), path_overrides=(ANIME,)),
        FRIEREN,
        ("original", "ja", "en"),
        "the path override /media/anime/**",
        id="path override",
    ),
    pytest.param(
        Policy(("eng",), path_overrides=(ANIME,)),
        FILM,
        ("original", "en"),
        "language_priority",
        id="override elsewhere",
    ),
    pytest.param(
        Policy(("eng",), path_overrides=(PathOverride("/media/**", ("fre",)), ANIME)),
        FRIEREN,
        ("original", "fr"),
        "the path override /media/**",
        id="first override",
    ),
    pytest.param(
        Policy(("eng",), path_overrides=(PathOverride("/media/anime/**", prefer_original=False),)),
        FRIEREN,
        ("en",),
        "language_priority",
        id="override of prefer_original alone",
    ),
    pytest.param(
        Policy(("eng",), path_overrides=(PathOverride("/media/**", ()),)),
        FRIEREN,
        ("original",),
        "the path override /media/**",
        id="override with an empty list",
    ),
    pytest.param(
        Policy(("eng",), prefer_original=False, path_overrides=(ANIME,)),
        FRIEREN,
        ("ja", "en"),
        "the path override /media/anime/**",
        id="override takes prefer_original",
    ),
    pytest.param(
        Policy(("eng",), prefer_original=False, path_overrides=(ANIME._replace(prefer_original=True),)),
        FRIEREN,
        ("original", "ja", "en"),
        "the path override /media/anime/**",
        id="override has its own prefer_original",
    ),
    pytest.param(
        Policy(("fre",), path_overrides=(ANIME,), rules=(KEEP_OUT, DUB)),
        FRIEREN,
        ("en", "original"),
        "rule 2",
        id="rule before override",
    ),
    pytest.param(
        Policy(("fre",), rules=(Rule({"app": "sonarr"}, ("eng",)), DUB)),
        FRIEREN,
        ("en",),
        "rule 1",
        id="first rule, exactly as it stands",
    ),
    pytest.param(Policy(("fre",), rules=(KEEP_OUT,)), FILM, (), "rule 1", id="rule that skips"),
]


@pytest.mark.parametrize(("policy", "record", "languages", "source"), WANTED)
def test_wanted_languages(policy, record, languages, source):
    wanted = wanted_languages(record, policy)
    assert (wanted.languages, wanted.source) == (languages, source)
    assert wanted.ruled == source.startswith("rule")
    assert wanted.skip == (wanted.ruled and not languages)


def test_a_rule_is_told_the_original_language():
    policy = Policy(("eng",), rules=(Rule({"original_language": "jpn"}, ("original",)),))
    assert wanted_languages(FILM, policy, "ja").source == "rule 1"
    assert wanted_languages(FILM, policy, "fr").source == "language_priority"
    assert wanted_languages(FILM, policy).source == "language_priority"


COMMAND_LINE = [
    pytest.param(Policy(("eng",)), ("fre",), Wanted(("original", "fr"), "--language"), id="in place of the list"),
    pytest.param(Policy(("eng",), False), ("fre",), Wanted(("fr",), "--language"), id="prefer_original is kept"),
    pytest.param(Policy(), ("fre", "original"), Wanted(("fr", "original"), "--language"), id="places the original"),
    pytest.param(
        Policy(path_overrides=(ANIME._replace(prefer_original=False),)),
        ("fre",),
        Wanted(("fr",), "--language"),
        id="in place of an override's list",
    ),
    pytest.param(Policy(rules=(DUB,)), ("fre",), Wanted(("original", "fr"), "--language"), id="in place of a rule's"),
    pytest.param(
        Policy(rules=(DUB._replace(skip=True),)),
        ("fre",),
        Wanted((), "rule 1", ruled=True, skip=True),
        id="not of a rule that skips",
    ),
]


@pytest.mark.parametrize(("policy", "languages", "expected"), COMMAND_LINE)
def test_languages_of_the_command_line(policy, languages, expected):
    assert wanted_languages(FRIEREN, policy, languages=languages) == expected


def test_a_record_is_not_touched():
    before = repr(FRIEREN)
    wanted_languages(FRIEREN, Policy(("eng",), path_overrides=(ANIME,), rules=(KEEP_OUT, DUB)), "ja", ("fre",))
    assert repr(FRIEREN) == before
