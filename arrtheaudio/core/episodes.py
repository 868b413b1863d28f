"""Where a name says which episode it is: `S01E02`, `1x02`, a date, `- 1071v2`, `第12話`, a folder `Season 1`."""

import re
from functools import cache

from arrtheaudio.core.value import Value

_SEASON = "(?:season|series|staffel|saison|temporada|stagione|sezon|seizoen|säsong|sæson|sesong|kausi)"
_EPISODE = "(?:episode|épisode|episodio|episódio|folge|aflevering|avsnitt|afsnit|capitulo|capítulo|ep|e)"
_START, _END = r"(?<![^\W_])", r"(?![^\W_])"

# Where a year follows, these are parts of a film's title: `Star Wars - Episode 1 - … (1999)`.
_WEAK = frozenset({"absolute", "spoken", "episode"})
_YEAR = r"(?<=[ ._(\[])(?:19|20)\d\d(?=[ ._)\]])"

# The first that is found counts.
_MARKERS = {
    "standard": rf"{_START}s(?P<season>\d{{1,4}})[ ._-]{{0,2}}e(?P<first>\d{{1,4}})"
    rf"(?P<more>(?:[ ._]?-?[ ._]?e\d{{1,4}}|-\d{{1,3}}(?![\dpi]))*){_END}",
    "cross": rf"{_START}(?P<season>\d{{1,2}})x(?P<first>\d{{2,3}})(?P<more>(?:-?x?\d{{2,3}}(?![\dpi]))*){_END}",
    "spoken": rf"{_START}{_SEASON}[ ._]?(?P<season>\d{{1,4}})[ ,._-]*{_EPISODE}[ ._]?(?P<first>\d{{1,4}}){_END}",
    "date": r"(?<!\d)(?:19|20)\d\d(?P<between>[-. _])(?:0[1-9]|1[0-2])(?P=between)(?:0[1-9]|[12]\d|3[01])(?!\d)",
    "counted": r"第(?P<first>\d{1,4})[話话集回]",
    "episode": rf"{_START}{_EPISODE}[ ._]?(?P<first>\d{{1,4}})(?:v\d)?{_END}",
    "absolute": r"(?<=[ _.])-[ _.](?!(?:19|20)\d\d(?!\d|v))"
    r"(?P<first>\d{2,4})(?:-(?P<last>\d{2,4}))?(?:v\d)?(?=[ _.[(]|$)",
    "pack": r"(?<=[^\W_][ ._])s(?P<season>\d{1,2})(?=[ ._-]|$)",
}

# In a season's folder: `05`, `05 - Title`, `Folge 5`.
_ALONE = rf"{_EPISODE}?[ ._]?(?P<first>\d{{1,4}})(?:v\d)?(?:[ ._]-?.*)?"
# `Season 01 - 1080p`, and not the film `Series 7 (2001)`
_FOLDER = rf"(?:{_SEASON}|s)[ ._-]?(?P<season>\d{{1,4}}){_END}(?!.*\(\d{{4}}\))"
_SEASON_AT_END = (
    r"(?<=[\w!?.)])[ ._]+(?:-[ ._]+)?"
    rf"(?:s(?P<short>\d{{1,2}})|(?P<nth>\d)(?:st|nd|rd|th)[ ._]season|{_SEASON}[ ._]?(?P<long>\d{{1,2}}))$"
)


class Marker(Value):
    """What a name says about the episode, and where: the title stands before `start`."""

    start: int
    season: int | None = None
    episodes: tuple[int, ...] = ()


def find(stem: str) -> Marker | None:
    """Return what a file's name, without its extension, says about the episode."""
    for form in _MARKERS:
        found = _pattern(_MARKERS[form]).search(stem)
        if found and not (form in _WEAK and _pattern(_YEAR).search(stem, found.end())):
            return Marker(found.start(), _number(found, "season"), _episodes(found))
    return None


def alone(stem: str, season: int | None) -> tuple[int, ...]:
    """Return the episode where a name in a season's folder is little more than its number: `05 - Title`, `Folge 5`."""
    found = _pattern(_ALONE).fullmatch(stem)
    if not found:
        return ()
    number = int(found["first"])
    # `1005` in the folder of season 10
    return (number % 100,) if season and number // 100 == season else (number,)


def season_of_folder(folder: str) -> int | None:
    """Return the season of a folder that is named for it alone; 0 for the specials."""
    if folder.casefold() in ("special", "specials"):
        return 0
    found = _pattern(_FOLDER).match(folder)
    return int(found["season"]) if found else None


def split_season(title: str) -> tuple[str, int | None]:
    """Take the season off a title's end: `Title S2`, `Title 2nd Season`."""
    found = _pattern(_SEASON_AT_END).search(title)
    if not found:
        return title, None
    return title[: found.start()], int(found[found.lastgroup or 0])


def _episodes(found: re.Match[str]) -> tuple[int, ...]:
    first = _number(found, "first")
    if first is None:
        return ()
    numbers = [first]
    for joint, number in _further(found):
        # `E01-E03` and `219-220` are ranges, `E01E03` are two
        numbers += range(numbers[-1] + 1, number) if joint else ()
        numbers.append(number)
    return tuple(numbers) if numbers == sorted(set(numbers)) and numbers[-1] - first < 100 else (first,)


def _further(found: re.Match[str]) -> list[tuple[bool, int]]:
    named = found.groupdict()
    if last := named.get("last"):
        return [(True, int(last))]
    return [("-" in joint, int(number)) for joint, number in _pattern(r"(\D+)(\d+)").findall(named.get("more") or "")]


def _number(found: re.Match[str], group: str) -> int | None:
    text = found.groupdict().get(group)
    return int(text) if text else None


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
