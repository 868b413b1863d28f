"""What codes mean, against langcodes; what matches what; what a person is told."""

import itertools
import subprocess
import sys

import langcodes
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio.core import language
from arrtheaudio.core import language_table as table

TAGS = [
    pytest.param("en", "en", id="ISO 639-1"),
    pytest.param("eng", "en", id="ISO 639-2"),
    pytest.param("ger", "de", id="bibliographic"),
    pytest.param("deu", "de", id="terminological"),
    pytest.param("GER", "de", id="capitals"),
    pytest.param(" fre ", "fr", id="white space"),
    pytest.param("fre-ca", "fr-CA", id="old Matroska, RFC 9559 section 12"),
    pytest.param("eng-US", "en-US", id="three letters and a region"),
    pytest.param("pt-br", "pt-BR", id="region in small letters"),
    pytest.param("PT_BR", "pt-BR", id="underscore"),
    pytest.param("pob", "pt-BR", id="Kodi's"),
    pytest.param("es-419", "es-419", id="region of the UN"),
    pytest.param("zh-hant-hk", "zh-Hant-HK", id="script and region"),
    pytest.param("sr-Latn", "sr-Latn", id="script"),
    pytest.param("cn", "yue", id="TMDB's Cantonese"),
    pytest.param("xx", "zxx", id="TMDB's no language"),
    pytest.param("yue", "yue", id="Cantonese"),
    pytest.param("zh-yue", "yue", id="extended language"),
    pytest.param("zh-yue-HK", "yue-HK", id="extended language and region"),
    pytest.param("zho-cmn", "cmn", id="extended language of a three-letter code"),
    pytest.param("zh-min-nan", "nan", id="grandfathered, in the table"),
    pytest.param("i-klingon", "tlh", id="grandfathered, not in the table"),
    pytest.param("iw", "he", id="withdrawn iw"),
    pytest.param("in", "id", id="withdrawn in"),
    pytest.param("ji", "yi", id="withdrawn ji"),
    pytest.param("jw", "jv", id="withdrawn jw"),
    pytest.param("mo", "ro", id="withdrawn mo"),
    pytest.param("mol", "ro", id="withdrawn mol"),
    pytest.param("scc", "sr", id="withdrawn scc"),
    pytest.param("scr", "hr", id="withdrawn scr"),
    pytest.param("sh", "sh", id="Serbo-Croatian stays what it is"),
    pytest.param("hbs", "sh", id="Serbo-Croatian, three letters"),
    pytest.param("cnr", "cnr", id="Montenegrin stays what it is"),
    pytest.param("nor", "no", id="Norwegian"),
    pytest.param("nob", "nb", id="Bokmal"),
    pytest.param("nno", "nn", id="Nynorsk"),
    pytest.param("tgl", "tl", id="Tagalog"),
    pytest.param("fil", "fil", id="Filipino"),
    pytest.param("jap", "ja", id="what people write"),
    pytest.param("aaa", "aaa", id="ISO 639-3 alone"),
    pytest.param("gsw", "gsw", id="no ISO 639-1"),
    pytest.param("mis", "mis", id="uncoded"),
    pytest.param("mul", "mul", id="several"),
    pytest.param("zxx", "zxx", id="no linguistic content"),
    pytest.param("qaa", "qaa", id="local use"),
    pytest.param("en-UK", "en-GB", id="region that people write"),
    pytest.param("de-1996", "de-1996", id="variant"),
    pytest.param("hbs-fonipa", "sh-fonipa", id="variant of what langcodes has another word for"),
    pytest.param("en-nonsense", "en", id="end that is not understood"),
    pytest.param("fr-fb-x-1", "fr", id="region that does not exist"),
    pytest.param("und", "und", id="undetermined"),
    pytest.param("und-Latn", "und", id="undetermined in a script"),
    pytest.param(None, "und", id="nothing"),
    pytest.param("", "und", id="empty"),
    pytest.param("   ", "und", id="blank"),
    pytest.param("-", "und", id="hyphen"),
    pytest.param("-en", "und", id="hyphen in front"),
    pytest.param("english", "und", id="name"),
    pytest.param("klingonese", "und", id="name of none"),
    pytest.param("zzz", "und", id="code of none"),
    pytest.param("q", "und", id="letter"),
    pytest.param("x-private", "und", id="private use"),
    pytest.param("eng\0", "und", id="NUL"),
    pytest.param("日本語", "und", id="other letters"),
    pytest.param("e" * 10_000, "und", id="long"),
    pytest.param("en-" * 10_000, "und", id="long, with a beginning"),
]


@pytest.mark.parametrize(("code", "tag"), TAGS)
def test_tag(code, tag):
    assert language.tag(code) == tag


@pytest.mark.parametrize("code", [code.values[0] for code in TAGS if code.values[1] != "und"])
def test_a_tag_is_its_own_tag(code):
    assert language.tag(language.tag(code)) == language.tag(code)


# Where the table keeps the standard's word, and CLDR, which langcodes follows, has another for it.
CLDR = {
    "cmn": "zh",
    "sh": "sr-Latn",
    "cnr": "sr-ME",
    "tl": "fil",
    "prs": "fa-AF",
    "swc": "sw-CD",
    "tw": "ak",
    "fat": "ak",
}
# Codes that no standard has.
INVENTED = {"cn", "xx", "pob", "jap", "esp"}


def codes():
    """Return every code of the table."""
    pairs = [word.partition("=") for word in table.CODES.split()]
    listed = [code for tag, _, others in pairs for code in (tag, *others.split(","))]
    return sorted({*listed, *table.TAGS.split()} - INVENTED)


def test_the_table_is_what_langcodes_says():
    differing = {}
    for code in codes():
        said = langcodes.standardize_tag(code)
        if said not in (language.tag(code), CLDR.get(language.tag(code))):
            differing[code] = said
    assert differing == {}


def test_every_code_of_the_table_exists():
    assert [code for code in codes() if not langcodes.tag_is_valid(code)] == []


def test_the_codes_that_people_invented_are_no_codes():
    assert [code for code in INVENTED if langcodes.tag_is_valid(code)] == []


def test_both_codes_of_every_language_that_has_two():
    from langcodes.data_dicts import LANGUAGE_ALPHA3, LANGUAGE_ALPHA3_BIBLIOGRAPHIC

    assert len(LANGUAGE_ALPHA3_BIBLIOGRAPHIC) == 20
    for tag, code in [*LANGUAGE_ALPHA3.items(), *LANGUAGE_ALPHA3_BIBLIOGRAPHIC.items()]:
        if "-" not in tag:
            assert language.tag(code) == language.tag(tag) or language.match(code, tag) == 0, code


def test_the_macrolanguages_are_what_langcodes_says():
    from langcodes.data_dicts import MACROLANGUAGES

    ours = [
        (language.tag(member), whole)
        for whole, _, members in (word.partition("=") for word in table.MACROLANGUAGES.split())
        for member in members.split(",")
    ]
    assert [(member, whole) for member, whole in ours if MACROLANGUAGES.get(member, whole) != whole] == []
    assert set(table.PRINCIPAL.split()) <= {member for member, _ in ours}


@pytest.mark.parametrize("subtag", table.REGIONS.split())
def test_region(subtag):
    assert langcodes.tag_is_valid(f"en-{subtag}")
    assert language.tag(f"en-{subtag}") == f"en-{subtag.upper()}"


@pytest.mark.parametrize("subtag", table.SCRIPTS.split())
def test_script(subtag):
    assert langcodes.tag_is_valid(f"en-{subtag}")
    assert language.tag(f"en-{subtag}") == f"en-{subtag.title()}"


@given(st.text(max_size=20) | st.from_regex(r"[a-z]{1,4}([-_][a-zA-Z0-9]{1,8}){0,4}", fullmatch=True))
def test_any_text_has_a_tag(code):
    tag = language.tag(code)
    assert tag == "und" or langcodes.tag_is_valid(tag)
    assert language.tag(tag) == tag
    assert language.tag(code.upper()) == language.tag(code.lower()) or not code.isascii()


SAME = [
    ("ger", "deu", "de", "de-DE", "DE-at"),
    ("nor", "nob", "no", "nb", "nb-NO"),
    ("tgl", "fil", "tl"),
    ("scr", "hrv", "hr"),
    ("scc", "srp", "sr", "sr-Latn", "sr-Cyrl"),
    ("yue", "cn", "zh-yue"),
    ("chi", "zho", "zh"),
    ("iw", "heb", "he"),
    ("mo", "rum", "ron", "ro"),
]


@pytest.mark.parametrize(("wanted", "found"), [pair for group in SAME for pair in itertools.product(group[:3], group)])
def test_the_same_language_in_other_words(wanted, found):
    assert language.match(wanted, found) == 0


# What is wanted, then what is found, the nearest first. A slash parts what is equally near; what comes after `|` is
# another language.
ORDERS = [
    "pt-BR: pt-BR, pt, pt-PT/pt-AO | es, gl, en, und",
    "pt: pt/pt-BR/pt-PT | es, gl, und",
    "pt-PT: pt-PT, pt, pt-BR | es",
    "en-US: en-US, en, en-GB | de, mis",
    "es-419: es-419, es/es-MX, es-ES | ca, eu, pt",
    "es-MX: es-MX, es/es-419, es-ES/es-AR | ca",
    "es-ES: es-ES, es, es-419/es-MX | ca, eu, gl",
    "fr-CA: fr-CA, fr, fr-FR | br, en",
    "yue: yue/zh-HK/zh-Hant-HK, zh/zh-CN | cmn, nan, wuu, ja",
    "zh-HK: zh-HK, yue, zh | cmn",
    "zh: zh/zh-CN/zh-TW, cmn, yue/nan/zh-HK | ja, bo, za",
    "cmn: cmn, zh/zh-TW | yue, zh-HK, nan, hak",
    "zh-TW: zh-TW, zh, zh-CN, cmn, yue | ja",
    "zh-Hant: zh-Hant, zh, zh-Hans | ja",
    "nan: nan, zh | yue, cmn",
    "no: no/nb, nn | da, sv, is",
    "nb: no/nb, nn | da, sv",
    "nn: nn, no/nb | da, sv",
    "sh: sh, bs/hr/sr/cnr | sl, mk, bg",
    "hr: hr, sh | sr, bs, cnr, sl",
    "sr: sr/sr-Latn/sr-RS, sh | hr, bs, cnr",
    "bs: bs, sh | hr, sr",
    "cnr: cnr, sh | sr",
    "tl: tl/fil | ceb, id",
    "ar: ar/ar-EG, arb, arz/apc | fa, he, ur",
    "arz: arz, ar | arb, apc",
    "fa: fa, pes, prs | ar, tg, ku",
    "et: et, ekk, vro | fi, lv",
    "ms: ms, zsm | id",
    "id: id | ms, jv",
    "de: de/de-CH | gsw, nds, nl, lb",
    "nl: nl/nl-BE | af, de, fy",
    "uk: uk | ru, be",
    "ja: ja/ja-JP | zh, ko",
    "gsw: gsw | de",
    "und: | und, en, mis",
    "mis: | mis, und",
    "mul: | mul, en",
    "zxx: | zxx, und",
    "qaa: | qaa, qab, en",
    "qtz: | qtz",
    "xx: | zxx, en",
]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.partition(":")[0]) for row in ORDERS])
def test_match(row):
    wanted, _, rest = row.partition(":")
    near, _, others = rest.partition("|")
    groups = [[tag.strip() for tag in group.split("/")] for group in near.split(",") if group.strip()]
    distances = [{language.match(wanted, tag) for tag in group} for group in groups]
    assert all(len(group) == 1 for group in distances), distances
    ordered = [group.pop() for group in distances]
    assert ordered == sorted(set(ordered))
    assert ordered[:1] in ([], [0])
    assert [tag for tag in others.split(",") if language.match(wanted, tag.strip()) is not None] == []


@given(
    *[st.sampled_from([*table.TAGS.split(), "en", "de", "zh", "zh-HK", "pt-BR", "pt", "no", "nb", "nn", "sh", "hr"])]
    * 2
)
def test_what_matches_one_way_matches_the_other_way(one, other):
    assert (language.match(one, other) is None) == (language.match(other, one) is None)


VALID = ["en", "ENG", "pt-BR", "zh_hant_hk", "cn", "sh", "aaa", "de-1996", "i-klingon", "mis"]
INVALID = [
    "und",
    "",
    " ",
    "english",
    "zzz",
    "en-nonsense",
    "fr-FB",
    "x-private",
    "en-",
    "original",
    "jp",
    "ignore",
    "e" * 200,
]


@pytest.mark.parametrize("code", VALID)
def test_valid(code):
    assert language.valid(code)
    assert language.check(code) == language.tag(code)


@pytest.mark.parametrize("code", INVALID)
def test_not_valid(code):
    assert not language.valid(code)
    with pytest.raises(ValueError, match="is no language code"):
        language.check(code)


MEANT = [
    pytest.param("german", "'german' is no language code; did you mean de (German)?", id="name"),
    pytest.param("Deutsch", "'Deutsch' is no language code; did you mean de (German)?", id="name in the language"),
    pytest.param("jp", "'jp' is no language code; did you mean ja (Japanese)?", id="code of a country"),
    pytest.param("frenhc", "'frenhc' is no language code; did you mean fr (French)?", id="misspelt"),
    pytest.param("klingonese", "'klingonese' is no language code; did you mean tlh (Klingon)?", id="nearly a name"),
    pytest.param("qqqqqq", "'qqqqqq' is no language code", id="nothing near"),
    pytest.param("e\n\x1b", r"'e\n\x1b' is no language code", id="control characters"),
]


@pytest.mark.parametrize(("code", "message"), MEANT)
def test_a_person_is_told_what_was_meant(code, message):
    with pytest.raises(ValueError, match="is no language code") as raised:
        language.check(code)
    assert str(raised.value) == message


def test_every_name_means_a_language():
    from arrtheaudio.core import language_names

    codes = [line.split()[0] for line in language_names.NAMES.strip().splitlines()]
    assert [code for code in codes if language.tag(code) != code] == []


# In a process of its own: other tests have loaded langcodes into this one.
FAST = """
import sys
from arrtheaudio.core import choice, language
for code in "en eng ger fre-ca pt-BR zh-Hant-HK cn xx sh und".split():
    language.tag(code)
heavy = {"langcodes", "dataclasses", "difflib", "unicodedata", "arrtheaudio.core.words_table"} & set(sys.modules)
sys.exit(", ".join(heavy) or 0)
"""


def test_common_codes_load_nothing():
    ran = subprocess.run([sys.executable, "-c", FAST], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
