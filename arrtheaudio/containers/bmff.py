"""The ISO base media file format, the grammar under MP4 and QuickTime (ISO/IEC 14496-12): boxes of size, type and data.

Types are bytes, as the specifications print them: b"moov".
"""

from collections.abc import Iterator
from struct import Struct

from arrtheaudio.containers.window import Window
from arrtheaudio.errors import Corrupt, Truncated

# More boxes than this are no header: the largest seen, with 100 tracks, has 3,000.
LIMIT = 20_000
_HEAD = Struct(">I4s").unpack

Box = tuple[bytes, int, int, int]
"""(type, start, data, end): where the box, its data and what follows it start. A tuple: hundreds are made."""


def name(box: bytes) -> str:
    r"""Return a box type as it goes into a message; what does not print, as `\x00`."""
    text = box.decode("latin-1")
    return text if text.isprintable() else repr(text)[1:-1]


class Boxes:
    """The boxes of one file; every one visited counts against `limit`. What is not asked for is stepped over."""

    def __init__(self, window: Window, limit: int = LIMIT) -> None:
        """Read nothing yet."""
        self.window = window
        self._left = limit

    def top(self) -> Iterator[Box]:
        """Yield the boxes at the top level, as `walk` does, but Truncated where one runs past the end of the file."""
        return self.walk(0, self.window.size, nested=False)

    def walk(self, start: int, end: int, *, nested: bool = True) -> Iterator[Box]:
        """Yield the boxes between two offsets (4.2); fewer than 8 bytes left over are padding.

        Corrupt where one is shorter than its header or runs past `end`.
        """
        held, read = self.window.held, self.window.read
        while end - start >= 8:
            self._left -= 1
            if self._left < 0:
                raise Corrupt(f"too many boxes before byte {start}")
            head = held(start, 8)
            size, kind = _HEAD(head if len(head) == 8 else read(start, 8))
            data = start + 8
            if size < 2:
                size, data = self._long(size, start, end)
            stop = start + size
            if stop < data:
                raise Corrupt(f"{name(kind)} box at byte {start} is {size} bytes long")
            if stop > end:
                if nested:
                    raise Corrupt(f"{name(kind)} box at byte {start} runs past its parent, to byte {stop}")
                raise Truncated(f"{name(kind)} box", start)
            yield kind, start, data, stop
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
        length = min(end - data, most)
        found = self.window.held(data, length)
        return found if len(found) == length else self.window.read(data, length, name(kind))

    def _long(self, size: int, start: int, end: int) -> tuple[int, int]:
        """Return the size and the start of the data of a box whose 32 bits say 0 (to the end) or 1 (64 bits follow)."""
        if size == 0:
            return end - start, start + 8
        return int.from_bytes(self.window.read(start + 8, 8, "box size"), "big"), start + 16


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
