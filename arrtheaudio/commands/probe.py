"""Read the tracks of files.

Adds `probe` to each record: the container, its duration, and every track with its codec, language, name and
dispositions. Matroska, WebM, MP4 and QuickTime are read natively, a few kilobytes of each file; other formats by
ffprobe, where it is installed.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from arrtheaudio import filters
from arrtheaudio.call import Call
from arrtheaudio.core.record import Record, path_of, timestamp
from arrtheaudio.errors import NotMedia
from arrtheaudio.files import Media, open_to_read
from arrtheaudio.pipeline import Stage


def stage(record: Record, timeout: float) -> Mapping[str, Any]:
    """Read the tracks; a record that came without its file's size and mtime gets them from the same descriptor."""
    with open_to_read(path_of(record)) as media:
        record.setdefault("size", media.stat.st_size)
        record.setdefault("mtime", timestamp(media.stat.st_mtime_ns))
        return _probe(media, timeout)


def _probe(media: Media, timeout: float) -> Mapping[str, Any]:
    if media.stat.st_size == 0:
        raise NotMedia("the file is empty")
    try:
        codec, window = media.look()
    except NotMedia:
        from arrtheaudio.containers import ffprobe

        return ffprobe.probe(media.descriptor, timeout).to_dict()
    return codec.probe(window).to_dict()


def stages(timeout: float, *, refresh: bool = False) -> list[Stage]:
    """Return the stage, with what comes before it."""
    return [Stage("probe", partial(stage, timeout=timeout), refresh)]


def row(record: Record) -> list[str]:
    """Return the cells of a file: `*` marks a default track."""
    probe = record["probe"]
    audio = [track for track in probe["tracks"] if track["type"] == "audio"]
    return [probe["container"], " ".join(map(_shown, audio)) or "-", record["path"]]


def _shown(track: Mapping[str, Any]) -> str:
    marks = "*" if track["default"] else ""
    note = " commentary" * bool(track["commentary"]) + " disabled" * (not track["enabled"])
    channels = f" {track['channels']}ch" if track.get("channels") else ""
    return f"[{marks}{track['index']} {track['language']} {track['codec']}{channels}{note}]"


TABLE = filters.Table(("CONTAINER", "AUDIO TRACKS (* default)", "PATH"), row)
# Seconds that ffprobe may take for one file of another format.
TIMEOUT = 60.0


USES = ("ffprobe",)
EXAMPLES = (
    ("The tracks of a film, as a table:", "arrtheaudio probe --format table /media/films/film.mkv"),
    (
        "The films that have more than one audio track:",
        """\
arrtheaudio scan /media/films | arrtheaudio probe |
    jq -r 'select([.probe.tracks[]?|select(.type=="audio")][1]).path'""",
    ),
    ("Files that find(1) finds, whatever their names:", "find /media -name '*.mp4' -print0 | arrtheaudio probe --null"),
)
FILES = filters.FILES
OPTIONS = filters.OPTIONS


def run(call: Call) -> int:
    """Print the records with their tracks."""
    steps = stages(TIMEOUT, refresh=call.values["refresh"])
    return filters.run(call, filters.source(call, "probe"), steps, TABLE)
