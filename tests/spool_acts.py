"""What can be done to a spool, each act in a process of its own: `spool_acts.py FOLDER` does all, one after the other.

Each subfolder of FOLDER is named for an act and has its spool. Prints the exit status of each as JSON. Under strace the
counts of calls begin anew in each process, and this one makes none of the calls that are counted.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from arrtheaudio.commands import apply, choose
from arrtheaudio.core.record import Record, failed
from arrtheaudio.errors import Error, Fatal, Network
from arrtheaudio.journal import Journal
from arrtheaudio.pipeline import carry
from arrtheaudio.signals import Signals
from arrtheaudio.spool import Spool, ask
from arrtheaudio.spool.care import MOST_RECLAIMS, reclaim
from arrtheaudio.spool.crew import Parent
from arrtheaudio.spool.job import Job, new
from arrtheaudio.spool.work import Rules, Trade, Worker

RULES = Rules(attempts=1, delay=0.0)
PUT = 3
FAULT = 7  # exit status of an act whose storage failed


def trade(folder: str) -> Trade:
    """Return the trade of the program: what is Japanese shall be the default."""
    from arrtheaudio.config import load

    config = load(os.path.join(folder, "config.yaml"), {})
    settings = apply.Settings(Journal(os.path.join(folder, "journal")))
    stages = [*choose.before(config), *choose.stages(choose.Wish(), config), *apply.stages(settings)]
    return Trade(lambda record, _job: carry(record, stages), lambda: apply.recover(settings.journal, 90))


def work(folder: str, spool: Spool) -> None:
    """Do all that waits."""
    drain(spool, trade(folder))


def drain(spool: Spool, how: Trade) -> None:
    """Let a worker of this very process do all that waits."""
    with open(os.devnull, "wb") as nobody, Signals() as signals:
        Worker(spool, how, RULES, signals).run(Parent(nobody.fileno()))


def unreachable(record: Record, _job: Job) -> Record:
    """Fail as what needs the network does."""
    return failed(record, "tmdb", Network("no answer"))


def put(folder: str, spool: Spool) -> None:
    """Queue jobs; the ids of those that are accepted are in `accepted` then."""
    jobs = [new({"path": os.path.join(folder, "media", f"{number}.mkv")}) for number in range(PUT)]
    errors = spool.put_all(jobs)
    with open(os.path.join(folder, "accepted"), "w") as file:
        file.write(" ".join(job["id"] for job, error in zip(jobs, errors, strict=True) if error is None))
    if any(errors):
        raise next(filter(None, errors))


def put_one(folder: str, spool: Spool) -> None:
    """Queue one job for a file that another one waits for."""
    job = new({"path": os.path.join(folder, "media", "film.mkv")})
    spool.put(job)
    with open(os.path.join(folder, "accepted"), "w") as file:
        file.write(job["id"])


def first(spool: Spool, *, state: str) -> str:
    """Return the id of a job in a state."""
    return str(next(ask.jobs(spool, ask.Wanted(state)))["id"])


ACTS: dict[str, Callable[[str, Spool], Any]] = {
    "put": put,
    "put_one": put_one,
    "work": work,
    "hold": lambda _folder, spool: drain(spool, Trade(unreachable)),
    "release": lambda folder, spool: work(folder, spool),
    "cancel": lambda _folder, spool: ask.cancel(spool, first(spool, state="queued")),
    "retry": lambda _folder, spool: ask.retry(spool, first(spool, state="failed")),
    "reclaim": lambda _folder, spool: reclaim(spool),
    "give_up": lambda _folder, spool: reclaim(spool),
    "reject": work,
}


def main(top: str) -> None:
    """Do every act, each in a process of its own."""
    ends = {}
    for name in sorted(os.listdir(top)):
        pid = os.fork()
        if pid == 0:
            _act(os.path.join(top, name), ACTS[name])
        ends[name] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.writev(1, [json.dumps(ends).encode()])  # no `write`


def _act(folder: str, act: Callable[[str, Spool], Any]) -> None:
    status = 1
    try:
        act(folder, Spool(os.path.join(folder, "spool")))
        status = 0
    except (Error, Fatal, OSError) as error:
        print(repr(error), file=sys.stderr)
        status = FAULT
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def prepare(folder: str, act: str, film: bytes) -> list[str]:
    """Make a spool that the act has something to do in; return the ids of its jobs."""
    media = os.path.join(folder, "media")
    os.makedirs(media)
    with open(os.path.join(folder, "config.yaml"), "w") as file:
        file.write("language_priority: [jpn, eng]\nprefer_original: false\n")
    for name in ("film.mkv", *(f"{number}.mkv" for number in range(PUT))):
        with open(os.path.join(media, name), "wb") as media_file:
            media_file.write(film)
    spool = Spool(os.path.join(folder, "spool"))
    if act in ("put", "reject"):
        if act == "reject":
            with open(f"{spool.root}/new/2-normal/broken.json", "w") as file:
                file.write("{no job")
        return ["broken"] if act == "reject" else []
    job = new({"path": os.path.join(media, "film.mkv")})
    spool.put(job)
    _bring(spool, act, f"{job['id']}.json")
    return [str(job["id"])]


def _bring(spool: Spool, act: str, name: str) -> None:
    """Bring the one job into the state from which the act starts."""
    if act in ("reclaim", "give_up"):
        claim = spool.claim("new/2-normal", name)
        assert claim is not None
        if act == "give_up":
            claim.job["reclaims"] = MOST_RECLAIMS - 1
            claim.requeue()
            claim = spool.claim("new/2-normal", name)
            assert claim is not None
        claim.begin()
        claim.let_go()
    elif act == "release":
        claim = spool.claim("new/2-normal", name)
        assert claim is not None
        claim.begin()
        claim.hold("retry", 0)
    elif act == "retry":
        drain(spool, Trade(lambda record, _job: failed(record, "tmdb", Error("broken"))))


if __name__ == "__main__":
    main(sys.argv[1])
