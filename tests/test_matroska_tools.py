"""Real muxers' files, read and edited here, with ffprobe, mkvmerge and mkvpropedit as judges."""

import json
import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from matroska_builder import element, entry, movie, real, text, tracks, uint

from arrtheaudio.containers import Probe, matroska
from arrtheaudio.containers import matroska_ids as ids
from arrtheaudio.containers.edit import single_bytes
from arrtheaudio.containers.window import Window
from arrtheaudio.core.language import tag
from arrtheaudio.core.track import Change, Track, changed

TOOLS = ("ffmpeg", "ffprobe", "mkvmerge", "mkvpropedit")
pytestmark = pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason="needs ffmpeg and mkvtoolnix")

PICTURE = "-f lavfi -t 0.2 -i testsrc=s=32x32:r=10"
SOUND = "-f lavfi -t 0.2 -i sine=r=48000"
THREE = f"{PICTURE} {SOUND} {SOUND} {SOUND} -map 0 -map 1 -map 2 -map 3 -c:v mpeg4"
FLAGS = (
    "-metadata:s:a:0 language=eng -metadata:s:a:0 title=Stereo -metadata:s:a:1 language=jpn "
    "-metadata:s:a:2 language=ger -disposition:a:0 default -disposition:a:1 original+hearing_impaired "
    "-disposition:a:2 comment+forced+visual_impaired"
)

# name -> the arguments of ffmpeg, or of mkvmerge or mkvpropedit on an earlier file (mkvpropedit edits a copy)
FILES = {
    "ffmpeg.mkv": f"ffmpeg {THREE} -c:a aac {FLAGS}",
    "no-crc.mkv": f"ffmpeg {THREE} -c:a ac3 {FLAGS} -write_crc32 0",
    "live.mkv": f"ffmpeg {THREE} -c:a flac {FLAGS} -live 1",
    "cues-in-front.mkv": f"ffmpeg {THREE} -c:a eac3 -ac 6 -cues_to_front 1",
    "sound.mka": f"ffmpeg {SOUND} {SOUND} {SOUND} -map 0 -map 1 -map 2 -c:a:0 mp2 -c:a:1 pcm_s24le -c:a:2 pcm_f32le",
    "more-sound.mka": f"ffmpeg {SOUND} {SOUND} {SOUND} -map 0 -map 1 -map 2 -c:a:0 alac -c:a:1 tta -c:a:2 wavpack",
    "ffmpeg.webm": f"ffmpeg {PICTURE} {SOUND} {SOUND} -map 0 -map 1 -map 2 -c:v libvpx-vp9 -c:a libopus",
    "attached.mkv": f"ffmpeg {THREE} -c:a libvorbis -attach a.ttf -metadata:s:t mimetype=application/x-font-ttf",
    "mkvmerge.mkv": "mkvmerge --default-track-flag 1:0 --language 2:pt-BR --track-name 3:Kommentar ffmpeg.mkv",
    "mkvmerge.webm": "mkvmerge --webm ffmpeg.webm",
    "legacy.mkv": "mkvmerge --disable-language-ietf --original-flag 1:1 --commentary-flag 3:1 ffmpeg.mkv",
    "disabled.mkv": "mkvmerge --track-enabled-flag 2:0 --forced-display-flag 1:1 ffmpeg.mkv",
    "attached-in-front.mkv": "mkvmerge --title Attached attached.mkv",
    "moved.mkv": "mkvpropedit ffmpeg.mkv --edit track:a2 --set name=Moved",
    "moved-again.mkv": "mkvpropedit mkvmerge.mkv --edit track:a2 --set flag-default=1",
}


def run(*command: object, worst: int = 0) -> str:
    """Return what a program prints; it may exit with a status up to `worst`."""
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode <= worst, done.stderr or done.stdout
    return done.stdout.decode()


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with FILES in it."""
    folder = tmp_path_factory.mktemp("matroska")
    (folder / "a.ttf").write_bytes(b"\0\1\0\0 a font")
    for name, command in FILES.items():
        tool, *words = command.split()
        arguments = [folder / word if (folder / word).exists() else word for word in words]
        if tool == "ffmpeg":
            run("ffmpeg", "-v", "error", "-y", *arguments, "-strict", "-2", folder / name)
        elif tool == "mkvmerge":
            run("mkvmerge", "-q", "-o", folder / name, *arguments, worst=1)
        else:
            shutil.copy(arguments[0], folder / name)
            run("mkvpropedit", "-q", folder / name, *arguments[1:])
    return folder


def read(path: Path) -> Probe:
    with path.open("rb", buffering=0) as file:
        return matroska.probe(Window(file, path.stat().st_size, 16384))


def ffprobe(path: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        run("ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path)
    )
    return answer


def as_ffprobe(track: Track) -> dict[str, Any]:
    """Return what ffprobe shows of a track."""
    attached = track.number is None
    return {
        "index": track.index,
        "type": track.type,
        "codec": track.codec,
        "name": track.name,
        "language": "und" if attached else track.language,
        "channels": track.channels,
        "sample_rate": track.sample_rate,
        **{name: getattr(track, name) for name in DISPOSITIONS},
    }


DISPOSITIONS = {
    "default": "default",
    "forced": "forced",
    "original": "original",
    "commentary": "comment",
    "visual_impaired": "visual_impaired",
    "hearing_impaired": "hearing_impaired",
}


def of_ffprobe(stream: dict[str, Any]) -> dict[str, Any]:
    tags = stream.get("tags", {})
    return {
        "index": stream["index"],
        "type": stream.get("codec_type", "data"),
        "codec": stream.get("codec_name", "unknown"),
        "name": tags.get("filename") or tags.get("title"),
        "language": tag(tags.get("language")),
        "channels": stream.get("channels"),
        "sample_rate": int(stream["sample_rate"]) if "sample_rate" in stream else None,
        **{ours: bool(stream["disposition"][theirs]) for ours, theirs in DISPOSITIONS.items()},
    }


def expected_language(track: Track) -> str:
    """Return what ffprobe, which knows Language alone, says where LanguageBCP47 says more."""
    return {"pt-BR": "pt"}.get(track.language, track.language)


@pytest.mark.parametrize("name", FILES)
def test_tracks_are_as_ffprobe_sees_them(media: Path, name: str) -> None:
    found = read(media / name)
    answer = ffprobe(media / name)
    ours = [as_ffprobe(track) | {"language": expected_language(track)} for track in found.tracks]
    assert ours == [
        of_ffprobe(stream) | ({"language": "en"} if track.language_in_file is None and track.number else {})
        for stream, track in zip(answer["streams"], found.tracks, strict=True)
    ]
    if found.duration is not None:
        assert found.duration == float(answer["format"]["duration"])


def mkvmerge(path: Path) -> list[dict[str, Any]]:
    """Return the tracks as `mkvmerge -J` prints them."""
    tracks: list[dict[str, Any]] = json.loads(run("mkvmerge", "-J", path))["tracks"]
    return tracks


@pytest.mark.parametrize("name", FILES)
def test_tracks_are_as_mkvmerge_sees_them(media: Path, name: str) -> None:
    ours = [
        (
            track.number,
            track.uid,
            track.name,
            track.language,
            track.default,
            track.forced,
            track.enabled,
            track.original,
            track.commentary,
            track.channels,
            track.sample_rate,
        )
        for track in read(media / name).tracks
        if track.number is not None
    ]
    theirs = [
        (
            track["number"],
            track["uid"],
            track.get("track_name"),
            tag(track.get("language_ietf") or track.get("language")),
            track["default_track"],
            track["forced_track"],
            track["enabled_track"],
            track.get("flag_original", False),
            track.get("flag_commentary", False),
            track.get("audio_channels"),
            track.get("audio_sampling_frequency"),
        )
        for track in (track["properties"] for track in mkvmerge(media / name))
    ]
    assert ours == theirs


@pytest.mark.parametrize("name", FILES)
def test_an_edit_means_to_others_what_mkvpropedit_would_have_done(media: Path, name: str, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.mkv", tmp_path / "theirs.mkv"
    for copy in (ours, theirs):
        shutil.copy(media / name, copy)
    before = read(ours)
    audio = [track for track in before.tracks if track.type == "audio"]
    changes = [Change(track.index, "default", track.default, track is audio[1]) for track in audio]
    with ours.open("r+b", buffering=0) as file:
        plan = matroska.plan(Window(file, ours.stat().st_size, 16384), changes)
        for edit in plan.edits:
            file.seek(edit.offset)
            file.write(edit.after)
    assert read(ours) == before._replace(tracks=changed(before.tracks, plan.changes))
    wanted = " ".join(f"--edit track:a{at + 1} --set flag-default={int(at == 1)}" for at in range(len(audio)))
    run("mkvpropedit", "-q", theirs, *wanted.split())
    assert mkvmerge(ours) == mkvmerge(theirs)
    assert [stream["disposition"] for stream in ffprobe(ours)["streams"]] == [
        stream["disposition"] for stream in ffprobe(theirs)["streams"]
    ]
    assert ours.stat().st_size == (media / name).stat().st_size
    with ours.open("rb", buffering=0) as file:
        back = [Change(track.index, "default", track is audio[1], track is audio[0]) for track in audio]
        again = matroska.plan(Window(file, ours.stat().st_size, 16384), back)
    has_crc = name in ("ffmpeg.mkv", "live.mkv", "moved.mkv", "cues-in-front.mkv", "attached.mkv") or name.endswith(
        ".mka"
    )
    assert single_bytes(again.edits) is not has_crc


def wave(format_tag: int, bits: int = 16) -> bytes:
    """Return a WAVEFORMATEX."""
    return struct.pack("<HHIIHHH", format_tag, 2, 48000, 192000, 4, bits, 0)


def extensible(format_tag: int, bits: int) -> bytes:
    """Return a WAVEFORMATEXTENSIBLE."""
    guid = struct.pack("<IHH", format_tag, 0, 0x10) + bytes.fromhex("800000aa00389b71")
    return wave(0xFFFE, bits)[:-2] + struct.pack("<HHI", 22, bits, 3) + guid


def bitmap(fourcc: bytes) -> bytes:
    """Return a BITMAPINFOHEADER."""
    return struct.pack("<IiiHH4sIiiII", 40, 32, 32, 1, 24, fourcc, 0, 0, 0, 0, 0)


def description(kind: bytes, length: int = 90) -> bytes:
    """Return the start of a QuickTime SampleDescription."""
    return (struct.pack(">I4s", length, kind)).ljust(length, b"\0")


def private(data: bytes) -> bytes:
    return element(ids.CODEC_PRIVATE, data)


def sound(bits: int = 16) -> bytes:
    return element(ids.AUDIO, real(ids.SAMPLING_FREQUENCY, 48000.0) + uint(ids.CHANNELS, 2) + uint(ids.BIT_DEPTH, bits))


PLAIN = {
    2: "A_AAC A_AAC/MPEG4/LC/SBR A_AC3 A_AC3/BSID9 A_ALAC A_DTS A_DTS/EXPRESS A_EAC3 A_MLP A_MPEG/L1 A_MPEG/L2 "
    "A_MPEG/L3 A_OPUS A_OPUS/EXPERIMENTAL A_QUICKTIME/QDM2 A_QUICKTIME/QDMC A_REAL/14_4 A_TRUEHD A_TTA1 A_VORBIS "
    "A_WAVPACK4 A_QUICKTIME A_MS/ACM A_UNHEARD_OF",
    0x11: "S_TEXT/UTF8 S_TEXT/ASCII S_TEXT/ASS S_TEXT/SSA S_ASS S_SSA S_VOBSUB S_DVBSUB S_HDMV/PGS S_HDMV/TEXTST "
    "D_WEBVTT/SUBTITLES D_WEBVTT/CAPTIONS S_KATE",
    1: "V_AV1 V_AVS2 V_AVS3 V_DIRAC V_FFV1 V_MJPEG V_MPEG1 V_MPEG2 V_MPEG4/ISO/ASP V_MPEG4/ISO/SP V_MPEG4/ISO/AP "
    "V_MPEG4/ISO/AVC V_MPEG4/MS/V3 V_MPEGH/ISO/HEVC V_PRORES V_REAL/RV10 V_REAL/RV40 V_SNOW V_THEORA V_UNCOMPRESSED "
    "V_VP8 V_VP9 V_MS/VFW/FOURCC V_QUICKTIME",
}
FOURCCS = (
    b"XVID DX50 divx MP42 MP43 DIV3 H264 h264 avc1 WMV3 WVC1 MJPG HFYU FFV1 VP80 VP60 dvsd mpg2 I420 YV12 FLV1 cvid"
)
TAGS = (2, 6, 7, 0x11, 0x22, 0x31, 0x45, 0x50, 0x55, 0xFF, 0x160, 0x161, 0x162, 0x163, 0x2000, 0x2001, 0x566F, 0xF1AC)


def every_codec() -> list[bytes]:
    """Return a TrackEntry for each codec that is named by CodecID, tag, FourCC or type."""
    kinds = [(kind, name, sound() if kind == 2 else b"") for kind, names in PLAIN.items() for name in names.split()]
    kinds += [(2, f"A_PCM/INT/{order}", sound(bits)) for order in ("LIT", "BIG") for bits in (8, 16, 24, 32)]
    kinds += [(2, "A_PCM/FLOAT/IEEE", sound(bits)) for bits in (32, 64)]
    kinds += [(2, "A_MS/ACM", sound() + private(wave(format_tag))) for format_tag in TAGS]
    kinds += [(2, "A_MS/ACM", sound() + private(wave(1, bits))) for bits in (8, 16, 24, 32)]
    kinds += [(2, "A_MS/ACM", sound() + private(wave(3, bits))) for bits in (32, 64)]
    kinds += [(2, "A_MS/ACM", sound() + private(extensible(1, 24))), (2, "A_MS/ACM", sound() + private(wave(1)[:14]))]
    kinds += [(1, "V_MS/VFW/FOURCC", private(bitmap(fourcc))) for fourcc in FOURCCS.split()]
    kinds += [(2, "A_QUICKTIME", sound() + private(description(kind))) for kind in (b"ima4", b"twos", b"mp4a", b"????")]
    kinds += [(1, "V_QUICKTIME", private(description(kind))) for kind in (b"SVQ3", b"avc1", b"jpeg", b"apcn", b"????")]
    kinds += [(2, "A_QUICKTIME", sound() + private(b"QDM2" + bytes(60)))]
    return [entry(number, kind, name, more) for number, (kind, name, more) in enumerate(kinds, 1)]


def test_codecs_are_called_what_ffmpeg_calls_them(tmp_path: Path) -> None:
    path = tmp_path / "codecs.mkv"
    path.write_bytes(movie(tracks(*every_codec())))
    # Not ffprobe, which shows nothing where one decoder cannot be opened: the tracks are empty.
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-i", path], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    theirs = re.findall(r"Stream #0:(\d+).*?: (Audio|Video|Subtitle): (\w+)", done.stderr.decode())
    ours = [(str(track.index), track.type.title(), track.codec) for track in read(path).tracks]
    assert len(ours) == len(every_codec())
    assert ours == [(index, kind, "unknown" if codec == "none" else codec) for index, kind, codec in theirs]


MEDIA_TYPES = (
    "image/png image/jpeg image/jpg image/gif image/tiff image/webp font/ttf application/x-truetype-font "
    "application/x-font-ttf application/vnd.ms-opentype application/octet-stream text/plain binary"
)


def test_attachments_are_called_what_ffprobe_calls_them(tmp_path: Path) -> None:
    files = [
        text(ids.FILE_NAME, f"{at}.bin") + text(ids.FILE_MEDIA_TYPE, name) + element(ids.FILE_DATA, b"data")
        for at, name in enumerate(MEDIA_TYPES.split())
    ]
    path = tmp_path / "attachments.mkv"
    attachments = element(ids.ATTACHMENTS, b"".join(element(ids.ATTACHED_FILE, file) for file in files))
    path.write_bytes(movie(tracks(entry(1, 2, "A_AC3", sound())), attachments))
    ours = [(track.index, track.type, track.codec, track.name, track.default) for track in read(path).tracks]
    assert ours[1:] == [
        (
            stream["index"],
            stream["codec_type"],
            stream.get("codec_name", "unknown"),
            stream["tags"]["filename"],
            bool(stream["disposition"]["default"]),
        )
        for stream in ffprobe(path)["streams"][1:]
    ]
