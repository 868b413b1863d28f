"""User data (ISO/IEC 14496-12, 8.10; QTFF, User Data Atoms; iTunes `ilst`): names, roles, the muxer, cover art."""

from collections.abc import Iterator

from arrtheaudio.containers.bmff import Box, Boxes

_TEXT = 1024
_ENCODERS = (b"\xa9too", b"\xa9swr", b"\xa9enc")
_ENCODER_LENGTH = 60
_PNG = b"\x89PNG\r\n\x1a\n"
# The well-known types of cover art
_JPEG_TYPE, _PNG_TYPE, _BMP_TYPE = 13, 14, 27

# (schemeURI of `kind`, value) -> disposition (ISO/IEC 23009-1, 5.8.5.5; ETSI TS 102 822-3-1, AudioPurposeCS)
_KINDS = {
    ("urn:mpeg:dash:role:2011", "caption"): "hearing_impaired",
    ("urn:mpeg:dash:role:2011", "commentary"): "commentary",
    ("urn:mpeg:dash:role:2011", "description"): "visual_impaired",
    ("urn:mpeg:dash:role:2011", "forced-subtitle"): "forced",
    ("urn:tva:metadata:cs:AudioPurposeCS:2007", "1"): "visual_impaired",
    ("urn:tva:metadata:cs:AudioPurposeCS:2007", "2"): "hearing_impaired",
    ("urn:tva:metadata:cs:AudioPurposeCS:2007", "3"): "commentary",
    ("urn:tva:metadata:cs:AudioPurposeCS:2007", "4"): "commentary",
}
# Apple's media characteristics (AVMediaCharacteristic), tagged by `tagc`
_CHARACTERISTICS = {
    "public.auxiliary-content": "commentary",
    "public.original-content": "original",
    "public.accessibility.describes-video": "visual_impaired",
    "public.accessibility.describes-music-and-sound": "hearing_impaired",
}


def describe(boxes: Boxes, udta: Box) -> tuple[str | None, list[str]]:
    """Return a track's name, None where it has none, and the dispositions that it is marked with."""
    title, dispositions = "", []
    for box in boxes.walk_sound(udta[2], udta[3]):
        kind = box[0]
        if kind == b"name":
            title = _text(boxes.read(box, _TEXT)) or title
        elif kind == b"\xa9nam":
            title = title or _international(boxes.read(box, _TEXT))
        elif kind == b"kind":
            scheme, _, value = boxes.read(box, _TEXT)[4:].partition(b"\0")
            dispositions.append(_KINDS.get((_text(scheme), _text(value)), ""))
        elif kind == b"tagc":
            dispositions.append(_CHARACTERISTICS.get(_text(boxes.read(box, _TEXT)), ""))
    return title or None, [disposition for disposition in dispositions if disposition]


def movie_data(boxes: Boxes, box: Box) -> tuple[str | None, list[str]]:
    """Return the muxer, None where none is named, and the codec of each cover picture, of a movie's udta or meta."""
    muxer, covers = None, []
    inside = [box] if box[0] == b"meta" else []
    for child in boxes.walk_sound(box[2], box[3]) if box[0] == b"udta" else ():
        if child[0] == b"meta":
            inside.append(child)
        elif child[0] in _ENCODERS:
            muxer = _international(boxes.read(child, _TEXT)) or muxer
    for meta in inside:
        for kind, data in _items(boxes, meta):
            if kind == b"covr":
                covers.append(_cover(boxes.read(data, 16)))
            elif kind in _ENCODERS:
                muxer = _text(boxes.read(data, _TEXT)[8:]) or muxer
    return muxer and muxer[:_ENCODER_LENGTH].rstrip(), [cover for cover in covers if cover]


def _items(boxes: Boxes, meta: Box) -> Iterator[tuple[bytes, Box]]:
    """Yield the type and each data box of the metadata items of a meta box, which QuickTime writes without version."""
    start = meta[2] if boxes.read(meta, 8)[4:] == b"hdlr" else meta[2] + 4
    for ilst in boxes.walk_sound(start, meta[3]):
        for item in boxes.walk_sound(ilst[2], ilst[3]) if ilst[0] == b"ilst" else ():
            for data in boxes.walk_sound(item[2], item[3]):
                if data[0] == b"data":
                    yield item[0], data


def _cover(data: bytes) -> str | None:
    """Return the codec of a picture by its first bytes; the type beside it is often wrong."""
    kind = int.from_bytes(data[:4], "big")
    if kind not in (_JPEG_TYPE, _PNG_TYPE, _BMP_TYPE) or len(data) <= 8:
        return None
    if kind == _BMP_TYPE:
        return "bmp"
    if len(data) == 16:
        return "png" if data[8:] == _PNG else "mjpeg"
    return "mjpeg" if kind == _JPEG_TYPE else "png"


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode(errors="replace").strip()


def _international(data: bytes) -> str:
    """Read a QuickTime string: length, language, text; a Macintosh language means Mac Roman."""
    length, language = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    if length > len(data):
        return _text(data)
    text = data[4 : 4 + length].partition(b"\0")[0]
    return text.decode("mac_roman" if language < 0x400 else "utf-8", errors="replace").strip()
