"""The batches among what is kept on disk, whoever began them: nearly all else in batches/ is webhooks'."""

import os
import time
from contextlib import suppress

from arrtheaudio.server import kept
from arrtheaudio.spool import Spool
from arrtheaudio.spool.job import SUFFIX

_HEAD = 1024
_SKEW = 3600 * 1_000_000_000  # nanoseconds by which another host's clock may be behind
_SETTLED = 2_000_000_000  # nanoseconds after which a folder's mtime tells of every change


class Shelf:
    """Finds batches, each once. It is for one thread at a time."""

    def __init__(self, spool: Spool) -> None:
        """Look at nothing yet."""
        self._spool = spool
        self._listed = 0  # the folder's mtime then, in nanoseconds since 1970
        self._since = ""  # names before it are known
        self._seen: set[str] = set()  # those after it that are

    def new(self) -> list[str]:
        """Return the ids of the batches that have come since the last look, the oldest first."""
        folder = f"{self._spool.root}/batches"
        changed, now = os.stat(folder).st_mtime_ns, time.time_ns()
        if changed == self._listed:
            return []
        there = {name for name in os.listdir(folder) if name > self._since}
        fresh = sorted(there - self._seen)
        self._since = f"{now - _SKEW:019d}"
        self._seen = {name for name in there if name > self._since}
        self._listed = changed if now - changed > _SETTLED else 0
        return [name.removesuffix(SUFFIX) for name in fresh if self._is_one(name)]

    def _is_one(self, name: str) -> bool:
        return (
            _may_be_one(f"{self._spool.root}/batches/{name}")
            and kept.read(self._spool, name.removesuffix(SUFFIX)) is not None
        )


def _may_be_one(path: str) -> bool:
    """Say whether it is worth the while to read a file whole."""
    with suppress(OSError), open(path, "rb", buffering=0, opener=_quick) as file:
        return b'"batch"' in file.read(_HEAD)
    return False


def _quick(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
