"""A backup as a tar: whatever is kept, member by member, and at its end a manifest, which only a whole one has."""

import io
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import IO, Any

from arrtheaudio.core.value import Value
from arrtheaudio.errors import Fatal

FORMAT = 1
MANIFEST = "manifest.json"
SPOOL, JOURNAL, CACHE, CONFIG = "spool", "journal", "cache.sqlite3", "config.yaml"
# A journal's entry: a ULID, and the number of the file's inode.
ENTRY = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}\.[0-9]+")
_MODE = 0o600
_CHUNK = 1 << 20
_BLOCK = 1 << 16
# Bytes of a member: a record may have 16 MiB, and a job has some more around it; answers of TMDB have 1 KB each.
_MOST = 17 << 20
LIMITS = {CACHE: 16 << 30, CONFIG: 1 << 20, MANIFEST: 1 << 20}


class Unfit(Fatal):
    """The file is no backup, not a whole one, or a newer program's. Nothing was changed."""


def limit(name: str) -> int:
    """Return how many bytes a member of that name may have."""
    return LIMITS.get(name, _MOST)


class Writer:
    """Writes a backup, which is read from its begin to its end: it may go into a pipe."""

    def __init__(self, file: IO[bytes]) -> None:
        """Write nothing yet."""
        # Not as a stream ("w|"): that one writes what it has left when it goes, into a file that is closed by then.
        self._out = _Gathered(file)
        self._tar = tarfile.TarFile(fileobj=self._out, mode="w", format=tarfile.PAX_FORMAT)  # type: ignore[arg-type]
        self._digest = sha256()
        self.counts: Counter[str] = Counter()

    def add(self, name: str, data: bytes, mtime: int = 0) -> None:
        """Add a member; `mtime` is in seconds since 1970, whole ones: fractions would take a header of their own."""
        self.copy(name, io.BytesIO(data), len(data), mtime)

    def copy(self, name: str, file: IO[bytes], size: int, mtime: int = 0) -> None:
        """Add a member of `size` bytes that a file has."""
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = size, mtime, _MODE
        _note(self._digest, name, size)
        self._tar.addfile(member, _Heard(file, self._digest))
        _forget(self._tar)
        self.counts[name.partition("/")[0]] += 1

    def close(self, about: dict[str, Any]) -> None:
        """End the backup with its manifest; without that it is none."""
        manifest = {"format": FORMAT, **about, "members": dict(self.counts), "sha256": self._digest.hexdigest()}
        data = json.dumps(manifest, indent=1).encode() + b"\n"
        member = tarfile.TarInfo(MANIFEST)
        member.size, member.mode = len(data), _MODE
        self._tar.addfile(member, io.BytesIO(data))
        self._tar.close()
        self._out.flush()


class _Gathered:
    """What is written into a file, which may be a pipe, in blocks that are not small."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._data = bytearray()
        self._position = 0

    def tell(self) -> int:
        return self._position

    def write(self, data: bytes, /) -> int:
        self._data += data
        self._position += len(data)
        if len(self._data) >= _BLOCK:
            self.flush()
        return len(data)

    def flush(self) -> None:
        data, self._data = self._data, bytearray()
        self._file.write(data)


class _Heard(io.RawIOBase):
    """A file whose bytes go into a digest as they are read."""

    def __init__(self, file: IO[bytes], digest: Any) -> None:
        self._file = file
        self._digest = digest

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data


def _forget(tar: tarfile.TarFile) -> None:
    # It keeps every member, and there may be millions; `getmembers` would first read them all.
    tar.members.clear()  # type: ignore[attr-defined]


def _note(digest: Any, name: str, size: int) -> None:
    digest.update(f"{name}\0{size}\0".encode(errors="surrogateescape"))


class Member(Value):
    """One file of a backup: its name, size in bytes, and time in seconds since 1970."""

    name: str
    size: int
    mtime: float


# What a file begins with that a program has packed, and what unpacks it.
_PACKED = {
    b"\x1f\x8b": ("gzip", "gunzip -c"),
    b"\x28\xb5\x2f\xfd": ("zstd", "zstd -dc"),
    b"\xfd7zXZ\0": ("xz", "xz -dc"),
    b"BZh": ("bzip2", "bunzip2 -c"),
    b"PK\x03\x04": ("zip", "unzip -p"),
}


class Reader:
    """Reads a backup once, from its begin to its end; Unfit where it is none."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read nothing yet."""
        self._file = _Begun(file)
        self._digest = sha256()
        self._counts: Counter[str] = Counter()
        self._last = ""  # the member that was read last
        self.manifest: dict[str, Any] = {}

    def members(self) -> Iterator[tuple[Member, Iterator[bytes]]]:
        """Yield the members, each with its bytes, which are to be read to their end before the next one is asked for.

        At the end it was a whole backup, and `manifest` is what it says of itself.
        """
        self._refuse_packed()
        try:
            with tarfile.open(fileobj=self._file, mode="r|") as tar:  # type: ignore[call-overload]
                yield from self._members(tar)
        except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError):
            raise Unfit(self._broken()) from None
        if not self.manifest:
            raise Unfit(self._broken())

    def _refuse_packed(self) -> None:
        begin = self._file.begin()
        if not begin:
            raise Unfit("it is empty: this is no backup of ArrTheAudio")
        for magic, (name, tool) in _PACKED.items():
            if begin.startswith(magic):
                raise Unfit(
                    f"it is packed with {name}, and a backup is a plain tar: {tool} FILE | arrtheaudio admin restore -"
                )

    def _broken(self) -> str:
        if not self._last:
            return "this is no backup of ArrTheAudio: it does not begin as one, which is a tar"
        return f"the backup is not whole: it is damaged, or ends, behind {self._last!r:.200}, before its manifest"

    def _members(self, tar: tarfile.TarFile) -> Iterator[tuple[Member, Iterator[bytes]]]:
        while (found := tar.next()) is not None:
            _forget(tar)
            _plain(found)
            if self.manifest:
                raise Unfit(f"this is no backup of ArrTheAudio: {found.name!r:.200} follows its manifest")
            file = tar.extractfile(found)
            assert file is not None
            if found.name == MANIFEST:
                self._end(file.read())
                continue
            _note(self._digest, found.name, found.size)
            self._counts[found.name.partition("/")[0]] += 1
            yield Member(found.name, found.size, found.mtime), self._bytes(file, found)
            self._last = found.name

    def _bytes(self, file: IO[bytes], found: tarfile.TarInfo) -> Iterator[bytes]:
        left = found.size
        while left:
            try:
                data = file.read(min(left, _CHUNK))
            except tarfile.TarError:
                data = b""
            if not data:
                raise Unfit(f"the backup is not whole: it ends inside {found.name!r:.200}")
            left -= len(data)
            self._digest.update(data)
            yield data

    def _end(self, data: bytes) -> None:
        try:
            manifest = json.loads(data)
        except (ValueError, RecursionError):
            raise Unfit("the backup is damaged: its manifest is no JSON") from None
        version = manifest.get("format") if isinstance(manifest, dict) else None
        if type(version) is not int:
            raise Unfit("this is no backup of ArrTheAudio: its manifest has no format")
        if version > FORMAT:
            raise Unfit(f"its format {version} is newer than this program, which knows {FORMAT}")
        if manifest.get("sha256") != self._digest.hexdigest() or manifest.get("members") != dict(self._counts):
            raise Unfit("the backup is damaged: its members are not the ones that were written")
        self.manifest = manifest


class _Begun:
    """A file whose begin is looked at before it is read, though it may be a pipe."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._begin = b""

    def begin(self) -> bytes:
        while len(self._begin) < tarfile.BLOCKSIZE and (data := self._read(tarfile.BLOCKSIZE - len(self._begin))):
            self._begin += data
        return self._begin

    def read(self, size: int, /) -> bytes:
        data, self._begin = self._begin[:size], self._begin[size:]
        return data or self._read(size)

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise Unfit(f"it cannot be read: {(error.strerror or str(error)).lower()}") from None


def _plain(found: tarfile.TarInfo) -> None:
    """Raise Unfit for what could lead out of a folder, or fill a disk: links, devices, `..`, sizes beyond reason."""
    name = found.name
    if not found.isreg() or found.issparse():
        raise Unfit(f"this is no backup of ArrTheAudio: {name!r:.200} is no plain file")
    if name.startswith("/") or any(part in ("", ".", "..") for part in name.split("/")):
        raise Unfit(f"this is no backup of ArrTheAudio: {name!r:.200} leads elsewhere")
    try:
        tarfile.data_filter(found, "/nowhere")
    except tarfile.FilterError as error:
        raise Unfit(f"this is no backup of ArrTheAudio: {error}") from None
    if found.size > limit(name):
        raise Unfit(f"this is no backup of ArrTheAudio: {name!r:.200} has {found.size:,} bytes")
