"""Plans of edits: which bits of tkhd, in which order, and that nothing else changes."""

import pytest
from bmff_builder import FTYP, H264, LAYOUTS, MDAT, TEXT, Trak, applied, box, moov, probe, trak, window
from hypothesis import given
from hypothesis import strategies as st
from test_mp4 import compressed

from arrtheaudio.containers import mp4
from arrtheaudio.containers.edit import single_bytes
from arrtheaudio.core.track import Change, changed
from arrtheaudio.errors import ChangedSinceProbe, UnsupportedContainer

ON, OFF = 7, 6


def file(*specs, layout="front"):
    numbered = [trak(spec._replace(number=at)) for at, spec in enumerate(specs, 1)]
    return LAYOUTS[layout](moov(*numbered))


def video(flags=ON, group=0):
    return Trak(b"vide", H264, flags=flags, group=group)


def audio(flags=OFF, group=1, version=0):
    return Trak(flags=flags, group=group, version=version)


def subtitle(flags=OFF, group=3):
    return Trak(b"sbtl", TEXT, flags=flags, group=group)


def turn(index, on):
    return Change(index, "default", not on, on)


def planned(data, *changes):
    return mp4.plan(window(data), changes)


def groups(data):
    """Return each track's alternate_group, read without the codec."""
    found, at = [], 0
    while (at := data.find(b"tkhd", at + 1)) > 0:
        group = at + 4 + (46 if data[at + 4] else 34)
        found.append(int.from_bytes(data[group : group + 2], "big"))
    return found


def defaults(data):
    return [track.default for track in probe(data).tracks]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("version", [0, 1])
def test_a_swap_is_two_bytes_in_every_layout(layout, version):
    data = file(video(), audio(ON, 1, version), audio(OFF, 1, version), layout=layout)
    plan = planned(data, turn(1, False), turn(2, True))
    assert [(edit.before, edit.after) for edit in plan.edits] == [(b"\6", b"\7"), (b"\7", b"\6")]
    assert (plan.changes, plan.notes) == ((turn(1, False), turn(2, True)), ())
    assert defaults(applied(data, plan.edits)) == [True, False, True]


@pytest.mark.parametrize(
    ("specs", "changes", "made", "after"),
    [
        pytest.param(
            [audio(ON, 1), audio(ON, 1), audio(OFF, 1)],
            [turn(2, True)],
            [turn(0, False), turn(1, False), turn(2, True)],
            [1, 1, 1],
            id="only added: the others of its group lose it",
        ),
        pytest.param(
            [audio(ON, 0), audio(OFF, 0)],
            [turn(1, True)],
            [turn(1, True)],
            [1, 1],
            id="only added, no group: both keep it",
        ),
        pytest.param(
            [audio(ON, 1), audio(ON, 2), audio(OFF, 2)],
            [turn(2, True)],
            [turn(1, False), turn(2, True)],
            [1, 1, 1],
            id="only added: other groups keep it",
        ),
        pytest.param(
            [audio(OFF, 1), audio(OFF, 1)],
            [turn(0, True), turn(1, True)],
            [turn(0, True), turn(1, True)],
            [1, 1],
            id="two asked for",
        ),
        pytest.param([video(), audio(ON, 0)], [turn(1, False)], [], [0, 0], id="never none: the only one stays"),
        pytest.param(
            [audio(ON, 1), audio(ON, 1)],
            [turn(0, False), turn(1, False)],
            [turn(1, False)],
            [1, 1],
            id="never none: the first of several stays",
        ),
        pytest.param([video(), audio(OFF, 0)], [turn(1, True)], [turn(1, True)], [0, 0], id="one track needs no group"),
        pytest.param([audio(ON, 1), audio(OFF, 1)], [turn(0, True)], [], [1, 1], id="right already"),
        pytest.param([audio(ON, 0), audio(ON, 0)], [], [], [0, 0], id="nothing asked, nothing mended"),
        pytest.param([audio(ON, 0), audio(OFF, 0)], [turn(0, True)], [], [0, 0], id="right already, no group"),
        pytest.param([video(ON), audio()], [turn(0, False)], [], [0, 1], id="video is left alone"),
        pytest.param([audio(ON), subtitle(ON)], [turn(1, False)], [], [1, 3], id="so are subtitles"),
        pytest.param(
            [video(), audio(ON, 0), audio(OFF, 0), subtitle(OFF, 1)],
            [turn(1, False), turn(2, True)],
            [turn(1, False), turn(2, True)],
            [0, 2, 2, 1],
            id="a group that subtitles have is taken",
        ),
        pytest.param(
            [audio(ON, 5), audio(OFF, 0)],
            [turn(0, False), turn(1, True)],
            [turn(0, False), turn(1, True)],
            [5, 5],
            id="the group of the enabled one is kept",
        ),
        pytest.param(
            [audio(OFF, 4), audio(ON, 5)],
            [turn(0, True), turn(1, False)],
            [turn(0, True), turn(1, False)],
            [5, 5],
            id="also where it comes second",
        ),
        pytest.param(
            [video(ON, 2), audio(ON, 2), audio(OFF, 3)],
            [turn(1, False), turn(2, True)],
            [turn(1, False), turn(2, True)],
            [2, 3, 3],
            id="a group shared with video is left",
        ),
        pytest.param(
            [audio(ON, 0x0102), audio(OFF, 0x0203)],
            [turn(0, False), turn(1, True)],
            [turn(0, False), turn(1, True)],
            [0x0102, 0x0102],
            id="two bytes of group",
        ),
    ],
)
def test_plans(specs, changes, made, after):
    data = file(*specs)
    plan = planned(data, *changes)
    assert list(plan.changes) == made
    assert groups(applied(data, plan.edits)) == after
    assert bool(plan.edits) is bool(made)


@pytest.mark.parametrize("flags", [0, 2, 6, 0x0E, 0xF0])
def test_the_other_flags_are_kept(flags):
    data = file(audio(flags), audio(flags | 1))
    after = applied(data, planned(data, turn(0, True), turn(1, False)).edits)
    at = after.index(b"tkhd") + 7
    assert after[at] == flags | 1
    assert data[:at] == after[:at]


@pytest.mark.parametrize("disposition", ["forced", "original"])
def test_what_mp4_has_no_flag_for_is_left_out_with_a_note(disposition):
    data = file(audio(ON), audio(OFF))
    plan = planned(data, turn(0, False), turn(1, True), Change(1, disposition, False, True))
    assert plan.changes == (turn(0, False), turn(1, True))
    assert plan.notes == (f"MP4 has no {disposition} flag on audio tracks: left out",)
    alone = planned(data, Change(1, disposition, False, True))
    assert (alone.edits, alone.changes, alone.notes) == ((), (), plan.notes)


def test_a_track_that_is_not_there():
    with pytest.raises(ChangedSinceProbe, match="no track 2"):
        planned(file(audio(), audio()), turn(2, True))


def test_a_chapter_track_is_no_audio_track():
    chapters = Trak(b"text", TEXT, 2)
    data = FTYP + moov(trak(Trak(tref=box(b"chap", b"\0\0\0\2"))), trak(chapters))
    assert planned(data, turn(1, False)).notes == ("track 1 is no audio track: left as it is",)


def test_a_compressed_moov_is_not_edited():
    data = compressed(moov(trak(audio(ON)), trak(audio(OFF))))
    with pytest.raises(UnsupportedContainer, match="cmov"):
        planned(data, turn(0, False), turn(1, True))
    assert planned(data, turn(0, True)).edits == ()


def test_a_file_without_audio_has_no_edits():
    assert planned(file(video(), subtitle())) == mp4.plan(window(file(video())), ())


SPECS = st.lists(
    st.one_of(
        st.builds(
            audio, st.sampled_from([0, 1, 6, 7, 0x0F]), st.sampled_from([0, 0, 1, 2, 300]), st.sampled_from([0, 1])
        ),
        st.builds(video, st.sampled_from([6, 7]), st.sampled_from([0, 1])),
        st.builds(subtitle, st.sampled_from([6, 7]), st.sampled_from([0, 2, 3])),
    ),
    min_size=1,
    max_size=6,
)


@st.composite
def cases(draw, specs=SPECS):
    """Draw a file, and changes that start from what it has; exclusive ones as often as not."""
    data = file(*draw(specs), layout=draw(st.sampled_from(sorted(LAYOUTS))))
    tracks = probe(data).tracks
    if draw(st.booleans()):
        chosen = draw(st.sampled_from(tracks)).index
        wanted = {track.index: track.index == chosen for track in tracks if track.type == "audio"}
    else:
        wanted = draw(st.dictionaries(st.sampled_from([track.index for track in tracks]), st.booleans()))
    changes = [turn(index, on) for index, on in wanted.items() if tracks[index].default is not on]
    extra = st.builds(
        Change, st.just(tracks[0].index), st.sampled_from(["original", "forced"]), st.just(False), st.just(True)
    )
    return data, changes + draw(st.lists(extra, max_size=1))


@given(cases())
def test_after_the_edits_the_file_says_what_was_planned_and_all_else_is_equal(case):
    data, changes = case
    before, plan = probe(data), planned(data, *changes)
    after = applied(data, plan.edits)
    assert probe(after) == before._replace(tracks=changed(before.tracks, plan.changes))
    assert all(before.tracks[change.index].type == "audio" for change in plan.changes)
    assert all(change.before is not change.after for change in plan.changes)


@given(cases())
def test_a_plan_is_of_single_bytes_inside_moov_and_can_be_taken_back(case):
    data, changes = case
    plan = planned(data, *changes)
    start = data.index(b"moov") - 4
    end = start + int.from_bytes(data[start : start + 4], "big")
    assert single_bytes(plan.edits)
    assert all(start < edit.offset < end for edit in plan.edits)
    after = applied(data, plan.edits)
    assert applied(after, tuple(edit.reversed() for edit in reversed(plan.edits))) == data


@given(cases())
def test_planning_again_gives_no_edits(case):
    data, changes = case
    after = applied(data, planned(data, *changes).edits)
    assert planned(after, *changes).edits == ()


@given(cases())
def test_what_was_asked_is_done_unless_no_track_would_be_left(case):
    data, changes = case
    plan = planned(data, *changes)
    tracks = probe(applied(data, plan.edits)).tracks
    asked = [change for change in changes if change.disposition == "default" and tracks[change.index].type == "audio"]
    missed = [change for change in asked if tracks[change.index].default is not change.after]
    assert len(missed) <= 1
    assert all(not change.after and tracks[change.index].default for change in missed)
    others = (
        [track.default for track in tracks if track.type == "audio" and track.index != missed[0].index]
        if missed
        else []
    )
    assert not any(others)


def together(data):
    """Count the audio tracks that Apple's players would play at once: one of each group, and all without one."""
    enabled = [
        group
        for group, track in zip(groups(data), probe(data).tracks, strict=True)
        if track.type == "audio" and track.default
    ]
    return enabled.count(0) + len({group for group in enabled if group})


ORDINARY = st.lists(
    st.one_of(
        st.builds(audio, st.sampled_from([6, 7]), st.sampled_from([0, 0, 1, 2, 5])),
        st.builds(subtitle),
        st.builds(video),
    ),
    min_size=1,
    max_size=6,
)


@given(cases(ORDINARY))
def test_every_moment_in_between_is_playable(case):
    data, changes = case
    plan = planned(data, *changes)
    at_once = together(data)
    for edit in plan.edits:
        data = applied(data, (edit,))
        assert at_once == 0 or 1 <= together(data) <= at_once
        at_once = together(data) or at_once
    assert not plan.edits or together(data) == 1


def test_media_data_that_looks_like_boxes_is_not_touched():
    decoy = box(b"mdat", moov(trak(audio(ON)), trak(audio(OFF))))
    data = FTYP + decoy + MDAT + moov(trak(audio(ON)), trak(audio(OFF)))
    after = applied(data, planned(data, turn(0, False), turn(1, True)).edits)
    assert after[: len(FTYP + decoy)] == (FTYP + decoy)
    assert defaults(after) == [False, True]
