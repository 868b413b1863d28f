"""What people ask of the queue: which jobs there are, how they went; and cancel this one, try that one again."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from arrtheaudio.core.value import Value
from arrtheaudio.errors import Error, InvalidRecord, NotFound
from arrtheaudio.spool import Claim, Spool, names
from arrtheaudio.spool.folder import NEW, sync
from arrtheaudio.spool.job import Job, id_of, now, renewed

STATES = ("queued", "held", "running", "completed", "failed", "cancelled")
_RECENT = 1_000  # finished jobs that the mean duration is of
_MANY = 20_000  # names that are listed at once, where jobs have to be read


class Wanted(Value):
    """Which jobs are asked for: those of one state, of one group, from one source; None for any."""

    state: str | None = None
    group: str | None = None
    source: str | None = None

    def fits(self, job: Job) -> bool:
        """Say whether a job is one of them."""
        return self.group in (None, job.get("group")) and self.source in (None, job.get("source"))


def jobs(
    spool: Spool, wanted: Wanted, limit: int | None = None, offset: int = 0, order: str = names.ORDERS[0]
) -> Iterator[Job]:
    """Yield the jobs that are wanted, the newest first, or in another of the ORDERS.

    With a limit, few of their names are in memory, and where the names say all that is asked, no other job is read.
    """
    end = None if limit is None else offset + limit
    yield from _read(spool, islice(_wanted(spool, wanted, end, order), offset, end))


def page(
    spool: Spool, wanted: Wanted, limit: int, offset: int = 0, order: str = names.ORDERS[0]
) -> tuple[list[Job], int]:
    """Return some of the jobs that are wanted, and how many there are.

    The source, and a group that a person named, are looked for in each job, 20 µs each; all else is in the names.
    """
    which, rest = _split(spool, wanted)
    if rest is None:
        return list(jobs(spool, wanted, limit, offset, order)), sum(1 for _ in names.places(spool, which))
    found, total = [], 0
    for place in _wanted(spool, wanted, offset + limit, order):
        if offset <= total < offset + limit:
            found.append(place)
        total += 1
    return list(_read(spool, found)), total


def _wanted(spool: Spool, wanted: Wanted, end: int | None, order: str) -> Iterator[names.Place]:
    which, rest = _split(spool, wanted)
    if rest is None:
        return names.ordered(spool, which, order, end)
    found = names.ordered(spool, which, order, None if end is None else _MANY)
    return (place for place in found if _fits(spool, place, rest))


def _read(spool: Spool, found: Iterable[names.Place]) -> Iterator[Job]:
    for name, folder in found:
        job = spool.read(f"{folder}/{name}") or spool.get(id_of(name))
        if job is not None:
            yield job


def _split(spool: Spool, wanted: Wanted) -> tuple[names.Which, Wanted | None]:
    """Return what names tell of what is wanted, and what has to be read; None where that is nothing."""
    if wanted.group is not None and names.numbered(spool, wanted.group):
        which, rest = names.Which(wanted.state, wanted.group), wanted._replace(group=None)
    else:
        which, rest = names.Which(wanted.state), wanted
    return which, None if rest.group is None and rest.source is None else rest


def _fits(spool: Spool, place: names.Place, wanted: Wanted) -> bool:
    name, folder = place
    said = names.origin(spool, folder, name)
    if said is not None:
        return wanted.fits({"source": said[0], "group": said[1]})
    job = spool.read(f"{folder}/{name}") or spool.get(id_of(name))
    return job is not None and wanted.fits(job)


def oldest(spool: Spool, folder: str, limit: int) -> Iterator[Job]:
    """Yield the first jobs that wait in a folder, in the order of their turn."""
    for name in heapq.nsmallest(limit, names.names_in(spool, folder)):
        job = spool.read(f"{folder}/{name}")
        if job is not None:
            yield job


def counts(spool: Spool) -> dict[str, dict[str, int]]:
    """Return how many jobs there are of each state, and how many wait by priority; no job is read."""
    states: Counter[str] = Counter(dict.fromkeys(STATES, 0))
    waiting = {}
    for folder in spool.folders():
        count = sum(1 for _ in names.names_in(spool, folder))
        states[names.state_of(folder)] += count
        if folder in NEW:
            waiting[folder.partition("-")[2]] = count
    return {"jobs": dict(states), "waiting": waiting}


def stats(spool: Spool) -> dict[str, Any]:
    """Return how many jobs there are of each state; of the latest that ended, how they went and how long it took."""
    recent = [*jobs(spool, Wanted("completed"), _RECENT), *jobs(spool, Wanted("failed"), _RECENT)]
    results = Counter(str(job.get("result")) for job in recent)
    durations = [job["duration_ms"] for job in recent if isinstance(job.get("duration_ms"), int | float)]
    return {
        **counts(spool),
        "results": {result: results[result] for result in ("success", "skipped", "failed")},
        "success_rate": round(1 - results["failed"] / len(recent), 4) if recent else None,
        "mean_duration_ms": round(sum(durations) / len(durations), 3) if durations else None,
    }


def cancel(spool: Spool, job_id: str) -> Job:
    """Cancel a job that waits, and return it; NotFound, or InvalidRecord where it waits no longer."""
    return _change(spool, job_id, ("queued", "held"), _cancelled)


def cancel_group(spool: Spool, group: str) -> int:
    """Cancel the jobs of a group that wait, if its jobs are numbered; return how many.

    Each is moved as it is, without a sync of its own: its folder says that it was cancelled, and its ctime when.
    """
    days: set[str] = set()
    count = 0
    while more := sum(_cancel_in(spool, folder, group, days) for folder in (*NEW, "held")):
        count += more  # and again: one may have moved from one folder to another meanwhile
    for day in days:
        sync(day)
    return count


def retry(spool: Spool, job_id: str, **manner: Any) -> Job:
    """Queue a job again that failed or was cancelled, and return it; NotFound, or InvalidRecord where not.

    `manner` are keys that it gets: another priority, `confined`, `original`.
    """
    return _change(spool, job_id, ("failed", "cancelled"), lambda spool, claim: _again(spool, claim, manner))


def _cancelled(_spool: Spool, claim: Claim) -> None:
    claim.begin()
    claim.finish("cancelled")


def _cancel_in(spool: Spool, folder: str, group: str, days: set[str]) -> int:
    count = 0
    for name, _ in list(names.members(spool, folder, group)):
        claim = spool.claim(folder, name)
        if claim is not None:
            claim.job.update(state="cancelled", finished_at=now())
            days.add(spool.finished_folder(claim.job))
            claim.leave()
            count += 1
    return count


def _again(spool: Spool, claim: Claim, manner: dict[str, Any]) -> None:
    job = {**renewed(claim.job), **manner}
    if "path" not in job["record"]:
        claim.let_go()
        raise InvalidRecord("it is no job that could be tried again")
    claim.job = job
    claim.begin()
    job["joins"] = spool.paths.put(job)
    claim.requeue()


def _change(spool: Spool, job_id: str, states: tuple[str, ...], change: Callable[[Spool, Claim], None]) -> Job:
    for _ in range(3):  # it may move between the steps
        place = spool.find(job_id)
        if place is None:
            raise NotFound("there is no such job")
        folder, _, name = place.rpartition("/")
        state = names.state_of(folder)
        if state not in states:
            raise InvalidRecord(f"it is {state}, not {' or '.join(states)}")
        claim = spool.claim(folder, name)
        if claim is not None:
            change(spool, claim)
            return claim.job
    raise InvalidRecord("somebody else has it in hand")


def failed(job_id: str, error: Error) -> Job:
    """Return what is printed for a job of which that could not be done."""
    return {"id": job_id, "error": {"stage": "jobs", "code": error.code, "message": str(error)}}
