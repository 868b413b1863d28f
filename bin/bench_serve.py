"""Measure `serve` on loopback, its workers busy all the while: `bench_serve.py FOLDER SECONDS FILMS`.

Prints one JSON object: durable webhooks a second and their 99th percentile (by wrk, 16 connections at once), the rate
of a plain loop of write, fsync, rename, fsync of the folder on the same disk under the same load; the 99th percentile
of /health while FILMS jobs drain; the memory of the server, idle and with 100,000 jobs waiting.
"""

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
MEDIA = os.path.join(ROOT, "examples", "media")
ARRTHEAUDIO = (sys.executable, "-P", os.path.join(ROOT, "arrtheaudio", "__main__.py"))
WAITING = 100_000
CONNECTIONS = 16

# A webhook as Sonarr sends it, each for another episode.
SCRIPT = """
local number = 0
local head = '{"series":{"id":42,"title":"Frieren","path":"%s","tvdbId":424536,"tmdbId":209867,"type":"anime",' ..
  '"year":2023,"tags":["anime"],"originalLanguage":{"id":8,"name":"Japanese"}},"episodes":[{"id":1201,' ..
  '"episodeNumber":1,"seasonNumber":1,"title":"The Journey","overview":"' .. string.rep("Overview text. ", 40) ..
  '"}],"episodeFile":{"id":1001,"relativePath":"x.mkv","path":"%s/film.'
local tail = '.mkv","quality":"Bluray-1080p","size":2147483648,"languages":[{"id":8,"name":"Japanese"}]},' ..
  '"isUpgrade":false,"downloadClient":"qBittorrent","eventType":"Download","instanceName":"Sonarr"}'
local headers = {["Content-Type"] = "application/json", ["Connection"] = "close"}
request = function()
  number = number + 1
  return wrk.format("POST", "/webhook/sonarr", headers, head .. string.format("%%06d", number %% COUNT) .. tail)
end
done = function(summary, latency, requests)
  io.stderr:write(string.format('{"requests":%%d,"seconds":%%f,"p99":%%f,"errors":%%d}', summary.requests,
    summary.duration / 1e6, latency:percentile(99) / 1e6, summary.errors.status + summary.errors.timeout))
end
"""


class Server:
    """`serve` with a folder of its own."""

    def __init__(self, folder: str, workers: int) -> None:
        """Start it, and wait until it listens."""
        self.folder = folder
        self.media = os.path.join(folder, "media")
        os.makedirs(self.media, exist_ok=True)
        rates = dict.fromkeys(("webhook", "batch", "default"), "10000000/minute")
        config = {
            "language_priority": ["ja"],
            "prefer_original": False,
            "api": {"allowed_roots": [self.media], "rate_limits": rates},
            "processing": {"max_queue_size": 10 * WAITING},
        }
        with open(os.path.join(folder, "config.yaml"), "w") as file:
            json.dump(config, file)
        self.environment = {"PATH": os.environ["PATH"], "HOME": folder}
        words = [*ARRTHEAUDIO, "--config", os.path.join(folder, "config.yaml")]
        self.words = words
        self.log = os.path.join(folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*words, "serve", "--port", "0", "--workers", str(workers)], stderr=log, env=self.environment
            )
        self.port = self._port()

    def _port(self) -> int:
        while self.process.poll() is None:
            with open(self.log) as file:
                found = re.search(r'"url": "http://[^"]*:(\d+)/?"', file.read())
            if found:
                return int(found[1])
            time.sleep(0.01)
        with open(self.log) as file:
            sys.exit(f"bench: serve ended: {file.read()}")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer's JSON."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 400:
                sys.exit(f"bench: {method} {path} was answered with {answer.status}: {text.decode()}")
            return json.loads(text)

    def resident(self) -> int:
        """Return the memory of the server in RAM, in bytes."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(file.read().partition("VmRSS:")[2].split()[0]) << 10

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def serving(folder: str, name: str, workers: int) -> Iterator[Server]:
    """Give a server for a while."""
    path = os.path.join(folder, name)
    os.mkdir(path)
    server = Server(path, workers)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(path)


def films(server: Server, count: int) -> None:
    """Make films, and have the queue work on them in the background."""
    for number in range(count):
        shutil.copyfile(os.path.join(MEDIA, "mkvmerge.mkv"), os.path.join(server.media, f"film.{number:06}.mkv"))


def plain(folder: str, seconds: float) -> float:
    """Return how often a second a file of 1.5 kB is written, synced, renamed, and its folder synced, by one thread."""
    data = b"x" * 1500
    for name in ("a", "b"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    target = os.open(os.path.join(folder, "b"), os.O_RDONLY)
    count, end = 0, time.perf_counter() + seconds
    start = time.perf_counter()
    while time.perf_counter() < end:
        path = os.path.join(folder, "a", str(count))
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, data)
        os.fsync(descriptor)
        os.close(descriptor)
        os.rename(path, os.path.join(folder, "b", str(count)))
        os.fsync(target)
        count += 1
    os.close(target)
    return count / (time.perf_counter() - start)


def webhooks(folder: str, seconds: float, count: int) -> dict[str, Any]:
    """Post webhooks while two workers run, then run the plain loop while they do."""
    with serving(folder, "webhooks", 2) as server:
        films(server, count)
        script = os.path.join(server.folder, "post.lua")
        with open(script, "w") as file:
            file.write(SCRIPT.replace("COUNT", str(count)) % (server.media, server.media))
        server.ask("POST", "/batch", {"path": server.media})
        time.sleep(1)
        words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", script, f"http://127.0.0.1:{server.port}"]
        done = subprocess.run(words, capture_output=True, check=True)
        found = json.loads(done.stderr.decode().strip().splitlines()[-1])
        limit = plain(os.path.join(server.folder, "plain"), seconds)
        busy = server.ask("GET", "/jobs/stats")["jobs"]["queued"] > 0
    return {
        "rate": found["requests"] / found["seconds"],
        "p99": found["p99"],
        "errors": found["errors"],
        "limit": limit,
        "busy": busy,
    }


def health(folder: str, count: int) -> dict[str, Any]:
    """Ask for /health while as many jobs drain."""
    with serving(folder, "health", 2) as server:
        films(server, count)
        batch = server.ask("POST", "/batch", {"path": server.media})["batch_id"]
        times = []
        start = time.perf_counter()
        while True:
            for _ in range(50):
                before = time.perf_counter()
                server.ask("GET", "/health")
                times.append(time.perf_counter() - before)
                time.sleep(0.01)
            if server.ask("GET", f"/batch/{batch}")["status"] == "completed":
                break
        seconds = time.perf_counter() - start
        resident = server.resident()
    times.sort()
    return {
        "p99": times[int(len(times) * 0.99)],
        "median": statistics.median(times),
        "asked": len(times),
        "seconds": seconds,
        "resident": resident,
    }


def memory(folder: str) -> dict[str, int]:
    """Return the server's memory, idle and with many jobs waiting, both after each of its pages was asked."""
    with serving(folder, "memory", 0) as server:
        pages = ("/health", "/metrics", "/queue", "/jobs", "/jobs/stats", "/stats", "/changes", "/review", "/")
        for page in pages:
            _look(server, page)
        idle = server.resident()
        paths = b"".join(b"/media/%d.mkv\n" % number for number in range(WAITING))
        subprocess.run([*server.words, "jobs", "add"], input=paths, stdout=subprocess.DEVNULL, env=server.environment)
        for page in pages:
            _look(server, page)
        return {"idle": idle, "waiting": server.resident()}


def _look(server: Server, page: str) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", page)
        connection.getresponse().read()


def main(folder: str, seconds: float, count: int) -> None:
    """Measure, and print."""
    found = {
        "webhooks": webhooks(folder, seconds, count),
        "health": health(folder, count),
        "memory": memory(folder),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
