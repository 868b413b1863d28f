"""Look after the configuration, and after what is kept.

What a subcommand needs it imports when it is called.
"""

import click


@click.group("admin", help="Look after the configuration, and after what is kept.")
def command() -> None:
    """Group the subcommands; each is one function below."""


@command.command("validate-config")
@click.argument("file", required=False)
def validate_config(file: str | None) -> None:
    """Check a configuration FILE, and say everything that is wrong with it.

    Without FILE, checks the one that the other commands would read now, with the ARRTHEAUDIO_ variables of the
    environment. Ends with 0 where all is right, and with 2 where it is not.
    """
    from arrtheaudio import config, messages

    source = config.load(file).source
    messages.note(f"{source}: valid" if source else "there is no configuration file; the defaults hold")
