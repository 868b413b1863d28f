"""What is about to be written, before it is: one file an edit, the folder it is in is its state.

    journal/open/ID.INODE      begun: the edit may be done, half done or not begun
    journal/done/ID.INODE      finished: it took place

ID is a ULID: names sort by time. Whoever edits holds flock(2) on the entry, so that a lock that can be had belongs to a
process that died. An entry is on disk, with its name, before the first byte of the media file changes; that it is done
need not be: bytes that are all new say so too.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Self

from arrtheaudio.containers.edit import Edit
from arrtheaudio.core import record as records
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Corrupt, Fatal, InvalidRecord, from_os

VERSION = 1
_DAY = 86400
_ID_LENGTH = 26
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Entry(Value):
    """One edit of one file: what was there, what shall be.

    `path` is where the file was; `device`, `inode`, `size` in bytes and `mtime` in nanoseconds are as they were before
    the edit; `undoes` is the entry that this one takes back. `method` is as in the record: `clone` and `rewrite` put a
    new file, with a new inode, in the place of the old one. `job` is the queue's, where the edit was one of its jobs.
    """

    id: str
    path: bytes
    device: int
    inode: int
    size: int
    mtime: int
    edits: tuple[Edit, ...]
    command: str
    why: str = ""
    undoes: str | None = None
    method: str = "in_place"
    job: str | None = None

    def to_line(self) -> bytes:
        """Return the entry as its file holds it."""
        return records.line(
            {
                "version": VERSION,
                "id": self.id,
                **records.of_path(self.path),
                "device": self.device,
                "inode": self.inode,
                "size": self.size,
                "mtime": self.mtime,
                "edits": [edit.to_dict() for edit in self.edits],
                "when": records.timestamp(time_of(self.id)),
                "command": self.command,
                "why": self.why,
                "undoes": self.undoes,
                "method": self.method,
                "job": self.job,
                "end": True,  # last: an entry without it was not all written
            }
        )

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """Read an entry; Corrupt where it is none, or not whole."""
        try:
            data = json.loads(line)
            if data["version"] != VERSION or data["end"] is not True:
                raise ValueError
            return cls(
                path=records.path_of(data),
                edits=tuple(Edit.from_dict(edit) for edit in data["edits"]),
                **{key: data[key] for key in cls._fields if key in data and key not in ("path", "edits")},
            )
        except (ValueError, KeyError, TypeError, InvalidRecord):
            raise Corrupt("not a whole journal entry") from None


def new_id() -> str:
    """Return a ULID: 48 bits of milliseconds, 80 of chance, in Crockford's base 32."""
    number = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10))
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def time_of(entry_id: str) -> int:
    """Return the time in an id, in nanoseconds; ValueError where it is none."""
    number = 0
    for character in entry_id:
        number = number << 5 | _CROCKFORD.index(character)
    return (number >> 80) * 1_000_000


class Begun:
    """An entry that is on disk and locked: the media file may change now."""

    def __init__(self, journal: "Journal", name: str, descriptor: int) -> None:
        """Take over the descriptor, whose lock lasts as long as it is open."""
        self._journal = journal
        self._name = name
        self._descriptor = descriptor

    def done(self, inode: int | None = None) -> None:
        """Say that the edit is on disk and verified; `inode` is the file's now, where that is another one."""
        name = self._name if inode is None else f"{self._name.partition('.')[0]}.{inode}"
        with contextlib.suppress(OSError):  # recover sees that all bytes are the new ones, and moves it then
            os.rename(f"{self._journal.open}/{self._name}", f"{self._journal.done}/{name}")
        self.close()

    def drop(self) -> None:
        """Say that the file is as it was: the edit never took place."""
        with contextlib.suppress(OSError):  # recover sees that all bytes are the old ones, and drops it then
            os.unlink(f"{self._journal.open}/{self._name}")
        self.close()

    def close(self) -> None:
        """Leave the entry as it is; without the lock, recover will look at it."""
        os.close(self._descriptor)


class Journal:
    """The folder of all edits."""

    def __init__(self, root: str, warn: Callable[[str], None] = lambda _: None) -> None:
        """Take the folder, which is made when the first entry is; `warn` is told of entries that cannot be read."""
        self.root = root
        self._warn = lru_cache(maxsize=None)(warn)  # once for each
        self.open = f"{root}/open"
        self.done = f"{root}/done"

    def begin(self, entry: Entry) -> Begun:
        """Put the entry on disk, and return it locked; an Error that names the journal where that fails."""
        try:
            return self._begin(f"{entry.id}.{entry.inode}", entry.to_line())
        except OSError as error:
            cause = from_os(error)
            raise type(cause)(f"the journal {self.root}: {cause}") from None

    def _begin(self, name: str, line: bytes) -> Begun:
        path = f"{self.open}/{name}"
        descriptor = self._create(path)
        try:
            _write(descriptor, line)
            os.fsync(descriptor)
            sync_folder(self.open)
        except OSError:
            try:
                os.unlink(path)
            finally:
                os.close(descriptor)
            raise
        return Begun(self, name, descriptor)

    def _create(self, path: str) -> int:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        while True:
            try:
                descriptor = os.open(path, flags, 0o600)
            except FileNotFoundError:
                self._make()
                continue
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return descriptor
            # A recover in another process saw it before the lock, empty, and took it for a begin that died.
            os.close(descriptor)

    def _make(self) -> None:
        for folder in (self.done, self.open):  # in this order: where there is an `open`, there is a `done`
            os.makedirs(folder, 0o700, exist_ok=True)
        for folder in (self.root, os.path.dirname(self.root)):
            sync_folder(folder)

    def unfinished(self, inode: int | None = None) -> list[str]:
        """Return the names of entries that are begun, oldest first; only those of `inode`, where it is given."""
        return _names(self.open, inode)

    def adopt(self, name: str) -> tuple[Entry | None, Begun] | None:
        """Take over what a process that died left; None where it lives. The entry is None where it was not all written.

        What was not all written was not begun on the media file either.
        """
        try:
            descriptor = os.open(f"{self.open}/{name}", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        entry = None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.exists(f"{self.open}/{name}"):  # it was finished between the two calls
                raise BlockingIOError
            with contextlib.suppress(Corrupt):
                entry = Entry.from_line(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                return None
            raise
        return entry, Begun(self, name, descriptor)

    def has_later(self, entry: Entry) -> bool:
        """Say whether an edit of the same file was begun after this one; then this one had come to its end."""
        for folder in (self.open, self.done):
            for name in _names(folder, entry.inode):
                later = name.partition(".")[0] > entry.id
                if later and self._path(f"{folder}/{name}") == entry.path:
                    return True
        return False

    def _path(self, name: str) -> bytes | None:
        with contextlib.suppress(Corrupt, OSError), open(name, "rb") as file:
            return Entry.from_line(file.read()).path
        return None

    def finished(self, inode: int | None = None) -> Iterator[Entry]:
        """Yield the edits that took place, newest first; only those of `inode`, where it is given."""
        for name in reversed(_names(self.done, inode)):
            try:
                yield self._load(name)
            except FileNotFoundError:
                pass  # forgotten in the meantime
            except (Corrupt, OSError) as error:
                self._warn(f"{self.done}/{name}: {error}; its edit cannot be taken back by path")

    def standing(self, inode: int | None = None) -> Iterator[Entry]:
        """Yield the edits that nobody has taken back, newest first; one that was taken back twice stands again."""
        undone = set()
        for entry in self.finished(inode):
            if entry.id in undone:
                continue
            if entry.undoes is None:
                yield entry
            else:
                undone.add(entry.undoes)

    def prune(self, keep_days: float) -> int:
        """Forget finished edits older than this, once a day at most; return how many. What is open stays for ever."""
        try:
            if time.time() - os.stat(f"{self.root}/pruned").st_mtime < _DAY:
                return 0
        except OSError:
            pass  # never yet; where the journal cannot be used, the first edit says so
        return self.forget(keep_days)

    def forget(self, keep_days: float) -> int:
        """Forget finished edits older than this; return how many."""
        oldest = (time.time() - keep_days * _DAY) * 1e9
        old = [name for name in _names(self.done, None) if time_of(name.partition(".")[0]) < oldest]
        for name in old:
            with contextlib.suppress(OSError):
                os.unlink(f"{self.done}/{name}")
        stamp = f"{self.root}/pruned"
        with contextlib.suppress(OSError):
            os.close(os.open(stamp, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            os.utime(stamp)
        return len(old)

    def find(self, entry_id: str, inode: int) -> Entry | None:
        """Return a finished entry of a file; None where there is none of that id."""
        with contextlib.suppress(Corrupt, OSError):
            if len(entry_id) == _ID_LENGTH and entry_id.isalnum():
                return self._load(f"{entry_id}.{inode}")
        return None

    def _load(self, name: str) -> Entry:
        with open(f"{self.done}/{name}", "rb") as file:
            return Entry.from_line(file.read())


def _names(folder: str, inode: int | None) -> list[str]:
    suffix = "" if inode is None else f".{inode}"
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(suffix) and _is_entry(name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Fatal(f"the journal {folder}: {from_os(error)}") from None


def _is_entry(name: str) -> bool:
    """Say whether a name is one of ours, and not what NFS, a desktop or a person left in the folder."""
    entry_id, _, inode = name.partition(".")
    return len(entry_id) == _ID_LENGTH and not entry_id.strip(_CROCKFORD) and inode.isascii() and inode.isdecimal()


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(path: str | bytes) -> None:
    """Put the names of a folder on disk."""
    descriptor = os.open(path or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
