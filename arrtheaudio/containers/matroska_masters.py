"""Takes Tracks and its TrackEntries apart, and says which of their elements are room for others."""

from collections import Counter
from collections.abc import Mapping, Sequence

from arrtheaudio.containers import ebml
from arrtheaudio.containers import matroska_ids as ids
from arrtheaudio.containers.matroska_layout import Part
from arrtheaudio.containers.matroska_room import Master
from arrtheaudio.containers.matroska_tracks import Entry
from arrtheaudio.errors import Corrupt

# Elements that mean nothing when they repeat their default (RFC 9559, 5.1.4.1), the least missed first.
_DEFAULTS = {
    ids.FLAG_LACING: 1,
    ids.FLAG_ENABLED: 1,
    ids.MIN_CACHE: 0,
    ids.CODEC_DECODE_ALL: 1,
    ids.MAX_BLOCK_ADDITION_ID: 0,
    ids.CODEC_DELAY: 0,
    ids.SEEK_PRE_ROLL: 0,
    ids.FLAG_FORCED: 0,
}


def of_tracks(part: Part, entries: Mapping[int, Entry]) -> tuple[Master, dict[int, int]]:
    """Return Tracks, and which of its children each of the `entries` is."""
    checksum, sealed, rest = _checksum(part, ebml.walk(part.body, 0, len(part.body), part.data), len(part.body))
    spare = tuple(at for at, (identity, *_) in enumerate(rest) if identity == ebml.VOID)
    master = Master(
        head=ids.TRACKS.to_bytes(4, "big"),
        width=part.data - part.start - 4,
        children=tuple(part.body[start:end] for _, start, _, end in rest),
        spare=spare,
        checksum=checksum,
        sealed=sealed,
    )
    places = {start: at for at, (_, start, *_) in enumerate(rest)}
    return master, {index: places[entry.start] for index, entry in entries.items()}


def of_entry(part: Part, entry: Entry, values: Mapping[int, bool]) -> Master:
    """Return a TrackEntry; the flags that stand in it have their new `values`, by element id.

    A flag without data (which means its default) is left out where it is to change: another is added in its place.
    """
    checksum, sealed, rest = _checksum(part, entry.children, entry.end)
    kept = [child for child in rest if child[0] not in values or child[2] < child[3]]
    children = []
    for identity, start, data, end in kept:
        value = values.get(identity)
        new = part.body[data:end] if value is None else int(value).to_bytes(end - data, "big")
        children.append(part.body[start:data] + new)
    return Master(
        head=ids.TRACK_ENTRY.to_bytes(1, "big"),
        width=entry.data - entry.start - 1,
        children=tuple(children),
        spare=_spare([child[0] for child in kept], children),
        # MediaInfo 23.04 reads a track anew from TrackNumber on: what stands before is lost on it.
        slot=max((at + 1 for at, child in enumerate(kept) if child[0] == ids.TRACK_NUMBER), default=0),
        checksum=checksum,
        sealed=sealed,
    )


def implied(master: Master) -> tuple[int, ...]:
    """Return which child of a TrackEntry is a FlagDefault of 1, which may go: its absence means the same."""
    flags = [at for at, child in enumerate(master.children) if child[0] == ids.FLAG_DEFAULT]
    return tuple(flags) if len(flags) == 1 and _value(master.children[flags[0]]) == b"\1" else ()


def _checksum(part: Part, children: Sequence[ebml.Element], end: int) -> tuple[bytes, bool, Sequence[ebml.Element]]:
    """Return a master's CRC-32 element, whether it is right, and the other children; `end` is where they end.

    Corrupt where it is not the first child (RFC 8794, 11.3.1), or is not of 4 bytes.
    """
    marks = [at for at, child in enumerate(children) if child[0] == ebml.CRC32]
    if not marks:
        return b"", False, children
    _, start, data, stop = children[0]
    if marks != [0] or stop - data != 4:
        raise Corrupt(f"a CRC-32 that is not the first child, or not of 4 bytes, at byte {part.data + start}")
    return part.body[start:stop], part.body[data:stop] == ebml.crc32(part.body[stop:end]), children[1:]


def _spare(identities: Sequence[int], children: Sequence[bytes]) -> tuple[int, ...]:
    """Return which children may go: each Void, then what repeats its default.

    Language may only where LanguageBCP47 overrides it, and it says what its absence does: elsewhere it is what the
    file says of its language, and not saying is not the same to every player.
    """
    voids = [at for at, identity in enumerate(identities) if identity == ebml.VOID]
    counts = Counter(identities)
    once = {identity: at for at, identity in enumerate(identities) if counts[identity] == 1}
    defaults = [
        once[identity] for identity in _DEFAULTS if identity in once and _repeats(identity, children[once[identity]])
    ]
    at = once.get(ids.LANGUAGE)
    if at is not None and ids.LANGUAGE_BCP47 in once and _value(children[at]) == b"eng":
        defaults.append(at)
    return (*voids, *defaults)


def _repeats(identity: int, child: bytes) -> bool:
    """Say whether an element says no more than its absence would; without data it means its default too."""
    value = _value(child)
    return not value or int.from_bytes(value, "big") == _DEFAULTS[identity]


def _value(child: bytes) -> bytes:
    """Return an element's data."""
    return child[ebml.head(child, 0)[2] :]
