"""A file as an Arr tells of it: the start of a record, the same by whichever way it was told.

What the Arrs leave out, or write as 0 or as an empty text, is unknown, and has no key.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from arrtheaudio.core.record import Record
from arrtheaudio.core.value import Value

# A record is written once for each file of a pack: what is longer is no title, and there are no more tags.
_LONGEST_TEXT, _MOST_TAGS, _MOST_EPISODES = 500, 100, 1000
_LONGEST_NUMBER = 18  # digits: what 64 bits hold
_IMDB = "tt"


class App(Value):
    """Sonarr or Radarr: what it calls a title and a file, in webhooks and in the names of variables."""

    name: str
    kind: str
    title: str
    folder: str
    file: str
    several: str

    @property
    def prefix(self) -> str:
        """Return how the names of its variables begin."""
        return f"{self.name}_"


SONARR = App("sonarr", "series", "series", "path", "episodeFile", "episodeFiles")
RADARR = App("radarr", "movie", "movie", "folderPath", "movieFile", "movieFiles")
APPS: Mapping[str, App] = {app.name: app for app in (SONARR, RADARR)}

TEST, DOWNLOAD, SCRIPT = "Test", "Download", "ImportScript"
# What else the two tell, by any way: nothing of it changes what is in a file. A script is told HealthIssue.
IDLE = (
    *("Grab", "Rename", "SeriesAdd", "SeriesDelete", "EpisodeFileDelete", "MovieAdded", "MovieDelete"),
    *("MovieFileDelete", "Health", "HealthIssue", "HealthRestored", "ApplicationUpdate", "ManualInteractionRequired"),
)
NO_WORK, NOT_UNDERSTOOD = "no_work", "not_understood"


class Event(Value):
    """What an Arr tells.

    `name` is the event as the Arr calls it. `records` are the files to look at, each `path` as the Arr names it; where
    there are none, `reason` says why (`test`, `no_work`, `not_understood`) and `message` tells it to a person. With
    records, `message` is what is odd all the same, and mostly empty.
    """

    app: str
    name: str
    instance: str = ""
    records: tuple[Record, ...] = ()
    reason: str | None = None
    message: str = ""


def idle(app: str, name: str, instance: str) -> Event:
    """Return the event of a name that is no Download."""
    if name.lower() == TEST.lower():
        return Event(app, TEST, instance, reason="test", message="A test: it arrived, and nothing is to be done.")
    if any(name.lower() == known.lower() for known in IDLE):
        return Event(app, name, instance, reason=NO_WORK, message=f"{name} changes no file's tracks: nothing to do.")
    return Event(app, name, instance, reason=NOT_UNDERSTOOD, message=f"The event {name!r:.60} is not known here.")


def record(path: str, app: App, **said: Any) -> Record:
    """Return the record of a file; `said` are the values of its `arr` by key, None or wrong where unknown.

    `ids` is a mapping of schemes to numbers or texts, `episodes` and `tags` are any iterables.
    """
    arr = {
        "app": app.name,
        "instance": text(said.get("instance")),
        "event": said.get("event"),
        "upgrade": said.get("upgrade"),
        "kind": app.kind,
        "title": text(said.get("title")),
        "year": number(said.get("year"), 1),
        "season": number(said.get("season")),
        "episodes": _numbers(said.get("episodes") or ()),
        "ids": _ids(said.get("ids") or {}),
        "series_type": _lower(said.get("series_type")),
        "tags": _texts(said.get("tags") or ()),
        "original_language": said.get("original_language"),
    }
    return {"path": path, "arr": {key: value for key, value in arr.items() if value not in (None, [], {})}}


def text(value: Any) -> str | None:
    """Return a text that says something, without lone surrogates, which no encoding has; None for all else."""
    if not isinstance(value, str):
        return None
    found = value[:_LONGEST_TEXT].strip()
    if not found.isascii():
        found = found.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return found or None


def number(value: Any, least: int = 0) -> int | None:
    """Return a whole number, of a number or of its digits; None for all else, and for what is less than `least`."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _LONGEST_NUMBER:
        value = int(value)
    if type(value) is not int or not least <= value < 10**_LONGEST_NUMBER:
        return None
    return value


def one(numbers: Iterable[int | None]) -> int | None:
    """Return what all are; None where they differ."""
    found = {*numbers}
    return found.pop() if len(found) == 1 else None


def _numbers(values: Iterable[Any]) -> list[int]:
    found = dict.fromkeys(number(value) for value in values)
    return [value for value in found if value is not None][:_MOST_EPISODES]


def _texts(values: Iterable[Any]) -> list[str]:
    found = dict.fromkeys(map(text, values))
    return [value for value in found if value is not None][:_MOST_TAGS]


def _lower(value: Any) -> str | None:
    found = text(value)
    return found and found.lower()


def _ids(said: Mapping[str, Any]) -> dict[str, int | str]:
    found = {scheme: _imdb(value) if scheme == "imdb" else number(value, 1) for scheme, value in said.items()}
    return {scheme: value for scheme, value in found.items() if value is not None}


def _imdb(value: Any) -> str | None:
    found = _lower(value) or ""
    return found if found.startswith(_IMDB) and number(found.removeprefix(_IMDB), 1) else None
