"""Every named failure: what it means, its code in a record, its exit status.

An `Error` meets one record, which goes on with an `error` key. A `Fatal` ends the process.
"""

import errno
from typing import ClassVar


class Error(Exception):
    """One record failed; the others go on."""

    code: ClassVar[str] = "internal"


class NotFound(Error):
    """There is no such file."""

    code = "not_found"


class PermissionDenied(Error):
    """The file may not be opened, read or written by this user."""

    code = "permission_denied"


class NotAFile(Error):
    """A folder, a FIFO, a device or a socket where a regular file is due."""

    code = "not_a_file"


class NotMedia(Error):
    """The bytes are of no known container."""

    code = "not_media"


class UnsupportedContainer(Error):
    """A container, or a trait of one, that is not edited here."""

    code = "unsupported_container"


class Truncated(Error):
    """The file ends inside an element."""

    code = "truncated"

    def __init__(self, what: str, offset: int) -> None:
        """Say which element, and the byte at which it starts."""
        super().__init__(f"ends inside the {what} at byte {offset}")


class Corrupt(Error):
    """The bytes contradict the container's own rules."""

    code = "corrupt"


class InvalidRecord(Error):
    """A line that is JSON, but no record."""

    code = "invalid_record"


class InvalidJson(Error):
    """A line that starts like a record and is not JSON."""

    code = "invalid_json"


class ChangedSinceProbe(Error):
    """The file is not the one that was probed, or its bytes are no longer ours."""

    code = "changed_since_probe"


class NoSpace(Error):
    """The file system or the quota is full."""

    code = "no_space"


class ReadOnly(Error):
    """A read-only mount or an immutable file."""

    code = "read_only"


class IoError(Error):
    """The storage failed."""

    code = "io_error"


class Timeout(Error):
    """Something did not answer, or a file stayed in use, for too long."""

    code = "timeout"


class ToolMissing(Error):
    """A program that this needs is not installed."""

    code = "tool_missing"


class ToolFailed(Error):
    """A program that this needs gave no usable answer."""

    code = "tool_failed"


class Network(Error):
    """A host did not answer."""

    code = "network"


class Internal(Error):
    """A defect of ours."""

    code = "internal"


class NoRoom(Error):
    """The edit does not fit into the bytes that the header has; the record says `skipped`, `no_room`."""


class Fatal(Exception):
    """The call or the configuration is wrong; nothing was done."""

    exit_status: ClassVar[int] = 2


class UsageError(Fatal):
    """The call lacks something, or asks for two things at once."""


CODES = tuple(sorted({error.code for error in Error.__subclasses__()}))

# What is said of files on a mount whose server, or whose device, has gone: it may come back, and the file with it.
_GONE = (
    errno.ENOTCONN,
    errno.ESTALE,
    errno.ENODEV,
    errno.ECONNABORTED,
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.ESHUTDOWN,
)
_BY_ERRNO: dict[int, type[Error]] = {
    errno.ENOENT: NotFound,
    errno.ENOTDIR: NotFound,
    errno.EACCES: PermissionDenied,
    errno.EPERM: PermissionDenied,
    errno.EISDIR: NotAFile,
    errno.ENXIO: NotAFile,
    errno.ENOSPC: NoSpace,
    errno.EDQUOT: NoSpace,
    errno.EFBIG: NoSpace,
    errno.EROFS: ReadOnly,
    errno.ETIMEDOUT: Timeout,
    **dict.fromkeys(_GONE, Network),
}


def from_os(error: OSError) -> Error:
    """Name what the kernel said. The message is the kernel's, without the path: a record has that already."""
    kind = _BY_ERRNO.get(error.errno or 0, IoError)
    return kind((error.strerror or str(error)).lower())
