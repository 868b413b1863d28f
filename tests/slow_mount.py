"""A folder seen through FUSE: each read takes its time, and what a rule names hangs or fails, as on a bad network.

As a program (`slow_mount.py SOURCE MOUNTPOINT RULES LOG`) it is the file system itself: a daemon in the foreground,
which a test kills to take the mount away.
"""

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest

_PATIENCE = 20.0  # seconds until it must be mounted
# The whole of it is set up once for each mount; each request that waits holds a thread of the daemon.
_THREADS = 80


class Rules(NamedTuple):
    """What is slow or broken. Paths are relative to the source, and stand for all below them; `""` is the root."""

    read_delay: float = 0.0  # seconds that each read takes
    hang_read: tuple[str, ...] = ()  # files whose reads are never answered
    hang_open: tuple[str, ...] = ()  # files that are never opened
    hang_list: tuple[str, ...] = ()  # folders that are never listed
    fail_read: tuple[tuple[str, int], ...] = ()  # files whose reads fail, each with its errno
    fail_open: tuple[tuple[str, int], ...] = ()


class SlowMount:
    """A mount for the length of a `with`; skips the test where FUSE is not to be had."""

    def __init__(self, source: Path, root: Path, rules: Rules) -> None:
        """Mount `source` below `root`, a folder that is not in it."""
        self.folder = root / "mount"
        self.folder.mkdir()
        self._log = root / "requests"
        self._log.touch()
        _need()
        words = (source, self.folder, json.dumps(rules), self._log)
        self._said = root / "said"
        with open(self._said, "wb") as said:
            self._daemon = subprocess.Popen([sys.executable, __file__, *map(str, words)], stderr=said)

    def __enter__(self) -> Self:
        """Wait until it is there."""
        deadline = time.monotonic() + _PATIENCE
        while not os.path.ismount(self.folder):
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                self.vanish()
                pytest.skip(f"needs FUSE: {self._said.read_text(errors='replace').strip() or 'no mount'}")
            time.sleep(0.01)
        return self

    def __exit__(self, *exception: object) -> None:
        """Take it away, whatever hangs in it."""
        self.vanish()
        subprocess.run(["fusermount3", "-u", "-z", self.folder], check=False, capture_output=True)

    def vanish(self) -> None:
        """End the file system as a server that dies does: what waits and what comes gets ENOTCONN."""
        self._daemon.kill()
        self._daemon.wait()

    def signal(self, number: int) -> None:
        """Send the file system a signal: with SIGSTOP, what it was asked is not even taken back by SIGKILL."""
        self._daemon.send_signal(number)

    def requests(self, kind: str) -> Counter[str]:
        """Return how often each path was asked for so far; `kind` is read, open, look or list."""
        pairs = (line.split(" ", 1) for line in self._log.read_text(errors="surrogateescape").splitlines())
        return Counter(path for asked, path in pairs if asked == kind)

    def await_request(self, kind: str, path: str) -> None:
        """Return when a path has been asked for."""
        deadline = time.monotonic() + _PATIENCE
        while not self.requests(kind)[path]:
            assert time.monotonic() < deadline, f"nobody asks for {kind} {path}"
            time.sleep(0.01)


def _need() -> None:
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("needs /dev/fuse")
    if shutil.which("fusermount3") is None:
        pytest.skip("needs fuse3")
    try:
        import mfusepy  # noqa: F401
    except (ImportError, OSError) as error:  # the Python package, or the library that it loads
        pytest.skip(f"needs mfusepy and libfuse: {error}")


def _applies(rules: tuple[str, ...], path: str) -> bool:
    return any(path == rule or path.startswith(f"{rule}/") for rule in rules)


def _fail(rules: tuple[tuple[str, int], ...], path: str) -> None:
    for rule, number in rules:
        if _applies((rule,), path):
            raise OSError(number, os.strerror(number))


class _FileSystem:
    """What mfusepy calls; paths come with a slash before them."""

    use_ns = True

    def __init__(self, source: str, rules: Rules, log: int) -> None:
        self._source = source
        self._rules = rules
        self._log = log

    def getattr(self, path: str, _handle: Any = None) -> dict[str, Any]:
        self._ask("look", path, ())
        info = os.lstat(self._source + path)
        names = ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_ino")
        times = {f"st_{kind}time": getattr(info, f"st_{kind}time_ns") for kind in "amc"}
        return {name: getattr(info, name) for name in names} | times

    def readlink(self, path: str) -> str:
        return os.readlink(self._source + path)

    def readdir(self, path: str, _handle: Any) -> list[str]:
        self._ask("list", path, self._rules.hang_list)
        return [".", "..", *os.listdir(self._source + path)]

    def open(self, path: str, info: Any) -> int:
        self._ask("open", path, self._rules.hang_open)
        _fail(self._rules.fail_open, path[1:])
        info.fh = os.open(self._source + path, info.flags & ~os.O_APPEND)
        info.direct_io = True  # each read of the program is one of ours: the kernel neither keeps nor foresees
        return 0

    def read(self, path: str, size: int, offset: int, info: Any) -> bytes:
        self._ask("read", path, self._rules.hang_read)
        time.sleep(self._rules.read_delay)
        _fail(self._rules.fail_read, path[1:])
        return os.pread(info.fh, size, offset)

    def write(self, _path: str, data: bytes, offset: int, info: Any) -> int:
        return os.pwrite(info.fh, data, offset)

    def fsync(self, _path: str, _data_only: int, info: Any) -> None:
        os.fsync(info.fh)

    def release(self, _path: str, info: Any) -> None:
        os.close(info.fh)

    def _ask(self, kind: str, path: str, hanging: tuple[str, ...]) -> None:
        os.write(self._log, f"{kind} {path[1:]}\n".encode(errors="surrogateescape"))
        if _applies(hanging, path[1:]):
            _hang()


def _hang() -> None:
    """Wait until who asked is killed: as on a hard NFS mount, and unlike most of FUSE, that ends the waiting."""
    import mfusepy

    while not mfusepy._libfuse.fuse_interrupted():
        time.sleep(0.05)
    raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))


def _serve(source: str, mountpoint: str, rules: str, log: str) -> None:
    import mfusepy

    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    parsed = Rules(**{name: _tuples(value) for name, value in zip(Rules._fields, json.loads(rules), strict=True)})
    options = {"foreground": True, "raw_fi": True, "max_threads": _THREADS, "attr_timeout": 0, "entry_timeout": 0}
    mfusepy.FUSE(_FileSystem(source, parsed, descriptor), mountpoint, default_permissions=True, **options)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


if __name__ == "__main__":
    _serve(*sys.argv[1:])
