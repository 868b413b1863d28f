"""What is counted, in the text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/."""

import os
import platform
from collections.abc import Iterable
from typing import TYPE_CHECKING

import prometheus_client as prometheus
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from arrtheaudio import __version__
from arrtheaudio.spool.care import visible
from arrtheaudio.spool.job import PRIORITIES, Job
from arrtheaudio.tmdb import counts

if TYPE_CHECKING:
    from prometheus_client import Metric

    from arrtheaudio.server.service import Service

CONTENT_TYPE = prometheus.CONTENT_TYPE_LATEST
# Seconds: an answer takes milliseconds, a file too, but one that is written anew minutes.
_ANSWERS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_FILES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
_UNMATCHED = "unmatched"
_STATES = {counts.CLOSED: 0, counts.HALF_OPEN: 1, counts.OPEN: 2}


class Metrics:
    """The counters of a process, and what is counted when somebody asks."""

    def __init__(self, service: "Service") -> None:
        """Begin at zero."""
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = prometheus.CollectorRegistry()
        self._make()
        self.registry.register(_Moment(service))
        for collector in (prometheus.ProcessCollector, prometheus.PlatformCollector, prometheus.GCCollector):
            collector(registry=self.registry)

    def _make(self) -> None:
        registry = self.registry
        self._requests = prometheus.Counter(
            "arrtheaudio_http_requests", "Requests.", ("method", "endpoint", "status"), registry=registry
        )
        self._answers = prometheus.Histogram(
            "arrtheaudio_http_request_duration_seconds",
            "Seconds from a request's last byte to its answer.",
            ("method", "endpoint"),
            buckets=_ANSWERS,
            registry=registry,
        )
        self._files = prometheus.Counter(
            "arrtheaudio_files_processed",
            "Files that were processed: success, skipped or failed.",
            ("status", "container_type"),
            registry=registry,
        )
        self._durations = prometheus.Histogram(
            "arrtheaudio_file_processing_duration_seconds",
            "Seconds that a file took.",
            ("container_type",),
            buckets=_FILES,
            registry=registry,
        )
        self._jobs = prometheus.Counter(
            "arrtheaudio_jobs", "Jobs that have ended: completed, failed or cancelled.", ("status",), registry=registry
        )
        self._errors = prometheus.Counter(
            "arrtheaudio_errors", "What went wrong, by its code and by where.", ("type", "component"), registry=registry
        )
        for status in ("completed", "failed", "cancelled"):
            self._jobs.labels(status)
        prometheus.Info("arrtheaudio_version", "The program.", registry=registry).info(
            {"version": __version__, "python_version": platform.python_version()}
        )

    def request(self, method: str, endpoint: str | None, status: int, seconds: float) -> None:
        """Count a request; `endpoint` is the path of its route, None where it had none."""
        method = method if method in _METHODS else "other"
        endpoint = endpoint or _UNMATCHED
        self._requests.labels(method, endpoint, str(status)).inc()
        self._answers.labels(method, endpoint).observe(seconds)

    def job(self, job: Job) -> None:
        """Count a job that has ended."""
        self._jobs.labels(job["state"]).inc()
        if job["state"] == "cancelled":
            return
        container = _container(job)
        self._files.labels(str(job.get("result")), container).inc()
        if isinstance(job.get("duration_ms"), int | float):
            self._durations.labels(container).observe(job["duration_ms"] / 1000)
        error = job["record"].get("error")
        if isinstance(error, dict):
            self.error(str(error.get("code")), str(error.get("stage")))

    def error(self, kind: str, component: str) -> None:
        """Count what went wrong: the code of an error, and the stage or the part that it happened in."""
        self._errors.labels(kind, component).inc()

    def text(self) -> bytes:
        """Return all of it."""
        return prometheus.generate_latest(self.registry)


def _container(job: Job) -> str:
    probe = job["record"].get("probe")
    return str(probe.get("container", "unknown")) if isinstance(probe, dict) else "unknown"


class _Moment(Collector):
    """What is looked at when somebody asks: the queue, and how TMDB fares."""

    def __init__(self, service: "Service") -> None:
        self._service = service

    def collect(self) -> Iterable["Metric"]:
        yield GaugeMetricFamily("arrtheaudio_jobs_active", "Jobs that are being worked on.", self._count("cur"))
        waiting = GaugeMetricFamily("arrtheaudio_queue_size", "Jobs that wait.", labels=["priority"])
        for priority, folder in PRIORITIES.items():
            waiting.add_metric([priority], self._count(f"new/{folder}"))
        waiting.add_metric(["held"], self._count("held"))
        yield waiting
        yield GaugeMetricFamily("arrtheaudio_spool_free_bytes", "Room on the disk of the queue.", self._free())
        yield from _tmdb(counts.read(self._service.config.tmdb.cache_path))

    def _free(self) -> int:
        disk = os.statvfs(self._service.spool.root)
        return disk.f_bavail * disk.f_frsize

    def _count(self, folder: str) -> int:
        return sum(1 for _ in visible(f"{self._service.spool.root}/{folder}"))


def _tmdb(found: counts.Counts) -> Iterable["Metric"]:
    requests = CounterMetricFamily("arrtheaudio_tmdb_api_requests", "Requests to TMDB.", labels=["status"])
    for status, count in found.requests.items():
        requests.add_metric([status], count)
    yield requests
    yield CounterMetricFamily("arrtheaudio_tmdb_cache_hits", "Answers that were known already.", found.hits)
    state = "Whether TMDB is asked: 0 yes, 1 one request to try, 2 no."
    yield GaugeMetricFamily("arrtheaudio_tmdb_circuit_state", state, _STATES[found.state])
