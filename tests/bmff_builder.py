"""Builds tiny MP4 and QuickTime files, box by box (ISO/IEC 14496-12)."""

import io
from typing import NamedTuple

from arrtheaudio.containers import Probe, mp4
from arrtheaudio.containers.edit import Edit
from arrtheaudio.containers.window import Window


def box(kind: bytes, *parts: bytes, form: str = "short") -> bytes:
    """Return a box; `form` is `short`, `long` (a 64-bit size) or `open` (size 0: to the end)."""
    data = b"".join(parts)
    if form == "long":
        return b"\0\0\0\1" + kind + (16 + len(data)).to_bytes(8, "big") + data
    return (0 if form == "open" else 8 + len(data)).to_bytes(4, "big") + kind + data


def full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """Return a FullBox (4.2)."""
    return box(kind, bytes((version,)), flags.to_bytes(3, "big"), *parts)


def packed(language: str) -> int:
    """Return a language of three letters as mdhd has it (8.4.2.3)."""
    first, second, third = (ord(letter) - 0x60 for letter in language)
    return first << 10 | second << 5 | third


def sound(kind: bytes, *parts: bytes, channels: int = 2, depth: int = 16, rate: int = 48000) -> bytes:
    """Return an AudioSampleEntry (12.2.3)."""
    fields = bytes(6) + b"\0\1" + bytes(8) + channels.to_bytes(2, "big") + depth.to_bytes(2, "big") + bytes(4)
    return box(kind, fields, (rate << 16).to_bytes(4, "big"), *parts)


def picture(kind: bytes, *parts: bytes) -> bytes:
    """Return a VisualSampleEntry (12.1.3)."""
    return box(kind, bytes(6), b"\0\1", bytes(70), *parts)


def plain(kind: bytes, *parts: bytes) -> bytes:
    """Return a SampleEntry (8.5.2) of text or data."""
    return box(kind, bytes(6), b"\0\1", *parts)


def esds(object_type: int, config: bytes = b"", *, long_sizes: bool = False) -> bytes:
    """Return an esds box (ISO/IEC 14496-14, 5.6)."""

    def descriptor(tag: int, data: bytes) -> bytes:
        return bytes((tag,)) + (b"\x80\x80\x80" if long_sizes else b"") + bytes((len(data),)) + data

    decoder = bytes((object_type, 0x15)) + bytes(11) + (descriptor(5, config) if config else b"")
    return full(b"esds", descriptor(3, b"\0\1\0" + descriptor(4, decoder) + descriptor(6, b"\2")))


AAC = sound(b"mp4a", esds(0x40, b"\x11\x90"))
H264 = picture(b"avc1")
TEXT = plain(b"tx3g", bytes(30))


class Trak(NamedTuple):
    """What goes into a trak box; `udta`, `tref` and `media` are boxes in trak/udta, trak/tref and mdia."""

    handler: bytes = b"soun"
    entry: bytes = AAC
    number: int = 1
    flags: int = 7
    group: int = 0
    version: int = 0
    language: int = packed("und")
    udta: bytes = b""
    tref: bytes = b""
    media: bytes = b""
    tables: int = 0


def trak(spec: Trak) -> bytes:
    """Return a trak box (8.3)."""
    wide = 8 if spec.version else 4
    times = bytes(2 * wide) + spec.number.to_bytes(4, "big") + bytes(4 + wide) + bytes(8)
    tkhd = full(
        b"tkhd", times, b"\0\0", spec.group.to_bytes(2, "big"), bytes(48), version=spec.version, flags=spec.flags
    )
    scale = bytes(2 * wide) + (44100).to_bytes(4, "big") + bytes(wide)
    mdhd = full(b"mdhd", scale, spec.language.to_bytes(2, "big"), b"\0\0", version=spec.version)
    hdlr = full(b"hdlr", bytes(4), spec.handler, bytes(12), b"Handler\0")
    stsd = full(b"stsd", (1 if spec.entry else 0).to_bytes(4, "big"), spec.entry)
    sizes = full(b"stsz", bytes(8), bytes(spec.tables))
    stbl = box(b"stbl", stsd, *(full(kind, bytes(4)) for kind in (b"stts", b"stsc", b"stco")), sizes)
    dinf = box(b"dinf", full(b"dref", b"\0\0\0\1", full(b"url ", flags=1)))
    mdia = box(b"mdia", mdhd, hdlr, box(b"minf", dinf, stbl), spec.media)
    tref = box(b"tref", spec.tref) if spec.tref else b""
    udta = box(b"udta", spec.udta) if spec.udta else b""
    return box(b"trak", tkhd, tref, box(b"edts"), mdia, udta)


def moov(*parts: bytes, duration: int = 12_345, version: int = 0) -> bytes:
    """Return a moov box with a timescale of 1000 Hz; `parts` follow mvhd."""
    wide = 8 if version else 4
    times = bytes(2 * wide) + (1000).to_bytes(4, "big") + duration.to_bytes(wide, "big")
    return box(b"moov", full(b"mvhd", times, bytes(80), version=version), *parts)


FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
QUICKTIME = box(b"ftyp", b"qt  \0\0\2\0qt  ")
MDAT = box(b"mdat", bytes(range(256)) * 2)
LAYOUTS = {
    "front": lambda movie: FTYP + movie + box(b"free", bytes(3)) + MDAT,
    "end": lambda movie: FTYP + box(b"free") + MDAT + movie,
    "long-mdat": lambda movie: FTYP + box(b"wide") + box(b"mdat", bytes(700), form="long") + movie,
    "fragmented": lambda movie: FTYP + movie + (box(b"moof", bytes(50)) + MDAT) * 3,
    "quicktime": lambda movie: QUICKTIME + box(b"wide") + MDAT + movie,
    "old-quicktime": lambda movie: MDAT + box(b"skip", bytes(9)) + movie,
    "uuid": lambda movie: FTYP + box(b"uuid", bytes(40)) + movie + MDAT,
}
"""How a file is put together around its moov box."""


def window(data: bytes, chunk: int = 4096) -> Window:
    """Return a window on bytes."""
    return Window(io.BytesIO(data), len(data), chunk)


def probe(data: bytes) -> Probe:
    """Probe bytes."""
    return mp4.probe(window(data))


def applied(data: bytes, edits: tuple[Edit, ...]) -> bytes:
    """Make the edits, each of which must find the bytes that it expects."""
    out = bytearray(data)
    for edit in edits:
        span = slice(edit.offset, edit.offset + len(edit.before))
        assert out[span] == edit.before
        out[span] = edit.after
    return bytes(out)
