"""Questions to a file system that may not answer: a mount whose server is gone holds a thread for hours."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

from arrtheaudio.server.mounts import Mounts

Answer = TypeVar("Answer")

THREADS = 4
SECONDS = 1.0


class _Question(Generic[Answer]):
    """What is asked; `done` is locked until there is an answer."""

    __slots__ = ("answer", "ask", "done", "error")

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self.ask = ask
        self.answer: Answer | None = None
        self.error: OSError | None = None
        self.done = threading.Lock()
        self.done.acquire()


class Deadline:
    """A few threads that ask, and are left behind where they get no answer.

    They are daemons, unlike concurrent.futures', which the end of the process waits for.
    """

    def __init__(
        self, threads: int = THREADS, seconds: float = SECONDS, may_hang: Callable[[], bool] | None = None
    ) -> None:
        """Start no thread yet; `may_hang` says whether any is needed."""
        self._may_hang = may_hang or Mounts().may_hang
        self._threads = threads
        self._seconds = seconds
        self._questions: SimpleQueue[_Question[object]] = SimpleQueue()
        self._started: list[threading.Thread] = []
        self._asked: dict[int, float] = {}
        self._lock = threading.Lock()

    def ask(self, ask: Callable[[], Answer]) -> Answer | None:
        """Return the answer; None where it does not come in time, at once where all threads wait in vain already."""
        if not self._may_hang():
            return ask()  # to have another thread do it costs four times what it does
        if len(self._started) < self._threads:
            self._start()
        if self._all_wait_in_vain():
            return None
        question = _Question(ask)
        self._questions.put(question)  # type: ignore[arg-type]  # the answer is only looked at here
        if not question.done.acquire(timeout=self._seconds):
            return None
        if question.error is not None:
            raise question.error
        return question.answer

    def _start(self) -> None:
        with self._lock:
            if len(self._started) < self._threads:
                thread = threading.Thread(target=self._run, args=(len(self._started),), daemon=True)
                self._started.append(thread)
                thread.start()

    def _run(self, number: int) -> None:
        while True:
            question = self._questions.get()
            self._asked[number] = time.monotonic()
            try:
                question.answer = question.ask()
            except OSError as error:
                question.error = error
            self._asked[number] = float("inf")
            question.done.release()

    def _all_wait_in_vain(self) -> bool:
        late = time.monotonic() - self._seconds
        return len(self._asked) == self._threads and all(asked < late for asked in self._asked.values())
