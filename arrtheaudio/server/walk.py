"""What a batch walks through: the files of a folder, in the order in which `scan` lists them."""

import os
import time
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.errors import Error, NotFound
from arrtheaudio.library import Anchors, Filter, expand
from arrtheaudio.spool import Spool, names
from arrtheaudio.spool.job import id_of

if TYPE_CHECKING:
    from arrtheaudio.config import Config

_MEGABYTE, _DAY = 1_000_000, 86_400_000_000_000  # bytes, nanoseconds
_LARGEST = 1e12  # of either: beyond any file, and within the numbers


class Empty(NotFound):
    """A mount point without its disk is no reason to take the library for empty."""


def wanted(asked: Mapping[str, Any]) -> Filter:
    """Return which files of its folder a batch asks for."""
    filters = asked.get("filters") or {}
    age = filters.get("max_age_days")
    return Filter(
        recursive=asked["recursive"],
        patterns=(asked["pattern"],) if asked.get("pattern") else (),
        excludes=tuple(filters.get("exclude_patterns", ())),
        min_size=int(min(filters.get("min_size_mb", 0), _LARGEST) * _MEGABYTE),
        changed_since=None if age is None else time.time_ns() - int(min(age, _LARGEST) * _DAY),
    )


def mounted(path: str, config: "Config") -> None:
    """Empty, where a folder of the configuration, above or below `path`, is empty: its disk is not there."""
    missing = Anchors(config).missing(os.fsencode(path))
    if missing is not None:
        raise Empty(missing)


def files(path: str, which: Filter) -> Iterator[Record]:
    """Yield a record for each file, with its path alone, and one with an error for what cannot be read."""
    for record in expand([records.of_path(os.fsencode(path))], which, "scan"):
        yield {key: record[key] for key in ("path", "path_bytes", "error") if key in record}


class Before:
    """The jobs that a batch has already: those of an earlier process, which was killed in mid-walk."""

    def __init__(self, spool: Spool, group: str) -> None:
        """Find them by their names, and read the path of each; 16 bytes of it are kept."""
        self._paths: set[bytes] = set()
        self.numbers: set[int] = set()
        for name, folder in names.places(spool, names.Which(group=group)):
            job = spool.read(f"{folder}/{name}") or spool.get(id_of(name))
            if job is not None:
                self.numbers.add(names.number_of(name, group) or 0)
                self._paths.add(_digest(job["record"]))

    def has(self, record: Record) -> bool:
        """Say whether there is a job for a file."""
        return bool(self._paths) and _digest(record) in self._paths

    def free(self) -> Iterator[int]:
        """Yield the numbers that no job has."""
        last = max(self.numbers, default=0)
        gaps = (number for number in range(1, last) if number not in self.numbers)
        return chain(gaps, count(last + 1))


def _digest(record: Record) -> bytes:
    try:
        return blake2b(records.path_of(record), digest_size=16).digest()
    except Error:
        return b""
