"""Samples: small media files of every shape that is met, named for it.

They are made by ffmpeg, mkvmerge, mkvpropedit and byte surgery when a test first needs them, in under a minute, and
kept in the user's cache folder, `arrtheaudio-samples`, until a recipe or a program changes. That folder may be deleted
at any time. To look at them all: `python tests/samples.py` prints where they are.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import recipes_ebml
import recipes_iso
import recipes_matroska
import sources
from recipes import Recipe, source

RECIPES: dict[str, Recipe] = recipes_matroska.RECIPES | recipes_ebml.RECIPES | recipes_iso.RECIPES
FOREIGN: dict[str, Recipe] = recipes_iso.FOREIGN
SAMPLE_NAMES = tuple(RECIPES)
"""Every sample that is read natively: Matroska, WebM, MP4, QuickTime."""
FOREIGN_NAMES = tuple(FOREIGN)
"""Other containers."""

PROGRAMS = ("ffmpeg", "mkvmerge", "mkvpropedit")
_SOURCES = {name: source(name) for name in (*sources.VIDEO, *sources.AUDIO, *sources.TEXT, *sources.OTHERS)}


class Workshop:
    """Makes each file of a folder once, whichever threads ask for it."""

    def __init__(self, folder: Path) -> None:
        """Make nothing yet."""
        self._folder = folder
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        (folder / "sources").mkdir()

    def get(self, name: str) -> Path:
        """Return the path of a source or sample."""
        raw = name in _SOURCES
        path = self._folder / "sources" / (name + sources.suffix(name)) if raw else self._folder / name
        # A recipe asks for what it is made from, never for itself: the locks cannot wait in a circle.
        with self._locks[name]:
            if not path.exists():
                (_SOURCES[name] if raw else (RECIPES | FOREIGN)[name])(self, path)
        return path


def missing() -> list[str]:
    """Return the programs that are needed and not installed."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


def folder() -> Path:
    """Return the folder with every sample, made now unless it is there; one process makes it, the others wait."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "arrtheaudio-samples"
    cache.mkdir(parents=True, exist_ok=True)
    done = cache / _digest()
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _make(done)
    return done


def _make(done: Path) -> None:
    unfinished = done.with_suffix(".tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    workshop = Workshop(unfinished)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(workshop.get, [*RECIPES, *FOREIGN]))
    unfinished.rename(done)


def _digest() -> str:
    """Return what changes when a recipe or a program does."""
    digest = hashlib.sha256()
    for module in ("samples", "sources", "recipes", "recipes_matroska", "recipes_ebml", "recipes_iso", "surgery"):
        digest.update(Path(__file__).with_name(f"{module}.py").read_bytes())
    for program, option in (("ffmpeg", "-version"), ("mkvmerge", "--version")):
        digest.update(subprocess.run([program, option], capture_output=True, check=True).stdout.splitlines()[0])
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    print(folder())
