"""Variables of the environment, and the files that hold secrets in their place."""

from collections.abc import Mapping

from arrtheaudio.config.fault import Fault, Invalid, Path, Place

PREFIX = "ARRTHEAUDIO_"
CONFIG = "ARRTHEAUDIO_CONFIG"
_LIMIT = 1 << 20  # bytes of a secret's file


class Unset(Exception):
    """A variable that has no value; the text says what to do."""


def is_set(name: str, environ: Mapping[str, str]) -> bool:
    """Say whether a variable has a value, or its `NAME_FILE` names a file. An empty one is as if it were not there."""
    return bool(environ.get(name) or environ.get(f"{name}_FILE"))


def variable(name: str, environ: Mapping[str, str]) -> str:
    """Return what `NAME` has, or else the file that `NAME_FILE` names, without its last line break; Unset without."""
    if not is_set(name, environ):
        raise Unset(f"the environment has no {name}, nor {name}_FILE; where it may be missing, write ${{{name}:-}}")
    return environ.get(name) or _secret(environ[f"{name}_FILE"], name)


def default(name: str, environ: Mapping[str, str], path: Path) -> str:
    """Return what a key takes from a variable without being told; empty where nobody has set it."""
    try:
        return variable(name, environ) if is_set(name, environ) else ""
    except Unset as error:
        raise Invalid([Fault(Place(f"{name}_FILE"), path, str(error))]) from None


def overrides(environ: Mapping[str, str]) -> list[str]:
    """Return the variables that may stand for keys, sorted."""
    return sorted(name for name in environ if name.startswith(PREFIX) and name != CONFIG and environ[name])


def _secret(path: str, name: str) -> str:
    try:
        with open(path, "rb") as file:
            value = file.read(_LIMIT).decode().removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8"
        raise Unset(f"{path}, which {name}_FILE names: {reason.lower()}") from None
    if not value:
        raise Unset(f"{path}, which {name}_FILE names, is empty")
    return value
