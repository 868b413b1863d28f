"""Workers that are killed at any moment, producers by the dozen: nothing is lost, nothing is done to half.

ARRTHEAUDIO_STORM=1 runs it at full size: 1,000 jobs, 8 workers, killed at random for 20 seconds; 50 producers.
"""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from spool_rig import PATIENCE, Yard, changed, children

FULL = bool(os.environ.get("ARRTHEAUDIO_STORM"))
JOBS, WORKERS, SECONDS, PRODUCERS = (1_000, 8, 20.0, 50) if FULL else (80, 3, 4.0, 8)
SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
LONG = pytest.mark.timeout(600)


@LONG
@pytest.mark.parametrize("whom", ["workers", "everybody"])
def test_killed_at_random(tmp_path: Path, whom: str) -> None:
    right = changed("mkvmerge.mkv", tmp_path / "right")
    yard = Yard(tmp_path / "yard")
    films = yard.films(JOBS)
    ids, deaths = _storm(yard, films, whom)
    assert len(ids) == JOBS
    assert deaths, "nobody was killed: the test would show nothing"
    yard.jobs("run", "--workers", WORKERS)
    _await_orphans(yard)
    assert set(yard.places()) == ids
    # Who was met by five kills by chance is taken for a killer of workers, and that is final, until a person says else.
    given_up = yard.jobs("list", "--state", "failed")
    assert {job["reclaims"] for job in given_up} <= {5}
    assert yard.states() == Counter({"done": JOBS - len(given_up)}) + Counter({"failed": len(given_up)})
    if given_up:
        yard.jobs("retry", "--failed")
        yard.jobs("run")
    assert yard.states() == {"done": JOBS}
    assert [film for film in films if film.read_bytes() != right] == []
    assert yard.unclean() == []
    assert yard.open_edits() == []
    print(f"{deaths} killed, {len(given_up)} jobs given up for it")


def _storm(yard: Yard, films: list[Path], whom: str) -> tuple[set[str], int]:
    """Queue films little by little, and kill who works on them; return the ids, and how many were killed."""
    ids: set[str] = set()
    deaths, dice, start = 0, random.Random(0), time.monotonic()
    while (passed := time.monotonic() - start) < SECONDS:
        due = films[len(ids) : int(len(films) * passed / SECONDS) + 1]
        ids |= {line["id"] for line in yard.jobs("add", input=b"".join(os.fsencode(film) + b"\n" for film in due))}
        with yard.popen("jobs", "run", "--follow", "--workers", WORKERS, **SILENT) as run:
            deaths += _kill(run, whom, dice)
            run.kill()
    ids |= {line["id"] for line in yard.jobs("add", *films[len(ids) :])} if len(ids) < len(films) else set()
    return ids, deaths


def _kill(run: "subprocess.Popen[bytes]", whom: str, dice: random.Random) -> int:
    deaths, end = 0, time.monotonic() + dice.uniform(0.2, 0.6)
    while time.monotonic() < end:
        time.sleep(dice.uniform(0.0, 0.05))
        victims = children(run.pid)
        if victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(dice.choice(victims), signal.SIGKILL)
                deaths += 1
        if whom == "everybody" and dice.random() < 0.1:
            return deaths
    return deaths


def _await_orphans(yard: Yard) -> None:
    """A worker whose parent was killed ends its job first, and so may still be at it."""
    deadline = time.monotonic() + PATIENCE
    while yard.unclean() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_many_producers(tmp_path: Path) -> None:
    """All at once, while workers take what they put: each gets its own ids, and all of them answer."""
    yard = Yard(tmp_path)
    films = yard.films(PRODUCERS)
    ids = []
    with yard.popen("jobs", "run", "--workers", 2, "--follow", stdout=subprocess.DEVNULL) as run:
        producers = [yard.popen("jobs", "add", "--priority", "high", film, film) for film in films]
        for producer in producers:
            with producer:
                ids += producer.communicate(timeout=PATIENCE)[0].splitlines()
            assert producer.returncode == 0
        run.terminate()
        assert run.wait(PATIENCE) == 143
    assert len(set(ids)) == 2 * PRODUCERS
    yard.jobs("run")
    assert yard.states() == {"done": 2 * PRODUCERS}
    assert yard.unclean() == []
