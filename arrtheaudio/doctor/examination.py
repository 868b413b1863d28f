"""All looks, one after the other; one that fails is a finding too, and the others go on."""

from collections.abc import Callable, Iterator

from arrtheaudio.config import Config, PathMapping
from arrtheaudio.doctor import arrs, mapping, roots, settings, state, surroundings, webhook
from arrtheaudio.doctor.client import Client
from arrtheaudio.doctor.finding import ERROR, Finding
from arrtheaudio.errors import Error, Fatal, Network

Look = Callable[[Config], Iterator[Finding]]

LOOKS: tuple[Look, ...] = (
    settings.source,
    settings.secret,
    settings.umask,
    state.spool,
    state.journal,
    state.cache,
    roots.roots,
    surroundings.tools,
    surroundings.tmdb,
    surroundings.clock,
    surroundings.serve,
)


def examine(config: Config) -> Iterator[Finding]:
    """Look at everything."""
    for look in LOOKS:
        yield from _careful(look.__name__, look(config))
    missing: list[PathMapping] = []
    for arr in config.arr:
        yield from _arr(Client(arr), config, missing)
    yield from mapping.wanted(config, missing)


def _arr(client: Client, config: Config, missing: list[PathMapping]) -> Iterator[Finding]:
    """Look at one Arr; at nothing more where it does not answer."""
    found = [*arrs.answers(client, config)]
    yield from found
    if not any(finding.level == ERROR for finding in found):
        for look in (arrs.folders(client, config, missing), webhook.look(client, config)):
            yield from _careful(client.arr.name, _asked(client, config, look))


def _asked(client: Client, config: Config, found: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from found
    except Network as error:
        yield arrs.failed(client, config, error, "It could not be looked at.")


def _careful(check: str, found: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from found
    except (Error, Fatal) as error:
        yield Finding(check, ERROR, str(error), "It could not be looked at.")
    except OSError as error:
        what = f"{error.filename or check}: {(error.strerror or str(error)).lower()}"
        yield Finding(check, ERROR, what, "It could not be looked at.")
