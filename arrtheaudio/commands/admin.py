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


@command.command("recover")
@click.pass_context
def recover(ctx: click.Context, /) -> None:
    """Finish or roll back the edits that a crash interrupted.

    Every command that edits does this at its start. Prints a line for each file; ends with 1 where an edit stays open,
    because its file is not there.
    """
    from arrtheaudio import editing, messages, output
    from arrtheaudio.journal import Journal

    still_open = False
    for found in editing.recover(Journal(ctx.obj.config.journal.path)):
        still_open |= found.error is not None
        text = found.outcome if found.error is None else f"{found.outcome}: {found.error}"
        output.put(messages.shown(f"{found.path.decode(errors='replace')}: {text}").encode() + b"\n")
    ctx.exit(int(still_open))


@command.command("cleanup")
@click.option("--older-than", "age", metavar="DURATION", help="Jobs that ended before that, such as 30d.")
@click.pass_context
def cleanup(ctx: click.Context, /, age: str | None) -> None:
    """Forget what is old: jobs that have ended, and edits that can no longer be taken back.

    Without --older-than, what is older than the configuration says. Edits are always kept for journal.keep_days.
    """
    from arrtheaudio import messages
    from arrtheaudio.cleanup import clean
    from arrtheaudio.commands.scan import duration
    from arrtheaudio.spool import Spool

    try:
        days = None if age is None else duration(age) / 86400
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--older-than") from None
    config = ctx.obj.config
    found = clean(config, Spool(config.spool.path), days)
    messages.note(f"{found['jobs']:,} jobs and {found['edits']:,} edits forgotten")
