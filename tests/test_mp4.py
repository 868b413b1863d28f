"""What an MP4 or QuickTime file says of itself, wherever its moov box is and however large the rest."""

import io
import zlib

import pytest
from bmff_builder import (
    AAC,
    FTYP,
    H264,
    LAYOUTS,
    MDAT,
    QUICKTIME,
    TEXT,
    Trak,
    box,
    esds,
    full,
    moov,
    packed,
    picture,
    plain,
    probe,
    sound,
    trak,
    window,
)
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio import containers
from arrtheaudio.containers import Probe, mp4
from arrtheaudio.containers.window import Window
from arrtheaudio.errors import Corrupt, Error, Truncated, UnsupportedContainer

VIDEO = Trak(b"vide", H264)
TAGC = box(b"tagc", b"public.auxiliary-content")


def only(spec, file=LAYOUTS["front"]):
    (track,) = probe(file(moov(trak(spec)))).tracks
    return track


def kind(scheme, value):
    return full(b"kind", scheme.encode() + b"\0" + value.encode() + b"\0")


def item(name, *parts):
    return box(name, *(box(b"data", *part) for part in parts))


def ilst(*items):
    return box(b"udta", full(b"meta", full(b"hdlr", bytes(4), b"mdirappl", bytes(9)), box(b"ilst", *items)))


@pytest.mark.parametrize(
    ("head", "ours"),
    [
        pytest.param(FTYP, True, id="ftyp"),
        pytest.param(box(b"moov"), True, id="moov, no ftyp"),
        pytest.param(box(b"wide") + MDAT, True, id="old QuickTime"),
        pytest.param(box(b"mdat", b"", form="long"), True, id="64-bit mdat"),
        pytest.param(b"\x1a\x45\xdf\xa3" + bytes(12), False, id="Matroska"),
        pytest.param(b"\0\0\0\4free", False, id="size below the header"),
        pytest.param(b"RIFF\0\0\0\0AVI ", False, id="AVI"),
        pytest.param(b"", False, id="nothing"),
    ],
)
def test_sniff(head, ours):
    assert mp4.sniff(head) is ours


def test_the_codec_of_such_a_file_is_this_module():
    assert containers.sniff(FTYP) is mp4


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_tracks_are_found_in_every_layout(name):
    found = probe(LAYOUTS[name](moov(trak(VIDEO), trak(Trak(number=2)))))
    assert found.container == ("mov" if "quicktime" in name else "mp4")
    assert found.duration == 12.345
    assert [(track.index, track.type, track.codec, track.number) for track in found.tracks] == [
        (0, "video", "h264", 1),
        (1, "audio", "aac", 2),
    ]


def test_a_moov_box_that_has_no_size_ends_with_the_file():
    movie = moov(trak(Trak()))
    assert len(probe(FTYP + MDAT + b"\0\0\0\0" + movie[4:]).tracks) == 1


class CountingFile(io.BytesIO):
    """Counts what is read from it."""

    reads = bytes_read = 0

    def read(self, size=-1):
        data = super().read(size)
        self.reads += 1
        self.bytes_read += len(data)
        return data


def test_sample_tables_cost_nothing():
    tracks = [trak(Trak(number=at, tables=6 << 20)) for at in (1, 2, 3)]
    data = FTYP + box(b"mdat", bytes(1 << 20)) + moov(*tracks)
    file = CountingFile(data)
    assert len(mp4.probe(Window(file, len(data))).tracks) == 3
    assert file.reads <= 6
    assert file.bytes_read <= 6 * 4096


def test_fragments_are_not_visited():
    data = FTYP + moov(trak(Trak())) + box(b"moof") * 5000
    file = CountingFile(data)
    assert len(mp4.probe(Window(file, len(data))).tracks) == 1
    assert file.reads == 1


def test_a_moov_box_behind_4_gib_is_found(tmp_path):
    size = 5 << 30
    movie = moov(trak(Trak(number=9)))
    path = tmp_path / "large.mp4"
    with open(path, "wb") as file:
        file.write(FTYP + b"\0\0\0\1mdat" + size.to_bytes(8, "big"))
        file.seek(len(FTYP) + size)
        file.write(movie)
    with open(path, "rb", buffering=0) as file:
        found = mp4.probe(Window(file, len(FTYP) + size + len(movie)))
    assert found.tracks[0].number == 9


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        pytest.param(FTYP + MDAT, Corrupt, "no moov box", id="no moov"),
        pytest.param(FTYP + MDAT[:-1], Truncated, "inside the mdat box at byte 28", id="mdat cut"),
        pytest.param(FTYP + moov(trak(Trak()))[:-1], Truncated, "inside the moov box at byte 28", id="moov cut"),
        pytest.param(FTYP + box(b"free") * 300, Corrupt, "among the first 256", id="endless top level"),
        pytest.param(FTYP + moov(box(b"trak")), Corrupt, "trak box at byte 144 has no tkhd", id="no tkhd"),
        pytest.param(FTYP + moov(box(b"trak", full(b"tkhd", bytes(20)))), Corrupt, "tkhd box", id="tkhd cut"),
        pytest.param(FTYP + moov(box(b"trak", full(b"tkhd", bytes(80)) * 2)), Corrupt, "two tkhd", id="two tkhd"),
        pytest.param(
            FTYP + moov(box(b"trak", full(b"tkhd", bytes(80), version=2))), Corrupt, "of version 2", id="tkhd 2"
        ),
        pytest.param(FTYP + moov(box(b"trak", b"\0\0\0\xfftkhd")), Corrupt, "runs past its parent", id="tkhd too long"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(data, error, message):
    with pytest.raises(error, match=message):
        probe(data)


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(
    ("flags", "default"), [(0, False), (1, True), (2, False), (3, True), (6, False), (7, True), (0x0F, True)]
)
def test_the_default_is_the_lowest_flag(version, flags, default):
    assert only(Trak(flags=flags, version=version)).default is default
    assert only(Trak(flags=flags, version=version)).enabled


@pytest.mark.parametrize(
    ("code", "media", "language", "in_file"),
    [
        pytest.param(packed("jpn"), b"", "ja", "jpn", id="three letters"),
        pytest.param(packed("und"), b"", "und", "und", id="undetermined"),
        pytest.param(0x7FFF, b"", "und", None, id="unspecified"),
        pytest.param(0, b"", "en", "eng", id="Macintosh, first"),
        pytest.param(11, b"", "ja", "jpn", id="Macintosh"),
        pytest.param(94, b"", "eo", "epo", id="Macintosh, last of the first run"),
        pytest.param(95, b"", "und", None, id="Macintosh, a hole"),
        pytest.param(128, b"", "cy", "cym", id="Macintosh, second run"),
        pytest.param(151, b"", "nn", "nno", id="Macintosh, last"),
        pytest.param(0x3FF, b"", "und", None, id="Macintosh, past the last"),
        pytest.param(packed("por"), full(b"elng", b"pt-BR\0"), "pt-BR", "pt-BR", id="elng wins"),
        pytest.param(packed("por"), full(b"elng", b"\0"), "pt", "por", id="an empty elng does not"),
        pytest.param(0x401, b"", "und", "a`a", id="letters that are none"),
    ],
)
def test_language(code, media, language, in_file):
    for version in (0, 1):
        track = only(Trak(language=code, media=media, version=version))
        assert (track.language, track.language_in_file) == (language, in_file)


@pytest.mark.parametrize(
    ("udta", "name"),
    [
        pytest.param(b"", None, id="none"),
        pytest.param(box(b"name", "解説".encode()), "解説", id="name"),
        pytest.param(box(b"name"), None, id="empty"),
        pytest.param(box(b"name", b"Stereo\0\0"), "Stereo", id="ended by NUL"),
        pytest.param(box(b"name", b"\xff"), "\ufffd", id="not UTF-8"),
        pytest.param(box(b"\xa9nam", b"\0\4\0\0Caf\x8e"), "Café", id="Mac Roman"),
        pytest.param(box(b"\xa9nam", b"\0\5\x55\xc4Caf\xc3\xa9"), "Café", id="QuickTime, UTF-8"),
        pytest.param(box(b"\xa9nam", b"\0\1\0\0a") + box(b"name", b"b") + bytes(4), "b", id="name is preferred"),
        pytest.param(b"\0\0\0\xffname", None, id="damaged"),
    ],
)
def test_name(udta, name):
    assert only(Trak(udta=udta)).name == name


@pytest.mark.parametrize(
    ("udta", "dispositions"),
    [
        pytest.param(kind("urn:mpeg:dash:role:2011", "commentary"), {"commentary"}, id="commentary"),
        pytest.param(kind("urn:mpeg:dash:role:2011", "description"), {"visual_impaired"}, id="description"),
        pytest.param(kind("urn:mpeg:dash:role:2011", "caption"), {"hearing_impaired"}, id="caption"),
        pytest.param(kind("urn:mpeg:dash:role:2011", "forced-subtitle"), {"forced"}, id="forced"),
        pytest.param(kind("urn:mpeg:dash:role:2011", "main"), set(), id="main"),
        pytest.param(kind("about:html-kind", "commentary"), set(), id="another scheme"),
        pytest.param(kind("urn:tva:metadata:cs:AudioPurposeCS:2007", "1"), {"visual_impaired"}, id="audio purpose"),
        pytest.param(TAGC, {"commentary"}, id="Apple's auxiliary content"),
        pytest.param(box(b"tagc", b"public.original-content"), {"original"}, id="Apple's original content"),
        pytest.param(box(b"tagc", b"public.main-program-content"), set(), id="Apple's main content"),
        pytest.param(
            kind("urn:mpeg:dash:role:2011", "description") + TAGC, {"visual_impaired", "commentary"}, id="two"
        ),
        pytest.param(full(b"kind"), set(), id="empty"),
        pytest.param(TAGC + bytes(4), {"commentary"}, id="with a terminator"),
    ],
)
def test_dispositions(udta, dispositions):
    track = only(Trak(udta=udta))
    every = ("original", "commentary", "visual_impaired", "hearing_impaired", "forced")
    assert {name for name in every if getattr(track, name)} == dispositions


@pytest.mark.parametrize(
    ("handler", "entry", "type_", "codec"),
    [
        pytest.param(b"vide", H264, "video", "h264", id="video"),
        pytest.param(b"vide", picture(b"encv", box(b"sinf", box(b"frma", b"hvc1"))), "video", "hevc", id="encrypted"),
        pytest.param(b"vide", picture(b"mp4v", esds(0x61)), "video", "mpeg2video", id="MPEG-2 in mp4v"),
        pytest.param(b"vide", picture(b"dvh1", box(b"hvcC", bytes(9))), "video", "hevc", id="Dolby Vision"),
        pytest.param(b"vide", picture(b"dvh1"), "video", "dvvideo", id="DVCPRO HD"),
        pytest.param(b"vide", picture(b"????"), "video", "unknown", id="unknown video"),
        pytest.param(b"vide", AAC, "video", "unknown", id="sound in a video track"),
        pytest.param(b"soun", sound(b"????"), "audio", "unknown", id="unknown sound"),
        pytest.param(b"hint", AAC, "audio", "aac", id="the entry overrules the handler"),
        pytest.param(b"sbtl", TEXT, "subtitle", "mov_text", id="timed text"),
        pytest.param(b"text", plain(b"text"), "subtitle", "mov_text", id="QuickTime text"),
        pytest.param(b"clcp", plain(b"c608"), "subtitle", "eia_608", id="captions"),
        pytest.param(b"subp", plain(b"mp4s", esds(0xE0)), "subtitle", "dvd_subtitle", id="VobSub"),
        pytest.param(b"text", plain(b"wvtt"), "data", "unknown", id="WebVTT, as ffprobe has it"),
        pytest.param(b"tmcd", plain(b"tmcd"), "data", "unknown", id="timecode"),
        pytest.param(b"meta", plain(b"gpmd"), "data", "bin_data", id="GoPro"),
        pytest.param(b"soun", b"", "audio", "unknown", id="no entry"),
    ],
)
def test_type_and_codec(handler, entry, type_, codec):
    track = only(Trak(handler, entry))
    assert (track.type, track.codec) == (type_, codec)


def test_two_udta_boxes_are_read_as_one():
    name = box(b"name", b"Stereo")
    for first, second in ((TAGC, name), (name, TAGC)):
        whole = box(b"trak", trak(Trak(udta=first))[8:], box(b"udta", second))
        (track,) = probe(FTYP + moov(whole)).tracks
        assert (track.name, track.commentary) == ("Stereo", True)


def test_a_sound_track_without_stsd_has_no_rate():
    (track,) = probe(FTYP + moov(trak(Trak()).replace(b"stsd", b"free"))).tracks
    assert (track.type, track.codec, track.channels, track.sample_rate) == ("audio", "unknown", None, None)


def test_a_track_without_media_is_data():
    header = trak(Trak(number=5))
    (track,) = probe(FTYP + moov(box(b"trak", header[8 : 8 + 92]))).tracks
    assert (track.type, track.codec, track.number, track.language_in_file) == ("data", "unknown", 5, None)


def test_a_text_track_that_holds_chapters_is_data():
    movie = moov(trak(Trak(tref=box(b"chap", b"\0\0\0\2"))), trak(Trak(b"text", TEXT, 2)), trak(Trak(b"text", TEXT, 3)))
    assert [(track.type, track.codec) for track in probe(FTYP + movie).tracks] == [
        ("audio", "aac"),
        ("data", "bin_data"),
        ("subtitle", "mov_text"),
    ]


JPEG, PNG = b"\xff\xd8\xff\xe0" + bytes(20), b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.mark.parametrize(
    ("parts", "codecs"),
    [
        pytest.param([(b"\0\0\0\x0d", bytes(4), JPEG)], ["mjpeg"], id="JPEG"),
        pytest.param([(b"\0\0\0\x0e", bytes(4), PNG)], ["png"], id="PNG"),
        pytest.param([(b"\0\0\0\x0d", bytes(4), PNG)], ["png"], id="PNG that says JPEG"),
        pytest.param([(b"\0\0\0\x1b", bytes(4), JPEG)], ["bmp"], id="BMP"),
        pytest.param([(b"\0\0\0\x0d", bytes(4), JPEG), (b"\0\0\0\x0e", bytes(4), PNG)], ["mjpeg", "png"], id="two"),
        pytest.param([(b"\0\0\0\1", bytes(4), JPEG)], [], id="no picture type"),
        pytest.param([(b"\0\0\0\x0d", bytes(4))], [], id="empty"),
    ],
)
def test_cover_art_is_a_video_track_where_it_stands(parts, codecs):
    cover = ilst(item(b"covr", *parts))
    behind = probe(FTYP + moov(trak(VIDEO), trak(Trak()), cover)).tracks
    assert [(track.type, track.codec, track.default, track.number) for track in behind[2:]] == [
        ("video", codec, False, None) for codec in codecs
    ]
    assert [track.index for track in behind] == list(range(2 + len(codecs)))
    before = probe(FTYP + moov(cover, trak(Trak()))).tracks
    assert (before[-1].type, before[-1].index) == ("audio", len(codecs))


def test_cover_art_in_a_quicktime_meta_box():
    items = box(b"ilst", item(b"covr", (b"\0\0\0\x0e", bytes(4), PNG)))
    found = probe(QUICKTIME + moov(box(b"meta", full(b"hdlr", bytes(20)), items)))
    assert [track.codec for track in found.tracks] == ["png"]


@pytest.mark.parametrize(
    ("file", "muxer"),
    [
        pytest.param(
            FTYP + moov(ilst(item(b"\xa9too", (b"\0\0\0\1", bytes(4), b"Lavf59.27.100")))), "Lavf59.27.100", id="iTunes"
        ),
        pytest.param(QUICKTIME + moov(box(b"udta", box(b"\xa9swr", b"\0\4\x55\xc4Lavf"))), "Lavf", id="QuickTime"),
        pytest.param(QUICKTIME + moov(box(b"udta", box(b"\xa9swr", b"Lavf"))), "Lavf", id="a bare string"),
        pytest.param(FTYP + moov(), None, id="none"),
        pytest.param(FTYP + moov(ilst(item(b"\xa9too", (b"\0\0\0\1", bytes(4), b"x" * 99)))), "x" * 60, id="bounded"),
        pytest.param(QUICKTIME + moov(box(b"meta", full(b"hdlr", bytes(20)))), None, id="QuickTime meta"),
    ],
)
def test_muxer(file, muxer):
    assert probe(file).muxer == muxer


@pytest.mark.parametrize(
    ("movie", "duration"),
    [
        pytest.param(moov(duration=1500), 1.5, id="mvhd"),
        pytest.param(moov(duration=1 << 33, version=1), 8589934.592, id="mvhd, 64 bits"),
        pytest.param(moov(duration=0), None, id="zero"),
        pytest.param(moov(duration=0xFFFFFFFF), None, id="unknown"),
        pytest.param(moov(box(b"mvex", full(b"mehd", b"\0\0\7\xd0")), duration=0), 2.0, id="mehd"),
        pytest.param(
            moov(box(b"mvex", full(b"mehd", bytes(6) + b"\7\xd0", version=1)), duration=0), 2.0, id="mehd, 64"
        ),
        pytest.param(moov(box(b"mvex", full(b"trex", bytes(20))), duration=1500), None, id="mvhd is not of fragments"),
    ],
)
def test_duration(movie, duration):
    assert probe(FTYP + movie).duration == duration


def compressed(movie, method=b"zlib", cut=0):
    packed_movie = zlib.compress(movie)
    cmvd = box(b"cmvd", len(movie).to_bytes(4, "big"), packed_movie[: len(packed_movie) - cut])
    return MDAT + box(b"moov", box(b"cmov", box(b"dcom", method), cmvd))


def test_a_compressed_moov_is_read():
    movie = moov(trak(VIDEO), trak(Trak(number=2)))
    assert probe(compressed(movie)) == probe(MDAT + movie)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(compressed(moov(), b"adec"), UnsupportedContainer, id="method"),
        pytest.param(compressed(moov(), cut=9), Truncated, id="cut"),
        pytest.param(compressed(box(b"free")), Corrupt, id="no moov in it"),
        pytest.param(MDAT + box(b"moov", box(b"cmov")), Corrupt, id="empty"),
        pytest.param(
            MDAT + box(b"moov", box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", bytes(9)))), Corrupt, id="not zlib"
        ),
    ],
)
def test_a_compressed_moov_that_does_not_decompress(data, error):
    with pytest.raises(error):
        probe(data)


def test_a_bomb_is_bounded():
    with pytest.raises(Error):
        probe(compressed(box(b"moov", bytes(64 << 20))))


RICH = moov(
    trak(VIDEO._replace(udta=box(b"name", b"v"))),
    trak(
        Trak(number=2, language=11, udta=kind("urn:mpeg:dash:role:2011", "commentary"), tref=box(b"chap", b"\0\0\0\4"))
    ),
    trak(
        Trak(entry=sound(b"ac-3", box(b"dac3", b"\x10\x3d\x40")), number=3, version=1, media=full(b"elng", b"en-GB\0"))
    ),
    trak(Trak(b"text", TEXT, 4)),
    ilst(item(b"\xa9too", (b"\0\0\0\1", bytes(4), b"x")), item(b"covr", (b"\0\0\0\x0d", bytes(4), JPEG))),
)


def survives(data):
    try:
        assert isinstance(probe(data), Probe)
    except Error:
        return False
    return True


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_file_cut_anywhere_is_a_probe_or_an_error(name):
    data = LAYOUTS[name](RICH)
    whole = [length for length in range(len(data)) if survives(data[:length])]
    assert all(length >= data.index(RICH) + len(RICH) for length in whole)


@given(st.data(), st.sampled_from(sorted(LAYOUTS)))
def test_any_bytes_changed_are_a_probe_or_an_error(data, name):
    mutated = bytearray(LAYOUTS[name](RICH))
    spots = st.tuples(st.integers(0, len(mutated) - 1), st.sampled_from([0, 1, 8, 0x7F, 0x80, 0xFF]))
    for at, byte in data.draw(st.lists(spots, min_size=1, max_size=8)):
        mutated[at] = byte
    survives(bytes(mutated))


@given(st.binary(max_size=400))
def test_any_movie_is_a_probe_or_an_error(data):
    survives(FTYP + box(b"moov", data))


@given(st.integers(8, 200))
def test_the_chunk_size_changes_nothing(chunk):
    data = LAYOUTS["end"](RICH)
    assert mp4.probe(window(data, chunk)) == probe(data)
