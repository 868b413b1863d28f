"""A path as another machine names it, and as we do."""

from collections.abc import Iterable, Sequence

from arrtheaudio.core.value import Value

_SHARE = "\\\\"  # how a path of a Windows share begins


class Parts(Value):
    """An absolute path taken apart: where it is rooted (`/`, `c:`, or two backslashes), and the names below."""

    root: str
    names: tuple[str, ...]

    def begins_with(self, other: "Parts") -> bool:
        """Say whether it is the other or below it; Windows does not tell `TV` from `tv`."""
        if self.root != other.root or len(other.names) > len(self.names):
            return False
        first = self.names[: len(other.names)]
        if first == other.names:
            return True
        return self.root != "/" and [*map(str.casefold, first)] == [*map(str.casefold, other.names)]


class Mapped(Value):
    """Our path, and the mapping that it comes from."""

    path: str
    remote: str
    local: str


def parts(path: str) -> Parts | None:
    """Return a path's parts, `.` and `..` worked out; None where it is not absolute."""
    if path.startswith("/"):
        return Parts("/", _names(path.split("/")))
    if path[1:2] == ":" and path[0].isascii() and path[0].isalpha() and path[2:3] in ("", "\\", "/"):
        return Parts(path[:2].lower(), _names(path[2:].replace("\\", "/").split("/")))
    if path.startswith(_SHARE):
        return Parts(_SHARE, _names(path.replace("\\", "/").split("/")))
    return None


def _names(split: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for name in split:
        if name == "..":
            del names[-1:]
        elif name not in ("", "."):
            names.append(name)
    return tuple(names)


class Mappings:
    """All of them. The longest remote that a path begins with counts, on whole names; of two alike the first."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Take the folders there and here."""
        known = [(parts(remote), remote, local) for remote, local in pairs]
        found = [(folder, remote, local) for folder, remote, local in known if folder is not None]
        self._known = sorted(found, key=lambda one: -len(one[0].names))

    def find(self, path: Parts) -> Mapped | None:
        """Return our path for another's; None where no mapping has it."""
        for folder, remote, local in self._known:
            if path.begins_with(folder):
                rest = path.names[len(folder.names) :]
                return Mapped("/".join((local.rstrip("/"), *rest)) or "/", remote, local)
        return None
