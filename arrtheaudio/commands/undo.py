"""Take edits back, to the byte.

Reads records that `apply` has answered, or paths, whose latest edit is looked up in the journal. An edit is taken back
only while the bytes are still the ones it wrote. Nothing is lost: undoing is an edit with a journal entry of its own,
and a line of `undo --list` is a record: give it to `undo`, and that edit, an undo too, is taken back.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from arrtheaudio import editing, filters, messages
from arrtheaudio.call import Call
from arrtheaudio.commands.apply import recover
from arrtheaudio.commands.scan import duration
from arrtheaudio.containers.edit import Edit
from arrtheaudio.core.record import Record, integer, nanoseconds, of_path, path_of, timestamp
from arrtheaudio.core.value import Value
from arrtheaudio.errors import ChangedSinceProbe, InvalidRecord, UsageError
from arrtheaudio.files import Media, open_to_edit, open_to_read
from arrtheaudio.journal import Entry, Journal, time_of
from arrtheaudio.options import Option
from arrtheaudio.pipeline import Stage


class Done(Value):
    """An edit that took place: what it wrote; the file's size, and its mtime before, in nanoseconds, where known."""

    edits: tuple[Edit, ...]
    size: int | None
    mtime: int | None
    journal: str | None


def stage(record: Record, journal: Journal, *, dry_run: bool) -> Mapping[str, Any]:
    """Take back the edit of a record, or the latest of its file."""
    path = path_of(record)
    with open_to_read(path) if dry_run else open_to_edit(path) as media:
        if not dry_run:
            editing.settle(journal, media)
        done = _of_record(record, journal, media.stat.st_ino) if "apply" in record else _latest(media, journal)
        if done is None:
            return {"status": "unchanged"}
        if not done.edits:
            raise ChangedSinceProbe("it was written anew, which cannot be taken back: the old file is gone")
        return _undo(media, done, journal, dry_run=dry_run)


def _undo(media: Media, done: Done, journal: Journal, *, dry_run: bool) -> Mapping[str, Any]:
    found = editing.state(media, done.edits) if done.size in (None, media.stat.st_size) else editing.FOREIGN
    if found == editing.OLD:
        return {"status": "unchanged"}
    if found != editing.NEW:
        raise ChangedSinceProbe("the bytes are no longer the ones that the edit wrote")
    edits = [edit.reversed() for edit in reversed(done.edits)]
    check = editing.check_undo(media, edits)
    answer = {"status": "planned" if dry_run else "undone", "edits": [edit.to_dict() for edit in edits]}
    if dry_run:
        return answer
    intent = editing.Intent("undo", undoes=done.journal)
    entry = editing.make(media, edits, journal, intent, verify=check, mtime=done.mtime)
    if done.mtime is not None and os.fstat(media.descriptor).st_mtime_ns != done.mtime:
        messages.note(f"{os.fsdecode(media.path)}: only its owner may set its time back")
    return {**answer, "journal": entry}


def of_job(record: Record, journal: Journal, job: str, *, dry_run: bool = False) -> Mapping[str, Any]:
    """Take back what a job of the queue did to the file of a record, its latest edit first; answer as for one edit."""
    path = path_of(record)
    inode = os.stat(path).st_ino
    # The journal has the file under the name that it had then.
    edits = [{**edit, **of_path(path)} for edit in listed(_chosen(journal, None, job, standing=True, inode=inode))]
    answers = [stage(edit, journal, dry_run=dry_run) for edit in edits]
    undone = [answer for answer in answers if answer["status"] != "unchanged"]
    if not undone:
        return {"status": "unchanged"}
    return {**undone[-1], "edits": [edit for answer in undone for edit in answer["edits"]]}


def _of_record(record: Record, journal: Journal, inode: int) -> Done | None:
    answer = record["apply"]
    try:
        if answer["status"] != "changed":
            return None
        edits = tuple(Edit.from_dict(edit) for edit in _edits(answer))
        entry = journal.find(str(answer.get("journal", "")), inode)
    except (TypeError, KeyError, ValueError, AttributeError):
        raise InvalidRecord("apply has no status, or edits that are none") from None
    size = integer(record, "size")
    if entry is not None:
        if entry.edits != edits:
            raise InvalidRecord("its edits are not those that the journal has of it")
        return Done(edits, size, entry.mtime, entry.id)
    # The journal has the time to the nanosecond, the record to the microsecond.
    mtime = record.get("mtime")
    return Done(edits, size, None if mtime is None else nanoseconds(mtime), None)


def _edits(answer: Mapping[str, Any]) -> Any:
    return answer.get("edits", ()) if answer.get("method") == "rewrite" else answer["edits"]


def _latest(media: Media, journal: Journal) -> Done | None:
    """Return the newest edit of the file that has not been taken back."""
    for entry in journal.standing(media.stat.st_ino):
        # Inode numbers are used again, and each disk has its own: of another path and size, it is another file.
        if not entry.edits or entry.path == media.path or entry.size == media.stat.st_size:
            return Done(entry.edits, entry.size, entry.mtime, entry.id)
    return None


def listed(entries: Iterable[Entry], undone: frozenset[str] = frozenset()) -> Iterator[Record]:
    """Yield a record for each edit, as `apply` would have printed it: `undo` takes it."""
    for entry in entries:
        yield {
            **of_path(entry.path),
            "size": entry.size,
            "mtime": timestamp(entry.mtime),
            "apply": {
                "status": "changed",
                "method": entry.method,
                "edits": [edit.to_dict() for edit in entry.edits],
                "journal": entry.id,
            },
            "journal": {
                "when": timestamp(time_of(entry.id)),
                "command": entry.command,
                "why": entry.why,
                "job": entry.job,
                "undone": entry.id in undone,
            },
        }


def row(record: Record) -> list[str]:
    """Return the cells of a file."""
    return [record["undo"]["status"], record["path"]]


def list_row(record: Record) -> list[str]:
    """Return the cells of an edit."""
    about = record["journal"]
    state = "undone" if about["undone"] else ""
    return [about["when"][:19].replace("T", " "), about["command"], state, about["why"], record["path"]]


TABLE = filters.Table(("STATUS", "PATH"), row)
LIST = filters.Table(("WHEN (UTC)", "COMMAND", "STATE", "WHY", "PATH"), list_row)


def moment(text: str) -> int:
    """Return a time in nanoseconds since 1970: RFC 3339 (UTC where it names no zone), or how long ago."""
    from datetime import UTC, datetime

    try:
        time_then = datetime.fromisoformat(text)
        return int((time_then if time_then.tzinfo else time_then.replace(tzinfo=UTC)).timestamp() * 1e9)
    except ValueError:
        pass
    try:
        return time.time_ns() - int(duration(text) * 1e9)
    except ValueError:
        raise ValueError(f"{text!r} is no time: give a date like 2026-01-31, or how long ago, like 2h or 7d.") from None


def _chosen(
    journal: Journal, since: int | None, job: str | None, *, standing: bool, inode: int | None = None
) -> Iterator[Entry]:
    """Yield the edits since a time, of a job, of a file; `standing` leaves out what was taken back."""
    for entry in journal.standing(inode) if standing else journal.finished(inode):
        if since is not None and time_of(entry.id) < since:
            return  # the newest come first
        if job in (None, entry.job):
            yield entry


def _of_files(entries: Iterable[Entry], files: Sequence[bytes]) -> Iterator[Entry]:
    paths = set(map(os.path.realpath, files))
    return (entry for entry in entries if not paths or entry.path in paths)


USES = ("journal",)
EXAMPLES = (
    ("Take the latest edit of a file back:", "arrtheaudio undo /media/films/film.mkv"),
    ("What was changed, when, and why:", "arrtheaudio undo --list --format table"),
    ("Take all of the last two hours back:", "arrtheaudio undo --since 2h"),
    (
        "Take back what was undone by mistake, the latest first:",
        """\
arrtheaudio undo --list --since 2h |
    jq -c 'select(.journal.command == "undo")' | arrtheaudio undo""",
    ),
)
FILES = filters.FILES
OPTIONS = (
    *filters.OPTIONS,
    filters.DRY_RUN,
    Option("list", ("--list",), "List edits, of FILEs or all, newest first; change nothing.", default=False),
    Option("since", ("--since",), "All edits since a time: 2026-01-31, or 2h (ago).", moment, "TIME"),
    Option("job", ("--job",), "All edits of a job.", str, "ID"),
    Option("all", ("--all",), "All edits that the journal has.", default=False),
)


def run(call: Call) -> int:
    """Take back."""
    journal = Journal(call.config.journal.path, messages.note)
    since, job = call.values["since"], call.values["job"]
    if call.values["list"]:
        undone = frozenset(entry.undoes for entry in journal.finished() if entry.undoes)
        edits = _of_files(_chosen(journal, since, job, standing=False), call.files)
        return filters.run(call, listed(edits, undone), [], LIST, jobs=1)
    if job is not None and next(_chosen(journal, since, job, standing=False), None) is None:
        messages.note(f"the journal has no edit of a job {job}")
    whole = call.values["all"] or job is not None or since is not None
    if whole and call.files:
        raise UsageError("give FILEs, or one of --since, --job and --all.")
    source = listed(_chosen(journal, since, job, standing=True)) if whole else filters.source(call, "undo")
    dry_run = call.values["dry_run"]
    if not dry_run:
        recover(journal, call.config.journal.keep_days)
    steps = [Stage("undo", partial(stage, journal=journal, dry_run=dry_run), call.values["refresh"])]
    # Several edits of one file have to go in their order.
    return filters.run(call, source, steps, TABLE, jobs=1 if whole else None)
