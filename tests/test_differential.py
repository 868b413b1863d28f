"""`probe` says what other programs say, field by field, of every sample.

ffprobe is the judge of nearly all. It does not read LanguageBCP47, TrackNumber and TrackUID, of which mkvmerge is the
judge, nor the names of MP4 tracks, of which mediainfo is. Where we differ, and mean to, EXCEPTIONS says why.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import judges
import pytest
import samples as sampling
from judges import Answer

from arrtheaudio.core.language import tag

Fields = dict[str, Any]
"""What is said of a file: `container`, `duration`, `muxer`, `tracks` (how many), and `1.codec` for a field of track 1.
One that cannot be read has `error` alone."""

THIRD_PARTY = Path(__file__).parents[2] / "shared/samples/media"
"""Files that other projects test themselves with, where they are at hand: more of the same, and nothing else."""
NAMES = (*sampling.SAMPLE_NAMES, *sampling.FOREIGN_NAMES)
OTHERS = tuple(sorted(str(path.relative_to(THIRD_PARTY)) for path in THIRD_PARTY.glob("*/*")))

_PACKETS = "ffprobe decodes the first packets; the header says otherwise, or nothing, and no more than it is read"
_FRAGMENTS = "ffprobe adds up the fragments, which are not read; the header does not say it"
_INIT = "the header says it; ffprobe wants the fragments, which are in other files"
_LEFT_OUT = "mkvmerge leaves out a track, and so no judge says which LanguageBCP47 is whose"
_ELNG = "elng says more than mdhd (ISO/IEC 14496-12, 8.4.6), and ffprobe does not read it"
_DECODER = "the decoder's setup is broken or unknown to ffprobe 5.1, which fails; the tracks stand in the header"
_BEHIND = "broken behind the header, where ffprobe reads and we do not"

EXCEPTIONS = {
    # Matroska
    (
        "40-audio.mkvmerge.mkv",
        "sample_rate",
    ): "mkvmerge wrote 48 kHz as OutputSamplingFrequency of 24 kHz AAC",
    ("channels-absent.mkv", "channels"): _PACKETS,
    ("audio-absent.mkv", "channels"): _PACKETS,
    ("audio-absent.mkv", "sample_rate"): _PACKETS,
    ("rate-*.mkv", "sample_rate"): _PACKETS,
    ("numbers-and-uids.mkv", "language_in_file"): _LEFT_OUT,
    ("video-absent.mkv", "language_in_file"): _LEFT_OUT,
    # MP4
    ("piped.mp4", "duration"): _FRAGMENTS,
    ("fragmented*.m??", "duration"): _FRAGMENTS,
    ("codec-dts*.mp4", "channels"): _PACKETS,
    ("codec-mp3-mono.mp4", "channels"): "ffmpeg writes 2 for any MP3 (QTFF, version 0 entries), then decodes a packet",
    ("elng.mp4", "language"): _ELNG,
    ("elng.mp4", "language_in_file"): _ELNG,
    ("elng-without-end.mp4", "language"): _ELNG,
    ("elng-without-end.mp4", "language_in_file"): _ELNG,
    (
        "macintosh-languages.mov",
        "language_in_file",
    ): "a number stands there: German is `deu` to us, `ger` to ffprobe",
    ("name-latin-1.mp4", "name"): "not UTF-8: mediainfo shows no name, we one with U+FFFD",
    ("name-long.mp4", "name"): "we read 1024 bytes of a name",
    (
        "handler-counted.mp4",
        "name",
    ): "mediainfo puts the handler's name, read in its own way, in front",
    ("tkhd-last.mp4", "name"): "mediainfo wants tkhd first",
    ("udta-terminated.mov", "name"): "two udta boxes: we take the first name, mediainfo the last",
    # Third parties'
    ("androidx+media/fragmented_captions_h265.mp4", "duration"): _FRAGMENTS,
    ("androidx+media/sample.audio.mp4", "duration"): _FRAGMENTS,
    ("androidx+media/sample.video.mp4", "duration"): "mehd says less than ffprobe adds up",
    ("androidx+media/sample_*fragmented*.mp4", "duration"): _FRAGMENTS,
    ("androidx+media/*_init.mp4", "duration"): _INIT,
    ("androidx+media/*_vtt_subtitles.mkv", "codec"): "ffprobe 5.1 does not know S_TEXT/WEBVTT; later versions do",
    ("kinetiknz+nestegg/test_media_bug603918.webm", "error"): _DECODER,
    ("mozilla+mp4parse-rust/*_bipbop_audioinit.mp4", "duration"): _INIT,
    ("mozilla+mp4parse-rust/*_bipbop_cbcs_*_init.mp4", "duration"): _INIT,
    ("mozilla+mp4parse-rust/*_bipbop_*cenc-*init.mp4", "duration"): _INIT,
    ("mozilla+mp4parse-rust/*_bipbop-cenc-audioinit.mp4", "duration"): _INIT,
    ("mozilla+mp4parse-rust/*_bipbop_nonfragment_header.mp4", "muxer"): "a line feed at the end, which we leave out",
    ("mozilla+mp4parse-rust/*_opus_audioinit*.mp4", "duration"): _FRAGMENTS,
    (
        "mozilla+mp4parse-rust/*_no_timescale.mp4",
        "duration",
    ): "without mvhd, mehd has no timescale",
    ("mozilla+mp4parse-rust/*_chunk_out_of_range.mp4", "error"): "sample tables are broken, which are not read",
    ("mozilla+mp4parse-rust/*-xhe-aac-44khz-mono.mp4", "error"): _DECODER,
    ("webmproject+libwebm/*_accurate_cluster_duration_two_tracks.webm", "sample_rate"): _PACKETS,
    ("webmproject+libwebm/*_discard_padding.webm", "sample_rate"): _PACKETS,
    ("webmproject+libwebm/*_blockgroup_block_ends_beyond_blockgroup.mkv", "error"): _BEHIND,
    ("webmproject+libwebm/*_chapters_truncated_chapter_string.mkv", "error"): _BEHIND,
    ("webmproject+libwebm/*_chapters_truncated_chapter_string_2.mkv", "tracks"): "ffprobe reads Tracks twice",
    (
        "webmproject+libwebm/*_invalid_vp9_bitstream-bug_141?.webm",
        "error",
    ): "its DocType is `0000`: no Matroska",
    ("webmproject+libwebm/*_primarychromaticity_fieldtoolarge.webm", "error"): _DECODER,
    ("webmproject+libwebm/*_projection_float_overflow.webm", "error"): _DECODER,
    ("webmproject+libwebm/testing_testdata_tracks.webm", "error"): _DECODER,
}
"""(file, or a pattern of files, and field) -> why it differs. It must, in each of the files: else the test fails."""

ENDLESS = "invalid_fixed_lacing_bad_lace_size.mkv"
"""mkvmerge 74 never comes to an end with this one."""

DISPOSITIONS = {
    "default": "default",
    "forced": "forced",
    "original": "original",
    "commentary": "comment",
    "visual_impaired": "visual_impaired",
    "hearing_impaired": "hearing_impaired",
}
_FORMATS = {"matroska": "matroska,webm", "webm": "matroska,webm"} | dict.fromkeys(
    ("mp4", "mov"), "mov,mp4,m4a,3gp,3g2,mj2"
)


def differences(ours: Fields, judged: Fields) -> set[str]:
    """Return the fields, without the numbers of tracks, of which both say different things."""
    if "error" in ours or "error" in judged:
        return {"error"} if set(ours) != set(judged) else set()
    if ours["tracks"] != judged["tracks"]:
        return {"tracks"}
    return {key.rpartition(".")[2] for key in judged if ours[key] != judged[key]}


def exceptions(name: str) -> set[str]:
    """Return the fields that are to differ in a file."""
    return {field for pattern, field in EXCEPTIONS if fnmatchcase(name, pattern)}


def said_by_us(record: Mapping[str, Any]) -> Fields:
    """Return what `probe` says, in the words of the judges."""
    if "error" in record:
        return {"error": True}
    probe = record["probe"]
    container = _FORMATS.get(probe["container"], probe["container"])
    fields = {"container": container, "duration": probe.get("duration"), "muxer": probe.get("muxer")}
    for track in probe["tracks"]:
        said = {key: track.get(key) for key in ("type", "codec", "number", "uid", "name", "channels", "sample_rate")}
        said |= {key: track[key] for key in ("index", "language", *DISPOSITIONS)}
        written = track.get("language_in_file")
        if container == _FORMATS["matroska"] and "number" in track:
            # The judges leave out what says nothing, and say what an absent element means.
            written = {"und": None, None: "eng"}.get(written, written)
        said["language_in_file"] = written
        fields |= {f"{track['index']}.{key}": value for key, value in said.items()}
    return fields | {"tracks": len(probe["tracks"])}


def said_by_judges(path: Path) -> Fields:
    """Return what ffprobe says, and the judges of what it does not read."""
    answer = judges.ffprobe(path)
    if answer is None:
        return {"error": True}
    form = answer["format"]
    fields: Fields = {"container": form["format_name"], "duration": None, "tracks": len(answer["streams"])}
    if "duration" in form:
        fields["duration"] = float(form["duration"])
    fields["muxer"] = next((value for key, value in form.get("tags", {}).items() if key.lower() == "encoder"), None)
    for stream in answer["streams"]:
        fields |= {f"{stream['index']}.{key}": value for key, value in _said_by_ffprobe(stream).items()}
    if form["format_name"] == _FORMATS["matroska"]:
        del fields["muxer"]  # ffprobe has MuxingApp; WritingApp is the program that a person knows
        fields |= _said_by_mkvmerge(path, sum("filename" not in stream.get("tags", {}) for stream in answer["streams"]))
    if form["format_name"] == _FORMATS["mp4"]:
        fields |= _said_by_mediainfo(path, answer["streams"])
    return fields


def _said_by_ffprobe(stream: Answer) -> Fields:
    tags = stream.get("tags", {})
    return {
        "index": stream["index"],
        "type": stream.get("codec_type", "data"),
        "codec": stream.get("codec_name", "unknown"),
        "language": tag(tags.get("language")),
        "language_in_file": tags.get("language"),
        "name": tags.get("title") or tags.get("filename"),
        "channels": stream.get("channels") or None,
        "sample_rate": int(stream.get("sample_rate", 0)) or None,
        **{ours: bool(stream["disposition"][theirs]) for ours, theirs in DISPOSITIONS.items()},
    }


def _said_by_mkvmerge(path: Path, count: int) -> Fields:
    """Return what only mkvmerge reads of Matroska; nothing where it gives up on the file."""
    fields: Fields = {}
    answer = None if path.name.endswith(ENDLESS) else judges.mkvmerge(path)
    tracks = [] if answer is None else answer["tracks"]
    # It leaves out a track that it cannot make sense of: then nothing says which ones these are.
    for index, track in enumerate(tracks if len(tracks) == count else []):
        properties = track["properties"]
        fields |= {f"{index}.number": properties["number"], f"{index}.uid": properties.get("uid", 0)}
        if "language_ietf" in properties:
            language = properties["language_ietf"]
            fields[f"{index}.language"] = tag(language)
            fields[f"{index}.language_in_file"] = None if language == "und" else language
    return fields


def _said_by_mediainfo(path: Path, streams: list[Answer]) -> Fields:
    """Return the track_IDs as ffprobe has them, and the names, which mediainfo reads behind the handler's."""
    fields: Fields = {}
    (answer,) = judges.mediainfo([path])
    titles = {track["ID"]: track.get("Title") for track in answer["track"] if "ID" in track}
    for stream in streams:
        if stream["disposition"]["attached_pic"]:
            continue
        number, index = int(stream["id"], 16), stream["index"]
        title = titles.get(str(number))
        handler = stream.get("tags", {}).get("handler_name")
        fields[f"{index}.number"] = number
        fields[f"{index}.name"] = None if title in (None, handler) else title.removeprefix(f"{handler} / ")
    return fields


@pytest.fixture(scope="session")
def probed(samples: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Mapping[Path, Mapping[str, Any]]:
    """Return the records of all files, made by one process."""
    judges.need()
    paths = [*(samples[name] for name in NAMES), *(THIRD_PARTY / name for name in OTHERS)]
    home = str(tmp_path_factory.mktemp("home"))
    done = subprocess.run(
        [sys.executable, "-m", "arrtheaudio", "probe"],
        input="".join(f"{path}\n" for path in paths).encode(),
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": home},
        timeout=judges.PATIENCE,
    )
    assert done.stderr == b""
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return {path: record for path, record in zip(paths, records, strict=True) if record["path"] == str(path)}


@pytest.mark.parametrize("name", NAMES)
def test_a_sample(name: str, samples: Mapping[str, Path], probed: Mapping[Path, Mapping[str, Any]]) -> None:
    assert differences(said_by_us(probed[samples[name]]), said_by_judges(samples[name])) == exceptions(name)


@pytest.mark.parametrize("name", OTHERS)
def test_a_third_party_file(name: str, probed: Mapping[Path, Mapping[str, Any]]) -> None:
    path = THIRD_PARTY / name
    assert differences(said_by_us(probed[path]), said_by_judges(path)) == exceptions(name)


@pytest.mark.parametrize("pattern", sorted({pattern for pattern, _ in EXCEPTIONS if OTHERS or "/" not in pattern}))
def test_an_exception_is_of_a_file_that_there_is(pattern: str) -> None:
    assert any(fnmatchcase(name, pattern) for name in (*NAMES, *OTHERS))


def test_a_difference_is_noticed(samples: Mapping[str, Path], probed: Mapping[Path, Mapping[str, Any]]) -> None:
    name = "three-audio.mkvmerge.mkv"
    ours, judged = said_by_us(probed[samples[name]]), said_by_judges(samples[name])
    assert differences(ours, judged) == set()
    for key, value in judged.items():
        assert differences(ours | {key: (value,)}, judged) == {key.rpartition(".")[2]}
