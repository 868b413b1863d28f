"""The click group: the whole command line, with help, completion and every complaint about a wrong call."""

import os
from collections.abc import Iterable
from typing import Any

import click

from arrtheaudio import __version__
from arrtheaudio.call import COMMANDS, LEVELS, Call, Globals, load
from arrtheaudio.options import Option
from arrtheaudio.pipeline import READER_GONE
from arrtheaudio.tmdb import ATTRIBUTION

EXAMPLES = (
    ("See what would change:", "arrtheaudio process --dry-run --original ja /media/anime"),
    ("Change it:", "arrtheaudio process --original ja /media/anime"),
    ("Take all of the last two hours back:", "arrtheaudio undo --since 2h"),
    (
        "Step by step, with a plan to look at in between:",
        """\
arrtheaudio scan /media/anime |
    arrtheaudio choose --language jpn --language eng > plan.jsonl
jq -r 'select(.choose.changes != []) | .path, .choose.reason' plan.jsonl
arrtheaudio apply < plan.jsonl > done.jsonl""",
    ),
)
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Kind(click.ParamType[Any]):
    """The kind of an option of ours, as click wants it."""

    def __init__(self, option: Option) -> None:
        """Take over the option's own reading of a text."""
        self.name = option.metavar or "TEXT"
        self._value = option.value

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value, or say what is wrong with it."""
        try:
            return self._value(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)


class File(click.ParamType[Any]):
    """A path, as bytes. (click.Path looks at the file, and a mount that hangs would hold the whole call.)"""

    name = "FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:  # noqa: ARG002
        """Return the path's bytes."""
        return os.fsencode(value)


class Commands(click.Group):
    """Finds a command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names, in the order of the pipe."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = load(cmd_name)
        command: click.Command = getattr(module, "command", None) or _command(cmd_name, module)
        command.epilog = _examples(module.EXAMPLES) if hasattr(module, "EXAMPLES") else None
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command, or say which one was perhaps meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{near[0]}'?", ctx) from None


def _examples(examples: Iterable[tuple[str, str]]) -> str:
    r"""Return examples as help shows them: `\b` has click leave the lines as they are."""
    told = ("\n".join((what, *(f"    {line}" for line in typed.splitlines()))) for what, typed in examples)
    return "\n\n".join(f"\b\n{text}" for text in told)


def _command(name: str, module: Any) -> click.Command:
    def run(files: tuple[bytes, ...], **values: Any) -> int:
        status: int = module.run(Call(name, files, values, click.get_current_context().obj))
        return status

    argument = click.Argument(["files"], nargs=-1, type=File(), metavar=module.FILES)
    options = [_option(option) for option in module.OPTIONS]
    return click.Command(name, callback=run, params=[argument, *options], help=module.__doc__)


def _option(option: Option) -> click.Option:
    declared = [option.name, "/".join((option.flags[-1], option.negative)) if option.negative else option.flags[-1]]
    declared += option.flags[:-1]
    common: dict[str, Any] = {"help": option.help, "default": option.default, "multiple": option.multiple}
    if option.choices:
        return click.Option(declared, type=click.Choice(option.choices), **common)
    if option.kind is None:
        return click.Option(declared, is_flag=True, **common)
    return click.Option(declared, type=Kind(option), metavar=option.metavar, **common)


@click.group(
    cls=Commands, context_settings=CONTEXT, epilog=f"{_examples(EXAMPLES)}\n\nEach command has its own --help."
)
@click.option("-c", "--config", metavar="FILE", help="Read this configuration instead of the usual places.")
@click.option("-v", "--verbose", count=True, help="Say more on standard error; repeat it for more.")
@click.option("-q", "--quiet", is_flag=True, help="No notes on standard error, errors alone.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="How messages are written.")
@click.option("--log-level", type=click.Choice(list(LEVELS)), help="How much is said; info is the default.")
@click.version_option(__version__, message=f"arrtheaudio %(version)s\n{ATTRIBUTION}")
@click.pass_context
def cli(
    ctx: click.Context, /, config: str | None, verbose: int, quiet: bool, log_format: str, log_level: str | None
) -> None:
    """Set the right default audio track of MKV and MP4 files, in place, undoable to the byte.

    scan, probe, choose and apply each read and write JSON Lines; process does all of it at once.
    """
    from arrtheaudio import messages

    level = LEVELS[log_level] if log_level else 0 if quiet else min(1 + verbose, 3)
    messages.configure(level=level, json=log_format == "json")
    # `hook import` has an answer to give, whatever is wrong with it.
    said = {"format": log_format} if _given(ctx, "log_format") else {}
    if any(_given(ctx, name) for name in ("log_level", "verbose", "quiet")):
        said["level"] = ("error", "info", "debug", "debug")[level]
    ctx.obj = Globals(config, at_once=ctx.invoked_subcommand != "hook", logging=said)


def _given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT


def main() -> int:
    """Run a call, and return its exit status."""
    try:
        status = cli.main(prog_name="arrtheaudio", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    except SystemExit as end:
        # So click ends a completion, with 0; with 1, what it was printing when the reader left.
        return READER_GONE if end.code else 0
