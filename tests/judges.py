"""What other people's programs say of a file: ffprobe, mkvmerge and mediainfo.

An answer depends on the file's bytes and the program's version alone, and ffprobe takes 0.1 s to start. So answers are
kept beside the samples, in `arrtheaudio-samples/answers`, which may be deleted at any time.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import samples
from surgery import SEGMENT, TRACKS, VOID, boxes, elements

Answer = dict[str, Any]

PROGRAMS = ("ffprobe", "mkvmerge", "mediainfo")
PATIENCE = 60  # seconds that a program may take before the test fails
_FFPROBE = ("ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format")
# Each packet with its time, place and the hash of its bytes.
_PACKETS = ("-show_chapters", "-show_packets", "-show_data_hash", "sha256")
_VERSIONS = {"ffprobe": "-version", "mkvmerge": "--version", "mediainfo": "--Version"}


def need(*programs: str) -> None:
    """Skip where a judge, or another program that is asked for, is not installed."""
    missing = [program for program in (*PROGRAMS, *programs) if shutil.which(program) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


def ffprobe(path: Path) -> Answer | None:
    """Return streams and format, None where ffprobe cannot read the file."""
    return _kept(_FFPROBE, path)


def ffprobe_packets(path: Path) -> Answer | None:
    """Return streams, format, chapters and packets, None where ffprobe cannot read the file."""
    return _kept((*_FFPROBE, *_PACKETS), path)


def mkvmerge(path: Path) -> Answer | None:
    """Return what `mkvmerge -J` says, None where it does not know the format."""
    answer = _kept(("mkvmerge", "-J"), path)
    return answer if answer and answer["container"]["supported"] else None


def mediainfo(paths: Sequence[Path]) -> list[Answer]:
    """Return what mediainfo says of each file: all that nothing is known of yet in one process."""
    command = ("mediainfo", "--Output=JSON")
    places = [_place(command, path) for path in paths]
    unknown = {place: path for place, path in zip(places, paths, strict=True) if not place.exists()}
    if unknown:
        said = json.loads(_run((*command, *unknown.values())).stdout)
        for place, answer in zip(unknown, said if isinstance(said, list) else [said], strict=True):
            _keep(place, answer["media"])
    return [json.loads(place.read_bytes()) for place in places]


def _kept(command: tuple[str, ...], path: Path) -> Answer | None:
    place = _place(command, path)
    if not place.exists():
        done = _run((*command, path))
        # mkvmerge ends with 1 for a warning, and with 2 where it does not know the format and says so in JSON.
        failed = done.returncode and command[0] != "mkvmerge"
        _keep(place, None if failed else json.loads(done.stdout))
    answer: Answer | None = json.loads(place.read_bytes())
    return answer


def _run(command: Sequence[str | Path]) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)


def _place(command: tuple[str, ...], path: Path) -> Path:
    digest = hashlib.sha256(path.read_bytes())
    for part in (_version(command[0]), *command, path.suffix):
        digest.update(part.encode() + b"\0")
    return _folder() / f"{digest.hexdigest()}.json"


@cache
def _folder() -> Path:
    folder = samples.folder().with_name("answers")
    folder.mkdir(exist_ok=True)
    return folder


@cache
def _version(program: str) -> str:
    return _run((program, _VERSIONS[program])).stdout.decode()


def _keep(place: Path, answer: Answer | None) -> None:
    """Write an answer, but for the file's name and times; whole, whoever else writes it too."""
    for part in (answer or {}, (answer or {}).get("format", {})):
        for name in ("filename", "file_name", "@ref"):
            part.pop(name, None)
    for track in (answer or {}).get("track", []):
        for name in ("File_Modified_Date", "File_Modified_Date_Local"):
            track.pop(name, None)
    unfinished = place.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(answer))
    unfinished.rename(place)


def editable(data: bytes) -> range:
    """Return where a file's bytes may change: Tracks with the Void right behind it, or moov."""
    at = 0
    if data[:4] != b"\x1a\x45\xdf\xa3":
        for box in boxes(data):
            length = len(box.pack())
            if box.type == b"moov":
                return range(at, at + length)
            at += length
        raise AssertionError("no moov")
    for element in elements(data):
        children = element.children or []
        lengths = [len(child.pack()) for child in children]
        if element.id == SEGMENT:
            (first,) = (number for number, child in enumerate(children) if child.id == TRACKS)
            start = at + len(element.pack()) - sum(lengths[first:])
            behind = [child.id for child in children[first + 1 : first + 2]] == [VOID]
            return range(start, start + sum(lengths[first : first + 1 + behind]))
        at += len(element.pack())
    raise AssertionError("no Segment")
