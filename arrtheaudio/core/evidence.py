"""Which language a title was made in: what each source says, and how far it is believed.

TMDB's `original_language` is the production's language, not the spoken one (Léon is `fr`); the Arrs copy it, and say
English for whatever their table lacks. So they are weighed, and where they leave it open a person decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arrtheaudio.core import language
from arrtheaudio.core.track import Track
from arrtheaudio.core.value import Value

# Films that TMDB has as French, and that speak English: Léon, The Fifth Element, Dracula (2025).
MISLEADING = {"tmdb:101": "en", "tmdb:18": "en", "tmdb:1246049": "en"}

# How sure a language is: said by a person; by two sources; by one; left open by what the sources say; not known.
OVERRIDE, HIGH, MEDIUM, OPEN, NONE = "override", "high", "medium", "open", "none"


class Source(Value):
    """What one source says: its name, the language, and in a sentence why it counts as much as it does.

    `others` are languages that are as likely, where the source itself is unsure.
    """

    name: str
    language: str
    sentence: str
    others: tuple[str, ...] = ()


class Evidence(Value):
    """What is believed of the original language.

    `language` is a tag, None where nothing is known or it is open; then `alternatives` has what it may be. `source`
    says in a few words who says so; `story` tells in sentences what each source said.
    """

    language: str | None = None
    certainty: str = NONE
    source: str = ""
    alternatives: tuple[str, ...] = ()
    story: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        """Say whether it may be written into the file."""
        return self.certainty in (OVERRIDE, HIGH)


def weigh(
    record: Mapping[str, Any],
    tracks: Iterable[Track] = (),
    *,
    original: str | None = None,
    overrides: Mapping[str, str] | None = None,
    ids: Mapping[str, str] | None = None,
) -> Evidence:
    """Return what is believed of a title.

    `original` is what the command line says; `overrides` are the configuration's, keyed `tmdb:101`; `ids` are those of
    the title that stand elsewhere than in the record's `arr` and `tmdb`.
    """
    given = _given(record, original, overrides or {}, ids or {})
    if given is not None:
        return Evidence(given.language, OVERRIDE, given.name, story=(given.sentence,))
    strong, weak = [*_tmdb_by_id(record), *_arr(record)], [*_flagged(tracks), *_tmdb_by_name(record), *_english(record)]
    story = (*(source.sentence for source in (*strong, *weak)), *_doubtful(record))
    if not strong:
        return _weak(weak)._replace(story=story)
    return _strong(strong, weak)._replace(story=story)


def _given(
    record: Mapping[str, Any], original: str | None, overrides: Mapping[str, str], ids: Mapping[str, str]
) -> Source | None:
    if original is not None:
        tag = language.tag(original)
        return Source("--original", tag, f"You say {tag} (--original).")
    keys = _keys(record, ids)
    # TMDB numbers films and series apart; the shipped ones are films.
    shipped = {} if _is_series(record) else MISLEADING
    for key in keys:
        if code := overrides.get(key, shipped.get(key)):
            tag = language.tag(code)
            return Source(f"override of {key}", tag, f"{key} is a title whose metadata misleads: it is {tag}.")
    return None


def _keys(record: Mapping[str, Any], ids: Mapping[str, str]) -> list[str]:
    """Return the ids of the title, as overrides name them. One that was guessed by name is none."""
    tmdb = _part(record, "tmdb")
    known = {**ids, **_part(_part(record, "arr"), "ids")}
    if "id" in tmdb and tmdb.get("matched_by") != "name":
        known["tmdb"] = tmdb["id"]
    return [f"{name}:{value}" for name, value in known.items()]


def _is_series(record: Mapping[str, Any]) -> bool:
    return "series" in (_part(record, "arr").get("kind"), _part(record, "tmdb").get("kind"))


def _tmdb_by_id(record: Mapping[str, Any]) -> list[Source]:
    tmdb = _part(record, "tmdb")
    said = _tag(tmdb.get("original_language"))
    if said is None or tmdb.get("matched_by") == "name":
        return []
    return [_weighed(said, _spoken(tmdb))]


def _spoken(tmdb: Mapping[str, Any]) -> list[str]:
    spoken = tmdb.get("spoken_languages")
    tags = [_tag(code) for code in spoken] if isinstance(spoken, list | tuple) else []
    return [tag for tag in tags if tag is not None]


def _weighed(said: str, spoken: Sequence[str]) -> Source:
    if not spoken or any(_same(said, other) for other in spoken):
        return Source("tmdb", said, f"TMDB says {said}.")
    if len(spoken) == 1:
        only = spoken[0]
        return Source("tmdb", only, f"TMDB says {said}, and that only {only} is spoken: so {only}.")
    listed = ", ".join(spoken)
    return Source("tmdb", said, f"TMDB says {said}, and that {listed} are spoken: unsure.", tuple(spoken))


def _arr(record: Mapping[str, Any]) -> list[Source]:
    said = _arr_says(record)
    if said is None or said == "en":
        return []
    name = _arr_name(record)
    return [Source(name, said, f"{name.capitalize()} says {said}.")]


def _english(record: Mapping[str, Any]) -> list[Source]:
    if _arr_says(record) != "en":
        return []
    name = _arr_name(record)
    return [Source(name, "en", f"{name.capitalize()} says English, as it does where it does not know: weak.")]


def _arr_says(record: Mapping[str, Any]) -> str | None:
    return _tag(_part(record, "arr").get("original_language"))


def _arr_name(record: Mapping[str, Any]) -> str:
    name = _part(record, "arr").get("app")
    return name if isinstance(name, str) and name else "the Arr"


def _flagged(tracks: Iterable[Track]) -> list[Source]:
    tags = dict.fromkeys(track.language for track in tracks if track.type == "audio" and track.original)
    if len(tags) != 1 or _tag(next(iter(tags))) is None:
        return []
    tag = next(iter(tags))
    return [Source("FlagOriginal", tag, f"The file marks its {tag} track as the original.")]


def _tmdb_by_name(record: Mapping[str, Any]) -> list[Source]:
    tmdb = _part(record, "tmdb")
    said = _tag(tmdb.get("original_language"))
    if said is None or tmdb.get("matched_by") != "name":
        return []
    if tmdb.get("confidence") not in ("high", "medium"):
        return []
    found = _weighed(said, _spoken(tmdb))
    title = tmdb.get("title")
    return [found._replace(name="tmdb by name", sentence=f"By its name it is {title!s}. {found.sentence}")]


def _doubtful(record: Mapping[str, Any]) -> list[str]:
    tmdb = _part(record, "tmdb")
    if tmdb.get("matched_by") != "name" or tmdb.get("confidence") in ("high", "medium"):
        return []
    return [f"By its name it may be {tmdb.get('title')!s}: too doubtful to count."]


def _weak(weak: Sequence[Source]) -> Evidence:
    sure = [source for source in weak if not source.others]
    if not sure:
        return _open(weak) if weak else Evidence()
    first = sure[0]
    agree = [source.name for source in sure if _same(source.language, first.language)]
    return _believed(first.language, agree)


def _strong(strong: Sequence[Source], weak: Sequence[Source]) -> Evidence:
    first, *rest = strong
    if first.others:
        return _settled(first, rest, weak)
    if any(not _same(first.language, other.language) for other in rest):
        return _open(strong)
    agree = [source.name for source in (*strong, *weak) if _same(source.language, first.language)]
    return _believed(first.language, agree)


def _settled(unsure: Source, rest: Sequence[Source], weak: Sequence[Source]) -> Evidence:
    """Settle what TMDB leaves open, by a source that names one of the languages that it has as spoken.

    An Arr that repeats TMDB's own language settles nothing: it has it from there.
    """
    flagged = [source for source in weak if source.name == "FlagOriginal"]
    for source in (*rest, *(flagged if not rest else ())):
        if source.name == "FlagOriginal" or any(_same(source.language, other) for other in unsure.others):
            return _believed(source.language, [source.name])
    return _open([unsure, *rest])


def _believed(tag: str, names: Sequence[str]) -> Evidence:
    names = list(dict.fromkeys(names))
    if len(names) == 1:
        return Evidence(tag, MEDIUM, names[0])
    return Evidence(tag, HIGH, f"{', '.join(names)} agree")


def _open(sources: Sequence[Source]) -> Evidence:
    said = "; ".join(f"{source.name}: {' or '.join((source.language, *source.others))}" for source in sources)
    tags = [tag for source in sources for tag in (source.language, *source.others)]
    return Evidence(None, OPEN, said, tuple(dict.fromkeys(tags)))


def _same(one: str, other: str) -> bool:
    """Say whether two tags may mean one language: the Arrs write Chinese where TMDB has Cantonese."""
    return one == other or language.match(one, other) is not None


def _tag(code: Any) -> str | None:
    tag = language.tag(code) if isinstance(code, str) else language.UNDETERMINED
    return None if tag == language.UNDETERMINED else tag


def _part(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = record.get(key)
    return part if isinstance(part, Mapping) else {}
