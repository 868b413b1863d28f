"""Take webhooks from Sonarr and Radarr, and jobs from whoever asks.

Listens for HTTP, puts what comes into the queue, and has workers do it. In Sonarr and Radarr, under Settings, Connect,
add a Webhook with the URL http://HOST:9393/webhook/sonarr (or radarr), on import and on upgrade; where a secret is
configured (api.webhook_secret, or WEBHOOK_SECRET), give it as the password. http://HOST:9393/ is a page for people,
/docs the documentation of all that can be asked.

Only files below api.allowed_roots are touched, by default the local sides of path_mappings. An address other than this
machine's own is listened on only with a secret. SIGHUP reads the configuration again; SIGTERM ends after the files in
hand, within ten seconds. Several `serve` and `jobs run`, on several machines too, may share one queue.
"""

import ipaddress
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from arrtheaudio.call import Call
from arrtheaudio.errors import Fatal, UsageError
from arrtheaudio.options import Option

if TYPE_CHECKING:
    from arrtheaudio.config import Config
    from arrtheaudio.server.service import Service

EXIT_STATUS = (
    ("2", "The call or the configuration is wrong, the address is taken, or others could come in without a secret."),
    ("130, 143", "Ended by SIGINT or SIGTERM, after the files in hand, or after ten seconds."),
)
USES = ("serve", "arr", "tmdb", "spool", "journal", "rewrite")
EXAMPLES = (
    ("Take webhooks from this machine alone, and let two workers edit:", "arrtheaudio serve --workers 2"),
    (
        "Take them from others too; what the file holds is what they send as password:",
        "WEBHOOK_SECRET_FILE=/etc/secret arrtheaudio serve --host 0.0.0.0",
    ),
)
FILES = ""
_PATIENCE = 9.0  # seconds, of the ten that a stop may take


class NoSecret(Fatal):
    """Others than this machine could send us work."""


class CannotListen(Fatal):
    """The address is taken, or is none of ours; or the certificate cannot be used."""


class Unusable(Fatal):
    """A folder that the server needs cannot be what it should."""


def whole(most: int, least: int) -> Callable[[str], int]:
    """Return what reads a whole number in a range."""

    def kind(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and least <= int(text[:9]) <= most):
            raise ValueError(f"{text!r:.60} is no whole number from {least} to {most}.")
        return int(text[:9])

    return kind


def address(text: str) -> str:
    """Return a name or an IP address; ValueError where it is an URL, or has a port."""
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        if not text or {*text} & {*"/:@ "}:
            raise ValueError(f"{text!r:.60} is no address: give a name or an IP address, without a port.") from None
        return text


OPTIONS = (
    Option(
        "host", ("--host",), "The address to listen on; the default is configured, else 127.0.0.1.", address, "ADDRESS"
    ),
    Option("port", ("--port",), "The port; the default is configured, else 9393.", whole(65535, 0), "PORT"),
    Option(
        "workers", ("--workers",), "Jobs in hand at once; 0 leaves them to `jobs run` elsewhere.", whole(64, 0), "N"
    ),
)


def run(call: Call) -> int:
    """Serve until a signal comes; return the exit status."""
    if call.files:
        raise UsageError("it takes no FILE.")
    from arrtheaudio.server.http import Server
    from arrtheaudio.server.logs import Log
    from arrtheaudio.server.router import Router
    from arrtheaudio.server.routes import ROUTES
    from arrtheaudio.server.service import Service
    from arrtheaudio.server.settings import Settings

    settings = Settings(lambda: _configured(call, call.globals.read()))
    api = settings.config.api
    signals = _Signals()
    service = Service(settings, Log(settings.config.logging), call.values["workers"])
    try:
        server = Server(api.host, api.port, service, Router(ROUTES), api.tls)
    except OSError as error:
        raise CannotListen(f"{api.host}:{api.port}: {(error.strerror or str(error)).lower()}") from None
    service.start()
    server.start()
    _say_hello(service, server.url)
    while (number := signals.next()) == signal.SIGHUP:
        service.reload(settings)
        server.reload()
    service.log.write("info", "stop", message=f"{signal.Signals(number).name}: no more is accepted")
    service.ending.set()
    server.close(1.0)
    if not service.end(_PATIENCE - 1.0):
        service.log.write("warning", "stop", message="workers were killed; their jobs are taken up again next time")
    return 128 + number


class _Signals:
    """The signals that come, one after the other.

    The kernel gives a signal to whichever thread it likes; Python's handlers run in the main thread alone, and only
    once that wakes up. So it waits for what the interpreter writes at once: the signal's number, into a pipe.
    """

    def __init__(self) -> None:
        self._reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: None)

    def next(self) -> int:
        """Wait for the next one, and return its number."""
        return os.read(self._reader, 1)[0]


def _configured(call: Call, config: "Config") -> "Config":
    """Return the configuration with what the command line says in its place; NoSecret where it lets in anybody."""
    given = {key: call.values[key] for key in ("host", "port") if call.values[key] is not None}
    config = config._replace(api=config.api._replace(**given), logging=config.logging._replace(**call.globals.logging))
    _check_folders(config)
    if config.api.webhook_secret is None and not _is_local(config.api.host):
        raise NoSecret(
            f"{config.api.host} lets others than this machine in: set api.webhook_secret (or WEBHOOK_SECRET) first"
        )
    return config


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _check_folders(config: "Config") -> None:
    """Unusable, where the queue and the journal are one folder, or no edit could be kept in the journal."""
    journal = config.journal.path
    if os.path.realpath(journal) == os.path.realpath(config.spool.path):
        raise Unusable(f"spool.path and journal.path are the same folder, {journal}: give each its own")
    try:
        os.makedirs(journal, 0o700, exist_ok=True)
    except OSError as error:
        raise Unusable(f"the journal {journal}: {(error.strerror or str(error)).lower()}") from None
    if not os.access(journal, os.W_OK | os.X_OK):
        raise Unusable(f"the journal {journal} cannot be written to, and nothing is edited without it")


def _say_hello(service: "Service", url: str) -> None:
    service.log.write("info", "start", message=f"listening on {url}", url=url, workers=service.workers.wanted)
    if not service.config.api.allowed_roots:
        message = "every path is refused so far: name your media folders in api.allowed_roots or path_mappings"
        service.log.write("warning", "start", message=message)
    for root in service.places.missing():
        message = f"{root} is not there: is its disk mounted? It is one of api.allowed_roots or path_mappings"
        service.log.write("warning", "start", message=message)
