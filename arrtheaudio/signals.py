"""SIGINT and SIGTERM: end between two records, never inside one."""

import signal
from types import FrameType
from typing import Any, Self


class Stopped(Exception):
    """A signal asked for the end."""


class Signals:
    """Takes over SIGINT and SIGTERM.

    The first one interrupts only what waits (inside `with signals.waiting:`); work and output go on to the end of the
    record in hand. A second one interrupts output too, for a reader that does not read, but never work that edits: that
    is done inside `with signals.deferred:`.
    """

    def __init__(self) -> None:
        """Take nothing over yet."""
        self.number = 0
        self.waiting = _Waiting(self)
        self.deferred = _Deferred()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Take the signals over."""
        for number in (signal.SIGINT, signal.SIGTERM):
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
        if self.waiting.entered or (again and not self.deferred.entered):
            raise Stopped


class _Waiting:
    """A stretch in which a signal may interrupt at any point."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals
        self.entered = False

    def __enter__(self) -> None:
        self.entered = True
        self._signals.check()

    def __exit__(self, *exception: object) -> None:
        self.entered = False


class _Deferred:
    """A stretch in which no signal interrupts anything."""

    def __init__(self) -> None:
        self.entered = False

    def __enter__(self) -> None:
        self.entered = True

    def __exit__(self, *exception: object) -> None:
        self.entered = False
