"""Bounded reads of a file's header, at any offset, whatever the file's size."""

from typing import BinaryIO

from arrtheaudio.errors import Corrupt, Truncated

# More header than this is no header: the largest seen (CodecPrivate of a subtitle with 2,000 styles) is under 1 MB.
LIMIT = 16 << 20


class Window:
    """Reads through one chunk, so that neighbours cost one system call.

    `file` is unbuffered and seekable. `size` is the file's, in bytes. Every byte fetched counts against `limit`.
    """

    def __init__(self, file: BinaryIO, size: int, chunk: int = 4096, limit: int = LIMIT) -> None:
        """Read nothing yet."""
        self.size = size
        self._file = file
        self._chunk = chunk
        self._left = limit
        self._start = 0
        self._data = b""

    def read(self, offset: int, length: int, what: str = "header") -> bytes:
        """Return exactly `length` bytes; Truncated, naming `what`, where the file ends before."""
        start = offset - self._start
        if start >= 0 and start + length <= len(self._data):
            return self._data[start : start + length]
        if offset < 0 or length < 0:
            raise Corrupt(f"{what} at byte {offset} has length {length}")
        if offset + length > self.size:
            raise Truncated(what, offset)
        self._fetch(offset, max(length, min(self._chunk, self.size - offset)))
        if len(self._data) < length:
            raise Truncated(what, offset)
        return self._data[:length]

    def held(self, offset: int, length: int) -> bytes:
        """Return `length` bytes where they were fetched already, else fewer or none: the quick way to what is near."""
        start = offset - self._start
        return self._data[start : start + length] if start >= 0 else b""

    def peek(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes, fewer at the end of the file."""
        return self.read(offset, max(0, min(length, self.size - offset)))

    def _fetch(self, offset: int, length: int) -> None:
        if length > self._left:
            raise Corrupt(f"the header needs more than {LIMIT >> 20} MiB at byte {offset}")
        self._left -= length
        self._file.seek(offset)
        parts = []
        while length and (part := self._file.read(length)):
            parts.append(part)
            length -= len(part)
        self._start = offset
        self._data = parts[0] if len(parts) == 1 else b"".join(parts)
