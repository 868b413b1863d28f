"""Any bytes give a probe or a named error, in bounded time and memory, and an edit stays where it belongs.

For hours instead of seconds: `python tests/fuzzing.py --help`.
"""

import io
import itertools
import json
import os
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import bmff_builder as iso
import fuzz_oracles as oracles
import fuzzing
import matroska_builder as mkv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio.containers import ebml, sniff
from arrtheaudio.containers import matroska_ids as ids
from arrtheaudio.containers.bmff import name
from arrtheaudio.containers.edit import diff
from arrtheaudio.containers.window import LIMIT, Window
from arrtheaudio.core.track import Change
from arrtheaudio.errors import Error, UnsupportedContainer

SECONDS = 4.0  # for each batch of inputs with a fresh seed
INPUTS = 400  # in each batch with a fixed one


@pytest.fixture(scope="session")
def corpus(samples: Mapping[str, Path]) -> list[fuzzing.Sample]:
    """Return what the inputs are made of."""
    assert samples
    return fuzzing.corpus()


def _judge(failures: Sequence[fuzzing.Failure], folder: Path) -> None:
    if failures:
        first = failures[0]
        pytest.fail(f"{len(failures)} failed; {first.sample}, seed {first.seed}, {first.save(folder)}: {first.why}")


@pytest.mark.parametrize("first", range(0, 4 * INPUTS, INPUTS))
def test_damaged_samples(corpus: list[fuzzing.Sample], tmp_path: Path, first: int) -> None:
    tried = [fuzzing.attempt(seed, *fuzzing.make(seed, corpus)) for seed in range(first, first + INPUTS)]
    _judge([failure for failure in tried if isinstance(failure, fuzzing.Failure)], tmp_path)
    # Else the damage would be such that nothing but the first error is tested.
    assert tried.count("probe, edits") > INPUTS / 10
    assert tried.count("corrupt") > INPUTS / 10


@pytest.mark.parametrize("batch", range(2))
def test_samples_damaged_anew(corpus: list[fuzzing.Sample], tmp_path: Path, batch: int) -> None:
    seeds = itertools.count((time.time_ns() // 10**9 * 2 + batch) * 10**6)
    outcomes, failures = fuzzing.run(seeds, SECONDS, corpus)
    _judge(failures, tmp_path)
    assert outcomes["probe, edits"]


@pytest.mark.parametrize("part", range(8))
def test_torn_samples(corpus: list[fuzzing.Sample], tmp_path: Path, part: int) -> None:
    # All of them at every length take minutes: python tests/fuzzing.py --torn
    _judge([failure for sample in corpus[part::8] for failure in fuzzing.torn(sample, stride=307)], tmp_path)


WHOLE = (
    "three-audio.ffmpeg.mkv",
    "attachments.mkvmerge.mkv",
    "fragmented.mp4",
    "faststart.mp4",
    "compressed-moov.mov",
)


@pytest.mark.parametrize("sample", WHOLE)
def test_a_sample_torn_at_every_length(corpus: list[fuzzing.Sample], tmp_path: Path, sample: str) -> None:
    (found,) = (each for each in corpus if each.name == sample)
    _judge(list(fuzzing.torn(found)), tmp_path)


STARTS = {
    "EBML": oracles.EBML_MAGIC,
    "EBML header": mkv.header(),
    "Segment": mkv.header() + b"\x18\x53\x80\x67\x01" + b"\xff" * 7,
    "Tracks": mkv.header() + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + b"\x16\x54\xae\x6b\x84",
    "ftyp": iso.box(b"ftyp", b"isom", bytes(4)),
    "moov": b"\0\0\0\0moov",
    "trak": b"\0\0\0\0moov\0\0\0\0trak",
    "stsd": b"\0\0\0\0moov\0\0\0\0trak\0\0\0\0mdia\0\0\0\0minf\0\0\0\0stbl\0\0\0\0stsd",
    "udta": b"\0\0\0\0moov\0\0\0\0udta",
    "nothing": b"",
}


@pytest.mark.parametrize("start", STARTS)
@given(rest=st.binary(max_size=300), seed=st.integers(0, 2**32))
def test_any_bytes(start: str, rest: bytes, seed: int) -> None:
    oracles.check(STARTS[start] + rest, Random(seed))


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


@pytest.mark.parametrize("kind", HOSTILE)
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


def _slow_diff(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the bytes differ, a run on from the one before where up to 8 bytes between them are equal."""
    runs: list[list[int]] = []
    for at in [at for at, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]:
        if runs and at - runs[-1][1] <= 8:
            runs[-1][1] = at + 1
        else:
            runs.append([at, at + 1])
    yield from ((start, end) for start, end in runs)


@given(
    before=st.lists(st.tuples(st.integers(0, 30), st.binary(min_size=1, max_size=3)), max_size=8),
    tail=st.integers(0, 30),
    seed=st.binary(max_size=20),
)
def test_diff_finds_what_a_look_at_each_byte_does(before: list[tuple[int, bytes]], tail: int, seed: bytes) -> None:
    differ = b"".join(bytes(gap) + run for gap, run in before) + bytes(tail)
    old = (seed * len(differ) + bytes(len(differ)))[: len(differ)]
    new = bytes(byte ^ change for byte, change in zip(old, differ, strict=True))
    edits = diff(7, old, new)
    assert [(edit.offset - 7, edit.offset - 7 + len(edit.before)) for edit in edits] == list(_slow_diff(old, new))
    assert oracles.apply(bytes(7) + old, edits) == bytes(7) + new


def test_diff_of_megabytes_is_quick() -> None:
    old = Random(1).randbytes(8 << 20)
    with oracles.bounded(1.0):
        (edit,) = diff(0, old, b"\0\0\0" + old[:-3])
    assert len(edit.before) == len(old)


# What the fuzzer found, each mended where it says


def test_a_message_has_no_control_characters_of_a_box_type() -> None:
    assert name(b"m\x1b\0\n") == r"m\x1b\x00\n"
    assert name(b"\xa9nam") == "©nam"


def test_a_message_does_not_name_each_of_thousands_of_tracks() -> None:
    data = mkv.movie(*[mkv.tracks(_audio())] * 300)
    with pytest.raises(UnsupportedContainer) as caught:
        sniff(data).plan(oracles.Bytes(data).window(), [Change(0, "default", True, False)])
    assert len(str(caught.value)) < 100


# The program as a whole


def _sparse(start: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(start)
        os.truncate(path, 10 << 30)

    return make


GARBAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "not_media"),
    "a byte": (lambda path: path.write_bytes(b"\x1a"), "not_media"),
    "the EBML magic alone": (lambda path: path.write_bytes(oracles.EBML_MAGIC), "truncated"),
    "an EBML header alone": (lambda path: path.write_bytes(mkv.header()), "truncated"),
    "ftyp alone": (lambda path: path.write_bytes(iso.box(b"ftyp", b"isom", bytes(4))), "corrupt"),
    "ftyp cut off": (lambda path: path.write_bytes(b"\0\0\0\x20ftyp"), "truncated"),
    "ones": (lambda path: path.write_bytes(b"\xff" * 100_000), "not_media"),
    "zeros": (lambda path: path.write_bytes(bytes(100_000)), "not_media"),
    "text": (lambda path: path.write_text("#EXTM3U\nhttp://127.0.0.1:9/a.mkv\n"), "not_media"),
    "10 GB of zeros behind the EBML magic": (_sparse(oracles.EBML_MAGIC), "corrupt"),
    "10 GB of zeros behind an EBML header": (_sparse(mkv.header()), "corrupt"),
    "10 GB of zeros behind ftyp": (_sparse(iso.box(b"ftyp", b"isom", bytes(4))), "corrupt"),
    "10 GB of zeros": (_sparse(b""), "not_media"),
    "a folder": (lambda path: path.mkdir(), "not_a_file"),
    "a FIFO": (lambda path: os.mkfifo(path), "not_a_file"),
    "a link to a device": (lambda path: path.symlink_to("/dev/zero"), "not_a_file"),
    "a link to itself": (lambda path: path.symlink_to(path), "io_error"),
    "nothing": (lambda _: None, "not_found"),
}
QUICKLY = 20.0  # seconds, on a busy machine


@pytest.mark.parametrize("command", ["probe", "process"])
def test_garbage_gives_one_error_each(
    run: Callable[..., object], records: Callable[[bytes], list[dict[str, object]]], tmp_path: Path, command: str
) -> None:
    # `process` looks for files in a folder.
    kinds = {kind: row for kind, row in GARBAGE.items() if (command, kind) != ("process", "a folder")}
    lines = b""
    for at, (make, _) in enumerate(kinds.values()):
        path = tmp_path / f"{at}.mkv"
        make(path)
        lines += json.dumps({"path": str(path)}).encode() + b"\n"
    start = time.monotonic()
    done = run(command, input=lines, status=1)
    assert time.monotonic() - start < QUICKLY
    found = records(done.stdout)  # type: ignore[attr-defined]
    codes = [record["error"]["code"] for record in found]  # type: ignore[index]
    assert dict(zip(kinds, codes, strict=True)) == {kind: code for kind, (_, code) in kinds.items()}


@pytest.mark.parametrize("command", ["probe", "process"])
@pytest.mark.parametrize("kind", ["empty", "ones", "a FIFO", "a link to a device", "10 GB of zeros behind ftyp"])
def test_garbage_given_as_a_file(
    run: Callable[..., object],
    records: Callable[[bytes], list[dict[str, object]]],
    tmp_path: Path,
    kind: str,
    command: str,
) -> None:
    make, code = GARBAGE[kind]
    make(tmp_path / "it.mkv")
    (record,) = records(run(command, tmp_path / "it.mkv", status=1).stdout)  # type: ignore[attr-defined]
    assert record["error"]["code"] == code  # type: ignore[index]


@pytest.mark.parametrize("command", ["probe", "process"])
def test_a_device_given_as_a_file(
    run: Callable[..., object], records: Callable[[bytes], list[dict[str, object]]], command: str
) -> None:
    (record,) = records(run(command, "/dev/zero", status=1).stdout)  # type: ignore[attr-defined]
    assert record["error"]["code"] == "not_a_file"  # type: ignore[index]


def test_a_file_that_grows_while_it_is_read(
    run: Callable[..., object], records: Callable[[bytes], list[dict[str, object]]], tmp_path: Path
) -> None:
    path = tmp_path / "growing.mkv"
    film = mkv.movie(mkv.tracks(*_ENTRIES))
    path.write_bytes(film[:20])
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            for at in itertools.count(20):
                if stop.is_set():
                    return
                file.write(film[at : at + 1] or b"\0")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        found = records(run("probe", *[path] * 20, status=None).stdout)  # type: ignore[attr-defined]
    finally:
        stop.set()
        writer.join()
    assert len(found) >= 1
    for record in found:
        assert "probe" in record or record["error"]["code"] in ("truncated", "corrupt"), record  # type: ignore[index]
