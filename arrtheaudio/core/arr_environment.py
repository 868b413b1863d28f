"""What Sonarr and Radarr tell a script, in the variables of its environment."""

from collections.abc import Iterable, Mapping
from typing import Any

from arrtheaudio.core import arr_languages
from arrtheaudio.core.arr import joined
from arrtheaudio.core.arr_record import (
    APPS,
    DOWNLOAD,
    NOT_UNDERSTOOD,
    SCRIPT,
    SONARR,
    App,
    Event,
    idle,
    record,
    text,
)
from arrtheaudio.core.record import Record


class _Variables:
    """An app's variables. .NET lower-cases their names, but on Windows; an empty one is as good as none."""

    def __init__(self, app: App, variables: Mapping[str, str]) -> None:
        found = {name.lower(): value for name, value in variables.items()}
        self._found = {name.removeprefix(app.prefix): found[name] for name in found if name.startswith(app.prefix)}

    def __getitem__(self, name: str) -> str:
        return self._found.get(name, "")

    @property
    def event(self) -> str:
        """The event; that of an import script, which is told of none, has a name of ours."""
        if named := text(self["eventtype"]):
            return DOWNLOAD if named.lower() == DOWNLOAD.lower() else named
        if self["transfermode"]:
            return SCRIPT
        paths = (f"{file}_path{plural}" for file in ("episodefile", "moviefile") for plural in ("", "s"))
        return DOWNLOAD if any(self[name] for name in paths) else ""


def environment(variables: Mapping[str, str]) -> Event:
    """Return what the variables of a custom script, or of an import script, tell.

    Of an import script, the path is that to which the file is about to come.
    """
    for app in APPS.values():
        told = _Variables(app, variables)
        if told.event:
            return _event(app, told)
    message = "Neither sonarr_eventtype nor radarr_eventtype is set: this is for Sonarr and Radarr to call."
    return Event("", "", reason=NOT_UNDERSTOOD, message=message)


def _event(app: App, told: _Variables) -> Event:
    name, instance = told.event, text(told["instancename"]) or ""
    if name not in (DOWNLOAD, SCRIPT):
        return idle(app.name, name, instance)
    records = tuple(_records(app, told))
    if records:
        return Event(app.name, name, instance, records)
    what = name if name == DOWNLOAD else "An import script's call"
    return Event(app.name, name, instance, reason=NOT_UNDERSTOOD, message=f"{what} without the path of a file.")


def _records(app: App, told: _Variables) -> Iterable[Record]:
    paths = _paths(app, told)
    said = _series(told, alone=len(paths) == 1) if app is SONARR else _movie(told)
    said |= {"instance": told["instancename"], "event": told.event, "upgrade": _upgrade(told)}
    for path in paths:
        yield record(path, app, **said)


def _paths(app: App, told: _Variables) -> list[str]:
    if told.event == SCRIPT:
        return [path for path in [told["destinationpath"]] if path]
    file = app.file.lower()
    # Import Complete is a Download too; only what is in the plural tells it from that of one file.
    paths = listed(told[f"{file}_paths"]) or [told[f"{file}_path"]]
    if paths == [""]:
        paths = [joined(told[f"{app.title}_path"], told[f"{file}_relativepath"])]
    return [path for path in dict.fromkeys(paths) if path]


def listed(text: str) -> list[str]:
    """Return the paths of a list. They are parted by `|`, which a name may have too: a path begins at its root."""
    paths: list[str] = []
    for part in text.split("|"):
        if paths and not _rooted(part):
            paths[-1] += f"|{part}"
        elif part:
            paths.append(part)
    return paths


def _rooted(path: str) -> bool:
    return path.startswith(("/", "\\\\")) or path[1:3] in (":\\", ":/")


def _series(told: _Variables, *, alone: bool) -> dict[str, Any]:
    episodes = told["episodefile_episodenumbers"].split(",")
    # The season is that of the first episode: where a number comes twice, there is more than one.
    season = told["episodefile_seasonnumber"] if len({*episodes}) == len(episodes) else None
    return _title(told, "series", "sonarr") | {
        "season": season,
        "episodes": episodes if alone else (),
        "series_type": told["series_type"],
    }


def _movie(told: _Variables) -> dict[str, Any]:
    return _title(told, "movie", "radarr")


def _title(told: _Variables, title: str, app: str) -> dict[str, Any]:
    schemes = {app: "id", "tmdb": "tmdbid", "tvdb": "tvdbid", "imdb": "imdbid"}
    return {
        "title": told[f"{title}_title"],
        "year": told[f"{title}_year"],
        "ids": {scheme: told[f"{title}_{name}"] for scheme, name in schemes.items()},
        "tags": told[f"{title}_tags"].split("|"),
        "original_language": arr_languages.of_code(told[f"{title}_originallanguage"]),
    }


def _upgrade(told: _Variables) -> bool | None:
    """Say whether it took the place of another file; None where that is not told."""
    if told.event == SCRIPT:
        return bool(told["deletedpaths"])
    return {"true": True, "false": False}.get(told["isupgrade"].lower())
