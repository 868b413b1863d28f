"""Man pages: what stands in the tree is what the program prints, it is clean, complete, and its examples work."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from rig import need_programs
from shell import ARRTHEAUDIO, PATIENCE, Result, Shell, validator

from arrtheaudio import errors, manual
from arrtheaudio.call import COMMANDS, load
from arrtheaudio.commands import schema
from arrtheaudio.config import load as load_config
from arrtheaudio.group import cli
from arrtheaudio.manual.declared import Command
from arrtheaudio.manual.example import CONFIGURATION, record
from arrtheaudio.manual.surroundings import ENVIRONMENT, FILES

ROOT = Path(__file__).parent.parent
MEDIA = ROOT / "examples" / "media"
GENERATED = manual.files()
PROGRAM = manual.everything()
PAGES = sorted(path.name for path in (ROOT / "man").iterdir())


def shown(path: str | Path) -> str:
    """Return a page as a person reads it, in one line, without hyphenation."""
    need_programs("groff")
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-P-cbou", "-rHY=0", "-rLL=2000n"],
        input=(ROOT / path).read_bytes(),
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return " ".join(done.stdout.decode().split())


def told(text: str) -> str:
    """Return a text as a page shows it."""
    return " ".join(text.replace("`", "").split())


# The same twice


@pytest.mark.parametrize("path", GENERATED)
def test_what_is_printed_twice_is_the_same(path: str) -> None:
    assert (ROOT / path).read_text("utf-8") == GENERATED[path], "run `python -m arrtheaudio.manual`"


def test_nothing_is_left_over() -> None:
    by_hand = {"man/arrtheaudio-spool.5", "man/arrtheaudio-containers.7"}
    there = {f"{folder}/{name}" for folder in ("man", "completions") for name in os.listdir(ROOT / folder)}
    assert there == {*GENERATED} | by_hand


def test_writing_them_anew_gives_the_same(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    done = shell.sh("$ATA.manual out")
    assert (done.status, done.err) == (0, "")
    written = {str(path.relative_to(shell.cwd / "out")) for path in (shell.cwd / "out").rglob("*") if path.is_file()}
    assert written == {*GENERATED}
    assert all((shell.cwd / "out" / path).read_text("utf-8") == text for path, text in GENERATED.items())


# Clean


@pytest.mark.parametrize("page", PAGES)
def test_mandoc_has_nothing_to_say(page: str) -> None:
    need_programs("mandoc")
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", ROOT / "man" / page], capture_output=True, text=True, timeout=PATIENCE
    )
    # Pages carry no date, so that the same code gives the same page; it is the only thing that mandoc may miss.
    found = [line for line in done.stdout.splitlines() if 'missing date, using "": TH' not in line]
    assert (found, done.stderr) == ([], "")


@pytest.mark.parametrize("device", ["ascii", "utf8", "ps"])
@pytest.mark.parametrize("page", PAGES)
def test_groff_has_nothing_to_say(page: str, device: str) -> None:
    need_programs("groff")
    done = subprocess.run(
        ["groff", "-man", "-ww", "-z", f"-T{device}", ROOT / "man" / page], capture_output=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("page", PAGES)
def test_man_shows_it_in_80_columns(page: str) -> None:
    need_programs("man", "groff")
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", ROOT / "man" / page],
        capture_output=True,
        timeout=PATIENCE,
        env=os.environ | {"LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MANPAGER": "cat"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert max(map(len, text.splitlines())) <= 80
    assert text.splitlines()[0].startswith(page.partition(".")[0].upper())


@pytest.mark.parametrize("page", PAGES)
def test_pages_have_the_usual_form(page: str) -> None:
    lines = (ROOT / "man" / page).read_text("utf-8").splitlines()
    name, _, section = page.rpartition(".")
    assert lines[0] == f'.TH "{name.upper()}" "{section}" "" "arrtheaudio" "ArrTheAudio"'
    headings = [line.removeprefix(".SH ") for line in lines if line.startswith(".SH ")]
    assert (headings[0], headings[-1]) == ("NAME", "SEE ALSO")
    assert len(headings) == len({*headings})
    usual = [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "COMMANDS",
        "EXIT STATUS",
        "ENVIRONMENT",
        "FILES",
        "EXAMPLES",
    ]
    assert [heading for heading in headings if heading in usual] == [one for one in usual if one in headings]
    summary = lines[2]
    assert re.fullmatch(re.escape(name.replace("-", "\\-")) + r" \\- [a-z].*[^.]", summary)


@pytest.mark.parametrize("page", PAGES)
def test_references_are_sorted_and_lead_somewhere(page: str) -> None:
    text = (ROOT / "man" / page).read_text("utf-8").replace("\\-", "-")
    found = re.findall(r"^\.BR (\S+) \((\d)\)", text.partition(".SH SEE ALSO\n")[2], re.MULTILINE)
    assert found
    assert found == sorted(found, key=lambda reference: (reference[1], reference[0]))
    for name, section in found:
        assert f"{name}.{section}" in PAGES or (name, section) in {("flock", "2"), ("rename", "2")}


# Complete


def all_of(context: click.Context) -> list[click.Context]:
    """Return a command and all below it, as click has them."""
    command, found = context.command, [context]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner
            found += all_of(click.Context(inner, parent=context, info_name=name))
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_page_with_every_option_of_every_subcommand(command: str) -> None:
    text = shown(f"man/arrtheaudio-{command}.1")
    root = click.Context(cli, info_name="arrtheaudio")
    top = cli.get_command(root, command)
    assert top
    for context in all_of(click.Context(top, parent=root, info_name=command)):
        for paragraph in (context.command.help or "").split("\n\n")[context.command is top :]:
            assert told(paragraph) in text
        for option in context.command.params:
            if isinstance(option, click.Option):
                assert all(flag in text for flag in (*option.opts, *option.secondary_opts))
                assert told(option.help or "") in text
            elif option.metavar:
                assert option.metavar in text


def properties(part: Any) -> list[tuple[str, Any]]:
    """Return every key that a schema declares, at whatever depth, and its part."""
    if isinstance(part, list):
        return [found for inner in part for found in properties(inner)]
    if not isinstance(part, dict):
        return []
    named = part.get("properties", {})
    own = [*named.items()] if isinstance(named, dict) else []
    return own + [found for key, inner in part.items() if key != "anyOf" for found in properties(inner)]


@pytest.mark.parametrize(("page", "text"), [("config", schema.config_text()), ("record", schema.record_text())])
def test_every_key_of_a_schema_is_on_its_page(page: str, text: str) -> None:
    document = json.loads(text)
    read = shown(f"man/arrtheaudio-{page}.5")
    found = properties(document)
    assert len(found) > 40
    for key, part in found:
        assert re.search(rf"(^|[ .]){re.escape(key)} ", read), key
        said = part.get("description") or document["$defs"].get(part.get("$ref", "").rpartition("/")[2], {}).get(
            "description"
        )
        assert said, f"{key} has no description"
        assert told(said) in read, key
        for value in part.get("enum", ()):
            assert str(value) in read


def test_the_keys_of_the_configuration_come_in_the_order_of_the_file() -> None:
    lines = (ROOT / "man" / "arrtheaudio-config.5").read_text("utf-8").splitlines()
    sections = [line.removeprefix(".SS ") for line in lines if line.startswith(".SS ")]
    example = re.findall(r"^([a-z_]+):", (ROOT / "examples" / "config.yaml").read_text("utf-8"), re.MULTILINE)
    assert sections == example


def test_every_failure_is_told() -> None:
    text = shown("man/arrtheaudio-record.5")
    for code in errors.CODES:
        (doc,) = [kind.__doc__ for kind in errors.Error.__subclasses__() if vars(kind).get("code") == code]
        assert f"{code} {told(doc or '')}" in text


# Examples


def test_the_record_that_is_shown_is_one() -> None:
    found = record()
    validator().validate(found)
    assert found["apply"]["status"] == "planned"
    page = (ROOT / "man" / "arrtheaudio-record.5").read_text("utf-8").replace("\\-", "-").replace("\\(aq", "'")
    text = page.partition(".EX\n")[2].partition("\n.EE")[0].replace("\\e", "\\")
    assert json.loads(text) == found


def test_the_configuration_that_is_shown_is_right(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIGURATION[0][1])
    config = load_config(str(tmp_path / "config.yaml"), {})
    assert config.policy.path_overrides[0].path == "/data/media/anime/**"


class Library:
    """A folder that stands for /media, and a shell in which `arrtheaudio` is the program."""

    def __init__(self, root: Path) -> None:
        """Put films, an anime and a configuration there."""
        self.shell = Shell(root)
        self.media = root / "media"
        for place, name in {
            "films/film.mkv": "mkvmerge.mkv",
            "anime/episode.mkv": "ffmpeg.mkv",
            "anime/two.mp4": "faststart.mp4",
        }.items():
            (self.media / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(MEDIA / name, self.media / place)
        shutil.copyfile(ROOT / "examples" / "config.yaml", self.shell.cwd / "config.yaml")
        program = root / "bin" / "arrtheaudio"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {" ".join(ARRTHEAUDIO)} "$@"\n')
        program.chmod(0o755)
        self.shell.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"

    def type(self, text: str) -> Result:
        """Run what an example says."""
        return self.shell.sh("set -e\n" + re.sub(r"(?<![\w.])/media\b", str(self.media), text))


# What has to be there before the examples of a command make sense.
BEFORE = {
    "undo": """
        arrtheaudio process --original ja /media > done.jsonl
        arrtheaudio undo /media/anime/*.mkv > undone.jsonl""",
    "jobs": "arrtheaudio jobs add --group backlog /media/films/film.mkv > id.jsonl",
}
# They listen, or talk to somebody who does.
TALKING = ("serve", "doctor", "curl", "systemctl")


def told_examples() -> list[Any]:
    commands = (PROGRAM, *PROGRAM.commands)
    return [
        pytest.param(command, typed, id=f"{command.name}-{number}")
        for command in commands
        for number, (_, typed) in enumerate(command.examples)
        if not any(word in typed.split() for word in TALKING)
    ]


@pytest.mark.parametrize(("command", "typed"), told_examples())
def test_examples_work(command: Command, typed: str, tmp_path: Path) -> None:
    need_programs("bash", "jq")
    library = Library(tmp_path)
    assert library.type(BEFORE.get(command.name, "true")).status == 0
    done = library.type(typed).quiet()
    assert done.status == 0, done.err
    assert "error" not in done.err.lower()
    assert not any("error" in json.loads(line) for line in done.out.splitlines() if line.startswith(b'{"path"'))


def test_what_commands_use_is_told() -> None:
    """A use that no table knows would be left out without a word."""
    used = {use for command in PROGRAM.commands for use in command.uses or ()}
    assert used <= {*ENVIRONMENT, *FILES}
    assert {*ENVIRONMENT, *FILES} <= used | {"all"}


@pytest.mark.parametrize("command", [command.name for command in PROGRAM.commands])
def test_help_and_page_have_the_same_examples(command: str, tmp_path: Path) -> None:
    examples = load(command).EXAMPLES
    assert examples
    help_text = Shell(tmp_path).run(command, "--help").out.decode()
    for what, typed in examples:
        assert what in help_text
        assert all(line in help_text for line in typed.splitlines())
