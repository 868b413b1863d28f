"""Answers about jobs: lists and their order, one job, and what a person wants done with it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from queue_rig import Desk
from spool_rig import MEDIA, Yard, until

from arrtheaudio.core.record import timestamp
from arrtheaudio.spool import Spool, ask, names
from arrtheaudio.spool.care import prune
from arrtheaudio.spool.draft import put_file
from arrtheaudio.spool.job import Job, line, new, new_id


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(Yard(tmp_path / "yard", retry_delay_seconds=0)) as running:
        yield running


def ids(answer: dict[str, Any]) -> list[str]:
    """Return the ids of a list of jobs."""
    return [job["id"] for job in answer["jobs"]]


# Lists


def test_filters_and_pages(desk: Desk) -> None:
    webhook, batch = new_id(), new_id()
    hooked = [desk.put("/a", source="sonarr", group=webhook, number=number) for number in (1, 2)]
    batched = [desk.put("/b", source="batch", group=batch, number=number) for number in (1, 2, 3)]
    named = desk.put("/c", group="by hand")
    ask.cancel(desk.spool, batched[0])
    everything = [*hooked, *batched, named]
    assert ids(desk.get("/jobs")) == everything[::-1]
    assert ids(desk.get("/jobs", order_by="created_at", limit=2, offset=1)) == everything[1:3]
    assert ids(desk.get("/jobs", webhook_id=webhook)) == hooked[::-1]
    assert ids(desk.get("/jobs", batch_id=batch, status="queued")) == batched[:0:-1]
    assert ids(desk.get("/jobs", source="batch", status="cancelled")) == batched[:1]
    assert ids(desk.get("/jobs", batch_id="by hand")) == [named]
    assert ids(desk.get("/jobs", batch_id="nobody's")) == []
    page = desk.get("/jobs", source="batch", limit=1, offset=1)
    assert (ids(page), page["total"], page["limit"], page["offset"]) == (batched[1:2], 3, 1, 1)
    assert desk.get("/jobs", limit=0)["total"] == 6
    assert desk.get("/jobs", batch_id=batch, limit=1)["total"] == 3


WRONG = [
    pytest.param({"status": "done"}, "queued, held, running, completed, failed, cancelled", id="status"),
    pytest.param({"source": "plex"}, "sonarr, radarr", id="source"),
    pytest.param({"limit": 501}, "from 0 to 500", id="limit"),
    pytest.param({"limit": "ten"}, "from 0 to 500", id="limit in words"),
    pytest.param({"offset": -1}, "from 0", id="offset"),
    pytest.param({"order_by": "path"}, "-created_at, created_at, -finished_at, finished_at", id="order"),
    pytest.param({"webhook_id": "a", "batch_id": "b"}, "not both", id="two groups"),
]


@pytest.mark.parametrize(("query", "allowed"), WRONG)
def test_a_wrong_value_is_refused_with_what_is_allowed(desk: Desk, query: dict[str, Any], allowed: str) -> None:
    answer = desk.ask("GET", "/jobs", **query)
    assert answer.status == 400
    assert allowed in answer.json["message"]


def test_by_when_they_finished(desk: Desk) -> None:
    first, second, waiting = (desk.put(desk.yard.film(f"{name}.mkv")) for name in "abc")
    for job_id in (second, first):
        ask.cancel(desk.spool, job_id)
    assert ids(desk.get("/jobs", order_by="finished_at")) == [second, first, waiting]
    assert ids(desk.get("/jobs", order_by="-finished_at")) == [first, second, waiting]
    assert ids(desk.get("/jobs", order_by="-finished_at", limit=1, offset=1)) == [second]
    assert ids(desk.get("/jobs", order_by="-finished_at", status="queued")) == [waiting]


def finished(spool: Spool, number: int, day: int) -> Job:
    """Put a job into the folder of a day of January 2026, and return it."""
    job = new({"path": f"/{number}"}) | {"state": "completed", "finished_at": f"2026-01-{day:02}T00:00:00.000000Z"}
    path = f"{spool.finished_folder(job)}/{job['id']}.json"
    put_file(spool.root, path, line(job))
    os.utime(path, ns=(0, day * 86_400 * 10**9 + number))
    return job


@settings(deadline=None, max_examples=50)  # on a busy machine any call may take long
@given(
    days=st.lists(st.integers(1, 4), max_size=12),
    order=st.sampled_from(names.ORDERS),
    limit=st.integers(0, 5),
    offset=st.integers(0, 14),
)
def test_a_page_is_what_a_list_of_all_has_there(
    tmp_path_factory: pytest.TempPathFactory, days: list[int], order: str, limit: int, offset: int
) -> None:
    spool = Spool(str(tmp_path_factory.mktemp("spool")))
    done = [finished(spool, number, day) for number, day in enumerate(days)]
    waiting = [new({"path": f"/w{number}"}) for number in range(3)]
    spool.put_all(waiting)
    newest = order.startswith("-")
    by_id = sorted((str(job["id"]) for job in (done + waiting if "created" in order else waiting)), reverse=newest)
    dated = sorted(((day, number) for number, day in enumerate(days)), reverse=newest)
    expected = by_id if "created" in order else [done[number]["id"] for _, number in dated] + by_id
    found, total = ask.page(spool, ask.Wanted(), limit, offset, order)
    assert [job["id"] for job in found] == expected[offset : offset + limit]
    assert total == len(expected)
    assert [job["id"] for job in ask.jobs(spool, ask.Wanted(), order=order)] == expected


def test_few_names_are_in_memory_and_none_is_lost_when_the_folder_is_listed_again(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"))
    jobs = [new({"path": "/x"}, source="sonarr" if number % 7 == 0 else "cli") for number in range(70)]
    spool.put_all(jobs)
    listed = [name for name, _ in names.ordered(spool, names.Which(), "created_at", 1)]
    assert listed == [f"{job['id']}.json" for job in jobs]


HEADS = [
    pytest.param({}, ("cli", None), id="as we write them"),
    pytest.param({"group": "ä\n"}, None, id="a group with an escape in it"),
    pytest.param({"group": 'x","source":"api'}, None, id="a group that pretends"),
]


@pytest.mark.parametrize(("more", "said"), HEADS)
def test_what_the_first_bytes_say_of_a_job(tmp_path: Path, more: dict[str, Any], said: tuple[str, str] | None) -> None:
    spool = Spool(str(tmp_path / "spool"))
    job = new({"path": "/x", "source": "sonarr"}, **more)
    spool.put(job)
    assert names.origin(spool, "new/2-normal", f"{job['id']}.json") == said
    assert [found["id"] for found in ask.jobs(spool, ask.Wanted(source="cli", group=job["group"]))] == [job["id"]]


TAILS = [
    pytest.param({"result": "skipped", "record": {"path": "/x"}}, id="the record last"),
    pytest.param(
        {"record": {"path": "/x", "y": {"result": "success"}}, "result": "skipped"}, id="another in the record"
    ),
    pytest.param({"result": "skipped", "record": {"path": "/x", "result": "success"}}, id="another at its end"),
    pytest.param(
        {"record": {"path": "/x"}, "result": "skipped", "joined": ["a", "b"], "added": ["apply"]}, id="lists after it"
    ),
]


@pytest.mark.parametrize("job", TAILS)
def test_what_the_last_bytes_say_of_a_job(tmp_path: Path, job: Job) -> None:
    spool = Spool(str(tmp_path / "spool"))
    whole = job | {"id": "x", "finished_at": timestamp(0), "state": "completed"}
    order = [key for key in ("result", "record", "joined", "added") if key in job]
    for last in (order, order[::-1]):
        data = line({key: whole[key] for key in ("id", "state", "finished_at", *last)})
        put_file(spool.root, f"{spool.root}/new/3-low/x.json", data)
        assert names.result(spool, "new/3-low", "x.json") == "skipped"


def test_a_group_of_the_same_beginning_is_another(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"))
    group = new_id()
    for name in (group, f"{group}x"):
        spool.put(new({"path": "/x"}, group=name, number=1))
    spool.put(new({"path": "/x"}) | {"id": f"{group}.000001.000001"})
    assert [job["group"] for job in ask.jobs(spool, ask.Wanted(group=group))] == [group]
    assert names.size(spool, group) == 1


def test_an_id_that_a_person_took_for_a_group_is_read_for(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "yard")
    group = new_id()
    added = yard.add(*yard.films(2), options=("--group", group))
    assert {job["id"] for job in yard.jobs("list", "--group", group)} == set(added)
    assert len(yard.jobs("cancel", "--group", group)) == 2


def test_stats(desk: Desk) -> None:
    desk.put(desk.yard.film())
    desk.put("/none", priority="low")
    found = desk.get("/jobs/stats")
    assert found["jobs"] == {**dict.fromkeys(ask.STATES, 0), "queued": 2}
    assert found["waiting"] == {"webhook": 0, "high": 0, "normal": 1, "low": 1}
    assert found["success_rate"] is None


@pytest.fixture
def strangers(desk: Desk) -> Path:
    """Leave in the spool what a desktop, or a person, leaves there."""
    for state in ("done", "failed", "cancelled"):
        folder = desk.yard.spool / state
        for name in ("notes.txt", ".DS_Store", "2026-01-02", "99999999"):
            (folder / name).write_text("x")
        for name in ("zzz", "1999", "2020-junk"):
            (folder / name).mkdir()
            (folder / name / "kept.json").write_text("{}")
        (folder / "2026-01-03").symlink_to("2026-01-03")
    (desk.yard.spool / "batches/folder.json").mkdir()
    return desk.yard.spool


@pytest.mark.usefixtures("strangers")
def test_strangers_in_the_queue_are_passed_over(desk: Desk) -> None:
    job_id = desk.put(desk.yard.film())
    desk.work()
    for order in names.ORDERS:
        assert ids(desk.get("/jobs", order_by=order)) == [job_id]
    assert desk.get("/jobs", source="cli")["total"] == 1
    assert desk.get("/jobs/stats")["jobs"] == {**dict.fromkeys(ask.STATES, 0), "completed": 1}
    assert desk.get(f"/jobs/{job_id}")["state"] == "completed"
    assert desk.ask("GET", "/jobs/kept").status == 404
    until(lambda: [job["id"] for job in desk.told] == [job_id])
    assert desk.history._thread.is_alive()


def test_strangers_in_the_queue_are_not_pruned(desk: Desk, strangers: Path) -> None:
    old = new({"path": "/x"}) | {"state": "completed", "finished_at": "2026-01-01T00:00:00.000000Z"}
    put_file(desk.spool.root, f"{desk.spool.finished_folder(old)}/{old['id']}.json", line(old))
    (strangers / "done/2026-01-01/folder").mkdir()
    os.utime(strangers / "batches/folder.json", (0, 0))
    before = sorted(strangers.glob("*/*/*"))
    assert prune(desk.spool, 30) == 1
    assert sorted(strangers.glob("*/*/*")) == [path for path in before if old["id"] not in path.name]


@pytest.mark.skipif(not os.geteuid(), reason="root may read everything")
def test_a_day_that_may_not_be_read_is_passed_over(desk: Desk) -> None:
    (desk.yard.spool / "done/2026-01-01").mkdir(0)
    job_id = desk.put("/x")
    assert ids(desk.get("/jobs")) == [job_id]
    assert prune(desk.spool, 30) == 0


# One job


@pytest.mark.parametrize("job_id", ["nothing", "..", ".hidden", "a\0b", "x" * 300, "%2e", "\ud800", "stats.json"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/jobs/{}"), ("DELETE", "/jobs/{}"), ("POST", "/jobs/{}/retry"), ("POST", "/jobs/{}/undo")],
    ids=["show", "cancel", "retry", "undo"],
)
def test_an_unknown_id(desk: Desk, method: str, path: str, job_id: str) -> None:
    assert desk.ask(method, path.format(job_id)).status == 404


def test_one_that_waits_is_cancelled_and_that_once(desk: Desk) -> None:
    job_id = desk.put("/x")
    assert desk.ask("DELETE", f"/jobs/{job_id}").json["state"] == "cancelled"
    answer = desk.ask("DELETE", f"/jobs/{job_id}")
    assert (answer.status, "it is cancelled" in answer.json["message"]) == (409, True)


def test_one_that_failed_is_tried_again_confined_and_soon(desk: Desk) -> None:
    outside = Path(desk.yard.folder / "outside.mkv")
    job_id = desk.put(outside, priority="low")
    desk.work()
    answer = desk.ask("POST", f"/jobs/{job_id}/retry")
    assert answer.status == 202
    assert (answer.json["id"], answer.json["state"], answer.json["priority"]) == (job_id, "queued", "webhook")
    outside.write_bytes((MEDIA / "mkvmerge.mkv").read_bytes())
    (job,) = desk.work()
    assert (job["state"], job["record"]["error"]["code"]) == ("failed", "permission_denied")
    assert outside.read_bytes() == (MEDIA / "mkvmerge.mkv").read_bytes()


def test_one_that_is_cancelled_is_tried_again_but_none_that_waits_or_is_completed(desk: Desk) -> None:
    job_id = desk.put(desk.yard.film())
    assert desk.ask("POST", f"/jobs/{job_id}/retry").status == 409
    ask.cancel(desk.spool, job_id)
    assert desk.ask("POST", f"/jobs/{job_id}/retry", {}).status == 202
    desk.work()
    for body in (None, {"original": "ja"}):
        assert desk.ask("POST", f"/jobs/{job_id}/retry", body).status == 409


RETRY = [
    pytest.param({"original": "klingonish"}, "no language code", id="no language"),
    pytest.param({"original": 7}, "original is 7", id="a number"),
    pytest.param({"orginal": "ja"}, "did you mean original?", id="mistyped"),
]


@pytest.mark.parametrize(("body", "said"), RETRY)
def test_a_wrong_word_on_the_original_language(desk: Desk, body: Any, said: str) -> None:
    answer = desk.ask("POST", f"/jobs/{desk.put('/x')}/retry", body)
    assert answer.status == 400
    assert said in answer.json["message"]


# A person decides


def in_review(desk: Desk, name: str = "film.mkv") -> tuple[str, Path]:
    """Return a job that leaves the original language to a person, and its file."""
    config = desk.yard.folder / "config.yaml"
    config.write_text(config.read_text().replace("prefer_original: false", "prefer_original: true"))
    film = desk.yard.film(name)
    arr = {"app": "sonarr", "kind": "series", "title": "x", "original_language": "ja"}
    tmdb = {
        "kind": "series",
        "id": 1,
        "title": "x",
        "original_language": "en",
        "confidence": "high",
        "matched_by": "tmdb_id",
    }
    job = new({"path": str(film), "arr": arr, "tmdb": tmdb}, source="sonarr")
    desk.spool.put(job)
    (done,) = desk.work()
    assert done["record"]["choose"]["status"] == "review", done
    return str(job["id"]), film


def test_in_review_until_a_person_says_what_the_original_language_is(desk: Desk) -> None:
    job_id, film = in_review(desk)
    before = film.read_bytes()
    (question,) = until(lambda: desk.get("/review")["review"])
    assert (question["job_id"], question["path"]) == (job_id, str(film))
    assert question["languages"] == ["ja", "en"]
    assert [track["language"] for track in question["tracks"] if track["type"] == "audio"][:2] == ["en", "ja"]
    plain = desk.ask("POST", f"/jobs/{job_id}/retry")
    assert (plain.status, "original" in plain.json["message"]) == (409, True)
    job = desk.ask("POST", f"/jobs/{job_id}/retry", {"original": "jpn"}).json
    assert job["id"] != job_id
    assert (job["source"], job["original"], job["confined"], job["priority"]) == ("api", "ja", True, "webhook")
    (done,) = desk.work()
    assert (done["id"], done["record"]["apply"]["status"]) == (job["id"], "changed")
    assert film.read_bytes() != before
    until(lambda: desk.get("/review")["total"] == 0)


# And back


def test_undone_once(desk: Desk) -> None:
    film = desk.yard.film()
    before = film.read_bytes()
    job_id = desk.put(film)
    desk.work()
    assert film.read_bytes() != before
    answer = desk.ask("POST", f"/jobs/{job_id}/undo")
    assert (answer.status, answer.json["status"]) == (202, "accepted")
    undo = desk.get(f"/jobs/{answer.json['job_id']}")
    assert (undo["action"], undo["undoes"], undo["source"], undo["confined"]) == ("undo", job_id, "api", True)
    again = desk.ask("POST", f"/jobs/{job_id}/undo")
    assert (again.status, again.json["message"]) == (409, "the job is being undone already")
    desk.work()
    assert film.read_bytes() == before
    until(lambda: "is undone" in desk.ask("POST", f"/jobs/{job_id}/undo").json["message"])
    assert desk.ask("POST", f"/jobs/{undo['id']}/undo").status == 409


def test_an_undo_that_waits_is_known_to_the_next_process(desk: Desk) -> None:
    job_id = desk.put(desk.yard.film())
    desk.work()
    desk.ask("POST", f"/jobs/{job_id}/undo")
    desk.__exit__()
    desk.open()
    with desk:
        until(lambda: desk.history.totals()["complete"])
        assert desk.ask("POST", f"/jobs/{job_id}/undo").status == 409
        desk.work()
        until(lambda: [change["undone"] for change in desk.get("/changes")["changes"]] == [True])


def test_an_undo_that_came_too_late_is_not_tried_again(desk: Desk) -> None:
    film = desk.yard.film()
    job_id = desk.put(film)
    desk.work()
    desk.ask("POST", f"/jobs/{job_id}/undo")
    data = bytearray(film.read_bytes())
    edit = desk.get(f"/jobs/{job_id}")["record"]["apply"]["edits"][0]
    data[edit["offset"]] ^= 0xFF
    film.write_bytes(data)
    (undo,) = desk.work()
    assert undo["record"]["error"]["code"] == "changed_since_probe"
    until(lambda: [change["undo"] for change in desk.get("/changes")["changes"]] == ["impossible"])
    assert "can no longer" in desk.ask("POST", f"/jobs/{job_id}/undo").json["message"]


@pytest.mark.parametrize("manner", [{}, {"dry_run": True}], ids=["right already", "a dry run"])
def test_what_has_changed_nothing_cannot_be_undone(desk: Desk, manner: dict[str, Any]) -> None:
    film = desk.yard.film()
    if not manner:
        desk.put(film)
        desk.work()
    job_id = desk.put(film, **manner)
    assert "changed nothing" in desk.ask("POST", f"/jobs/{job_id}/undo").json["message"]
    desk.work()
    answer = desk.ask("POST", f"/jobs/{job_id}/undo")
    assert (answer.status, "changed nothing" in answer.json["message"]) == (409, True)


def test_the_undo_of_a_job_that_was_done_with_another(desk: Desk) -> None:
    film = desk.yard.film()
    before = film.read_bytes()
    joined = [desk.put(film) for _ in range(2)]
    assert len(desk.work("--workers", 1)) == 2
    assert film.read_bytes() != before
    assert desk.ask("POST", f"/jobs/{joined[0]}/undo").status == 202
    assert desk.ask("POST", f"/jobs/{joined[1]}/undo").status == 409
    desk.work()
    assert film.read_bytes() == before
