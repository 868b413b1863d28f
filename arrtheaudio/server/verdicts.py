"""What a finished job says to people: a change and its reason, or a question that only a person can answer."""

from collections.abc import Mapping
from typing import Any

from arrtheaudio.core import language
from arrtheaudio.core.record import Record
from arrtheaudio.core.track import Change, Track, changed
from arrtheaudio.spool.job import UNDO, Job

# More tracks than this are none that a person looks at, and each takes a kilobyte.
_TRACKS = 64


def part(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return what a stage has said; nothing where it has said nothing that makes sense."""
    found = record.get(key)
    return found if isinstance(found, dict) else {}


def leader(job: Job) -> str:
    """Return the id of the job under which a file was worked on: the latest of those that joined."""
    joined = job.get("joined")
    return max([str(job["id"]), *map(str, joined if isinstance(joined, list) else ())])


def outcome(job: Job) -> tuple[str, str] | None:
    """Return the container of a job's file and what came of it; None where it counts for nothing, or with another."""
    if job["state"] == "cancelled" or job.get("dry_run") or job.get("action") == UNDO or leader(job) != job["id"]:
        return None
    record = job["record"]
    container = str(part(record, "probe").get("container", "unknown"))
    if "error" in record or job["state"] == "failed":
        return container, "failed"
    status = part(record, "apply").get("status")
    return container, status if status in ("changed", "skipped") else "unchanged"


def in_review(job: Job) -> bool:
    """Say whether a person has to say what the original language is."""
    record = job["record"]
    return job["state"] == "completed" and "error" not in record and part(record, "choose").get("status") == "review"


def has_changed(job: Job) -> bool:
    """Say whether a job has changed its file."""
    return job.get("action") != UNDO and part(job["record"], "apply").get("status") == "changed"


def change(job: Job) -> dict[str, Any]:
    """Return what a job has changed, and why; `journal` is the id of its edit there, empty where it has none."""
    record = job["record"]
    choice = part(record, "choose")
    before, after = _tracks(record)
    return {
        "job_id": leader(job),
        "path": record.get("path"),
        "finished_at": job.get("finished_at"),
        "method": part(record, "apply").get("method"),
        "reason": choice.get("reason"),
        "rule": choice.get("rule"),
        "language": choice.get("language"),
        "tracks": {"before": before[:_TRACKS], "after": after[:_TRACKS]},
        "journal": str(part(record, "apply").get("journal", "")),
    }


def question(job: Job) -> dict[str, Any]:
    """Return what a person is asked about a job's file; `languages` are those that it may be."""
    record = job["record"]
    tracks, _ = _tracks(record)
    return {
        "job_id": job["id"],
        "path": record.get("path"),
        "finished_at": job.get("finished_at"),
        "reason": part(record, "choose").get("reason"),
        "languages": _languages(record, tracks),
        "tracks": tracks[:_TRACKS],
    }


def _tracks(record: Record) -> tuple[list[Any], list[Any]]:
    """Return the tracks before the changes and after; none where they make no sense, as nobody of ours writes them."""
    given = part(record, "probe").get("tracks")
    before = given if isinstance(given, list) else []
    try:
        tracks = [Track.from_dict(track) for track in before]
        changes = [Change.from_dict(item) for item in part(record, "choose").get("changes", ())]
        return before, [track.to_dict() for track in changed(tracks, changes)]
    except (TypeError, KeyError, AttributeError):
        return [], []


def _languages(record: Record, tracks: list[Any]) -> list[str]:
    """Return the codes that the sources name, then those of the audio tracks."""
    said = [part(record, source).get("original_language") for source in ("arr", "tmdb")]
    said += [track.get("language") for track in tracks if isinstance(track, dict) and track.get("type") == "audio"]
    codes = [language.tag(code) for code in said if isinstance(code, str) and language.valid(code)]
    return list(dict.fromkeys(codes))
