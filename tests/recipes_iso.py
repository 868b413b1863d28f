"""The MP4 and QuickTime samples, and a few other containers."""

from recipes import Recipe, mux, operate, piped
from surgery import (
    Box,
    audio_traks,
    compressed,
    in_boxes,
    in_moov,
    in_traks,
    version_1_mdhd,
    version_1_tkhd,
)

THREE = "aac:eng:default:Stereo aac:jpn ac3:eng:comment:Director's_commentary"
_END = "moov-at-end.mp4"
_FRONT = "faststart.mp4"
_MOV = "three-audio.mov"
_KEYS = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "00" * 16, "-encryption_kid", "11" * 16)


def _muxed(*options: str) -> Recipe:
    return mux(f"h264 {THREE}", *options)


def _fragmented(flags: str, *options: str) -> Recipe:
    # AC-3 would force `delay_moov`: what dac3 says is known from the first packet only.
    return mux("h264 aac:eng:default:Stereo aac:jpn aac:eng:comment:Commentary", "-movflags", flags, *options)


def _codec(name: str) -> Recipe:
    return mux(f"h264 {name}:eng:default {name}:jpn", "-strict", "-2")


def _mdhd(language: int) -> Recipe:
    return operate(_END, in_traks(lambda trak: trak.at("mdia/mdhd").put(20, language.to_bytes(2))))


def _elng(tag: bytes) -> Recipe:
    return operate(_END, in_traks(lambda trak: trak.at("mdia").add(Box(b"elng", bytes(4) + tag))))


def _flags(*flags: int) -> Recipe:
    """Set the tkhd flags of the audio tracks."""

    def edit(moov: Box) -> None:
        for trak, value in zip(audio_traks(moov), flags, strict=True):
            trak.at("tkhd").put(1, value.to_bytes(3))

    return operate(_END, in_moov(edit))


def _groups(*groups: int) -> Recipe:
    def edit(moov: Box) -> None:
        for trak, value in zip(audio_traks(moov), groups, strict=True):
            trak.at("tkhd").put(34, value.to_bytes(2))

    return operate(_END, in_moov(edit))


def _name(data: bytes) -> Recipe:
    """Replace the udta of the audio tracks by one with a name."""

    def edit(trak: Box) -> None:
        trak.children = [*(child for child in trak.children or [] if child.type != b"udta")]
        trak.add(Box(b"udta", children=[Box(b"name", data)]))

    return operate(_END, in_traks(edit))


def _handler(data: bytes) -> Recipe:
    return operate(
        _END, in_traks(lambda trak: trak.at("mdia/hdlr").__setattr__("data", trak.at("mdia/hdlr").data[:24] + data))
    )


def _kind(*values: bytes) -> Recipe:
    """Give the tracks a role (ISO/IEC 14496-12, `kind`)."""
    kinds = [Box(b"kind", bytes(4) + b"urn:mpeg:dash:role:2011\0" + value + b"\0") for value in values]
    return operate(_END, in_traks(lambda trak: trak.add(Box(b"udta", children=kinds))))


def _asc(new: str) -> Recipe:
    """Replace the AudioSpecificConfig (five bytes, with an explicit no to SBR) of 24 kHz AAC."""

    def swap(data: bytes) -> bytes:
        for old in ("131056e500", "130856e500"):
            data = data.replace(bytes.fromhex(old), bytes.fromhex(new))
        return data

    return operate("aac-24k.mp4", swap)


def _mdat_64(boxes: list[Box]) -> list[Box]:
    """Turn `free` and the 8 bytes of mdat's header into a header of 16: no chunk moves."""
    at = next(at for at, box in enumerate(boxes) if box.type == b"free")
    assert boxes[at + 1].type == b"mdat"
    assert not boxes[at].data
    return [*boxes[:at], Box(b"mdat", boxes[at + 1].data, wide=True), *boxes[at + 2 :]]


def _to_end(boxes: list[Box]) -> list[Box]:
    *before, last = boxes
    return [*before, Box(last.type, last.data, to_end=True)]


def _wide(moov: Box) -> None:
    """Give everything in the moov that may have one a 64-bit size."""
    for box in [moov, *moov.all(b"trak"), *(trak.at("tkhd") for trak in moov.all(b"trak"))]:
        box.wide = True


def _fillers(moov: Box) -> None:
    """Put boxes that mean nothing before, between and inside the traks."""
    children = []
    for box in moov.children or []:
        children += [Box(b"free", bytes(5)), box, Box(b"zzzz", b"what"), Box(b"uuid", bytes(range(40)))]
    moov.children = children
    for trak in moov.all(b"trak"):
        assert trak.children is not None
        trak.children.insert(0, Box(b"free", bytes(100)))
        trak.at("mdia").add(Box(b"skip", bytes(3)))


def _tkhd_last(trak: Box) -> None:
    trak.children = sorted(trak.children or [], key=lambda box: box.type == b"tkhd")


RECIPES: dict[str, Recipe] = {
    # What programs write
    _END: _muxed(),
    _FRONT: _muxed("-movflags", "+faststart"),
    _MOV: _muxed("-f", "mov"),
    "faststart.mov": _muxed("-movflags", "+faststart"),
    "ipod.m4v": _muxed("-f", "ipod"),
    "aac.m4a": mux("aac:eng:default", "-f", "ipod"),
    "alac.m4a": mux("alac:jpn:default", "-f", "ipod"),
    "psp.mp4": mux("h264 aac:eng:default", "-f", "psp"),
    "3gp.mp4": mux("h263 aac:eng:default aac:jpn", "-f", "3gp"),
    "3g2.mp4": mux("mpeg4 aac:eng:default", "-f", "3g2"),
    "f4v.mp4": mux("h264 aac:eng:default", "-f", "f4v"),
    "piped.mp4": piped("fragmented.mp4", "-f", "mp4", "-movflags", "frag_keyframe+empty_moov"),
    "fragmented.mp4": _fragmented("frag_keyframe+empty_moov+default_base_moof"),
    "fragmented-delay-moov.mp4": _fragmented("frag_keyframe+delay_moov"),
    "fragmented-with-samples.mp4": _fragmented("frag_keyframe"),
    "fragmented-sidx.mp4": _fragmented("delay_moov+global_sidx+dash"),
    "fragmented-every-frame.mp4": _fragmented("frag_every_frame+empty_moov+separate_moof"),
    "fragmented-cmaf.mp4": _fragmented("cmaf+frag_keyframe+empty_moov"),
    "fragmented-isml.mp4": _fragmented("isml+frag_keyframe", "-f", "ismv"),
    "fragmented.mov": _fragmented("frag_keyframe+empty_moov", "-f", "mov"),
    "hybrid-moov-size.mp4": _muxed("-moov_size", "20000"),
    "rtp-hints.mp4": mux("h264 aac:eng:default", "-movflags", "rtphint"),
    "negative-cts.mp4": _muxed("-movflags", "negative_cts_offsets"),
    "no-edit-lists.mp4": _muxed("-use_editlist", "0"),
    "time-code.mov": _muxed("-timecode", "01:00:00:00", "-f", "mov"),
    "time-code.mp4": _muxed("-timecode", "01:00:00:00", "-write_tmcd", "1"),
    "chapters.mp4": mux("h264 aac:eng:default aac:jpn chapters"),
    "chapters.mov": mux("h264 aac:eng:default aac:jpn chapters"),
    "tags.mp4": mux(
        "h264 aac:eng:default", "-metadata", "title=Film", "-metadata", "artist=Ünïcödé", "-metadata", "comment=x"
    ),
    "tags-mdta.mp4": mux("h264 aac:eng:default", "-metadata", "title=Film", "-movflags", "use_metadata_tags"),
    "cover.mp4": mux(f"h264 {THREE} jpg::attached_pic"),
    "cover.m4a": mux("aac:eng:default png::attached_pic", "-f", "ipod"),
    "subtitles.mp4": mux(f"h264 {THREE} srt:eng srt:ger", "-c:s", "mov_text"),
    "subtitles.mov": mux("h264 aac:eng:default srt:eng", "-c:s", "mov_text"),
    "ttml.mp4": mux("h264 aac:eng:default srt:eng", "-c:s", "ttml"),
    "encrypted.mp4": _muxed(*_KEYS),
    "no-audio.mp4": mux("h264"),
    "one-audio.mp4": mux("h264 aac:jpn"),
    "audio-only.mp4": mux("aac:eng:default aac:jpn"),
    "all-enabled.mp4": mux("h264 aac:eng:default aac:jpn:default aac:fre:default"),
    "16-audio.mp4": mux(
        "h264 "
        + " ".join(f"aac-mono-24k:{code}" for code in ["eng", "jpn", "ger", "fre", "spa", "ita", "por", "rus"] * 2)
    ),
    "roles.mp4": mux(
        "h264 aac:eng:default aac:eng:visual_impaired aac:eng:comment aac:jpn:dub aac:eng:hearing_impaired "
        "srt:eng:forced srt:eng:captions",
        "-c:s",
        "mov_text",
    ),
    "macintosh-languages.mov": mux("h264 aac:eng:default aac:jpn aac:ger aac:fra aac:und", "-f", "mov"),
    "languages.mp4": mux(
        "h264 "
        + " ".join(f"aac-mono-24k:{code}" for code in ["deu", "ger", "fra", "zho", "und", "mul", "zxx", "qaa", "hrv"])
    ),
    "aac-24k.mp4": mux("h264 aac-24k:eng:default aac-mono-24k:jpn"),
    # Surgery: languages and names
    "language-unspecified.mp4": _mdhd(0x7FFF),
    "language-und.mp4": _mdhd(0x55C4),
    "language-macintosh.mp4": _mdhd(11),
    "language-macintosh-unknown.mp4": _mdhd(500),
    "language-nonsense.mp4": _mdhd(0x7C1F),
    "elng.mp4": _elng(b"pt-BR\0"),
    "elng-without-end.mp4": _elng(b"zh-Hant"),
    "elng-empty.mp4": _elng(b"\0"),
    "name-utf-8.mp4": _name("Ünïcödé・音声 🎧".encode()),
    "name-latin-1.mp4": _name("Français".encode("latin-1")),
    "name-long.mp4": _name(b"A very long name. " * 60),
    "name-empty.mp4": _name(b""),
    "name-commentary.mp4": _name(b"Commentary by the director"),
    "handler-empty.mp4": _handler(b""),
    "handler-counted.mp4": _handler(b"\5Sound"),
    "handler-without-end.mp4": _handler(b"Sound"),
    "kind-commentary.mp4": _kind(b"commentary"),
    "kind-several.mp4": _kind(b"main", b"description"),
    # Surgery: dispositions
    "none-enabled.mp4": _flags(2, 2, 2),
    "flags-0.mp4": _flags(0, 0, 0),
    "flags-7.mp4": _flags(7, 6, 6),
    "flags-all.mp4": _flags(0xFFFFFF, 0xFFFFFE, 0xF),
    "groups-0.mp4": _groups(0, 0, 0),
    "groups-differ.mp4": _groups(1, 2, 0),
    # Surgery: boxes
    "mdat-64-bit.mp4": operate(_END, in_boxes(_mdat_64)),
    "mdat-to-end.mp4": operate(_FRONT, in_boxes(_to_end)),
    "moov-to-end.mp4": operate(_END, in_boxes(_to_end)),
    "moov-64-bit.mp4": operate(_END, in_moov(_wide)),
    "boxes-between.mp4": operate(_END, in_moov(_fillers)),
    "tkhd-version-1.mp4": operate(_END, in_traks(lambda trak: version_1_tkhd(trak.at("tkhd")))),
    "mdhd-version-1.mp4": operate(_END, in_traks(lambda trak: version_1_mdhd(trak.at("mdia/mdhd")))),
    "tkhd-last.mp4": operate(_END, in_traks(_tkhd_last)),
    "track-ids.mp4": operate(
        _END, in_traks(lambda trak: trak.at("tkhd").put(12, (0x7FFF0000 + trak.at("tkhd").data[15]).to_bytes(4)))
    ),
    "brand-unknown.mp4": operate(_END, in_boxes(lambda boxes: [boxes[0].put(0, b"zzzz"), *boxes[1:]])),
    "ftyp-absent.mov": operate(_MOV, in_boxes(lambda boxes: [Box(b"free", boxes[0].data), *boxes[1:]])),
    "ftyp-quicktime.mp4": operate(_END, in_boxes(lambda boxes: [boxes[0].put(0, b"qt  "), *boxes[1:]])),
    "free-behind.mp4": operate(_END, lambda data: data + Box(b"free", bytes(1000)).pack()),
    "zeros-behind.mp4": operate(_END, lambda data: data + bytes(1000)),
    "udta-terminated.mov": operate(
        _MOV, in_traks(lambda trak: trak.add(Box(b"udta", Box(b"name", b"Sound").pack() + bytes(4))))
    ),
    "compressed-moov.mov": operate(_MOV, in_moov(compressed)),
    # Surgery: AAC
    "aac-sbr-explicit.mp4": _asc("131056e598"),
    "aac-he-v1.mp4": _asc("2b11880000"),
    "aac-he-v2.mp4": _asc("eb09880000"),
    # Codecs
    **{
        f"codec-{name}.mp4": _codec(name)
        for name in [
            "aac-5.1",
            "ac3",
            "ac3-5.1",
            "eac3",
            "eac3-5.1",
            "dts",
            "dts-5.1",
            "truehd",
            "truehd-5.1",
            "flac",
            "flac-24bit",
            "alac",
            "opus",
            "opus-5.1",
            "vorbis",
            "mp3",
            "mp3-mono",
            "mp2",
        ]
    },
    **{
        f"codec-{name}.mov": _codec(name)
        for name in [
            "aac-5.1",
            "ac3",
            "eac3",
            "alac",
            "mp3",
            "pcm-u8",
            "pcm-s16le",
            "pcm-s16be",
            "pcm-s24le",
            "pcm-s24be",
            "pcm-s32le",
            "pcm-f32le",
            "pcm-f64le",
            "pcm-alaw",
            "pcm-mulaw",
            "pcm-s16le-5.1",
        ]
    },
    **{
        f"video-{name}.mp4": mux(f"{name} aac:eng:default")
        for name in ["hevc", "vp9", "av1", "mpeg4", "mpeg2", "mjpeg"]
    },
    **{f"video-{name}.mov": mux(f"{name} aac:eng:default") for name in ["hevc", "mpeg4", "mpeg2", "mjpeg", "prores"]},
    "video-hvc1.mp4": mux("hevc aac:eng:default", "-tag:v", "hvc1"),
}

FOREIGN: dict[str, Recipe] = {
    "two-audio.avi": mux("mpeg4 mp3:eng mp3:jpn"),
    "two-audio.ts": mux("h264 ac3:eng ac3:jpn"),
    "one-audio.ogg": mux("vorbis:eng"),
    "one-audio.flac": mux("flac"),
    "one-audio.mp3": mux("mp3"),
}
