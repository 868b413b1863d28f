"""What the environment puts into a document: `${NAME}` in a text, and `ARRTHEAUDIO_SECTION_KEY` in a key's place.

A text from the environment becomes what the schema wants at its key: a number or a boolean as YAML 1.2 has them, a
list from `jpn,eng` or from YAML (`[jpn, eng]`), a group of keys from YAML; where a text is wanted it stays as it is.
"""

import re
from collections.abc import Mapping
from typing import Any

from arrtheaudio.config import places, schema
from arrtheaudio.config.document import Document, fragment, mapped, scalar
from arrtheaudio.config.environment import PREFIX, Unset, is_set, overrides, variable
from arrtheaudio.config.fault import Fault, Invalid, Path, Place, dotted

_VARIABLE = re.compile(r"\$\$\{|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\})?")


def substitute(text: str, environ: Mapping[str, str]) -> str:
    """Return a text with `${NAME}` and `${NAME:-default}` replaced, and `$${` by `${`; Unset where that fails."""

    def value(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        if match[0] == "$${":
            return "${"
        if name is None:
            raise Unset("${ must go on as ${NAME} or ${NAME:-default}; $${ stands for ${ itself")
        return default if default is not None and not is_set(name, environ) else variable(name, environ)

    return _VARIABLE.sub(value, text)


def convert(text: str, wanted: Mapping[str, Any], place: Place) -> Any:
    """Return a text from the environment as a part of the schema wants it; Invalid where it must be YAML and is not."""
    kind = wanted.get("type")
    if kind in ("integer", "number", "boolean"):
        return scalar(text.strip())
    if kind == "array" and not text.lstrip().startswith("["):
        return [item.strip() for item in text.split(",") if item.strip()]
    return fragment(text, place) if kind in ("array", "object") else text


def expand(document: Document, environ: Mapping[str, str]) -> Document:
    """Return the document with its variables replaced; each that has no value is a fault."""

    def expanded(text: str, path: Path) -> Any:
        # a place without a line is a variable of the environment: what that has is taken as it is
        if "${" not in text or not document.place(path).line:
            return text
        try:
            return convert(substitute(text, environ), schema.at(path), document.place(path))
        except Unset as error:
            document.faults.append(Fault(document.place(path), path, str(error)))
        except Invalid as error:
            document.faults.extend(fault._replace(path=path) for fault in error.faults)
        return text

    return document._replace(data=mapped(document.data, expanded))


def override(document: Document, environ: Mapping[str, str]) -> None:
    """Put what `ARRTHEAUDIO_SECTION_KEY` variables say in the place of the document's keys."""
    known = schema.variables()
    for name in overrides(environ):
        key = name if name in known else name.removesuffix("_FILE")
        if key in known:
            _override(document, key, known[key], environ)
        elif hint := _misspelt(key, known):
            document.faults.append(Fault(Place(name), (), hint))


def at_home(data: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the values with `~` replaced in what the schema says are paths."""

    def expanded(text: str, path: Path) -> str:
        is_path = text.startswith("~") and schema.at(path).get("format") == "path"
        return places.expand(text, environ) if is_path else text

    home: dict[str, Any] = mapped(data, expanded)
    return home


def _override(document: Document, name: str, path: Path, environ: Mapping[str, str]) -> None:
    place = Place(name)
    try:
        value = convert(variable(name, environ), schema.at(path), place)
    except Unset as error:
        document.faults.append(Fault(Place(f"{name}_FILE"), path, str(error)))
        return
    except Invalid as error:
        document.faults.extend(fault._replace(path=path) for fault in error.faults)
        return
    section = document.data
    for part in path[:-1]:
        section = section.setdefault(str(part), {})
        if not isinstance(section, dict):
            return
    section[str(path[-1])] = value
    for inside in [known for known in document.places if known[: len(path)] == path]:
        del document.places[inside]
    document.places[path] = place


def _misspelt(name: str, known: Mapping[str, Path]) -> str:
    """Return what to say of a variable that is nearly one of ours, or in one of our sections; others are not ours."""
    import difflib

    bare = {other.removeprefix(PREFIX): path for other, path in known.items()}
    near = difflib.get_close_matches(name.removeprefix(PREFIX), bare, 1, 0.85)
    if near:
        return f"no such key; did you mean {PREFIX}{near[0]} ({dotted(bare[near[0]])})?"
    sections = tuple(
        PREFIX + key.upper() + "_" for key, part in schema.load()["properties"].items() if "properties" in part
    )
    return "no such key" if name.startswith(sections) else ""
