"""Whether files can be kept in a folder, tried for real: what is not there yet, and what root may do, no mode says."""

import contextlib
import os

_TRIED = 8192  # bytes, some more than an entry of the journal or a job has


def standing(path: str) -> str:
    """Return the nearest of a path and the folders above it that is there; a link that leads nowhere is there."""
    path = os.path.abspath(path)
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


def tried(place: str) -> OSError | None:
    """Make a folder with a file of some kB in a place, and remove it; return what stood in the way."""
    folder = f"{place}/.doctor.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        os.mkdir(folder, 0o700)
        with open(f"{folder}/file", "xb") as file:
            file.write(os.urandom(_TRIED))  # zeros take no room where a file system compresses
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(f"{folder}/file")
        with contextlib.suppress(OSError):
            os.rmdir(folder)
    return None


def mount_of(path: str) -> tuple[str, str]:
    """Return where the file system of a path is mounted, and its type, by proc_pid_mountinfo(5)."""
    found, real = ("/", "unknown"), os.path.realpath(path)
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.split()
                place = words[4].replace("\\040", " ")
                if f"{real}/".startswith(f"{place.rstrip('/')}/") and len(place) >= len(found[0]):
                    found = place, words[words.index("-") + 1]
    except OSError:
        return found
    return found
