"""Channels and sample rate out of the codecs' own boxes: the sample entry says two channels for almost anything."""

from struct import pack

import pytest
from bmff_builder import FTYP, QUICKTIME, Trak, box, esds, full, moov, plain, probe, sound, trak


def bits(*fields):
    """Pack (width, value) pairs into bytes."""
    text = "".join(f"{value:0{width}b}" for width, value in fields)
    return int(text, 2).to_bytes(len(text) // 8, "big") if len(text) % 8 == 0 else bits(*fields, (-len(text) % 8, 0))


LC, SBR, PS = 2, 5, 29
GENERAL = (3, 0)
PCE = [(10, 0), (4, 1), (4, 1), (4, 1), (2, 1), (7, 0), (3, 0), (1, 1), (4, 0), (1, 1), (4, 0), (1, 0), (4, 0)]


def aac(*fields):
    return sound(b"mp4a", esds(0x40, bits(*fields)))


def dec3(*, acmod, lfe, dependent=0, location=0):
    return bits((13, 640), (3, 0), (2, 0), (5, 16), (5, 0), (3, acmod), (1, lfe), (3, 0), (4, dependent), (9, location))


def format_info(rate, six, eight):
    return bits((4, rate), (8, 0), (5, six), (2, 0), (13, eight))


def streaminfo(rate, channels):
    return b"\x80\0\0\x22" + bytes(10) + bits((20, rate), (3, channels - 1), (5, 15), (36, 0)) + bytes(16)


def alac(channels, rate):
    return bytes(9) + bytes((channels,)) + bytes(10) + pack(">I", rate)


def version_2(kind, rate, channels, depth, flags):
    fields = bytes(6) + b"\0\1\0\2" + bytes(6) + b"\0\3\0\x10\xff\xfe\0\0\0\1\0\0" + pack(">I", 72)
    return box(kind, fields, pack(">dI", rate, channels), b"\x7f\0\0\0", pack(">II", depth, flags), bytes(8))


def version_1(kind, *parts, depth=16):
    fields = bytes(6) + b"\0\1\0\1" + bytes(6) + b"\0\2" + pack(">H", depth) + b"\xff\xfe\0\0" + pack(">I", 44100 << 16)
    return box(kind, fields, bytes(16), *parts)


@pytest.mark.parametrize(
    ("entry", "codec", "channels", "rate"),
    [
        pytest.param(aac((5, LC), (4, 3), (4, 2), GENERAL), "aac", 2, 48000, id="aac"),
        pytest.param(aac((5, LC), (4, 3), (4, 6), GENERAL), "aac", 6, 48000, id="aac 5.1"),
        pytest.param(aac((5, LC), (4, 3), (4, 7), GENERAL), "aac", 8, 48000, id="aac 7.1"),
        pytest.param(
            aac((5, LC), (4, 15), (24, 37800), (4, 1), GENERAL), "aac", 1, 37800, id="aac with a rate of its own"
        ),
        pytest.param(aac((5, SBR), (4, 6), (4, 2), (4, 3), (5, LC), GENERAL), "aac", 2, 48000, id="he-aac"),
        pytest.param(aac((5, PS), (4, 6), (4, 1), (4, 3), (5, LC), GENERAL), "aac", 2, 48000, id="he-aac v2"),
        pytest.param(
            aac((5, LC), (4, 6), (4, 2), GENERAL, (11, 0x2B7), (5, SBR), (1, 1), (4, 3)),
            "aac",
            2,
            48000,
            id="hidden SBR",
        ),
        pytest.param(
            aac((5, LC), (4, 6), (4, 1), GENERAL, (11, 0x2B7), (5, SBR), (1, 1), (4, 3), (11, 0x548), (1, 1)),
            "aac",
            2,
            48000,
            id="hidden PS",
        ),
        pytest.param(
            aac((5, LC), (4, 6), (4, 2), GENERAL, (11, 0x2B7), (5, SBR), (1, 0)), "aac", 2, 24000, id="SBR ruled out"
        ),
        pytest.param(aac((5, LC), (4, 4), (4, 0), GENERAL, *PCE), "aac", 6, 44100, id="program_config_element"),
        pytest.param(
            aac((5, LC), (4, 4), (4, 0), (1, 0), (15, 1 << 14), (1, 0), *PCE), "aac", 6, 44100, id="behind a core"
        ),
        pytest.param(aac((5, 6), (4, 4), (4, 0), GENERAL, (3, 7), *PCE), "aac", 6, 44100, id="behind a layer"),
        pytest.param(aac((5, 31), (6, 10), (4, 4), (4, 1)), "aac", 1, 44100, id="xhe-aac"),
        pytest.param(aac((5, 31), (6, 4), (4, 4), (4, 1)), "mp4als", 1, 44100, id="als"),
        pytest.param(
            sound(b"mp4a", esds(0x67, b"\x11\xb0", long_sizes=True)), "aac", 6, 48000, id="MPEG-2 AAC, long sizes"
        ),
        pytest.param(sound(b"mp4a", esds(0x6B), rate=44100), "mp3", 2, 44100, id="mp3"),
        pytest.param(sound(b"mp4a", esds(0xDD), channels=1), "vorbis", 1, 48000, id="vorbis"),
        pytest.param(sound(b"mp4a", esds(0xA9)), "dts", None, 48000, id="dts without its box: 2 means nothing"),
        pytest.param(sound(b"mp4a", esds(0xA9), channels=6), "dts", 6, 48000, id="dts without its box: 6 does"),
        pytest.param(sound(b"mp4a", full(b"esds")), "aac", 2, 48000, id="empty esds"),
        pytest.param(sound(b"mp4a"), "aac", 2, 48000, id="no esds"),
        pytest.param(
            sound(b"enca", esds(0x40, b"\x11\xb0"), box(b"sinf", box(b"frma", b"mp4a"))),
            "aac",
            6,
            48000,
            id="encrypted aac",
        ),
        pytest.param(
            sound(b"enca", box(b"dac3", b"\x10\x3d\x40"), box(b"sinf", box(b"frma", b"ac-3"))),
            "ac3",
            6,
            48000,
            id="encrypted ac3",
        ),
        pytest.param(sound(b"enca"), "unknown", 2, 48000, id="encrypted, no frma"),
        pytest.param(
            sound(b"ac-3", box(b"dac3", bits((2, 0), (5, 8), (3, 0), (3, 7), (1, 1), (10, 0)))),
            "ac3",
            6,
            48000,
            id="ac3 5.1",
        ),
        pytest.param(
            sound(b"ac-3", box(b"dac3", bits((2, 1), (5, 8), (3, 0), (3, 1), (1, 0), (10, 0)))),
            "ac3",
            1,
            44100,
            id="ac3 mono",
        ),
        pytest.param(sound(b"ac-3"), "ac3", None, 48000, id="ac3 without its box"),
        pytest.param(sound(b"ec-3", box(b"dec3", dec3(acmod=7, lfe=1))), "eac3", 6, 48000, id="eac3 5.1"),
        pytest.param(
            sound(b"ec-3", box(b"dec3", dec3(acmod=7, lfe=1, dependent=1, location=2))), "eac3", 8, 48000, id="eac3 7.1"
        ),
        pytest.param(sound(b"ec-3", box(b"dec3", dec3(acmod=2, lfe=0)[:5])), "eac3", 2, 48000, id="eac3, short box"),
        pytest.param(sound(b"ac-4", box(b"dac4", b"\x20\xa0")), "ac4", 2, 48000, id="ac4"),
        pytest.param(sound(b"ac-4", box(b"dac4", b"\x20\x80")), "ac4", 2, 44100, id="ac4, 44.1 kHz"),
        pytest.param(
            sound(b"dtsh", box(b"ddts", pack(">I", 96000), bytes(13), b"\x00\x4f\0")), "dts", 8, 96000, id="dts-hd 7.1"
        ),
        pytest.param(sound(b"mlpa", box(b"dmlp", format_info(1, 0b01111, 0))), "truehd", 6, 96000, id="truehd 5.1"),
        pytest.param(sound(b"mlpa", box(b"dmlp", format_info(0, 15, 0b1001111))), "truehd", 8, 48000, id="truehd 7.1"),
        pytest.param(sound(b"Opus", box(b"dOps", b"\0\6" + bytes(9)), rate=44100), "opus", 6, 48000, id="opus"),
        pytest.param(sound(b"fLaC", full(b"dfLa", streaminfo(96000, 6))), "flac", 6, 96000, id="flac"),
        pytest.param(sound(b"alac", full(b"alac", alac(6, 96000))), "alac", 6, 96000, id="alac"),
        pytest.param(sound(b"samr", channels=2, rate=44100), "amr_nb", 1, 8000, id="amr is mono"),
        pytest.param(sound(b"sawb", channels=2), "amr_wb", 1, 16000, id="amr-wb is mono"),
        pytest.param(sound(b"mhm1", channels=0), "mpegh_3d_audio", None, 48000, id="no channels"),
        pytest.param(sound(b"mp4a", rate=0), "aac", 2, 44100, id="no rate: the timescale"),
        pytest.param(sound(b"twos", full(b"srat", pack(">I", 96000)), rate=48000), "pcm_s16be", 2, 96000, id="srat"),
        pytest.param(sound(b"sowt", depth=24), "pcm_s24le", 2, 48000, id="sowt, 24 bits"),
        pytest.param(sound(b"twos", depth=8), "pcm_s8", 2, 48000, id="twos, 8 bits"),
        pytest.param(sound(b"raw ", depth=16), "pcm_s16be", 2, 48000, id="raw, 16 bits"),
        pytest.param(sound(b"raw ", depth=8), "pcm_u8", 2, 48000, id="raw"),
        pytest.param(sound(b"ipcm", full(b"pcmC", b"\1\x18")), "pcm_s24le", 2, 48000, id="ipcm, little-endian"),
        pytest.param(sound(b"fpcm", full(b"pcmC", b"\0\x40")), "pcm_f64be", 2, 48000, id="fpcm"),
        pytest.param(sound(b"ms\0\x55"), "mp3", 2, 48000, id="a wave tag"),
        pytest.param(sound(b"ms\x7f\x55"), "unknown", 2, 48000, id="no wave tag"),
        pytest.param(plain(b"mp4a"), "aac", None, 44100, id="an entry cut short"),
    ],
)
def test_sound(entry, codec, channels, rate):
    (track,) = probe(FTYP + moov(trak(Trak(entry=entry)))).tracks
    assert (track.codec, track.channels, track.sample_rate) == (codec, channels, rate)


@pytest.mark.parametrize(
    ("entry", "codec", "channels", "rate"),
    [
        pytest.param(version_1(b"mp4a", box(b"wave", esds(0x40, b"\x11\xb0"))), "aac", 6, 48000, id="1: esds in wave"),
        pytest.param(
            version_1(b"in24", box(b"wave", box(b"enda", b"\0\1"))), "pcm_s24le", 2, 44100, id="1: little-endian"
        ),
        pytest.param(
            version_1(b"in24", box(b"wave", box(b"enda", b"\0\0"))), "pcm_s24be", 2, 44100, id="1: big-endian"
        ),
        pytest.param(version_1(b"fl32"), "pcm_f32be", 2, 44100, id="1: float"),
        pytest.param(version_1(b"alac", box(b"wave", full(b"alac", alac(8, 96000)))), "alac", 8, 96000, id="1: alac"),
        pytest.param(version_2(b"lpcm", 96000.0, 6, 24, 4), "pcm_s24le", 6, 96000, id="2: 24 bits"),
        pytest.param(version_2(b"lpcm", 192000.0, 2, 32, 3), "pcm_f32be", 2, 192000, id="2: float"),
        pytest.param(version_2(b"lpcm", 48000.0, 2, 8, 0), "pcm_u8", 2, 48000, id="2: 8 bits"),
        pytest.param(version_2(b"lpcm", 48000.0, 2, 99, 4), "unknown", 2, 48000, id="2: no such depth"),
        pytest.param(version_2(b"lpcm", float("nan"), 2, 16, 4), "pcm_s16le", 2, 44100, id="2: no such rate"),
    ],
)
def test_quicktime_sound_descriptions(entry, codec, channels, rate):
    (track,) = probe(QUICKTIME + moov(trak(Trak(entry=entry)))).tracks
    assert (track.codec, track.channels, track.sample_rate) == (codec, channels, rate)


@pytest.mark.parametrize(
    ("brands", "entry", "channels"),
    [
        pytest.param(FTYP, version_1(b"mp4a", esds(0x40, b"\x11\xb0")), 2, id="ISO: version 1 has no fields more"),
        pytest.param(FTYP + b"qt  ", version_1(b"mp4a", esds(0x40, b"\x11\xb0")), 6, id="QuickTime is compatible"),
    ],
)
def test_a_version_1_in_an_stsd_of_version_1(brands, entry, channels):
    movie = moov(trak(Trak(entry=entry))).replace(b"stsd\0", b"stsd\1")
    (track,) = probe(len(brands).to_bytes(4, "big") + brands[4:] + movie).tracks
    assert track.channels == channels
