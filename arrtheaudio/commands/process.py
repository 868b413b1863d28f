"""Do all of it: find the files, read their tracks, choose, and change what is not right.

Takes folders, files and records, and prints a record for each file with what was found, chosen and done. The same as
`scan | probe | tmdb | choose | apply`, in one process.
"""

from typing import Any

import click

from arrtheaudio import filters
from arrtheaudio.commands import apply, choose, probe, scan
from arrtheaudio.library import expand


@click.command("process", help=__doc__)
@filters.options
@scan.options
@choose.options
@apply.options
@click.pass_context
def command(ctx: click.Context, /, dry_run: bool, hardlinks: str | None, **values: Any) -> None:
    """Process the files."""
    common, config = filters.Common.of(values), ctx.obj.config
    settings = apply.settings(config, dry_run=dry_run, hardlinks=hardlinks, command="process")
    source = expand(filters.source(common, "scan"), scan.wanted(values), "scan")
    if not settings.dry_run:
        apply.recover(settings.journal)
    steps = [
        *probe.stages(probe.TIMEOUT, refresh=common.refresh),
        *choose.stages(choose.wish(values), config, refresh=common.refresh),
        *apply.stages(settings, refresh=common.refresh),
    ]
    filters.run(ctx, source, steps, apply.TABLE, common, edits=not settings.dry_run)
