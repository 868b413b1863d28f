"""What the tests of the queue stand on: a spool with its media, the program beside it, and a look at every folder."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

MEDIA = Path(__file__).resolve().parent.parent / "examples" / "media"
ARRTHEAUDIO = (sys.executable, "-m", "arrtheaudio")
PATIENCE = 120  # seconds that one call of the program may take before the test fails
CONFIG = "language_priority: [jpn, eng]\nprefer_original: false\n"
FINISHED = ("done", "failed", "cancelled")


class Yard:
    """A folder with a spool, a journal, media, and the configuration that wants Japanese."""

    def __init__(self, folder: Path, **processing: object) -> None:
        """Make the folder; `processing` is that section of the configuration."""
        self.folder = folder
        self.spool = folder / "spool"
        self.media = folder / "media"
        self.media.mkdir(parents=True)
        settings = ", ".join(f"{key}: {json.dumps(value)}" for key, value in processing.items())
        (folder / "config.yaml").write_text(f"{CONFIG}processing: {{{settings}}}\n")

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of every call: nothing of the user's own counts."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ARRTHEAUDIO_", "XDG_", "TMDB"))}
        return kept | {
            "HOME": str(self.folder),
            "ARRTHEAUDIO_CONFIG": str(self.folder / "config.yaml"),
            "ARRTHEAUDIO_JOURNAL_PATH": str(self.folder / "journal"),
            "ARRTHEAUDIO_SPOOL_PATH": str(self.spool),
        }

    def film(self, name: str = "film.mkv", like: str = "mkvmerge.mkv") -> Path:
        """Make a file whose default track is English, beside a Japanese one."""
        return Path(shutil.copyfile(MEDIA / like, self.media / name))

    def films(self, count: int) -> list[Path]:
        """Make several."""
        return [self.film(f"{number:04}.mkv") for number in range(count)]

    def popen(self, *words: object, before: Iterable[str] = (), **options: Any) -> "subprocess.Popen[bytes]":
        """Start the program."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [*before, *ARRTHEAUDIO, *map(str, words)]
        return subprocess.Popen(command, **{"env": dict(self.environ), **streams, **options})

    def jobs(self, *words: object, status: int | None = 0, input: bytes = b"") -> list[dict[str, Any]]:  # noqa: A002
        """Run `arrtheaudio jobs` to its end, and return what it prints."""
        with self.popen("jobs", *words, stdin=subprocess.PIPE) as process:
            out, said = process.communicate(input, PATIENCE)
        assert status is None or process.returncode == status, (words, process.returncode, out, said)
        return [json.loads(line) for line in out.splitlines()]

    def add(self, *paths: object, options: Iterable[str] = ()) -> list[str]:
        """Queue files, and return the ids of their jobs."""
        return [line["id"] for line in self.jobs("add", *options, *paths)]

    def places(self) -> dict[str, list[str]]:
        """Return where each job is, by id; a folder of a day counts as its parent."""
        found: dict[str, list[str]] = {}
        for folder, _, names in os.walk(self.spool):
            place = os.path.relpath(folder, self.spool)
            if place.split("/")[0] in ("new", "held", "cur", *FINISHED):
                for name in names:
                    if not name.endswith(".rejected"):
                        found.setdefault(name.removesuffix(".json"), []).append(place.split("/")[0])
        return found

    def states(self) -> Counter[str]:
        """Count the jobs of each folder; each must be in one alone."""
        assert all(len(places) == 1 for places in self.places().values()), self.places()
        return Counter(places[0] for places in self.places().values())

    def unclean(self) -> list[str]:
        """Return what is left where nothing may be left when no worker lives."""
        return [f"{folder}/{name}" for folder in ("tmp", "cur") for name in os.listdir(self.spool / folder)]

    def open_edits(self) -> list[str]:
        """Return the edits that are begun and not finished."""
        folder = self.folder / "journal" / "open"
        return os.listdir(folder) if folder.exists() else []


def changed(like: str, folder: Path) -> bytes:
    """Return the bytes of a sample after its edit."""
    yard = Yard(folder)
    film = yard.film(like=like)
    with yard.popen("process", film) as process:
        out, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, (out, said)
    data = film.read_bytes()
    assert data != (MEDIA / like).read_bytes()
    return data


def children(pid: int) -> list[int]:
    """Return the child processes of one; none where it has gone."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def until(look: Callable[[], Any], seconds: float = PATIENCE / 4) -> Any:
    """Return what `look` finds, as soon as it finds anything."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"nothing came of it in {seconds} s"
        time.sleep(0.05)
