"""Puts a backup back: read and checked beside the queue, then put in its place at once, or not at all.

The queue is replaced. The journal is added to: what was edited since stays edited, and can be taken back. TMDB's
answers are added to the cache where they are newer. A configuration that is there stays.
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import count
from typing import IO, TYPE_CHECKING

from arrtheaudio import messages
from arrtheaudio.backup.archive import CACHE, CONFIG, JOURNAL, Reader
from arrtheaudio.backup.place import CannotRestore, beside, switch
from arrtheaudio.backup.stage import Stage, private
from arrtheaudio.core.value import Value
from arrtheaudio.journal import Journal, sync_folder
from arrtheaudio.migration import Newer, spool_format
from arrtheaudio.spool.folder import FORMAT, alone

if TYPE_CHECKING:
    from arrtheaudio.config import Config

Ask = Callable[[str], None]
"""Is told what would be lost, and raises where that is not wanted."""


class Restored(Value):
    """How many jobs and edits a backup had; `edits` are those that the journal did not have yet."""

    jobs: int
    edits: int
    configuration: str | None  # where the backup's configuration file is now, where that is not obvious


def restore(config: "Config", file: IO[bytes], ask: Ask, hold: Callable[[], None] = lambda: None) -> Restored:
    """Put a backup back. Unfit, InUse, CannotRestore, Newer, or what `ask` raises, where nothing was changed.

    `hold` is called where the first thing is changed: from there on it goes to its end, whatever signal comes.
    """
    root = os.path.realpath(config.spool.path)
    try:
        with beside(root) as stage:
            _check(root)
            staged = Stage(stage)
            staged.fill(Reader(file))
            _ask_first(root, ask)
            _give(staged.spool, root if os.path.exists(root) else os.path.dirname(root))
            with alone(root):
                hold()
                edits = _add_edits(Journal(config.journal.path), staged)
                switch(root, stage)
            _add_answers(config.tmdb.cache_path, staged)
            return Restored(staged.jobs, edits, _put_configuration(config, staged))
    except OSError as error:
        raise CannotRestore(f"{error.filename or root}: {(error.strerror or str(error)).lower()}") from None


def _check(root: str) -> None:
    """Raise CannotRestore, or Newer, for a folder that is not to be replaced, whoever says yes."""
    if os.path.ismount(root):
        raise CannotRestore(f"{root} is a mount, and cannot be replaced: set spool.path to a folder in it")
    if os.path.lexists(root) and not os.path.isdir(root):
        raise CannotRestore(f"{root} is no folder: look at spool.path")
    if os.path.isdir(root) and os.listdir(root) and not os.path.exists(f"{root}/format"):
        raise CannotRestore(f"{root} is no spool, and has other things in it: look at spool.path")
    if spool_format(root) > FORMAT:
        raise Newer(f"the spool {root}: format {spool_format(root)} is newer than this program, which knows {FORMAT}")


def _give(folder: str, like: str) -> None:
    """Where root restores for somebody else, give it to the owner of what it replaces, or of the folder around it."""
    if os.geteuid():
        return
    owner = os.stat(like)
    os.chown(folder, owner.st_uid, owner.st_gid)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(f"{place}/{name}", owner.st_uid, owner.st_gid, follow_symlinks=False)


def _ask_first(root: str, ask: Ask) -> None:
    jobs = sum(len(names) for folder, _, names in os.walk(root) if _is_of_jobs(root, folder))
    if jobs:
        ask(f"{root} holds {jobs:,} {'job' if jobs == 1 else 'jobs'}, which would be replaced")


def _is_of_jobs(root: str, folder: str) -> bool:
    return os.path.relpath(folder, root).partition("/")[0] not in ("tmp", "paths", "batches", ".")


def _add_edits(journal: Journal, staged: Stage) -> int:
    """Add the entries that the journal does not have; all of them, or none. Return how many."""
    for folder in (journal.done, journal.open):
        os.makedirs(folder, 0o700, exist_ok=True)
    known = {name.partition(".")[0] for folder in (journal.open, journal.done) for name in os.listdir(folder)}
    added: list[str] = []
    try:
        for folder in ("done", "open"):
            for name in sorted(os.listdir(f"{staged.folder}/{JOURNAL}/{folder}")):
                if name.partition(".")[0] not in known:
                    added.append(f"{journal.root}/{folder}/{name}")
                    _copy(f"{staged.folder}/{JOURNAL}/{folder}/{name}", added[-1])
                    _give_file(added[-1], journal.root)
        for folder in (journal.done, journal.open):
            sync_folder(folder)
    except OSError:
        for path in added:
            with contextlib.suppress(OSError):
                os.unlink(path)
        raise
    return len(added)


def _give_file(path: str, like: str) -> None:
    if not os.geteuid():
        owner = os.stat(like)
        os.chown(path, owner.st_uid, owner.st_gid)


def _copy(source: str, target: str) -> None:
    """Put a file on disk under another name, whole."""
    draft = f"{os.path.dirname(os.path.dirname(target))}/restoring.{os.getpid()}"
    with open(source, "rb") as old, open(draft, "wb", opener=private) as new:
        shutil.copyfileobj(old, new)
        new.flush()
        os.fsync(new.fileno())
    os.rename(draft, target)


def _add_answers(path: str, staged: Stage) -> None:
    """Add TMDB's answers that are newer than those in the cache. It is a cache: nothing fails for it."""
    from arrtheaudio.tmdb.database import Database

    source = f"{staged.folder}/other/{CACHE}"
    if not os.path.exists(source):
        return
    statement = """INSERT INTO answers VALUES (?, ?, ?, ?) ON CONFLICT (request) DO UPDATE SET
        body = excluded.body, found = excluded.found, fetched = excluded.fetched
        WHERE excluded.fetched > answers.fetched"""
    database = Database(path)
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old:
            rows = old.execute("SELECT request, body, found, fetched FROM answers")
            database.transact(lambda db: db.executemany(statement, rows))
    except sqlite3.Error as error:
        messages.note(f"TMDB's answers are not restored: {error}")
    finally:
        database.close()


def _put_configuration(config: "Config", staged: Stage) -> str | None:
    """Put the configuration where it replaces none; return where, None where the same is there, or none was kept."""
    source = f"{staged.folder}/other/{CONFIG}"
    if not os.path.exists(source):
        return None
    with open(source, "rb") as file:
        data = file.read()
    if config.source is not None and _content(config.source) == data:
        return None
    folder = _configuration_folder(config)
    os.makedirs(folder, 0o700, exist_ok=True)
    for number in count(1):
        target = f"{folder}/config.yaml.restored{'' if number == 1 else f'.{number}'}"
        if _content(target) == data:
            return target
        with contextlib.suppress(FileExistsError), open(target, "xb", opener=private) as file:
            file.write(data)
            return target
    raise AssertionError


def _configuration_folder(config: "Config") -> str:
    from arrtheaudio.config import places

    if config.source is not None:
        return os.path.dirname(os.path.abspath(config.source))
    *_, user, _ = places.candidates(os.environ)
    return os.path.dirname(user)


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
