"""One edit, whole or not at all: plan, journal, write, read back; and how to take it back or clean up after a crash."""

import os
from collections.abc import Callable, Iterator, Sequence

from arrtheaudio import replacing
from arrtheaudio.containers import Codec, Probe
from arrtheaudio.containers.edit import Edit, Plan
from arrtheaudio.core.track import Change, changed
from arrtheaudio.core.value import Value
from arrtheaudio.errors import ChangedSinceProbe, Error, Internal, InvalidRecord, IoError, NotFound, from_os
from arrtheaudio.files import Media, open_to_edit
from arrtheaudio.journal import Begun, Entry, Journal, new_id


class Intent(Value):
    """Why a file is changed, for the journal; `undoes` names the entry that is taken back, `job` the queue's job."""

    command: str
    why: str = ""
    undoes: str | None = None
    job: str | None = None


Check = Callable[[Media], None]


def plan(media: Media, changes: Sequence[Change]) -> tuple[Plan, Check]:
    """Return the edits for the changes, and a check, for afterwards, that they did what they should and nothing else.

    ChangedSinceProbe where the tracks are not what the changes start from.
    """
    codec, window = media.look()
    before = codec.probe(window)
    _expect(before, changes)
    edits = codec.plan(window, changes)
    wanted = before._replace(tracks=changed(before.tracks, edits.changes))
    return edits, lambda edited: _verify(codec, edited, wanted)


def check_undo(media: Media, edits: Sequence[Edit]) -> Check:
    """Return a check, for afterwards, that edits from a record did no more than change dispositions.

    InvalidRecord where they lie outside the header that we edit: a record may say anything.
    """
    codec, window = media.look()
    start, end = codec.bounds(window)
    if any(edit.offset < start or edit.offset + len(edit.before) > end for edit in edits):
        raise InvalidRecord(f"its edits lie outside bytes {start} to {end}, where the tracks are described")
    before = codec.probe(window)

    def check(edited: Media) -> None:
        try:
            after = codec.probe(edited.window())
        except Error as error:
            raise InvalidRecord(f"its edits break the header ({error}); rolled back") from None
        if _without_dispositions(after) != _without_dispositions(before):
            raise InvalidRecord("its edits change more than dispositions; rolled back")

    return check


def _without_dispositions(probe: Probe) -> Probe:
    return probe._replace(
        tracks=tuple(
            track._replace(default=False, forced=False, original=False) if track.type == "audio" else track
            for track in probe.tracks
        )
    )


def _expect(probe: Probe, changes: Sequence[Change]) -> None:
    tracks = {track.index: track for track in probe.tracks}
    for change in changes:
        track = tracks.get(change.index)
        if track is None or getattr(track, change.disposition) != change.before:
            raise ChangedSinceProbe(f"track {change.index} is not as it was probed")


def _verify(codec: Codec, media: Media, wanted: Probe) -> None:
    try:
        found = codec.probe(media.window())
    except Error as error:
        raise Internal(f"after the edit the header does not read: {error}; rolled back") from None
    if found != wanted:
        raise Internal("after the edit the tracks are not as planned; rolled back")


def make(
    media: Media,
    edits: Sequence[Edit],
    journal: Journal,
    intent: Intent,
    *,
    verify: Check = lambda _: None,
    mtime: int | None = None,
) -> str:
    """Write the edits, through the journal; return the entry's id. On any failure the file is as it was before.

    `mtime`, in nanoseconds, is what the file shall have afterwards; None lets it advance.
    """
    settle(journal, media)
    if media.reads(edits) != [edit.before for edit in edits]:
        raise ChangedSinceProbe("the bytes to change are not the ones expected")
    entry = _entry(media, edits, intent)
    begun = journal.begin(entry)
    try:
        media.write(edits)
        verify(media)
        if mtime is not None:
            media.set_mtime(mtime)
    except BaseException as error:  # a defect too: whatever it was, the old bytes go back first
        _roll_back(media, entry, begun)
        if isinstance(error, OSError):
            raise from_os(error) from None
        raise
    begun.done()
    return entry.id


def make_in_copy(
    media: Media, edits: Sequence[Edit], journal: Journal, intent: Intent, verify: Check, *, share: bool
) -> str:
    """Put an edited copy of the file under its path, and leave the file itself, which other names have, as it is.

    With `share` the copy takes no space: CannotClone where the file system does not do that.
    """
    settle(journal, media)

    def fill(new: Media) -> None:
        (replacing.clone if share else replacing.copy)(media, new)
        if new.reads(edits) != [edit.before for edit in edits]:
            raise ChangedSinceProbe("the bytes to change are not the ones expected")
        new.write(edits)
        verify(new)

    entry = _entry(media, edits, intent)._replace(method="clone")
    replacing.replace(media, entry, journal, fill)
    return entry.id


def make_anew(media: Media, journal: Journal, intent: Intent, fill: Callable[[Media], None]) -> str:
    """Put a file that `fill` writes under the path; no edits lead there, so that none leads back."""
    settle(journal, media)
    entry = _entry(media, (), intent)._replace(method="rewrite")
    replacing.replace(media, entry, journal, fill)
    replacing.discard(entry)  # the folder: the file has left it
    return entry.id


def _entry(media: Media, edits: Sequence[Edit], intent: Intent) -> Entry:
    stat = media.stat
    return Entry(
        id=new_id(),
        path=media.path,
        device=stat.st_dev,
        inode=stat.st_ino,
        size=stat.st_size,
        mtime=stat.st_mtime_ns,
        edits=tuple(edits),
        **intent._asdict(),
    )


def _roll_back(media: Media, entry: Entry, begun: Begun) -> None:
    try:
        _restore(media, entry)
    except OSError as error:
        begun.close()
        raise IoError(f"half written, and not put back ({from_os(error)}): run `arrtheaudio admin recover`") from None
    begun.drop()


def _restore(media: Media, entry: Entry) -> None:
    media.write([edit.reversed() for edit in reversed(entry.edits)])
    media.set_mtime(entry.mtime)


OLD, NEW, MIXED, FOREIGN = "old", "new", "mixed", "foreign"


def state(media: Media, edits: Sequence[Edit]) -> str:
    """Say whether the bytes are those before the edits, those after, a torn mix of the two, or somebody else's."""
    now = media.reads(edits)
    if now == [edit.before for edit in edits]:
        return OLD
    if now == [edit.after for edit in edits]:
        return NEW
    return MIXED if all(map(_torn, now, edits)) else FOREIGN


def _torn(now: bytes, edit: Edit) -> bool:
    return len(now) == len(edit.before) and all(
        byte in pair for byte, *pair in zip(now, edit.before, edit.after, strict=True)
    )


class Recovered(Value):
    """What became of one unfinished entry; `error` is set where it stays unfinished."""

    path: bytes
    outcome: str
    error: Error | None = None


def settle(journal: Journal, media: Media) -> None:
    """Clean up after a crash in an edit of this very file, under whatever name it had then."""
    for name in journal.unfinished(media.stat.st_ino):
        _recover(journal, name, media)


def recover(journal: Journal) -> Iterator[Recovered]:
    """Finish or roll back every edit that a crash left unfinished: each file is the old one or the new one then."""
    for name in journal.unfinished():
        outcome = _recover(journal, name, None)
        if outcome is not None:
            yield outcome


def _recover(journal: Journal, name: str, media: Media | None) -> Recovered | None:
    adopted = journal.adopt(name)
    if adopted is None:
        return None
    entry, begun = adopted
    if entry is None:
        begun.drop()
        return None
    if journal.has_later(entry):
        begun.done()
        return None
    try:
        if media is not None:
            return Recovered(entry.path, _mend(media, entry, begun))
        with open_to_edit(entry.path) as found:
            return Recovered(entry.path, _mend(found, entry, begun))
    except (OSError, Error) as error:
        begun.close()
        return Recovered(entry.path, "unfinished", from_os(error) if isinstance(error, OSError) else error)


def _mend(media: Media, entry: Entry, begun: Begun) -> str:
    if entry.method != "in_place":
        return _mend_replaced(media, entry, begun)
    if (media.stat.st_ino, media.stat.st_size) != (entry.inode, entry.size):
        raise NotFound("another file has taken its place")
    found = state(media, entry.edits)
    if found == MIXED:
        _restore(media, entry)
    if found in (OLD, MIXED):
        begun.drop()
        return "rolled back" if found == MIXED else "not begun"
    # Bytes of somebody else's are not ours to touch; the entry is kept with those that took place.
    begun.done()
    return "finished" if found == NEW else "changed by another program since"


def _mend_replaced(media: Media, entry: Entry, begun: Begun) -> str:
    """Clean up after a file that was to take the place of another: it did so whole, or not at all."""
    # A rewrite has no edits to know its bytes by: what it made is under its first name, or it took the path.
    rewrite = entry.method == "rewrite"
    replaced = not os.path.lexists(replacing.temporary(entry)) if rewrite else state(media, entry.edits) == NEW
    replacing.discard(entry)
    if media.stat.st_ino == entry.inode or not replaced:
        begun.drop()
        return "rolled back"
    begun.done(media.stat.st_ino)
    return "finished"
