"""A record: what one line carries from stage to stage (JSON Lines, contract `records`)."""

import base64
import binascii
import json
import time
from typing import Any

from arrtheaudio.errors import Error, InvalidJson, InvalidRecord

Record = dict[str, Any]

# More than this in one line is no record of ours, and would be held in memory.
LIMIT = 16 << 20
# How much of a line that is no record goes on with its error, so that a person can find it.
_QUOTED = 2000
_LAST_SECOND = 253402300799  # of the year 9999
_FIRST_SECOND = -62_135_596_800  # 0001-01-01


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text:.40} is out of range")
    return value


_decode = json.JSONDecoder(parse_constant=_constant, parse_float=_number).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_encode_ascii = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode


def parse(line: bytes) -> Record:
    """Return the record that a line holds; InvalidJson or InvalidRecord, saying what is wrong and in which column."""
    try:
        record = _decode(line.decode("utf-8").strip())
    except UnicodeDecodeError as error:
        raise InvalidJson(f"not UTF-8 at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise InvalidJson(f"{error.msg.lower()} at column {error.colno}") from None
    except RecursionError:
        raise InvalidJson("nested too deeply") from None
    except ValueError as error:
        # Python's own words for a number of thousands of digits are for its programmers.
        long = "set_int_max_str_digits" in str(error)
        raise InvalidJson("a whole number of too many digits" if long else str(error)) from None
    if not isinstance(record, dict):
        raise InvalidRecord("not an object")
    return record


def line(record: Record) -> bytes:
    """Return the record as one line, with its newline."""
    try:
        return _encode(record).encode() + b"\n"
    except UnicodeEncodeError:
        # A lone surrogate (JSON's "\ud800") has no UTF-8; it goes on as it came, escaped.
        return ascii_line(record)


def ascii_line(record: Record) -> bytes:
    """Return the record as one line of ASCII, with its newline; all else is escaped, as JSON has it."""
    return _encode_ascii(record).encode() + b"\n"


def of_path(path: bytes) -> Record:
    """Return the record of a path that nobody has looked at yet; `path_bytes` too where the name is not UTF-8."""
    try:
        return {"path": path.decode()}
    except UnicodeDecodeError:
        return {"path": path.decode(errors="replace"), "path_bytes": base64.b64encode(path).decode()}


def path_of(record: Record) -> bytes:
    """Return the path to open, exactly; InvalidRecord where there is none."""
    path = record.get("path")
    raw = record.get("path_bytes")
    if not isinstance(path, str) or not path:
        raise InvalidRecord("has no path")
    try:
        name = path.encode() if raw is None else base64.b64decode(raw, validate=True)
    except (UnicodeEncodeError, TypeError, ValueError, binascii.Error):
        raise InvalidRecord("path_bytes is not base64" if raw is not None else "path is not UTF-8") from None
    if not name or b"\0" in name:
        raise InvalidRecord("the path is empty or holds a NUL")
    return name


def failed(record: Record, stage: str, error: Error) -> Record:
    """Return the record with what went wrong in `stage`."""
    record["error"] = {"stage": stage, "code": error.code, "message": str(error) or (error.__doc__ or "").strip()}
    return record


def unreadable(data: bytes, number: int, stage: str, error: Error) -> Record:
    """Return the record of input line `number` (from 1) that is none; it carries the line, cut at 2,000 characters."""
    text = data[: 4 * _QUOTED].decode(errors="replace").rstrip("\n")[:_QUOTED]
    return failed({"input": text}, stage, type(error)(f"line {number}: {error}"))


def timestamp(nanoseconds: int) -> str:
    """Return a file's time as records write it: RFC 3339, UTC, microseconds."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    # btrfs and tmpfs keep years beyond 9999, and before 1; no date of ours does
    moment = time.gmtime(max(_FIRST_SECOND, min(seconds, _LAST_SECOND)))
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % (*moment[:6], rest // 1000)  # noqa: UP031  # the quickest way


def nanoseconds(text: str) -> int:
    """Return what `timestamp` was made from, to the microsecond; InvalidRecord where it is no time."""
    from datetime import UTC, datetime, timedelta

    try:
        return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    except (TypeError, ValueError):
        raise InvalidRecord(f"mtime is no RFC 3339 time: {text!r:.60}") from None


def integer(record: Record, key: str) -> int | None:
    """Return a whole number of a record, None where the key is absent; InvalidRecord where it is something else."""
    value = record.get(key)
    if value is not None and type(value) is not int:
        raise InvalidRecord(f"{key} is no whole number: {value!r:.60}")
    return value
