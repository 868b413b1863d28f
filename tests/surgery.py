"""Byte surgery: what ffmpeg and mkvtoolnix will not write, but other programs do.

Two small trees, EBML elements and ISO boxes, that are read, changed and packed again. Deliberately not the project's
own codecs: the samples must not agree with those by construction.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# Matroska (RFC 9559): elements whose children are taken apart.
EBML, SEGMENT, SEEK_HEAD, INFO, TRACKS, CLUSTER = 0x1A45DFA3, 0x18538067, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1F43B675
TRACK_ENTRY, AUDIO, VIDEO, CRC32, VOID = 0xAE, 0xE1, 0xE0, 0xBF, 0xEC
NUMBER, UID, TYPE, FLAG_DEFAULT, FLAG_FORCED, FLAG_ENABLED, FLAG_LACING = 0xD7, 0x73C5, 0x83, 0x88, 0x55AA, 0xB9, 0x9C
LANGUAGE, LANGUAGE_BCP47, NAME, CODEC_ID, CODEC_PRIVATE = 0x22B59C, 0x22B59D, 0x536E, 0x86, 0x63A2
CHANNELS, SAMPLING_FREQUENCY, OUTPUT_SAMPLING_FREQUENCY = 0x9F, 0xB5, 0x78B5
_MASTERS = {EBML, SEGMENT, TRACKS, TRACK_ENTRY, AUDIO, VIDEO}


@dataclass
class Element:
    """An EBML element: a master has children, another has data. `width` 0 writes the size as short as it can be."""

    id: int
    data: bytes = b""
    children: list["Element"] | None = None
    width: int = 0
    unknown: bool = False

    def pack(self) -> bytes:
        """Return the element's bytes."""
        data = self.data if self.children is None else b"".join(child.pack() for child in self.children)
        return _id(self.id) + _size(len(data), self.width, self.unknown) + data

    def all(self, identity: int) -> list["Element"]:
        """Return the children of an id."""
        return [child for child in self.children or [] if child.id == identity]

    def first(self, identity: int) -> "Element":
        """Return the first child of an id."""
        return self.all(identity)[0]

    def drop(self, *identities: int) -> "Element":
        """Remove the children of some ids."""
        self.children = [child for child in self.children or [] if child.id not in identities]
        return self

    def set(self, identity: int, data: bytes, width: int = 0) -> "Element":
        """Replace the children of an id by one, at the end."""
        self.drop(identity)
        assert self.children is not None
        self.children.append(Element(identity, data, width=width))
        return self


def elements(data: bytes) -> list[Element]:
    """Take Matroska bytes apart."""
    found, at = [], 0
    while at < len(data):
        id_length = 9 - data[at].bit_length()
        size_at = at + id_length
        width = 9 - data[size_at].bit_length()
        identity = int.from_bytes(data[at:size_at])
        value = int.from_bytes(data[size_at : size_at + width]) & ((1 << 7 * width) - 1)
        start, unknown = size_at + width, value == (1 << 7 * width) - 1
        end = len(data) if unknown else start + value
        children = elements(data[start:end]) if identity in _MASTERS else None
        found.append(Element(identity, data[start:end], children, width, unknown))
        at = end
    return found


def void(length: int) -> Element:
    """Return a Void that takes `length` bytes in all, two at least."""
    width = 1 if length < 0x80 else 8
    return Element(VOID, bytes(length - 1 - width), width=width)


def with_crc(master: Element) -> Element:
    """Put a CRC-32 first in a master; it covers what comes behind it (RFC 8794, 11.3.1)."""
    master.drop(CRC32)
    covered = b"".join(child.pack() for child in master.children or [])
    assert master.children is not None
    master.children.insert(0, Element(CRC32, zlib.crc32(covered).to_bytes(4, "little")))
    return master


def audio_entries(tracks: Element) -> list[Element]:
    """Return the TrackEntries of audio."""
    return [entry for entry in tracks.all(TRACK_ENTRY) if entry.first(TYPE).data == b"\2"]


def in_tracks(edit: Callable[[Element], object]) -> Callable[[bytes], bytes]:
    """Return surgery that changes Tracks and takes the room from, or gives it to, the Void right behind."""

    def operate(data: bytes) -> bytes:
        root = elements(data)
        segment = root[1].children or []
        at = next(at for at, child in enumerate(segment) if child.id == TRACKS)
        room = len(segment[at].pack()) + len(segment[at + 1].pack())
        assert segment[at + 1].id == VOID
        edit(segment[at])
        segment[at + 1] = void(room - len(segment[at].pack()))
        return b"".join(element.pack() for element in root)

    return operate


def in_entry(number: int, edit: Callable[[Element], object]) -> Callable[[bytes], bytes]:
    """Return surgery on one TrackEntry, counted from 0."""
    return in_tracks(lambda tracks: edit(tracks.all(TRACK_ENTRY)[number]))


def in_file(edit: Callable[[list[Element]], object]) -> Callable[[bytes], bytes]:
    """Return surgery on the EBML header and the Segment."""

    def operate(data: bytes) -> bytes:
        root = elements(data)
        edit(root)
        return b"".join(element.pack() for element in root)

    return operate


def _id(identity: int) -> bytes:
    return identity.to_bytes((identity.bit_length() + 7) // 8)


def _size(size: int, width: int, unknown: bool) -> bytes:
    width = width or next(width for width in range(1, 9) if size < (1 << 7 * width) - 1)
    value = (1 << 7 * width) - 1 if unknown else size
    assert unknown or value < (1 << 7 * width) - 1, f"{size} does not fit into {width} bytes"
    return (value | 1 << 7 * width).to_bytes(width)


# ISO/IEC 14496-12: boxes whose children are taken apart.
_BOXES = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts", b"mvex", b"udta"}


@dataclass
class Box:
    """A box: a container has children, another has data. A `wide` one has a 64-bit size."""

    type: bytes
    data: bytes = b""
    children: list["Box"] | None = None
    wide: bool = False
    to_end: bool = field(default=False, kw_only=True)

    def pack(self) -> bytes:
        """Return the box's bytes."""
        data = self.data if self.children is None else b"".join(child.pack() for child in self.children)
        if self.wide:
            return (1).to_bytes(4) + self.type + (len(data) + 16).to_bytes(8) + data
        return (0 if self.to_end else len(data) + 8).to_bytes(4) + self.type + data

    def all(self, kind: bytes) -> list["Box"]:
        """Return the children of a type."""
        return [child for child in self.children or [] if child.type == kind]

    def at(self, path: str) -> "Box":
        """Return the first descendant along a path such as `mdia/mdhd`."""
        box = self
        for name in path.split("/"):
            box = box.all(name.encode("latin-1"))[0]
        return box

    def add(self, *boxes: "Box") -> "Box":
        """Append children."""
        assert self.children is not None
        self.children += boxes
        return self

    def put(self, offset: int, data: bytes) -> "Box":
        """Overwrite some of the data."""
        self.data = self.data[:offset] + data + self.data[offset + len(data) :]
        return self


def boxes(data: bytes) -> list[Box]:
    """Take ISO bytes apart."""
    return list(_boxes(data))


def _boxes(data: bytes) -> Iterator[Box]:
    at = 0
    while at + 8 <= len(data):
        size, kind, start = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], at + 8
        if size == 1:
            size, start = int.from_bytes(data[at + 8 : at + 16]), at + 16
        end = at + size if size else len(data)
        payload = data[start:end]
        # QuickTime ends udta with 32 bits of 0, which is no box.
        children = boxes(payload) if kind in _BOXES else None
        yield Box(kind, payload, children, wide=start == at + 16)
        at = end


def in_moov(edit: Callable[[Box], object]) -> Callable[[bytes], bytes]:
    """Return surgery on a moov that is the last box, so that no chunk moves."""

    def operate(data: bytes) -> bytes:
        *before, moov = boxes(data)
        assert moov.type == b"moov"
        edit(moov)
        return b"".join(box.pack() for box in [*before, moov])

    return operate


def in_traks(edit: Callable[[Box], object]) -> Callable[[bytes], bytes]:
    """Return surgery on every audio trak of a moov that is the last box."""
    return in_moov(lambda moov: [edit(trak) for trak in audio_traks(moov)])


def audio_traks(moov: Box) -> list[Box]:
    """Return the traks of audio."""
    return [trak for trak in moov.all(b"trak") if trak.at("mdia/hdlr").data[8:12] == b"soun"]


def in_boxes(edit: Callable[[list[Box]], list[Box]]) -> Callable[[bytes], bytes]:
    """Return surgery on the boxes of the file."""
    return lambda data: b"".join(box.pack() for box in edit(boxes(data)))


def compressed(moov: Box) -> None:
    """Compress a moov (QTFF, `cmov`)."""
    whole = moov.pack()
    packed = Box(b"cmvd", len(whole).to_bytes(4) + zlib.compress(whole))
    moov.children = [Box(b"cmov", children=[Box(b"dcom", b"zlib"), packed])]


def version_1_tkhd(tkhd: Box) -> None:
    """Give a version 0 tkhd 64-bit times and duration."""
    old = tkhd.data
    times = bytes(4) + old[4:8] + bytes(4) + old[8:12] + old[12:16] + bytes(4) + bytes(4) + old[20:24]
    tkhd.data = b"\1" + old[1:4] + times + old[24:]


def version_1_mdhd(mdhd: Box) -> None:
    """Give a version 0 mdhd 64-bit times and duration."""
    old = mdhd.data
    mdhd.data = (
        b"\1" + old[1:4] + bytes(4) + old[4:8] + bytes(4) + old[8:12] + old[12:16] + bytes(4) + old[16:20] + old[20:]
    )
