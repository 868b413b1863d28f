"""One request and its answer: what is checked, and in which order."""

import binascii
import contextlib
import errno
import os
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from arrtheaudio.config.settings import rate
from arrtheaudio.errors import NoSpace
from arrtheaudio.server import auth, head, origin, wire
from arrtheaudio.server.limits import Limiter, too_many
from arrtheaudio.server.message import Refused, Request, Response
from arrtheaudio.server.route import SECRET, Route
from arrtheaudio.server.router import Router
from arrtheaudio.server.stream import Gone, Stream
from arrtheaudio.spool.folder import SpoolUnusable

if TYPE_CHECKING:
    from arrtheaudio.server.service import Service

LIMIT = 1 << 20  # bytes of a body

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_JSON = re.compile(r'application/json(\s*;\s*charset\s*=\s*("utf-8"|utf-8))?\s*', re.IGNORECASE)
# What the disk or the process lacks for the moment, and may have again.
_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
_LATER = {"Retry-After": "30"}


class Shared:
    """What all requests share: who answers them, how often each address has asked, and how often it has guessed."""

    def __init__(self, service: "Service", router: Router) -> None:
        """Begin to count."""
        self.service = service
        self.router = router
        self.gate = auth.Gate()
        self.limiter = Limiter()


def new_id() -> str:
    """Return an id for a request that has none."""
    return binascii.hexlify(os.urandom(8)).decode()


class Exchange:
    """One request on a stream, and its answer."""

    def __init__(self, shared: Shared, stream: Stream, peer: str) -> None:
        """Take the connection; `peer` is the address at its other end."""
        self._shared = shared
        self._stream = stream
        self._service = shared.service
        self._api = shared.service.config.api
        self._route: Route | None = None
        self._request = Request("-", "", address=peer, id=new_id())

    def run(self) -> None:
        """Read, answer, and have it counted; a client that goes away meanwhile is nobody's error."""
        start = time.monotonic()
        with contextlib.suppress(Gone):
            response, data = self._answered()
            with contextlib.suppress(Gone):
                self._stream.write(data)
            self._service.answered(self._request, self._route, response, time.monotonic() - start)

    def _answered(self) -> tuple[Response, bytes]:
        """Return the answer, and as bytes; there is always one."""
        try:
            return self._rendered(self._answer())
        except Refused as refused:
            return self._rendered(refused.response(self._request.id))
        except (SpoolUnusable, NoSpace) as error:
            return self._failed(Refused(503, getattr(error, "code", "unavailable"), str(error), _LATER))
        except OSError as error:
            return self._failed(self._lacking(error))
        except Gone:
            raise
        except Exception:  # a defect meets one request, is shown whole in the log, and the others go on
            return self._failed(_internal())

    def _lacking(self, error: OSError) -> Refused:
        root = self._service.config.spool.path
        said = (error.strerror or str(error)).lower()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Refused(503, "no_space", said, _LATER)
        if error.errno in _PASSING or os.fsdecode(error.filename or "").startswith(f"{root}/"):
            return Refused(503, "unavailable", f"the spool {root}: {said}", _LATER)
        return _internal()

    def _failed(self, refused: Refused) -> tuple[Response, bytes]:
        self._service.log.defect("request", request_id=self._request.id, path=self._request.path)
        return self._rendered(refused.response(self._request.id))

    def _rendered(self, response: Response) -> tuple[Response, bytes]:
        request = self._request
        more = origin.shared(request.headers, self._api)
        return response, wire.render(response, request.id, more, head_only=request.method == "HEAD")

    def _answer(self) -> Response:
        asked = head.parse(self._stream.read_head())
        self._introduce(asked)
        length = head.length(asked)
        self._stream.announce(length)
        if length > LIMIT:
            raise Refused(413, "body_too_large", f"a body has at most {LIMIT:,} bytes")
        origin.check_host(asked.headers.get("host"), self._api)
        if asked.method == "OPTIONS":
            answer = origin.preflight(asked, self._shared.router.allowed(asked.path), self._api)
            if answer is not None:
                return answer
        route, parameters = self._shared.router.find(asked.method, asked.path)
        self._route = route
        self._count(route)
        if route.changes:
            origin.check_change(asked.headers, self._api)
        trusted, body = self._read(route, asked)
        self._request = self._request._replace(parameters=parameters, trusted=trusted, body=body)
        return route.answer(self._service, self._request)

    def _introduce(self, asked: head.Head) -> None:
        """Say who asks for what. What is as good as the secret goes no further."""
        headers = {name: value for name, value in asked.headers.items() if name not in auth.SECRETS}
        given = headers.get("x-request-id", "")
        self._request = Request(
            asked.method,
            asked.path,
            asked.query,
            headers,
            address=origin.client(self._request.address, headers),
            id=given if _SAFE_ID.fullmatch(given) else self._request.id,
        )

    def _count(self, route: Route) -> None:
        if route.limit is None:
            return
        count, seconds = rate(getattr(self._api.rate_limits, route.limit))
        wait = self._shared.limiter.take((route.limit, self._request.address), count, seconds)
        if wait:
            raise too_many(wait, f"more than {count} requests in {seconds} seconds")

    def _read(self, route: Route, asked: head.Head) -> tuple[bool, bytes]:
        """Return whether the request carries the secret, and its body; that is not read for one without the secret."""
        secret, address = self._api.webhook_secret, self._request.address
        trusted = self._look(route, asked.headers)
        if trusted is False and route.access == SECRET:
            raise auth.unauthorized(page=route.page)
        self._allow_body(asked)
        body = self._stream.read_body()
        if trusted is None and secret is not None:
            trusted = self._shared.gate.verify(asked.headers, secret, address, body)
            if not trusted and route.access == SECRET:
                raise auth.unauthorized(page=route.page)
        return bool(trusted), body

    def _allow_body(self, asked: head.Head) -> None:
        """Have the client go on, now that all has been checked that can be without the body."""
        waits = head.expects(asked)
        if not head.length(asked):
            return
        if not _JSON.fullmatch(asked.headers.get("content-type", "")):
            raise Refused(415, "unsupported_media_type", "a body is application/json, in UTF-8")
        if waits:
            self._stream.write(wire.CONTINUE)

    def _look(self, route: Route, headers: Mapping[str, str]) -> bool | None:
        try:
            return self._shared.gate.look(headers, self._api.webhook_secret, self._request.address)
        except Refused:
            if route.access == SECRET:
                raise
            return False


def _internal() -> Refused:
    return Refused(500, "internal", "a defect of ours; the log has more, under the request's id")
