"""Options, declared once: from the same declaration come the parser, `--help`, man pages and completions.

click parses every call but the plain ones: importing it costs three times what a probe does, so a call that names a
command, known options and files is read here, by the same declarations. What is not plain, or wrong, is for click.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from arrtheaudio.core.value import Value


class Option(Value):
    """An option of a command.

    `flags` are its spellings, `negative` the one that says no. `kind` makes a value of its text, and raises ValueError
    with what is wrong; None is a flag, without a value. `choices` are the texts allowed, where they are few.
    """

    name: str
    flags: tuple[str, ...]
    help: str
    kind: Callable[[str], Any] | None = None
    metavar: str | None = None
    default: Any = None
    multiple: bool = False
    choices: tuple[str, ...] = ()
    negative: str | None = None

    def initial(self) -> Any:
        """Return what holds where the option is not given."""
        return () if self.multiple else self.default

    def value(self, text: str) -> Any:
        """Return the value of a text; ValueError where it is none."""
        if self.choices and text not in self.choices:
            raise ValueError(f"{text!r} is not one of {', '.join(self.choices)}")
        return text if self.kind is None else self.kind(text)


def parse(words: Sequence[str], options: Iterable[Option]) -> tuple[dict[str, Any], tuple[bytes, ...]] | None:
    """Return the options' values and the files of a plain call; None where it is for click to read."""
    known = {flag: (option, True) for option in options for flag in option.flags}
    known |= {option.negative: (option, False) for option, _ in list(known.values()) if option.negative}
    values = {option.name: option.initial() for option, _ in known.values()}
    files: list[bytes] = []
    left = iter(words)
    for word in left:
        if word == "-" or not word.startswith("-"):
            files.append(os.fsencode(word))
        elif word == "--":
            files.extend(map(os.fsencode, left))
        elif not _take(word, left, known, values):
            return None
    return values, tuple(files)


def _take(word: str, left: Iterable[str], known: dict[str, tuple[Option, bool]], values: dict[str, Any]) -> bool:
    flag, equals, text = word.partition("=")
    if flag not in known or (equals and not flag.startswith("--")):
        return False
    option, positive = known[flag]
    if option.kind is None and not option.choices:
        values[option.name] = positive
        return not equals
    given = text if equals else next(iter(left), None)
    if given is None:
        return False
    try:
        value = option.value(given)
    except ValueError:
        return False
    values[option.name] = (*values[option.name], value) if option.multiple else value
    return True
