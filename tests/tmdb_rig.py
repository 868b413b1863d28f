"""What the tests of TMDB share: a server, a clock that stands until it is told, and clients that use both."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_tmdb import KEY, FakeTmdb

from arrtheaudio.config.settings import Secret, Tmdb
from arrtheaudio.tmdb.client import Client
from arrtheaudio.tmdb.clock import Clock
from arrtheaudio.tmdb.transport import Timeouts, Transport

START = 1767225600.0  # 2026-01-01T00:00:00Z
QUICK = Timeouts(connect=0.5, read=0.5, whole=0.8)


class Time:
    """A clock for many threads: sleeping takes no time, and is noted."""

    def __init__(self, now: float = START) -> None:
        self.time = now
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.time += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.time, self.sleep)


class Rig:
    """One cache file and one server, for any number of clients."""

    def __init__(self, folder: Path, fake: FakeTmdb) -> None:
        self.fake = fake
        self.time = Time()
        self.path = folder / "cache" / "tmdb.sqlite3"
        self.settings = Tmdb(api_key=Secret(KEY), cache_path=str(self.path), base_url=fake.url)

    def client(self, *, timeouts: Timeouts = QUICK, key: str = KEY, **changes: object) -> Client:
        settings = self.settings._replace(**changes)
        clock = self.time.clock
        return Client(
            settings, transport=lambda: Transport(settings.base_url, Secret(key), clock, timeouts), clock=clock
        )

    def offline(self) -> Client:
        return Client(self.settings, clock=self.time.clock)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTmdb]:
    """A server, which no proxy stands before."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with FakeTmdb() as server:
        yield server


@pytest.fixture
def rig(tmp_path: Path, fake: FakeTmdb) -> Rig:
    """A server, a clock and an empty cache."""
    return Rig(tmp_path, fake)
