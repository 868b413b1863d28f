"""The commands as they are declared, in the form that pages and completions are printed from."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from arrtheaudio import group
from arrtheaudio.call import COMMANDS, load
from arrtheaudio.group import File, cli

FLAG, WORDS, FILES, JOBS, ANY = "flag", "words", "files", "jobs", "any"

EXIT_STATUS = (
    ("0", "Every record went through: changed, unchanged, or skipped by a rule."),
    ("1", "At least one record failed; the records say which and why."),
    ("2", "The call or the configuration is wrong; nothing was done."),
    ("130, 143", "Stopped by SIGINT or SIGTERM, after the file in hand."),
    ("141", "The reader of the output has gone."),
)


class Parameter(NamedTuple):
    """An option, or an argument, which has no `flags`.

    `value` is how its value is called, empty for a flag. `kind` is what may stand there: FLAG nothing, WORDS one of
    `words`, FILES a path, JOBS ids of jobs, ANY something else. `many`: it may be repeated.
    """

    flags: tuple[str, ...]
    help: str
    value: str
    kind: str
    words: tuple[str, ...]
    many: bool


class Command(NamedTuple):
    """A command or a group; `words` is how it is called, `synopsis` what follows, `help` its paragraphs.

    `uses` are the keys of the tables in `surroundings`; None: all of them.
    """

    words: tuple[str, ...]
    synopsis: str
    help: tuple[str, ...]
    options: tuple[Parameter, ...]
    arguments: tuple[Parameter, ...]
    commands: tuple["Command", ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    uses: tuple[str, ...] | None = ()
    exit_status: tuple[tuple[str, str], ...] = EXIT_STATUS

    @property
    def name(self) -> str:
        """The last word of its call."""
        return self.words[-1]

    @property
    def page(self) -> str:
        """The title of its page."""
        return "-".join(self.words)

    def walk(self) -> Iterator["Command"]:
        """Yield it and all below it."""
        yield self
        for command in self.commands:
            yield from command.walk()


def everything() -> Command:
    """Return the program, with all that it can do."""
    root = _command(click.Context(cli, info_name="arrtheaudio", **cli.context_settings), ("arrtheaudio",))
    commands = tuple(_with_notes(command, load(command.name)) for command in root.commands)
    assert [command.name for command in commands] == list(COMMANDS)
    return _with_notes(root._replace(commands=commands), group)._replace(uses=None)


def _with_notes(command: Command, module: Any) -> Command:
    """Return the command with what its module says beside the options."""
    return command._replace(
        examples=getattr(module, "EXAMPLES", ()),
        uses=getattr(module, "USES", ()),
        exit_status=getattr(module, "EXIT_STATUS", EXIT_STATUS),
    )


def _command(context: click.Context, words: tuple[str, ...]) -> Command:
    command = context.command
    shown = [parameter for parameter in command.get_params(context) if not getattr(parameter, "hidden", False)]
    read = [(_parameter(parameter), isinstance(parameter, click.Option)) for parameter in shown]
    return Command(
        words,
        " ".join(" ".join(command.collect_usage_pieces(context)).split()),
        tuple((command.help or "").replace("\f", "").split("\n\n")),
        tuple(parameter for parameter, option in read if option),
        tuple(parameter for parameter, option in read if not option and parameter.value),
        tuple(_inner(command, context, words)) if isinstance(command, click.Group) else (),
    )


def _inner(group: click.Group, context: click.Context, words: tuple[str, ...]) -> Iterator[Command]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            inner = click.Context(command, parent=context, info_name=name, **command.context_settings)
            yield _command(inner, (*words, name))


def _parameter(parameter: click.Parameter) -> Parameter:
    flags = (*sorted(parameter.opts, key=len), *parameter.secondary_opts)
    many = parameter.multiple or parameter.nargs == -1
    if not isinstance(parameter, click.Option):
        value = parameter.make_metavar(click.Context(cli)) if parameter.metavar != "" else ""
        return Parameter((), "", value, *_kind(parameter, value), many)
    many = many or parameter.count
    if parameter.is_flag or parameter.count:
        return Parameter(flags, parameter.help or "", "", FLAG, (), many)
    kind, words = _kind(parameter, parameter.metavar or "")
    value = "|".join(words) or parameter.metavar or "TEXT"
    return Parameter(flags, parameter.help or "", value, kind, words, many)


def _kind(parameter: click.Parameter, value: str) -> tuple[str, tuple[str, ...]]:
    if isinstance(parameter.type, click.Choice):
        return WORDS, tuple(map(str, parameter.type.choices))
    if "|" in value:
        return WORDS, tuple(value.strip("[].").split("|"))
    if isinstance(parameter.type, (File, click.Path)) or value.strip("[].") in ("FILE", "PATH", "FOLDER"):
        return (FILES, ()) if value else (ANY, ())
    if parameter.name in ("ids", "job", "job_id"):
        return JOBS, ()
    return ANY, ()
