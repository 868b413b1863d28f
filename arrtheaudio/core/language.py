"""What a language code means, and whether two of them mean the same; the only place that translates codes."""

from functools import lru_cache

from arrtheaudio.core import language_table as table
from arrtheaudio.core.value import Value

UNDETERMINED = "und"

# RFC 5646 suggests 35 characters as the room for a tag; what is far beyond it is none.
_LONGEST = 100


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return (left, right) for every `left=right,right` of a table."""
    lines = (word.partition("=") for word in text.split())
    return [(left, right) for left, _, rights in lines for right in rights.split(",")]


_CODES = _pairs(table.CODES)
_MEANINGS = (
    {name: name for name in table.TAGS.split()}
    | {meaning: meaning for meaning, _ in _CODES}
    | {code: meaning for meaning, code in _CODES}
)
_MACROLANGUAGE = {member: whole for whole, member in _pairs(table.MACROLANGUAGES)}
_PRINCIPAL = frozenset(table.PRINCIPAL.split())
_EXTENDED = frozenset(table.EXTENDED.split())
_SCRIPTS = frozenset(table.SCRIPTS.split())
_REGIONS = frozenset(table.REGIONS.split())
_SPEECHLESS = frozenset({UNDETERMINED, "mis", "mul", "zxx"})
_SAME = {"nb": "no", "fil": "tl"}


def tag(code: str | None) -> str:
    """Return the BCP 47 tag, in canonical case, that a code of any kind means; `und` where it means nothing.

    Takes ISO 639-1, 639-2/B, 639-2/T and 639-3 codes in any case, BCP 47 tags, withdrawn codes (`iw`, `scr`), TMDB's
    `cn` (Cantonese) and `xx` (no language), and the old Matroska form `fre-ca`. What is not understood at the end of a
    tag is left out. `mis`, `mul`, `zxx` and `qaa` to `qtz` are tags and stay; see `match`.
    """
    if code is None:
        return UNDETERMINED
    return _MEANINGS.get(code) or _read(code)[0]


def valid(code: str) -> bool:
    """Say whether a person who typed this named a language: the whole of it is understood, and is not `und`."""
    meaning, whole = _read(code)
    return whole and meaning != UNDETERMINED


def check(code: str) -> str:
    """Return the tag of what a person typed; ValueError, with the nearest languages, where it is no language code."""
    if valid(code):
        return tag(code)
    from arrtheaudio.core.language_names import nearest

    meant = nearest(code)
    raise ValueError(f"{code!r:.60} is no language code" + (f"; did you mean {meant}?" if meant else ""))


@lru_cache(maxsize=1024)
def _read(code: str) -> tuple[str, bool]:
    """Return the tag of a code, and whether all of the code was understood."""
    if len(code) > _LONGEST:
        return UNDETERMINED, False
    plain = code.strip().lower().replace("_", "-")
    subtags = [plain] if plain in _MEANINGS else plain.split("-")
    if len(subtags) > 1 and tag(subtags[0]) in _EXTENDED and len(subtags[1]) == 3 and subtags[1].isalpha():
        del subtags[0]  # RFC 5646, 4.5: zh-yue is yue
    meaning = _MEANINGS.get(subtags[0])
    rest = _script_and_region(subtags[1:])
    if meaning is None or rest is None:
        return _ask([meaning or subtags[0], *subtags[1:]], meaning)
    return (UNDETERMINED if meaning == UNDETERMINED else "-".join([meaning, *rest])), True


def _script_and_region(subtags: list[str]) -> list[str] | None:
    """Return the subtags in their canonical case; None where one is neither a common script nor a region."""
    script = [subtag.title() for subtag in subtags[:1] if subtag in _SCRIPTS]
    region = [subtag.upper() for subtag in subtags[len(script) : len(script) + 1] if subtag in _REGIONS]
    return script + region if len(script) + len(region) == len(subtags) else None


def _ask(subtags: list[str], meaning: str | None) -> tuple[str, bool]:
    """Ask langcodes for what the table lacks, and leave out what it does not know at the end.

    Where the table knows the `meaning` of the language, its word holds: langcodes makes Serbian of `sh`.
    """
    import langcodes  # 30 ms, for one tag in thousands

    for end in range(len(subtags), 0, -1):
        code = "-".join(subtags[:end])
        if not langcodes.tag_is_valid(code):
            continue
        found = langcodes.standardize_tag(code)
        if meaning and not found.startswith(meaning):
            found = langcodes.Language.get(code, normalize=False).to_tag()
        if found.partition("-")[0] in ("x", UNDETERMINED):
            break
        return found, end == len(subtags)
    return UNDETERMINED, False


class _Spoken(Value):
    language: str
    script: str
    region: str


@lru_cache(maxsize=1024)
def _spoken(code: str) -> _Spoken:
    """Return what a code says of speech. Hong Kong and Macao speak Cantonese: `zh-HK` is `yue` there."""
    language, *rest = tag(code).split("-")
    script = next((subtag for subtag in rest if len(subtag) == 4 and subtag.isalpha()), "")
    region = next((subtag for subtag in rest if subtag.isupper() or subtag.isdigit()), "")
    if language == "zh" and region in ("HK", "MO"):
        language = "yue"
    return _Spoken(_SAME.get(language, language), script, region)


@lru_cache(maxsize=4096)
def match(wanted: str, found: str) -> int | None:
    """Return how far the language that was found is from the wanted one, 0 being the same; None where it is another.

    The language counts first: the same (`ger` `deu` `de`; `nob` is `nor`, `fil` is `tgl`), then a wider one (`zh` for
    `yue`, `sh` for `hr`) or what the wanted one nearly always means (`cmn` for `zh`), then another that the wanted one
    covers (`yue` for `zh`, `nn` for `no`). Two languages of one macrolanguage are two languages.

    Then the region: a language without one takes all alike; `pt-BR` prefers `pt-BR`, then `pt`, then another region,
    which is still the same language. `es-419` is near every Spanish but Spain's. Then the script, in the same way.

    `und`, `mis`, `mul`, `zxx` and `qaa` to `qtz` say nothing of a language, and match nothing, not even themselves.
    """
    one, other = _spoken(wanted), _spoken(found)
    distance = _language_distance(one.language, other.language)
    if distance is None:
        return None
    return 9 * distance + 3 * _region_distance(one, other) + _distance(one.script, other.script)


def _language_distance(wanted: str, found: str) -> int | None:
    if _is_speechless(wanted) or _is_speechless(found):
        return None
    if wanted == found:
        return 0
    if found == _MACROLANGUAGE.get(wanted):
        return 1
    if wanted == _MACROLANGUAGE.get(found):
        return 1 if found in _PRINCIPAL else 2
    return None


def _is_speechless(language: str) -> bool:
    return language in _SPEECHLESS or (len(language) == 3 and "qaa" <= language <= "qtz")


def _region_distance(wanted: _Spoken, found: _Spoken) -> int:
    if "419" in (wanted.region, found.region) and "ES" not in (wanted.region, found.region):
        return 0 if wanted.region in ("", found.region) else 1
    return _distance(wanted.region, found.region)


def _distance(wanted: str, found: str) -> int:
    """Compare one subtag: 0 the wanted one or none wanted, 1 none found, 2 another."""
    if wanted in ("", found):
        return 0
    return 2 if found else 1
