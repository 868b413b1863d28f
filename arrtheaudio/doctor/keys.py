"""Where a key comes from, and with it how it is set right: the environment, or the configuration file itself."""

import json
import os
import re
import shlex
from typing import Any

from arrtheaudio.config import Arr, Config, Invalid, document

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)")


def of_section(config: Config, section: str, key: str, usual: str, value: str, note: str) -> tuple[str, str]:
    """Return the command that sets a key, and the line of the configuration that does: one of the two is empty.

    `usual` is the variable that it has when nothing is said of it, `value` a shell's word for the key, and `note` says
    where that is to be had.
    """
    name = _variable(config, (section, key), usual)
    if name is None:
        return "", f'{section}: {{{key}: "…"}}  # {note}'
    return _set(name, value, note), ""


def of_arr(config: Config, arr: Arr) -> tuple[str, str]:
    """Return the same for the key of an Arr."""
    note = f"copy it from {arr.url}/settings/general"
    name = _variable(config, ("arr", config.arr.index(arr), "api_key"), f"{arr.app.upper()}_API_KEY")
    if name is None:
        return "", f"{with_change(config, arr, api_key='…')}  # {note}"
    return _set(name, "…", note), ""


def _set(name: str, value: str, note: str) -> str:
    file = os.environ.get(f"{name}_FILE")
    return f"printf %s {value} > {shlex.quote(file)}  # {note}" if file else f"export {name}={value}  # {note}"


def _variable(config: Config, path: tuple[str | int, ...], usual: str) -> str | None:
    """Return the variable that a key is taken from; None where it stands in the file in so many letters."""
    names = [str(part).upper() for part in path]
    for count in range(len(names), 0, -1):
        name = f"ARRTHEAUDIO_{'_'.join(names[:count])}"
        if os.environ.get(name) or os.environ.get(f"{name}_FILE"):
            return name
    text = _written(config, path)
    if not text:
        return usual
    found = _VARIABLE.search(str(text))
    return found[1] if found else None


def _written(config: Config, path: tuple[str | int, ...]) -> Any:
    """Return what stands at a key of the file, as it stands there; None where nothing does."""
    if config.source is None:
        return None
    try:
        found: Any = document.read(config.source).data
        for part in path:
            found = found[part]
    except (Invalid, KeyError, IndexError, TypeError):
        return None
    return found


def with_change(config: Config, arr: Arr, **changes: str) -> str:
    """Return the whole list of Arrs with one of them changed; a key that stands in the file is not shown."""
    return f"arr: [{', '.join(_entry(config, at, changes if one == arr else {}) for at, one in enumerate(config.arr))}]"


def _entry(config: Config, at: int, changes: dict[str, str]) -> str:
    arr = config.arr[at]
    key = str(_written(config, ("arr", at, "api_key")) or f"${{{arr.app.upper()}_API_KEY}}")
    values = {"name": arr.name, "url": arr.url, "api_key": key if "${" in key else "(the key that is there)"}
    if arr.rescan != "size_changed":
        values["rescan"] = arr.rescan
    pairs = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in (values | changes).items())
    return f"{{{', '.join(pairs)}}}"
