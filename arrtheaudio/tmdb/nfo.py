"""The .nfo files of Kodi, Jellyfin and the Arrs, which name a title's ids in XML.

Files of others: read no further than a limit, by patterns that look at each byte a bounded number of times, and never
as XML, whose entities can be made to grow or to open other files.
"""

import contextlib
import os
import re
import stat
from collections.abc import Iterator

from arrtheaudio.core.naming import MOVIE, SERIES
from arrtheaudio.tmdb.ids import normal

LIMIT = 256 << 10
# <uniqueid type="tmdb" default="true">603</uniqueid>
_UNIQUE = re.compile(
    r"""<uniqueid\b[^<>]{0,100}\btype\s{0,9}=\s{0,9}["'](tmdb|tvdb|imdb)["'][^<>]{0,100}>\s{0,99}(\w{1,12})\s{0,99}</""",
    re.IGNORECASE,
)
# <tmdbid>603</tmdbid>, <imdb_id>tt0133093</imdb_id>
_ELEMENT = re.compile(r"<(tmdb|tvdb|imdb)_?id>\s{0,99}(\w{1,12})\s{0,99}</", re.IGNORECASE)
_ROOT = re.compile(r"<(movie|tvshow|episodedetails)\b", re.IGNORECASE)


def near(path: bytes, kind: str | None) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the kind and the ids of the .nfo files that tell of a media file, the nearest first."""
    folder, name = os.path.split(path)
    if kind != SERIES:
        for own in (os.path.splitext(name)[0] + b".nfo", b"movie.nfo"):
            yield from _told(os.path.join(folder, own), MOVIE)
    if kind != MOVIE:
        for above in (folder, os.path.dirname(folder)):
            yield from _told(os.path.join(above, b"tvshow.nfo"), SERIES)


def _told(path: bytes, kind: str) -> Iterator[tuple[str, dict[str, str]]]:
    text = _text(path)
    root = _ROOT.search(text)
    if root is not None and root[1].lower() == {MOVIE: "movie", SERIES: "tvshow"}[kind]:
        ids = read(text)
        if ids:
            yield kind, ids


def read(text: str) -> dict[str, str]:
    """Return the ids of the title, and not those of its actors."""
    head, *rest = text.split("<actor")
    own = head + "".join(part.partition("</actor>")[2] for part in rest)
    found: dict[str, str] = {}
    for scheme, text in (*_UNIQUE.findall(own), *_ELEMENT.findall(own)):
        value = normal(scheme.lower(), text)
        if value is not None:
            found.setdefault(scheme.lower(), value)
    return found


def _text(path: bytes) -> str:
    with contextlib.suppress(OSError):
        # a FIFO of that name must not hold us
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return file.read(LIMIT).decode(errors="replace")
    return ""
