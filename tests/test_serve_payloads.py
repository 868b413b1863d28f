"""Everything that Sonarr and Radarr send, to a whole server through real sockets; and clients that are a burden."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import arr_rig
import pytest
from serve_rig import SECRET, Serving, basic, resident, sonarr
from spool_rig import Yard

SAMPLES = Path(__file__).resolve().parent.parent.parent / "shared" / "samples" / "arr"
# What the Arrs send with every request.
HEADERS = {"User-Agent": "Sonarr/4.0.19.2979 (debian 12)", "Accept": "application/json", "Connection": "close"}


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all: the Arrs' /tv, /movies and /data are folders of ours."""
    yard = Yard(tmp_path_factory.mktemp("serve"))
    mappings = []
    for remote in ("/tv", "/movies", "/data/media"):
        local = yard.media / remote.replace("/", "-")
        local.mkdir()
        mappings.append({"remote": remote, "local": str(local)})
    with Serving(yard, "--workers", 0, secret=SECRET, path_mappings=mappings) as running:
        yield running


def bodies() -> list[Any]:
    downloads = {
        "sonarr-import": ("sonarr", arr_rig.sonarr_download(), 1),
        "sonarr-upgrade": ("sonarr", arr_rig.sonarr_upgrade(), 1),
        "sonarr-complete": ("sonarr", arr_rig.sonarr_complete(), 3),
        "radarr-import": ("radarr", arr_rig.radarr_download(), 1),
    }
    found = [pytest.param(app, body, files, id=name) for name, (app, body, files) in downloads.items()]
    idle = {**{f"{app}-Test": (app, body) for app, body in arr_rig.TEST_BODIES.items()}, **arr_rig.IDLE_BODIES}
    found += [pytest.param(app, body, 0, id=name) for name, (app, body) in idle.items()]
    if SAMPLES.exists():
        for path in sorted(SAMPLES.glob("*.json")):
            body = json.loads(path.read_bytes())
            files = len(body.get("episodeFiles", ())) or int("episodeFile" in body or "movieFile" in body)
            found.append(pytest.param(path.name.partition("_")[0], body, files, id=f"sample-{path.stem}"))
    return found


@pytest.mark.xdist_group("serve_payloads")
@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(("app", "body", "files"), bodies())
def test_every_event_is_answered_as_it_should_be(
    serving: Serving, app: str, body: dict[str, Any], files: int, method: str
) -> None:
    # Indented, as both send it; non-ASCII as it is.
    data = json.dumps(body, indent=2, ensure_ascii=False).encode()
    answer = serving.ask(method, f"/webhook/{app}", data, HEADERS)
    if files:
        assert answer.status == 202
        assert answer.json["file_count"] == len(answer.json["job_ids"]) == files
        for job_id in answer.json["job_ids"]:
            job = serving.get(f"/jobs/{job_id}")
            assert (job["state"], job["source"], job["group"]) == ("queued", app, answer.json["webhook_id"])
            assert job["record"]["path"].startswith(str(serving.yard.media))
    else:
        assert answer.status == 200
        assert answer.json["status"] == "ignored"
        assert answer.json["message"]


@pytest.mark.xdist_group("serve_payloads")
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Authorization": basic(SECRET, "sonarr")}, id="basic"),
        pytest.param({"Authorization": f"Bearer {SECRET}"}, id="bearer"),
        pytest.param({"Authorization": "", "X-Api-Key": SECRET}, id="header"),
    ],
)
def test_the_arrs_can_say_the_secret_in_each_of_their_ways(serving: Serving, headers: dict[str, str]) -> None:
    assert serving.ask("POST", "/webhook/sonarr", arr_rig.sonarr_download(), headers).status == 202


@pytest.mark.xdist_group("serve_payloads")
def test_a_hundred_slow_clients_delay_no_webhook(serving: Serving) -> None:
    with ExitStack() as slow:
        for _ in range(100):
            client = slow.enter_context(socket.create_connection(("127.0.0.1", serving.port)))
            client.sendall(b"POST /webhook/sonarr HTTP/1.1\r\nHost: x\r\nContent-Le")
        start = time.monotonic()
        assert serving.ask("POST", "/webhook/sonarr", arr_rig.sonarr_download()).status == 202
        assert time.monotonic() - start < 1


@pytest.mark.xdist_group("serve_payloads")
def test_a_body_of_200_megabytes_costs_no_memory(serving: Serving) -> None:
    serving.get("/queue")
    before = resident(serving.process.pid)
    size = 200_000_000
    with socket.create_connection(("127.0.0.1", serving.port), timeout=30) as client:
        head = (
            f"POST /webhook/sonarr HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(SECRET)}\r\nContent-Length: {size}\r\n"
        )
        client.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode())
        chunk, left = b"x" * (1 << 20), size
        peak = before
        try:
            while left > 0:
                left -= client.send(chunk[:left])
                peak = max(peak, resident(serving.process.pid))
        except OSError:
            pass  # it may end the connection before all is sent
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")
    assert peak - before < 4 << 20


@pytest.mark.xdist_group("serve_payloads")
def test_of_a_webhook_nothing_is_lost_by_a_kill(serving: Serving) -> None:
    ids = []
    for number in range(20):
        path = Path(f"/tv/{number}.mkv")
        ids += serving.post("/webhook/sonarr", sonarr(path))["job_ids"]
    serving.kill()
    serving.start()
    assert [serving.get(f"/jobs/{job_id}")["state"] for job_id in ids] == ["queued"] * len(ids)
