"""kill -9 at every system call that changes something: after `admin recover` the file is the old one or the new one.

Each test kills a run at its first such call, then a fresh one at its second, and so on through the last.
"""

import itertools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rig import (
    ARRTHEAUDIO,
    MKDIR,
    OPEN,
    PATIENCE,
    RENAME,
    REPLACING,
    SAMPLES,
    UNLINK,
    Bench,
    Outcome,
    injected,
    need_programs,
    points,
    strace,
)

from arrtheaudio import editing
from arrtheaudio.containers.edit import Edit
from arrtheaudio.files import open_to_edit
from arrtheaudio.journal import Journal

KILL = "signal=KILL"
KILLED = -9
APPLY_CALLS = (MKDIR, OPEN, "write", "fsync", "pwrite64", "fdatasync", RENAME)
UNDO_CALLS = (OPEN, "write", "fsync", "pwrite64", "fdatasync", "utimensat", RENAME)
RECOVER_CALLS = ("pwrite64", "fdatasync", "utimensat", UNLINK)


def _ids(pairs: Any) -> list[Any]:
    return [pytest.param(*pair, id="-".join(pair).replace("/^", "")) for pair in pairs]


COMMANDS = [("apply", call) for call in APPLY_CALLS] + [("undo", call) for call in UNDO_CALLS]


def killed(bench: Bench, command: str, call: str, n: int) -> Outcome:
    """Run the command to its n-th call, with the file as it was before; again, where strace has let that call pass."""
    for _ in range(3):
        bench.reset(command)
        outcome = injected(bench, command, "-e", f"trace={call}", "-e", f"inject={call}:{KILL}:when={n}")
        if outcome.hit:
            break
    return outcome


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize(("command", "call"), _ids(COMMANDS))
def test_killed_at_any_call(tmp_path: Path, sample: str, command: str, call: str, record_property: Any) -> None:
    bench = Bench(tmp_path, sample)
    bench.reset(command)
    found = points(bench, command, call)
    assert found, "nothing to be killed at: the test would show nothing"
    hits = 0
    for n in found:
        outcome = killed(bench, command, call, n)
        if not outcome.hit and len(outcome.calls) < n:
            continue  # one call more than usual was seen when they were counted
        assert outcome.status == KILLED, outcome
        bench.mend()
        hits += 1
    assert hits, "killed nowhere: the test would show nothing"
    record_property("kill_points", hits)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("command", ["apply", "undo"])
def test_the_entry_is_on_disk_before_the_file_changes(tmp_path: Path, sample: str, command: str) -> None:
    """A kill spares what the kernel has taken, a power cut does not: there the order of the calls is what counts."""
    bench = Bench(tmp_path, sample)
    wanted = ["write entry", "fsync entry", "fsync open", "pwrite64 file", "fdatasync file", "rename entry"]
    for _ in range(3):  # strace, late to take hold, may miss a call; it makes up none, and changes no order
        bench.reset("undo")
        if command == "apply":
            bench.edit("undo")
        calls = injected(bench, command, "-y", "-e", f"trace=write,pwrite64,fsync,fdatasync,{RENAME}").calls
        steps = [step for step, _ in itertools.groupby(_step(bench, call) for call in calls)]
        if len(steps) >= len(wanted):
            break
    assert steps == wanted


def _step(bench: Bench, call: str) -> str:
    name, _, arguments = call.partition("(")
    if str(bench.file) in arguments:
        return f"{name} file"
    return f"{name} entry" if f"{bench.journal}/open/" in arguments else f"{name} open"


@pytest.mark.parametrize("sample", SAMPLES)
def test_killed_before_the_record_is_out(tmp_path: Path, sample: str) -> None:
    bench = Bench(tmp_path, sample)
    outcome = injected(bench, "apply", "-e", "trace=write", "-e", f"inject=write:{KILL}:when=1", thread="main")
    assert (outcome.status, outcome.stdout) == (KILLED, b"")
    assert bench.file.read_bytes() == bench.new
    assert bench.open_entries() == []


def interrupted(bench: Bench) -> str:
    """Leave the file new and its entry open, as a kill just before the end does; return the entry's name."""
    bench.reset()
    outcome = injected(bench, "apply", "-e", "trace=fdatasync", "-e", f"inject=fdatasync:{KILL}:when=1")
    assert outcome.status == KILLED
    assert bench.file.read_bytes() == bench.new
    (name,) = bench.open_entries()
    return name


def torn(bench: Bench, at: int) -> bytes:
    """Return the file as it is when a write got as far as byte `at`."""
    return bench.new[:at] + bench.old[at:]


def changed_bytes(bench: Bench) -> list[int]:
    """Return the offsets at which the old and the new file differ."""
    return [at for at, (old, new) in enumerate(zip(bench.old, bench.new, strict=True)) if old != new]


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("call", [pytest.param(call, id=call.removeprefix("/^")) for call in RECOVER_CALLS])
def test_killed_while_it_recovers(tmp_path: Path, sample: str, call: str, record_property: Any) -> None:
    bench = Bench(tmp_path, sample)
    log = tmp_path / "strace.log"
    for n in itertools.count(1):
        interrupted(bench)
        bench.file.write_bytes(torn(bench, changed_bytes(bench)[-1]))
        traced = strace("-f", "-e", f"trace={call}", "-e", f"inject={call}:{KILL}:when={n}", log=log)
        done = subprocess.run([*traced, *ARRTHEAUDIO, "admin", "recover"], env=bench.environ, timeout=PATIENCE)
        bench.mend()
        if done.returncode == 0:
            break
    assert n > 1, "nothing to be killed at: the test would show nothing"
    record_property("kill_points", n - 1)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("call", ["pwrite64", "utimensat", pytest.param(UNLINK, id="unlink")])
def test_killed_while_it_rolls_back(tmp_path: Path, sample: str, call: str, record_property: Any) -> None:
    bench = Bench(tmp_path, sample)
    for n in itertools.count(1):
        bench.reset()
        refusal = ("-e", f"trace=fdatasync,{call}", "-e", "inject=fdatasync:error=EIO:when=1")
        outcome = injected(bench, "apply", *refusal, "-e", f"inject={call}:{KILL}:when={n}")
        if outcome.status != KILLED:
            break
        bench.mend()
    assert n > 1, "nothing to be killed at: the test would show nothing"
    record_property("kill_points", n - 1)


@pytest.mark.parametrize("sample", SAMPLES)
def test_torn_at_any_byte(tmp_path: Path, sample: str) -> None:
    bench = Bench(tmp_path, sample)
    name = interrupted(bench)
    entry = (bench.journal / "open" / name).read_bytes()
    for at in changed_bytes(bench):
        for data in (torn(bench, at), bench.old[:at] + bench.new[at:]):
            bench.file.write_bytes(data)
            (bench.journal / "open" / name).write_bytes(entry)
            (found,) = editing.recover(Journal(str(bench.journal)))
            assert found.error is None
            assert bench.whole()
            assert bench.open_entries() == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_an_entry_that_is_not_all_there(tmp_path: Path, sample: str) -> None:
    """The journal itself was torn: then the file was not begun."""
    bench = Bench(tmp_path, sample)
    name = interrupted(bench)
    entry = (bench.journal / "open" / name).read_bytes()
    bench.file.write_bytes(bench.old)
    for length in (0, 1, len(entry) // 2, len(entry) - 2):
        (bench.journal / "open" / name).write_bytes(entry[:length])
        assert list(editing.recover(Journal(str(bench.journal)))) == []
        assert bench.file.read_bytes() == bench.old
        assert bench.open_entries() == []


def test_a_newer_entry_settles_the_older_one(tmp_path: Path) -> None:
    """That an entry is finished need not be on disk; one that was begun later for the same file says so."""
    bench = Bench(tmp_path, "edited.mkvmerge.mkv")
    bench.edit("apply")
    (first,) = bench.finished_entries()
    with open_to_edit(os.fsencode(bench.file)) as media:
        journal = Journal(str(bench.journal))
        entry = next(journal.finished())
        (clear,) = (edit for edit in entry.edits if edit.after == bytes(1))
        # clears another flag and sets the cleared one again: one byte of the older entry is old now, one is new
        other = changed_bytes(bench)[-1] + 200
        before = os.pread(media.descriptor, 1, other)
        edits = [clear.reversed(), Edit(other, before, b"?")]
        editing.make(media, edits, journal, editing.Intent("test"))
    after = bench.file.read_bytes()
    os.rename(bench.journal / "done" / first, bench.journal / "open" / first)
    (second,) = bench.finished_entries()
    os.rename(bench.journal / "done" / second, bench.journal / "open" / second)
    list(editing.recover(journal))
    assert bench.file.read_bytes() == after
    assert bench.open_entries() == []


# The same with the usual tool: the rig shows damage where there is some.


@pytest.mark.parametrize("sample", [name for name in SAMPLES if name.endswith(".mkv")])
def test_mkvpropedit_loses_all_tracks(tmp_path: Path, sample: str, record_property: Any) -> None:
    need_programs("mkvpropedit", "mkvmerge")
    bench = Bench(tmp_path, sample)
    flags = ["--edit", "track:a1", "--set", "flag-default=0", "--edit", "track:a2", "--set", "flag-default=1"]
    left = []
    for n in itertools.count(1):
        bench.file.write_bytes(bench.old)
        killed = f"inject=write:{KILL}:when={n}"
        traced = strace("-f", "-P", str(bench.file), "-e", "trace=write", "-e", killed, log=tmp_path / "strace.log")
        done = subprocess.run([*traced, "mkvpropedit", "-q", bench.file, *flags], timeout=PATIENCE)
        if done.returncode == 0:
            break
        left.append(tracks(bench.file))
    print(f"{sample}: killed at {len(left)} writes, no tracks left after {left.count(0)}")
    record_property("kill_points", len(left))
    record_property("without_tracks", left.count(0))
    assert 0 in left


def tracks(path: Path) -> int:
    """Return how many tracks mkvmerge finds in a file."""
    answer = subprocess.run(["mkvmerge", "-J", path], stdout=subprocess.PIPE, timeout=PATIENCE).stdout
    return len(json.loads(answer).get("tracks", ()))


# Several names: the new file takes the place of the old one, under one of them.


@pytest.mark.parametrize("call", [pytest.param(call, id=call.removeprefix("/^")) for call in REPLACING])
def test_killed_while_it_replaces_one_of_several_names(tmp_path: Path, call: str, record_property: Any) -> None:
    bench = Bench(tmp_path, "three-audio.ffmpeg.mkv")
    bench.several_names()
    found = points(bench, "apply", call)
    assert found, "nothing to be killed at: the test would show nothing"
    for n in found:
        other = bench.several_names()
        outcome = injected(bench, "apply", "-e", f"trace={call}", "-e", f"inject={call}:{KILL}:when={n}")
        assert outcome.status == KILLED, outcome
        bench.mend()
        assert other.read_bytes() == bench.old
        assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []
    record_property("kill_points", len(found))
