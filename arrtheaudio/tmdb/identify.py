"""Finds the title of a record: by the ids that somebody knows, the surest source first, and by name last."""

from collections.abc import Iterator, Mapping
from typing import Any

from arrtheaudio.core.naming import ids_in
from arrtheaudio.core.record import Record, path_of
from arrtheaudio.core.value import Value
from arrtheaudio.tmdb import ids, nfo, titles
from arrtheaudio.tmdb.client import Client
from arrtheaudio.tmdb.titles import Title

HIGH, LOW = "high", "low"


class Wish(Value):
    """What the command line says of the title: an `id` such as `("tmdb", "603")`, and the kind."""

    id: tuple[str, str] | None = None
    kind: str | None = None


def identify(record: Record, wish: Wish, client: Client) -> dict[str, Any] | None:
    """Return what TMDB says of a record's title; None where it knows none. Unavailable where it cannot be asked."""
    kind = wish.kind or _known_kind(record)
    for scheme, value, its_kind in _ids(record, wish, kind):
        found = _by_id(client, scheme, value, its_kind, record["path"])
        if found is not None:
            title, confidence = found
            return titles.answer(title, f"{scheme}_id", confidence)
    return None if wish.id else _by_name(client, record["path"], kind)


def _known_kind(record: Record) -> str | None:
    arr = _part(record, "arr")
    return arr["kind"] if arr.get("kind") in ids.KINDS else ids.kind_of(record["path"])


def _ids(record: Record, wish: Wish, kind: str | None) -> Iterator[tuple[str, str, str | None]]:
    """Yield scheme, id and kind of all that somebody knows; an .nfo file is read only when nobody has known better."""
    if wish.id is not None:
        yield (*wish.id, kind)
        return
    for known in (ids.of_mapping(_part(_part(record, "arr"), "ids")), ids_in(record["path"])):
        for scheme, value in known.items():
            yield scheme, value, kind
    for its_kind, known in nfo.near(path_of(record), kind):
        for scheme, value in known.items():
            yield scheme, value, its_kind


def _by_id(client: Client, scheme: str, value: str, kind: str | None, path: str) -> tuple[Title, str] | None:
    if scheme != "tmdb":
        title = titles.find(client, scheme, value, kind)
    elif kind is not None:
        title = titles.details(client, kind, int(value))
    else:
        return _of_either_kind(client, int(value), path)
    return None if title is None else (title, HIGH)


def _of_either_kind(client: Client, number: int, path: str) -> tuple[Title, str] | None:
    """Return the movie or the series of a number: the one that the path is named after, else the only one there is."""
    found = []
    for kind in ids.KINDS:
        title = titles.details(client, kind, number)
        if title is not None:
            if any(ids.begins_with(path, name) for name in title.names):
                return title, HIGH
            found.append(title)
    if not found:
        return None
    return found[0], HIGH if len(found) == 1 else LOW


def _by_name(client: Client, path: str, kind: str | None) -> dict[str, Any] | None:
    from arrtheaudio.tmdb import match  # most titles have an id; names of release groups take a parser's 0.1 s

    def search(kind: str, title: str, year: int | None) -> list[dict[str, Any]]:
        return titles.search(client, kind, title, year)

    found = match.find(path, kind, search)
    title = found and titles.details(client, found.kind, found.id)
    return titles.answer(title, found.matched_by, found.confidence) if found and title else None


def _part(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = record.get(key)
    return part if isinstance(part, Mapping) else {}
