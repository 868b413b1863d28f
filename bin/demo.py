"""Scan, probe, choose, apply and undo on copies of examples/media: what is there before, why it changes, and after.

Ends with 1, and says what, when anything is not as it claims. Needs nothing but arrtheaudio itself.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any, NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
MEDIA = os.path.join(ROOT, "examples", "media")
ENDINGS = (".mkv", ".webm", ".mp4", ".mov")
Record = dict[str, Any]


class NotAsClaimed(Exception):
    """The program did not do what this demonstration says that it does."""


class Content(NamedTuple):
    """A file at one moment."""

    data: bytes
    inode: int

    @property
    def sha256(self) -> str:
        """The digest, in hexadecimal digits."""
        return hashlib.sha256(self.data).hexdigest()


def main() -> None:
    """Show it all."""
    with tempfile.TemporaryDirectory(prefix="arrtheaudio-demo.") as folder:
        stage = Stage(folder)
        names = sorted(name for name in os.listdir(MEDIA) if name.endswith(ENDINGS))
        for name in names:
            shutil.copy(os.path.join(MEDIA, name), stage.media)
        print(f"The default track of these {len(names)} films is English. The original language is Japanese.")
        print("Each command reads what the one before it wrote, JSON Lines, and adds its own key:\n")
        before = stage.contents(names)
        records = stage.stages()
        print()
        for record in records:
            stage.show(record, before[os.path.basename(record["path"])])
        stage.undo(before)
        stage.pipe(before)
        print(f"\nAll as claimed, for {len(names)} files. {bold('bin/arrtheaudio --help')} is the way on.")


class Stage:
    """A folder with films, and a home without settings."""

    def __init__(self, folder: str) -> None:
        """Make both."""
        self.media = os.path.join(folder, "films")
        os.mkdir(self.media)
        self._environment = {"PATH": f"{ROOT}/bin:{os.environ['PATH']}", "HOME": folder, "LC_ALL": "C.UTF-8"}

    def run(self, line: str) -> str:
        """Return what a command of the shell prints, in the folder with the films."""
        done = subprocess.run(
            ["sh", "-c", line], cwd=self.media, env=self._environment, stdout=subprocess.PIPE, text=True, timeout=60
        )
        claim(done.returncode == 0, f"`{line}` ends with {done.returncode}")
        return done.stdout

    def stages(self) -> list[Record]:
        """Run the stages, one after the other, and return the records of the last."""
        for line, meaning in (
            ("arrtheaudio scan . >found", "find the files"),
            ("arrtheaudio probe <found >probed", "read their tracks: a few kilobytes of each, and no ffprobe"),
            ("arrtheaudio choose --original ja <probed >chosen", "decide, and say why"),
            ("arrtheaudio apply <chosen >done", "edit: a few bytes, in place, journalled, verified"),
        ):
            print(f"  $ {bold(line):<66} # {meaning}")
            self.run(line)
        with open(os.path.join(self.media, "done")) as file:
            return [json.loads(line) for line in file]

    def contents(self, names: list[str]) -> dict[str, Content]:
        """Return what the files hold now."""
        return {name: self.content(name) for name in names}

    def content(self, name: str) -> Content:
        """Return what a file holds now."""
        with open(os.path.join(self.media, name), "rb") as file:
            return Content(file.read(), os.fstat(file.fileno()).st_ino)

    def show(self, record: Record, before: Content) -> None:
        """Show one file: before, why, after, and what it cost."""
        name = os.path.basename(record["path"])
        after = self.content(name)
        (again,) = map(json.loads, self.run(f"arrtheaudio probe {name}").splitlines())
        old, new = audio(record), audio(again)
        differ = differences(before.data, after.data)
        edited = {at for edit in record["apply"]["edits"] for at in written(edit)}
        claim([track["default"] for track in old] == [True, False, False], f"{name}: English is not the default")
        claim([track["default"] for track in new] == [False, True, False], f"{name}: Japanese is not the default now")
        claim(record["apply"]["status"] == "changed", f"{name}: apply says {record['apply']['status']}")
        claim(after.inode == before.inode, f"{name}: another inode")
        claim(0 < len(differ) < 1000, f"{name}: {len(differ)} bytes changed")
        claim(differ <= edited, f"{name}: a byte changed that no edit names")
        print(bold(f"{name} ({record['probe']['container']}, {len(before.data):,} bytes)"))
        print("  before  " + "\n          ".join(map(shown, old)))
        why = self.run(f"arrtheaudio choose --explain <<'END'\n{json.dumps(record)}\nEND\n").splitlines()
        print("  why     " + "\n          ".join(line.strip() for line in why[1:] if "Will change" not in line))
        print("  after   " + "\n          ".join(map(shown, new)))
        print(f"  cost    {len(differ)} bytes changed; the same size, the same inode ({after.inode})\n")

    def undo(self, before: dict[str, Content]) -> None:
        """Take everything back."""
        print(f"  $ {bold('arrtheaudio undo <done >undone')}")
        self.run("arrtheaudio undo <done >undone")
        for name, content in before.items():
            now = self.content(name)
            claim(now == content, f"{name}: undo did not restore it")
            print(f"  {name:<16} sha256 {now.sha256[:16]}…, as before")

    def pipe(self, before: dict[str, Content]) -> None:
        """Do all of it in one line."""
        stages = ("scan .", "probe", "choose --original ja", "apply --format table")
        line = " | ".join(f"arrtheaudio {stage}" for stage in stages)
        print(f"\nThe same in one line, and in one command:\n\n  $ {bold(line)}")
        print(indented(self.run(line)))
        print(f"\n  $ {bold('arrtheaudio process --original ja --format table .')}")
        again = self.run("arrtheaudio process --original ja --format table .")
        print(indented(again))
        claim(again.count("unchanged") == len(before), "the second time changes something")


def differences(before: bytes, after: bytes) -> set[int]:
    """Return the offsets at which two files of one size differ."""
    claim(len(before) == len(after), f"{len(after)} bytes, and {len(before)} before")
    return {at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}


def written(edit: Record) -> range:
    """Return the offsets that an edit covers."""
    return range(edit["offset"], edit["offset"] + len(base64.b64decode(edit["after"])))


def audio(record: Record) -> list[Record]:
    """Return the audio tracks of a record."""
    return [track for track in record["probe"]["tracks"] if track["type"] == "audio"]


def shown(track: Record) -> str:
    """Return a track in a line."""
    default = bold("default") if track["default"] else "-"
    return f"{track['index']}  {track['language']:<3} {track['codec']:<5} {default:<8} {track.get('name', '')}"


def indented(text: str) -> str:
    """Put two spaces before each line."""
    return "\n".join(f"  {line}" for line in text.splitlines())


def bold(text: str) -> str:
    """Return the text, bold where a person looks at it."""
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text


def claim(true: bool, otherwise: str) -> None:
    """NotAsClaimed unless it is true."""
    if not true:
        raise NotAsClaimed(otherwise)


if __name__ == "__main__":
    try:
        main()
    except NotAsClaimed as error:
        sys.exit(f"demo: not as claimed: {error}")
