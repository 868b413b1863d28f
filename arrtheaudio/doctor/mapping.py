"""Where a file that an Arr names is with us: looked for below our folders, so that the mapping need not be guessed."""

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence

from arrtheaudio.config import Config, PathMapping
from arrtheaudio.core.path_mapping import parts
from arrtheaudio.doctor.finding import ERROR, Finding

_USUAL = ("/data", "/media", "/mnt", "/srv", "/storage", "/volume1", "/tv", "/movies")
_DEPTH = 3  # folders below ours that are looked into
_MOST, _SECONDS = 5_000, 5.0
_STRANGE = frozenset(
    {"proc", "sysfs", "devtmpfs", "devpts", "tmpfs", "cgroup", "cgroup2", "mqueue", "overlay", "squashfs"}
)


def rest(path: str, folder: str) -> str | None:
    """Return a path from a folder on, both as an Arr sees them; None where it is not below it."""
    file, above = parts(path), parts(folder)
    if file is None or above is None or not file.begins_with(above):
        return None
    return "/".join(file.names[len(above.names) :])


def find(below: Sequence[str], ours: Iterable[str]) -> str | None:
    """Return the folder below which one of the files is, of ours first; None where none is found in some seconds."""
    for tops in (tuple(ours), (*_mounts(), *_USUAL)):
        for count, folder in enumerate(_folders(tops, time.monotonic() + _SECONDS)):
            if count > _MOST:
                break
            if any(os.path.isfile(f"{folder}/{file}") for file in below):
                return folder
    return None


def _folders(tops: Sequence[str], deadline: float) -> Iterator[str]:
    """Yield folders, nearest first, each once."""
    seen: set[str] = set()
    level: list[str] = [top.rstrip("/") for top in tops]
    for _ in range(_DEPTH + 1):
        below: list[str] = []
        for folder in level:
            real = os.path.realpath(folder)
            if real in seen or time.monotonic() > deadline:
                continue
            seen.add(real)
            yield folder
            below += _inside(folder)
        level = below


def _inside(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    except OSError:
        return []


def _mounts() -> Iterator[str]:
    """Yield where disks are mounted, by proc_pid_mountinfo(5)."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.split()
                place, kind = words[4], words[words.index("-") + 1]
                if (
                    kind not in _STRANGE
                    and place != "/"
                    and not place.startswith(("/etc", "/proc", "/sys", "/dev", "/boot"))
                ):
                    yield place.replace("\\040", " ")
    except OSError:
        return


def wanted(config: Config, missing: Sequence[PathMapping]) -> Iterator[Finding]:
    """Yield one finding that has all mappings, those that are there and those that are missing, and all roots.

    In `missing`, a folder that is of one name there and here lacks no mapping, it is outside of the roots.
    """
    if not missing:
        return
    what = "what the Arrs name, and the configuration does not, is: " + ", ".join(
        dict.fromkeys(mapping.remote for mapping in missing)
    )
    lines = [*_mappings(config, missing), *_roots(config, missing)]
    yield Finding("path_mappings", ERROR, what, "Every import in there fails, or is refused.", "", "\n".join(lines))


def _mappings(config: Config, missing: Sequence[PathMapping]) -> Iterator[str]:
    added = {parts(one.remote): one for one in reversed(missing) if one.remote != one.local}
    if added:
        whole = {parts(one.remote): one for one in config.path_mappings} | added
        items = (f"{{remote: {_quoted(remote)}, local: {_quoted(local)}}}" for remote, local in whole.values())
        yield f"path_mappings: [{', '.join(items)}]"


def _roots(config: Config, missing: Sequence[PathMapping]) -> Iterator[str]:
    """Yield the roots, where those that hold without being named, the folders of the mappings, are not enough."""
    roots = config.api.allowed_roots
    named = roots != tuple(mapping.local for mapping in config.path_mappings)
    outside = [one for one in missing if not any(f"{one.local}/".startswith(f"{root.rstrip('/')}/") for root in roots)]
    if any(one.remote == one.local for one in outside) or (named and outside):
        whole = dict.fromkeys((*roots, *(one.local for one in outside)))
        yield f"api: {{allowed_roots: [{', '.join(map(_quoted, whole))}]}}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
