"""Look after the configuration, and after what is kept.

What a subcommand needs it imports when it is called.
"""

import contextlib
from collections.abc import Callable, Iterator

import click

EXIT_STATUS = (
    ("0", "It is done."),
    ("1", "Something of it could not be done; standard error, or what is printed, says what."),
    ("2", "The call or the configuration is wrong; nothing was done."),
    ("130, 143", "Stopped by SIGINT or SIGTERM."),
)
_MOST = 2 << 20  # bytes of a configuration on standard input; what is larger than 1 MiB is refused
USES = ("spool", "journal", "tmdb")
EXAMPLES = (
    ("Is the configuration right?", "arrtheaudio admin validate-config config.yaml"),
    ("Mend what a power cut left, before anything else:", "arrtheaudio admin recover"),
    ("Forget the jobs that ended more than a month ago:", "arrtheaudio admin cleanup --older-than 30d"),
    (
        "Keep everything in a file, while all goes on; put it back:",
        """\
arrtheaudio admin backup backup.tar
arrtheaudio admin restore --yes backup.tar""",
    ),
    ("How much is kept:", "arrtheaudio admin stats -f json | jq '.[].jobs.bytes, .[].edits.bytes'"),
)


@click.group("admin", help="Look after the configuration, and after what is kept.")
def command() -> None:
    """Group the subcommands; each is one function below."""


@command.command("validate-config")
@click.argument("file", required=False)
def validate_config(file: str | None) -> None:
    """Check a configuration FILE, and say everything that is wrong with it.

    Without FILE, checks the one that the other commands would read now, with the ARRTHEAUDIO_ variables of the
    environment. `-` is standard input. Ends with 0 where all is right, and with 2 where it is not.
    """
    from arrtheaudio import config, messages

    source = _check_input() if file == "-" else config.load(file).source
    messages.note(f"{source}: valid" if source else "there is no configuration file; the defaults hold")


def _check_input() -> str:
    """Check the configuration on standard input; return the name that it has in messages."""
    import tempfile

    from arrtheaudio import config
    from arrtheaudio.errors import UsageError

    name = "standard input"
    # Read here: another user's pipe cannot be opened by a name such as /dev/stdin.
    with tempfile.NamedTemporaryFile(prefix="arrtheaudio-") as file:
        try:
            with open(0, "rb", closefd=False) as given:  # sys.stdin is None where it was closed
                file.write(given.read(_MOST))
            file.flush()
        except OSError as error:
            raise UsageError(f"{name}: {(error.strerror or str(error)).lower()}.") from None
        try:
            config.load(file.name)
        except config.Invalid as error:
            places = [fault.place for fault in error.faults]
            named = [place._replace(name=name) if place.name == file.name else place for place in places]
            raise config.Invalid(
                fault._replace(place=place) for fault, place in zip(error.faults, named, strict=True)
            ) from None
    return name


@command.command("recover")
@click.pass_context
def recover(ctx: click.Context, /) -> None:
    """Finish or roll back the edits that a crash interrupted.

    Every command that edits does this at its start. Prints a line for each file; ends with 1 where an edit stays open,
    because its file is not there. A queue that an interrupted `admin restore` has put aside is put back as well.
    """
    from arrtheaudio import editing, messages, output
    from arrtheaudio.backup import place
    from arrtheaudio.journal import Journal

    place.recover(ctx.obj.config.spool.path)
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


@command.command("backup")
@click.argument("file")
@click.pass_context
def backup(ctx: click.Context, /, file: str) -> None:
    """Write queue, journal, TMDB's answers and the configuration file into FILE, a tar that nobody else may read.

    Workers, edits and `serve` may go on: every job and every edit is in there once, and a job that runs will be queued
    again. Of secrets it has what stands in the configuration file, not those of the environment. `-` is standard
    output. FILE is replaced where it is a file; a folder, FIFO or device is refused.
    """
    from arrtheaudio import messages
    from arrtheaudio.backup.store import to_file, to_output

    with _stoppable(ctx):
        counts = to_output(ctx.obj.config) if file == "-" else to_file(ctx.obj.config, file)
    messages.note(", ".join(f"{count:,} of {name}" for name, count in sorted(counts.items())) or "nothing is kept yet")


@command.command("restore")
@click.argument("file")
@click.option("--yes", is_flag=True, help="Replace the jobs that are there without asking.")
@click.pass_context
def restore(ctx: click.Context, /, file: str, yes: bool) -> None:
    """Put a backup back, whole or not at all: into the spool, journal and cache that are configured, and nowhere else.

    The queue is replaced; nobody may work with it meanwhile. The journal and the cache are added to: what was edited
    since can still be taken back. The configuration is put beside the one in use, as config.yaml.restored, or
    config.yaml.restored.2 where that is there. `-` is standard input.
    """
    from arrtheaudio import messages
    from arrtheaudio.backup.restore import restore as put_back
    from arrtheaudio.backup.store import opened

    def ask(what: str) -> None:
        if not yes:
            _confirm(what, file)

    with _stoppable(ctx) as hold, opened(file) as source:
        found = put_back(ctx.obj.config, source, ask, hold)
    messages.note(f"{found.jobs:,} jobs restored, and {found.edits:,} edits that the journal did not have")
    if found.configuration is not None:
        messages.note(f"its configuration file is now {found.configuration}; to use it, name it config.yaml")


@contextlib.contextmanager
def _stoppable(ctx: click.Context) -> Iterator[Callable[[], None]]:
    """Let a signal end what goes on, with what it has begun removed; what is called in there makes it go on."""
    from arrtheaudio.backup.stop import Stopped, Stops

    try:
        with Stops() as stops:
            yield stops.hold
    except Stopped as stopped:
        ctx.exit(128 + stopped.number)


def _confirm(what: str, file: str) -> None:
    import sys

    from arrtheaudio.errors import UsageError
    from arrtheaudio.output import is_terminal

    if file == "-" or not is_terminal(0):
        raise UsageError(f"{what}; say --yes.")
    sys.stderr.write(f"{what}. Go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was changed.")


@command.command("stats")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["auto", "jsonl", "table", "json"]),
    default="auto",
    help="How it is printed; auto is a table on a terminal, jsonl elsewhere.",
)
@click.pass_context
def stats(ctx: click.Context, /, form: str) -> None:
    """Print what there is: jobs, edits, answers of TMDB, and the room that they take."""
    from arrtheaudio import output
    from arrtheaudio.statistics import flat, gather

    found = gather(ctx.obj.config)
    table = form == "table" or (form == "auto" and output.is_terminal(output.STDOUT))
    sink = output.sink(form, ("NAME".ljust(26), "VALUE"), lambda row: [row["name"], _cell(row["value"])])
    for record in flat(found) if table else [found]:
        sink.write(record)
    sink.close()


def _cell(value: object) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


@command.command("migrate")
@click.pass_context
def migrate(ctx: click.Context, /) -> None:
    """Bring spool, journal and cache from the formats of earlier versions to today's.

    What has today's format already is left as it is. Interrupted, it can be run again. Nobody may work with the queue
    meanwhile.
    """
    from arrtheaudio import messages
    from arrtheaudio.migration import migrate as bring

    moved = bring(ctx.obj.config)
    said = ", ".join(f"{count:,} {name}" for name, count in moved.items() if count)
    messages.note(f"brought to today's format: {said}" if said else "everything has today's format")
