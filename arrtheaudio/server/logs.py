"""The log of `serve`: a line for each request that matters, for each job, and for what happens beside them.

A line is a JSON object, or text; what was sent by others never makes a second line of it, and no secret is in it.
"""

import json
import logging
import logging.handlers
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arrtheaudio.core import record as records
from arrtheaudio.errors import Fatal
from arrtheaudio.messages import shown

if TYPE_CHECKING:
    from arrtheaudio.config.settings import Logging

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class Unwritable(Fatal):
    """The log cannot be written where it should."""


class Log:
    """Where lines go. An event has a name, a level, and fields."""

    def __init__(self, settings: "Logging") -> None:
        """Open the output; a file is opened again after logrotate has moved it. Unwritable where it cannot be."""
        self._logger = logging.Logger("arrtheaudio")
        logging.raiseExceptions = False  # a log that cannot be written stops no request
        self.configure(settings)

    def configure(self, settings: "Logging") -> None:
        """Take over other settings; Unwritable, and the old ones stay, where the output cannot be opened."""
        try:
            handler = _handler(settings.output)
        except OSError as error:
            raise Unwritable(f"logging.output {settings.output}: {(error.strerror or str(error)).lower()}") from None
        handler.setFormatter(_Json() if settings.format == "json" else _Text())
        before = self._logger.handlers[:]
        self._logger.addHandler(handler)
        self._logger.setLevel(_LEVELS[settings.level])
        for old in before:
            self._logger.removeHandler(old)
            old.close()

    def wants(self, level: str) -> bool:
        """Say whether lines of a level are written."""
        return self._logger.isEnabledFor(_LEVELS[level])

    def write(self, level: str, event: str, **fields: Any) -> None:
        """Write a line of a level: debug, info, warning, error or critical."""
        self._write(_LEVELS.get(level, logging.INFO), event, fields)

    def audit(self, level: str, **fields: Any) -> None:
        """Write who asked for what change, and what came of it: always, whatever the level of the log."""
        extra = {"fields": fields}
        self._logger.handle(self._logger.makeRecord("", _LEVELS[level], "", 0, "audit", (), None, extra=extra))

    def defect(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        """Write an exception that should not have been, the one in hand where none is given."""
        self._logger.error(event, exc_info=error or True, extra={"fields": fields})

    def _write(self, level: int, event: str, fields: Mapping[str, Any]) -> None:
        self._logger.log(level, event, extra={"fields": fields})


def _handler(output: str) -> logging.Handler:
    if output == "stderr":
        return logging.StreamHandler(sys.stderr)
    return logging.handlers.WatchedFileHandler(output, encoding="utf-8", errors="backslashreplace")


def _entry(line: logging.LogRecord) -> dict[str, Any]:
    when, level = records.timestamp(int(line.created * 1e9)), line.levelname.lower()
    entry = {"time": when, "level": level, "event": line.getMessage()}
    fields = {
        key: value for key, value in getattr(line, "fields", {}).items() if value is not None and key not in entry
    }
    entry |= fields  # what kind of line it is, nothing that came from elsewhere may change
    if line.exc_info:
        entry["traceback"] = logging.Formatter().formatException(line.exc_info)
    return entry


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_entry(record), default=str)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = _entry(record)
        first = f"{entry.pop('time')} {entry.pop('level').upper():<7} {entry.pop('event')}"
        return " ".join([first, *(f"{key}={_word(value)}" for key, value in entry.items())])


def _word(value: Any) -> str:
    """Return a value as one word, quoted where it would not be one."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = shown(text)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or '"' in text else text
