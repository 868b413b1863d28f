"""What must hold for any bytes: a probe or a named error, in bounded time, and edits that stay where they belong.

Where an edit belongs is found by walkers of its own, not by the codecs.
"""

import functools
import json
import signal
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from types import FrameType

from jsonschema import Draft202012Validator

from arrtheaudio.commands import schema
from arrtheaudio.containers import Codec, Probe, sniff
from arrtheaudio.containers.edit import Edit, Plan
from arrtheaudio.containers.window import LIMIT, Window
from arrtheaudio.core.track import Change, Track, changed
from arrtheaudio.errors import CODES, Error, Internal

SECONDS = 2.0  # of CPU, that one probe or plan of 64 KiB may take
MESSAGE = 300  # characters

TRACKS, SEGMENT, SEEK_HEAD, SEEK, SEEK_ID, SEEK_POSITION = 0x1654AE6B, 0x18538067, 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
VOID, CRC32, TRACK_ENTRY = 0xEC, 0xBF, 0xAE
EBML_MAGIC = b"\x1a\x45\xdf\xa3"

Element = tuple[int, int, int, int]
"""(id, start, data, end)"""


class Bytes:
    """A file in memory that remembers what was read of it, as (offset, length)."""

    def __init__(self, data: bytes) -> None:
        """Stand at the start."""
        self.data = data
        self.reads: list[tuple[int, int]] = []
        self._at = 0

    def seek(self, offset: int) -> int:
        """Go to an offset."""
        self._at = offset
        return offset

    def read(self, length: int) -> bytes:
        """Return up to `length` bytes."""
        self.reads.append((self._at, length))
        part = self.data[self._at : self._at + length]
        self._at += len(part)
        return part

    def window(self) -> Window:
        """Return a fresh look at it."""
        return Window(self, len(self.data))  # type: ignore[arg-type]  # all of BinaryIO that a Window uses

    def fetched(self) -> int:
        """Return how many bytes were asked for."""
        return sum(length for _, length in self.reads)


@contextmanager
def bounded(seconds: float = SECONDS) -> Iterator[None]:
    """Fail what takes more CPU than that, in the middle of it: a loop without an end too."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"took more than {seconds} s of CPU")

    # Of CPU, not of the clock: other tests run beside this one.
    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@functools.cache
def _validator() -> Draft202012Validator:
    whole = json.loads(schema.record_text())
    return Draft202012Validator({"$ref": "#/$defs/probe", "$defs": whole["$defs"]})


def check(data: bytes, random: Random) -> str:
    """Assert it all for these bytes, with changes drawn from `random`; return what came of it, in a word or two."""
    file = Bytes(data)
    try:
        with bounded():
            codec = sniff(data[:4096])
            probe = codec.probe(file.window())
    except Error as error:
        outcome = _named(error)
        if outcome != "not_media":
            _check_damaged(data, random)
        return outcome
    finally:
        assert file.fetched() <= LIMIT, f"read {file.fetched()} bytes"
    _check_probe(probe)
    return f"probe, {_check_plan(codec, data, probe, draw(probe.tracks, random))}"


def _check_damaged(data: bytes, random: Random) -> None:
    """Assert that even where the tracks cannot be read, an edit is planned in its place alone, if at all."""
    try:
        with bounded():
            plan = sniff(data[:4096]).plan(Bytes(data).window(), draw((), random))
    except Error as error:
        _named(error)
    else:
        _check_places(data, plan)


def _named(error: Error) -> str:
    assert not isinstance(error, Internal), error
    assert error.code in CODES
    message = str(error)
    assert message, type(error)
    assert len(message) <= MESSAGE, message
    assert message.isprintable(), ascii(message)
    return type(error).__name__ if error.code == "internal" else error.code


@functools.lru_cache(maxsize=64)  # a sample that is cut off at each length has the same tracks thousands of times
def _check_probe(probe: Probe) -> None:
    as_read = json.loads(json.dumps(probe.to_dict(), allow_nan=False))
    for fault in _validator().iter_errors(as_read):
        raise AssertionError(f"{list(fault.path)}: {fault.message:.200}")
    assert [track.index for track in probe.tracks] == list(range(len(probe.tracks)))
    assert tuple(Track.from_dict(track) for track in as_read["tracks"]) == probe.tracks


def draw(tracks: Sequence[Track], random: Random) -> list[Change]:
    """Return some changes: as `choose` asks for them, or any."""
    audio = [track for track in tracks if track.type == "audio"]
    if audio and random.random() < 0.7:
        chosen = random.choice(audio)
        others = audio if random.random() < 0.8 else [chosen]
        changes = [Change(track.index, "default", track.default, track is chosen) for track in others]
        changes += [Change(track.index, "forced", True, False) for track in others if track.forced]
        if random.random() < 0.3:
            changes += [Change(track.index, "original", track.original, track is chosen) for track in others]
        return [change for change in changes if change.before != change.after]
    indexes = [track.index for track in audio or tracks] + ([random.randrange(-1, 99)] if random.random() < 0.1 else [])
    return [
        Change(
            random.choice(indexes or [0]),
            random.choice(("default", "default", "forced", "original")),
            random.random() < 0.5,
            random.random() < 0.5,
        )
        for _ in range(random.randrange(4))
    ]


def _check_plan(codec: Codec, data: bytes, probe: Probe, changes: Sequence[Change]) -> str:
    try:
        with bounded():
            plan = codec.plan(Bytes(data).window(), changes)
    except Error as error:
        return _named(error)
    assert changes or not plan.edits, plan
    if not plan.edits:
        return "no edits"
    _check_places(data, plan)
    edited = apply(data, plan.edits)
    assert codec.probe(Bytes(edited).window()) == probe._replace(tracks=changed(probe.tracks, plan.changes)), plan
    assert apply(edited, [edit.reversed() for edit in reversed(plan.edits)]) == data
    assert codec.plan(Bytes(edited).window(), plan.changes).edits == (), "the second plan has edits"
    _check_wishes(changes, plan)
    for before, after in zip(_sealed(data), _sealed(edited), strict=True):
        assert after or not before, "a CRC-32 that was right is wrong"
    return "edits"


def _check_wishes(changes: Sequence[Change], plan: Plan) -> None:
    """Assert that of what was asked nothing is left out in silence, and the last word on a disposition counts."""
    made = {(change.index, change.disposition): change.after for change in plan.changes}
    asked = {(change.index, change.disposition): change.after for change in changes}
    assert plan.notes or all(made.get(key, after) == after for key, after in asked.items()), (changes, plan)


def _check_places(data: bytes, plan: Plan) -> None:
    places = ranges(data) if plan.edits else []
    first = min((edit.offset for edit in plan.edits), default=0)
    last = max((edit.offset + len(edit.before) for edit in plan.edits), default=0)
    assert not plan.edits or any(start <= first and last <= end for start, end in places), (first, last, places)
    for edit in plan.edits:
        assert len(edit.after) == len(edit.before) > 0, edit
        assert data[edit.offset : edit.offset + len(edit.before)] == edit.before != edit.after, edit
    if not data.startswith(EBML_MAGIC):
        _check_headers(data, plan)
    # None touches what another does: they hold in any order.
    assert sum(len(edit.before) for edit in plan.edits) == len(
        {at for edit in plan.edits for at in range(edit.offset, edit.offset + len(edit.before))}
    )


def _check_headers(data: bytes, plan: Plan) -> None:
    """Assert that in MP4 nothing changes but track_enabled and alternate_group (ISO/IEC 14496-12, 8.3.2)."""
    ((start, end),) = ranges(data)
    traks = [box for _, _, inner, stop in boxes(data, start, end) for box in boxes(data, inner, stop)]
    headers = [box[2] for trak in traks if trak[0] == b"trak" for box in boxes(data, *trak[2:]) if box[0] == b"tkhd"]
    flags = {at + 3 for at in headers}
    groups = {at + (46 if data[at] else 34) + byte for at in headers for byte in (0, 1)}
    for at, before, after in plan.edits:
        assert at in groups or (at in flags and before[0] ^ after[0] == 1), (at, before, after)
        assert len(before) == 1


def apply(data: bytes, edits: Sequence[Edit]) -> bytes:
    """Return the bytes with the edits made."""
    new = bytearray(data)
    for edit in edits:
        new[edit.offset : edit.offset + len(edit.after)] = edit.after
    return bytes(new)


def ranges(data: bytes) -> list[tuple[int, int]]:
    """Return where a file may be edited: Tracks with the Void right behind it, or moov."""
    if data.startswith(EBML_MAGIC):
        return [(start, _behind(data, end)) for start, end in _tracks(data)]
    return [(start, end) for kind, start, _, end in boxes(data, 0, len(data)) if kind == b"moov"][:1]


def _behind(data: bytes, end: int) -> int:
    following = next(elements(data, end, len(data)), None)
    return following[3] if following and following[0] == VOID else end


def _tracks(data: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Yield where a Tracks is: on level 1, and where a SeekHead says so."""
    segment = next((element for element in elements(data, 0, len(data)) if element[0] == SEGMENT), None)
    if segment is None:
        return
    found = list(elements(data, segment[2], segment[3]))
    seen = set()
    for identity, start, inner, end in found:  # grows
        if identity == TRACKS:
            yield start, end
        for child in elements(data, inner, end) if identity == SEEK_HEAD else ():
            fields = {field[0]: data[field[2] : field[3]] for field in elements(data, child[2], child[3])}
            at = segment[2] + int.from_bytes(fields.get(SEEK_POSITION, b""))
            if child[0] == SEEK and at not in seen and at < len(data):
                seen.add(at)
                found += list(elements(data, at, len(data)))[:1]


def _sealed(data: bytes) -> list[bool]:
    return [data[at : at + 4] == right for at, right in seals(data)]


def seals(data: bytes | bytearray) -> Iterator[tuple[int, bytes]]:
    """Yield where each CRC-32 of a TrackEntry and of Tracks is, and what it should be (RFC 8794, 11.3.1).

    Each is computed when it is asked for, the inner ones first: it counts for those around it.
    """
    for start, end in _tracks(data) if data.startswith(EBML_MAGIC) else ():
        inner = next(elements(data, start, end))[2]
        for identity, _, entry, last in elements(data, inner, end):
            if identity == TRACK_ENTRY:
                yield from _seal(data, entry, last)
        yield from _seal(data, inner, end)


def _seal(data: bytes | bytearray, inner: int, end: int) -> Iterator[tuple[int, bytes]]:
    first = next(elements(data, inner, end), None)
    if first and first[0] == CRC32 and first[3] - first[2] == 4:
        yield first[2], zlib.crc32(data[first[3] : end]).to_bytes(4, "little")


def elements(data: bytes | bytearray, at: int, end: int) -> Iterator[Element]:
    """Yield EBML elements up to the first that is damaged; one without a size goes on to the end."""
    while at < min(end, len(data)):
        id_width = 9 - data[at].bit_length()
        size_at = at + id_width
        if id_width > 4 or size_at >= len(data) or not data[size_at]:
            return
        inner = size_at + 9 - data[size_at].bit_length()
        ones = (1 << 7 * (inner - size_at)) - 1
        size = int.from_bytes(data[size_at:inner]) & ones
        stop = end if size == ones else inner + size
        yield int.from_bytes(data[at:size_at]), at, inner, stop
        at = stop


Box = tuple[bytes, int, int, int]
"""(type, start, data, end)"""


def boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    """Yield ISO boxes up to the first that is damaged."""
    while at + 8 <= end:
        size, kind, inner = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], at + 8
        if size == 1:
            size, inner = int.from_bytes(data[at + 8 : at + 16]), at + 16
        stop = end if size == 0 else at + size
        if stop < inner or stop > end:
            return
        yield kind, at, inner, stop
        at = stop
