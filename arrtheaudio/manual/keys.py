"""The keys of a JSON Schema, as a page tells of them: name, type, allowed values, default, meaning."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from arrtheaudio.manual import roff

Part = Mapping[str, Any]
_PLURAL = {"object": "objects", "string": "texts", "integer": "whole numbers", "number": "numbers"}
_KINDS = {"string": "text", "integer": "whole number", "array": "list", "object": "object", "null": "null"}


def resolved(part: Part, schema: Part) -> Part:
    """Return a part of a schema with what its `$ref` points to; what stands beside the reference wins."""
    if "$ref" not in part:
        return part
    return {**resolved(schema["$defs"][part["$ref"].rpartition("/")[2]], schema), **part}


def walk(part: Part, schema: Part, path: str = "") -> Iterator[tuple[str, Part, bool]]:
    """Yield every key below a part, in its order: its path, its own part, whether it must be there."""
    required = part.get("required", ())
    for key, inner in part.get("properties", {}).items():
        inner = resolved(inner, schema)
        where = f"{path}.{key}" if path else key
        yield where, inner, key in required
        if "items" in inner:
            inner, where = resolved(inner["items"], schema), f"{where}[]"
        yield from walk(inner, schema, where)


def heading(path: str, part: Part, schema: Part) -> Iterator[str]:
    """Yield a key of the first level; what is said of a section, which has keys itself, is what it is for."""
    yield f".SS {roff.escaped(path)}"
    if "properties" not in part:
        yield from (f"({roff.escaped(_facts(part, schema))})", ".br")
    yield roff.prose(_meaning(part))


def entry(path: str, part: Part, schema: Part, *notes: str) -> Iterator[str]:
    """Yield a key with its type, and in the next line what it means."""
    facts = _facts(part, schema, *notes)
    yield from roff.tagged(roff.bold(path) + (f" ({roff.escaped(facts)})" if facts else ""), _meaning(part))


def _facts(part: Part, schema: Part, *notes: str) -> str:
    default = [f"default {_shown(part['default'])}"] if "default" in part else []
    return "; ".join(filter(None, (kind(part, schema), *notes, *default)))


def _meaning(part: Part) -> str:
    example = f" For example `{_shown(part['examples'][0])}`." if part.get("examples") else ""
    return f"{part.get('description', '')}{example}"


def kind(part: Part, schema: Part) -> str:
    """Return which values a part allows, in words."""
    if "title" in part:
        return str(part["title"]).replace("`", "")
    if "enum" in part:
        return _one_of([*map(str, part["enum"])])
    if part.get("type") == "array":
        return f"list of {_many(resolved(part.get('items', {}), schema))}"
    kinds = part.get("type", [])
    words = " or ".join(_KINDS.get(one, one) for one in ([kinds] if isinstance(kinds, str) else kinds))
    return f"{words}{_range(part)}"


def _many(part: Part) -> str:
    if "enum" in part:
        return _one_of([*map(str, part["enum"])])
    return str(part["title"]).replace("`", "") if "title" in part else _PLURAL[part["type"]]


def _one_of(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else words[0]


def _range(part: Part) -> str:
    least, most = part.get("minimum"), part.get("maximum")
    if most is not None:
        return f", {least} to {most}"
    return f", at least {least}" if least else ""


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
