"""The names of the jobs, in an order: what can be told of jobs without reading them, or by their first bytes."""

import heapq
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from arrtheaudio.core import record as records
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Error
from arrtheaudio.spool import Spool
from arrtheaudio.spool.folder import FINISHED, NEW
from arrtheaudio.spool.job import SUFFIX, time_of

# By when they were created, or finished; with a minus the newest first. What is not finished comes last.
ORDERS = ("-created_at", "created_at", "-finished_at", "finished_at")
UNFINISHED = (*NEW, "held", "cur")
_MOST = 20_000  # names, or their places, that are in memory at once
_HEAD, _TAIL = 512, 4096  # bytes of a job's file in which its first keys stand, and its result
# As `job.new` and `job.parse` order them.
_FIRST = re.compile(rb'\{"id":"[^"\\]*","state":"\w*","priority":"\w*","source":"(\w*)","group":(?:null|"([^"\\]*)"),"')
# Of what follows the result nothing is an object: so it is the job's own, and not one within its record.
_LAST = re.compile(rb'"result":"(success|skipped|failed)"(?:,"\w+":(?:"[^"\\]*"|[-\d.]+|\[[^\][]*\]))*\}\s*\Z')

Place = tuple[str, str]
Key = TypeVar("Key", bound=tuple[object, ...])


class Which(Value):
    """Jobs of one state, or of any; and of one group whose jobs are numbered, or of any."""

    state: str | None = None
    group: str | None = None


def state_of(folder: str) -> str:
    """Return the state of the jobs in a folder."""
    top = folder.partition("/")[0]
    return {"new": "queued", "held": "held", "cur": "running"}.get(top) or _FINAL[top]


_FINAL = {name: state for state, name in FINISHED.items()}


def names_in(spool: Spool, folder: str) -> Iterator[str]:
    """Yield the names of the jobs in a folder, in no order; none where it is a day's, and may not be read."""
    try:
        with os.scandir(f"{spool.root}/{folder}") as entries:
            for entry in entries:
                if not entry.name.startswith(".") and not entry.name.endswith(".rejected"):
                    yield entry.name
    except FileNotFoundError:
        pass  # a day that has just been pruned
    except (NotADirectoryError, PermissionError):
        if folder in UNFINISHED:
            raise


def number_of(name: str, group: str) -> int | None:
    """Return a job's number in its group; None where its name is not one of that group's."""
    if not name.startswith(group) or name[len(group) : len(group) + 1] != ".":
        return None
    digits = name[len(group) + 1 :].removesuffix(SUFFIX)
    return int(digits) if len(digits) < 9 and digits.isdecimal() and digits.isascii() else None


def members(spool: Spool, folder: str, group: str) -> Iterator[tuple[str, int]]:
    """Yield the names in a folder that are of a group, and their numbers, in no order."""
    for name in names_in(spool, folder):
        number = number_of(name, group)
        if number is not None:
            yield name, number


def size(spool: Spool, group: str) -> int:
    """Count the jobs of a group whose jobs are numbered, each once."""
    there = bytearray()
    for folder in spool.folders():
        for _, number in members(spool, folder, group):
            if number >= len(there):
                there.extend(bytes(number + 1))
            there[number] = 1
    return there.count(1)


def numbered(spool: Spool, group: str) -> bool:
    """Say whether the names of a group's jobs begin with its own: it is an id of ours, and no person's choice."""
    if time_of(group) is None:
        return False
    try:
        with open(f"{spool.root}/batches/{group}{SUFFIX}", "rb") as file:
            return records.parse(file.read(records.LIMIT)).get("source") != "cli"
    except (OSError, ValueError, Error):
        return True


def places(spool: Spool, which: Which) -> Iterator[Place]:
    """Yield the name and the folder of each job, in no order; one that moves meanwhile comes twice, perhaps."""
    for folder in folders(spool, which.state):
        yield from _of(spool, folder, which.group)


def folders(spool: Spool, state: str | None) -> Iterator[str]:
    """Yield the folders of the jobs of a state, or of all."""
    for folder in spool.folders():
        if state is None or state_of(folder) == state:
            yield folder


def _of(spool: Spool, folder: str, group: str | None) -> Iterator[Place]:
    if group is None:
        return ((name, folder) for name in names_in(spool, folder))
    return ((name, folder) for name, _ in members(spool, folder, group))


def ordered(spool: Spool, which: Which, order: str = ORDERS[0], expected: int | None = None) -> Iterator[Place]:
    """Yield the name and the folder of each job, each once, in an order.

    Where no more than some are `expected` to be asked for, few are in memory: the folders are listed again for more.
    """
    newest = order.startswith("-")
    if order.endswith("created_at"):
        yield from _once(_sorted(lambda: places(spool, which), expected, newest=newest))
        return
    yield from _once(_by_end(spool, which, expected, newest=newest))
    waiting = [folder for folder in UNFINISHED if which.state in (None, state_of(folder))]
    yield from _sorted(
        lambda: (place for folder in waiting for place in _of(spool, folder, which.group)), expected, newest=newest
    )


def _by_end(spool: Spool, which: Which, expected: int | None, *, newest: bool) -> Iterator[Place]:
    days: dict[str, list[str]] = {}
    for folder in folders(spool, which.state):
        if folder not in UNFINISHED:
            days.setdefault(folder.rpartition("/")[2], []).append(folder)
    for day in sorted(days, reverse=newest):
        dated = partial(_dated, spool, days[day], which.group)
        yield from ((name, folder) for _, name, folder in _sorted(dated, expected, newest=newest))


def _dated(spool: Spool, there: list[str], group: str | None) -> Iterator[tuple[int, str, str]]:
    """Yield each job with the time at which its answer was written, in nanoseconds since 1970."""
    for folder in there:
        for name, _ in _of(spool, folder, group):
            try:
                yield os.stat(f"{spool.root}/{folder}/{name}").st_mtime_ns, name, folder
            except FileNotFoundError:
                continue


def _sorted(items: Callable[[], Iterator[Key]], expected: int | None, *, newest: bool) -> Iterator[Key]:
    """Yield items in their order; where so many are expected, with a few thousand at most in memory."""
    if expected is None:
        yield from sorted(items(), reverse=newest)
        return
    pick = heapq.nlargest if newest else heapq.nsmallest
    size, last = max(1, expected), None
    while True:
        found = pick(size, items() if last is None else _beyond(items(), last, newest=newest))
        yield from found
        if len(found) < size:
            return
        last, size = found[-1], max(size, min(4 * size, _MOST))


def _beyond(items: Iterator[Key], last: Key, *, newest: bool) -> Iterator[Key]:
    return (item for item in items if (item < last if newest else item > last))


def _once(found: Iterator[Place]) -> Iterator[Place]:
    last = None
    for name, folder in found:
        if name != last:
            yield name, folder
        last = name


def origin(spool: Spool, folder: str, name: str) -> tuple[str, str | None] | None:
    """Return the source and the group of a job; None where its first bytes do not say it, or it is gone."""
    try:
        with open(f"{spool.root}/{folder}/{name}", "rb", buffering=0, opener=_quick) as file:
            found = _FIRST.match(file.read(_HEAD))
    except OSError:
        return None
    return None if found is None else (found[1].decode(), None if found[2] is None else found[2].decode())


def result(spool: Spool, folder: str, name: str) -> str | None:
    """Return what came of a finished job: `success`, `skipped` or `failed`; None where it does not say, or is gone."""
    try:
        with open(f"{spool.root}/{folder}/{name}", "rb", buffering=0, opener=_quick) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            found = _LAST.search(file.read(_TAIL))
    except OSError:
        return None
    if found is not None:
        return found[1].decode()
    job = spool.read(f"{folder}/{name}")
    return None if job is None else job.get("result")


def _quick(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
