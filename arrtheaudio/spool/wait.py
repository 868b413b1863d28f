"""Wait for jobs."""

import time
from collections import deque
from collections.abc import Iterable, Iterator

from arrtheaudio.errors import NotFound
from arrtheaudio.signals import Signals, Stopped
from arrtheaudio.spool import Spool
from arrtheaudio.spool.ask import failed
from arrtheaudio.spool.job import FINAL, Job

_PAUSE = 0.1  # seconds between two looks
_WINDOW = 500  # jobs that are looked at in one


def finished(spool: Spool, ids: Iterable[str], signals: Signals) -> Iterator[Job]:
    """Yield each job when it has ended; one that is not known, with its error, at once."""
    left = deque(dict.fromkeys(ids))
    while left:
        ended = 0
        for _ in range(min(_WINDOW, len(left))):
            job_id = left.popleft()
            job = spool.get(job_id)
            if job is None:
                job = failed(job_id, NotFound("there is no such job"))
            elif job["state"] not in FINAL:
                left.append(job_id)
                continue
            ended += 1
            yield job
        if left and not ended:
            try:
                with signals.waiting:
                    signals.check()
                    time.sleep(_PAUSE)
            except Stopped:
                return
