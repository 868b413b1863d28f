"""What a worker does with a job: as it came over HTTP, as a person wants it, and what others hear of it."""

import contextlib
import json
import math
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_services import KEY, Fake
from spool_rig import PATIENCE, Yard, children

from arrtheaudio import messages
from arrtheaudio.core import record as records
from arrtheaudio.core.record import failed
from arrtheaudio.errors import InvalidRecord, Network, NotFound, Timeout
from arrtheaudio.signals import Signals
from arrtheaudio.spool import Spool
from arrtheaudio.spool.care import Held
from arrtheaudio.spool.crew import Parent
from arrtheaudio.spool.job import Job, manner, new, parse, renewed, result_of
from arrtheaudio.spool.take import Queue
from arrtheaudio.spool.watch import Hand, Row, Watch
from arrtheaudio.spool.work import Rules, Trade, Worker

WAITS = Rules(attempts=1, delay=1000, look=0.0, arrival=600.0)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """A folder with a spool to be."""
    return Yard(tmp_path / "yard", retry_delay_seconds=0)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    return Spool(str(tmp_path / "spool"))


def queue(yard: Yard, path: object, **about: Any) -> str:
    """Put a job with such keys, as `serve` does; return its id."""
    job = {**new({"path": str(path)}), **about}
    Spool(str(yard.spool)).put(job)
    return str(job["id"])


def done(yard: Yard, path: object, *, status: int = 0, **about: Any) -> Job:
    """Queue a job, and return it when it is done."""
    queue(yard, path, **about)
    (job,) = yard.jobs("run", status=status)
    return job


# A file that is still on its way


class Media:
    """A trade that knows files by their being there, and counts how often it was asked."""

    def __init__(self) -> None:
        """Begin to count."""
        self.asked = 0

    def answer(self, record: dict[str, Any], _job: Job) -> dict[str, Any]:
        """Answer as the stages do."""
        self.asked += 1
        if not os.path.exists(record["path"]):
            return failed(record, "probe", NotFound("no such file"))
        return {**record, "apply": {"status": "unchanged"}}


def drain(spool: Spool, trade: Trade, rules: Rules = WAITS) -> None:
    """Let a worker of this process do what there is."""
    with open(os.devnull, "wb") as nobody, Signals() as signals:
        Worker(spool, trade, rules, signals).run(Parent(nobody.fileno()))


def put(spool: Spool, path: Path, source: str, age: float = 0.0) -> str:
    """Queue a job for a file, that was made so many seconds ago."""
    job = new({"path": str(path)}, source=source)
    if age:
        job["created_at"] = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() - age))
    spool.put(job)
    return str(job["id"])


def got(spool: Spool, job_id: str) -> Job:
    """Return a job."""
    job = spool.get(job_id)
    assert job is not None
    return job


@pytest.mark.parametrize("source", ["sonarr", "radarr", "hook"])
def test_a_file_to_come_is_looked_for_and_not_tried(tmp_path: Path, spool: Spool, source: str) -> None:
    film, media = tmp_path / "film.mkv", Media()
    job_id = put(spool, film, source)
    for _ in range(4):  # each looks, as many do in ten minutes
        drain(spool, Trade(media.answer))
    job = got(spool, job_id)
    assert (job["state"], job["held"]["why"], job["attempt"], media.asked) == ("held", "not_found", 0, 1)
    assert job["last_error"]["code"] == "not_found"
    film.touch()
    drain(spool, Trade(media.answer))
    job = got(spool, job_id)
    assert (job["state"], job["result"], job["attempt"], media.asked) == ("completed", "success", 1, 2)
    assert "last_error" not in job


def test_it_is_looked_for_after_seconds(tmp_path: Path, spool: Spool) -> None:
    job_id = put(spool, tmp_path / "film.mkv", "sonarr")
    drain(spool, Trade(Media().answer), Rules(delay=1000))
    ahead = os.stat(f"{spool.root}/held/{job_id}.json").st_mtime - time.time()
    assert 2 < ahead < 6


def test_after_ten_minutes_it_fails(tmp_path: Path, spool: Spool) -> None:
    media = Media()
    waiting, late = put(spool, tmp_path / "1.mkv", "sonarr", age=590), put(spool, tmp_path / "2.mkv", "sonarr", age=610)
    drain(spool, Trade(media.answer))
    assert got(spool, waiting)["held"]["why"] == "not_found"
    job = got(spool, late)
    assert (job["state"], job["attempt"], job["record"]["error"]["code"]) == ("failed", 1, "not_found")
    drain(spool, Trade(media.answer), WAITS._replace(arrival=1.0))
    assert got(spool, waiting)["state"] == "failed"
    assert media.asked == 3


@pytest.mark.parametrize(
    "about",
    [
        pytest.param({"source": "cli"}, id="a person's"),
        pytest.param({"source": "api"}, id="a person's, over HTTP"),
        pytest.param({"source": "batch"}, id="a batch's"),
        pytest.param({"source": "sonarr", "action": "undo", "undoes": "x"}, id="an undo"),
        pytest.param({"source": "sonarr", "created_at": "yesterday"}, id="nobody knows since when"),
    ],
)
def test_any_other_file_that_is_not_there_fails(tmp_path: Path, spool: Spool, about: dict[str, Any]) -> None:
    job = {**new({"path": str(tmp_path / "film.mkv")}), **about}
    spool.put(job)
    drain(spool, Trade(Media().answer))
    assert got(spool, job["id"])["state"] == "failed"


def test_the_wait_takes_no_attempt_from_other_failures(tmp_path: Path, spool: Spool) -> None:
    film = tmp_path / "film.mkv"
    job_id = put(spool, film, "sonarr")
    drain(spool, Trade(Media().answer))
    film.touch()
    drain(spool, Trade(lambda record, _job: failed(record, "tmdb", Network("x"))))
    assert (got(spool, job_id)["held"]["why"], got(spool, job_id)["attempt"]) == ("retry", 1)


# What a job wants


def test_jobs_of_one_file_that_want_different_things_are_not_one(spool: Spool) -> None:
    wants: list[dict[str, Any]] = [{}, {"dry_run": True}, {"action": "undo", "undoes": "x"}, {"original": "ja"}, {}]
    for want in wants:
        spool.put({**new({"path": "/media/film.mkv"}), **want})
    turns, taken = Queue(spool), []
    while claims := turns.take():
        assert len({manner(claim.job) for claim in claims}) == 1
        taken.append(len(claims))
        for claim in claims:
            claim.finish("completed")
        turns.done()
    assert sum(taken) == len(wants)


def test_what_a_job_wants_is_kept_for_the_next_time() -> None:
    wants = {"dry_run": True, "confined": True, "original": "ja", "action": "undo", "undoes": "x"}
    job = renewed({**new({"path": "/x", "undo": {}}), **wants, "added": ["undo"], "result": "success"})
    assert {key: job[key] for key in wants} == wants
    assert job["record"] == {"path": "/x"}
    assert "result" not in job


@pytest.mark.parametrize("about", [{"action": "delete"}, {"action": 1}, {"original": 1}, {"undoes": ["x"]}])
def test_no_job_wants_such(about: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord):
        parse(json.dumps({"record": {"path": "/x"}, **about}).encode(), "x")


@pytest.mark.parametrize(
    ("record", "action", "result"),
    [
        ({"undo": {"status": "undone"}}, "undo", "success"),
        ({"undo": {"status": "unchanged"}}, "undo", "success"),
        ({"apply": {"status": "skipped"}, "undo": {"status": "undone"}}, "undo", "success"),
        ({"apply": {"status": "skipped"}, "undo": {"status": "undone"}}, None, "skipped"),
        ({"error": {"code": "changed_since_probe"}}, "undo", "failed"),
    ],
)
def test_the_result(record: dict[str, Any], action: str | None, result: str) -> None:
    assert result_of(record, action) == result


# Confined to the roots


@pytest.fixture
def roots(yard: Yard) -> Yard:
    """A yard whose requests may touch its media alone."""
    with (yard.folder / "config.yaml").open("a") as file:
        file.write(f"api: {{allowed_roots: [{json.dumps(str(yard.media))}]}}\n")
    return yard


@pytest.mark.parametrize("action", [{}, {"action": "undo", "undoes": "x"}], ids=["work", "undo"])
def test_outside_of_the_roots(roots: Yard, action: dict[str, Any]) -> None:
    film = roots.film()
    outside = roots.folder / "outside.mkv"
    film.rename(outside)
    link = roots.media / "link.mkv"
    link.symlink_to(outside)
    before = outside.read_bytes()
    for path in (outside, link, f"{roots.media}/../outside.mkv"):
        job = done(roots, path, status=1, confined=True, **action)
        error = job["record"]["error"]
        assert (error["code"], "apply" in job["record"]) == ("permission_denied", False)
        assert error["message"] == f"outside of api.allowed_roots ({roots.media})"
    assert outside.read_bytes() == before
    assert done(roots, outside)["record"]["apply"]["status"] == "changed", "a person's own job is not confined"


def test_inside_of_the_roots(roots: Yard) -> None:
    assert done(roots, roots.film(), confined=True)["record"]["apply"]["status"] == "changed"


def test_a_record_cannot_say_that_it_was_checked(roots: Yard) -> None:
    outside = roots.film().rename(roots.folder / "outside.mkv")
    job = done(roots, outside, status=1, confined=True, record={"path": str(outside), "jobs": {}})
    assert job["record"]["error"]["code"] == "permission_denied"


def test_without_roots_nothing_is_inside(yard: Yard) -> None:
    job = done(yard, yard.film(), status=1, confined=True)
    assert job["record"]["error"]["message"] == "outside of api.allowed_roots ()"


# Undo


def test_a_job_is_undone(yard: Yard) -> None:
    film = yard.film()
    before = film.read_bytes()
    first = done(yard, film)
    assert film.read_bytes() != before
    back = done(yard, film, source="api", action="undo", undoes=first["id"])
    assert (back["state"], back["result"], back["record"]["undo"]["status"]) == ("completed", "success", "undone")
    assert back["record"]["undo"]["edits"]
    assert "apply" not in back["record"]
    assert film.read_bytes() == before
    again = done(yard, film, action="undo", undoes=first["id"])
    assert (again["result"], again["record"]["undo"]) == ("success", {"status": "unchanged"})


def test_all_edits_of_a_job_are_undone_the_latest_first(yard: Yard) -> None:
    """A job that is done again, for English now, edits again."""
    film = yard.film()
    before = film.read_bytes()
    first = done(yard, film)
    english = (yard.folder / "config.yaml").read_text().replace("[jpn, eng]", "[eng]")
    (yard.folder / "config.yaml").write_text(english)
    second = done(yard, film, id=first["id"])
    assert second["record"]["apply"]["status"] == "changed"
    back = done(yard, film, action="undo", undoes=first["id"])
    edits = len(first["record"]["apply"]["edits"]) + len(second["record"]["apply"]["edits"])
    assert (back["record"]["undo"]["status"], len(back["record"]["undo"]["edits"])) == ("undone", edits)
    assert film.read_bytes() == before


def test_an_undo_leaves_what_others_did(yard: Yard) -> None:
    film = yard.film()
    done(yard, film)
    after = film.read_bytes()
    back = done(yard, film, action="undo", undoes="another")
    assert back["record"]["undo"] == {"status": "unchanged"}
    assert film.read_bytes() == after


def test_a_file_that_has_changed_since_is_not_undone(yard: Yard) -> None:
    film = yard.film()
    first = done(yard, film)
    with film.open("ab") as file:
        file.write(b"x")
    back = done(yard, film, status=1, action="undo", undoes=first["id"])
    assert (back["state"], back["record"]["error"]["code"]) == ("failed", "changed_since_probe")


# The original language


def test_a_person_knows_the_original_language(yard: Yard) -> None:
    text = (yard.folder / "config.yaml").read_text().replace("prefer_original: false", "prefer_original: true")
    (yard.folder / "config.yaml").write_text(text)
    chosen = done(yard, yard.film(), original="en", dry_run=True)["record"]["choose"]
    assert (chosen["language"], chosen["rule"]) == ("en", "original")
    chosen = done(yard, yard.film(), original="ja", dry_run=True)["record"]["choose"]
    assert (chosen["language"], chosen["rule"]) == ("ja", "original")


@pytest.fixture
def others(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """An Arr and players beside the yard; what is original is preferred."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Fake() as fake:
        config = yard.folder / "config.yaml"
        text = config.read_text().replace("prefer_original: false", "prefer_original: true")
        arrs = f"arr: [{{name: sonarr, url: '{fake.url}', api_key: {KEY}, rescan: always}}]\n"
        mapping = f"{{remote: /tv, local: '{yard.media}'}}"
        players = f"players: [{{kind: jellyfin, url: '{fake.url}', token: {KEY}, path_mappings: [{mapping}]}}]\n"
        config.write_text(text + arrs + players)
        yield fake


def test_what_a_webhook_left_out_is_asked_for_and_everybody_hears_of_the_change(yard: Yard, others: Fake) -> None:
    for number in range(2):
        film = yard.film(f"{number}.mkv")
        record = {"path": str(film), "arr": {"app": "sonarr", "kind": "series", "ids": {"sonarr": 42}}}
        queue(yard, film, record=record)
    jobs = yard.jobs("run", "--workers", 1)
    assert {job["record"]["arr"]["original_language"] for job in jobs} == {"ko"}
    assert {job["record"]["apply"]["status"] for job in jobs} == {"changed"}
    asked = {request.path: request.body for request in others.requests}
    assert asked["/api/v3/command"] == {"name": "RescanSeries", "seriesId": 42}
    assert {update["Path"] for update in asked["/Library/Media/Updated"]["Updates"]} == {"/tv/0.mkv", "/tv/1.mkv"}
    assert [request.path for request in others.requests].count("/api/v3/series/42") == 1
    assert len(others.requests) == 3


def test_what_cannot_be_asked_or_told_fails_no_job(yard: Yard, others: Fake) -> None:
    others.fault = lambda handler: handler.send(401, {"error": "Unauthorized"})
    film = yard.film()
    queue(yard, film, record={"path": str(film), "arr": {"app": "sonarr", "ids": {"sonarr": 42}}})
    with yard.popen("--log-format", "json", "jobs", "run", "--workers", 1) as run:
        out, said = run.communicate(timeout=PATIENCE)
    assert (run.returncode, json.loads(out)["record"]["apply"]["status"]) == (0, "changed")
    lines = [json.loads(line) for line in said.splitlines()]
    assert {line.get("component") for line in lines} == {"arr", "players"}
    assert {line["message"] for line in lines} >= {"sonarr does not accept its key (HTTP 401); it goes on without"}
    assert KEY not in said.decode()


def test_nobody_hears_of_a_dry_run(yard: Yard, others: Fake) -> None:
    done(yard, yard.film(), dry_run=True)
    assert others.requests == []


# The crew


def gone(pids: list[int]) -> None:
    """Wait until processes have ended."""
    deadline = time.monotonic() + PATIENCE
    while any(os.path.exists(f"/proc/{pid}") for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_crew_whose_reader_has_gone_ends_at_once_and_quietly(yard: Yard) -> None:
    """It has nothing to print, and would not notice by printing."""
    with yard.popen("jobs", "run", "--follow", "--workers", 2) as run:
        assert run.stdout
        assert run.stderr
        yard.add(yard.film())
        run.stdout.readline()
        workers = children(run.pid)
        assert len(workers) == 2
        run.stdout.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(10)
        run.kill()  # where it has not ended
        assert run.wait() == 141
        assert run.stderr.read() == b""
    gone(workers)


@pytest.mark.usefixtures("others")
def test_a_crew_that_is_killed_leaves_nobody(yard: Yard) -> None:
    with yard.popen("jobs", "run", "--follow", "--workers", 2, stderr=subprocess.DEVNULL) as run:
        yard.add(yard.film())
        assert run.stdout
        run.stdout.readline()
        processes = children(run.pid)
        assert len(processes) == 3, "two workers, and who tells the others"
        run.kill()
    gone(processes)


def test_a_crew_that_prints_into_a_file_goes_on(yard: Yard, tmp_path: Path) -> None:
    film = yard.film()
    with (tmp_path / "out").open("wb") as out, yard.popen("jobs", "run", "--follow", stdout=out) as run:
        yard.add(film)
        deadline = time.monotonic() + PATIENCE
        while not (tmp_path / "out").read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        run.send_signal(signal.SIGTERM)
        assert run.wait(PATIENCE) == 143


def test_workers_give_way(yard: Yard) -> None:
    with yard.popen("jobs", "run", "--follow", "--workers", 1, "--nice", 7) as run:
        yard.add(yard.film())
        assert run.stdout
        run.stdout.readline()
        (worker,) = children(run.pid)
        here = os.getpriority(os.PRIO_PROCESS, run.pid)
        assert os.getpriority(os.PRIO_PROCESS, worker) == min(here + 7, 19)
        run.terminate()


# What is said


def test_what_programs_read_of_a_message(capfd: pytest.CaptureFixture[str]) -> None:
    messages.configure(level=1, json=True)
    messages.error("plex cannot be reached", component="players", type="network")
    messages.configure(level=1, json=False)
    messages.error("plex cannot be reached", component="players", type="network")
    entry, text = capfd.readouterr().err.splitlines()
    found = json.loads(entry)
    found.pop("time")
    assert found == {
        "level": "error",
        "component": "players",
        "type": "network",
        "message": "plex cannot be reached",
    }
    assert text == "arrtheaudio: plex cannot be reached"


# What is held


def test_until_when_a_job_is_held_is_the_truth(tmp_path: Path, spool: Spool) -> None:
    """A look that finds no change moves the time on, in the file's mtime alone."""
    job_id = put(spool, tmp_path / "film.mkv", "sonarr")
    drain(spool, Trade(Media().answer))
    drain(spool, Trade(Media().answer), WAITS._replace(look=500.0))
    until = records.nanoseconds(got(spool, job_id)["held"]["until"]) / 1e9
    assert until == pytest.approx(os.stat(f"{spool.root}/held/{job_id}.json").st_mtime, abs=1e-3)
    assert 400 < until - time.time() < 600


def test_what_waits_no_longer_is_not_shown_as_held(tmp_path: Path, spool: Spool) -> None:
    film = tmp_path / "film.mkv"
    job_id = put(spool, film, "sonarr")
    drain(spool, Trade(Media().answer))
    film.touch()
    Held(spool, lambda _: True, lambda _: 0.0).release()
    assert got(spool, job_id)["state"] == "queued"
    assert "held" not in got(spool, job_id)


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, str]]]]:
    """Return what reads the lines of the log that came since."""
    messages.configure(level=2, json=True)
    yield lambda: [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    messages.configure(level=1, json=False)


def test_what_is_held_is_said_once(tmp_path: Path, spool: Spool, said: Callable[[], list[dict[str, str]]]) -> None:
    film = tmp_path / "film.mkv"
    job_id = put(spool, film, "sonarr")
    drain(spool, Trade(Media().answer), WAITS._replace(look=1000.0))
    until = got(spool, job_id)["held"]["until"]
    (line,) = said()
    assert line.pop("time")
    assert line == {
        "level": "info",
        "component": "jobs",
        "type": "not_found",
        "path": str(film),
        "job": job_id,
        "message": f"{film}: held until {until}: it is not there yet",
    }
    os.utime(f"{spool.root}/held/{job_id}.json", (0, 0))
    drain(spool, Trade(Media().answer))
    assert got(spool, job_id)["held"]["until"] > "2000", "it was looked at"
    assert said() == [], "a look is no news"


def test_what_is_held_anew_for_the_same_reason_is_no_news(
    tmp_path: Path, spool: Spool, said: Callable[[], list[dict[str, str]]]
) -> None:
    job_id, levels = put(spool, tmp_path / "film.mkv", "cli"), []
    answers = iter([Network("1"), Network("2"), Timeout("3"), Timeout("4")])
    for _ in range(4):
        drain(spool, Trade(lambda record, _job: failed(record, "probe", next(answers))), Rules(attempts=9, delay=1000))
        os.utime(f"{spool.root}/held/{job_id}.json", (0, 0))  # its time has come
        levels += [(line["level"], line["message"][-1]) for line in said()]
    assert levels == [("info", "1"), ("debug", "2"), ("info", "3"), ("debug", "4")]


# The clock


def test_what_is_in_hand_is_seen_from_another_process() -> None:
    row, watch = Row(), Watch(100.0)
    assert (row.ends(), row.read()) == (0.0, None)
    ids = tuple(f"{number:0250}" for number in range(65))
    pid = os.fork()
    if pid == 0:
        watch.use(row)
        watch.takes(b"/media/\xff.mkv", ids)
        os._exit(0)
    os.waitpid(pid, 0)
    assert 90 < row.ends() - time.monotonic() <= 100
    assert row.read() == Hand("/media/\ufffd.mkv", ids)
    watch.use(row)
    watch.takes_its_time()
    assert (row.ends(), row.read()) == (math.inf, Hand("/media/\ufffd.mkv", ids))
    watch.rests()
    assert (row.ends(), row.read()) == (0.0, None)
