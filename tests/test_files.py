"""Apply and the media file: what may change, what is refused, links, locks, and two programs at once."""

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from rig import needs
from shell import PATIENCE, Shell, film, lines, plan, seen, tree

from arrtheaudio import files
from arrtheaudio.errors import ChangedSinceProbe, Timeout


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def probed(shell: Shell, path: Path) -> dict[str, Any]:
    """Return the plan of an edit of the file as it is now."""
    return shell.run("probe", stdin=[plan(path)]).quiet().record


def apply(shell: Shell, record: dict[str, Any], *options: str) -> dict[str, Any]:
    """Apply a plan, and return the answer or the error."""
    done = shell.run("apply", *options, stdin=[record]).quiet()
    answer: dict[str, Any] = done.record.get("apply") or done.record["error"]
    return answer


def test_only_the_bytes_that_were_named_change(shell: Shell) -> None:
    path = shell.film()
    path.chmod(0o640)
    os.setxattr(path, "user.mine", b"1")
    os.utime(path, ns=(1, 1_000_000_000))
    old, before = path.read_bytes(), seen(path)
    answer = apply(shell, probed(shell, path))
    new, after = path.read_bytes(), seen(path)
    assert (answer["status"], answer["method"]) == ("changed", "in_place")
    assert new == film(chosen=2)
    assert sum(a != b for a, b in zip(old, new, strict=True)) == sum(len(e["before"]) // 4 for e in answer["edits"])
    assert (after.inode, after.mode) == (before.inode, before.mode)
    assert after.mtime > before.mtime
    assert os.getxattr(path, "user.mine") == b"1"
    assert shell.run("undo", path).quiet().record["undo"]["status"] == "undone"
    assert seen(path) == before


def test_preserve_mtime_keeps_it(shell: Shell) -> None:
    path = shell.film()
    os.utime(path, ns=(1, 1_234_567_891))
    shell.environ["ARRTHEAUDIO_PROCESSING_PRESERVE_MTIME"] = "true"
    assert apply(shell, probed(shell, path))["status"] == "changed"
    assert path.stat().st_mtime_ns == 1_234_567_891


def test_a_dry_run_changes_nothing_at_all(shell: Shell) -> None:
    path = shell.film()
    record = probed(shell, path)
    before, home = seen(path), tree(shell.home)
    answer = apply(shell, record, "--dry-run")
    assert answer["status"] == "planned"
    assert answer["edits"]
    assert "journal" not in answer
    assert (seen(path), tree(shell.home)) == (before, home)
    assert sorted(os.listdir(shell.cwd)) == ["film.mkv"]


def test_a_plan_that_was_printed_is_applied_later(shell: Shell) -> None:
    path = shell.film()
    planned = shell.run("apply", "-n", stdin=[probed(shell, path)]).quiet()
    done = shell.run("apply", stdin=planned.out).quiet()
    assert done.record["apply"]["status"] == "changed"
    assert done.record["apply"]["edits"] == planned.record["apply"]["edits"]
    assert path.read_bytes() == film(chosen=2)
    assert shell.run("apply", stdin=done.out).out == done.out  # it has its answer


def test_a_second_time_changes_nothing(shell: Shell) -> None:
    path = shell.film()
    record = probed(shell, path)
    assert apply(shell, record)["status"] == "changed"
    before, journal = seen(path), os.listdir(shell.journal / "done")
    assert apply(shell, record) == {"status": "unchanged"}
    assert (seen(path), os.listdir(shell.journal / "done")) == (before, journal)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("touch film.mkv", id="its time"),
        pytest.param("printf x >> film.mkv", id="its size"),
        pytest.param("printf x >> film.mkv; touch -r was film.mkv", id="its size, with its old time"),
        pytest.param(
            "printf '\\0' | dd of=film.mkv bs=1 seek=150 conv=notrunc status=none; touch -r was film.mkv", id="bytes"
        ),
        pytest.param("cp was new; touch new; mv new film.mkv", id="another file in its place"),
    ],
)
def test_a_file_that_is_not_the_one_probed_is_left_alone(shell: Shell, change: str) -> None:
    path = shell.film()
    os.utime(path, (1000, 1000))
    shell.sh("cp -p film.mkv was")
    record = probed(shell, path)
    assert shell.sh(change).status == 0
    before = seen(path)
    assert apply(shell, record)["code"] == "changed_since_probe"
    assert seen(path) == before
    assert not (shell.journal / "open").exists() or shell.journal_open() == []


@pytest.mark.parametrize("mtime", ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00.000000Z"])
def test_the_same_moment_may_be_written_otherwise(shell: Shell, mtime: str) -> None:
    path = shell.film()
    os.utime(path, ns=(0, 1_767_225_600_000_000_000))
    record = probed(shell, path) | {"mtime": mtime}
    done = shell.run("apply", stdin=[record])
    assert json.loads(done.out)["apply"]["status"] == "changed"
    assert json.loads(done.out)["mtime"] == mtime


@pytest.mark.parametrize(
    ("choice", "answer"),
    [
        ({"status": "keep"}, {"status": "unchanged"}),
        ({"status": "none"}, {"status": "skipped", "reason": "nothing_fits"}),
        ({"status": "review"}, {"status": "skipped", "reason": "review"}),
        ({"status": "change", "changes": []}, {"status": "unchanged"}),
    ],
)
def test_what_is_not_to_be_changed(shell: Shell, choice: dict[str, Any], answer: dict[str, str]) -> None:
    path = shell.film()
    before = seen(path)
    record = plan(path)
    record["choose"] = {**record["choose"], "changes": [], **choice}
    assert apply(shell, record) == answer
    assert seen(path) == before


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ARRTHEAUDIO_CONTAINERS_MKV", "false", "container_disabled"),
        ("ARRTHEAUDIO_PROCESSING_MAX_FILE_SIZE_GB", "0.0000001", "too_large"),
    ],
)
def test_what_the_configuration_rules_out(shell: Shell, name: str, value: str, reason: str) -> None:
    path = shell.film()
    before = seen(path)
    shell.environ[name] = value
    done = shell.run("apply", stdin=[plan(path)]).quiet()
    if done.status == 2:
        pytest.skip(f"{name} does not take {value}: {done.err}")
    assert done.record["apply"] == {"status": "skipped", "reason": reason}
    assert seen(path) == before


# Links


@pytest.mark.parametrize("hardlinks", [None, "protect", "copy", "edit", "skip"])
def test_a_file_of_several_names(shell: Shell, hardlinks: str | None) -> None:
    path, other = shell.film(), shell.cwd / "seeding.mkv"
    path.chmod(0o640)
    other.hardlink_to(path)
    before = seen(other)
    answer = apply(shell, probed(shell, path), *(["--hardlinks", hardlinks] if hardlinks else []))
    if hardlinks == "edit":
        assert (answer["status"], answer["method"]) == ("changed", "in_place")
        assert path.samefile(other)
        assert other.read_bytes() == film(chosen=2)
        return
    assert seen(other) == before
    if hardlinks in ("skip", None, "protect") and answer["status"] == "skipped":  # no clones on this file system
        assert answer == {"status": "skipped", "reason": "hardlinked"}
        assert seen(path) == before
        return
    assert hardlinks != "skip"
    assert (answer["status"], answer["method"]) == ("changed", "clone")
    assert path.read_bytes() == film(chosen=2)
    assert path.stat().st_nlink == 1
    assert path.stat().st_mode == before.mode
    assert sorted(os.listdir(shell.cwd)) == ["film.mkv", "seeding.mkv"]
    assert shell.run("undo", path).quiet().record["undo"]["status"] == "undone"
    assert path.read_bytes() == film()


def test_a_link_is_followed_and_stays_one(shell: Shell) -> None:
    real, link = shell.film("real/film.mkv"), shell.cwd / "link.mkv"
    link.symlink_to("real/film.mkv")
    assert apply(shell, probed(shell, link))["status"] == "changed"
    assert link.is_symlink()
    assert real.read_bytes() == film(chosen=2)
    assert shell.run("undo", link).quiet().record["undo"]["status"] == "undone"
    assert real.read_bytes() == film()


# Others at work


def test_two_at_once_make_one_edit(shell: Shell) -> None:
    path = shell.film()
    record = lines([probed(shell, path)])
    started = [shell.start("apply") for _ in range(4)]
    outs = []
    for process in started:
        assert process.stdin
        process.stdin.write(record)
        process.stdin.close()
    for process in started:
        assert process.stdout
        outs.append(json.loads(process.stdout.read()))
        process.wait(PATIENCE)
        for stream in (process.stdout, process.stderr):
            assert stream
            stream.close()
    answers = sorted(record.get("apply", {}).get("status", "") or record["error"]["code"] for record in outs)
    assert answers == ["changed", "unchanged", "unchanged", "unchanged"]
    assert path.read_bytes() == film(chosen=2)
    assert len(os.listdir(shell.journal / "done")) == 1
    assert shell.journal_open() == []


def test_one_file_named_often_in_one_run(shell: Shell) -> None:
    path = shell.film()
    record = probed(shell, path)
    done = shell.run("apply", "--jobs", "8", stdin=[record] * 20).quiet()
    statuses = [record["apply"]["status"] for record in done.records]
    assert sorted(statuses) == ["changed", *["unchanged"] * 19]


def test_who_waits_for_the_lock_sees_what_was_done_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(film())
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        def end() -> None:
            os.utime(path, (5, 5))
            fcntl.flock(held, fcntl.LOCK_UN)

        threading.Timer(0.2, end).start()
        with files.open_to_edit(os.fsencode(path), patience=PATIENCE) as media:
            assert media.stat.st_mtime == 5


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_who_waits_for_the_lock_of_a_file_that_goes_away(tmp_path: Path, how: str) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(film())
    (tmp_path / "kept.mkv").hardlink_to(path)
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        def end() -> None:
            if how == "replaced":
                (tmp_path / "new").write_bytes(film())
                (tmp_path / "new").rename(path)
            else:
                path.unlink()
            fcntl.flock(held, fcntl.LOCK_UN)

        threading.Timer(0.2, end).start()
        with pytest.raises(ChangedSinceProbe):
            files.open_to_edit(os.fsencode(path), patience=PATIENCE)


@pytest.mark.parametrize("how", ["lock", "write"])
def test_a_file_in_use_is_waited_for_and_then_given_up(tmp_path: Path, how: str) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(film())
    with path.open("ab" if how == "write" else "rb") as held:
        if how == "lock":
            fcntl.flock(held, fcntl.LOCK_EX)
        start = time.monotonic()
        with pytest.raises(Timeout):
            files.open_to_edit(os.fsencode(path), patience=0.3)
        assert time.monotonic() - start >= 0.3
    files.open_to_edit(os.fsencode(path), patience=0.3).__exit__()
    assert path.read_bytes() == film()


LEASE = """
import fcntl, os, signal, sys, time
signal.signal(signal.SIGIO, signal.SIG_IGN)
descriptor = os.open(sys.argv[1], os.O_RDONLY)
fcntl.fcntl(descriptor, fcntl.F_SETLEASE, getattr(fcntl, sys.argv[2]))
print("held", flush=True)
time.sleep(float(sys.argv[3]))
"""


@pytest.mark.parametrize("command", ["probe", "apply"])
@pytest.mark.parametrize("lease", ["F_RDLCK", "F_WRLCK"])
def test_a_lease_of_a_file_server_is_waited_for(shell: Shell, lease: str, command: str) -> None:
    path = shell.film()
    words = [sys.executable, "-c", LEASE, path, lease, "0.7"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as holder:
        assert holder.stdout
        if holder.stdout.readline() != b"held\n":
            needs("a file system with leases")
        done = shell.run(command, stdin=[plan(path)]).quiet()
    assert (done.status, done.codes) == (0, [None])


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(film())
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with path.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(Timeout):
                files.open_to_edit(os.fsencode(path), patience=0)
        with files.open_to_edit(os.fsencode(path)), files.open_to_read(os.fsencode(path)):
            pass
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_download_that_goes_on_is_not_edited(shell: Shell) -> None:
    path = shell.film()
    with path.open("ab"):
        answer = apply(shell, probed(shell, path))
    assert answer["code"] == "timeout"
    assert path.read_bytes() == film()


def test_a_player_that_reads_is_no_hindrance(shell: Shell) -> None:
    path = shell.film()
    with subprocess.Popen(["tail", "-c", "+1", "-f", path], stdout=subprocess.PIPE) as player:
        assert player.stdout
        player.stdout.read(1)
        assert apply(shell, probed(shell, path))["status"] == "changed"
        player.terminate()
