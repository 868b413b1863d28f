"""Is a remuxed file still the same film? Everything that ffprobe and mkvmerge say of it, and its packets, is compared.

What may differ is named here, with its reason; anything else is a difference.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from arrtheaudio.containers import Probe
from arrtheaudio.core.track import Change, Track, changed
from arrtheaudio.errors import ToolFailed
from arrtheaudio.remux.programs import named, run

Facts = dict[str, Any]
"""What a file is, one value a name: `ffprobe.streams.1.tags.title`."""

# Up to this size, in bytes, the packets of the whole file are compared, beyond it those of its first minute.
_WHOLE = 1 << 30
_MINUTE = ("-t", "60")
# A duration may differ by a packet or two: some muxers count to the start of the last one, others to its end.
_NEAR = 0.1

_STATISTICS = r"(bps|duration|number_of_frames|number_of_bytes|_statistics_\w+)(-\w+)?"
_MAY_DIFFER = (
    # The file itself, and how much of it is not media
    r"ffprobe\.format\.(filename|size|bit_rate|probe_score)",
    r"mkvmerge\.file_name",
    # Who wrote it, and when
    r"ffprobe\.format\.tags\.(encoder|creation_time)",
    r"mkvmerge\.container\.properties\.(muxing_application|writing_application|date_utc|date_local)",
    # What mkvmerge counts anew
    rf"ffprobe\.streams\.\d+\.tags\.{_STATISTICS}",
    rf"mkvmerge\.tracks\.\d+\.properties\.(tag_{_STATISTICS}|number|num_index_entries)",
    # ChapterUIDs that are no random numbers, as ffmpeg's are, are replaced by such
    r"ffprobe\.chapters\.\d+\.id",
    # ffprobe's guess from what lies in its first buffer
    r"ffprobe\.streams\.\d+\.field_order",
    # Language codes: what they mean is compared in our own reading, as BCP 47 tags
    r"ffprobe\.streams\.\d+\.tags\.language",
    r"mkvmerge\.tracks\.\d+\.properties\.language",
    # The length of what is compared itself
    r"mkvmerge\.tracks\.\d+\.properties\.codec_private_length",
    # ffmpeg writes its own list of brands, and how much it may buffer
    r"ffprobe\.format\.tags\.(minor_version|compatible_brands)",
    r"ffprobe\.streams\.\d+\.(bit_rate|max_bit_rate)",
)
# What was not there may come: it was implied, or stands in the packets.
_MAY_COME = (
    r"mkvmerge\.container\.properties\.(segment_uid|duration)",
    r"mkvmerge\.tracks\.\d+\.properties\.(default_duration|language_ietf|codec_private_data|uid)",
    r"ffprobe\.streams\.\d+\.(extradata_size|duration|duration_ts|start_pts|start_time)",
    r"ffprobe\.format\.duration",
    # Tags that stand behind the Clusters, which ffprobe finds only where a SeekHead says so
    r"ffprobe\.(streams\.\d+|format)\.tags\..+",
    r"ffprobe\.chapters\..+",
)
# Numbers in seconds, and in nanoseconds or ticks, which `_NEAR` seconds bound.
_SECONDS = r"ffprobe\.(format|streams\.\d+)\.duration"
_TICKS = r"ffprobe\.streams\.\d+\.duration_ts"
_NANOSECONDS = r"mkvmerge\.(container\.properties\.duration|tracks\.\d+\.properties\.minimum_timestamp)"

_MKVMERGE = {"default": "default_track", "forced": "forced_track", "original": "flag_original"}


def identify(descriptor: int, deadline: float) -> dict[str, Any]:
    """Return what `mkvmerge -J` says of an open file."""
    answer = _parse("mkvmerge", run(["mkvmerge", "-J", named(descriptor)], [descriptor], deadline))
    if "tracks" not in answer or "container" not in answer:
        raise ToolFailed("mkvmerge -J does not know the file")
    return answer


def facts(descriptor: int, size: int, identified: Mapping[str, Any], deadline: float) -> Facts:
    """Return everything that the tools say of an open file of `size` bytes."""
    show = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-show_chapters", "-of", "json"]
    shown = _parse("ffprobe", run([*show, f"file:{named(descriptor)}"], [descriptor], deadline))
    found = dict(_flat("ffprobe", shown)) | dict(_flat("mkvmerge", identified))
    part = () if size <= _WHOLE else _MINUTE
    digest = ["ffmpeg", "-nostdin", "-v", "error", *part, "-i", f"file:{named(descriptor)}", "-map", "0", "-c", "copy"]
    digest += ["-copy_unknown", "-f", "streamhash", "-hash", "md5", "-"]
    for line in run(digest, [descriptor], deadline).decode().splitlines():
        number, _, value = line.partition(",")
        found[f"packets.{number}"] = value
    return found


def _parse(tool: str, answer: bytes) -> dict[str, Any]:
    try:
        data = json.loads(answer)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ToolFailed(f"{tool}'s answer is not understood")
    return data


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    items: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        yield name, value
        return
    for key, item in items:
        yield from _flat(f"{name}.{key}", item)


def differences(before: Facts, after: Facts, changes: Sequence[Change]) -> list[str]:
    """Return what is different and may not be; `changes` are those that shall be there."""
    before, after = dict(before), dict(after)
    for change in changes:
        before[f"ffprobe.streams.{change.index}.disposition.{change.disposition}"] = int(change.after)
        for side in (before, after):  # absent where it is its default
            side.pop(f"mkvmerge.tracks.{change.index}.properties.{_MKVMERGE[change.disposition]}", None)
    return [
        f"{name} was {before.get(name)!r:.100} and is {after.get(name)!r:.100}"
        for name in sorted(before.keys() | after.keys())
        if not _same(name, before.get(name), after.get(name))
    ]


def _same(name: str, old: Any, new: Any) -> bool:
    if old == new or _matches(name, *_MAY_DIFFER):
        return True
    if old is None:
        return _matches(name, *_MAY_COME)
    if _matches(name, _SECONDS):
        return new is not None and abs(float(old) - float(new)) <= _NEAR
    if _matches(name, _NANOSECONDS):
        return new is not None and abs(old - new) <= _NEAR * 1e9
    # Its time base is compared as a fact of its own, and its seconds too.
    return _matches(name, _TICKS) and new is not None


def _matches(name: str, *patterns: str) -> bool:
    return any(re.fullmatch(pattern, name, re.IGNORECASE) for pattern in patterns)


def same_tracks(before: Probe, after: Probe, changes: Sequence[Change]) -> list[str]:
    """Return what our own reading finds different and not wanted; the muxer, and TrackNumbers, may be others."""
    wanted, found = changed(before.tracks, changes), after.tracks
    different = [] if before.container == after.container else [f"the container is {after.container}"]
    if before.duration is not None and (after.duration is None or abs(before.duration - after.duration) > _NEAR):
        different.append(f"the duration was {before.duration} s and is {after.duration} s")
    if len(wanted) != len(found):
        return [*different, f"there were {len(wanted)} tracks and are {len(found)}"]
    pairs = zip(wanted, found, strict=True)
    return different + [
        f"track {old.index} is not as planned" for old, new in pairs if _essence(old, old) != _essence(new, old)
    ]


def _essence(track: Track, before: Track) -> Track:
    """Return a track without what may differ; a language that is implied, and a missing UID, may be written out."""
    uid = None if before.uid is None else track.uid
    return track._replace(number=None, uid=uid, language_in_file=None)
