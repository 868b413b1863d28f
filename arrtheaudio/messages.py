"""What people read: one line a message on standard error, nothing raw from a file or a name."""

import os
import sys
import unicodedata
from collections.abc import Mapping

# 0: errors and warnings; 1: notes (the default); 2: what was done to each file; 3: why.
_level = 1
_json = False


def configure(*, level: int, json: bool) -> None:
    """Set how much is said (`level` 0 to 3, see above) and whether each line is a JSON object."""
    global _level, _json
    _level, _json = level, json


def shown(text: str) -> str:
    r"""Return text that is safe on a terminal: control, format and escape characters as `\x1b`, `\u202e`."""
    if text.isprintable():
        return text
    return "".join(character if _harmless(character) else _escaped(character) for character in text)


def _harmless(character: str) -> bool:
    # U+FFFD stands for a byte that is not UTF-8; a space of any script is as good as a space.
    return character.isprintable() or unicodedata.category(character) in ("Zs", "Mn")


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def error(message: str, **about: str) -> None:
    """Say what failed. `about` has keys for programs, such as the `component`: the JSON lines have them too."""
    _say("error", message, about)


def note(message: str, **about: str) -> None:
    """Say what a person may want to know, unless `--quiet`; `about` as for `error`."""
    if _level >= 1:
        _say("info", message, about)


def detail(message: str) -> None:
    """Say what is done, with `--verbose`."""
    if _level >= 2:
        _say("debug", message, {})


def _say(level: str, message: str, about: Mapping[str, str]) -> None:
    if _json:
        import json
        from datetime import UTC, datetime

        entry = {"time": datetime.now(UTC).isoformat(), "level": level, **about, "message": message}
        line = json.dumps(entry)
    else:
        line = "\n".join(shown(part) for part in f"arrtheaudio: {message}".splitlines())
    write(line + "\n")


def write(text: str) -> None:
    """Write to standard error as it is; a closed or full one is no reason to stop."""
    try:
        sys.stderr.flush()
        os.write(2, text.encode(errors="backslashreplace"))
    except (OSError, AttributeError, ValueError):
        pass


def quiet() -> bool:
    """Say whether only what failed is to be shown."""
    return _level < 1
