"""Which of the audio tracks is the best one: by wanted language, then by how exact, then by `same_language`."""

from collections.abc import Callable, Mapping, Sequence

from arrtheaudio.core import language, words
from arrtheaudio.core.policy import ORIGINAL, Selection, Wanted
from arrtheaudio.core.track import Track
from arrtheaudio.core.value import Value

# Codecs by what they keep of the sound, best first: lossless; dts, which may be (its extensions have the same name);
# then by the bit rates that they are used at. The names are ffprobe's; what is not here comes last.
_CODECS = (
    "truehd mlp flac alac tta wavpack ape",
    "dts",
    "eac3",
    "ac3 ac4",
    "opus aac vorbis",
    "mp3 mp2 wmapro wmav2 wmav1",
)
_QUALITY = {codec: place for place, codecs in enumerate(_CODECS) for codec in codecs.split()}
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


class Title(Value):
    """What is wanted, and what is known, of one title.

    `original` is the tag of the original language, None where it is not known; `source` says who says so.
    `languages` are the wanted ones that are known, best first, each with the entry of the list that it comes from.
    """

    wanted: Wanted
    selection: Selection
    original: str | None
    source: str
    languages: Mapping[str, str]


def title(wanted: Wanted, selection: Selection, original: str | None, source: str) -> Title:
    """Return a Title, for the code of an original language."""
    tag = language.tag(original)
    known = None if tag == language.UNDETERMINED else tag
    languages: dict[str, str] = {}
    for entry in wanted.languages:
        if meant := known if entry == ORIGINAL else entry:
            languages.setdefault(meant, entry)
    return Title(wanted, selection, known, source, languages)


class Pick(Value):
    """The tracks of the first wanted language that has any, best first; the rule, and the reason in words.

    `losers`: why each of these tracks but the first is not the chosen one, in a word, by its index.
    """

    ranked: tuple[Track, ...] = ()
    rule: str = "none"
    reason: str = ""
    losers: Mapping[int, str] = {}


class _Heard(Value):
    """A track, the language that it counts as, and whether that is an assumption about `und`."""

    track: Track
    language: str
    assumed: bool


def rejection(track: Track, commentary: Sequence[str] = ()) -> str | None:
    """Return why an audio track is no candidate, in a word; None where it is one.

    `disabled commentary audio_description karaoke isolated_score`: by the container's own flags, else by the name.
    `commentary` are the words that mean it, in place of those that ship.
    """
    if not track.enabled:
        return "disabled"
    if track.commentary:
        return words.COMMENTARY
    if track.visual_impaired:
        return words.AUDIO_DESCRIPTION
    return words.meaning(track.name, commentary)


def pick(candidates: Sequence[Track], title: Title) -> Pick:
    """Return the best of the candidates; where none is of a wanted language, a Pick without tracks that says so."""
    if not title.languages:
        return Pick(reason=_nothing_wanted(title.wanted))
    heard = _heard(candidates, title)
    for place, (wanted, entry) in enumerate(title.languages.items()):
        ranked = _ranked(wanted, heard, title.selection.same_language)
        if ranked:
            best = ranked[0][1]
            tracks = tuple(found.track for _, found in ranked)
            return Pick(
                tracks, _rule(entry, title.wanted), _reason(place, best, title), _losers(ranked, title.selection)
            )
    present = ", ".join(dict.fromkeys(track.language for track in candidates))
    return Pick(reason=f"no track in a wanted language ({', '.join(title.languages)}); there is {present}")


def originals(candidates: Sequence[Track], original: str) -> dict[int, bool]:
    """Return, by index, whether a track is in the original language: the nearest are, those of other languages are not.

    A track that says no language, or one that is only near, is left out.
    """
    said = {track.index: spoken(track) for track in candidates}
    distances = {index: language.match(original, tag) for index, tag in said.items() if language.match(tag, tag) == 0}
    nearest = min((distance for distance in distances.values() if distance is not None), default=None)
    return {index: distance is not None for index, distance in distances.items() if distance in (nearest, None)}


def spoken(track: Track) -> str:
    """Return the language of a track; where the file only says Chinese, its name may say which."""
    return (track.language == "zh" and words.chinese(track.name)) or track.language


def _heard(candidates: Sequence[Track], title: Title) -> list[_Heard]:
    """Return the candidates with their languages; a lone `und` counts as what `undetermined` says."""
    undetermined = [track for track in candidates if track.language == language.UNDETERMINED]
    assumed = title.original if title.selection.undetermined == ORIGINAL else title.selection.undetermined
    lone = undetermined[0] if len(undetermined) == 1 and assumed not in (None, "ignore") else None
    return [
        _Heard(track, language.tag(assumed), True) if track is lone else _Heard(track, spoken(track), False)
        for track in candidates
    ]


# What orders tracks of one language, less being better, and the word for a track that loses by it.
_ORDERS: dict[str, tuple[str, Callable[[Track], int]]] = {
    "default": ("not_default", lambda track: not track.default),
    "channels": ("fewer_channels", lambda track: -(track.channels or 0)),
    "codec": ("lesser_codec", lambda track: _quality(track.codec)),
}

_Ranked = list[tuple[tuple[int, ...], _Heard]]


def _ranked(wanted: str, heard: Sequence[_Heard], same_language: Sequence[str]) -> _Ranked:
    """Return the tracks of the wanted language with what they are ordered by, best first; file order is kept."""
    orders = [_ORDERS[name][1] for name in same_language]
    ranked = [
        ((found.assumed, distance, *(order(found.track) for order in orders)), found)
        for found in heard
        if (distance := language.match(wanted, found.language)) is not None
    ]
    return sorted(ranked, key=lambda item: item[0])


def _losers(ranked: _Ranked, selection: Selection) -> dict[int, str]:
    reasons = ["undetermined", "less_exact", *(_ORDERS[name][0] for name in selection.same_language)]
    best = ranked[0][0]
    return {
        found.track.index: next(
            (word for word, ours, its in zip(reasons, best, key, strict=True) if ours != its), "later"
        )
        for key, found in ranked[1:]
    }


def _quality(codec: str) -> int:
    return 0 if codec.startswith("pcm_") else _QUALITY.get(codec, len(_CODECS))


def _rule(entry: str, wanted: Wanted) -> str:
    if entry == ORIGINAL:
        return "original"
    return "forced_choice" if wanted.ruled else "priority"


def _nothing_wanted(wanted: Wanted) -> str:
    missing = (
        "the original language is not known, and no other is wanted" if wanted.languages else "no language is wanted"
    )
    return f"{missing}: set language_priority, or give --original or --language"


def _reason(place: int, best: _Heard, title: Title) -> str:
    languages = title.languages
    wanted, entry = list(languages.items())[place]
    said = [f"original language {wanted}" if entry == ORIGINAL else f"language {wanted}"]
    if entry == ORIGINAL and title.source:
        said.append(f" ({title.source})")
    if entry != ORIGINAL and len(languages) > 1:
        ordinal = _ORDINALS[place] if place < len(_ORDINALS) else f"number {place + 1}"
        said.append(f", {ordinal} of the wanted ({', '.join(languages)})")
    if title.wanted.ruled or title.wanted.source.startswith("the path"):
        said.append(f", by {title.wanted.source}")
    return "".join(said) + _remarks(wanted, list(languages)[:place], best, title)


def _remarks(wanted: str, missed: Sequence[str], best: _Heard, title: Title) -> str:
    remarks = [f"no {' or '.join(missed)} track"] if missed else []
    if ORIGINAL in title.wanted.languages and title.original is None:
        remarks.append("the original language is not known")
    if best.assumed:
        remarks.append(f"its language is undetermined and counts as {best.language}")
    elif language.match(wanted, best.language):
        remarks.append(f"the nearest is {best.language}")
    elif best.language != best.track.language:
        remarks.append(f"its name says {best.language}")
    return "".join(f"; {remark}" for remark in remarks)
