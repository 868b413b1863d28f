"""Man pages and completions: what stands in the tree is what the program prints."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from rig import need_programs
from shell import PATIENCE, Shell

from arrtheaudio import manual
from arrtheaudio.call import COMMANDS, load

ROOT = Path(__file__).parent.parent
PAGES = manual.files()


@pytest.mark.parametrize("path", PAGES)
def test_what_is_printed_twice_is_the_same(path: str) -> None:
    assert (ROOT / path).read_text("utf-8") == PAGES[path], "run `python -m arrtheaudio.manual`"


def test_nothing_is_left_over() -> None:
    generated = {path for path in PAGES if path.endswith(".1") or path.startswith("completions/")}
    there = {f"{folder}/{name}" for folder in ("man", "completions") for name in os.listdir(ROOT / folder)}
    assert {path for path in there if path.endswith(".1") or path.startswith("completions/")} == generated


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_page_with_every_option(command: str) -> None:
    text = PAGES[f"man/arrtheaudio-{command}.1"].replace("\\-", "-")
    for option in getattr(load(command), "OPTIONS", ()):
        for flag in option.flags:
            assert flag in text
        assert option.help.replace("\\", "\\e") in text


def test_pages_carry_no_date() -> None:
    for path, text in PAGES.items():
        assert not re.search(r"\b20[2-9]\d-\d\d-\d\d\b", text.replace("2026\\-01\\-31", "")), path


@pytest.mark.parametrize("path", [path for path in PAGES if path.endswith(".1")])
def test_pages_are_good_roff(path: str) -> None:
    need_programs("man")
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", ROOT / path],
        capture_output=True,
        timeout=PATIENCE,
        env=os.environ | {"LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"},
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_writing_them_anew_gives_the_same(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    done = shell.sh("$ATA.manual out")
    assert (done.status, done.err) == (0, "")
    written = {str(path.relative_to(shell.cwd / "out")) for path in (shell.cwd / "out").rglob("*") if path.is_file()}
    assert written == {*PAGES}
    assert all((shell.cwd / "out" / path).read_text("utf-8") == text for path, text in PAGES.items())


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completions_are_good_scripts(shell_name: str) -> None:
    need_programs(shell_name)
    script = ROOT / "completions" / manual.SHELLS[shell_name]
    done = subprocess.run([shell_name, "-n", script], capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, b"")


def test_completion_knows_the_commands(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.environ |= {"_ARRTHEAUDIO_COMPLETE": "bash_complete", "COMP_WORDS": "arrtheaudio pr", "COMP_CWORD": "1"}
    done = shell.run()
    assert done.status == 0
    assert done.out.split() == [b"plain,probe", b"plain,process"]
