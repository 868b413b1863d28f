"""The folders of the queue: made once, of a format that is known, on a file system whose locks work."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator

from arrtheaudio.errors import Fatal
from arrtheaudio.spool.job import PRIORITIES

FORMAT = 1
NEW = tuple(f"new/{folder}" for folder in PRIORITIES.values())
FINISHED = {"completed": "done", "failed": "failed", "cancelled": "cancelled"}
_FOLDERS = ("tmp", *NEW, "held", "cur", *FINISHED.values(), "batches", "paths")
_FOLDER_MODE, FILE_MODE = 0o770, 0o660  # less the umask: producers of one group may share it


# What a restore makes beside the queue, and locks while it is at work; and the queue that it replaces, where the
# kernel cannot exchange two folders. Both stand beside the folder itself, wherever a symbolic link to it is.
STAGE, SET_ASIDE = ".restoring", ".before-restore"


class SpoolUnusable(Fatal):
    """The folder cannot be the queue: its format, its rights, or its file system."""


class InUse(Fatal):
    """Somebody works with the queue. Nothing was changed."""


class Interrupted(SpoolUnusable):
    """A restore has put the queue aside, and not yet put another in its place. Nothing was changed."""


def prepare(root: str) -> int:
    """Make the folder where there is none, and see that it can be used; SpoolUnusable where it cannot.

    Returns a descriptor: as long as it is open, it shares a lock on `format`, which says that the queue is in use.
    """
    try:
        if not os.path.exists(f"{root}/format"):
            refuse_interrupted(root)
            _make(root)
        _check_format(root)
        return _joined(root)
    except OSError as error:
        raise SpoolUnusable(f"the spool {root}: {(error.strerror or str(error)).lower()}") from None


def refuse_interrupted(root: str) -> None:
    """Raise Interrupted where there is no queue because a restore has put it aside: it would seem to be empty."""
    place = os.path.realpath(root)
    if os.path.exists(f"{place}/format") or not os.path.lexists(f"{place}{SET_ASIDE}"):
        return
    if _is_locked(f"{place}{STAGE}"):
        raise Interrupted(f"the spool {root}: a restore is putting another one in its place; try again in a moment")
    raise Interrupted(
        f"the spool {root}: a restore was stopped, and the queue as it was is in {place}{SET_ASIDE}; "
        "run `arrtheaudio admin recover`, which puts it back"
    )


def _is_locked(folder: str) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _make(root: str) -> None:
    for folder in _FOLDERS:
        os.makedirs(f"{root}/{folder}", _FOLDER_MODE, exist_ok=True)
    draft = f"{root}/tmp/format.{os.getpid()}"
    descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    try:
        os.write(descriptor, b"%d\n" % FORMAT)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    for folder in (f"{root}/new", root, os.path.dirname(root)):
        sync(folder)
    os.rename(draft, f"{root}/format")  # last: where it stands, everything does
    sync(root)


def _check_format(root: str) -> None:
    with open(f"{root}/format", "rb") as file:
        text = file.read(20).strip()
    if not text.isdigit():
        raise SpoolUnusable(f"the spool {root}: its `format` is no number")
    if int(text) > FORMAT:
        raise SpoolUnusable(f"the spool {root}: format {int(text)} is newer than this program, which knows {FORMAT}")
    if int(text) < FORMAT:
        raise SpoolUnusable(f"the spool {root}: format {int(text)} is old; run `arrtheaudio admin migrate`")


def _joined(root: str) -> int:
    while True:
        descriptor = _check_locks(root)
        if os.path.samestat(os.fstat(descriptor), os.stat(f"{root}/format")):
            return descriptor
        os.close(descriptor)  # in the meantime another queue was put in its place


def _check_locks(root: str) -> int:
    """Lock the `format` file twice: the second must be refused, or two workers would take one job. Return the first."""
    first, second = (os.open(f"{root}/format", os.O_RDWR | os.O_CLOEXEC) for _ in range(2))
    try:
        if not _excludes(first, second):
            raise SpoolUnusable(f"the spool {root}: flock(2) does not work on this {_kind(root)} file system")
    except BaseException:  # whatever it was, the lock is not left behind
        os.close(first)
        raise
    finally:
        os.close(second)
    return first


@contextlib.contextmanager
def alone(root: str) -> Iterator[None]:
    """Keep everybody else out of the queue, where there is one; InUse where somebody is in there."""
    if not os.path.exists(f"{root}/format"):
        yield
        return
    descriptor = os.open(f"{root}/format", os.O_RDWR | os.O_CLOEXEC)
    try:
        _take(descriptor, root)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, root: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        message = f"the spool {root} is in use: end `serve`, `jobs run` and whatever else works with it first"
        raise InUse(message) from None


def _excludes(first: int, second: int) -> bool:
    try:
        fcntl.flock(first, fcntl.LOCK_SH)  # many programs may be checking at once
    except OSError as error:
        if error.errno in (errno.EIO, errno.ESTALE):
            raise
        return False
    try:
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _kind(root: str) -> str:
    """Return the type of the file system, as the kernel calls it."""
    device = os.stat(root).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
        for mount in file:
            words = mount.split()
            if words[2] == number:
                return words[words.index("-") + 1]
    return "unknown"


def days_in(root: str, top: str) -> list[str]:
    """Return the names of the folders of days in one of the FINISHED, as YYYY-MM-DD, the newest first.

    What else is there, a desktop or a person has left. FileNotFoundError where the queue is gone.
    """
    with os.scandir(f"{root}/{top}") as entries:
        return sorted(
            (entry.name for entry in entries if _is_day(entry.name) and entry.is_dir(follow_symlinks=False)),
            reverse=True,
        )


def _is_day(name: str) -> bool:
    return len(name) == 10 and name.isascii() and name.replace("-", "").isdecimal() and name[4::3] == "--"


def sync(folder: str) -> None:
    """Put the names of a folder on disk."""
    descriptor = os.open(folder or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
