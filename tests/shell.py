"""The command line as a person calls it: real processes, a home of their own, and a film that needs an edit."""

import functools
import hashlib
import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from matroska_builder import entry, movie, text, tracks, uint

from arrtheaudio.commands import schema
from arrtheaudio.containers import matroska_ids as ids

ARRTHEAUDIO = (sys.executable, "-m", "arrtheaudio")
PATIENCE = 30.0  # seconds before a program that hangs fails its test

_YES, _NO = uint(ids.FLAG_DEFAULT, 1), uint(ids.FLAG_DEFAULT, 0)


def film(title: str = "", *, chosen: int = 1) -> bytes:
    """Return a Matroska file: video, English and Japanese audio; track `chosen` (1 or 2) is the default one."""
    audio = [
        entry(2, 2, "A_AC3", text(ids.LANGUAGE, "eng"), _YES if chosen == 1 else _NO, text(ids.NAME, title or "Main")),
        entry(3, 2, "A_AC3", text(ids.LANGUAGE, "jpn"), _YES if chosen == 2 else _NO),
    ]
    return movie(tracks(entry(1, 1, "V_MPEG4/ISO/AVC", _YES), *audio))


@functools.cache
def validator() -> Draft202012Validator:
    """Return what checks a record against the schema that ships."""
    return Draft202012Validator(json.loads(schema.record_text()))


class Result(NamedTuple):
    """How a program ended."""

    status: int
    out: bytes
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records that it printed; each holds to the schema."""
        records = [json.loads(line) for line in self.out.split(b"\n")[:-1]]
        for record in records:
            validator().validate(record)
        return records

    @property
    def record(self) -> dict[str, Any]:
        """The only record that it printed."""
        (record,) = self.records
        return record

    @property
    def codes(self) -> list[str | None]:
        """The error code of each record, None where it has none."""
        return [record.get("error", {}).get("code") for record in self.records]

    def quiet(self) -> "Result":
        """Assert that nothing of ours broke, and return itself."""
        assert "Traceback" not in self.err, self.err
        assert b'"code":"internal"' not in self.out, self.out
        return self


class Shell:
    """A home folder that is empty, and commands that run in a working folder beside it."""

    def __init__(self, root: Path) -> None:
        """Make both below `root`."""
        self.home = root / "home"
        self.cwd = root / "work"
        for folder in (self.home, self.cwd):
            folder.mkdir(parents=True)
        self.journal = self.home / ".local/state/arrtheaudio/journal"
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("ARRTHEAUDIO_", "XDG_", "TMDB_"))
        }
        self.environ = kept | {"HOME": str(self.home), "XDG_CONFIG_DIRS": str(root / "none"), "LC_ALL": "C.UTF-8"}

    def run(self, *arguments: Any, stdin: bytes | Sequence[Mapping[str, Any]] = b"", **options: Any) -> Result:
        """Run a command to its end; `stdin` is bytes, or records."""
        data = stdin if isinstance(stdin, bytes) else lines(stdin)
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": self.cwd} | options
        if "stdin" not in options and "preexec_fn" not in options:
            options["input"] = data
        done = subprocess.run((*ARRTHEAUDIO, *map(_argument, arguments)), env=self.environ, timeout=PATIENCE, **options)
        return Result(done.returncode, done.stdout or b"", (done.stderr or b"").decode(errors="surrogateescape"))

    def start(self, *arguments: Any, **options: Any) -> "subprocess.Popen[bytes]":
        """Start a command, its three streams in our hands."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
        command = (*ARRTHEAUDIO, *map(_argument, arguments))
        return subprocess.Popen(command, env=self.environ, cwd=self.cwd, **pipes | options)

    def sh(self, script: str, **options: Any) -> Result:
        """Run a line of shell in which `$ATA` is the program."""
        environ = self.environ | {"ATA": " ".join(ARRTHEAUDIO)}
        command = ["bash", "-o", "pipefail", "-c", script]
        options = {"stdin": subprocess.DEVNULL, "capture_output": True} | options
        done = subprocess.run(command, env=environ, cwd=self.cwd, timeout=PATIENCE, **options)
        return Result(done.returncode, done.stdout or b"", (done.stderr or b"").decode(errors="surrogateescape"))

    def on_terminal(self, *arguments: Any, typed: bytes | None = None, stdin: bytes = b"") -> tuple[int, bytes]:
        """Run a command whose output and messages go to a terminal (its input too, where `typed` is given).

        Return its exit status and all that the terminal got.
        """
        ours, theirs = pty.openpty()
        source = theirs if typed is not None else subprocess.PIPE
        process = self.start(*arguments, stdin=source, stdout=theirs, stderr=theirs)
        os.close(theirs)
        if typed is None:
            assert process.stdin
            process.stdin.write(stdin)
            process.stdin.close()
        else:
            os.write(ours, typed)
        shown = b"".join(_terminal(ours))
        os.close(ours)
        return process.wait(PATIENCE), shown

    def journal_open(self) -> list[str]:
        """Return the names of the edits that are begun and not finished."""
        folder = self.journal / "open"
        return sorted(os.listdir(folder)) if folder.exists() else []

    def film(self, name: str | bytes = "film.mkv", data: bytes | None = None) -> Path:
        """Put a film into the working folder."""
        path = Path(os.fsdecode(os.path.join(os.fsencode(self.cwd), os.fsencode(name))))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(film() if data is None else data)
        return path


def _argument(argument: Any) -> bytes:
    return argument if isinstance(argument, bytes) else os.fsencode(str(argument))


def _terminal(descriptor: int) -> Iterator[bytes]:
    deadline = time.monotonic() + PATIENCE
    while select.select([descriptor], [], [], max(0, deadline - time.monotonic()))[0]:
        try:
            data = os.read(descriptor, 1 << 16)
        except OSError:  # EIO: the last program has closed its side
            return
        if not data:
            return
        yield data
    raise TimeoutError("the program on the terminal does not end")


def lines(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Return records as JSON Lines, made by another encoder than the program's."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def plan(path: Path, **more: Any) -> dict[str, Any]:
    """Return a record that wants the second audio track of a `film` to be the default one, its file not yet seen."""
    changes = [
        {"index": 1, "disposition": "default", "from": True, "to": False},
        {"index": 2, "disposition": "default", "from": False, "to": True},
    ]
    choice = {
        "status": "change",
        "track": 2,
        "language": "ja",
        "rule": "priority",
        "reason": "a test",
        "candidates": [{"index": 1}, {"index": 2}],
        "changes": changes,
    }
    return {"path": str(path), "choose": choice} | more


class Seen(NamedTuple):
    """What a file is at a moment; two are equal where nobody has changed it."""

    sha256: str
    inode: int
    mtime: int
    mode: int


def seen(path: Path) -> Seen:
    """Look at a file."""
    stat = path.stat()
    return Seen(hashlib.sha256(path.read_bytes()).hexdigest(), stat.st_ino, stat.st_mtime_ns, stat.st_mode)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, and its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def read_line(process: "subprocess.Popen[bytes]") -> bytes:
    """Return the next line of a program that goes on running."""
    return read_until(process, b"\n")


def read_until(process: "subprocess.Popen[bytes]", end: bytes) -> bytes:
    """Return what a program that goes on running prints, up to and with `end`."""
    assert process.stdout
    data = b""
    deadline = time.monotonic() + PATIENCE
    while not data.endswith(end):
        if not select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
            raise TimeoutError(f"no {end!r} within {PATIENCE:g} s; so far {data!r}")
        byte = os.read(process.stdout.fileno(), 1)
        assert byte, f"ended before {end!r}: {data!r}"
        data += byte
    return data
