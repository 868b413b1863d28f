"""Runs mkvmerge, ffmpeg and ffprobe: without input, each in a process group of its own, ended with all its children.

They get files by descriptor, never by name: a name may start with `-`, look like a URL, or be another file by now. For
the same reason a tool that outlives a killed process of ours writes into a file that has no name any more.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import IO, TYPE_CHECKING

from arrtheaudio.errors import Timeout, ToolFailed, ToolMissing
from arrtheaudio.signals import Signals

if TYPE_CHECKING:
    import subprocess

PACKAGES = {"mkvmerge": "mkvtoolnix", "ffmpeg": "ffmpeg", "ffprobe": "ffmpeg"}
# A tool that says more than this, in bytes, does not say what it was asked.
_MOST = 16 << 20
_PAUSE = 0.1

Hear = Callable[[str], None]
"""Is told each line that a tool prints."""


def find(program: str) -> str:
    """Return the path of a program; ToolMissing, naming the package that has it, where it is not installed."""
    import shutil

    path = shutil.which(program)
    if path is None:
        raise ToolMissing(f"a rewrite needs {program} (package {PACKAGES[program]})")
    return path


def named(descriptor: int) -> str:
    """Return the name under which a tool that was given a descriptor opens it."""
    return f"/dev/fd/{descriptor}"


def check() -> None:
    """Raise where a signal has asked this process to end: a rewrite takes minutes, and can be given up any time."""
    handler = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if isinstance(handler, Signals) and handler.number:
        raise ToolFailed(f"given up: {signal.Signals(handler.number).name} came")


def run(command: Sequence[str], descriptors: Sequence[int], deadline: float, hear: Hear = lambda _: None) -> bytes:
    """Run a tool to its end, and return what it printed on standard output.

    `deadline` is by the monotonic clock, in seconds. ToolFailed with the last line that means something, where its exit
    status is not 0 or a signal asks this process to end; Timeout at the deadline. The tool is gone afterwards.
    """
    import subprocess

    process = subprocess.Popen(
        [find(command[0]), *command[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        pass_fds=descriptors,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        out, errors = _listen(process, deadline, hear)
        status = _ended(process, deadline)
    finally:
        _end(process)
    if status:
        raise ToolFailed(f"{command[0]} {_how(status)}{_last_line(out, errors)}")
    return out


def _listen(process: "subprocess.Popen[bytes]", deadline: float, hear: Hear) -> tuple[bytes, bytes]:
    """Return what the tool prints on standard output and standard error, until it has closed both."""
    import selectors

    assert process.stdout
    assert process.stderr
    said = {process.stdout: bytearray(), process.stderr: bytearray()}
    heard = 0
    with selectors.DefaultSelector() as selector:
        for stream in said:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            _in_time(process, deadline)
            for key, _ in selector.select(_PAUSE):
                if not _more(key.fileobj, said):  # type: ignore[arg-type]  # they are the two streams
                    selector.unregister(key.fileobj)
            heard = _tell(said[process.stdout], heard, hear)
    return bytes(said[process.stdout]), bytes(said[process.stderr])


def _more(stream: IO[bytes], said: dict[IO[bytes], bytearray]) -> bool:
    data = os.read(stream.fileno(), 1 << 16)
    said[stream] += data
    if len(said[stream]) > _MOST:
        raise ToolFailed(f"a tool printed more than {_MOST >> 20} MiB")
    return bool(data)


def _tell(said: bytearray, heard: int, hear: Hear) -> int:
    """Tell the lines that are new, and return up to where they have been told."""
    end = max(said.rfind(b"\n"), said.rfind(b"\r")) + 1
    for line in said[heard:end].splitlines():
        hear(line.decode(errors="replace"))
    return max(heard, end)


def _in_time(process: "subprocess.Popen[bytes]", deadline: float) -> None:
    check()
    if time.monotonic() > deadline:
        raise Timeout(f"{os.path.basename(str(process.args[0]))} did not end in time")  # type: ignore[index]


def _ended(process: "subprocess.Popen[bytes]", deadline: float) -> int:
    """Return the exit status of a tool that has closed its output."""
    while (status := process.poll()) is None:
        _in_time(process, deadline)
        time.sleep(_PAUSE / 10)
    return status


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the tool and its children; what it has written is thrown away, so nothing need be tidied up."""
    import contextlib
    import subprocess

    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):  # it hangs in the kernel, as on a mount that is gone
            process.wait(5)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


def _how(status: int) -> str:
    return f"was ended by signal {-status}" if status < 0 else f"ended with {status}"


def _last_line(out: bytes, errors: bytes) -> str:
    lines = [*_meant(out), *_meant(errors)]
    marked = [line for line in lines if line.startswith("#GUI#")]
    line = (marked or lines or [""])[-1]
    return f": {line.removeprefix('#GUI#error ').removeprefix('#GUI#warning ')[:500]}" if line else ""


def _meant(output: bytes) -> Iterator[str]:
    """Yield the lines for a person: no progress (mkvmerge's `#GUI#progress 7%`, ffmpeg's `fps=25`)."""
    for line in output.decode(errors="replace").splitlines():
        text = line.strip()
        if text.startswith("#GUI#") and not text.startswith(("#GUI#error", "#GUI#warning")):
            continue
        if text and not ("=" in text and " " not in text.partition("=")[0] and text[0].islower()):
            yield text
