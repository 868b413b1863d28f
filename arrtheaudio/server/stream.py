"""The bytes of one connection, each part of it with a deadline that no dripping byte puts off."""

import contextlib
import socket
import ssl
import time

from arrtheaudio.core.value import Value
from arrtheaudio.server import head
from arrtheaudio.server.limits import Room
from arrtheaudio.server.message import Refused

_CHUNK = 16 << 10
_BIG_CHUNK = 64 << 10
_DRAINED = 1 << 30  # bytes that a client may go on sending after it has had its answer


class Gone(Exception):
    """The client is no longer there; nobody waits for an answer."""


class Deadlines(Value):
    """Seconds for the whole head (and the TLS handshake), the whole body, and the whole answer.

    `linger` is for a client that is still sending when it is refused, `silence` of it without a byte from it.
    """

    head: float = 10.0
    body: float = 30.0
    answer: float = 10.0
    linger: float = 10.0
    silence: float = 1.0


class Stream:
    """A client's socket, from its first byte to its end; methods raise Gone, and Refused with the answer to give."""

    def __init__(self, connection: socket.socket, deadlines: Deadlines, room: Room) -> None:
        """Take a socket, the time that it has, and the memory that bodies share."""
        self._socket = connection
        self._deadlines = deadlines
        self._room = room
        self._held = 0
        self._rest = b""
        self._got = 0  # bytes behind the head
        self._length: int | None = None
        self._until = time.monotonic() + deadlines.head
        self.silent = True  # not one byte of a request has come

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the handshake, within the time that the head has."""
        try:
            self._socket = connection = context.wrap_socket(self._socket, True, do_handshake_on_connect=False)
            connection.settimeout(self._left())
            connection.do_handshake()
        except (OSError, ValueError):
            raise Gone from None

    def read_head(self) -> bytes:
        """Return the head of the request, without the empty line that ends it."""
        data = self._receive(_CHUNK, "the head")
        if not data:
            raise Gone
        self.silent = False
        while (end := data.find(head.END)) < 0:
            head.hopeless(data)
            more = self._receive(_CHUNK, "the head")
            if not more:
                raise Refused(400, "bad_request", "the request ends inside its head")
            data += more
        head.check_size(data[:end])
        self._rest = data[end + len(head.END) :]
        self._got = len(self._rest)
        return data[:end]

    def announce(self, length: int) -> None:
        """Take how many bytes the body will have."""
        self._length = length

    def read_body(self) -> bytes:
        """Return the body; 503 where there is no memory for it."""
        self._until = time.monotonic() + self._deadlines.body
        length, parts = self._length or 0, [self._rest]
        while self._got < length:
            part = self._receive(_BIG_CHUNK, "the body")
            if not part:
                raise Refused(400, "bad_request", "the request ends inside its body")
            self._hold(len(part))
            parts.append(part)
            self._got += len(part)
        return b"".join(parts)[:length]

    def _hold(self, size: int) -> None:
        if not self._room.take(size):
            raise Refused(503, "busy", "too much is being sent at once", {"Retry-After": "5"})
        self._held += size

    def write(self, data: bytes) -> None:
        """Send bytes, within the time that an answer has."""
        self._until = time.monotonic() + self._deadlines.answer
        view = memoryview(data)
        try:
            while view:
                self._socket.settimeout(self._left())
                view = view[self._socket.send(view[:_BIG_CHUNK]) :]
        except OSError:
            raise Gone from None

    def hurry(self) -> None:
        """Read no more than has come already, where no request has begun to come; from another thread."""
        if self.silent:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RD)

    def drop(self) -> None:
        """End the connection from another thread; whoever waits for it wakes up."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection so that an answer arrives even where the client is still sending."""
        self._room.give(self._held)
        with contextlib.suppress(OSError, ValueError):
            if isinstance(self._socket, ssl.SSLSocket):
                self._say_goodbye(self._socket)
            if self._got != self._length:
                self._linger()
        self._socket.close()

    def _say_goodbye(self, connection: ssl.SSLSocket) -> None:
        """Send TLS's close_notify, and wait for none."""
        connection.settimeout(0)
        with contextlib.suppress(OSError, ValueError):
            connection.unwrap()

    def _linger(self) -> None:
        # A socket that is closed with bytes unread resets the connection, and the client may lose the answer by that.
        # Below TLS: what still comes is not deciphered.
        socket.socket.shutdown(self._socket, socket.SHUT_WR)
        self._until = time.monotonic() + self._deadlines.linger
        left = _DRAINED
        while left > 0:
            self._socket.settimeout(min(self._left(), self._deadlines.silence))
            got = len(socket.socket.recv(self._socket, _BIG_CHUNK))
            left -= got or left

    def _left(self) -> float:
        """Return how many seconds are left; TimeoutError where none are."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _receive(self, size: int, what: str) -> bytes:
        """Return what has come, nothing where the client has ended."""
        try:
            self._socket.settimeout(self._left())
            return self._socket.recv(size)
        except TimeoutError:
            if self.silent:
                raise Gone from None
            raise Refused(408, "timeout", f"{what} did not come in time") from None
        except OSError:
            raise Gone from None
