"""Whether values conform to our schema, said in a millisecond.

jsonschema takes 65 ms to import, at every start that has a configuration file. It is asked only for the words, where
this says no. A test holds that the two agree, and that the schema has no keyword that is not known here.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from arrtheaudio.config.schema import resolved

_Part = Mapping[str, Any]


def conforms(value: Any, schema: Any) -> bool:
    """Say whether a value of JSON conforms to a part of the configuration's schema."""
    part = resolved(schema)
    return all(KEYWORDS[word](value, wanted, part) for word, wanted in part.items() if word in KEYWORDS)


def _is_language(code: str) -> bool:
    from arrtheaudio.core import language

    return language.valid(code)


LANGUAGES: dict[str, Callable[[str], bool]] = {
    "language": _is_language,
    "wanted-language": lambda code: code == "original" or _is_language(code),
    "undetermined": lambda code: code in ("original", "ignore") or _is_language(code),
}
FORMATS: dict[str, Callable[[str], bool]] = {**LANGUAGES, "path": lambda path: "\0" not in path}


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": _number,
    "integer": lambda value: _number(value) and value % 1 == 0,
}


def _additional(value: Any, schema: Any, part: _Part) -> bool:
    others = [value[key] for key in value if key not in part.get("properties", ())] if isinstance(value, dict) else []
    return not others if schema is False else all(conforms(other, schema) for other in others)


def _properties(value: Any, properties: _Part, _part: _Part) -> bool:
    known = value.keys() & properties.keys() if isinstance(value, dict) else ()
    return all(conforms(value[key], properties[key]) for key in known)


def _dependent(value: Any, needed: Mapping[str, list[str]], _part: _Part) -> bool:
    return not isinstance(value, dict) or all(set(needed[key]) <= value.keys() for key in needed if key in value)


KEYWORDS: dict[str, Callable[[Any, Any, _Part], bool]] = {
    "type": lambda value, kind, _: _TYPES[kind](value),
    "enum": lambda value, values, _: value in values,
    "const": lambda value, wanted, _: value is wanted,
    "minimum": lambda value, least, _: not _number(value) or value >= least,
    "maximum": lambda value, most, _: not _number(value) or value <= most,
    "minLength": lambda value, least, _: not isinstance(value, str) or len(value) >= least,
    "pattern": lambda value, pattern, _: not isinstance(value, str) or re.search(pattern, value) is not None,
    "format": lambda value, name, _: not isinstance(value, str) or FORMATS[name](value),
    "minItems": lambda value, least, _: not isinstance(value, list) or len(value) >= least,
    "items": lambda value, part, _: not isinstance(value, list) or all(conforms(item, part) for item in value),
    "uniqueItems": lambda value, _wanted, _: not isinstance(value, list) or all(value.count(v) == 1 for v in value),
    "minProperties": lambda value, least, _: not isinstance(value, dict) or len(value) >= least,
    "required": lambda value, keys, _: not isinstance(value, dict) or set(keys) <= value.keys(),
    "dependentRequired": _dependent,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": lambda value, part, _: not isinstance(value, dict) or all(conforms(key, part) for key in value),
    "anyOf": lambda value, parts, _: any(conforms(value, part) for part in parts),
}
ANNOTATIONS = frozenset(
    {"$schema", "$ref", "$defs", "title", "description", "default", "examples", "writeOnly"},
)
