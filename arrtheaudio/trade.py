"""What a worker of the queue does with a job: the stages that `process` takes a file through, or an undo."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from arrtheaudio.call import Call, Globals
from arrtheaudio.commands import apply, choose, undo
from arrtheaudio.core.record import Record, path_of
from arrtheaudio.errors import PermissionDenied
from arrtheaudio.pipeline import Stage, carry
from arrtheaudio.spool.job import UNDO, Job
from arrtheaudio.spool.watch import Watch
from arrtheaudio.spool.work import Trade

if TYPE_CHECKING:
    from arrtheaudio.config import Config

_ENTRY = 1 << 16  # bytes, which no entry of the journal has


def trade(globals_: Globals, watch: Watch) -> Trade:
    """Return the trade of a configuration; `watch` is that of the worker whose trade it is."""
    call = Call("jobs", (), {"dry_run": False, "hardlinks": None, "allow_rewrite": False}, globals_)
    settings, config = apply.settings(call), call.config
    return Trade(
        _answer(settings, config, watch),
        lambda: apply.recover(settings.journal, config.journal.keep_days),
        lambda: _takes_more(settings.journal.root),
    )


def _answer(settings: apply.Settings, config: "Config", watch: Watch) -> Callable[[Record, Job], Record]:
    confine, (probe, *ask) = _confine(config), choose.before(config)
    before = [probe, *_ask_arr(config), *ask]
    # A rewrite takes as long as its file is big, and waits for its turn before: it has a limit of its own.
    lift = [Stage("rewrite", lambda _: watch.takes_its_time(), refresh=True)] if settings.allow_rewrite else []

    def answer(record: Record, job: Job) -> Record:
        mine = settings._replace(job=job["id"], dry_run=settings.dry_run or job.get("dry_run") is True)
        allowed = [confine] if job.get("confined") else []
        if job.get("action") == UNDO:
            back = partial(undo.of_job, journal=mine.journal, job=str(job.get("undoes")), dry_run=mine.dry_run)
            return carry(record, [*allowed, Stage("undo", back, refresh=True)])
        chosen = choose.stages(choose.Wish(original=job.get("original")), config)
        return carry(record, [*allowed, *before, *chosen, *lift, *apply.stages(mine)])

    return answer


def _takes_more(journal: str) -> bool:
    """Say whether the journal's folder takes what an edit puts there."""
    import os
    import tempfile

    try:
        os.makedirs(journal, 0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=journal, buffering=0) as file:
            file.write(bytes(_ENTRY))
            os.fsync(file.fileno())
    except OSError:
        return False
    return True


def _confine(config: "Config") -> Stage:
    """Return the stage that refuses what is outside of the folders which requests may touch."""
    from arrtheaudio.server.confined import inside

    def check(record: Record) -> None:
        if not inside(path_of(record), config.api.allowed_roots):
            raise PermissionDenied(f"outside of api.allowed_roots ({', '.join(config.api.allowed_roots)})")

    # It has no answer, and what a record has under that name does not replace it.
    return Stage("jobs", check, refresh=True)


def _ask_arr(config: "Config") -> list[Stage]:
    """Return the stage that asks an Arr for what its webhook left out; none where no Arr may be asked."""
    if not config.arr:
        return []
    from arrtheaudio.services.arr import Lookup

    lookup = Lookup(config.arr)
    return [Stage("arr", lookup.complete, refresh=True, wanted=lookup.wanted)]
