"""A file on its way into the queue: written in tmp/, locked from its first moment on."""

import contextlib
import errno
import fcntl
import os
import stat

from arrtheaudio.spool.folder import FILE_MODE
from arrtheaudio.spool.job import SUFFIX, new_id


class Draft:
    """A new file in tmp/. What is not locked there has lost its writer, and is swept away."""

    def __init__(self, root: str) -> None:
        """Make the file, under a name of its own: what died before it may have left another one for the same job."""
        self._path = f"{root}/tmp/{new_id()}{SUFFIX}"
        self.descriptor = self._create()

    def _create(self) -> int:
        while True:
            descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, FILE_MODE)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if os.fstat(descriptor).st_nlink:
                    return descriptor
            except OSError:
                _unlink(self._path)
                os.close(descriptor)
                raise
            os.close(descriptor)  # swept away before it was locked

    def write(self, data: bytes) -> None:
        """Write the content."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.descriptor, view) :]

    def start(self) -> None:
        """Have the kernel begin to put it on disk, without waiting for that."""
        os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync(self) -> None:
        """Wait until it is on disk."""
        os.fsync(self.descriptor)

    def move(self, path: str) -> None:
        """Give it its name in the queue; the lock stays."""
        os.rename(self._path, path)

    def close(self) -> None:
        """Drop the lock."""
        os.close(self.descriptor)

    def discard(self) -> None:
        """Give it up."""
        _unlink(self._path)
        os.close(self.descriptor)


def put_file(root: str, path: str, data: bytes) -> None:
    """Write a file under a name of the queue, whole and on disk or not at all; OSError where it is not."""
    draft = Draft(root)
    try:
        draft.write(data)
        draft.sync()
        draft.move(path)
    except BaseException:  # whatever it was, no draft is left behind
        draft.discard()
        raise
    draft.close()


def lock(path: str) -> int | None:
    """Open a file of the queue, and lock it; None where it is gone or somebody else's, OSError where it is no file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EISDIR, "neither a folder nor a device is a job")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # In the meantime it may have been moved, or written anew: then this lock is on nothing that counts.
        if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:  # whatever it was, the lock is not left behind
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
