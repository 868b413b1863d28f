"""Headers that are made to cost: a probe and a plan take bounded time, memory and reads whatever the bytes."""

import io
import tracemalloc
import zlib
from collections.abc import Callable
from random import Random

import bmff_builder as iso
import fuzz_oracles as oracles
import matroska_builder as mkv
import pytest

from arrtheaudio.containers import ebml, sniff
from arrtheaudio.containers import matroska_ids as ids
from arrtheaudio.containers.window import LIMIT, Window
from arrtheaudio.core.track import Change
from arrtheaudio.errors import Error


def _many(entry: Callable[[Random], bytes], count: int) -> bytes:
    random = Random(1)
    return mkv.movie(mkv.tracks(*(entry(random) for _ in range(count))))


def _audio(*more: bytes) -> bytes:
    return mkv.element(ids.TRACK_ENTRY, mkv.uint(ids.TRACK_TYPE, 2) + mkv.text(ids.CODEC_ID, "A_X") + b"".join(more))


def _language(subtags: int, length: int) -> Callable[[Random], bytes]:
    def entry(random: Random) -> bytes:
        words = ("".join(random.choices("abcdefghij", k=length)) for _ in range(subtags))
        return _audio(mkv.text(ids.LANGUAGE_BCP47, "-".join(words)))

    return entry


def _seeks(identity: int) -> bytes:
    return mkv.movie(mkv.tracks(_audio()), mkv.seek_head(*((identity, at) for at in range(0, 60_000, 30))))


def _trak(number: int) -> bytes:
    tkhd = iso.full(b"tkhd", bytes(8), number.to_bytes(4, "big"), bytes(68), flags=number % 2)
    return iso.box(b"trak", tkhd, iso.box(b"mdia", iso.box(b"hdlr", bytes(8), b"soun")))


def _movie(*inside: bytes) -> bytes:
    return iso.box(b"ftyp", b"isom", bytes(4)) + iso.box(b"moov", *inside)


def _bomb() -> bytes:
    packed = zlib.compress(bytes(60 << 20), 9)
    cmvd = iso.box(b"cmvd", (60 << 20).to_bytes(4, "big"), packed)
    return _movie(iso.box(b"cmov", iso.box(b"dcom", b"zlib"), cmvd))


def _nested(kind: bytes, depth: int) -> bytes:
    inside = b""
    for _ in range(depth):
        inside = iso.box(kind, inside)
    return inside


HOSTILE: dict[str, Callable[[], bytes]] = {
    "thousands of tracks": lambda: _many(lambda _: _audio(), 3000),
    "tracks with room": lambda: _many(lambda _: _audio(mkv.void(2) * 60), 480),
    "languages of many subtags": lambda: _many(_language(50, 1), 500),
    "languages of long subtags": lambda: _many(_language(11, 8), 500),
    "languages like languages": lambda: _many(_language(25, 3), 500),
    "elements without data": lambda: mkv.movie(mkv.void(2) * 30_000, mkv.tracks(_audio())),
    "children without data": lambda: _many(lambda _: _audio(mkv.void(2) * 30_000), 1),
    "seeks of Attachments": lambda: _seeks(ids.ATTACHMENTS),
    "seeks of SeekHeads": lambda: _seeks(ids.SEEK_HEAD),
    "nested masters": lambda: _many(lambda _: _nest_tracks(4000), 1),
    "traks": lambda: _movie(*(_trak(number) for number in range(480))),
    "boxes without data": lambda: _movie(iso.box(b"free") * 8000),
    "boxes at the top": lambda: iso.box(b"ftyp", b"isom", bytes(4)) + iso.box(b"free") * 8000,
    "nested boxes": lambda: _movie(_nested(b"trak", 8000)),
    "nested udta": lambda: _movie(_nested(b"udta", 2000), _nested(b"meta", 2000), _nested(b"ilst", 2000)),
    "a decompression bomb": _bomb,
}


def _nest_tracks(depth: int) -> bytes:
    inside = b""
    for _ in range(depth):
        inside = mkv.element(ids.TRACK_ENTRY, inside)
    return inside


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_bytes_take_bounded_time(kind: str) -> None:
    data = HOSTILE[kind]()
    assert len(data) <= 2 << 16
    oracles.check(data, Random(3))
    with oracles.bounded():
        _read_and_plan(data)


# To trace memory is slow: these are the ones that might take much.
@pytest.mark.parametrize("kind", ["a decompression bomb", "boxes without data", "children without data", "traks"])
def test_hostile_bytes_take_bounded_memory(kind: str) -> None:
    data = HOSTILE[kind]()
    tracemalloc.start()
    try:
        _read_and_plan(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 << 20


def _read_and_plan(data: bytes) -> None:
    """Do as `process` does, with the last audio track as the new default one."""
    file = oracles.Bytes(data)
    codec = sniff(data[:4096])
    try:
        tracks = codec.probe(file.window()).tracks
        audio = [track for track in tracks if track.type == "audio"]
        codec.plan(file.window(), [Change(at.index, "default", at.default, at is audio[-1]) for at in audio])
    except Error:
        pass
    assert file.fetched() <= 2 * LIMIT


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(mkv.header() + mkv.segment(b"\x16\x54\xae\x6b\x08" + b"\xff" * 4), id="Tracks"),
        pytest.param(mkv.header() + mkv.segment(b"\x15\x49\xa9\x66\x08" + b"\xff" * 4), id="Info"),
        pytest.param(_movie()[:-8] + b"\xff\xff\xff\xffmoov", id="moov"),
    ],
)
def test_a_size_is_no_reason_to_reserve_memory(data: bytes) -> None:
    tracemalloc.start()
    try:
        oracles.check(data, Random(1))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


class Vast(io.RawIOBase):
    """A file with a hole of gigabytes between two parts, which must not be read."""

    def __init__(self, before: bytes, hole: int, after: bytes) -> None:
        """Stand at the start."""
        self.before, self.after = before, after
        self.resumes = len(before) + hole
        self.size = self.resumes + len(after)
        self.fetched = 0
        self._at = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to an offset."""
        assert whence == 0
        self._at = offset
        return offset

    def read(self, length: int = -1) -> bytes:
        """Return `length` bytes; a little of the hole may be read ahead."""
        start, end = self._at, self._at + length
        assert end <= len(self.before) + 4096 or start >= self.resumes, f"read {length} bytes of the hole at {start}"
        self.fetched += length
        self._at = end
        if start >= self.resumes:
            return self.after[start - self.resumes : end - self.resumes]
        return self.before[start:end].ljust(length, b"\0")


HOLE = 3 << 30
_ENTRIES = (mkv.entry(1, 1, "V_VP9"), mkv.entry(2, 2, "A_AC3", mkv.void(20)), mkv.entry(3))
_ATTACHED = mkv.element(
    ids.ATTACHMENTS,
    mkv.element(
        ids.ATTACHED_FILE,
        mkv.text(ids.FILE_NAME, "a.ttf")
        + mkv.text(ids.FILE_MEDIA_TYPE, "font/ttf")
        + mkv.element(ids.FILE_DATA, b"x" * 9000),
    ),
)


def _vast_matroska(front: bytes, back: bytes, named: int) -> Vast:
    """Return a file with a Cluster of gigabytes; a SeekHead names the element behind it."""
    cluster = b"\x1f\x43\xb6\x75" + ebml.size(HOLE, 8)
    seek_length = len(mkv.seek_head((named, 0)))
    inside = seek_length + len(front) + len(cluster) + HOLE
    before = mkv.seek_head((named, inside)) + front + cluster
    segment = b"\x18\x53\x80\x67" + ebml.size(inside + len(back), 8)
    return Vast(mkv.header() + segment + before, HOLE, back)


def _vast_mp4(moov: bytes, *, at_end: bool) -> Vast:
    mdat = b"\0\0\0\1mdat" + (16 + HOLE).to_bytes(8, "big")
    ftyp = iso.box(b"ftyp", b"isom", bytes(4))
    return Vast(ftyp + mdat, HOLE, moov) if at_end else Vast(ftyp + moov + mdat, HOLE, b"")


_MOOV = iso.box(b"moov", _trak(1), _trak(2), _trak(3))
VAST: dict[str, tuple[Callable[[], Vast], int]] = {
    "Tracks before the Cluster": (lambda: _vast_matroska(mkv.tracks(*_ENTRIES), mkv.void(90), ebml.VOID), 3),
    "Tracks behind the Cluster": (lambda: _vast_matroska(mkv.info(), mkv.tracks(*_ENTRIES), ids.TRACKS), 3),
    "Attachments behind it": (lambda: _vast_matroska(mkv.tracks(*_ENTRIES), _ATTACHED, ids.ATTACHMENTS), 4),
    "moov before mdat": (lambda: _vast_mp4(_MOOV, at_end=False), 3),
    "moov behind mdat": (lambda: _vast_mp4(_MOOV, at_end=True), 3),
}


@pytest.mark.parametrize("kind", VAST)
def test_what_is_between_the_headers_is_never_read(kind: str) -> None:
    make, tracks = VAST[kind]
    file = make()
    codec = sniff(file.before[:4096])
    found = codec.probe(Window(file, file.size)).tracks  # type: ignore[arg-type]  # all of BinaryIO that it uses
    assert len(found) == tracks
    codec.plan(Window(file, file.size), [Change(1, "default", found[1].default, not found[1].default)])  # type: ignore[arg-type]
    assert file.fetched < 64 << 10
