"""Which track shall be the default one: a pure function of tracks, wanted languages and settings."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Selection(NamedTuple):
    """How one track is chosen among several; the configuration's `selection`.

    An empty `commentary` means the names that ship with the program.
    """

    same_language: tuple[str, ...] = ("default", "channels", "codec")
    commentary: tuple[str, ...] = ()
    undetermined: str = "original"
    exclusive: bool = True
    write_original_flag: bool = True


class PathOverride(NamedTuple):
    """Other languages for the paths that a glob matches; None takes the global setting."""

    path: str
    language_priority: tuple[str, ...] | None = None
    prefer_original: bool | None = None


class Rule(NamedTuple):
    """Other languages for what the Arr and TMDB know of a title; `match` as the configuration has it."""

    match: Mapping[str, Any]
    language_priority: tuple[str, ...] = ()
    skip: bool = False


class Policy(NamedTuple):
    """Everything a person has said about languages. No `language_priority`: the original language or nothing."""

    language_priority: tuple[str, ...] = ()
    prefer_original: bool = True
    path_overrides: tuple[PathOverride, ...] = ()
    rules: tuple[Rule, ...] = ()
    selection: Selection = Selection()
