"""Other people's programs agree: after an edit the chosen track is the default one, and all else is as it was.

Each audio track of a file is chosen in a copy of its own, by a hand-made `choose`, and edited by the real command.
ffprobe (with every packet), mkvmerge, mediainfo (which alone checks CRC-32) and mpv then read the copies, before `undo`
takes the edits back.
"""

import copy
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import judges
import pytest
import samples as sampling
from judges import Answer

# Each shape that makes an edit another one: how the muxers lay Tracks and moov out, how flags, groups, checksums, sizes
# and Voids stand there, where the header is. Of the codecs, languages, names and the EBML header, which an edit does
# not look at, there is one at most. ARRTHEAUDIO_ALL_SAMPLES=1 takes every sample, in some minutes.
_CHOSEN = """
    three-audio.ffmpeg.mkv three-audio.mkvmerge.mkv three-audio.webm three-audio.mkvmerge.webm no-crc.ffmpeg.mkv
    live.mkv piped.mkv all-default.mkv none-default.mkv dispositions.mkv big-codec-private.mkv attachments.mkvmerge.mkv
    tracks-at-end.mkv edited.mkvmerge.mkv forced-audio.mkv video-not-first.mkvmerge.mkv
    flag-default-absent.mkv flag-default-everywhere.mkv flag-default-nowhere.mkv flag-default-empty.mkv
    flag-default-8-bytes.mkv flag-default-twice.mkv all-flags-written.mkv voids-in-tracks.mkv children-reversed.mkv
    unknown-children.mkv sizes-of-8-bytes.mkv crc-in-tracks.mkv crc-in-entry.mkv crc-wrong.mkv no-void-behind.mkv
    segment-unknown-size.mkv seek-heads-two.mkv info-behind-tracks.mkv
    moov-at-end.mp4 faststart.mp4 three-audio.mov fragmented.mp4 chapters.mp4 cover.mp4 encrypted.mp4 all-enabled.mp4
    none-enabled.mp4 flags-7.mp4 groups-0.mp4 groups-differ.mp4 moov-64-bit.mp4 moov-to-end.mp4 boxes-between.mp4
    tkhd-version-1.mp4 compressed-moov.mov
"""
NAMES = sampling.SAMPLE_NAMES if os.environ.get("ARRTHEAUDIO_ALL_SAMPLES") == "1" else tuple(_CHOSEN.split())
_PLAYED = """
    three-audio.ffmpeg.mkv three-audio.mkvmerge.mkv three-audio.webm video-not-first.mkvmerge.mkv forced-audio.mkv
    moov-at-end.mp4 fragmented.mp4 three-audio.mov groups-0.mp4
"""

NO_ROOM: Mapping[str, list[int]] = {}
"""The files, and the choices of tracks, that there is no room for: none of the samples, as long as one track becomes
the default, which frees what another needs."""
REFUSED = {
    "compressed-moov.mov": "unsupported_container",
    "info-behind-tracks.mkv": "corrupt",  # its SeekHead is wrong by now
    "write-headers-twice.mkvmerge.mkv": "corrupt",  # its SeekHead leads to the second Tracks
}
"""The files that must be refused with an error, and its code."""

MISREAD = {
    "children-reversed.mkv": {"mediainfo"},  # it passes over the flags in front of TrackNumber, old and new
    "numbers-and-uids.mkv": {"mediainfo"},  # likewise
    "flag-default-empty.mkv": {"mkvmerge", "mediainfo"},  # an empty FlagDefault is 0 to them, not its default, 1
}
"""The files that a judge does not read as RFC 9559 and RFC 8794 have it, before the edit and after it."""
UNREAD = ("codec-dts.mp4", "numbers-and-uids.mkv")
"""The files of which mkvmerge leaves out audio tracks."""
WITHOUT_PACKETS = ("numbers-and-uids.mkv",)
"""The files whose blocks belong to none of their tracks."""


class Copy(NamedTuple):
    """A copy of a sample in which the track of an index is to be the default one."""

    path: Path
    track: int
    wanted: Mapping[int, bool]
    changes: Sequence[Mapping[str, Any]]
    stat: os.stat_result

    def record(self) -> Mapping[str, Any]:
        """Return the record that has `apply` make the change."""
        status = "change" if self.changes else "keep"
        return {"path": str(self.path), "choose": {"status": status, "track": self.track, "changes": self.changes}}


def copies(sample: Path, folder: Path) -> list[Copy]:
    """Make a copy for each audio track, as ffprobe counts them."""
    answer = judges.ffprobe_packets(sample)
    assert answer is not None
    audio = [stream for stream in answer["streams"] if stream.get("codec_type") == "audio"]
    made = []
    for stream in audio:
        track = stream["index"]
        path = folder / f"{track}-{sample.name}"
        shutil.copyfile(sample, path)
        wanted = {other["index"]: other["index"] == track for other in audio}
        made.append(Copy(path, track, wanted, list(_changes(audio, wanted)), path.stat()))
    return made


def _changes(audio: Sequence[Answer], wanted: Mapping[int, bool]) -> Iterable[Mapping[str, Any]]:
    for stream in audio:
        for disposition, after in (("default", wanted[stream["index"]]), ("forced", False)):
            before = bool(stream["disposition"][disposition])
            if before != after:
                yield {"index": stream["index"], "disposition": disposition, "from": before, "to": after}


def lines(records: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def differing(before: bytes, after: bytes) -> list[int]:
    """Return the offsets at which two contents of one length differ."""
    assert len(before) == len(after)
    return [at for at, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]


def as_ffprobe_must_see_it(answer: Answer, wanted: Mapping[int, bool]) -> Answer:
    """Return ffprobe's answer with the new default. Nothing is left out: packets have their bytes and places."""
    answer = copy.deepcopy(answer)
    for stream in answer["streams"]:
        if stream["index"] in wanted:
            stream["disposition"] |= {"default": int(wanted[stream["index"]]), "forced": 0}
    return answer


def as_mkvmerge_must_see_it(answer: Answer, wanted: Mapping[int, bool]) -> Answer:
    """Return mkvmerge's answer with the new default. Nothing is left out."""
    answer = copy.deepcopy(answer)
    audio = [track["properties"] for track in answer["tracks"] if track["type"] == "audio"]
    for properties, default in zip(audio, wanted.values(), strict=True):
        if "default_track" in properties:
            properties |= {"default_track": default, "forced_track": False}
        else:
            properties["enabled_track"] = default
    return answer


def as_mediainfo_must_see_it(answer: Answer, wanted: Mapping[int, bool]) -> Answer:
    """Return mediainfo's answer with the new default."""
    answer = copy.deepcopy(answer)
    audio = [track for track in answer["track"] if track["@type"] == "Audio"]
    for track, default in zip(audio, wanted.values(), strict=True):
        track["Default"] = "Yes" if default else "No"
        if "Forced" in track:
            track["Forced"] = "No"
    return answer


def without(answer: Answer, part: str, *keys: str) -> Answer:
    """Return an answer without some keys of each of its parts."""
    return answer | {part: [{key: value for key, value in each.items() if key not in keys} for each in answer[part]]}


def judge(sample: Path, edited: Sequence[Copy]) -> None:
    """Assert that everyone sees the new default, and nothing else that is new.

    Left out: mediainfo's AlternateGroup, which MP4's audio tracks get along with a new default; the UIDs that mkvmerge
    thinks up, new ones each time, for cover art.
    """
    informed, *after = judges.mediainfo([sample, *(one.path for one in edited)])
    streams, tracks = judges.ffprobe_packets(sample), judges.mkvmerge(sample)
    assert streams is not None
    assert bool(streams["packets"]) is (sample.name not in WITHOUT_PACKETS)
    excused, wrong = MISREAD.get(sample.name, set()), set()
    for one, said in zip(edited, after, strict=True):
        assert judges.ffprobe_packets(one.path) == as_ffprobe_must_see_it(streams, one.wanted)
        seen = {"mediainfo": without(said, "track", "AlternateGroup")}
        right = {"mediainfo": without(as_mediainfo_must_see_it(informed, one.wanted), "track", "AlternateGroup")}
        if tracks is not None and sample.name not in UNREAD:
            merged = judges.mkvmerge(one.path)
            assert merged is not None
            seen["mkvmerge"] = without(merged, "attachments", "properties")
            right["mkvmerge"] = without(as_mkvmerge_must_see_it(tracks, one.wanted), "attachments", "properties")
        for name in seen:
            assert name in excused or seen[name] == right[name]
        wrong |= {name for name in seen if seen[name] != right[name]}
    assert wrong == excused


@pytest.mark.parametrize("name", NAMES)
def test_every_choice_of_track(
    name: str,
    samples: Mapping[str, Path],
    tmp_path: Path,
    run: Callable[..., "subprocess.CompletedProcess[bytes]"],
    records: Callable[[bytes], list[dict[str, Any]]],
) -> None:
    judges.need()
    sample = samples[name]
    made = copies(sample, tmp_path)
    done = run("apply", input=lines(one.record() for one in made), status=None)
    answers = list(zip(made, records(done.stdout), strict=True))
    if name in REFUSED:
        assert {record["error"]["code"] for one, record in answers if one.changes} == {REFUSED[name]}
    else:
        assert done.returncode == 0
        check(sample, answers)
    before = sample.read_bytes()
    undone = run("undo", input=done.stdout, status=done.returncode)
    assert len(records(undone.stdout)) == len(made)
    for one in made:
        assert one.path.read_bytes() == before
        assert one.path.stat().st_mtime_ns == one.stat.st_mtime_ns


def check(sample: Path, answers: Sequence[tuple[Copy, Mapping[str, Any]]]) -> None:
    """Assert that the answers are true, and that edits changed what they may and nothing else."""
    before = sample.read_bytes()
    where = judges.editable(before)
    edited, no_room = [], []
    for one, record in answers:
        answer = record["apply"]
        if answer["status"] == "changed":
            assert answer["method"] == "in_place"
            edited.append(one)
            continue
        assert one.path.read_bytes() == before
        if one.changes:
            assert (answer["status"], answer["reason"]) == ("skipped", "no_room")
            no_room.append(one.track)
    assert no_room == NO_ROOM.get(sample.name, [])
    for one in edited:
        changed = differing(before, one.path.read_bytes())
        assert changed
        assert where.start <= changed[0] <= changed[-1] < where.stop
        now = one.path.stat()
        assert (now.st_ino, now.st_size, now.st_mode) == (one.stat.st_ino, one.stat.st_size, one.stat.st_mode)
        assert now.st_mtime_ns > one.stat.st_mtime_ns
    judge(sample, edited)


def test_where_there_is_no_room_nothing_is_done(
    copy_of: Callable[[str], Path],
    run: Callable[..., "subprocess.CompletedProcess[bytes]"],
    records: Callable[[bytes], list[dict[str, Any]]],
) -> None:
    path = copy_of("no-void-behind.mkv")
    before = path.read_bytes()
    changes = [{"index": 1, "disposition": "default", "from": True, "to": False}]
    done = run("apply", input=lines([{"path": str(path), "choose": {"status": "change", "changes": changes}}]))
    (record,) = records(done.stdout)
    assert (record["apply"]["status"], record["apply"]["reason"]) == ("skipped", "no_room")
    assert path.read_bytes() == before


def test_a_player_starts_the_chosen_track(
    samples: Mapping[str, Path],
    tmp_path: Path,
    run: Callable[..., "subprocess.CompletedProcess[bytes]"],
    records: Callable[[bytes], list[dict[str, Any]]],
) -> None:
    judges.need("mpv")
    made = [one for name in _PLAYED.split() for one in copies(samples[name], tmp_path)]
    done = run("apply", input=lines(one.record() for one in made))
    assert {record["apply"]["status"] for record in records(done.stdout)} == {"changed", "unchanged"}
    # To mpv, tracks are numbered by kind, from 1.
    expected = {str(one.path): list(one.wanted).index(one.track) + 1 for one in made}
    assert {*expected.values()} == {1, 2, 3}
    assert played(expected) == expected


def played(paths: Iterable[str]) -> Mapping[str, int]:
    """Return which audio track mpv starts in each file."""
    options = (
        "--no-config",
        "--vo=null",
        "--ao=null",
        "--frames=1",
        "--reset-on-next-file=all",
        "--msg-level=all=info",
    )
    done = subprocess.run(
        ["mpv", *options, "--", *paths], stdin=subprocess.DEVNULL, capture_output=True, timeout=judges.PATIENCE
    )
    _, *said = done.stdout.decode().split("Playing: ")
    started = {}
    for text in said:
        (track,) = re.findall(r"^ \(\+\) Audio --aid=(\d+)", text, re.MULTILINE)
        started[text.splitlines()[0]] = int(track)
    return started


def _change(data: bytearray, at: int) -> None:
    data[at] ^= 1


SABOTAGE = {
    "the last byte of a packet": lambda data: _change(data, data.rindex(b"\x1c\x53\xbb\x6b") - 1),
    "a letter of a name": lambda data: _change(data, data.index(b"Stereo")),
    "a checksum": lambda data: _change(data, data.index(b"\xbf\x84", data.index(b"\x16\x54\xae\x6b\x41")) + 2),
}


@pytest.mark.parametrize("fault", SABOTAGE)
def test_a_judge_notices(
    fault: str, samples: Mapping[str, Path], tmp_path: Path, run: Callable[..., "subprocess.CompletedProcess[bytes]"]
) -> None:
    judges.need()
    sample = samples["three-audio.ffmpeg.mkv"]
    one = copies(sample, tmp_path)[1]
    run("apply", input=lines([one.record()]))
    judge(sample, [one])
    data = bytearray(one.path.read_bytes())
    SABOTAGE[fault](data)
    one.path.write_bytes(data)
    with pytest.raises(AssertionError):
        judge(sample, [one])
