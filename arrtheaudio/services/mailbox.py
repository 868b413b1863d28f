"""What one Arr or player is to be told: gathered, sent when it is quiet, and sent again where that fails."""

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from arrtheaudio import messages
from arrtheaudio.config.settings import Arr, Config, Player
from arrtheaudio.errors import Network
from arrtheaudio.services import arr as arrs
from arrtheaudio.services import players
from arrtheaudio.services.news import News
from arrtheaudio.services.pace import PACE, Pace
from arrtheaudio.services.web import TIMEOUTS, KeyRefused, Timeouts, Unavailable


class Receiver(Protocol):
    """Who is told."""

    name: str
    component: str

    def subject(self, news: News) -> str | None:
        """Return what has to be looked at, a title's id or a folder; None where the news are of no concern."""

    def tell(self, subject: str, paths: Sequence[str]) -> None:
        """Have it looked at; a Network error where that fails."""


class ArrReceiver:
    """A Sonarr or Radarr, which scans a whole title."""

    component = arrs.COMPONENT

    def __init__(self, arr: Arr, everyone: Sequence[Arr], timeouts: Timeouts = TIMEOUTS) -> None:
        """Tell nothing yet. `everyone` are the Arrs that there are."""
        self.name = arr.name
        self._arr = arr
        self._everyone = everyone
        self._client = arrs.Client(arr, timeouts)

    def subject(self, news: News) -> str | None:
        """Return the id of the title, where a scan is wanted after such a change."""
        due = self._arr.rescan == "always" or (self._arr.rescan == "size_changed" and news.resized)
        title_id = arrs.id_in(news.arr)
        if not due or title_id is None or arrs.which(self._everyone, news.arr) != self._arr:
            return None
        return str(title_id)

    def tell(self, subject: str, paths: Sequence[str]) -> None:  # noqa: ARG002  # a title is the least it scans
        """Have the title scanned."""
        self._client.rescan(int(subject))


class PlayerReceiver:
    """A player, which looks at a folder or at its files."""

    component = players.COMPONENT

    def __init__(self, player: Player, timeouts: Timeouts = TIMEOUTS) -> None:
        """Tell nothing yet."""
        self.name = player.kind
        self._client = players.client(player, timeouts)

    def subject(self, news: News) -> str:
        """Return the folder of the file."""
        return os.path.dirname(news.path)

    def tell(self, subject: str, paths: Sequence[str]) -> None:
        """Have the folder, or the files, looked at."""
        self._client.look(subject, paths)


def receivers(config: Config, timeouts: Timeouts = TIMEOUTS) -> list[Receiver]:
    """Return everybody who wants to be told of changes."""
    told = [ArrReceiver(arr, config.arr, timeouts) for arr in config.arr if arr.rescan != "never"]
    return [*told, *(PlayerReceiver(player, timeouts) for player in config.players)]


class Mailbox:
    """The news for one receiver, and the thread that brings them."""

    def __init__(self, receiver: Receiver, pace: Pace = PACE, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the thread. `clock` gives seconds."""
        self._receiver = receiver
        self._pace = pace
        self._clock = clock
        self._queue: queue.SimpleQueue[News | None] = queue.SimpleQueue()
        self._waiting: dict[str, dict[str, None]] = {}  # the paths of each subject, in their order
        self._due = 0.0
        self._latest = 0.0  # when the first of what waits is sent at the latest
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=receiver.name, daemon=True)
        self._thread.start()

    def put(self, news: News) -> None:
        """Take news; returns at once."""
        self._queue.put(news)

    def end(self) -> None:
        """Have what waits sent once, and no more."""
        self._queue.put(None)

    def wait(self, seconds: float) -> None:
        """Wait for the end, and say what is lost if it does not come."""
        self._thread.join(max(0.0, seconds))
        lost = len(self._waiting)
        if lost:
            self._say(f"{self._receiver.name} is not told of {_changes(lost)}", "lost")

    def _run(self) -> None:
        while self._next():
            if self._waiting and self._clock() >= self._due:
                self._deliver(last=False)
        self._deliver(last=True)

    def _next(self) -> bool:
        """Wait until something comes or is due; False at the end."""
        try:
            news = self._queue.get(timeout=max(0.0, self._due - self._clock()) if self._waiting else None)
        except queue.Empty:
            return True
        if news is not None:
            self._take(news)
        return news is not None

    def _take(self, news: News) -> None:
        subject = self._receiver.subject(news)
        if subject is None:
            return
        if not self._waiting:
            self._latest = self._clock() + self._pace.longest
        self._waiting.setdefault(subject, {})[news.path] = None
        if not self._failures:
            self._due = min(self._clock() + self._pace.quiet, self._latest)

    def _deliver(self, *, last: bool) -> None:
        """Send what waits, one after the other. Who gives no answer to one is not asked for the others now."""
        for subject in list(self._waiting):
            try:
                self._receiver.tell(subject, list(self._waiting[subject]))
            except Unavailable as error:
                self._say(str(error), error.code)
                if not last:
                    self._put_off()
                return
            except KeyRefused as error:
                self._say(str(error), "key")
                self._give_up()
                return
            except Network as error:
                self._say(f"{error}; it is not told of {subject}", "rejected")
            del self._waiting[subject]
        self._failures = 0

    def _put_off(self) -> None:
        if self._failures < len(self._pace.pauses):
            self._due = self._clock() + self._pace.pauses[self._failures]
            self._failures += 1
            return
        self._give_up()

    def _give_up(self) -> None:
        self._say(f"{self._receiver.name} is given up on, and not told of {_changes(len(self._waiting))}", "lost")
        self._waiting.clear()
        self._failures = 0

    def _say(self, message: str, kind: str) -> None:
        messages.error(message, component=self._receiver.component, type=kind)


def _changes(count: int) -> str:
    return "one change" if count == 1 else f"{count:,} changes"
