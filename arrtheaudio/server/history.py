"""What was done: the latest changes, and what has to be decided; read from the jobs that have ended, bounded."""

import bisect
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.errors import Error
from arrtheaudio.server import schemas
from arrtheaudio.server.finished import Finished
from arrtheaudio.server.message import Request, Response
from arrtheaudio.server.paging import OFFSET, up_to
from arrtheaudio.server.route import Route
from arrtheaudio.server.undoings import Undoings
from arrtheaudio.server.verdicts import change, has_changed, in_review, leader, outcome, part, question
from arrtheaudio.spool import names
from arrtheaudio.spool.folder import NEW
from arrtheaudio.spool.job import UNDO, Job, id_of

if TYPE_CHECKING:
    from arrtheaudio.server.service import Service

CHANGES, QUESTIONS, UNDONE = 500, 1_000, 10_000  # that are kept, the latest
_PATHS = 200_000  # whose latest verdict of the past is looked for, 70 bytes each
_PAUSE, _SHARE = 1.0, 20  # seconds between two looks at least; of the time, one part at most is spent on them
_BREATH = 0.01  # seconds, after as much time at most was spent on the past
_DAY = 86_400_000_000_000  # nanoseconds
Key = TypeVar("Key", str, bytes)
_Verdict = tuple[str, str]  # when, and where the job is, if it is a question
_STATES = ("changed", "unchanged", "skipped", "failed")


class _Latest(Generic[Key]):
    """The latest of what is put, by when it ended: as JSON, as a tree of values takes ten times the memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: dict[Key, tuple[str, bytes]] = {}
        self._order: list[tuple[str, Key]] = []

    def wants(self, when: str) -> bool:
        """Say whether what ended at that time is among the latest."""
        return len(self._order) < self._most or when > self._order[0][0]

    def put(self, key: Key, when: str, told: dict[str, Any]) -> None:
        self.remove(key)
        self._items[key] = (when, records.line(told))
        bisect.insort(self._order, (when, key))
        if len(self._order) > self._most:
            del self._items[self._order.pop(0)[1]]

    def remove(self, key: Key) -> None:
        if key in self._items:
            when, _ = self._items.pop(key)
            del self._order[bisect.bisect_left(self._order, (when, key))]

    def get(self, key: Key) -> dict[str, Any] | None:
        found = self._items.get(key)
        return None if found is None else records.parse(found[1])

    def page(self, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Return some, the latest first, and how many there are."""
        found = self._order[::-1][offset : offset + limit]
        return [records.parse(self._items[key][1]) for _, key in found], len(self._order)


class History:
    """What has ended. One thread reads it; any thread may ask. `listeners` are told of each job that is new, once."""

    def __init__(self, service: "Service") -> None:
        """Read nothing yet."""
        self.listeners: list[Callable[[Job], None]] = []
        self._service = service
        self._finished = Finished(service.spool)
        self._lock = threading.Lock()
        self._changes: _Latest[str] = _Latest(CHANGES)  # by job
        self._questions: _Latest[bytes] = _Latest(QUESTIONS)  # by path
        self._settled: set[bytes] | None = set()  # paths whose latest verdict is known; None when the past is read
        self._undone: dict[str, bool] = {}  # by id: False where it cannot be undone any more
        self._undoing: dict[str, str] = {}  # by id: the job that takes it back
        self._undoings = Undoings()
        self._complete = False
        self._stopping = threading.Event()
        self._awake = threading.Event()
        self._next = 0.0
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)

    def start(self) -> None:
        """Read the past, in the background, and look for what is new."""
        self._finished.begin()
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(_PAUSE)

    def look_soon(self) -> None:
        """Say that something has ended."""
        self._awake.set()

    # Asking

    def totals(self) -> dict[str, Any]:
        """Return how many files there are of each outcome, in all and by container; `complete`: all have been read."""
        by_container: dict[str, dict[str, int]] = {}
        files = dict.fromkeys(("total", *_STATES), 0)
        for found, count in self._finished.totals().items():
            if found is not None and count:
                container, status = found
                kind = by_container.setdefault(container, dict.fromkeys(("total", *_STATES), 0))
                for counts in (files, kind):
                    counts["total"] += count
                    counts[status] += count
        return {"files": files, "by_container": by_container, "complete": self._complete}

    def changes(self, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Return some of the latest changes, and how many there are."""
        with self._lock:
            found, total = self._changes.page(limit, offset)
        self._look_back([told["journal"] for told in found])
        with self._lock:
            for told in found:
                told["undo"] = self._undo_of(told)
                told["undone"] = told["undo"] == "undone"
                del told["journal"]
        return found, total

    def questions(self, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Return some of what a person has to decide, and how much there is."""
        with self._lock:
            return self._questions.page(limit, offset)

    def asked_of(self, record: Record) -> str | None:
        """Return the job whose question on a record's path is open; None where none is."""
        path = _digest(record)
        with self._lock:
            told = None if path is None else self._questions.get(path)
        return None if told is None else str(told["job_id"])

    def undo_of(self, job: Job) -> str:
        """Say of a job that has changed its file whether it can be undone: possible, running, undone or impossible."""
        told = change(job)
        self._look_back([told["journal"]])
        with self._lock:
            return self._undo_of(told)

    def _look_back(self, entries: list[str]) -> None:
        """See whether somebody has taken edits back without a job."""
        self._undoings.look(self._service.config.journal.path, entries)

    def _undo_of(self, told: dict[str, Any]) -> str:
        job_id = told["job_id"]
        if job_id in self._undoing:
            return "running"
        stands = self._undoings.stands(told["journal"])
        if stands is None:
            stands = not self._undone.get(job_id)
            if stands and job_id in self._undone:
                return "impossible"
        if not stands:
            return "undone"
        keep = self._service.config.journal.keep_days * _DAY
        forgotten = str(told["finished_at"]) < records.timestamp(time.time_ns() - keep)
        return "impossible" if forgotten or told["method"] == "rewrite" else "possible"

    def undoing(self, job_id: str, undo_id: str) -> bool:
        """Take note that a job is being taken back by another; False where that is so already."""
        with self._lock:
            return self._undoing.setdefault(job_id, undo_id) == undo_id

    def not_undoing(self, job_id: str) -> None:
        """Take note that it is not, after all."""
        with self._lock:
            self._undoing.pop(job_id, None)

    # Reading

    def _run(self) -> None:
        for _ in self._in_between(self._read_past()):
            if self._stopping.is_set():
                return
        self._settled = None
        self._complete = True
        while not self._stopping.is_set():
            self._awake.wait(_PAUSE)
            self._awake.clear()
            self._stopping.wait(max(0.0, self._next - time.monotonic()))
            self._look()

    def _in_between(self, steps: Iterator[None]) -> Iterator[None]:
        """Yield each step, with a pause as long as it took, and look at what is new when it is time."""
        start = time.monotonic()
        for step in steps:
            if time.monotonic() - start > _BREATH:
                time.sleep(time.monotonic() - start)
                start = time.monotonic()
            if time.monotonic() > self._next:
                self._look()
            yield step

    def _read_past(self) -> Iterator[None]:
        yield from self._find_undoing()
        for day in self._finished.past():
            verdicts: dict[bytes, _Verdict] = {}
            for folder, name in day:
                job = self._service.spool.read(f"{folder}/{name}")
                if job is not None:
                    self._take(folder, name, job)
                    _note(verdicts, job, f"{folder}/{name}")
                yield
            yield from self._settle(verdicts)

    def _find_undoing(self) -> Iterator[None]:
        """Find the jobs that take others back among those that wait."""
        for folder in (NEW[0], "held", "cur"):
            for name in names.names_in(self._service.spool, folder):
                said = names.origin(self._service.spool, folder, name)
                job = self._service.spool.read(f"{folder}/{name}") if said is None or said[0] == "api" else None
                if job is not None and job.get("action") == UNDO:
                    self.undoing(str(job.get("undoes")), id_of(name))
                yield

    def _look(self) -> None:
        start = time.monotonic()
        with suppress(OSError):  # it is tried again with the next look
            for folder, name in self._finished.new():
                job = self._service.spool.read(f"{folder}/{name}")
                if job is not None:
                    self._tell(folder, name, job)
        spent = time.monotonic() - start
        self._next = start + max(_PAUSE, _SHARE * spent)

    def _tell(self, folder: str, name: str, job: Job) -> None:
        self._take(folder, name, job)
        self._decide(job)
        for listener in self.listeners:
            listener(job)

    def _take(self, folder: str, name: str, job: Job) -> None:
        """Count a job, and keep what it has changed or taken back."""
        with self._lock:
            self._finished.count(folder, name, outcome(job))
            if job.get("action") == UNDO:
                self._take_undo(job)
            elif has_changed(job) and leader(job) == job["id"] and self._changes.wants(_when(job)):
                self._changes.put(job["id"], _when(job), change(job))

    def _take_undo(self, job: Job) -> None:
        undoes, record = str(job.get("undoes")), job["record"]
        self._undoing.pop(undoes, None)
        if len(self._undone) >= UNDONE:
            if not self._complete:
                return  # the past is read from its end
            del self._undone[next(iter(self._undone))]
        if part(record, "undo").get("status") in ("undone", "unchanged"):
            self._undone[undoes] = True
        elif part(record, "error").get("code") == "changed_since_probe":
            self._undone.setdefault(undoes, False)

    # What has to be decided

    def _decide(self, job: Job) -> None:
        """Take a new job's verdict on its path for the latest."""
        path = _path_of(job)
        if path is None:
            return
        with self._lock:
            if self._settled is not None:
                self._settled.add(path)
            if in_review(job):
                self._questions.put(path, _when(job), question(job))
            else:
                self._questions.remove(path)

    def _settle(self, verdicts: dict[bytes, _Verdict]) -> Iterator[None]:
        """Take over the verdicts of a day of the past, on paths that have none of a later day."""
        settled = self._settled
        if settled is None or len(settled) > _PATHS:
            return
        for path, (when, place) in verdicts.items():
            if place and path not in settled and self._questions.wants(when):
                job = self._service.spool.read(place)
                with self._lock:
                    if job is not None and path not in settled:
                        self._questions.put(path, when, question(job))
                yield
        settled.update(verdicts)


def _note(verdicts: dict[bytes, _Verdict], job: Job, place: str) -> None:
    """Keep the latest verdict of a day on each path."""
    path, when = _path_of(job), _when(job)
    if path is not None and when >= verdicts.get(path, ("", ""))[0]:
        verdicts[path] = (when, place if in_review(job) else "")


def _when(job: Job) -> str:
    return str(job.get("finished_at"))


def _path_of(job: Job) -> bytes | None:
    """Return what tells a job's path from others; None where the job decides nothing."""
    decides = job["state"] != "cancelled" and job.get("action") != UNDO
    return _digest(job["record"]) if decides else None


def _digest(record: Record) -> bytes | None:
    try:
        return blake2b(records.path_of(record), digest_size=12).digest()
    except Error:
        return None


_LIMIT = up_to(50)


def _changes(service: "Service", request: Request) -> Response:
    limit, offset = _LIMIT.of(request), OFFSET.of(request)
    found, total = service.history.changes(limit, offset)
    return Response(200, {"changes": found, "total": total, "limit": limit, "offset": offset})


def _review(service: "Service", request: Request) -> Response:
    limit, offset = _LIMIT.of(request), OFFSET.of(request)
    found, total = service.history.questions(limit, offset)
    return Response(200, {"review": found, "total": total, "limit": limit, "offset": offset})


ROUTES = (
    Route(
        ("GET",),
        "/changes",
        _changes,
        "List what was changed, and why",
        f"The latest first; the last {CHANGES} are kept.",
        query=(_LIMIT, OFFSET),
        answers={200: ("Some of the changes.", schemas.CHANGES)},
        tag="history",
    ),
    Route(
        ("GET",),
        "/review",
        _review,
        "List what a person has to decide",
        "Files whose original language is open: POST /jobs/{id}/retry says what it is. The latest first.",
        query=(_LIMIT, OFFSET),
        answers={200: ("Some of the files.", schemas.REVIEW)},
        tag="history",
    ),
)
