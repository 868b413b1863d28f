"""What a trak box means (ISO/IEC 14496-12, 8.3): a track, and where its dispositions stand in the file."""

from arrtheaudio.containers import mp4_sample
from arrtheaudio.containers.bmff import Box, Boxes
from arrtheaudio.containers.mp4_language import iso639_2t
from arrtheaudio.containers.mp4_layout import Movie
from arrtheaudio.containers.mp4_metadata import describe
from arrtheaudio.containers.mp4_sample import Sample
from arrtheaudio.core.language import tag
from arrtheaudio.core.track import Track
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Corrupt

ENABLED = 1
_TYPES = {b"vide": "video", b"soun": "audio", b"subp": "subtitle", b"clcp": "subtitle", b"m1a ": "audio"}
# mdhd: where timescale, duration and language stand, by version; tkhd: track_ID and alternate_group, and what is read
_MEDIA_HEADER = ((12, 20), (20, 32))
_TRACK_HEADER = ((12, 34), (20, 46))
_ELNG = 64


class Header(Value):
    """The tkhd box: track_ID, the low byte of its flags, alternate_group, and the offsets of the two."""

    number: int
    flags: int
    flags_at: int
    group: int
    group_at: int


class Media(Value):
    """The mdia box: the first sample entry, its timescale in hertz, the language as it stands there."""

    sample: Sample = Sample("data", "unknown")
    timescale: int = 0
    language: str | None = None


class Entry(Value):
    """A trak box; `chapters` are the track_IDs that it names as such."""

    header: Header
    track: Track
    chapters: tuple[int, ...] = ()


def read(movie: Movie, trak: Box, index: int) -> Entry:
    """Read one trak box; `index` is ffprobe's."""
    boxes = movie.boxes
    header, media = None, Media()
    name: str | None = None
    dispositions: list[str] = []
    chapters: tuple[int, ...] = ()
    for box in boxes.walk(trak[2], trak[3]):
        kind = box[0]
        if kind == b"tkhd":
            if header:
                raise Corrupt(f"trak box at byte {trak[1]} has two tkhd")
            header = _header(boxes, box)
        elif kind == b"mdia":
            media = _media(boxes, box, movie.quicktime)
        elif kind == b"udta":
            named, marked = describe(boxes, box)
            name = name or named
            dispositions += marked
        elif kind == b"tref":
            chapters = _chapters(boxes, box)
    if header is None:
        raise Corrupt(f"trak box at byte {trak[1]} has no tkhd")
    track = _track(index, header, media, name)
    return Entry(header, track._replace(**dict.fromkeys(dispositions, True)), chapters)


def _track(index: int, header: Header, media: Media, name: str | None) -> Track:
    sample = media.sample
    is_audio = sample.type == "audio"
    return Track(
        index=index,
        type=sample.type,
        codec=sample.codec,
        number=header.number,
        language=tag(media.language or "und"),
        language_in_file=media.language,
        name=name,
        channels=sample.channels or None if is_audio else None,
        sample_rate=sample.rate or media.timescale or None if is_audio else None,
        default=bool(header.flags & ENABLED),
    )


def _header(boxes: Boxes, tkhd: Box) -> Header:
    _, start, data, end = tkhd
    body = boxes.read(tkhd, 48)
    if len(body) < 36 or body[0] > 1 or (body[0] and len(body) < 48):
        raise Corrupt(f"tkhd box at byte {start} has {end - data} bytes of version {body[0] if body else 0}")
    number, group = _TRACK_HEADER[body[0]]
    return Header(
        int.from_bytes(body[number : number + 4], "big"),
        body[3],
        data + 3,
        int.from_bytes(body[group : group + 2], "big"),
        data + group,
    )


def _media(boxes: Boxes, mdia: Box, quicktime: bool) -> Media:
    timescale, packed, extended, handler, stsd = 0, None, None, b"", None
    for box in boxes.walk(mdia[2], mdia[3]):
        if box[0] == b"mdhd":
            timescale, packed = _media_header(boxes.read(box, 34))
        elif box[0] == b"hdlr":
            handler = boxes.read(box, 12)[8:]
        elif box[0] == b"minf":
            stsd = _stsd(boxes, box)
        elif box[0] == b"elng":
            extended = boxes.read(box, _ELNG)[4:].partition(b"\0")[0].decode(errors="replace")
    kind = _TYPES.get(handler, "data")
    sample = mp4_sample.read(boxes, stsd, kind, quicktime) if stsd else Sample(kind, "unknown")
    return Media(sample, timescale if stsd else 0, extended or packed)


def _media_header(body: bytes) -> tuple[int, str | None]:
    """Return timescale and language of an mdhd box (8.4.2)."""
    if len(body) < 22:
        return 0, None
    scale, language = _MEDIA_HEADER[body[0] == 1]
    code = int.from_bytes(body[language : language + 2], "big")
    return int.from_bytes(body[scale : scale + 4], "big"), iso639_2t(code)


def _stsd(boxes: Boxes, minf: Box) -> Box | None:
    """Find the sample descriptions; what stands behind them in stbl, the sample tables, is not looked at."""
    for stbl in boxes.walk(minf[2], minf[3]):
        for box in boxes.walk(stbl[2], stbl[3]) if stbl[0] == b"stbl" else ():
            if box[0] == b"stsd":
                return box
    return None


def _chapters(boxes: Boxes, tref: Box) -> tuple[int, ...]:
    """Return the track_IDs in `chap` (QTFF, Chapter Lists)."""
    for box in boxes.walk_sound(tref[2], tref[3]):
        if box[0] == b"chap":
            ids = boxes.read(box, 256)
            return tuple(int.from_bytes(ids[at : at + 4], "big") for at in range(0, len(ids) - 3, 4))
    return ()
