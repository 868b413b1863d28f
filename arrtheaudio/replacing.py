"""A new file under the old name: where the file itself must not change, because other names share it.

The new file is made in a dot-folder beside the old one, which neither Sonarr nor Radarr looks into, finished, and then
renamed over the path: at every moment one whole file is there. An entry of the journal stands for it from before it is
made until after the rename, so that a crash leaves nothing behind.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable

from arrtheaudio.errors import ChangedSinceProbe, NoSpace, PermissionDenied, from_os
from arrtheaudio.files import Media
from arrtheaudio.journal import Entry, Journal, sync_folder

FOLDER = b".arrtheaudio"
# linux/fs.h: _IOW(0x94, 9, int); the argument is the descriptor to share blocks with (ioctl_ficlone(2)).
_FICLONE = 0x40049409
_CHUNK = 8 << 20
# What a full copy leaves free on the file system, in bytes: other programs live there too.
_SPARE = 64 << 20


class CannotClone(Exception):
    """The file system shares no blocks between files."""


def temporary(entry: Entry) -> bytes:
    """Return where the new file of an entry is made."""
    return os.path.join(os.path.dirname(entry.path), FOLDER, entry.id.encode())


def replace(media: Media, entry: Entry, journal: Journal, fill: Callable[[Media], None]) -> None:
    """Put a new file, which `fill` makes of an empty one, in the place of `media`; on any failure nothing has changed.

    Owner, mode, times, extended attributes and ACLs become those of `media`.
    """
    begun = journal.begin(entry)
    try:
        inode = _replace(media, temporary(entry), fill)
    except BaseException as error:  # a defect too: whatever it was, nothing is left behind
        discard(entry)
        begun.drop()
        if isinstance(error, OSError):
            raise from_os(error) from None
        raise
    begun.done(inode)
    _remove_folder(entry)


def _replace(media: Media, path: bytes, fill: Callable[[Media], None]) -> int:
    with Media(path, _create(path)) as new:
        fill(new)
        _dress(media, new)
        os.fsync(new.descriptor)
        _still_there(media)
        os.rename(path, media.path)
        with contextlib.suppress(OSError):  # the name is there; a power cut would at worst bring back the old file
            sync_folder(os.path.dirname(media.path))
        return new.stat.st_ino


def _create(path: bytes) -> int:
    while True:
        with contextlib.suppress(FileExistsError):
            os.mkdir(os.path.dirname(path), 0o700)
        # Whoever was done with the folder may have removed it in the meantime.
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def discard(entry: Entry) -> None:
    """Remove what was made for an entry; the folder goes with the last."""
    with contextlib.suppress(OSError):
        os.unlink(temporary(entry))
    _remove_folder(entry)


def _remove_folder(entry: Entry) -> None:
    with contextlib.suppress(OSError):  # another file's copy is in it
        os.rmdir(os.path.dirname(temporary(entry)))


def clone(source: Media, new: Media) -> None:
    """Make `new` share all blocks of `source`; CannotClone where the file system does not do that."""
    try:
        fcntl.ioctl(new.descriptor, _FICLONE, source.descriptor)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS):
            raise CannotClone from None
        raise


def copy(source: Media, new: Media) -> None:
    """Copy all bytes of `source`; NoSpace, before the first byte, where they do not fit."""
    size = source.stat.st_size
    room = os.fstatvfs(new.descriptor)
    if room.f_bavail * room.f_frsize < size + _SPARE:
        raise NoSpace(f"a copy needs {size:,} bytes, and {room.f_bavail * room.f_frsize:,} are free")
    done = 0
    while done < size:
        copied = os.sendfile(new.descriptor, source.descriptor, done, min(_CHUNK, size - done))
        if not copied:
            raise ChangedSinceProbe("it shrank while it was copied")
        done += copied


def _dress(old: Media, new: Media) -> None:
    """Give the new file what the old one has besides its content; the times last, since the rest sets them."""
    stat = old.stat
    try:
        os.fchown(new.descriptor, stat.st_uid, stat.st_gid)
    except PermissionError:
        raise PermissionDenied("a copy in its place cannot be given the same owner by this user") from None
    os.fchmod(new.descriptor, stat.st_mode & 0o7777)
    for name in os.listxattr(old.descriptor):
        _copy_attribute(old, new, name)
    os.utime(new.descriptor, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _copy_attribute(old: Media, new: Media, name: str) -> None:
    try:
        os.setxattr(new.descriptor, name, os.getxattr(old.descriptor, name))
    except OSError as error:
        # security.* and trusted.* are the system's to set; a label that it sets by itself is set already.
        if not name.startswith(("security.", "trusted.")):
            raise
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENODATA):
            raise


def _still_there(media: Media) -> None:
    try:
        now = os.lstat(media.path)
    except FileNotFoundError:
        raise ChangedSinceProbe("it was moved away in the meantime") from None
    if (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns) != (
        media.stat.st_dev,
        media.stat.st_ino,
        media.stat.st_size,
        media.stat.st_mtime_ns,
    ):
        raise ChangedSinceProbe("another file took its place in the meantime")
