"""Man pages and completions, printed from the commands: `python -m arrtheaudio.manual [FOLDER]` writes them.

What is printed twice is printed by the program; a test compares.
"""

import os
import sys
from collections.abc import Iterator

import click
from click.shell_completion import get_completion_class

from arrtheaudio.group import cli

SHELLS = {"bash": "arrtheaudio.bash", "zsh": "_arrtheaudio", "fish": "arrtheaudio.fish"}

EXIT_STATUS = (
    ("0", "Every record went through: changed, unchanged, or skipped by a rule."),
    ("1", "At least one record failed; the records say which and why."),
    ("2", "The call or the configuration is wrong; nothing was done."),
    ("130, 143", "Stopped by SIGINT or SIGTERM, after the file in hand."),
    ("141", "The reader of the output has gone."),
)


def files() -> dict[str, str]:
    """Return every generated file: its path from the project's root, and its text."""
    pages = {
        f"man/{name}.1": page(name, context) for name, context in _commands(click.Context(cli, info_name=cli.name))
    }
    return pages | {f"completions/{name}": completion(shell) for shell, name in SHELLS.items()}


def _commands(context: click.Context) -> Iterator[tuple[str, click.Context]]:
    context.info_name = "arrtheaudio"
    yield "arrtheaudio", context
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        yield f"arrtheaudio-{name}", click.Context(command, parent=context, info_name=name)


def completion(shell: str) -> str:
    """Return the script that makes a shell complete our commands and options."""
    complete = get_completion_class(shell)
    assert complete is not None
    return complete(cli, {}, "arrtheaudio", "_ARRTHEAUDIO_COMPLETE").source().rstrip("\n") + "\n"


def page(name: str, context: click.Context) -> str:
    """Return a man page, without a date: the same code gives the same page."""
    command = context.command
    first, *rest = (command.help or "").split("\n\n")
    lines = [
        f'.TH "{name.upper()}" "1" "" "arrtheaudio" "ArrTheAudio"',
        ".SH NAME",
        f"{name} \\- {_roff(first).rstrip('.')}",
    ]
    lines += [
        ".SH SYNOPSIS",
        f".B {_roff(context.command_path)}",
        _roff(" ".join(command.collect_usage_pieces(context))),
    ]
    if rest:
        lines += [".SH DESCRIPTION", *_paragraphs(rest)]
    lines += _section("OPTIONS", _options(context))
    if isinstance(command, click.Group):
        lines += _section("COMMANDS", _subcommands(command, context))
    lines += _section("EXIT STATUS", EXIT_STATUS)
    others = [other for other, _ in _commands(click.Context(cli, info_name=cli.name)) if other != name]
    lines += [".SH SEE ALSO", ", ".join(f"\\fB{_roff(other)}\\fR(1)" for other in others)]
    return "\n".join(lines) + "\n"


def _paragraphs(texts: list[str]) -> Iterator[str]:
    for text in texts:
        yield ".PP"
        yield _roff(" ".join(text.split()))


def _options(context: click.Context) -> Iterator[tuple[str, str]]:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            yield record


def _subcommands(group: click.Group, context: click.Context) -> Iterator[tuple[str, str]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            yield name, command.get_short_help_str(200)


def _section(title: str, rows: Iterator[tuple[str, str]] | tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f".SH {title}"
    for term, text in rows:
        yield from (".TP", f"\\fB{_roff(term)}\\fR", _roff(text))


def _roff(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


def main(root: str) -> None:
    """Write every generated file below `root`."""
    for path, text in files().items():
        os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ".")
