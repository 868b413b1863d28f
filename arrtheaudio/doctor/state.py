"""What is kept: queue, journal, cache, and the disks that they are on."""

import os
from collections.abc import Iterator

from arrtheaudio.config import Config
from arrtheaudio.doctor.finding import ERROR, NOTE, OK, WARNING, Finding
from arrtheaudio.doctor.obstacle import Kept, closed, obstacle
from arrtheaudio.doctor.roots import every
from arrtheaudio.doctor.storage import standing, tried
from arrtheaudio.spool.folder import Interrupted, SpoolUnusable, prepare

# Bytes that are free: with less than the first nothing goes on for long; with less than the second, one should know.
_LEAST, _LITTLE = 16 << 20, 256 << 20
_QUEUE = ("tmp", "new/0-webhook", "held", "cur", "done", "failed", "cancelled", "batches", "paths")


def spool(config: Config) -> Iterator[Finding]:
    """Look whether the queue can be used: its format, its rights, and its file system's locks."""
    root = config.spool.path
    elsewhere = "/var/lib/arrtheaudio/spool"
    kept = Kept("spool", root, "No job can be queued or done.", "spool: {path: %s}", elsewhere, every(config))
    place = standing(f"{root}/tmp")
    if stopped := tried(place):
        yield obstacle(kept, place, stopped)
        return
    try:
        os.close(prepare(root))
    except SpoolUnusable as error:
        yield _unusable(kept, error)
        return
    shut = [path for path in (f"{root}/{name}" for name in _QUEUE) if not os.access(path, os.W_OK | os.X_OK)]
    if shut:
        yield closed(kept, *shut)
        return
    yield Finding("spool", OK, f"{root} can be used, and its file system's locks work")
    yield from _space("spool", root)


def _unusable(kept: Kept, error: SpoolUnusable) -> Finding:
    cause = error.__context__
    if isinstance(cause, PermissionError) and os.path.exists(f"{kept.folder}/format"):
        return closed(kept, f"{kept.folder}/format")
    if isinstance(cause, OSError):
        return obstacle(kept, standing(kept.folder), cause)
    if isinstance(error, Interrupted):
        return Finding("spool", ERROR, str(error), kept.why, "arrtheaudio admin recover")
    if "is old" in str(error):
        return Finding("spool", ERROR, str(error), kept.why, "arrtheaudio admin migrate")
    return Finding("spool", ERROR, str(error), kept.why, "", "spool: {path: /a/folder/on/a/local/disk}")


def journal(config: Config) -> Iterator[Finding]:
    """Look whether edits can be written down, and whether one was interrupted."""
    root, why = config.journal.path, "Nothing is edited without a journal."
    kept = Kept("journal", root, why, "journal: {path: %s}", "/var/lib/arrtheaudio/journal", every(config))
    for place in dict.fromkeys(standing(f"{root}/{name}") for name in ("open", "done")):
        if stopped := tried(place):
            yield obstacle(kept, place, stopped)
            return
    yield _edits(root)
    yield from _space("journal", standing(root))


def _edits(root: str) -> Finding:
    if not os.path.isdir(f"{root}/open"):
        return Finding("journal", OK, f"{root} is made with the first edit, which was tried")
    begun = sum(1 for name in os.listdir(f"{root}/open") if not name.startswith("."))
    if begun:
        why = "Either it is at work at this moment, or a crash interrupted it."
        return Finding(
            "journal", WARNING, f"{begun} edits are begun and not finished", why, "arrtheaudio admin recover"
        )
    return Finding("journal", OK, f"{root} can be used, and no edit is unfinished")


def cache(config: Config) -> Iterator[Finding]:
    """Look whether TMDB's answers can be kept."""
    path = config.tmdb.cache_path
    if not config.tmdb.enabled:
        return
    why = "TMDB's answers are not kept: each title is asked for at every start."
    elsewhere = "/var/cache/arrtheaudio/tmdb.sqlite3"
    setting = "tmdb: {cache_path: %s}"
    kept = Kept("cache", os.path.dirname(path), why, setting, elsewhere, every(config), WARNING)
    place = standing(kept.folder)
    if stopped := tried(place):
        yield obstacle(kept, place, stopped)
    elif os.path.exists(path) and not os.access(path, os.W_OK):
        yield closed(kept, path)
    else:
        yield Finding("cache", OK, f"{path} can be written")


def _space(check: str, path: str) -> Iterator[Finding]:
    disk = os.statvfs(path)
    free = disk.f_bavail * disk.f_frsize
    if free < _LITTLE:
        level = ERROR if free < _LEAST else WARNING
        why = "Webhooks are refused when it is full." if check == "spool" else "Edits fail when it is full."
        yield Finding(
            check, level, f"{free >> 20} MiB are free on the disk of {path}", why, "arrtheaudio admin cleanup"
        )
    if not disk.f_favail and disk.f_files:
        yield Finding(check, NOTE, f"no inodes are free on the disk of {path}", "New files fail.", "df -i")
