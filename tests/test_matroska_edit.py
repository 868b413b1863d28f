"""Edits of dispositions: the same size, the wanted meaning, and nothing else touched."""

import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matroska_builder import (
    cluster,
    element,
    entry,
    header,
    info,
    movie,
    seek_head,
    segment,
    text,
    tracks,
    uint,
    void,
)

from arrtheaudio.containers import Probe, ebml, matroska
from arrtheaudio.containers import matroska_ids as ids
from arrtheaudio.containers.edit import Edit, Plan, single_bytes
from arrtheaudio.containers.window import Window
from arrtheaudio.core.track import Change, changed
from arrtheaudio.errors import ChangedSinceProbe, Corrupt, Error, InvalidRecord, NoRoom, UnsupportedContainer

YES = uint(ids.FLAG_DEFAULT, 1)
NO = uint(ids.FLAG_DEFAULT, 0)


def window(data: bytes) -> Window:
    return Window(io.BytesIO(data), len(data), 16384)


def read(data: bytes) -> Probe:
    return matroska.probe(window(data))


def apply(data: bytes, edits: Sequence[Edit]) -> bytes:
    """Return the file after the edits, each of which finds the bytes it expects."""
    new = bytearray(data)
    for edit in edits:
        end = edit.offset + len(edit.before)
        assert new[edit.offset : end] == edit.before
        new[edit.offset : end] = edit.after
    assert len(new) == len(data)
    return bytes(new)


def switch(data: bytes, chosen: int) -> list[Change]:
    """Return the changes that make one track the only default one."""
    return [
        Change(track.index, "default", track.default, track.index == chosen)
        for track in read(data).tracks
        if track.type == "audio"
    ]


def made(data: bytes, changes: Sequence[Change]) -> tuple[Plan, bytes]:
    """Plan, apply, and check what every plan promises; return the plan and the new file."""
    plan = matroska.plan(window(data), changes)
    new = apply(data, plan.edits)
    before = read(data)
    assert read(new) == before._replace(tracks=changed(before.tracks, plan.changes))
    assert apply(new, [edit.reversed() for edit in reversed(plan.edits)]) == data
    assert matroska.plan(window(new), plan.changes) == Plan()
    start, end = region(data)
    assert new[:start] == data[:start]
    assert new[end:] == data[end:]
    return plan, new


def tracks_at(data: bytes) -> int:
    """Return where Tracks starts; a SeekHead before it may hold its id too."""
    return data.rindex(ids.TRACKS.to_bytes(4, "big"))


def region(data: bytes) -> tuple[int, int]:
    """Return where Tracks starts and where it, or the Void right behind it, ends."""
    start = tracks_at(data)
    _, size, at = ebml.head(data, start)
    end = at + size
    if data[end : end + 1] == b"\xec":
        _, size, at = ebml.head(data, end)
        end = at + size
    return start, end


def explicit(data: bytes) -> list[bool]:
    """Say of each audio track whether FlagDefault is written out."""
    start = tracks_at(data)
    _, size, at = ebml.head(data, start)
    found = []
    for identity, _, child, end in ebml.walk(data, at, at + size):
        if identity == ids.TRACK_ENTRY:
            inner = {inside: data[first:last] for inside, _, first, last in ebml.walk(data, child, end)}
            if inner[ids.TRACK_TYPE] == b"\2":
                found.append(ids.FLAG_DEFAULT in inner)
    return found


VIDEO = entry(1, 1, "V_VP9")
WAYS = [
    pytest.param([entry(2, 2, "A_AC3", YES), entry(3, 2, "A_AC3", NO)], b"", 2, True, id="value bytes"),
    pytest.param([entry(2, width=8), entry(3, 2, "A_AC3", NO, width=8)], b"", 13, True, id="over-long size"),
    pytest.param([entry(2, 2, "A_AC3", void(2), void(5)), entry(3, 2, "A_AC3", NO)], b"", 20, True, id="Void child"),
    pytest.param([entry(2, 2, "A_AC3", void(4)), entry(3, 2, "A_AC3", NO)], b"", 40, True, id="Void child, 1 left"),
    pytest.param(
        [entry(2, 2, "A_AC3", uint(ids.FLAG_LACING, 1)), entry(3, 2, "A_AC3", NO)], b"", 3, True, id="FlagLacing 1"
    ),
    pytest.param(
        [entry(2, 2, "A_AC3", uint(ids.FLAG_ENABLED, 1)), entry(3, 2, "A_AC3", NO)], b"", 3, True, id="FlagEnabled 1"
    ),
    pytest.param(
        [entry(2, 2, "A_AC3", text(ids.LANGUAGE, "eng"), text(ids.LANGUAGE_BCP47, "en")), entry(3, 2, "A_AC3", NO)],
        b"",
        60,
        True,
        id="Language eng under a LanguageBCP47",
    ),
    pytest.param([entry(2), entry(3, 2, "A_AC3", NO, void(9))], b"", 90, True, id="another entry's Void"),
    pytest.param([entry(2), entry(3, 2, "A_AC3", NO)], b"", 90, False, id="another entry's FlagDefault 1"),
    pytest.param([entry(2), void(5), entry(3, 2, "A_AC3", NO)], b"", 90, True, id="a Void between the entries"),
    pytest.param([entry(2), entry(3, 2, "A_AC3", NO)], void(5), 90, True, id="a Void of 5 behind"),
    pytest.param([entry(2), entry(3, 2, "A_AC3", NO)], void(3), 90, True, id="a Void of 3 behind: none left"),
    pytest.param([entry(2), entry(3, 2, "A_AC3", NO)], void(4), 90, True, id="a Void of 4 behind: no Void of 1"),
    pytest.param([entry(2), entry(3, 2, "A_AC3", NO)], void(1330), 90, True, id="mkvmerge's Void behind"),
    pytest.param([entry(2), entry(3, 2, "A_AC3", NO)], void(2), 90, False, id="a Void of 2 behind is not enough"),
    pytest.param(
        [entry(2, 2, "A_AC3", element(ids.FLAG_DEFAULT), void(4)), entry(3, 2, "A_AC3", NO)],
        b"",
        90,
        True,
        id="a FlagDefault without data",
    ),
    pytest.param(
        [entry(2, 2, "A_AC3", uint(ids.FLAG_DEFAULT, 1, 8)), entry(3, 2, "A_AC3", uint(ids.FLAG_DEFAULT, 0, 8))],
        b"",
        2,
        True,
        id="FlagDefault of 8 bytes",
    ),
]


@pytest.mark.parametrize("crc", [False, True], ids=["plain", "CRC-32"])
@pytest.mark.parametrize(("entries", "behind", "most", "written_out"), WAYS)
def test_ways(entries: list[bytes], behind: bytes, most: int, written_out: bool, crc: bool) -> None:
    data = movie(tracks(VIDEO, *entries, crc=crc), behind)
    plan, new = made(data, switch(data, 2))
    assert [track.default for track in read(new).tracks] == [True, False, True]
    assert len(plan.changes) == 2
    assert all(explicit(new)) is written_out
    differing = sum(a != b for a, b in zip(data, new, strict=True))
    assert differing <= most + (4 if crc else 0)
    if crc:
        start = tracks_at(data)
        _, size, at = ebml.head(new, start)
        assert new[at + 2 : at + 6] == ebml.crc32(new[at + 6 : at + size])


def test_the_first_edit_makes_each_later_one_single_bytes() -> None:
    data = movie(tracks(entry(1, width=8), entry(2, width=8), entry(3, 2, "A_AC3", NO, width=8)))
    _, new = made(data, [Change(0, "default", True, False)])
    assert explicit(new) == [True, True, True]
    for chosen in (2, 0, 1):
        plan, new = made(new, switch(new, chosen))
        assert single_bytes(plan.edits)


def test_what_has_room_is_written_out_where_not_all_has() -> None:
    data = movie(tracks(entry(1, width=4), entry(2), entry(3, width=4)))
    _, new = made(data, [Change(0, "default", True, False)])
    assert sorted(explicit(new)) == [False, True, True]


def test_single_bytes_set_the_new_default_before_they_clear_the_old() -> None:
    data = movie(tracks(entry(1, 2, "A_AC3", YES), entry(2, 2, "A_AC3", NO), entry(3, 2, "A_AC3", YES)))
    plan, _ = made(data, switch(data, 1))
    assert [(edit.before, edit.after) for edit in plan.edits] == [(b"\0", b"\1"), (b"\1", b"\0"), (b"\1", b"\0")]
    for count in range(4):
        assert any(track.default for track in read(apply(data, plan.edits[:count])).tracks)


@pytest.mark.parametrize(("disposition", "identity"), [("forced", ids.FLAG_FORCED), ("original", ids.FLAG_ORIGINAL)])
def test_other_dispositions_are_written_too(disposition: str, identity: int) -> None:
    data = movie(tracks(entry(1, width=8), entry(2, 2, "A_AC3", uint(identity, 1))))
    changes = [Change(0, disposition, False, True), Change(1, disposition, True, False)]
    plan, _ = made(data, changes)
    assert plan.changes == tuple(changes)


def test_original_gives_way_where_there_is_no_room_for_it() -> None:
    data = movie(tracks(entry(1, 2, "A_AC3", YES), entry(2, 2, "A_AC3", NO)))
    plan, _ = made(data, [*switch(data, 1), Change(1, "original", False, True)])
    assert [change.disposition for change in plan.changes] == ["default", "default"]
    assert plan.notes == ("no room for FlagOriginal on track 1; it is left as it is",)


def test_original_alone_without_room_is_no_edit() -> None:
    data = movie(tracks(entry(1, 2, "A_AC3", NO)))
    assert matroska.plan(window(data), [Change(0, "original", False, True)]) == Plan(
        notes=("no room for FlagOriginal on track 0; it is left as it is",)
    )


@pytest.mark.parametrize(
    "spared",
    [
        pytest.param(text(ids.LANGUAGE, "eng"), id="Language eng on its own says something"),
        pytest.param(text(ids.LANGUAGE, "jpn") + text(ids.LANGUAGE_BCP47, "ja"), id="another Language"),
        pytest.param(uint(ids.FLAG_LACING, 0), id="FlagLacing 0"),
        pytest.param(uint(ids.FLAG_ENABLED, 0), id="FlagEnabled 0"),
        pytest.param(uint(ids.CODEC_DELAY, 6_500_000), id="a CodecDelay"),
        pytest.param(uint(ids.FLAG_COMMENTARY, 0), id="FlagCommentary 0: its absence is not a no"),
        pytest.param(uint(ids.FLAG_LACING, 1) * 2, id="twice"),
    ],
)
def test_what_carries_meaning_is_never_given_up(spared: bytes) -> None:
    data = movie(tracks(entry(1, 2, "A_AC3", spared)))
    with pytest.raises(NoRoom, match="no room for 3 more bytes"):
        matroska.plan(window(data), [Change(0, "default", True, False)])


def test_the_other_kinds_of_tracks_give_no_room() -> None:
    data = movie(tracks(entry(1, 1, "V_VP9", void(30), width=8), entry(2), entry(3, 0x11, "S_ASS", void(30))))
    with pytest.raises(NoRoom):
        matroska.plan(window(data), [Change(1, "default", True, False)])


def test_without_changes_there_are_no_edits() -> None:
    data = movie(tracks(entry(1), entry(2, 2, "A_AC3", NO)), void(100))
    assert matroska.plan(window(data), []) == Plan()
    assert matroska.plan(window(data), switch(data, 0)) == Plan()


def test_a_wrong_crc_is_told_and_not_mended() -> None:
    data = movie(tracks(entry(1, width=8, crc=True), crc=True))
    start = tracks_at(data)
    at = data.index(b"\xbf\x84", start)
    wrong = data[: at + 2] + b"BAD!" + data[at + 6 :]
    plan, new = made(wrong, [Change(0, "default", True, False)])
    assert new[at + 2 : at + 6] == b"BAD!"
    assert plan.notes == (f"the CRC-32 of Tracks at byte {start} was wrong before, and is left as it is",)


def test_the_crc_of_a_track_entry_is_computed_again() -> None:
    data = movie(tracks(entry(1, width=8, crc=True), crc=True))
    plan, new = made(data, [Change(0, "default", True, False)])
    inner = new.index(b"\xbf\x84", new.index(b"\xae"))
    end = region(new)[1]
    assert new[inner + 2 : inner + 6] == ebml.crc32(new[inner + 6 : end])
    assert plan.notes == ()


def test_a_file_that_is_cut_off_is_told() -> None:
    data = movie(tracks(entry(1, width=8)))[:-10]
    plan, _ = made(data, [Change(0, "default", True, False)])
    assert plan.notes == ("the file ends 10 bytes before its Segment does",)


def test_a_void_that_the_file_does_not_hold_is_no_room() -> None:
    data = header() + segment(info(), tracks(entry(1)), void(100), unknown=True)
    assert made(data, [Change(0, "default", True, False)])[0].edits
    with pytest.raises(NoRoom):
        matroska.plan(window(data[:-1]), [Change(0, "default", True, False)])


FRONT = len(info())


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        pytest.param(
            movie(tracks(entry(1, width=8)), tracks(entry(1, width=8))),
            UnsupportedContainer,
            "several Tracks",
            id="several Tracks",
        ),
        pytest.param(
            header() + segment(element(ebml.CRC32, b"1234"), info(), tracks(entry(1, width=8))),
            UnsupportedContainer,
            "Segment has a CRC-32",
            id="CRC-32 of the Segment",
        ),
        pytest.param(
            movie(seek_head((ids.TRACKS, 0)), tracks(entry(1, width=8))),
            Corrupt,
            "a SeekHead puts Tracks at byte",
            id="SeekHead says otherwise",
        ),
        pytest.param(
            movie(tracks(entry(1, width=8), element(ebml.CRC32, b"1234"))),
            Corrupt,
            "a CRC-32 that is not the first child",
            id="CRC-32 last",
        ),
        pytest.param(
            movie(tracks(element(ebml.CRC32, b"12345"), entry(1, width=8))),
            Corrupt,
            "not of 4 bytes",
            id="CRC-32 of 5 bytes",
        ),
        pytest.param(
            movie(tracks(entry(1, 2, "A_AC3", element(ebml.CRC32, b"1234"), width=8))),
            Corrupt,
            "a CRC-32 that is not the first child",
            id="CRC-32 last in a TrackEntry",
        ),
        pytest.param(
            header() + element(ids.SEGMENT, info() + tracks(entry(1, width=8))[:-5]) + b"A_AC3",
            Corrupt,
            "runs past its Segment",
            id="Tracks larger than its Segment",
        ),
    ],
)
def test_refused(data: bytes, error: type[Error], message: str) -> None:
    assert len(read(data).tracks) == 1
    with pytest.raises(error, match=message):
        matroska.plan(window(data), [Change(0, "default", True, False)])


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param(Change(7, "default", True, False), ChangedSinceProbe, id="no such track"),
        pytest.param(Change(0, "default", True, False), InvalidRecord, id="video"),
        pytest.param(Change(1, "enabled", True, False), InvalidRecord, id="another disposition"),
    ],
)
def test_changes_that_are_none_of_ours(change: Change, error: type[Error]) -> None:
    with pytest.raises(error):
        matroska.plan(window(movie(tracks(VIDEO, entry(2, width=8)))), [change])


def test_tracks_behind_the_clusters_is_edited_where_it_is() -> None:
    head = len(seek_head((ids.TRACKS, 0)))
    long = cluster(50_000)
    data = header() + segment(
        seek_head((ids.TRACKS, head + FRONT + len(long))), info(), long, tracks(entry(1)), void(9)
    )
    plan, _ = made(data, [Change(0, "default", True, False)])
    assert plan.changes == (Change(0, "default", True, False),)


def flags(identity: int) -> st.SearchStrategy[bytes]:
    """Draw a flag: absent, without data, or with it in up to 8 bytes."""
    written = st.builds(uint, st.just(identity), st.integers(0, 1), st.integers(1, 8))
    return st.one_of(st.just(b""), written, st.just(element(identity)))


children = st.lists(
    st.one_of(
        st.builds(void, st.integers(2, 140)),
        st.sampled_from(
            [
                uint(ids.FLAG_LACING, 1),
                uint(ids.FLAG_LACING, 0),
                uint(ids.FLAG_ENABLED, 1),
                uint(ids.CODEC_DELAY, 0),
                text(ids.LANGUAGE, "eng"),
                text(ids.LANGUAGE, "jpn"),
                text(ids.LANGUAGE_BCP47, "fr-CA"),
                text(ids.NAME, "Commentary"),
                element(ids.CODEC_PRIVATE, b"p" * 90),
                element(0x7FA1, b"unheard of"),
            ]
        ),
    ),
    max_size=4,
)


@st.composite
def entries(draw: st.DrawFn, number: int) -> bytes:
    """Draw a TrackEntry."""
    kind, codec = draw(st.sampled_from([(1, "V_VP9"), (2, "A_AC3"), (2, "A_AC3"), (2, "A_OPUS"), (0x11, "S_ASS")]))
    more = draw(children) + [draw(flags(flag)) for flag in (ids.FLAG_DEFAULT, ids.FLAG_FORCED, ids.FLAG_ORIGINAL)]
    return entry(
        number, kind, codec, *draw(st.permutations(more)), width=draw(st.integers(0, 8)), crc=draw(st.booleans())
    )


@st.composite
def movies(draw: st.DrawFn) -> bytes:
    """Draw a file of up to 5 tracks."""
    found = [draw(entries(number)) for number in range(1, draw(st.integers(1, 5)) + 1)]
    if draw(st.booleans()):
        found.insert(draw(st.integers(0, len(found))), void(draw(st.integers(2, 12))))
    behind = draw(st.sampled_from([b"", void(2), void(3), void(4), void(7), void(129), void(1000)]))
    whole = tracks(*found, crc=draw(st.booleans()), width=draw(st.sampled_from([0, 4, 8])))
    return movie(whole, behind, unknown=draw(st.booleans()))


@given(movies(), st.data())
def test_a_plan_makes_its_changes_and_no_other(data: bytes, draw: st.DataObject) -> None:
    audio = [track for track in read(data).tracks if track.type == "audio"]
    asked = [
        Change(track.index, name, getattr(track, name), draw.draw(st.booleans(), label=f"{name} {track.index}"))
        for track in audio
        for name in ("default", "forced", "original")
    ]
    wanted = [change for change in asked if change.before != change.after]
    try:
        plan, _ = made(data, asked)
    except NoRoom:
        assert wanted
        return
    left_out = [change for change in wanted if change not in plan.changes]
    assert all(change.disposition == "original" for change in left_out)
    assert len(left_out) == len(plan.notes)
    assert bool(plan.edits) == bool(plan.changes)


@given(movies(), st.data())
def test_any_damage_is_a_probe_or_a_named_error(data: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(data[: draw.draw(st.integers(0, len(data)))])
    for at in draw.draw(st.lists(st.integers(0, max(0, len(damaged) - 1)), max_size=6)):
        damaged[at : at + 1] = bytes([draw.draw(st.integers(0, 255))])
    try:
        audio = [track for track in read(bytes(damaged)).tracks if track.type == "audio"]
        made_of = matroska.plan(
            window(bytes(damaged)),
            [Change(track.index, "default", track.default, not track.default) for track in audio],
        )
    except Error:
        return
    new = apply(bytes(damaged), made_of.edits)
    assert read(new).tracks == changed(read(bytes(damaged)).tracks, made_of.changes)
