"""What people ask of the queue: which jobs there are, how they went; and cancel this one, try that one again."""

import heapq
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from arrtheaudio.core.value import Value
from arrtheaudio.errors import Error, InvalidRecord, NotFound
from arrtheaudio.spool import Claim, Spool
from arrtheaudio.spool.folder import FINISHED, NEW
from arrtheaudio.spool.job import Job, id_of, renewed

STATES = ("queued", "held", "running", "completed", "failed", "cancelled")
_RECENT = 1_000  # finished jobs that the mean duration is of


class Wanted(Value):
    """Which jobs are asked for: those of one state, of one group, from one source; None for any."""

    state: str | None = None
    group: str | None = None
    source: str | None = None

    def fits(self, job: Job) -> bool:
        """Say whether a job is one of them."""
        return self.group in (None, job.get("group")) and self.source in (None, job.get("source"))


def jobs(spool: Spool, wanted: Wanted, limit: int | None = None, offset: int = 0) -> Iterator[Job]:
    """Yield the jobs that are wanted, the newest first."""
    names = _names(spool, wanted.state)
    unfiltered = wanted.group is None and wanted.source is None
    few = unfiltered and limit is not None
    places = heapq.nlargest(offset + (limit or 0), names) if few else sorted(names, reverse=True)
    found = 0
    for name, folder in places:
        if limit is not None and found >= offset + limit:
            return
        if unfiltered and found < offset:
            found += 1
            continue
        job = spool.read(f"{folder}/{name}") or spool.get(id_of(name))
        if job is not None and wanted.fits(job):
            found += 1
            if found > offset:
                yield job


def _names(spool: Spool, state: str | None) -> Iterator[tuple[str, str]]:
    for folder in _folders(spool, state):
        for name in _names_in(spool, folder):
            yield name, folder


def _folders(spool: Spool, state: str | None) -> Iterator[str]:
    for folder in spool.folders():
        if state is None or _state_of(folder) == state:
            yield folder


def _state_of(folder: str) -> str:
    top = folder.partition("/")[0]
    places = {"new": "queued", "held": "held", "cur": "running"} | {name: state for state, name in FINISHED.items()}
    return places[top]


def stats(spool: Spool) -> dict[str, Any]:
    """Return how many jobs there are of each state; of the latest that ended, how they went and how long it took."""
    counts: Counter[str] = Counter(dict.fromkeys(STATES, 0))
    for folder in spool.folders():
        counts[_state_of(folder)] += sum(1 for _ in _names_in(spool, folder))
    waiting = {folder.partition("-")[2]: sum(1 for _ in _names_in(spool, folder)) for folder in NEW}
    recent = [*jobs(spool, Wanted("completed"), _RECENT), *jobs(spool, Wanted("failed"), _RECENT)]
    results = Counter(str(job.get("result")) for job in recent)
    durations = [job["duration_ms"] for job in recent if isinstance(job.get("duration_ms"), int | float)]
    return {
        "jobs": dict(counts),
        "waiting": waiting,
        "results": {result: results[result] for result in ("success", "skipped", "failed")},
        "success_rate": round(1 - results["failed"] / len(recent), 4) if recent else None,
        "mean_duration_ms": round(sum(durations) / len(durations), 3) if durations else None,
    }


def _names_in(spool: Spool, folder: str) -> Iterator[str]:
    try:
        with os.scandir(f"{spool.root}/{folder}") as entries:
            for entry in entries:
                if not entry.name.startswith(".") and not entry.name.endswith(".rejected"):
                    yield entry.name
    except FileNotFoundError:
        pass  # a day that has just been pruned


def cancel(spool: Spool, job_id: str) -> Job:
    """Cancel a job that waits, and return it; NotFound, or InvalidRecord where it waits no longer."""
    return _change(spool, job_id, ("queued", "held"), _cancelled)


def retry(spool: Spool, job_id: str) -> Job:
    """Queue a job again that failed or was cancelled, and return it; NotFound, or InvalidRecord where not."""
    return _change(spool, job_id, ("failed", "cancelled"), _again)


def _cancelled(_spool: Spool, claim: Claim) -> None:
    claim.begin()
    claim.finish("cancelled")


def _again(spool: Spool, claim: Claim) -> None:
    job = renewed(claim.job)
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
        state = _state_of(folder)
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
