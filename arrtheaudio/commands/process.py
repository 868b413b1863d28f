"""Find the files, read, choose and change, all in one.

Takes folders, files and records, and prints a record for each file with what was found, chosen and done. The same as
`scan | probe | tmdb | choose | apply`, in one process.
"""

from collections.abc import Iterable

from arrtheaudio import filters
from arrtheaudio.call import Call
from arrtheaudio.commands import apply, choose, scan, tmdb
from arrtheaudio.core.record import Record
from arrtheaudio.output import Sink

USES = apply.USES
EXAMPLES = (
    ("See what would change:", "arrtheaudio process --dry-run --original ja /media/anime"),
    (
        "The original language, else English, of all that is new since the last time, as a cron job:",
        """\
arrtheaudio --quiet process --since /media/.seen \\
    --language original --language eng /media > /dev/null""",
    ),
    (
        "What was changed, and why:",
        """\
arrtheaudio process --original ja /media/anime |
    jq -r 'select(.apply.status == "changed") | .path, .choose.reason'""",
    ),
)
FILES = "PATH..."
OPTIONS = (*filters.OPTIONS, *scan.FOLDERS, *tmdb.ASKING, *choose.WISHES, *apply.EDITING)


def run(call: Call) -> int:
    """Process the files."""
    settings, refresh = apply.settings(call), call.values["refresh"]
    steps = [
        *choose.before(call.config, refresh=refresh, asked=tmdb.asked(call.values)),
        *choose.stages(choose.wish(call.values), call.config, refresh=refresh),
        *apply.stages(settings, refresh=refresh),
    ]

    def work(files: Iterable[Record], sink: Sink | None) -> int:
        if not settings.dry_run:
            apply.recover(settings.journal, call.config.journal.keep_days)
        return filters.run(call, files, steps, apply.TABLE, jobs=apply.in_hand(settings), sink=sink)

    return scan.listed(call, apply.TABLE, work)
