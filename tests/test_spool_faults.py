"""kill -9, and a disk that fails, at every system call that changes the spool."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spool_acts
from rig import need_programs
from spool_rig import MEDIA, PATIENCE, changed

from arrtheaudio.spool import Spool

FILM = (MEDIA / "mkvmerge.mkv").read_bytes()
# An open that makes a file is covered too: what follows it is flock.
CALLS = (
    "flock",
    "write",
    "fsync",
    "/^rename",
    "/^unlink",
    "/^symlink",
    "/^mkdir",
    "utimensat",
    "pwrite64",
    "fdatasync",
)
ERRORS = [
    (call, error) for call in ("write", "fsync", "/^rename", "/^symlink", "/^mkdir") for error in ("ENOSPC", "EIO")
]
ERRORS += [("flock", "EIO"), ("utimensat", "EIO"), ("/^unlink", "EIO")]


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The film after its edit."""
    return changed("mkvmerge.mkv", tmp_path_factory.mktemp("right") / "yard")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[str]]]:
    """Every act's folder before it, and the ids of the jobs in it."""
    top = tmp_path_factory.mktemp("template")
    return top, {act: [] for act in spool_acts.ACTS}


def acted(top: Path, *options: str) -> tuple[dict[str, int], dict[str, list[str]], str]:
    """Make every act's folder anew, do the acts under strace; return how each ended, the ids, and what was said."""
    need_programs("strace")
    shutil.rmtree(top, ignore_errors=True)
    ids = {act: spool_acts.prepare(str(top / act), act, FILM) for act in spool_acts.ACTS}
    command = [
        "strace",
        "-f",
        "-qq",
        "-o",
        str(top.parent / "strace.log"),
        *options,
        sys.executable,
        spool_acts.__file__,
        str(top),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, env={"PYTHONDONTWRITEBYTECODE": "1"}
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), ids, done.stderr


def mended(folder: Path, ids: list[str], right: bytes) -> None:
    """Let a worker do what is left; then nothing is lost, nothing is twice, nothing is half done."""
    spool = Spool(str(folder / "spool"))
    spool_acts.work(str(folder), spool)
    spool_acts.work(str(folder), spool)  # what was held for no time
    accepted = folder / "accepted"
    ids = [*ids, *(accepted.read_text().split() if accepted.exists() else ())]
    found: dict[str, list[str]] = {}
    for place in spool.folders():
        for name in os.listdir(f"{spool.root}/{place}"):
            if not name.endswith(".rejected"):
                found.setdefault(name.removesuffix(".json"), []).append(place)
    assert set(ids) <= set(found), "a job was lost"
    assert all(
        len(places) == 1 and places[0].split("/")[0] in ("done", "failed", "cancelled") for places in found.values()
    ), found
    assert os.listdir(f"{spool.root}/tmp") == []
    assert {film.read_bytes() for film in (folder / "media").iterdir()} <= {FILM, right}
    for job_id, (place,) in found.items():
        job = spool.get(job_id)
        assert job is not None
        if place.startswith("done"):
            assert Path(job["record"]["path"]).read_bytes() == right
        assert json.loads(Path(spool.root, place, f"{job_id}.json").read_bytes())["finished_at"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("call", [pytest.param(call, id=call.removeprefix("/^")) for call in CALLS])
def test_killed_at_any_call(tmp_path: Path, right: bytes, call: str, record_property: Any) -> None:
    kills = 0
    for n in range(1, 100):
        ends, ids, _ = acted(tmp_path / "acts", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={n}")
        assert set(ends.values()) <= {0, -9}, ends
        for act in ends:
            mended(tmp_path / "acts" / act, ids[act], right)
        hit = list(ends.values()).count(-9)
        kills += hit
        if not hit:
            break
    assert kills, "nothing to be killed at: the test would show nothing"
    print(f"{call}: {kills} kills")
    record_property("kills", kills)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("call", "error"), ERRORS, ids=[f"{call.removeprefix('/^')}-{error}" for call, error in ERRORS]
)
def test_a_call_fails(tmp_path: Path, right: bytes, call: str, error: str) -> None:
    """The producer is told, and the queue goes on."""
    told = 0
    for n in range(1, 100):
        options = ("-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={n}")
        ends, ids, said = acted(tmp_path / "acts", *options)
        assert set(ends.values()) <= {0, spool_acts.FAULT}, (ends, said)
        for act in ends:
            mended(tmp_path / "acts" / act, ids[act], right)
        failures = len(ends) - list(ends.values()).count(0)
        told += failures
        if "(INJECTED)" not in (tmp_path / "strace.log").read_text():
            break
    assert n > 1, "nothing failed: the test would show nothing"
    print(f"{call} {error}: {told} told")
