"""Finds the title of a file by its name, and says how sure that is.

`high`: title and year are equal, and no namesake is near. `medium`: the title is equal and alone, and the year is one
off, or the name has none but says what kind it is. `low`, which never changes a file by itself: all else, that is
several that fit, a title of one short word without a year, a kind that the name does not say, a title that is only
close. A title whose year is further off is another one's.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from arrtheaudio.core import naming
from arrtheaudio.core.naming import MOVIE, SERIES, Name
from arrtheaudio.core.value import Value
from arrtheaudio.tmdb import sameness
from arrtheaudio.tmdb.titles import Title

HIGH, MEDIUM, LOW = "high", "medium", "low"

Search = Callable[[str, str, int | None], list[dict[str, Any]]]


class Match(Value):
    """The title that a name most likely means: its kind, TMDB's number, title and year, and how sure that is."""

    kind: str
    id: int
    title: str
    year: int | None
    confidence: str
    matched_by: str = "name"


class _Question(Value):
    """What TMDB is asked, `text` and `year_asked`, and what of its answers is compared: `title`, `year`, `country`."""

    text: str
    year_asked: int | None
    title: str
    year: int | None
    country: str | None


def find(path: str, kind: str | None, search: Search) -> Match | None:
    """Return the title that a path is named after, None where none is like it.

    `kind` is what somebody knows, `movie` or `series`; without it, the name may say so. `search(kind, title, year)`
    returns TMDB's results as they are; it is asked until one fits. No title is searched for in another kind but where
    its own has none.
    """
    name = naming.parse(path)
    close = None
    for kinds, known in _rounds(kind, name.kind):
        for question in _questions(name):
            results = _results(kinds, question, search)
            found = _equal(results, question, known)
            if found:
                return found
            close = close or _close(results, question)
    return close


def _rounds(kind: str | None, said: str | None) -> list[tuple[tuple[str, ...], bool]]:
    """Return the kinds that are looked at together, and whether they are the one that is known."""
    if kind:
        return [((kind,), True)]
    if said:
        return [((said,), True), ((MOVIE if said == SERIES else SERIES,), False)]
    return [((MOVIE, SERIES), False)]


def _questions(name: Name) -> Iterator[_Question]:
    for title in sameness.alternatives(name.title):
        # a lone surrogate, which JSON can hold, has no place in a URL
        text = title.replace(" - ", " ").encode(errors="ignore").decode()
        yield _Question(text, name.year, title, name.year, name.country)
        if name.year:
            # TMDB's filter is exact, and people count a film's year from a festival or a release at home
            yield _Question(text, None, title, name.year, name.country)
    if name.year and name.title and name.kind == SERIES:
        # `Space.1999.S01E03`
        whole = f"{name.title} {name.year}"
        yield _Question(whole, None, whole, None, name.country)


def _results(kinds: Iterable[str], question: _Question, search: Search) -> list[Title]:
    """Ask, and return each title once, in an order that is not TMDB's."""
    found = [
        Title(kind, item["id"], item)
        for kind in kinds
        for item in search(kind, question.text, question.year_asked)
        if type(item.get("id")) is int
    ]
    return list({title[:2]: title for title in sorted(found, key=_by_popularity)}.values())


def _by_popularity(title: Title) -> tuple[float, str, int]:
    popularity = title.details.get("popularity")
    if isinstance(popularity, int | float) and popularity == popularity:  # NaN has no order
        return (-popularity, title.kind, title.id)
    return (0.0, title.kind, title.id)


_EXACT, _ONE_OFF, _UNKNOWN, _OFF = range(4)


def _distance(title: Title, question: _Question) -> int:
    """Say how the years agree; a question without a year agrees with all."""
    if question.year is None:
        return _EXACT
    if title.year is None:
        return _UNKNOWN
    return {0: _EXACT, 1: _ONE_OFF}.get(abs(title.year - question.year), _OFF)


def _equal(results: list[Title], question: _Question, known: bool) -> Match | None:
    """Return the best of the titles that are equal, None where there is none."""
    near = [title for title in results if _distance(title, question) != _OFF]
    for same in (sameness.equal, sameness.equal_without_article):
        fitting = [title for title in near if _is_named(title, question, same)]
        if fitting:
            return _best(fitting, question, known and same is sameness.equal)
    return None


def _is_named(title: Title, question: _Question, same: Callable[[str, str], bool]) -> bool:
    asked = [question.title, *([f"{question.title} {question.country}"] if question.country else [])]
    return any(same(name, one) for name in title.names for one in asked)


def _best(fitting: list[Title], question: _Question, known: bool) -> Match:
    native = [title for title in fitting if _is_from(title, question.country)]
    fitting = native or fitting
    best = min(fitting, key=lambda title: _distance(title, question))
    distances = [_distance(title, question) for title in fitting]
    return _match(best, _confidence(question, distances, bool(native)) if known else LOW)


def _is_from(title: Title, country: str | None) -> bool:
    countries = title.details.get("origin_country")
    return isinstance(countries, list) and country in countries


def _confidence(question: _Question, distances: list[int], native: bool) -> str:
    """Say how sure the nearest of some namesakes is."""
    nearest = min(distances)
    if distances.count(nearest) > 1 or nearest == _UNKNOWN:
        return LOW
    if question.year is None:
        return MEDIUM if native or not sameness.common(question.title) else LOW
    alone = len(distances) == 1
    if nearest == _EXACT:
        return HIGH if alone else MEDIUM
    return MEDIUM if alone else LOW


def _close(results: list[Title], question: _Question) -> Match | None:
    """Return the title that is nearly the one asked for, and of the same year."""
    same_year = [title for title in results if question.year is not None and title.year == question.year]
    best = max(same_year, key=lambda title: _likeness(title, question), default=None)
    return _match(best, LOW) if best and _likeness(best, question) >= sameness.CLOSE else None


def _likeness(title: Title, question: _Question) -> float:
    return max((sameness.likeness(name, question.title) for name in title.names), default=0.0)


def _match(title: Title, confidence: str) -> Match:
    return Match(title.kind, title.id, title.names[0], title.year, confidence)
