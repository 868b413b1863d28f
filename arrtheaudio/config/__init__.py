"""The configuration: one YAML file and the environment in, a `Config` out.

Without a file and without overrides this is all defaults, and neither YAML nor the schema is loaded.
"""

import os
from collections.abc import Mapping
from typing import Any

from arrtheaudio.config import environment, places
from arrtheaudio.config.fault import Invalid
from arrtheaudio.config.settings import Arr, Config, PathMapping, Player, Secret, build, rate

__all__ = ["Arr", "Config", "Invalid", "PathMapping", "Player", "Secret", "find", "load", "rate", "schema_text"]


def load(path: str | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Return the settings: variables `ARRTHEAUDIO_SECTION_KEY`, then the file, then defaults.

    `path` is the file that the command line names; without it the file is looked for. Invalid, which has the exit
    status 2 and carries every fault, where the file cannot be read or anything in it is wrong.
    """
    source = path if path is not None else find(environ)
    data = _checked(source, environ) if source is not None or environment.overrides(environ) else {}
    return build(_completed(data, environ))._replace(source=source)


def find(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the configuration file that is used when the command line names none; None where there is none."""
    named = environ.get(environment.CONFIG)
    return named or next(filter(os.path.exists, places.candidates(environ)), None)


def schema_text() -> str:
    """Return the JSON Schema of the configuration file."""
    from arrtheaudio.config import schema

    return schema.text()


def _checked(source: str | None, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the file and of the variables in its keys' place; Invalid where any is wrong."""
    from arrtheaudio.config import document, substitution, validate

    read = document.read(source) if source is not None else document.Document({}, {}, [])
    substitution.override(read, environ)
    read = substitution.expand(read, environ)
    known = {fault.path for fault in read.faults}
    faults = [*read.faults, *(fault for fault in validate.faults(read) if fault.path not in known)]
    if faults:
        raise Invalid(faults)
    return substitution.at_home(read.data, environ)


def _completed(data: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the values with those defaults that depend on the environment or on another key."""
    defaults: dict[str, dict[str, Any]] = {
        "tmdb": {
            "api_key": lambda: environment.default("TMDB_API_KEY", environ, ("tmdb", "api_key")),
            "cache_path": lambda: places.cache_path(environ),
        },
        "spool": {"path": lambda: places.spool_path(environ)},
        "journal": {"path": lambda: places.journal_path(environ)},
        "api": {
            "webhook_secret": lambda: environment.default("WEBHOOK_SECRET", environ, ("api", "webhook_secret")),
            "allowed_roots": lambda: [mapping["local"] for mapping in data.get("path_mappings", ())],
        },
    }
    return data | {
        section: {key: make() for key, make in keys.items() if key not in data.get(section, {})} | data.get(section, {})
        for section, keys in defaults.items()
    }
