"""A YAML 1.2 file as plain values, and the line of every key.

The core schema of YAML 1.2.2, section 10.3, without octal and hexadecimal numbers: `no` is Norwegian, `12:30` and
`2026-01-02` are text, `010` is ten. A key without a value is as if it were not there. Anchors are followed; tags are
refused.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from arrtheaudio.config.fault import Fault, Invalid, Path, Place
from arrtheaudio.core.value import Value

_LIMIT = 1 << 20  # bytes of a file
_VALUES = 100_000  # in a file; anchors that repeat each other make billions out of a few lines
_DEPTH = 32
_TAG = "tag:yaml.org,2002:"


def _number(text: str) -> float:
    # in JSON Schema 2.0 is an integer, in Python it is none
    value = float(text)
    return int(value) if value.is_integer() else value


_KINDS: tuple[tuple[re.Pattern[str], Any], ...] = (
    (re.compile(r"true|True|TRUE|false|False|FALSE"), lambda text: text[0] in "tT"),
    (re.compile(r"~|null|Null|NULL|"), lambda _text: None),
    (re.compile(r"[-+]?[0-9]{1,18}"), int),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,2})?"), _number),
)


class Document(Value):
    """The values of a file, the place of the path to each, and what was wrong already."""

    data: dict[str, Any]
    places: dict[Path, Place]
    faults: list[Fault]

    def place(self, path: Path) -> Place:
        """Return where a key stands, or the nearest one around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(""))


def read(path: str) -> Document:
    """Read a file; Invalid where it cannot be read or is no YAML."""
    try:
        with open(path, "rb") as file:
            raw = file.read(_LIMIT + 1)
    except IsADirectoryError:
        raise _invalid(Place(path), "is a folder (Docker makes one where a file of that name is missing)") from None
    except (OSError, ValueError) as error:
        raise _invalid(Place(path), (getattr(error, "strerror", None) or str(error)).lower()) from None
    if len(raw) > _LIMIT:
        raise _invalid(Place(path), f"is larger than {_LIMIT >> 20} MiB")
    return parse(raw, path)


def parse(raw: bytes, name: str) -> Document:
    """Read YAML; Invalid, naming `name`, the line and the column, where it is none."""
    reader = _Reader(Place(name, 1))
    data = reader.read(_decoded(raw, name))
    if not isinstance(data, dict | None):
        raise _invalid(Place(name, 1), "must be lines of `key: value`")
    return Document(data or {}, reader.places, reader.faults)


def fragment(text: str, place: Place) -> Any:
    """Read the YAML of one value, which is at one place; Invalid where it is none."""
    reader = _Reader(place)
    value = reader.read(text)
    if reader.faults:
        raise Invalid(reader.faults)
    return value


def scalar(text: str) -> Any:
    """Return the value that a text without quotes has."""
    return next((convert(text) for pattern, convert in _KINDS if pattern.fullmatch(text)), text)


def mapped(value: Any, change: Callable[[str, Path], Any], path: Path = ()) -> Any:
    """Return a value with each text in it, at whatever depth, changed; a key whose text becomes None goes."""
    if isinstance(value, dict):
        changed = {key: mapped(item, change, (*path, key)) for key, item in value.items()}
        return {key: item for key, item in changed.items() if item is not None}
    if isinstance(value, list):
        return [mapped(item, change, (*path, at)) for at, item in enumerate(value)]
    return change(value, path) if isinstance(value, str) else value


def _invalid(place: Place, message: str) -> Invalid:
    return Invalid([Fault(place, (), message)])


def _said(error: yaml.MarkedYAMLError) -> str:
    """Return PyYAML's words without the name of an anchor, alias or tag, which may be half of a secret."""
    context = error.context if error.context and error.context.startswith(("while", "expected")) else None
    words = ", ".join(filter(None, (context, error.problem)))
    return re.sub(r"\b(alias|anchor|handle) .*", r"\1", words, flags=re.DOTALL)


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _invalid(Place(name, raw.count(b"\n", 0, error.start) + 1), "is not UTF-8") from None


class _Reader:
    """Turns YAML into values, noting where each stood and what is no part of a configuration."""

    def __init__(self, start: Place) -> None:
        self.places: dict[Path, Place] = {}
        self.faults: list[Fault] = []
        self._start = start
        self._left = _VALUES

    def read(self, text: str) -> Any:
        # the base loader gives no meaning to a text without quotes: YAML 1.1 is what the others would read
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        try:
            node = yaml.compose(text, Loader=loader)
        except yaml.reader.ReaderError:
            # its own position counts bytes with libyaml, and characters without
            character = yaml.reader.Reader.NON_PRINTABLE.search(text)
            line = text.count("\n", 0, character.start() if character else 0)
            raise _invalid(self._place(line), "holds a control character") from None
        except yaml.MarkedYAMLError as error:
            raise self._syntax(error, text) from None
        except RecursionError:
            raise _invalid(self._start, "is nested too deeply") from None
        return None if node is None else self._value(node, ())

    def _place(self, line: int, column: int = 0) -> Place:
        return Place(self._start.name, line + 1, column) if self._start.line else self._start

    def _at(self, node: Any) -> Place:
        return self._place(node.start_mark.line)

    def _syntax(self, error: yaml.MarkedYAMLError, text: str) -> Invalid:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            return _invalid(self._start, "is not YAML")
        lines = text.splitlines()[mark.line : mark.line + 1]
        tab = "\t" in "".join(lines)[: mark.column + 1]
        message = "a tab, where only spaces may indent" if tab else f"not YAML: {_said(error)}"
        return _invalid(self._place(mark.line, mark.column + 1), message)

    def _value(self, node: Any, path: Path) -> Any:
        self.places.setdefault(path, self._at(node))
        self._left -= 1
        if len(path) > _DEPTH or self._left < 0:
            raise _invalid(self._at(node), "is nested too deeply")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._check_tag(node, path, "seq")
            return [self._value(item, (*path, at)) for at, item in enumerate(node.value)]
        self._check_tag(node, path, "map")
        values = {key: self._value(item, (*path, key)) for key, item in self._items(node, path)}
        return {key: value for key, value in values.items() if value is not None}

    def _items(self, node: Any, path: Path) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key, item in node.value:
            place = self._at(key)
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append(Fault(place, path, "a key must be a text"))
            elif key.value in seen:
                message = f"stands here a second time; the first is in line {seen[key.value]}"
                self.faults.append(Fault(place, (*path, key.value), message))
            else:
                seen[key.value] = place.line
                self.places[(*path, key.value)] = place
                yield key.value, item

    def _scalar(self, node: Any, path: Path) -> Any:
        self._check_tag(node, path, "str")
        return node.value if node.style else scalar(node.value)

    def _check_tag(self, node: Any, path: Path, kind: str) -> None:
        if node.tag != _TAG + kind:
            self.faults.append(Fault(self._at(node), path, "has a tag (!…), which no key here needs"))
