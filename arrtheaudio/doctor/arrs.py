"""Each Arr: whether it answers, whether its folders are ours, and whether a real file of each can be changed."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from arrtheaudio.config import Config, PathMapping
from arrtheaudio.doctor import address, keys, mapping
from arrtheaudio.doctor.client import Client
from arrtheaudio.doctor.finding import ERROR, NOTE, OK, WARNING, Finding
from arrtheaudio.doctor.obstacle import remount
from arrtheaudio.doctor.roots import every
from arrtheaudio.doctor.storage import mount_of
from arrtheaudio.errors import Error, Network
from arrtheaudio.files import open_to_edit
from arrtheaudio.server.places import Places, Refusal
from arrtheaudio.services.web import KeyRefused, Rejected

# From these versions on, a webhook has the original language (Sonarr e039dc45, Radarr 9a107cc8).
_TELLS = {"sonarr": (4, 0, 11, 2724), "radarr": (5, 16, 1, 9508)}
_PATIENCE = 1.0  # seconds, for a file that somebody writes to
_MOST_TITLES = 20  # of a root folder, until one has a file


def answers(client: Client, config: Config) -> Iterator[Finding]:
    """Ask for its version. Nothing else can be asked where this is an error."""
    name, app = client.arr.name, client.arr.app
    try:
        said = client.status()
    except Network as error:
        yield failed(client, config, error, "Nothing that a webhook leaves out can be asked.")
        return
    if str(said.get("appName", "")).lower() != app:
        what = f"{client.arr.url} is {said.get('appName') or 'no Arr'}, and not {app.capitalize()}"
        lines = keys.with_change(config, client.arr, url=f"http://where-{app}-is")
        yield Finding(name, ERROR, what, "Titles are looked up in the wrong place.", "", lines)
        return
    version = str(said.get("version", ""))
    yield Finding(name, OK, f"{app.capitalize()} {version} answers")
    numbers = tuple(int(part) for part in version.split(".") if part.isdecimal())
    if numbers and numbers < _TELLS[app]:
        least = ".".join(map(str, _TELLS[app]))
        why = f"Its webhooks lack the original language (from {least} on they have it): it is asked for each title."
        yield Finding(name, NOTE, f"{app.capitalize()} {version} is old", why, f"update {app.capitalize()}")


def failed(client: Client, config: Config, error: Network, why: str) -> Finding:
    """Say why an Arr cannot be asked, and what mends it."""
    arr, what, mend = client.arr, str(error), f"curl -sS {client.arr.url}/ping"
    if isinstance(error, KeyRefused):
        return Finding(arr.name, ERROR, what, why, *keys.of_arr(config, arr))
    if isinstance(error, Rejected):
        found = address.with_base(arr)
        if found is not None:
            what = f"{what}; it is at {found}: that is its URL Base"
            return Finding(arr.name, ERROR, what, why, "", keys.with_change(config, arr, url=found))
        mend = f"{mend}  # what is its URL Base (Settings, General)? The url has to end with it"
    elif said := address.other_scheme(arr.url):
        what, url = f"{arr.name} {said}", address.swapped(arr.url)
        return Finding(arr.name, ERROR, what, why, "", keys.with_change(config, arr, url=url))
    elif said := address.distrusted(arr.url):
        what = f"{arr.name} has a certificate that is not trusted here: {said}"
        mend = "export REQUESTS_CA_BUNDLE=/the/ca.pem  # of who signed it"
    return Finding(arr.name, ERROR, what, why, mend)


def folders(client: Client, config: Config, missing: list[PathMapping]) -> Iterator[Finding]:
    """Look at each of its root folders; add to `missing` what the configuration lacks."""
    name = client.arr.name
    found = client.root_folders()
    if not found:
        yield Finding(
            name, NOTE, "it has no root folder yet", "Without one it imports nothing.", f"add one: {client.arr.url}"
        )
    titles = list(client.files()) if found else []
    for folder in found:
        yield from _folder(client, config, folder, titles, missing)


def _folder(
    client: Client, config: Config, folder: str, titles: list[tuple[str, int | None]], missing: list[PathMapping]
) -> Iterator[Finding]:
    name, file = client.arr.name, _file(client, folder, titles)
    here = Places(config).local(folder)
    if file is None:
        local = f" is {here}" if isinstance(here, str) else ""
        if isinstance(here, Refusal) or not os.path.isdir(here):
            yield _not_here(client, config, folder, here, [], missing)
        else:
            why = "Until it has one, it is not proved that we see the same files."
            yield Finding(name, NOTE, f"{folder}{local} and has no file yet", why)
        return
    path = Places(config).local(file)
    if isinstance(path, Refusal) or not os.path.lexists(path):
        below = mapping.rest(file, folder)
        yield _not_here(client, config, folder, here, [] if below is None else [below], missing)
        return
    try:
        with open_to_edit(os.fsencode(path), _PATIENCE):
            yield Finding(name, OK, f"{folder} is {here}: {path} can be read and written")
    except Error as error:
        yield _not_writable(name, path, error)


def _file(client: Client, folder: str, titles: list[tuple[str, int | None]]) -> str | None:
    """Return a file below a root folder, as the Arr names it."""
    inside = [number for path, number in titles if mapping.rest(path, folder) and number is not None]
    for number in inside[:_MOST_TITLES]:
        file = client.file_of(number)
        if file is not None and mapping.rest(file, folder):
            return file
    return None


def _not_here(
    client: Client, config: Config, folder: str, here: str | Refusal, below: list[str], missing: list[PathMapping]
) -> Finding:
    """Say that a root folder is not with us, and where its files are; add to `missing` what mends it."""
    what = here.message if isinstance(here, Refusal) else f"{folder} of {client.arr.name} is not at {here}"
    local = mapping.find(below, every(config)) if below else None
    remote = folder.rstrip("/") or "/"
    missing.append(PathMapping(remote, local or "/its/folder/here"))
    if local is not None and local != remote:
        what = f"{what} Its files are in {local}." if what.endswith(".") else f"{what}; its files are in {local}"
    why = "Every import in there fails with not_found, or is refused."
    return Finding(client.arr.name, ERROR, what, why, "see path_mappings, the last finding")


def _not_writable(name: str, path: str, error: Error) -> Finding:
    if error.code == "timeout":
        return Finding(name, NOTE, f"{path}: {error}", "Another program writes to it at this moment.")
    info = os.stat(path)
    what = f"{path}: {error}; it is user {info.st_uid}'s, group {info.st_gid}'s, and we are user {os.geteuid()}"
    mend = f"run as user {info.st_uid} (in a container: PUID={info.st_uid} PGID={info.st_gid}), or: chmod g+w '{path}'"
    if error.code == "read_only":
        mend = remount(mount_of(path)[0], os.path.dirname(path))
    return Finding(name, ERROR, what, "No file in there can be edited.", mend)


def back_off(client: Client, connection: Mapping[str, Any]) -> Iterator[Finding]:
    """Look whether the Arr has given up on a connection for a while, since it failed."""
    for complaint in client.health():
        message = str(complaint.get("message", ""))
        if complaint.get("source") == "NotificationStatusCheck" and str(connection.get("name")) in message:
            why = "While it is put aside, imports are not told of, and not told of later."
            yield Finding(client.arr.name, WARNING, message, why, "arrtheaudio doctor --register")
