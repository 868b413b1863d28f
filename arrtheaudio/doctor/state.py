"""What is kept: queue, journal, cache, and the disks that they are on."""

import os
from collections.abc import Iterator

from arrtheaudio.config import Config
from arrtheaudio.doctor.finding import ERROR, NOTE, OK, WARNING, Finding
from arrtheaudio.spool.folder import SpoolUnusable, prepare

# Bytes that are free: with less than the first nothing goes on for long; with less than the second, one should know.
_LEAST, _LITTLE = 16 << 20, 256 << 20


def spool(config: Config) -> Iterator[Finding]:
    """Look whether the queue can be used: its format, its rights, and its file system's locks."""
    root = config.spool.path
    try:
        os.close(prepare(root))
    except SpoolUnusable as error:
        old = "is old" in str(error)
        mend = "arrtheaudio admin migrate" if old else "spool: {path: /a/folder/on/a/local/disk}"
        yield Finding("spool", ERROR, str(error), "No job can be queued or done.", mend)
        return
    closed = [name for name in ("tmp", "new/0-webhook", "cur", "done") if not os.access(f"{root}/{name}", os.W_OK)]
    if closed:
        yield _closed("spool", f"{root}/{closed[0]}", "No job can be queued or done.")
        return
    yield Finding("spool", OK, f"{root} can be used, and its file system's locks work")
    yield from _space("spool", root)


def journal(config: Config) -> Iterator[Finding]:
    """Look whether edits can be written down, and whether one was interrupted."""
    root = config.journal.path
    if not os.path.exists(root):
        above = _above(root)
        if os.access(above, os.W_OK):
            yield Finding("journal", OK, f"{root} is made with the first edit")
        else:
            yield _closed("journal", above, "Nothing is edited without a journal.")
        return
    folder = f"{root}/open" if os.path.isdir(f"{root}/open") else root
    if not os.access(folder, os.W_OK | os.X_OK):
        yield _closed("journal", folder, "Nothing is edited without a journal.")
        return
    begun = sum(1 for name in os.listdir(folder) if folder != root and not name.startswith("."))
    if begun:
        why = "Either it is at work at this moment, or a crash interrupted it."
        yield Finding("journal", WARNING, f"{begun} edits are begun and not finished", why, "arrtheaudio admin recover")
    else:
        yield Finding("journal", OK, f"{root} can be used, and no edit is unfinished")
    yield from _space("journal", root)


def cache(config: Config) -> Iterator[Finding]:
    """Look whether TMDB's answers can be kept."""
    path = config.tmdb.cache_path
    if not config.tmdb.enabled:
        return
    place = path if os.path.exists(path) else _above(path)
    if not os.access(place, os.W_OK):
        yield _closed("cache", place, "TMDB's answers are not kept: each title is asked for at every start.", WARNING)


def _above(path: str) -> str:
    """Return the nearest folder above a path that is there."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def _closed(check: str, path: str, why: str, level: str = ERROR) -> Finding:
    owner = os.stat(path).st_uid
    what = f"{path} cannot be written to by user {os.geteuid()}; it is user {owner}'s"
    return Finding(check, level, what, why, f"chown -R {os.geteuid()}:{os.getegid()} {path}  # or run as user {owner}")


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
