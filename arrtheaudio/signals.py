"""SIGINT, SIGTERM and SIGHUP: end between two records, never inside one."""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, Self


class Stopped(Exception):
    """A signal asked for the end."""


class Signals:
    """Takes over SIGINT, SIGTERM, and SIGHUP, which a closed terminal sends.

    The first one ends what waits (inside `with signals.waiting:`); work and output go on to the end of the record in
    hand. A second one ends output too (inside `with signals.writing:`), for a reader that does not read. Nothing else
    is interrupted: an exception out of nowhere would leave locks taken, and answers lost.
    """

    def __init__(self) -> None:
        """Take nothing over yet."""
        self.number = 0
        self.waiting = _Stretch()
        self.writing = _Stretch()
        # Called on each signal, in its handler: it may do what is safe there, and no more.
        self.wake: Callable[[], None] = lambda: None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Take the signals over."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup, and a shell for what it starts in the background, say by this that it shall go on.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._caught)
        # The kernel sends it to whoever holds a lease that another program breaks (files.py), and it would end us.
        self._before[signal.SIGIO] = signal.signal(signal.SIGIO, signal.SIG_IGN)
        return self

    def __exit__(self, *exception: object) -> None:
        """Give them back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise Stopped when a signal has come."""
        if self.number:
            raise Stopped

    def _caught(self, number: int, _frame: FrameType | None) -> None:
        again = self.number
        self.number = again or number
        self.wake()
        if self.waiting.entered or (again and self.writing.entered):
            raise Stopped


class _Stretch:
    """A stretch of the program, entered and left."""

    def __init__(self) -> None:
        self.entered = False

    def __enter__(self) -> None:
        self.entered = True

    def __exit__(self, *exception: object) -> None:
        self.entered = False
