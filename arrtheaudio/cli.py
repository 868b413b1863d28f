"""The command group: knows every command by name, and imports one only when it is called."""

import sys
from typing import TYPE_CHECKING, Any

import click

from arrtheaudio import __version__, messages
from arrtheaudio.errors import Fatal
from arrtheaudio.output import OutputFailed
from arrtheaudio.pipeline import READER_GONE, leave

if TYPE_CHECKING:
    from arrtheaudio.config import Config

# In the order in which a person meets them.
COMMANDS = ("scan", "probe", "choose", "apply", "process", "undo", "schema", "admin")
LEVELS = {"error": 0, "info": 1, "debug": 2, "trace": 3}
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Globals:
    """What the global options say; the configuration is read when a command first asks for it."""

    def __init__(self, path: str | None) -> None:
        """Read nothing yet, unless a file is named: then it must be right, whatever the command."""
        self._path = path
        self._config: Config | None = None
        if path is not None:
            self.config  # noqa: B018  # a named configuration that is wrong ends every command

    @property
    def config(self) -> "Config":
        """The configuration; Fatal where it is wrong."""
        if self._config is None:
            from arrtheaudio.config import load

            self._config = load(self._path)
        return self._config


class Commands(click.Group):
    """Finds a command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names, in the order of the pipe."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        # importlib.import_module would import importlib; this is what it does.
        __import__(f"arrtheaudio.commands.{cmd_name}")
        command: click.Command = sys.modules[f"arrtheaudio.commands.{cmd_name}"].command
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


@click.group(cls=Commands, context_settings=CONTEXT, epilog="Each command has its own --help.")
@click.option("-c", "--config", metavar="FILE", help="Read this configuration instead of the usual places.")
@click.option("-v", "--verbose", count=True, help="Say more on standard error; repeat it for more.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what failed.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="How messages are written.")
@click.option("--log-level", type=click.Choice(list(LEVELS)), help="How much is said; info is the default.")
@click.version_option(__version__, message="arrtheaudio %(version)s")
@click.pass_context
def cli(
    ctx: click.Context, config: str | None, verbose: int, quiet: bool, log_format: str, log_level: str | None
) -> None:
    """Set the right default audio track of MKV and MP4 files, in place, undoable to the byte.

    scan, probe, choose and apply each read and write JSON Lines; process does all of it at once.
    """
    level = LEVELS[log_level] if log_level else 0 if quiet else min(1 + verbose, 3)
    messages.configure(level=level, json=log_format == "json")
    ctx.obj = Globals(config)


def main() -> None:
    """Run the command line, and end the process with its exit status."""
    leave(_main())


def _main() -> int:
    try:
        status = cli.main(prog_name="arrtheaudio", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Fatal as error:
        messages.error(str(error))
        return error.exit_status
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        return READER_GONE
    except OSError as error:
        # Help, a schema, a version: click writes those itself.
        messages.error(str(OutputFailed(f"standard output: {(error.strerror or str(error)).lower()}")))
        return 1
