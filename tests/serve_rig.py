"""What the tests of `serve` stand on: the program as a process, and requests to it through real sockets."""

import base64
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml
from spool_rig import Yard, until

SECRET = "correct horse battery staple"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


class Serving:
    """`arrtheaudio serve` on a yard's spool, with a port of its own; a `with` block ends it."""

    def __init__(
        self, yard: Yard, *words: object, secret: str | None = None, before: tuple[str, ...] = (), **config: Any
    ) -> None:
        """Write the configuration, and start; `config` are sections, such as `api={…}`; `before` starts the program."""
        self._before = before
        self.yard = yard
        self.secret = secret
        self.log = yard.folder / "serve.log"
        self._words = words
        self.configure(**config)
        self.start()

    def configure(self, **config: Any) -> None:
        """Write the configuration; media is allowed, and Japanese is wanted."""
        api = {"allowed_roots": [str(self.yard.media)]} | config.pop("api", {})
        if self.secret is not None:
            api["webhook_secret"] = self.secret
        whole = {"language_priority": ["jpn", "eng"], "prefer_original": False, "api": api} | config
        (self.yard.folder / "config.yaml").write_text(yaml.safe_dump(whole))

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self.log.open("ab") as log:
            at = log.tell()
            self.process = self.yard.popen(
                "serve", "--port", 0, *self._words, before=self._before, stdout=log, stderr=log
            )
        self.port = until(lambda: self._port(at))

    def _port(self, at: int) -> int | None:
        assert self.process.poll() is None, self.log.read_text()
        for entry in self.lines(at):
            if entry.get("event") == "start" and "url" in entry:
                return int(entry["url"].rstrip("/").rpartition(":")[2])
        return None

    def lines(self, at: int = 0) -> list[dict[str, Any]]:
        """Return the log's lines, from a byte on; each is JSON."""
        data = self.log.read_bytes()[at:]
        return [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]

    def events(self, event: str) -> list[dict[str, Any]]:
        """Return the log's lines of one kind."""
        return [entry for entry in self.lines() if entry["event"] == event]

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, timeout: float = 20
    ) -> Answer:
        """Make a request; `body` is bytes, or what becomes JSON."""
        sent = {"Authorization": basic(self.secret)} if self.secret is not None else {}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, data, {**sent, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Return the JSON of a path that must be there."""
        answer = self.ask("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def post(self, path: str, body: Any = None, status: int = 202) -> Any:
        """Return the JSON of a request that must be accepted."""
        answer = self.ask("POST", path, b"" if body is None else body)
        assert answer.status == status, answer
        return answer.json

    def ended(self, job_id: str) -> dict[str, Any]:
        """Wait for the end of a job, and return it."""

        def end() -> dict[str, Any] | None:
            job = self.get(f"/jobs/{job_id}")
            return job if job["state"] in ("completed", "failed", "cancelled") else None

        return until(end)

    def stop(self, number: int = signal.SIGTERM, seconds: float = 12.0) -> int:
        """Send a signal, and return the exit status."""
        self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def kill(self) -> None:
        """Kill it, as a power cut would, but for its workers; they end by themselves."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        """Hand it out."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End it."""
        if self.process.poll() is None:
            self.stop()


def basic(password: str, user: str = "arr") -> str:
    """Return the header's value that a browser, or an Arr, sends."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def sonarr(*paths: Path, **more: Any) -> dict[str, Any]:
    """Return what Sonarr posts when it has imported an episode, or a pack of them."""
    series = {
        "id": 42,
        "title": "Frieren",
        "path": str(paths[0].parent),
        "tvdbId": 424536,
        "tvMazeId": 61436,
        "tmdbId": 209867,
        "imdbId": "tt22248376",
        "type": "anime",
        "year": 2023,
        "tags": ["anime"],
        "originalLanguage": {"id": 8, "name": "Japanese"},
    }
    files = [{"id": 1000 + at, "relativePath": path.name, "path": str(path)} for at, path in enumerate(paths)]
    episodes = [{"id": at, "episodeNumber": at + 1, "seasonNumber": 1, "seriesId": 42} for at in range(len(paths))]
    what = {"episodeFile": files[0], "isUpgrade": False} if len(files) == 1 else {"episodeFiles": files}
    last = {"eventType": "Download", "instanceName": "Sonarr", "applicationUrl": ""}
    return {"series": series, "episodes": episodes, **what, **last, **more}


def radarr(path: Path, **more: Any) -> dict[str, Any]:
    """Return what Radarr posts when it has imported a film."""
    movie = {
        "id": 7,
        "title": "Parasite",
        "year": 2019,
        "folderPath": str(path.parent),
        "tmdbId": 496243,
        "imdbId": "tt6751668",
        "tags": [],
        "originalLanguage": {"id": 21, "name": "Korean"},
    }
    file = {"id": 301, "relativePath": path.name, "path": str(path)}
    last = {"eventType": "Download", "instanceName": "Radarr", "applicationUrl": ""}
    return {"movie": movie, "movieFile": file, "isUpgrade": False, **last, **more}


def children(pid: int) -> Iterator[int]:
    """Yield the processes below one, at whatever depth."""
    for task in os.listdir(f"/proc/{pid}/task"):
        for child in map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split()):
            yield child
            yield from children(child)


def resident(pid: int) -> int:
    """Return the memory of a process that is in RAM, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) << 10
