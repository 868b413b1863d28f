"""`--since STATE`: what is new or changed, and nothing forgotten, however a run ends."""

import os
import random
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shell import ARRTHEAUDIO, Result, Shell, film

NAMES = [f"{number:02}.mkv" for number in range(5)]
# A tenth of a large library, which takes twelve seconds.
KNOWN = int(os.environ.get("ARRTHEAUDIO_TEST_KNOWN_FILES", "100000"))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A home of its own, and five films in the folder `media` of its working folder."""
    shell = Shell(tmp_path)
    for name in NAMES:
        shell.film(f"media/{name}")
    return shell


@pytest.fixture
def media(shell: Shell) -> Path:
    """The folder of the films."""
    return shell.cwd / "media"


def scan(shell: Shell, *more: Any) -> Result:
    """Scan the films with the state file `state`."""
    return shell.run("scan", "--since", "state", *more, "media").quiet()


def names(result: Result) -> list[str]:
    """Return the names of the files that were listed."""
    return [os.path.basename(record["path"]) for record in result.records]


def test_the_first_run_lists_all_and_the_next_nothing(shell: Shell) -> None:
    assert names(scan(shell)) == NAMES
    assert names(scan(shell)) == []
    assert names(scan(shell)) == []


def grow(path: Path) -> None:
    """Change the size alone."""
    times = path.stat()
    path.write_bytes(path.read_bytes() + b"\0")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def touch(path: Path) -> None:
    """Change the mtime alone, by as little as there is."""
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def replace(path: Path) -> None:
    """Change the inode alone, as an upgrade that keeps the date does."""
    times = path.stat()
    new = path.with_suffix(".new")
    new.write_bytes(path.read_bytes())
    os.utime(new, ns=(times.st_atime_ns, times.st_mtime_ns))
    new.rename(path)


def rename(path: Path) -> None:
    """Give it another name."""
    path.rename(path.with_name("02 again.mkv"))


@pytest.mark.parametrize("change", [grow, touch, replace])
def test_what_changed_is_listed_once(shell: Shell, media: Path, change: Callable[[Path], None]) -> None:
    scan(shell)
    change(media / "02.mkv")
    assert names(scan(shell)) == ["02.mkv"]
    assert names(scan(shell)) == []


def test_another_name_is_another_file(shell: Shell, media: Path) -> None:
    scan(shell)
    rename(media / "02.mkv")
    assert names(scan(shell)) == ["02 again.mkv"]


@pytest.mark.parametrize("change", [os.utime, lambda path: path.chmod(0o600)], ids=["atime", "mode"])
def test_what_does_not_count_as_changed(shell: Shell, media: Path, change: Callable[[Path], None]) -> None:
    scan(shell)
    before = (media / "02.mkv").stat().st_mtime_ns
    change(media / "02.mkv")
    os.utime(media / "02.mkv", ns=(1, before))
    assert names(scan(shell)) == []


def test_a_name_that_is_not_utf8(shell: Shell) -> None:
    shell.film(b"media/\xff.mkv")
    assert len(names(scan(shell))) == 6
    assert names(scan(shell)) == []
    shell.film(b"media/\xfe.mkv")  # shown alike, and another
    assert len(names(scan(shell))) == 1


def test_what_an_option_left_out_is_not_known(shell: Shell) -> None:
    assert names(scan(shell, "--pattern", "00*")) == ["00.mkv"]
    assert names(scan(shell)) == NAMES[1:]


# However a run ends


@pytest.fixture
def many(media: Path) -> int:
    """More films than a pipe holds records of; the number of all."""
    for number in range(3000):
        (media / f"more {number:04}.mkv").touch()
    return 3000 + len(NAMES)


@pytest.mark.parametrize("command", ["scan", "process -n -j4", "process -n -j1"])
def test_a_reader_that_goes_is_no_whole_run(shell: Shell, many: int, command: str) -> None:
    script = f"$ATA {command} --since state media | head -1; exit ${{PIPESTATUS[0]}}"
    assert shell.sh(script).quiet().status == 141
    assert len(names(scan(shell))) == many


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
@pytest.mark.parametrize("records", [1, 700, 2100])
def test_a_run_that_is_stopped_is_no_whole_run(shell: Shell, many: int, number: signal.Signals, records: int) -> None:
    process = shell.start("scan", "--since", "state", "media", stdin=subprocess.DEVNULL, bufsize=-1)
    assert process.stdout
    for _ in range(records):
        process.stdout.readline()
    process.send_signal(number)
    # What it has in hand waits for its reader; it must end all the same.
    with process.stdout, process.stderr or process.stdout:
        process.stdout.read()
        assert process.wait(20) in (128 + number, -number)
    assert len(names(scan(shell))) == many


def test_a_kill_at_any_moment_repeats_rather_than_forgets(shell: Shell, many: int) -> None:
    """Each name is listed by a run that ends, at the latest by the one after the kill."""
    begun = time.monotonic()
    scan(shell)
    whole = time.monotonic() - begun
    (shell.cwd / "state").unlink()
    chance = random.Random()
    for _ in range(6):
        process = shell.start("scan", "--since", "state", "media", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, whole))
        process.kill()
        _, err = process.communicate()
        assert err == b""
    listed = scan(shell)
    # A kill that came after the end of the run finds all known; anything between would be a loss.
    assert len(names(listed)) in (many, 0)
    assert names(scan(shell)) == []


def process_files(shell: Shell, *more: Any) -> Result:
    """Process the films, for Japanese, with the state file `state`."""
    shell.environ |= {"ARRTHEAUDIO_LANGUAGE_PRIORITY": "jpn", "ARRTHEAUDIO_PREFER_ORIGINAL": "false"}
    return shell.run("process", "--since", "state", *more, "media").quiet()


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_what_failed_comes_again_and_what_was_changed_does_not(shell: Shell, media: Path, jobs: str) -> None:
    (media / "02.mkv").write_bytes(b"no media\n")
    first = process_files(shell, "--jobs", jobs)
    assert first.status == 1
    assert first.codes == [None, None, "not_media", None, None]
    assert [record["apply"]["status"] for record in first.records if "apply" in record] == ["changed"] * 4
    assert process_files(shell).codes == ["not_media"]
    (media / "02.mkv").write_bytes(film())
    mended = process_files(shell)
    assert (mended.status, mended.record["apply"]["status"]) == (0, "changed")
    assert process_files(shell).records == []


def test_two_at_once(shell: Shell, many: int) -> None:
    first = shell.start("scan", "--since", "state", "media", stdin=subprocess.DEVNULL, bufsize=-1)
    assert first.stdout
    first.stdout.readline()
    second = scan(shell)
    assert second.status == 2
    assert second.out == b""
    assert second.err.strip() == "arrtheaudio: state: another scan uses it"
    first.kill()
    first.communicate()
    assert len(names(scan(shell))) == many


# State files that cannot be


def other_file(path: Path) -> None:
    """Some other file."""
    path.write_bytes(b"a list of what to buy\n" * 100)


def other_database(path: Path) -> None:
    """Somebody else's database."""
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE known (name TEXT)")
    database.close()


def newer(path: Path) -> None:
    """A state file of a version to come."""
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=99")
        database.execute("CREATE TABLE files (name TEXT)")
    database.close()


def text(path: Path) -> None:
    """A short text, shorter than any database."""
    path.write_bytes(b"hello")


def folder(path: Path) -> None:
    """A folder."""
    path.mkdir()


@pytest.mark.parametrize("make", [other_file, other_database, newer, text, folder])
def test_a_file_that_is_no_state_is_kept_and_one_line(shell: Shell, make: Callable[[Path], None]) -> None:
    state = shell.cwd / "state"
    make(state)
    before = state.read_bytes() if state.is_file() else None
    result = scan(shell)
    assert result.status == 2, result
    assert result.out == b""
    assert result.err.count("\n") == 1, result.err
    assert result.err.startswith("arrtheaudio: state: ")
    assert (state.read_bytes() if state.is_file() else None) == before
    assert set(os.listdir(shell.cwd)) == {"media", "state"}, "no journal of a database is left"


@pytest.mark.parametrize("path", ["missing/state", "media/00.mkv/state"])
def test_a_state_that_cannot_be_made(shell: Shell, path: str) -> None:
    result = shell.run("scan", "--since", path, "media").quiet()
    assert (result.status, result.out, result.err.count("\n")) == (2, b"", 1)
    assert path in result.err


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 KiB."""
    if os.getuid():
        pytest.skip("needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_keeps_what_was_known(shell: Shell, media: Path, full: Path) -> None:
    state = full / "state"
    assert len(shell.run("scan", "--since", state, "media").records) == 5
    for number in range(5000):
        (media / f"{'long name ' * 9}{number:04}.mkv").touch()
    result = shell.run("scan", "--since", state, "media").quiet()
    assert result.status == 1
    assert result.err.count("\n") == 1
    assert "full" in result.err
    for path in media.glob("long*"):
        path.unlink()
    assert shell.run("scan", "--since", state, "media").records == []


# Many


def test_a_large_library_costs_one_walk_and_little_memory(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    real = KNOWN // 10
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as root:
        for number in range(real):
            if number % 1000 == 0:
                os.mkdir(os.path.join(root, f"{number // 1000:03}"))
            path = os.path.join(root, f"{number // 1000:03}", f"{number:07}.mkv")
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        state = os.path.join(root, "state")
        first, first_seconds, _ = measured(shell, "scan", "--since", state, root)
        assert first == real
        with sqlite3.connect(state) as database:
            rows = (
                (f"/gone/{number // 1000:06}/A Film (2001) {number:09}.mkv".encode(), 1, 2, 3)
                for number in range(KNOWN)
            )
            database.executemany("INSERT INTO known VALUES (?, ?, ?, ?)", rows)
        database.close()
        plain, plain_seconds, _ = measured(shell, "scan", root)
        again, seconds, peak = measured(shell, "scan", "--since", state, root)
        size = os.path.getsize(state)
    with capsys.disabled():
        print(
            f"\n--since: {KNOWN + real:,} known ({size / 1e6:.0f} MB), {real:,} there: first {first_seconds:.1f} s,"
            f" plain {plain_seconds:.1f} s, nothing new {seconds:.1f} s, peak {peak / 1e6:.0f} MB"
        )
    assert (plain, again) == (real, 0)
    assert peak < 200e6
    assert seconds < 3 * plain_seconds + 1


def measured(shell: Shell, *command: str) -> tuple[int, float, int]:
    """Return the number of records, the seconds and the peak of memory, in bytes, of a command."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            [*ARRTHEAUDIO, *command], stdin=subprocess.DEVNULL, stdout=out, env=shell.environ, cwd=shell.cwd
        )
        # Not ru_maxrss: that begins with what this process had when it forked.
        peak = 0
        while process.poll() is None:
            peak = max(peak, _peak(process.pid))
            time.sleep(0.01)
        seconds = time.monotonic() - begun
        assert process.returncode == 0
        out.seek(0)
        return sum(1 for _ in out), seconds, peak


def _peak(pid: int) -> int:
    """Return the most memory that a process has had so far, in bytes; 0 when it has ended."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
