"""Storage that fails: each system call of an edit in turn, then real disks that are full, read-only or forbidden.

Whatever happens, the file is the old one or the new one, and the record says by name what went wrong.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

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
    image,
    injected,
    mounted,
    need_mounts,
    need_programs,
    points,
    without_privilege,
)

CODES = {"ENOSPC": "no_space", "EDQUOT": "no_space", "EIO": "io_error", "EROFS": "read_only"}
# Every way in which an edit is written meets the two commonest errors; one way meets them all.
CASES = [
    pytest.param(sample, error, id=f"{sample}-{error}")
    for sample in ("three-audio.ffmpeg.mkv", "edited.mkvmerge.mkv", "moov-at-end.mp4")
    for error in (CODES if sample == "edited.mkvmerge.mkv" else ("ENOSPC", "EIO"))
]
CALLS = (MKDIR, OPEN, "write", "fsync", "pwrite64", "fdatasync", RENAME)
# The edit is on disk before its entry is moved: that this fails is no failure of the edit.
TIDYING = (RENAME, UNLINK)


def _short(call: str) -> str:
    return call.removeprefix("/^")


def told(outcome: Outcome | subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    """Return the one record of a run."""
    (line,) = outcome.stdout.splitlines()
    record: dict[str, Any] = json.loads(line)
    return record


def check(bench: Bench, outcome: Outcome, code: str) -> None:
    """Assert that the record and the exit status tell what happened to the file."""
    record = told(outcome)
    if outcome.status == 0:
        assert record["apply"]["status"] == "changed"
        assert bench.file.read_bytes() == bench.new
    else:
        assert outcome.status == 1
        assert record["error"]["code"] == code, record["error"]
        assert "apply" not in record
    assert b"Traceback" not in outcome.stderr


@pytest.mark.parametrize(("sample", "error"), CASES)
@pytest.mark.parametrize("call", CALLS, ids=_short)
def test_one_call_fails(tmp_path: Path, sample: str, error: str, call: str, record_property: Any) -> None:
    bench = Bench(tmp_path, sample)
    found = points(bench, "apply", call)
    assert found, "no call to fail: the test would show nothing"
    for n in found:
        bench.reset()
        fault = f"inject={call}:error={error}:when={n}"
        outcome = injected(bench, "apply", "-e", f"trace={call}", "-e", fault)
        assert outcome.hit
        check(bench, outcome, CODES[error])
        if outcome.status:
            assert bench.file.read_bytes() == bench.old
        if call not in TIDYING:
            assert bench.open_entries() == []
        bench.mend()
    record_property("faults", len(found))


@pytest.mark.parametrize("sample", ["three-audio.ffmpeg.mkv", "edited.mkvmerge.mkv", "moov-at-end.mp4"])
@pytest.mark.parametrize("call", CALLS, ids=_short)
def test_a_call_fails_from_then_on(tmp_path: Path, sample: str, call: str, record_property: Any) -> None:
    """The old bytes cannot be put back either: the record says so, and `admin recover` does it later."""
    bench = Bench(tmp_path, sample)
    found = points(bench, "apply", call)
    for n in found:
        bench.reset()
        fault = f"inject={call}:error=ENOSPC:when={n}+"
        outcome = injected(bench, "apply", "-e", f"trace={call}", "-e", fault)
        assert outcome.hit
        stuck = bench.open_entries() and call not in TIDYING
        check(bench, outcome, "io_error" if stuck else "no_space")
        if stuck:
            assert "arrtheaudio admin recover" in told(outcome)["error"]["message"]
        elif outcome.status:
            assert bench.file.read_bytes() == bench.old
        bench.mend()
    record_property("faults", len(found))


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("call", ["pwrite64", "utimensat", pytest.param(UNLINK, id="unlink")])
def test_the_roll_back_fails_too(tmp_path: Path, sample: str, call: str) -> None:
    bench = Bench(tmp_path, sample)
    found = points(bench, "apply", "pwrite64")
    late = len(found) + 1 if call == "pwrite64" else 1
    bench.reset()
    first = ("-e", f"trace=fdatasync,{call}", "-e", "inject=fdatasync:error=EIO:when=1")
    outcome = injected(bench, "apply", *first, "-e", f"inject={call}:error=EROFS:when={late}")
    assert outcome.hit
    check(bench, outcome, "io_error")
    bench.mend()


@pytest.mark.parametrize("call", REPLACING, ids=_short)
def test_a_call_fails_while_one_of_several_names_is_replaced(tmp_path: Path, call: str) -> None:
    bench = Bench(tmp_path, "three-audio.ffmpeg.mkv")
    bench.several_names()
    found = points(bench, "apply", call)
    assert found, "no call to fail: the test would show nothing"
    for n in found:
        other = bench.several_names()
        outcome = injected(bench, "apply", "-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when={n}")
        assert outcome.hit
        check(bench, outcome, "io_error")
        if outcome.status:
            assert bench.file.read_bytes() == bench.old
        assert other.read_bytes() == bench.old
        bench.mend()


# Standard output


def test_standard_output_is_full(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "three-audio.ffmpeg.mkv")
    with open("/dev/full", "wb") as full:
        done = bench.run("apply", str(bench.file), stdout=full)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert b"standard output" in done.stderr
    assert bench.file.read_bytes() == bench.new
    assert bench.open_entries() == []


def test_standard_output_is_full_and_more_files_wait(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "three-audio.ffmpeg.mkv")
    others = [tmp_path / f"{number}.mkv" for number in range(20)]
    for path in others:
        path.write_bytes(bench.old)
    with open("/dev/full", "wb") as full:
        done = bench.run("apply", str(bench.file), *map(str, others), stdout=full)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert bench.file.read_bytes() == bench.new
    found = [path.read_bytes() for path in others]
    assert all(data in (bench.old, bench.new) for data in found)
    assert bench.old in found, "nobody listens, and still every file was edited"
    assert bench.open_entries() == []


# Real disks


class Disk(NamedTuple):
    """A mounted file system of a few MiB, and what else may be mounted beside it."""

    root: Path
    stack: ExitStack


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """An ext4 of its own."""
    need_mounts("mkfs.ext4")
    with ExitStack() as stack:
        source = image(tmp_path / "disk.ext4", 8 << 20, "mkfs.ext4", "-q", "-F")
        yield Disk(stack.enter_context(mounted(tmp_path / "disk", "-o", "loop", source)), stack)


def fill(folder: Path) -> None:
    """Leave not a byte free."""
    with (folder / "ballast").open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def use_up_the_inodes(folder: Path) -> None:
    """Leave no room for one more file."""
    (folder / "many").mkdir()
    try:
        for number in range(100_000):
            (folder / "many" / str(number)).touch()
    except OSError:
        return


def refused(bench: Bench, code: str, command: Sequence[str] = ARRTHEAUDIO) -> str:
    """Assert that `apply` fails by this name and leaves everything as it was; return the message."""
    line = [*command, "apply", str(bench.file)]
    done = subprocess.run(line, env=bench.environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
    record = told(done)
    assert (done.returncode, record["error"]["code"]) == (1, code), record
    assert bench.file.read_bytes() == bench.old
    assert bench.open_entries() == []
    message: str = record["error"]["message"]
    return message


@pytest.mark.parametrize("sample", ["three-audio.ffmpeg.mkv", "moov-at-end.mp4"])
@pytest.mark.parametrize("use_up", [fill, use_up_the_inodes])
def test_the_journal_is_on_a_full_disk(tmp_path: Path, disk: Disk, sample: str, use_up: Any) -> None:
    bench = Bench(tmp_path, sample)
    bench.journal = disk.root / "journal"
    bench.edit("apply")
    bench.file.write_bytes(bench.old)
    use_up(disk.root)
    assert str(bench.journal) in refused(bench, "no_space")
    subprocess.run(["rm", "-r", disk.root / ("ballast" if use_up is fill else "many")], check=True)
    bench.mend()


def test_the_journal_cannot_be_made_on_a_full_disk(tmp_path: Path) -> None:
    """The folders go half made, and are made whole when there is room again."""
    need_mounts()
    bench = Bench(tmp_path, "three-audio.ffmpeg.mkv")
    for inodes in (1, 2, 3, 4):
        with mounted(tmp_path / "tiny", "-t", "tmpfs", "-o", f"nr_inodes={inodes}", "tmpfs") as tiny:
            bench.journal = tiny / "journal"
            refused(bench, "no_space")
            subprocess.run(["mount", "-o", "remount,nr_inodes=100", tiny], check=True, timeout=PATIENCE)
            bench.mend()


@pytest.mark.parametrize("sample", SAMPLES)
def test_media_on_a_full_disk_is_edited(tmp_path: Path, disk: Disk, sample: str) -> None:
    """An edit in place needs no space where the file is."""
    bench = Bench(disk.root / "media", sample)
    bench.journal = tmp_path / "journal"
    fill(disk.root)
    bench.edit("apply")
    assert bench.file.read_bytes() == bench.new


def test_media_on_a_read_only_mount(tmp_path: Path, disk: Disk) -> None:
    bench = Bench(disk.root / "media", "three-audio.ffmpeg.mkv")
    bench.journal = tmp_path / "journal"
    bound = disk.stack.enter_context(mounted(tmp_path / "bound", "--bind", disk.root))
    subprocess.run(["mount", "-o", "remount,ro,bind", bound], check=True, timeout=PATIENCE)
    bench.file = bound / "media" / "three-audio.ffmpeg.mkv"
    refused(bench, "read_only")


def test_the_journal_on_a_read_only_mount(tmp_path: Path, disk: Disk) -> None:
    bench = Bench(tmp_path, "three-audio.ffmpeg.mkv")
    subprocess.run(["mount", "-o", "remount,ro", disk.root], check=True, timeout=PATIENCE)
    bench.journal = disk.root / "journal"
    assert str(bench.journal) in refused(bench, "read_only")


@pytest.mark.parametrize("attribute", ["i", "a"])
def test_an_immutable_or_append_only_file(disk: Disk, attribute: str) -> None:
    need_programs("chattr")
    bench = Bench(disk.root / "media", "three-audio.ffmpeg.mkv")
    subprocess.run(["chattr", f"+{attribute}", bench.file], check=True)
    try:
        refused(bench, "read_only")
    finally:
        subprocess.run(["chattr", f"-{attribute}", bench.file], check=True)
    bench.mend()


@pytest.mark.parametrize("mode", [0o444, 0o000], ids=["may be read", "may not be read"])
def test_a_file_of_somebody_else(tmp_path: Path, mode: int) -> None:
    need_programs("setpriv")
    bench = Bench(tmp_path, "three-audio.ffmpeg.mkv")
    bench.file.chmod(mode)
    line = [*without_privilege(ARRTHEAUDIO), "apply", str(bench.file)]
    done = subprocess.run(line, env=bench.environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
    bench.file.chmod(0o644)
    assert (done.returncode, told(done)["error"]["code"]) == (1, "permission_denied")
    assert bench.file.read_bytes() == bench.old
    assert bench.open_entries() == []


def test_a_journal_of_somebody_else(tmp_path: Path) -> None:
    need_programs("setpriv")
    bench = Bench(tmp_path, "three-audio.ffmpeg.mkv")
    bench.journal.mkdir()
    bench.journal.chmod(0o500)
    assert str(bench.journal) in refused(bench, "permission_denied", without_privilege(ARRTHEAUDIO))
