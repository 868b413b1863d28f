"""Plex, Jellyfin and Emby: told to look at the files that changed, and at no others."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arrtheaudio.config.settings import PathMapping, Player
from arrtheaudio.services.web import TIMEOUTS, Rejected, Timeouts, Web

COMPONENT = "players"
# Files in one request, which a season stays far below.
_MOST = 500


def theirs(path: str, mappings: Sequence[PathMapping]) -> str:
    r"""Return our path as a player has it: the longest folder of ours that is mapped is replaced, by whole components.

    Below a folder such as `D:\Media` the rest is written with backslashes too.
    """
    fitting = [mapping for mapping in mappings if _below(path, mapping.local)]
    if not fitting:
        return path
    best = max(fitting, key=lambda mapping: len(mapping.local.rstrip("/")))
    rest = path[len(best.local.rstrip("/")) :]
    if "\\" in best.remote and "/" not in best.remote:
        return best.remote.rstrip("\\") + rest.replace("/", "\\")
    return (best.remote.rstrip("/") + rest) or "/"


def _below(path: str, folder: str, separator: str = "/") -> bool:
    whole = folder.rstrip(separator)
    return path == whole or path.startswith(whole + separator)


class Plex:
    """A Plex Media Server: it scans one folder of a library."""

    def __init__(self, player: Player, timeouts: Timeouts = TIMEOUTS) -> None:
        """Ask nothing yet."""
        self._mappings = player.path_mappings
        # The name of a client is what Plex wants of each.
        key = {"X-Plex-Token": player.token.strip(), "X-Plex-Client-Identifier": "arrtheaudio"}
        self._web = Web(player.kind, player.url, key, timeouts)

    def look(self, folder: str, paths: Sequence[str]) -> None:  # noqa: ARG002  # a folder is the least it looks at
        """Have a folder scanned, in each library that has it; a Network error where that is not so."""
        mapped = theirs(folder, self._mappings)
        keys = list(self._sections(mapped))
        if not keys:
            raise Rejected(f"{self._web.name} has no library with {mapped}: check its path_mappings")
        for key in keys:
            self._web.get(f"/library/sections/{key}/refresh", {"path": os.fsencode(mapped)})

    def _sections(self, folder: str) -> Iterator[str]:
        """Yield the keys of the libraries that a folder is in."""
        answer = self._web.get("/library/sections")
        container = answer.get("MediaContainer") if isinstance(answer, dict) else None
        for section in _objects(container, "Directory"):
            key = str(section.get("key"))
            locations = [str(location.get("path")) for location in _objects(section, "Location")]
            if key.isalnum() and any(_below(folder, path, "\\" if "\\" in path else "/") for path in locations):
                yield key


class MediaServer:
    """A Jellyfin, or the Emby that it comes from: it looks at the items of files."""

    def __init__(self, player: Player, timeouts: Timeouts = TIMEOUTS) -> None:
        """Ask nothing yet."""
        self._mappings = player.path_mappings
        token = player.token.strip()
        # Jellyfin 12 takes none of Emby's headers (jellyfin#15559); Emby has no other.
        emby = player.kind == "emby"
        key = {"X-Emby-Token": token} if emby else {"Authorization": f"MediaBrowser Token={json.dumps(token)}"}
        self._web = Web(player.kind, player.url, key, timeouts)

    def look(self, folder: str, paths: Sequence[str]) -> None:  # noqa: ARG002  # it finds the items by the files
        """Have the items of files looked at; a Network error where that is not taken on."""
        for start in range(0, len(paths), _MOST):
            self._web.post("/Library/Media/Updated", {"Updates": [*map(self._update, paths[start : start + _MOST])]})

    def _update(self, path: str) -> Mapping[str, str]:
        # JSON has no bytes that are not UTF-8; nor has a player's database.
        name = os.fsencode(theirs(path, self._mappings)).decode(errors="replace")
        return {"Path": name, "UpdateType": "Modified"}


def client(player: Player, timeouts: Timeouts = TIMEOUTS) -> Plex | MediaServer:
    """Return what tells a player."""
    return Plex(player, timeouts) if player.kind == "plex" else MediaServer(player, timeouts)


def _objects(parent: Any, key: str) -> list[Mapping[str, Any]]:
    items = parent.get(key) if isinstance(parent, Mapping) else None
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
