"""Holds a document against the schema, and says every fault so that a person who mistyped can mend it."""

from collections.abc import Iterator
from typing import Any

from arrtheaudio.config import schema
from arrtheaudio.config.conform import FORMATS, LANGUAGES, conforms
from arrtheaudio.config.document import Document
from arrtheaudio.config.fault import Fault, Path, dotted, shown


def faults(document: Document) -> Iterator[Fault]:
    """Yield every fault of a document, in no order."""
    if not conforms(document.data, schema.load()):
        yield from _against_schema(document)
    yield from _repeated(document)


def errors(data: Any) -> Iterator[Any]:
    """Yield what jsonschema has to say of the values."""
    from jsonschema import Draft202012Validator, FormatChecker

    checker = FormatChecker(formats=())
    for name, valid in FORMATS.items():
        # what is no text is for `type` to say
        checker.checks(name)(lambda value, valid=valid: not isinstance(value, str) or valid(value))
    return Draft202012Validator(schema.load(), format_checker=checker).iter_errors(data)


def _against_schema(document: Document) -> Iterator[Fault]:
    for error in errors(document.data):
        for path, message in _described(error, tuple(error.absolute_path)):
            yield Fault(document.place(path), path, message)


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
        yield path, f"must be {allowed(part)}; it lacks {_missing(error)}"
    elif error.validator == "uniqueItems":
        yield path, f"has an entry twice; must be {allowed(part)}"
    elif isinstance(error.instance, dict | list):
        yield path, f"must be {allowed(part)}"
    elif "properties" in part or "properties" in schema.resolved(part.get("items")):
        # not shown: `tmdb: KEY` is a likely mistake
        yield path, f"must be {allowed(part)}"
    else:
        yield path, f"is {shown(path, error.instance)}, must be {allowed(part)}{_hint(error.instance, part)}"


def _hint(value: Any, part: dict[str, Any]) -> str:
    """Return what would mend a value of the wrong kind or a language that is no code; empty where that is not known."""
    if part.get("type") != "string" or value is None:
        return ""
    if not isinstance(value, str):
        return "; put quotes around it"
    from arrtheaudio.core.language_names import nearest

    meant = nearest(value) if part.get("format") in LANGUAGES else ""
    return f"; did you mean {meant}?" if meant else ""


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
    everywhere = {str(other[-1]): dotted(other) for other, _ in schema.walk()}
    elsewhere = difflib.get_close_matches(key.lower().replace("-", "_"), everywhere, 1, 0.8)
    if elsewhere:
        return f"no such key here; did you mean {everywhere[elsewhere[0]]}?"
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
