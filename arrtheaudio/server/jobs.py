"""Answers about jobs: which there are, one of them, and what a person wants done with it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from arrtheaudio.core import language
from arrtheaudio.errors import Error, InvalidRecord, NotFound
from arrtheaudio.server import schemas
from arrtheaudio.server.body import asked
from arrtheaudio.server.message import Refused, Request, Response
from arrtheaudio.server.paging import OFFSET, up_to
from arrtheaudio.server.route import Parameter, Route
from arrtheaudio.server.verdicts import has_changed, in_review, leader
from arrtheaudio.spool import ask, names
from arrtheaudio.spool.job import SOURCES, UNDO, Job, new, renewed

if TYPE_CHECKING:
    from arrtheaudio.server.service import Service

_STATUS = Parameter("status", {"type": "string", "enum": [*ask.STATES]}, "Only those of this state.")
_SOURCE = Parameter("source", {"type": "string", "enum": [*SOURCES]}, "Only what came from there.")
_WEBHOOK = Parameter("webhook_id", {"type": "string"}, "Only those of this webhook.")
_BATCH = Parameter("batch_id", {"type": "string"}, "Only those of this batch.")
_LIMIT = up_to(50)
_ORDER = Parameter(
    "order_by",
    {"type": "string", "enum": [*names.ORDERS], "default": names.ORDERS[0]},
    "With a minus the latest first; by when they finished, those that have not come last.",
)
_LATER = {"Retry-After": "60"}
# A person is not kept waiting.
_URGENT = "webhook"


def _list(service: "Service", request: Request) -> Response:
    limit, offset, order = _LIMIT.of(request), OFFSET.of(request), _ORDER.of(request)
    webhook, batch = _WEBHOOK.of(request), _BATCH.of(request)
    if webhook is not None and batch is not None:
        raise Refused(400, "invalid_request", "give webhook_id or batch_id, not both")
    wanted = ask.Wanted(_STATUS.of(request), webhook if batch is None else batch, _SOURCE.of(request))
    found, total = ask.page(service.spool, wanted, limit, offset, order)
    return Response(200, {"jobs": found, "total": total, "limit": limit, "offset": offset})


def _stats(service: "Service", _request: Request) -> Response:
    return Response(200, ask.stats(service.spool))


def _show(service: "Service", request: Request) -> Response:
    job = _job(service, request)
    return Response(200, {**job, "undo": service.history.undo_of(job)} if has_changed(job) else job)


def _job(service: "Service", request: Request) -> Job:
    job = service.spool.get(request.parameters["id"])
    if job is None:
        raise Refused(404, "not_found", "there is no such job")
    return job


def _cancel(service: "Service", request: Request) -> Response:
    job = _done(ask.cancel, service, request)
    return Response(200, job, about={"outcome": "cancelled", "job_id": job["id"]})


def _retry(service: "Service", request: Request) -> Response:
    original = _original(asked(request, schemas.SCHEMAS["Retry"]))
    before = _job(service, request)
    if original and in_review(before):
        job = _again(service, before, original)
    elif before["state"] == "completed":
        hint = 'say what the original language is: {"original": CODE}' if in_review(before) else "there is no need"
        raise Refused(409, "conflict", f"the job is completed: {hint}")
    else:
        job = _done(ask.retry, service, request, priority=_URGENT, confined=True, **original)
    return Response(202, job, about={"outcome": "retried", "job_id": job["id"], **original})


def _original(body: Mapping[str, Any]) -> dict[str, str]:
    if "original" not in body:
        return {}
    try:
        return {"original": language.check(body["original"])}
    except ValueError as error:
        raise Refused(400, "invalid_request", f"original: {error}") from None


def _again(service: "Service", before: Job, original: Mapping[str, str]) -> Job:
    """Queue what a job was made from once more, now that a person has said what the original language is."""
    job = new(renewed(before)["record"], priority=_URGENT, source="api")
    job |= {"confined": True, **original} | ({"dry_run": True} if before.get("dry_run") else {})
    _put(service, job)
    return job


def _done(do: Any, service: "Service", request: Request, **manner: Any) -> Job:
    """Return the job that something was done with; Refused where there is none, or its state forbids it."""
    try:
        job: Job = do(service.spool, request.parameters["id"], **manner)
    except NotFound:
        raise Refused(404, "not_found", "there is no such job") from None
    except InvalidRecord as error:
        raise Refused(409, "conflict", f"the job cannot be changed: {error}") from None
    except OSError as error:
        _unusable(error)
    return job


def _unusable(error: OSError) -> NoReturn:
    raise Refused(503, "io_error", f"the spool: {(error.strerror or str(error)).lower()}", _LATER) from None


def _undo(service: "Service", request: Request) -> Response:
    before = _job(service, request)
    undoes = leader(before)
    if not has_changed(before):
        raise Refused(409, "conflict", "the job has changed nothing")
    record = {key: before["record"][key] for key in ("path", "path_bytes") if key in before["record"]}
    job = new(record, priority=_URGENT, source="api")
    job |= {"confined": True, "action": UNDO, "undoes": undoes}
    why = service.history.undo_of(before)
    if why != "possible" or not service.history.undoing(undoes, job["id"]):
        raise Refused(409, "conflict", _WHY.get(why, _WHY["running"]))
    try:
        _put(service, job)
    except Refused:
        service.history.not_undoing(undoes)
        raise
    answer = {"status": "accepted", "job_id": job["id"]}
    return Response(202, answer, about={"outcome": "accepted", "job_id": job["id"], "undoes": undoes})


_WHY = {
    "running": "the job is being undone already",
    "undone": "the job is undone already",
    "impossible": "the job can no longer be undone: its file was written anew or has changed since, or it is too old",
}


def _put(service: "Service", job: Job) -> None:
    try:
        service.spool.put(job)
    except Error as error:
        raise Refused(503, error.code, str(error), _LATER) from None


_NONE = {404: ("There is none of that id.", schemas.ERROR)}
_STATE = {409: ("Its state forbids it.", schemas.ERROR)}

ROUTES = (
    Route(
        ("GET",),
        "/jobs",
        _list,
        "List jobs",
        query=(_STATUS, _SOURCE, _WEBHOOK, _BATCH, _LIMIT, OFFSET, _ORDER),
        answers={200: ("Some of them, and how many there are.", schemas.JOBS)},
    ),
    Route(
        ("GET",),
        "/jobs/stats",
        _stats,
        "How many jobs there are, and how the latest went",
        answers={200: ("Counts by state, success rate, mean duration.", schemas.JOB_STATS)},
    ),
    Route(("GET",), "/jobs/{id}", _show, "Show a job", answers={200: ("It.", schemas.JOB), **_NONE}),
    Route(
        ("DELETE",),
        "/jobs/{id}",
        _cancel,
        "Cancel a job that waits",
        "What runs completes.",
        answers={200: ("It, as it is now.", schemas.JOB), **_NONE, **_STATE},
    ),
    Route(
        ("POST",),
        "/jobs/{id}/retry",
        _retry,
        "Try a job again",
        "One that failed or was cancelled; and one that is in review, as a new job, if the body says what the original"
        " language is.",
        body=schemas.RETRY,
        answers={202: ("The job that waits now.", schemas.JOB), **_NONE, **_STATE},
    ),
    Route(
        ("POST",),
        "/jobs/{id}/undo",
        _undo,
        "Take back what a job has changed",
        "A job of its own does it; it is refused then where the file has changed since.",
        answers={202: ("The job that does it.", schemas.ACCEPTED), **_NONE, **_STATE},
    ),
)
