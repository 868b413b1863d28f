"""Bounds for a whole answer: a deadline, and a size.

A timeout of requests ends one wait only, so a byte a second would go on for ever.
"""

import contextlib
import socket
import threading
from typing import Any, Self

import requests
import requests.adapters
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_CHUNK = 1 << 14
_current = threading.local()


class Deadline:
    """Breaks this thread's connection after `seconds`; `passed` says whether that came to be."""

    def __init__(self, seconds: float) -> None:
        """Start no time yet."""
        self.passed = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Start the time."""
        _current.deadline = self
        self._timer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop the time: the connection may be another's soon."""
        self._timer.cancel()
        _current.deadline = None
        with self._lock:
            self._socket = None

    def watch(self, connection: socket.socket) -> None:
        """Take the connection on which the answer will come."""
        with self._lock:
            self._socket = connection
            if self.passed:
                _shut(connection)

    def _cut(self) -> None:
        with self._lock:
            self.passed = True
            if self._socket is not None:
                _shut(self._socket)


def _shut(connection: socket.socket) -> None:
    # SSLSocket's own shutdown would pull TLS away from under the thread that reads
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Http(HTTPConnection):
    def getresponse(self) -> Any:
        _watch(self)
        return super().getresponse()


class _Https(HTTPSConnection):
    def getresponse(self) -> Any:
        _watch(self)
        return super().getresponse()


def _watch(connection: Any) -> None:
    deadline = getattr(_current, "deadline", None)
    if deadline is not None:
        deadline.watch(connection.sock)


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class Adapter(requests.adapters.HTTPAdapter):
    """Makes connections that a `Deadline` can break, through a proxy too."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the pools of a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def content(response: requests.Response, most: int) -> bytes | None:
    """Return the whole body of a response; None where it has more than `most` bytes."""
    parts: list[bytes] = []
    held = 0
    for part in response.iter_content(_CHUNK):
        held += len(part)
        if held > most:
            return None
        parts.append(part)
    return b"".join(parts)
