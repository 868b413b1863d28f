"""Queue work, do it, and look after the queue.

What a subcommand needs it imports when it is called.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from arrtheaudio.output import FORMATS
from arrtheaudio.spool.job import PRIORITIES, SOURCES

if TYPE_CHECKING:
    from arrtheaudio.output import Sink
    from arrtheaudio.spool import Spool
    from arrtheaudio.spool.job import Job

USES = ("spool", "journal", "tmdb", "rewrite")
EXAMPLES = (
    (
        "Queue a library, do the work, and see how it went:",
        """\
arrtheaudio scan /media |
    arrtheaudio jobs add --group library --priority low > ids.jsonl
arrtheaudio jobs run --nice 10 > done.jsonl
arrtheaudio jobs list --group library""",
    ),
    (
        "Take back what one job did:",
        """\
arrtheaudio jobs run --max 1 > done.jsonl
arrtheaudio undo --job "$(jq -r .id done.jsonl)\"""",
    ),
    ("Forget what ended more than a week ago:", "arrtheaudio jobs prune --older-than 7d"),
)

_form = click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="auto",
    help="How jobs are printed; auto is a table on a terminal, jsonl elsewhere.",
)
_group = click.option("--group", metavar="ID", help="All jobs of a batch or webhook.")
_progress = click.option(
    "--progress/--no-progress", default=None, help="Show how far it is; the default is on a terminal."
)


@click.group("jobs", help="Queue work, do it, and look after the queue.")
def command() -> None:
    """Group the subcommands; each is one function below."""


def _spool(ctx: click.Context) -> "Spool":
    from arrtheaudio.spool import Spool

    return Spool(ctx.obj.config.spool.path)


@command.command("add")
@click.argument("files", nargs=-1, type=click.Path(path_type=bytes, allow_dash=True), metavar="[FILE]...")
@click.option(
    "--priority", type=click.Choice(list(PRIORITIES)), default="normal", help="How urgent; normal is the default."
)
@click.option("--group", metavar="ID", help="Name what the jobs have in common, to ask for all of them later.")
@click.option("-0", "--null", is_flag=True, help="Paths on standard input end in NUL, as `find -print0` writes them.")
@_form
@click.pass_context
def add(
    ctx: click.Context, /, files: tuple[bytes, ...], priority: str, group: str | None, null: bool, form: str
) -> None:
    """Queue FILEs, or the paths and records on standard input.

    Prints the id of each job, when it is on disk. What cannot be queued is printed with its error.
    """
    from arrtheaudio import filters, messages, output
    from arrtheaudio.call import Call
    from arrtheaudio.errors import Error, InvalidRecord, UsageError
    from arrtheaudio.spool.put import Intake, batch, run

    call = Call("jobs", files, {"null": null}, ctx.obj)
    source = filters.source(call, "jobs")
    spool = _spool(ctx)
    if group is not None:
        try:
            batch(spool, group, {"source": "cli", "priority": priority, "files": len(files) or None})
        except InvalidRecord as error:
            raise UsageError(f"{error}.") from None
        except Error as error:
            messages.error(f"the spool: {error}")
            ctx.exit(1)
    intake = Intake(spool, call.config.processing.max_queue_size, priority=priority, group=group)
    ctx.exit(run(source, intake, output.sink(form, ("ID",), lambda job: [job["id"]])))


@command.command("run")
@click.option(
    "--workers", type=click.IntRange(1, 64), metavar="N", help="Jobs in hand at once; the default is configured."
)
@click.option("--follow", is_flag=True, help="When nothing is left to do, wait for more.")
@click.option("--max", "most", type=click.IntRange(1), metavar="N", help="End after so many jobs.")
@click.option(
    "--nice", type=click.IntRange(0, 19), default=0, metavar="N", help="Lower the workers' priority by N, as nice does."
)
@_form
@click.pass_context
def run(ctx: click.Context, /, workers: int | None, follow: bool, most: int | None, nice: int, form: str) -> None:
    """Do the jobs that wait, and print each when it is finished.

    Ends when nothing can be done now: what is held for a later time stays held. Any number of these may run at once.
    Sonarr, Radarr and the players that are configured are told of what was changed.
    """
    from arrtheaudio.output import STDOUT
    from arrtheaudio.services.messenger import Messenger
    from arrtheaudio.signals import Signals
    from arrtheaudio.spool.care import prune
    from arrtheaudio.spool.crew import Crew, Parent
    from arrtheaudio.spool.settle import Rules, Settlement
    from arrtheaudio.spool.watch import Watch
    from arrtheaudio.spool.work import Worker
    from arrtheaudio.trade import trade

    spool, config = _spool(ctx), ctx.obj.config
    processing = config.processing
    prune(spool, processing.job_history_days, processing.failed_job_days)
    rules = Rules(processing.retry_attempts, processing.retry_delay_seconds, processing.hardlinks == "protect")
    watch = Watch(processing.timeout_seconds)
    ours = trade(ctx.obj, watch)
    with Signals() as signals, Messenger(config, signals) as messenger:

        def work(share: int | None, parent: Parent) -> None:
            messenger.leave()
            os.nice(nice)
            Worker(spool, ours, rules, signals).run(parent, follow=follow, most=share)

        crew = Crew(work, signals, watch, Settlement(spool, rules, ours.writable), STDOUT)
        with closing(crew.run(workers or processing.worker_count, most, follow=follow)) as done:
            failed = _show(map(messenger.told, done), _sink(form))
    ctx.exit(128 + signals.number if signals.number else int(failed or crew.failed))


@command.command("list")
@click.option(
    "--state", type=click.Choice(["queued", "held", "running", "completed", "failed", "cancelled"]), help="Only these."
)
@_group
@click.option("--source", type=click.Choice(SOURCES), help="Only what came from there.")
@click.option("--limit", type=click.IntRange(0), metavar="N", help="At most so many.")
@click.option("--offset", type=click.IntRange(0), default=0, metavar="N", help="Leave out the first ones.")
@_form
@click.pass_context
def list_(
    ctx: click.Context,
    /,
    state: str | None,
    group: str | None,
    source: str | None,
    limit: int | None,
    offset: int,
    form: str,
) -> None:
    """Print jobs, the newest first."""
    from arrtheaudio.spool.ask import Wanted, jobs

    _show(jobs(_spool(ctx), Wanted(state, group, source), limit, offset), _sink(form))


@command.command("show")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@_form
@click.pass_context
def show(ctx: click.Context, /, ids: tuple[str, ...], form: str) -> None:
    """Print jobs by their ids."""
    _each(ctx, ids, form, _get)


def _get(spool: "Spool", job_id: str) -> "Job":
    from arrtheaudio.errors import NotFound

    job = spool.get(job_id)
    if job is None:
        raise NotFound("there is no such job")
    return job


@command.command("cancel")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_group
@_form
@click.pass_context
def cancel(ctx: click.Context, /, ids: tuple[str, ...], group: str | None, form: str) -> None:
    """Cancel jobs that wait. What runs completes."""
    from arrtheaudio.spool import ask

    if group is not None:
        ids = (*ids, *_ids(ctx, ("queued", "held"), group))
        if not ids and not _ids(ctx, (None,), group):
            from arrtheaudio import messages

            messages.error(f"there are no jobs of the group {group}")
            ctx.exit(1)
    elif not ids:
        raise click.UsageError("give an ID, or --group.")
    _each(ctx, ids, form, ask.cancel)


@command.command("retry")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--failed", "all_failed", is_flag=True, help="Every job that failed.")
@_form
@click.pass_context
def retry(ctx: click.Context, /, ids: tuple[str, ...], all_failed: bool, form: str) -> None:
    """Queue jobs again that failed or were cancelled."""
    from arrtheaudio.spool import ask

    if all_failed:
        ids = (*ids, *_ids(ctx, ("failed",), None))
    elif not ids:
        raise click.UsageError("give an ID, or --failed.")
    _each(ctx, ids, form, ask.retry)


@command.command("wait")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_group
@_progress
@_form
@click.pass_context
def wait(ctx: click.Context, /, ids: tuple[str, ...], group: str | None, progress: bool | None, form: str) -> None:
    """Wait until jobs are finished, and print each when it is. Ends with 1 where one failed."""
    from arrtheaudio import messages, output
    from arrtheaudio.progress import Progress
    from arrtheaudio.signals import Signals
    from arrtheaudio.spool.wait import finished

    if group is not None:
        ids = (*ids, *_ids(ctx, (None,), group))
        if not ids:
            messages.error(f"there are no jobs of the group {group}")
            ctx.exit(1)
    elif not ids:
        raise click.UsageError("give an ID, or --group.")
    shown = output.is_terminal(2) if progress is None else progress
    bar = Progress("jobs", shown=shown and not messages.quiet(), total=len(ids))
    with Signals() as signals:
        failed = _show(finished(_spool(ctx), ids, signals), _sink(form), bar)
    ctx.exit(128 + signals.number if signals.number else int(failed))


@command.command("stats")
@_form
@click.pass_context
def stats(ctx: click.Context, /, form: str) -> None:
    """Print how many jobs there are of each state, and how the latest went."""
    from arrtheaudio import output
    from arrtheaudio.spool.ask import stats as count

    sink = output.sink(form, ("QUEUED", "HELD", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "MEAN"), _stats_row)
    _show([count(_spool(ctx))], sink)


@command.command("prune")
@click.option("--older-than", "age", metavar="DURATION", help="Such as 30d; the default is configured.")
@click.pass_context
def prune(ctx: click.Context, /, age: str | None) -> None:
    """Forget jobs that ended long ago."""
    from arrtheaudio import messages
    from arrtheaudio.commands.scan import duration
    from arrtheaudio.spool.care import prune as forget

    processing = ctx.obj.config.processing
    limits: tuple[float, ...] = (processing.job_history_days, processing.failed_job_days)
    if age is not None:
        try:
            limits = (duration(age) / 86400,)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--older-than") from None
    messages.note(f"{forget(_spool(ctx), *limits):,} jobs forgotten")


def _ids(ctx: click.Context, states: Iterable[str | None], group: str | None) -> list[str]:
    """Return the ids of jobs of some states, of one group where it is given."""
    from arrtheaudio.spool.ask import Wanted, jobs

    spool = _spool(ctx)
    return [job["id"] for state in states for job in jobs(spool, Wanted(state, group))]


def _each(ctx: click.Context, ids: Iterable[str], form: str, do: Callable[["Spool", str], "Job"]) -> None:
    """Print what `do` makes of each job; what it could not do is printed too, and the end is 1 then."""
    from arrtheaudio.errors import Error
    from arrtheaudio.spool.ask import failed

    spool, sink, status = _spool(ctx), _sink(form), 0
    for job_id in ids:
        try:
            sink.write(do(spool, job_id))
        except Error as error:
            sink.write(failed(job_id, error))
            status = 1
    sink.close()
    ctx.exit(status)


def _sink(form: str) -> "Sink":
    from arrtheaudio import output

    return output.sink(form, ("STATE", "RESULT", "PRIORITY", "TRIES", "ID", "PATH"), _row)


def _row(job: Mapping[str, Any]) -> list[str]:
    record = job.get("record", {})
    error = record["error"].get("message") if isinstance(record.get("error"), dict) else None
    path = record.get("path") or record.get("input") or ""
    cells = [job.get(key) for key in ("state", "result", "priority", "attempt", "id")]
    return ["" if cell is None else str(cell) for cell in cells] + [f"{path}: {error}" if error else path]


def _stats_row(found: Mapping[str, Any]) -> list[str]:
    mean = found["mean_duration_ms"]
    return [*map(str, found["jobs"].values()), "" if mean is None else f"{mean:.1f} ms"]


def _show(jobs: Iterable[Mapping[str, Any]], sink: "Sink", bar: Any = None) -> bool:
    """Print jobs as they come; say whether one of them failed."""
    failed = False
    for job in jobs:
        lost = job.get("state") == "failed" or "error" in job
        failed |= lost
        if bar is not None:
            bar.clear()
        sink.write(dict(job))
        if bar is not None:
            bar.step(lost)
    if bar is not None:
        bar.clear()
    sink.close()
    return failed
