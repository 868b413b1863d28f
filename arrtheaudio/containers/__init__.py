"""Codecs on an open file, never on a path. Each knows one container."""

from collections.abc import Sequence
from typing import Any, Protocol

from arrtheaudio.containers.edit import Plan
from arrtheaudio.containers.window import Window
from arrtheaudio.core.track import Change, Track
from arrtheaudio.core.value import Value
from arrtheaudio.errors import NotMedia


class Probe(Value):
    """What a container says of itself. `duration` is in seconds, None when unknown."""

    container: str
    tracks: tuple[Track, ...]
    duration: float | None = None
    muxer: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the probe as it stands in a record; what is unknown is left out."""
        data: dict[str, Any] = {"container": self.container}
        if self.duration is not None:
            data["duration"] = self.duration
        if self.muxer is not None:
            data["muxer"] = self.muxer
        data["tracks"] = [track.to_dict() for track in self.tracks]
        return data


class Codec(Protocol):
    """A container format that is read, and edited in place, without any other program."""

    def sniff(self, head: bytes) -> bool:
        """Say whether a file that starts with `head` (up to 4 KiB) is this codec's."""

    def probe(self, window: Window) -> Probe:
        """Read the tracks; an `Error` where the file is not what it should be."""

    def plan(self, window: Window, changes: Sequence[Change]) -> Plan:
        """Return the edits, each keeping its length, that make the changes; NoRoom where they do not fit.

        Reads the header anew: a plan is made from the bytes that are there. Without changes it has no edits.
        """

    def bounds(self, window: Window) -> tuple[int, int]:
        """Return where in the file an edit may lie: from the first offset up to the second."""


def sniff(head: bytes) -> Codec:
    """Return the codec of a file that starts with `head` (up to 4 KiB); NotMedia where none of ours knows it."""
    # Imported here: a probe of one file needs one of the two.
    if head[:4] == b"\x1a\x45\xdf\xa3":
        from arrtheaudio.containers import matroska

        return matroska
    from arrtheaudio.containers import mp4

    if mp4.sniff(head):
        return mp4
    raise NotMedia("no Matroska, WebM, MP4 or QuickTime file")
