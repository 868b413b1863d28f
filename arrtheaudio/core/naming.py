"""Which title a file is, from its path alone: title, year, kind, season, episodes, and the ids that stand in it.

Names with a landmark (`Title (Year)`, `Title - S01E02`) are read here; those without one, most of release groups, by
parse-torrent-title, which is imported when the first of them comes.
"""

import re
from collections.abc import Iterator, Mapping

from arrtheaudio.core import episodes
from arrtheaudio.core.value import Value

MOVIE, SERIES = "movie", "series"


class Name(Value):
    """What a path says. `title` is empty where it says none; `kind` is `movie`, `series` or None.

    `year`: of the film, or the one in which the series began. `season`: 0 for specials. `episodes`: in that season,
    or counted from the first of all where there is no season. `country`: ISO 3166, of a series that has namesakes
    (`The Office (US)`). `ids`: as `ids_in` returns them.
    """

    title: str
    year: int | None = None
    kind: str | None = None
    season: int | None = None
    episodes: tuple[int, ...] = ()
    country: str | None = None
    ids: Mapping[str, str] = {}


# The file, its folder, that one's, and one more: `Show {tvdb-1}/Extras/Season 01/file.mkv`.
_NEAR = 4
# bytes in a name, on every file system that matters
_LONGEST = 255

_MARKED = re.compile(
    r"[\[{(](?:(tmdb|tvdb)(?:id)?[-=:_ ]([1-9][0-9]{0,9})|(imdb)(?:id)?[-=:_ ](tt[0-9]{7,10}))[\]})]", re.IGNORECASE
)
_BARE_IMDB = re.compile(r"(?<![a-z0-9])tt[0-9]{7,10}(?![a-z0-9])", re.IGNORECASE)
_EDITION = re.compile(r"[\[{]edition-[^\]}]*[\]}]", re.IGNORECASE)
_EXTENSION = re.compile(
    r"\.(?:mk[av3]|mk3d|webm|mp4|m4[va]|mov|avi|wmv|mpe?g|m?ts|m2ts|ogm|flv|vob|iso)$", re.IGNORECASE
)

_YEAR = r"((?:18[89]|19\d|20\d)\d)"
_IN_BRACKETS = re.compile(rf"(.*?\w.*?)[ ._-]*[(\[]{_YEAR}[)\]]")
_AT_END = re.compile(rf"(.*?\w.*?)[ ._]+{_YEAR}[ ._]*")
# `[Group] Title`; a title that is nothing else stays: `[REC] (2007)`
_GROUP = re.compile(r"\[[^\]]*\][ ._]*(?=[^\s(\[._-])")
_ARTICLE = re.compile(
    r"(.+), (the|an?|der|die|das|les?|la|l['’]|el|los|las|il|lo|gli|una?|une?|de|het|een|den|det|os?|as)", re.IGNORECASE
)
# As dots for spaces; those in `S.W.A.T` are its own.
_DOT = re.compile(r"(?<!\b[^\W\d_])\.|\.(?![^\W\d_]\b)|_")
_COUNTRY = re.compile(r"(.*\w.*?)[ ._]+(?:\(([A-Z]{2})\)|(US|UK|AU|NZ))")
_COUNTRIES = {"UK": "GB"}

# What is in these folders belongs to the title that they stand in.
_WITHIN = re.compile(
    r"extras?|featurettes?|behind the scenes|deleted scenes|interviews?|scenes|shorts|trailers?|other|samples?|"
    r"bdmv|stream|video_ts|(?:cd|dis[ck]|dvd|part)[ ._-]?\d",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"movie|film|video|feature|main|index|episode|folge|sample|title[ _]?t?\d*|t\d\d|\d{5}|vts[ _]\d.*|"
    r"(?:cd|dis[ck]|dvd|part)[ ._-]?\d",
    re.IGNORECASE,
)
# A film in one of these is more likely an extra of a series, or one of its episodes without a number.
_OF_SERIES = re.compile(r"(tv|shows|series|serien|séries)[ _-]?(series|shows?)?", re.IGNORECASE)
# Folders whose names are of no title.
_COLLECTION = re.compile(
    r"((movies?|films?|filme|kino|cine|tv|shows|series|serien|anime|media|videos?|mnt|data|home|downloads?|complete|"
    r"incoming|4k|hd|uhd)[ _-]?)+",
    re.IGNORECASE,
)


def ids_in(path: str) -> dict[str, str]:
    """Return the ids that stand in the last names of a path, the surest first: `tmdb`, `tvdb`, `imdb`.

    `{tmdb-603}`, `[tvdbid=81189]`, `[imdbid-tt0133093]`, `tt0133093`. Of two of one kind the deeper one counts.
    """
    found: dict[str, str] = {}
    for name in path.split("/")[-_NEAR:]:
        for database, number, _, title in _MARKED.findall(name):
            found[database.lower() or "imdb"] = number or title.lower()
        for title in _BARE_IMDB.findall(name):
            found["imdb"] = title.lower()
    return {database: found[database] for database in ("tmdb", "tvdb", "imdb") if database in found}


def parse(path: str) -> Name:
    """Read a path; no file is looked at."""
    file, *folders = (_without_tags(name[:_LONGEST]) for name in reversed(path.split("/")[-_NEAR - 1 :]))
    stem = _EXTENSION.sub("", file)
    outer = [folder for folder in folders if not _WITHIN.fullmatch(folder)]
    season = episodes.season_of_folder(outer[0]) if outer else None
    if season is not None:
        return _completed(_in_season(stem, season), outer[1:])._replace(ids=ids_in(path))
    name = _read(stem)
    if not name.kind and len(outer) < len(folders):
        name = name._replace(title="")
    name = _completed(name, outer)
    doubtful = name.kind == MOVIE and any(map(_OF_SERIES.fullmatch, folders))
    return name._replace(kind=None if doubtful else name.kind, ids=ids_in(path))


def _without_tags(name: str) -> str:
    for pattern in (_MARKED, _BARE_IMDB, _EDITION):
        name = pattern.sub("", name)
    return name.strip()


def _in_season(stem: str, season: int) -> Name:
    """Read a file in a season's folder, where it need not say more than its number."""
    if not episodes.find(stem):
        return Name("", kind=SERIES, season=season, episodes=episodes.alone(stem, season))
    name = _read(stem)
    counted = name.season is None and name.episodes
    return name._replace(season=season) if counted else name


def _completed(name: Name, folders: list[str]) -> Name:
    """Take from the folder what a file does not say."""
    if not name.title or (name.year is None and _NOTHING.fullmatch(name.title)):
        above = next(_named(folders, name.kind), Name(""))
        season = above.season if name.season is None else name.season
        return above._replace(kind=name.kind or above.kind, season=season, episodes=name.episodes)
    above = _read_as(folders[0], name.kind) if folders else Name("")
    if name.kind is None:
        return above if above.kind and above.title and _is_release(folders[0]) else name
    if name.year is None and _same(name.title, above.title):
        return name._replace(year=above.year)
    return name


def _named(folders: list[str], kind: str | None) -> Iterator[Name]:
    for folder in folders:
        if folder and not _COLLECTION.fullmatch(folder):
            yield _read_as(folder, kind)


def _is_release(folder: str) -> bool:
    """Tell `Title (Year)` and `Title.Year.1080p` from `Best of 1999`."""
    return " " not in folder or _IN_BRACKETS.match(folder) is not None


def _same(title: str, other: str) -> bool:
    return [*filter(str.isalnum, title.casefold())] == [*filter(str.isalnum, other.casefold())]


def _read_as(folder: str, kind: str | None) -> Name:
    """Read a folder; that of a series has no more than a title, a year, a country and a season."""
    return _read(folder) if kind != SERIES or episodes.find(folder) else _of_series(folder)


def _read(text: str) -> Name:
    marker = episodes.find(text)
    if marker is None:
        return _of_film(text)
    name = _of_series(text[: marker.start])
    return name._replace(season=name.season if marker.season is None else marker.season, episodes=marker.episodes)


def _of_series(head: str) -> Name:
    """Read what stands before an episode."""
    title, season = episodes.split_season(_GROUP.sub("", head.strip(" ._-"), count=1))
    found = _IN_BRACKETS.match(title) or _AT_END.fullmatch(title.strip(" ._-"))
    year = int(found[2]) if found else None
    title = _clean(found[1] if found else title)
    country = _COUNTRY.fullmatch(title)
    if country:
        title = country[1].strip()
    letters = country and (country[2] or country[3])
    return Name(_in_order(title), year, SERIES, season, (), _COUNTRIES.get(letters or "", letters))


def _of_film(text: str) -> Name:
    bare = _GROUP.sub("", text, count=1)
    found = _IN_BRACKETS.match(bare)
    if found:
        return Name(_in_order(_clean(found[1])), int(found[2]), MOVIE)
    title, year = _by_library(bare)
    return Name(_in_order(title), year, MOVIE if year else None)


def _by_library(text: str) -> tuple[str, int | None]:
    import PTN  # type: ignore[import-untyped]

    said = PTN.parse(text, standardise=False)
    title, year = said.get("title"), said.get("year")
    return title if isinstance(title, str) else "", year if isinstance(year, int) else None


def _clean(title: str) -> str:
    title = title.replace("_", " ") if " " in title else _DOT.sub(" ", title)
    return " ".join(title.split()).strip(" -([")


def _in_order(title: str) -> str:
    """Put the article first: `Matrix, The`."""
    moved = _ARTICLE.fullmatch(title)
    if not moved:
        return title
    return f"{moved[2]}{'' if moved[2][-1] in '’' + chr(39) else ' '}{moved[1]}"
