"""The ISO base media file format, the grammar under MP4 and QuickTime (ISO/IEC 14496-12): boxes of size, type and data.

Types are bytes, as the specifications print them: b"moov".
"""

from collections.abc import Iterator

from arrtheaudio.containers.window import Window
from arrtheaudio.errors import Corrupt, Truncated

# More boxes than this are no header: the largest seen, with 100 tracks, has 3,000.
LIMIT = 20_000

Box = tuple[bytes, int, int, int]
"""(type, start, data, end): where the box, its data and what follows it start. A tuple: hundreds are made."""


def name(box: bytes) -> str:
    """Return a box type as it goes into a message, control characters escaped."""
    return repr(box)[2:-1]


class Boxes:
    """The boxes of one file; every one visited counts against `limit`. What is not asked for is stepped over."""

    def __init__(self, window: Window, limit: int = LIMIT) -> None:
        """Read nothing yet."""
        self.window = window
        self._left = limit

    def walk(self, start: int, end: int) -> Iterator[Box]:
        """Yield the boxes between two offsets (4.2); fewer than 8 bytes left over are padding.

        Corrupt where one is shorter than its header or runs past `end`, Truncated where `end` is the file's.
        """
        read = self.window.read
        while end - start >= 8:
            self._left -= 1
            if self._left < 0:
                raise Corrupt(f"too many boxes before byte {start}")
            head = read(start, 8, "box header")
            size = int.from_bytes(head[:4], "big")
            data = start + 8
            if size == 1:
                size = int.from_bytes(read(data, 8, "box size"), "big")
                data += 8
            elif size == 0:
                size = end - start
            stop = start + size
            if stop < data:
                raise Corrupt(f"{name(head[4:])} box at byte {start} is {size} bytes long")
            if stop > end:
                raise self._overrun(head[4:], start, stop, end)
            yield head[4:], start, data, stop
            start = stop

    def walk_sound(self, start: int, end: int) -> Iterator[Box]:
        """Yield the boxes up to the first one that is damaged: for what a file plays without."""
        try:
            yield from self.walk(start, end)
        except (Corrupt, Truncated):
            return

    def read(self, box: Box, most: int) -> bytes:
        """Return the first bytes of a box's data, up to `most`."""
        kind, _, data, end = box
        return self.window.read(data, min(end - data, most), name(kind))

    def _overrun(self, kind: bytes, start: int, stop: int, end: int) -> Corrupt | Truncated:
        if end >= self.window.size:
            return Truncated(f"{name(kind)} box", start)
        return Corrupt(f"{name(kind)} box at byte {start} runs past its parent, to byte {stop}")


class Bits:
    """Reads fields of a few bits, first the most significant; past the end there are zeros."""

    def __init__(self, data: bytes) -> None:
        """Start at the first bit."""
        self._value = int.from_bytes(data, "big")
        self.left = 8 * len(data)

    def take(self, count: int) -> int:
        """Return the next `count` bits as a number."""
        self.left -= count
        return self._value >> self.left & (1 << count) - 1 if self.left >= 0 else 0

    def peek(self, count: int) -> int:
        """Return the next `count` bits, and leave them."""
        value = self.take(count)
        self.left += count
        return value
