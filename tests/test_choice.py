"""The table of selection_cases.py, and what must hold for every file."""

import json
import re
from importlib import resources

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selection_cases import CASES

from arrtheaudio.core import language, words
from arrtheaudio.core.choice import Candidate, Choice, decide
from arrtheaudio.core.policy import Selection, Wanted
from arrtheaudio.core.ranking import rejection
from arrtheaudio.core.track import Change, Track, changed

TRACK = re.compile(r"(?P<language>[\w-]*\w)(?P<marks>[*!-]*)(?P<rest>.*)")


def track(index, text):
    """Read a track of the table."""
    text, _, name = text.partition("~")
    parts = TRACK.fullmatch(text)
    channels = re.search(r"/(\d)", parts["rest"])
    codec = re.search(r":(\w+)", parts["rest"])
    return Track(
        index,
        "audio",
        codec[1] if codec else "ac3",
        language=parts["language"],
        name=name.replace("_", " ") or None,
        channels=(int(channels[1]) or None) if channels else 2,
        default="*" in parts["marks"],
        forced="!" in parts["marks"],
        enabled="-" not in parts["marks"],
        commentary="#c" in parts["rest"],
        visual_impaired="#v" in parts["rest"],
    )


def tracks(text):
    """Read the tracks of the table, with a video track before and a subtitle behind."""
    audio = [track(index, word) for index, word in enumerate(text.split(), 1)]
    subtitle = Track(len(audio) + 1, "subtitle", "subrip", language="en", forced=True, default=True)
    return [Track(0, "video", "h264", language="und"), *audio, subtitle]


def settings(text):
    """Read the settings of the table."""
    key, _, value = text.partition("=")
    match key:
        case "":
            return Selection()
        case "und":
            return Selection(undetermined=value)
        case "exclusive":
            return Selection(exclusive=value != "false")
        case "words":
            return Selection(commentary=(value,))
        case "none":
            return Selection(same_language=())
    return Selection(same_language=tuple(key.split(",")))


def cases():
    """Return the rows of the table as parameters."""
    rows = []
    for line in CASES.splitlines():
        if line and not line.startswith("#"):
            name, *cells = [cell.strip() for cell in line.split("|")]
            rows.append(pytest.param(*cells, *[""] * (5 - len(cells)), id=name))
    return rows


def wants(text):
    return Wanted(tuple(word if word == "original" else language.tag(word) for word in text.split()))


@pytest.mark.parametrize(("file", "wanted", "original", "expected", "setting"), cases())
def test_choice(file, wanted, original, expected, setting):
    before = tracks(file)
    choice = decide(before, wants(wanted), settings(setting), original=original or None)
    found = f"{choice.status} {choice.track} {choice.rule}" if choice.track is not None else choice.status
    assert found == expected
    assert bool(choice.changes) == (choice.status == "change")
    after = decide(changed(before, choice.changes), wants(wanted), settings(setting), original=original or None)
    assert after.track == choice.track
    assert not after.changes


def test_as_many_cases_leave_a_file_alone_as_change_it():
    answers = [param.values[3].split()[0] for param in cases()]
    changes = answers.count("change")
    assert changes >= 60
    assert len(answers) - changes >= changes


CHANGES = [
    pytest.param("en* ja", "ja", {}, [(1, "default", False), (2, "default", True)], id="default moves"),
    pytest.param("en* ja*", "ja", {}, [(1, "default", False)], id="only one keeps default"),
    pytest.param("en ja", "ja", {}, [(2, "default", True)], id="default is set"),
    pytest.param("en* ja", "ja", {"exclusive": False}, [(2, "default", True)], id="only set where not exclusive"),
    pytest.param("en* ja!", "en", {}, [(2, "forced", False)], id="stray forced alone is a reason"),
    pytest.param("en* ja!", "en", {"exclusive": False}, [(2, "forced", False)], id="stray forced, not exclusive"),
    pytest.param(
        "en*! ja", "ja", {}, [(1, "default", False), (1, "forced", False), (2, "default", True)], id="both of one track"
    ),
    pytest.param(
        "en*~Commentary en", "en", {}, [(1, "default", False), (2, "default", True)], id="commentary loses it"
    ),
    pytest.param("en*- en", "en", {}, [(1, "default", False), (2, "default", True)], id="disabled loses it"),
    pytest.param("en* ja", "en", {}, [], id="right already"),
    pytest.param("fr*! de", "en", {}, [], id="nothing fits"),
]


@pytest.mark.parametrize(("file", "wanted", "setting", "expected"), CHANGES)
def test_changes(file, wanted, setting, expected):
    choice = decide(tracks(file), wants(wanted), Selection(**setting))
    assert [(change.index, change.disposition, change.after) for change in choice.changes] == expected


ORIGINAL_FLAGS = [
    pytest.param("en* ja", "ja", {}, {2: True}, id="goes along with a change"),
    pytest.param("ja* en", "ja", {}, {}, id="alone is no reason"),
    pytest.param("en* ja", "ja", {"original_certain": False}, {}, id="not certain"),
    pytest.param("en* ja", "ja", {"container": "mp4"}, {}, id="no such flag in MP4"),
    pytest.param("en* ja", "ja", {"container": "webm"}, {2: True}, id="WebM has it"),
    pytest.param("en* ja", "ja", {"selection": Selection(write_original_flag=False)}, {}, id="not wanted"),
    pytest.param("en* ja ja", "ja", {}, {2: True, 3: True}, id="every track of the language"),
    pytest.param("en* ja ja~Commentary", "ja", {}, {2: True}, id="a commentary is left as it is"),
    pytest.param("en* zh yue", "cn", {}, {3: True}, id="only the nearest"),
    pytest.param("en* und", "ja", {}, {}, id="an assumption is not written down"),
    pytest.param("en fr*", "ja", {}, {}, id="no track of that language"),
]


@pytest.mark.parametrize(("file", "original", "arguments", "expected"), ORIGINAL_FLAGS)
def test_original_flag(file, original, arguments, expected):
    given_ = {"original_certain": True, "container": "matroska", **arguments}
    choice = decide(tracks(file), wants("original en"), original=original, **given_)
    flags = {change.index: change.after for change in choice.changes if change.disposition == "original"}
    assert flags == expected


def test_an_original_flag_on_a_track_that_says_no_language_stays():
    before = [t._replace(original=t.index == 3) for t in tracks("en* ja und")]
    choice = decide(before, wants("original"), original="ja", original_certain=True, container="matroska")
    assert [change.index for change in choice.changes if change.disposition == "original"] == [2]


def test_a_wrong_original_flag_is_cleared():
    before = [t._replace(original=t.index == 1) for t in tracks("en* ja")]
    choice = decide(before, wants("original"), original="ja", original_certain=True, container="matroska")
    assert Change(1, "original", True, False) in choice.changes
    assert Change(2, "original", False, True) in choice.changes


REJECTED = [
    pytest.param("en* ja", "ja", ["language", None], id="language"),
    pytest.param("en~Commentary en#c en", "en", ["commentary", "commentary", None], id="commentary"),
    pytest.param("en#v en~Descriptive en", "en", ["audio_description", "audio_description", None], id="description"),
    pytest.param("ja~カラオケ en~M&E ja", "ja", ["karaoke", "isolated_score", None], id="karaoke and score"),
    pytest.param("en- en", "en", ["disabled", None], id="disabled"),
    pytest.param("en/6 en*", "en", ["not_default", None], id="not default"),
    pytest.param("en/2 en/6", "en", ["fewer_channels", None], id="fewer channels"),
    pytest.param("en:mp3 en:dts", "en", ["lesser_codec", None], id="lesser codec"),
    pytest.param("en en", "en", [None, "later"], id="later"),
    pytest.param("pt pt-BR", "pt-BR", ["less_exact", None], id="less exact"),
    pytest.param("fr de~Kommentar", "en", ["language", "commentary"], id="nothing fits"),
]


@pytest.mark.parametrize(("file", "wanted", "expected"), REJECTED)
def test_every_track_has_its_reason(file, wanted, expected):
    choice = decide(tracks(file), wants(wanted))
    assert [candidate.rejected for candidate in choice.candidates] == expected
    assert [candidate.index for candidate in choice.candidates] == list(range(1, len(expected) + 1))


def test_a_real_track_beats_an_undetermined_one():
    choice = decide(tracks("und* ja"), wants("original"), original="ja")
    assert choice.candidates == (Candidate(1, "undetermined"), Candidate(2))


REASONS = [
    pytest.param("en* ja", "original en", "ja", "original language ja (--original)", id="original"),
    pytest.param("en fr*", "ja en", None, "language en, second of the wanted (ja, en); no ja track", id="second"),
    pytest.param("en fr*", "en", None, "language en", id="the only wanted one"),
    pytest.param(
        "en fr*",
        "original en ja",
        None,
        "language en, first of the wanted (en, ja); the original language is not known",
        id="original unknown",
    ),
    pytest.param("en* zh", "original", "cn", "original language yue (--original); the nearest is zh", id="nearest"),
    pytest.param(
        "en* zh~Cantonese", "original", "cn", "original language yue (--original); its name says yue", id="its name"
    ),
    pytest.param(
        "en* und",
        "original",
        "ja",
        "original language ja (--original); its language is undetermined and counts as ja",
        id="undetermined",
    ),
    pytest.param("fr* de fr", "ja en", None, "no track in a wanted language (ja, en); there is fr, de", id="none"),
    pytest.param("fr", "ja", None, "the only audio track", id="single"),
    pytest.param("", "ja", None, "no audio track", id="no audio"),
    pytest.param(
        "fr* de",
        "",
        None,
        "no language is wanted: set language_priority, or give --original or --language",
        id="nothing is wanted",
    ),
    pytest.param(
        "fr* de",
        "original",
        None,
        "the original language is not known, and no other is wanted: set language_priority, "
        "or give --original or --language",
        id="only the original, which is unknown",
    ),
]


@pytest.mark.parametrize(("file", "wanted", "original", "reason"), REASONS)
def test_reason(file, wanted, original, reason):
    assert decide(tracks(file), wants(wanted), original=original, original_source="--original").reason == reason


def test_a_rule_decides():
    wanted = Wanted(("en", "original"), "rule 2", ruled=True)
    choice = decide(tracks("ja* en"), wanted, original="ja")
    assert (choice.rule, choice.track) == ("forced_choice", 2)
    assert choice.reason == "language en, first of the wanted (en, ja), by rule 2"


def test_a_rule_asks_for_the_original():
    choice = decide(tracks("en* ja"), Wanted(("original",), "rule 1", ruled=True), original="ja")
    assert (choice.rule, choice.reason) == ("original", "original language ja, by rule 1")


@pytest.mark.parametrize("file", ["en ja", "en", "en* en*", ""])
def test_a_rule_skips(file):
    choice = decide(tracks(file), Wanted((), "rule 3", ruled=True, skip=True), original="ja")
    assert (choice.status, choice.track, choice.changes) == ("none", None, ())
    assert choice.reason == "rule 3 says to skip it"
    assert {candidate.rejected for candidate in choice.candidates} <= {"skip"}


def test_a_choice_as_it_stands_in_a_record():
    assert decide(tracks("en* ja"), wants("ja")).to_dict() == {
        "status": "change",
        "track": 2,
        "language": "ja",
        "rule": "priority",
        "reason": "language ja",
        "candidates": [{"index": 1, "rejected": "language"}, {"index": 2}],
        "changes": [
            {"index": 1, "disposition": "default", "from": True, "to": False},
            {"index": 2, "disposition": "default", "from": False, "to": True},
        ],
    }


def test_no_choice_as_it_stands_in_a_record():
    assert Choice("none", "none", "no audio track").to_dict() == {
        "status": "none",
        "track": None,
        "rule": "none",
        "reason": "no audio track",
        "candidates": [],
        "changes": [],
    }


LANGUAGES = ["en", "ja", "zh", "yue", "cmn", "no", "nb", "nn", "pt", "pt-BR", "pt-PT", "und", "mul", "zxx", "sh", "hr"]
NAMES = [None, "Surround 5.1", "Commentary", "Karaoke", "Audio Description", "Cantonese"]


@st.composite
def files(draw):
    """Return tracks of any kind, with an index each."""
    one = st.builds(
        Track,
        index=st.just(0),
        type=st.sampled_from(["audio", "audio", "audio", "video", "subtitle"]),
        codec=st.sampled_from(["ac3", "dts", "flac", "aac", "cook"]),
        language=st.sampled_from(LANGUAGES),
        name=st.sampled_from(NAMES),
        channels=st.sampled_from([None, 1, 2, 6]),
        default=st.booleans(),
        forced=st.booleans(),
        enabled=st.sampled_from([True, True, True, False]),
        original=st.booleans(),
        commentary=st.sampled_from([False, False, False, True]),
    )
    return [found._replace(index=index) for index, found in enumerate(draw(st.lists(one, max_size=7)))]


wanteds = st.lists(st.sampled_from([*LANGUAGES, "original"]), max_size=3).map(lambda found: Wanted(tuple(found)))
originals = st.one_of(st.none(), st.sampled_from(LANGUAGES))
selections = st.builds(
    Selection,
    commentary=st.sampled_from([(), ("surround",)]),
    same_language=st.permutations(["default", "channels", "codec"]).map(tuple),
    undetermined=st.sampled_from(["original", "ignore", "en"]),
    exclusive=st.booleans(),
    write_original_flag=st.booleans(),
)


def answer(file, wanted, selection, original):
    return decide(file, wanted, selection, original=original, original_certain=True, container="matroska")


@given(files(), wanteds, selections, originals)
def test_doing_it_twice_changes_nothing(file, wanted, selection, original):
    first = answer(file, wanted, selection, original)
    second = answer(changed(file, first.changes), wanted, selection, original)
    assert not second.changes
    assert second.track == first.track
    assert second.status == ("none" if first.status == "none" else "keep")


@given(files(), wanteds, selections, originals)
def test_a_change_is_of_an_audio_track_and_of_what_stands_there(file, wanted, selection, original):
    by_index = {found.index: found for found in file}
    for change in answer(file, wanted, selection, original).changes:
        assert by_index[change.index].type == "audio"
        assert getattr(by_index[change.index], change.disposition) == change.before
        assert change.before != change.after


@given(files(), wanteds, selections, originals)
def test_one_default_and_no_forced_after_an_exclusive_choice(file, wanted, selection, original):
    choice = answer(file, wanted, selection._replace(exclusive=True), original)
    after = [found for found in changed(file, choice.changes) if found.type == "audio"]
    if choice.track is not None:
        assert [found.index for found in after if found.default] == [choice.track]
        assert not any(found.forced for found in after)


@given(files(), wanteds, selections, originals)
def test_no_commentary_while_there_is_anything_else(file, wanted, selection, original):
    choice = answer(file, wanted, selection, original)
    audio = [found for found in file if found.type == "audio"]
    rejected = {found.index for found in audio if rejection(found, selection.commentary)}
    if len(rejected) < len(audio):
        assert choice.track not in rejected


@given(files(), wanteds, selections, originals)
def test_every_audio_track_is_accounted_for(file, wanted, selection, original):
    choice = answer(file, wanted, selection, original)
    assert [candidate.index for candidate in choice.candidates] == [t.index for t in file if t.type == "audio"]
    unrejected = [candidate.index for candidate in choice.candidates if candidate.rejected is None]
    assert unrejected == ([] if choice.track is None else [choice.track])
    assert choice.reason


@given(files(), wanteds, selections, originals, st.randoms(use_true_random=False))
def test_the_order_of_tracks_decides_nothing_but_ties(file, wanted, selection, original, random):
    shuffled = random.sample(file, len(file))
    first, second = answer(file, wanted, selection, original), answer(shuffled, wanted, selection, original)
    assert (first.rule, first.reason.partition("; there is")[0]) == (
        second.rule,
        second.reason.partition("; there is")[0],
    )
    if "later" not in {candidate.rejected for candidate in first.candidates}:
        assert first.track == second.track
        assert set(first.changes) == set(second.changes)


@given(files(), wanteds, selections, originals)
def test_what_is_not_audio_decides_nothing(file, wanted, selection, original):
    audio = [found for found in file if found.type == "audio"]
    assert answer(audio, wanted, selection, original) == answer(file, wanted, selection, original)


SCHEMA = json.loads(resources.files("arrtheaudio").joinpath("record.schema.json").read_text())
CHOOSE = jsonschema.Draft202012Validator({"$ref": "#/$defs/choose", "$defs": SCHEMA["$defs"]})


@given(files(), wanteds, selections, originals)
def test_a_choice_is_what_the_schema_says(file, wanted, selection, original):
    CHOOSE.validate(answer(file, wanted, selection, original).to_dict())


@given(st.text(max_size=40))
def test_any_name_is_something_or_nothing(name):
    kinds = {None, words.COMMENTARY, words.AUDIO_DESCRIPTION, words.KARAOKE, words.ISOLATED_SCORE}
    assert words.meaning(name) in kinds
