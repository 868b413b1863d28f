"""EBML, the grammar under Matroska (RFC 8794): elements of an id, a data size and data, nested.

Ids keep their length marker, as the specifications print them: Tracks is 0x1654AE6B.
"""

from struct import unpack

from arrtheaudio.errors import Corrupt, Truncated

VOID = 0xEC
CRC32 = 0xBF
# The data size of an element that ends where its parent, or the stream, does (RFC 8794, 6.2).
UNKNOWN = -1
# More elements than this in one header are no header; the largest seen has 2,000.
LIMIT = 100_000
# The longest id and the longest data size that are read here; RFC 8794, 11.2.4 and 11.2.5 have them as defaults.
MAX_ID_LENGTH = 4
MAX_SIZE_LENGTH = 8
HEAD_LENGTH = MAX_ID_LENGTH + MAX_SIZE_LENGTH

Element = tuple[int, int, int, int]
"""(id, start, data, end): where the element, its data and what follows it start. A tuple: thousands are made."""


def head(buffer: bytes, at: int, base: int = 0) -> tuple[int, int, int]:
    """Return an element's id, its data size in bytes or UNKNOWN, and where in `buffer` its data starts.

    `base` is the buffer's offset in the file, for messages. Corrupt where no element starts, Truncated where
    the buffer ends inside the header.
    """
    if at >= len(buffer):
        raise Truncated("element header", base + at)
    sized = at + 9 - buffer[at].bit_length()
    if sized - at > MAX_ID_LENGTH:
        raise Corrupt(f"no element id at byte {base + at}")
    if sized >= len(buffer):
        raise Truncated("element header", base + at)
    width = 9 - buffer[sized].bit_length()
    data = sized + width
    if width > MAX_SIZE_LENGTH:
        raise Corrupt(f"no data size at byte {base + sized}")
    if data > len(buffer):
        raise Truncated("element header", base + at)
    ones = (1 << 7 * width) - 1
    size = int.from_bytes(buffer[sized:data], "big") & ones
    return int.from_bytes(buffer[at:sized], "big"), UNKNOWN if size == ones else size, data


def walk(buffer: bytes, start: int, end: int, base: int = 0, limit: int = LIMIT) -> list[Element]:
    """Return the elements that fill `buffer[start:end]`, with their offsets in the buffer.

    Corrupt where one has no size, runs past `end`, or is one more than `limit`.
    """
    found: list[Element] = []
    at = start
    while at < end:
        first = buffer[at]
        # Nearly all elements have a short id and one byte of size; a call for each doubles the time of a probe.
        if first >= 0x80 and at + 1 < end and (second := buffer[at + 1]) & 0x80 and second != 0xFF:
            identity, data = first, at + 2
            stop = data + (second & 0x7F)
        else:
            identity, size, data = head(buffer, at, base)
            if size == UNKNOWN:
                raise Corrupt(f"element 0x{identity:X} at byte {base + at} has no size")
            stop = data + size
        if stop > end:
            raise Corrupt(f"element 0x{identity:X} at byte {base + at} runs past its parent, to byte {base + stop}")
        found.append((identity, at, data, stop))
        if len(found) > limit:
            raise Corrupt(f"more than {limit} elements before byte {base + at}")
        at = stop
    return found


def uint(buffer: bytes, start: int, end: int, default: int = 0, base: int = 0) -> int:
    """Return an unsigned integer of up to 8 bytes; of none, the element's default (RFC 8794, 6.1 and 7.2)."""
    if end - start > 8:
        raise Corrupt(f"an integer of {end - start} bytes at byte {base + start}")
    return int.from_bytes(buffer[start:end], "big") if end > start else default


def float_(buffer: bytes, start: int, end: int, default: float = 0.0, base: int = 0) -> float:
    """Return a float of 4 or 8 bytes; of none, the element's default (RFC 8794, 7.3)."""
    if end == start:
        return default
    form = {4: ">f", 8: ">d"}.get(end - start)
    if form is None:
        raise Corrupt(f"a float of {end - start} bytes at byte {base + start}")
    value: float = unpack(form, buffer[start:end])[0]
    return value


def text(buffer: bytes, start: int, end: int) -> str:
    """Return a string, which a NUL may end early (RFC 8794, 7.4 and 7.5); U+FFFD for what is not UTF-8."""
    return buffer[start:end].partition(b"\0")[0].decode(errors="replace")


def largest(width: int) -> int:
    """Return the largest size that a data size of `width` bytes holds; all ones is UNKNOWN."""
    return (1 << 7 * width) - 2


def size(value: int, width: int) -> bytes:
    """Return a data size as it is written in `width` bytes."""
    return (1 << 7 * width | value).to_bytes(width, "big")


def void_head(total: int) -> bytes:
    """Return the id and size of a Void that fills `total` bytes, at least 2, with its own header."""
    width = next(width for width in range(1, MAX_SIZE_LENGTH + 1) if total - 1 - width <= largest(width))
    return bytes((VOID,)) + size(total - 1 - width, width)


def crc32(data: bytes) -> bytes:
    """Return the data of the CRC-32 element over `data` (RFC 8794, 11.3.1): little-endian."""
    import zlib

    return zlib.crc32(data).to_bytes(4, "little")
