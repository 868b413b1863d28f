"""What the crash tests stand on: a bench with one file, system calls that kill or fail, file systems of their own."""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, NoReturn

import pytest
import samples as sampling

ARRTHEAUDIO = (sys.executable, "-m", "arrtheaudio")
_JOBS = 2  # from two on, files are edited in threads of their own
PATIENCE = 60  # seconds that a program may take before the test fails
_CONFIG = "language_priority: [jpn, eng]\nprefer_original: false\n"
# System calls by strace's names: on other machines they are called renameat2, mkdirat, unlinkat.
OPEN, MKDIR, RENAME, UNLINK = "/^open", "/^mkdir", "/^rename", "/^unlink"
# What a copy that takes a file's place is made with.
REPLACING = (OPEN, MKDIR, "write", "/^sendfile", "pwrite64", "fsync", RENAME, "fdatasync", "utimensat")


def needs(what: str) -> NoReturn:
    """Skip for want of something."""
    pytest.skip(f"needs {what}")


def need_programs(*programs: str) -> None:
    """Skip where a program is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            needs(program)


SAMPLES = (
    "three-audio.ffmpeg.mkv",  # Tracks with a CRC-32
    "three-audio.mkvmerge.mkv",  # a Void behind Tracks
    "edited.mkvmerge.mkv",  # an edit is single bytes
    "moov-at-end.mp4",
    "fragmented.mp4",
)


class Content(NamedTuple):
    """The bytes of a file before and after `apply`."""

    old: bytes
    new: bytes


@functools.cache
def content(name: str) -> Content:
    """Return a sample's bytes, as `apply` finds and leaves them."""
    if sampling.missing():
        needs(", ".join(sampling.missing()))
    old = (sampling.folder() / name).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), name, Content(old, old))
        bench.edit("apply")
        new = bench.file.read_bytes()
    assert len(new) == len(old)
    assert new != old
    return Content(old, new)


# One file on a bench


class Bench:
    """A folder with one file, a journal, and a configuration that wants Japanese.

    `old` and `new` are the bytes of the file before and after `apply`.
    """

    def __init__(self, folder: Path, name: str, bytes_of: Content | None = None) -> None:
        """Put the file there, as it is before the edit."""
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / name
        self.journal = folder / "journal"
        self.config = folder / "config.yaml"
        self.config.write_text(_CONFIG)
        self.old, self.new = bytes_of or content(name)
        self._tried: set[tuple[object, ...]] = set()
        self.file.write_bytes(self.old)

    def reset(self, command: str = "apply") -> None:
        """Make everything as it was, ready for `command`: with an empty journal, or with an edit to take back."""
        shutil.rmtree(self.journal, ignore_errors=True)
        self.file.write_bytes(self.old)
        if command == "undo":
            self.edit("apply")

    def several_names(self) -> Path:
        """Make everything as it was, with a second name for the file, which a copy is to leave alone; return it."""
        self.reset()
        self.config.write_text(_CONFIG + "processing: {hardlinks: copy}\n")
        other = self.folder / "seeding"
        for path in (other, self.file):
            path.unlink(missing_ok=True)
        other.write_bytes(self.old)
        os.link(other, self.file)
        return other

    @property
    def environ(self) -> dict[str, str]:
        """The environment of every call: nothing of the user's own counts."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ARRTHEAUDIO_", "XDG_"))}
        return kept | {
            "HOME": str(self.folder),
            "ARRTHEAUDIO_CONFIG": str(self.config),
            "ARRTHEAUDIO_JOURNAL_PATH": str(self.journal),
        }

    def run(self, *arguments: str, stdout: int | IO[bytes] = subprocess.PIPE) -> "subprocess.CompletedProcess[bytes]":
        """Run the toolkit to its end."""
        return subprocess.run(
            (*ARRTHEAUDIO, *arguments),
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
        )

    def edit(self, command: str) -> None:
        """Run `apply` or `undo` on the file; it must succeed."""
        done = self.run(command, str(self.file))
        assert done.returncode == 0, (done.stdout, done.stderr)

    def open_entries(self) -> list[str]:
        """Return the names of the edits that are begun and not finished."""
        return _names(self.journal / "open")

    def finished_entries(self) -> list[str]:
        """Return the names of the edits that took place."""
        return _names(self.journal / "done")

    def whole(self) -> bool:
        """Say whether the file is the old or the new one, bit for bit."""
        return self.file.read_bytes() in (self.old, self.new)

    def mend(self) -> None:
        """Recover, then assert that nothing was lost: the file is whole, can be edited, and the edit taken back."""
        done = self.run("admin", "recover")
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert self.whole()
        assert self.open_entries() == []
        # What follows depends on the file and the journal alone: each such state need be tried once.
        state = (self.file.read_bytes(), *_names(self.journal), len(self.finished_entries()))
        if state not in self._tried:
            self._go_on()
            self._tried.add(state)

    def _go_on(self) -> None:
        self.edit("apply")
        assert self.file.read_bytes() == self.new
        self.edit("undo")
        assert self.file.read_bytes() == self.old
        assert self.open_entries() == []


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


# System calls that kill or fail


class Outcome(NamedTuple):
    """How a run under strace ended; `calls` are strace's lines, `hit` says whether one of them was tampered with."""

    status: int
    stdout: bytes
    stderr: bytes
    calls: list[str]
    hit: bool


def strace(*options: str, log: Path) -> list[str]:
    """Return the start of a command line that runs under strace, or skip."""
    need_programs("strace")
    return ["strace", "-qq", "-s", "0", "-o", str(log), *options]


def injected(bench: Bench, command: str, *options: str, thread: str = "worker") -> Outcome:
    """Run `apply` or `undo` on the file, with strace's `options` on its thread, from the first touch on.

    The command is started without a file and waits for its input; then strace takes hold of the thread, so that
    its counts start there, then the file's name is sent.
    """
    log = bench.folder / "strace.log"
    with subprocess.Popen(
        (*ARRTHEAUDIO, command, "--jobs", str(_JOBS)),
        env=bench.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            found = _threads(process)[thread]
            attach = ("-p", ",".join(map(str, found)))
            with subprocess.Popen([*strace(*options, log=log), *attach], stderr=subprocess.PIPE) as tracer:
                _await_tracer(process.pid, found, tracer)
                stdout, stderr = process.communicate(os.fsencode(bench.file) + b"\n", PATIENCE)
                tracer.communicate(timeout=PATIENCE)
        except BaseException:
            process.kill()
            raise
    text = log.read_text()
    lines = [line.lstrip("0123456789 ") for line in text.splitlines()]
    # A call that another thread's interrupts has a second line, `<... write resumed>`.
    calls = [line for line in lines if not line.startswith("<...")]
    return Outcome(process.returncode, stdout, stderr, calls, "(INJECTED)" in text)


def _threads(process: "subprocess.Popen[bytes]") -> dict[str, list[int]]:
    """Return the threads that edit, of which one gets the file, and the one that writes the records; all wait."""
    pid, deadline = process.pid, time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        tasks = {int(name) for name in os.listdir(f"/proc/{pid}/task")}
        reading = {task for task in tasks if _waits_for_input(pid, task)}
        if len(reading) == 1 and len(tasks) == 2 + _JOBS:
            return {"main": [pid], "worker": sorted(tasks - reading - {pid})}
        time.sleep(0.002)
    process.kill()
    raise AssertionError(f"the command does not wait for its input: {process.communicate()}")


def _waits_for_input(pid: int, task: int) -> bool:
    # syscall 0 on x86-64, 63 on aarch64; the first argument is the descriptor
    words = Path(f"/proc/{pid}/task/{task}/syscall").read_text().split()
    return words[:2] in (["0", "0x0"], ["63", "0x0"])


def _await_tracer(pid: int, tasks: Sequence[int], tracer: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while any("TracerPid:\t0\n" in Path(f"/proc/{pid}/task/{task}/status").read_text() for task in tasks):
        if tracer.poll() is not None:
            needs(f"ptrace: {tracer.stderr.read().decode() if tracer.stderr else ''}")
        if time.monotonic() > deadline:
            raise TimeoutError("strace does not take hold")
        time.sleep(0.002)


def points(bench: Bench, command: str, call: str, thread: str = "worker") -> list[int]:
    """Return which of the thread's system calls of this kind matter, from 1 on: all, but of opens those that create."""
    calls = injected(bench, command, "-e", f"trace={call}", thread=thread).calls
    return [n for n, line in enumerate(calls, 1) if call != OPEN or "O_CREAT" in line]


# File systems


def need_mounts(*programs: str) -> None:
    """Skip where file systems cannot be made and mounted."""
    if os.geteuid():
        needs("root, to mount")
    need_programs("mount", *programs)


@contextmanager
def mounted(where: Path, *arguments: str | os.PathLike[str]) -> Iterator[Path]:
    """Mount something for a while; `arguments` are those of mount(8) but the last."""
    where.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *arguments, where], capture_output=True, timeout=PATIENCE)
    if done.returncode:
        needs(f"mounts ({done.stderr.decode().strip()})")
    try:
        yield where
    finally:
        if subprocess.run(["umount", where], capture_output=True, timeout=PATIENCE).returncode:
            subprocess.run(["umount", "--lazy", where], check=True, timeout=PATIENCE)


def image(path: Path, size: int, *make: str) -> Path:
    """Make a file of `size` bytes with a file system in it."""
    with path.open("wb") as file:
        file.truncate(size)
    subprocess.run([*make, path], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
    return path


def without_privilege(command: Sequence[str]) -> list[str]:
    """Return a command line that runs as this user, for whom the modes of files count even if it is root."""
    if os.geteuid():
        return list(command)
    dropped = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}", *command]
