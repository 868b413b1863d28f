"""Records: what stands in one, what passes through, and what is refused."""

import base64
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import Shell, lines

from arrtheaudio.core import record as records
from arrtheaudio.errors import CODES, InvalidJson, InvalidRecord

MIB = 1 << 20


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON))
def test_a_record_survives_the_line(record: dict[str, Any]) -> None:
    line = records.line(record)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert records.parse(line) == record
    assert json.loads(line) == record


@given(st.dictionaries(st.text(), st.text(st.characters(categories=["Cs", "L"]), min_size=1), min_size=1))
def test_a_lone_surrogate_survives_the_line(record: dict[str, Any]) -> None:
    assert records.parse(records.line(record)) == record


@given(st.binary())
def test_any_bytes_are_a_record_or_named_as_none(data: bytes) -> None:
    try:
        assert isinstance(records.parse(data), dict)
    except (InvalidJson, InvalidRecord) as error:
        assert str(error)  # noqa: PT017  # both outcomes are right, and each is checked


@pytest.mark.parametrize(
    ("line", "error", "says"),
    [
        pytest.param(b"[1]", InvalidRecord, "not an object", id="array"),
        pytest.param(b"1", InvalidRecord, "not an object", id="number"),
        pytest.param(b'{"a":}', InvalidJson, "column 6", id="no value"),
        pytest.param(b'{"a":1', InvalidJson, "column 7", id="cut off"),
        pytest.param(b'{"a":1} {"b":2}', InvalidJson, "column 9", id="two in one line"),
        pytest.param(b'{"a":"\xff"}', InvalidJson, "byte 7", id="not UTF-8"),
        pytest.param(b'{"a":NaN}', InvalidJson, "NaN", id="NaN"),
        pytest.param(b'{"a":-Infinity}', InvalidJson, "Infinity", id="minus infinity"),
        pytest.param(b'{"a":1e999}', InvalidJson, "out of range", id="a number no float holds"),
        pytest.param(b'{"a":"\x01"}', InvalidJson, "control character", id="raw control character"),
        pytest.param(b"{'a':1}", InvalidJson, "column 2", id="single quotes"),
        pytest.param(b'{"a":' + b"[" * 100_000, InvalidJson, "nested too deeply", id="nested to the stack's end"),
    ],
)
def test_what_is_no_record_is_named(line: bytes, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        records.parse(line)


@pytest.mark.parametrize(
    "path",
    [b"/a.mkv", "/é/日本.mkv".encode(), b"/\xff\xfe.mkv", b"/caf\xe9", b"/\xed\xa0\x80", b"/ ", b"/a\nb", b"/a\\b"],
    ids=ascii,
)
def test_a_path_is_carried_exactly(path: bytes) -> None:
    record = records.parse(records.line(records.of_path(path)))
    assert records.path_of(record) == path
    assert ("path_bytes" in record) == (b"\xef\xbf\xbd" in record["path"].encode())


@given(st.binary(min_size=1).filter(lambda path: b"\0" not in path))
def test_any_path_is_carried_exactly(path: bytes) -> None:
    assert records.path_of(records.parse(records.line(records.of_path(path)))) == path


@pytest.mark.parametrize(
    "record",
    [
        pytest.param({}, id="no path"),
        pytest.param({"path": ""}, id="empty"),
        pytest.param({"path": 5}, id="number"),
        pytest.param({"path": None}, id="null"),
        pytest.param({"path": ["/a"]}, id="array"),
        pytest.param({"path": "/a\0b"}, id="NUL"),
        pytest.param({"path": "/\ud800"}, id="lone surrogate"),
        pytest.param({"path_bytes": "L2E="}, id="bytes alone"),
        pytest.param({"path": "/a", "path_bytes": "not base64!"}, id="bytes not base64"),
        pytest.param({"path": "/a", "path_bytes": "é"}, id="bytes not ASCII"),
        pytest.param({"path": "/a", "path_bytes": ""}, id="bytes empty"),
        pytest.param({"path": "/a", "path_bytes": 5}, id="bytes a number"),
        pytest.param({"path": "/a", "path_bytes": "L2EAYg=="}, id="bytes with a NUL"),
    ],
)
def test_a_record_without_a_usable_path_is_refused(shell: Shell, record: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord):
        records.path_of(record)
    done = shell.run("probe", stdin=[record]).quiet()
    assert (done.status, done.codes) == (1, ["invalid_record"])
    assert done.record["error"]["message"].startswith("line 1: ")


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        pytest.param(0, "1970-01-01T00:00:00.000000Z", id="epoch"),
        pytest.param(1_767_312_245_678_901_999, "2026-01-02T00:04:05.678901Z", id="cut, not rounded"),
        pytest.param(-1, "1969-12-31T23:59:59.999999Z", id="before the epoch"),
        pytest.param(2**62, "2116-02-20T23:53:38.427387Z", id="ext4 after 2038"),
        pytest.param(10**21, "9999-12-31T23:59:59.000000Z", id="beyond our calendar"),
        pytest.param(-(10**21), "0001-01-01T00:00:00.000000Z", id="before our calendar"),
    ],
)
def test_timestamp(nanoseconds: int, text: str) -> None:
    assert records.timestamp(nanoseconds) == text


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2400, 1, 1)))
def test_a_timestamp_goes_back_to_its_microsecond(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert records.timestamp(records.nanoseconds(text)) == text


@pytest.mark.parametrize("text", [None, 5, "", "yesterday", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z", [], {}])
def test_no_timestamp(text: Any) -> None:
    with pytest.raises(InvalidRecord):
        records.nanoseconds(text)


# Through a real stage

KEPT = {
    "largest integer": 2**64 - 1,
    "beyond": -(2**70),
    "exact": 9007199254740993,
    "float": 0.1,
    "small": 5e-324,
    "whole float": 1.0,
    "null": None,
    "false": False,
    "empty": {"": [], " ": {}},
    "text": 'é"\\/\b\u2028\U0001f600',
    "surrogate": "\ud83d",
    "swapped": "\udc00\ud800",
}


@pytest.mark.parametrize("command", ["scan", "probe", "choose", "apply", "process", "undo"])
def test_unknown_keys_pass_by_value(shell: Shell, command: str) -> None:
    done = shell.run(command, stdin=[{"mine": KEPT, "path": str(shell.film()), **KEPT}]).quiet()
    assert done.status == 0, done
    (line,) = done.out.splitlines()
    record = json.loads(line)
    assert record["mine"] == KEPT
    assert {key: record[key] for key in KEPT} == KEPT
    assert type(record["whole float"]) is float
    assert record["false"] is False


def test_a_large_integer_is_written_as_it_came(shell: Shell) -> None:
    line = b'{"path":"/x","n":18446744073709551615,"error":{"stage":"x","code":"internal","message":""}}\n'
    assert shell.run("probe", stdin=line).out == line


def test_the_answer_is_replaced_in_its_place_and_nothing_else_moves(shell: Shell) -> None:
    film = shell.film()
    record = {"a": 1, "probe": {"container": "old", "tracks": []}, "path": str(film), "size": 1, "z": 2}
    assert shell.run("probe", stdin=[record]).quiet().record == record
    renewed = shell.run("probe", "--refresh", stdin=[record]).quiet().record
    assert renewed["probe"]["container"] == "matroska"
    assert [key for key in renewed if key in record] == list(record)


def test_the_same_input_gives_the_same_line(shell: Shell) -> None:
    film = shell.film()
    for command in ("scan", "probe", "choose"):
        assert shell.run(command, film).out == shell.run(command, film).out != b""


@pytest.mark.parametrize("command", ["scan", "probe", "choose", "apply", "process", "undo"])
def test_an_error_is_passed_on_untouched_and_counts(shell: Shell, command: str) -> None:
    line = b'{"path":"relative","b":{"x":[1]},"error":{"stage":"elsewhere","code":"network","message":"m"},"a":1}\n'
    done = shell.run(command, stdin=line)
    assert (done.status, done.out, done.err) == (1, line, "")


@pytest.mark.parametrize("stages", [["probe", "choose", "apply"], ["process"], ["scan", "probe"]])
def test_every_error_code_comes_out_of_a_pipe_as_it_went_in(shell: Shell, stages: list[str]) -> None:
    data = lines([{"path": "/x", "error": {"stage": "s", "code": code, "message": code}} for code in CODES])
    for stage in stages:
        done = shell.run(stage, stdin=data)
        assert done.status == 1
        assert [json.loads(line) for line in done.out.splitlines()] == [json.loads(line) for line in data.splitlines()]
        data = done.out


def test_a_name_that_is_not_utf8_goes_through_every_stage(shell: Shell) -> None:
    film = shell.film(b"caf\xe9 \xff.mkv")
    scanned = shell.run("scan", shell.cwd).quiet()
    assert base64.b64decode(scanned.record["path_bytes"]) == os.fsencode(film)
    assert scanned.record["path"].endswith("/caf\ufffd \ufffd.mkv")
    probed = shell.run("probe", stdin=scanned.out).quiet()
    assert probed.record == scanned.record | {"probe": probed.record["probe"]}
    before = film.read_bytes()
    applied = shell.run("choose", "-l", "ja", stdin=probed.out).quiet()
    applied = shell.run("apply", stdin=applied.out).quiet()
    assert applied.record["apply"]["status"] == "changed"
    assert film.read_bytes() != before
    assert shell.run("undo", film).quiet().record["undo"]["status"] == "undone"
    assert film.read_bytes() == before


HOSTILE: list[Any] = [None, True, -1, 2**64, 1.5, "", "x", [], [1], {}, {"status": "change"}, {"tracks": 5}]
CHANGE = {"index": 1, "disposition": "default", "from": True, "to": False}
EDIT = {"offset": 0, "before": "AA==", "after": "AQ=="}
BAD: dict[str, list[Any]] = {
    "size": HOSTILE,
    "mtime": [*HOSTILE, "2026-01-01", "2026-01-01T00:00:00"],
    "path_bytes": HOSTILE,
    "tmdb": [*HOSTILE, {"original_language": 5}, {"original_language": "ja", "spoken_languages": 7}],
    "arr": [*HOSTILE, {"ids": 5}, {"original_language": ["x"]}, {"tags": 5}],
    "probe": [
        *HOSTILE,
        {"container": [], "tracks": []},
        {"container": "matroska", "tracks": [5]},
        {"container": "matroska", "tracks": [{"index": 1, "type": "audio"}]},
        {"container": "matroska", "tracks": [{"index": "1", "type": [], "codec": {}, "language": 5, "name": 5}]},
        {"container": "mp4", "tracks": [{"index": 1, "type": "audio", "codec": "aac", "channels": "6", "default": 5}]},
        {"container": "matroska", "tracks": [{"index": 1, "type": "audio", "codec": "aac", "name": 5}] * 2},
    ],
    "choose": [
        *HOSTILE,
        {"status": []},
        {"status": "change", "changes": 5},
        {"status": "change", "changes": [5]},
        {"status": "change", "changes": [CHANGE | {"index": "1"}]},
        {"status": "change", "changes": [CHANGE | {"index": []}]},
        {"status": "change", "changes": [CHANGE | {"index": 77}]},
        {"status": "change", "changes": [CHANGE | {"disposition": "name", "from": "Main", "to": "x"}]},
        {"status": "change", "changes": [CHANGE | {"disposition": "nothing"}]},
        {"status": "change", "changes": [CHANGE | {"disposition": []}]},
        {"status": "change", "changes": [CHANGE | {"to": "maybe"}]},
        {"status": "change", "changes": [CHANGE | {"from": 1, "to": 0}]},
        {"status": "change", "changes": [CHANGE, CHANGE | {"to": True}]},
    ],
    "apply": [
        *HOSTILE,
        {"status": "changed"},
        {"status": "changed", "edits": 5},
        {"status": "changed", "edits": [5]},
        {"status": "changed", "edits": [EDIT | {"offset": 2**63}]},
        {"status": "changed", "edits": [EDIT | {"offset": 2**64 - 1}]},
        {"status": "changed", "edits": [EDIT | {"offset": -1}]},
        {"status": "changed", "edits": [EDIT | {"before": "AAAA"}]},
        {"status": "changed", "edits": [EDIT], "journal": "../../../etc/passwd/0123456"},
        {"status": "changed", "edits": [EDIT], "journal": "０" * 26},
        {"status": "changed", "edits": [EDIT], "journal": []},
    ],
    "undo": HOSTILE,
    "error": HOSTILE,
    "input": HOSTILE,
    "journal": HOSTILE,
}


@pytest.mark.parametrize("form", ["jsonl", "table", "json"])
@pytest.mark.parametrize("command", ["scan", "probe", "choose", "apply", "process", "undo"])
def test_hostile_values_are_refused_by_name(shell: Shell, command: str, form: str) -> None:
    film = shell.film()
    before = film.read_bytes()
    data = [{"path": str(film), key: value} for key, values in BAD.items() for value in values]
    done = shell.run(command, "-f", form, stdin=data)
    assert "Traceback" not in done.err, done.err[-2000:]
    assert done.status in (0, 1)
    if form == "jsonl":
        found = [json.loads(line) for line in done.out.splitlines()]
        assert len(found) == len(data)
        assert all(record.get("path") == str(film) or str(film) in record["input"] for record in found)
        assert not [record for record in found if "internal" in json.dumps(record.get("error"))]
    assert command in ("apply", "process") or film.read_bytes() == before


# Limits


def test_a_record_over_16_mib_is_refused_and_the_next_goes_on(shell: Shell) -> None:
    film = shell.film()
    head, tail = b'{"path":"/x","a":"', b'"}\n'
    largest = head + b"x" * (16 * MIB - len(head) - len(tail) + 1) + tail
    over = largest.replace(b'"a":"', b'"a":"y')
    done = shell.run("undo", stdin=over + lines([{"path": str(film)}]) + largest).quiet()
    first, second, third = (json.loads(line) for line in done.out.splitlines())
    assert first["error"]["code"] == "invalid_record"
    assert first["error"]["message"] == "line 1: longer than 16 MiB"
    assert len(first["input"]) <= 2000
    assert second["undo"]["status"] == "unchanged"
    assert third["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b'{"path":"/x","a":"', id="a record"),
        pytest.param(b"/x", id="a path"),
        pytest.param(b"\0", id="bytes of nobody"),
        pytest.param(b"[[[[", id="an array"),
    ],
)
def test_a_line_without_end_takes_little_memory(shell: Shell, start: bytes) -> None:
    head = f"printf %s '{start.decode()}'" if start != b"\0" else "true"
    fill = "cat" if start == b"\0" else "tr '\\0' x"
    source = f"({head}; head -c 300M /dev/zero | {fill}; printf '\\n{shell.film()}\\n')"
    # KiB of address space: the interpreter, its threads, and the longest record a few times.
    done = shell.sh(f"{source} | (ulimit -v 400000; $ATA probe --jobs 1) | cut -c1-20000; exit ${{PIPESTATUS[1]}}")
    assert "Traceback" not in done.err
    assert "MemoryError" not in done.err
    assert (done.status, done.codes) == (1, ["invalid_record", None])
