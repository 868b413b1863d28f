"""The codecs of tracks that carry another registry's name in CodecPrivate: RIFF's tags and QuickTime's types.

The tables hold what is met in Matroska files (AVI and QuickTime remuxed), not all of FFmpeg's 700.
"""

# WAVEFORMATEX.wFormatTag (RFC 2361) -> codec_name
_ACM = {
    0x0002: "adpcm_ms",
    0x0006: "pcm_alaw",
    0x0007: "pcm_mulaw",
    0x000A: "wmavoice",
    0x0011: "adpcm_ima_wav",
    0x0020: "adpcm_yamaha",
    0x0022: "truespeech",
    0x0031: "gsm_ms",
    0x0032: "gsm_ms",
    0x0045: "adpcm_g726",
    0x0050: "mp2",
    0x0055: "mp3",
    0x0069: "adpcm_ima_wav",
    0x00FF: "aac",
    0x0160: "wmav1",
    0x0161: "wmav2",
    0x0162: "wmapro",
    0x0163: "wmalossless",
    0x0270: "atrac3",
    0x0401: "imc",
    0x0500: "avc",
    0x0501: "avc",
    0x1600: "aac",
    0x1602: "aac_latm",
    0x2000: "ac3",
    0x2001: "dts",
    0x2048: "sonic",
    0x4143: "aac",
    0x566F: "vorbis",
    0x706D: "aac",
    0xA106: "aac",
    0xA109: "speex",
    0xF1AC: "flac",
}
_ACM_PCM = {
    (1, 8): "pcm_u8",
    (1, 16): "pcm_s16le",
    (1, 24): "pcm_s24le",
    (1, 32): "pcm_s32le",
    (1, 64): "pcm_s64le",
    (3, 32): "pcm_f32le",
    (3, 64): "pcm_f64le",
}
_EXTENSIBLE = 0xFFFE

# biCompression of BITMAPINFOHEADER, in capitals -> codec_name
_FOURCC = {
    fourcc: name
    for name, fourccs in {
        "asv1": "ASV1",
        "asv2": "ASV2",
        "av1": "AV01",
        "cavs": "CAVS",
        "cfhd": "CFHD",
        "cinepak": "CVID",
        "cscd": "CSCD",
        "dirac": "DRAC",
        "dvvideo": "DVSD DVHD DVH1 DVSL DV25 DV50 CDVC DVCS DVIS PDVC",
        "ffv1": "FFV1",
        "ffvhuff": "FFVH",
        "flv1": "FLV1 S263",
        "fraps": "FPS1",
        "h261": "H261",
        "h263": "H263 X263 U263 M263",
        "h263i": "I263",
        "h264": "H264 X264 AVC1 DAVC VSSH",
        "hevc": "HEV1 HVC1",
        "huffyuv": "HFYU",
        "indeo2": "RT21",
        "indeo3": "IV31 IV32",
        "indeo4": "IV41",
        "indeo5": "IV50",
        "jpeg2000": "MJP2 MJ2C LJ2C LJ2K IPJ2",
        "lagarith": "LAGS",
        "loco": "LOCO",
        "magicyuv": "MAGY M8RG M8RA M8G0 M8Y0 M8Y2 M8Y4 M8YA",
        "mjpeg": "MJPG LJPG DMB1 MJPA JPEG AVI1 AVI2 ACDV",
        "mpeg1video": "MPG1 PIM1 VCR2 XMPG",
        "mpeg2video": "MPG2 MPEG PIM2 EM2V MPGV MMES LMP2",
        "mpeg4": "FMP4 DIVX DX50 XVID MP4S M4S2 ZMP4 DIV1 BLZ0 MP4V UMP4 WV1F SEDG RMP4 3IV2 FFDS FVFW DCOD MVXM PM4V "
        "SMP4 DXGM VIDM M4T3 GEOX HDX4 DM4V DMK2 DIGI EPHV EM4A XVIX",
        "msmpeg4v1": "MPG4 MP41",
        "msmpeg4v2": "MP42 DIV2",
        "msmpeg4v3": "MP43 DIV3 MPG3 DIV4 DIV5 DIV6 DVX3 AP41 COL0 COL1",
        "msrle": "MRLE",
        "msvideo1": "MSVC CRAM WHAM",
        "png": "MPNG PNG1",
        "prores": "APCH APCN APCS APCO AP4H AP4X",
        "rawvideo": "I420 YUY2 Y422 YV12 YV16 YV24 UYVY VYUY IYUV Y800 HDYC YVU9 NV12 NV21 YUV9 YVYU YUYV RGBA",
        "rv40": "RV40",
        "snow": "SNOW",
        "svq1": "SVQ1",
        "svq3": "SVQ3",
        "theora": "THEO",
        "tscc": "TSCC",
        "tscc2": "TSC2",
        "utvideo": "ULRA ULRG ULY0 ULY2 ULY4 ULH0 ULH2 ULH4 UQY0 UQY2 UQRA UQRG",
        "v210": "V210",
        "vble": "VBLE",
        "vc1": "WVC1 WMVA",
        "vp3": "VP30 VP31",
        "vp4": "VP40",
        "vp5": "VP50",
        "vp6": "VP60 VP61 VP62",
        "vp6a": "VP6A",
        "vp6f": "VP6F FLV4",
        "vp7": "VP70 VP71",
        "vp8": "VP80",
        "vp9": "VP90",
        "wmv1": "WMV1",
        "wmv2": "WMV2 GXVE",
        "wmv3": "WMV3",
        "wnv1": "WNV1",
        "zlib": "ZLIB",
        "zmbv": "ZMBV",
    }.items()
    for fourcc in fourccs.split()
} | {
    "\0\0\0\0": "rawvideo",
    "\1\0\0\0": "msrle",
    "\4\0\0\0": "mpeg4",
    "\1\0\0\x10": "mpeg1video",
    "\2\0\0\x10": "mpeg2video",
}

# The type of a SampleDescription (QTFF, `stsd`) -> codec_name
_QUICKTIME = {
    "A_QUICKTIME": {
        ".mp1": "mp1",
        ".mp2": "mp2",
        ".mp3": "mp3",
        "MAC3": "mace3",
        "MAC6": "mace6",
        "NONE": "pcm_u8",
        "QDM2": "qdm2",
        "QDMC": "qdmc",
        "Qclp": "qcelp",
        "ac-3": "ac3",
        "agsm": "gsm",
        "alac": "alac",
        "alaw": "pcm_alaw",
        "ima4": "adpcm_ima_qt",
        "in24": "pcm_s24be",
        "in32": "pcm_s32be",
        "mp4a": "aac",
        "raw ": "pcm_u8",
        "samr": "amr_nb",
        "sowt": "pcm_s16le",
        "twos": "pcm_s16be",
        "ulaw": "pcm_mulaw",
    },
    "V_QUICKTIME": {
        "3IV2": "mpeg4",
        "8BPS": "8bps",
        "AVdn": "dnxhd",
        "SVQ1": "svq1",
        "SVQ3": "svq3",
        "apch": "prores",
        "apcn": "prores",
        "apco": "prores",
        "apcs": "prores",
        "ap4h": "prores",
        "avc1": "h264",
        "cvid": "cinepak",
        "dvc ": "dvvideo",
        "h263": "h263",
        "hev1": "hevc",
        "hvc1": "hevc",
        "jpeg": "mjpeg",
        "mjpa": "mjpeg",
        "mjpb": "mjpegb",
        "mp4v": "mpeg4",
        "png ": "png",
        "raw ": "rawvideo",
        "rle ": "qtrle",
        "rpza": "rpza",
        "smc ": "smc",
        "svq1": "svq1",
        "yuv2": "rawvideo",
    },
}


def codec(codec_id: str, private: bytes) -> str | None:
    """Return the codec_name that CodecPrivate names, None where it does not or is unknown."""
    if codec_id == "A_MS/ACM":
        return _acm(private)
    if codec_id == "V_MS/VFW/FOURCC":
        return _vfw(private)
    return _quicktime(_QUICKTIME[codec_id], private)


def _acm(wave: bytes) -> str | None:
    """Read WAVEFORMATEX; PCMWAVEFORMAT's predecessor, of 14 bytes, says nothing of the depth: it is 8 bits."""
    if len(wave) < 14:
        return None
    tag = int.from_bytes(wave[:2], "little")
    bits = int.from_bytes(wave[14:16], "little") if len(wave) >= 16 else 8
    if tag == _EXTENSIBLE and len(wave) >= 40:
        # WAVEFORMATEXTENSIBLE.SubFormat: a GUID that starts with the tag.
        tag = int.from_bytes(wave[24:28], "little")
    return _ACM_PCM.get((tag, bits)) or _ACM.get(tag)


def _vfw(bitmap: bytes) -> str | None:
    """Read BITMAPINFOHEADER."""
    if len(bitmap) < 40:
        return None
    return _FOURCC.get(bitmap[16:20].decode("latin-1").upper().rstrip())


def _quicktime(types: dict[str, str], description: bytes) -> str | None:
    """Read a SampleDescription; some files leave out the size in front of the type."""
    for at in (0, 4):
        name = types.get(description[at : at + 4].decode("latin-1"))
        if name is not None:
            return name
    return None
