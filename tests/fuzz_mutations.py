"""Damage to media files: blind, and with an eye for elements and boxes."""

from collections.abc import Callable, Sequence
from random import Random

import fuzz_oracles as oracles
from fuzz_oracles import EBML_MAGIC

MOST = 1 << 16
"""No input is longer, in bytes."""

_DEPTH = 10
_NODES = 4000
_MASTERS = {0x18538067, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0xAE, 0xE1, 0xE0, 0x1A45DFA3, 0x4DBB, 0x1941A469, 0x61A7}
_OTHERS = {0xEC, 0xBF, 0xD7, 0x73C5, 0x83, 0x88, 0x55AA, 0x55AB, 0x55AE, 0x55AF, 0xB9, 0x9C, 0x22B59C, 0x22B59D, 0x536E}
_OTHERS |= {
    0x86,
    0x63A2,
    0x9F,
    0xB5,
    0x78B5,
    0x6264,
    0x2AD7B1,
    0x4489,
    0x53AB,
    0x53AC,
    0x466E,
    0x4660,
    0x465C,
    0x1F43B675,
}
_IDS = tuple(value.to_bytes((value.bit_length() + 7) // 8) for value in sorted(_MASTERS | _OTHERS))
_TYPES = tuple(
    b"ftyp moov trak tkhd mdia mdhd hdlr minf stbl stsd udta meta ilst covr data mvex mehd mdat free cmov dcom cmvd "
    b"chap tref elng kind name mp4a esds wave sinf frma pcmC enda srat dac3 dec3 dOps dfLa alac mvhd tagc".split()
)
# Type -> bytes of its data before the boxes in it
_PARENTS = dict.fromkeys(b"moov trak mdia minf stbl udta mvex ilst tref wave sinf cmov \xa9too covr".split(), 0)
_PARENTS |= {b"meta": 4, b"stsd": 8, b"mp4a": 28, b"ac-3": 28, b"Opus": 28}

Node = tuple[int, int, int, int]
"""An element or box: where it, its size field, its data and what follows it start."""


def nodes(data: bytes) -> list[Node]:
    """Return the elements or boxes of a file, those inside of others too."""
    found: list[Node] = []
    (_elements if data.startswith(EBML_MAGIC) else _boxes)(data, 0, len(data), found, 0)
    return found


def _elements(data: bytes, at: int, end: int, found: list[Node], depth: int) -> None:
    for identity, start, inner, stop in oracles.elements(data, at, end):
        if len(found) > _NODES:
            return
        found.append((start, start + (identity.bit_length() + 7) // 8, inner, min(stop, len(data))))
        if identity in _MASTERS and depth < _DEPTH:
            _elements(data, inner, min(stop, len(data)), found, depth + 1)


def _boxes(data: bytes, at: int, end: int, found: list[Node], depth: int) -> None:
    for kind, start, inner, stop in oracles.boxes(data, at, end):
        if len(found) > _NODES:
            return
        found.append((start, start, inner, stop))
        if kind in _PARENTS and depth < _DEPTH:
            _boxes(data, inner + _PARENTS[kind], stop, found, depth + 1)


def mutate(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Return the file with some damage; `others` give the parts that it lacks."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        data = random.choice(_WAYS)(data, others, random)[:MOST]
    return _seal(data) if random.random() < 0.5 else data


def _seal(data: bytes) -> bytes:
    """Make every CRC-32 of Tracks right again."""
    new = bytearray(data)
    for at, right in oracles.seals(new):
        new[at : at + 4] = right
    return bytes(new[:MOST])


def _flip(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    """Change a few bytes: some in the heads of nodes, some anywhere."""
    new = bytearray(data)
    known = nodes(data)
    for _ in range(random.randrange(1, 6)) if new else ():
        start, _, inner, _ = random.choice(known) if known else (0, 0, len(new), 0)
        at = random.randrange(start, inner + 4) if random.random() < 0.6 else random.randrange(len(new))
        if at < len(new):
            new[at] = random.choice((new[at] ^ 1 << random.randrange(8), random.randrange(256), 0, 1, 0x7F, 0x80, 0xFF))
    return bytes(new)


def _resize(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    """Write an interesting number into a node's size."""
    known = nodes(data)
    if not known:
        return data
    _, at, inner, end = random.choice(known)
    width = inner - at if data.startswith(EBML_MAGIC) else 4
    top = 1 << 7 * width if data.startswith(EBML_MAGIC) else 1 << 32
    size = random.choice(
        (0, 1, 2, 7, 8, 15, 16, end - inner - 1, end - inner + 1, len(data), top - 1, top - 2, top >> 1)
    )
    if data.startswith(EBML_MAGIC):
        return data[:at] + (top | size % top).to_bytes(width + 1)[-width:] + data[inner:]
    return data[:at] + (size % top).to_bytes(4) + data[at + 4 :]


def _rename(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    """Make another element or box of one."""
    known = nodes(data)
    if not known:
        return data
    start, at, _, _ = random.choice(known)
    if data.startswith(EBML_MAGIC):
        same = [identity for identity in _IDS if len(identity) == at - start]
        return data[:start] + random.choice(same or _IDS) + data[at:]
    return data[: start + 4] + random.choice(_TYPES) + data[start + 8 :]


def _remove(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    known = nodes(data)
    if not known:
        return data
    start, _, _, end = random.choice(known)
    return _put(data, start, end, b"", random)


def _repeat(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    """Write a node again, once or as often as there is room."""
    known = nodes(data)
    if not known:
        return data
    start, _, _, end = random.choice(known)
    most = MOST // max(1, end - start)
    return _put(data, end, end, data[start:end] * min(random.choice((1, 1, 2, 30, 10_000)), most), random)


def _move(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    """Put a node somewhere else."""
    known = nodes(data)
    if not known:
        return data
    start, *_, end = random.choice(known)
    node, rest = data[start:end], _put(data, start, end, b"", random)
    return _insert(rest, node, random)


def _borrow(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Put a node of another file in."""
    other = random.choice(others)
    known = nodes(other)
    if not known:
        return data
    start, _, _, end = random.choice(known)
    return _insert(data, other[start:end], random)


def _fill(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    """Put a Void or free box in."""
    length = random.choice((0, 1, 2, 9, 120, 127, 128, 3000))
    if data.startswith(EBML_MAGIC):
        return _insert(data, b"\xec" + (0x4000 | length).to_bytes(2) + bytes(length), random)
    return _insert(data, (8 + length).to_bytes(4) + b"free" + bytes(length), random)


def _nest(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    """Put masters in masters, a thousand deep."""
    inside = b""
    head = random.choice(_IDS) if data.startswith(EBML_MAGIC) else random.choice(_TYPES)
    for _ in range(random.choice((3, 30, 1000))):
        if data.startswith(EBML_MAGIC):
            inside = head + (1 << 28 | len(inside)).to_bytes(4) + inside
        else:
            inside = (8 + len(inside)).to_bytes(4) + head + inside
    return _insert(data, inside, random)


def _splice(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Go on with another file."""
    other = random.choice(others)
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def _cut(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _smear(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    """Overwrite a stretch."""
    at, length = random.randrange(len(data) + 1), random.choice((4, 16, 100, 5000))
    filler = random.choice((bytes(length), b"\xff" * length, random.randbytes(length)))
    return data[:at] + filler + data[at + length :]


def _insert(data: bytes, node: bytes, random: Random) -> bytes:
    known = nodes(data)
    at = random.choice(random.choice(known)) if known else 0
    return _put(data, at, at, node, random)


def _put(data: bytes, start: int, end: int, new: bytes, random: Random) -> bytes:
    """Replace a stretch; mostly, the sizes of what is around it keep up."""
    more = len(new) - (end - start)
    whole = bytearray(data)
    if random.random() < 0.85:
        for _, at, inner, stop in nodes(data):
            if inner <= start and end <= stop:
                _grow(whole, at, inner, more)
    return bytes(whole[:start]) + new + bytes(whole[end:])


def _grow(data: bytearray, at: int, inner: int, more: int) -> None:
    """Add to the size of a node, where it is one that holds the sum."""
    if data.startswith(EBML_MAGIC):
        width = inner - at
        mark = 1 << 7 * width
        size = int.from_bytes(data[at:inner]) & (mark - 1)
        if size != mark - 1 and 0 <= size + more < mark - 1:
            data[at:inner] = (mark | size + more).to_bytes(width)
        return
    size = int.from_bytes(data[at : at + 4])
    if size > 1 and 8 <= size + more < 1 << 32:
        data[at : at + 4] = (size + more).to_bytes(4)


_WAYS: tuple[Callable[[bytes, Sequence[bytes], Random], bytes], ...] = (
    _flip,
    _flip,
    _resize,
    _rename,
    _remove,
    _remove,
    _repeat,
    _move,
    _borrow,
    _fill,
    _nest,
    _splice,
    _cut,
    _smear,
)
