"""Whether a file system is mounted that may not answer."""

import contextlib
import os
import select
import threading

_TABLE = "/proc/self/mountinfo"
# Those that answer as long as the machine's own disks do; all others (NFS, SMB, FUSE, autofs...) may hang.
_LOCAL = frozenset(
    b"ext2 ext3 ext4 xfs btrfs zfs bcachefs f2fs jfs tmpfs ramfs rootfs overlay aufs squashfs erofs iso9660 udf vfat "
    b"exfat ntfs3 hfsplus devtmpfs devpts proc sysfs cgroup cgroup2 mqueue securityfs selinuxfs debugfs tracefs bpf "
    b"pstore configfs hugetlbfs fusectl binfmt_misc efivarfs nsfs".split()
)


class Mounts:
    """The kernel's table of mounts, read again when it says that it has changed (proc_pid_mountinfo(5))."""

    def __init__(self, table: str = _TABLE) -> None:
        """Read the table; where there is none, anything may hang."""
        self._hanging = True
        self._lock = threading.Lock()
        self._poll = select.poll()
        with contextlib.suppress(OSError):
            # For as long as the process lives: there is one of these.
            self._table = os.open(table, os.O_RDONLY | os.O_CLOEXEC)
            self._hanging = self._read()
            self._poll.register(self._table, select.POLLERR | select.POLLPRI)

    def may_hang(self) -> bool:
        """Say whether one of the file systems may keep a thread waiting for ever."""
        # What another thread is asking at this moment need not be asked twice.
        if self._lock.acquire(blocking=False):
            try:
                if self._poll.poll(0):
                    self._hanging = self._read()
            finally:
                self._lock.release()
        return self._hanging

    def _read(self) -> bool:
        os.lseek(self._table, 0, os.SEEK_SET)
        parts = iter(lambda: os.read(self._table, 1 << 16), b"")
        return one_may_hang(b"".join(parts))


def one_may_hang(table: bytes) -> bool:
    """Say whether a table has a file system that is not one of this machine's own."""
    return any(_kind(line.split()) not in _LOCAL for line in table.splitlines())


def _kind(words: list[bytes]) -> bytes:
    return words[words.index(b"-") + 1]
