"""Answers to what Sonarr and Radarr post: jobs in the queue, or why there is nothing to do.

An Arr that is answered with 400 or more switches the connection off for a while, and sends nothing a second time. So
whatever an Arr may send is answered with less, and is accepted however long the queue is.
"""

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from arrtheaudio.core import record as records
from arrtheaudio.core.arr import Event, webhook
from arrtheaudio.core.record import Record
from arrtheaudio.errors import Error
from arrtheaudio.server import schemas
from arrtheaudio.server.message import Refused, Request, Response
from arrtheaudio.server.places import Places, Refusal
from arrtheaudio.server.route import Route
from arrtheaudio.spool import BATCH, Spool
from arrtheaudio.spool.ask import STATES
from arrtheaudio.spool.job import FINAL, Job, new, new_id, time_of

if TYPE_CHECKING:
    from arrtheaudio.server.service import Service

_SHOWN = 20  # paths in a log line
_PAUSE = {"Retry-After": "60"}  # seconds: space has to be made by a person
_SOURCES = ("sonarr", "radarr")


def _posted(app: str, service: "Service", request: Request) -> Response:
    event = webhook(app, request.json())
    about: dict[str, Any] = {"source": event.app, "arr_event": event.name, "instance": event.instance or None}
    if event.reason is not None:
        return _ignored(event.reason, event.message, about)
    accepted, refused = _sorted(service.places, event)
    if not accepted:
        first = refused[0]
        about["paths"] = _shown(refused)
        return _ignored(first["reason"], first["message"], about, refused if len(refused) > 1 else ())
    webhook_id = new_id()
    jobs = [_job(record, event, webhook_id, number) for number, record in enumerate(accepted, 1)]
    _put(service.spool, jobs)
    _keep(service.spool, webhook_id, event, jobs, refused)
    about |= {"outcome": "accepted", "webhook_id": webhook_id, "files": len(jobs), "paths": _shown(accepted)}
    if refused:
        about["ignored"] = _shown(refused)
    return Response(202, _accepted(webhook_id, jobs, event, refused), about=about)


def _ignored(reason: str, message: str, about: Mapping[str, Any], refused: Sequence[Record] = ()) -> Response:
    body: dict[str, Any] = {"status": "ignored", "reason": reason, "message": message}
    if refused:
        body["ignored"] = refused
    return Response(200, body, about={**about, "outcome": "ignored", "reason": reason, "message": message})


def _accepted(webhook_id: str, jobs: Sequence[Job], event: Event, refused: Sequence[Record]) -> dict[str, Any]:
    ids = [job["id"] for job in jobs]
    body: dict[str, Any] = {"status": "accepted", "webhook_id": webhook_id, "job_ids": ids, "file_count": len(ids)}
    if event.message:
        body["message"] = event.message
    if refused:
        body["ignored"] = refused
    return body


def _sorted(places: Places, event: Event) -> tuple[list[Record], list[Record]]:
    """Return the records of the files that we may go to, under our paths, and what is said of the others."""
    accepted: dict[str, Record] = {}
    refused = []
    for record in event.records:
        path = places.local(record["path"])
        if isinstance(path, Refusal):
            refused.append({"path": record["path"], "reason": path.reason, "message": path.message})
        else:
            accepted.setdefault(path, records.of_path(os.fsencode(path)) | {"arr": record["arr"]})
    return list(accepted.values()), refused


def _job(record: Record, event: Event, webhook_id: str, number: int) -> Job:
    made = new(record, priority="webhook", source=event.app, group=webhook_id, number=number)
    made["confined"] = True
    return made


def _put(spool: Spool, jobs: Sequence[Job]) -> None:
    """Queue jobs; Refused where one of them is not on disk. The others are done: to send them again does no harm."""
    errors = [error for some in _some(jobs) for error in spool.put_all(some) if error is not None]
    if errors:
        raise Refused(503, errors[0].code, str(errors[0]), _PAUSE)


def _some(jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
    return (jobs[at : at + BATCH] for at in range(0, len(jobs), BATCH))


def _keep(spool: Spool, webhook_id: str, event: Event, jobs: Sequence[Job], refused: Sequence[Record]) -> None:
    """Write down what the jobs were made from."""
    made_of = {
        "id": webhook_id,
        "created_at": jobs[0]["created_at"],
        "source": event.app,
        "event": event.name,
        "instance": event.instance,
        "files": len(jobs),
        "paths": [job["record"]["path"] for job in jobs],
        "ignored": refused,
    }
    draft = f"{spool.root}/tmp/{webhook_id}.batch"
    # Without fsync: the jobs are what was promised, and they are on disk. A power cut may cost this file, and then
    # the ids of the jobs are computed and the rest is read in them.
    with contextlib.suppress(OSError):
        with open(draft, "wb", buffering=0) as file:
            file.write(records.line(made_of))
        os.rename(draft, f"{spool.root}/batches/{webhook_id}.json")


def _shown(some: Iterable[Record]) -> list[str]:
    return [record["path"] for record, _ in zip(some, range(_SHOWN), strict=False)]


def _asked(service: "Service", request: Request) -> Response:
    webhook_id = request.parameters["webhook_id"]
    if time_of(webhook_id) is None or "/" in webhook_id or "\0" in webhook_id:
        raise _UNKNOWN
    made_of = _kept(service.spool, webhook_id)
    jobs = list(_jobs(service.spool, webhook_id, made_of.get("files")))
    first = jobs[0] if jobs else {}
    source = made_of.get("source", first.get("source"))
    if source not in _SOURCES:
        raise _UNKNOWN
    event = made_of.get("event") or first["record"].get("arr", {}).get("event")
    progress = _progress(jobs)
    body = {"webhook_id": webhook_id, "status": _status(progress), "source": source, "event": event}
    body |= {"created_at": made_of.get("created_at") or first["created_at"], "jobs": jobs, "progress": progress}
    return Response(200, body)


_UNKNOWN = Refused(404, "not_found", "there is no such webhook")


def _kept(spool: Spool, webhook_id: str) -> Record:
    """Return what a webhook's jobs were made from; nothing where that is lost, or was never there."""
    try:
        with open(f"{spool.root}/batches/{webhook_id}.json", "rb") as file:
            return records.parse(file.read(records.LIMIT))
    except (OSError, Error):
        return {}


def _jobs(spool: Spool, webhook_id: str, number: Any) -> Iterator[Job]:
    """Yield the jobs of a webhook: so many, less those that are forgotten; up to the first gap where it is lost."""
    for at in count(1) if type(number) is not int else range(1, number + 1):
        found = spool.get(f"{webhook_id}.{at:06d}")
        if found is not None:
            yield found
        elif type(number) is not int:
            return


def _progress(jobs: Sequence[Job]) -> dict[str, int]:
    states = Counter(job["state"] for job in jobs)
    return {"total": len(jobs)} | {state: states[state] for state in STATES}


def _status(progress: Mapping[str, int]) -> str:
    """Return what is true of the whole: `queued`, `running`, or what came of it."""
    ended = sum(progress[state] for state in FINAL)
    if ended < progress["total"]:
        return "running" if ended or progress["running"] else "queued"
    return next((state for state in ("failed", "cancelled") if progress[state]), "completed")


_ACCEPTED = ("The jobs are on disk. `ignored` are the files that we may not go to.", schemas.WEBHOOK_ACCEPTED)
_IDLE = ("A test, an event that changes no file, or files that we may not go to.", schemas.WEBHOOK_IGNORED)
_FULL = ("The queue cannot be written to, such as when its disk is full.", schemas.ERROR)


def _route(app: str) -> Route:
    return Route(
        ("POST", "PUT"),
        f"/webhook/{app}",
        partial(_posted, app),
        f"Take an event of {app.title()}",
        f"The URL for {app.title()}, under Settings, Connect, Webhook: On File Import and On File Upgrade are of use.",
        body=schemas.ARR_EVENT,
        answers={202: _ACCEPTED, 200: _IDLE, 503: _FULL},
        limit="webhook",
        tag="webhooks",
    )


ROUTES = (
    *map(_route, _SOURCES),
    Route(
        ("GET",),
        "/webhook/{webhook_id}",
        _asked,
        "Say how far a webhook's jobs are",
        answers={200: ("Its jobs, and how many are of each state.", schemas.WEBHOOK)},
        tag="webhooks",
    ),
)
