"""The body of a request, held against its schema, with every fault named so that its sender can mend it."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from arrtheaudio.config.conform import conforms
from arrtheaudio.config.fault import Path, dotted, shown
from arrtheaudio.config.validate import allowed
from arrtheaudio.server.message import Refused, Request

_Part = Mapping[str, Any]


def asked(request: Request, schema: _Part) -> dict[str, Any]:
    """Return the object that the body is, an empty one where there is none; Refused, with 400, where it is wrong."""
    body = request.json() if request.body else {}
    found = list(_faults(body, schema, ()))
    if found:
        raise Refused(400, "invalid_request", "; ".join(found))
    return body


def _faults(value: Any, part: _Part, path: Path) -> Iterator[str]:
    if "properties" not in part:
        if not conforms(value, part):
            said = "empty" if value == "" else shown(path, value)
            yield f"{dotted(path)} is {said}, must be {allowed(dict(part))}"
    elif not isinstance(value, dict):
        yield f"{dotted(path)} must be {allowed(dict(part))}"
    else:
        yield from _of_object(value, part["properties"], part.get("required", ()), path)


def _of_object(value: dict[str, Any], properties: _Part, required: tuple[str, ...], path: Path) -> Iterator[str]:
    for key in required:
        if key not in value:
            yield f"{dotted((*path, key))} is missing: {properties[key].get('description', 'it is needed')}"
    for key, item in value.items():
        if key in properties:
            yield from _faults(item, properties[key], (*path, key))
        else:
            yield f"{dotted((*path, key))}: no such key; {_meant(key, properties)}"


def _meant(key: str, properties: _Part) -> str:
    near = difflib.get_close_matches(key[:60].lower().replace("-", "_"), properties, 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(properties)}"
