"""Which title a path says it is of: the ids in its names, and whether it is a movie or an episode."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

MOVIE, SERIES = "movie", "series"
KINDS = (MOVIE, SERIES)
SCHEMES = ("tmdb", "tvdb", "imdb")
# The file, its folder, that one's, and one more: `Show {tvdb-1}/Extras/Season 01/file.mkv`.
_NEAR = 4
# Radarr and Sonarr, Plex, Jellyfin, Emby: {tmdb-603}, [tvdbid-81189], [imdbid=tt0133093].
_MARKED = re.compile(r"[\[{(](tmdb|tvdb|imdb)(?:id)?[-=:_ ]([a-z0-9]{1,12})[\]})]", re.IGNORECASE)
_BARE_IMDB = re.compile(r"(?<![a-z0-9])tt[0-9]{7,10}(?![a-z0-9])", re.IGNORECASE)
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_IMDB = re.compile(r"tt[0-9]{7,10}")
# S01E02, s2024e1, 1x02, and the date of a daily show.
_EPISODE = re.compile(
    r"(?<![a-z0-9])(s[0-9]{1,4}[ ._-]?e[0-9]{1,4}|[0-9]{1,2}x[0-9]{2,3}(?![0-9])"
    r"|(19|20)[0-9]{2}[ .-](0[1-9]|1[0-2])[ .-](0[1-9]|[12][0-9]|3[01])(?![0-9]))",
    re.IGNORECASE,
)
_SEASON = re.compile(
    r"(season|series|staffel|saison|temporada|stagione|seizoen|sezon|säsong|sæson|sesong|kausi)[ ._-]*[0-9]{1,4}"
    r"|specials",
    re.IGNORECASE,
)


def normal(scheme: str, value: Any) -> str | None:
    """Return an id as TMDB is asked for it; None where it is none, such as the 0 that the Arrs write for unknown."""
    text = str(value).lower() if isinstance(value, int | str) else ""
    pattern = _IMDB if scheme == "imdb" else _NUMBER
    return text if pattern.fullmatch(text) else None


def of_mapping(ids: Mapping[str, Any]) -> dict[str, str]:
    """Return those of our schemes that hold an id, the surest first."""
    found = ((scheme, normal(scheme, ids.get(scheme))) for scheme in SCHEMES)
    return {scheme: value for scheme, value in found if value is not None}


def of_path(path: str) -> dict[str, str]:
    """Return the ids that stand in the last names of a path; the one nearest to the file counts."""
    found: dict[str, str] = {}
    for name in _names(path):
        for scheme, value in _of_name(name):
            found.setdefault(scheme, value)
    return of_mapping(found)


def kind_of(path: str) -> str | None:
    """Return `series` where a name has an episode or a folder is a season's; None where nothing says so."""
    file, *folders = _names(path)
    if _EPISODE.search(file) or any(_SEASON.fullmatch(folder.strip()) for folder in folders):
        return SERIES
    return None


def begins_with(path: str, title: str) -> bool:
    """Say whether the file or a folder that it is in is named after a title."""
    plain = _plain(title)
    return plain != "" and any(_plain(name).startswith(plain) for name in _names(path))


def _names(path: str) -> list[str]:
    return path.split("/")[: -_NEAR - 1 : -1]


def _of_name(name: str) -> Iterator[tuple[str, str]]:
    for scheme, text in _MARKED.findall(name):
        value = normal(scheme.lower(), text)
        if value is not None:
            yield scheme.lower(), value
    for text in _BARE_IMDB.findall(name):
        yield "imdb", text.lower()


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
