"""Holds a document against the schema, and says every fault so that a person who mistyped can mend it."""

from collections.abc import Iterator
from typing import Any

from arrtheaudio.config import schema
from arrtheaudio.config.document import Document
from arrtheaudio.config.fault import Fault, Path, dotted, shown


def faults(document: Document) -> Iterator[Fault]:
    """Yield every fault of a document, in no order."""
    from jsonschema import Draft202012Validator, FormatChecker

    checker = FormatChecker(formats=())
    for name, valid in FORMATS.items():
        checker.checks(name)(valid)
    for error in Draft202012Validator(schema.load(), format_checker=checker).iter_errors(document.data):
        path = tuple(error.absolute_path)
        for inner, message in _described(error, path):
            yield Fault(document.place(inner), inner, message)
    yield from _repeated(document)


def language(value: object) -> bool:
    """Say whether a value is a language code; what is no text is for `type` to say."""
    from arrtheaudio.core.language import tag

    return not isinstance(value, str) or tag(value) != "und"


def _wanted(value: object) -> bool:
    return value == "original" or language(value)


def _undetermined(value: object) -> bool:
    return value == "ignore" or _wanted(value)


FORMATS = {"language": language, "wanted-language": _wanted, "undetermined": _undetermined}


def allowed(part: dict[str, Any]) -> str:
    """Return what a part of the schema allows, in words."""
    if "title" in part:
        return str(part["title"])
    if "enum" in part:
        return _listed(part["enum"], "or")
    if part.get("type") in ("integer", "number"):
        kind = "a whole number" if part["type"] == "integer" else "a number"
        top = part.get("maximum")
        return f"{kind} from {part['minimum']} " + (f"to {top}" if top is not None else "up")
    if "properties" in part:
        return f"a group with {_listed(part['properties'], 'or')}"
    return {"boolean": "true or false", "array": "a list"}.get(part.get("type", ""), "a text")


def _described(error: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the key that is wrong and what to say of it, for one error of jsonschema."""
    part = schema.at(path)
    if "propertyNames" in error.absolute_schema_path:
        yield (*path, error.instance), f"must be {allowed(part['propertyNames'])}"
    elif error.validator == "additionalProperties":
        for key in error.instance.keys() - part["properties"].keys():
            yield (*path, key), _unknown(key, path, part)
    elif error.validator in ("required", "dependentRequired"):
        yield path, f"must be {allowed(part)}; {_missing(error)} is missing"
    elif error.validator == "uniqueItems":
        yield path, f"has an entry twice; must be {allowed(part)}"
    elif isinstance(error.instance, dict | list):
        yield path, f"must be {allowed(part)}"
    else:
        yield path, f"is {shown(path, error.instance)}, must be {allowed(part)}"


def _missing(error: Any) -> str:
    needed = error.validator_value
    if isinstance(needed, dict):
        needed = [key for name, others in needed.items() if name in error.instance for key in others]
    return _listed([key for key in needed if key not in error.instance], "and")


def _unknown(key: str, path: Path, part: dict[str, Any]) -> str:
    import difflib

    near = difflib.get_close_matches(key.lower().replace("-", "_"), part["properties"], 1)
    if near:
        return f"no such key; did you mean {near[0]}?"
    elsewhere = [dotted(other) for other, _ in schema.walk() if other[-1] == key]
    if elsewhere:
        return f"no such key here; did you mean {_listed(elsewhere, 'or')}?"
    return f"no such key; {dotted(path) or 'the file'} has {_listed(part['properties'], 'and')}"


def _repeated(document: Document) -> Iterator[Fault]:
    """Yield what names a thing a second time: an Arr, or the remote side of a mapping."""
    for section, key in (("arr", "name"), ("path_mappings", "remote")):
        seen: dict[str, int] = {}
        entries = document.data.get(section)
        for at, entry in enumerate(entries if isinstance(entries, list) else ()):
            name = entry.get(key) if isinstance(entry, dict) else None
            if isinstance(name, str) and seen.setdefault(name, at) != at:
                path = (section, at, key)
                yield Fault(document.place(path), path, f"is {name!r}, as {section}[{seen[name]}] is already")


def _listed(words: Any, last: str) -> str:
    *first, end = map(str, words)
    return f"{', '.join(first)} {last} {end}" if first else end
