"""The Matroska samples that no program here writes, but others do, or the specification allows."""

from recipes import Recipe, operate
from surgery import (
    AUDIO,
    CHANNELS,
    CLUSTER,
    CODEC_ID,
    CODEC_PRIVATE,
    CRC32,
    FLAG_DEFAULT,
    FLAG_ENABLED,
    FLAG_FORCED,
    FLAG_LACING,
    INFO,
    LANGUAGE,
    LANGUAGE_BCP47,
    NAME,
    NUMBER,
    OUTPUT_SAMPLING_FREQUENCY,
    SAMPLING_FREQUENCY,
    SEEK_HEAD,
    SEGMENT,
    TRACK_ENTRY,
    TRACKS,
    TYPE,
    UID,
    VIDEO,
    Element,
    audio_entries,
    in_entry,
    in_file,
    in_tracks,
    void,
    with_crc,
)

_MERGED = "three-audio.mkvmerge.mkv"


def _all_widths(element: Element, width: int) -> None:
    element.width = width
    for child in element.children or []:
        _all_widths(child, width)


def _unknown(root: list[Element], *ids: int) -> None:
    for element in [*root, *(root[1].children or [])]:
        element.unknown = element.unknown or element.id in ids


def _header(root: list[Element], identity: int, data: bytes | None) -> None:
    root[0].drop(identity) if data is None else root[0].set(identity, data)


def _replaced(root: list[Element], identity: int) -> None:
    """Put a Void where an element of the Segment stood."""
    segment = root[1]
    segment.children = [void(len(child.pack())) if child.id == identity else child for child in segment.children or []]


def _second_seek_head(root: list[Element]) -> None:
    """Put a SeekHead that says the same again into the Void behind the first."""
    segment = root[1].children or []
    at = next(at for at, child in enumerate(segment) if child.id == SEEK_HEAD)
    room = len(segment[at + 1].pack())
    again = Element(SEEK_HEAD, segment[at].data)
    segment[at + 1 : at + 2] = [again, void(room - len(again.pack()))]


def _info_behind_tracks(root: list[Element]) -> None:
    segment = root[1].children or []
    info = next(at for at, child in enumerate(segment) if child.id == INFO)
    assert segment[info + 1].id == TRACKS
    segment[info], segment[info + 1] = segment[info + 1], segment[info]


def _audio(entry: Element, *fields: tuple[int, bytes | None]) -> None:
    audio = entry.first(AUDIO)
    for identity, data in fields:
        audio.drop(identity) if data is None else audio.set(identity, data)


def _flags(tracks: Element, data: bytes | None, identity: int = FLAG_DEFAULT) -> None:
    for entry in audio_entries(tracks):
        entry.drop(identity) if data is None else entry.set(identity, data)


def _voids(tracks: Element) -> None:
    """Put Voids before, between and inside the TrackEntries."""
    children = []
    for entry in tracks.children or []:
        assert entry.children is not None
        entry.children[2:2] = [void(2), void(9)]
        entry.children += [void(5)]
        children += [void(3), entry]
    tracks.children = [*children, void(2)]


def _reversed(tracks: Element) -> None:
    for entry in tracks.all(TRACK_ENTRY):
        entry.children = list(reversed(entry.children or []))


def _unknown_children(tracks: Element) -> None:
    for entry in tracks.all(TRACK_ENTRY):
        assert entry.children is not None
        entry.children[1:1] = [Element(0x4FFE, b"what"), Element(0x1ABCDEF0, b"is this")]


def _twice(entry: Element) -> None:
    assert entry.children is not None
    entry.children += [Element(FLAG_DEFAULT, b"\0"), Element(NAME, b"Last"), Element(FLAG_DEFAULT, b"\1")]


def _renumber(tracks: Element) -> None:
    """Give the tracks numbers that skip, and UIDs of 64 bits; blocks of the old numbers are then nobody's."""
    for at, entry in enumerate(tracks.all(TRACK_ENTRY)):
        entry.set(NUMBER, bytes([100 + at])).set(UID, b"\xff" * 7 + bytes([at]))


def _set(number: int, identity: int, data: bytes) -> Recipe:
    return operate(_MERGED, in_entry(number, lambda entry: entry.set(identity, data)))


def _pad_header(root: list[Element]) -> None:
    root[0].width = 2
    assert root[0].children is not None
    root[0].children.append(void(200))


def _no_void(root: list[Element]) -> None:
    """Put Tags where the Void behind Tracks was, so that there is no room."""
    segment = root[1].children or []
    at = next(at for at, child in enumerate(segment) if child.id == TRACKS) + 1
    room = len(segment[at].pack())
    fixed = len(_tags(0).pack())
    segment[at] = _tags(room - fixed)
    assert len(segment[at].pack()) == room


def _tags(length: int) -> Element:
    simple = [Element(0x45A3, b"FILLER", width=1), Element(0x4487, b"x" * length, width=4)]
    tag = Element(0x7373, children=[Element(0x63C0, width=1), Element(0x67C8, children=simple, width=4)], width=4)
    return Element(0x1254C367, children=[tag], width=4)


RECIPES: dict[str, Recipe] = {
    # Surgery: FlagDefault
    "flag-default-absent.mkv": operate(_MERGED, in_tracks(lambda tracks: _flags(tracks, None))),
    "flag-default-everywhere.mkv": operate(_MERGED, in_tracks(lambda tracks: _flags(tracks, b"\1"))),
    "flag-default-nowhere.mkv": operate(_MERGED, in_tracks(lambda tracks: _flags(tracks, b"\0"))),
    "flag-default-empty.mkv": operate(_MERGED, in_tracks(lambda tracks: _flags(tracks, b""))),
    "flag-default-8-bytes.mkv": operate(_MERGED, in_tracks(lambda tracks: _flags(tracks, bytes(7) + b"\1"))),
    "flag-default-twice.mkv": operate(_MERGED, in_entry(1, _twice)),
    "all-flags-written.mkv": operate(
        _MERGED,
        in_tracks(lambda tracks: _flags(tracks, b"\1", FLAG_ENABLED)),
        in_tracks(lambda tracks: _flags(tracks, b"\0", FLAG_FORCED)),
        in_tracks(lambda tracks: _flags(tracks, b"\1", FLAG_LACING)),
    ),
    # Surgery: languages and names
    "language-absent.mkv": operate(_MERGED, in_entry(2, lambda entry: entry.drop(LANGUAGE, LANGUAGE_BCP47))),
    "language-und.mkv": operate(_MERGED, in_entry(1, lambda entry: entry.drop(LANGUAGE_BCP47).set(LANGUAGE, b"und"))),
    "language-empty.mkv": operate(_MERGED, in_entry(1, lambda entry: entry.drop(LANGUAGE_BCP47).set(LANGUAGE, b""))),
    "language-padded.mkv": operate(
        _MERGED, in_entry(1, lambda entry: entry.drop(LANGUAGE_BCP47).set(LANGUAGE, b"ger\0\0\0"))
    ),
    "language-bcp47-alone.mkv": operate(
        _MERGED, in_entry(2, lambda entry: entry.drop(LANGUAGE).set(LANGUAGE_BCP47, b"pt-BR"))
    ),
    "language-nonsense.mkv": operate(
        _MERGED, in_entry(1, lambda entry: entry.drop(LANGUAGE_BCP47).set(LANGUAGE, b"English"))
    ),
    "name-padded.mkv": _set(1, NAME, b"Stereo\0\0"),
    "name-empty.mkv": _set(1, NAME, b""),
    "name-latin-1.mkv": _set(1, NAME, "Français".encode("latin-1")),
    "name-commentary.mkv": _set(1, NAME, b"Kommentar des Regisseurs"),
    # Surgery: the shape of Tracks
    "voids-in-tracks.mkv": operate(_MERGED, in_tracks(_voids)),
    "children-reversed.mkv": operate(_MERGED, in_tracks(_reversed)),
    "unknown-children.mkv": operate(_MERGED, in_tracks(_unknown_children)),
    "sizes-of-8-bytes.mkv": operate(_MERGED, in_tracks(lambda tracks: _all_widths(tracks, 8))),
    "sizes-of-4-bytes.mkv": operate(_MERGED, in_tracks(lambda tracks: _all_widths(tracks, 4))),
    "crc-in-tracks.mkv": operate(_MERGED, in_tracks(with_crc)),
    "crc-in-entry.mkv": operate(_MERGED, in_entry(1, with_crc)),
    "crc-wrong.mkv": operate(
        _MERGED, in_tracks(with_crc), in_tracks(lambda tracks: tracks.first(CRC32).__setattr__("data", b"oops"))
    ),
    "numbers-and-uids.mkv": operate(_MERGED, in_tracks(_renumber)),
    "button-track.mkv": _set(4, TYPE, b"\x12"),
    "codec-unknown.mkv": _set(1, CODEC_ID, b"A_WHATEVER/1"),
    "codec-private-absent.mkv": operate(_MERGED, in_entry(1, lambda entry: entry.drop(CODEC_PRIVATE))),
    "aac-of-old.mkv": operate(
        _MERGED, in_entry(1, lambda entry: entry.drop(CODEC_PRIVATE).set(CODEC_ID, b"A_AAC/MPEG4/LC/SBR"))
    ),
    "no-void-behind.mkv": operate(_MERGED, in_file(lambda root: _no_void(root))),
    # Surgery: audio settings
    "channels-absent.mkv": operate(_MERGED, in_entry(3, lambda entry: _audio(entry, (CHANNELS, None)))),
    "channels-of-4-bytes.mkv": operate(_MERGED, in_entry(1, lambda entry: _audio(entry, (CHANNELS, b"\0\0\0\2")))),
    "rate-absent.mkv": operate(_MERGED, in_entry(3, lambda entry: _audio(entry, (SAMPLING_FREQUENCY, None)))),
    "rate-empty.mkv": operate(_MERGED, in_entry(3, lambda entry: _audio(entry, (SAMPLING_FREQUENCY, b"")))),
    "rate-double.mkv": operate(
        _MERGED, in_entry(1, lambda entry: _audio(entry, (SAMPLING_FREQUENCY, bytes.fromhex("40E5888000000000"))))
    ),
    "output-rate.mkv": operate(
        _MERGED,
        in_entry(
            1,
            lambda entry: _audio(
                entry,
                (SAMPLING_FREQUENCY, bytes.fromhex("46BB8000")),
                (OUTPUT_SAMPLING_FREQUENCY, bytes.fromhex("473B8000")),
            ),
        ),
    ),
    "audio-absent.mkv": operate(_MERGED, in_entry(3, lambda entry: entry.drop(AUDIO))),
    "video-absent.mkv": operate(_MERGED, in_entry(0, lambda entry: entry.drop(VIDEO))),
    # Surgery: the EBML header and the Segment
    "segment-unknown-size.mkv": operate(_MERGED, in_file(lambda root: _unknown(root, SEGMENT))),
    "clusters-unknown-size.mkv": operate(_MERGED, in_file(lambda root: _unknown(root, SEGMENT, CLUSTER))),
    "max-id-length-absent.mkv": operate(_MERGED, in_file(lambda root: _header(root, 0x42F2, None))),
    "max-id-length-8-bytes.mkv": operate(_MERGED, in_file(lambda root: _header(root, 0x42F2, bytes(7) + b"\4"))),
    "max-size-length-absent.mkv": operate(_MERGED, in_file(lambda root: _header(root, 0x42F3, None))),
    "header-of-versions-alone.mkv": operate(
        _MERGED, in_file(lambda root: root[0].drop(0x4286, 0x42F7, 0x42F2, 0x42F3))
    ),
    "doctype-padded.mkv": operate(_MERGED, in_file(lambda root: _header(root, 0x4282, b"matroska\0\0\0"))),
    "header-padded.mkv": operate(_MERGED, in_file(_pad_header)),
    "header-crc.mkv": operate(_MERGED, in_file(lambda root: with_crc(root[0]))),
    "header-size-8-bytes.mkv": operate(_MERGED, in_file(lambda root: _all_widths(root[0], 8))),
    "seek-head-absent.mkv": operate(_MERGED, in_file(lambda root: _replaced(root, SEEK_HEAD))),
    "seek-heads-two.mkv": operate(_MERGED, in_file(_second_seek_head)),
    "info-behind-tracks.mkv": operate(_MERGED, in_file(_info_behind_tracks)),
    "cues-absent.mkv": operate(_MERGED, in_file(lambda root: _replaced(root, 0x1C53BB6B))),
    "tags-absent.mkv": operate(_MERGED, in_file(lambda root: _replaced(root, 0x1254C367))),
    "void-between.mkv": operate(_MERGED, in_file(lambda root: root.insert(1, void(50)))),
}
