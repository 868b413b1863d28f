"""What is wrong with a configuration: where, which key, what stands there and what is allowed."""

from collections.abc import Iterable
from typing import Any

from arrtheaudio.config.settings import SECRETS
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Fatal

Path = tuple[str | int, ...]
_LONGEST = 60


class Place(Value):
    """A file or an environment variable; `line` and `column` count from 1, 0 where there is none."""

    name: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return the place as compilers print it."""
        return ":".join([_plain(self.name), *(str(number) for number in self[1:] if number)])


class Fault(Value):
    """`path` leads to the key; it is empty where the whole file is meant."""

    place: Place
    path: Path
    message: str

    def __str__(self) -> str:
        """Return the fault as one line."""
        return ": ".join(part for part in (str(self.place), dotted(self.path), self.message) if part)


class Invalid(Fatal):
    """The configuration is wrong. Carries every fault, by file and line; its text has one a line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Sort the faults; one that is there twice counts once."""
        self.faults = tuple(sorted(dict.fromkeys(faults), key=lambda fault: fault.place))
        super().__init__("\n".join(map(str, self.faults)))


def dotted(path: Path) -> str:
    """Return a path as people write it: `arr[0].url`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_plain(part)}" for part in path)
    return text.removeprefix(".")


def shown(path: Path, value: Any) -> str:
    """Return a value as it may be printed: on one line, not too long, and no secret."""
    if not SECRETS.isdisjoint(path):
        return "(hidden)"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    text = repr(_without_secrets(value) if isinstance(value, str) else value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _without_secrets(text: str) -> str:
    import re

    # the user and password of an address, and its query, which may have a key
    return re.sub(r"(?s)(?<=://).*(?=@)|(?<=\?).+", "(hidden)", text)


def _plain(text: str) -> str:
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= 4 * _LONGEST else f"{text[: 4 * _LONGEST]}…"
