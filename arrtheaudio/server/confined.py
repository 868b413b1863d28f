"""Whether a path is in one of the folders that requests may touch; imports nothing of the server."""

import os
from collections.abc import Iterable


def inside(path: bytes, roots: Iterable[str]) -> bool:
    """Say whether a path, its symbolic links followed, is one of the roots or below one; so are the roots' links.

    It asks the file system each time, and waits for it where it does not answer. What is not there is taken as it is
    spelt: of a file that is still to come, the folders that exist count.
    """
    return below(os.path.realpath(path), [os.path.realpath(os.fsencode(root)) for root in roots])


def below(path: bytes, roots: Iterable[bytes]) -> bool:
    """Say whether an absolute path without links is one of the roots, without links too, or below one."""
    return any(path == root or path.startswith(root.rstrip(b"/") + b"/") for root in roots)
