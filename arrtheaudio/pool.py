"""Threads for slow storage: many records in hand, answers in the order of the questions."""

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator

from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.errors import Timeout
from arrtheaudio.signals import Signals

# Answers that may wait for a slow one before them, for each thread.
_AHEAD = 8
# How often the main thread looks for answers, and what answer is a slow one; in seconds.
_LOOK = 0.005
_SLOW = 0.01


class _Slot:
    """One record on its way through the pool."""

    __slots__ = ("answer", "begun", "record")

    def __init__(self, record: Record) -> None:
        self.record = record
        self.begun: float | None = None
        self.answer: Record | None = None


class _End:
    """The source has ended, by itself or by an exception."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Pool:
    """Runs `work` on records in up to `jobs` threads.

    It begins with `begin` of them, and adds one whenever the next answer is long in coming: where the storage is quick,
    threads only take turns.
    The source is read on a thread of its own, so that a finished record is given on while the next is still awaited.
    A record that takes longer than `timeout` seconds is answered with an error of the stage `name`, and its thread
    replaced: a mount that hangs holds its own files only. Threads are daemons for the same reason.
    """

    def __init__(
        self,
        work: Callable[[Record], Record],
        jobs: int,
        signals: Signals,
        *,
        name: str,
        timeout: float | None = None,
        begin: int | None = None,
    ) -> None:
        """Start nothing yet; without `begin`, all threads are there from the first record on."""
        self._work = work
        self._jobs = jobs
        self._begun = 0
        self._begin_with = min(jobs, begin or jobs)
        self._signals = signals
        self._name = name
        self._timeout = timeout
        self._tasks: queue.SimpleQueue[_Slot | None] = queue.SimpleQueue()
        self._order: deque[_Slot | _End] = deque()
        self._room = threading.Semaphore(jobs * _AHEAD)
        # The one thing that the main thread waits for: something has happened, look again. A signal's handler may put
        # into a SimpleQueue too, whatever it interrupts.
        self._events: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._stopping = False
        # No record is begun after `_stopping` is set.
        self._gate = threading.Lock()

    def map(self, source: Iterable[Record]) -> Generator[Record, None, None]:
        """Yield the answers in order; closed early, or stopped by a signal, begin no more and end what is in hand."""
        self._signals.wake = lambda: self._events.put(None)
        self._start(self._feed, source)
        for _ in range(self._begin_with):
            self._grow()
        try:
            yield from self._answers()
        finally:
            self._stop()
            for _ in self._answers():
                pass
            for _ in range(self._jobs):
                self._tasks.put(None)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, daemon=True).start()

    def _grow(self) -> None:
        self._begun += 1
        self._start(self._serve)

    def _stop(self) -> None:
        with self._gate:
            self._stopping = True

    def _feed(self, source: Iterable[Record]) -> None:
        error: BaseException | None = None
        try:
            for record in source:
                self._room.acquire()
                if self._stopping:
                    break
                slot = _Slot(record)
                self._add(slot)
                self._tasks.put(slot)
        except BaseException as caught:  # it is the main thread's to handle: it is raised there
            error = caught
        self._add(_End(error))

    def _add(self, slot: _Slot | _End) -> None:
        self._order.append(slot)
        self._events.put(None)

    def _serve(self) -> None:
        told = 0.0
        while (slot := self._tasks.get()) is not None and self._begin(slot):
            slot.answer = self._work(slot.record)
            # To wake the main thread for each quick answer would cost more than the answer; it looks by itself, too.
            if self._tasks.empty() or time.monotonic() - told > _LOOK:
                told = time.monotonic()
                self._events.put(None)

    def _begin(self, slot: _Slot) -> bool:
        with self._gate:
            if not self._stopping and not self._signals.number:
                slot.begun = time.monotonic()
        return slot.begun is not None

    def _answers(self) -> Iterator[Record]:
        while (slot := self._first()) is not None:
            answer = slot.answer or self._late(slot)
            if answer is None and (slot.begun is not None or not self._stopping):
                self._look_after(slot)
                continue
            self._order.popleft()
            self._room.release()
            self._await(0)  # what has happened is seen on the next look; not kept, it takes no memory
            if answer is not None:
                yield answer

    def _first(self) -> _Slot | None:
        """Return the record that is next to be answered; None where none is to come."""
        while True:
            if self._signals.number:
                self._stop()
            if self._order:
                slot = self._order[0]
                if isinstance(slot, _Slot):
                    return slot
                if slot.error is not None and not self._stopping:
                    raise slot.error
                return None
            if self._stopping:
                return None
            self._await(None)

    def _await(self, seconds: float | None) -> None:
        """Return when something has happened since the last look, or the time is over."""
        with contextlib.suppress(queue.Empty):
            self._events.get(timeout=seconds)
            while True:  # one look sees all that has happened
                self._events.get_nowait()

    def _look_after(self, slot: _Slot) -> None:
        """Wait a little for an answer; where it is slow, have more of them in hand."""
        left = self._left(slot)
        self._await(_LOOK if left is None else min(_LOOK, left))
        slow = slot.answer is None and slot.begun is not None and time.monotonic() - slot.begun > _SLOW
        if slow and self._begun < self._jobs:
            self._grow()

    def _left(self, slot: _Slot) -> float | None:
        if self._timeout is None or slot.begun is None:
            return self._timeout
        return max(0.0, slot.begun + self._timeout - time.monotonic())

    def _late(self, slot: _Slot) -> Record | None:
        if slot.begun is None or self._left(slot) != 0:
            return None
        self._start(self._serve)  # the other thread is lost
        late = Timeout(f"no answer within {self._timeout:g} s")
        return records.failed(dict(slot.record), self._name, late)
