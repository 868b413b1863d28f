"""Take edits back: the file is what it was, to the byte and to its time of change.

Reads records that `apply` has answered, or paths, whose latest edit is looked up in the journal. An edit is taken back
only while the bytes are still the ones it wrote. Nothing is lost: undoing is an edit with a journal entry of its own.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import click

from arrtheaudio import editing, filters
from arrtheaudio.commands.apply import recover
from arrtheaudio.containers.edit import Edit
from arrtheaudio.core.record import Record, integer, nanoseconds, path_of
from arrtheaudio.errors import ChangedSinceProbe, InvalidRecord
from arrtheaudio.files import Media, open_to_edit, open_to_read
from arrtheaudio.journal import Journal
from arrtheaudio.pipeline import Stage


class Done(NamedTuple):
    """An edit that took place: what it wrote, and the file's mtime before it, in nanoseconds, where that is known."""

    edits: tuple[Edit, ...]
    mtime: int | None
    journal: str | None


def stage(record: Record, journal: Journal, *, dry_run: bool) -> Mapping[str, Any]:
    """Take back the edit of a record, or the latest of its file."""
    path = path_of(record)
    with open_to_read(path) if dry_run else open_to_edit(path) as media:
        done = _of_record(record, journal, media.stat.st_ino) if "apply" in record else _latest(media, journal)
        if done is None or not done.edits:
            return {"status": "unchanged"}
        return _undo(media, done, record, journal, dry_run=dry_run)


def _undo(media: Media, done: Done, record: Record, journal: Journal, *, dry_run: bool) -> Mapping[str, Any]:
    editing.settle(journal, media)
    size = integer(record, "size")
    found = editing.state(media, done.edits) if size in (None, media.stat.st_size) else editing.FOREIGN
    if found == editing.OLD:
        return {"status": "unchanged"}
    if found != editing.NEW:
        raise ChangedSinceProbe("the bytes are no longer the ones that the edit wrote")
    edits = [edit.reversed() for edit in reversed(done.edits)]
    answer = {"status": "planned" if dry_run else "undone", "edits": [edit.to_dict() for edit in edits]}
    if dry_run:
        return answer
    intent = editing.Intent("undo", undoes=done.journal)
    return {**answer, "journal": editing.make(media, edits, journal, intent, mtime=done.mtime)}


def _of_record(record: Record, journal: Journal, inode: int) -> Done | None:
    answer = record["apply"]
    try:
        if answer["status"] != "changed":
            return None
        edits = tuple(Edit.from_dict(edit) for edit in answer["edits"])
        entry = journal.find(str(answer.get("journal", "")), inode)
    except (TypeError, KeyError, ValueError, AttributeError):
        raise InvalidRecord("apply has no status, or edits that are none") from None
    mtime = record.get("mtime")
    # The journal has the time to the nanosecond, the record to the microsecond.
    return Done(edits, entry.mtime if entry else None if mtime is None else nanoseconds(mtime), entry and entry.id)


def _latest(media: Media, journal: Journal) -> Done | None:
    """Return the newest edit of the file that has not been taken back."""
    undone = set()
    for entry in journal.finished(media.stat.st_ino):
        if entry.undoes is not None:
            undone.add(entry.undoes)
        elif entry.id not in undone:
            return Done(entry.edits, entry.mtime, entry.id)
    return None


def row(record: Record) -> list[str]:
    """Return the cells of a file."""
    return [record["undo"]["status"], record["path"]]


TABLE = filters.Table(("STATUS", "PATH"), row)


@click.command("undo", help=__doc__)
@filters.options
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be taken back, and change nothing.")
@click.pass_context
def command(ctx: click.Context, /, dry_run: bool, **values: Any) -> None:
    """Take back."""
    common = filters.Common.of(values)
    journal = Journal(ctx.obj.config.journal.path)
    source = filters.source(common, "undo")
    if not dry_run:
        recover(journal)
    steps = [Stage("undo", partial(stage, journal=journal, dry_run=dry_run), common.refresh)]
    filters.run(ctx, source, steps, TABLE, common, edits=not dry_run)
