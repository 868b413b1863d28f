"""What the name of an audio track says it is, where it is not the film's own sound: whole words, many languages."""

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from arrtheaudio.core.value import Value

COMMENTARY = "commentary"
AUDIO_DESCRIPTION = "audio_description"
KARAOKE = "karaoke"
ISOLATED_SCORE = "isolated_score"
_DENIED = "denied"

_WORD = re.compile(r"[^\W_]+")


class _Vocabulary(Value):
    """What is looked for: phrases of folded words and the length of the longest, parts of a name, words in capitals."""

    phrases: dict[str, str]
    longest: int
    anywhere: tuple[tuple[str, str], ...] = ()
    capitals: frozenset[str] = frozenset()


def meaning(name: str | None, commentary: Sequence[str] = ()) -> str | None:
    """Return `commentary`, `audio_description`, `karaoke` or `isolated_score`; None for a name that says none of it.

    With `commentary`, these words alone are looked for, in place of those that ship, and mean commentary.
    """
    return _meaning(name, tuple(commentary)) if name else None


@lru_cache(maxsize=1024)
def chinese(name: str | None) -> str | None:
    """Return `yue` or `cmn` where a track's name says Cantonese or Mandarin; None for both and neither."""
    folded = _folded(name or "")
    found = {tag for part, tag in _chinese() if part in folded}
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=4096)
def _meaning(name: str, commentary: tuple[str, ...]) -> str | None:
    vocabulary = _own(commentary) if commentary else _shipped()
    folded = _folded(name)
    found = (
        _phrase(_WORD.findall(folded), vocabulary)
        or next((kind for part, kind in vocabulary.anywhere if part in folded), None)
        or (AUDIO_DESCRIPTION if vocabulary.capitals.intersection(_WORD.findall(name)) else None)
    )
    return None if found == _DENIED else found


def _phrase(words: list[str], vocabulary: _Vocabulary) -> str | None:
    """Return what the first phrase means; at its place the longest counts. One that denies is only the last word."""
    denied = None
    place = 0
    while place < len(words):
        found, length = _phrase_at(words, place, vocabulary)
        if found and found != _DENIED:
            return found
        denied = found or denied
        place += length
    return denied


def _phrase_at(words: list[str], place: int, vocabulary: _Vocabulary) -> tuple[str | None, int]:
    for end in range(min(len(words), place + vocabulary.longest), place, -1):
        if found := vocabulary.phrases.get(" ".join(words[place:end])):
            return found, end - place
    return None, 1


def _folded(text: str) -> str:
    """Return the text without case and accents."""
    if text.isascii():
        return text.lower()
    import unicodedata

    parts = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    return unicodedata.normalize("NFC", plain).casefold()


def _listed(text: str) -> list[tuple[str, str]]:
    """Return (head, item) for the lines of a table, `head: item, item`."""
    lines = (line.partition(": ") for line in text.strip().splitlines())
    return [(head, item) for head, _, items in lines for item in items.split(", ")]


@cache
def _shipped() -> _Vocabulary:
    from arrtheaudio.core import words_table as table

    kinds = {
        COMMENTARY: table.COMMENTARY,
        AUDIO_DESCRIPTION: table.AUDIO_DESCRIPTION,
        KARAOKE: table.KARAOKE,
        ISOLATED_SCORE: table.ISOLATED_SCORE,
        _DENIED: table.DENIED,
    }
    vocabulary = _vocabulary((phrase, kind) for kind, text in kinds.items() for _, phrase in _listed(text))
    anywhere = tuple((_folded(part), kind) for kind, part in _listed(table.ANYWHERE))
    return vocabulary._replace(anywhere=anywhere, capitals=frozenset(table.CAPITALS.split()))


@cache
def _chinese() -> tuple[tuple[str, str], ...]:
    from arrtheaudio.core import words_table as table

    return tuple((_folded(part), tag) for tag, part in _listed(table.CHINESE))


@lru_cache(maxsize=16)
def _own(commentary: tuple[str, ...]) -> _Vocabulary:
    unspaced = tuple((_folded(text), COMMENTARY) for text in commentary if _is_unspaced(text))
    return _vocabulary((text, COMMENTARY) for text in commentary)._replace(anywhere=unspaced)


def _is_unspaced(text: str) -> bool:
    """Say whether the script puts no space between words, or endings to them: Thai, Lao, Khmer, kana, Han, Hangul."""
    return any(
        "\u0e00" <= letter <= "\u0eff" or "\u1780" <= letter <= "\u17ff" or "\u3040" <= letter <= "\ud7ff"
        for letter in text
    )


def _vocabulary(phrases: Iterable[tuple[str, str]]) -> _Vocabulary:
    folded = {" ".join(_WORD.findall(_folded(phrase))): kind for phrase, kind in phrases}
    folded.pop("", None)
    return _Vocabulary(folded, max((phrase.count(" ") + 1 for phrase in folded), default=0))
