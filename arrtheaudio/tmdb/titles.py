"""Titles as TMDB's API has them, and what a record says of one."""

from typing import Any

from arrtheaudio.core import language
from arrtheaudio.core.naming import MOVIE, SERIES
from arrtheaudio.core.value import Value
from arrtheaudio.tmdb.client import Client

# A movie and a series may have the same number.
_FOLDERS = {MOVIE: "movie", SERIES: "tv"}
_RESULTS = {MOVIE: "movie_results", SERIES: "tv_results"}
_YEARS = {MOVIE: "year", SERIES: "first_air_date_year"}
_LONGEST = 200


class Title(Value):
    """A movie or a series: its `kind`, TMDB's number for it, and what TMDB says of it."""

    kind: str
    id: int
    details: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """The title in English and in its own language, where it has them."""
        keys = ("title", "name", "original_title", "original_name")
        return [self.details[key] for key in keys if isinstance(self.details.get(key), str) and self.details[key]]

    @property
    def year(self) -> int | None:
        """The year of its release or of its first episode; None where there is none yet."""
        text = self.details.get("release_date") or self.details.get("first_air_date")
        year = text[:4] if isinstance(text, str) else ""
        return int(year) if len(year) == 4 and year.isascii() and year.isdecimal() else None


def details(client: Client, kind: str, number: int) -> Title | None:
    """Return a title by its kind and TMDB's own number; None where there is none."""
    body = client.get(f"/{_FOLDERS[kind]}/{number}")
    return None if body is None else Title(kind, number, body)


def find(client: Client, scheme: str, value: str, kind: str | None) -> Title | None:
    """Return a title by an id of TheTVDB (always a series) or of IMDb (an episode's leads to its series)."""
    if scheme == "tvdb" and kind == MOVIE:
        return None  # TheTVDB numbers movies too, and TMDB would answer with the series of that number
    body = client.get(f"/find/{value}", external_source=f"{scheme}_id") or {}
    for one in (MOVIE, SERIES) if scheme == "imdb" else (SERIES,):
        number = _first(body, _RESULTS[one], "id")
        if number is None and one == SERIES and scheme == "imdb":
            # of TheTVDB, an episode of the same number as the series is another series'
            number = _first(body, "tv_episode_results", "show_id")
        if number is not None and kind in (None, one):
            return details(client, one, number)
    return None


def _first(body: dict[str, Any], key: str, name: str) -> int | None:
    items = body.get(key)
    number = items[0].get(name) if isinstance(items, list) and items and isinstance(items[0], dict) else None
    return number if type(number) is int else None


def search(client: Client, kind: str, title: str, year: int | None = None) -> list[dict[str, Any]]:
    """Return the movies or series that a title may mean, as TMDB's search has them, the best first."""
    parameters = {"query": title[:_LONGEST], "include_adult": "false"}
    if year is not None:
        parameters[_YEARS[kind]] = str(year)
    body = client.get(f"/search/{_FOLDERS[kind]}", **parameters) or {}
    results = body.get("results")
    return [item for item in results if isinstance(item, dict)] if isinstance(results, list) else []


def answer(title: Title, matched_by: str, confidence: str) -> dict[str, Any]:
    """Return the `tmdb` of a record; what TMDB does not say is left out."""
    spoken = title.details.get("spoken_languages")
    known = {
        "kind": title.kind,
        "id": title.id,
        "title": next(iter(title.names), None),
        "year": title.year,
        "original_language": _tag(title.details.get("original_language")),
        "spoken_languages": _tags(spoken) if isinstance(spoken, list) else None,
        "matched_by": matched_by,
        "confidence": confidence,
    }
    return {key: value for key, value in known.items() if value is not None}


def _tags(spoken: list[Any]) -> list[str]:
    tags = (_tag(item.get("iso_639_1")) for item in spoken if isinstance(item, dict))
    return list(dict.fromkeys(tag for tag in tags if tag is not None))


def _tag(code: Any) -> str | None:
    tag = language.tag(code) if isinstance(code, str) else language.UNDETERMINED
    return None if tag == language.UNDETERMINED else tag
