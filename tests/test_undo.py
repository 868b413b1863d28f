"""Undo: from records, from paths, from the journal; twice; and never what is not ours."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from shell import Result, Shell, film, lines, plan, seen, tree


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def edited(shell: Shell, *names: str) -> Result:
    """Edit films of these names; return what `apply` printed."""
    paths = [shell.film(name) for name in names]
    for path in paths:
        os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    done = shell.run("apply", stdin=[plan(path) for path in paths]).quiet()
    assert [record["apply"]["status"] for record in done.records] == ["changed"] * len(names)
    return done


def statuses(done: Result) -> list[str]:
    done.quiet()
    return [record["undo"]["status"] if "undo" in record else record["error"]["code"] for record in done.records]


@pytest.mark.parametrize("by", ["records", "paths", "all", "since", "paths on standard input"])
def test_the_file_is_what_it_was(shell: Shell, by: str) -> None:
    names = ["a.mkv", "b.mkv"]
    applied = edited(shell, *names)
    calls: dict[str, tuple[list[str], bytes]] = {
        "records": ([], applied.out),
        "paths": (names, b""),
        "all": (["--all"], b""),
        "since": (["--since", "1h"], b""),
        "paths on standard input": ([], b"a.mkv\nb.mkv\n"),
    }
    words, stdin = calls[by]
    assert statuses(shell.run("undo", *words, stdin=stdin)) == ["undone", "undone"]
    for name in names:
        assert (shell.cwd / name).read_bytes() == film()
        assert (shell.cwd / name).stat().st_mtime_ns == 1_700_000_000_123_456_789
    again = statuses(shell.run("undo", *words, stdin=stdin))
    assert set(again) <= {"unchanged"}
    assert [path.read_bytes() for path in sorted(shell.cwd.iterdir())] == [film()] * 2


def test_a_record_suffices_without_the_journal(shell: Shell) -> None:
    applied = edited(shell, "a.mkv")
    shutil.rmtree(shell.journal)
    assert statuses(shell.run("undo", stdin=applied.out)) == ["undone"]
    assert (shell.cwd / "a.mkv").read_bytes() == film()
    assert (shell.cwd / "a.mkv").stat().st_mtime_ns == 1_700_000_000_123_456_000  # as exact as a record


def test_a_path_without_an_edit_is_unchanged(shell: Shell) -> None:
    path = shell.film()
    before = seen(path)
    assert statuses(shell.run("undo", path)) == ["unchanged"]
    assert seen(path) == before


@pytest.mark.parametrize("status", ["unchanged", "planned", "skipped"])
def test_a_record_that_changed_nothing_is_unchanged(shell: Shell, status: str) -> None:
    path = shell.film()
    assert statuses(shell.run("undo", stdin=[{"path": str(path), "apply": {"status": status}}])) == ["unchanged"]


def test_a_dry_run_changes_nothing(shell: Shell) -> None:
    applied = edited(shell, "a.mkv")
    before, journal = seen(shell.cwd / "a.mkv"), tree(shell.journal)
    for words, stdin in ((["a.mkv"], b""), ([], applied.out), (["--all"], b"")):
        done = shell.run("undo", "--dry-run", *words, stdin=stdin)
        assert statuses(done) == ["planned"]
        assert "journal" not in done.record["undo"]
    assert (seen(shell.cwd / "a.mkv"), tree(shell.journal)) == (before, journal)


@pytest.mark.parametrize("by", ["record", "path", "all"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param("printf '\\7' | dd of=a.mkv bs=1 seek=150 conv=notrunc status=none", id="bytes of another"),
        pytest.param("printf x >> a.mkv", id="a size of another"),
    ],
)
def test_what_is_no_longer_ours_is_left_alone(shell: Shell, change: str, by: str) -> None:
    applied = edited(shell, "a.mkv")
    shell.sh(change)
    before = seen(shell.cwd / "a.mkv")
    words, stdin = {"record": ([], applied.out), "path": (["a.mkv"], b""), "all": (["--all"], b"")}[by]
    done = shell.run("undo", *words, stdin=stdin)
    assert (done.status, statuses(done)) == (1, ["changed_since_probe"])
    assert seen(shell.cwd / "a.mkv") == before


def test_another_file_with_the_inode_of_an_old_one_is_left_alone(shell: Shell) -> None:
    # Inode numbers are used again: the same file here, with the name and the size that another would have.
    edited(shell, "a.mkv")
    shell.sh("mv a.mkv b.mkv; printf 0123456789 >> b.mkv")
    before = seen(shell.cwd / "b.mkv")
    assert statuses(shell.run("undo", "b.mkv")) == ["unchanged"]
    assert seen(shell.cwd / "b.mkv") == before


def test_a_file_that_was_moved_is_found(shell: Shell) -> None:
    edited(shell, "a.mkv")
    shell.sh("mkdir Season\\ 1; mv a.mkv 'Season 1/renamed.mkv'")
    assert statuses(shell.run("undo", "Season 1/renamed.mkv")) == ["undone"]
    assert (shell.cwd / "Season 1/renamed.mkv").read_bytes() == film()


def test_edit_and_undo_go_on_and_on(shell: Shell) -> None:
    path = shell.film()
    for _ in range(3):
        assert shell.run("apply", stdin=[plan(path)]).record["apply"]["status"] == "changed"
        assert path.read_bytes() == film(chosen=2)
        assert statuses(shell.run("undo", path)) == ["undone"]
        assert path.read_bytes() == film()
        assert statuses(shell.run("undo", path)) == ["unchanged"]


def test_an_undo_is_an_edit_that_is_listed(shell: Shell) -> None:
    edited(shell, "a.mkv")
    undone = shell.run("undo", "a.mkv").record["undo"]
    entries = shell.run("undo", "--list").records
    assert [entry["journal"]["command"] for entry in entries] == ["undo", "apply"]
    assert entries[0]["apply"]["journal"] == undone["journal"]
    assert [entry["journal"]["undone"] for entry in entries] == [False, True]


def test_a_list_can_be_piped_back(shell: Shell) -> None:
    edited(shell, "a.mkv", "b.mkv")
    listed = shell.run("undo", "--list").quiet()
    assert len(listed.records) == 2
    assert statuses(shell.run("undo", stdin=listed.out)) == ["undone", "undone"]
    assert {path.read_bytes() for path in shell.cwd.iterdir()} == {film()}


def test_since_takes_a_time(shell: Shell) -> None:
    edited(shell, "a.mkv")
    tomorrow = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    assert shell.run("undo", "--since", tomorrow).out == b""
    assert shell.run("undo", "--since", "0s").out == b""
    assert statuses(shell.run("undo", "-n", "--since", "2000-01-01")) == ["planned"]
    assert statuses(shell.run("undo", "-n", "--since", "1w")) == ["planned"]


@pytest.mark.parametrize("since", ["", "x", "yesterday", "2026-13-01", "-1h", "9" * 400, "1y"])
def test_since_refuses_what_is_no_time(shell: Shell, since: str) -> None:
    edited(shell, "a.mkv")
    done = shell.run("undo", "--since", since).quiet()
    assert (done.status, done.out) == (2, b"")
    assert (shell.cwd / "a.mkv").read_bytes() == film(chosen=2)


def test_a_job_of_nobody_has_no_edits(shell: Shell) -> None:
    edited(shell, "a.mkv")
    assert shell.run("undo", "--job", "nobody") == (0, b"", "arrtheaudio: the journal has no edit of a job nobody\n")


@pytest.mark.parametrize("words", [["--all"], ["--since", "1h"], ["--job", "x"]], ids=" ".join)
def test_files_and_all_of_it_together_are_a_usage_error(shell: Shell, words: list[str]) -> None:
    edited(shell, "a.mkv")
    done = shell.run("undo", *words, "a.mkv").quiet()
    assert (done.status, done.out) == (2, b"")


def test_a_file_that_is_gone_is_one_error(shell: Shell) -> None:
    edited(shell, "a.mkv", "b.mkv", "c.mkv")
    (shell.cwd / "b.mkv").unlink()
    done = shell.run("undo", "--all")
    assert done.status == 1
    assert sorted(statuses(done)) == ["not_found", "undone", "undone"]


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        ({"offset": 0, "before": "AA==", "after": "AA=="}, "changed_since_probe"),
        ({"offset": 10**9, "before": "AA==", "after": "AQ=="}, "changed_since_probe"),
        ({"offset": 2**63, "before": "AA==", "after": "AQ=="}, "changed_since_probe"),
        ({"offset": 2**64 - 1, "before": "AA==", "after": "AQ=="}, "changed_since_probe"),
        ({"offset": True, "before": "AA==", "after": "AQ=="}, "invalid_record"),
        ({"offset": 1.0, "before": "AA==", "after": "AQ=="}, "invalid_record"),
        ({"offset": -1, "before": "AA==", "after": "AQ=="}, "invalid_record"),
        ({"offset": 0, "before": "AA==", "after": "AQE="}, "invalid_record"),
        ({"offset": 0, "before": "", "after": ""}, "invalid_record"),
        ({"offset": 0, "before": "Gg==", "after": "not base64"}, "invalid_record"),
        ({"offset": 0, "before": "Gg=="}, "invalid_record"),
        ({}, "invalid_record"),
    ],
    ids=str,
)
def test_edits_of_a_record_that_are_none(shell: Shell, edit: dict[str, Any], code: str) -> None:
    path = shell.film()
    before = seen(path)
    record = {"path": str(path), "apply": {"status": "changed", "method": "in_place", "edits": [edit]}}
    done = shell.run("undo", stdin=lines([record]))
    assert json.loads(done.out)["error"]["code"] == code
    assert "Traceback" not in done.err
    assert seen(path) == before
