"""Our webhook in an Arr: whether it is there, as it should be, and arrives; and how it comes to be there."""

import socket
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from arrtheaudio.config import Arr, Config
from arrtheaudio.doctor import address, arrs
from arrtheaudio.doctor.client import Client
from arrtheaudio.doctor.finding import ERROR, NOTE, OK, WARNING, Finding
from arrtheaudio.errors import Network, UsageError

NAME = "ArrTheAudio"
_POST = 1  # of the field `method`; 2 is PUT
_HIDDEN = "********"  # what an Arr says instead of a password
_LOCAL = ("127.0.0.1", "localhost", "::1")
REGISTER = "arrtheaudio doctor --register --url http://THIS_HOST:9393"

Connection = Mapping[str, Any]


def fields(connection: Connection) -> dict[str, Any]:
    """Return a connection's own settings by name."""
    found = connection.get("fields")
    listed = found if isinstance(found, list) else []
    return {str(field.get("name")): field.get("value") for field in listed if isinstance(field, dict)}


def ours(client: Client) -> Connection | None:
    """Return the connection that leads to us: by its address, else by its name."""
    hooks = [one for one in client.connections() if one.get("implementation") == "Webhook"]
    path = f"/webhook/{client.arr.app}"
    by_path = [one for one in hooks if urlsplit(str(fields(one).get("url"))).path.rstrip("/").endswith(path)]
    return next(iter(by_path), next((one for one in hooks if one.get("name") == NAME), None))


def look(client: Client, config: Config) -> Iterator[Finding]:
    """Look at the connection, and have the Arr send a Test by it."""
    name, found = client.arr.name, ours(client)
    if found is None:
        yield from _none(client)
        return
    wrong = [*_wrong(client.arr, config, found), *arrs.back_off(client, found)]
    yield from wrong
    if any(finding.level == ERROR for finding in wrong):
        return
    if _arrives(client, found):
        yield Finding(name, OK, f"its webhook {found.get('name')!s} arrives at {fields(found).get('url')}")
    else:
        what = f"{name} cannot deliver its webhook to {fields(found).get('url')}, or is refused there"
        why = "Each import is told of once, and then never again."
        yield Finding(name, ERROR, what, why, f"arrtheaudio serve, then: {REGISTER}")


def _none(client: Client) -> Iterator[Finding]:
    name = client.arr.name
    for one in client.connections():
        if one.get("implementation") == "CustomScript" and "arrtheaudio" in str(fields(one).get("path")):
            yield Finding(name, OK, "it calls our script; a webhook is not needed")
            return
    why = "It does not tell us what it imports."
    yield Finding(name, WARNING, "there is no webhook of ours in it", why, REGISTER)


def _wrong(arr: Arr, config: Config, found: Connection) -> Iterator[Finding]:
    """Yield what is not as it should be in a connection."""

    def finding(level: str, what: str, why: str) -> Finding:
        return Finding(arr.name, level, f"its webhook {found.get('name')!s} {what}", why, REGISTER)

    own, never = fields(found), "No import is told of."
    url = urlsplit(str(own.get("url")))
    if not found.get("onDownload"):
        yield finding(ERROR, "is not sent on import (On File Import)", never)
    if not found.get("onUpgrade"):
        yield finding(WARNING, "is not sent on upgrade (On File Upgrade)", "A better release keeps its wrong track.")
    if found.get("onImportComplete"):
        yield finding(NOTE, "is sent on Import Complete too", "Each file is told of twice, and looked at twice.")
    if found.get("tags"):
        yield finding(NOTE, "is for titles with certain tags alone", "The others are not told of.")
    if own.get("method") not in (None, _POST):
        yield finding(ERROR, "is sent by PUT", f"We take POST alone. {never}")
    if not url.path.rstrip("/").endswith(f"/webhook/{arr.app}"):
        yield finding(ERROR, f"goes to {url.geturl()}, and not to /webhook/{arr.app}", never)
    if (url.scheme == "https") != (config.api.tls.cert is not None) and url.port == config.api.port:
        yield finding(ERROR, f"goes to {url.geturl()}, which is the wrong scheme", "An Arr follows no redirect.")
    if config.api.webhook_secret is not None and not own.get("password") and not own.get("headers"):
        yield finding(ERROR, "has no password", f"It is refused: api.webhook_secret is set. {never}")


def target(arr: Arr, config: Config, url: str | None) -> str:
    """Return where an Arr finds us; UsageError where that is not to be known, or the url is none."""
    if url is None:
        host = config.api.host
        if host in _LOCAL and urlsplit(arr.url).hostname not in _LOCAL:
            raise UsageError(f"{arr.name} does not reach {host}, where `serve` listens: set api.host, and say --url.")
        host = socket.gethostname() if host in ("0.0.0.0", "::") else host
        scheme = "http" if config.api.tls.cert is None else "https"
        url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{config.api.port}"
    address.check(url)
    return f"{url.rstrip('/')}/webhook/{arr.app}"


def register(client: Client, config: Config, url: str, *, dry_run: bool) -> Finding:
    """Add the webhook to an Arr, or mend it; where it is as it should be, and arrives, leave it as it is."""
    name, found = client.arr.name, ours(client)
    wanted = _wanted(client.arr, config, found, url)
    if found is not None and wanted == found:
        if _arrives(client, found):  # which also ends the time for which it may have been put aside
            return Finding(name, OK, f"its webhook {found['name']} goes to {url} already")
        wanted = _wanted(client.arr, config, found, url, anew=True)
    done = f"{'added' if found is None else 'changed'}, and goes to {url}"
    if dry_run:
        return Finding(name, NOTE, f"its webhook would be {done}", "Nothing was changed.", "leave out --dry-run")
    try:
        (client.add if found is None else client.change)(wanted)
    except Network as error:
        why = f"It first sends a Test to {url}, which has to arrive, with the right secret."
        mend = f"arrtheaudio serve; then, where {name} is: curl {url}"
        return Finding(name, ERROR, f"it does not take our webhook: {error}", why, mend)
    return Finding(name, OK, f"its webhook was {done}")


def _arrives(client: Client, connection: Connection) -> bool:
    try:
        client.test(connection)
    except Network:
        return False
    return True


def _wanted(arr: Arr, config: Config, found: Connection | None, url: str, *, anew: bool = False) -> Connection:
    """Return the connection as it should be; what is of no concern to us stays as it is.

    An Arr does not say which password it has: it is taken to be the right one, unless it is to be given `anew`.
    """
    secret = config.api.webhook_secret
    own: dict[str, Any] = {"url": url, "method": _POST}
    if secret is not None:
        own |= {"username": "arrtheaudio", "password": str(secret)}
    flags: dict[str, Any] = {"onDownload": True, "onUpgrade": True}
    if arr.app == "sonarr":
        flags["onImportComplete"] = False
    if found is None:
        listed = [{"name": key, "value": value} for key, value in own.items()]
        made = {"name": NAME, "implementation": "Webhook", "configContract": "WebhookSettings", "tags": []}
        return {**made, **flags, "onGrab": False, "fields": listed}
    now = fields(found)
    if now.get("password") == _HIDDEN and not anew:
        own.pop("password", None)
    if now.get("username") and "username" in own:
        del own["username"]  # any will do
    kept = [{**field, "value": own.pop(field["name"], field.get("value"))} for field in _listed(found)]
    return {**found, **flags, "fields": [*kept, *({"name": key, "value": value} for key, value in own.items())]}


def _listed(connection: Connection) -> list[dict[str, Any]]:
    return [field for field in connection.get("fields", ()) if isinstance(field, dict) and "name" in field]
