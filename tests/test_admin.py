"""`admin stats`, and what `admin` asks of a person on a terminal."""

import json
from pathlib import Path
from typing import Any

import pytest
from shell import Shell, film


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A home with two jobs done, one that failed, one that waits; three edits, of which one was taken back."""
    shell = Shell(tmp_path)
    config = shell.home / ".config/arrtheaudio/config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text("language_priority: [jpn, eng]\nprefer_original: false\n")
    for name in ("one.mkv", "two.mkv", "three.mkv"):
        shell.film(name, film(name))
    shell.run("jobs", "add", "one.mkv", "two.mkv", "missing.mkv")
    assert shell.run("jobs", "run").status == 1
    assert shell.run("apply", "three.mkv").status == 0
    assert shell.run("undo", "one.mkv").status == 0
    shell.run("jobs", "add", "three.mkv")
    return shell


def stats(shell: Shell) -> dict[str, Any]:
    """Return what `admin stats` prints."""
    done = shell.run("admin", "stats")
    assert done.status == 0, done.err
    (line,) = done.out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_stats(shell: Shell) -> None:
    found = stats(shell)
    jobs, edits, tmdb = found["jobs"], found["edits"], found["tmdb"]
    assert jobs["states"] == {"queued": 1, "held": 0, "running": 0, "completed": 2, "failed": 1, "cancelled": 0}
    assert jobs["results"] == {"success": 2, "skipped": 0, "failed": 1}
    assert jobs["oldest"] < jobs["newest"]
    assert jobs["bytes"] == sum(path.lstat().st_size for path in _files(shell.home / ".local/state/arrtheaudio/spool"))
    assert (edits["finished"], edits["unfinished"], edits["undone"]) == (4, 0, 1)
    assert edits["methods"] == {"in_place": 4, "clone": 0, "rewrite": 0}
    assert edits["oldest"] < edits["newest"]
    assert edits["bytes"] == sum(path.stat().st_size for path in _files(shell.journal))
    assert tmdb == {
        "answers": 0,
        "hits": 0,
        "requests": {"ok": 0, "unavailable": 0, "refused": 0},
        "circuit": "closed",
        "bytes": 0,
    }


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]


def test_stats_of_nothing(tmp_path: Path) -> None:
    found = stats(Shell(tmp_path))
    assert not any(found["jobs"]["states"].values())
    assert (found["jobs"]["oldest"], found["edits"]["newest"], found["edits"]["bytes"]) == (None, None, 0)


def test_stats_for_people(shell: Shell) -> None:
    rows = dict(line.split(None, 1) for line in shell.run("admin", "stats", "-f", "table").out.decode().splitlines())
    assert (rows["NAME"], rows["jobs.states.completed"], rows["edits.undone"]) == ("VALUE", "2", "1")
    assert shell.on_terminal("admin", "stats")[1].startswith(b"NAME ")


@pytest.mark.parametrize(("typed", "replaced"), [(b"y\n", True), (b"n\n", False), (b"\n", False)], ids=["y", "n", ""])
def test_a_terminal_is_asked_before_jobs_are_replaced(shell: Shell, typed: bytes, replaced: bool) -> None:
    assert shell.run("admin", "backup", "tar").status == 0
    (waiting,) = shell.run("jobs", "list", "--state", "queued").out.splitlines()
    shell.run("jobs", "cancel", json.loads(waiting)["id"])
    status, shown = shell.on_terminal("admin", "restore", "tar", typed=typed)
    assert b"holds 4 jobs, which would be replaced. Go on? [y/N]" in shown
    assert status == (0 if replaced else 2)
    assert stats(shell)["jobs"]["states"]["queued"] == replaced


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        pytest.param(b"prefer_original: false\n", 0, "arrtheaudio: standard input: valid\n", id="valid"),
        pytest.param(b"", 0, "arrtheaudio: standard input: valid\n", id="empty"),
        pytest.param(b"api:\n  port: x\n", 2, "standard input:2: api.port: ", id="a-fault"),
        pytest.param(b"a: [\n", 2, "standard input:2:1: ", id="no-yaml"),
        pytest.param(b"#" * (3 << 20), 2, "standard input: is larger than 1 MiB", id="too-large"),
    ],
)
def test_a_configuration_on_standard_input_is_checked(tmp_path: Path, text: bytes, status: int, said: str) -> None:
    done = Shell(tmp_path).run("admin", "validate-config", "-", stdin=text)
    assert done.status == status
    assert said in done.err
    assert "/tmp" not in done.err


@pytest.mark.parametrize("words", ["validate-config -", "restore -"])
def test_a_standard_input_that_is_closed_is_named(tmp_path: Path, words: str) -> None:
    done = Shell(tmp_path).sh(f"$ATA admin {words} 0<&-").quiet()
    assert done.status == 2
    assert "standard input: " in done.err
    assert "bad file descriptor" in done.err


def test_a_backup_is_nothing_for_a_terminal(shell: Shell) -> None:
    status, shown = shell.on_terminal("admin", "backup", "-")
    assert status == 2
    assert b"a backup is nothing for a terminal" in shown


def test_a_restore_of_no_file(shell: Shell) -> None:
    done = shell.run("admin", "restore", "nowhere.tar")
    assert (done.status, done.out) == (2, b"")
    assert "nowhere.tar: no such file or directory." in done.err
