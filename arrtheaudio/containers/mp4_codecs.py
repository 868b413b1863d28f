"""Which codec a sample entry's type means: ffprobe's codec_name, and the type of track that it makes one.

The registry is mp4ra.org's; the old QuickTime and AVI types are those that FFmpeg reads. Types are four characters.
"""

UNKNOWN = "unknown"

Table = dict[str, str]


def _by_type(names: dict[str, str]) -> Table:
    """Turn codec_name -> types, with spaces between them, into type -> codec_name."""
    return {four.replace("_", " "): codec for codec, fours in names.items() for four in fours.split()}


# A space in a type is written `_`.
_AUDIO = _by_type(
    {
        "aac": "mp4a",
        "ac3": "ac-3 sac3",
        "ac4": "ac-4",
        "adpcm_ima_qt": "ima4",
        "alac": "alac",
        "amr_nb": "samr",
        "amr_wb": "sawb",
        "dts": "dtsc dtsh dtsl dtse dtsx DTS_",
        "eac3": "ec-3",
        "evrc": "sevc",
        "flac": "fLaC",
        "gsm": "agsm",
        "iamf": "iamf",
        "ilbc": "ilbc",
        "mace3": "MAC3",
        "mace6": "MAC6",
        "mp1": ".mp1",
        "mp2": ".mp2",
        "mp3": ".mp3 mp3_",
        "mpegh_3d_audio": "mhm1 mha1 mhm2 mha2",
        "nellymoser": "nmos NELL",
        "opus": "Opus",
        "pcm_alaw": "alaw",
        "pcm_f32be": "fl32 fpcm",
        "pcm_f64be": "fl64",
        "pcm_mulaw": "ulaw",
        "pcm_s16be": "twos lpcm ipcm",
        # DV audio is PCM inside its own frames.
        "pcm_s16le": "sowt vdva dvca",
        "pcm_s24be": "in24",
        "pcm_s32be": "in32",
        "pcm_u8": "raw_ NONE",
        "qcelp": "Qclp Qclq sqcp",
        "qdm2": "QDM2",
        "qdmc": "QDMC",
        "smv": "ssmv",
        "speex": "spex SPXN",
        "truehd": "mlpa",
        "wmav2": "WMA2",
    }
)

# WAVEFORMATEX.wFormatTag in the last two bytes of an `ms` type -> codec_name
_WAVE = {
    0x02: "adpcm_ms",
    0x06: "pcm_alaw",
    0x07: "pcm_mulaw",
    0x11: "adpcm_ima_wav",
    0x31: "gsm_ms",
    0x50: "mp2",
    0x55: "mp3",
    0xFF: "aac",
    0x160: "wmav1",
    0x161: "wmav2",
    0x162: "wmapro",
    0x2000: "ac3",
    0x2001: "dts",
}

_VIDEO = _by_type(
    {
        "8bps": "8BPS",
        "aic": "icod",
        "av1": "av01",
        "avrp": "AVrp SUDS",
        "avui": "AVUI",
        "cavs": "avs2",
        "cfhd": "CFHD",
        "cinepak": "cvid CVID",
        "dirac": "drac",
        "dnxhd": "AVdn AVdh",
        "dpx": "dpx_",
        # dvh1 is HEVC where it has an hvcC box.
        "dvvideo": "dvcp dvc_ dvpp dv5p dv5n AVdv AVd1 dvhq dvhp dvh1 dvh2 dvh4 dvh5 dvh6 dvh3 dvsd dslp",
        "dxv": "DXD3 DXDI",
        "evc": "evc1",
        "exr": "exr_",
        "ffv1": "FFV1",
        "ffvhuff": "FFVH",
        "flic": "flic",
        "gif": "gif_",
        "h263": "h263 s263 H263",
        "h264": "avc1 avc2 avc3 avc4 ai5p ai5q ai52 ai53 ai55 ai56 ai1p ai1q ai12 ai13 ai15 ai16 AVin aivx rv64 xalg "
        "avlg dva1 dvav H264 h264 X264 x264 DAVC VSSH",
        "hap": "Hap1 Hap5 HapY HapA HapM",
        "hevc": "hev1 hvc1 dvhe HEVC H265",
        "huffyuv": "HFYU",
        "jpeg2000": "mjp2 MJ2C",
        "magicyuv": "M0R0 M0RA M0RG M0Y0 M0Y2 M0Y4 M8RG M8RA M8G0 M8Y0 M8Y2 M8Y4 M8YA M2RA M2RG",
        "media100": "601N 601P dtnt dtNT dtpa dtPA",
        "mjpeg": "jpeg mjpa AVDJ AVRn dmb1 MJPG",
        "mjpegb": "mjpb",
        "mpeg1video": "m1v_ m1v1 mpeg mp1v",
        "mpeg2video": "m2v1 hdv1 hdv2 hdv3 hdv4 hdv5 hdv6 hdv7 hdv8 hdv9 hdva mx5n mx5p mx4n mx4p mx3n mx3p xd51 xd54 "
        "xd55 xd59 xd5a xd5b xd5c xd5d xd5e xd5f xdv1 xdv2 xdv3 xdv4 xdv5 xdv6 xdv7 xdv8 xdv9 xdva xdvb xdvc xdvd xdve "
        "xdvf xdhd xdh2 AVmp mp2v",
        "mpeg4": "mp4v DIVX XVID 3IV2 FMP4 DX50 divx xvid",
        "msmpeg4v2": "MP42 DIV2",
        "msmpeg4v3": "3IVD DIV3 MP43",
        "msrle": "WRLE",
        "notchlc": "nclc",
        "pixlet": "pxlt",
        "png": "png_ MNG_ MPNG",
        "prores": "apch apcn apcs apco ap4h ap4x",
        "qdraw": "qdrw",
        "qtrle": "rle_",
        "r10k": "R10k R10g",
        "r210": "r210",
        "rawvideo": "raw_ yuv2 2vuy yuvs L555 L565 B565 24BG BGRA RGBA ABGR b16g b48r b64a bxbg bxrg bxyv NO16 DVOO "
        "R420 R411 WRAW AV1x AVup BGGR I420 YV12 YUY2 UYVY NV12",
        "rpza": "rpza",
        "sgi": "sgi_",
        "sgirle": "rle1",
        "sheervideo": "Shr0 Shr1 Shr2 Shr3 Shr4 Shr5 Shr6 Shr7",
        "smc": "smc_",
        "svq1": "SVQ1 svq1 svqi",
        "svq3": "SVQ3",
        "targa": "tga_",
        "targa_y216": "Y216",
        "tiff": "tiff",
        "utvideo": "ULRA ULRG ULY0 ULY2 ULY4 ULH0 ULH2 ULH4",
        "v210": "v210 bxy2",
        "v308": "v308",
        "v408": "v408",
        "v410": "v410",
        "vc1": "vc-1 WVC1",
        "vp3": "VP31",
        "vp6": "VP60 VP61 VP62",
        "vp6a": "VP6A",
        "vp6f": "VP6F",
        "vp8": "vp08 VP80",
        "vp9": "vp09 VP90",
        "vvc": "vvc1 vvi1",
        "wmv3": "WMV3",
        "y41p": "Y41P",
        "yuv4": "yuv4",
    }
)
_SUBTITLE = {"text": "mov_text", "tx3g": "mov_text", "c608": "eia_608"}
_DATA = {"gpmd": "bin_data"}

# DecoderConfigDescriptor.objectTypeIndication (ISO/IEC 14496-1, table 5; mp4ra.org) -> codec_name
OBJECT_TYPES = {
    0x08: "mov_text",
    0x20: "mpeg4",
    0x21: "h264",
    0x23: "hevc",
    0x40: "aac",
    0x60: "mpeg2video",
    0x61: "mpeg2video",
    0x62: "mpeg2video",
    0x63: "mpeg2video",
    0x64: "mpeg2video",
    0x65: "mpeg2video",
    0x66: "aac",
    0x67: "aac",
    0x68: "aac",
    0x69: "mp3",
    0x6A: "mpeg1video",
    0x6B: "mp3",
    0x6C: "mjpeg",
    0x6D: "png",
    0x6E: "jpeg2000",
    0xA3: "vc1",
    0xA4: "dirac",
    0xA5: "ac3",
    0xA6: "eac3",
    0xA9: "dts",
    0xAD: "opus",
    0xB1: "vp9",
    0xC1: "flac",
    0xD0: "tscc2",
    0xD1: "evrc",
    0xDD: "vorbis",
    0xE0: "dvd_subtitle",
    0xE1: "qcelp",
}

# Sample entries that hide the real type in sinf/frma (ISO/IEC 14496-12, 8.12; the last two are Apple's).
PROTECTED = (b"enca", b"encv", b"drms", b"drmi")


def identify(kind: str, four: bytes) -> tuple[str, str]:
    """Return the type of a track and its codec_name, as ffprobe does; `kind` is what the handler says.

    The sample entry overrules a handler that names neither sound nor video.
    """
    text = four.decode("latin-1")
    audio = _AUDIO.get(text) or _wave(four)
    if audio and kind != "video":
        return "audio", audio
    if kind == "audio" or four in (b"mp4s", b"\0\0\0\0"):
        return kind, UNKNOWN
    if text in _VIDEO:
        return "video", _VIDEO[text]
    if kind in ("data", "subtitle") and text in _SUBTITLE:
        return "subtitle", _SUBTITLE[text]
    return kind, _DATA.get(text, UNKNOWN)


def _wave(four: bytes) -> str | None:
    return _WAVE.get(int.from_bytes(four[2:], "big")) if four[:2] in (b"ms", b"TS") else None
