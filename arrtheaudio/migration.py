"""Brings what earlier versions have left to today's formats. Each step is a rename, and can be done again.

spool 0      no `format`, or one that says 0: jobs lie in new/ itself, and finished ones in done/, failed/ and
             cancelled/ themselves; there is no held/, batches/ or paths/
journal 0    an entry without `version`, or with 0: it has no `method`, `job` or `end`, and its name is its ID alone
cache        an SQLite file whose user_version is less than today's; what is in there is kept
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from arrtheaudio import messages
from arrtheaudio.core import record as records
from arrtheaudio.errors import Error, Fatal
from arrtheaudio.journal import VERSION, Entry, sync_folder
from arrtheaudio.spool.folder import FINISHED, FORMAT, alone, prepare, refuse_interrupted
from arrtheaudio.spool.job import PRIORITIES, SUFFIX, parse

if TYPE_CHECKING:
    from arrtheaudio.config import Config

_ID = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_ID_LENGTH = 26
_MOST = 17 << 20  # bytes of a file that is a job or an entry


class Newer(Fatal):
    """A newer version of this program made it. Nothing was changed."""


def migrate(config: "Config") -> dict[str, int]:
    """Bring all of it to today's formats; return how many jobs, edits and caches were not yet. Newer, InUse."""
    spool, journal, cache = config.spool.path, config.journal.path, config.tmdb.cache_path
    refuse_interrupted(spool)
    with alone(spool):
        try:
            _refuse_newer(spool, journal, cache)
            return {"jobs": _spool(spool), "edits": _journal(journal), "caches": _cache(cache)}
        except OSError as error:
            raise Fatal(f"{error.filename or spool}: {(error.strerror or str(error)).lower()}; run it again") from None


def _refuse_newer(spool: str, journal: str, cache: str) -> None:
    if spool_format(spool) > FORMAT:
        raise Newer(f"the spool {spool}: format {spool_format(spool)} is newer than this program, which knows {FORMAT}")
    for path, entry in _entries(journal):
        if entry.get("version", 0) > VERSION:
            raise Newer(f"{path}: version {entry['version']} is newer than this program, which knows {VERSION}")
    if cache_version(cache) > _cache_format():
        raise Newer(
            f"{cache}: version {cache_version(cache)} is newer than this program, which knows {_cache_format()}"
        )


# The queue


def spool_format(root: str) -> int:
    """Return the format of a queue; 0 where none is written, Newer where what is written is no number."""
    try:
        with open(f"{root}/format", "rb") as file:
            text = file.read(20).strip()
    except FileNotFoundError:
        return 0
    if not text.isdigit():
        raise Newer(f"the spool {root}: its `format` is no number")
    return int(text)


def _spool(root: str) -> int:
    if not os.path.isdir(root):
        return 0
    # Where today's program found no `format`, it wrote its own, and passed over the jobs of the old one: they are
    # looked for in every queue.
    moved = _move_waiting(root) + sum(_move_finished(root, folder) for folder in FINISHED.values())
    if spool_format(root) < FORMAT:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{root}/format")
        os.close(prepare(root))  # makes the folders that it lacks, and writes today's format at last
    return moved


def _move_waiting(root: str) -> int:
    moved = 0
    for name in _files(f"{root}/new"):
        folder = f"{root}/new/{PRIORITIES[_priority(f'{root}/new/{name}')]}"
        os.makedirs(folder, 0o770, exist_ok=True)
        moved += _move(f"{root}/new", name, folder)
    return moved


def _priority(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return str(parse(file.read(_MOST), "")["priority"])
    except Error:
        return "normal"  # whoever takes it says what is wrong with it


def _move_finished(root: str, folder: str) -> int:
    moved = 0
    for name in _files(f"{root}/{folder}"):
        day = f"{root}/{folder}/{_day(f'{root}/{folder}/{name}')}"
        os.makedirs(day, 0o770, exist_ok=True)
        moved += _move(f"{root}/{folder}", name, day)
    return moved


def _day(path: str) -> str:
    """Return the day on which a job ended; when its file was written, where it does not say."""
    with open(path, "rb") as file, contextlib.suppress(Error):
        return records.timestamp(records.nanoseconds(str(parse(file.read(_MOST), "").get("finished_at"))))[:10]
    return records.timestamp(os.stat(path).st_mtime_ns)[:10]


def _move(folder: str, name: str, target: str) -> bool:
    new = f"{target}/{name.removesuffix(SUFFIX)}{SUFFIX}"
    os.rename(f"{folder}/{name}", new)
    for changed in (target, folder):
        sync_folder(changed)
    return True


def _files(folder: str) -> list[str]:
    """Return the plain files right in a folder, oldest name first."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.name
                for entry in entries
                if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False)
            )
    except FileNotFoundError:
        return []


# The journal


def _entries(root: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every entry that can be read, and where it is."""
    for folder in ("open", "done"):
        for name in _files(f"{root}/{folder}"):
            entry_id = name.partition(".")[0]
            if len(entry_id) == _ID_LENGTH and _ID.issuperset(entry_id):
                data = _read(f"{root}/{folder}/{name}")
                if data is not None:
                    yield f"{root}/{folder}/{name}", data


def _read(path: str) -> dict[str, Any] | None:
    """Return an entry; None where it is none, or was not all written."""
    try:
        with open(path, "rb") as file:
            data = json.loads(file.read(_MOST))
    except ValueError:
        return None
    whole = isinstance(data, dict) and type(data.get("version", 0)) is int
    return data if whole else None


def _journal(root: str) -> int:
    count = 0
    for path, data in _entries(root):
        if data.get("version", 0) < VERSION:
            count += _rewrite(root, path, data)
    return count


def _rewrite(root: str, path: str, data: dict[str, Any]) -> bool:
    """Write an entry of version 0 as one of version 1, under its new name; False where it is no such entry."""
    entry_id = os.path.basename(path).partition(".")[0]
    known = {"why": "", "undoes": None, "method": "in_place", "job": None}
    line = records.line({**known, **data, "version": 1, "id": entry_id, "end": True})
    try:
        entry = Entry.from_line(line)
    except Error as error:
        messages.note(f"{path}: {error}; it is left as it is")
        return False
    new = f"{os.path.dirname(path)}/{entry_id}.{entry.inode}"
    draft = f"{root}/migrating"
    with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(entry.to_line())
        file.flush()
        os.fsync(file.fileno())
    os.rename(draft, new)
    if new != path:
        os.unlink(path)
    sync_folder(os.path.dirname(path))
    return True


# The cache


def cache_version(path: str) -> int:
    """Return the version of a cache; today's where there is none, 0 where it cannot be read: a new one is begun."""
    if not os.path.exists(path):
        return _cache_format()
    try:
        with closing(sqlite3.connect(path, timeout=10.0)) as db:
            return int(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error:
        return 0


def _cache_format() -> int:
    from arrtheaudio.tmdb.database import MIGRATIONS

    return len(MIGRATIONS)


def _cache(path: str) -> int:
    if cache_version(path) == _cache_format():
        return 0
    from arrtheaudio.tmdb.database import Database

    Database(path).close()
    if cache_version(path) != _cache_format():
        raise Fatal(f"{path}: it cannot be brought to version {_cache_format()}; it is a cache, and may be removed")
    return 1
