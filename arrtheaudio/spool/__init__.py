"""A folder as a queue: a job is one file, the folder it is in is its state, a rename is the change of state.

Whoever moves a job, or writes it anew, holds flock(2) on its file; the kernel drops the lock of a worker that dies. A
job is never under two names: what is new of it is written in tmp/, synced and locked, and renamed over the old file.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence

from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.errors import Error, IoError, NotAFile, from_os
from arrtheaudio.spool.draft import Draft, lock, put_file
from arrtheaudio.spool.folder import FINISHED, NEW, days_in, prepare, sync
from arrtheaudio.spool.job import PRIORITIES, SUFFIX, Job, id_of, line, now, parse
from arrtheaudio.spool.paths import Paths

# Jobs that are put on disk together: each is an open file until then.
BATCH = 256
_SYNCS = 8  # at once: the disk does several in the time of one
# What the kernel says of a link, a folder, a device, and of a file that is not for us to read.
_NO_FILE = frozenset({errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENODEV, errno.EACCES, errno.EPERM})
_STATES = {"held": "held", "cur": "running"} | {folder: state for state, folder in FINISHED.items()}


class Spool:
    """The queue in a folder. One object a process: the locks on media files are the process's."""

    def __init__(self, root: str) -> None:
        """Open the folder, and make it where there is none; SpoolUnusable where it cannot be the queue."""
        self.root = root
        self._in_use = prepare(root)
        self.paths = Paths(root)

    def __del__(self) -> None:
        """Say that the queue is in use no more."""
        with contextlib.suppress(OSError, AttributeError):  # it was never opened
            os.close(self._in_use)

    # Putting

    def put(self, job: Job) -> None:
        """Queue a job; when this returns, it is on disk. An Error where it is not queued."""
        (error,) = self.put_all([job])
        if error is not None:
            raise error

    def put_all(self, jobs: Sequence[Job]) -> list[Error | None]:
        """Queue up to BATCH jobs, and return what went wrong with each: all that has no error is on disk then."""
        drafts = [self._draft(job) for job in jobs]
        errors = self._sync_all(drafts)
        for at, (job, draft) in enumerate(zip(jobs, drafts, strict=True)):
            if isinstance(draft, Draft):
                errors[at] = self._publish(job, draft, errors[at])
        self._settle_folders(jobs, errors)
        return errors

    def _draft(self, job: Job) -> Draft | Error:
        draft = None
        try:
            draft = Draft(self.root)
            job["joins"] = self.paths.put(job)
            draft.write(line(job))
            return draft
        except OSError as error:
            if draft is not None:
                draft.discard()
            return self._named(error)

    def _sync_all(self, drafts: Sequence[Draft | Error]) -> list[Error | None]:
        if len(drafts) == 1:
            return [self._sync(drafts[0])]
        from concurrent.futures import ThreadPoolExecutor

        for draft in drafts:
            if isinstance(draft, Draft):
                draft.start()
        with ThreadPoolExecutor(_SYNCS) as pool:
            return list(pool.map(self._sync, drafts))

    def _sync(self, draft: Draft | Error) -> Error | None:
        if isinstance(draft, Error):
            return draft
        try:
            draft.sync()
        except OSError as error:
            return self._named(error)
        return None

    def _publish(self, job: Job, draft: Draft, error: Error | None) -> Error | None:
        if error is None:
            try:
                draft.move(self._path(_new(job), job))
                draft.close()
                return None
            except OSError as failure:
                error = self._named(failure)
        draft.discard()
        return error

    def _settle_folders(self, jobs: Sequence[Job], errors: list[Error | None]) -> None:
        for folder in sorted({_new(job) for job, error in zip(jobs, errors, strict=True) if error is None}):
            try:
                sync(f"{self.root}/{folder}")
            except OSError as error:
                for at, job in enumerate(jobs):
                    if errors[at] is None and _new(job) == folder:
                        self._withdraw(job)
                        errors[at] = self._named(error)

    def _withdraw(self, job: Job) -> None:
        """Take back a job whose producer is told that it failed; a worker that has it already may keep it."""
        path = self._path(_new(job), job)
        descriptor = lock(path)
        if descriptor is not None:
            _unlink(path)
            os.close(descriptor)

    def _named(self, error: OSError) -> Error:
        cause = from_os(error)
        return type(cause)(f"the spool {self.root}: {cause}")

    def _path(self, folder: str, job: Job) -> str:
        return f"{self.root}/{folder}/{job['id']}{SUFFIX}"

    # Taking

    def claim(self, folder: str, name: str) -> "Claim | None":
        """Take a job out of a folder; None where somebody else has it, or it is none (then it is in failed/)."""
        path = f"{self.root}/{folder}/{name}"
        try:
            descriptor = lock(path)
        except OSError as error:
            if error.errno not in _NO_FILE:
                raise
            self.reject(folder, name, _not_a_job(error))
            return None
        if descriptor is None:
            return None
        try:
            job = parse(_content(descriptor), id_of(name), priority_of(folder))
        except Error as error:
            self.reject(folder, name, error)
            os.close(descriptor)
            return None
        return Claim(self, job, f"{folder}/{name}", descriptor)

    def reject(self, folder: str, name: str, error: Error) -> None:
        """Put what is no job into failed/, as NAME.rejected, and the reason beside it."""
        job: Job = {"id": id_of(name), "state": "failed", "result": "failed", "finished_at": now()}
        job["record"] = records.failed({"input": name}, "jobs", error)
        target = self.finished_folder(job)
        put_file(self.root, f"{target}/{job['id']}{SUFFIX}", line(job))
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{self.root}/{folder}/{name}", f"{target}/{name}.rejected")

    def finished_folder(self, job: Job) -> str:
        """Return the folder of a finished job, which is that of the day on which it ended; made where there is none."""
        folder = f"{self.root}/{FINISHED[job['state']]}/{job['finished_at'][:10]}"
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o770)
        return folder

    # Looking

    def find(self, job_id: str) -> str | None:
        """Return where a job is, below the root; None where there is none of that id."""
        if not job_id or "/" in job_id or job_id.startswith("."):
            return None
        for _ in range(3):  # one that moves back (a retry) may be missed at first
            for folder in self.folders():
                for name in (f"{job_id}{SUFFIX}", job_id):
                    if os.path.lexists(f"{self.root}/{folder}/{name}"):
                        return f"{folder}/{name}"
        return None

    def folders(self) -> Iterator[str]:
        """Yield the folders that hold jobs, in the order in which a job goes through them; the newest day first."""
        yield from (*NEW, "held", "cur")
        for state in FINISHED.values():
            with contextlib.suppress(FileNotFoundError):
                yield from (f"{state}/{day}" for day in days_in(self.root, state))

    def read(self, place: str) -> Job | None:
        """Return the job at a place that `find` gave, with the state that its folder says; None where it is gone."""
        folder, _, name = place.rpartition("/")
        try:
            with open(f"{self.root}/{place}", "rb", opener=_opened) as file:
                job = parse(file.read(records.LIMIT + 1), id_of(name), priority_of(folder))
                info = os.fstat(file.fileno())
        except FileNotFoundError:
            return None
        except (Error, OSError) as error:
            failure = error if isinstance(error, Error) else from_os(error)
            job, info = {"id": id_of(name), "record": records.failed({"input": name}, "jobs", failure)}, None
        return _as_it_is(job, _STATES.get(folder.partition("/")[0], "queued"), info)

    def get(self, job_id: str) -> Job | None:
        """Return a job; None where there is none of that id."""
        for _ in range(3):  # it may move between the two steps
            place = self.find(job_id)
            job = None if place is None else self.read(place)
            if job is not None:
                return job
        return None


class Claim:
    """A job that is ours: the lock on its file is, and so nobody else moves it."""

    def __init__(self, spool: Spool, job: Job, place: str, descriptor: int) -> None:
        """Take over the descriptor, whose lock lasts as long as it is open."""
        self.job = job
        self._spool = spool
        self._place = place
        self._descriptor = descriptor
        self._ended = self._rewritten = False

    @property
    def record(self) -> Record:
        """The job's record."""
        record: Record = self.job["record"]
        return record

    def begin(self) -> None:
        """Move the job to cur/: the work starts."""
        self._move("cur")

    def finish(self, state: str) -> None:
        """Write the answer, and move the job to where finished ones are."""
        self.job.update(state=state, finished_at=self.job.get("finished_at") or now())
        self._rewrite()
        self.leave()

    def leave(self) -> None:
        """Move a job that has its answer to where finished ones are."""
        self._spool.paths.drop(self.job)
        self._end(os.path.relpath(self._spool.finished_folder(self.job), self._spool.root))

    def hold(self, why: str, until: int) -> None:
        """Put the job aside until a time, in nanoseconds since 1970, at which what it waits for is looked at again."""
        self.job.update(state="held", held={"why": why, "until": records.timestamp(until)})
        self._rewrite()
        self.postpone(until)

    def postpone(self, until: int) -> None:
        """Put a job that is held aside for longer."""
        os.utime(self._descriptor, ns=(until, until))
        self._end("held")

    def requeue(self) -> None:
        """Put the job back among those that wait; on disk when this returns."""
        self.job["state"] = "queued"
        self._rewrite()
        self._end(_new(self.job))
        sync(f"{self._spool.root}/{_new(self.job)}")

    def release(self) -> None:
        """Put the job back as it is."""
        self._end(_new(self.job))

    def give_up(self) -> None:
        """Put back a job that could not be settled; one that is, on disk, is for `reclaim`, which sees that."""
        if not self._ended and not self._rewritten:
            self.release()

    def drop(self) -> None:
        """Forget the job: its answer is elsewhere."""
        _unlink(f"{self._spool.root}/{self._place}")
        os.close(self._descriptor)

    def let_go(self) -> None:
        """Leave the job where it is, for others."""
        os.close(self._descriptor)

    def _end(self, folder: str) -> None:
        self._move(folder)
        self._ended = True
        os.close(self._descriptor)

    def _move(self, folder: str) -> None:
        place = f"{folder}/{self.job['id']}{SUFFIX}"
        if place != self._place:
            os.rename(f"{self._spool.root}/{self._place}", f"{self._spool.root}/{place}")
            self._place = place

    def _rewrite(self) -> None:
        """Put the job's new content in the place of the old, with the lock on it."""
        draft = Draft(self._spool.root)
        try:
            draft.write(line(self.job))
            draft.sync()
            draft.move(f"{self._spool.root}/{self._place}")
        except BaseException:  # whatever it was, no draft is left behind
            draft.discard()
            raise
        os.close(self._descriptor)
        self._descriptor = draft.descriptor
        self._rewritten = True


def _as_it_is(job: Job, state: str, info: os.stat_result | None) -> Job:
    """Put right what a job's file does not say, since a move does not write it anew."""
    job["state"] = state
    moved = records.timestamp(info.st_ctime_ns if info else 0)
    if state == "running":
        job["started_at"] = moved
    elif state == "cancelled":
        job.setdefault("finished_at", moved)  # it was cancelled with its whole group
    if state != "held":
        job.pop("held", None)  # it waited, and does so no more
    elif info is not None and isinstance(job.get("held"), dict):
        job["held"]["until"] = records.timestamp(info.st_mtime_ns)
    return job


def priority_of(folder: str) -> str | None:
    """Return the priority of a folder's jobs; None where they have their own."""
    return next((priority for priority, name in PRIORITIES.items() if folder == f"new/{name}"), None)


def _new(job: Job) -> str:
    return f"new/{PRIORITIES[job['priority']]}"


def _not_a_job(error: OSError) -> Error:
    return NotAFile("a link is no job") if error.errno == errno.ELOOP else from_os(error)


def _content(descriptor: int) -> bytes:
    try:
        return os.pread(descriptor, records.LIMIT + 1, 0)
    except OSError as error:
        raise IoError((error.strerror or str(error)).lower()) from None


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _opened(path: str, flags: int) -> int:
    """Open a file of the spool; NotAFile, at once, for a FIFO or the like that somebody has put there."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotAFile("not a file, and no job")
    return descriptor
