"""The last resort: all of a file muxed anew, where the change does not fit into the bytes that its header has.

Only where the user allows it. The new file is made in the dot-folder beside the old one, compared with it (see
comparison.py), and renamed over its path: until then nothing has changed, after it nothing can be taken back. Other
names of the old file keep it.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Sequence

from arrtheaudio import editing, messages
from arrtheaudio.containers import Probe
from arrtheaudio.core.track import Change
from arrtheaudio.core.value import Value
from arrtheaudio.editing import Intent
from arrtheaudio.errors import Error, NoSpace, ToolFailed
from arrtheaudio.files import Media
from arrtheaudio.journal import Journal
from arrtheaudio.remux import arguments, comparison, programs
from arrtheaudio.remux.arguments import Watch

_MATROSKA = ("matroska", "webm")
# What a slow disk reads, writes and reads again of a file, in bytes a second.
_SLOWEST = 4 << 20
# With less than this free, in bytes, a tool that failed did so for want of space.
_FULL = 1 << 20
_PAUSE = 0.05


class Limits(Value):
    """What a rewrite may take: seconds (besides what the file's size allows, see `time_for`), and rewrites at once."""

    timeout: float = 300.0
    at_once: int = 1


def time_for(size: int, limits: Limits) -> float:
    """Return the seconds that a file of `size` bytes may take: the timeout, and a second for each 4 MiB."""
    return limits.timeout + size / _SLOWEST


def told(name: str) -> Watch:
    """Return what says, with `--verbose`, how far the rewrite of a file is, in steps of a tenth."""
    tenths = 0

    def watch(done: float) -> None:
        nonlocal tenths
        if int(done * 10) > tenths:
            tenths = int(done * 10)
            messages.detail(f"{name}: written anew to {tenths * 10} %")

    return watch


def rewrite(
    media: Media, changes: Sequence[Change], journal: Journal, intent: Intent, limits: Limits, watch: Watch
) -> str:
    """Put a remuxed file with the changes under the path; return the entry's id. On any failure nothing has changed.

    ToolMissing, ToolFailed (its last line, or what the new file lacks), NoSpace (it takes twice the file's size),
    Timeout. A signal to this process ends the tool too, and is a ToolFailed here.
    """
    probe: Probe = media.probe()
    for tool in (*(("mkvmerge",) if probe.container in _MATROSKA else ()), "ffmpeg", "ffprobe"):
        programs.find(tool)

    def fill(new: Media) -> None:
        _room(media, new)
        with _turn(journal.root, limits.at_once), _source(media) as source:
            deadline = time.monotonic() + time_for(media.stat.st_size, limits)
            with _full_disk(new):
                _fill(media, source, new, probe, changes, deadline, watch)

    return editing.make_anew(media, journal, intent, fill)


def _fill(
    media: Media, source: int, new: Media, probe: Probe, changes: Sequence[Change], deadline: float, watch: Watch
) -> None:
    identified = comparison.identify(source, deadline) if probe.container in _MATROSKA else {}
    if identified:
        command = arguments.mkvmerge(source, new.descriptor, probe, changes, identified)
    else:
        command = arguments.ffmpeg(source, new.descriptor, probe, changes, arguments.shape(media))
    programs.run(command, [source, new.descriptor], deadline, arguments.progress(watch, probe.duration))
    # From the cheapest comparison to the dearest: the last one reads both files.
    different = comparison.same_tracks(probe, _probe(new), changes)
    if not different:
        before = comparison.facts(source, media.stat.st_size, identified, deadline)
        different = comparison.differences(before, _facts(new, bool(identified), deadline), changes)
    if different:
        more = f" (and {len(different) - 1} more)" if len(different) > 1 else ""
        raise ToolFailed(f"the remuxed file is not the same: {different[0]}{more}")


def _probe(new: Media) -> Probe:
    try:
        probe: Probe = new.probe()
        return probe
    except Error as error:
        size = os.fstat(new.descriptor).st_size
        raise ToolFailed(f"the remuxed file, of {size:,} bytes, does not read: {error}") from None


def _facts(new: Media, matroska: bool, deadline: float) -> comparison.Facts:
    identified = comparison.identify(new.descriptor, deadline) if matroska else {}
    return comparison.facts(new.descriptor, os.fstat(new.descriptor).st_size, identified, deadline)


def _free(new: Media) -> int:
    """Return the bytes that are free where the new file is."""
    room = os.fstatvfs(new.descriptor)
    return room.f_bavail * room.f_frsize


def _room(media: Media, new: Media) -> None:
    needed, free = 2 * media.stat.st_size, _free(new)
    if free < needed:
        raise NoSpace(f"a rewrite needs {needed:,} bytes, twice the file's size, and {free:,} are free")


@contextlib.contextmanager
def _full_disk(new: Media) -> Iterator[None]:
    """Name a tool's failure on a full disk: each tool has its own words for that."""
    try:
        yield
    except ToolFailed as error:
        if _free(new) < _FULL:
            raise NoSpace(f"the disk filled up: {error}") from None
        raise


@contextlib.contextmanager
def _source(media: Media) -> Iterator[int]:
    """Open the file once more, for the tools: with our own descriptor they would share its lock, and might keep it."""
    descriptor = os.open(programs.named(media.descriptor), os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _turn(folder: str, count: int) -> Iterator[None]:
    """Wait for one of `count` turns, which all threads and processes with this journal share; flock keeps them."""
    places: list[int] = []
    try:
        for place in range(count):
            places.append(os.open(f"{folder}/rewriting.{place}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        while not any(map(_taken, places)):
            programs.check()
            time.sleep(_PAUSE)
        yield
    finally:
        for place in places:
            os.close(place)


def _taken(place: int) -> bool:
    """Take a turn, and say whether that was possible."""
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without flock: no turns
        pass
    return True
