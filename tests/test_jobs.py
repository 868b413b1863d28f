"""`arrtheaudio jobs`, as its users call it."""

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from rig import mounted, need_mounts, strace
from spool_rig import MEDIA, PATIENCE, Yard, changed, children


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """A folder with a spool to be."""
    return Yard(tmp_path / "yard", retry_delay_seconds=0)


def until(yard: Yard, state: str, count: int) -> None:
    """Wait until there are so many jobs of a state."""
    deadline = time.monotonic() + PATIENCE
    while yard.jobs("stats")[0]["jobs"][state] != count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_from_the_file_to_its_edit_and_back(yard: Yard) -> None:
    film = yard.film()
    before = film.read_bytes()
    (job_id,) = yard.add(film)
    (done,) = yard.jobs("run")
    assert (done["id"], done["state"], done["result"], done["attempt"]) == (job_id, "completed", "success", 1)
    assert done["record"]["apply"]["status"] == "changed"
    assert done["record"]["path"] == str(film)
    assert film.read_bytes() != before
    assert yard.jobs("show", job_id) == [done]
    with yard.popen("undo", "--job", job_id) as undo:
        out = undo.communicate(timeout=PATIENCE)[0]
    assert json.loads(out)["undo"]["status"] == "undone", out
    assert film.read_bytes() == before


def test_records_paths_and_what_failed_earlier(yard: Yard) -> None:
    film = yard.film()
    record = json.dumps({"path": str(film), "mine": [1]})
    error = {"stage": "scan", "code": "not_found", "message": "x"}
    lost = json.dumps({"path": "/nowhere", "error": error})
    lines = yard.jobs("add", status=1, input=f"{record}\n{lost}\n{film}\n{{\n".encode())
    assert [set(line) for line in lines] == [{"id"}, {"path", "error"}, {"id"}, {"input", "error"}]
    done = yard.jobs("run")
    assert {job["id"] for job in done} == {lines[0]["id"], lines[2]["id"]}
    assert all(job["record"]["path"] == str(film) for job in done)


def test_names_that_are_not_utf_8(yard: Yard) -> None:
    path = os.fsencode(yard.media) + b"/\xff\n.mkv"
    with open(path, "wb") as file:
        file.write((MEDIA / "mkvmerge.mkv").read_bytes())
    yard.jobs("add", "--null", input=path)
    (job,) = yard.jobs("run")
    assert job["record"]["apply"]["status"] == "changed"


def test_what_fails_ends_with_1_and_can_be_tried_again(yard: Yard) -> None:
    film = yard.media / "film.mkv"
    (job_id,) = yard.add(film)
    (job,) = yard.jobs("run", status=1)
    assert (job["state"], job["record"]["error"]["code"]) == ("failed", "not_found")
    yard.film()
    (again,) = yard.jobs("retry", "--failed")
    assert (again["id"], again["state"], again["record"]) == (job_id, "queued", {"path": str(film)})
    (job,) = yard.jobs("run")
    assert job["state"] == "completed"


def test_what_may_pass_is_held(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "yard", retry_delay_seconds=1, retry_attempts=1)
    film = yard.film()
    yard.add(film)
    with film.open("r+b"):  # somebody writes to it
        assert yard.jobs("run") == []
    (job,) = yard.jobs("list", "--state", "held")
    assert (job["attempt"], job["held"]["why"], job["last_error"]["code"]) == (1, "retry", "timeout")
    time.sleep(1)
    (job,) = yard.jobs("run")
    assert (job["state"], job["attempt"]) == ("completed", 2)


def test_a_file_of_several_names_is_held_until_it_has_one(yard: Yard) -> None:
    film = yard.film()
    os.link(film, yard.media / "seed.mkv")
    (job_id,) = yard.add(film)
    jobs = yard.jobs("run")
    if jobs and jobs[0]["record"]["apply"].get("method") == "clone":
        pytest.skip("this file system clones")
    assert yard.jobs("show", job_id)[0]["held"]["why"] == "hardlinked"
    os.unlink(yard.media / "seed.mkv")
    (job,) = yard.jobs("run")
    assert job["record"]["apply"]["status"] == "changed"


def test_max_and_priority(yard: Yard) -> None:
    low, high = yard.film("low.mkv"), yard.film("high.mkv")
    yard.add(low, options=("--priority", "low"))
    yard.add(high, options=("--priority", "high"))
    assert [job["record"]["path"] for job in yard.jobs("run", "--max", 1, "--workers", 4)] == [str(high)]
    assert yard.states() == {"done": 1, "new": 1}


def test_groups(yard: Yard) -> None:
    ours = yard.add(*yard.films(3), options=("--group", "ours"))
    (other,) = yard.add(yard.film())
    assert {job["id"] for job in yard.jobs("list", "--group", "ours")} == set(ours)
    assert {job["state"] for job in yard.jobs("cancel", "--group", "ours")} == {"cancelled"}
    assert [job["id"] for job in yard.jobs("run")] == [other]
    assert yard.states() == {"cancelled": 3, "done": 1}
    made_of = json.loads((yard.spool / "batches" / "ours.json").read_bytes())
    assert (made_of["id"], made_of["source"], made_of["files"]) == ("ours", "cli", 3)
    assert yard.jobs("wait", "--group", "theirs", status=1) == []


def test_wait(yard: Yard) -> None:
    ids = yard.add(*yard.films(2), yard.media / "none.mkv", options=("--group", "ours"))
    with yard.popen("jobs", "wait", "--group", "ours") as waiting:
        yard.jobs("run", status=1)
        lines = [json.loads(line) for line in waiting.communicate(timeout=PATIENCE)[0].splitlines()]
    assert waiting.returncode == 1
    assert {job["id"]: job["state"] for job in lines} == dict(
        zip(ids, ("completed", "completed", "failed"), strict=True)
    )
    assert [job["id"] for job in yard.jobs("wait", ids[0])] == [ids[0]]
    assert yard.jobs("wait", "nothing", status=1)[0]["error"]["code"] == "not_found"


@pytest.mark.parametrize("words", [("show", "x"), ("cancel", "x"), ("retry", "x"), ("wait", "x")])
def test_an_unknown_id(yard: Yard, words: tuple[str, ...]) -> None:
    (line,) = yard.jobs(*words, status=1)
    assert (line["id"], line["error"]["code"]) == ("x", "not_found")


@pytest.mark.parametrize(
    "words",
    [
        ("show",),
        ("cancel",),
        ("retry",),
        ("wait",),
        ("run", "--workers", "0"),
        ("run", "--max", "0"),
        ("add", ""),
        ("add", "--group", "../x", "y"),
    ],
    ids=" ".join,
)
def test_a_wrong_call(yard: Yard, words: tuple[str, ...]) -> None:
    assert yard.jobs(*words, status=2) == []


def test_a_full_queue(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "yard", max_queue_size=2)
    lines = yard.jobs("add", *yard.films(3), status=1)
    assert [line.get("error", {}).get("code") for line in lines] == [None, None, "no_space"]
    assert yard.states() == {"new": 2}


def test_prune(yard: Yard) -> None:
    yard.add(yard.film())
    yard.jobs("run")
    yard.jobs("prune", "--older-than", "1d")
    assert yard.states() == {"done": 1}
    (today,) = (yard.spool / "done").iterdir()
    today.rename(today.with_name("2020-01-01"))
    yard.jobs("prune", "--older-than", "30d")
    assert yard.states() == {}
    yard.jobs("prune", "--older-than", "soon", status=2)


def test_a_table_on_a_terminal(yard: Yard) -> None:
    yard.add(yard.film("a\x1b[31m.mkv"))
    ours, theirs = pty.openpty()
    with yard.popen("jobs", "list", stdout=theirs) as process:
        process.wait(PATIENCE)
        os.close(theirs)
        shown = os.read(ours, 10_000).decode()
        os.close(ours)
    head, row = shown.splitlines()
    assert head.split() == ["STATE", "RESULT", "PRIORITY", "TRIES", "ID", "PATH"]
    assert row.split()[0] == "queued"
    assert "\x1b" not in shown


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"])
def test_stopped(yard: Yard, number: int, status: int) -> None:
    """The jobs in hand are finished, the others wait on."""
    ids = yard.add(*yard.films(60))
    with yard.popen("jobs", "run", "--workers", 2) as run:
        assert run.stdout
        first = run.stdout.readline()
        run.send_signal(number)
        rest = run.stdout.read()
    assert run.returncode == status
    done = {json.loads(line)["id"] for line in (first + rest).splitlines()}
    assert yard.states() == Counter(done=len(done), new=len(ids) - len(done))
    assert yard.unclean() == []
    assert yard.open_edits() == []


def test_stopped_while_it_waits_for_more(yard: Yard) -> None:
    with yard.popen("jobs", "run", "--follow") as run:
        assert run.stdout
        yard.add(yard.film())
        assert json.loads(run.stdout.readline())["state"] == "completed"
        run.terminate()
        assert run.wait(PATIENCE) == 143


def test_the_reader_has_gone(yard: Yard) -> None:
    yard.add(*yard.films(40))
    with yard.popen("jobs", "run") as run:
        assert run.stdout
        run.stdout.close()
        assert run.wait(PATIENCE) == 141
    assert yard.unclean() == []
    yard.jobs("run")
    assert yard.states() == {"done": 40}


def test_the_parent_is_killed(yard: Yard) -> None:
    """Its workers end the job in hand, and follow no more."""
    with yard.popen("jobs", "run", "--follow", "--workers", 2, stderr=subprocess.DEVNULL) as run:
        yard.add(yard.film())
        assert run.stdout
        run.stdout.readline()
        workers = children(run.pid)
        run.kill()
    assert len(workers) == 2
    deadline = time.monotonic() + PATIENCE
    while any(os.path.exists(f"/proc/{pid}") for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_dry_run(yard: Yard) -> None:
    film = yard.film()
    before = film.read_bytes()
    yard.jobs("stats")  # makes the folder
    job = {"record": {"path": str(film)}, "dry_run": True}
    (yard.spool / "new" / "1-high" / "mine.json").write_text(json.dumps(job))
    (done,) = yard.jobs("run")
    assert (done["id"], done["record"]["apply"]["status"]) == ("mine", "planned")
    assert film.read_bytes() == before


# What the disk sees


def calls(yard: Yard, tmp_path: Path, *words: object) -> list[str]:
    """Return the system calls of a command that matter for a power cut, by name and place."""
    log = tmp_path / "strace.log"
    traced = strace("-f", "-y", "-s", "300", "-e", "trace=fsync,/^rename,write", log=log)
    with yard.popen("jobs", *words, before=traced) as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    steps = []
    for line in log.read_text().splitlines():
        name = re.sub(r"^\d+ +", "", line).partition("(")[0]
        if name.startswith("rename"):
            target = re.findall(r'"([^"]*)"', line)[-1]
            if "/paths/" not in target and target.startswith(str(yard.spool)):
                steps.append("rename " + os.path.relpath(target, yard.spool).split("/")[0])
        elif f"<{yard.spool}/" in line:
            place = re.findall(rf"<{re.escape(str(yard.spool))}/([^>]*)>", line)[0]
            steps.append(f"{name} {place.split('/')[0]}")
        elif name == "write" and '{\\"id\\"' in line and "<pipe:" in line:
            steps.append("answer")
    return steps


def test_put_is_on_disk_before_the_answer(yard: Yard, tmp_path: Path) -> None:
    yard.add(yard.film("first.mkv"))
    steps = calls(yard, tmp_path, "add", yard.film())
    steps = steps[steps.index("write tmp") :]
    assert steps == ["write tmp", "fsync tmp", "rename new", "fsync new", "answer"]


def test_a_batch_shares_the_sync_of_its_folder(yard: Yard, tmp_path: Path) -> None:
    yard.add(yard.film("first.mkv"))
    listed = tmp_path / "list"
    listed.write_text("".join(f"/media/{number}.mkv\n" for number in range(50)))
    with listed.open() as file:
        steps = []
        log = tmp_path / "strace.log"
        traced = strace("-f", "-y", "-e", "trace=fsync,/^rename", log=log)
        with yard.popen("jobs", "add", before=traced, stdin=file) as process:
            out, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
        steps = log.read_text().splitlines()
    synced = [line for line in steps if "fsync(" in line]
    files = [line for line in synced if "/tmp/" in line.split("<", 1)[1].replace(str(tmp_path), "")]
    folders = [line for line in synced if "2-normal>" in line]
    assert len(out.splitlines()) == len(files) == 50
    assert len(folders) < 10


def test_the_answer_is_on_disk_before_the_job_is_done(yard: Yard, tmp_path: Path) -> None:
    yard.add(yard.film())
    steps = calls(yard, tmp_path, "run")
    steps = steps[steps.index("rename cur") :]
    assert steps[:5] == ["rename cur", "write tmp", "fsync tmp", "rename cur", "rename done"]


@pytest.mark.parametrize(
    "lie", ["error=EOPNOTSUPP", "error=ENOLCK", "error=ENOSYS", "retval=0"], ids=["no", "no server", "no call", "a lie"]
)
def test_storage_without_flock_is_refused_by_name(yard: Yard, tmp_path: Path, lie: str) -> None:
    traced = strace("-f", "-e", "trace=flock", "-e", f"inject=flock:{lie}", log=tmp_path / "log")
    with yard.popen("jobs", "add", yard.film(), before=traced) as process:
        out, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (2, b"")
    assert f"the spool {yard.spool}: flock(2) does not work on this ".encode() in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("limit", ["size=100k", "nr_inodes=40"])
def test_a_full_disk(tmp_path: Path, limit: str) -> None:
    """Who puts is told of each job; what was accepted is done when there is room again."""
    need_mounts()
    right = changed("mkvmerge.mkv", tmp_path / "right")
    yard = Yard(tmp_path / "yard")
    films = yard.films(60)
    with mounted(yard.spool, "-t", "tmpfs", "-o", limit, "none"):
        lines = yard.jobs("add", *films, status=1)
        accepted = {line["id"] for line in lines if "id" in line}
        assert {line["error"]["code"] for line in lines if "error" in line} == {"no_space"}
        assert 0 < len(accepted) < 60
        assert set(yard.places()) == accepted
        subprocess.run(["mount", "-o", "remount,size=10m,nr_inodes=10000", yard.spool], check=True)
        assert len(yard.jobs("run")) == len(accepted)
        assert yard.states() == {"done": len(accepted)}
        assert yard.unclean() == []
    assert [film.read_bytes() == right for film in films].count(True) == len(accepted)


# The manual


def test_the_manual_s_own_way_of_putting(yard: Yard) -> None:
    """The commands of arrtheaudio-spool(5), as they stand there."""
    page = (Path(__file__).resolve().parent.parent / "man" / "arrtheaudio-spool.5").read_text()
    examples = [text.partition(".EE")[0] for text in page.split(".EX\n")[1:]]
    putting, counting, failed, sooner = [
        text.replace(r"\(aq", "'").replace(r"\-", "-").replace(r"\e", "\\") for text in examples
    ]
    film = yard.film()
    yard.jobs("stats")  # makes the folder

    def shell(script: str) -> str:
        environ = {"SPOOL": str(yard.spool), "PATH": os.environ["PATH"]}
        return subprocess.run(["sh", "-ec", script], env=environ, check=True, capture_output=True, text=True).stdout

    shell(putting.replace("/media/film.mkv", str(film)))
    assert yard.states() == {"new": 1}
    assert int(shell(counting)) >= 1
    (done,) = yard.jobs("run")
    assert done["record"]["apply"]["status"] == "changed"
    yard.add(yard.media / "none.mkv", options=("--priority", "low"))
    shell(sooner)
    (job,) = yard.jobs("run", status=1)
    assert job["priority"] == "high"
    assert shell(failed) == f"not_found\t{yard.media}/none.mkv\n"


def test_a_fifo_in_the_queue_holds_nobody(yard: Yard) -> None:
    (job_id,) = yard.add(yard.film())
    os.mkfifo(yard.spool / "new/3-low/fifo.json")
    listed = {job["id"]: job for job in yard.jobs("list")}
    assert listed[job_id]["state"] == "queued"
    assert listed["fifo"]["record"]["error"]["code"] == "not_a_file"


def test_nobody_waits_for_a_group_that_is_not_there(yard: Yard) -> None:
    yard.add(yard.film())
    for words in (("wait", "--group", "nope"), ("cancel", "--group", "nope")):
        assert yard.jobs(*words, status=1) == []
