"""What the boxes inside an audio sample entry say of channels and sample rate.

The entry's own channelcount is unreliable: 2 for many a 5.1 AC-3. Each reader takes the box's data, and answers with
channels and hertz, 0 where the box does not say.
"""

from collections.abc import Callable

from arrtheaudio.containers.bmff import Bits

Format = tuple[int, int]
"""Channels and sample rate in hertz; 0 when unknown."""

_AC3_CHANNELS = (2, 1, 2, 3, 3, 4, 4, 5)
_AC3_RATES = (48000, 44100, 32000, 0)
# chan_loc (ETSI TS 102 366, F.6.2.13), from its lowest bit
_EAC3_MORE = (2, 2, 1, 1, 2, 2, 2, 1, 1)
# DTSSpecificBox.ChannelLayout (ETSI TS 102 114, table E-5), from its lowest bit
_DTS_CHANNELS = (1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2, 2, 1, 2, 1, 2)
# channel_assignment (Meridian, MLP bitstream), from its lowest bit
_TRUEHD_CHANNELS = (2, 1, 1, 2, 2, 2, 2, 1, 1, 2, 2, 1, 1)
_TRUEHD_RATES = {0: 48000, 1: 96000, 2: 192000, 8: 44100, 9: 88200, 10: 176400}

# samplingFrequencyIndex and channelConfiguration (ISO/IEC 14496-3, tables 1.18 and 1.19)
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350, 0, 0, 0)
_AAC_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0)
_SBR, _PS, _ALS = 5, 29, 36
_GA = (1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23)
_SYNC = 0x2B7

# samplingFrequencyIndex of MPEG-4's old MP3onMP4 is MPEG-1's.
_AUDIO_OBJECT_CODECS = {32: "mp3on4", 33: "mp3on4", 34: "mp3on4", _ALS: "mp4als"}


def audio_specific_config(data: bytes) -> tuple[str, int, int]:
    """Return codec_name, channels and sample rate of an AudioSpecificConfig (1.6.2.1), with SBR and PS applied."""
    bits = Bits(data)
    kind = _object_type(bits)
    rate = _rate(bits)
    configuration = bits.take(4)
    channels = _AAC_CHANNELS[configuration]
    played, stereo = rate, kind == _PS
    if kind in (_SBR, _PS):
        played = _rate(bits)
        kind = _object_type(bits)
    elif kind in _GA:
        channels = _general(bits, kind, configuration) or channels
        found, stereo = _extension(bits)
        played = found or rate
    if kind in _GA and configuration == 0 and not channels:
        channels = _general(bits, kind, configuration)
    return _AUDIO_OBJECT_CODECS.get(kind, "aac"), 2 if stereo and channels == 1 else channels, played


def _object_type(bits: Bits) -> int:
    kind = bits.take(5)
    return 32 + bits.take(6) if kind == 31 else kind


def _rate(bits: Bits) -> int:
    index = bits.take(4)
    return bits.take(24) if index == 15 else _AAC_RATES[index]


def _general(bits: Bits, kind: int, configuration: int) -> int:
    """Read a GASpecificConfig (4.4.1); return the channels of its program_config_element, 0 where it has none."""
    bits.take(1)
    if bits.take(1):
        bits.take(14)
    bits.take(1)
    if kind in (6, 20):
        bits.take(3)
    return _program(bits) if configuration == 0 else 0


def _program(bits: Bits) -> int:
    """Count the channels of a program_config_element (4.5.1.2)."""
    bits.take(10)
    single_or_pair = bits.take(4) + bits.take(4) + bits.take(4)
    effects = bits.take(2)
    bits.take(7)
    for width in (4, 4, 3):
        if bits.take(1):
            bits.take(width)
    channels = effects
    for _ in range(single_or_pair):
        channels += 1 + bits.take(1)
        bits.take(4)
    return channels


def _extension(bits: Bits) -> tuple[int, bool]:
    """Look behind the configuration for SBR and PS that old decoders do not see; return the rate, and whether PS."""
    while bits.left > 15:
        if bits.peek(11) == _SYNC:
            bits.take(11)
            if _object_type(bits) != _SBR or not bits.take(1):
                return 0, False
            rate = _rate(bits)
            return rate, bits.left > 11 and bits.take(11) == 0x548 and bits.take(1) == 1
        bits.take(1)
    return 0, False


def _ac3(data: bytes) -> Format:
    """AC3SpecificBox (ETSI TS 102 366, F.4)."""
    bits = Bits(data[:3])
    rate = _AC3_RATES[bits.take(2)]
    bits.take(8)
    return _AC3_CHANNELS[bits.take(3)] + bits.take(1), rate


def _eac3(data: bytes) -> Format:
    """EC3SpecificBox (ETSI TS 102 366, F.6): the first independent substream and those that depend on it."""
    bits = Bits(data[:7])
    bits.take(16)
    rate = _AC3_RATES[bits.take(2)]
    bits.take(10)
    channels = _AC3_CHANNELS[bits.take(3)] + bits.take(1)
    bits.take(3)
    more = _count(bits.take(9), _EAC3_MORE) if bits.take(4) else 0
    return channels + more, rate


def _ac4(data: bytes) -> Format:
    """ac4_dsi (ETSI TS 103 190-2, E.6): versions of 3 and 7 bits, then fs_index."""
    bits = Bits(data[:2])
    bits.take(10)
    return 0, 48000 if bits.take(1) else 44100


def _dts(data: bytes) -> Format:
    """DTSSpecificBox (ETSI TS 102 114, E.2.2.3)."""
    return _count(int.from_bytes(data[17:19], "big"), _DTS_CHANNELS), int.from_bytes(data[:4], "big")


def _truehd(data: bytes) -> Format:
    """MLPSpecificBox: format_info of the TrueHD major sync."""
    bits = Bits(data[:4])
    rate = _TRUEHD_RATES.get(bits.take(4), 0)
    bits.take(8)
    six = _count(bits.take(5), _TRUEHD_CHANNELS)
    bits.take(2)
    return _count(bits.take(13), _TRUEHD_CHANNELS) or six, rate


def _opus(data: bytes) -> Format:
    """OpusSpecificBox (opus-codec.org, 4.3.2). Its InputSampleRate is history: what is played has 48 kHz."""
    return data[1] if len(data) > 1 else 0, 48000


def _flac(data: bytes) -> Format:
    """FLACSpecificBox (xiph.org, 3.3.2): a FullBox, a block header, STREAMINFO."""
    bits = Bits(data[18:21])
    rate = bits.take(20)
    return (bits.take(3) + 1 if rate else 0), rate


def _alac(data: bytes) -> Format:
    """ALACSpecificConfig, in a FullBox."""
    return data[13] if len(data) > 13 else 0, int.from_bytes(data[24:28], "big")


def _count(mask: int, channels: tuple[int, ...]) -> int:
    return sum(count for bit, count in enumerate(channels) if mask >> bit & 1)


READERS: dict[bytes, Callable[[bytes], Format]] = {
    b"dac3": _ac3,
    b"dec3": _eac3,
    b"dac4": _ac4,
    b"ddts": _dts,
    b"dmlp": _truehd,
    b"dOps": _opus,
    b"dfLa": _flac,
    b"alac": _alac,
}

# What a decoder of these makes whatever the entry says: codec_name -> channels, hertz.
FIXED: dict[str, Format] = {"amr_nb": (1, 8000), "amr_wb": (1, 16000), "qcelp": (1, 8000)}
