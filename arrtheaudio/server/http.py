"""The HTTP server: as small as http.server, without what that lets through.

One request a connection, a bounded number of threads, a deadline for each part, and an end that loses no answer.
"""

import contextlib
import errno
import functools
import http.server
import os
import socket
import socketserver
import ssl
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from arrtheaudio.server import wire
from arrtheaudio.server.exchange import Exchange, Shared, new_id
from arrtheaudio.server.limits import Room
from arrtheaudio.server.message import Refused, Request
from arrtheaudio.server.origin import peer_of
from arrtheaudio.server.router import Router
from arrtheaudio.server.stream import Deadlines, Gone, Stream
from arrtheaudio.server.threads import Threads

if TYPE_CHECKING:
    from arrtheaudio.config.settings import Tls
    from arrtheaudio.server.service import Service

THREADS = 400
_BODIES = 64 << 20  # bytes that all bodies together may take
_POLL = 0.2  # seconds between two looks at whether it is to stop
_PARTING = 64  # connections that are held open for a moment, so that they read why they are refused
_MOMENT = 1.0
_PARTED = 1 << 20
_RESTED = 0.05  # seconds without accepting, where the kernel has nothing left to accept with


class Connection(http.server.BaseHTTPRequestHandler):
    """A client's connection, in a thread of the pool. Nothing is left of how http.server itself reads and writes."""

    server: "Listener"

    def setup(self) -> None:
        """Be known, so that it can be dropped."""
        self.stream = Stream(self.request, self.server.deadlines, self.server.room)
        self.server.streams.add(self.stream)
        if self.server.ending:
            self.stream.hurry()

    def handle(self) -> None:
        """Take the one request, and answer it."""
        with contextlib.suppress(Gone):
            if self.server.context is not None:
                self.stream.start_tls(self.server.context)
            Exchange(self.server.shared, self.stream, peer_of(self.client_address[0])).run()

    def finish(self) -> None:
        """End the connection."""
        self.stream.close()
        self.server.streams.discard(self.stream)


class Listener(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """What accepts connections. It never waits for a client."""

    request_queue_size = 1024

    def __init__(self, host: str, port: int, shared: Shared, threads: Threads, deadlines: Deadlines) -> None:
        """Listen; OSError where that is not possible."""
        self.shared = shared
        self.threads = threads
        self.deadlines = deadlines
        self.room = Room(_BODIES)
        self.streams: set[Stream] = set()
        self.context: ssl.SSLContext | None = None
        self.ending = False
        self._parting: deque[tuple[float, socket.socket]] = deque()
        self._spare: int | None = os.open(os.devnull, os.O_RDONLY)
        self.address_family, address = _resolved(host, port)
        super().__init__(address, Connection)

    def server_bind(self) -> None:
        """Bind, and ask no DNS what our name is."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)
        self.socket.setblocking(False)  # a client may be gone before it is accepted

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; OSError where there is none any more, or nothing to accept it with."""
        try:
            return self.socket.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._accept_on_spare()
            elif error.errno in (errno.ENOBUFS, errno.ENOMEM):
                time.sleep(_RESTED)
            raise

    def _accept_on_spare(self) -> None:
        """Turn a connection away with the one file descriptor that was kept for this."""
        if self._spare is None:
            time.sleep(_RESTED)
        else:
            os.close(self._spare)
            self._spare = None
            with contextlib.suppress(OSError):
                connection, address = self.socket.accept()
                with connection:
                    self._turn_away(connection, address)
        with contextlib.suppress(OSError):
            self._spare = os.open(os.devnull, os.O_RDONLY)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Have a thread take it; turn it away where none is free."""
        if not self.threads.submit(functools.partial(self.process_request_thread, request, client_address)):
            self._turn_away(request, client_address)
            self._parting.append((time.monotonic() + _MOMENT, request))

    def _turn_away(self, connection: socket.socket, address: Any) -> None:
        request = Request("-", "", address=peer_of(address[0]), id=new_id())
        refused = Refused(503, "busy", "more is asked at once than can be answered", {"Retry-After": "5"})
        response = refused.response(request.id)
        with contextlib.suppress(OSError):
            connection.setblocking(False)
            if self.context is None:
                connection.send(wire.render(response, request.id))
            connection.shutdown(socket.SHUT_WR)
        self.shared.service.answered(request, None, response, 0.0)

    def service_actions(self) -> None:
        """Close the connections that were turned away a moment ago, and have read why by now."""
        now = time.monotonic()
        while self._parting and (self._parting[0][0] < now or len(self._parting) > _PARTING):
            _, connection = self._parting.popleft()
            with contextlib.suppress(OSError), connection:
                connection.recv(_PARTED)  # what is left unread resets the connection

    def accept_waiting(self) -> None:
        """Accept those who came before the end, and wait in the kernel."""
        with contextlib.suppress(OSError):
            for _ in range(self.request_queue_size):
                self.process_request(*self.get_request())

    def shutdown_request(self, request: Any) -> None:
        """Close the socket; the stream has ended it."""
        request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Log what should not have happened."""
        self.shared.service.log.defect("connection", client=client_address[0])

    def server_close(self) -> None:
        """Listen no more."""
        super().server_close()
        while self._parting:
            self._parting.popleft()[1].close()
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None


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
        """Listen, on any free port where it is 0; OSError where the address or the certificate cannot be used."""
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
        except OSError as error:
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
            self._is_idle(_MOMENT)

    def _is_idle(self, seconds: float) -> bool:
        """Wait until no request is in hand; False where some are, after so many seconds."""
        end = time.monotonic() + seconds
        while self._threads.busy:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """Return the family and the address that a host stands for; IPv4 where it stands for both, as the Arrs expect."""
    name = host.strip("[]")
    found = socket.getaddrinfo(name or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, address


def _context(tls: "Tls") -> ssl.SSLContext:
    """Return what does the handshakes: TLS 1.2 and newer; OSError where the certificate or its key cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    # an empty password, so that nobody is asked for one on a terminal
    context.load_cert_chain(str(tls.cert), tls.key, password="")
    return context
