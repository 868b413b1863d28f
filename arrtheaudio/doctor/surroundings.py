"""What is around us: programs, TMDB, the clock, and our own server."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from arrtheaudio.config import Config
from arrtheaudio.doctor import keys
from arrtheaudio.doctor.finding import ERROR, NOTE, OK, WARNING, Finding
from arrtheaudio.errors import Network
from arrtheaudio.remux.programs import PACKAGES
from arrtheaudio.services.web import NotThere, Timeouts, Web

_RELEASED = 1_763_942_400  # seconds since 1970: 2025-11-24; no clock that is right shows less
_SKEW, _FILE_SKEW = 60.0, 5.0  # seconds
_QUICK = Timeouts(connect=2.0, whole=5.0)


def tools(config: Config) -> Iterator[Finding]:
    """Look for the programs that some of the work needs."""
    missing = [name for name in PACKAGES if shutil.which(name) is None]
    for name in missing:
        level = ERROR if config.processing.allow_rewrite and name != "ffprobe" else NOTE
        why = "It reads containers other than Matroska and MP4." if name == "ffprobe" else "A rewrite needs it."
        yield Finding("tools", level, f"{name} is not installed", why, f"apt install {PACKAGES[name]}")
    if not missing:
        yield Finding("tools", OK, f"{', '.join(PACKAGES)} are installed")


def tmdb(config: Config) -> Iterator[Finding]:
    """Ask TMDB whether it accepts the key."""
    settings = config.tmdb
    if not settings.enabled:
        yield Finding("tmdb", NOTE, "tmdb.enabled is false", "The original language is what the Arr and the file say.")
        return
    if settings.api_key is None:
        why = "The original language is what the Arr and the file say, where they say it."
        yield Finding("tmdb", NOTE, "there is no key for TMDB", why, *_key(config))
        return
    from arrtheaudio.tmdb.clock import CLOCK
    from arrtheaudio.tmdb.failures import KeyRefused
    from arrtheaudio.tmdb.transport import Transport

    try:
        Transport(settings.base_url, settings.api_key, CLOCK).get("/search/movie?query=Metropolis")
        yield Finding("tmdb", OK, "TMDB accepts the key")
    except KeyRefused as error:
        yield Finding("tmdb", ERROR, str(error), "No title is looked up.", *_key(config))
    except Network as error:
        mend = f"curl -sS {settings.base_url}"
        yield Finding("tmdb", WARNING, str(error), "Only titles that were asked for before are known.", mend)


def _key(config: Config) -> tuple[str, str]:
    note = "from https://www.themoviedb.org/settings/api"
    return keys.of_section(config, "tmdb", "api_key", "TMDB_API_KEY", "…", note)


def clock(config: Config) -> Iterator[Finding]:
    """Hold our clock against the file system's, and against each Arr's."""
    wrong = [*_by_year(), *_by_files(config)]
    for arr in config.arr:
        theirs = _date_of(arr.url)
        if theirs is not None and abs(theirs - time.time()) > _SKEW:
            what = f"{arr.name}'s clock and ours are {abs(theirs - time.time()):,.0f} s apart"
            wrong.append(Finding("clock", WARNING, what, "Retries come too late, and logs do not fit together.", _SET))
    yield from wrong or [Finding("clock", OK, "the clock is right, as far as can be seen")]


_SET = "timedatectl set-ntp true"


def _by_year() -> Iterator[Finding]:
    if time.time() < _RELEASED:
        what = f"the clock says {time.strftime('%Y-%m-%d', time.gmtime())}, which is past"
        why = "TMDB's certificate is not valid yet, and what is kept for days is kept for ever."
        yield Finding("clock", ERROR, what, why, _SET)


def _by_files(config: Config) -> Iterator[Finding]:
    if not os.access(config.spool.path, os.W_OK):
        return
    try:
        with tempfile.TemporaryFile(dir=config.spool.path) as file:
            skew = abs(os.fstat(file.fileno()).st_mtime - time.time())
    except OSError:
        return  # what is wrong there is said of the spool
    if skew > _FILE_SKEW:
        what = f"the file system of {config.spool.path} has a clock {skew:,.0f} s off ours"
        yield Finding("clock", WARNING, what, "Jobs that are held are tried again too early or too late.", _SET)


def _date_of(url: str) -> float | None:
    """Return the time by a server's clock, in seconds since 1970; None where it does not say."""
    parts = urlsplit(url)
    if parts.hostname is None:
        return None
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=_QUICK.connect)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/ping")
        date = connection.getresponse().getheader("Date")
        return None if date is None else parsedate_to_datetime(date).timestamp()
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def serve(config: Config) -> Iterator[Finding]:
    """Ask our server how it is."""
    url = own_url(config)
    try:
        said = Web("serve", url, {}, _QUICK).get("/health")
    except NotThere:
        said = None
    except Network as error:
        level = WARNING if config.arr else NOTE
        yield Finding(
            "serve", level, f"{url}: {error}", "Webhooks are lost: an Arr sends each only once.", "arrtheaudio serve"
        )
        return
    state = said.get("status") if isinstance(said, dict) else None
    if state == "healthy":
        yield Finding("serve", OK, f"{url} is healthy")
    elif state is None:
        why = "Webhooks go to somebody else."
        mend = f"ss -ltnp 'sport = :{config.api.port}'"
        yield Finding("serve", ERROR, f"what answers at {url} is another program", why, mend)
    else:
        yield Finding("serve", WARNING, f"{url} is {state}", "It says what is the matter.", f"curl -sS {url}/health")


def own_url(config: Config) -> str:
    """Return where our server is, from this machine."""
    scheme = "http" if config.api.tls.cert is None else "https"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.api.host, config.api.host)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{config.api.port}"
