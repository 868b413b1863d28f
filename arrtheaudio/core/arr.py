"""What Sonarr and Radarr tell: a webhook's body, or the variables of a script, as the start of records.

Both send the body of the same shape in all versions from 3 on, with more keys in later ones. All of it is held to be
unknown until it is of the kind that is due.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arrtheaudio.core import arr_languages
from arrtheaudio.core.arr_record import (
    APPS,
    DOWNLOAD,
    NOT_UNDERSTOOD,
    SONARR,
    App,
    Event,
    idle,
    number,
    one,
    record,
    text,
)
from arrtheaudio.core.record import Record

__all__ = ["Event", "webhook"]

Object = Mapping[str, Any]
_NOTHING: Object = {}


def webhook(app: str, payload: Object) -> Event:
    """Return what a webhook's body tells. `app` is whose it should be; whose it is, its content says."""
    teller = _app(APPS[app], payload)
    name = text(payload.get("eventType")) or DOWNLOAD
    instance = text(payload.get("instanceName")) or ""
    if name.lower() != DOWNLOAD.lower():
        return idle(teller.name, name, instance)
    records = tuple(_records(teller, payload))
    strange = "" if teller.name == app else f"This is {teller.name.title()}'s, though it came as {app.title()}'s."
    if records:
        return Event(teller.name, DOWNLOAD, instance, records, message=strange)
    what = DOWNLOAD if text(payload.get("eventType")) else "An event without a name (eventType), and"
    wanted = f"{what} without the path of a file ({teller.file}.path)."
    return Event(teller.name, DOWNLOAD, instance, reason=NOT_UNDERSTOOD, message=f"{wanted} {strange}".strip())


def _app(expected: App, payload: Object) -> App:
    """Return the app that speaks of such things; the expected one where both do, or neither."""
    for keys in (("file", "several"), ("title",)):
        found = [app for app in APPS.values() if any(payload.get(getattr(app, key)) for key in keys)]
        if len(found) == 1:
            return found[0]
    return expected


def _records(app: App, payload: Object) -> Iterable[Record]:
    """Yield a record for each file that was imported; `deletedFiles` are those that are gone."""
    title = _object(payload.get(app.title))
    files = [*_objects(payload.get(app.file)), *_objects(payload.get(app.several))]
    paths = [path for path in dict.fromkeys(_path(file, title.get(app.folder)) for file in files) if path]
    said = _series(payload, title, alone=len(paths) == 1) if app is SONARR else _movie(payload, title)
    said |= {"instance": payload.get("instanceName"), "event": DOWNLOAD, "upgrade": _flag(payload.get("isUpgrade"))}
    said |= {"tags": _list(title.get("tags")), "original_language": _language(title.get("originalLanguage"))}
    for path in paths:
        yield record(path, app, **said)


def _series(payload: Object, title: Object, *, alone: bool) -> dict[str, Any]:
    episodes = _objects(payload.get("episodes"))
    return {
        "title": title.get("title"),
        "year": title.get("year"),
        "season": one(number(episode.get("seasonNumber")) for episode in episodes),
        # Of several files, nothing says which has which episode: their lists differ in order and in length.
        "episodes": [episode.get("episodeNumber") for episode in episodes] if alone else (),
        "ids": {"sonarr": title.get("id"), "tmdb": title.get("tmdbId"), "tvdb": title.get("tvdbId")}
        | {"imdb": title.get("imdbId")},
        "series_type": title.get("type"),
    }


def _movie(payload: Object, title: Object) -> dict[str, Any]:
    remote = _object(payload.get("remoteMovie"))
    ids = {"radarr": title.get("id"), "tmdb": number(title.get("tmdbId"), 1) or remote.get("tmdbId")}
    return {
        "title": text(title.get("title")) or remote.get("title"),
        "year": number(title.get("year"), 1) or remote.get("year"),
        "ids": ids | {"imdb": text(title.get("imdbId")) or remote.get("imdbId")},
    }


def _path(file: Object, folder: Any) -> str:
    """Return the path of a file; of Sonarr 2 and early 3, that of its title's folder and the rest."""
    path, rest = file.get("path"), file.get("relativePath")
    if isinstance(path, str) and path:
        return path
    return joined(folder, rest)


def joined(folder: Any, rest: Any) -> str:
    """Return a path below a folder, as the folder's system writes it; empty where one of the two is no text."""
    if not isinstance(folder, str) or not isinstance(rest, str) or not folder or not rest:
        return ""
    separator = "/" if folder.startswith("/") else "\\"
    return f"{folder.rstrip(separator)}{separator}{rest}"


def _language(value: Any) -> str | None:
    return arr_languages.of_name(text(_object(value).get("name")) or "")


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else _NOTHING


def _objects(value: Any) -> list[Object]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
