"""Who carries the secret: by a signature of the body, as Basic password, as bearer token, or as API key.

Sonarr and Radarr cannot sign; a password or a header is what their users have.
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
from collections.abc import Iterator, Mapping

from arrtheaudio.server.limits import Limiter, too_many
from arrtheaudio.server.message import Refused

# Failures that one address may have in so many seconds, before it is not listened to.
FAILURES, SECONDS = 10, 60.0
# The headers that carry secrets, or what is as good as one.
SECRETS = frozenset({"authorization", "x-api-key", "x-hub-signature-256", "x-webhook-signature", "cookie"})

_CHALLENGE = 'realm="ArrTheAudio"'


class Gate:
    """Lets in who carries the secret; an address that guesses is made to wait."""

    def __init__(self, limiter: Limiter | None = None) -> None:
        """Take what counts the failures."""
        self._failures = Limiter() if limiter is None else limiter

    def look(self, headers: Mapping[str, str], secret: str | None, address: str) -> bool | None:
        """Say whether the headers carry the secret; None where only the body can tell.

        No secret lets everybody in; to carry nothing is no failure. Refused, with 429, where the address has failed too
        often, whatever it carries.
        """
        if secret is None:
            return True
        shown, signature = list(_shown(headers)), _signature(headers)
        if not shown and signature is None:
            return False
        wait = self._failures.wait(address, FAILURES, SECONDS)
        if wait:
            raise too_many(wait, "too many wrong secrets came from this address")
        if any(_same(one, form) for one in shown for form in _forms(secret)):
            return True
        if signature is not None:
            return None
        self._failures.take(address, FAILURES, SECONDS)
        return False

    def verify(self, headers: Mapping[str, str], secret: str, address: str, body: bytes) -> bool:
        """Say whether the headers carry the body's signature."""
        right = hmac.digest(secret.encode(), body, "sha256").hex()
        # The signature of nothing is always the same one: it would open every request without a body, for ever.
        if body and _same((_signature(headers) or "").encode("latin-1"), right.encode()):
            return True
        self._failures.take(address, FAILURES, SECONDS)
        return False


def unauthorized(*, page: bool) -> Refused:
    """Return the answer to who does not carry the secret; a browser is made to ask for it where it is a page."""
    scheme = "Basic" if page else "Bearer"
    return Refused(
        401, "unauthorized", "the secret is missing or wrong", {"WWW-Authenticate": f"{scheme} {_CHALLENGE}"}
    )


def _shown(headers: Mapping[str, str]) -> Iterator[bytes]:
    """Yield what is given as the secret, as bytes in whatever encoding the client has chosen."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        yield _password(value.strip())
    elif scheme:
        yield value.strip().encode("latin-1") if scheme.lower() == "bearer" else b""
    if "x-api-key" in headers:
        yield headers["x-api-key"].encode("latin-1")


def _password(value: str) -> bytes:
    try:
        return base64.b64decode(value.encode("latin-1"), validate=True).partition(b":")[2]
    except binascii.Error:
        return b""


def _signature(headers: Mapping[str, str]) -> str | None:
    """Return the signature in hexadecimal digits, empty where it is of another kind; None where there is none."""
    signature = headers.get("x-hub-signature-256")
    if signature is not None:
        return signature[7:].lower() if signature.startswith("sha256=") else ""
    signature = headers.get("x-webhook-signature")
    return None if signature is None else signature.removeprefix("sha256=").lower()


def _forms(secret: str) -> Iterator[bytes]:
    """Yield the secret as clients write it: in UTF-8, and in ISO-8859-1 (RFC 7617 leaves it to them)."""
    yield secret.encode()
    with contextlib.suppress(UnicodeEncodeError):
        yield secret.encode("latin-1")


def _same(one: bytes, other: bytes) -> bool:
    """Compare in a time that depends on neither: their digests have the same length."""
    return hmac.compare_digest(hashlib.sha256(one).digest(), hashlib.sha256(other).digest())
