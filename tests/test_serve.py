"""`serve` from start to end: what it takes, what comes of it, how it stops, and what it survives."""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from serve_rig import SECRET, Serving, basic, children, radarr, resident, sonarr
from spool_rig import Yard, until

from arrtheaudio.commands.probe import stage


def default_track(path: Path) -> list[str]:
    """Return the languages of the audio tracks that are default ones."""
    probe = stage({"path": str(path)}, 10.0)
    return [track["language"] for track in probe["tracks"] if track["type"] == "audio" and track["default"]]


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


@pytest.fixture
def serving(yard: Yard) -> Iterator[Serving]:
    with Serving(yard) as running:
        yield running


def test_a_webhook_becomes_an_edit(yard: Yard, serving: Serving) -> None:
    film = yard.film()
    before = film.stat()
    answer = serving.post("/webhook/sonarr", sonarr(film))
    assert (answer["status"], answer["file_count"]) == ("accepted", 1)
    job = serving.ended(answer["job_ids"][0])
    assert (job["state"], job["result"], job["source"]) == ("completed", "success", "sonarr")
    assert job["record"]["apply"]["status"] == "changed"
    assert default_track(film) == ["ja"]
    after = film.stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
    hook = serving.get(f"/webhook/{answer['webhook_id']}")
    assert hook["progress"]["completed"] == hook["progress"]["total"] == 1


def test_sonarrs_two_events_for_a_file_become_one_edit(yard: Yard, serving: Serving) -> None:
    films = [yard.film("1.mkv"), yard.film("2.mkv")]
    ids = [serving.post("/webhook/sonarr", sonarr(film))["job_ids"][0] for film in films]
    ids += serving.post("/webhook/sonarr", sonarr(*films))["job_ids"]
    for job_id in ids:
        assert serving.ended(job_id)["result"] == "success"
    assert len(list((yard.folder / "journal/done").iterdir())) == len(films)


def test_a_file_that_is_not_there_yet_is_waited_for(yard: Yard, serving: Serving) -> None:
    path = yard.media / "later.mkv"
    (job_id,) = serving.post("/webhook/radarr", radarr(path))["job_ids"]
    until(lambda: serving.get(f"/jobs/{job_id}")["state"] == "held")
    assert serving.get(f"/jobs/{job_id}")["held"]["why"] == "not_found"
    yard.film("later.mkv")
    assert serving.ended(job_id)["result"] == "success"


def test_a_batch_does_every_file_of_a_folder(yard: Yard, serving: Serving) -> None:
    films = yard.films(20)
    batch = serving.post("/batch", {"path": str(yard.media)})
    assert batch["status"] == "started"
    assert batch["batch_id"] == batch["job_id"]
    found = until(lambda: (b := serving.get(f"/batch/{batch['batch_id']}"))["status"] == "completed" and b)
    assert found["progress"]["total_files"] == found["progress"]["success"] == len(films)
    assert all(default_track(film) == ["ja"] for film in films)


def test_a_batch_leaves_open_what_a_person_has_to_decide(yard: Yard, serving: Serving) -> None:
    film = yard.film()
    before = film.read_bytes()
    record = {"path": str(film), "arr": {"app": "radarr", "original_language": "ja"}}
    record["tmdb"] = {"kind": "movie", "id": 1, "original_language": "en", "matched_by": "tmdb_id"}
    serving.configure(prefer_original=True)
    serving.process.send_signal(signal.SIGHUP)
    until(lambda: any("read again" in entry.get("message", "") for entry in serving.events("configuration")))
    (line,) = yard.jobs("add", input=json.dumps(record).encode())
    serving.ended(line["id"])
    (question,) = until(lambda: serving.get("/review")["review"])
    assert question["path"] == str(film)
    batch_id = serving.post("/batch", {"path": str(yard.media)})["batch_id"]
    until(lambda: serving.get(f"/batch/{batch_id}")["status"] == "completed")
    assert film.read_bytes() == before
    (question,) = until(lambda: [one for one in serving.get("/review")["review"] if one["job_id"].startswith(batch_id)])
    answer = serving.post(f"/jobs/{question['job_id']}/retry", {"original": "ja"})
    assert serving.ended(answer["id"])["record"]["apply"]["status"] == "changed"
    assert default_track(film) == ["ja"]
    until(lambda: serving.get("/review")["total"] == 0)


def test_what_a_person_takes_back_is_as_it_was(yard: Yard, serving: Serving) -> None:
    film = yard.film()
    before = film.read_bytes()
    (job_id,) = serving.post("/webhook/sonarr", sonarr(film))["job_ids"]
    serving.ended(job_id)
    assert film.read_bytes() != before
    undo = serving.ended(serving.post(f"/jobs/{job_id}/undo")["job_id"])
    assert undo["result"] == "success"
    assert film.read_bytes() == before
    assert serving.ask("POST", f"/jobs/{job_id}/undo", b"").status == 409


def test_a_path_that_leads_nowhere_is_ignored_with_a_reason(yard: Yard, tmp_path: Path) -> None:
    local = tmp_path / "media" / "tv"
    mapping = {"remote": "/tv", "local": str(local)}
    with Serving(yard, "--workers", 0, path_mappings=[mapping], api={"allowed_roots": [str(local)]}) as serving:
        answer = serving.ask("POST", "/webhook/sonarr", sonarr(Path("/movies/a.mkv")))
        assert answer.status == 200
        assert answer.json["status"] == "ignored"
        for part in ("/movies/a.mkv", "/tv", str(local)):
            assert part in answer.json["message"]
        (audit,) = until(lambda: serving.events("audit"))  # it comes after the answer
        assert (audit["status"], audit["method"], audit["path"]) == (200, "POST", "/webhook/sonarr")
        assert serving.post("/webhook/sonarr", sonarr(Path("/tv/a.mkv")))["file_count"] == 1


def test_the_secret_opens_everything_and_is_never_written(yard: Yard) -> None:
    with Serving(yard, secret=SECRET) as serving:
        film = yard.film()
        for headers in ({"Authorization": basic(SECRET)}, {"X-Api-Key": SECRET}):
            assert serving.ask("POST", "/webhook/sonarr", sonarr(film), headers).status == 202
        wrong = serving.ask("POST", "/webhook/sonarr", sonarr(film), {"Authorization": basic("no")})
        assert wrong.status == 401
        assert SECRET not in serving.log.read_text()
        assert set(serving.get("/health")["checks"]) >= {"spool", "journal", "disk_space", "tmdb", "workers", "tools"}
        assert "checks" not in serving.ask("GET", "/health", headers={"Authorization": ""}).json


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_others_are_not_let_in_without_a_secret(yard: Yard, host: str) -> None:
    with yard.popen("serve", "--host", host, "--port", 0) as process:
        _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert b"webhook_secret" in said
    assert b"Traceback" not in said


def test_a_port_that_is_taken_is_said(yard: Yard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with yard.popen("serve", "--port", port) as process:
            _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert str(port).encode() in said
    assert said.count(b"\n") == 1


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["TERM", "INT"])
def test_a_stop_ends_all_of_it_within_ten_seconds(yard: Yard, number: int, status: int) -> None:
    with Serving(yard) as serving:
        pids = until(lambda: (found := list(children(serving.process.pid)))[2:] and found)
        start = time.monotonic()
        assert serving.stop(number) == status
        assert time.monotonic() - start < 10
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        assert "Traceback" not in serving.log.read_text()


def test_a_new_configuration_is_read_and_a_wrong_one_refused(yard: Yard) -> None:
    other = yard.folder / "other"
    other.mkdir()
    with Serving(yard, "--workers", 0) as serving:
        assert serving.ask("POST", "/webhook/sonarr", sonarr(other / "a.mkv")).status == 200
        serving.configure(api={"allowed_roots": [str(other)]})
        serving.process.send_signal(signal.SIGHUP)
        until(lambda: serving.ask("POST", "/webhook/sonarr", sonarr(other / "a.mkv")).status == 202)
        serving.configure(api={"allowed_rots": [str(yard.media)]})
        serving.process.send_signal(signal.SIGHUP)
        until(lambda: any("refused" in entry.get("message", "") for entry in serving.events("configuration")))
        assert serving.ask("POST", "/webhook/sonarr", sonarr(other / "b.mkv")).status == 202


def test_what_needs_a_restart_is_said_and_the_queue_stays_one(yard: Yard) -> None:
    elsewhere = yard.folder / "elsewhere"
    with Serving(yard, before=("env", "-u", "ARRTHEAUDIO_SPOOL_PATH"), spool={"path": str(yard.spool)}) as serving:
        serving.configure(spool={"path": str(elsewhere)}, api={"host": "127.0.0.2"})
        serving.process.send_signal(signal.SIGHUP)
        events = until(lambda: [entry for entry in serving.events("configuration") if entry["level"] == "warning"])
        assert "spool.path, api.host" in events[0]["message"]
        (job_id,) = serving.post("/webhook/sonarr", sonarr(yard.film()))["job_ids"]
        assert serving.ended(job_id)["result"] == "success"
        assert not elsewhere.exists()


def test_workers_have_the_configuration_that_holds_not_the_one_on_the_disk(yard: Yard, serving: Serving) -> None:
    crew = until(lambda: list(children(serving.process.pid)))[0]
    (yard.folder / "config.yaml").write_text("languages: {nonsense")
    os.killpg(crew, signal.SIGKILL)
    (job_id,) = serving.post("/webhook/sonarr", sonarr(yard.film()))["job_ids"]
    assert serving.ended(job_id)["result"] == "success"


def test_nothing_is_imported_from_the_folder_it_is_started_in(yard: Yard) -> None:
    (yard.folder / "json.py").write_text("raise SystemExit('imported')")
    before = Path.cwd()
    os.chdir(yard.folder)
    try:
        serving = Serving(yard, before=("env", "PYTHONSAFEPATH=1"))
    finally:
        os.chdir(before)
    with serving:
        (job_id,) = serving.post("/webhook/sonarr", sonarr(yard.film()))["job_ids"]
        assert serving.ended(job_id)["result"] == "success"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        pytest.param({"logging": {"output": "/nowhere/log"}}, "logging.output /nowhere/log", id="log"),
        pytest.param({"api": {"tls": {"cert": "/nowhere.pem", "key": "/k.pem"}}}, "api.tls: /nowhere.pem", id="tls"),
        pytest.param(
            {"spool": {"path": "/tmp/one"}, "journal": {"path": "/tmp/one"}}, "the same folder", id="one folder"
        ),
        pytest.param({"journal": {"path": "/dev/null/journal"}}, "the journal /dev/null/journal", id="journal"),
    ],
)
def test_what_is_wrong_at_the_start_is_named(yard: Yard, config: dict[str, object], said: str) -> None:
    (yard.folder / "config.yaml").write_text(json.dumps(config))
    kept = {name: value for name, value in yard.environ.items() if not name.startswith("ARRTHEAUDIO_")}
    kept["ARRTHEAUDIO_CONFIG"] = str(yard.folder / "config.yaml")
    with yard.popen("serve", "--port", 0, env=kept) as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert said in errors.decode()
    assert errors.count(b"\n") == 1


def test_the_command_line_has_the_last_word_on_the_log(yard: Yard) -> None:
    process = yard.popen("--log-format", "text", "serve", "--port", 0)
    assert process.stderr is not None
    first = process.stderr.readline()
    process.terminate()
    process.communicate(timeout=15)
    assert b"listening on" in first
    assert not first.startswith(b"{")


def test_a_root_that_is_not_there_is_said(yard: Yard) -> None:
    with Serving(yard, "--workers", 0, api={"allowed_roots": ["/nowhere"]}) as serving:
        until(lambda: any("/nowhere is not there" in entry["message"] for entry in serving.events("start")))
        found = serving.get("/health")
        assert (found["status"], found["checks"]["media"]["missing"]) == ("degraded", ["/nowhere"])


def test_killed_in_mid_batch_it_goes_on_under_the_same_id(yard: Yard) -> None:
    films = yard.films(300)
    with Serving(yard) as serving:
        batch_id = serving.post("/batch", {"path": str(yard.media)})["batch_id"]
        until(lambda: serving.get(f"/batch/{batch_id}")["progress"]["processed"] > 5)
        serving.kill()
        serving.start()
        batch = until(lambda: (b := serving.get(f"/batch/{batch_id}"))["status"] == "completed" and b)
        assert batch["progress"]["total_files"] == len(films)
        assert batch["progress"]["success"] == len(films)
    assert all(default_track(film) == ["ja"] for film in films)
    names = {entry.name.partition(".")[2] for entry in (yard.folder / "journal/done").iterdir()}
    assert len(names) == len(films)


def test_workers_that_are_killed_are_started_again(yard: Yard, serving: Serving) -> None:
    (crew,) = [pid for pid in children(serving.process.pid) if b"jobs" in Path(f"/proc/{pid}/cmdline").read_bytes()][:1]
    os.killpg(crew, signal.SIGKILL)
    until(lambda: any("started again" in entry.get("message", "") for entry in serving.events("workers")))
    (job_id,) = serving.post("/webhook/sonarr", sonarr(yard.film()))["job_ids"]
    assert serving.ended(job_id)["result"] == "success"


def test_the_workers_of_a_server_that_was_killed_end_by_themselves(yard: Yard) -> None:
    with Serving(yard) as serving:
        pids = until(lambda: (found := list(children(serving.process.pid)))[2:] and found)
        serving.kill()
        until(lambda: not [pid for pid in pids if Path(f"/proc/{pid}").exists()], 10)


def test_a_job_is_in_the_log_with_its_outcome(yard: Yard, serving: Serving) -> None:
    film = yard.film("odd\n\x1b[31mname.mkv")
    (job_id,) = serving.post("/webhook/sonarr", sonarr(film))["job_ids"]
    line = until(lambda: [entry for entry in serving.events("job") if entry["job_id"] == job_id])[0]
    assert (line["path"], line["outcome"]) == (str(film), "changed")
    audit = until(lambda: serving.events("audit"))[0]
    assert {"request_id", "client", "webhook_id", "method", "path", "status"} <= audit.keys()


def test_the_log_as_text_is_one_line_an_event(yard: Yard) -> None:
    with Serving(yard) as running:
        running.stop()
    config = {"logging": {"format": "text", "output": str(yard.folder / "text.log")}}
    (yard.folder / "config.yaml").write_text(json.dumps({"api": {"allowed_roots": [str(yard.media)]}, **config}))
    process = yard.popen("serve", "--port", 0)
    log = yard.folder / "text.log"
    until(lambda: log.exists() and "listening" in log.read_text())
    process.terminate()
    _, said = process.communicate(timeout=15)
    assert said == b""
    assert all(line[:4].isdigit() for line in log.read_text().splitlines())


def test_idle_it_is_small(serving: Serving) -> None:
    serving.get("/queue")
    serving.ask("GET", "/metrics")
    assert resident(serving.process.pid) < 60 << 20


def test_a_queue_that_was_deleted_is_no_defect_of_ours(yard: Yard) -> None:
    with Serving(yard, "--workers", 0) as serving:
        shutil.rmtree(yard.spool)
        for path in ("/metrics", "/health"):
            assert serving.ask("GET", path).status == 503
        for path in ("/queue", "/jobs", "/jobs/stats", "/stats", "/changes"):
            assert serving.ask("GET", path).status in (200, 503)
        assert serving.ask("POST", "/batch", {"path": str(yard.media)}).status == 503
        assert serving.ask("POST", "/webhook/sonarr", sonarr(yard.film())).status == 503


def test_cleanup_forgets_what_is_old(yard: Yard, serving: Serving) -> None:
    (job_id,) = serving.post("/webhook/sonarr", sonarr(yard.film()))["job_ids"]
    serving.ended(job_id)
    assert serving.post("/admin/cleanup", status=200)["jobs"] == 0
    (day,) = (yard.spool / "done").iterdir()
    day.rename(day.with_name("2020-01-01"))
    assert serving.post("/admin/cleanup", {"older_than_days": 1}, status=200)["jobs"] == 1
    assert serving.ask("GET", f"/jobs/{job_id}").status == 404
