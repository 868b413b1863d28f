"""How the default audio track of an MP4 is changed: bits of `tkhd`, one byte at a time (ISO/IEC 14496-12, 8.3.2).

The default is the flag track_enabled. What players make of it asks for more than that bit:

- Apple plays all enabled tracks that are no alternates of each other at once, and wants one alternate_group for all
  audio tracks, with one of them enabled. So, along with a change, audio tracks without a common group get one.
- Readers that take a disabled track for absent play silence where none is enabled. So one always is.

In which order: groups, then what is enabled, then what is disabled. After each byte, whoever opens the file finds an
enabled audio track, and never two that play together for want of a group. Video and subtitle tracks, the other flags
and all else stay as they are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from arrtheaudio.containers import mp4, mp4_layout
from arrtheaudio.containers.edit import Edit, Plan
from arrtheaudio.containers.mp4_tracks import ENABLED, Entry
from arrtheaudio.containers.window import Window
from arrtheaudio.core.track import Change
from arrtheaudio.errors import ChangedSinceProbe, UnsupportedContainer


def plan(window: Window, changes: Sequence[Change]) -> Plan:
    """Return the edits that make the changes of audio tracks; without an effective one there are none.

    A track that becomes the default takes it from the enabled ones of its own non-zero alternate_group, unless they are
    asked for too: the plan's changes name them. ChangedSinceProbe where there is no such track, UnsupportedContainer
    where the moov box is compressed.
    """
    movie = mp4_layout.find(window)
    header = mp4.read(movie)
    indexes = {track.index: track for track in header.tracks}
    for change in changes:
        if change.index not in indexes:
            raise ChangedSinceProbe(f"there is no track {change.index}")
    audio = [entry for entry in header.entries if indexes[entry.track.index].type == "audio"]
    wanted, notes = _wanted(audio, changes)
    effective = [entry for entry in audio if wanted[entry.track.index] != entry.track.default]
    if not effective:
        return Plan(notes=notes)
    if movie.compressed:
        raise UnsupportedContainer("the moov box is compressed (cmov): its tracks cannot be changed in place")
    made = [Change(entry.track.index, "default", entry.track.default, not entry.track.default) for entry in effective]
    others = {entry.header.group for entry in header.entries if entry not in audio}
    return Plan((*_group(audio, others), *_flags(effective)), tuple(made), notes)


def _wanted(audio: Sequence[Entry], changes: Sequence[Change]) -> tuple[Mapping[int, bool], tuple[str, ...]]:
    """Return which audio tracks are to be default, by index, and what of the changes is left out."""
    before = {entry.track.index: entry.track.default for entry in audio}
    asked = {change.index: change.after for change in changes if change.disposition == "default"}
    wanted = before | {index: after for index, after in asked.items() if index in before}
    notes = list(_left_out(before, changes))
    groups = {entry.header.group for entry in audio if wanted[entry.track.index] and not entry.track.default} - {0}
    for entry in audio:
        if entry.header.group in groups and entry.track.index not in asked:
            wanted[entry.track.index] = False
    kept = next((index for index, default in before.items() if default), None)
    if kept is not None and not any(wanted.values()):
        wanted[kept] = True
        notes.append(f"track {kept} stays the default: without one, some players play no sound")
    return wanted, tuple(notes)


def _left_out(audio: Mapping[int, bool], changes: Iterable[Change]) -> Iterator[str]:
    for disposition in sorted({change.disposition for change in changes} - {"default"}):
        yield f"MP4 has no {disposition} flag on audio tracks: left out"
    for change in changes:
        if change.disposition == "default" and change.index not in audio:
            yield f"track {change.index} is no audio track: left as it is"


def _group(audio: Sequence[Entry], others: set[int]) -> Iterator[Edit]:
    """Yield what gives all audio tracks one non-zero alternate_group, where they have none; `others` are taken.

    That of an enabled track comes first, so that those enabled do not part company in between.
    """
    groups = [entry.header.group for entry in sorted(audio, key=lambda entry: not entry.track.default)]
    if len(groups) < 2 or (len(set(groups)) == 1 and groups[0]):
        return
    free = next(group for group in (*groups, *range(1, 0x10000)) if group and group not in others)
    for entry in audio:
        pairs = zip(entry.header.group.to_bytes(2, "big"), free.to_bytes(2, "big"), strict=True)
        for at, (before, after) in enumerate(pairs):
            if before != after:
                yield Edit(entry.header.group_at + at, bytes((before,)), bytes((after,)))


def _flags(entries: Sequence[Entry]) -> Iterator[Edit]:
    """Yield the edits that turn track_enabled over: on before off."""
    for entry in sorted(entries, key=lambda entry: entry.track.default):
        flags = entry.header.flags
        yield Edit(entry.header.flags_at, bytes((flags,)), bytes((flags ^ ENABLED,)))
