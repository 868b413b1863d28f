"""What waits for which file: links from a path to its newest job, and locks on the files in hand.

A link is advice: one that is lost, or left over, costs a second look at a file, never a job.
"""

import contextlib
import fcntl
import os
from hashlib import blake2b

from arrtheaudio.core.record import path_of
from arrtheaudio.errors import Error
from arrtheaudio.spool.job import Job

_BITS = 62  # of a lock's place in its file


class Paths:
    """The links, one for each path that a job waits for: `paths/HASH` -> the id of the newest."""

    def __init__(self, root: str) -> None:
        """Take the root of the spool."""
        self._folder = f"{root}/paths"
        self._draft = f"{root}/tmp"

    def put(self, job: Job) -> str | None:
        """Make the job the newest of its path; return the id of the one that was, None where there was none."""
        link = self._link(job)
        if link is None:
            return None
        before = _target(link)
        draft = f"{self._draft}/{job['id']}.link"
        with contextlib.suppress(OSError):
            os.symlink(job["id"], draft)
            os.rename(draft, link)
        return before

    def newest(self, job: Job) -> str | None:
        """Return the id of the newest job of the same path."""
        link = self._link(job)
        return None if link is None else _target(link)

    def drop(self, job: Job) -> None:
        """Forget a finished job, where no later one has come."""
        link = self._link(job)
        if link is not None and _target(link) == job["id"]:
            with contextlib.suppress(OSError):
                os.unlink(link)

    def _link(self, job: Job) -> str | None:
        try:
            path = path_of(job["record"])
        except Error:
            return None
        return f"{self._folder}/{blake2b(path, digest_size=16).hexdigest()}"


def _target(link: str) -> str | None:
    with contextlib.suppress(OSError):
        return os.readlink(link)
    return None


class InHand:
    """Locks on the media files that workers have in hand, by path and by inode.

    They are byte-range locks of one file, a byte for each: the kernel drops those of a process that dies, and nothing
    is left to clean up. They exclude other processes, not other threads of this one.
    """

    def __init__(self, root: str) -> None:
        """Open the file; it stays empty, and must not be opened a second time in this process."""
        self._descriptor = os.open(f"{root}/in-hand", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        self._held: list[int] = []

    def __del__(self) -> None:
        """Let go of the file, and with it of all that is locked."""
        with contextlib.suppress(OSError, AttributeError):  # it was never opened
            os.close(self._descriptor)

    def lock(self, path: bytes) -> bool:
        """Lock a file under all its names; False where another worker has it."""
        for byte in _bytes_of(path):
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
            except (BlockingIOError, PermissionError):
                self.unlock()
                return False
            self._held.append(byte)
        return True

    def unlock(self) -> None:
        """Let go of all that is locked."""
        while self._held:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, self._held.pop())


def _bytes_of(path: bytes) -> list[int]:
    keys = [b"path " + os.path.realpath(path)]
    with contextlib.suppress(OSError, ValueError):
        info = os.stat(path)
        keys.append(b"inode %d %d" % (info.st_dev, info.st_ino))
    return [int.from_bytes(blake2b(key, digest_size=8).digest()) >> (64 - _BITS) for key in keys]
