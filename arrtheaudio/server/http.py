"""The HTTP server: as small as http.server, without what that lets through.

One request a connection, a bounded number of threads, a deadline for each part, and an end that loses no answer.
"""

import ssl
import threading
import time
from typing import TYPE_CHECKING

from arrtheaudio.errors import Fatal
from arrtheaudio.server.exchange import Shared
from arrtheaudio.server.listener import Listener
from arrtheaudio.server.router import Router
from arrtheaudio.server.stream import Deadlines
from arrtheaudio.server.threads import Threads

if TYPE_CHECKING:
    from arrtheaudio.config.settings import Tls
    from arrtheaudio.server.service import Service

THREADS = 400
_POLL = 0.2  # seconds between two looks at whether it is to stop
_DROPPED = 1.0  # seconds in which a request whose connection is gone notices that


class Server:
    """A server that listens from its beginning, answers from `start` on, and until `close`."""

    def __init__(
        self,
        host: str,
        port: int,
        service: "Service",
        router: Router,
        tls: "Tls | None" = None,
        *,
        threads: int = THREADS,
        deadlines: Deadlines = Deadlines(),  # noqa: B008  # a value
    ) -> None:
        """Listen, on any free port where it is 0; OSError where that address cannot be had, Uncertified for TLS."""
        self._service = service
        context = _context(tls) if tls is not None and tls.cert is not None else None
        self._threads = Threads(threads)
        self._listener = Listener(host, port, Shared(service, router), self._threads, deadlines)
        self._listener.context = context
        self._acceptor = threading.Thread(
            target=self._listener.serve_forever, args=(_POLL,), name="accept", daemon=True
        )
        self.port: int = self._listener.server_address[1]

    @property
    def url(self) -> str:
        """Where it listens."""
        host = str(self._listener.server_address[0])
        scheme = "http" if self._listener.context is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def start(self) -> None:
        """Accept connections, in a thread of its own."""
        self._acceptor.start()

    def reload(self) -> None:
        """Read the certificate again; one that cannot be used is refused, and the old one stays."""
        tls = self._service.config.api.tls
        if self._listener.context is None or tls.cert is None:
            return
        try:
            self._listener.context = _context(tls)
        except Uncertified as error:
            self._service.log.write("error", "tls", message=f"refused, the old certificate stays: {error}")

    def close(self, seconds: float) -> None:
        """Accept no more, give the requests in hand so many seconds, then drop what is left."""
        if self._acceptor.is_alive():
            self._listener.shutdown()
            self._listener.accept_waiting()
        self._listener.server_close()
        self._listener.ending = True
        for stream in list(self._listener.streams):
            stream.hurry()
        if not self._is_idle(seconds):
            for stream in list(self._listener.streams):
                stream.drop()
            self._is_idle(_DROPPED)

    def _is_idle(self, seconds: float) -> bool:
        """Wait until no request is in hand; False where some are, after so many seconds."""
        end = time.monotonic() + seconds
        while self._threads.busy:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True


class Uncertified(Fatal):
    """The certificate, or its key, cannot be used."""


def _context(tls: "Tls") -> ssl.SSLContext:
    """Return what does the handshakes: TLS 1.2 and newer; Uncertified where that cannot be."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    # an empty password, so that nobody is asked for one on a terminal
    try:
        for path in filter(None, (tls.cert, tls.key)):
            with open(path, "rb"):
                pass  # OpenSSL does not say which of the two it cannot read
        context.load_cert_chain(str(tls.cert), tls.key, password="")
    except ssl.SSLError as error:
        raise Uncertified(
            f"api.tls: {tls.cert} and {tls.key} are no certificate and its key, in PEM: {error}"
        ) from None
    except OSError as error:
        raise Uncertified(f"api.tls: {error.filename}: {(error.strerror or str(error)).lower()}") from None
    return context
