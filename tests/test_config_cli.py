"""`admin validate-config` and `--config`: what a person sees, and the exit status."""

import pytest
from configured import EXAMPLE, write


def test_a_valid_file(run):
    done = run("admin", "validate-config", EXAMPLE)
    assert (done.stdout, done.stderr.decode()) == (b"", f"arrtheaudio: {EXAMPLE}: valid\n")


def test_the_file_that_would_be_read(run, tmp_path):
    path = write(tmp_path, "prefer_original: false")
    done = run("admin", "validate-config", env={"ARRTHEAUDIO_CONFIG": path})
    assert done.stderr.decode() == f"arrtheaudio: {path}: valid\n"


def test_no_file(run):
    done = run("admin", "validate-config")
    assert done.stderr == b"arrtheaudio: there is no configuration file; the defaults hold\n"


@pytest.mark.parametrize("command", ["validate", "scan"])
def test_every_fault_is_said(run, tmp_path, command):
    path = write(tmp_path, "tmdb:\n  enabled: yes\n  apikey: abc\n")
    arguments = ("admin", "validate-config", path) if command == "validate" else ("--config", path, "scan", tmp_path)
    done = run(*arguments, status=2)
    assert done.stdout == b""
    assert done.stderr.decode() == (
        f"arrtheaudio: {path}:2: tmdb.enabled: is 'yes', must be true or false\n"
        f"{path}:3: tmdb.apikey: no such key; did you mean api_key?\n"
    )


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        pytest.param(("--config", "/nowhere/c", "scan", "/"), {}, id="option"),
        pytest.param(("admin", "validate-config"), {"ARRTHEAUDIO_CONFIG": "/nowhere/c"}, id="environment"),
    ],
)
def test_a_file_that_is_not_there(run, arguments, env):
    done = run(*arguments, env=env, status=2)
    assert (done.stdout, done.stderr) == (b"", b"arrtheaudio: /nowhere/c: no such file or directory\n")


def test_a_variable_with_a_fault(run):
    done = run("admin", "validate-config", env={"ARRTHEAUDIO_API_PORT": "x"}, status=2)
    assert done.stderr.startswith(b"arrtheaudio: ARRTHEAUDIO_API_PORT: api.port: is 'x', must be")


def test_escape_characters_do_not_reach_the_terminal(run, tmp_path):
    path = write(tmp_path, '"\\e[31mred": 1\ntmdb: {enabled: "\\u202ex"}\n')
    said = run("admin", "validate-config", path, status=2).stderr.decode()
    assert r"\x1b[31mred: no such key" in said
    assert r"is '\u202ex'" in said
    assert said.replace("\n", "").isprintable()
