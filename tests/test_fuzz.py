"""Any bytes give a probe or a named error, and an edit stays where it belongs.

For hours instead of seconds: `python tests/fuzzing.py --help`.
"""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import bmff_builder as iso
import fuzz_oracles as oracles
import fuzzing
import matroska_builder as mkv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio.containers import matroska_codecs, mp4_audio, sniff
from arrtheaudio.containers.bmff import name
from arrtheaudio.containers.edit import diff
from arrtheaudio.core.track import Change
from arrtheaudio.errors import UnsupportedContainer

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
    "cover.mkv",
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


@given(data=st.binary(max_size=80))
def test_the_codecs_own_boxes_take_any_bytes(data: bytes) -> None:
    codec, *numbers = mp4_audio.audio_specific_config(data)
    assert codec in ("aac", "mp3on4", "mp4als")
    for reader in mp4_audio.READERS.values():
        numbers += reader(data)
    assert all(0 <= number < 1 << 32 for number in numbers)


@given(codec_id=st.sampled_from(["A_MS/ACM", "V_MS/VFW/FOURCC", "A_QUICKTIME", "V_QUICKTIME"]), data=st.binary())
def test_codec_private_takes_any_bytes(codec_id: str, data: bytes) -> None:
    assert matroska_codecs.codec(codec_id, data, 0).isprintable()


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
    data = mkv.movie(*[mkv.tracks(mkv.entry(1))] * 300)
    with pytest.raises(UnsupportedContainer) as caught:
        sniff(data).plan(oracles.Bytes(data).window(), [Change(0, "default", True, False)])
    assert len(str(caught.value)) < 100
