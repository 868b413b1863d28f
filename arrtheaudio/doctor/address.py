"""Addresses: whether one can be ours, and what really answers at an Arr's, where nothing good does."""

import socket
import ssl
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, urlsplit

from arrtheaudio.config import Arr
from arrtheaudio.doctor.client import Client
from arrtheaudio.errors import Network, UsageError
from arrtheaudio.services.web import Timeouts

_QUICK = Timeouts(connect=2.0, whole=5.0)


def check(url: str) -> None:
    """Raise UsageError where an address is not one at which an Arr could find us: http://HOST:PORT, or with a path."""
    wrong = _wrong(url)
    if wrong:
        raise UsageError(f"--url {url!r} {wrong}; it must be as http://HOST:9393.")


def _wrong(url: str) -> str:
    if not url.isprintable() or " " in url or "\\" in url:
        return "has a space, a backslash, or what cannot be printed"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "has a host or a port that is none"
    if parts.scheme not in ("http", "https"):
        return "begins neither with http:// nor with https://"
    if not parts.hostname:
        return "has no host"
    if port == 0:
        return "has a port that is none"
    if "?" in url or "#" in url or parts.username is not None:
        return "has a user, a query or a fragment"
    return "has the path of a webhook, which is added to it" if "/webhook" in parts.path else ""


def with_base(arr: Arr) -> str | None:
    """Return the url at which an Arr answers on the same host and port, where its URL Base is another."""
    top = urlsplit(arr.url)._replace(path="").geturl()
    for url in (top, f"{top}/{arr.app}"):
        if url == arr.url.rstrip("/"):
            continue
        try:
            if str(Client(arr._replace(url=url), _QUICK).status().get("appName", "")).lower() == arr.app:
                return url
        except Network:
            continue
    return None


def swapped(url: str) -> str:
    """Return an address with the other scheme, and the port that it had."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts._replace(scheme="http" if parts.scheme == "https" else "https", netloc=f"{host}:{port}").geturl()


def other_scheme(url: str) -> str:
    """Say that the other scheme is spoken at an address; nothing where that is not so, or nobody answers."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return "speaks plain HTTP at this port, and not HTTPS" if _speaks_http(parts) else ""
    return "speaks HTTPS at this port, and not plain HTTP" if _handshake(parts, verify=False) == "" else ""


def distrusted(url: str) -> str:
    """Say what is wrong with a certificate, as OpenSSL says it; nothing where nothing is, or where there is none."""
    parts = urlsplit(url)
    return (_handshake(parts, verify=True) or "") if parts.scheme == "https" else ""


def _speaks_http(parts: SplitResult) -> bool:
    connection = HTTPConnection(parts.hostname or "", parts.port or 443, timeout=_QUICK.connect)
    try:
        connection.request("GET", "/ping")
        # what wants TLS says so in plain HTTP, as nginx does
        return connection.getresponse().status != 400
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _handshake(parts: SplitResult, *, verify: bool) -> str | None:
    """Return what is wrong with a host's certificate, "" where nothing is; None where no TLS is spoken."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), _QUICK.connect) as plain:
            context.wrap_socket(plain, server_hostname=parts.hostname).close()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except (OSError, ValueError):
        return None
    return ""
