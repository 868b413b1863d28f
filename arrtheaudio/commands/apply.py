"""Change the default audio track of files, as chosen.

Edits the few bytes of the header that say which track is the default one: in place, with the same size and the same
inode. What is about to change is in the journal before it changes, so that a crash can be mended and every edit taken
back with `arrtheaudio undo`. A plan made earlier is applied only to the file that was probed.

A few files have no room for the change. They are left alone, unless --allow-rewrite lets mkvmerge or ffmpeg write them
anew: that takes twice the file's size on the disk, and cannot be taken back.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from arrtheaudio import editing, filters, messages
from arrtheaudio.call import Call
from arrtheaudio.commands import choose
from arrtheaudio.containers.edit import Plan
from arrtheaudio.core.record import Record, integer, nanoseconds, path_of, timestamp
from arrtheaudio.core.track import Change, Track, changed
from arrtheaudio.core.value import Value
from arrtheaudio.editing import Check, Intent
from arrtheaudio.errors import ChangedSinceProbe, InvalidRecord, NoRoom, UnsupportedContainer
from arrtheaudio.files import Media, open_to_edit, open_to_read
from arrtheaudio.journal import Journal
from arrtheaudio.options import Option
from arrtheaudio.pipeline import Stage
from arrtheaudio.replacing import CannotClone

_FAMILY = {"matroska": "mkv", "webm": "mkv", "mp4": "mp4", "mov": "mp4"}
_SKIPPED = {"review": "review", "none": "nothing_fits"}


class Settings(Value):
    """What `apply` needs to know besides the record. `max_size` is in bytes, 0 for no limit; `job` is the queue's."""

    journal: Journal
    dry_run: bool = False
    hardlinks: str = "protect"
    mkv: bool = True
    mp4: bool = True
    max_size: int = 0
    allow_rewrite: bool = False
    rewrite_timeout: float = 300.0
    rewrites_at_once: int = 1
    preserve_mtime: bool = False
    skip_if_correct: bool = True
    command: str = "apply"
    job: str | None = None


def settings(call: Call) -> Settings:
    """Return the settings of a configuration, as the options have it."""
    config, processing = call.config, call.config.processing
    return Settings(
        journal=Journal(config.journal.path, messages.note),
        dry_run=call.values["dry_run"] or config.execution.dry_run,
        hardlinks=call.values["hardlinks"] or processing.hardlinks,
        mkv=config.containers.mkv,
        mp4=config.containers.mp4,
        max_size=int(processing.max_file_size_gb * (1 << 30)),
        allow_rewrite=call.values["allow_rewrite"] or processing.allow_rewrite,
        rewrite_timeout=processing.timeout_seconds,
        rewrites_at_once=processing.max_mp4_concurrent,
        preserve_mtime=processing.preserve_mtime,
        skip_if_correct=config.execution.skip_if_correct,
        command=call.name,
    )


def stage(record: Record, settings: Settings) -> Mapping[str, Any]:
    """Do what was chosen."""
    choice = record["choose"]
    status, changes = _read(choice)
    if status in _SKIPPED:
        return _skipped(_SKIPPED[status])
    if status == "keep" and settings.skip_if_correct:
        return {"status": "unchanged"}
    container = _container(record)
    family = _FAMILY.get(container)
    if family is None:
        raise UnsupportedContainer(f"{container} files are read, and never edited")
    if not getattr(settings, family):
        return _skipped("container_disabled")
    try:
        with _open(record, settings) as media:
            return _apply(media, record, changes, settings)
    except NoRoom as error:
        return {**_skipped("no_room"), "message": str(error)}


def _read(choice: Any) -> tuple[str, list[Change]]:
    try:
        status, changes = choice["status"], [Change.from_dict(change) for change in choice.get("changes", ())]
        if not isinstance(status, str) or not all(map(_sound, changes)):
            raise TypeError
    except (TypeError, KeyError, AttributeError):
        raise InvalidRecord("choose has no status, or changes that are none") from None
    return status, changes


def _sound(change: Change) -> bool:
    named = type(change.index) is int and change.disposition in ("default", "forced", "original")
    return named and type(change.before) is type(change.after) is bool


def _container(record: Record) -> str:
    try:
        return str(record["probe"]["container"])
    except (TypeError, KeyError):
        raise InvalidRecord("probe names no container") from None


def _skipped(reason: str) -> dict[str, Any]:
    return {"status": "skipped", "reason": reason}


def _open(record: Record, settings: Settings) -> Media:
    path = path_of(record)
    return open_to_read(path) if settings.dry_run else open_to_edit(path)


def _apply(media: Media, record: Record, changes: list[Change], settings: Settings) -> Mapping[str, Any]:
    if not _as_probed(media, record):
        return _unchanged(media, record, changes)
    if settings.max_size and media.stat.st_size > settings.max_size:
        return _skipped("too_large")
    if media.stat.st_nlink > 1 and settings.hardlinks == "skip":
        return _skipped("hardlinked")
    try:
        plan, verify = editing.plan(media, changes)
    except NoRoom:
        if not settings.allow_rewrite:
            raise
        return _rewritten(media, record, changes, settings)
    for text in plan.notes:
        messages.note(f"{record['path']}: {text}")
    if not plan.edits:
        return {"status": "unchanged"}
    replaces = media.stat.st_nlink > 1 and settings.hardlinks != "edit"
    answer = {"method": "clone" if replaces else "in_place", "edits": [edit.to_dict() for edit in plan.edits]}
    if settings.dry_run:
        return {"status": "planned", **answer}
    try:
        entry = (_in_copy if replaces else _in_place)(media, plan, _intent(record, settings), verify, settings)
    except CannotClone:
        return _skipped("hardlinked")
    return {"status": "changed", **answer, "journal": entry}


def _intent(record: Record, settings: Settings) -> Intent:
    return Intent(settings.command, str(record["choose"].get("reason", "")), job=settings.job)


def _rewritten(media: Media, record: Record, changes: list[Change], settings: Settings) -> Mapping[str, Any]:
    """Answer for a file that is muxed anew; it has no edits, since nothing of them would lead back."""
    if settings.dry_run:
        return {"status": "planned", "method": "rewrite"}
    from arrtheaudio import remux

    if media.stat.st_nlink > 1:
        messages.note(f"{record['path']}: its other names ({media.stat.st_nlink - 1}) keep the file as it was")
    limits = remux.Limits(settings.rewrite_timeout, settings.rewrites_at_once)
    intent = _intent(record, settings)
    entry = remux.rewrite(media, changes, settings.journal, intent, limits, remux.told(record["path"]))
    return {"status": "changed", "method": "rewrite", "journal": entry}


def _in_place(media: Media, plan: Plan, intent: Intent, verify: Check, settings: Settings) -> str:
    if media.stat.st_nlink > 1:
        messages.note(f"{media.path.decode(errors='replace')}: {media.stat.st_nlink} names share this change")
    mtime = media.stat.st_mtime_ns if settings.preserve_mtime else None
    return editing.make(media, plan.edits, settings.journal, intent, verify=verify, mtime=mtime)


def _in_copy(media: Media, plan: Plan, intent: Intent, verify: Check, settings: Settings) -> str:
    try:
        return editing.make_in_copy(media, plan.edits, settings.journal, intent, verify, share=True)
    except CannotClone:
        if settings.hardlinks != "copy":
            raise
    return editing.make_in_copy(media, plan.edits, settings.journal, intent, verify, share=False)


def _as_probed(media: Media, record: Record) -> bool:
    size, mtime = integer(record, "size"), record.get("mtime")
    now = timestamp(media.stat.st_mtime_ns)
    # The same moment may be written otherwise, by another program.
    same_time = mtime in (None, now) or nanoseconds(mtime) == nanoseconds(now)
    return same_time and size in (None, media.stat.st_size)


def _unchanged(media: Media, record: Record, changes: list[Change]) -> Mapping[str, Any]:
    """Answer for a file that is not the one probed: it is right already where an earlier try got that far."""
    found = media.probe()
    try:
        wanted = changed([Track.from_dict(track) for track in record["probe"]["tracks"]], changes)
    except (TypeError, KeyError, AttributeError):
        raise InvalidRecord("probe has tracks that are none") from None
    if found.tracks != wanted:
        raise ChangedSinceProbe("its size or time is not what was probed")
    return {"status": "unchanged"}


def settled(record: Record) -> bool:
    """Say whether the record's answer is final: a plan of a dry run is not."""
    answer = record["apply"]
    return not (isinstance(answer, dict) and answer.get("status") == "planned")


def stages(settings: Settings, *, refresh: bool = False) -> list[Stage]:
    """Return the stage alone."""
    return [Stage("apply", partial(stage, settings=settings), refresh, settled)]


def recover(journal: Journal, keep_days: float) -> None:
    """Mend what a crash left, before anything is edited, and say what was done; forget edits older than `keep_days`."""
    journal.prune(keep_days)
    for found in editing.recover(journal):
        name = found.path.decode(errors="replace")
        if found.error is None:
            messages.note(f"{name}: an edit that a crash interrupted: {found.outcome}")
        else:
            messages.note(f"{name}: an edit that a crash interrupted is still open: {found.error}")


def in_hand(settings: Settings) -> int | None:
    """Return how many files may be in hand at once; None for as many as was asked.

    Where a file may be written anew it is one: several in hand are given up after `timeout_seconds`, each.
    """
    return 1 if settings.allow_rewrite and not settings.dry_run else None


def row(record: Record) -> list[str]:
    """Return the cells of a file."""
    answer, choice = record["apply"], record.get("choose", {})
    track = choice.get("track")
    language = choice.get("language") or ""
    return [
        answer["status"],
        "" if track is None else str(track),
        language,
        answer.get("reason") or choice.get("rule") or "",
        record["path"],
    ]


TABLE = filters.Table(("STATUS", "TRACK", "LANGUAGE", "WHY", "PATH"), row)

EDITING = (
    filters.DRY_RUN,
    Option(
        "hardlinks",
        ("--hardlinks",),
        "What to do with a file that has several names; the default is the configuration's, else protect.",
        choices=("protect", "copy", "edit", "skip"),
    ),
    Option(
        "allow_rewrite",
        ("--allow-rewrite",),
        "Write a file anew, by mkvmerge or ffmpeg, where the change has no room in it; files go one by one then.",
        default=False,
    ),
)
USES = ("tmdb", "journal", "rewrite")
EXAMPLES = (
    ("See what would change:", "arrtheaudio apply --dry-run --language jpn /media/anime/*.mkv"),
    (
        "Make a plan, look at it, carry it out, and be able to take exactly that back:",
        """\
arrtheaudio scan /media/anime |
    arrtheaudio choose --original ja > plan.jsonl
arrtheaudio apply < plan.jsonl > done.jsonl
arrtheaudio undo < done.jsonl""",
    ),
    (
        "Say what the original language is, where the evidence disagrees:",
        """\
arrtheaudio scan /media/films | arrtheaudio choose > plan.jsonl
jq -c 'select(.choose.status == "review")' plan.jsonl |
    arrtheaudio apply --original en""",
    ),
)
FILES = filters.FILES
OPTIONS = (*filters.OPTIONS, *choose.WISHES, *EDITING)


def run(call: Call) -> int:
    """Edit the files."""
    chosen = settings(call)
    source = filters.source(call, "apply")
    if not chosen.dry_run:
        recover(chosen.journal, call.config.journal.keep_days)
    steps = [
        *choose.before(call.config),
        *choose.stages(choose.wish(call.values), call.config),
        *stages(chosen, refresh=call.values["refresh"]),
    ]
    return filters.run(call, source, steps, TABLE, jobs=in_hand(chosen))
