"""Threads for slow storage: many records in hand, answers in the order of the questions."""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator

from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.errors import Timeout
from arrtheaudio.signals import Signals, Stopped

# Answers that may wait for a slow one before them, for each thread.
_AHEAD = 8


class _Slot:
    """One record on its way through the pool."""

    __slots__ = ("begun", "done", "record")

    def __init__(self, record: Record) -> None:
        self.record = record
        self.begun: float | None = None
        self.done = threading.Lock()
        self.done.acquire()


class _End:
    """The source has ended, by itself or by an exception."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Pool:
    """Runs `work` on records in `jobs` threads.

    The source is read on a thread of its own, so that a finished record is given on while the next is still awaited.
    A record that takes longer than `timeout` seconds is answered with an error of the stage `name`, and its thread
    replaced: a mount that hangs holds its own files only. Threads are daemons for the same reason.
    """

    def __init__(
        self, work: Callable[[Record], Record], jobs: int, signals: Signals, *, name: str, timeout: float | None = None
    ) -> None:
        """Start nothing yet."""
        self._work = work
        self._jobs = jobs
        self._signals = signals
        self._name = name
        self._timeout = timeout
        self._tasks: queue.SimpleQueue[_Slot | None] = queue.SimpleQueue()
        self._order: queue.Queue[_Slot | _End] = queue.Queue(jobs * _AHEAD)
        self._awaited: _Slot | None = None
        self._stopping = False
        # No record is begun after `_stopping` is set.
        self._gate = threading.Lock()

    def map(self, source: Iterable[Record]) -> Generator[Record, None, None]:
        """Yield the answers in order; closed early, or stopped by a signal, begin no more and end what is in hand."""
        self._start(self._feed, source)
        for _ in range(self._jobs):
            self._start(self._serve)
        try:
            yield from self._answers()
        except Stopped:
            yield from self._in_hand()
        finally:
            for _ in self._in_hand():
                pass
            for _ in range(self._jobs):
                self._tasks.put(None)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, daemon=True).start()

    def _feed(self, source: Iterable[Record]) -> None:
        error: BaseException | None = None
        try:
            for record in source:
                if self._stopping:
                    break
                slot = _Slot(record)
                self._order.put(slot)
                self._tasks.put(slot)
        except BaseException as caught:  # it is the main thread's to handle: it is raised there
            error = caught
        self._order.put(_End(error))

    def _serve(self) -> None:
        while (slot := self._tasks.get()) is not None and self._begin(slot):
            slot.record = self._work(slot.record)
            slot.done.release()

    def _begin(self, slot: _Slot) -> bool:
        with self._gate:
            if not self._stopping:
                slot.begun = time.monotonic()
        return slot.begun is not None

    def _answers(self) -> Iterator[Record]:
        while True:
            with self._signals.waiting:
                slot = self._order.get()
            if isinstance(slot, _End):
                if slot.error is not None:
                    raise slot.error
                return
            self._awaited = slot
            with self._signals.waiting:
                record = self._await(slot)
            self._awaited = None
            yield record

    def _in_hand(self) -> Iterator[Record]:
        with self._gate:
            self._stopping = True
        slot: _Slot | _End | None = self._awaited
        self._awaited = None
        while True:
            if isinstance(slot, _Slot) and slot.begun is not None:
                yield self._await(slot)
            try:
                slot = self._order.get_nowait()
            except queue.Empty:
                return

    def _await(self, slot: _Slot) -> Record:
        if self._timeout is None:
            slot.done.acquire()
            return slot.record
        while not slot.done.acquire(timeout=self._left(slot, self._timeout)):
            if slot.begun is not None and self._left(slot, self._timeout) <= 0:
                self._start(self._serve)
                late = Timeout(f"no answer within {self._timeout:g} s")
                return records.failed(dict(slot.record), self._name, late)
        return slot.record

    def _left(self, slot: _Slot, timeout: float) -> float:
        return timeout if slot.begun is None else max(0.0, slot.begun + timeout - time.monotonic())
