"""Where the files are that a request names: mapped to our folders, links followed, and held against what is allowed."""

import os
from functools import partial
from typing import TYPE_CHECKING

from arrtheaudio.core.path_mapping import Mapped, Mappings, parts
from arrtheaudio.core.value import Value
from arrtheaudio.server.confined import below
from arrtheaudio.server.deadline import Deadline

if TYPE_CHECKING:
    from arrtheaudio.config import Config

_LONGEST = 4096  # bytes: PATH_MAX of Linux, with the NUL at its end
# Why not, in a word.
NO_PATH, NO_ROOTS, NOT_MAPPED, OUTSIDE = "not_a_path", "no_roots", "not_mapped", "outside"


_DEADLINE = Deadline()


class Refusal(Value):
    """We may not go there: why, in a word for programs and in a line for people, which says what mends it."""

    reason: str
    message: str


class Places:
    """What `path_mappings` and `api.allowed_roots` make of the paths in requests."""

    def __init__(self, config: "Config", deadline: Deadline | None = None) -> None:
        """Take the configuration; the file system is not asked yet."""
        pairs = [(remote, os.path.normpath(local)) for remote, local in config.path_mappings]
        self._remotes = [remote for remote, _ in pairs]
        self._mappings = Mappings(pairs)
        self.roots = tuple(dict.fromkeys(map(os.path.normpath, config.api.allowed_roots)))
        self._real: list[bytes] = []
        self._deadline = deadline or _DEADLINE

    def missing(self) -> list[str]:
        """Return the roots that are no folders, or do not answer."""
        return [root for root in self.roots if not self._deadline.ask(partial(os.path.isdir, root))]

    def local(self, sent: str) -> str | Refusal:
        """Return our path for an Arr's. Links in it are followed for the judgement alone, and stay."""
        found = parts(sent)
        if found is None or (wrong := _wrong(sent)):
            return Refusal(NO_PATH, f"{sent!r:.200} {'is no absolute path' if found is None else wrong}.")
        mapped = self._mappings.find(found)
        if mapped is None and found.root != "/":
            mend = "Add its folder there as `remote`, and as `local` what it is here."
            return Refusal(NOT_MAPPED, f"{sent}: a path of Windows, and {self._none()}. {mend}")
        path = mapped.path if mapped else f"/{'/'.join(found.names)}"
        leads = self._outside(path)
        return path if leads is None else self._refusal(sent, path, leads, mapped)

    def here(self, path: str) -> str | Refusal:
        """Return a path that is ours already, `.` and `..` worked out; a Refusal where we may not go there."""
        found = parts(path)
        if found is None or found.root != "/" or (wrong := _wrong(path)):
            absolute = found is not None and found.root == "/"
            return Refusal(NO_PATH, f"{path!r:.200} {wrong if absolute else 'is no absolute path'}.")
        plain = f"/{'/'.join(found.names)}"
        leads = self._outside(plain)
        if leads is None:
            return plain
        return self._no_roots(path) or Refusal(OUTSIDE, f"{_led(path, leads)} is {self._where()}. {_ADD}")

    def _outside(self, path: str) -> str | None:
        """Return where a path leads, where that is outside of the roots; None where it is inside.

        And where the file system does not say in time: a worker asks it again before it opens the file.
        """
        name = os.fsencode(path)
        return self._deadline.ask(lambda: self._led_out(name)) if self.roots else path

    def _led_out(self, path: bytes) -> str | None:
        real = os.path.realpath(path)
        if below(real, self._real):
            return None
        # A root may be a link, and lead elsewhere since it was last looked at.
        self._real = [os.path.realpath(os.fsencode(root)) for root in self.roots]
        return None if below(real, self._real) else os.fsdecode(real)

    def _refusal(self, sent: str, path: str, leads: str, mapped: Mapped | None) -> Refusal:
        if refusal := self._no_roots(sent):
            return refusal
        if mapped is not None:
            by = f"path_mappings ({mapped.remote} -> {mapped.local}) makes it {_led(path, leads)}"
            return Refusal(OUTSIDE, f"{sent}: {by}, {self._where()}. Correct that mapping, or: {_ADD}")
        reason = NOT_MAPPED if self._remotes else OUTSIDE
        said = f"{sent}: {self._none()}, and as it stands, {_led(path, leads)} is {self._where()}"
        return Refusal(
            reason, f"{said}. Where the Arr has other folders than we have, add its to path_mappings. {_ADD}"
        )

    def _no_roots(self, sent: str) -> Refusal | None:
        if self.roots:
            return None
        mend = "neither api.allowed_roots nor path_mappings names a folder, so none may be touched"
        return Refusal(NO_ROOTS, f"{sent}: {mend}. Add the folders of the media to api.allowed_roots.")

    def _none(self) -> str:
        if not self._remotes:
            return "path_mappings is empty"
        return f"no `remote` in path_mappings is above it ({', '.join(self._remotes)})"

    def _where(self) -> str:
        return f"outside of api.allowed_roots ({', '.join(self.roots)})"


_ADD = "Add its folder to api.allowed_roots where we may change what is in there."


def _led(path: str, leads: str) -> str:
    return path if leads == path else f"{path}, which leads to {leads},"


def _wrong(path: str) -> str:
    """Say why no file can have this path; nothing where one can."""
    if "\0" in path:
        return "is no path: it has a NUL"
    try:
        size = len(os.fsencode(path))
    except UnicodeEncodeError:
        return "is no path: it is not UTF-8"
    return "is too long for a path" if size >= _LONGEST else ""
