"""Builds tiny Matroska files, element by element, so that each test says what is odd about its own."""

import struct
import zlib

from arrtheaudio.containers import ebml
from arrtheaudio.containers import matroska_ids as ids


def element(identity: int, data: bytes = b"", width: int = 0) -> bytes:
    """Return an element; its size takes `width` bytes, or as few as it can."""
    while not width or len(data) > ebml.largest(width):
        width += 1
    return identity.to_bytes((identity.bit_length() + 7) // 8, "big") + ebml.size(len(data), width) + data


def uint(identity: int, value: int, length: int = 0) -> bytes:
    """Return an unsigned integer element of `length` bytes, or as few as it can (at least one)."""
    return element(identity, value.to_bytes(length or max(1, (value.bit_length() + 7) // 8), "big"))


def real(identity: int, value: float) -> bytes:
    """Return a float element of 8 bytes."""
    return element(identity, struct.pack(">d", value))


def text(identity: int, value: str) -> bytes:
    """Return a string element."""
    return element(identity, value.encode())


def void(total: int) -> bytes:
    """Return a Void of `total` bytes in all, filled with something that is not zero."""
    head = ebml.void_head(total)
    return head + b"v" * (total - len(head))


def checked(data: bytes) -> bytes:
    """Return the data of a master element with its CRC-32 in front."""
    return element(ebml.CRC32, zlib.crc32(data).to_bytes(4, "little")) + data


def entry(number: int, kind: int = 2, codec: str = "A_AC3", *more: bytes, width: int = 0, crc: bool = False) -> bytes:
    """Return a TrackEntry; `more` are elements behind the mandatory ones."""
    data = uint(ids.TRACK_NUMBER, number) + uint(ids.TRACK_UID, 100 + number) + uint(ids.TRACK_TYPE, kind)
    data += (text(ids.CODEC_ID, codec) if codec else b"") + b"".join(more)
    return element(ids.TRACK_ENTRY, checked(data) if crc else data, width)


def header(doc_type: str = "matroska", *more: bytes) -> bytes:
    """Return an EBML header; later elements win."""
    return element(ids.EBML, text(ids.DOC_TYPE, doc_type) + uint(ids.DOC_TYPE_READ_VERSION, 2) + b"".join(more))


def segment(*parts: bytes, unknown: bool = False) -> bytes:
    """Return a Segment, its size in 8 bytes as muxers write it."""
    data = b"".join(parts)
    if unknown:
        return ids.SEGMENT.to_bytes(4, "big") + b"\x01" + b"\xff" * 7 + data
    return element(ids.SEGMENT, data, 8)


def seek_head(*seeks: tuple[int, int]) -> bytes:
    """Return a SeekHead of (id, position within the Segment's data); its length depends only on their number."""
    return element(
        ids.SEEK_HEAD,
        b"".join(
            element(ids.SEEK, element(ids.SEEK_ID, identity.to_bytes(4, "big")) + uint(ids.SEEK_POSITION, position, 4))
            for identity, position in seeks
        ),
    )


def info(duration: float = 1500.0, app: str = "builder v1.0") -> bytes:
    """Return an Info of 1 ms timestamps."""
    return element(
        ids.INFO,
        uint(ids.TIMESTAMP_SCALE, 1_000_000)
        + text(ids.MUXING_APP, app)
        + text(ids.WRITING_APP, app)
        + real(ids.DURATION, duration),
    )


def tracks(*entries: bytes, crc: bool = False, width: int = 0) -> bytes:
    """Return a Tracks element."""
    data = b"".join(entries)
    return element(ids.TRACKS, checked(data) if crc else data, width)


def cluster(length: int = 40) -> bytes:
    """Return a Cluster with nothing that can be decoded."""
    return element(ids.CLUSTER, uint(0xE7, 0) + void(length))


def movie(*parts: bytes, doc_type: str = "matroska", unknown: bool = False) -> bytes:
    """Return a whole file: header, Info, `parts`, a Cluster."""
    return header(doc_type) + segment(info(), *parts, cluster(), unknown=unknown)
