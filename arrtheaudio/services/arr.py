"""Sonarr and Radarr: asked for what a webhook left out, and told to look at what was edited. Their API, version 3."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from arrtheaudio import messages
from arrtheaudio.config.settings import Arr
from arrtheaudio.core import arr_languages
from arrtheaudio.core.arr_record import APPS, number, record, text
from arrtheaudio.core.record import Record
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Network
from arrtheaudio.services.web import TIMEOUTS, NotThere, Timeouts, Web

COMPONENT = "arr"
# Seconds: a season is asked for once, and so is an Arr that does not answer.
KEPT = 300.0
_MOST_KNOWN = 1000
_API = "/api/v3"
_SCHEMES = (("tmdb", "tmdbId"), ("tvdb", "tvdbId"), ("imdb", "imdbId"))


class _Words(Value):
    """What an app calls its titles: in an address, and in the command that scans one."""

    resource: str
    command: str
    key: str


_WORDS = {
    "sonarr": _Words("series", "RescanSeries", "seriesId"),
    "radarr": _Words("movie", "RescanMovie", "movieId"),
}


def which(arrs: Sequence[Arr], told: Mapping[str, Any]) -> Arr | None:
    """Return the configured Arr that a record's `arr` is of: by its instance name, else the only one of its app."""
    instance = str(told.get("instance") or "").lower()
    ours = [arr for arr in arrs if arr.app == told.get("app")]
    named = [arr for arr in ours if arr.name.lower() == instance]
    return next(iter(named), ours[0] if len(ours) == 1 else None)


def id_in(told: Mapping[str, Any]) -> int | None:
    """Return the id that a title has in its Arr; None where it is not known."""
    ids = told.get("ids")
    return number(ids.get(told.get("app")), 1) if isinstance(ids, Mapping) else None


class Client:
    """One Arr."""

    def __init__(self, arr: Arr, timeouts: Timeouts = TIMEOUTS) -> None:
        """Ask nothing yet."""
        self._words = _WORDS[arr.app]
        self._app = APPS[arr.app]
        self._web = Web(arr.name, arr.url, {"X-Api-Key": arr.api_key.strip()}, timeouts)

    def title(self, title_id: int) -> Mapping[str, Any]:
        """Return what is known of a series or a movie, under the keys of a record's `arr`; a Network error if not."""
        found = self._web.get(f"{_API}/{self._words.resource}/{title_id}")
        found = found if isinstance(found, dict) else {}
        language = found.get("originalLanguage")
        name = text(language.get("name")) if isinstance(language, dict) else None
        # The path of a record is of no concern here.
        about = record(
            "",
            self._app,
            title=found.get("title"),
            year=found.get("year"),
            ids={scheme: found.get(key) for scheme, key in _SCHEMES},
            series_type=found.get("seriesType"),
            original_language=None if name is None else arr_languages.of_name(name),
        )
        said: Mapping[str, Any] = about["arr"]
        return said

    def rescan(self, title_id: int) -> None:
        """Have one series or movie scanned; a Network error where that is not taken on."""
        # Without the id, everything would be.
        self._web.post(f"{_API}/command", {"name": self._words.command, self._words.key: title_id})


class Lookup:
    """Completes the `arr` of records; one a process."""

    def __init__(
        self, arrs: Sequence[Arr], timeouts: Timeouts = TIMEOUTS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask nothing yet. `clock` gives seconds."""
        self._arrs = arrs
        self._timeouts = timeouts
        self._clock = clock
        self._clients: dict[str, Client] = {}
        self._known: dict[tuple[str, int], tuple[float, Mapping[str, Any]]] = {}
        self._silent: dict[str, float] = {}  # since when an Arr gives no answer

    def wanted(self, record: Record) -> bool:
        """Say whether an Arr can be asked for the original language of a record, and has to be."""
        told = record.get("arr")
        return (
            isinstance(told, dict)
            and not told.get("original_language")
            and id_in(told) is not None
            and which(self._arrs, told) is not None
        )

    def complete(self, record: Record) -> Mapping[str, Any] | None:
        """Return the `arr` of a record that is `wanted`, with what it lacked beside what it had; None: no answer."""
        told = record["arr"]
        arr, title_id = which(self._arrs, told), id_in(told)
        if arr is None or title_id is None:
            return None
        found = self._title(arr, title_id)
        ids = {**found.get("ids", {}), **told["ids"]}
        return {**found, **told, "ids": ids} if found else None

    def _title(self, arr: Arr, title_id: int) -> Mapping[str, Any]:
        when, found = self._known.get((arr.name, title_id), (None, {}))
        if when is not None and self._clock() - when < KEPT:
            return found
        if arr.name in self._silent and self._clock() - self._silent[arr.name] < KEPT:
            return {}
        try:
            found = self._client(arr).title(title_id)
        except Network as error:
            messages.note(f"{error}; it goes on without", component=COMPONENT, type=error.code)
            if not isinstance(error, NotThere):
                self._silent[arr.name] = self._clock()
                return {}
            found = {}
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[arr.name, title_id] = self._clock(), found
        return found

    def _client(self, arr: Arr) -> Client:
        if arr.name not in self._clients:
            self._clients[arr.name] = Client(arr, self._timeouts)
        return self._clients[arr.name]
