"""How far a long run is, in one line on standard error, for a person who waits."""

import time

from arrtheaudio import messages

_FIRST = 0.5  # seconds: what ends sooner needs no progress
_EVERY = 0.1


class Progress:
    """Counts records; draws only when `shown`, and is cleared before anything else is printed."""

    def __init__(self, verb: str, *, shown: bool, total: int | None = None) -> None:
        """Take what is done (`probe`), and how many there are where that is known."""
        self._verb = verb
        self._shown = shown
        self._total = total
        self._done = 0
        self._failed = 0
        self._start = time.monotonic()
        self._next = self._start + _FIRST
        self._drawn = False

    def step(self, failed: bool) -> None:
        """Count one record."""
        self._done += 1
        self._failed += failed
        if self._shown and (now := time.monotonic()) >= self._next:
            self._next = now + _EVERY
            self._draw(now)

    def clear(self) -> None:
        """Wipe the line."""
        if self._drawn:
            messages.write("\r\x1b[K")
            self._drawn = False

    def _draw(self, now: float) -> None:
        of = f" of {self._total:,}" if self._total else ""
        failed = f", {self._failed:,} failed" if self._failed else ""
        rate = self._done / (now - self._start)
        messages.write(f"\r{self._verb}: {self._done:,}{of} files{failed}, {rate:,.0f}/s\x1b[K")
        self._drawn = True
