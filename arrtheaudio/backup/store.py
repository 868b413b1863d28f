"""Where a backup goes to, and comes from: a file, or a pipe."""

import contextlib
import fcntl
import io
import os
import stat
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from arrtheaudio import output
from arrtheaudio.backup.archive import Unfit, Writer
from arrtheaudio.backup.snapshot import Incomplete, write
from arrtheaudio.backup.stage import private
from arrtheaudio.errors import UsageError
from arrtheaudio.journal import sync_folder

if TYPE_CHECKING:
    from arrtheaudio.config import Config


class _Output(io.RawIOBase):
    """Standard output, whose every failure has a name."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        output.put(bytes(data))
        return len(data)


def to_output(config: "Config") -> dict[str, int]:
    """Write a backup to standard output; return how many members it has of each kind."""
    if output.is_terminal(output.STDOUT):
        raise UsageError("a backup is nothing for a terminal; name a FILE, or a pipe.")
    return _write(config, _Output())  # type: ignore[arg-type]  # write() is all that is asked of it


def to_file(config: "Config", path: str) -> dict[str, int]:
    """Write a backup into a file, which is there whole and on disk, or not at all; return as `to_output` does.

    A symbolic link stays: the file that it leads to is replaced. UsageError for what is no regular file.
    """
    try:
        target = _target(path)
        with _draft(target) as (file, name):
            counts = _write(config, file)
            file.flush()
            os.fsync(file.fileno())
            os.rename(name, target)
        sync_folder(os.path.dirname(target))
    except OSError as error:
        raise Incomplete(f"{path}: {(error.strerror or str(error)).lower()}") from None
    return counts


_KINDS = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def _target(path: str) -> str:
    """Return the path of the file itself."""
    if not path or path.endswith("/"):
        raise UsageError(f"{path or 'an empty name'}: a backup is a file; name one in the folder.")
    target = os.path.realpath(path)
    try:
        # Asked of the path: what leads to a pipe, as /dev/stdout may, has no real path.
        kind = stat.S_IFMT(os.stat(path).st_mode)
    except FileNotFoundError:
        return target
    if kind == stat.S_IFDIR:
        raise UsageError(f"{path}: is a folder; a backup is a file; name one in it.")
    if kind != stat.S_IFREG:
        what = _KINDS.get(kind, "no regular file")
        raise UsageError(f"{path}: is {what}, and would be replaced; to write into it, say `-` and > {path} instead.")
    return target


@contextlib.contextmanager
def _draft(target: str) -> Iterator[tuple[IO[bytes], str]]:
    """Make a file beside the target, whose name is gone at the end; one that a killed backup left is removed."""
    folder, name = os.path.split(target)
    path = f"{folder}/.{name}.part"
    while (file := _made(path)) is None:
        pass
    try:
        with file:
            yield file, path
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _made(path: str) -> IO[bytes] | None:
    """Make a file, and lock it; None where somebody else was there in the meantime."""
    try:
        file = open(path, "xb", opener=private)  # noqa: SIM115  # see _draft
    except FileExistsError:
        _sweep(path)
        return None
    if _lock(file) and _is_at(file, path):
        return file
    file.close()
    return None


def _sweep(path: str) -> None:
    """Remove what a backup left that was killed: nobody holds its lock."""
    try:
        file = open(path, "rb", opener=_unfollowed)  # noqa: SIM115
    except FileNotFoundError:
        return
    with file:
        if not _lock(file):
            raise UsageError(f"{path}: another backup is being written there.")
        if _is_at(file, path):
            os.unlink(path)


def _unfollowed(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(file: IO[bytes], path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.lstat(path))
    except FileNotFoundError:
        return False


def _write(config: "Config", file: IO[bytes]) -> dict[str, int]:
    writer = Writer(file)
    write(config, writer)
    return dict(writer.counts)


@contextlib.contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """Open a backup; `-` is standard input. Unfit, when it is raised in there, gets the name of the file."""
    try:
        with _input(path) as file:
            yield file
    except Unfit as error:
        raise Unfit(f"{'standard input' if path == '-' else path}: {error}") from None


@contextlib.contextmanager
def _input(path: str) -> Iterator[IO[bytes]]:
    if path == "-":
        with open(0, "rb", closefd=False) as file:  # sys.stdin is None where it was closed
            yield file
        return
    try:
        file = open(path, "rb")  # noqa: SIM115  # what goes wrong later is not for this handler
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}.") from None
    with file:
        yield file
