"""Why nothing can be kept in a folder, and what mends it: never a change to a folder that is not our own."""

import errno
import os
import shlex

from arrtheaudio.core.value import Value
from arrtheaudio.doctor.finding import ERROR, Finding
from arrtheaudio.doctor.storage import mount_of

_NAME = "arrtheaudio"
_SYSTEM = frozenset({"bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "proc", "sbin", "sys", "usr"})
_SHARED = frozenset({"/var/lib", "/var/cache", "/var/log", "/var/tmp", "/var/spool", "/var/run"})
_NO_FILES = frozenset({"proc", "sysfs", "cgroup", "cgroup2", "devpts", "debugfs", "tracefs", "securityfs", "efivarfs"})


class Kept(Value):
    """Something that is kept: where was looked, its `folder`, and what is so bad where it cannot be.

    `setting` is its place in the configuration as `%s` is to be put in; `elsewhere` is a path that is good for it.
    `media` are folders that are certainly not its own.
    """

    check: str
    folder: str
    why: str
    setting: str
    elsewhere: str
    media: tuple[str, ...] = ()
    level: str = ERROR


def obstacle(kept: Kept, place: str, error: OSError) -> Finding:
    """Say what stands in the way of keeping something in a place, which is its folder, in there, or above it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(kept, place, error.errno)
    if mount_of(place)[1] in _NO_FILES or not os.path.isdir(place):
        return _unfit(kept, place)
    if error.errno == errno.EROFS:
        return _read_only(kept, place)
    if error.errno == errno.EACCES:
        return closed(kept, place)
    what = f"{place}: {(error.strerror or str(error)).lower()} (its file system is {mount_of(place)[1]})"
    return _elsewhere(kept, what)


def _full(kept: Kept, place: str, number: int) -> Finding:
    disk = os.statvfs(place)
    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    what = f"{place}: its disk is full: {free >> 10:,} KiB of {size >> 20:,} MiB are free"
    more = f"df -h {shlex.quote(place)}"
    if number == errno.EDQUOT:
        what, more = f"{place}: the quota of user {os.geteuid()} is used up", "quota -s"
    elif disk.f_files and not disk.f_favail:
        what, more = f"{place}: no inodes are free on its disk", f"df -i {shlex.quote(place)}"
    mend = f"arrtheaudio admin cleanup  # then free more: {more}"
    return Finding(kept.check, kept.level, what, kept.why, mend)


def _read_only(kept: Kept, place: str) -> Finding:
    where = mount_of(place)[0]
    what = f"{place} is on a read-only file system, which is mounted at {where}"
    return Finding(kept.check, kept.level, what, kept.why, remount(where, kept.folder))


def remount(where: str, folder: str) -> str:
    """Return what makes a mount writable, and a folder in it where a container or systemd has made it read-only."""
    others = f"in a container: a volume for {folder}, without `:ro`; under systemd: ReadWritePaths={folder}"
    return f"mount -o remount,rw {shlex.quote(where)}  # {others}"


def _unfit(kept: Kept, place: str) -> Finding:
    if os.path.isdir(place):
        what = f"{place}: its file system ({mount_of(place)[1]}) takes no files"
    else:
        what = f"{place} is {'a link that leads nowhere' if os.path.islink(place) else 'no folder'}"
    return _elsewhere(kept, what)


def closed(kept: Kept, place: str, *more: str) -> Finding:
    """Say that a place is not writable for this user, and more of them in its folder."""
    user, group, owner = os.geteuid(), os.getegid(), os.stat(place).st_uid
    what = f"{place} cannot be written to by user {user}; it is user {owner}'s"
    theirs = _is_system(place) or _holds_media(kept, kept.folder) or not _at_home(kept.folder)
    inside, own = place.startswith(f"{kept.folder}/") and not theirs, _own_folder(kept)
    if user and inside:
        places = " ".join(map(shlex.quote, (place, *more)))
        mend = f"chown -R {user}:{group} {places}  # as root; or run as user {owner}"
        mend = f"chmod -R u+rwX {places}" if owner == user else mend
    elif user and owner == user and not _is_system(place):
        mend = f"chmod u+rwx {shlex.quote(place)}"
    elif user and own is not None:
        mend = f"{_install(own)}  # as root"
    else:
        return _elsewhere(kept, what)
    return Finding(kept.check, kept.level, what, kept.why, mend)


def _elsewhere(kept: Kept, what: str) -> Finding:
    """Advise another folder, made for this user where it is not root, who makes it himself."""
    folder = kept.elsewhere.partition(f"/{_NAME}/")[0] + f"/{_NAME}"
    mend = f"{_install(folder)}  # as root" if os.geteuid() else ""
    return Finding(kept.check, kept.level, what, kept.why, mend, kept.setting % kept.elsewhere)


def _install(folder: str) -> str:
    return f"install -d -o {os.geteuid()} -g {os.getegid()} {shlex.quote(folder)}"


def _own_folder(kept: Kept) -> str | None:
    """Return the folder that may be made for us, or be given to us; None where others have a right to it."""
    names = kept.folder.split("/")
    folder = "/".join(names[: names.index(_NAME) + 1]) if _NAME in names else kept.folder
    if _is_system(folder) or _holds_media(kept, folder) or not _at_home(folder):
        return None
    if os.path.isdir(folder) and os.path.basename(folder) != _NAME and not _is_empty(folder):
        return None
    return folder


def _holds_media(kept: Kept, folder: str) -> bool:
    return any(f"{root}/".startswith(f"{folder}/") for root in kept.media)


def _is_system(folder: str) -> bool:
    names = folder.strip("/").split("/")
    return len(names) < 2 or names[0] in _SYSTEM or folder in _SHARED


def _at_home(folder: str) -> bool:
    """Say whether a folder that is somebody's by the XDG rules is below a home of this user's."""
    for part in ("/.local/", "/.cache/"):
        home, found, _ = folder.partition(part)
        if found:
            return os.path.isdir(home) and os.stat(home).st_uid == os.geteuid()
    return True


def _is_empty(folder: str) -> bool:
    try:
        return not os.listdir(folder)
    except OSError:
        return False
