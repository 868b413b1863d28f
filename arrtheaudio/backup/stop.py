"""SIGINT, SIGTERM and SIGHUP while a backup is made or put back: it ends at once, and leaves nothing behind."""

import signal
from types import FrameType
from typing import Any, Self

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked for the end; as with KeyboardInterrupt, no library takes it for a failure of its own."""

    def __init__(self, number: int) -> None:
        """Take the signal's number."""
        super().__init__(number)
        self.number = number


class Stops:
    """Takes the signals over. The first one raises Stopped; what is cleaned up then is not interrupted again."""

    def __init__(self) -> None:
        """Take nothing over yet."""
        self._deaf = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Take the signals over, but those that nohup or a shell have switched off."""
        for number in _NUMBERS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._caught)
        return self

    def __exit__(self, *exception: object) -> None:
        """Give them back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def hold(self) -> None:
        """Go on to the end from here: what is begun now is done whole."""
        self._deaf = True

    def _caught(self, number: int, _frame: FrameType | None) -> None:
        if not self._deaf:
            self._deaf = True
            raise Stopped(number)
