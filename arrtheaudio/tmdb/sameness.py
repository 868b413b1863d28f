"""Do two titles say the same, however they are written: case, accents, punctuation, numerals, articles."""

import re
import unicodedata
from functools import lru_cache

# The likeness from which on two titles are worth a second look.
CLOSE = 0.9

_ARTICLES = frozenset(
    ("a", "an", "the", "der", "die", "das", "ein", "eine", "le", "la", "les", "un", "une", "el", "los", "las", "il",
     "lo", "gli", "o", "os", "um", "uma", "de", "het", "een", "den", "det", "en", "ett")
)  # fmt: skip
# Letters that no accent makes of others.
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
# As people without these keys write them.
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_NUMERALS = {
    word: str(number)
    for words in ("one two three four five six seven eight nine ten", "_ ii iii iv _ vi vii viii ix _")
    for number, word in enumerate(words.split(" "), 1)
}
_OTHER_NAME = re.compile(r"\s+(?:aka|a\.k\.a\.?)\s+", re.IGNORECASE)
_SHORT, _LONGEST = 12, 300


def alternatives(title: str) -> list[str]:
    """Return the titles that a name gives: `Title AKA Other Title` has two."""
    return [part for part in _OTHER_NAME.split(title, maxsplit=1) if words(part)]


def equal(title: str, other: str) -> bool:
    """Say whether two titles are the same."""
    return not _spellings(title).isdisjoint(_spellings(other))


def equal_without_article(title: str, other: str) -> bool:
    """Say whether two titles are the same but for the article that they begin with."""
    return not _bare(title).isdisjoint(_bare(other))


def likeness(title: str, other: str) -> float:
    """Return how like two titles are, from 0 to 1. One with a subtitle and one without are `CLOSE`."""
    ours, theirs = sorted((words(title), words(other)))
    if _begins(ours, theirs):
        return CLOSE
    if _numbers(ours) != _numbers(theirs):
        return 0.0
    from difflib import SequenceMatcher

    return float(SequenceMatcher(None, " ".join(ours), " ".join(theirs)).ratio())


def common(title: str) -> bool:
    """Say whether a title is so short that it needs a year: one word. An ideograph says more than a letter does."""
    return len(words(title)) < 2 and len("".join(words(title)).encode()) < _SHORT


@lru_cache(maxsize=1024)
def words(title: str, spelled: bool = False) -> tuple[str, ...]:
    """Return the words of a title, without what differs from writer to writer; `spelled`: `ä` is `ae`, and not `a`."""
    text = unicodedata.normalize("NFKC", title[:_LONGEST]).casefold()
    text = (text.translate(_SPELLED) if spelled else text).translate(_LETTERS)
    # accents of Latin, Greek and Cyrillic letters; those of other scripts make other letters
    bare = "".join(letter for letter in unicodedata.normalize("NFD", text) if not "\u0300" <= letter <= "\u036f")
    plain = unicodedata.normalize("NFC", re.sub("['’‘`´]", "", bare))
    parts = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in plain).split()
    numbered = [_NUMERALS.get(word, word) for word in parts]
    return tuple(word for word in numbered if word != "and") or tuple(numbered)


def _spellings(title: str) -> frozenset[str]:
    # written as one: Spider-Man is Spiderman
    return frozenset("".join(words(title, spelled)) for spelled in (False, True)) - {""}


def _bare(title: str) -> frozenset[str]:
    both = (words(title, spelled) for spelled in (False, True))
    return frozenset("".join(w[1:] if len(w) > 1 and w[0] in _ARTICLES else w) for w in both) - {""}


def _numbers(words: tuple[str, ...]) -> list[str]:
    return [word for word in words if word.isdecimal()]


def _begins(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Say whether a title begins with another; an article alone is no title, and the 2 of `Blade 2` no subtitle."""
    rest = long[len(short) :]
    return bool(set(short) - _ARTICLES) and long[: len(short)] == short and not _numbers(rest[:1])
