"""`admin backup` and `admin restore`: everything is there once, whoever works meanwhile; and nothing goes elsewhere."""

import fcntl
import gzip
import io
import json
import lzma
import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import rig
from spool_rig import PATIENCE, Yard

from arrtheaudio.backup.archive import CACHE, MANIFEST, Reader, Unfit, Writer
from arrtheaudio.backup.stage import Stage
from arrtheaudio.spool import Spool
from arrtheaudio.tmdb.database import Database

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def admin(yard: Yard, *words: object, status: int | None = 0, stdin: bytes = b"") -> tuple[bytes, str]:
    """Run `arrtheaudio admin`, and return what it prints and what it says."""
    with yard.popen("admin", *words, stdin=subprocess.PIPE) as process:
        out, said = process.communicate(stdin, PATIENCE)
    assert status is None or process.returncode == status, (words, process.returncode, said)
    return out, said.decode()


def everything(folder: Path) -> dict[str, bytes]:
    """Return each file below a folder, with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def contents(tar: Path) -> dict[str, bytes]:
    """Return the members of a backup."""
    with tarfile.open(tar) as file:
        return {member.name: file.extractfile(member).read() for member in file}  # type: ignore[union-attr]


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """A queue with a job done, one that failed, one held, two that wait, and one whose worker died; and an undo."""
    yard = Yard(tmp_path / "old")
    yard.add(yard.film("done.mkv"), yard.media / "missing.mkv")
    yard.jobs("run", status=1)
    yard.add(yard.film("low.mkv"), options=["--priority", "low"])
    yard.add(yard.film("waits.mkv"), options=["--group", "batch"])
    (died,) = yard.add(yard.film("died.mkv"))
    os.rename(yard.spool / f"new/2-normal/{died}.json", yard.spool / f"cur/{died}.json")
    (held,) = yard.add(yard.film("held.mkv"))
    os.rename(yard.spool / f"new/2-normal/{held}.json", yard.spool / f"held/{held}.json")
    os.utime(yard.spool / f"held/{held}.json", (4e9, 4e9))
    return yard


def test_what_was_backed_up_is_restored(yard: Yard, tmp_path: Path) -> None:
    before = {job["id"]: job for job in yard.jobs("list")}
    admin(yard, "backup", tmp_path / "tar")
    assert stat.S_IMODE((tmp_path / "tar").stat().st_mode) == 0o600
    new = Yard(tmp_path / "new")
    admin(new, "restore", tmp_path / "tar")
    after = {job["id"]: job for job in new.jobs("list")}
    running = {job_id for job_id, job in before.items() if job["state"] == "running"}
    assert len(before) == 6
    assert len(running) == 1
    for job_id, job in before.items():
        state = "queued" if job_id in running else job["state"]
        assert after.pop(job_id)["state"] == state
    assert after == {}
    assert [path.stat().st_mtime for path in (new.spool / "held").iterdir()] == [4e9]
    assert everything(new.folder / "journal") == everything(yard.folder / "journal")
    assert (new.spool / "batches/batch.json").exists()
    assert new.unclean() == []
    new.jobs("run")
    assert new.states() == {"done": 4, "failed": 1, "held": 1}


def test_a_job_of_a_path_that_waits_is_joined_after_a_restore(yard: Yard, tmp_path: Path) -> None:
    admin(yard, "backup", tmp_path / "tar")
    new = Yard(tmp_path / "new")
    admin(new, "restore", tmp_path / "tar")
    (second,) = new.add(yard.media / "waits.mkv")
    assert new.jobs("show", second)[0]["joins"] is not None


def test_it_may_go_through_a_pipe(yard: Yard, tmp_path: Path) -> None:
    data, _ = admin(yard, "backup", "-")
    new = Yard(tmp_path / "new")
    admin(new, "restore", "-", stdin=data)
    assert new.states() == {"new": 3, "done": 1, "failed": 1, "held": 1}


def test_nothing_kept_is_a_backup_too(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "old")
    admin(yard, "backup", tmp_path / "tar")
    assert not yard.spool.exists()
    admin(Yard(tmp_path / "new"), "restore", tmp_path / "tar")


def test_secrets_of_the_environment_are_not_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", "s3cret-s3cret")
    yard = Yard(tmp_path)
    with (tmp_path / "config.yaml").open("a") as file:
        file.write('api: {webhook_secret: "${WEBHOOK_SECRET}"}\n')
    admin(yard, "backup", tmp_path / "tar")
    assert b"s3cret" not in (tmp_path / "tar").read_bytes()
    assert b"${WEBHOOK_SECRET}" in contents(tmp_path / "tar")["config.yaml"]


def test_a_full_disk_leaves_no_part_of_a_backup(yard: Yard, tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"
    _, said = admin(yard, "backup", folder / "tar", status=1)
    assert said == f"arrtheaudio: {folder}/tar: no such file or directory\n"
    with open("/dev/full", "wb") as full, yard.popen("admin", "backup", "-", stdout=full) as process:
        assert b"standard output: no space left on device" in process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 1


# While others work


def test_in_a_storm_of_workers_no_job_and_no_undo_is_missed(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "old", retry_attempts=1, retry_delay_seconds=0)
    known = set(yard.add(*yard.films(150)))
    backups = []
    crews = [yard.popen("jobs", "run", "--follow", "--workers", 2, **QUIET) for _ in range(2)]
    try:
        for turn in range(5):
            before = set(known)
            admin(yard, "backup", tmp_path / f"tar{turn}")
            backups.append((tmp_path / f"tar{turn}", before))
            # Workers that stop put back what they have not begun; what is tried again goes all the way once more.
            crews[turn % 2].terminate()
            crews[turn % 2].wait(PATIENCE)
            crews[turn % 2] = yard.popen("jobs", "run", "--follow", "--workers", 2, **QUIET)
            known |= set(yard.add(*(yard.film(f"more{turn}.{number}.mkv") for number in range(10))))
    finally:
        for crew in crews:
            crew.terminate()
            crew.wait(PATIENCE)
    for tar, before in backups:
        _is_whole(Yard(tmp_path / f"new-{tar.name}"), tar, before)
    finished = [sum(name.startswith("spool/done") for name in contents(tar)) for tar, _ in backups]
    assert any(0 < count < len(known) for count in finished), "the storm was over before the backup"


def _is_whole(new: Yard, tar: Path, before: set[str]) -> None:
    admin(new, "restore", tar)
    places = new.places()
    assert before <= places.keys()
    assert all(len(found) == 1 for found in places.values())
    assert "cur" not in {place for found in places.values() for place in found}
    jobs = new.jobs("list", "--state", "completed")
    changed = {job["record"]["apply"]["journal"] for job in jobs if job["record"]["apply"]["status"] == "changed"}
    edits = [path.name.partition(".")[0] for path in (new.folder / "journal").glob("*/*")]
    assert changed <= set(edits)
    assert len(edits) == len(set(edits))


def test_a_queue_in_use_is_not_replaced(yard: Yard, tmp_path: Path) -> None:
    admin(yard, "backup", tmp_path / "tar")
    with yard.popen("jobs", "run", "--follow") as crew:
        deadline = time.monotonic() + PATIENCE
        while any((yard.spool / "new").glob("*/*")) or any((yard.spool / "cur").iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        before = everything(yard.spool)
        _, said = admin(yard, "restore", "--yes", tmp_path / "tar", status=2)
        assert everything(yard.spool) == before  # idle as it is
        crew.terminate()
        crew.communicate(timeout=PATIENCE)
    assert said.startswith(f"arrtheaudio: the spool {yard.spool} is in use: ")
    admin(yard, "restore", "--yes", tmp_path / "tar")


def test_a_queue_that_is_served_is_not_replaced(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "yard")
    admin(yard, "backup", tmp_path / "tar")
    with yard.popen("serve", "--port", 0, "--workers", 0) as server:
        assert server.stderr is not None
        while b"listening" not in (line := server.stderr.readline()):
            assert line, "it does not start"
        for words in (("restore", "--yes", tmp_path / "tar"), ("migrate",)):
            _, said = admin(yard, *words, status=2)
            assert said.startswith(f"arrtheaudio: the spool {yard.spool} is in use: ")
        server.terminate()
        server.communicate(timeout=PATIENCE)
    admin(yard, "restore", tmp_path / "tar")


# What is there already


def test_what_is_there_is_replaced_only_by_word(yard: Yard, tmp_path: Path) -> None:
    admin(yard, "backup", tmp_path / "tar")
    before = everything(yard.folder)
    _, said = admin(yard, "restore", tmp_path / "tar", status=2)
    assert f"{yard.spool} holds 6 jobs, which would be replaced; say --yes." in said
    assert everything(yard.folder) == before


def test_edits_made_since_can_still_be_taken_back(yard: Yard, tmp_path: Path) -> None:
    admin(yard, "backup", tmp_path / "tar")
    yard.jobs("run")
    entries = everything(yard.folder / "journal")
    assert len(entries) > 2
    admin(yard, "restore", "--yes", tmp_path / "tar")
    assert everything(yard.folder / "journal") == entries
    assert yard.states() == {"new": 3, "done": 1, "failed": 1, "held": 1}


def test_a_configuration_that_is_there_stays(yard: Yard, tmp_path: Path) -> None:
    admin(yard, "backup", tmp_path / "tar")
    own = (yard.folder / "config.yaml").read_bytes()
    (yard.folder / "config.yaml").write_bytes(b"language_priority: [deu]\n")
    _, said = admin(yard, "restore", "--yes", tmp_path / "tar")
    assert (yard.folder / "config.yaml").read_bytes() == b"language_priority: [deu]\n"
    assert (yard.folder / "config.yaml.restored").read_bytes() == own
    assert f"{yard.folder}/config.yaml.restored" in said


def test_answers_of_tmdb_are_added_where_they_are_newer(tmp_path: Path) -> None:
    def put(yard: Yard, *rows: tuple[str, str, int, float]) -> Path:
        path = yard.folder / ".cache/arrtheaudio/tmdb.sqlite3"
        database = Database(str(path))
        database.transact(lambda db: db.executemany("INSERT INTO answers VALUES (?, ?, ?, ?)", rows))
        database.close()
        return path

    old, new = Yard(tmp_path / "old"), Yard(tmp_path / "new")
    put(old, ("/movie/1", '{"id":1}', 1, 20.0), ("/movie/2", '{"id":2}', 1, 20.0), ("/movie/3", "{}", 1, 20.0))
    path = put(new, ("/movie/1", '"newer"', 1, 30.0), ("/movie/2", '"older"', 1, 10.0))
    admin(old, "backup", tmp_path / "tar")
    admin(new, "restore", tmp_path / "tar")
    with closing(sqlite3.connect(path)) as db:
        found = dict(db.execute("SELECT request, body FROM answers"))
    assert found == {"/movie/1": '"newer"', "/movie/2": '{"id":2}', "/movie/3": "{}"}


def test_what_a_killed_restore_left_is_swept_up(yard: Yard, tmp_path: Path) -> None:
    admin(yard, "backup", tmp_path / "tar")
    new = Yard(tmp_path / "new")
    left = Path(f"{new.spool}.restoring/spool/new/2-normal")
    left.mkdir(parents=True)
    (left / "x.json").write_bytes(JOB)
    admin(new, "restore", tmp_path / "tar")
    assert "x" not in new.places()
    assert not Path(f"{new.spool}.restoring").exists()


def test_what_root_restores_is_its_owners(yard: Yard, tmp_path: Path) -> None:
    if os.geteuid():
        rig.needs("root")
    admin(yard, "backup", tmp_path / "tar")
    owned = (yard.spool, yard.folder / "journal", *yard.folder.glob("journal/*/"))
    for folder in owned:
        os.chown(folder, 4711, 4712)
    for path in yard.folder.glob("journal/done/*"):
        path.unlink()
    admin(yard, "restore", "--yes", tmp_path / "tar")
    paths = [yard.spool, *yard.spool.rglob("*"), *yard.folder.glob("journal/done/*")]
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in paths} == {(4711, 4712)}
    assert any(path.is_symlink() for path in paths)


def test_a_folder_of_something_else_is_left_alone(yard: Yard, tmp_path: Path) -> None:
    admin(yard, "backup", tmp_path / "tar")
    new = Yard(tmp_path / "new")
    (new.spool / "photos").mkdir(parents=True)
    (new.spool / "photos/us.jpg").write_bytes(b"us")
    _, said = admin(new, "restore", "--yes", tmp_path / "tar", status=2)
    assert f"{new.spool} is no spool" in said
    assert everything(new.spool) == {"photos/us.jpg": b"us"}


@pytest.mark.parametrize("text", ["2\n", "two\n"], ids=["newer", "no-number"])
def test_a_queue_of_a_newer_program_is_not_replaced(yard: Yard, tmp_path: Path, text: str) -> None:
    admin(yard, "backup", tmp_path / "tar")
    (yard.spool / "format").write_text(text)
    before = everything(yard.spool)
    _, said = admin(yard, "restore", "--yes", tmp_path / "tar", status=2)
    assert said.startswith(f"arrtheaudio: the spool {yard.spool}: ")
    assert "newer than this program" in said or "is no number" in said
    assert everything(yard.spool) == before


def test_a_configuration_restored_earlier_stays(yard: Yard, tmp_path: Path) -> None:
    admin(yard, "backup", tmp_path / "tar")
    restored = yard.folder / "config.yaml.restored"
    own = (yard.folder / "config.yaml").read_bytes()
    (yard.folder / "config.yaml").write_bytes(b"language_priority: [deu]\n")
    restored.write_bytes(b"mine")
    for _ in range(2):  # the second finds what the first one wrote
        _, said = admin(yard, "restore", "--yes", tmp_path / "tar")
        assert f"is now {restored}.2;" in said
    assert restored.read_bytes() == b"mine"
    assert Path(f"{restored}.2").read_bytes() == own
    assert len(list(yard.folder.glob("config.yaml*"))) == 3


def test_a_spool_that_is_a_link_stays_one(yard: Yard, tmp_path: Path) -> None:
    admin(yard, "backup", tmp_path / "tar")
    disk = tmp_path / "disk"
    disk.mkdir()
    os.rename(yard.spool, disk / "queue")
    yard.spool.symlink_to(disk / "queue")
    for _ in range(2):
        admin(yard, "restore", "--yes", tmp_path / "tar")
        assert yard.spool.is_symlink()
        assert [path.name for path in disk.iterdir()] == ["queue"]
    assert yard.states() == {"new": 3, "done": 1, "failed": 1, "held": 1}
    assert not list(yard.folder.glob("spool.*"))


# Where a backup goes


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "yard")
    (tmp_path / "disk").mkdir()
    link, target = tmp_path / "tar", tmp_path / "disk/tar"
    link.symlink_to(target)
    for _ in range(2):
        admin(yard, "backup", link)
        assert link.is_symlink()
        assert MANIFEST in contents(target)
        assert [path.name for path in target.parent.iterdir()] == ["tar"]


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.open(path.parent, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{folder}/{path.name}")  # a name of its own may be too long
        os.close(folder)


def device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        rig.needs("the right to make a device")


def link_to_fifo(path: Path) -> None:
    os.mkfifo(f"{path}.fifo")
    path.symlink_to(f"{path}.fifo")


@pytest.mark.parametrize(
    ("make", "said"),
    [(fifo, "is a FIFO"), (unix_socket, "is a socket"), (device, "is a device"), (link_to_fifo, "is a FIFO")],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_no_file_is_not_replaced(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    yard, path = Yard(tmp_path / "yard"), tmp_path / "tar"
    make(path)
    before = path.lstat()
    assert f"{path}: {said}, and would be replaced" in admin(yard, "backup", path, status=2)[1]
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)


def test_a_folder_is_no_place_for_a_backup(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "yard")
    assert "is a folder" in admin(yard, "backup", tmp_path, status=2)[1]
    assert "name one in the folder" in admin(yard, "backup", f"{tmp_path}/new/", status=2)[1]
    assert os.listdir(tmp_path) == ["yard"]


def test_what_a_killed_backup_left_is_swept_up(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "yard")
    (tmp_path / ".tar.part").write_bytes(b"half")
    admin(yard, "backup", tmp_path / "tar")
    assert sorted(os.listdir(tmp_path)) == ["tar", "yard"]


def test_two_backups_do_not_write_one_file(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "yard")
    with open(tmp_path / ".tar.part", "wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        _, said = admin(yard, "backup", tmp_path / "tar", status=2)
    assert "another backup is being written" in said
    assert sorted(os.listdir(tmp_path)) == [".tar.part", "yard"]


# Stopped and killed: a signal comes right before a call, which Python's audit events tell of

DISTURBED = """
import os, sys
event, part, number, turn, exchange = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
sys.argv[1:6] = []
def hook(what, about):
    global turn
    if what == "ctypes.dlsym" and "renameat2" in str(about) and not exchange:
        raise AttributeError("as on a system without it")
    if what == event and part in str(about[0]):
        turn -= 1
        if not turn:
            os.kill(os.getpid(), number)
sys.addaudithook(hook)
from arrtheaudio.cli import main
main()
"""


def disturbed(
    yard: Yard,
    where: tuple[str, str],
    number: signal.Signals,
    *words: object,
    turn: int = 1,
    exchange: bool = True,
) -> tuple[int, str]:
    """Run `admin` with a signal right before the `turn`th call of that name with that path; its status, and words."""
    command = [sys.executable, "-c", DISTURBED, *where, int(number), turn, int(exchange), "admin", *words]
    done = subprocess.run([*map(str, command)], env=dict(yard.environ), capture_output=True, timeout=PATIENCE)
    return done.returncode, done.stderr.decode()


SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda it: it.name)


@SIGNALS
def test_a_backup_that_is_stopped_leaves_nothing(yard: Yard, tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "tar").write_bytes(b"the last one")
    for where in (("os.rename", ".part"), ("open", f"{yard.spool}/batches"), ("os.scandir", f"{yard.spool}/done")):
        status, said = disturbed(yard, where, number, "backup", tmp_path / "tar")
        assert (status, said) == (128 + number, "")
    assert sorted(os.listdir(tmp_path)) == ["old", "tar"]


@SIGNALS
def test_a_restore_that_is_stopped_changes_nothing(yard: Yard, tmp_path: Path, number: signal.Signals) -> None:
    admin(yard, "backup", tmp_path / "tar")
    before = everything(yard.folder)
    where = ("open", f"{yard.spool}.restoring/spool/new/2-normal")
    assert disturbed(yard, where, number, "restore", "--yes", tmp_path / "tar") == (128 + number, "")
    assert everything(yard.folder) == before
    assert not Path(f"{yard.spool}.restoring").exists()


@SIGNALS
def test_a_restore_that_has_begun_to_change_goes_to_its_end(yard: Yard, tmp_path: Path, number: signal.Signals) -> None:
    admin(yard, "backup", tmp_path / "tar")
    for where in (("os.listdir", f"{yard.folder}/journal"), ("shutil.rmtree", ".restoring")):
        status, said = disturbed(yard, where, number, "restore", "--yes", tmp_path / "tar")
        assert (status, "6 jobs restored" in said) == (0, True)
        assert not list(yard.folder.glob("spool.*"))


def test_nothing_is_said_of_a_reader_that_left(yard: Yard) -> None:
    for number in range(40):
        (yard.spool / f"batches/{number}").write_bytes(bytes(10_000))
    with yard.popen("admin", "backup", "-") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_restore_that_is_killed_while_it_removes_the_old_jobs_blocks_no_other(yard: Yard, tmp_path: Path) -> None:
    admin(yard, "backup", tmp_path / "tar")
    where, arguments = ("shutil.rmtree", ".restoring"), ("restore", "--yes", tmp_path / "tar")
    assert disturbed(yard, where, signal.SIGKILL, *arguments)[0] == -signal.SIGKILL
    assert len(os.listdir(f"{yard.spool}.restoring/spool/done")) == 1
    admin(yard, "recover")
    assert not list(yard.folder.glob("spool.*"))
    disturbed(yard, where, signal.SIGKILL, *arguments)
    admin(yard, *arguments)
    assert not list(yard.folder.glob("spool.*"))
    assert yard.states() == {"new": 3, "done": 1, "failed": 1, "held": 1}


@pytest.mark.parametrize("exchange", [True, False], ids=["exchanged", "in-steps"])
def test_wherever_a_restore_is_killed_there_is_one_whole_queue(yard: Yard, tmp_path: Path, exchange: bool) -> None:
    admin(yard, "backup", tmp_path / "tar")
    (more,) = yard.add(yard.film("more.mkv"))
    seen = set()
    for turn in range(1, 20):
        where = ("os.rename", str(yard.spool))
        arguments = ("restore", "--yes", tmp_path / "tar")
        status, _ = disturbed(yard, where, signal.SIGKILL, *arguments, turn=turn, exchange=exchange)
        if not yard.spool.exists():
            seen.add("nothing")
            _is_refused_until_recovered(yard, tmp_path)
        seen.add("old" if more in yard.places() else "new")
        assert yard.states() == {"new": 3, "done": 1, "failed": 1, "held": 1} or more in yard.places()
        assert len(yard.jobs("list")) in (6, 7)
        if status == 0:
            break
        if more not in yard.places():  # once more, from the beginning
            admin(yard, "restore", "--yes", tmp_path / "tar")
            (more,) = yard.add(yard.media / "more.mkv")
    assert seen == {"old", "new"} if exchange else {"old", "new", "nothing"}
    assert not list(yard.folder.glob("spool.*"))


def _is_refused_until_recovered(yard: Yard, tmp_path: Path) -> None:
    for words in (("jobs", "list"), ("admin", "backup", tmp_path / "no"), ("admin", "migrate"), ("admin", "stats")):
        with yard.popen(*words) as process:
            said = process.communicate(timeout=PATIENCE)[1].decode()
        assert process.returncode == 2
        assert "a restore was stopped" in said
        assert "run `arrtheaudio admin recover`" in said
    assert not yard.spool.exists()
    assert not (tmp_path / "no").exists()
    admin(yard, "recover")
    assert not list(yard.folder.glob("spool.*"))


def test_who_comes_while_another_queue_is_put_in_place_is_told_to_wait(yard: Yard) -> None:
    os.rename(yard.spool, f"{yard.spool}.before-restore")
    stage = Path(f"{yard.spool}.restoring")
    stage.mkdir()
    descriptor = os.open(stage, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with yard.popen("jobs", "list") as process:
        assert b"try again in a moment" in process.communicate(timeout=PATIENCE)[1]
    assert "back" not in admin(yard, "recover")[1]
    os.close(descriptor)
    assert "the queue is back" in admin(yard, "recover")[1]
    assert len(yard.jobs("list")) == 6


def test_the_next_restore_mends_one_that_was_stopped(yard: Yard, tmp_path: Path) -> None:
    admin(yard, "backup", tmp_path / "tar")
    os.rename(yard.spool, f"{yard.spool}.before-restore")
    admin(yard, "restore", "--yes", tmp_path / "tar")
    assert len(yard.jobs("list")) == 6
    assert not list(yard.folder.glob("spool.*"))


def test_what_may_be_somebodys_queue_is_not_swept_up(yard: Yard, tmp_path: Path) -> None:
    admin(yard, "backup", tmp_path / "tar")
    before = Path(f"{yard.spool}.before-restore")
    shutil.copytree(yard.spool, before, symlinks=True)
    kept = everything(before)
    _, said = admin(yard, "restore", "--yes", tmp_path / "tar", status=2)
    assert f"{before} is a queue that was put aside" in said
    assert everything(before) == kept
    assert len(yard.jobs("list")) == 6


# What is no backup


def _tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for member, data in members:
            tar.addfile(member, io.BytesIO(data))
    return file.getvalue()


def _nested() -> bytes:
    return _tar(_member("config.yaml"), _member(MANIFEST, b"[" * 100_000))


def _broken_header() -> bytes:
    data = bytearray(_tar(_member("config.yaml"), _member("spool/held/x.json")))
    data[1024] ^= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda: b"", "it is empty: this is no backup of ArrTheAudio", id="empty"),
        pytest.param(lambda: b"hello\n", "this is no backup of ArrTheAudio: it does not begin as one", id="text"),
        pytest.param(
            lambda: b"\x93" * 5000, "this is no backup of ArrTheAudio: it does not begin as one", id="garbage"
        ),
        pytest.param(lambda: bytes(10240), "this is no backup of ArrTheAudio: it does not begin as one", id="zeros"),
        pytest.param(lambda: gzip.compress(_tar(_member("config.yaml"))), "it is packed with gzip", id="gzip"),
        pytest.param(lambda: lzma.compress(_tar(_member("config.yaml"))), "it is packed with xz", id="xz"),
        pytest.param(
            lambda: _tar(_member("photo.jpg")), "no backup of ArrTheAudio: 'photo.jpg' belongs", id="other-tar"
        ),
        pytest.param(_nested, "the backup is damaged: its manifest is no JSON", id="nested"),
        pytest.param(_broken_header, "it is damaged, or ends, behind 'config.yaml'", id="header"),
    ],
)
@pytest.mark.parametrize("piped", [False, True], ids=["file", "pipe"])
def test_what_is_wrong_with_a_backup_is_said_in_words(
    tmp_path: Path, make: Callable[[], bytes], said: str, piped: bool
) -> None:
    yard, path = Yard(tmp_path / "yard"), tmp_path / "file"
    path.write_bytes(make())
    _, message = admin(yard, "restore", "-" if piped else path, status=2, stdin=make() if piped else b"")
    assert message.startswith(f"arrtheaudio: {'standard input' if piped else path}: ")
    assert said in message
    assert message.count("\n") == 1


@pytest.mark.parametrize("end", [0, 1, 511, 512, 700, 0.3, 0.5, 0.9, -513, -2])
def test_a_backup_that_was_cut_off_changes_nothing(yard: Yard, tmp_path: Path, end: float) -> None:
    admin(yard, "backup", tmp_path / "tar")
    data = (tmp_path / "tar").read_bytes().rstrip(b"\0")  # a tar ends in zeros, which nobody needs
    _refused(data[: int(len(data) * end) if isinstance(end, float) else end], yard)


@pytest.mark.parametrize("at", [0.02, 0.2, 0.4, 0.6, 0.8])
def test_a_damaged_backup_changes_nothing(yard: Yard, tmp_path: Path, at: float) -> None:
    admin(yard, "backup", tmp_path / "tar")
    data = bytearray((tmp_path / "tar").read_bytes().rstrip(b"\0"))
    data[int(len(data) * at)] ^= 0x41
    _refused(bytes(data), yard)


def _refused(data: bytes, yard: Yard) -> None:
    before = everything(yard.folder)
    (yard.folder / "broken").write_bytes(data)
    _, said = admin(yard, "restore", "--yes", yard.folder / "broken", status=2)
    assert "Traceback" not in said
    assert said.startswith("arrtheaudio: ")
    (yard.folder / "broken").unlink()
    assert everything(yard.folder) == before
    assert not Path(f"{yard.spool}.restoring").exists()


def _member(name: str, data: bytes = b"{}", **traits: Any) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for trait, value in traits.items():
        setattr(member, trait, value)
    return member, data if member.isreg() else b""


JOB = b'{"record":{"path":"/a.mkv"}}'


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(_member("/etc/passwd"), id="absolute"),
        pytest.param(_member("spool/new/2-normal/../../../../x.json"), id="dots"),
        pytest.param(_member("../x.json"), id="dots-first"),
        pytest.param(_member("spool/./new/2-normal/x.json"), id="dot"),
        pytest.param(_member("spool/new/2-normal/x.json", b"", type=tarfile.SYMTYPE, linkname="/etc"), id="symlink"),
        pytest.param(_member("spool/new/2-normal", b"", type=tarfile.SYMTYPE, linkname="/tmp"), id="folder-as-link"),
        pytest.param(
            _member("spool/new/2-normal/x.json", b"", type=tarfile.LNKTYPE, linkname="/etc/passwd"), id="link"
        ),
        pytest.param(_member("spool/new/2-normal/x.json", b"", type=tarfile.CHRTYPE), id="device"),
        pytest.param(_member("spool/new/2-normal/x.json", b"", type=tarfile.FIFOTYPE), id="fifo"),
        pytest.param(_member("spool/new/2-normal/x", b"", type=tarfile.DIRTYPE), id="folder"),
        pytest.param(_member("spool/format"), id="the-format"),
        pytest.param(_member("spool/in-hand"), id="what-is-made-anew"),
        pytest.param(_member("spool/tmp/x.json"), id="a-draft"),
        pytest.param(_member("spool/done/x.json"), id="no-day"),
        pytest.param(_member("spool/done/2026-01-0a/x.json"), id="a-day-that-is-none"),
        pytest.param(_member("spool/new/2-normal/.x.json"), id="a-dot-file"),
        pytest.param(_member("journal/done/evil"), id="no-entry"),
        pytest.param(_member("etc/passwd"), id="elsewhere"),
        pytest.param(_member("config.yaml", b" " * ((1 << 20) + 1)), id="too-large"),
    ],
)
def test_a_member_that_is_none_of_ours_is_refused(member: tuple[tarfile.TarInfo, bytes], tmp_path: Path) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.addfile(member[0], io.BytesIO(member[1]))
    yard = Yard(tmp_path / "yard")
    _refused(file.getvalue(), yard)


def written(fill: Callable[[Writer], None], **about: object) -> io.BytesIO:
    """Return a backup that is whole."""
    file = io.BytesIO()
    writer = Writer(file)
    fill(writer)
    writer.close(about)
    return io.BytesIO(file.getvalue())


@pytest.mark.parametrize("order", [("cur", "done/2026-01-02"), ("done/2026-01-02", "cur")], ids="-".join)
def test_a_job_seen_twice_is_there_once_with_its_answer(tmp_path: Path, order: tuple[str, str]) -> None:
    def fill(writer: Writer) -> None:
        for folder in order:
            writer.add(f"spool/{folder}/x.json", JOB)

    stage = Stage(str(tmp_path))
    stage.fill(Reader(written(fill)))
    spool = Spool(stage.spool)
    assert stage.jobs == 1
    assert spool.find("x") == "done/2026-01-02/x.json"
    assert not os.listdir(f"{stage.spool}/cur")


def test_a_job_that_had_its_answer_is_not_done_again(tmp_path: Path) -> None:
    job = {"state": "completed", "finished_at": "2026-01-02T03:04:05.000000Z", "record": {"path": "/a.mkv"}}
    stage = Stage(str(tmp_path))
    stage.fill(Reader(written(lambda writer: writer.add("spool/cur/x.json", json.dumps(job).encode()))))
    assert Spool(stage.spool).find("x") == "done/2026-01-02/x.json"


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"format": 2}, "format 2 is newer"),
        ({"format": "x"}, "no format"),
        ({"spool_format": 2}, "spool_format is 2"),
        ({"journal_version": 9}, "journal_version is 9"),
    ],
    ids=["newer", "no-number", "newer-spool", "newer-journal"],
)
def test_what_a_newer_program_wrote_is_refused_by_name(tmp_path: Path, about: dict[str, object], said: str) -> None:
    with pytest.raises(Unfit, match=said):
        Stage(str(tmp_path)).fill(Reader(written(lambda _: None, **about)))


def test_what_follows_the_manifest_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    writer = Writer(file)
    writer.close({})
    data = file.getvalue().rstrip(b"\0")
    more = io.BytesIO()
    with tarfile.open(fileobj=more, mode="w") as tar:
        tar.addfile(_member("spool/held/x", JOB)[0], io.BytesIO(JOB))
    padded = data + bytes(-len(data) % 512) + more.getvalue()
    with pytest.raises(Unfit, match="follows its manifest"):
        Stage(str(tmp_path)).fill(Reader(io.BytesIO(padded)))


def test_names_of_a_backup(yard: Yard, tmp_path: Path) -> None:
    path = yard.folder / ".cache/arrtheaudio/tmdb.sqlite3"
    Database(str(path)).close()
    admin(yard, "backup", tmp_path / "tar")
    names = [*contents(tmp_path / "tar")]
    assert names[-1] == MANIFEST
    assert CACHE in names
    assert "config.yaml" in names
    assert len(names) == len(set(names))
