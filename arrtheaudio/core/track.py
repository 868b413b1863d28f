"""A track, its dispositions, and a change of one of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from arrtheaudio.core.value import Value


class Track(Value):
    """One stream of a container, as the file means it: an absent element has its default.

    `index` is the stream index that ffprobe prints; `number` is the container's own (Matroska TrackNumber,
    MP4 track_ID), None for a Matroska attachment. `codec` is ffprobe's codec_name. `language` is a BCP 47 tag, `und`
    where the file says nothing usable; `language_in_file` is what stands there, None where nothing does.
    `sample_rate` is in hertz.
    """

    index: int  # type: ignore[assignment]  # tuple.index is not used
    type: str
    codec: str
    number: int | None = None
    uid: int | None = None
    language: str = "und"
    language_in_file: str | None = None
    name: str | None = None
    channels: int | None = None
    sample_rate: int | None = None
    default: bool = True
    forced: bool = False
    enabled: bool = True
    original: bool = False
    commentary: bool = False
    visual_impaired: bool = False
    hearing_impaired: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the track as it stands in a record; what is unknown is left out."""
        return {key: value for key, value in self._asdict().items() if value is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Track":
        """Read a track of a record; keys that are not ours are passed over."""
        return cls(**{key: data[key] for key in cls._fields if key in data})


class Change(Value):
    """One disposition (`default`, `forced` or `original`) of one track, before and after."""

    index: int  # type: ignore[assignment]  # tuple.index is not used
    disposition: str
    before: bool
    after: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the change as it stands in a record."""
        return {"index": self.index, "disposition": self.disposition, "from": self.before, "to": self.after}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Change":
        """Read a change of a record."""
        return cls(data["index"], data["disposition"], data["from"], data["to"])


def changed(tracks: Sequence[Track], changes: Sequence[Change]) -> tuple[Track, ...]:
    """Return the tracks as they are to be after the changes."""
    wanted: dict[int, dict[str, bool]] = {}
    for change in changes:
        wanted.setdefault(change.index, {})[change.disposition] = change.after
    return tuple(track._replace(**wanted[track.index]) if track.index in wanted else track for track in tracks)
