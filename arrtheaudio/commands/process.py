"""Do all of it: find the files, read their tracks, choose, and change what is not right.

Takes folders, files and records, and prints a record for each file with what was found, chosen and done. The same as
`scan | probe | tmdb | choose | apply`, in one process.
"""

from arrtheaudio import filters
from arrtheaudio.call import Call
from arrtheaudio.commands import apply, choose, probe, scan
from arrtheaudio.library import expand

FILES = "PATH..."
OPTIONS = (*filters.OPTIONS, *scan.FOLDERS, *choose.WISHES, *apply.EDITING)


def run(call: Call) -> int:
    """Process the files."""
    settings, refresh = apply.settings(call), call.values["refresh"]
    source = expand(filters.source(call, "scan"), scan.wanted(call.values), "scan")
    if not settings.dry_run:
        apply.recover(settings.journal)
    steps = [
        *probe.stages(probe.TIMEOUT, refresh=refresh),
        *choose.stages(choose.wish(call.values), call.config, refresh=refresh),
        *apply.stages(settings, refresh=refresh),
    ]
    return filters.run(call, source, steps, apply.TABLE, edits=not settings.dry_run)
