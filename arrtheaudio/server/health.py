"""How the server is: what works, what does not, and what it has to work with."""

import os
import shutil
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arrtheaudio import __version__
from arrtheaudio.core import record as records
from arrtheaudio.spool.care import visible
from arrtheaudio.tmdb import counts

if TYPE_CHECKING:
    from arrtheaudio.server.service import Service

HEALTHY, DEGRADED, UNHEALTHY = "healthy", "degraded", "unhealthy"
_ORDER = (HEALTHY, DEGRADED, UNHEALTHY)
# Bytes that are free: with less than the first nothing is accepted for long; the second is a warning.
_LEAST, _LITTLE = 16 << 20, 256 << 20
_TOOLS = ("ffprobe", "ffmpeg", "mkvmerge")


def health(service: "Service") -> dict[str, Any]:
    """Return the state of each part, and that of the whole, which is the worst of them."""
    checks: dict[str, dict[str, Any]] = {
        "spool": _spool(service),
        "journal": _journal(service),
        "disk_space": _disk(service),
        "tmdb": _tmdb(service),
        "workers": _workers(service),
        "media": _media(service),
    }
    worst = max((check["status"] for check in checks.values()), key=_ORDER.index)
    tools = {name: shutil.which(name) for name in _TOOLS}
    return {
        "status": worst,
        "version": __version__,
        "uptime_seconds": round(time.time() - service.started, 1),
        "checks": {**checks, "tools": tools},
        "timestamp": records.timestamp(time.time_ns()),
    }


def brief(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what anybody may know of it."""
    return {"status": found["status"], "timestamp": found["timestamp"]}


def ready(service: "Service") -> bool:
    """Say whether requests can be accepted now."""
    states = (_spool(service)["status"], _disk(service)["status"])
    return not service.ending.is_set() and UNHEALTHY not in states


def _check(status: str, message: str | None = None, **found: Any) -> dict[str, Any]:
    return {"status": status} | ({} if message is None else {"message": message}) | found


def _spool(service: "Service") -> dict[str, Any]:
    root = service.spool.root
    unusable = [name for name in ("tmp", "new", "cur") if not _writable(f"{root}/{name}")]
    if unusable:
        return _check(UNHEALTHY, f"{root}/{unusable[0]} cannot be written to", path=root)
    return _check(HEALTHY, path=root)


def _writable(folder: str) -> bool:
    try:
        return os.access(folder, os.W_OK | os.X_OK) and not os.statvfs(folder).f_flag & os.ST_RDONLY
    except OSError:
        return False


def _journal(service: "Service") -> dict[str, Any]:
    root = service.config.journal.path
    try:
        begun = sum(1 for _ in visible(f"{root}/open"))
    except FileNotFoundError:
        begun = 0  # it is made with the first edit
    except OSError as error:
        return _check(DEGRADED, f"{root}: {(error.strerror or str(error)).lower()}", path=root)
    if not _writable(root):
        return _check(DEGRADED, f"{root} cannot be written to: nothing is edited", path=root, open=begun)
    return _check(HEALTHY, path=root, open=begun)


def _disk(service: "Service") -> dict[str, Any]:
    try:
        disk = os.statvfs(service.spool.root)
    except OSError as error:
        return _check(UNHEALTHY, (error.strerror or str(error)).lower())
    free = disk.f_bavail * disk.f_frsize
    if free < _LEAST:
        return _check(UNHEALTHY, "the disk of the spool is full", free_bytes=free)
    if free < _LITTLE:
        return _check(DEGRADED, "the disk of the spool is nearly full", free_bytes=free)
    return _check(HEALTHY, free_bytes=free)


def _tmdb(service: "Service") -> dict[str, Any]:
    settings = service.config.tmdb
    if not settings.enabled:
        return _check(HEALTHY, "not asked: tmdb.enabled is false")
    if settings.api_key is None:
        return _check(HEALTHY, "not asked: there is no tmdb.api_key (TMDB_API_KEY)")
    state = counts.read(settings.cache_path).state
    if state == counts.OPEN:
        return _check(DEGRADED, "it failed five times in a row, and is left alone for a minute", circuit=state)
    return _check(HEALTHY, circuit=state)


def _workers(service: "Service") -> dict[str, Any]:
    workers = service.workers
    if workers.alive:
        none = None if workers.wanted else "none here: `arrtheaudio jobs run` does the work elsewhere"
        return _check(HEALTHY, none, wanted=workers.wanted)
    return _check(DEGRADED, "they have died, and are started again", wanted=workers.wanted)


def _media(service: "Service") -> dict[str, Any]:
    if not service.places.roots:
        return _check(DEGRADED, "neither api.allowed_roots nor path_mappings names a folder: every path is refused")
    missing = service.places.missing()
    if missing:
        return _check(DEGRADED, f"not there, or does not answer: {', '.join(missing)}", missing=missing)
    return _check(HEALTHY)
