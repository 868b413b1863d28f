"""Ask TMDB for the original language of titles.

Adds `tmdb` to each record: the title, its original language, and the languages spoken in it. A title is known by its
id, from Sonarr or Radarr, from the names of the file and its folders ({tmdb-603}, [tvdbid-81189], tt0133093) or from
an .nfo file beside it; else it is searched by name. Answers are kept in a cache.

Where nothing is found, there is no key, or TMDB does not answer, the record goes on without `tmdb`: that is no failure.

This product uses the TMDB API but is not endorsed or certified by TMDB.
"""

import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from arrtheaudio import filters, messages
from arrtheaudio.call import Call
from arrtheaudio.core.record import Record
from arrtheaudio.core.value import Value
from arrtheaudio.errors import UsageError
from arrtheaudio.options import Option
from arrtheaudio.pipeline import Stage

if TYPE_CHECKING:
    from arrtheaudio.config.settings import Tmdb
    from arrtheaudio.tmdb.client import Client


class Asked(Value):
    """What the command line says: an `id` such as `("tmdb", "603")`, the kind, and whether only the cache is asked."""

    id: tuple[str, str] | None = None
    kind: str | None = None
    offline: bool = False


class Source:
    """TMDB, for all records of a process: connected for the first that asks, and complained of once for each cause."""

    def __init__(self, settings: "Tmdb", asked: Asked) -> None:
        """Open nothing yet."""
        self._settings = settings
        self._asked = asked
        self._client: Client | None = None
        self._said: set[str] = set()
        self._lock = threading.Lock()

    @property
    def silent(self) -> str | None:
        """Why nobody is asked at all; None where somebody is."""
        if not self._settings.enabled:
            return "tmdb.enabled is false: nobody is asked for original languages"
        if self._settings.api_key is None and not self._asked.offline:
            return "there is no tmdb.api_key (or TMDB_API_KEY): TMDB is not asked for original languages"
        return None

    def client(self) -> "Client":
        """Return the connection."""
        from arrtheaudio.tmdb.client import connect

        with self._lock:
            if self._client is None:
                self._client = connect(self._settings, offline=self._asked.offline)
            return self._client

    def say(self, cause: str, message: str) -> None:
        """Say something that need be said once."""
        with self._lock:
            new = cause not in self._said
            self._said.add(cause)
        if new:
            messages.note(f"tmdb: {message}")
        else:
            messages.detail(f"tmdb: {message}")

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.close()


def stage(record: Record, source: Source, asked: Asked) -> Mapping[str, Any] | None:
    """Ask for the title of a record; None, and a word on standard error, where there is no answer."""
    if source.silent is not None:
        source.say("silent", source.silent)
        return None
    from arrtheaudio.tmdb.failures import NoAnswer
    from arrtheaudio.tmdb.identify import Wish, identify

    try:
        answer = identify(record, Wish(asked.id, asked.kind), source.client())
    except NoAnswer as error:
        source.say(error.cause, f"{error}; {record['path']}, and perhaps others, go without")
        return None
    if answer is None:
        source.say("unknown", f"no title is found for {record['path']}, and perhaps for others")
    return answer


def stages(source: Source, asked: Asked, *, refresh: bool = False) -> list[Stage]:
    """Return the stage alone."""
    return [Stage("tmdb", partial(stage, source=source, asked=asked), refresh)]


def title_id(text: str) -> tuple[str, str]:
    """Return the scheme and the value of `tmdb:603`, `tvdb:81189` or `imdb:tt0133093`; ValueError where it is none."""
    from arrtheaudio.tmdb import ids

    scheme, _, value = text.partition(":")
    known = ids.normal(scheme, value) if scheme in ids.SCHEMES else None
    if known is None:
        raise ValueError(f"{text!r:.60} is none of tmdb:603, tvdb:81189, imdb:tt0133093")
    return scheme, known


ASKING = (
    Option("id", ("--id",), "The title's id: tmdb:603, tvdb:81189 or imdb:tt0133093.", title_id, "ID"),
    Option("kind", ("--kind",), "Whether the titles are movies or series.", choices=("movie", "series")),
    Option("offline", ("--offline",), "Ask the cache only.", default=False),
)


def asked(values: Mapping[str, Any]) -> Asked:
    """Return what the options ask for; UsageError where they contradict each other."""
    if values["id"] and values["id"][0] == "tvdb" and values["kind"] == "movie":
        raise UsageError("an id of TheTVDB is a series'; give a movie's tmdb or imdb id.")
    return Asked(values["id"], values["kind"], values["offline"])


def row(record: Record) -> list[str]:
    """Return the cells of a file."""
    answer = record.get("tmdb", {})
    year = f" ({answer['year']})" if "year" in answer else ""
    spoken = " ".join(answer.get("spoken_languages", ()))
    return [
        answer.get("original_language", "-"),
        spoken or "-",
        answer.get("matched_by", "-"),
        answer.get("title", "-") + year,
        record["path"],
    ]


TABLE = filters.Table(("ORIGINAL", "SPOKEN", "BY", "TITLE", "PATH"), row)
USES = ("tmdb",)
EXAMPLES = (
    ("What TMDB says of a film:", "arrtheaudio tmdb --format table --id tmdb:603 /media/films/film.mkv"),
    (
        "The original languages that are known already; nobody is asked:",
        """\
arrtheaudio scan /media | arrtheaudio tmdb --offline |
    jq -r '[.tmdb.original_language, .path] | @tsv'""",
    ),
)
FILES = filters.FILES
OPTIONS = (*filters.OPTIONS, *ASKING)


def run(call: Call) -> int:
    """Print the records with what TMDB says."""
    wish = asked(call.values)
    source = Source(call.config.tmdb, wish)
    records = filters.source(call, "tmdb")
    try:
        return filters.run(call, records, stages(source, wish, refresh=call.values["refresh"]), TABLE)
    finally:
        source.close()
