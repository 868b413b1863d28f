"""Batches: whole folders, walked through beside the answers, each by a thread of its own.

A mount that hangs so holds its own batch alone. A batch that was begun is ended, by the next process if need be.
"""

import bisect
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arrtheaudio.errors import from_os
from arrtheaudio.server import kept
from arrtheaudio.server.kept import CANCELLED, SCANNING, UNDER_WAY
from arrtheaudio.server.left import Left
from arrtheaudio.server.message import Refused
from arrtheaudio.server.running import Batch
from arrtheaudio.server.shelf import Shelf
from arrtheaudio.server.tally import Counts, Tally, progress, renewed
from arrtheaudio.spool import ask, names
from arrtheaudio.spool.job import new_id, now
from arrtheaudio.spool.limit import Limit

if TYPE_CHECKING:
    from arrtheaudio.server.service import Service

MOST = 64  # at once: each has a thread while it walks
_LISTED = 1_000  # batches that are listed, the latest
_LOOK = 1.0  # seconds between two looks at what is over
_OTHERS = 5.0  # seconds between two looks at what other processes had in hand, and left
_SHARE = 20  # of the time, one part at most is spent on looking
_START = 5.0  # seconds that a request waits until the batches of the last process are known
_FOLLOWED = 64  # batches that are over, and have left jobs that may be tried again
_LATER = {"Retry-After": "30"}


class Batches:
    """The batches of a process: those that it has begun, and those that an earlier one left."""

    def __init__(self, service: "Service") -> None:
        """Look at nothing yet."""
        self._service = service
        self._open: dict[str, Batch] = {}
        self._others: set[str] = set()  # not over, and in another process's hands
        self._ids: list[str] = []
        self._shelf = Shelf(service.spool)
        self._left: dict[str, Left] = {}
        self._following = threading.Lock()
        self._lock = threading.Lock()
        self._known = threading.Event()
        self._stopping = threading.Event()
        self._limit: tuple[int, Limit] | None = None
        self._thread = threading.Thread(target=self._watch, name="batches", daemon=True)

    def start(self) -> None:
        """Go on with what the last process left, and see to what is over."""
        self._thread.start()

    def stop(self) -> None:
        """Walk no further; what is not over goes on with the next process."""
        self._stopping.set()
        for batch in list(self._open.values()):
            batch.let_go()
        if self._thread.is_alive():
            self._thread.join(_LOOK)

    # Asking

    def begin(self, asked: Mapping[str, Any], real: str) -> str:
        """Keep what is asked, and begin to walk; return the new batch's id. Refused where that cannot be now."""
        self._wait_until_known()
        if self.limit().room() <= 0:
            raise Refused(503, "queue_full", "so many jobs wait that no more are taken: ask again later", _LATER)
        try:
            with self._lock, kept.alone(self._service.spool):
                self._check(real)
                return self._begin(asked, real)
        except OSError as error:
            raise _unusable(error) from None

    def _begin(self, asked: Mapping[str, Any], real: str) -> str:
        batch_id = new_id()
        about = {"id": batch_id, "created_at": now(), "source": kept.SOURCE, "status": SCANNING}
        file = kept.Kept(self._service.spool, about)
        file.write(**asked, real=real, started_at=about["created_at"], completed_at=None)
        bisect.insort(self._ids, batch_id)
        self._go_on(file)
        return batch_id

    def _check(self, real: str) -> None:
        self._meet()
        others = filter(None, (kept.read(self._service.spool, batch_id) for batch_id in self._others.copy()))
        for about in (*(batch.file.about for batch in list(self._open.values())), *others):
            if about.get("real") == real and about["status"] in UNDER_WAY:
                raise Refused(409, "conflict", f"the batch {about['id']} is at that path already")
        if len(self._open) >= MOST:
            raise Refused(503, "too_many_batches", f"{MOST} batches are not over: ask again later", _LATER)

    def _wait_until_known(self) -> None:
        if not self._known.wait(_START):
            raise Refused(
                503, "starting", "the batches of the last run are being read: ask again", {"Retry-After": "5"}
            )

    def limit(self) -> Limit:
        """Return what says how many jobs may still be put."""
        most = self._service.config.processing.max_queue_size
        if self._limit is None or self._limit[0] != most:
            self._limit = (most, Limit(self._service.spool, most))
        return self._limit[1]

    def about(self, batch_id: str) -> dict[str, Any] | None:
        """Return what there is to say of a batch; None where there is none of that id."""
        batch = self._open.get(batch_id)
        if batch is not None:
            return batch.about()
        about = kept.read(self._service.spool, batch_id)
        if about is None:
            return None
        if "progress" in about:
            return {**about, "progress": self._renewed(about)}
        # Another process has it in hand.
        about["jobs"] = about.get("jobs") or names.size(self._service.spool, batch_id)
        counts = Tally(self._service.spool, batch_id, about["created_at"][:10]).look()
        return {**about, "progress": progress(about, counts, None)}

    def _renewed(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Return how far a batch is that is over: what it has left may have been tried again."""
        batch_id, numbers = about["id"], about.get("left")
        if not numbers:
            return dict(about["progress"])
        with self._following:
            left = self._left.pop(batch_id, None) or Left(self._service.spool, batch_id, numbers)
            self._left[batch_id] = left
            if len(self._left) > _FOLLOWED:
                del self._left[next(iter(self._left))]
        return renewed(about, left.changes())

    def latest(self, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Return what there is to say of some batches, the latest first, and how many there are."""
        self._wait_until_known()
        ids = self._ids[::-1][offset : offset + limit]
        return [about for about in map(self.about, ids) if about is not None], len(self._ids)

    def cancel(self, batch_id: str) -> tuple[int, Counts]:
        """End a batch: what waits of it is cancelled. Return how many jobs that were, and how it stood before."""
        self._wait_until_known()
        batch = self._open.get(batch_id)
        if batch is None:
            raise self._not_ours(batch_id)
        try:
            batch.cancel()
            before = batch.tally.look(anew=True)
            count = ask.cancel_group(self._service.spool, batch_id)
            batch.tally.look(anew=True)  # who asks next is told of it
            return count, before
        except OSError as error:
            raise _unusable(error) from None

    def _not_ours(self, batch_id: str) -> Refused:
        about = kept.read(self._service.spool, batch_id)
        if about is None:
            return Refused(404, "not_found", "there is no such batch")
        over = about["status"] not in UNDER_WAY
        return Refused(409, "conflict", f"the batch is {about['status']} already" if over else "another server has it")

    # Beside the answers

    def _watch(self) -> None:
        with suppress(OSError):
            self._find()
        self._known.set()
        others = time.monotonic()
        pause = 0.0
        while not self._stopping.wait(pause):
            start = time.monotonic()
            if start - others > _OTHERS:
                with suppress(OSError):
                    self._find()
                others = start
            for batch in list(self._open.values()):
                with suppress(OSError):  # it is tried again with the next look
                    if batch.settle():
                        del self._open[batch.id]
            pause = max(_LOOK, _SHARE * (time.monotonic() - start))

    def _find(self) -> None:
        """Find the batches among what is kept, and take up those that are not over and that nobody has in hand."""
        with self._lock:
            self._meet()
            others = self._others.copy()
        self._take_all(others)

    def _meet(self) -> None:
        """Take note of the batches that others have begun, or left."""
        for batch_id in self._shelf.new()[-_LISTED:]:
            if batch_id not in self._open and batch_id not in self._ids:
                bisect.insort(self._ids, batch_id)
                self._others.add(batch_id)

    def _take_all(self, ids: Iterable[str]) -> None:
        for batch_id in ids:
            about = kept.read(self._service.spool, batch_id)
            if about is None or "progress" in about:
                self._others.discard(batch_id)
                continue
            file = kept.take(self._service.spool, batch_id)
            if file is None:
                self._others.add(batch_id)
                continue
            self._others.discard(batch_id)
            if "progress" in file.about:
                file.let_go()
                continue
            with self._lock:
                self._go_on(file)

    def _go_on(self, file: kept.Kept) -> None:
        batch = Batch(self._service, file, self.limit())
        self._open[batch.id] = batch
        if batch.status in (SCANNING, CANCELLED):
            threading.Thread(target=self._work, args=(batch,), name=f"batch {batch.id}", daemon=True).start()

    def _work(self, batch: Batch) -> None:
        """Walk, or end what a process that was killed had begun to cancel."""
        if batch.status == CANCELLED:
            with suppress(OSError):
                ask.cancel_group(self._service.spool, batch.id)
            return
        try:
            batch.walk()
        finally:
            batch.fail({"code": "internal", "message": "the walk broke off: see the log"})  # where it has not ended


def _unusable(error: OSError) -> Refused:
    cause = from_os(error)
    return Refused(503, cause.code, f"the spool: {cause}", _LATER)
