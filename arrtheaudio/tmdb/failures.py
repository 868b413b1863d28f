"""Why there is no answer. None of these fails a record: it goes on without what TMDB would have said."""

from typing import ClassVar

from arrtheaudio.errors import Network


class NoAnswer(Network):
    """There is none; `cause` is what failures that a person hears of once have in common."""

    cause: ClassVar[str] = "outage"


class Unavailable(NoAnswer):
    """TMDB gave no usable answer; asked again, it may. `after`: the seconds it wants to be left alone, if it says."""

    def __init__(self, message: str, after: float | None = None) -> None:
        """Say what came instead of an answer."""
        super().__init__(message)
        self.after = after


class Paused(Unavailable):
    """TMDB has failed so often just now that it is not asked."""


class NotCached(Unavailable):
    """Only the cache may be asked, and it does not know."""

    cause = "unknown"


class KeyRefused(NoAnswer):
    """TMDB does not accept the key; asked again, it would not either."""

    cause = "key"
