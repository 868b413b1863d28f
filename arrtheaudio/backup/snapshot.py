"""What goes into a backup, while workers, edits and `serve` go on.

The queue comes before the journal: an edit is in the journal before its job is finished, so that no finished job is in
a backup without its undo. Within both, folders are looked at in the order in which things move through them: what moves
on in the meantime is seen again, and is not missed.
"""

import errno
import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from arrtheaudio import __version__, messages
from arrtheaudio.backup.archive import CACHE, CONFIG, ENTRY, JOURNAL, SPOOL, Writer, limit
from arrtheaudio.errors import Corrupt, Fatal
from arrtheaudio.journal import VERSION, Entry, Journal
from arrtheaudio.spool import Spool
from arrtheaudio.spool.care import visible
from arrtheaudio.spool.folder import FORMAT, refuse_interrupted
from arrtheaudio.spool.job import id_of, now

if TYPE_CHECKING:
    from arrtheaudio.config import Config

# Jobs move back, too: a retry, a worker that stops. One that is missed has done so in each of these passes.
_PASSES = 3
_TRIES = 5
_SECOND = 1_000_000_000
_NO_FILE = (errno.ELOOP, errno.ENXIO)  # what the kernel says of a link, and of a socket


class Incomplete(Fatal):
    """Something that belongs into a backup cannot be read."""

    exit_status = 1


def write(config: "Config", writer: Writer) -> None:
    """Put everything that is kept into a backup, and end it."""
    about: dict[str, Any] = {"program": f"arrtheaudio {__version__}", "created_at": now(), "journal_version": VERSION}
    refuse_interrupted(config.spool.path)
    if os.path.exists(f"{config.spool.path}/format"):
        about["spool_format"] = FORMAT
        _spool(Spool(config.spool.path), writer)
    _journal(Journal(config.journal.path), writer)
    _cache(config.tmdb.cache_path, writer)
    if config.source is not None:
        _add(writer, CONFIG, config.source)
    writer.close(about)


def _spool(spool: Spool, writer: Writer) -> None:
    for job_id, (folder, name) in _places(spool).items():
        found = f"{folder}/{name}"
        for _ in range(_TRIES):
            if _add(writer, f"{SPOOL}/{found}", f"{spool.root}/{found}"):
                break
            place = spool.find(job_id)  # it has moved, or was pruned
            if place is None:
                break
            found = place
    # A batch's file is there before its jobs are.
    for name in _listed(f"{spool.root}/batches"):
        _add(writer, f"{SPOOL}/batches/{name}", f"{spool.root}/batches/{name}")


def _places(spool: Spool) -> dict[str, tuple[str, str]]:
    """Return the folder and the name of each job by its id; of several the last one, which is furthest."""
    found: dict[str, tuple[str, str]] = {}
    for _ in range(_PASSES):
        for folder in spool.folders():
            for name in _listed(f"{spool.root}/{folder}"):
                found[id_of(name)] = folder, name
    return found


def _listed(folder: str) -> Iterator[str]:
    try:
        yield from visible(folder)
    except FileNotFoundError:
        return  # a day that was just pruned, or nothing was ever kept


def _journal(journal: Journal, writer: Writer) -> None:
    begun = {name: _read(f"{journal.open}/{name}") for name in _entries(journal.open)}
    finished = set()
    for name in _entries(journal.done):
        finished.add(name.partition(".")[0])
        _add(writer, f"{JOURNAL}/done/{name}", f"{journal.done}/{name}")
    for name, data in begun.items():
        # One that is gone is in `done` by now, or its edit never took place; nor did that of one not all written.
        if data is not None and name.partition(".")[0] not in finished and _whole(data):
            writer.add(f"{JOURNAL}/open/{name}", data)


def _entries(folder: str) -> list[str]:
    return sorted(name for name in _listed(folder) if ENTRY.fullmatch(name))


def _whole(data: bytes) -> bool:
    try:
        Entry.from_line(data)
    except Corrupt:
        return False
    return True


def _cache(path: str, writer: Writer) -> None:
    if not os.path.exists(path):
        return
    with tempfile.TemporaryDirectory(prefix="arrtheaudio-") as folder:
        try:
            _copy_database(path, f"{folder}/copy")
        except sqlite3.Error as error:
            messages.note(f"{path}: {error}; TMDB's answers are not in the backup")
            return
        _add(writer, CACHE, f"{folder}/copy")


def _copy_database(path: str, copy: str) -> None:
    with closing(sqlite3.connect(path, timeout=10.0)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it


def _add(writer: Writer, name: str, path: str) -> bool:
    """Add a file; False where it is not there. What is no file of a size that can be one of ours is left out."""
    follow = 0 if name == CONFIG else os.O_NOFOLLOW
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | follow)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno not in _NO_FILE:
            raise Incomplete(f"{path}: {(error.strerror or str(error)).lower()}") from None
        messages.note(f"{path}: no file of ours; it is not in the backup")
        return True
    with open(descriptor, "rb") as file:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode) or info.st_size > limit(name):
            messages.note(f"{path}: no file of ours; it is not in the backup")
        elif name == CACHE:
            writer.copy(name, file, info.st_size)
        else:
            writer.add(name, file.read(), -(-info.st_mtime_ns // _SECOND))  # what is held is not looked at too early
    return True


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
