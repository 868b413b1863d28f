"""A batch's file: what was asked, and how far it came. Who holds the lock on it is the one who works on the batch."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from arrtheaudio.core import record as records
from arrtheaudio.errors import Error
from arrtheaudio.spool import Spool
from arrtheaudio.spool.draft import Draft, lock
from arrtheaudio.spool.folder import sync
from arrtheaudio.spool.job import SUFFIX

SOURCE = "batch"
SCANNING, RUNNING, COMPLETED, FAILED, CANCELLED = "scanning", "running", "completed", "failed", "cancelled"
UNDER_WAY = (SCANNING, RUNNING)


class Kept:
    """What a batch's file says, and the lock on it, which lasts as long as `descriptor` is open."""

    def __init__(self, spool: Spool, about: dict[str, Any], descriptor: int | None = None) -> None:
        """Take what there is to keep; `id` is its name."""
        self.about = about
        self._spool = spool
        self._descriptor = descriptor

    def write(self, **news: Any) -> None:
        """Keep it with something new in it, whole and on disk, the lock still ours; OSError, and nothing is kept."""
        root = self._spool.root
        about = {**self.about, **news}
        draft = Draft(root)
        try:
            draft.write(records.line(about))
            draft.sync()
            draft.move(f"{root}/batches/{about['id']}{SUFFIX}")
        except BaseException:  # whatever it was, no draft is left behind
            draft.discard()
            raise
        self.let_go()
        self.about, self._descriptor = about, draft.descriptor
        sync(f"{root}/batches")

    def let_go(self) -> None:
        """Drop the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextmanager
def alone(spool: Spool) -> Iterator[None]:
    """Keep all others, other processes too, from beginning a batch meanwhile."""
    descriptor = os.open(f"{spool.root}/batches", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # NFS locks nothing that is not open for writing
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read(spool: Spool, batch_id: str) -> dict[str, Any] | None:
    """Return what is kept of a batch; None where there is none of that id."""
    if not batch_id or "/" in batch_id or batch_id.startswith("."):
        return None
    try:
        with open(f"{spool.root}/batches/{batch_id}{SUFFIX}", "rb") as file:
            about = records.parse(file.read(records.LIMIT))
    except (OSError, ValueError, Error):
        return None
    ours = about.get("source") == SOURCE and isinstance(about.get("status"), str)
    return about if ours and about.get("id") == batch_id else None


def take(spool: Spool, batch_id: str) -> Kept | None:
    """Return a batch with the lock on its file; None where it is gone, or somebody else works on it."""
    descriptor = lock(f"{spool.root}/batches/{batch_id}{SUFFIX}")
    if descriptor is None:
        return None
    about = read(spool, batch_id)
    if about is None:
        os.close(descriptor)
        return None
    return Kept(spool, about, descriptor)
