"""Put and take jobs in two spools in turn, in one of which many more wait: `bench_spool.py FOLDER FEW MANY TURNS`.

Prints one JSON object: `seconds` per job in each, with the share of listing the folder, `puts` a second in batches, and
the `peak` of this process in bytes.
"""

import json
import os
import resource
import sys
import time

from arrtheaudio.spool import BATCH, Spool
from arrtheaudio.spool.job import new
from arrtheaudio.spool.take import Queue


def fill(spool: Spool, count: int) -> float:
    """Put so many jobs, in batches; return how many a second."""
    start = time.perf_counter()
    for first in range(0, count, BATCH):
        jobs = [new({"path": f"/media/{number}.mkv"}) for number in range(first, min(first + BATCH, count))]
        if any(spool.put_all(jobs)):
            sys.exit("bench: a job was not put")
    return count / (time.perf_counter() - start)


def turn(spool: Spool, queue: Queue, number: int) -> float:
    """Put a job, take one and finish it; return the seconds."""
    start = time.perf_counter()
    spool.put(new({"path": f"/media/later/{number}.mkv"}))
    (claim,) = queue.take()
    queue.done()
    claim.finish("completed")
    return time.perf_counter() - start


def main(folder: str, few: int, many: int, turns: int) -> None:
    """Measure, and print."""
    spools = [Spool(os.path.join(folder, str(count))) for count in (few, many)]
    puts = [fill(spool, count) for spool, count in zip(spools, (few, many), strict=True)]
    os.sync()
    queues = [Queue(spool) for spool in spools]
    spent = [0.0, 0.0]
    for number in range(turns):
        for at in (0, 1):
            spent[at] += turn(spools[at], queues[at], number)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    print(json.dumps({"seconds": [seconds / turns for seconds in spent], "puts": puts[1], "peak": peak}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
