"""`admin validate-config` and `--config`: what a person sees, and the exit status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from configured import EXAMPLE, NOWHERE, write


def run(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ARRTHEAUDIO_")}
    command = [sys.executable, "-m", "arrtheaudio", *arguments]
    return subprocess.run(command, env=inherited | NOWHERE | environ, capture_output=True, text=True)


def test_a_valid_file():
    ran = run("admin", "validate-config", EXAMPLE)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", f"arrtheaudio: {EXAMPLE}: valid\n")


def test_the_file_that_would_be_read(tmp_path):
    path = write(tmp_path, "prefer_original: false")
    ran = run("admin", "validate-config", ARRTHEAUDIO_CONFIG=path)
    assert (ran.returncode, ran.stderr) == (0, f"arrtheaudio: {path}: valid\n")


def test_no_file():
    ran = run("admin", "validate-config")
    assert (ran.returncode, ran.stderr) == (0, "arrtheaudio: there is no configuration file; the defaults hold\n")


@pytest.mark.parametrize("arguments", [("admin", "validate-config"), ("--config",)], ids=["validate", "any command"])
def test_every_fault_is_said(tmp_path, arguments):
    path = write(tmp_path, "tmdb:\n  enabled: yes\n  apikey: abc\n")
    command = (*arguments, path) if arguments[0] == "admin" else (*arguments, path, "scan", "/nowhere")
    ran = run(*command)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        f"arrtheaudio: {path}:2: tmdb.enabled: is 'yes', must be true or false\n"
        f"{path}:3: tmdb.apikey: no such key; did you mean api_key?\n"
    )


@pytest.mark.parametrize("where", ["named", "environment"])
def test_a_file_that_is_not_there(where):
    ran = (
        run("--config", "/nowhere/c", "scan", "/")
        if where == "named"
        else run("admin", "validate-config", ARRTHEAUDIO_CONFIG="/nowhere/c")
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "arrtheaudio: /nowhere/c: no such file or directory\n"


def test_escape_characters_do_not_reach_the_terminal(tmp_path):
    path = write(tmp_path, '"\\e[31mred": 1\ntmdb: {enabled: "\\u202ex"}\n')
    ran = run("admin", "validate-config", path)
    assert ran.returncode == 2
    assert "\x1b" not in ran.stderr
    assert "\u202e" not in ran.stderr
    assert r"\x1b[31mred: no such key" in ran.stderr
