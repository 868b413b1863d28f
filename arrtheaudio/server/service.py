"""What the answers share: the configuration of the moment, the queue, and what goes on beside them."""

import threading
import time
from typing import TYPE_CHECKING, Any

from arrtheaudio.errors import Fatal
from arrtheaudio.server.batches import Batches
from arrtheaudio.server.history import History
from arrtheaudio.server.logs import Log
from arrtheaudio.server.message import Request, Response
from arrtheaudio.server.metrics import Metrics
from arrtheaudio.server.places import Places
from arrtheaudio.server.route import Route
from arrtheaudio.server.settings import Settings
from arrtheaudio.server.workers import Workers
from arrtheaudio.spool import Spool

if TYPE_CHECKING:
    from arrtheaudio.spool.job import Job


class Service:
    """One a process. `config` and `places` are replaced when the configuration is read again."""

    def __init__(self, settings: Settings, log: Log, workers: int | None = None) -> None:
        """Open the queue; SpoolUnusable where that is not possible. Nothing runs before `start`."""
        self.settings = settings
        self.config = config = settings.config
        self.log = log
        self.places = Places(config)
        self.spool = Spool(config.spool.path)
        self.metrics = Metrics(self)
        self.history = History(self)
        self.batches = Batches(self)
        self.workers = Workers(self, workers)
        self.started = time.time()
        self.ending = threading.Event()
        self.history.listeners += [self.metrics.job, self._job]

    def start(self) -> None:
        """Start what goes on beside the answers; a defect there is a line of the log."""
        threading.excepthook = self._broken
        self.history.start()
        self.batches.start()
        self.workers.start()

    def end(self, seconds: float) -> bool:
        """End it, within so many seconds; False where workers had to be killed with a file in hand."""
        deadline = time.monotonic() + seconds
        self.workers.ask_to_stop()
        self.batches.stop()
        finished = self.workers.wait(max(0.1, deadline - time.monotonic()))
        self.history.stop()
        return finished

    def reload(self, settings: Settings) -> None:
        """Take over a new configuration; a wrong one is refused, and the old one stays."""
        try:
            config = settings.read()
            self.log.configure(config.logging)
        except Fatal as error:
            self.log.write("error", "configuration", message=f"refused, the old one holds: {error}")
            return
        self.log.write("info", "configuration", message=f"read again: {config.source or 'defaults'}")
        kept = settings.keep(self.config, config)
        if kept:
            message = f"what needs a restart stays as it was: {', '.join(kept)}"
            self.log.write("warning", "configuration", message=message)
        self.config = settings.config
        self.places = Places(self.config)
        self.workers.reload()

    def answered(self, request: Request, route: Route | None, response: Response, seconds: float) -> None:
        """Count an answer, and write a line of what was changed, what failed, and, at level debug, all others."""
        self.metrics.request(request.method, route.path if route else None, response.status, seconds)
        if response.status >= 500:
            self.metrics.error(str(response.about.get("error", "internal")), "http")
        level = _level(response)
        if route is not None and route.changes:
            self.log.audit(level, **_line(request, response, seconds))
            return
        level = "debug" if level == "info" else level
        if self.log.wants(level):
            self.log.write(level, "request", **_line(request, response, seconds))

    def _broken(self, found: threading.ExceptHookArgs) -> None:
        self.metrics.error("internal", "server")
        name = found.thread.name if found.thread else None
        error = found.exc_value or found.exc_type()
        self.log.defect("thread", error, thread=name)

    def _job(self, job: "Job") -> None:
        """Write what came of a job."""
        record = job["record"]
        error = record.get("error") if isinstance(record.get("error"), dict) else {}
        answer = record.get("apply") or record.get("undo") or {}
        self.log.write(
            "warning" if error else "info",
            "job",
            job_id=job["id"],
            path=record.get("path"),
            state=job["state"],
            result=job.get("result"),
            outcome=answer.get("status"),
            reason=answer.get("reason") or (record.get("choose") or {}).get("reason"),
            error=error.get("code"),
            message=error.get("message"),
            source=job.get("source"),
            group=job.get("group"),
            attempt=job.get("attempt"),
            duration_ms=job.get("duration_ms"),
        )


# Why an Arr's event may be ignored without anything being amiss.
_FINE = (None, "test", "no_work")


def _level(response: Response) -> str:
    if response.status >= 500:
        return "error"
    return "warning" if response.status >= 400 or response.about.get("reason") not in _FINE else "info"


def _line(request: Request, response: Response, seconds: float) -> dict[str, Any]:
    # The query is left out: somebody may have put a secret there.
    return {
        "request_id": request.id,
        "client": request.address,
        "method": request.method,
        "path": request.path,
        "status": response.status,
        "ms": round(seconds * 1000, 1),
        **response.about,
    }
