"""What accepts connections, and hands each to a thread of its own for its one request."""

import contextlib
import errno
import functools
import http.server
import os
import socket
import socketserver
import ssl
import time
from collections import deque
from typing import Any

from arrtheaudio.server import wire
from arrtheaudio.server.exchange import Exchange, Shared, new_id
from arrtheaudio.server.limits import Room
from arrtheaudio.server.message import Refused, Request
from arrtheaudio.server.origin import peer_of
from arrtheaudio.server.stream import Deadlines, Gone, Stream
from arrtheaudio.server.threads import Threads

_BODIES = 64 << 20  # bytes that all bodies together may take
_PARTING = 64  # connections that are held open for a moment, so that they read why they are turned away
_MOMENT = 1.0
_PARTED = 1 << 20
_RESTED = 0.05  # seconds without accepting, where the kernel has nothing left to accept with
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


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
        self._cramped = False
        self._parting: deque[tuple[float, socket.socket]] = deque()
        self._spare: int | None = None
        self.address_family, address = resolve(host, port)
        super().__init__(address, Connection)
        self._spare = os.open(os.devnull, os.O_RDONLY)

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
            if error.errno in (errno.EMFILE, errno.ENFILE) and self._spare is not None:
                return self._accept_on_spare()
            if error.errno in _EXHAUSTED:
                time.sleep(_RESTED)
            raise

    def _accept_on_spare(self) -> tuple[socket.socket, Any]:
        """Accept with the one file descriptor that was kept for this; to be turned away, so that it is free again."""
        os.close(self._take_spare())
        accepted = self.socket.accept()
        self._cramped = True
        return accepted

    def _take_spare(self) -> int:
        spare, self._spare = self._spare, None
        assert spare is not None
        return spare

    def process_request(self, request: Any, client_address: Any) -> None:
        """Have a thread take it; turn it away where none is free."""
        cramped, self._cramped = self._cramped, False
        if cramped or not self.threads.submit(functools.partial(self.process_request_thread, request, client_address)):
            if cramped:
                self._parting.appendleft((0.0, request))
            else:
                self._parting.append((time.monotonic() + _MOMENT, request))
            self._turn_away(request, client_address)

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
        """Close the connections that were turned away a moment ago, and have read why by now; between two of them."""
        now = time.monotonic()
        while self._parting and (self._parting[0][0] < now or len(self._parting) > _PARTING):
            _, connection = self._parting.popleft()
            with contextlib.suppress(OSError), connection:
                connection.recv(_PARTED)  # what is left unread resets the connection
        if self._spare is None:
            with contextlib.suppress(OSError):
                self._spare = os.open(os.devnull, os.O_RDONLY)

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
            os.close(self._take_spare())


def resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """Return the family and the address that a host stands for; IPv4 where it stands for both, as the Arrs expect."""
    name = host.strip("[]")
    found = socket.getaddrinfo(name or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, address
