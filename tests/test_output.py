"""Output: the forms of records, a terminal that gets nothing raw, messages and progress."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import Shell, film, lines, plan

from arrtheaudio import messages

NASTY = b"\x1b[31m\xc2\x9b5m\xe2\x80\xae\x07\r\x7f\n.mkv"
TITLE = "\x1b]0;owned\x07\x9b2J\u202etitle\x7f"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@given(st.text(st.characters()))
def test_what_is_shown_is_printable(text: str) -> None:
    shown = messages.shown(text)
    assert all(
        character == "\ufffd" or character == " " or character.isprintable() or character.isspace()
        for character in shown
    )
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("é日本🎬.mkv", "é日本🎬.mkv"),
        ("\x1b[1m", "\\x1b[1m"),
        ("a\nb", "a\\x0ab"),
        ("\x9b", "\\x9b"),
        ("\x7f", "\\x7f"),
        ("\u202eevil", "\\u202eevil"),
        ("\u2028", "\\u2028"),
        ("\U000e0001", "\\U000e0001"),
        ("\ud800", "\\ud800"),
        ("\ufffd", "\ufffd"),
        ("e\u0301", "e\u0301"),
        ("a\u00a0b", "a\u00a0b"),
    ],
)
def test_shown(text: str, shown: str) -> None:
    assert messages.shown(text) == shown


COMMANDS = [["scan"], ["probe"], ["choose"], ["choose", "-l", "ja"], ["choose", "--explain"], ["apply", "-n"]]


@pytest.mark.parametrize("form", ["auto", "table", "jsonl", "json"])
@pytest.mark.parametrize("command", [*COMMANDS, ["process", "-n"], ["undo"]], ids=" ".join)
def test_nothing_of_a_name_or_a_title_reaches_a_terminal_raw(shell: Shell, command: list[str], form: str) -> None:
    shell.film(NASTY, film(TITLE))
    words = [*command, "--format", form, "--no-progress"]
    _, shown = shell.on_terminal(*words, shell.cwd / os.fsdecode(NASTY), b"missing" + NASTY)
    assert not {*shown.decode()} & {*"\x1b\x07\x7f\x9b\u202e"}
    assert b"\r" not in shown.replace(b"\r\n", b"\n")
    assert b"31m" in shown


@pytest.mark.parametrize("words", [["--\x1b[31m"], ["-f", "\x1b[31m"], ["--min-size", "\x1b[31m"], ["-\x1b"]])
def test_nothing_of_a_wrong_call_reaches_a_terminal_raw(shell: Shell, words: list[str]) -> None:
    status, shown = shell.on_terminal("scan", *words)
    assert status == 2
    assert b"\x1b" not in shown


def test_messages_show_nothing_raw(shell: Shell) -> None:
    path = shell.film(NASTY)
    (shell.cwd / "other.mkv").hardlink_to(path)
    done = shell.run("apply", "--hardlinks", "edit", stdin=[plan(path)])
    assert "2 names share this change" in done.err
    assert "\x1b" not in done.err
    assert "\\x1b[31m" in done.err


def test_auto_is_a_table_on_a_terminal_and_lines_elsewhere(shell: Shell) -> None:
    path = shell.film()
    status, shown = shell.on_terminal("probe", path)
    assert status == 0
    head, row = shown.decode().splitlines()
    assert head.split()[0] == "CONTAINER"
    assert row.split() == ["matroska", "[*1", "en", "ac3]", "[2", "ja", "ac3]", str(path)]
    assert shell.run("probe", path).record["path"] == str(path)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_one_array_of_the_same_records(shell: Shell, count: int) -> None:
    data = b"".join(os.fsencode(shell.film(f"{n}.mkv")) + b"\n" for n in range(count))
    done = shell.run("probe", "-f", "json", stdin=data)
    assert json.loads(done.out) == shell.run("probe", "-f", "jsonl", stdin=data).records
    assert len(json.loads(done.out)) == count
    assert done.out.endswith(b"]\n")


def test_a_call_that_is_wrong_prints_no_bracket(shell: Shell) -> None:
    assert shell.run("probe", "-f", "json", "--nope").out == b""
    assert shell.run("-c", "missing.yaml", "probe", "-f", "json").out == b""


def test_columns_of_a_table_are_aligned_and_come_at_once(shell: Shell) -> None:
    data = [{"path": str(shell.film(f"{n}.mkv"))} for n in range(3)] + [{"path": "/missing.mkv"}]
    done = shell.run("probe", "-f", "table", stdin=data)
    head, *rows = done.out.decode().splitlines()
    assert {row.index("/") for row in rows} == {head.index("PATH")}
    assert rows[-1].startswith("not_found ")
    assert rows[-1].endswith("/missing.mkv: no such file or directory")


def test_a_table_of_nothing_is_nothing(shell: Shell) -> None:
    assert shell.run("probe", "-f", "table").out == b""


# Messages


def test_log_format_json_is_one_object_a_line(shell: Shell) -> None:
    path = shell.film(NASTY)
    (shell.cwd / "other.mkv").hardlink_to(path)
    done = shell.run("--log-format", "json", "apply", "--hardlinks", "edit", stdin=[plan(path)])
    (line,) = done.err.splitlines()
    assert json.loads(line)["level"] == "info"
    assert "share this change" in json.loads(line)["message"]
    done = shell.run("--log-format", "json", "-c", "missing.yaml", "scan", ".")
    assert json.loads(done.err)["level"] == "error"


@pytest.mark.parametrize("words", [["-q"], ["--quiet"], ["--log-level", "error"]], ids=" ".join)
def test_quiet_says_no_notes(shell: Shell, words: list[str]) -> None:
    path = shell.film()
    (shell.cwd / "other.mkv").hardlink_to(path)
    done = shell.run(*words, "apply", "--hardlinks", "edit", stdin=[plan(path)])
    assert (done.status, done.err) == (0, "")
    assert shell.run(*words, "-c", "missing.yaml", "scan", ".").err != ""


def test_standard_error_of_a_run_that_is_fine_is_empty(shell: Shell) -> None:
    shell.film()
    for command in ("scan", "probe", "choose", "apply", "process", "undo"):
        assert shell.run(command, "film.mkv").err == ""


# Progress


def slow(shell: Shell) -> bytes:
    """Return so many records that a run takes longer than a person waits."""
    path = shell.film()
    return lines([{"path": str(path)}] * 6000)


def test_progress_is_on_standard_error_alone(shell: Shell) -> None:
    done = shell.run("probe", "--progress", "--jobs", "1", stdin=slow(shell))
    assert done.status == 0
    assert len(done.out.splitlines()) == 6000
    assert b"files" not in done.out
    assert "probe: " in done.err
    assert "/s" in done.err
    assert done.err.endswith("\r\x1b[K")


@pytest.mark.parametrize("words", [[], ["--no-progress"]], ids=["default", "no"])
def test_no_progress_where_nobody_looks(shell: Shell, words: list[str]) -> None:
    assert shell.run("probe", *words, stdin=slow(shell)).err == ""
