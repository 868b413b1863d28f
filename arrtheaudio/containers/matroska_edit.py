"""Plans the edits of dispositions in Matroska: within Tracks and the Void right behind it, no offset moved.

An absent FlagDefault means 1, so that clearing it takes three more bytes. The first edit of a file writes FlagDefault
out on every audio track where there is room: each later one is then a byte, which no reader can see half done.
"""

from collections.abc import Iterable, Mapping, Sequence

from arrtheaudio.containers import ebml, matroska_layout, matroska_masters, matroska_tracks
from arrtheaudio.containers import matroska_ids as ids
from arrtheaudio.containers.edit import Edit, Plan, diff, single_bytes
from arrtheaudio.containers.matroska_layout import Layout, Part
from arrtheaudio.containers.matroska_room import Fit, Master, fit, lay
from arrtheaudio.containers.matroska_tracks import Entry
from arrtheaudio.containers.window import Window
from arrtheaudio.core.track import Change, Track
from arrtheaudio.core.value import Value
from arrtheaudio.errors import ChangedSinceProbe, Corrupt, Error, InvalidRecord, NoRoom, UnsupportedContainer

_FLAGS = {"default": ids.FLAG_DEFAULT, "forced": ids.FLAG_FORCED, "original": ids.FLAG_ORIGINAL}
# With more audio tracks than this, what is optional is written for all or for none: a try for each takes long.
_GREEDY = 64

Additions = dict[int, bytes]
"""The new elements of TrackEntries, by the track's index."""


class _Wish(Value):
    """An element that is written where there is room; `change` is what it makes, None for a FlagDefault of 1."""

    index: int  # type: ignore[assignment]  # tuple.index is not used
    element: bytes
    change: Change | None


class _Header(Value):
    """What a plan is made from: Tracks, the length of the Void behind it, and its audio TrackEntries by track index.

    `masters` have the new values of those flags that stand in the file; `places` says which child of Tracks each is.
    """

    part: Part
    tracks: Master
    behind: int
    entries: Mapping[int, Entry]
    masters: Mapping[int, Master]
    places: Mapping[int, int]

    def fit(self, additions: Additions, implied: bool) -> tuple[Fit, list[Master]] | None:
        """Return how Tracks holds the TrackEntries with their additions, and these.

        `implied` lets a FlagDefault of 1 be left out again.
        """
        before = [entry.end - entry.start for entry in self.entries.values()]
        masters = [
            master._replace(
                added=additions.get(index, b""),
                spare=master.spare + (matroska_masters.implied(master) if implied else ()),
            )
            for index, master in self.masters.items()
        ]
        found = fit(self.tracks, masters, before, self.behind)
        return None if found is None else (found, masters)

    def place(self, additions: Additions) -> tuple[Fit, list[Master]]:
        """Do as `fit`, with FlagDefault left out where it must be; NoRoom where that is not enough either."""
        found = self.fit(additions, False) or self.fit(additions, True)
        if found is None:
            more = sum(map(len, additions.values()))
            raise NoRoom(f"Tracks at byte {self.part.start} has no room for {more} more bytes")
        return found


def plan(window: Window, changes: Sequence[Change]) -> Plan:
    """Return the edits that make the changes of audio tracks. NoRoom where a needed one does not fit.

    A change to `original` is optional: without room for it, the plan is made without it, and says so.
    """
    layout = matroska_layout.find(window)
    (part, *_) = layout.all(ids.TRACKS)
    entries, tracks = matroska_tracks.read(part.body, part.data)
    asked = _asked(tracks, changes)
    if not asked:
        return Plan()
    _refuse(layout, part)
    audio = {track.index: entry for track, entry in zip(tracks, entries, strict=True) if track.type == "audio"}
    header = _header(window, layout, part, audio, asked)
    additions, left_out = _choose(header, asked)
    made = tuple(change for change in asked if change not in left_out)
    notes = tuple(_notes(window, layout, header, left_out))
    return Plan(_edits(window, header, additions), made, notes) if made else Plan(notes=notes)


def _asked(tracks: Sequence[Track], changes: Sequence[Change]) -> list[Change]:
    """Return the changes that the file does not have already."""
    asked = {}
    for change in changes:
        if not 0 <= change.index < len(tracks):
            raise ChangedSinceProbe(f"there is no track {change.index}")
        track = tracks[change.index]
        if track.type != "audio" or change.disposition not in _FLAGS:
            raise InvalidRecord(f"{change.disposition} of {track.type} track {change.index} is not changed here")
        asked[change.index, change.disposition] = change._replace(before=getattr(track, change.disposition))
    return [change for change in asked.values() if change.before != change.after]


def _refuse(layout: Layout, part: Part) -> None:
    """Raise where an edit of Tracks might leave the file worse than it is."""
    tracks = layout.all(ids.TRACKS)
    if len(tracks) > 1:
        first, second = (other.start for other in tracks[:2])
        raise UnsupportedContainer(f"several Tracks, at bytes {first} and {second}{' and on' * (len(tracks) > 2)}")
    if layout.all(ebml.CRC32):
        raise UnsupportedContainer("the Segment has a CRC-32, which covers the whole file")
    for identity, at in layout.seeks:
        if identity == ids.TRACKS and at != part.start:
            raise Corrupt(f"a SeekHead puts Tracks at byte {at}; it is at byte {part.start}")
    if part.end > layout.end:
        raise Corrupt(f"Tracks at byte {part.start} runs past its Segment, to byte {part.end}")


def _header(window: Window, layout: Layout, part: Part, audio: Mapping[int, Entry], asked: Sequence[Change]) -> _Header:
    values: dict[int, dict[int, bool]] = {index: {} for index in audio}
    for change in asked:
        values[change.index][_FLAGS[change.disposition]] = change.after
    masters = {index: matroska_masters.of_entry(part, entry, values[index]) for index, entry in audio.items()}
    tracks, places = matroska_masters.of_tracks(part, audio)
    return _Header(part, tracks, _void_behind(window, layout, part), audio, masters, places)


def bounds(window: Window) -> tuple[int, int]:
    """Return where Tracks and the Void right behind it start and end."""
    layout = matroska_layout.find(window)
    (part, *_) = layout.all(ids.TRACKS)
    return part.start, part.end + _void_behind(window, layout, part)


def _void_behind(window: Window, layout: Layout, part: Part) -> int:
    """Return the length of the Void right behind Tracks, 0 where there is none."""
    end = min(layout.end, window.size)
    try:
        behind = matroska_layout.part_at(window, part.end) if part.end < end else None
    except Error:
        return 0
    if behind is None or behind.id != ebml.VOID or not behind.data <= behind.end <= end:
        return 0
    return behind.end - behind.start


def _choose(header: _Header, asked: Sequence[Change]) -> tuple[Additions, list[Change]]:
    """Return what is added to which TrackEntry, and the changes that are left out for want of room."""
    needed, wishes = _wanted(header, asked)
    everything = _with(needed, wishes)
    if header.fit(everything, False):
        return everything, []
    header.place(needed)
    left_out = []
    for wish in wishes:
        more = _with(needed, [wish])
        tried = len(header.masters) <= _GREEDY
        if tried and (header.fit(more, False) or (wish.change and header.fit(more, True))):
            needed = more
        elif wish.change:
            left_out.append(wish.change)
    return needed, left_out


def _wanted(header: _Header, asked: Sequence[Change]) -> tuple[Additions, list[_Wish]]:
    """Return the elements that must be added, and those that are where there is room, the first the most wanted."""
    needed: Additions = {}
    wishes = []
    for change in asked:
        flag = _FLAGS[change.disposition]
        if any(identity == flag and data < end for identity, _, data, end in header.entries[change.index].children):
            continue
        element = flag.to_bytes((flag.bit_length() + 7) // 8, "big") + bytes((0x81, change.after))
        if change.disposition == "original":
            wishes.append(_Wish(change.index, element, change))
        else:
            needed[change.index] = needed.get(change.index, b"") + element
    cleared = {change.index for change in asked if change.disposition == "default"}
    for index, entry in header.entries.items():
        if index not in cleared and ids.FLAG_DEFAULT not in entry.fields:
            wishes.append(_Wish(index, bytes((ids.FLAG_DEFAULT, 0x81, 1)), None))
    return needed, wishes


def _with(additions: Additions, wishes: Iterable[_Wish]) -> Additions:
    more = dict(additions)
    for wish in wishes:
        more[wish.index] = more.get(wish.index, b"") + wish.element
    return more


def _edits(window: Window, header: _Header, additions: Additions) -> tuple[Edit, ...]:
    """Return the edits; where each is one byte, a flag is set before another is cleared."""
    after = _laid(header, additions)
    part = header.part
    before = window.read(part.start, part.data - part.start) + part.body
    before += window.read(part.end, len(after) - len(before))
    edits = diff(part.start, before, after)
    return tuple(sorted(edits, key=lambda edit: edit.after == b"\0")) if single_bytes(edits) else edits


def _laid(header: _Header, additions: Additions) -> bytes:
    """Return the new bytes from the start of Tracks on, with the head of what is left of the Void behind it."""
    found, masters = header.place(additions)
    children = list(header.tracks.children)
    for at, master, form in zip(header.places.values(), masters, found.entries, strict=True):
        children[at] = lay(master, form)
    tracks = lay(header.tracks._replace(children=tuple(children)), found.tracks)
    return tracks + (ebml.void_head(found.behind) if found.behind else b"")


def _notes(window: Window, layout: Layout, header: _Header, left_out: Sequence[Change]) -> Iterable[str]:
    """Yield what a person should know of the file."""
    for change in left_out:
        yield f"no room for FlagOriginal on track {change.index}; it is left as it is"
    if header.tracks.checksum and not header.tracks.sealed:
        yield f"the CRC-32 of Tracks at byte {header.part.start} was wrong before, and is left as it is"
    for index, master in header.masters.items():
        if master.checksum and not master.sealed:
            yield f"the CRC-32 of track {index}'s TrackEntry was wrong before, and is left as it is"
    if layout.end > window.size:
        yield f"the file ends {layout.end - window.size} bytes before its Segment does"
