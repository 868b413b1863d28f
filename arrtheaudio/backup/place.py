"""The place of the queue: one restore at a time, and another queue put there at once.

Where the kernel exchanges two folders (renameat2(2)) there is no moment without a queue. Elsewhere it takes two
renames, and who comes in between is told so (spool/folder.py); what was stopped there is put back by the next restore,
or by `admin recover`. All of it is done where the folder is, not where a symbolic link to it is.
"""

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator

from arrtheaudio import messages
from arrtheaudio.errors import Fatal
from arrtheaudio.journal import sync_folder
from arrtheaudio.spool.folder import SET_ASIDE, STAGE, InUse

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # fcntl.h, linux/fs.h
_CANNOT_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)


class CannotRestore(Fatal):
    """The folders are not such that a backup can be put back there. Nothing was changed."""


@contextlib.contextmanager
def beside(root: str) -> Iterator[str]:
    """Make an empty folder on the file system of the queue, and remove it, and what is left there, at the end.

    What a restore that was stopped has left is put right first.
    """
    stage = f"{root}{STAGE}"
    descriptor = _locked(stage)
    try:
        _settle(root, stage)
        for name in os.listdir(stage):
            shutil.rmtree(f"{stage}/{name}")
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        os.close(descriptor)


def recover(root: str) -> None:
    """Put right what a restore that was stopped has left; nothing where none was, or where one is at work."""
    root = os.path.realpath(root)
    if os.path.lexists(f"{root}{STAGE}") or os.path.lexists(f"{root}{SET_ASIDE}"):
        with contextlib.suppress(InUse), beside(root):
            pass


def _locked(stage: str) -> int:
    while True:
        os.makedirs(stage, 0o700, exist_ok=True)
        descriptor = os.open(stage, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise InUse(f"another restore is at work in {stage}") from None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.lstat(stage)):
                return descriptor
        os.close(descriptor)  # another restore has ended in the meantime, and removed it


def _settle(root: str, stage: str) -> None:
    """See to a queue that a restore has put aside: put it back where no other is in its place, else sweep it up."""
    before = f"{root}{SET_ASIDE}"
    if not os.path.lexists(before):
        return
    if not os.path.exists(root) or (os.path.isdir(root) and not os.listdir(root)):
        os.rename(before, root)
        sync_folder(os.path.dirname(root))
        messages.note(f"{root}: the queue is back as it was before a restore that was stopped")
    elif os.path.isdir(f"{stage}/journal") and not os.path.lexists(f"{stage}/spool"):
        os.rename(before, f"{stage}/replaced")  # its own restore was stopped after the other queue was in place
    else:
        raise CannotRestore(
            f"{before} is a queue that was put aside by an earlier restore, and {root} has been made since: "
            "look into both, and move the one that you do not want elsewhere"
        )


def switch(root: str, stage: str) -> None:
    """Put the queue that is in the stage in its place; the one that was there goes to the stage."""
    new = f"{stage}/spool"
    if not os.path.lexists(root):
        os.rename(new, root)
    elif not _exchange(root, new):
        _switch_in_steps(root, new, f"{stage}/replaced")
    sync_folder(stage)
    sync_folder(os.path.dirname(root))


def _switch_in_steps(root: str, new: str, replaced: str) -> None:
    before = f"{root}{SET_ASIDE}"
    os.rename(root, before)
    try:
        os.rename(new, root)
    except OSError:
        os.rename(before, root)
        raise
    with contextlib.suppress(OSError):  # the other queue is in its place already
        os.rename(before, replaced)


def _exchange(one: str, other: str) -> bool:
    """Exchange two folders at once; False where the system or the file system has no such call."""
    import ctypes

    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    if not call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        return True
    number = ctypes.get_errno()
    if number in _CANNOT_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), one)
