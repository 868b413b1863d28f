"""What ffprobe calls the codec of a Matroska track or attachment: its CodecID, and at times its CodecPrivate."""

UNKNOWN = "unknown"

# CodecID (Matroska codec registry) -> codec_name. ffprobe compares beginnings: `A_AAC/MPEG4/LC` is `A_AAC`.
_CODECS = {
    "A_AAC": "aac",
    "A_AC3": "ac3",
    "A_ALAC": "alac",
    "A_ATRAC/AT1": "atrac1",  # ffprobe 7
    "A_DTS": "dts",
    "A_EAC3": "eac3",
    "A_FLAC": "flac",
    "A_MLP": "mlp",
    "A_MPEG/L1": "mp1",
    "A_MPEG/L2": "mp2",
    "A_MPEG/L3": "mp3",
    "A_OPUS": "opus",
    "A_PCM/FLOAT/IEEE": "pcm_f32le",
    "A_PCM/INT/BIG": "pcm_s16be",
    "A_PCM/INT/LIT": "pcm_s16le",
    "A_QUICKTIME/QDM2": "qdm2",
    "A_QUICKTIME/QDMC": "qdmc",
    "A_REAL/14_4": "ra_144",
    "A_REAL/28_8": "ra_288",
    "A_REAL/ATRC": "atrac3",
    "A_REAL/COOK": "cook",
    "A_REAL/SIPR": "sipr",
    "A_TRUEHD": "truehd",
    "A_TTA1": "tta",
    "A_VORBIS": "vorbis",
    "A_WAVPACK4": "wavpack",
    "D_WEBVTT/CAPTIONS": "webvtt",
    "D_WEBVTT/DESCRIPTIONS": "webvtt",
    "D_WEBVTT/METADATA": "webvtt",
    "D_WEBVTT/SUBTITLES": "webvtt",
    "S_ARIBSUB": "arib_caption",  # ffprobe 7
    "S_ASS": "ass",
    "S_DVBSUB": "dvb_subtitle",
    "S_HDMV/PGS": "hdmv_pgs_subtitle",
    "S_HDMV/TEXTST": "hdmv_text_subtitle",
    "S_SSA": "ass",
    "S_TEXT/ASCII": "text",
    "S_TEXT/ASS": "ass",
    "S_TEXT/SSA": "ass",
    "S_TEXT/UTF8": "subrip",
    "S_TEXT/WEBVTT": "webvtt",  # ffprobe 7
    "S_VOBSUB": "dvd_subtitle",
    "V_AV1": "av1",
    "V_AVS2": "avs2",
    "V_AVS3": "avs3",
    "V_DIRAC": "dirac",
    "V_FFV1": "ffv1",
    "V_MJPEG": "mjpeg",
    "V_MPEG1": "mpeg1video",
    "V_MPEG2": "mpeg2video",
    "V_MPEG4/ISO/AP": "mpeg4",
    "V_MPEG4/ISO/ASP": "mpeg4",
    "V_MPEG4/ISO/AVC": "h264",
    "V_MPEG4/ISO/SP": "mpeg4",
    "V_MPEG4/MS/V3": "msmpeg4v3",
    "V_MPEGH/ISO/HEVC": "hevc",
    "V_MPEGI/ISO/VVC": "vvc",  # ffprobe 7
    "V_PRORES": "prores",
    "V_REAL/RV10": "rv10",
    "V_REAL/RV20": "rv20",
    "V_REAL/RV30": "rv30",
    "V_REAL/RV40": "rv40",
    "V_SNOW": "snow",
    "V_THEORA": "theora",
    "V_UNCOMPRESSED": "rawvideo",
    "V_VP8": "vp8",
    "V_VP9": "vp9",
}
_PCM_BY_DEPTH = {
    ("pcm_s16le", 8): "pcm_u8",
    ("pcm_s16le", 24): "pcm_s24le",
    ("pcm_s16le", 32): "pcm_s32le",
    ("pcm_s16be", 8): "pcm_u8",
    ("pcm_s16be", 24): "pcm_s24be",
    ("pcm_s16be", 32): "pcm_s32be",
    ("pcm_f32le", 64): "pcm_f64le",
}
# These are names of other registries, which stand in CodecPrivate.
_WRAPPED = ("A_MS/ACM", "V_MS/VFW/FOURCC", "A_QUICKTIME", "V_QUICKTIME")

# The beginning of FileMediaType -> (type, codec_name). ffprobe shows images as (attached) pictures.
_MEDIA_TYPES = {
    "image/gif": ("video", "gif"),
    "image/jpeg": ("video", "mjpeg"),
    "image/png": ("video", "png"),
    "image/tiff": ("video", "tiff"),
    "application/x-truetype-font": ("attachment", "ttf"),
    "application/x-font": ("attachment", "ttf"),
    "application/vnd.ms-opentype": ("attachment", "otf"),
    "binary": ("attachment", "bin_data"),
}


def codec(codec_id: str, private: bytes, bit_depth: int) -> str:
    """Return the codec_name of a track; `private` is its CodecPrivate, `bit_depth` of audio, 0 when unknown."""
    if codec_id in _WRAPPED:
        from arrtheaudio.containers import matroska_wrapped

        return matroska_wrapped.codec(codec_id, private) or UNKNOWN
    name = _CODECS.get(codec_id) or _by_beginning(codec_id)
    return _PCM_BY_DEPTH.get((name, bit_depth), name)


def _by_beginning(codec_id: str) -> str:
    return next((name for start, name in _CODECS.items() if codec_id.startswith(start)), UNKNOWN)


def attachment(media_type: str) -> tuple[str, str]:
    """Return type and codec_name of an attachment."""
    known = (answer for start, answer in _MEDIA_TYPES.items() if media_type.startswith(start))
    return next(known, ("attachment", UNKNOWN))
