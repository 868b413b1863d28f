"""Where a backup goes to, and comes from: a file, or a pipe."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from arrtheaudio import output
from arrtheaudio.backup.archive import Writer
from arrtheaudio.backup.snapshot import Incomplete, write
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
    """Write a backup into a file, which is there whole and on disk, or not at all; return as `to_output` does."""
    draft = f"{path}.{os.getpid()}.part"
    try:
        with open(draft, "xb", opener=lambda name, flags: os.open(name, flags | os.O_CLOEXEC, 0o600)) as file:
            counts = _write(config, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(draft, path)
        sync_folder(os.path.dirname(path) or ".")
    except OSError as error:
        raise Incomplete(f"{path}: {(error.strerror or str(error)).lower()}") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)
    return counts


def _write(config: "Config", file: IO[bytes]) -> dict[str, int]:
    writer = Writer(file)
    write(config, writer)
    return dict(writer.counts)


@contextlib.contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """Open a backup; `-` is standard input."""
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        file = open(path, "rb")  # noqa: SIM115  # what goes wrong later is not for this handler
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}.") from None
    with file:
        yield file
