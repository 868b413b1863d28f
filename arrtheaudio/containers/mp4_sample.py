"""The first sample entry of a track (ISO/IEC 14496-12, 8.5.2): what its samples are coded in."""

from struct import unpack

from arrtheaudio.containers.bmff import Box, Boxes
from arrtheaudio.containers.mp4_audio import FIXED, READERS, audio_specific_config
from arrtheaudio.containers.mp4_codecs import OBJECT_TYPES, PROTECTED, UNKNOWN, identify
from arrtheaudio.core.value import Value

# More of a codec's own box is not looked at.
_CONFIGURATION = 512
_NO_SOUND = (b"mp4v", b"mp4s", b"encv", b"drmi", b"dvh1")
_INNER = (b"wave", b"sinf")

# Little-endian twins, where `enda` or `pcmC` says so
_BIG_ENDIAN = ("pcm_s16be", "pcm_s24be", "pcm_s32be", "pcm_f32be", "pcm_f64be")


# With these, a channelcount of 2 is what writers put there for want of knowing: only the codec's own box counts.
_SURROUND = ("ac3", "eac3", "dts", "truehd")


class Sample(Value):
    """The type of a track, its codec_name; channels and sample rate of sound, 0 when unknown."""

    type: str
    codec: str
    channels: int = 0
    rate: int = 0


def read(boxes: Boxes, stsd: Box, kind: str, quicktime: bool) -> Sample:
    """Read the first sample entry; `kind` is the type of track that the handler names."""
    _, _, start, end = stsd
    version = boxes.read(stsd, 8)[:1]
    entry = next(boxes.walk(start + 8, end), None)
    if entry is None:
        return Sample(kind, UNKNOWN)
    four = entry[0]
    kind, codec = identify(kind, four)
    if kind == "audio":
        return _sound(boxes, entry, codec, quicktime or version == b"\0")
    if four not in _NO_SOUND:
        return Sample(kind, codec)
    return _wrapped(boxes, entry, kind, codec)


def _wrapped(boxes: Boxes, entry: Box, kind: str, codec: str) -> Sample:
    """Read an entry of pictures or subtitles whose codec stands in a box of its own."""
    four, _, start, end = entry
    inner = _children(boxes, start + (8 if four == b"mp4s" else 78), end)
    if four in PROTECTED and b"frma" in inner:
        kind, codec = identify(kind, boxes.read(inner[b"frma"], 4))
    if b"hvcC" in inner and four == b"dvh1":
        codec = "hevc"
    if b"esds" in inner:
        codec = OBJECT_TYPES.get(_elementary(boxes.read(inner[b"esds"], _CONFIGURATION))[0], codec)
    return Sample(kind, codec)


def _sound(boxes: Boxes, entry: Box, codec: str, quicktime: bool) -> Sample:
    """Read an AudioSampleEntry (12.2.3) or a QuickTime sound description of version 0, 1 or 2."""
    four, _, start, end = entry
    fields = boxes.read(entry, 64)
    if len(fields) < 28:
        return Sample("audio", codec)
    version = int.from_bytes(fields[8:10], "big") if quicktime else 0
    channels, depth = int.from_bytes(fields[16:18], "big"), int.from_bytes(fields[18:20], "big")
    rate = int.from_bytes(fields[24:26], "big")
    if version == 2 and len(fields) == 64:
        rate, channels, depth = _version_2(fields)
        codec = _linear(depth, int.from_bytes(fields[52:56], "big")) if four == b"lpcm" else codec
    inner = _children(boxes, start + {1: 44, 2: 64}.get(version, 28), end)
    if four in PROTECTED and b"frma" in inner:
        codec = identify("audio", boxes.read(inner[b"frma"], 4))[1]
    codec = _pcm(boxes, inner, four, codec, depth)
    return _configured(boxes, inner, Sample("audio", codec, channels, rate))


def _version_2(fields: bytes) -> tuple[int, int, int]:
    """Return rate, channels and bits of a sample (QTFF, Sound Sample Description, Version 2)."""
    real, channels, depth = unpack(">dI4xI", fields[32:52])
    return int(real) if 0 < real < 1 << 31 else 0, channels, depth


def _children(boxes: Boxes, start: int, end: int) -> dict[bytes, Box]:
    """Return the boxes in a sample entry, those of `wave` and `sinf` among them; the first of a type counts."""
    found: dict[bytes, Box] = {}
    for box in boxes.walk_sound(start, end):
        found.setdefault(box[0], box)
        if box[0] in _INNER:
            for inner in boxes.walk_sound(box[2], box[3]):
                found.setdefault(inner[0], inner)
    return found


def _configured(boxes: Boxes, inner: dict[bytes, Box], sample: Sample) -> Sample:
    """Return the sample with what the codec's own boxes know better."""
    _, codec, channels, rate = sample
    if b"esds" in inner:
        object_type, config = _elementary(boxes.read(inner[b"esds"], _CONFIGURATION))
        codec = OBJECT_TYPES.get(object_type, codec)
        if codec == "aac" and config:
            codec, more, faster = audio_specific_config(config)
            channels, rate = more or channels, faster or rate
    if codec in _SURROUND and channels == 2:
        channels = 0
    if b"srat" in inner:
        rate = int.from_bytes(boxes.read(inner[b"srat"], 8)[4:], "big") or rate
    for kind, box in inner.items():
        if kind in READERS:
            more, faster = READERS[kind](boxes.read(box, _CONFIGURATION))
            channels, rate = more or channels, faster or rate
    channels, rate = FIXED.get(codec, (channels, rate))
    return Sample("audio", codec, channels, rate)


def _elementary(esds: bytes) -> tuple[int, bytes]:
    """Return objectTypeIndication and DecoderSpecificInfo of an esds box (ISO/IEC 14496-14, 5.6; 14496-1, 7.2.6)."""
    at, end = 4, len(esds)
    object_type = 0
    while at + 2 <= end:
        tag = esds[at]
        at, size = _descriptor_size(esds, at + 1)
        if tag == 3:
            at += _es_length(esds[at : at + 4])
        elif tag == 4:
            object_type = esds[at] if at < end else 0
            at += 13
        elif tag == 5:
            return object_type, esds[at : at + size]
        else:
            at += size
    return object_type, b""


def _descriptor_size(data: bytes, at: int) -> tuple[int, int]:
    """Read a size of up to four bytes of seven bits (14496-1, 8.3.3); return where it ends, and the size."""
    size = 0
    for byte in data[at : at + 4]:
        at += 1
        size = size << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return at, size


def _es_length(head: bytes) -> int:
    """Return the length of an ES_Descriptor before its sub-descriptors, given its ES_ID, flags and URLlength."""
    if len(head) < 4:
        return 3
    flags = head[2]
    # A URL behind dependsOn_ES_ID has its length two bytes later: no file with both is known.
    return 3 + (2 if flags & 0x80 else 0) + (1 + head[3] if flags & 0x40 else 0) + (2 if flags & 0x20 else 0)


def _pcm(boxes: Boxes, inner: dict[bytes, Box], four: bytes, codec: str, depth: int) -> str:
    """Return which PCM it is: the depth of old descriptions, and byte orders, stand apart from the type."""
    if not codec.startswith("pcm_"):
        return codec
    if b"pcmC" in inner:
        little, depth = boxes.read(inner[b"pcmC"], 6).ljust(6, b"\0")[4:]
        codec = f"pcm_{'f' if four == b'fpcm' else 's'}{depth}be"
        return _little(codec) if little & 1 else codec
    if codec == "pcm_u8" and depth == 16:
        codec = "pcm_s16be"
    elif codec in ("pcm_s16be", "pcm_s16le") and depth in (8, 24, 32):
        codec = "pcm_s8" if depth == 8 else f"pcm_s{depth}{codec[-2:]}"
    if b"enda" in inner and boxes.read(inner[b"enda"], 2) == b"\0\1":
        return _little(codec)
    return codec


def _little(codec: str) -> str:
    return codec[:-2] + "le" if codec in _BIG_ENDIAN else codec


def _linear(depth: int, flags: int) -> str:
    """Return the PCM of an `lpcm` (Core Audio: 1 float, 2 big-endian, 4 signed)."""
    size = (depth + 7) // 8 * 8
    form = "f" if flags & 1 else "s" if flags & 4 else "u"
    if size == 8 and form != "f":
        return f"pcm_{form}8"
    known = size in (32, 64) if form == "f" else size in (16, 24, 32, 64)
    return f"pcm_{form}{size}{'be' if flags & 2 else 'le'}" if known else UNKNOWN
