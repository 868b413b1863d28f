"""Choose the audio track that should be the default one.

Adds `choose` to each record: the track, why it and not another, and what has to change. A record that has its `probe`
is decided on as it stands: no file is opened. A commentary, an audio description, a karaoke or an isolated score is
never chosen while there is anything else.
"""

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from arrtheaudio import filters, output
from arrtheaudio.call import Call
from arrtheaudio.commands import probe
from arrtheaudio.core import language as languages
from arrtheaudio.core.choice import Choice, decide, undecided
from arrtheaudio.core.evidence import OPEN, Evidence, weigh
from arrtheaudio.core.policy import ORIGINAL, wanted_languages
from arrtheaudio.core.record import Record
from arrtheaudio.core.track import Track
from arrtheaudio.core.value import Value
from arrtheaudio.errors import InvalidRecord
from arrtheaudio.options import Option
from arrtheaudio.pipeline import Stage

if TYPE_CHECKING:
    from arrtheaudio.commands import tmdb
    from arrtheaudio.config import Config


# What stands before an id in a path: {tmdb-603}, [tvdbid=81189], tt0133093.
_MARKS = ("tmdb", "tvdb", "imdb", *(f"tt{digit}" for digit in range(10)))


class Wish(Value):
    """What the command line says about languages."""

    languages: tuple[str, ...] = ()
    original: str | None = None


def stage(record: Record, wish: Wish, config: "Config") -> Mapping[str, Any]:
    """Decide on the tracks that a record has."""
    container, tracks = _probe(record)
    found = evidence(record, tracks, wish, config)

    def as_if(original: str | None) -> Choice:
        return decide(
            tracks,
            wanted_languages(record, config.policy, original, wish.languages),
            config.policy.selection,
            original=original,
            original_source=found.source,
            original_certain=found.certain,
            container=container,
        )

    if found.certainty == OPEN:
        return undecided([as_if(language) for language in found.alternatives], found.source).to_dict()
    return as_if(found.language).to_dict()


def evidence(record: Record, tracks: list[Track], wish: Wish, config: "Config") -> Evidence:
    """Return what is known of the original language."""
    ids = _ids(str(record["path"]))
    return weigh(record, tracks, original=wish.original, overrides=config.original_overrides, ids=ids)


def _ids(path: str) -> Mapping[str, str]:
    # To look for ids costs ten milliseconds of start; most paths have none.
    text = path.lower()
    if not any(mark in text for mark in _MARKS):
        return {}
    from arrtheaudio.core.naming import ids_in

    return ids_in(path)


def _probe(record: Record) -> tuple[str, list[Track]]:
    probed = record["probe"]
    try:
        tracks = [Track.from_dict(track) for track in probed["tracks"]]
        if not isinstance(probed["container"], str) or not all(map(_sound, tracks)):
            raise TypeError
    except (TypeError, KeyError, AttributeError):
        raise InvalidRecord("probe is not one that `arrtheaudio probe` writes") from None
    return probed["container"], tracks


_NUMBERS = {"index", "number", "uid", "channels", "sample_rate"}
_TEXTS = {"type", "codec", "language", "language_in_file", "name"}


def _sound(track: Track) -> bool:
    return _are_sound(tuple(map(type, track)))


@lru_cache(maxsize=64)
def _are_sound(kinds: tuple[type, ...]) -> bool:
    return all(
        kind is _kind(field) or (kind is type(None) and Track._field_defaults.get(field, 0) is None)
        for field, kind in zip(Track._fields, kinds, strict=True)
    )


def _kind(field: str) -> type:
    return int if field in _NUMBERS else str if field in _TEXTS else bool


def stages(wish: Wish, config: "Config", *, refresh: bool = False) -> list[Stage]:
    """Return the stage alone. What is left to a person is decided anew when one says what the original language is."""

    def settled(record: Record) -> bool:
        choice = record["choose"]
        return wish.original is None or not (isinstance(choice, dict) and choice.get("status") == "review")

    return [Stage("choose", partial(stage, wish=wish, config=config), refresh, settled)]


def before(config: "Config", *, refresh: bool = False, asked: "tmdb.Asked | None" = None) -> list[Stage]:
    """Return what comes before the choice.

    TMDB is asked only where it is set up, and only for a record that comes bare: one that has its tracks is decided on
    as it stands. `asked` is for a command that asks for itself, and of all records.
    """
    steps = probe.stages(probe.TIMEOUT, refresh=refresh)
    if not (config.tmdb.enabled and config.tmdb.api_key is not None):
        return steps
    from arrtheaudio.commands import tmdb

    wish = asked or tmdb.Asked()
    (ask,) = tmdb.stages(tmdb.Source(config.tmdb, wish), wish, refresh=refresh)
    return [*steps, ask if asked else ask._replace(wanted=lambda record: "probe" not in record)]


def code(text: str) -> str:
    """Return a code that means a language; ValueError, with a near one, where it does not."""
    return languages.check(text)


def code_or_original(text: str) -> str:
    """Return a language code, or `original`."""
    return text if text == ORIGINAL else code(text)


WISHES = (
    Option(
        "languages",
        ("-l", "--language"),
        "A wanted language, instead of the configured ones; repeat it, best first. `original` may be among them.",
        code_or_original,
        "CODE",
        multiple=True,
    ),
    Option("original", ("--original",), "The original language, where you know it better.", code, "CODE"),
)


def wish(values: Mapping[str, Any]) -> Wish:
    """Return what the options ask for."""
    return Wish(values["languages"], values["original"])


def row(record: Record) -> list[str]:
    """Return the cells of a file."""
    choice = record["choose"]
    track = choice.get("track")
    number = "" if track is None else str(track)
    return [choice["status"], number, choice.get("language") or "", choice["reason"], record["path"]]


TABLE = filters.Table(("STATUS", "TRACK", "LANGUAGE", "WHY", "PATH"), row)


class Prose:
    """Tells a person what was decided, instead of records."""

    def __init__(self, wish: Wish, config: "Config") -> None:
        """Take what the choice was made with."""
        self._wish = wish
        self._config = config
        self._begun = False

    def write(self, record: Record) -> None:
        """Tell of one record."""
        from arrtheaudio.explain import explain

        story = () if "error" in record else self._story(record)
        text = explain(record, story)
        output.put((("\n" if self._begun else "") + text).encode(errors="backslashreplace"))
        self._begun = True

    def _story(self, record: Record) -> tuple[str, ...]:
        return evidence(record, _probe(record)[1], self._wish, self._config).story

    def close(self) -> None:
        """Nothing is left to say."""


USES = ("tmdb",)
EXAMPLES = (
    ("Why this track, and no other:", "arrtheaudio choose --original ja --explain /media/films/film.mkv"),
    (
        "What a person has to decide on:",
        """\
arrtheaudio scan /media | arrtheaudio choose |
    jq -r 'select(.choose.status == "review").path'""",
    ),
    (
        "The same question with other languages; no file is read again:",
        """\
arrtheaudio scan /media | arrtheaudio probe > tracks.jsonl
arrtheaudio choose --language jpn --language eng < tracks.jsonl""",
    ),
)
FILES = filters.FILES
OPTIONS = (
    *filters.OPTIONS,
    *WISHES,
    Option("explain", ("--explain",), "Tell the reasons in prose, instead of records.", default=False),
)


def run(call: Call) -> int:
    """Print the records with the choice."""
    steps = [
        *before(call.config),
        *stages(wish(call.values), call.config, refresh=call.values["refresh"]),
    ]
    sink = Prose(wish(call.values), call.config) if call.values["explain"] else None
    # Records that are probed already need no file, and so no thread.
    return filters.run(call, filters.source(call, "choose"), steps, TABLE, jobs=call.values["jobs"] or 1, sink=sink)
