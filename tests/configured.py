"""What the tests of the configuration share."""

import os
from pathlib import Path
from typing import Any

from arrtheaudio.config import schema

EXAMPLE = Path(__file__).parent.parent / "examples" / "config.yaml"
HOME = {"HOME": "/home/ada"}
NOWHERE = HOME | {"XDG_CONFIG_HOME": "/nowhere", "XDG_CONFIG_DIRS": "/nowhere"}


def write(folder: Path, text: str | bytes) -> str:
    """Write a configuration file and return its path."""
    path = os.path.join(folder, "c.yaml")
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def reached(value: Any, dotted: str) -> Any:
    """Return the value that a path such as `arr.0.url` leads to."""
    for part in dotted.split("."):
        value = value[int(part)] if part.isdigit() else value[part] if hasattr(value, "keys") else getattr(value, part)
    return value


def declared(part: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return every key that a part of the schema declares, at whatever depth, and its part as it stands."""
    found = list(part.get("properties", {}).items())
    inner = [*part.get("properties", {}).values(), *([part["items"]] if "items" in part else [])]
    if "$ref" in part:
        inner.append(schema.load()["$defs"][part["$ref"].rpartition("/")[2]])
    return found + [key for one in inner for key in declared(one)]
