"""The ways in which a sample is made."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import sources
from sources import FFMPEG, call


class Kitchen(Protocol):
    """Gives the file of a source (`aac`) or of another sample (`three-audio.mkv`), made when it is first asked for."""

    def get(self, name: str) -> Path:
        """Return the path."""


Recipe = Callable[[Kitchen, Path], None]
Surgery = Callable[[bytes], bytes]


def source(name: str) -> Recipe:
    """Encode."""
    return lambda _, path: sources.make(name, path)


def mux(tracks: str, *options: str) -> Recipe:
    """Mux with ffmpeg. `tracks` are `source:language:disposition:title`; in a title, `_` is a space.

    An audio track without a disposition gets none; others get what ffmpeg thinks right.
    """

    def cook(kitchen: Kitchen, path: Path) -> None:
        inputs: list[str] = []
        outputs: list[str] = []
        for at, track in enumerate(tracks.split()):
            name, language, disposition, title = (track + ":::").split(":")[:4]
            inputs += ["-i", str(kitchen.get(name))]
            outputs += ["-map_chapters" if name == "chapters" else "-map", str(at)]
            outputs += [f"-metadata:s:{at}", f"language={language}"] if language else []
            outputs += [f"-metadata:s:{at}", f"title={title.replace('_', ' ')}"] if title else []
            if disposition or name in sources.AUDIO:
                outputs += [f"-disposition:{at}", disposition or "0"]
        extra = [str(kitchen.get(option[1:])) if option.startswith("@") else option for option in options]
        call(*FFMPEG, *inputs, *outputs, "-c", "copy", "-fflags", "+bitexact", *extra, path)

    return cook


def piped(of: str, *options: str) -> Recipe:
    """Mux a sample again, into a pipe: the muxer cannot go back to fill in a size."""

    def cook(kitchen: Kitchen, path: Path) -> None:
        path.write_bytes(call(*FFMPEG, "-i", kitchen.get(of), "-map", "0", "-c", "copy", *options, "-"))

    return cook


def merge(*arguments: str) -> Recipe:
    """Mux with mkvmerge; `@name` stands for a source or sample. The seed makes its random UIDs the same every time."""

    def cook(kitchen: Kitchen, path: Path) -> None:
        given = [str(kitchen.get(word[1:])) if word.startswith("@") else word for word in arguments]
        call("mkvmerge", "-q", "--deterministic", path.name, "-o", path, *given)

    return cook


def propedit(of: str, *arguments: str) -> Recipe:
    """Edit a copy with mkvpropedit."""

    def cook(kitchen: Kitchen, path: Path) -> None:
        path.write_bytes(kitchen.get(of).read_bytes())
        given = [str(kitchen.get(word[1:])) if word.startswith("@") else word for word in arguments]
        call("mkvpropedit", "-q", path, *given)

    return cook


def operate(of: str, *operations: Surgery) -> Recipe:
    """Change the bytes of another sample."""

    def cook(kitchen: Kitchen, path: Path) -> None:
        data = kitchen.get(of).read_bytes()
        for operation in operations:
            data = operation(data)
        path.write_bytes(data)

    return cook
