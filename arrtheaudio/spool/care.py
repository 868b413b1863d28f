"""What keeps the queue in order: jobs of workers that died, jobs whose wait is over, leftovers, old jobs."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator

from arrtheaudio.core import record as records
from arrtheaudio.errors import Internal
from arrtheaudio.spool import Claim, Spool
from arrtheaudio.spool.draft import lock
from arrtheaudio.spool.folder import FINISHED, days_in
from arrtheaudio.spool.job import FINAL, SUFFIX, Job

MOST_RECLAIMS = 5
_DAY = 86400
_OLD = 36 * 3600  # seconds: Maildir's age of what nobody will finish
_SECOND = 1_000_000_000
_NONE = (FileNotFoundError, IsADirectoryError)  # gone already, or none of ours


def reclaim(spool: Spool) -> int:
    """Take over the jobs whose worker died, and sweep up after it; return how many there were."""
    count = 0
    for name in _names(spool, "cur"):
        claim = spool.claim("cur", name)
        if claim is not None:
            count += 1
            _back(spool, claim)
    _sweep(f"{spool.root}/tmp")
    return count


def _back(spool: Spool, claim: Claim) -> None:
    job = claim.job
    if job["state"] in FINAL and "finished_at" in job:
        claim.leave()  # it had its answer
    elif _answered(spool, job):
        claim.drop()
    elif job["state"] == "held" and _until(job) > time.time_ns():
        claim.postpone(_until(job))
    else:
        _again(claim)


def _again(claim: Claim) -> None:
    job = claim.job
    job["reclaims"] = job.get("reclaims", 0) + 1
    if job["reclaims"] < MOST_RECLAIMS:
        claim.requeue()
        return
    records.failed(job["record"], "jobs", Internal(f"{MOST_RECLAIMS} workers died of it"))
    job["result"] = "failed"
    claim.finish("failed")


def _answered(spool: Spool, job: Job) -> bool:
    """Say whether a worker that is not one of ours wrote the answer beside the claim."""
    today = records.timestamp(time.time_ns())[:10]
    return any(os.path.exists(f"{spool.root}/{state}/{today}/{job['id']}{SUFFIX}") for state in FINISHED.values())


def _until(job: Job) -> int:
    held = job.get("held")
    return records.nanoseconds(held["until"]) if isinstance(held, dict) and "until" in held else time.time_ns()


def _sweep(folder: str) -> None:
    """Remove what a writer that died left in tmp/: it was not accepted."""
    for entry in os.scandir(folder):
        if entry.name.endswith(SUFFIX):
            _discard(entry.path)
        elif entry.name.endswith(".link") or _age(entry) > _OLD:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)


def _discard(path: str) -> None:
    with contextlib.suppress(OSError):
        descriptor = lock(path)
        if descriptor is not None:
            os.unlink(path)
            os.close(descriptor)


def _age(entry: os.DirEntry[str]) -> float:
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return 0


class Held:
    """The jobs that are put aside: each file's mtime says when to look at it again."""

    def __init__(self, spool: Spool, ready: Callable[[Claim], bool], pause: Callable[[Job], float]) -> None:
        """Take what says that a job need wait no longer, and what says after how many seconds it is asked again."""
        self._spool = spool
        self._ready = ready
        self._pause = pause

    def release(self) -> int:
        """Queue the jobs whose wait is over; return how many."""
        now = time.time_ns()
        count = 0
        for entry in os.scandir(f"{self._spool.root}/held"):
            with contextlib.suppress(FileNotFoundError):
                if entry.stat(follow_symlinks=False).st_mtime_ns <= now:
                    count += self._look(entry.name, now)
        return count

    def _look(self, name: str, now: int) -> bool:
        claim = self._spool.claim("held", name)
        if claim is None:
            return False
        ready = self._ready(claim)
        if ready:
            claim.release()
        else:
            claim.postpone(now + int(self._pause(claim.job) * _SECOND))
        return ready


def prune(spool: Spool, days: float, failed_days: float | None = None) -> int:
    """Forget the jobs that ended more than so many days ago; `failed_days`, where it differs, is for failed ones."""
    count = 0
    for state in FINISHED.values():
        limit = days if failed_days is None or state != "failed" else failed_days
        oldest = records.timestamp(int((time.time() - limit * _DAY) * _SECOND))[:10]
        for day in days_in(spool.root, state):
            if day < oldest:
                count += _forget(f"{spool.root}/{state}/{day}")
    _forget_batches(spool, time.time() - max(days, failed_days or 0) * _DAY)
    return count


def _forget(folder: str) -> int:
    count = 0
    with contextlib.suppress(FileNotFoundError, PermissionError):
        for name in os.listdir(folder):
            with contextlib.suppress(*_NONE):
                os.unlink(f"{folder}/{name}")
                count += name.endswith(SUFFIX)
        with contextlib.suppress(OSError):
            os.rmdir(folder)
    return count


def _forget_batches(spool: Spool, before: float) -> None:
    for entry in os.scandir(f"{spool.root}/batches"):
        with contextlib.suppress(*_NONE):
            if entry.stat().st_mtime < before:
                os.unlink(entry.path)


def visible(folder: str) -> Iterator[str]:
    """Yield the names in a folder; what begins with a dot is none of ours."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                yield entry.name


def _names(spool: Spool, folder: str) -> list[str]:
    return sorted(visible(f"{spool.root}/{folder}"))
