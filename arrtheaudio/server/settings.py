"""The configuration that holds: read, checked, and kept as it was read, so that the workers have the same."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arrtheaudio.config import Config

_TRIES = 5  # while somebody is writing the file


class Settings:
    """The configuration of a server, as of its last reading that was right."""

    def __init__(self, load: "Callable[[], Config]") -> None:
        """Take what reads it, Fatal where it is wrong; and read it."""
        self._load = load
        self.text = b""
        self.config = self.read()

    def read(self) -> "Config":
        """Read it again, and return what it is now; it holds from here on."""
        for _ in range(_TRIES):
            config = self._load()
            text = _content(config.source)
            if self._load() == config:  # the text is the one that was read
                break
        self.config, self.text = config, text
        return config

    def keep(self, old: "Config", new: "Config") -> list[str]:
        """Put back what cannot change while the server runs; return the keys that were to change."""
        kept: dict[str, tuple[object, object]] = {
            "spool.path": (old.spool, new.spool),
            "api.host": (old.api.host, new.api.host),
        }
        kept["api.port"] = (old.api.port, new.api.port)
        kept["api.tls"] = (old.api.tls.cert is None, new.api.tls.cert is None)
        api = new.api._replace(host=old.api.host, port=old.api.port)
        self.config = new._replace(spool=old.spool, api=api)
        return [key for key, (before, after) in kept.items() if before != after]


def _content(source: str | None) -> bytes:
    if source is None:
        return b""
    try:
        with open(source, "rb") as file:
            return file.read()
    except OSError:
        return b""  # it was there a moment ago: the next try says what is wrong
