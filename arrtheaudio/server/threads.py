"""Threads that take one task after another: a bounded number, small ones, and none that is not needed any more."""

import queue
import threading
from collections.abc import Callable

# Deep enough for the deepest JSON that Python's parser follows (half of it, measured), and for OpenSSL.
_STACK = 512 << 10

Task = Callable[[], None]


class Threads:
    """At most `most` tasks at once; a thread that has had none for `idle` seconds ends.

    A ThreadPoolExecutor would keep every thread that it ever had, and wait for them when the program ends.
    """

    def __init__(self, most: int, idle: float = 10.0) -> None:
        """Start none yet."""
        self._most = most
        self._idle = idle
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._busy = 0
        self._alive = 0

    @property
    def busy(self) -> int:
        """How many tasks are in hand."""
        return self._busy

    @property
    def alive(self) -> int:
        """How many threads there are."""
        return self._alive

    def submit(self, task: Task) -> bool:
        """Have a task done at once, which raises nothing; False where all threads are in use."""
        with self._lock:
            if self._busy == self._most:
                return False
            # every task has a thread of its own, so none waits for another
            if self._busy == self._alive and not self._start():
                return False
            self._busy += 1
        self._tasks.put(task)
        return True

    def _start(self) -> bool:
        before = threading.stack_size(_STACK)
        try:
            threading.Thread(target=self._work, name="http", daemon=True).start()
        except RuntimeError:  # the user has no more processes left
            return False
        finally:
            threading.stack_size(before)
        self._alive += 1
        return True

    def _work(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=self._idle)
            except queue.Empty:
                if self._ends():
                    return
                continue
            try:
                task()
            finally:
                del task  # which holds a connection and its request
                with self._lock:
                    self._busy -= 1

    def _ends(self) -> bool:
        with self._lock:
            needed = self._alive == self._busy
            self._alive -= not needed
        return not needed
