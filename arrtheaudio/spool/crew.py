"""Workers as processes: one that is killed, or that a codec takes down, loses its own job alone, and that not for long.

Threads would die together. The kernel keeps the locks on media files by process, and frees them at its end.
"""

import contextlib
import os
import select
import signal
import stat
import sys
from collections.abc import Callable, Generator, Iterator

from arrtheaudio import messages
from arrtheaudio.core import record as records
from arrtheaudio.errors import Error, Fatal, from_os
from arrtheaudio.signals import Signals, Stopped
from arrtheaudio.spool.job import Job

_CHUNK = 1 << 16
_MOST_DEATHS = 10  # one after the other, without a job done in between


class Parent:
    """Whom a worker process tells of its jobs."""

    def __init__(self, writer: int) -> None:
        """Take the end of the pipe that leads there."""
        self._writer = writer
        self._poll = select.poll()
        self._poll.register(writer, 0)

    def tell(self, job: Job) -> None:
        """Say that a job is finished; a parent that has died does not hear it."""
        view = memoryview(records.line(job))
        with contextlib.suppress(BrokenPipeError):
            while view:
                view = view[os.write(self._writer, view) :]

    def listens(self) -> bool:
        """Say whether the parent still wants more."""
        return not self._poll.poll(0)


# What a worker process does: its share of the jobs (None: all there are), and it tells of each.
Work = Callable[[int | None, Parent], None]


class _Member:
    """A worker process, as its parent sees it."""

    def __init__(self, pid: int, reader: int, share: int | None, deaths: int) -> None:
        self.pid = pid
        self.reader = reader
        self.share = share
        self.deaths = deaths
        self.rest = b""


class Crew:
    """Starts worker processes, gives on what they report, and starts another one for each that is killed."""

    def __init__(self, work: Work, signals: Signals, output: int | None = None) -> None:
        """Start nothing yet. `output` is the descriptor on which somebody reads what is done, if anybody does."""
        self._work = work
        self._signals = signals
        self._members: dict[int, _Member] = {}
        self._poll = select.poll()
        self._output = output if output is not None and _is_pipe(output) else None
        if self._output is not None:
            self._poll.register(self._output, 0)  # POLLERR alone: nobody reads it any more
        self._stopping = False
        self.failed = False

    def run(self, count: int, most: int | None = None) -> Generator[Job, None, None]:
        """Yield each finished job, until all workers have ended. Closed early, it lets each end the job in hand.

        BrokenPipeError, as soon as who reads `output` has gone, whether there is anything to print or not.
        """
        shares = [None if most is None else most // count + (at < most % count) for at in range(count)]
        for share in shares:
            if share != 0:
                self._start(share, 0)
        try:
            while self._members:
                for reader in self._ready():
                    yield from self._hear(self._members[reader])
        finally:
            self._dismiss()

    def _start(self, share: int | None, deaths: int) -> None:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._be_a_worker(writer, [reader, *self._members], share)
        os.close(writer)
        self._members[reader] = _Member(pid, reader, share, deaths)
        self._poll.register(reader, select.POLLIN)

    def _be_a_worker(self, writer: int, inherited: list[int], share: int | None) -> None:
        """Work, and end the process."""
        status = 1
        try:
            for reader in inherited:
                os.close(reader)
            self._work(share, Parent(writer))
            status = 0
        except (Fatal, Error) as error:
            messages.error(str(error))
        except OSError as error:
            messages.error(f"the spool: {from_os(error)}")
        except BaseException:  # the parent's own handlers must not run here
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)

    def _ready(self) -> list[int]:
        try:
            with self._signals.waiting:
                if not self._stopping:
                    self._signals.check()
                ready = [reader for reader, _ in self._poll.poll()]
        except Stopped:
            self._stop()
            return []
        if self._output in ready:
            raise BrokenPipeError
        return ready

    def _stop(self) -> None:
        self._stopping = True
        for member in self._members.values():
            os.kill(member.pid, signal.SIGTERM)

    def _hear(self, member: _Member) -> Iterator[Job]:
        chunk = os.read(member.reader, _CHUNK)
        if not chunk:
            self._end(member)
            return
        *lines, member.rest = (member.rest + chunk).split(b"\n")
        for line in lines:
            member.deaths = 0
            if member.share is not None:
                member.share -= 1
            yield records.parse(line)

    def _end(self, member: _Member) -> None:
        """See how a worker ended; one that was killed is replaced."""
        status = self._part(member)
        if status > 0:
            self.failed = True
        elif status < 0 and not self._stopping:
            messages.error(f"a worker was killed by signal {-status}; its job is taken up again")
            if member.deaths < _MOST_DEATHS and member.share != 0:
                self._start(member.share, member.deaths + 1)
            else:
                self.failed = True

    def _part(self, member: _Member) -> int:
        self._poll.unregister(member.reader)
        del self._members[member.reader]
        os.close(member.reader)
        return os.waitstatus_to_exitcode(os.waitpid(member.pid, 0)[1])

    def _dismiss(self) -> None:
        """Stop listening, which the workers see after the job in hand; and wait for them."""
        for member in list(self._members.values()):
            self._part(member)


def _is_pipe(descriptor: int) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    return False
