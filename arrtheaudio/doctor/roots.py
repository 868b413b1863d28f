"""The folders of the media: there, mounted, writable, and what their file system can do."""

import os
from collections.abc import Iterator

from arrtheaudio.config import Config
from arrtheaudio.doctor.finding import ERROR, NOTE, OK, WARNING, Finding
from arrtheaudio.doctor.obstacle import remount
from arrtheaudio.doctor.storage import mount_of
from arrtheaudio.files import Media
from arrtheaudio.replacing import FOLDER, CannotClone, clone

CHECK = "roots"


def every(config: Config) -> tuple[str, ...]:
    """Return the folders that are configured, each once."""
    local = (mapping.local for mapping in config.path_mappings)
    return tuple(dict.fromkeys(map(os.path.normpath, (*config.api.allowed_roots, *local))))


def roots(config: Config) -> Iterator[Finding]:
    """Look at each folder."""
    found = every(config)
    if not found:
        why = "`serve` touches no file outside of these folders, so that it would touch none."
        yield Finding(
            CHECK, WARNING, "no folder of media is configured", why, "", "api: {allowed_roots: [/data/media]}"
        )
    for root in found:
        yield from _look(config, root)


def _look(config: Config, root: str) -> Iterator[Finding]:
    try:
        names = os.listdir(root)
    except OSError as error:
        what = f"{root}: {(error.strerror or str(error)).lower()}"
        yield Finding(CHECK, ERROR, what, "No file in there can be edited.", _mount(root))
        return
    if os.statvfs(root).f_flag & os.ST_RDONLY:
        what = f"{root} is on a read-only file system"
        mend = remount(mount_of(root)[0], root)
        yield Finding(CHECK, ERROR, what, "No file in there can be edited.", mend)
    elif not os.access(root, os.W_OK | os.X_OK):
        yield _not_ours(root)
    elif not names:
        why = "Where a disk should be mounted, it is not."
        yield Finding(CHECK, WARNING, f"{root} is empty", why, _mount(root))
    else:
        yield Finding(CHECK, OK, f"{root} is there, and can be written to")
        yield from _abilities(config, root)


def _mount(root: str) -> str:
    return f"findmnt --target {root}  # in a container: docker run -v /where/it/is:{root}"


def _not_ours(root: str) -> Finding:
    info = os.stat(root)
    what = f"{root} cannot be written to by user {os.geteuid()}: it is user {info.st_uid}'s, group {info.st_gid}'s"
    why = "An edit writes the file itself, and where it has other names, a copy beside it."
    mend = f"run as that user (in a container: PUID={info.st_uid} PGID={info.st_gid}), or: chmod g+w {root}"
    return Finding(CHECK, ERROR, what, why, mend)


def _abilities(config: Config, root: str) -> Iterator[Finding]:
    """Say what the file system does with a file of several names, by two small files in a dot-folder of ours."""
    folder = os.path.join(os.fsencode(root), FOLDER)
    one, other = (os.path.join(folder, b"doctor.%d.%d" % (os.getpid(), number)) for number in range(2))
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        shares = _shares_blocks(one, other)
        links = _links(one, other)
    except OSError as error:
        what = f"{root}: {(error.strerror or str(error)).lower()}"
        yield Finding(CHECK, WARNING, what, "It was tried with small files.", f"df -h {root}")
        return
    finally:
        for path in (one, other):
            if os.path.lexists(path):
                os.unlink(path)
        _remove(folder)
    if not links:
        why = "A download that goes on being seeded is a second copy, not a second name."
        yield Finding(CHECK, NOTE, f"{root}: its file system has no hard links", why)
    elif not shares:
        what = f"{root}: its file system has hard links, and shares no blocks (no reflinks)"
        why = {
            "protect": "A file that is still seeded waits until its other name is gone.",
            "copy": "A file that is still seeded is copied whole, which takes its size again.",
        }.get(config.processing.hardlinks, "")
        yield Finding(CHECK, NOTE, what, why)
    else:
        yield Finding(CHECK, OK, f"{root}: its file system has hard links, and copies by sharing blocks (reflinks)")


def _remove(folder: bytes) -> None:
    try:
        os.rmdir(folder)
    except OSError:
        return  # an edit is at work in there


def _shares_blocks(one: bytes, other: bytes) -> bool:
    with open(one, "x+b") as first, open(other, "x+b") as second:
        first.write(bytes(1 << 16))
        first.flush()
        try:
            clone(Media(one, first.fileno()), Media(other, second.fileno()))
        except CannotClone:
            return False
    return True


def _links(one: bytes, other: bytes) -> bool:
    os.unlink(other)
    try:
        os.link(one, other)
    except OSError:
        return False
    return True
