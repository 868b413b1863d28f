"""Answers about the server itself: how it is, what it counts, what is in hand and what is next."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from arrtheaudio.cleanup import clean
from arrtheaudio.errors import Error
from arrtheaudio.server import health, metrics, schemas
from arrtheaudio.server.message import Refused, Request, Response
from arrtheaudio.server.route import OPEN, Parameter, Route
from arrtheaudio.spool import ask
from arrtheaudio.spool.folder import NEW
from arrtheaudio.spool.job import Job

if TYPE_CHECKING:
    from arrtheaudio.server.service import Service

_NEXT = 20
_LIMIT = Parameter("limit", {"type": "integer", "minimum": 0, "maximum": 500, "default": _NEXT}, "How many are listed.")


def _health(service: "Service", request: Request) -> Response:
    found = health.health(service)
    status = 503 if found["status"] == health.UNHEALTHY else 200
    return Response(status, found if request.trusted else health.brief(found))


def _live(_service: "Service", _request: Request) -> Response:
    return Response(200, {"status": "alive"})


def _ready(service: "Service", _request: Request) -> Response:
    ready = health.ready(service)
    return Response(200 if ready else 503, {"status": "ready" if ready else "not ready"})


def _metrics(service: "Service", _request: Request) -> Response:
    return Response(200, service.metrics.text(), metrics.CONTENT_TYPE)


def _queue(service: "Service", request: Request) -> Response:
    found = ask.counts(service.spool)
    return Response(
        200,
        {
            "running": list(ask.jobs(service.spool, ask.Wanted("running"))),
            "next": list(_next(service, _LIMIT.of(request))),
            "waiting": found["waiting"],
            "held": found["jobs"]["held"],
            "workers": {"wanted": service.workers.wanted, "alive": service.workers.alive},
        },
    )


def _next(service: "Service", limit: int) -> Iterable[Job]:
    """Yield the jobs whose turn is next: the most urgent first, and of those the oldest."""
    for folder in NEW:
        for job in ask.oldest(service.spool, folder, limit):
            limit -= 1
            yield job


def _stats(service: "Service", _request: Request) -> Response:
    return Response(200, service.history.totals())


def _cleanup(service: "Service", request: Request) -> Response:
    days = request.json().get("older_than_days") if request.body else None
    if days is not None and (isinstance(days, bool) or not isinstance(days, int | float) or not 0 <= days <= 36500):
        raise Refused(400, "invalid_request", "older_than_days is a number of days from 0 up")
    try:
        found = clean(service.config, service.spool, days)
    except Error as error:
        raise Refused(503, error.code, str(error), {"Retry-After": "60"}) from None
    return Response(200, {"status": "completed", **found}, about=found)


_DAYS: dict[str, Any] = {
    "type": "object",
    "properties": {"older_than_days": {"type": "number", "minimum": 0, "maximum": 36500}},
    "additionalProperties": False,
}

ROUTES = (
    Route(
        ("GET",),
        "/health",
        _health,
        "How the server is",
        "Who has the secret, or where none is set, is told of each part.",
        answers={200: ("It works, perhaps not all of it.", schemas.HEALTH), 503: ("It does not.", schemas.HEALTH)},
        access=OPEN,
        limit=None,
        tag="server",
    ),
    Route(
        ("GET",),
        "/health/live",
        _live,
        "Whether it runs",
        answers={200: ("It does.", schemas.STATUS)},
        access=OPEN,
        limit=None,
        tag="server",
    ),
    Route(
        ("GET",),
        "/health/ready",
        _ready,
        "Whether it accepts work",
        answers={200: ("It does.", schemas.STATUS), 503: ("It does not, now.", schemas.STATUS)},
        access=OPEN,
        limit=None,
        tag="server",
    ),
    Route(
        ("GET",),
        "/metrics",
        _metrics,
        "What is counted, for Prometheus",
        answers={200: ("Prometheus' text format.", None)},
        limit=None,
        tag="server",
    ),
    Route(
        ("GET",),
        "/queue",
        _queue,
        "What is in hand, and what is next",
        query=(_LIMIT,),
        answers={200: ("The queue.", schemas.QUEUE)},
    ),
    Route(
        ("GET",),
        "/stats",
        _stats,
        "What was done, by container",
        answers={200: ("Totals of the jobs that are remembered.", schemas.STATS)},
    ),
    Route(
        ("POST",),
        "/admin/cleanup",
        _cleanup,
        "Forget old jobs and edits",
        "As `arrtheaudio admin cleanup`: jobs older than `older_than_days`, or as configured; edits as configured.",
        body=_DAYS,
        answers={200: ("How many were forgotten.", schemas.CLEANUP)},
        tag="server",
    ),
)
