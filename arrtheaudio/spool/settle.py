"""What becomes of a job that has its answer: it is finished, or put aside until it is worth another try."""

import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from arrtheaudio import messages
from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.core.value import Value
from arrtheaudio.errors import InvalidRecord, Timeout
from arrtheaudio.spool import Claim, Spool
from arrtheaudio.spool.folder import NEW
from arrtheaudio.spool.job import FINAL, Job, result_of

# Failures that may pass.
PASSING = frozenset({"network", "timeout", "no_space"})
# They name files that are still on their way.
_ARRS = frozenset({"sonarr", "radarr", "hook"})
NOT_FOUND = "not_found"
# What a journal says that takes no edit: nothing was tried on the file then.
UNWRITABLE = frozenset({"no_space", "read_only"})
_SECOND = 1_000_000_000


class Rules(Value):
    """How often a failure that may pass is tried again, and after how many seconds at first; the time doubles.

    With `protect`, a file that other names share is held until it has one name. A file that an Arr names, and that is
    not there yet, is looked for every `look` seconds, until its job is `arrival` seconds old.
    """

    attempts: int = 2
    delay: float = 60.0
    protect: bool = True
    look: float = 5.0
    arrival: float = 600.0


class Settlement:
    """Says where each job goes, and takes it there."""

    def __init__(self, spool: Spool, rules: Rules, writable: Callable[[], bool] = lambda: True) -> None:
        """Take the rules, and what says whether an edit can begin: whether the journal can be written."""
        self._spool = spool
        self._rules = rules
        self._writable = writable

    def settle(self, claims: Sequence[Claim], answered: Record, given: Record, about: Mapping[str, Any]) -> list[Job]:
        """Give jobs that were done together their answer, and return those that are finished.

        `given` is the record that was worked on, `about` what the jobs get to know besides.
        """
        job = claims[-1].job
        why, tried = self._verdict(answered, job)
        attempt = job["attempt"] + tried
        for claim in claims:
            claim.job.update(about, attempt=attempt)
        if why is None:
            return self._finish(claims, answered, given)
        self._hold(claims, answered, why, attempt)
        return []

    def overdue(self, ids: Iterable[str], seconds: float, pid: int) -> list[Job]:
        """Settle jobs whose worker was killed after so many seconds without an answer; return those that are finished.

        One that hung while it looked at the file has not begun: its job is still where it was.
        """
        claims, ended = self._left(ids, ("cur", "held", *NEW))
        if not claims:
            return ended
        for claim in claims:
            claim.begin()
        given = claims[-1].record
        answered = records.failed(dict(given), "jobs", Timeout(f"no answer within {seconds:g} s"))
        return ended + self.settle(
            claims, answered, given, about(time.time_ns() - int(seconds * _SECOND), seconds, pid)
        )

    def put_back(self, ids: Iterable[str]) -> list[Job]:
        """Let jobs wait again whose worker was killed before their end; return those that had come to it."""
        claims, ended = self._left(ids, ("cur",))
        for claim in claims:
            claim.release()
        return ended

    def _left(self, ids: Iterable[str], folders: Sequence[str]) -> tuple[list[Claim], list[Job]]:
        """Take over jobs that are in such folders; return those without an answer, and those that have theirs."""
        claims, ended = [], []
        for job_id in ids:
            folder, _, name = (self._spool.find(job_id) or "").rpartition("/")
            claim = self._spool.claim(folder, name) if folder in folders else None
            if claim is not None and folder == "cur" and claim.job["state"] in FINAL:
                claim.leave()
                ended.append(claim.job)
            elif claim is not None:
                claims.append(claim)
        return claims, ended

    def may_come(self, job: Job) -> bool:
        """Say whether the file of a job may still be on its way."""
        if job.get("source") not in _ARRS or job.get("action"):
            return False
        try:
            created = records.nanoseconds(job.get("created_at", ""))
        except InvalidRecord:
            return False
        return time.time_ns() - created < self._rules.arrival * _SECOND

    def _verdict(self, answered: Record, job: Job) -> tuple[str | None, bool]:
        """Return why the job is to be held, None where it is finished; and whether this was an attempt."""
        code = _code(answered)
        if code is None:
            return "hardlinked" if self._is_protected(answered, job) else None, True
        if code == NOT_FOUND and self.may_come(job):
            return NOT_FOUND, False  # where there is no file yet, nothing was tried
        if code in UNWRITABLE and not self._writable():
            return code, False
        if code not in PASSING or job["attempt"] >= self._rules.attempts:
            return None, True
        return "no_space" if code == "no_space" else "retry", True

    def _is_protected(self, answered: Record, job: Job) -> bool:
        answer = answered.get("apply") or {}
        linked = answer.get("status") == "skipped" and answer.get("reason") == "hardlinked"
        return linked and self._rules.protect and not job.get("action")

    def _hold(self, claims: Sequence[Claim], answered: Record, why: str, attempt: int) -> None:
        delay = self._rules.delay * (1 if why == "hardlinked" else 2 ** max(attempt - 1, 0))
        until = time.time_ns() + int((self._rules.look if why == NOT_FOUND else delay) * _SECOND)
        for claim in claims:
            before = waits_for(claim.job), _code({"error": claim.job.get("last_error")})
            if "error" in answered:
                claim.job["last_error"] = answered["error"]
            claim.hold(why, until)
            _say(claim.job, anew=before != (why, _code(answered)))

    def _finish(self, claims: Sequence[Claim], answered: Record, given: Record) -> list[Job]:
        ids = [claim.job["id"] for claim in claims]
        result = result_of(answered, claims[-1].job.get("action"))
        for claim in claims:
            job = claim.job
            job.update(result=result, record=answered, added=[key for key in answered if key not in given])
            for key in ("held", "last_error", "joins"):
                job.pop(key, None)
            if len(ids) > 1:
                job["joined"] = [other for other in ids if other != job["id"]]
            claim.finish("failed" if result == "failed" else "completed")
        return [claim.job for claim in claims]


def about(started: int, seconds: float, pid: int) -> dict[str, Any]:
    """Return what a job says of its attempt: `started` is in nanoseconds since 1970, `pid` the worker."""
    return {
        "started_at": records.timestamp(started),
        "duration_ms": round(seconds * 1000, 3),
        "host": socket.gethostname(),
        "pid": pid,
    }


def waits_for(job: Job) -> str | None:
    """Return why a job is held, or was held last."""
    held = job.get("held")
    return held.get("why") if isinstance(held, dict) else None


def _code(record: Record) -> str | None:
    """Return the code of the record's error; None where it has none."""
    error = record.get("error")
    if error is None:
        return None
    return str(error.get("code")) if isinstance(error, dict) else "internal"


_WHY = {
    NOT_FOUND: "it is not there yet",
    "hardlinked": "it has other names",
}


def _say(job: Job, *, anew: bool) -> None:
    """Say that a job is held; in detail only, where it was held for the same reason before."""
    why, until = job["held"]["why"], job["held"]["until"]
    path = str(job["record"].get("path"))
    text = _WHY.get(why) or str(job.get("last_error", {}).get("message"))
    message = f"{path}: held until {until}: {text}"
    if anew:
        messages.note(message, component="jobs", type=why, path=path, job=job["id"])
    else:
        messages.detail(message)
