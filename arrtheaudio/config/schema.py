"""The schema of the configuration: its text, and what it says of one key."""

import json
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from arrtheaudio.config.environment import PREFIX
from arrtheaudio.config.fault import Path

_FILE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "config.schema.json")


def text() -> str:
    """Return the JSON Schema (2020-12) as it ships."""
    with open(_FILE, encoding="utf-8") as file:
        return file.read()


@cache
def load() -> dict[str, Any]:
    """Return the schema."""
    schema: dict[str, Any] = json.loads(text())
    return schema


def resolved(schema: Any) -> dict[str, Any]:
    """Return a part of the schema with what its `$ref` points to; what stands beside the reference wins."""
    if not isinstance(schema, dict):
        return {}
    if "$ref" not in schema:
        return schema
    return {**resolved(load()["$defs"][schema["$ref"].rpartition("/")[2]]), **schema}


def at(path: Path) -> dict[str, Any]:
    """Return what the schema says of a key; empty where it does not know it."""
    schema = load()
    for part in path:
        inner = schema.get("properties", {}).get(part, schema.get("additionalProperties"))
        schema = resolved(schema.get("items") if isinstance(part, int) else inner)
    return schema


def walk(schema: dict[str, Any] | None = None, path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every key that is not inside a list, sections too, and what the schema says of it."""
    for key, inner in (load() if schema is None else schema).get("properties", {}).items():
        yield (*path, key), resolved(inner)
        yield from walk(resolved(inner), (*path, key))


def variables() -> dict[str, Path]:
    """Return the environment variables that take the place of keys: all but the sections."""
    return {PREFIX + "_".join(map(str, path)).upper(): path for path, part in walk() if "properties" not in part}
