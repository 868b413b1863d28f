"""Every other format: read by ffprobe, where it is installed, and never edited."""

import json
import os
from typing import Any

from arrtheaudio.containers import Probe
from arrtheaudio.core.language import tag
from arrtheaudio.core.track import Track
from arrtheaudio.errors import NotMedia, Timeout, ToolFailed

_TYPES = ("video", "audio", "subtitle", "attachment")
# Containers with tracks. Not the playlists, which name further files and hosts, nor the formats that take any text.
_FORMATS = (
    "aac,ac3,aiff,ape,asf,avi,caf,dts,dtshd,dv,eac3,flac,flv,gxf,h264,hevc,ivf,m4v,mp3,mpc,mpc8,mpeg,mpegts,mpegvideo,"
    "mxf,nut,ogg,rm,truehd,tta,vc1,w64,wav,wtv,wv"
)


def probe(descriptor: int, timeout: float) -> Probe:
    """Return what ffprobe says of an open file, within `timeout` seconds."""
    import shutil

    program = shutil.which("ffprobe")
    if program is None:
        raise NotMedia("neither Matroska nor MP4 (other formats are read where ffprobe is installed)")
    return _parse(_run(program, descriptor, timeout))


def _run(program: str, descriptor: int, timeout: float) -> bytes:
    import subprocess

    # By descriptor, not by name: a name may start with `-`, look like a URL, or be another file by now.
    os.lseek(descriptor, 0, os.SEEK_SET)
    command = [program, "-v", "error", "-protocol_whitelist", "file", "-format_whitelist", _FORMATS]
    command += ["-show_streams", "-show_format", "-of", "json", f"file:/dev/fd/{descriptor}"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, pass_fds=[descriptor], timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise Timeout(f"ffprobe gave no answer within {timeout:g} s") from None
    if done.returncode:
        raise NotMedia("no container that ArrTheAudio or ffprobe can read")
    return done.stdout


def _parse(answer: bytes) -> Probe:
    try:
        data = json.loads(answer)
        form, streams = data["format"], data["streams"]
        tracks = tuple(_track(stream) for stream in streams)
        if not tracks:
            raise NotMedia("no tracks in it")
        duration = float(form["duration"]) if "duration" in form else None
        return Probe(form["format_name"], tracks, duration, form.get("tags", {}).get("encoder"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolFailed(f"ffprobe's answer is not understood: {error}") from None


def _track(stream: dict[str, Any]) -> Track:
    tags = {key.lower(): value for key, value in stream.get("tags", {}).items()}
    disposition = stream["disposition"]
    kind = stream.get("codec_type", "data")
    rate = stream.get("sample_rate")
    return Track(
        index=stream["index"],
        type=kind if kind in _TYPES else "data",
        codec=stream.get("codec_name", "unknown"),
        language=tag(tags.get("language")),
        language_in_file=tags.get("language"),
        name=tags.get("title"),
        channels=stream.get("channels"),
        sample_rate=int(rate) if rate else None,
        default=bool(disposition["default"]),
        forced=bool(disposition["forced"]),
        original=bool(disposition["original"]),
        commentary=bool(disposition["comment"]),
        visual_impaired=bool(disposition["visual_impaired"]),
        hearing_impaired=bool(disposition["hearing_impaired"]),
    )
