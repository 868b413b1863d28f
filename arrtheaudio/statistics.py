"""What there is: jobs, edits, answers of TMDB, and the room that they take."""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from arrtheaudio import journal as journals
from arrtheaudio.core import record as records
from arrtheaudio.journal import Journal
from arrtheaudio.spool import Spool
from arrtheaudio.spool.ask import stats
from arrtheaudio.spool.job import time_of
from arrtheaudio.tmdb import counts

if TYPE_CHECKING:
    from arrtheaudio.config import Config


def gather(config: "Config") -> dict[str, Any]:
    """Return all of it; times as records have them, sizes in bytes."""
    return {
        "jobs": _jobs(config.spool.path),
        "edits": _edits(Journal(config.journal.path)),
        "tmdb": _tmdb(config.tmdb.cache_path),
    }


def _jobs(root: str) -> dict[str, Any]:
    spool = Spool(root)
    found = stats(spool)
    oldest, newest = _ends(spool)
    return {"states": found.pop("jobs"), **found, "oldest": oldest, "newest": newest, "bytes": size_of(root)}


def _ends(spool: Spool) -> tuple[str | None, str | None]:
    """Return when the oldest and the newest job were made, of those whose name says so."""
    first = last = None
    for folder in spool.folders():
        for name in _names(f"{spool.root}/{folder}"):
            time = time_of(name)
            if time is not None:
                first, last = min(first or time, time), max(last or time, time)
    return _when(first), _when(last)


def _when(nanoseconds: int | None) -> str | None:
    return None if nanoseconds is None else records.timestamp(nanoseconds)


def _edits(journal: Journal) -> dict[str, Any]:
    """Return how many edits took place, by method; an undo is an edit too, and `undone` counts what they took back."""
    methods: Counter[str] = Counter()
    undoes: list[str] = []
    ids: list[str] = []
    for entry in journal.finished():
        methods[entry.method] += 1
        ids.append(entry.id)
        if entry.undoes is not None:
            undoes.append(entry.undoes)
    oldest, newest = (journals.time_of(ids[-1]), journals.time_of(ids[0])) if ids else (None, None)
    return {
        "finished": len(ids),
        "unfinished": len(journal.unfinished()),
        "undone": len(undoes),
        "methods": {method: methods[method] for method in ("in_place", "clone", "rewrite")},
        "oldest": _when(oldest),
        "newest": _when(newest),
        "bytes": size_of(journal.root),
    }


def _tmdb(path: str) -> dict[str, Any]:
    found = counts.read(path)
    files = [f"{path}{suffix}" for suffix in ("", "-wal", "-shm")]
    return {
        "answers": _answers(path),
        "hits": found.hits,
        "requests": found.requests,
        "circuit": found.state,
        "bytes": sum(os.path.getsize(file) for file in files if os.path.exists(file)),
    }


def _answers(path: str) -> int:
    if not os.path.exists(path):
        return 0
    try:
        with closing(sqlite3.connect(path, timeout=1.0)) as db:
            return int(db.execute("SELECT count(*) FROM answers").fetchone()[0])
    except sqlite3.Error:
        return 0


def size_of(folder: str) -> int:
    """Return the bytes of all files below a folder; those that go in the meantime count nothing."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(f"{path}/{name}").st_size
            except OSError:
                continue
    return total


def _names(folder: str) -> Iterator[str]:
    try:
        yield from os.listdir(folder)
    except FileNotFoundError:
        return


def flat(found: dict[str, Any], above: str = "") -> Iterator[dict[str, Any]]:
    """Yield a row for each number: its name with those that it is below, and its value."""
    for key, value in found.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{key}.")
        else:
            yield {"name": above + key, "value": value}
