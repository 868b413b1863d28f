"""The power fails at any moment: after the file system's own repair and `admin recover`, each file is old or new.

A disk is an image on a file system that can clone; a cut is a clone of it, taken while files are edited. What was not
yet on the disk is not in the clone. ARRTHEAUDIO_CUTS says how many cuts there are.
"""

import itertools
import json
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from rig import ARRTHEAUDIO, PATIENCE, SAMPLES, Bench, Content, content, image, mounted, need_mounts

CUTS = int(os.environ.get("ARRTHEAUDIO_CUTS", "10"))
COPIES = 40  # of each sample
_XFS_SIZE, _DISK_SIZE = 1 << 30, 96 << 20
# ext4 has a heuristic that saves programs which truncate and rewrite (ext4(5), auto_da_alloc); others have none.
_OPTIONS = "loop,commit=1,noauto_da_alloc"
_MKFS_EXT4 = ("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0")


class Disk:
    """A mounted disk, whose contents at any moment can be looked at later."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        """Make it, and a file system under it that can clone."""
        pool = image(folder / "pool.xfs", _XFS_SIZE, "mkfs.xfs", "-q", "-m", "reflink=1")
        self.pool = stack.enter_context(mounted(folder / "pool", "-o", "loop", pool))
        self.image = image(self.pool / "disk.ext4", _DISK_SIZE, *_MKFS_EXT4)
        self.root = folder / "disk"
        self._mount = ExitStack()
        stack.enter_context(self._mount)
        self.insert(self.image)

    def insert(self, disk: Path) -> None:
        """Mount another disk in this one's place."""
        self._mount.close()
        self._mount.enter_context(mounted(self.root, "-o", _OPTIONS, disk))

    def cut(self, name: str) -> Path:
        """Return what would be on the disk if the power failed now."""
        copy = self.pool / name
        subprocess.run(["cp", "--reflink=always", self.image, copy], check=True, timeout=PATIENCE)
        return copy


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A disk in memory."""
    need_mounts("mkfs.xfs", "mkfs.ext4")
    memory = "/dev/shm" if shutil.disk_usage("/dev/shm").free > 2 * _XFS_SIZE else None
    with tempfile.TemporaryDirectory(dir=memory) as folder, ExitStack() as stack:
        yield Disk(Path(folder), stack)


class Library:
    """Copies of the samples on a disk; `contents` says what each may hold."""

    def __init__(self, root: Path) -> None:
        """Put them there, and make sure that they are on the disk."""
        (root / "media").mkdir()
        self.root = root
        self.contents = {
            root / "media" / f"{number}-{name}": content(name) for name in SAMPLES for number in range(COPIES)
        }
        for path, either in self.contents.items():
            path.write_bytes(either.old)
        subprocess.run(["sync", "--file-system", root], check=True, timeout=PATIENCE)

    def torn(self) -> list[str]:
        """Return the names of the files that are neither old nor new."""
        return [path.name for path, either in self.contents.items() if path.read_bytes() not in either]


class Load(threading.Thread):
    """Edits all files of a library, and takes the edits back, over and over.

    `settled` names what the file system has promised to keep: the files whose edit of this round was reported done,
    all of them old or all of them new.
    """

    def __init__(self, library: Library) -> None:
        """Start nothing yet."""
        super().__init__()
        self.library = library
        self.rounds = 0
        self.edits = 0
        self.failure: BaseException | None = None
        self._lock = threading.Lock()
        self._settled: set[Path] = set()
        self._stopping = threading.Event()
        self._bench = Bench(library.root / "bench", "none", Content(b"", b""))

    def run(self) -> None:
        """Go on until stopped."""
        paths = b"".join(os.fsencode(path) + b"\n" for path in self.library.contents)
        try:
            while not self._stopping.is_set():
                self._round("undo", self._round("apply", paths))
        except BaseException as error:
            self.failure = error

    def _round(self, command: str, lines: bytes) -> bytes:
        with self._lock:
            self.rounds += 1
            self._settled = set()
        answers = []
        with tempfile.TemporaryFile() as source:
            source.write(lines)
            source.seek(0)
            process = subprocess.Popen(
                (*ARRTHEAUDIO, command), env=self._bench.environ, stdin=source, stdout=subprocess.PIPE
            )
            with process:
                assert process.stdout is not None
                for line in process.stdout:
                    answers.append(line)
                    assert json.loads(line)[command]["status"] in ("changed", "undone"), line
                    self._settle(Path(json.loads(line)["path"]))
        assert process.returncode == 0
        return b"".join(answers)

    def _settle(self, path: Path) -> None:
        with self._lock:
            self._settled.add(path)
            self.edits += 1

    def stop(self) -> None:
        """Let the round end, and be done."""
        self._stopping.set()
        self.join(PATIENCE)
        if self.failure is not None:
            raise self.failure

    def settled(self) -> tuple[int, bool, set[Path]]:
        """Return the round, whether it makes files new, and those it has done."""
        with self._lock:
            return self.rounds, self.rounds % 2 == 1, set(self._settled)

    def recover(self) -> list[str]:
        """Clean up after a cut, as an administrator would; return what was done about each interrupted edit."""
        done = self._bench.run("admin", "recover")
        assert done.returncode == 0, done.stdout + done.stderr
        assert self._bench.open_entries() == []
        return [line.rpartition(": ")[2] for line in done.stdout.decode().splitlines()]


class Careless(threading.Thread):
    """An editor that writes the file anew, without a journal and without asking for it to be on the disk."""

    def __init__(self, library: Library) -> None:
        """Start nothing yet."""
        super().__init__()
        self._library = library
        self._stopping = threading.Event()

    def run(self) -> None:
        """Go on until stopped."""
        for at in itertools.cycle((1, 0)):
            for path, either in self._library.contents.items():
                if self._stopping.is_set():
                    return
                path.write_bytes(either[at])
                time.sleep(0.001)

    def stop(self) -> None:
        """Be done."""
        self._stopping.set()
        self.join(PATIENCE)


class Neighbour(threading.Thread):
    """Another program on the same disk that keeps the file system's own journal busy."""

    def __init__(self, root: Path) -> None:
        """Start nothing yet."""
        super().__init__()
        self._path = root / "neighbour"
        self._stopping = threading.Event()

    def run(self) -> None:
        """Go on until stopped."""
        with self._path.open("wb", buffering=0) as file:
            while not self._stopping.wait(0.005):
                file.write(b"x" * 5000)
                os.fsync(file.fileno())
                if file.tell() > 1 << 20:
                    file.truncate(0)
                    file.seek(0)

    def stop(self) -> None:
        """Be done."""
        self._stopping.set()
        self.join(PATIENCE)


def cuts(disk: Disk, work: Load | Careless, number: int) -> Iterator[tuple[set[Path], bool]]:
    """Cut the power `number` times during `work`; then put in each disk in turn.

    Yields the files whose edit was reported done before the cut, and whether those must be the new ones.
    """
    taken = []
    neighbour = Neighbour(disk.root)
    for thread in (neighbour, work):
        thread.start()
    try:
        for at in range(number):
            time.sleep(random.uniform(0.05, 0.3))
            before = work.settled() if isinstance(work, Load) else (0, False, set())
            copy = disk.cut(f"cut-{at}.ext4")
            same_round = isinstance(work, Load) and work.settled()[0] == before[0]
            taken.append((copy, before[2] if same_round else set(), before[1]))
    finally:
        work.stop()
        neighbour.stop()
    for copy, settled, new in taken:
        disk.insert(copy)
        yield settled, new
        disk.insert(disk.image)
        copy.unlink()


@pytest.mark.timeout(60 + 5 * CUTS)
def test_a_power_cut_leaves_each_file_old_or_new(disk: Disk, record_property: Any) -> None:
    library = Library(disk.root)
    load = Load(library)
    outcomes: Counter[str] = Counter()
    kept = 0
    for settled, new in cuts(disk, load, CUTS):
        outcomes.update(load.recover())
        assert library.torn() == []
        lost = [path.name for path in settled if path.read_bytes() != library.contents[path][new]]
        assert lost == []
        kept += len(settled)
    assert kept, "no cut came after an edit was reported done: nothing was shown"
    seen = {"cuts": CUTS, "edits": load.edits, "interrupted": dict(outcomes), "kept": kept}
    record_property("seen", seen)
    print(seen)


def test_without_a_journal_a_power_cut_tears_files(disk: Disk) -> None:
    """The cut is real: an editor that does not take care loses files to it."""
    library = Library(disk.root)
    torn = [library.torn() for _ in cuts(disk, Careless(library), 5)]
    print(f"torn: {[len(names) for names in torn]}")
    assert any(torn)
