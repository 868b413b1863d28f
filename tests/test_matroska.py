"""What a Matroska file means, read from its header alone."""

import io

import pytest
from matroska_builder import (
    checked,
    cluster,
    element,
    entry,
    header,
    info,
    movie,
    real,
    seek_head,
    segment,
    text,
    tracks,
    uint,
    void,
)

from arrtheaudio.containers import Probe, ebml, matroska, sniff
from arrtheaudio.containers import matroska_ids as ids
from arrtheaudio.containers.window import Window
from arrtheaudio.core.track import Track
from arrtheaudio.errors import Corrupt, Error, NotMedia, Truncated, UnsupportedContainer


class Counted(io.BytesIO):
    """A file that remembers how much of it was read."""

    reads = 0
    total = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.reads += 1
        self.total += len(data)
        return data


def read(data: bytes) -> Probe:
    return matroska.probe(Window(io.BytesIO(data), len(data), 16384))


def only(*more: bytes, kind: int = 2, codec: str = "A_AC3") -> Track:
    """Return the one track of a file whose TrackEntry has `more`."""
    (track,) = read(movie(tracks(entry(1, kind, codec, *more)))).tracks
    return track


AUDIO = element(ids.AUDIO, real(ids.SAMPLING_FREQUENCY, 48000.0) + uint(ids.CHANNELS, 6))


def test_a_file_is_recognised_by_its_ebml_header() -> None:
    assert sniff(movie(tracks())) is matroska


def test_all_that_a_track_says() -> None:
    flags = (ids.FLAG_DEFAULT, ids.FLAG_ENABLED)
    others = (ids.FLAG_FORCED, ids.FLAG_ORIGINAL, ids.FLAG_COMMENTARY, ids.FLAG_VISUAL_IMPAIRED)
    track = only(
        text(ids.NAME, "Surround 5.1"),
        text(ids.LANGUAGE, "jpn"),
        *(uint(flag, 0) for flag in flags),
        *(uint(flag, 1) for flag in others),
        uint(ids.FLAG_HEARING_IMPAIRED, 1),
        AUDIO,
    )
    assert track == Track(
        index=0,
        type="audio",
        codec="ac3",
        number=1,
        uid=101,
        language="ja",
        language_in_file="jpn",
        name="Surround 5.1",
        channels=6,
        sample_rate=48000,
        default=False,
        forced=True,
        enabled=False,
        original=True,
        commentary=True,
        visual_impaired=True,
        hearing_impaired=True,
    )


def test_what_a_track_leaves_unsaid_has_its_default() -> None:
    assert only() == Track(index=0, type="audio", codec="ac3", number=1, uid=101, language="en", language_in_file=None)


@pytest.mark.parametrize(
    ("flag", "default"),
    [
        pytest.param(b"", True, id="absent"),
        pytest.param(element(ids.FLAG_DEFAULT), True, id="without data"),
        pytest.param(uint(ids.FLAG_DEFAULT, 0), False, id="zero"),
        pytest.param(uint(ids.FLAG_DEFAULT, 0, 8), False, id="zero in eight bytes"),
        pytest.param(uint(ids.FLAG_DEFAULT, 1, 8), True, id="one in eight bytes"),
        pytest.param(uint(ids.FLAG_DEFAULT, 256), True, id="more than one"),
        pytest.param(uint(ids.FLAG_DEFAULT, 1) + uint(ids.FLAG_DEFAULT, 0), False, id="twice, the last counts"),
    ],
)
def test_flag_default(flag: bytes, default: bool) -> None:
    assert only(flag).default is default


@pytest.mark.parametrize(
    ("elements", "language", "in_file"),
    [
        pytest.param(b"", "en", None, id="absent is English"),
        pytest.param(text(ids.LANGUAGE, ""), "en", None, id="without data is English"),
        pytest.param(text(ids.LANGUAGE, "ger"), "de", "ger", id="bibliographic"),
        pytest.param(text(ids.LANGUAGE, "und"), "und", "und", id="undetermined"),
        pytest.param(text(ids.LANGUAGE, "por") + text(ids.LANGUAGE_BCP47, "pt-BR"), "pt-BR", "pt-BR", id="BCP 47 wins"),
        pytest.param(text(ids.LANGUAGE_BCP47, "yue"), "yue", "yue", id="BCP 47 alone"),
        pytest.param(text(ids.LANGUAGE, "jpn\0\0"), "ja", "jpn", id="padded with NULs"),
    ],
)
def test_language(elements: bytes, language: str, in_file: str | None) -> None:
    track = only(elements)
    assert (track.language, track.language_in_file) == (language, in_file)


@pytest.mark.parametrize(
    ("audio", "channels", "rate"),
    [
        pytest.param(b"", None, None, id="no Audio: unknown"),
        pytest.param(element(ids.AUDIO), 1, 8000, id="an empty Audio: defaults"),
        pytest.param(AUDIO, 6, 48000, id="plain"),
        pytest.param(
            element(ids.AUDIO, real(ids.SAMPLING_FREQUENCY, 24000.0) + real(ids.OUTPUT_SAMPLING_FREQUENCY, 48000.0)),
            1,
            48000,
            id="SBR: what is played",
        ),
        pytest.param(element(ids.AUDIO, real(ids.SAMPLING_FREQUENCY, float("nan"))), 1, None, id="not a number"),
    ],
)
def test_channels_and_rate(audio: bytes, channels: int | None, rate: int | None) -> None:
    track = only(audio)
    assert (track.channels, track.sample_rate) == (channels, rate)


def test_tracks_that_ffprobe_drops_do_not_count() -> None:
    found = read(
        movie(
            tracks(
                entry(1, 1, "V_VP9"),
                entry(2, 0x10, "V_MJPEG"),  # a logo
                entry(3, 0x12, "B_VOBBTN"),
                entry(4, 2, ""),
                entry(5, 2, "V_VP8"),
                entry(6, 0, "A_AC3"),
                void(20),
                entry(7, 2, "A_OPUS"),
                entry(8, 0x21, "D_UNHEARD_OF"),
                entry(9, 0x11, "S_TEXT/UTF8"),
                entry(10, 0x21, "D_WEBVTT/METADATA"),
            )
        )
    ).tracks
    assert [(track.index, track.number, track.type, track.codec) for track in found] == [
        (0, 1, "video", "vp9"),
        (1, 7, "audio", "opus"),
        (2, 8, "data", "unknown"),
        (3, 9, "subtitle", "subrip"),
        (4, 10, "subtitle", "webvtt"),
    ]


@pytest.mark.parametrize(
    ("duration", "scale", "seconds"),
    [
        pytest.param(1440500.0, 1_000_000, 1440.5, id="milliseconds"),
        pytest.param(12345.678, 100_000, 1.234567, id="cut to microseconds"),
        pytest.param(0.0, 1_000_000, None, id="zero is unknown"),
        pytest.param(float("nan"), 1_000_000, None, id="not a number"),
        pytest.param(float("inf"), 1_000_000, None, id="infinite"),
    ],
)
def test_duration(duration: float, scale: int, seconds: float | None) -> None:
    part = element(ids.INFO, real(ids.DURATION, duration) + uint(ids.TIMESTAMP_SCALE, scale))
    assert read(header() + segment(part, tracks())).duration == seconds


@pytest.mark.parametrize(
    ("app", "muxer"),
    [
        pytest.param("mkvmerge v74.0.0 ('You Oughta Know') 64-bit", "mkvmerge v74", id="mkvmerge"),
        pytest.param("mkvmerge v4.9.1 ('Ich will') built on Jul 11 2011", "mkvmerge v4.9.1", id="old mkvmerge"),
        pytest.param("Lavf59.27.100", "Lavf59.27.100", id="libavformat"),
        pytest.param("HandBrake 1.6.1 2023012300", "HandBrake 1.6.1", id="HandBrake"),
        pytest.param("GStreamer matroskamux version 1.22.0", "GStreamer matroskamux version 1.22", id="GStreamer"),
        pytest.param("Chrome", "Chrome", id="no version"),
        pytest.param("  ", None, id="blank"),
    ],
)
def test_muxer(app: str, muxer: str | None) -> None:
    assert read(header() + segment(info(app=app), tracks())).muxer == muxer


def test_the_muxing_app_stands_in_for_a_missing_writing_app() -> None:
    part = element(ids.INFO, text(ids.WRITING_APP, "") + text(ids.MUXING_APP, "libebml v1.4.4"))
    assert read(header() + segment(part, tracks())).muxer == "libebml v1.4.4"


def file(name: str, media_type: str, data: bytes = b"data") -> bytes:
    """Return an AttachedFile."""
    return element(
        ids.ATTACHED_FILE,
        text(ids.FILE_NAME, name) + element(ids.FILE_DATA, data) + text(ids.FILE_MEDIA_TYPE, media_type),
    )


def test_attachments_come_last_and_images_are_video() -> None:
    attachments = element(
        ids.ATTACHMENTS,
        file("cover.jpg", "image/jpeg")
        + file("", "image/png")
        + void(9)
        + file("a.ttf", "application/x-truetype-font"),
    )
    found = read(movie(attachments, tracks(entry(1)))).tracks
    assert [(track.index, track.type, track.codec, track.name, track.default) for track in found] == [
        (0, "audio", "ac3", None, True),
        (1, "video", "mjpeg", "cover.jpg", False),
        (2, "attachment", "ttf", "a.ttf", False),
    ]


def test_attached_data_is_not_read() -> None:
    attachments = element(ids.ATTACHMENTS, file("a.bin", "binary", bytes(5_000_000)) * 3)
    data = movie(tracks(entry(1)), attachments)
    counted = Counted(data)
    assert len(matroska.probe(Window(counted, len(data), 16384)).tracks) == 4
    assert counted.total < 100_000


def at_end(*, linked: bool) -> bytes:
    """Return a file whose Tracks stands behind the Cluster; `linked`: only a second SeekHead names it."""
    long = cluster(200_000)
    before = len(seek_head((ids.TRACKS, 0))) + len(info()) + len(long)
    first = (ids.SEEK_HEAD, before) if linked else (ids.TRACKS, before)
    second = seek_head((ids.TRACKS, before + len(seek_head((ids.TRACKS, 0))))) if linked else b""
    return header() + segment(seek_head(first), info(), long, second, tracks(entry(1)))


@pytest.mark.parametrize("linked", [False, True], ids=["by the SeekHead", "by a SeekHead that a SeekHead names"])
def test_tracks_behind_the_clusters_is_found(linked: bool) -> None:
    data = at_end(linked=linked)
    counted = Counted(data)
    assert len(matroska.probe(Window(counted, len(data), 4096)).tracks) == 1
    assert counted.total < 20_000


def test_a_seek_head_that_names_itself_ends() -> None:
    with pytest.raises(Corrupt, match="no Tracks"):
        read(header() + segment(seek_head((ids.SEEK_HEAD, 0)), cluster()))


def test_one_read_answers_an_ordinary_file() -> None:
    data = movie(void(4000), tracks(entry(1), entry(2)), void(1300)) + bytes(1_000_000)
    counted = Counted(data)
    matroska.probe(Window(counted, len(data), 16384))
    assert counted.reads == 1


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(movie(tracks(entry(1), crc=True)), id="CRC-32"),
        pytest.param(movie(tracks(entry(1)), unknown=True), id="Segment of unknown size"),
        pytest.param(movie(void(4000), tracks(entry(1))), id="Void before"),
        pytest.param(movie(tracks(entry(1, width=8), width=8)), id="over-long sizes"),
        pytest.param(movie(tracks(entry(1)), doc_type="webm"), id="WebM"),
        pytest.param(header() + void(30) + segment(info(), tracks(entry(1))), id="Void between header and Segment"),
        pytest.param(movie(element(0x1043A770, b"\0" * 40), tracks(entry(1))), id="Chapters before"),
        pytest.param(movie(tracks(entry(1)), b"\0" * 50), id="junk behind Tracks"),
        pytest.param(movie(seek_head((ids.INFO, 1 << 31)), tracks(entry(1))), id="SeekHead into nowhere"),
        pytest.param(
            movie(tracks(entry(1), element(0x4DBB, b"?")), element(ids.ATTACHMENTS, b"??")), id="unknown parts"
        ),
        pytest.param(
            header("matroska", uint(ids.EBML_MAX_ID_LENGTH, 3), uint(ids.EBML_MAX_SIZE_LENGTH, 1))
            + segment(info(), tracks(entry(1))),
            id="too small limits in the header",
        ),
    ],
)
def test_oddities_that_are_read(data: bytes) -> None:
    (track,) = read(data).tracks
    assert (track.type, track.number) == ("audio", 1)


def test_webm_is_told_from_matroska() -> None:
    assert read(movie(tracks(), doc_type="webm")).container == "webm"
    assert read(movie(tracks())).container == "matroska"


TRACKS_AT = len(header()) + 12 + len(info())


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        pytest.param(b"RIFF" + bytes(40), NotMedia, "no EBML header", id="not EBML"),
        pytest.param(header("webp"), UnsupportedContainer, "document of type 'webp'", id="another DocType"),
        pytest.param(
            header("matroska", uint(ids.EBML_READ_VERSION, 2)),
            UnsupportedContainer,
            "EBMLReadVersion is 2",
            id="EBMLReadVersion",
        ),
        pytest.param(
            header("matroska", uint(ids.EBML_MAX_ID_LENGTH, 5)),
            UnsupportedContainer,
            "EBMLMaxIDLength is 5",
            id="EBMLMaxIDLength",
        ),
        pytest.param(
            header("matroska", uint(ids.DOC_TYPE_READ_VERSION, 5)),
            UnsupportedContainer,
            "DocTypeReadVersion is 5",
            id="DocTypeReadVersion",
        ),
        pytest.param(header() + cluster(), Corrupt, "0x1F43B675 where the Segment is due", id="no Segment"),
        pytest.param(header(), Truncated, f"at byte {len(header())}", id="header alone"),
        pytest.param(movie(), Corrupt, "no Tracks", id="no Tracks"),
        pytest.param(
            movie(ids.TRACKS.to_bytes(4, "big") + b"\xff" + entry(1)),
            Corrupt,
            f"Tracks at byte {TRACKS_AT} has no size",
            id="Tracks of unknown size",
        ),
        pytest.param(
            movie(tracks(b"\xae\xff" + entry(1)[2:])),
            Corrupt,
            f"0xAE at byte {TRACKS_AT + 5} has no size",
            id="TrackEntry of unknown size",
        ),
        pytest.param(
            movie(tracks(entry(1)))[: TRACKS_AT + 9], Truncated, f"Tracks at byte {TRACKS_AT + 5}", id="cut in Tracks"
        ),
        pytest.param(
            movie(tracks(entry(1, 2, "A_AC3", b"\x88\x90"))), Corrupt, "0x88 at byte .* runs past", id="child too long"
        ),
        pytest.param(
            movie(tracks(entry(1, 2, "A_AC3", element(ids.FLAG_DEFAULT, bytes(9))))),
            Corrupt,
            "9 bytes",
            id="9-byte flag",
        ),
        pytest.param(movie(tracks(b"\x80\x80" * 200_000)), Corrupt, "more than 100000 elements", id="too many"),
    ],
)
def test_damage_says_what_and_where(data: bytes, error: type[Error], message: str) -> None:
    with pytest.raises(error, match=message):
        read(data)


def test_every_cut_is_a_probe_or_a_named_error() -> None:
    data = movie(
        seek_head((ids.TRACKS, 0)), tracks(entry(1), crc=True), element(ids.ATTACHMENTS, file("a", "image/png"))
    )
    answers = []
    for length in range(len(data)):
        try:
            answers.append(len(read(data[:length]).tracks))
        except Error:
            answers.append(-1)
    assert sorted(answers) == answers
    assert set(answers) == {-1, 1, 2}


def test_checked_builder_is_right() -> None:
    data = checked(b"abc")
    assert data[:2] == bytes((ebml.CRC32, 0x84))
    assert data[2:6] == ebml.crc32(b"abc")
