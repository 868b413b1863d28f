"""Where a request comes from: the client's address, the page that made it, and the name it knows us by."""

import functools
import ipaddress
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from arrtheaudio.server.head import Head
from arrtheaudio.server.message import Refused, Response

if TYPE_CHECKING:
    from arrtheaudio.config.settings import Api

_PREFLIGHT_HEADERS = "Authorization, Content-Type, X-Api-Key, X-Request-ID"
_SEEN_HEADERS = "X-Request-ID, Retry-After"


def client(peer: str, headers: Mapping[str, str]) -> str:
    """Return the client's address: the peer's, or, behind a proxy on this machine, the one that the proxy names."""
    forwarded = headers.get("x-forwarded-for")
    if forwarded is None or not _is_loopback(peer):
        return peer
    return _address(forwarded.rpartition(",")[2].strip()) or peer


def peer_of(address: str) -> str:
    """Return a peer's address without the wrapping that an IPv6 socket puts around an IPv4 one."""
    return address.removeprefix("::ffff:") if "." in address else address


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address == "::1"


@functools.lru_cache(256)
def _address(text: str) -> str | None:
    """Return an address as it is usually written, None where it is none."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def check_host(host: str | None, api: "Api") -> None:
    """Refuse, where no secret is set, a name that somebody else's DNS may have bound to us (DNS rebinding)."""
    if api.webhook_secret is not None or host is None:
        return
    name = host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]
    if name.lower() not in ("localhost", api.host.lower()) and _address(name) is None:
        raise Refused(
            421, "misdirected_request", "without a secret only addresses, localhost and api.host are answered"
        )


def check_change(headers: Mapping[str, str], api: "Api") -> None:
    """Refuse a change that a page of another origin asks for (CSRF). Programs that are no browser say nothing of it."""
    origin = headers.get("origin")
    if origin is not None and origin in api.cors_origins:
        return
    site = headers.get("sec-fetch-site", "none").lower()
    same = origin is None or origin.lower().partition("://")[2] == headers.get("host", "unknown").lower()
    if not same or site not in ("same-origin", "none"):
        raise Refused(403, "cross_origin", "a page of another origin may change nothing here")


def preflight(head: Head, allowed: Sequence[str], api: "Api") -> Response | None:
    """Return the answer to a browser that asks on a listed page's behalf; None where it is no such question."""
    headers = head.headers
    if "access-control-request-method" not in headers or headers.get("origin") not in api.cors_origins:
        return None
    allow = {
        "Access-Control-Allow-Methods": ", ".join(allowed),
        "Access-Control-Allow-Headers": _PREFLIGHT_HEADERS,
        "Access-Control-Max-Age": "600",
    }
    return Response(204, b"", headers=allow)


def shared(headers: Mapping[str, str], api: "Api") -> Mapping[str, str]:
    """Return the headers that let pages of the listed origins read an answer (CORS)."""
    if not api.cors_origins:
        return {}
    origin = headers.get("origin")
    if origin not in api.cors_origins:
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": str(origin),
        "Access-Control-Expose-Headers": _SEEN_HEADERS,
    }
