"""Answers about batches: begin one, say how far it is, end it."""

import errno
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arrtheaudio.errors import PermissionDenied, from_os
from arrtheaudio.server import schemas
from arrtheaudio.server.body import asked
from arrtheaudio.server.deadline import Deadline
from arrtheaudio.server.message import Refused, Request, Response
from arrtheaudio.server.paging import OFFSET, up_to
from arrtheaudio.server.places import NO_PATH, Refusal
from arrtheaudio.server.route import Route
from arrtheaudio.spool.job import Job

if TYPE_CHECKING:
    from arrtheaudio.server.service import Service

_LIMIT = up_to(100)
_FEW = up_to(20)
_ASKED: dict[str, Any] = {"recursive": True, "pattern": None, "dry_run": False, "priority": "normal", "filters": {}}
# Of what is kept of a batch, what is told.
_TOLD = ("status", "path", *_ASKED, "message", "error", "unreadable", "progress")
_TIMES = ("created_at", "started_at", "completed_at")
_DEADLINE = Deadline()
# No path that could be there later: a name is too long, or its links lead round in a circle.
_NO_PATH = (errno.ENAMETOOLONG, errno.ELOOP)
_HELD = {
    "hardlinked": "other names share the file; it is held until it has one name alone",
    "no_space": "the disk of the file is full; it is held until there is room",
    "not_found": "the file is not there yet; it is looked for again",
    "retry": "it failed, and is tried again",
}


def _begin(service: "Service", request: Request) -> Response:
    body = {**_ASKED, **asked(request, schemas.SCHEMAS["BatchAsked"])}
    path = service.places.here(body["path"])
    if isinstance(path, Refusal):
        status, code = (400, "invalid_request") if path.reason == NO_PATH else (403, path.reason)
        raise Refused(status, code, path.message)
    batch_id = service.batches.begin({**body, "path": path}, _real(path))
    message = f"The files of {path} are being queued: GET /batch/{batch_id} says how far it is."
    answer = {"status": "started", "job_id": batch_id, "batch_id": batch_id, "message": message}
    return Response(202, answer, about={"outcome": "started", "batch_id": batch_id, "paths": [path]})


def _real(path: str) -> str:
    """Return where a path leads; Refused where nothing is there, or nobody says so in time."""
    try:
        real = _DEADLINE.ask(lambda: os.path.realpath(path, strict=True))
    except OSError as error:
        cause = from_os(error)
        if error.errno in _NO_PATH:
            raise Refused(400, "invalid_request", f"{path}: {cause}") from None
        status = 403 if isinstance(cause, PermissionDenied) else 404 if cause.code == "not_found" else 503
        raise Refused(status, cause.code, f"{path}: {cause}") from None
    if real is None:
        raise Refused(503, "timeout", f"{path}: the storage does not answer", {"Retry-After": "60"})
    return real


def _show(service: "Service", request: Request) -> Response:
    batch_id = request.parameters["id"]
    limit, offset = _LIMIT.of(request), OFFSET.of(request)
    about = service.batches.about(batch_id)
    if about is None:
        raise Refused(404, "not_found", "there is no such batch")
    page = {"results": _results(service, about, limit, offset), "limit": limit, "offset": offset}
    return Response(200, {**_told(about), **page})


def _told(about: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: about[key] for key in _TOLD if key in about}
    return {"job_id": about["id"], "batch_id": about["id"], **told, **{key: about.get(key) for key in _TIMES}}


def _results(service: "Service", about: Mapping[str, Any], limit: int, offset: int) -> list[dict[str, Any]]:
    """Return what came of some of the files, in the order in which they were found."""
    numbers = range(offset + 1, min(offset + limit, about["jobs"]) + 1)
    jobs = (service.spool.get(f"{about['id']}.{number:06d}") for number in numbers)
    return [_result(job) for job in jobs if job is not None]


def _result(job: Job) -> dict[str, Any]:
    record = job["record"]
    result = {"job_id": job["id"], "path": record.get("path"), "state": job["state"], "result": job.get("result")}
    if job["state"] == "held":
        return {**result, "status": None, **_held(job)}
    choice, answer, error = (_part(record, key) for key in ("choose", "apply", "error"))
    if error:
        return {**result, "status": None, "reason": error.get("message"), "code": error.get("code")}
    reason = choice.get("reason") or answer.get("reason")
    return {**result, "status": answer.get("status"), "reason": reason}


def _held(job: Job) -> dict[str, Any]:
    """Return why a job waits, in words, and when that is looked at again."""
    held, error = _part(job, "held"), _part(job, "last_error")
    why = str(held.get("why"))
    reason = ": ".join(filter(None, (_HELD.get(why, f"it is held: {why}"), error.get("message"))))
    return {"reason": reason, "why": why, "until": held.get("until")}


def _part(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = record.get(key)
    return part if isinstance(part, dict) else {}


def _list(service: "Service", request: Request) -> Response:
    limit, offset = _FEW.of(request), OFFSET.of(request)
    batches, total = service.batches.latest(limit, offset)
    return Response(
        200, {"batches": [_told(about) for about in batches], "total": total, "limit": limit, "offset": offset}
    )


def _cancel(service: "Service", request: Request) -> Response:
    batch_id = request.parameters["id"]
    cancelled, before = service.batches.cancel(batch_id)
    answer = {"status": "cancelled", "cancelled_jobs": cancelled, "processed_before_cancel": before.processed}
    return Response(200, answer, about={"outcome": "cancelled", "batch_id": batch_id, "jobs": cancelled})


_HELP = """\
At once; the folder is looked through behind it, as `arrtheaudio scan` does. While the queue is full
(processing.max_queue_size) it waits. A megabyte is 10^6 bytes."""
_RESULTS = """\
`results` is a page of the files, in the order in which they were found. What cannot be read counts as failed, and
`unreadable` names the first hundred."""
_ENDED = ("What waited is cancelled; what runs completes.", schemas.BATCH_CANCELLED)

ROUTES = (
    Route(
        ("POST",),
        "/batch",
        _begin,
        "Do the files of a folder",
        _HELP,
        body=schemas.BATCH_ASKED,
        answers={
            202: ("It has begun, and goes on whatever happens to the server.", schemas.BATCH_STARTED),
            403: ("The path is outside of api.allowed_roots.", schemas.ERROR),
            404: ("There is nothing at the path.", schemas.ERROR),
            409: ("A batch is at that path already; the message names it.", schemas.ERROR),
            503: ("The queue is full, or the storage does not answer.", schemas.ERROR),
        },
        limit="batch",
        tag="batches",
    ),
    Route(
        ("GET",),
        "/batch",
        _list,
        "List batches",
        "The latest first, without their results.",
        query=(_FEW, OFFSET),
        answers={200: ("Some of them.", schemas.BATCHES)},
        tag="batches",
    ),
    Route(
        ("GET",),
        "/batch/{id}",
        _show,
        "Say how far a batch is",
        _RESULTS,
        query=(_LIMIT, OFFSET),
        answers={200: ("How far it is.", schemas.BATCH), 404: ("There is none of that id.", schemas.ERROR)},
        tag="batches",
    ),
    Route(
        ("DELETE",),
        "/batch/{id}",
        _cancel,
        "End a batch",
        answers={
            200: _ENDED,
            404: ("There is none of that id.", schemas.ERROR),
            409: ("It is over already, or another server has it in hand.", schemas.ERROR),
        },
        tag="batches",
    ),
)
