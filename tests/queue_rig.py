"""What the tests of the queue's answers stand on: a real spool, real folders, and the answers without the sockets.

As a program (`queue_rig.py FOLDER PATH`) it begins a batch, prints its id, and walks until it is killed.
"""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from jsonschema import Draft202012Validator
from spool_rig import PATIENCE, Yard, until

from arrtheaudio.config.settings import Api, Config, Journal, Logging, Processing
from arrtheaudio.server import batch, history, jobs
from arrtheaudio.server.batches import Batches
from arrtheaudio.server.history import History
from arrtheaudio.server.logs import Log
from arrtheaudio.server.message import Refused, Request
from arrtheaudio.server.openapi import document
from arrtheaudio.server.places import Places
from arrtheaudio.server.route import Route
from arrtheaudio.server.router import Router
from arrtheaudio.spool import Spool
from arrtheaudio.spool.job import Job, new

ROUTES = (*batch.ROUTES, *jobs.ROUTES, *history.ROUTES)
DOCUMENT = document(ROUTES)


class Answer(NamedTuple):
    """What came back."""

    status: int
    json: Any
    headers: Mapping[str, str] = {}


class Desk:
    """A service of batches, jobs and history over a yard's spool; a `with` block runs them."""

    def __init__(self, yard: Yard, **processing: Any) -> None:
        """Open the spool; the yard's media may be touched, by the yard's own workers too."""
        self.yard = yard
        self.config = Config(
            api=Api(allowed_roots=(str(yard.media),)),
            processing=Processing(**processing),
            journal=Journal(path=str(yard.folder / "journal")),
            logging=Logging(output=str(yard.folder / "serve.log")),
        )
        config = yard.folder / "config.yaml"
        if "api:" not in config.read_text():
            with config.open("a") as file:
                file.write(f"api: {{allowed_roots: [{json.dumps(str(yard.media))}]}}\n")
        self.open()

    def open(self) -> None:
        """Begin anew, as a new process does."""
        self.places = Places(self.config)
        self.log = Log(self.config.logging)
        self._close_log()  # it is opened again by the first line
        self.spool = Spool(str(self.yard.spool))
        self.history = History(self)  # type: ignore[arg-type]  # it is as much of a service as they need
        self.batches = Batches(self)  # type: ignore[arg-type]
        self.told: list[Job] = []
        self.history.listeners.append(self.told.append)

    def __enter__(self) -> Self:
        """Start what goes on beside the answers."""
        self.history.start()
        self.batches.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """End it."""
        self.batches.stop()
        self.history.stop()
        self._close_log()

    def _close_log(self) -> None:
        for handler in self.log._logger.handlers:
            handler.close()

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """Return the answer to a request; what is not refused holds to the schema of its route."""
        try:
            route, parameters = Router(ROUTES).find(method, path)
            data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            texts = {key: str(value) for key, value in query.items()}
            request = Request(method, path, texts, body=data, parameters=parameters)
            response = route.answer(self, request)  # type: ignore[arg-type]
        except Refused as refused:
            return Answer(refused.status, refused.response("").body["error"], refused.headers)
        found = json.loads(json.dumps(response.body))
        _hold(route, response.status, found)
        return Answer(response.status, found, response.headers)

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON of what must be there."""
        answer = self.ask("GET", path, **query)
        assert answer.status == 200, answer
        return answer.json

    def begin(self, **body: Any) -> str:
        """Begin a batch, of the media where nothing else is said, and return its id."""
        answer = self.ask("POST", "/batch", {"path": str(self.yard.media)} | body)
        assert answer.status == 202, answer
        assert answer.json["job_id"] == answer.json["batch_id"]
        return str(answer.json["batch_id"])

    def until(self, batch_id: str, *statuses: str) -> dict[str, Any]:
        """Wait until a batch has one of these states, and return it."""
        return until(lambda: (found := self.get(f"/batch/{batch_id}"))["status"] in statuses and found)

    def work(self, *words: object) -> list[dict[str, Any]]:
        """Do what waits, with the workers of the program."""
        return self.yard.jobs("run", *words, status=None)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of the log of one kind, without their times."""
        lines = map(json.loads, (self.yard.folder / "serve.log").read_text().splitlines())
        return [{key: line[key] for key in line if key != "time"} for line in lines if line["event"] == event]

    def put(self, path: object, **more: Any) -> str:
        """Queue a job, and return its id."""
        names = ("priority", "source", "group", "number")
        job = new({"path": str(path)}, **{name: more.pop(name) for name in names if name in more}) | more
        self.spool.put(job)
        return str(job["id"])


def _hold(route: Route, status: int, found: Any) -> None:
    schema = route.answers[status][1]
    Draft202012Validator({**(schema or {}), "components": DOCUMENT["components"]}).validate(found)


def main(folder: str, path: str, most: str) -> None:
    """Begin a batch, or go on with one, and walk until killed."""
    yard = Yard.__new__(Yard)
    yard.folder, yard.spool, yard.media = Path(folder), Path(folder) / "spool", Path(folder) / "media"
    with Desk(yard, max_queue_size=int(most)) as desk:
        batches = desk.get("/batch")["batches"]
        print(batches[0]["job_id"] if batches else desk.begin(path=path), flush=True)
        time.sleep(PATIENCE)


if __name__ == "__main__":
    main(*sys.argv[1:])
