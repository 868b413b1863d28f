"""What a TrackEntry means (RFC 9559, 5.1.4.1): an absent element is its default."""

from collections.abc import Iterator
from functools import lru_cache

from arrtheaudio.containers import ebml
from arrtheaudio.containers import matroska_ids as ids
from arrtheaudio.containers.matroska_codecs import codec
from arrtheaudio.core.language import tag
from arrtheaudio.core.track import Track
from arrtheaudio.core.value import Value

Fields = dict[int, tuple[int, int]]
"""The children of a master element: id -> where the data starts and ends. The last of several wins."""

# TrackType -> (type, how its CodecID may start). ffprobe drops what does not fit, and counts on without it.
_TYPES = {
    1: ("video", "V"),
    2: ("audio", "A"),
    0x11: ("subtitle", "SD"),
    0x21: ("data", "SD"),
}


class Entry(Value):
    """A TrackEntry that is a track; offsets are in the buffer of Tracks' data."""

    start: int
    data: int
    end: int
    children: list[ebml.Element]
    fields: Fields
    type: str
    codec_id: str


def read(body: bytes, base: int) -> tuple[tuple[Entry, ...], tuple[Track, ...]]:
    """Return what Tracks' data says: its entries, in ffprobe's order, and a track of each; `base` is its offset."""
    return _kept(body, base) if len(body) <= _KEPT_LENGTH else _read(body, base)


def _read(body: bytes, base: int) -> tuple[tuple[Entry, ...], tuple[Track, ...]]:
    found = tuple(entries(body, base))
    return found, tuple(track(index, entry, body, base) for index, entry in enumerate(found))


# An edit looks at the same bytes three times: to show them, to see that they are still those, and to plan.
_kept = lru_cache(maxsize=32)(_read)
_KEPT_LENGTH = 1 << 16


def entries(body: bytes, base: int) -> Iterator[Entry]:
    """Yield the tracks, in ffprobe's order, of Tracks' data; `base` is its offset in the file. Else Corrupt."""
    left = ebml.LIMIT
    for identity, start, data, end in ebml.walk(body, 0, len(body), base):
        if identity != ids.TRACK_ENTRY:
            continue
        children = ebml.walk(body, data, end, base, left)
        left -= len(children)
        fields = {child: (at, stop) for child, _, at, stop in children}
        kind = _TYPES.get(_uint(body, fields, ids.TRACK_TYPE, 0, base))
        codec_id = _text(body, fields, ids.CODEC_ID)
        if kind is not None and codec_id and codec_id[0] in kind[1]:
            yield Entry(start, data, end, children, fields, kind[0], codec_id)


def track(index: int, entry: Entry, body: bytes, base: int) -> Track:
    """Return the track of a TrackEntry; `index` is ffprobe's."""
    fields = entry.fields
    is_audio = entry.type == "audio"
    channels, rate, depth = _audio(body, fields, base) if is_audio and ids.AUDIO in fields else (None, None, 0)
    language = _text(body, fields, ids.LANGUAGE_BCP47) or _text(body, fields, ids.LANGUAGE)
    start, end = fields.get(ids.CODEC_PRIVATE, (0, 0))
    return Track(
        index=index,
        # WebVTT is subtitles for ffprobe, whatever the TrackType.
        type="subtitle" if entry.codec_id.startswith("D_WEBVTT/") else entry.type,
        codec=codec(entry.codec_id, body[start : min(end, start + 128)], depth),
        number=_uint(body, fields, ids.TRACK_NUMBER, 0, base),
        uid=_uint(body, fields, ids.TRACK_UID, 0, base),
        # Language is `eng` where neither it nor LanguageBCP47 is there (RFC 9559, 5.1.4.1.19).
        language=tag(language or "eng"),
        language_in_file=language,
        name=_text(body, fields, ids.NAME),
        channels=channels,
        sample_rate=rate,
        default=_uint(body, fields, ids.FLAG_DEFAULT, 1, base) != 0,
        forced=_uint(body, fields, ids.FLAG_FORCED, 0, base) != 0,
        enabled=_uint(body, fields, ids.FLAG_ENABLED, 1, base) != 0,
        original=_uint(body, fields, ids.FLAG_ORIGINAL, 0, base) != 0,
        commentary=_uint(body, fields, ids.FLAG_COMMENTARY, 0, base) != 0,
        visual_impaired=_uint(body, fields, ids.FLAG_VISUAL_IMPAIRED, 0, base) != 0,
        hearing_impaired=_uint(body, fields, ids.FLAG_HEARING_IMPAIRED, 0, base) != 0,
    )


def _audio(body: bytes, fields: Fields, base: int) -> tuple[int, int | None, int]:
    """Return channels, hertz (what is played: SBR doubles it) and bits of a sample, 0 when unknown."""
    data, end = fields[ids.AUDIO]
    audio = {child: (at, stop) for child, _, at, stop in ebml.walk(body, data, end, base)}
    rate = _real(body, audio, ids.OUTPUT_SAMPLING_FREQUENCY, 0.0, base) or _real(
        body, audio, ids.SAMPLING_FREQUENCY, 8000.0, base
    )
    return (
        _uint(body, audio, ids.CHANNELS, 1, base),
        int(rate) if 0 < rate < 1 << 31 else None,
        _uint(body, audio, ids.BIT_DEPTH, 0, base),
    )


def _uint(body: bytes, fields: Fields, identity: int, default: int, base: int) -> int:
    where = fields.get(identity)
    return default if where is None else ebml.uint(body, *where, default, base)


def _real(body: bytes, fields: Fields, identity: int, default: float, base: int) -> float:
    where = fields.get(identity)
    return default if where is None else ebml.float_(body, *where, default, base)


def _text(body: bytes, fields: Fields, identity: int) -> str | None:
    return ebml.text(body, *fields[identity]) or None if identity in fields else None
