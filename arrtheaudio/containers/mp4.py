"""MP4, M4V, M4A and QuickTime (ISO/IEC 14496-12 and -14; QTFF). This module is the codec: `sniff`, `probe`, `plan`."""

from collections.abc import Sequence

from arrtheaudio.containers import Probe, mp4_layout, mp4_metadata, mp4_tracks
from arrtheaudio.containers.bmff import Boxes
from arrtheaudio.containers.edit import Plan
from arrtheaudio.containers.mp4_layout import Movie
from arrtheaudio.containers.mp4_tracks import Entry
from arrtheaudio.containers.window import Window
from arrtheaudio.core.track import Change, Track
from arrtheaudio.core.value import Value

_FIRST = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_UNKNOWN_DURATION = (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


def sniff(head: bytes) -> bool:
    """Say whether a file starts with a box that MP4 and QuickTime files start with; old QuickTime has no ftyp."""
    size = int.from_bytes(head[:4], "big")
    return head[4:8] in _FIRST and (size >= 8 or size in (0, 1))


def probe(window: Window) -> Probe:
    """Read the tracks; each cover picture is a video track where its box stands, as ffprobe counts."""
    movie = mp4_layout.find(window)
    header = read(movie)
    return Probe(movie.container, header.tracks, header.duration, header.muxer)


def plan(window: Window, changes: Sequence[Change]) -> Plan:
    """Return the edits, of one byte each, that make the changes of audio tracks."""
    from arrtheaudio.containers import mp4_edit

    return mp4_edit.plan(window, changes)


def bounds(window: Window) -> tuple[int, int]:
    """Return where the data of moov is."""
    movie = mp4_layout.find(window)
    return (0, 0) if movie.compressed else (movie.start, movie.end)


class Header(Value):
    """What a moov box says: all tracks as a probe has them, and the trak boxes among them."""

    tracks: tuple[Track, ...]
    entries: tuple[Entry, ...]
    duration: float | None
    muxer: str | None


def read(movie: Movie) -> Header:
    """Read a moov box, but for the sample tables."""
    boxes = movie.boxes
    entries: list[Entry] = []
    tracks: list[Track] = []
    scale, duration, fragments, muxer = 0, 0, None, None
    for box in boxes.walk(movie.start, movie.end):
        kind = box[0]
        if kind == b"trak":
            entries.append(mp4_tracks.read(movie, box, len(tracks)))
            tracks.append(entries[-1].track)
        elif kind == b"mvhd":
            scale, duration = _movie_header(boxes.read(box, 32))
        elif kind == b"mvex":
            fragments = _fragments(boxes, box[2], box[3])
        elif kind in (b"udta", b"meta"):
            named, covers = mp4_metadata.movie_data(boxes, box)
            muxer = named or muxer
            for codec in covers:
                tracks.append(Track(len(tracks), "video", codec, default=False))
    ticks = duration if fragments is None else fragments
    seconds = round(ticks / scale, 6) if scale and ticks not in _UNKNOWN_DURATION else None
    return Header(_with_chapters(tracks, entries), tuple(entries), seconds, muxer)


def _movie_header(body: bytes) -> tuple[int, int]:
    """Return timescale, in hertz, and duration, in its ticks, of an mvhd box (8.2.2)."""
    if body[:1] == b"\1":
        return int.from_bytes(body[20:24], "big"), int.from_bytes(body[24:32], "big")
    return int.from_bytes(body[12:16], "big"), int.from_bytes(body[16:20], "big")


def _fragments(boxes: Boxes, start: int, end: int) -> int:
    """Return the duration, in the movie's ticks, of a file in fragments; 0 where no mehd box says it (8.8.2)."""
    for box in boxes.walk_sound(start, end):
        if box[0] == b"mehd":
            body = boxes.read(box, 12)
            return int.from_bytes(body[4:12] if body[:1] == b"\1" else body[4:8], "big")
    return 0


def _with_chapters(tracks: Sequence[Track], entries: Sequence[Entry]) -> tuple[Track, ...]:
    """Return the tracks; those of text that another one names as its chapters are data, as ffprobe has it."""
    chapters = next((entry.chapters for entry in reversed(entries) if entry.chapters), ())
    return tuple(
        track._replace(type="data", codec="bin_data", channels=None, sample_rate=None)
        if track.number in chapters and track.type != "video"
        else track
        for track in tracks
    )
