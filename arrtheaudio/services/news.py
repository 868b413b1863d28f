"""What others should hear of a finished job: that a file was changed."""

import os
from collections.abc import Mapping
from typing import Any

from arrtheaudio.core.record import Record, path_of
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Error
from arrtheaudio.spool.job import UNDO

# What says of an `arr` whose title it is.
_TOLD = frozenset({"app", "instance", "ids"})


class News(Value):
    """A file that was changed: its path, what its Arr said of it, and whether it has another size now."""

    path: str
    arr: Mapping[str, Any]
    resized: bool

    def to_record(self) -> Record:
        """Return it as JSON has it."""
        return self._asdict()

    @classmethod
    def from_record(cls, record: Record) -> "News":
        """Return what `to_record` was made from."""
        return cls(**record)


def of_job(job: Mapping[str, Any]) -> News | None:
    """Return the news of a finished job; None where it changed nothing."""
    record = job.get("record")
    if not isinstance(record, dict):
        return None
    apply, undo = _part(record, "apply"), _part(record, "undo")
    undone = job.get("action") == UNDO and undo.get("status") == "undone"
    if not undone and (job.get("action") or "error" in record or apply.get("status") != "changed"):
        return None
    try:
        path = path_of(record)
    except Error:
        return None
    resized = not undone and apply.get("method") == "rewrite" and _size(path) != record.get("size")
    arr = {key: value for key, value in _part(record, "arr").items() if key in _TOLD}
    return News(os.fsdecode(path), arr, resized)


def _part(record: Record, key: str) -> Mapping[str, Any]:
    part = record.get(key)
    return part if isinstance(part, dict) else {}


def _size(path: bytes) -> int | None:
    try:
        return os.stat(path).st_size
    except OSError:
        return None
