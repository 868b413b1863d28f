"""The SQLite file that the processes of a machine share: answers, and how TMDB fares.

Whatever is wrong with the file, nothing fails for it: a damaged one is set aside and a new one begun, and where there
can be none, the same tables are kept in memory until the process ends.
"""

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from arrtheaudio import messages

# Each brings the database from the version that is its place to the next; one that is published never changes.
MIGRATIONS: Sequence[Sequence[str]] = (
    (
        # `body` is JSON; NULL where TMDB says that there is nothing. `fetched` is in seconds since 1970.
        """CREATE TABLE answers (
             request TEXT PRIMARY KEY, body TEXT, found INTEGER NOT NULL, fetched REAL NOT NULL
           ) WITHOUT ROWID""",
        "CREATE INDEX answers_by_age ON answers (fetched)",
        "CREATE TABLE numbers (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID",
    ),
)
# Seconds that another process may hold the file.
_PATIENCE = 10.0
_MEMORY = ":memory:"
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

Answer = TypeVar("Answer")


class Newer(sqlite3.Error):
    """A newer version of this program made the file."""


class Database:
    """One connection for all threads of a process. Every transaction is short: other processes wait for it."""

    def __init__(self, path: str, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
        """Open or make the file."""
        self._path = path
        self._migrations = migrations
        self._lock = threading.Lock()
        self._inode: int | None = None
        self._db = self._open()

    def transact(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Return what `work` does in a transaction of its own; it may be called a second time, on another file."""
        return self._do(lambda db: _transact(db, work))

    def read(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Return what `work` finds, without holding up any other process."""
        return self._do(work)

    def _do(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        with self._lock:
            try:
                return work(self._db)
            except sqlite3.Error as error:
                self._db = self._instead(error)
                return work(self._db)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _open(self) -> sqlite3.Connection:
        try:
            folder = os.path.dirname(os.path.abspath(self._path))
            os.makedirs(folder, 0o700, exist_ok=True)
            with _locked(folder):
                return self._open_or_begin_anew()
        except (sqlite3.Error, OSError) as error:
            return self._in_memory(error)

    def _open_or_begin_anew(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._set_aside(error)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        db = _connection(self._path)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")  # a power cut may cost the last answers, never the file
            _migrate(db, self._migrations)
            self._inode = os.stat(self._path).st_ino
        except (sqlite3.Error, OSError):
            db.close()
            raise
        return db

    def _set_aside(self, error: sqlite3.Error) -> None:
        aside = f"{self._path}.corrupt"
        # the log goes first: it must not be taken for that of the new file
        for suffix in ("-wal", "-shm", ""):
            with contextlib.suppress(FileNotFoundError):
                os.replace(self._path + suffix, aside + suffix)
        messages.note(f"{self._path}: {error}; it is now {aside}, and a new cache is begun")

    def _instead(self, error: sqlite3.Error) -> sqlite3.Connection:
        """Return what is used in the place of a connection that has failed."""
        self._db.close()
        if not _is_damage(error):
            return self._in_memory(error)
        try:
            with _locked(os.path.dirname(os.path.abspath(self._path))):
                # another process may have set it aside already, and begun anew
                if self._inode == os.stat(self._path).st_ino:
                    self._set_aside(error)
                return self._connect()
        except (sqlite3.Error, OSError) as second:
            return self._in_memory(second)

    def _in_memory(self, error: Exception) -> sqlite3.Connection:
        messages.note(f"{self._path}: {error}; TMDB's answers are not kept")
        db = _connection(_MEMORY)
        _migrate(db, self._migrations)
        return db


def _connection(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)


def _is_damage(error: sqlite3.Error) -> bool:
    # an error that sqlite3 raises by itself has no code
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def _transact(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
    db.execute("BEGIN IMMEDIATE")
    try:
        answer = work(db)
        db.execute("COMMIT")
        return answer
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _migrate(db: sqlite3.Connection, migrations: Sequence[Sequence[str]]) -> None:
    def work(db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > len(migrations):
            raise Newer("made by a newer version of this program")
        for migration in migrations[version:]:
            for statement in migration:
                db.execute(statement)
        db.execute(f"PRAGMA user_version={len(migrations)}")

    if db.execute("PRAGMA user_version").fetchone()[0] != len(migrations):
        _transact(db, work)


@contextlib.contextmanager
def _locked(folder: str) -> Iterator[None]:
    """Let one process at a time open the file: SQLite does not wait where two of them switch it to WAL."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def number(db: sqlite3.Connection, name: str) -> float:
    """Return a number that the processes share; 0 where nobody has set it."""
    row = db.execute("SELECT value FROM numbers WHERE name = ?", (name,)).fetchone()
    return float(row[0]) if row else 0.0


def set_number(db: sqlite3.Connection, name: str, value: float) -> None:
    """Set a number that the processes share."""
    db.execute("INSERT OR REPLACE INTO numbers VALUES (?, ?)", (name, value))
