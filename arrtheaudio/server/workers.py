"""The workers beside the server: one `jobs run --follow` as a child, started again where it dies."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arrtheaudio.server.service import Service

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_SOUND = 60.0  # seconds after which a crew counts as one that works
# How a crew ends that was asked to; the second, where it was asked before it had well begun.
_ASKED = (128 + signal.SIGTERM, -signal.SIGTERM)
_LINE = 1 << 16  # bytes of a line of the crew's log
# So much lower than ours is their priority: an Arr waits for its answer, and nobody for an edit.
_NICE = 5


class Workers:
    """The crew. It holds the queue's locks, not we: killed, it costs the job in hand an attempt, and no more."""

    def __init__(self, service: "Service", count: int | None) -> None:
        """Start nothing yet. `count` is the command line's word, None where the configuration's holds; 0 is none."""
        self._service = service
        self._count = count
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._changed = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="workers", daemon=True)

    @property
    def wanted(self) -> int:
        """How many there should be."""
        return self._service.config.processing.worker_count if self._count is None else self._count

    @property
    def alive(self) -> bool:
        """Say whether the crew runs; so it does where none is wanted."""
        child = self._child
        return not self.wanted or (child is not None and child.poll() is None)

    def start(self) -> None:
        """Start the crew, and see to it that there is one."""
        if self.wanted:
            with self._changed:
                self._child = self._started()
            self._thread.start()

    def reload(self) -> None:
        """Have the crew end after the jobs in hand; the next one reads the configuration anew."""
        with self._changed:
            _send(self._child, signal.SIGTERM)

    def ask_to_stop(self) -> None:
        """Have the crew end after the jobs in hand, for good."""
        with self._changed:
            self._stopping.set()
            _send(self._child, signal.SIGTERM)

    def wait(self, seconds: float) -> bool:
        """Wait for the end; after so many seconds kill what is left, and return False."""
        child = self._child
        if child is None:
            return True
        try:
            child.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            return False

    def _watch(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            assert self._child is not None
            start = time.monotonic()
            self._hear(self._child)
            status = self._child.wait()
            if self._stopping.is_set():
                return
            if status in _ASKED:
                pause = 0.0  # for a new configuration
            elif time.monotonic() - start > _SOUND:
                pause = _FIRST_PAUSE
            if pause:
                ended = f"were killed by signal {-status}" if status < 0 else f"ended with {status}"
                message = f"the workers {ended}; they are started again in {pause:g} s"
                self._service.log.write("error", "workers", message=message)
                self._service.metrics.error("internal", "workers")
            self._stopping.wait(pause)
            pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)
            with self._changed:
                if not self._stopping.is_set():
                    self._child = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        level = ["--log-level", "debug"] if self._service.config.logging.level == "debug" else []
        words = ["jobs", "run", "--follow", "--workers", str(self.wanted), "--nice", str(_NICE), "--format", "jsonl"]
        with _in_memory(self._service.settings.text) as file:
            named = ["--config", f"/dev/fd/{file.fileno()}"]
            return subprocess.Popen(
                # -P: nothing is imported from the folder that we were started in
                [sys.executable, "-P", "-m", "arrtheaudio", *named, "--log-format", "json", *level, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(file.fileno(),),
                env=os.environ | {"ARRTHEAUDIO_SPOOL_PATH": self._service.spool.root},
                process_group=0,  # Ctrl-C is for us: we say when they end
            )

    def _hear(self, child: subprocess.Popen[bytes]) -> None:
        """Take in what the crew says, until it ends; its jobs are read from the queue, as those of any other crew."""
        assert child.stdout is not None
        assert child.stderr is not None
        thread = threading.Thread(target=self._note, args=(child.stderr,), name="workers' log", daemon=True)
        thread.start()
        while os.read(child.stdout.fileno(), _LINE):
            self._service.history.look_soon()
        thread.join()
        child.stdout.close()
        child.stderr.close()

    def _note(self, errors: IO[bytes]) -> None:
        for line in iter(lambda: errors.readline(_LINE), b""):
            entry = _entry(line)
            level = entry.pop("level", "error")
            component = str(entry.pop("component", "workers"))
            if level == "error":
                self._service.metrics.error(str(entry.get("type", "internal")), component)
            entry.pop("time", None)
            self._service.log.write(level, component, **entry)


def _in_memory(text: bytes) -> IO[bytes]:
    """Return a file with the configuration as it was read: the one on the disk may be another by now, or wrong."""
    file = open(os.memfd_create("configuration"), "w+b")  # noqa: SIM115  # the caller closes it
    file.write(text)
    file.flush()
    return file


def _entry(line: bytes) -> dict[str, Any]:
    """Return a line of the crew's log; one that is none, as a traceback's, as its message."""
    with contextlib.suppress(ValueError):
        entry = json.loads(line)
        if isinstance(entry, dict):
            return {key: value for key, value in entry.items() if key.isidentifier() and key != "event"}
    return {"message": line.decode(errors="replace").rstrip()}


def _send(child: subprocess.Popen[bytes] | None, number: signal.Signals) -> None:
    if child is not None and child.poll() is None:
        child.send_signal(number)
