"""Where the parts of a Matroska header are: level 1 up to the first Cluster, and what a SeekHead names beyond."""

from functools import lru_cache

from arrtheaudio.containers import ebml
from arrtheaudio.containers import matroska_ids as ids
from arrtheaudio.containers.window import Window
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Corrupt, Error, NotMedia, UnsupportedContainer

_READ_NOW = (ids.SEEK_HEAD, ids.INFO, ids.TRACKS)
# Bounds on a hostile file; real ones have 5 to 20 parts before the first Cluster and at most 2 SeekHeads.
_PARTS = 500
_SEEK_HEADS = 8
_SEEKS = 2000


class Part(Value):
    """An element of level 1: its id, where it, its data and what follows start, and the data where it was read."""

    id: int
    start: int
    data: int
    end: int
    body: bytes = b""


class Layout(Value):
    """`segment` and `end` bound the Segment's data; `seeks` is what the SeekHeads say: (id, offset in the file)."""

    doc_type: str
    segment: int
    end: int
    parts: tuple[Part, ...]
    seeks: tuple[tuple[int, int], ...]

    def all(self, identity: int) -> list[Part]:
        """Return the parts with this id."""
        return [part for part in self.parts if part.id == identity]


def find(window: Window) -> Layout:
    """Return the layout, with Tracks in it; Truncated or Corrupt where there is none to be found."""
    doc_type, after = _header(window)
    segment, end = _segment(window, after)
    parts, damage = _walk(window, segment, min(end, window.size))
    seeks = _follow(window, segment, parts)
    if not any(part.id == ids.TRACKS for part in parts):
        raise damage or Corrupt(f"no Tracks in the Segment at byte {segment}, and no SeekHead that names one")
    return Layout(doc_type, segment, end, tuple(parts), tuple(seeks))


def part_at(window: Window, at: int) -> Part:
    """Return the element at an offset; `end` is UNKNOWN where it has no size. Tracks and the like are read."""
    identity, size, length = ebml.head(window.peek(at, ebml.HEAD_LENGTH), 0, at)
    data = at + length
    if size == ebml.UNKNOWN:
        return Part(identity, at, data, ebml.UNKNOWN)
    body = window.read(data, size, ids.NAMES[identity]) if identity in _READ_NOW else b""
    return Part(identity, at, data, data + size, body)


def _header(window: Window) -> tuple[str, int]:
    """Read the EBML header (RFC 8794, 11.2): DocType, and where the header ends."""
    head = window.peek(0, ebml.HEAD_LENGTH)
    if head[:4] != ids.EBML.to_bytes(4, "big"):
        raise NotMedia("no EBML header at byte 0")
    _, size, start = ebml.head(head, 0)
    if size == ebml.UNKNOWN:
        raise Corrupt("the EBML header at byte 0 has no size")
    body = window.read(start, size, "EBML header")
    return _kept_doc_type(body) if size <= _KEPT_LENGTH else _doc_type(body), start + size


def _doc_type(body: bytes) -> str:
    """Return the DocType of an EBML header's data; UnsupportedContainer where it is not for us to read."""
    fields = {identity: (data, end) for identity, _, data, end in ebml.walk(body, 0, len(body))}
    for identity, limit, name in (
        (ids.EBML_READ_VERSION, 1, "EBMLReadVersion"),
        (ids.EBML_MAX_ID_LENGTH, ebml.MAX_ID_LENGTH, "EBMLMaxIDLength"),
        (ids.EBML_MAX_SIZE_LENGTH, ebml.MAX_SIZE_LENGTH, "EBMLMaxSizeLength"),
        (ids.DOC_TYPE_READ_VERSION, 4, "DocTypeReadVersion"),
    ):
        value = ebml.uint(body, *fields.get(identity, (0, 0)))
        if value > limit:
            raise UnsupportedContainer(f"{name} is {value}; up to {limit} is understood")
    doc_type = ebml.text(body, *fields.get(ids.DOC_TYPE, (0, 0)))
    if doc_type not in ("matroska", "webm"):
        raise UnsupportedContainer(f"an EBML document of type {doc_type!r:.40}")
    return doc_type


# A library is made by few programs: these bytes are the same in one file after another, and in one look after another.
_KEPT_LENGTH = 1 << 12
_kept_doc_type = lru_cache(maxsize=16)(_doc_type)


def _segment(window: Window, at: int) -> tuple[int, int]:
    """Return where the Segment's data starts and ends; without a size it ends with the file."""
    for _ in range(_PARTS):
        part = part_at(window, at)
        if part.id == ids.SEGMENT:
            return part.data, window.size if part.end == ebml.UNKNOWN else part.end
        if part.id not in (ebml.VOID, ebml.CRC32) or part.end == ebml.UNKNOWN:
            break
        at = part.end
    raise Corrupt(f"element 0x{part.id:X} where the Segment is due, at byte {at}")


def _walk(window: Window, at: int, end: int) -> tuple[list[Part], Error | None]:
    """Return the parts before the first Cluster, and what stopped the walk there, if it was damage.

    Damage behind Tracks takes no track away, and before it a SeekHead may still lead there.
    """
    parts: list[Part] = []
    try:
        while at < end and len(parts) < _PARTS:
            part = part_at(window, at)
            if part.id == ids.TRACKS and part.end == ebml.UNKNOWN:
                raise Corrupt(f"Tracks at byte {at} has no size")
            if part.id == ids.CLUSTER or part.end == ebml.UNKNOWN:
                break
            parts.append(part)
            at = part.end
    except Error as error:
        return parts, error
    return parts, None


def _follow(window: Window, segment: int, parts: list[Part]) -> list[tuple[int, int]]:
    """Read the SeekHeads; add to `parts` what they name and the walk did not meet."""
    seeks: list[tuple[int, int]] = []
    heads = [part for part in parts if part.id == ids.SEEK_HEAD]
    seen = {part.start for part in parts}
    for head in heads:  # grows: a SeekHead may name another one
        if len(seeks) > _SEEKS:
            break
        kept = len(head.body) <= _KEPT_LENGTH
        found = [(identity, segment + at) for identity, at in (_kept_seeks if kept else _seeks)(head.body)]
        seeks += found
        for identity, at in found:
            if at in seen or not _wanted(identity, parts) or len(heads) > _SEEK_HEADS:
                continue
            seen.add(at)
            part = _named(window, identity, at)
            if part is not None:
                parts.append(part)
                if identity == ids.SEEK_HEAD:
                    heads.append(part)
    return seeks


def _wanted(identity: int, parts: list[Part]) -> bool:
    """Say whether a part that a SeekHead names is worth a read; Attachments behind the Clusters always are."""
    if identity == ids.ATTACHMENTS:
        return True
    met = {part.id for part in parts}
    if identity == ids.SEEK_HEAD:
        return ids.TRACKS not in met
    return identity in (ids.TRACKS, ids.INFO) and identity not in met


def _named(window: Window, identity: int, at: int) -> Part | None:
    """Return the part that a SeekHead puts `at`, None where something else is; a torn Tracks is Truncated."""
    try:
        part = part_at(window, at)
    except Error:
        if identity == ids.TRACKS:
            raise
        return None
    return part if part.id == identity and part.end != ebml.UNKNOWN else None


def _seeks(body: bytes) -> list[tuple[int, int]]:
    """Return (id, offset in the Segment) of each Seek of a SeekHead (RFC 9559, 5.1.1); of a damaged one, none."""
    found = []
    try:
        for identity, _, data, end in ebml.walk(body, 0, len(body), limit=_SEEKS):
            if identity == ids.SEEK:
                fields = {child: (start, stop) for child, _, start, stop in ebml.walk(body, data, end)}
                if ids.SEEK_ID in fields and ids.SEEK_POSITION in fields:
                    position = ebml.uint(body, *fields[ids.SEEK_POSITION])
                    found.append((ebml.uint(body, *fields[ids.SEEK_ID]), position))
    except Corrupt:
        return []
    return found


_kept_seeks = lru_cache(maxsize=64)(_seeks)
