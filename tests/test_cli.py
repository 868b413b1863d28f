"""The call itself: commands, options, help, exit statuses, and what a wrong call does (nothing)."""

import json
import os
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from shell import Shell, film, plan, seen, tree

from arrtheaudio import __version__
from arrtheaudio.call import COMMANDS


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_the_version(shell: Shell) -> None:
    done = shell.run("--version")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[0] == f"arrtheaudio {__version__}".encode()


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", [(), *((command,) for command in COMMANDS), ("admin", "recover")], ids=" ".join)
def test_help(shell: Shell, command: tuple[str, ...], flag: str) -> None:
    done = shell.run(*command, flag)
    text = done.out.decode()
    assert (done.status, done.err) == (0, "")
    assert text.startswith(f"Usage: {' '.join(('arrtheaudio', *command))} ")
    assert "-h, --help" in text
    assert max(map(len, text.splitlines())) <= 100


def test_help_names_every_command_with_its_first_line(shell: Shell) -> None:
    text = shell.run("--help").out.decode()
    for command in COMMANDS:
        match = re.search(rf"^  {command} +(\S.*)$", text, re.MULTILINE)
        assert match, command
        assert not match[1].endswith("..."), f"the first line of {command} is too long"


@pytest.mark.parametrize("command", ["scan", "probe", "choose", "apply", "process", "undo", "schema", "admin"])
def test_commands_of_the_contract_are_there(shell: Shell, command: str) -> None:
    assert command in COMMANDS
    assert shell.run(command, "--help").status == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["porbe"], "Did you mean 'probe'?"),
        (["chose"], "Did you mean 'choose'?"),
        (["proces", "."], "Did you mean 'process'?"),
        (["xyzzy"], "No such command 'xyzzy'."),
        (["probe", "--fromat", "json"], "--format"),
        (["probe", "--nope"], "--nope"),
        (["probe", "-f"], "-f"),
        (["probe", "-f", "yaml"], "jsonl"),
        (["probe", "--jobs", "0"], "256"),
        (["apply", "--hardlinks", "x"], "protect"),
        (["choose", "-l", "xx-nope-zz"], "xx-nope-zz"),
        (["choose", "--original", "english?"], "english?"),
        (["schema"], "record"),
        (["schema", "x"], "record"),
        (["admin", "nope"], "nope"),
        (["--nope"], "--nope"),
        (["--log-level", "loud", "scan", "."], "loud"),
        (["-c", "missing.yaml", "scan", "."], "missing.yaml"),
        (["-c", ".", "scan", "."], "is a folder"),
        (["probe", ""], "empty"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_does_nothing_and_says_why(shell: Shell, words: list[str], says: str) -> None:
    before = seen(shell.film())
    done = shell.run(*words, stdin=b"film.mkv\n").quiet()
    assert (done.status, done.out) == (2, b"")
    assert says in done.err
    assert seen(shell.cwd / "film.mkv") == before
    assert tree(shell.home) == {}


@pytest.mark.parametrize("command", ["apply", "process", "undo"])
@pytest.mark.parametrize("text", ["language_priorty: [en]\n", "processing: {hardlinks: never}\n", "a: [\n", "\xff"])
def test_a_wrong_configuration_does_nothing(shell: Shell, command: str, text: str) -> None:
    path = shell.film()
    before = seen(path)
    config = shell.cwd / "config.yaml"
    config.write_bytes(text.encode("latin-1"))
    for words in (["-c", config, command], [command]):
        shell.environ["ARRTHEAUDIO_CONFIG"] = str(config)
        done = shell.run(*words, stdin=[plan(path)]).quiet()
        assert (done.status, done.out) == (2, b"")
        assert "config.yaml" in done.err
        assert seen(path) == before


def test_options_stand_before_and_behind_files(shell: Shell) -> None:
    path = shell.film()
    outs = {
        shell.run(*words).out
        for words in (
            ["probe", "-f", "json", path],
            ["probe", path, "-f", "json"],
            ["probe", path, "--format=json"],
            ["probe", "-fjson", path],
            ["-v", "probe", path, "--format", "json", "-j2"],
            ["probe", "-f", "json", "--", path],
        )
    }
    assert len(outs) == 1
    assert json.loads(outs.pop())[0]["path"] == str(path)


def test_a_plain_call_and_the_same_through_click_agree(shell: Shell) -> None:
    # a global option sends the call through click; without one it is read directly
    shell.film()
    os.symlink("film.mkv", shell.cwd / "x.MKV")
    for words in (
        ["scan", ".", "--no-recursive", "--pattern", "*.mkv", "--pattern", "*.MKV", "--min-size", "1", "-f", "json"],
        ["probe", "film.mkv", "--refresh", "--jobs", "3"],
        ["choose", "film.mkv", "-l", "ja", "-l", "original", "--original", "de"],
        ["apply", "-n", "film.mkv", "--hardlinks", "skip"],
        ["process", ".", "-n", "-l", "ja", "--exclude", "x*"],
        ["undo", "-n", "film.mkv"],
        ["undo", "--list"],
        ["schema", "record"],
    ):
        assert shell.run(*words) == shell.run("-v", *words)


@pytest.mark.parametrize("name", ["record", "config"])
def test_schema_prints_one_that_is_valid(shell: Shell, name: str) -> None:
    done = shell.run("schema", name)
    assert (done.status, done.err) == (0, "")
    schema = json.loads(done.out)
    Draft202012Validator.check_schema(schema)
    assert done.out.endswith(b"}\n")


def test_the_schema_refuses_what_is_no_record(shell: Shell) -> None:
    check = Draft202012Validator(json.loads(shell.run("schema", "record").out))
    good = shell.run("process", shell.film(), "-l", "ja").record
    assert check.is_valid(good)
    for key, value in (("path", ""), ("size", -1), ("mtime", "now"), ("probe", {}), ("choose", {"status": "x"})):
        assert not check.is_valid(good | {key: value}), key
    assert not check.is_valid({key: value for key, value in good.items() if key != "path"})
    assert not check.is_valid(good | {"error": {"stage": "probe", "code": "other", "message": ""}})


def test_exit_statuses(shell: Shell) -> None:
    path = shell.film()
    assert shell.run("process", path, "-l", "ja").status == 0  # changed
    assert shell.run("process", path, "-l", "ja").status == 0  # unchanged
    assert shell.run("process", path, "-l", "de").status == 0  # skipped by a rule
    assert path.read_bytes() == film(chosen=2)
    assert shell.run("process", path, "missing").status == 1
    assert shell.run("process", "--nope").status == 2
