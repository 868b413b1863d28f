"""Folders of media files: which files there are, in an order that does not change."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Error, NotAFile, from_os

if TYPE_CHECKING:
    from arrtheaudio.config import Config

SUFFIXES = (b".mkv", b".mka", b".mk3d", b".webm", b".mp4", b".m4v", b".m4a", b".mov")


class Filter(Value):
    """Which files of a folder are wanted; a file that is named itself always is.

    `patterns` and `excludes` are globs on the name; an `exclude` with a slash is one on the whole path, and one that
    matches a folder leaves out all below it. `min_size` is in bytes, `changed_since` in nanoseconds since 1970. `known`
    says of a path and what stat says of it that it need not be listed again.
    """

    recursive: bool = True
    patterns: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    min_size: int = 0
    changed_since: int | None = None
    known: Callable[[bytes, os.stat_result], bool] = lambda _path, _info: False


class Anchors:
    """Folders that the configuration counts on: a mount point without its disk is no reason to take them for empty."""

    def __init__(self, config: "Config") -> None:
        """Look at none yet; they are those of path_mappings and api.allowed_roots."""
        anchors = {*(mapping.local for mapping in config.path_mappings), *config.api.allowed_roots}
        self._unseen = {anchor: os.path.realpath(os.fsencode(anchor)) for anchor in sorted(anchors)}

    def missing(self, path: bytes) -> str | None:
        """Say of a folder, above or below `path`, that it is empty or not there; None where all have files."""
        asked = os.path.realpath(path) if self._unseen else path
        for anchor in [anchor for anchor, where in self._unseen.items() if _overlap(where, asked)]:
            if not _has_files(anchor):
                return f"{anchor} is empty or not there: is its disk mounted? Nothing was listed."
            del self._unseen[anchor]
        return None


def _overlap(one: bytes, other: bytes) -> bool:
    return os.path.commonpath((one, other)) in (one, other)


def _has_files(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def expand(source: Iterable[Record], wanted: Filter, stage: str, *, refresh: bool = False) -> Iterator[Record]:
    """Yield each record with the size and mtime of its file; in place of a folder, its files.

    What a record says already is believed, unless `refresh` asks to look again.
    """
    walk = _Walk(wanted, stage)
    for record in source:
        if "error" in record or ("size" in record and "mtime" in record and not refresh):
            yield record
        else:
            yield from walk.start(record)


class _Walk:
    def __init__(self, wanted: Filter, stage: str) -> None:
        self._wanted = wanted
        self._stage = stage
        self._named = _matcher(wanted.patterns) if wanted.patterns else _is_media
        self._excluded = _excluder(wanted.excludes)

    def start(self, record: Record) -> Iterator[Record]:
        try:
            path = records.path_of(record)
            info = os.stat(path)
            if stat.S_ISDIR(info.st_mode):
                yield from self._folder(path)
            elif stat.S_ISREG(info.st_mode):
                if not self._wanted.known(path, info):
                    yield _identified(record, info)
            else:
                raise NotAFile("neither a file nor a folder")
        except OSError as error:
            yield records.failed(record, self._stage, from_os(error))
        except Error as error:
            yield records.failed(record, self._stage, error)

    def _folder(self, top: bytes) -> Iterator[Record]:
        folders = [top]
        while folders:
            folder = folders.pop()
            try:
                files, below = self._list(folder)
            except OSError as error:
                yield records.failed(records.of_path(folder), self._stage, from_os(error))
                continue
            for name in files:
                yield from self._file(os.path.join(folder, name))
            if self._wanted.recursive:
                folders += [os.path.join(folder, name) for name in reversed(below)]

    def _list(self, folder: bytes) -> tuple[list[bytes], list[bytes]]:
        """Return the names of the files and of the folders that are wanted; dot-names never are."""
        files, below = [], []
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(b".") or self._excluded(entry.path):
                    continue
                if entry.is_dir(follow_symlinks=False):  # a linked folder may lead back here
                    below.append(entry.name)
                elif self._named(entry.name) and _is_file(entry):
                    files.append(entry.name)
        return sorted(files), sorted(below)

    def _file(self, path: bytes) -> Iterator[Record]:
        try:
            info = os.stat(path)
        except OSError as error:
            yield records.failed(records.of_path(path), self._stage, from_os(error))
            return
        since = self._wanted.changed_since
        young = since is None or info.st_mtime_ns >= since
        if young and info.st_size >= self._wanted.min_size and not self._wanted.known(path, info):
            yield _identified(records.of_path(path), info)


def _identified(record: Record, info: os.stat_result) -> Record:
    record["size"] = info.st_size
    record["mtime"] = records.timestamp(info.st_mtime_ns)
    return record


def _is_file(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return True  # a link into a folder that may not be entered, or to itself: its own record says so


def _is_media(name: bytes) -> bool:
    return name.lower().endswith(SUFFIXES)


def _matcher(globs: Iterable[str]) -> Callable[[bytes], bool]:
    import fnmatch
    import re

    # Text, not bytes: `?` is one character.
    match = re.compile("|".join(map(fnmatch.translate, globs))).match
    return lambda name: match(os.fsdecode(name)) is not None


def _excluder(globs: tuple[str, ...]) -> Callable[[bytes], bool]:
    if not globs:
        return lambda _: False
    on_path = [glob for glob in globs if "/" in glob]
    on_name = [glob for glob in globs if "/" not in glob]
    paths, names = _matcher(on_path), _matcher(on_name)
    return lambda path: bool((on_path and paths(path)) or (on_name and names(os.path.basename(path))))
