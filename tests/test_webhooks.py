"""Answers to what the Arrs post, with a real queue: what is accepted is on disk; nothing an Arr sends is an error."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import arr_rig as rig
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shell import validator

from arrtheaudio.config.settings import Api, Config, PathMapping
from arrtheaudio.server import schemas
from arrtheaudio.server.message import Refused, Request, Response
from arrtheaudio.server.places import Places
from arrtheaudio.server.webhooks import ROUTES
from arrtheaudio.spool import Spool, ask

if TYPE_CHECKING:
    from arrtheaudio.server.service import Service

SONARR, RADARR, ASKED = ROUTES


class Door:
    """A queue, media folders as both sides call them, and what is posted and asked."""

    def __init__(self, folder: Path, **api: Any) -> None:
        """Make the folders."""
        self.media = folder / "media"
        for name in ("tv", "movies"):
            (self.media / name).mkdir(parents=True, exist_ok=True)
        pairs = (PathMapping("/tv", f"{self.media}/tv"), PathMapping("/movies", f"{self.media}/movies"))
        self.spool = Spool(str(folder / "spool"))
        config = Config(path_mappings=pairs, api=Api(**({"allowed_roots": (str(self.media),)} | api)))
        parts = SimpleNamespace(config=config, places=Places(config), spool=self.spool)
        self.service = cast("Service", parts)

    def post(self, app: str, body: Any) -> Response:
        """Post a body, JSON unless it is bytes; the answer holds to its schema, whichever way it is sent."""
        route = {"sonarr": SONARR, "radarr": RADARR}[app]
        data = body if isinstance(body, bytes) else json.dumps(body, indent=2).encode()
        response = route.answer(self.service, Request(route.methods[0], route.path, body=data))
        schema = route.answers[response.status][1]
        jsonschema.validate(response.body, {**(schema or {}), "components": {"schemas": schemas.SCHEMAS}})
        json.dumps(dict(response.about))
        return response

    def ask(self, webhook_id: str) -> dict[str, Any]:
        """Return what is told of a webhook."""
        found = ASKED.answer(self.service, Request("GET", "", parameters={"webhook_id": webhook_id}))
        assert found.status == 200
        body: dict[str, Any] = json.loads(json.dumps(found.body))
        return body

    def jobs(self) -> list[dict[str, Any]]:
        """Return all jobs, the oldest first."""
        return sorted(ask.jobs(self.spool, ask.Wanted()), key=lambda job: str(job["id"]))

    def finish(self, job_id: str, state: str) -> None:
        """Bring a job to its end, as a worker does."""
        folder, _, name = (self.spool.find(job_id) or "").rpartition("/")
        claim = self.spool.claim(folder, name)
        assert claim is not None
        claim.begin()
        if state != "running":
            claim.finish(state)

    def ours(self, path: str) -> str:
        """Return our path for an Arr's."""
        return f"{self.media}{path}"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """A door."""
    return Door(tmp_path)


# Accepted


def test_an_import_is_a_job_on_disk(door: Door) -> None:
    response = door.post("sonarr", rig.sonarr_download())
    body = response.body
    assert (response.status, body["status"], body["file_count"]) == (202, "accepted", 1)
    assert body["job_ids"] == [f"{body['webhook_id']}.000001"]
    (job,) = door.jobs()
    assert (job["id"], job["group"]) == (body["job_ids"][0], body["webhook_id"])
    assert (job["priority"], job["source"], job["confined"], job["state"]) == ("webhook", "sonarr", True, "queued")
    assert job["record"]["path"] == door.ours(rig.EPISODE)
    assert job["record"]["arr"]["original_language"] == "ja"
    validator().validate(job["record"])
    about = {
        "webhook_id": body["webhook_id"],
        "arr_event": "Download",
        "outcome": "accepted",
        "source": "sonarr",
        "files": 1,
    }
    assert response.about.items() >= about.items()
    assert response.about["paths"] == [door.ours(rig.EPISODE)]


def test_an_import_of_radarr_is_one_too(door: Door) -> None:
    assert door.post("radarr", rig.radarr_download()).status == 202
    (job,) = door.jobs()
    assert (job["source"], job["record"]["path"]) == ("radarr", door.ours(rig.MOVIE))


def test_a_pack_is_a_job_for_each_file(door: Door) -> None:
    body = door.post("sonarr", rig.sonarr_complete()).body
    assert body["file_count"] == 3
    assert body["job_ids"] == [f"{body['webhook_id']}.{number:06d}" for number in (1, 2, 3)]
    assert [job["record"]["path"] for job in door.jobs()] == [*map(door.ours, rig.EPISODES)]


def test_a_pack_of_more_files_than_are_put_at_once(door: Door) -> None:
    paths = [f"/tv/Long/{number:04}.mkv" for number in range(300)]
    body = door.post("sonarr", rig.sonarr_complete(paths)).body
    assert body["file_count"] == len(body["job_ids"]) == 300
    assert [job["record"]["path"] for job in door.jobs()] == [*map(door.ours, paths)]


def test_what_came_to_the_wrong_door_is_accepted_and_said(door: Door) -> None:
    body = door.post("sonarr", rig.radarr_download()).body
    assert body["status"] == "accepted"
    assert "Radarr" in body["message"]
    assert [job["source"] for job in door.jobs()] == ["radarr"]


def test_a_full_queue_takes_what_an_arr_sends(door: Door) -> None:
    config = door.service.config
    door.service.config = config._replace(processing=config.processing._replace(max_queue_size=1))
    assert [door.post("radarr", rig.radarr_download()).status for _ in range(3)] == [202, 202, 202]


def test_the_files_that_we_may_not_go_to_are_left_out_of_a_pack(door: Door) -> None:
    paths = [rig.EPISODES[0], "/etc/passwd", "/downloads/x.mkv", rig.EPISODES[1]]
    response = door.post("sonarr", rig.sonarr_complete(paths))
    assert (response.status, response.body["file_count"]) == (202, 2)
    assert [(one["path"], one["reason"]) for one in response.body["ignored"]] == [
        ("/etc/passwd", "not_mapped"),
        ("/downloads/x.mkv", "not_mapped"),
    ]
    assert [job["record"]["path"] for job in door.jobs()] == [*map(door.ours, rig.EPISODES[:2])]
    assert response.about["ignored"] == ["/etc/passwd", "/downloads/x.mkv"]


def test_two_names_of_one_path_are_one_job(door: Door) -> None:
    body = door.post("sonarr", rig.sonarr_complete([rig.EPISODE, rig.EPISODE.replace("/Season", "//./Season")])).body
    assert body["file_count"] == len(door.jobs()) == 1


def test_a_put_is_a_post() -> None:
    assert [{*route.methods} for route in (SONARR, RADARR)] == [{"POST", "PUT"}] * 2


# Ignored


@pytest.mark.parametrize(("app", "body"), rig.IDLE_BODIES.values(), ids=rig.IDLE_BODIES)
def test_an_event_without_work_is_ignored(door: Door, app: str, body: dict[str, Any]) -> None:
    response = door.post(app, body)
    assert (response.status, response.body["status"], response.body["reason"]) == (200, "ignored", "no_work")
    about = {"arr_event": body["eventType"], "outcome": "ignored", "reason": "no_work", "source": app}
    assert response.about.items() >= about.items()
    assert door.jobs() == []
    assert os.listdir(f"{door.spool.root}/batches") == []


@pytest.mark.parametrize("app", rig.TEST_BODIES)
def test_a_test_is_answered_without_a_look_at_its_path(tmp_path: Path, app: str) -> None:
    response = Door(tmp_path, allowed_roots=()).post(app, rig.TEST_BODIES[app])
    assert (response.status, response.body["status"], response.body["reason"]) == (200, "ignored", "test")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("/etc/passwd", "not_mapped", id="elsewhere"),
        pytest.param("/tv/../../etc/passwd", "not_mapped", id="dots"),
        pytest.param("/tv/out/x.mkv", "outside", id="a link"),
        pytest.param("C:\\tv\\x.mkv", "not_mapped", id="windows"),
        pytest.param("tv/x.mkv", "not_a_path", id="relative"),
        pytest.param("/tv/\0", "not_a_path", id="a NUL"),
        pytest.param("/tv/\ud800.mkv", "not_a_path", id="a lone surrogate"),
    ],
)
def test_a_path_that_we_may_not_go_to_is_ignored(door: Door, path: str, reason: str) -> None:
    (door.media / "tv/out").symlink_to("/etc")
    response = door.post("sonarr", rig.sonarr_download(episodeFile=rig.file(path, "/tv")))
    assert (response.status, response.body["status"], response.body["reason"]) == (200, "ignored", reason)
    assert response.body["message"]
    assert response.about.items() >= {"outcome": "ignored", "reason": reason, "paths": [path]}.items()
    assert door.jobs() == []


def test_of_several_paths_each_is_told(door: Door) -> None:
    body = door.post("sonarr", rig.sonarr_complete(["/etc/a.mkv", "x.mkv"])).body
    assert [one["reason"] for one in body["ignored"]] == ["not_mapped", "not_a_path"]


def test_without_roots_everything_is_ignored(tmp_path: Path) -> None:
    response = Door(tmp_path, allowed_roots=()).post("sonarr", rig.sonarr_download())
    assert (response.status, response.body["reason"]) == (200, "no_roots")
    assert "api.allowed_roots" in response.body["message"]


# Not from an Arr


@pytest.mark.parametrize(
    "body", [b"", b"{", b"not json", b"[1]", b'"text"', b"\xff\xfe", b'{"a":' * 99 + b"1" + b"}" * 99], ids=repr
)
def test_what_is_no_json_object_is_an_error(door: Door, body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        door.post("sonarr", body)
    assert caught.value.status == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*rig.sonarr_download()]), inner),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=st.dictionaries(st.sampled_from([*rig.sonarr_download(), "episodeFiles", "movie"]), JSON, max_size=4))
def test_a_body_of_wrong_kinds_is_accepted_or_ignored(door: Door, change: dict[str, Any]) -> None:
    response = door.post("sonarr", rig.sonarr_download() | change)
    assert response.status in (200, 202)
    assert all(door.spool.get(job_id) is not None for job_id in response.body.get("job_ids", []))


# A disk that fails


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS], ids=errno.errorcode.get)
def test_a_disk_that_takes_nothing_is_said_to_be_for_later(
    door: Door, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    for body in (rig.sonarr_download(), rig.sonarr_complete()):
        with pytest.raises(Refused) as caught:
            door.post("sonarr", body)
        assert caught.value.status == 503
        assert int(caught.value.headers["Retry-After"]) > 0
        assert door.spool.root in str(caught.value)
    assert door.jobs() == []


def test_a_record_of_the_webhook_that_cannot_be_kept_costs_no_job(door: Door) -> None:
    os.rmdir(f"{door.spool.root}/batches")
    body = door.post("sonarr", rig.sonarr_complete()).body
    assert body["file_count"] == 3
    found = door.ask(body["webhook_id"])
    assert (found["source"], found["event"], found["progress"]["total"]) == ("sonarr", "Download", 3)
    assert [job["id"] for job in found["jobs"]] == body["job_ids"]


# Asked


def test_a_webhook_says_how_far_its_jobs_are(door: Door) -> None:
    other = door.post("radarr", rig.radarr_download()).body
    body = door.post("sonarr", rig.sonarr_complete()).body
    found = door.ask(body["webhook_id"])
    jsonschema.validate(
        found, {**(ASKED.answers[200][1] or {}), "components": {"schemas": schemas.SCHEMAS | {"Record": {}}}}
    )
    none = dict.fromkeys(("held", "running", "completed", "failed", "cancelled"), 0)
    assert found["progress"] == none | {"total": 3, "queued": 3}
    assert (found["webhook_id"], found["source"], found["event"]) == (body["webhook_id"], "sonarr", "Download")
    assert found["created_at"] == found["jobs"][0]["created_at"]
    assert [job["id"] for job in found["jobs"]] == body["job_ids"]
    for job_id, state in zip(body["job_ids"], ("completed", "failed", "running"), strict=True):
        door.finish(job_id, state)
    found = door.ask(body["webhook_id"])
    assert found["progress"] == none | {"total": 3, "queued": 0, "completed": 1, "failed": 1, "running": 1}
    assert [job["state"] for job in found["jobs"]] == ["completed", "failed", "running"]
    assert door.ask(other["webhook_id"])["progress"]["total"] == 1


@pytest.mark.parametrize(
    ("states", "status"),
    [
        pytest.param(("queued", "queued"), "queued", id="nothing yet"),
        pytest.param(("completed", "queued"), "running", id="one done"),
        pytest.param(("running", "queued"), "running", id="one in hand"),
        pytest.param(("completed", "completed"), "completed", id="all done"),
        pytest.param(("completed", "failed"), "failed", id="one failed"),
        pytest.param(("cancelled", "completed"), "cancelled", id="one cancelled"),
    ],
)
def test_the_status_of_the_whole(door: Door, states: tuple[str, ...], status: str) -> None:
    body = door.post("sonarr", rig.sonarr_complete(rig.EPISODES[:2])).body
    for job_id, state in zip(body["job_ids"], states, strict=True):
        if state != "queued":
            door.finish(job_id, state)
    assert door.ask(body["webhook_id"])["status"] == status


def test_what_a_webhook_was_made_from_is_kept(door: Door) -> None:
    body = door.post("sonarr", rig.sonarr_complete([*rig.EPISODES, "/etc/passwd"])).body
    kept = json.loads(Path(door.spool.root, "batches", f"{body['webhook_id']}.json").read_bytes())
    assert kept["id"] == body["webhook_id"]
    assert (kept["source"], kept["event"], kept["instance"], kept["files"]) == ("sonarr", "Download", "Sonarr", 3)
    assert kept["paths"] == [*map(door.ours, rig.EPISODES)]
    assert [one["path"] for one in kept["ignored"]] == ["/etc/passwd"]


def _batch(door: Door) -> str:
    """Put what is a batch, and no webhook."""
    from arrtheaudio.spool.put import batch

    name = "1795549222410566020.vm.5b2dd411"
    batch(door.spool, name, {"source": "batch"})
    return name


@pytest.mark.parametrize(
    "webhook_id",
    [
        pytest.param(lambda _: "1795549222410566020.vm.5b2dd411", id="none of that id"),
        pytest.param(lambda _: "x", id="no id"),
        pytest.param(lambda _: "1795549222410566020./../../format", id="a way out"),
        pytest.param(lambda _: "1795549222410566020.\0", id="a NUL"),
        pytest.param(_batch, id="a batch"),
    ],
)
def test_what_is_no_webhook_is_not_found(door: Door, webhook_id: Callable[[Door], str]) -> None:
    with pytest.raises(Refused) as caught:
        door.ask(webhook_id(door))
    assert caught.value.status == 404
