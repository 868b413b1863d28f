"""What a person wants: the settings that a choice stands on, and the wanted languages of one title."""

from collections.abc import Iterable, Mapping
from typing import Any

from arrtheaudio.core import globs, language
from arrtheaudio.core.value import Value

# Stands for the original language, anywhere in a list of languages.
ORIGINAL = "original"


class Selection(Value):
    """How one track is chosen among several; the configuration's `selection`.

    An empty `commentary` means the names that ship with the program.
    """

    same_language: tuple[str, ...] = ("default", "channels", "codec")
    commentary: tuple[str, ...] = ()
    undetermined: str = "original"
    exclusive: bool = True
    write_original_flag: bool = True


class PathOverride(Value):
    """Other languages for the paths that a glob matches; None takes the global setting."""

    path: str
    language_priority: tuple[str, ...] | None = None
    prefer_original: bool | None = None


class Rule(Value):
    """Other languages for what the Arr and TMDB know of a title; `match` as the configuration has it."""

    match: Mapping[str, Any]
    language_priority: tuple[str, ...] = ()
    skip: bool = False


class Policy(Value):
    """Everything a person has said about languages. No `language_priority`: the original language or nothing."""

    language_priority: tuple[str, ...] = ()
    prefer_original: bool = True
    path_overrides: tuple[PathOverride, ...] = ()
    rules: tuple[Rule, ...] = ()
    selection: Selection = Selection()


class Wanted(Value):
    """The languages that are wanted for one title: BCP 47 tags and `original`, best first.

    `source` names who says so, in words for a reason. `ruled`: a rule of the configuration does. `skip`: it says to
    leave the file alone.
    """

    languages: tuple[str, ...]
    source: str = "language_priority"
    ruled: bool = False
    skip: bool = False


def wanted_languages(
    record: Mapping[str, Any], policy: Policy, original: str | None = None, languages: Iterable[str] = ()
) -> Wanted:
    """Return what is wanted for the title of a record: its `path`, `arr` and `tmdb` are looked at.

    The first rule that matches decides, then the first path override, then `language_priority`. `original` is the
    original language, where it is known, for the rules that ask for it. `languages` are those of the command line:
    they take the place of the list, whoever has it, but not of a rule that says skip.
    """
    number, rule = next(
        ((number, rule) for number, rule in enumerate(policy.rules, 1) if applies(rule, record, original)), (0, None)
    )
    if rule and rule.skip:
        return Wanted((), f"rule {number}", ruled=True, skip=True)
    if rule and not languages:
        return Wanted(_tags(rule.language_priority), f"rule {number}", ruled=True)
    listed = _by_path(record, policy)
    prefer_original = policy.prefer_original if listed.prefer_original is None else listed.prefer_original
    if languages:
        return Wanted(_with_original(languages, prefer_original), "--language")
    return Wanted(_with_original(listed.languages, prefer_original), listed.source)


class _Listed(Value):
    languages: tuple[str, ...]
    prefer_original: bool | None
    source: str


def _by_path(record: Mapping[str, Any], policy: Policy) -> _Listed:
    for override in policy.path_overrides:
        if globs.matches(override.path, _path(record)):
            own = override.language_priority
            if own is None:
                return _Listed(policy.language_priority, override.prefer_original, "language_priority")
            return _Listed(own, override.prefer_original, f"the path override {override.path}")
    return _Listed(policy.language_priority, None, "language_priority")


def _with_original(languages: Iterable[str], prefer_original: bool) -> tuple[str, ...]:
    """Put `original` first, unless the list places it or that is not preferred."""
    tags = _tags(languages)
    return (ORIGINAL, *tags) if prefer_original and ORIGINAL not in tags else tags


def _tags(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code if code == ORIGINAL else language.tag(code) for code in codes))


def applies(rule: Rule, record: Mapping[str, Any], original: str | None = None) -> bool:
    """Say whether all that a rule asks of a title is known of it, and so."""
    return all(_holds(key, value, record, original) for key, value in rule.match.items())


def _holds(key: str, value: Any, record: Mapping[str, Any], original: str | None) -> bool:
    arr, tmdb = _part(record, "arr"), _part(record, "tmdb")
    match key:
        case "tags":
            return not _folded(value).isdisjoint(_folded(arr.get("tags")))
        case "path":
            return globs.matches(value, _path(record))
        case "original_language":
            return _is_language(value, original)
        case "kind":
            return value in (arr.get("kind"), tmdb.get("kind"))
        case "app" | "series_type":
            return bool(arr.get(key) == value)
        case _:
            known = [_part(arr, "ids").get(key), tmdb.get("id") if key == "tmdb" else None]
            return str(value) in map(str, known)


def _is_language(wanted: str, original: str | None) -> bool:
    """Compare with what is known; a film without words (`zxx`) can be asked for, though it matches no track."""
    if original is None:
        return False
    return language.tag(wanted) == language.tag(original) or language.match(wanted, original) is not None


def _folded(labels: Any) -> set[str]:
    """Return labels without their case: the Arrs keep tags in small letters, people write them as they like."""
    return (
        {label.casefold() for label in labels if isinstance(label, str)} if isinstance(labels, list | tuple) else set()
    )


def _path(record: Mapping[str, Any]) -> str:
    path = record.get("path")
    return path if isinstance(path, str) else ""


def _part(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = record.get(key)
    return part if isinstance(part, Mapping) else {}
