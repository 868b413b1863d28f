"""Which of TMDB's titles a name means, and how sure that is; the catalogue is made up."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from arrtheaudio.tmdb import match, sameness
from arrtheaudio.tmdb.match import Match

UNHURRIED = settings(deadline=None)  # on a busy machine any call may take long


def movie(number: int, title: str, date: str = "", original: str = "", popularity: float = 1.0) -> dict[str, Any]:
    """Return a movie as TMDB's search has it."""
    names = {"title": title, "original_title": original or title}
    return {"id": number, **names, "release_date": date, "popularity": popularity, "genre_ids": [18]}


def series(
    number: int, title: str, date: str = "", original: str = "", popularity: float = 1.0, country: str = "US"
) -> dict[str, Any]:
    """Return a series as TMDB's search has it."""
    names = {"name": title, "original_name": original or title}
    return {"id": number, **names, "first_air_date": date, "popularity": popularity, "origin_country": [country]}


MOVIES = [
    movie(1, "The Glass Harbour", "1999-03-31"),
    movie(2, "Ember", "1979-05-25"),
    movie(3, "Embers", "1986-07-18"),
    movie(4, "Solarium", "1972-03-20", popularity=2.0),
    movie(5, "Solarium", "2002-11-27", popularity=9.0),
    movie(6, "The Downfallen", "2004-09-16", original="Die Gefallenen"),
    movie(7, "The Whispering Bath", "2001-07-20", original="千と湯の囁き"),
    movie(8, "Men of the Lake", "1985-12-19", original="Männer vom See"),
    movie(9, "Impossible Task: Fallen", "2018-07-13"),
    movie(10, "Impossible Task: Afterwards", "2018-02-01"),
    movie(11, "Dunes of Arrak: Part Two", "2024-02-27"),
    movie(12, "Twins", "2013-06-01", popularity=5.0),
    movie(13, "Twins", "2013-09-01", popularity=50.0),
    movie(14, "Neighbours", "2010-01-01"),
    movie(15, "Neighbours", "2011-01-01"),
    movie(16, "1955", "2019-12-25"),
    movie(17, "Stranded on Mars IV", "1998-12-01"),
    movie(18, "Stranded on Mars V", "1998-03-01"),
    movie(19, "No Date Yet", ""),
    movie(20, "Mr. & Mrs. Brown", "2005-06-07"),
    movie(21, "The Long Quiet Evening", "1954-01-01"),
    movie(22, "Sœur Æon", "1960-01-01"),
    movie(23, "Amélie’s Grey-Blue Day!", "2001-04-25"),
    movie(24, "Harvest", "1999-01-01"),
    movie(25, "The Harvest", "1999-01-01"),
    movie(26, "Blade", "2000-01-01"),
    movie(27, "Blade II", "2002-01-01"),
]
SERIES = [
    series(101, "Breaking Even", "2008-01-20"),
    series(102, "The Bureau", "2005-03-24", popularity=99.0, country="US"),
    series(103, "The Bureau", "2001-07-09", popularity=5.0, country="GB"),
    series(104, "Gloom", "2017-12-01", original="Düster", country="DE"),
    series(105, "Moon Base 1999", "1975-09-04", country="GB"),
    series(106, "Doctor When", "1963-11-23", country="GB"),
    series(107, "Doctor When", "2005-03-26", country="GB"),
    series(108, "Winter Mage: Past the Journey", "2023-09-29", original="冬の魔法使い", country="JP"),
    series(109, "The Glass Harbour", "2015-01-01"),
    series(110, "Four Chapters", "2019-05-06"),
    series(111, "Kitchen Wars Australia", "2009-04-27", country="AU"),
    series(112, "Hauntings (US)", "2021-10-07", country="US"),
    series(113, "Undated Stories", ""),
    series(114, "1955", "2022-12-18"),
    series(115, "Pirate Hunters", "1999-10-20", original="海賊狩り", country="JP"),
]


class Catalogue:
    """TMDB's search over a few titles: it forgives wrong words, and no wrong year."""

    def __init__(self, movies: Sequence[dict[str, Any]] = MOVIES, shows: Sequence[dict[str, Any]] = SERIES) -> None:
        """Remember what is asked."""
        self.titles = {"movie": movies, "series": shows}
        self.asked: list[tuple[str, str, int | None]] = []

    def search(self, kind: str, title: str, year: int | None) -> list[dict[str, Any]]:
        """Return more than TMDB would: one word in common is enough."""
        self.asked.append((kind, title, year))
        wanted = set(sameness.words(title))
        return [item for item in self.titles[kind] if wanted & _words_of(item) and year in (None, _year_of(item))]


def _words_of(item: dict[str, Any]) -> set[str]:
    keys = ("title", "original_title", "name", "original_name")
    spelled = (sameness.words(item.get(key, ""), way) for key in keys for way in (False, True))
    return {word for words in spelled for word in words}


def _year_of(item: dict[str, Any]) -> int:
    return int((item.get("release_date") or item.get("first_air_date") or "0")[:4])


class Case(NamedTuple):
    """A path, what is known of its kind, and the id and confidence that must come."""

    id: str
    path: str
    number: int | None
    confidence: str | None = None
    kind: str | None = None


FOUND = [
    Case("title and year", "/m/The Glass Harbour (1999)/The Glass Harbour (1999).mkv", 1, "high"),
    Case("scene name", "The.Glass.Harbour.1999.1080p.BluRay.x264-GRP.mkv", 1, "high"),
    Case("case", "the glass harbour (1999).mkv", 1, "high"),
    Case("article moved", "Glass Harbour, The (1999).mkv", 1, "high"),
    Case("article left out", "Glass Harbour (1999).mkv", 1, "low"),
    Case("year one more", "The Glass Harbour (2000).mkv", 1, "medium"),
    Case("year one less", "The Glass Harbour (1998).mkv", 1, "medium"),
    Case("remake by its year", "Solarium (2002).mkv", 5, "high"),
    Case("first film by its year, though the remake is better known", "Solarium (1972).mkv", 4, "high"),
    Case("original title", "Die Gefallenen (2004).mkv", 6, "high"),
    Case("original title in its script", "千と湯の囁き (2001).mkv", 7, "high"),
    Case("umlaut", "Männer vom See (1985).mkv", 8, "high"),
    Case("umlaut without its dots", "Manner vom See (1985).mkv", 8, "high"),
    Case("umlaut spelled out", "Maenner.vom.See.1985.German.1080p.BluRay.x264-GRP.mkv", 8, "high"),
    Case("colon as a hyphen", "Impossible Task - Fallen (2018).mkv", 9, "high"),
    Case("colon left out", "Impossible.Task.Fallen.2018.2160p.WEB-DL.x265-GRP.mkv", 9, "high"),
    Case("numeral for a word", "Dunes of Arrak - Part 2 (2024).mkv", 11, "high"),
    Case("numeral for a Roman one", "Stranded on Mars 4 (1998).mkv", 17, "high"),
    Case("title that is a year", "1955 (2019).mkv", 16, "high"),
    Case("ampersand", "Mr. and Mrs. Brown (2005).mkv", 20, "high"),
    Case("ligatures", "Soeur Aeon (1960).mkv", 22, "high"),
    Case("apostrophe, hyphen, exclamation mark", "Amelies Grey Blue Day (2001).mkv", 23, "high"),
    Case("with the article", "The Harvest (1999).mkv", 25, "high"),
    Case("without it", "Harvest (1999).mkv", 24, "high"),
    Case("neighbour of the next year", "Neighbours (2010).mkv", 14, "high"),
    Case("two titles, the first known", "The Glass Harbour AKA Lasisatama (1999).mkv", 1, "high"),
    Case("two titles, the second known", "Lasisatama AKA The Glass Harbour (1999).mkv", 1, "high"),
    Case("movie without a year, kind known", "The Long Quiet Evening.mkv", 21, "medium", "movie"),
    Case("episode", "/tv/Breaking Even/Season 01/Breaking Even - S01E02.mkv", 101, "medium"),
    Case("episode, year of the first", "/tv/Breaking Even (2008)/Season 03/S03E02.mkv", 101, "high"),
    Case("series by its year", "Doctor.When.2005.S01E01.720p.HDTV.x264-GRP.mkv", 107, "high"),
    Case("series by its year, the older", "Doctor When (1963)/Season 01/Doctor When - S01E01.mkv", 106, "high"),
    Case("series by its country", "The.Bureau.UK.S01E02.DVDRip.x264-GRP.mkv", 103, "medium"),
    Case("series by its country in parentheses", "The Bureau (US) - S03E10.mkv", 102, "medium"),
    Case("country in TMDB's title", "Hauntings.US.S01E01.1080p.WEB.H264-GRP.mkv", 112, "medium"),
    Case("country that is part of the title", "Kitchen.Wars.Australia.S01E01.WEB.x264-GRP.mkv", 111, "medium"),
    Case("year that is part of the title", "Moon.Base.1999.S01E03.DVDRip.x264-GRP.mkv", 105, "medium"),
    Case("anime by its original title", "[Grp] 冬の魔法使い - 12 [1080p].mkv", 108, "medium"),
    Case("anime by absolute number", "[Grp] Pirate Hunters - 1071v2 [1080p].mkv", 115, "medium"),
    Case("daily show", "Breaking.Even.2024.01.15.Guest.1080p.WEB.H264-GRP.mkv", 101, "medium"),
    Case("series that shares a film's name", "The Glass Harbour - S01E01.mkv", 109, "medium"),
    Case("series, kind known", "/x/The Glass Harbour (2015)/x.mkv", 109, "high", "series"),
    Case("series that is a year", "1955 (2022)/Season 01/1955 (2022) - S01E01.mkv", 114, "high"),
]

DOUBTFUL = [
    Case("two of one name and year", "Twins (2013).mkv", 13, "low"),
    Case("two of one name, the year between", "Solarium.mkv", 5, "low", "movie"),
    Case("no year, no kind", "The Long Quiet Evening.mkv", 21, "low"),
    Case("short title without a year", "Ember.mkv", 2, "low", "movie"),
    Case("short title of a series without a year", "Gloom - S01E01.mkv", 104, "low"),
    Case("two series of one name", "The.Bureau.S01E02.DVDRip.x264-GRP.mkv", 102, "low"),
    Case("two series, neither of that country", "The Bureau (NL) - S01E02.mkv", 102, "low"),
    Case("a subtitle more", "Dunes of Arrak (2024).mkv", 11, "low"),
    Case("a subtitle less", "The Glass Harbour Extended Story (1999).mkv", 1, "low"),
    Case("a letter more", "Embers (1979).mkv", None),
    Case("misspelled", "The Glas Harbour (1999).mkv", 1, "low"),
    Case("no date at TMDB", "No Date Yet (2012).mkv", 19, "low"),
    Case("no date of a series at TMDB", "Undated Stories (2020) - S01E01.mkv", 113, "low"),
    Case("episode of what is only a film", "Impossible Task Fallen - S01E01.mkv", 9, "low"),
    Case("film of what is only a series", "Four Chapters (2019).mkv", 110, "low"),
    Case("film among series", "/tv/The Glass Harbour (1999)/Extras/Interview.mkv", 1, "low"),
    Case("between two neighbours", "Neighbours (2012).mkv", 15, "medium"),
    Case("a film or a series, both of the name", "1955.mkv", 16, "low"),
    Case("TMDB has it with the article", "Long Quiet Evening (1954).mkv", 21, "low"),
]

NONE = [
    Case("year two more", "The Glass Harbour (2001).mkv", None),
    Case("year of another century", "Ember (1899).mkv", None),
    Case("remake that TMDB lacks", "Solarium (2022).mkv", None),
    Case("another sequel", "Stranded on Mars VI (1998).mkv", None),
    Case("another part", "Blade 3 (2000).mkv", None),
    Case("another title of the year", "The Iron Harbour (1999).mkv", None),
    Case("words in another order", "Harbour of The Glass (1999).mkv", None),
    Case("unknown", "Nothing of the Sort (1999).mkv", None),
    Case("unknown without a year", "Nothing of the Sort.mkv", None),
    Case("close without a year", "The Glas Harbour.mkv", None, None, "movie"),
    Case("a subtitle less without a year", "Dunes of Arrak.mkv", None, None, "movie"),
    Case("only an article", "The (1999).mkv", None),
    Case("no title", "S01E01.mkv", None),
    Case("nothing but punctuation", "--- (1999).mkv", None),
    Case("empty", "", None),
    Case("folder of a collection", "/media/movies/movie.mkv", None),
    Case("series of another year", "Doctor When (1999) - S01E01.mkv", None),
    Case("series of another name", "Breaking Odd - S01E01.mkv", None),
    Case("movie by a series' kind", "Solarium (2002).mkv", None, None, "series"),
    Case("series by a movie's kind", "Breaking Even - S01E01.mkv", None, None, "movie"),
    Case("original title of another year", "Die Gefallenen (1994).mkv", None),
    Case("film of a name that only series have", "Doctor When (2013).mkv", None),
    Case("article in place of another", "A Glass Harbour (1999).mkv", 1, "low"),
    Case("sequel under the name of the first", "Blade II (2000).mkv", None),
    Case("name of a group", "[Glass] Harbour Lights (1999).mkv", None),
    Case("half of a title", "Winter Mage (2021).mkv", None),
]

CASES = [*FOUND, *DOUBTFUL, *NONE]


def find(case: Case, catalogue: Catalogue | None = None) -> Match | None:
    """Look a case up."""
    return match.find(case.path, case.kind, (catalogue or Catalogue()).search)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_find(case: Case) -> None:
    found = find(case)
    assert (found and found.id, found and found.confidence) == (case.number, case.confidence), found


def test_as_many_names_must_not_match_surely_as_must() -> None:
    sure = sum(case.confidence in ("high", "medium") for case in CASES)
    assert len(CASES) >= 2 * sure


EVERY_CASE = st.sampled_from(CASES)
UNRELATED = [
    *(movie(900 + number, title, "1999-01-01", popularity=999.0) for number, title in enumerate(("Zebras", "Ox 7"))),
    *(series(910 + number, title, "2008-01-01", popularity=999.0) for number, title in enumerate(("Quilts", "Tea"))),
]


@UNHURRIED
@given(EVERY_CASE, st.randoms(use_true_random=False))
def test_the_order_of_results_does_not_matter(case: Case, random: Any) -> None:
    movies, shows = MOVIES.copy(), SERIES.copy()
    random.shuffle(movies)
    random.shuffle(shows)
    assert find(case, Catalogue(movies, shows)) == find(case)


@UNHURRIED
@given(EVERY_CASE, st.lists(st.sampled_from(UNRELATED), max_size=30))
def test_an_unrelated_result_changes_nothing(case: Case, unrelated: list[dict[str, Any]]) -> None:
    def search(kind: str, title: str, year: int | None) -> list[dict[str, Any]]:
        return unrelated + Catalogue().search(kind, title, year) + unrelated

    assert match.find(case.path, case.kind, search) == find(case)


@UNHURRIED
@given(EVERY_CASE)
def test_a_result_that_comes_twice_is_one(case: Case) -> None:
    assert find(case, Catalogue(MOVIES * 2, SERIES * 2)) == find(case)


@UNHURRIED
@given(EVERY_CASE)
def test_without_a_year_in_the_name_nothing_is_high(case: Case) -> None:
    found = find(case)
    year = any(f"{separator}{found and found.year}" in case.path for separator in "(.")
    assert not found or found.confidence != "high" or year


@UNHURRIED
@given(EVERY_CASE)
def test_a_namesake_of_the_same_year_makes_doubtful(case: Case) -> None:
    found = find(case)
    titles = {item["id"]: item for item in (*MOVIES, *SERIES)}
    if found:
        twin = {**titles[found.id], "id": 999}
        films = [*MOVIES, twin] if found.kind == "movie" else MOVIES
        shows = [*SERIES, twin] if found.kind == "series" else SERIES
        doubtful = find(case, Catalogue(films, shows))
        assert doubtful is not None
        assert doubtful.confidence == "low"


def test_the_year_is_asked_for_first_and_the_kind_that_the_name_says() -> None:
    catalogue = Catalogue([], [])
    match.find("Show (2010) - S01E01.mkv", None, catalogue.search)
    assert catalogue.asked == [
        ("series", "Show", 2010),
        ("series", "Show", None),
        ("series", "Show 2010", None),
        ("movie", "Show", 2010),
        ("movie", "Show", None),
        ("movie", "Show 2010", None),
    ]


@pytest.mark.parametrize("kind", ["movie", "series"])
def test_a_kind_that_is_known_is_the_only_one_asked_for(kind: str) -> None:
    catalogue = Catalogue([], [])
    match.find("Show (2010) - S01E01.mkv", kind, catalogue.search)
    assert {asked for asked, _, _ in catalogue.asked} == {kind}


def test_nothing_is_asked_after_an_answer() -> None:
    catalogue = Catalogue()
    match.find("The Glass Harbour (1999).mkv", None, catalogue.search)
    assert catalogue.asked == [("movie", "The Glass Harbour", 1999)]


def test_nothing_is_asked_without_a_title() -> None:
    catalogue = Catalogue()
    match.find("/media/movies/S01E01.mkv", None, catalogue.search)
    assert catalogue.asked == []


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"id": None, "title": "Ember", "release_date": "1979-05-25"},
        {"id": "2", "title": "Ember", "release_date": "1979-05-25"},
        {"id": True, "title": "Ember", "release_date": "1979-05-25"},
        {"id": 5, "title": None, "original_title": 7, "release_date": "1979-05-25"},
        {"id": 5, "title": "", "release_date": "1979-05-25"},
    ],
    ids=["empty", "no id", "id that is text", "id that is a truth", "titles of wrong types", "empty title"],
)
def test_a_result_that_is_none_is_passed_over(item: dict[str, Any]) -> None:
    assert match.find("Ember (1979).mkv", "movie", lambda *_: [item]) is None


@pytest.mark.parametrize("popularity", [None, "1", float("nan"), float("inf"), 10**400, []], ids=str)
def test_a_popularity_of_any_value_is_borne(popularity: object) -> None:
    twins = [movie(1, "Ember", "1979-05-25") | {"popularity": popularity}, movie(2, "Ember", "1979-05-25")]
    found = [match.find("Ember (1979).mkv", "movie", lambda *_, some=some: some) for some in (twins, twins[::-1])]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "date", [None, "", "soon", 1979, "１９７９-05-25"], ids=["none", "empty", "word", "int", "wide"]
)
def test_a_date_that_is_none_is_an_unknown_year(date: object) -> None:
    found = match.find("Ember (1979).mkv", "movie", lambda *_: [movie(1, "Ember") | {"release_date": date}])
    assert found == Match("movie", 1, "Ember", None, "low")


@UNHURRIED
@given(st.text(st.characters(exclude_categories=())), st.sampled_from(["", " (1999)", " S01E01"]))
@example("Men \ud800 of the Lake", " (1985)")
def test_any_name_can_be_asked_for(title: str, rest: str) -> None:
    def search(_: str, title: str, year: int | None) -> list[dict[str, Any]]:
        title.encode()
        return [movie(1, title, f"{year}-01-01"), series(2, title, f"{year}-01-01")]

    found = match.find(f"{title}{rest}.mkv", None, search)
    assert found is None or found.id in (1, 2)


@UNHURRIED
@given(st.text(), st.text())
def test_sameness_is_symmetric(one: str, other: str) -> None:
    assert sameness.equal(one, other) == sameness.equal(other, one)
    assert sameness.likeness(one, other) == sameness.likeness(other, one)


@UNHURRIED
@given(st.text(), st.text())
def test_what_is_equal_is_equal_without_its_article(one: str, other: str) -> None:
    assert not sameness.equal(one, other) or sameness.equal_without_article(one, other)


@UNHURRIED
@given(st.text(min_size=1))
def test_a_title_equals_itself_where_it_has_words(title: str) -> None:
    assert sameness.equal(title, title) == bool(sameness.words(title))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rocky II", "Rocky III"),
        ("が", "か"),
        ("Malcolm X", "Malcolm 10"),
        ("Up", "Us"),
        ("Ran", "Rain"),
        ("The Thing", "Thing"),
        ("!!!", "???"),
        ("", ""),
    ],
    ids=[
        "numerals",
        "kana",
        "a letter that is no numeral",
        "a letter",
        "a part",
        "an article",
        "no letters",
        "nothing",
    ],
)
def test_not_equal(one: str, other: str) -> None:
    assert not sameness.equal(one, other)


@pytest.mark.parametrize(
    ("title", "common"),
    [
        ("Dark", True),
        ("24", True),
        ("三体", True),
        ("Breaking Bad", False),
        ("進撃の巨人", False),
        ("Heimatgeschichten", False),
    ],
)
def test_common(title: str, common: bool) -> None:
    assert sameness.common(title) is common
