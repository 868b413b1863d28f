"""The queue over mounts that hang, that are gone, and a journal that takes nothing: no file stops the others."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rig import mounted, need_mounts
from slow_mount import Rules, SlowMount
from spool_rig import PATIENCE, Yard

from arrtheaudio.errors import from_os
from arrtheaudio.journal import Entry, Journal, new_id

LIMIT = 1  # second that a file may take here
AT_ONCE = 10  # seconds in which what does not hang has long come, on a machine that has much to do
DELAY = 1000  # seconds until the next attempt: it is not reached here

Mount = Callable[..., SlowMount]


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """A queue whose files may take a second."""
    return Yard(tmp_path / "yard", timeout_seconds=LIMIT, retry_delay_seconds=DELAY, retry_attempts=1)


@pytest.fixture
def mount(yard: Yard, tmp_path: Path) -> Mount:
    """Return a function that mounts the yard's media, with the given rules."""
    return lambda **rules: SlowMount(yard.media, tmp_path, Rules(**rules))


class Run:
    """`jobs run`, its lines and what it says."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        """Take a process that runs."""
        self.process = process
        self.jobs: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.seconds = 0.0
        self.mount: SlowMount

    def end(self) -> int:
        """Wait for its end; return its exit status."""
        start = time.monotonic()
        out, said = self.process.communicate(timeout=PATIENCE)
        self.seconds = time.monotonic() - start
        self.jobs = [json.loads(line) for line in out.splitlines()]
        self.said = [json.loads(line) for line in said.splitlines()]
        return self.process.returncode

    def lines(self, **about: str) -> list[dict[str, Any]]:
        """Return the lines of its log that have all of that."""
        return [line for line in self.said if about.items() <= line.items()]


@contextmanager
def running(yard: Yard, *words: object) -> Iterator[Run]:
    """Start `jobs run`; it is gone at the end, whatever came of it."""
    with yard.popen("--log-format", "json", "jobs", "run", *words) as process:
        try:
            yield Run(process)
        finally:
            process.kill()


def run(yard: Yard, *words: object, status: int = 0) -> Run:
    """Do what there is."""
    with running(yard, *words) as found:
        assert found.end() == status, found.said
        return found


def show(yard: Yard, job_id: str) -> dict[str, Any]:
    """Return a job."""
    (job,) = yard.jobs("show", job_id)
    return job


def paths(folder: Path, names: Sequence[str]) -> list[Path]:
    return [folder / name for name in names]


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def stopped(mount: SlowMount) -> Iterator[None]:
    """Have a file system answer nothing for a while."""
    mount.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        mount.signal(signal.SIGCONT)


def fill(folder: Path) -> Path:
    """Leave no byte free where a folder is; return the file that has them."""
    path = folder / ".full"
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return path


# A file that hangs


@pytest.mark.parametrize("rule", ["hang_read", "hang_open"])
def test_two_files_that_hang_stop_nobody(yard: Yard, mount: Mount, rule: str) -> None:
    names = [film.name for film in yard.films(8)]
    with mount(**{rule: tuple(names[:2])}) as mounted:
        ids = yard.add(*paths(mounted.folder, names))
        found = run(yard, "--workers", 2)
        assert {job["id"] for job in found.jobs} == set(ids[2:])
        assert {job["state"] for job in found.jobs} == {"completed"}
        lines = found.lines(component="workers", type="timeout", level="error")
        assert sorted(line["path"] for line in lines) == [f"{mounted.folder}/{name}" for name in names[:2]]
        assert lines[0]["message"] == f"{lines[0]['path']}: no answer within 1 s; its worker is killed"
    for job in (show(yard, job_id) for job_id in ids[:2]):
        assert (job["state"], job["held"]["why"], job["attempt"]) == ("held", "retry", 1)
        assert (job["last_error"]["code"], job["last_error"]["message"]) == ("timeout", "no answer within 1 s")
        assert "reclaims" not in job
        assert job["record"].keys() == {"path"}
    assert yard.unclean() == []


def test_it_is_tried_again_and_fails(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "yard", timeout_seconds=LIMIT, retry_delay_seconds=0, retry_attempts=1)
    film = yard.film()
    with SlowMount(yard.media, tmp_path, Rules(hang_read=(film.name,))) as mounted:
        (job_id,) = yard.add(mounted.folder / film.name)
        (job,) = run(yard, "--workers", 1, status=1).jobs
    assert (job["id"], job["state"], job["attempt"]) == (job_id, "failed", 2)
    error = {"stage": "jobs", "code": "timeout", "message": "no answer within 1 s"}
    assert (job["record"]["error"], job["added"]) == (error, ["error"])
    assert job["duration_ms"] == LIMIT * 1000
    assert yard.states() == {"failed": 1}


def test_a_mount_that_does_not_even_say_what_a_file_is(yard: Yard, mount: Mount) -> None:
    """Its job has not begun when its worker hangs."""
    film, other = yard.film("0.mkv"), yard.media.parent / "other.mkv"
    other.write_bytes(film.read_bytes())
    with mount() as mounted:
        hung, sound = yard.add(mounted.folder / film.name, other)
        with stopped(mounted):
            found = run(yard, "--workers", 1)
        assert [job["id"] for job in found.jobs] == [sound]
    job = show(yard, hung)
    assert (job["state"], job["attempt"], job["last_error"]["code"]) == ("held", 1, "timeout")


def test_one_that_waits_for_a_change_and_hangs(yard: Yard, mount: Mount) -> None:
    film = yard.film("0.mkv")
    with mount() as mounted:
        path = mounted.folder / film.name
        about = {"state": "held", "held": {"why": "hardlinked"}, "record": {"path": str(path)}}
        yard.jobs("stats")  # makes the folders
        (yard.spool / "held" / "mine.json").write_text(json.dumps(about))
        os.utime(yard.spool / "held" / "mine.json", (0, 0))
        with stopped(mounted):
            run(yard, "--workers", 1)
    job = show(yard, "mine")
    assert (job["state"], job["held"]["why"], job["attempt"]) == ("held", "retry", 1)


def test_what_follows_goes_on(yard: Yard, mount: Mount) -> None:
    films = yard.films(3)
    with mount(hang_read=("0000.mkv", "0001.mkv")) as mounted:
        yard.add(mounted.folder / "0000.mkv", mounted.folder / "0001.mkv")
        with running(yard, "--follow", "--workers", 2) as found:
            assert found.process.stdout
            for name in ("0000.mkv", "0001.mkv"):
                mounted.await_request("read", name)
            yard.add(mounted.folder / films[2].name)
            job = json.loads(found.process.stdout.readline())
            assert (job["state"], job["record"]["path"]) == ("completed", f"{mounted.folder}/0002.mkv")
            found.process.terminate()
            assert found.end() == 143


def test_an_edit_that_a_crash_left_open_there(yard: Yard, mount: Mount) -> None:
    """Every worker would begin with it."""
    films = yard.films(2)
    with mount(hang_open=("0000.mkv",)) as mounted:
        path = os.fsencode(mounted.folder / "0000.mkv")
        info = os.stat(films[0])
        entry = Entry(new_id(), path, 0, info.st_ino, info.st_size, info.st_mtime_ns, (), "apply")
        Journal(str(yard.folder / "journal")).begin(entry).close()
        yard.add(mounted.folder / "0001.mkv")
        found = run(yard, "--workers", 1)
        assert [job["state"] for job in found.jobs] == ["completed"]
        (line,) = found.lines(component="workers", type="timeout")
        assert line["message"].startswith("an edit that a crash left open: no answer")
    assert len(yard.open_edits()) == 1


# A worker that cannot be killed


@contextmanager
def undying(tmp_path: Path, *words: object) -> Iterator[tuple[Run, list[str]]]:
    """Have a worker of one hang in the kernel, beyond SIGKILL, while another file waits; it dies at the end."""
    yard = Yard(tmp_path / "yard", timeout_seconds=2, retry_delay_seconds=DELAY)
    hung, sound = yard.film("hung.mkv"), yard.folder / "sound.mkv"
    sound.write_bytes(hung.read_bytes())
    with SlowMount(yard.media, tmp_path, Rules(hang_read=(hung.name,))) as mounted:
        ids = yard.add(mounted.folder / hung.name, sound)
        with running(yard, "--workers", 1, *words) as found:
            mounted.await_request("read", hung.name)
            # The file system has the request, and neither answers nor takes it back.
            with stopped(mounted):
                found.mount = mounted
                yield found, ids
            found.end()


def test_another_takes_the_place_of_a_worker_that_does_not_die(tmp_path: Path) -> None:
    spool = tmp_path / "yard" / "spool"
    with undying(tmp_path) as (found, (hung, sound)):
        assert found.process.stdout
        out = found.process.stdout.read()
        assert found.process.wait(PATIENCE) == 0
        assert [json.loads(line)["id"] for line in out.splitlines()] == [sound]
        assert os.listdir(spool / "cur") == [f"{hung}.json"], "nobody else may have it in hand"
    messages = [line["message"] for line in found.lines(component="workers", type="timeout")]
    assert len(messages) == 2
    assert "cannot be ended: another one takes its place" in messages[1]


def test_when_it_dies_at_last_its_job_is_held(tmp_path: Path) -> None:
    spool = tmp_path / "yard" / "spool"
    with undying(tmp_path, "--follow") as (found, (hung, sound)):
        assert found.process.stdout
        assert json.loads(found.process.stdout.readline())["id"] == sound
        found.mount.signal(signal.SIGCONT)
        until(lambda: os.listdir(spool / "cur") == [])
        job = json.loads((spool / "held" / f"{hung}.json").read_bytes())
        assert (job["last_error"]["code"], job["attempt"], "reclaims" in job) == ("timeout", 1, False)
        found.process.terminate()
    assert found.process.returncode == 143


# The end


def test_a_signal_ends_it_in_seconds_and_the_job_waits_on(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "yard")  # whose files may take minutes
    film = yard.film()
    with SlowMount(yard.media, tmp_path, Rules(hang_read=(film.name,))) as mounted:
        (job_id,) = yard.add(mounted.folder / film.name)
        with running(yard, "--follow", "--workers", 1) as found:
            mounted.await_request("read", film.name)
            found.process.terminate()
            assert found.end() == 143
            assert 4 < found.seconds < 8
    job = show(yard, job_id)
    assert (job["state"], job["attempt"], job.get("reclaims", 0)) == ("queued", 0, 0)
    assert yard.unclean() == []


def test_its_reader_goes_and_it_ends(yard: Yard, mount: Mount) -> None:
    film = yard.film()
    with mount(hang_read=(film.name,)) as mounted:
        (job_id,) = yard.add(mounted.folder / film.name)
        with running(yard, "--follow", "--workers", 1) as found:
            mounted.await_request("read", film.name)
            assert found.process.stdout
            found.process.stdout.close()
            assert found.process.wait(AT_ONCE) == 141
    assert show(yard, job_id)["held"]["why"] == "retry"


# A mount that is gone


@pytest.mark.parametrize(
    "number", [errno.ESTALE, errno.ENODEV, errno.EHOSTDOWN, errno.ECONNABORTED], ids=errno.errorcode.get
)
def test_what_a_mount_that_is_gone_says_may_pass(number: int) -> None:
    assert from_os(OSError(number, os.strerror(number))).code == "network"


def test_a_mount_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "yard", retry_delay_seconds=DELAY, retry_attempts=1)
    film = yard.film()
    with SlowMount(yard.media, tmp_path, Rules()) as mounted:
        (job_id,) = yard.add(mounted.folder / film.name)
        mounted.vanish()
        run(yard)
        job = show(yard, job_id)
        assert (job["state"], job["held"]["why"], job["last_error"]["code"]) == ("held", "retry", "network")
        assert "not connected" in job["last_error"]["message"]


# A journal or a queue that takes nothing


@pytest.mark.parametrize(("options", "why"), [("ro", "read_only"), ("size=64k", "no_space")])
def test_a_journal_that_takes_nothing_costs_no_attempt(tmp_path: Path, options: str, why: str) -> None:
    need_mounts()
    yard = Yard(tmp_path / "yard", retry_delay_seconds=0, retry_attempts=0)
    (job_id,) = yard.add(yard.film())
    with mounted(yard.folder / "journal", "-t", "tmpfs", "-o", options, "none") as journal:
        if why == "no_space":
            fill(journal)
        for _ in range(3):
            assert run(yard).jobs == []
            job = show(yard, job_id)
            assert (job["state"], job["held"]["why"], job["attempt"]) == ("held", why, 0)
            assert str(journal) in job["last_error"]["message"]
        subprocess.run(["mount", "-o", "remount,rw,size=10m", journal], check=True)
        (job,) = run(yard).jobs
        assert (job["id"], job["state"], job["attempt"]) == (job_id, "completed", 1)


def test_a_media_file_that_is_read_only_fails(tmp_path: Path) -> None:
    need_mounts()
    yard = Yard(tmp_path / "yard")
    film = yard.film()
    with mounted(tmp_path / "ro", "--bind", yard.media) as folder:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yard.add(folder / film.name)
        (job,) = run(yard, status=1).jobs
    assert (job["state"], job["record"]["error"]["code"]) == ("failed", "read_only")


def test_a_queue_that_takes_no_answer_does_not_take_the_job_for_one_that_kills(tmp_path: Path) -> None:
    need_mounts()
    yard = Yard(tmp_path / "yard")
    with mounted(yard.spool, "-t", "tmpfs", "-o", "size=1m", "none") as spool:
        (job_id,) = yard.add(yard.film())
        for _ in range(6):  # five that die of it are too many
            full = fill(spool)
            run(yard, status=1)
            full.unlink()
            job = show(yard, job_id)
            assert (job["state"], job["attempt"], job.get("reclaims", 0)) == ("queued", 0, 0)
        (job,) = run(yard).jobs
        assert job["state"] == "completed"
