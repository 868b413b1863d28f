"""Workers as processes: one that is killed, or that a codec takes down, loses its own job alone, and that not for long.

Threads would die together. The kernel keeps the locks on media files by process, and frees them at its end. And a
process that hangs, since the mount of its file is dead, can be killed; where it cannot, another one takes its place.
"""

import contextlib
import math
import os
import select
import signal
import stat
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Protocol

from arrtheaudio import messages
from arrtheaudio.core import record as records
from arrtheaudio.errors import Error, Fatal, from_os
from arrtheaudio.output import STDOUT
from arrtheaudio.signals import Signals, Stopped
from arrtheaudio.spool.job import Job
from arrtheaudio.spool.member import GRACE, Member
from arrtheaudio.spool.watch import Row, Watch

_CHUNK = 1 << 16
_MOST_DEATHS = 10  # one after the other, without a job done in between
_LAST = 5.0  # seconds that the jobs in hand have, when a signal asks for the end
_PAUSE = 0.02  # seconds between two looks at workers that are to end their jobs, and then themselves


class Parent:
    """Whom a worker process tells of its jobs."""

    def __init__(self, writer: int, watch: Watch | None = None, *, mends: bool = True) -> None:
        """Take the end of the pipe that leads there, and what the parent sees besides.

        With `mends`, the worker cleans up after crashes; not where one before it hung.
        """
        self.watch = watch or Watch()
        self.mends = mends
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


class Rescue(Protocol):
    """What becomes of the jobs of a worker that was killed, by their ids; both return those that are finished."""

    def overdue(self, ids: Sequence[str], seconds: float, pid: int) -> list[Job]:
        """Settle them: their file gave no answer within so many seconds."""

    def put_back(self, ids: Sequence[str]) -> list[Job]:
        """Let them wait again: there was no time to end them."""


class Crew:
    """Starts worker processes, gives on what they report, and starts another one for each that is killed.

    One that has a file in hand for longer than the watch allows is killed, and its jobs are rescued.
    """

    def __init__(self, work: Work, signals: Signals, watch: Watch, rescue: Rescue, output: int | None = None) -> None:
        """Start nothing yet. `output` is the descriptor on which somebody reads what is done, if anybody does."""
        self._work = work
        self._signals = signals
        self._watch = watch
        self._rescue = rescue
        self._members: list[Member] = []
        self._readers: dict[int, Member] = {}
        self._poll = select.poll()
        self._output = output if output is not None and _is_pipe(output) else None
        if self._output is not None:
            self._poll.register(self._output, 0)  # POLLERR alone: nobody reads it any more
        self._wanted = 0
        self._leaving = False  # nobody is replaced any more
        self._stop_at = math.inf  # when the jobs in hand have had their time, after a signal
        self.failed = False

    def run(self, count: int, most: int | None = None, *, follow: bool = False) -> Generator[Job, None, None]:
        """Yield each finished job, until all workers have ended. Closed early, it lets each end the job in hand.

        With `follow`, it waits for workers that cannot die too, rather than to have none.
        BrokenPipeError, as soon as who reads `output` has gone, whether there is anything to print or not.
        """
        self._wanted = count
        shares = [None if most is None else most // count + (at < most % count) for at in range(count)]
        for share in shares:
            if share != 0:
                self._start(share)
        try:
            while self._goes_on(follow):
                for reader in self._ready():
                    yield from self._hear(self._readers[reader])
                yield from self._look_after()
        finally:
            self._dismiss()

    def _goes_on(self, follow: bool) -> bool:
        return not all(member.lost for member in self._members) or (follow and bool(self._members) and not self._stops)

    @property
    def _stops(self) -> bool:
        return self._stop_at < math.inf

    def _start(self, share: int | None, deaths: int = 0, *, mends: bool = True) -> None:
        row = Row()
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._be_a_worker(Parent(writer, self._watch, mends=mends), row, [reader, *self._readers], share)
        os.close(writer)
        member = Member(pid, reader, row, share, deaths)
        self._members.append(member)
        self._readers[reader] = member
        self._poll.register(reader, select.POLLIN)

    def _be_a_worker(self, parent: Parent, row: Row, inherited: list[int], share: int | None) -> None:
        """Work, and end the process."""
        status = 1
        try:
            for reader in inherited:
                os.close(reader)
            # Who reads the jobs waits for the end of standard output, and a worker that cannot die would keep it.
            with open(os.devnull, "wb") as nothing:
                os.dup2(nothing.fileno(), STDOUT)
            self._watch.use(row)
            self._work(share, parent)
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
                if not self._stops:
                    self._signals.check()
                ready = [reader for reader, _ in self._poll.poll(self._patience())]
        except Stopped:
            self._stop()
            return []
        if self._output in ready:
            raise BrokenPipeError
        return ready

    def _patience(self) -> float | None:
        """Return the milliseconds until a member has to be looked at, whether it says anything or not."""
        now = time.monotonic()
        limits = self._stop_at, now + self._watch.limit
        soonest = min((member.due(now, *limits) for member in self._members), default=math.inf)
        return None if soonest == math.inf else max(0, math.ceil((soonest - now) * 1000))

    def _stop(self) -> None:
        self._stop_at = min(self._stop_at, time.monotonic() + _LAST)
        for member in self._members:
            os.kill(member.pid, signal.SIGTERM)

    def _hear(self, member: Member) -> Iterator[Job]:
        chunk = os.read(member.reader, _CHUNK)
        if not chunk:
            self._let_go(member)
            member.ending = member.ending or time.monotonic()
            return
        *lines, member.rest = (member.rest + chunk).split(b"\n")
        for line in lines:
            member.deaths = 0
            if member.share is not None:
                member.share -= 1
            yield records.parse(line)

    def _let_go(self, member: Member) -> None:
        """Close the pipe of a member that has closed it too, or shall end after the job in hand."""
        self._poll.unregister(member.reader)
        del self._readers[member.reader]
        os.close(member.reader)
        member.deaf = True

    def _look_after(self) -> Iterator[Job]:
        """Take leave of who is dead, and kill who is overdue."""
        now = time.monotonic()
        for member in list(self._members):
            status = member.status() if member.deaf else None
            if status is not None:
                yield from self._end(member, status)
            elif member.ending is None:
                self._check(member, now)
            elif not member.lost and now >= member.ending + GRACE:
                self._lose(member)
        self._watch.halt(any(member.killed and not member.lost for member in self._members))

    def _check(self, member: Member, now: float) -> None:
        """Kill a member whose time is over."""
        hand = member.row.read() if 0 < member.row.ends() <= now else None
        if hand is not None:
            what = hand.path or "an edit that a crash left open"
            message = f"{what}: no answer within {self._watch.limit:g} s; its worker is killed"
            messages.error(message, component="workers", type="timeout", path=hand.path)
        if hand is not None or now >= self._stop_at:
            self._kill(member)

    def _kill(self, member: Member) -> None:
        self._watch.halt(True)  # or another worker would take its job for that of one that died by itself
        member.kill()

    def _end(self, member: Member, status: int) -> Iterator[Job]:
        """See how a worker ended; one that was killed is replaced."""
        self._members.remove(member)
        if member.killed:
            yield from self._rescued(member)
            if not member.replaced:
                self._replace(member)
        elif status > 0:
            self.failed = True
        elif status < 0 and not self._stops:
            messages.error(f"a worker was killed by signal {-status}; its job is taken up again")
            if member.deaths < _MOST_DEATHS:
                self._replace(member)
            else:
                self.failed = True
        member.row.close()

    def _rescued(self, member: Member) -> list[Job]:
        hand = member.row.read()
        if hand is None:
            return []
        try:
            if member.overdue():
                return self._rescue.overdue(hand.ids, self._watch.limit, member.pid)
            return self._rescue.put_back(hand.ids)
        except (OSError, Error) as error:  # who cleans up after the dead finds them
            cause = from_os(error) if isinstance(error, OSError) else error
            messages.error(f"the spool: {cause}", component="workers", type=cause.code)
            return []

    def _replace(self, member: Member) -> None:
        member.replaced = True
        share = None if member.share is None else member.share - member.overdue()
        if not self._stops and not self._leaving and (share is None or share > 0):
            self._start(share, 0 if member.killed else member.deaths + 1, mends=not member.killed)

    def _lose(self, member: Member) -> None:
        """Go on without a member that cannot die; its job stays in its hand."""
        member.lost = True
        lost = sum(other.lost for other in self._members)
        goes_on = lost <= self._wanted
        self.failed |= not goes_on
        then = "another one takes its place" if goes_on else f"so do {lost - 1} others, and no more take their places"
        if self._stops or self._leaving:
            then = "it is left behind"
        message = f"worker {member.pid} hangs in the kernel and cannot be ended: {then}"
        messages.error(message, component="workers", type="timeout")
        if goes_on:
            self._replace(member)

    def _dismiss(self) -> None:
        """Stop listening, which the workers see after the job in hand; and wait for them."""
        self._leaving = True
        for member in self._members:
            if not member.deaf:
                self._let_go(member)
        while not all(member.lost for member in self._members):
            if self._signals.number and not self._stops:
                self._stop()
            for _ in self._look_after():
                pass  # nobody hears of it any more
            time.sleep(_PAUSE)


def _is_pipe(descriptor: int) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    return False
