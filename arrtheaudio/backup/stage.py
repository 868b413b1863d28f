"""A backup, unpacked beside the place where it will be: nothing is put back that was not read to its end."""

import contextlib
import os
from collections.abc import Iterator

from arrtheaudio.backup.archive import CACHE, CONFIG, ENTRY, JOURNAL, SPOOL, Member, Reader, Unfit
from arrtheaudio.errors import Error
from arrtheaudio.journal import VERSION
from arrtheaudio.spool import priority_of
from arrtheaudio.spool.folder import FINISHED, FORMAT, NEW, prepare
from arrtheaudio.spool.job import FINAL, PRIORITIES, SUFFIX, Job, id_of, parse
from arrtheaudio.spool.paths import Paths

_LIVE = (*NEW, "held", "cur")


class Stage:
    """A backup, unpacked into a folder: a whole queue, the journal's entries, and what else there is."""

    def __init__(self, folder: str) -> None:
        """Make an empty queue there."""
        self.folder = folder
        self.spool = f"{folder}/{SPOOL}"
        self._places: dict[str, str] = {}  # of jobs, by id
        for name in ("open", "done"):
            os.makedirs(f"{folder}/{JOURNAL}/{name}", 0o700)
        os.makedirs(f"{folder}/other", 0o700)
        os.close(prepare(self.spool))

    @property
    def jobs(self) -> int:
        """How many jobs there are."""
        return len(self._places)

    def fill(self, reader: Reader) -> None:
        """Unpack a backup, and put what ran back into the queue; Unfit where it is none."""
        for member, data in reader.members():
            self._take(member, data)
        manifest = reader.manifest
        for key, known in (("spool_format", FORMAT), ("journal_version", VERSION)):
            if manifest.get(key, known) != known:
                raise Unfit(f"its {key} is {manifest[key]!r:.20}, and this program knows {known}")
        for job_id, place in sorted(self._places.items()):
            if place.startswith(_LIVE):
                self._queue(job_id, place)
        os.sync()  # once: a hundred thousand files would each take their time

    def _take(self, member: Member, data: Iterator[bytes]) -> None:
        place = _place(member.name)
        path = f"{self.folder}/{place}"
        if place.startswith(f"{SPOOL}/") and not place.startswith(f"{SPOOL}/batches/"):
            if not self._further(place.removeprefix(f"{SPOOL}/")):
                for _ in data:
                    pass  # it has to be read
                return
            with contextlib.suppress(FileExistsError):
                os.mkdir(os.path.dirname(path), 0o770)
        with open(path, "xb", opener=private if not place.startswith(SPOOL) else shared) as file:
            for part in data:
                file.write(part)
        os.utime(path, (member.mtime, member.mtime))

    def _further(self, place: str) -> bool:
        """Say whether a job is to be kept there: of one that is there twice, the one that has its answer counts."""
        job_id = id_of(place.rpartition("/")[2])
        before = self._places.get(job_id)
        if before is not None:
            if not before.startswith(_LIVE):
                return False
            os.unlink(f"{self.spool}/{before}")
        self._places[job_id] = place
        return True

    def _queue(self, job_id: str, place: str) -> None:
        """See to a job that has no end yet: where it ran it is queued, and its path leads to it."""
        folder, _, name = place.rpartition("/")
        with open(f"{self.spool}/{place}", "rb") as file:
            data = file.read()
        try:
            job = parse(data, id_of(name), priority_of(folder))
        except Error:
            return  # whoever takes it will say so
        if folder == "cur":
            os.rename(f"{self.spool}/{place}", f"{self.spool}/{self._folder_after(job)}/{job_id}{SUFFIX}")
        if not _ended(job):
            Paths(self.spool).put(job)

    def _folder_after(self, job: Job) -> str:
        if not _ended(job):
            return f"new/{PRIORITIES[job['priority']]}"
        folder = f"{FINISHED[job['state']]}/{job['finished_at'][:10]}"
        os.makedirs(f"{self.spool}/{folder}", 0o770, exist_ok=True)
        return folder


def _ended(job: Job) -> bool:
    return job["state"] in FINAL and _is_day(str(job.get("finished_at"))[:10])


def _place(name: str) -> str:
    """Return where a member goes, below the stage; Unfit for a name that no backup of ours has."""
    top, *parts = name.split("/")
    plain = bool(parts) and not parts[-1].startswith(".") and len(os.fsencode(parts[-1])) <= 255
    if name in (CACHE, CONFIG):
        return f"other/{name}"
    if top == JOURNAL and len(parts) == 2 and parts[0] in ("open", "done") and ENTRY.fullmatch(parts[1]):
        return name
    if top == SPOOL and plain and "/".join(parts[:-1]) in (*_LIVE, "batches"):
        return name
    if top == SPOOL and plain and len(parts) == 3 and parts[0] in FINISHED.values() and _is_day(parts[1]):
        return name
    raise Unfit(f"this is no backup of ArrTheAudio: {name!r:.200} belongs nowhere")


def _is_day(text: str) -> bool:
    return len(text) == 10 and text.isascii() and text.replace("-", "").isdecimal() and text[4::3] == "--"


def private(path: str, flags: int) -> int:
    """Open a file that nobody else may read."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def shared(path: str, flags: int) -> int:
    """Open a file of the queue, which a group may share."""
    return os.open(path, flags | os.O_CLOEXEC, 0o660)
