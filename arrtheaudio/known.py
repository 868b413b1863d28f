"""The files that an earlier scan has listed: what `scan --since FILE` leaves out.

A file is known by its size, mtime and inode. What a run lists is remembered only when the whole run has ended well, so
that one that was broken off is repeated rather than forgotten. Files that are gone stay known: what comes back is
another inode. SQLite keeps it: a million files are looked up one by one, and never held in memory.
"""

import contextlib
import os
import sqlite3
from typing import Self

from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.errors import Fatal, InvalidRecord
from arrtheaudio.output import Sink

_SCHEMA = """
CREATE TABLE IF NOT EXISTS known (
  path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, inode INTEGER NOT NULL
) WITHOUT ROWID
"""
_FIND = "SELECT size, mtime, inode FROM known WHERE path = ?"
_VERSION = 1


class StateUnusable(Fatal):
    """The file of `--since` cannot be used."""


class NotKept(Fatal):
    """The run is done, and cannot be remembered."""

    exit_status = 1


class Known:
    """A state file, locked from the first look to the end of the run."""

    def __init__(self, path: bytes) -> None:
        """Open or make the file; StateUnusable where it is something else, or another scan uses it."""
        self._name = os.fsdecode(path)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
            self._begin()
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _begin(self) -> None:
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("BEGIN IMMEDIATE")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise StateUnusable(f"{self._name}: made by a newer version")
        self._db.execute(_SCHEMA)
        self._db.execute(f"PRAGMA user_version={_VERSION}")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Forget what this run has found, unless it was kept."""
        self._db.close()

    def has(self, path: bytes, info: os.stat_result) -> bool:
        """Say whether an earlier run has listed this file as it is now."""
        try:
            return bool(self._db.execute(_FIND, (path,)).fetchone() == _facts(info))
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def add(self, path: bytes, info: os.stat_result) -> None:
        """Note a file for the next run."""
        try:
            self._db.execute("INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?)", (path, *_facts(info)))
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def keep(self) -> None:
        """Remember all that this run has found: it has ended. NotKept where that cannot be written."""
        try:
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise NotKept(f"{self._name}: {error}; all is done, and listed again next time") from None

    def _unusable(self, error: sqlite3.Error) -> StateUnusable:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return StateUnusable(f"{self._name}: another scan uses it")
        return StateUnusable(f"{self._name}: {error}")


def _facts(info: os.stat_result) -> tuple[int, int, int]:
    return info.st_size, info.st_mtime_ns, info.st_ino


class Noting:
    """An output that notes each file, once its record is out; one that failed is listed again next time."""

    def __init__(self, inner: Sink, known: Known) -> None:
        """Take the output that shows the records."""
        self._inner = inner
        self._known = known

    def write(self, record: Record) -> None:
        """Show one record, and note its file: as it was listed, or as we changed it."""
        self._inner.write(record)
        with contextlib.suppress(OSError, InvalidRecord):
            path = records.path_of(record)
            info = os.stat(path)
            if "error" not in record and (_is_ours(record) or _is_listed(record, info)):
                self._known.add(path, info)

    def close(self) -> None:
        """End the output."""
        self._inner.close()


def _is_ours(record: Record) -> bool:
    answer = record.get("apply")
    return isinstance(answer, dict) and answer.get("status") == "changed"


def _is_listed(record: Record, info: os.stat_result) -> bool:
    return bool(record.get("size") == info.st_size and record.get("mtime") == records.timestamp(info.st_mtime_ns))
