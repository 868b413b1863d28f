"""The journal: an entry before the edit, adopted when its writer has died, and found again for an undo."""

import fcntl
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import PATIENCE, Shell, film, lines, plan, read_line, tree

from arrtheaudio.containers.edit import Edit
from arrtheaudio.errors import Corrupt
from arrtheaudio.journal import Entry, Journal, new_id, time_of

EDIT = Edit(150, b"\x01", b"\x00")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(str(tmp_path / "state/journal"))


def entry(inode: int = 7, **more: Any) -> Entry:
    values: dict[str, Any] = {"id": new_id(), "path": b"/a.mkv", "device": 1, "size": 9, "mtime": 5, "edits": (EDIT,)}
    return Entry(**{**values, "inode": inode, "command": "apply", **more})


def stand(journal: Journal, **more: Any) -> Entry:
    made = entry(**more)
    journal.begin(made).done()
    return made


@given(st.binary(min_size=1).filter(lambda path: b"\0" not in path), st.integers(0, 2**64 - 1), st.text())
def test_an_entry_survives_its_line(path: bytes, inode: int, why: str) -> None:
    made = entry(inode, path=path, why=why, undoes=new_id(), job="j", method="clone")
    assert Entry.from_line(made.to_line()) == made


@pytest.mark.parametrize("cut", range(0, 300, 7))
def test_an_entry_that_is_cut_off_is_none(cut: int) -> None:
    line = entry().to_line()
    with pytest.raises(Corrupt):
        Entry.from_line(line[: min(cut, len(line) - 2)])


@given(st.binary())
def test_what_is_no_entry_is_corrupt(data: bytes) -> None:
    with pytest.raises(Corrupt):
        Entry.from_line(data)


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2},
        {"end": False},
        {"edits": 5},
        {"edits": [5]},
        {"edits": [{}]},
        {"path": None},
        {"path_bytes": "!"},
    ],
    ids=str,
)
def test_an_entry_of_other_types_is_corrupt(changed: dict[str, Any]) -> None:
    line = json.dumps({**json.loads(entry().to_line()), **changed}).encode()
    with pytest.raises(Corrupt):
        Entry.from_line(line)


def test_ids_sort_by_time() -> None:
    ids = []
    for _ in range(5):
        ids.append(new_id())
        time.sleep(0.002)
    assert ids == sorted(ids)
    assert all(len(name) == 26 for name in ids)
    assert abs(time_of(ids[0]) - time.time_ns()) < 10e9


def test_an_entry_is_there_and_whole_before_the_edit(journal: Journal) -> None:
    made = entry()
    begun = journal.begin(made)
    (path,) = Path(journal.open).iterdir()
    assert path.name == f"{made.id}.7"
    assert Entry.from_line(path.read_bytes()) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert [Path(folder).stat().st_mode & 0o777 for folder in (journal.open, journal.done)] == [0o700, 0o700]
    begun.done()
    assert journal.unfinished() == []
    assert list(journal.finished()) == [made]


def test_what_was_dropped_is_gone(journal: Journal) -> None:
    journal.begin(entry()).drop()
    assert journal.unfinished() == []
    assert list(journal.finished()) == []


def test_what_lives_is_not_adopted_and_what_died_is(journal: Journal) -> None:
    made = entry()
    begun = journal.begin(made)
    (name,) = journal.unfinished()
    assert journal.adopt(name) is None
    begun.close()
    adopted = journal.adopt(name)
    assert adopted is not None
    assert adopted[0] == made
    assert journal.adopt(name) is None  # it is ours now
    adopted[1].done()
    assert journal.adopt(name) is None


def test_what_was_not_all_written_is_adopted_as_nothing(journal: Journal) -> None:
    made = entry()
    begun = journal.begin(made)
    (name,) = journal.unfinished()
    Path(journal.open, name).write_bytes(made.to_line()[:40])
    begun.close()
    adopted = journal.adopt(name)
    assert adopted is not None
    assert adopted[0] is None


def test_what_stands(journal: Journal) -> None:
    first, second, other = stand(journal), stand(journal), stand(journal, inode=17)
    assert list(journal.standing(7)) == [second, first]
    assert list(journal.standing(17)) == [other]
    assert list(journal.standing()) == [other, second, first]
    undo = stand(journal, command="undo", undoes=second.id)
    assert list(journal.standing(7)) == [first]
    assert journal.find(second.id, 7) == second
    assert journal.find(second.id, 17) is None
    assert journal.find(undo.id, 7) == undo


@pytest.mark.parametrize("name", ["", "x", "../" * 8 + "ab", "/" * 26, "0" * 25 + "\0", "０" * 26, "é" * 26])
def test_an_id_of_somebody_else_finds_nothing(journal: Journal, name: str) -> None:
    stand(journal)
    assert journal.find(name, 7) is None


STRAY = ["lost+found", ".nfs000001", "x", "README", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "a.b.c", ".7", "é.7"]


@pytest.mark.parametrize("folder", ["open", "done"])
@pytest.mark.parametrize("kind", ["file", "folder", "unreadable"])
def test_strays_in_the_journal_stop_nothing(shell: Shell, folder: str, kind: str) -> None:
    path = shell.film()
    assert shell.run("apply", stdin=[plan(path)]).status == 0
    for name in STRAY:
        stray = shell.journal / folder / name
        if kind == "folder":
            stray.mkdir()
        else:
            stray.write_bytes(b"\xff{" if kind == "file" else b"")
    for command in (["undo", "--list"], ["undo", "-n", path], ["admin", "recover"], ["undo", path], ["undo", "--all"]):
        done = shell.run(*command).quiet()
        assert (done.status, done.err) == (0, ""), command
    assert path.read_bytes() == film()


def test_prune_forgets_what_is_old_and_keeps_what_is_open(journal: Journal) -> None:
    old_id = "0" * 25 + "1"
    journal.begin(entry(id=old_id)).close()
    stand(journal, id="0" * 26)
    young = stand(journal)
    for name in STRAY:
        Path(journal.done, name).write_bytes(b"")
    assert journal.prune(30) == 1
    assert list(journal.finished()) == [young]
    assert journal.unfinished() == [f"{old_id}.7"]
    assert all(Path(journal.done, name).exists() for name in STRAY)
    assert journal.prune(30) == 0


def test_an_entry_says_what_was_done_to_what_and_by_whom(shell: Shell) -> None:
    path = shell.film()
    before = path.stat()
    done = shell.run("apply", stdin=[plan(path)]).quiet()
    ((name, line),) = [item for item in tree(shell.journal).items() if item[0].startswith("done/")]
    written = json.loads(line)
    applied = done.record["apply"]
    assert name == f"done/{applied['journal']}.{before.st_ino}"
    assert written["edits"] == applied["edits"]
    expected = {"version": 1, "path": str(path), "device": before.st_dev, "inode": before.st_ino}
    expected |= {"size": before.st_size, "mtime": before.st_mtime_ns, "command": "apply", "why": "a test", "job": None}
    assert {key: written[key] for key in expected} == expected
    assert written["when"].endswith("Z")


def test_a_journal_that_cannot_be_written_leaves_the_file_alone(shell: Shell) -> None:
    path = shell.film()
    shell.journal.parent.mkdir(parents=True)
    shell.journal.write_text("a file where the folder is due")
    for command in ("apply", "process", "undo"):
        done = shell.run(command, stdin=[plan(path)]).quiet()
        assert (done.status, done.out) == (2, b"")
        assert done.err.startswith(f"arrtheaudio: the journal {shell.journal}")
    assert path.read_bytes() == film()


def crashed(shell: Shell, path: Path, written: int) -> dict[str, bytes]:
    """Leave what a crash leaves after `written` of the two bytes of an edit; return the journal's files."""
    done = shell.run("apply", stdin=[plan(path)]).quiet()
    edits = [Edit.from_dict(edit) for edit in done.record["apply"]["edits"]]
    with path.open("r+b") as file:
        for edit in edits[written:]:
            file.seek(edit.offset)
            file.write(edit.before)
    (name,) = os.listdir(shell.journal / "done")
    os.rename(shell.journal / "done" / name, shell.journal / "open" / name)
    return tree(shell.journal)


@pytest.mark.parametrize("written", [0, 1, 2])
@pytest.mark.parametrize("command", [["undo", "-n"], ["apply", "-n"], ["process", "-n"], ["probe"], ["undo", "--list"]])
def test_a_dry_run_mends_nothing(shell: Shell, command: list[str], written: int) -> None:
    path = shell.film()
    journal = crashed(shell, path, written)
    torn = path.read_bytes()
    shell.run(*command, *([] if command[-1] == "--list" else [path])).quiet()
    assert path.read_bytes() == torn
    assert tree(shell.journal) == journal


@pytest.mark.parametrize("written", [0, 1, 2])
@pytest.mark.parametrize("command", [["undo"], ["apply"], ["process"], ["admin", "recover"]])
def test_every_command_that_edits_mends_first(shell: Shell, command: list[str], written: int) -> None:
    path = shell.film()
    crashed(shell, path, written)
    other = shell.film("other.mkv")
    done = shell.run(*command, *([] if command[0] == "admin" else [other])).quiet()
    assert done.status == 0
    assert path.read_bytes() == (film(chosen=2) if written == 2 else film())
    assert shell.journal_open() == []
    assert str(path) in done.err + done.out.decode()


def test_an_entry_whose_file_is_gone_stays_and_is_said(shell: Shell) -> None:
    path = shell.film()
    crashed(shell, path, 1)
    path.rename(shell.cwd / "moved.mkv")
    done = shell.run("admin", "recover").quiet()
    assert done.status == 1
    assert len(shell.journal_open()) == 1
    # under its new name it is mended as soon as somebody edits it
    assert shell.run("undo", "moved.mkv").quiet().status == 0
    assert (shell.cwd / "moved.mkv").read_bytes() == film()
    assert shell.journal_open() == []


def test_an_unfinished_entry_of_a_process_that_lives_is_left_to_it(shell: Shell) -> None:
    path = shell.film()
    crashed(shell, path, 1)
    (name,) = shell.journal_open()
    torn = path.read_bytes()
    with Path(shell.journal, "open", name).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert shell.run("admin", "recover").quiet().status == 0
    assert path.read_bytes() == torn
    assert shell.journal_open() == [name]


def test_a_kill_leaves_a_journal_that_can_be_read(shell: Shell) -> None:
    paths = [shell.film(f"{n}.mkv") for n in range(40)]
    with shell.start("apply") as process:
        assert process.stdin
        process.stdin.write(lines([plan(path) for path in paths]))
        process.stdin.flush()
        read_line(process)
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
    assert shell.run("admin", "recover").quiet().status == 0
    assert {path.read_bytes() for path in paths} <= {film(), film(chosen=2)}
