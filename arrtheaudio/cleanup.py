"""Forgets what is old."""

from typing import TYPE_CHECKING

from arrtheaudio.journal import Journal
from arrtheaudio.spool import Spool
from arrtheaudio.spool.care import prune

if TYPE_CHECKING:
    from arrtheaudio.config import Config


def clean(config: "Config", spool: Spool, days: float | None = None) -> dict[str, int]:
    """Forget jobs that ended more than so many days ago, or as configured, and edits older than `journal.keep_days`.

    Returns how many there were of each: `jobs` and `edits`.
    """
    processing = config.processing
    limits = (processing.job_history_days, processing.failed_job_days) if days is None else (days,)
    return {"jobs": prune(spool, *limits), "edits": Journal(config.journal.path).forget(config.journal.keep_days)}
