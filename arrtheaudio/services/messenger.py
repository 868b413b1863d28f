"""Tells Arrs and players what was changed, from a process of its own: no job waits for it, and none fails by it."""

import contextlib
import os
import select
import signal
import sys
from time import monotonic
from typing import TYPE_CHECKING, Self

from arrtheaudio import messages
from arrtheaudio.core import record as records
from arrtheaudio.errors import Error
from arrtheaudio.services.news import News, of_job
from arrtheaudio.services.pace import PACE, Pace
from arrtheaudio.signals import Signals, Stopped
from arrtheaudio.spool.job import Job

if TYPE_CHECKING:
    from arrtheaudio.config import Config
    from arrtheaudio.services.mailbox import Mailbox

# Seconds after the end's own, until the process is killed.
_GRACE = 0.5
# Bytes that may wait for a process that does not read them; a line has some 500.
_MOST_UNREAD = 1 << 20


def wanted(config: "Config") -> bool:
    """Say whether there is anybody to be told."""
    return bool(config.players) or any(arr.rescan != "never" for arr in config.arr)


class Messenger:
    """The process, as its parent sees it; none where nobody wants to be told. To be started before any worker."""

    def __init__(self, config: "Config", signals: Signals, pace: Pace = PACE) -> None:
        """Start nothing yet."""
        self._config = config
        self._signals = signals
        self._pace = pace
        self._pid = 0
        self._writer = self._ended = -1
        self._unread = b""

    def __enter__(self) -> Self:
        """Start the process."""
        if wanted(self._config):
            self._start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Have it tell what it knows, within seconds, and end it."""
        if self._pid:
            self._end(self._pace.hurried if self._signals.number else self._pace.end)

    def leave(self) -> None:
        """Let go of it, in a worker: it ends when its parent, and nobody else, has gone."""
        if self._pid:
            os.close(self._writer)
            os.close(self._ended)
            self._pid = 0

    def told(self, job: Job) -> Job:
        """Give on what a finished job changed, and return the job: at once, whatever becomes of it."""
        news = of_job(job) if self._pid else None
        if news is not None:
            self._send(records.ascii_line(news.to_record()))
        return job

    def _start(self) -> None:
        reader, self._writer = os.pipe()
        self._ended, alive = os.pipe()
        pid = os.fork()
        if pid == 0:
            for descriptor in (self._writer, self._ended):
                os.close(descriptor)
            _be_the_messenger(reader, self._config, self._pace)
        for descriptor in (reader, alive):
            os.close(descriptor)
        os.set_blocking(self._writer, False)
        self._pid = pid

    def _send(self, line: bytes) -> None:
        self._unread += line
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            while self._unread:
                self._unread = self._unread[os.write(self._writer, self._unread) :]
        if self._gone(0) or len(self._unread) > _MOST_UNREAD:
            self._kill()
            messages.error("nobody is told of changes any more: the messenger died", component="messenger", type="lost")

    def _gone(self, seconds: float) -> bool:
        """Say whether the process has ended, or does within seconds; a signal ends the wait."""
        poll = select.poll()
        poll.register(self._ended, 0)  # POLLHUP: the other end went with the process
        try:
            with self._signals.waiting:
                return bool(poll.poll(seconds * 1000))
        except Stopped:
            return False

    def _end(self, seconds: float) -> None:
        self._send(records.ascii_line({"end": seconds}))
        if not self._pid:
            return
        ended = self._gone(seconds + _GRACE)
        self._kill()
        if not ended:
            messages.error("not everybody was told of all changes", component="messenger", type="lost")

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self.leave()


def _be_the_messenger(reader: int, config: "Config", pace: Pace) -> None:
    """Tell until the parent has gone, and end the process."""
    try:
        # Standard output is for jobs, and who reads them waits for its end.
        for descriptor, mode in ((0, "rb"), (1, "wb")):
            with open(os.devnull, mode) as nothing:
                os.dup2(nothing.fileno(), descriptor)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _serve(reader, config, pace)
    except BaseException:  # the parent's own handlers must not run here
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(0)


def _serve(reader: int, config: "Config", pace: Pace) -> None:
    from arrtheaudio.pipeline import split

    mailboxes: list[Mailbox] = []
    seconds = pace.end
    for line in split(reader, b"\n"):
        try:
            record = records.parse(line)
        except Error:
            break  # the parent was killed while it wrote
        if "end" in record:
            seconds = record["end"]
            break
        mailboxes = mailboxes or _mailboxes(config, pace)
        for mailbox in mailboxes:
            mailbox.put(News.from_record(record))
    deadline = monotonic() + seconds
    for mailbox in mailboxes:
        mailbox.end()
    for mailbox in mailboxes:
        mailbox.wait(deadline - monotonic())


def _mailboxes(config: "Config", pace: Pace) -> list["Mailbox"]:
    # To import requests costs 100 ms, which most runs that change nothing need not pay.
    from arrtheaudio.services.mailbox import Mailbox, receivers

    return [Mailbox(receiver, pace) for receiver in receivers(config)]
