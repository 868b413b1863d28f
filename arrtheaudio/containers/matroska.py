"""Matroska and WebM (RFC 9559). This module is the codec: `sniff`, `probe`, `plan`."""

import math
from collections.abc import Sequence

from arrtheaudio.containers import Probe, ebml, matroska_layout, matroska_tracks
from arrtheaudio.containers import matroska_ids as ids
from arrtheaudio.containers.edit import Plan
from arrtheaudio.containers.matroska_layout import Part
from arrtheaudio.containers.window import Window
from arrtheaudio.core.track import Change

_MUXER_LENGTH = 60


def sniff(head: bytes) -> bool:
    """Say whether a file starts with an EBML header."""
    return head[:4] == b"\x1a\x45\xdf\xa3"


def probe(window: Window) -> Probe:
    """Read the tracks; attachments are counted behind them, as ffprobe does."""
    layout = matroska_layout.find(window)
    (part, *_) = layout.all(ids.TRACKS)
    tracks = matroska_tracks.read(part.body, part.data)[1]
    attachments = layout.all(ids.ATTACHMENTS)
    if attachments:
        from arrtheaudio.containers import matroska_attachments

        tracks += tuple(matroska_attachments.tracks(window, attachments, len(tracks)))
    duration, muxer = _info(layout.all(ids.INFO))
    return Probe(layout.doc_type, tracks, duration, muxer)


def plan(window: Window, changes: Sequence[Change]) -> Plan:
    """Return the edits that make the changes of audio tracks, within Tracks and the Void right behind it."""
    from arrtheaudio.containers import matroska_edit

    return matroska_edit.plan(window, changes)


def bounds(window: Window) -> tuple[int, int]:
    """Return where Tracks and the Void right behind it are."""
    from arrtheaudio.containers import matroska_edit

    return matroska_edit.bounds(window)


def _info(parts: Sequence[Part]) -> tuple[float | None, str | None]:
    """Return duration in seconds and muxer of Info (RFC 9559, 5.1.2), None where they are not known."""
    if not parts:
        return None, None
    body, base = parts[0].body, parts[0].data
    fields = {child: (start, end) for child, _, start, end in ebml.walk(body, 0, len(body), base)}
    scale = ebml.uint(body, *fields.get(ids.TIMESTAMP_SCALE, (0, 0)), 1_000_000, base)
    ticks = ebml.float_(body, *fields.get(ids.DURATION, (0, 0)), 0.0, base)
    apps = (ebml.text(body, *fields[identity]) for identity in (ids.WRITING_APP, ids.MUXING_APP) if identity in fields)
    app = next(filter(None, apps), "")
    return _seconds(ticks, scale), _muxer(app)


def _seconds(ticks: float, scale: int) -> float | None:
    """Return a Duration in seconds, cut to microseconds as ffprobe does; `scale` is in nanoseconds."""
    microseconds = ticks * scale * 1000 / 1_000_000
    return int(microseconds) / 1e6 if 0 < microseconds < math.inf else None


def _muxer(app: str) -> str | None:
    """Return a program's name and version: `mkvmerge v74` of `mkvmerge v74.0.0 ('You Oughta Know') 64-bit`."""
    words: list[str] = []
    for word in app.split():
        words.append(word)
        if any(map(str.isdigit, word)):
            break
    name = " ".join(words)[:_MUXER_LENGTH]
    while name.endswith(".0"):
        name = name[:-2]
    return name or None
