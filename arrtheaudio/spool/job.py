"""A job of the queue: one JSON object, and a name that sorts by time."""

import os
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.errors import InvalidRecord

Job = dict[str, Any]

# The folders of what waits, best first.
PRIORITIES: Mapping[str, str] = {"webhook": "0-webhook", "high": "1-high", "normal": "2-normal", "low": "3-low"}
SOURCES = ("sonarr", "radarr", "hook", "batch", "api", "cli")
FINAL = ("completed", "failed", "cancelled")
SUFFIX = ".json"
UNDO = "undo"
_COUNTS = ("attempt", "reclaims")
_TEXTS = ("group", "joins", "source", "created_at", "finished_at", "original", "action", "undoes")
# What is done with a job's file: `dry_run` and `confined` (to api.allowed_roots) are true or absent; `original` is the
# original language, where a person has said it; with the `action` undo, `undoes` is the job whose edits are taken back.
_MANNER = ("dry_run", "confined", "original", "action", "undoes")
_HOST = 40  # characters of a host's name that go into an id
_TIME = 19  # digits of nanoseconds since 1970, until the year 2286


class _Clock:
    """Nanoseconds since 1970, never the same twice in a process."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def tick(self) -> int:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns())
            return self._last


_clock = _Clock()


def new_id() -> str:
    """Return a name that sorts by time and is unique across hosts: `TIME.HOST.CHANCE`, TIME in nanoseconds."""
    return f"{_clock.tick():0{_TIME}d}.{_host()}.{os.urandom(4).hex()}"


def _host() -> str:
    name = socket.gethostname().partition(".")[0][:_HOST]
    return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in name) or "-"


def time_of(name: str) -> int | None:
    """Return the time in a name, in nanoseconds since 1970; None where a person chose the name."""
    digits = name.partition(".")[0]
    return int(digits) if len(digits) == _TIME and digits.isdecimal() and digits.isascii() else None


def new(
    record: Record,
    *,
    priority: str = "normal",
    source: str = "cli",
    group: str | None = None,
    number: int | None = None,
) -> Job:
    """Return a job for a record; `group` is the batch or the webhook that it belongs to.

    With a `number`, the id is the group's own, which is one of `new_id`, and the number: so it is the same each time,
    and the names of a group's jobs begin alike.
    """
    name = new_id() if number is None else f"{group}.{number:06d}"
    return {
        "id": name,
        "state": "queued",
        "priority": priority,
        "source": source,
        "group": group,
        "attempt": 0,
        "created_at": records.timestamp(int(name[:_TIME])),
        "record": record,
    }


def parse(data: bytes, name: str, priority: str | None = None) -> Job:
    """Return the job that a file holds; InvalidJson or InvalidRecord where it is none.

    What a job that was made by hand lacks is filled in: its record alone has to be there. Its file's name says who it
    is, and its folder how urgent, where that is one for a `priority`.
    """
    job = _checked(data)
    created = time_of(name)
    if created is not None:
        job.setdefault("created_at", records.timestamp(created))
    given = job.get("priority")
    urgent = priority or (given if given in PRIORITIES else "normal")
    who = {"id": name, "priority": urgent}
    return {"id": name, "state": "queued", "priority": urgent, "source": "cli", "group": None, "attempt": 0} | job | who


def _checked(data: bytes) -> Job:
    if len(data) > records.LIMIT:
        raise InvalidRecord(f"longer than {records.LIMIT >> 20} MiB")
    job = records.parse(data)
    record = job.get("record")
    if not isinstance(record, dict):
        raise InvalidRecord("a job has a `record`, which is an object")
    if "error" not in record:
        records.path_of(record)
    if any(type(job.get(key, 0)) is not int or job.get(key, 0) < 0 for key in _COUNTS):
        raise InvalidRecord("attempt and reclaims are whole numbers")
    if any(not isinstance(job.get(key) or "", str) for key in _TEXTS):
        raise InvalidRecord(f"{', '.join(_TEXTS)} are texts")
    if job.get("action") not in (None, UNDO):
        raise InvalidRecord(f"an action is {UNDO}, or none is given")
    return job


def line(job: Job) -> bytes:
    """Return the job as its file holds it."""
    return records.line(job)


def id_of(name: str) -> str:
    """Return the id of a file's name."""
    return name.removesuffix(SUFFIX)


def now() -> str:
    """Return the time, as jobs have it."""
    return records.timestamp(time.time_ns())


def result_of(record: Record, action: str | None = None) -> str:
    """Return what came of a job with that action and answered record: `success`, `skipped` or `failed`."""
    if "error" in record:
        return "failed"
    answer = None if action == UNDO else record.get("apply")
    skipped = isinstance(answer, dict) and answer.get("status") == "skipped"
    return "skipped" if skipped else "success"


def manner(job: Job) -> tuple[Any, ...]:
    """Return what is to be done with a job's file: jobs of one file are done as one where they agree in it."""
    return tuple(job.get(key) for key in _MANNER)


def renewed(job: Job) -> Job:
    """Return a finished job as it was before its first attempt."""
    added = (*job.get("added", ()), "error")
    kept = ("id", "priority", "source", "group", "created_at", *_MANNER)
    record = {key: value for key, value in job["record"].items() if key not in added}
    return {**{key: job[key] for key in kept if key in job}, "state": "queued", "attempt": 0, "record": record}
