"""The configuration: what is right by its schema, and still not what its owner wants."""

import os
import stat
from collections.abc import Iterator

from arrtheaudio.config import Config, Invalid, places
from arrtheaudio.config.settings import SECRETS
from arrtheaudio.doctor import keys
from arrtheaudio.doctor.finding import ERROR, NOTE, OK, WARNING, Finding
from arrtheaudio.doctor.storage import tried

CHECK = "configuration"
_SHORTEST = 16  # characters of a secret that nobody guesses
# What is worth the most in few lines: a second language, and the folders that may be touched.
EXAMPLE = "language_priority: [original, eng]\napi: {allowed_roots: [/data/media]}  # the folders of your media"


def broken(error: Invalid) -> Iterator[Finding]:
    """Yield what is wrong with a configuration that cannot be used."""
    for fault in error.faults:
        yield Finding(
            CHECK,
            ERROR,
            str(fault),
            "No command that needs the configuration works.",
            "arrtheaudio admin validate-config",
        )


def source(config: Config) -> Iterator[Finding]:
    """Look at the file."""
    if config.source is None:
        why = "No language is preferred, the original one decides; there are no folders, and no Arr."
        mend = f"write {_best_place()}, for a start with the lines below"
        yield Finding(CHECK, NOTE, "there is no configuration file", why, mend, EXAMPLE)
        return
    yield Finding(CHECK, OK, f"{config.source} is valid")
    mode = stat.S_IMODE(os.stat(config.source).st_mode)
    if mode & 0o004 and _has_secret(config.source):
        what = f"{config.source} has a key or a secret in it, and everybody may read it"
        yield Finding(CHECK, WARNING, what, "Who has an Arr's key can do anything there.", f"chmod o-r {config.source}")


def _best_place() -> str:
    """Return where a configuration file can be written and is found: in a container its volume, else at home."""
    *at_home, for_all = places.candidates(os.environ)
    return next((path for path in at_home if tried(_top(path)) is None), for_all)


def _top(path: str) -> str:
    """Return what has to be there: the volume itself, or the home that `.config` is in."""
    folder = os.path.dirname(path)
    return folder if path == places.CONTAINER_FILE else os.path.dirname(os.path.dirname(folder))


def _has_secret(path: str) -> bool:
    """Say whether a secret stands in a file in so many letters, and not as `${NAME}`."""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            for part in line.partition("#")[0].replace("{", ",").split(","):
                key, _, value = part.partition(":")
                if key.strip(" -") in SECRETS and value.strip(" \"'}") and "$" not in line:
                    return True
    return False


def secret(config: Config) -> Iterator[Finding]:
    """Look at who may send us work."""
    host, own = config.api.host, config.api.webhook_secret
    local = host in ("127.0.0.1", "::1", "localhost")
    if own is None and not local:
        why = f"`serve` does not start: at {host} anybody could send it work."
        yield Finding("secret", ERROR, "api.webhook_secret is not set", why, *_new(config))
    elif own is None:
        why = f"Only programs of this machine reach {host}; an Arr in a container of its own does not."
        yield Finding("secret", NOTE, "api.webhook_secret is not set", why, *_new(config))
    elif len(own) < _SHORTEST or len(set(own)) < _SHORTEST // 2:
        why = "It is all that stands between your media and whoever reaches the port."
        yield Finding("secret", WARNING, "api.webhook_secret is short, or easily guessed", why, *_new(config))
    else:
        yield Finding("secret", OK, "api.webhook_secret is set")


def _new(config: Config) -> tuple[str, str]:
    note = "a new one, by openssl rand"
    return keys.of_section(config, "api", "webhook_secret", "WEBHOOK_SECRET", "$(openssl rand -hex 24)", note)


def umask(_config: Config) -> Iterator[Finding]:
    """Look at the rights that new files get."""
    mask = os.umask(0o077)
    os.umask(mask)
    if mask & 0o070 == 0o070:
        why = "An Arr that calls `hook` as another user of your group cannot put jobs into the queue."
        yield Finding("umask", NOTE, f"the umask is {mask:03o}: new files are for this user alone", why, "umask 002")
