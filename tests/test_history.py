"""What was done: changes, questions and totals, of the past and of what comes, in bounded memory."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from queue_rig import Desk
from spool_rig import PATIENCE, Yard, until

from arrtheaudio.core.record import timestamp
from arrtheaudio.journal import Entry, Journal
from arrtheaudio.server import history, verdicts
from arrtheaudio.server import undoings as undoings_module
from arrtheaudio.server.undoings import Undoings
from arrtheaudio.spool import ask
from arrtheaudio.spool.draft import put_file
from arrtheaudio.spool.job import Job, line, new, now


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(Yard(tmp_path / "yard", retry_delay_seconds=0))


@pytest.fixture
def running(desk: Desk) -> Iterator[Desk]:
    with desk:
        yield desk


def complete(desk: Desk) -> None:
    """Wait until the past has been read."""
    until(lambda: desk.history.totals()["complete"])


def done(desk: Desk, path: str = "/a.mkv", *, at: str | None = None, status: str = "changed", **more: Any) -> Job:
    """Put a finished job where a worker would, as if somebody else had done it."""
    choose = {"status": "review" if status == "review" else "change", "reason": "because", "changes": []}
    answer = {"status": "skipped", "reason": "review"} if status == "review" else {"status": status}
    record = {"path": path, "probe": {"container": "matroska", "tracks": []}, "choose": choose, "apply": answer}
    state = "failed" if status == "failed" else "completed"
    if status == "failed":
        record["error"] = {"stage": "probe", "code": "not_media", "message": "no"}
    job = new(record) | {"state": state, "result": "success", "finished_at": at or now()} | more
    put_file(desk.spool.root, f"{desk.spool.finished_folder(job)}/{job['id']}.json", line(job))
    return job


def test_a_change_with_its_reason_and_its_tracks(running: Desk) -> None:
    film = running.yard.film()
    job_id = running.put(film)
    running.work()
    (change,) = until(lambda: running.get("/changes")["changes"])
    assert (change["job_id"], change["path"], change["method"]) == (job_id, str(film), "in_place")
    assert (change["rule"], change["language"], change["undo"], change["undone"]) == (
        "priority",
        "ja",
        "possible",
        False,
    )
    assert "ja" in change["reason"]
    before, after = (
        [(track["language"], track["default"]) for track in change["tracks"][when] if track["type"] == "audio"]
        for when in ("before", "after")
    )
    assert before[:2] == [("en", True), ("ja", False)]
    assert after[:2] == [("en", False), ("ja", True)]


def test_the_past_is_read_and_told_to_nobody(desk: Desk) -> None:
    old = done(desk, "/old.mkv", at="2026-01-02T03:04:05.000000Z")
    recent = done(desk, "/recent.mkv")
    with desk:
        complete(desk)
        assert [change["job_id"] for change in desk.get("/changes")["changes"]] == [recent["id"], old["id"]]
        assert desk.get("/changes")["changes"][1]["undo"] == "impossible", "the journal has forgotten it"
        assert desk.told == []
        new_one = done(desk, "/new.mkv")
        until(lambda: desk.told)
        assert [job["id"] for job in desk.told] == [new_one["id"]]
        assert desk.history.totals()["files"]["changed"] == 3


def test_each_job_that_ends_is_told_once(running: Desk) -> None:
    films = [running.yard.film(f"{number}.mkv") for number in range(4)]
    (running.yard.media / "broken.mkv").write_bytes(b"")
    ids = [running.put(film) for film in (*films, running.yard.media / "broken.mkv")]
    ask.cancel(running.spool, ids[0])
    running.work()
    until(lambda: len(running.told) == len(ids))
    running.history.look_soon()
    done(running, "/last.mkv")
    until(lambda: running.told[-1]["record"]["path"] == "/last.mkv")
    assert Counter(job["id"] for job in running.told[:-1]) == Counter(ids)
    assert Counter(job["state"] for job in running.told) == {"completed": 4, "failed": 1, "cancelled": 1}


def test_what_is_not_counted(running: Desk) -> None:
    for more in ({"dry_run": True, "status": "planned"}, {"action": "undo", "undoes": "x"}, {"joined": ["9"]}):
        done(running, **more)
    counted = done(running, joined=["0"])
    until(lambda: len(running.told) == 4)
    assert running.history.totals()["files"]["total"] == 1
    assert [change["job_id"] for change in running.get("/changes")["changes"]] == [counted["id"]]


def test_totals_by_container(desk: Desk) -> None:
    for status in ("changed", "unchanged", "skipped", "failed", "failed"):
        done(desk, f"/{status}.mkv", status=status)
    with desk:
        complete(desk)
        done(desk, "/more.mkv", status="unchanged")
        until(lambda: desk.told)
        totals = desk.history.totals()
    counts = {"total": 6, "changed": 1, "unchanged": 2, "skipped": 1, "failed": 2}
    assert totals == {"files": counts, "by_container": {"matroska": counts}, "complete": True}


def test_a_failure_that_is_tried_again_counts_no_more(running: Desk) -> None:
    path = running.yard.media / "later.mkv"
    job_id = running.put(path)
    running.work()
    until(lambda: running.history.totals()["files"]["failed"] == 1)
    running.yard.film("later.mkv")
    assert running.ask("POST", f"/jobs/{job_id}/retry").status == 202
    running.work()
    until(lambda: running.history.totals()["files"]["changed"] == 1)
    assert running.history.totals()["files"] == {**dict.fromkeys(("unchanged", "skipped", "failed"), 0), "total": 1} | {
        "changed": 1
    }


def test_what_is_pruned_is_forgotten(desk: Desk) -> None:
    job = done(desk, at="2026-01-02T03:04:05.000000Z")
    with desk:
        complete(desk)
        assert desk.history.totals()["files"]["total"] == 1
        (desk.yard.spool / f"done/2026-01-02/{job['id']}.json").unlink()
        (desk.yard.spool / "done/2026-01-02").rmdir()
        until(lambda: desk.history.totals()["files"]["total"] == 0)


# What was taken back by others


def undo(desk: Desk, *words: object, given: bytes = b"") -> list[dict[str, Any]]:
    """Run `arrtheaudio undo`, and return what it prints."""
    with desk.yard.popen("undo", *words, stdin=subprocess.PIPE) as process:
        out, said = process.communicate(given, PATIENCE)
    assert process.returncode == 0, said
    return [json.loads(line) for line in out.splitlines()]


def test_what_was_undone_on_the_command_line_is_known_and_what_stands_again(running: Desk) -> None:
    films = [running.yard.film(f"{number}.mkv") for number in range(3)]
    first, second, third = (running.put(film) for film in films)
    running.work()
    until(lambda: running.get("/changes")["total"] == 3)
    assert states(running) == {first: "possible", second: "possible", third: "possible"}
    undo(running, films[1])
    until(lambda: states(running) == {first: "possible", second: "undone", third: "possible"})
    change = next(change for change in running.get("/changes")["changes"] if change["job_id"] == second)
    assert (change["undone"], running.get(f"/jobs/{second}")["undo"]) == (True, "undone")
    assert running.get(f"/jobs/{first}")["undo"] == "possible"
    assert "undone already" in running.ask("POST", f"/jobs/{second}/undo").json["message"]
    assert "undo" not in running.spool.get(second)
    (mistake,) = [line for line in undo(running, "--list") if line["journal"]["command"] == "undo"]
    undo(running, given=json.dumps(mistake).encode())
    until(lambda: states(running)[second] == "possible")
    assert running.ask("POST", f"/jobs/{second}/undo").status == 202
    assert running.get(f"/jobs/{second}")["undo"] == "running"
    running.work()
    until(lambda: states(running)[second] == "undone")


def states(desk: Desk) -> dict[str, str]:
    """Return what can be said of the undo of each change."""
    return {change["job_id"]: change["undo"] for change in desk.get("/changes")["changes"]}


def entry(number: int, undoes: int | None = None) -> Entry:
    """Return an entry of the journal, whose id is a number."""
    back = None if undoes is None else f"{undoes:026}"
    return Entry(f"{number:026}", b"/a.mkv", 1, number, 1, 1, (), "undo" if back else "apply", undoes=back)


CHAINS = [
    pytest.param([], None, id="never"),
    pytest.param([(2, 1)], False, id="once"),
    pytest.param([(2, 1), (3, 2)], True, id="and that too"),
    pytest.param([(2, 1), (3, 2), (4, 3)], False, id="and that"),
    pytest.param([(2, 1), (3, 2), (4, 1)], False, id="anew"),
    pytest.param([(3, 2)], None, id="another"),
]


@pytest.mark.parametrize(("undos", "stands"), CHAINS)
def test_which_edits_stand(tmp_path: Path, undos: list[tuple[int, int]], stands: bool | None) -> None:
    journal = Journal(str(tmp_path / "journal"))
    undoings = Undoings()
    undoings.look(journal.root, [f"{1:026}"])  # there is no journal yet
    for number, undoes in [(1, None), *undos]:
        journal.begin(entry(number, undoes)).done()
    (tmp_path / "journal/done/notes.txt").write_text("x")
    os.mkfifo(tmp_path / "journal/done/zzz")
    until(lambda: undoings.look(journal.root, [f"{1:026}"]) or undoings.stands(f"{1:026}") is stands)


def test_of_a_long_journal_the_end_alone_is_read(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "journal"))
    for number in range(1, 30):
        journal.begin(entry(number)).done()
    undoings = Undoings()
    undoings.look(journal.root, [f"{25:026}", ""])
    assert sorted(undoings._read) == [f"{number:026}.{number}" for number in range(25, 30)]
    undoings.look(journal.root, [])
    journal.begin(entry(30, 26)).done()
    until(lambda: undoings.look(journal.root, [f"{25:026}"]) or undoings.stands(f"{26:026}") is False)
    undoings.look(journal.root, [f"{20:026}"])
    assert len(undoings._read) == 11


def test_a_look_that_takes_long_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undoings_module, "_SPENT", 0.0)
    journal = Journal(str(tmp_path / "journal"))
    journal.begin(entry(1)).done()
    journal.begin(entry(2, 1)).done()
    undoings = Undoings()
    undoings.look(journal.root, [f"{1:026}"])
    assert undoings.stands(f"{1:026}") is None
    monkeypatch.undo()
    until(lambda: undoings.look(journal.root, [f"{1:026}"]) or undoings.stands(f"{1:026}") is False)


# Questions


EARLY, LATE = "2026-01-02T00:00:00.000001Z", "2026-01-02T00:00:00.000002Z"
NEXT_DAY = "2026-01-03T00:00:00.000000Z"
VERDICTS = [
    pytest.param([(EARLY, "review")], 1, id="a question"),
    pytest.param([(EARLY, "review"), (LATE, "unchanged")], 0, id="settled on the same day"),
    pytest.param([(LATE, "review"), (EARLY, "unchanged")], 1, id="open again on the same day"),
    pytest.param([(EARLY, "review"), (NEXT_DAY, "changed")], 0, id="settled on the next day"),
    pytest.param([(EARLY, "review"), (NEXT_DAY, "failed")], 0, id="it failed since"),
    pytest.param([(EARLY, "unchanged"), (NEXT_DAY, "review")], 1, id="open since the next day"),
    pytest.param([(EARLY, "review"), (NEXT_DAY, "review")], 1, id="asked twice"),
]


@pytest.mark.parametrize(("past", "open_"), VERDICTS)
@pytest.mark.parametrize("live", [False, True], ids=["past", "live"])
def test_the_newest_verdict_on_a_path_counts(desk: Desk, past: list[tuple[str, str]], open_: int, live: bool) -> None:
    if not live:
        for at, status in past:
            done(desk, at=at, status=status)
    with desk:
        complete(desk)
        if live:
            for number, (_, status) in enumerate(sorted(past), 1):
                done(desk, status=status)
                until(lambda number=number: len(desk.told) == number)
        found = desk.get("/review")
    assert found["total"] == len(found["review"]) == open_
    if open_ and not live:
        assert found["review"][0]["finished_at"] == max(at for at, _ in past)


def test_what_changes_while_the_past_is_read_stays_changed(desk: Desk) -> None:
    for number in range(300):
        done(desk, f"/{number}.mkv", at=EARLY, status="review")
    with desk:
        done(desk, "/7.mkv", status="unchanged")
        complete(desk)
        until(lambda: desk.told)
        assert desk.get("/review")["total"] == 299
        assert "/7.mkv" not in [question["path"] for question in desk.get("/review", limit=500)["review"]]


def test_an_undo_settles_no_question(running: Desk) -> None:
    done(running, status="review")
    until(lambda: running.get("/review")["total"] == 1)
    done(running, action="undo", undoes="x")
    until(lambda: len(running.told) == 2)
    assert running.get("/review")["total"] == 1


# Bounds and pages


def test_the_latest_are_kept_and_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "CHANGES", 5)
    monkeypatch.setattr(history, "QUESTIONS", 5)
    desk.open()
    times = [timestamp(number * 10**9) for number in range(20)]
    for number, at in enumerate(times):
        done(desk, f"/c{number}.mkv", at=at)
        done(desk, f"/q{number}.mkv", at=at, status="review")
    with desk:
        complete(desk)
        for key in ("changes", "review"):
            found = desk.get(f"/{key}")
            assert [item["finished_at"] for item in found[key]] == times[:-6:-1]
            assert found["total"] == 5


@pytest.mark.parametrize("key", ["changes", "review"])
def test_pages(desk: Desk, key: str) -> None:
    for number in range(4):
        done(desk, f"/{number}.mkv", at=timestamp(number * 1000), status="changed" if key == "changes" else "review")
    with desk:
        complete(desk)
        found = desk.get(f"/{key}", limit=2, offset=1)
        assert [item["path"] for item in found[key]] == ["/2.mkv", "/1.mkv"]
        assert (found["total"], found["limit"], found["offset"]) == (4, 2, 1)
        assert desk.ask("GET", f"/{key}", limit=501).status == 400


# What others put there


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"record":{}}',
        b'{"record":{"path":1}}',
        b'{"record":{"path":"/x","apply":7}}',
        b'{"record":{"path":"/x","probe":{"tracks":[1]},"apply":{"status":"changed"}}}',
        b'{"record":{"path":"/x","probe":{"tracks":{}},"choose":{"status":"review"}}}',
        b'{"record":{"path":"/x"},"joined":[1,[]],"finished_at":"soon","result":7}',
    ],
)
def test_what_is_no_job_disturbs_nothing(running: Desk, data: bytes) -> None:
    day = running.yard.spool / "done" / now()[:10]
    day.mkdir(exist_ok=True)
    (day / "odd.json").write_bytes(data)
    (day / "odd.json.rejected").write_bytes(data)
    job = done(running)
    until(lambda: job["id"] in [told["id"] for told in running.told])
    assert running.get("/changes")["total"] >= 1
    running.get("/review")


def test_a_file_with_thousands_of_tracks_takes_no_more_than_others() -> None:
    track = {"index": 1, "type": "audio", "codec": "ac3"}
    job = new({"path": "/x", "probe": {"tracks": [track] * 5000}, "apply": {"status": "changed"}})
    told = verdicts.change(job)
    assert len(told["tracks"]["before"]) == len(told["tracks"]["after"]) < 100


def test_it_stops_at_once(desk: Desk) -> None:
    for number in range(400):
        done(desk, f"/{number}.mkv", at=EARLY)
    desk.history.start()
    desk.history.stop()
    assert not desk.history._thread.is_alive()
    assert len(os.listdir(desk.yard.spool / "done/2026-01-02")) == 400
