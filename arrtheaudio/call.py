"""One call of a command: what was asked for."""

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from arrtheaudio.core.value import Value

if TYPE_CHECKING:
    from arrtheaudio.config import Config

# In the order in which a person meets them.
COMMANDS = (
    "scan",
    "probe",
    "tmdb",
    "choose",
    "apply",
    "process",
    "undo",
    "jobs",
    "serve",
    "hook",
    "schema",
    "admin",
    "doctor",
)
LEVELS = {"error": 0, "info": 1, "debug": 2, "trace": 3}


def load(name: str) -> Any:
    """Import the module of a command. (importlib.import_module would import importlib; this is what it does.)"""
    __import__(f"arrtheaudio.commands.{name}")
    return sys.modules[f"arrtheaudio.commands.{name}"]


class Globals:
    """What the global options say; the configuration is read when a command first asks for it."""

    def __init__(
        self, path: str | None = None, *, at_once: bool = True, logging: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Read nothing yet, unless a file is named: then it must be right, whatever the command.

        `logging` is what was said of the log, by the keys that this section has in the configuration.
        """
        self._path = path
        self.logging = logging
        self._config: Config | None = None
        if path is not None and at_once:
            self.config  # noqa: B018  # a named configuration that is wrong ends every command

    @property
    def config(self) -> "Config":
        """The configuration; Fatal where it is wrong."""
        if self._config is None:
            self._config = self.read()
        return self._config

    def read(self) -> "Config":
        """Return the configuration as it is now; Fatal where it is wrong."""
        from arrtheaudio.config import load

        return load(self._path)


class Call(Value):
    """A command's name, its FILE arguments, the values of its options by name, and the global options."""

    name: str
    files: tuple[bytes, ...]
    values: Mapping[str, Any]
    globals: Globals

    @property
    def config(self) -> "Config":
        """The configuration."""
        return self.globals.config
