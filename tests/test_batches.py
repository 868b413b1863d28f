"""Batches: from a folder to a job for each of its files, whatever happens in between."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import queue_rig
from hypothesis import given
from hypothesis import strategies as st
from queue_rig import Desk
from rig import mounted, need_mounts
from slow_mount import Rules, SlowMount
from spool_rig import Yard, until

from arrtheaudio.server.left import numbers_of, ranges
from arrtheaudio.server.tally import Counts, Tally, progress
from arrtheaudio.spool import Spool, ask
from arrtheaudio.spool.limit import Limit


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path / "yard", retry_delay_seconds=0)


@pytest.fixture
def desk(yard: Yard) -> Iterator[Desk]:
    with Desk(yard) as running:
        yield running


def paths(desk: Desk, batch_id: str) -> list[str]:
    """Return the paths of a batch's jobs, in the order of their numbers."""
    found = ask.jobs(desk.spool, ask.Wanted(group=batch_id), order="created_at")
    return [job["record"]["path"] for job in found]


def test_from_the_folder_to_the_end(desk: Desk) -> None:
    films = desk.yard.films(3)
    batch_id = desk.begin()
    found = desk.until(batch_id, "running")
    assert found["progress"]["total_files"] == found["progress"]["remaining"] == len(films)
    assert {result["state"] for result in found["results"]} == {"queued"}
    jobs = desk.work()
    assert {(job["group"], job["source"], job["priority"], job["confined"]) for job in jobs} == {
        (batch_id, "batch", "normal", True)
    }
    found = desk.until(batch_id, "completed")
    assert found["progress"] == {
        "total_files": 3,
        "processed": 3,
        "success": 3,
        "skipped": 0,
        "failed": 0,
        "cancelled": 0,
        "remaining": 0,
        "percent": 100.0,
        "eta_seconds": None,
    }
    assert [result["path"] for result in found["results"]] == sorted(map(str, films))
    assert [(result["result"], result["status"]) for result in found["results"]] == [("success", "changed")] * 3
    assert found["created_at"] <= found["started_at"] <= found["completed_at"]


def test_success_skipped_and_failed_are_told_apart(desk: Desk) -> None:
    desk.yard.film("right.mkv")
    desk.yard.film("broken.mkv").write_bytes(b"no film")
    linked = desk.yard.film("linked.mkv")
    os.link(linked, desk.yard.folder / "seed.mkv")
    (desk.yard.media / "loop.mkv").symlink_to("loop.mkv")
    batch_id = desk.begin()
    desk.until(batch_id, "running")
    desk.work()
    ask.cancel_group(desk.spool, batch_id)  # the one that is held, where nothing is cloned
    found = desk.until(batch_id, "completed")
    assert found["progress"]["failed"] == 2
    assert found["progress"]["processed"] + found["progress"]["cancelled"] == found["progress"]["total_files"] == 4
    assert found["unreadable"]["total"] == 1
    (lost,) = found["unreadable"]["files"]
    assert (lost["path"], lost["code"]) == (str(desk.yard.media / "loop.mkv"), "io_error")
    broken = next(result for result in found["results"] if result["path"].endswith("broken.mkv"))
    assert (broken["state"], broken["result"], broken["code"]) == ("failed", "failed", "not_media")


SETTINGS = [
    pytest.param({}, ["a.mkv", "b.MP4", "deep/c.mkv"], id="media of every kind, no hidden ones"),
    pytest.param({"recursive": False}, ["a.mkv", "b.MP4"], id="not recursive"),
    pytest.param({"pattern": "*.mkv"}, ["a.mkv", "deep/c.mkv"], id="a pattern"),
    pytest.param({"pattern": ""}, ["a.mkv", "b.MP4", "deep/c.mkv"], id="no pattern"),
    pytest.param({"filters": {"exclude_patterns": ["a*"]}}, ["b.MP4", "deep/c.mkv"], id="excluded by name"),
    pytest.param({"filters": {"exclude_patterns": ["*/deep"]}}, ["a.mkv", "b.MP4"], id="excluded by path"),
    pytest.param({"filters": {"min_size_mb": 1}}, ["b.MP4"], id="of a size"),
    pytest.param({"filters": {"min_size_mb": 1e300}}, [], id="of no size"),
    pytest.param({"filters": {"max_age_days": 1}}, ["a.mkv", "b.MP4"], id="of an age"),
    pytest.param({"filters": {"max_age_days": 1e300}}, ["a.mkv", "b.MP4", "deep/c.mkv"], id="of any age"),
]


@pytest.mark.parametrize(("settings", "expected"), SETTINGS)
def test_which_files_are_meant(desk: Desk, settings: dict[str, Any], expected: list[str]) -> None:
    media = desk.yard.media
    (media / "deep").mkdir()
    for name in ("a.mkv", "b.MP4", "deep/c.mkv", ".hidden.mkv", "notes.txt"):
        (media / name).write_bytes(b"")
    os.truncate(media / "b.MP4", 1_000_000)
    os.utime(media / "deep/c.mkv", (0, 0))
    batch_id = desk.begin(**settings)
    desk.until(batch_id, "running", "completed")
    assert paths(desk, batch_id) == [str(media / name) for name in expected]


def test_a_file_is_a_batch_of_one(desk: Desk) -> None:
    film = desk.yard.film()
    batch_id = desk.begin(path=str(film), dry_run=True, priority="low")
    desk.until(batch_id, "running")
    (job,) = desk.work()
    assert (job["id"], job["priority"], job["dry_run"]) == (f"{batch_id}.000001", "low", True)
    assert desk.until(batch_id, "completed")["results"][0]["status"] == "planned"


def test_strangers_among_what_has_ended_disturb_no_batch(desk: Desk) -> None:
    for name in ("notes.txt", ".DS_Store", "9999-99-99"):
        (desk.yard.spool / "done" / name).write_text("x")
    desk.yard.film()
    batch_id = desk.begin()
    desk.until(batch_id, "running")
    desk.work()
    assert desk.until(batch_id, "completed")["progress"]["success"] == 1


def test_an_empty_folder_is_completed(desk: Desk) -> None:
    desk.yard.film()
    (desk.yard.media / "empty").mkdir()
    found = desk.until(desk.begin(path=str(desk.yard.media / "empty")), "completed")
    assert found["progress"]["total_files"] == 0
    assert found["progress"]["percent"] == 100


def test_a_name_that_is_not_utf_8_is_done_too(desk: Desk) -> None:
    path = os.fsencode(desk.yard.media) + b"/\xff.mkv"
    os.rename(desk.yard.film(), path)
    batch_id = desk.begin()
    desk.until(batch_id, "running")
    desk.work()
    assert desk.until(batch_id, "completed")["progress"]["success"] == 1


WRONG = [
    pytest.param(b"{", 400, "invalid_json", id="not JSON"),
    pytest.param({}, 400, "path is missing", id="no path"),
    pytest.param({"path": 1}, 400, "path is 1", id="a path that is a number"),
    pytest.param({"path": ""}, 400, "path is empty, must be", id="an empty path"),
    pytest.param({"path": "media"}, 400, "absolute", id="a relative path"),
    pytest.param({"path": "/a\0b"}, 400, "NUL", id="a NUL"),
    pytest.param({"path": "/\ud800"}, 400, "UTF-8", id="a lone surrogate"),
    pytest.param({"path": "/x", "recursiv": True}, 400, "did you mean recursive?", id="a key that is mistyped"),
    pytest.param({"path": "/x", "xyz": 1}, 400, "xyz: no such key; there are path", id="a key that is none"),
    pytest.param({"path": "/x", "filters": {"min_size": 1}}, 400, "did you mean min_size_mb?", id="within filters"),
    pytest.param({"path": "/x", "filters": []}, 400, "filters must be", id="filters that are a list"),
    pytest.param({"path": "/x", "filters": {"max_age_days": -1}}, 400, "from 0 up", id="a negative age"),
    pytest.param({"path": "/x", "dry_run": "no"}, 400, "true or false", id="a text for a truth"),
    pytest.param({"path": "/x", "priority": "webhook"}, 400, "high, normal or low", id="a webhook's priority"),
    pytest.param({"path": "/etc"}, 403, "allowed_roots", id="outside"),
]


@pytest.mark.parametrize(("body", "status", "said"), WRONG)
def test_what_is_refused(desk: Desk, body: Any, status: int, said: str) -> None:
    answer = desk.ask("POST", "/batch", body)
    assert answer.status == status
    assert said in f"{answer.json['code']} {answer.json['message']}"
    assert os.listdir(desk.yard.spool / "batches") == []


def test_every_fault_is_named(desk: Desk) -> None:
    message = desk.ask("POST", "/batch", {"patern": "x", "priority": 3}).json["message"]
    assert all(word in message for word in ("path", "pattern", "priority"))


def test_a_path_that_leads_outside_or_nowhere(desk: Desk) -> None:
    (desk.yard.media / "out").symlink_to("/etc")
    assert desk.ask("POST", "/batch", {"path": str(desk.yard.media / "out")}).status == 403
    assert desk.ask("POST", "/batch", {"path": str(desk.yard.media / "none")}).status == 404


def test_a_path_that_no_file_can_have(desk: Desk) -> None:
    (desk.yard.media / "loop").symlink_to("loop")
    for name, said in (("x" * 300, "file name too long"), ("loop", "too many levels of symbolic links")):
        answer = desk.ask("POST", "/batch", {"path": str(desk.yard.media / name)})
        assert (answer.status, answer.json["code"]) == (400, "invalid_request")
        assert said in answer.json["message"]


def test_the_same_path_is_refused_while_it_runs_and_named(desk: Desk) -> None:
    desk.yard.film()
    (desk.yard.folder / "media/link").symlink_to(desk.yard.media)
    batch_id = desk.begin()
    for path in (desk.yard.media, f"{desk.yard.media}/", desk.yard.media / "link"):
        answer = desk.ask("POST", "/batch", {"path": str(path)})
        assert answer.status == 409
        assert batch_id in answer.json["message"]
    desk.until(batch_id, "running")
    desk.work()
    desk.until(batch_id, "completed")
    until(lambda: desk.ask("POST", "/batch", {"path": str(desk.yard.media)}).status == 202)


@pytest.mark.parametrize("batch_id", ["nothing", "..", "1795549461179445987.vm.90fa7cc9", "x\0y", "é"])
def test_an_unknown_id(desk: Desk, batch_id: str) -> None:
    (desk.yard.spool / "batches/hook.json").write_text('{"id":"hook","source":"sonarr"}')
    for name in (batch_id, "hook"):
        for method in ("GET", "DELETE"):
            assert desk.ask(method, f"/batch/{name}").status == 404


# Files that other names share


def test_a_linked_file_keeps_no_batch_from_its_end(desk: Desk) -> None:
    desk.yard.films(2)
    seed = desk.yard.folder / "seed.mkv"
    os.link(desk.yard.media / "0000.mkv", seed)
    batch_id = desk.begin()
    desk.until(batch_id, "running")
    desk.work()
    found = desk.until(batch_id, "completed")
    assert progressed(found) == {"success": 1, "skipped": 1}
    held, done = found["results"]
    assert (held["state"], held["result"], held["why"]) == ("held", None, "hardlinked")
    assert "other names share the file" in held["reason"]
    assert held["until"] == desk.get(f"/jobs/{held['job_id']}")["held"]["until"]
    assert done["status"] == "changed"
    again = desk.begin()
    assert desk.until(again, "running")["progress"]["total_files"] == 2
    assert desk.ask("DELETE", f"/batch/{again}").status == 200
    seed.unlink()
    desk.work()  # and then it goes on by itself
    until(lambda: progressed(desk.get(f"/batch/{batch_id}")) == {"success": 2})


def test_a_job_that_waits_for_anything_else_is_waited_for(desk: Desk) -> None:
    desk.yard.film()
    batch_id = desk.begin()
    desk.until(batch_id, "running")
    claim = desk.spool.claim("new/2-normal", f"{batch_id}.000001.json")
    assert claim is not None
    claim.begin()
    claim.job["last_error"] = {"stage": "tmdb", "code": "timeout", "message": "nobody answers"}
    claim.hold("retry", time.time_ns() + 10**12)
    time.sleep(1.5)  # longer than it takes to see what is over
    found = desk.get(f"/batch/{batch_id}")
    assert (found["status"], found["progress"]["remaining"]) == ("running", 1)
    assert found["results"][0]["reason"] == "it failed, and is tried again: nobody answers"


def progressed(found: dict[str, Any]) -> dict[str, int]:
    """Return the counts of a batch that are not 0, all files and those that are processed left out."""
    names = ("success", "skipped", "failed", "cancelled", "remaining")
    return {name: found["progress"][name] for name in names if found["progress"][name]}


# What is tried again


@pytest.mark.parametrize("anew", [False, True], ids=["the same process", "the next process"])
def test_what_is_tried_again_after_the_end_is_counted_as_what_it_is(yard: Yard, anew: bool) -> None:
    yard.films(4)
    with Desk(yard) as desk:
        batch_id = desk.begin()
        desk.until(batch_id, "running")
        for number in (1, 2):
            (yard.media / f"000{number}.mkv").write_bytes(b"no film")
        ask.cancel(desk.spool, f"{batch_id}.000004")
        desk.work()
        found = desk.until(batch_id, "completed")
        assert progressed(found) == {"success": 1, "failed": 2, "cancelled": 1}
        if anew:
            desk.__exit__()
            desk.open()
            desk.__enter__()
        yard.film("0001.mkv")
        for number in (2, 4):
            assert desk.ask("POST", f"/jobs/{batch_id}.00000{number}/retry").status == 202
        until(lambda: progressed(desk.get(f"/batch/{batch_id}")) == {"success": 1, "failed": 1, "remaining": 2})
        desk.work()
        until(lambda: progressed(desk.get(f"/batch/{batch_id}")) == {"success": 3, "failed": 1})
        found = desk.get("/batch")["batches"][0]
        assert (found["status"], progressed(found)) == ("completed", {"success": 3, "failed": 1})
        for folder in ("done", "failed"):  # and what is forgotten is no news
            for path in (yard.spool / folder).glob("*/*"):
                path.unlink()
        assert progressed(desk.get(f"/batch/{batch_id}")) == {"success": 3, "failed": 1}


@given(st.sets(st.integers(1, 60)))
def test_numbers_as_ranges(numbers: set[int]) -> None:
    assert list(numbers_of(ranges(numbers))) == sorted(numbers)


def test_so_many_ranges_and_no_more() -> None:
    assert len(ranges(range(1, 100_000, 2)).split(",")) == 10_000


# Ending it


def test_cancelled_all_that_waits_is_and_what_is_done_stays(desk: Desk) -> None:
    desk.yard.films(8)
    batch_id = desk.begin()
    desk.until(batch_id, "running")
    other = desk.put("/elsewhere.mkv")
    desk.work("--max", 3)
    held = next(ask.jobs(desk.spool, ask.Wanted("queued", batch_id)))["id"]
    claim = desk.spool.claim("new/2-normal", f"{held}.json")
    assert claim is not None
    claim.begin()
    claim.hold("retry", time.time_ns() + 10**12)
    answer = desk.ask("DELETE", f"/batch/{batch_id}")
    assert answer.json == {"status": "cancelled", "cancelled_jobs": 5, "processed_before_cancel": 3}
    found = desk.until(batch_id, "cancelled")
    assert (found["progress"]["processed"], found["progress"]["cancelled"]) == (3, 5)
    assert found["completed_at"] is not None
    assert desk.yard.states() == {"done": 3, "cancelled": 5, "new": 1}
    assert desk.get(f"/jobs/{held}")["finished_at"] >= found["started_at"]
    assert desk.get(f"/jobs/{other}")["state"] == "queued"
    again = desk.ask("DELETE", f"/batch/{batch_id}")
    assert again.status == 409
    assert "cancelled" in again.json["message"]


def test_what_runs_when_it_is_cancelled_completes(desk: Desk) -> None:
    desk.yard.films(2)
    batch_id = desk.begin()
    desk.until(batch_id, "running")
    claim = desk.spool.claim("new/2-normal", f"{batch_id}.000001.json")
    assert claim is not None
    claim.begin()
    assert desk.ask("DELETE", f"/batch/{batch_id}").json["cancelled_jobs"] == 1
    assert desk.get(f"/batch/{batch_id}")["progress"]["remaining"] == 1
    claim.job["result"] = "success"
    claim.finish("completed")
    found = until(lambda: (found := desk.get(f"/batch/{batch_id}"))["progress"]["success"] and found)
    assert (found["status"], found["progress"]["remaining"]) == ("cancelled", 0)


def test_what_is_completed_cannot_be_cancelled(desk: Desk) -> None:
    desk.yard.film()
    (desk.yard.media / "empty").mkdir()
    batch_id = desk.begin(path=str(desk.yard.media / "empty"))
    desk.until(batch_id, "completed")
    assert desk.ask("DELETE", f"/batch/{batch_id}").status == 409


# When things go wrong


def test_while_the_queue_is_full_it_waits(yard: Yard) -> None:
    yard.films(12)
    with Desk(yard, max_queue_size=5) as desk:
        batch_id = desk.begin()
        until(lambda: "full" in desk.get(f"/batch/{batch_id}").get("message", ""))
        assert desk.get(f"/batch/{batch_id}")["status"] == "scanning"
        refused = desk.ask("POST", "/batch", {"path": str(yard.media)})
        assert (refused.status, refused.json["code"]) == (503, "queue_full")
        assert int(refused.headers["Retry-After"]) > 0
        assert yard.states()["new"] == 5
        while desk.get(f"/batch/{batch_id}")["status"] != "completed":
            desk.work()
        assert desk.get(f"/batch/{batch_id}")["progress"]["success"] == 12


def test_a_full_disk_is_left_a_reserve(yard: Yard) -> None:
    need_mounts()
    yard.films(60)
    with mounted(yard.spool, "-t", "tmpfs", "-o", "size=400k", "none"), Desk(yard) as desk:
        batch_id = desk.begin()
        until(lambda: "nearly full" in desk.get(f"/batch/{batch_id}").get("message", ""))
        waiting = yard.states()["new"]
        assert 0 < waiting < 60
        jobs = desk.work()
        assert len(jobs) >= waiting
        assert {job["state"] for job in jobs} == {"completed"}
        subprocess.run(["mount", "-o", "remount,size=10m", yard.spool], check=True)
        assert "message" not in desk.until(batch_id, "running")
        desk.work()
        assert progressed(desk.until(batch_id, "completed")) == {"success": 60}


def test_a_reserve_of_files_is_left_too(yard: Yard) -> None:
    need_mounts()
    with mounted(yard.spool, "-t", "tmpfs", "-o", "nr_inodes=100", "none"):
        limit = Limit(Spool(str(yard.spool)), 1000)
        disk = os.statvfs(yard.spool)
        assert limit.fits(1000) == (disk.f_favail - disk.f_files // 8) // 2 < 50


def test_a_folder_that_goes_before_it_is_walked_fails_with_the_reason(yard: Yard) -> None:
    yard.film()
    gone = yard.media / "gone"
    gone.mkdir()
    desk = Desk(yard)
    desk.batches._known.set()  # nobody walks yet
    batch_id = killed_before_the_walk(desk, gone)
    gone.rmdir()
    with desk:
        found = desk.until(batch_id, "failed")
    assert found["error"]["code"] == "not_found"


def killed_before_the_walk(desk: Desk, path: Path) -> str:
    """Return the id of a batch that was accepted, and not begun to be walked."""
    file = desk.yard.spool / "batches"
    batch_id = desk.begin(path=str(path))
    desk.batches.stop()
    about = json.loads((file / f"{batch_id}.json").read_bytes())
    for key in ("jobs", "unreadable", "progress"):
        about.pop(key, None)
    (file / f"{batch_id}.json").write_text(json.dumps({**about, "status": "scanning", "completed_at": None}))
    desk.open()
    return batch_id


def test_a_mount_without_its_disk_is_no_empty_library(desk: Desk) -> None:
    found = desk.until(desk.begin(), "failed")
    assert "is its disk mounted?" in found["error"]["message"]


@pytest.mark.skipif(not os.geteuid(), reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_counted_and_named(desk: Desk) -> None:
    desk.yard.film()
    closed = desk.yard.media / "closed"
    closed.mkdir(0)
    found = desk.until(desk.begin(), "running")
    assert found["unreadable"]["files"][0]["path"] == str(closed)
    assert found["progress"]["failed"] == 1


def test_a_mount_that_hangs_holds_its_own_batch_alone(desk: Desk, tmp_path: Path) -> None:
    source = tmp_path / "source/deep"
    source.mkdir(parents=True)
    (desk.yard.media / "quick").mkdir()
    desk.yard.film("quick/film.mkv")
    with SlowMount(tmp_path / "source", desk.yard.media, Rules(hang_list=("deep",))) as mount:
        hung = desk.begin(path=str(mount.folder))
        mount.await_request("list", "deep")
        quick = desk.begin(path=str(desk.yard.media / "quick"))
        desk.until(quick, "running")
        desk.work()
        desk.until(quick, "completed")
        start = time.monotonic()
        assert desk.get(f"/batch/{hung}")["status"] == "scanning"
        assert desk.ask("DELETE", f"/batch/{hung}").status == 200
        assert time.monotonic() - start < 1


# The log


def test_the_end_is_in_the_log(desk: Desk) -> None:
    desk.yard.films(2)
    for number in range(22):
        (desk.yard.media / f"loop{number:02}.mkv").symlink_to("loop.mkv")
    (desk.yard.media / "loop.mkv").symlink_to("loop.mkv")
    batch_id = desk.begin()
    desk.until(batch_id, "running")
    (desk.yard.media / "0000.mkv").write_bytes(b"no film")
    desk.work()
    desk.until(batch_id, "completed")
    *unread, last = until(lambda: (lines := desk.logged("batch"))[-1]["outcome"] == "completed" and lines)
    counts = {"files": 25, "success": 1, "skipped": 0, "failed": 1, "cancelled": 0, "unreadable": 23}
    about = {"event": "batch", "batch_id": batch_id}
    assert last == {**about, "level": "info", "path": str(desk.yard.media), "outcome": "completed", **counts}
    assert {(line["level"], line["outcome"], line["batch_id"]) for line in unread} == {
        ("warning", "unreadable", batch_id)
    }
    assert [line["path"] for line in unread[:2]] == [str(desk.yard.media / f"loop{end}.mkv") for end in ("", "00")]
    assert (unread[0]["error"], len(unread)) == ("io_error", 21)
    assert unread[-1]["message"] == "3 more files cannot be read"


def test_a_walk_that_fails_is_in_the_log_once(desk: Desk) -> None:
    batch_id = desk.begin()
    desk.until(batch_id, "failed")
    until(lambda: batch_id not in desk.batches._open)
    (line,) = desk.logged("batch")
    assert (line["level"], line["outcome"], line["error"], line["files"]) == ("warning", "failed", "not_found", 0)
    assert "is its disk mounted?" in line["message"]


def test_a_batch_that_is_cancelled_is_in_the_log(desk: Desk) -> None:
    desk.yard.films(3)
    batch_id = desk.begin()
    desk.until(batch_id, "running")
    desk.ask("DELETE", f"/batch/{batch_id}")
    (line,) = until(lambda: desk.logged("batch"))
    assert (line["level"], line["outcome"], line["files"], line["cancelled"]) == ("info", "cancelled", 3, 3)


# When the process dies


def walker(yard: Yard, most: int) -> "subprocess.Popen[bytes]":
    """Start a process that walks, with room for so many jobs; its first line is the batch's id."""
    command = [sys.executable, queue_rig.__file__, str(yard.folder), str(yard.media), str(most)]
    return subprocess.Popen(command, env=dict(yard.environ), stdout=subprocess.PIPE)


def test_killed_in_mid_walk_it_goes_on_under_the_same_id(yard: Yard) -> None:
    films = yard.films(60)
    ids = set()
    for most in (20, 40):  # each process is stopped by a full queue, and then killed
        with walker(yard, most) as process:
            assert process.stdout is not None
            ids.add(process.stdout.readline().strip().decode())
            until(lambda most=most: yard.states()["new"] == most)
            process.kill()
        (yard.spool / "waiting").unlink()  # a count that is good for a second
    (batch_id,) = ids
    yard.jobs("run", "--max", 10)  # what is done already has its job too
    with Desk(yard) as desk:
        desk.until(batch_id, "running")
        assert Counter(paths(desk, batch_id)) == Counter(map(str, films))
        desk.work()
        found = desk.until(batch_id, "completed")
    assert found["progress"]["total_files"] == found["progress"]["success"] == len(films)
    names = {f"{batch_id}.{number:06d}" for number in range(1, len(films) + 1)}
    assert set(yard.places()) == names


def test_killed_again_and_again_at_any_moment(yard: Yard) -> None:
    films = yard.films(600)
    ids = set()
    for pause in (0.0, 0.02, 0.05, 0.1):
        with walker(yard, 100_000) as process:
            assert process.stdout is not None
            ids.add(process.stdout.readline().strip().decode())
            time.sleep(pause)
            process.kill()
    (batch_id,) = ids
    with Desk(yard) as desk:
        found = desk.until(batch_id, "running")
        assert found["progress"]["total_files"] == len(films)
        assert Counter(paths(desk, batch_id)) == Counter(map(str, films))


def test_a_batch_that_another_process_has_is_left_to_it(yard: Yard) -> None:
    yard.films(5)
    with walker(yard, 3) as process:
        assert process.stdout is not None
        batch_id = process.stdout.readline().strip().decode()
        until(lambda: yard.states()["new"] == 3)
        with Desk(yard) as desk:
            found = desk.get(f"/batch/{batch_id}")
            assert (found["status"], found["progress"]["total_files"]) == ("scanning", 3)
            assert desk.ask("DELETE", f"/batch/{batch_id}").status == 409
            process.kill()
            assert desk.until(batch_id, "running")["progress"]["total_files"] == 5  # and then it is taken over


def test_a_path_at_which_another_process_has_a_batch_is_refused(yard: Yard) -> None:
    yard.films(3)
    with Desk(yard) as first, Desk(yard) as second:
        second.get("/batch")
        batch_id = first.begin()
        answer = second.ask("POST", "/batch", {"path": str(yard.media)})
        assert (answer.status, answer.json["code"]) == (409, "conflict")
        assert batch_id in answer.json["message"]
        assert [found["job_id"] for found in second.get("/batch")["batches"]] == [batch_id]
        first.until(batch_id, "running")
        first.work()
        first.until(batch_id, "completed")
        until(lambda: second.ask("POST", "/batch", {"path": str(yard.media)}).status == 202)


def test_one_alone_of_those_who_ask_at_once_begins(yard: Yard) -> None:
    yard.films(3)
    with Desk(yard) as first, Desk(yard) as second, ThreadPoolExecutor(8) as pool:
        body = {"path": str(yard.media)}
        answers = pool.map(lambda desk: desk.ask("POST", "/batch", body).status, [first, second] * 4)
        assert sorted(answers) == [202] + [409] * 7


def test_killed_while_it_cancels_the_rest_is_cancelled_by_the_next(yard: Yard) -> None:
    yard.films(6)
    desk = Desk(yard)
    with desk:
        batch_id = desk.begin()
        desk.until(batch_id, "running")
        desk.batches._open[batch_id].cancel()  # kept as cancelled, and then it dies
    desk.open()
    assert yard.states() == {"new": 6}
    with desk:
        until(lambda: yard.states() == {"cancelled": 6})
        assert until(lambda: desk.get(f"/batch/{batch_id}")["progress"]["cancelled"] == 6)


def test_what_is_over_is_told_from_its_file_alone(yard: Yard) -> None:
    yard.films(2)
    desk = Desk(yard)
    with desk:
        batch_id = desk.begin()
        desk.until(batch_id, "running")
        desk.work()
        before = desk.until(batch_id, "completed")
    for folder in (yard.spool / "done").iterdir():
        for path in folder.iterdir():
            path.unlink()
    desk.open()
    with desk:
        after = desk.get(f"/batch/{batch_id}")
        assert {**before, "results": []} == after
        assert [found["job_id"] for found in desk.get("/batch")["batches"]] == [batch_id]


def test_accepted_means_on_disk(desk: Desk) -> None:
    desk.yard.film()
    batch_id = desk.begin(pattern="*.mkv", filters={"max_age_days": 3})
    kept = json.loads((desk.yard.spool / f"batches/{batch_id}.json").read_bytes())
    assert (kept["id"], kept["source"], kept["path"]) == (batch_id, "batch", str(desk.yard.media))
    assert (kept["pattern"], kept["filters"]) == ("*.mkv", {"max_age_days": 3})


# Counting


def test_pages_of_results_and_of_batches(desk: Desk) -> None:
    desk.yard.films(5)
    first = desk.begin()
    desk.until(first, "running")
    found = desk.get(f"/batch/{first}", limit=2, offset=3)
    assert [result["path"][-8:] for result in found["results"]] == ["0003.mkv", "0004.mkv"]
    second = desk.begin(path=str(desk.yard.media / "0000.mkv"))
    assert [one["job_id"] for one in desk.get("/batch")["batches"]] == [second, first]
    assert [one["job_id"] for one in desk.get("/batch", limit=1, offset=1)["batches"]] == [first]
    for query in ({"limit": 501}, {"limit": "x"}, {"offset": -1}):
        assert desk.ask("GET", f"/batch/{first}", **query).status == 400


def test_a_failed_job_that_is_tried_again_counts_once(desk: Desk) -> None:
    missing = desk.yard.film("later.mkv")
    desk.yard.film()
    batch_id = desk.begin()
    desk.until(batch_id, "running")
    missing.unlink()
    tally = Tally(desk.spool, batch_id, "2000-01-01")
    assert tally.look() == Counts()
    desk.work()
    assert tally.look(anew=True) == Counts(success=1, failed=1)
    desk.yard.film("later.mkv")
    ask.retry(desk.spool, f"{batch_id}.000002")
    assert tally.look(anew=True) == Counts(success=1)
    desk.work()
    assert tally.look(anew=True) == Counts(success=2)


SCANNING = {"status": "scanning", "jobs": 10}
RUNNING = {"status": "running", "jobs": 10}


@pytest.mark.parametrize(
    ("about", "counts", "rate", "expected"),
    [
        pytest.param(SCANNING, Counts(success=5), 1.0, (50.0, None), id="the end is not known while it scans"),
        pytest.param(RUNNING, Counts(success=5), 2.0, (50.0, 2.5), id="half of it"),
        pytest.param(RUNNING, Counts(), None, (0.0, None), id="no rate yet"),
        pytest.param(RUNNING, Counts(success=4, cancelled=6), 2.0, (40.0, 0.0), id="nothing remains"),
        pytest.param({"status": "completed", "jobs": 0}, Counts(), None, (100.0, None), id="of nothing"),
        pytest.param({**RUNNING, "unreadable": {"total": 10}}, Counts(), None, (50.0, None), id="half is not readable"),
    ],
)
def test_progress(about: dict[str, Any], counts: Counts, rate: float | None, expected: tuple[float, float]) -> None:
    found = progress(about, counts, rate)
    assert (found["percent"], found["eta_seconds"]) == expected
