"""The ids of titles, and what a path says besides them: the kind of its title, and whether it is named after one."""

import re
from collections.abc import Mapping
from typing import Any

from arrtheaudio.core import episodes
from arrtheaudio.core.naming import MOVIE, SERIES

KINDS = (MOVIE, SERIES)
SCHEMES = ("tmdb", "tvdb", "imdb")
# The file, its folder, that one's, and one more, as for the ids in a path.
_NEAR = 4
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_IMDB = re.compile(r"tt[0-9]{7,10}")


def normal(scheme: str, value: Any) -> str | None:
    """Return an id as TMDB is asked for it; None where it is none, such as the 0 that the Arrs write for unknown."""
    text = str(value).lower() if isinstance(value, int | str) else ""
    pattern = _IMDB if scheme == "imdb" else _NUMBER
    return text if pattern.fullmatch(text) else None


def of_mapping(ids: Mapping[str, Any]) -> dict[str, str]:
    """Return those of our schemes that hold an id, the surest first."""
    found = ((scheme, normal(scheme, ids.get(scheme))) for scheme in SCHEMES)
    return {scheme: value for scheme, value in found if value is not None}


def kind_of(path: str) -> str | None:
    """Return `series` where the file is an episode or a folder a season's; None where nothing says so."""
    file, *folders = _names(path)
    stem = file.rpartition(".")[0] or file
    if episodes.find(stem) or any(episodes.season_of_folder(folder) is not None for folder in folders):
        return SERIES
    return None


def begins_with(path: str, title: str) -> bool:
    """Say whether the file or a folder that it is in is named after a title."""
    plain = _plain(title)
    return plain != "" and any(_plain(name).startswith(plain) for name in _names(path))


def _names(path: str) -> list[str]:
    return path.split("/")[: -_NEAR - 1 : -1]


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
