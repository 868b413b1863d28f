"""The only door to the media file: opened once, known by its descriptor, locked while it changes."""

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Sequence
from io import FileIO
from typing import Self

from arrtheaudio.containers import Codec, Probe, sniff
from arrtheaudio.containers.edit import Edit, single_bytes
from arrtheaudio.containers.window import Window
from arrtheaudio.errors import ChangedSinceProbe, Error, NotAFile, ReadOnly, Timeout, from_os

# How long an edit waits for another program to let go of the file, in seconds.
PATIENCE = 5.0
_PAUSE = 0.02
# A record may name any offset. Behind the end there is nothing to read; past this the kernel refuses to look.
_BEYOND = 1 << 62


class Media:
    """An open media file.

    `stat` is what the descriptor said when it was opened. `path` is the file itself: a symbolic link has been followed.
    """

    def __init__(self, path: bytes, descriptor: int) -> None:
        """Take over an open descriptor of a regular file."""
        self.path = path
        self.descriptor = descriptor
        self.stat = os.fstat(descriptor)
        self._file: FileIO | None = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the descriptor, and with it drop the lock."""
        os.close(self.descriptor)

    def window(self) -> Window:
        """Return a fresh look at the bytes: nothing read before is reused."""
        if self._file is None:
            self._file = FileIO(self.descriptor, closefd=False)
        # A file that is being made has grown since it was opened; any other has the size that was checked.
        return Window(self._file, self.stat.st_size or os.fstat(self.descriptor).st_size)

    def look(self) -> tuple[Codec, Window]:
        """Return the codec for the bytes at the start of the file, and what was read of it; NotMedia where none is."""
        window = self.window()
        return sniff(window.peek(0, 4096)), window

    def probe(self) -> Probe:
        """Return what the file says of itself now; NotMedia where no codec of ours knows it."""
        codec, window = self.look()
        return codec.probe(window)

    def reads(self, edits: Sequence[Edit]) -> list[bytes]:
        """Return what stands now where the edits are."""
        return [os.pread(self.descriptor, len(edit.before), min(edit.offset, _BEYOND)) for edit in edits]

    def write(self, edits: Sequence[Edit]) -> None:
        """Write the edits and put them on disk; OSError where the storage fails.

        Single bytes go one by one, in the given order: no reader ever sees one half done, and each state in between is
        one that a player can use. Else one write covers them all.
        """
        if single_bytes(edits):
            for edit in edits:
                _pwrite(self.descriptor, edit.after, edit.offset)
        else:
            self._write_range(edits)
        os.fdatasync(self.descriptor)

    def _write_range(self, edits: Sequence[Edit]) -> None:
        start = min(edit.offset for edit in edits)
        end = max(edit.offset + len(edit.after) for edit in edits)
        data = bytearray(os.pread(self.descriptor, end - start, start))
        for edit in edits:
            data[edit.offset - start : edit.offset - start + len(edit.after)] = edit.after
        _pwrite(self.descriptor, bytes(data), start)

    def set_mtime(self, mtime: int) -> None:
        """Set the time of modification, in nanoseconds; that of access stays.

        It stays as it is where this user may write the file, and does not own it: only its owner may set a time.
        """
        with contextlib.suppress(PermissionError):
            os.utime(self.descriptor, ns=(os.fstat(self.descriptor).st_atime_ns, mtime))


def _pwrite(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def open_to_read(path: bytes) -> Media:
    """Open a file to look at it; NotAFile for a folder, FIFO, device or socket, none of which is opened."""
    try:
        return _open(path, os.O_RDONLY, PATIENCE)
    except OSError as error:
        raise from_os(error) from None


def open_to_edit(path: bytes, patience: float = PATIENCE) -> Media:
    """Open a file to change it, locked; Timeout where another program writes to it or holds its lock.

    A symbolic link is followed here, once: the descriptor is of what it pointed to, whatever becomes of the link.
    """
    try:
        path = os.path.realpath(path)
        _regular(os.stat(path).st_mode)
        _await_writers(path, patience)
        media = _open(path, os.O_RDWR | os.O_NOFOLLOW, patience)
    except OSError as error:
        raise _of_writing(error) from None
    try:
        _lock(media.descriptor, patience)
        _look_again(media)
    except BaseException:  # whatever it was, the descriptor and its lock are not left behind
        os.close(media.descriptor)
        raise
    return media


def _look_again(media: Media) -> None:
    """See what became of the file while somebody else had the lock."""
    media.stat = os.fstat(media.descriptor)
    try:
        in_place = os.path.samestat(media.stat, os.lstat(media.path))
    except FileNotFoundError:
        in_place = False
    if not in_place:
        raise ChangedSinceProbe("it was moved away or replaced in the meantime")


def _of_writing(error: OSError) -> Error:
    if error.errno == errno.EPERM:
        return ReadOnly("immutable or append-only (see lsattr)")
    if error.errno == errno.ETXTBSY:
        return Timeout("in use as a program or swap file")
    return from_os(error)


def _open(path: bytes, flags: int, patience: float) -> Media:
    # Looked at before it is opened: to open a FIFO waits for its writer, to open a tape rewinds it.
    _regular(os.stat(path).st_mode)
    descriptor = _descriptor(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, patience)
    try:
        _regular(os.fstat(descriptor).st_mode)
        return Media(path, descriptor)
    except BaseException:  # whatever it was, the descriptor and its lock are not left behind
        os.close(descriptor)
        raise


def _descriptor(path: bytes, flags: int, patience: float) -> int:
    deadline = time.monotonic() + patience
    while True:
        try:
            return os.open(path, flags)
        except BlockingIOError:
            # Somebody has a lease, and has been asked for it: another of us for a moment, a file server for longer.
            if time.monotonic() > deadline:
                raise Timeout("another program holds a lease on it") from None
            time.sleep(_PAUSE)


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise NotAFile(f"{_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file")


def _await_writers(path: bytes, patience: float) -> None:
    """Wait until nobody has the file open for writing (a download, a copy); where the kernel cannot tell, go on."""
    deadline = time.monotonic() + patience
    while _has_writer(path):
        if time.monotonic() > deadline:
            raise Timeout("another program has it open for writing")
        time.sleep(_PAUSE)


def _has_writer(path: bytes) -> bool:
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        # A read lease is granted only where no descriptor is open for writing (fcntl(2)).
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False
    except OSError as error:
        # Others: not our file and no CAP_LEASE, or a file system without leases.
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)


def _lock(descriptor: int, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Timeout("another program has locked it") from None
            time.sleep(_PAUSE)
        except OSError:
            return  # a file system without flock: the check of the bytes just before the write is what is left
