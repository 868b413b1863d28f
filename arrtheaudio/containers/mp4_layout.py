"""Where the moov box of an MP4 or QuickTime file is, and what kind of file it is in."""

from arrtheaudio.containers.bmff import Box, Boxes, name
from arrtheaudio.containers.window import LIMIT, Window
from arrtheaudio.core.value import Value
from arrtheaudio.errors import Corrupt, UnsupportedContainer

# Boxes at the top level before moov. A fragmented file, of thousands, has its moov in front of them.
_TOP = 256
_BRANDS = 1024


class Movie(Value):
    """A moov box: its data from `start` to `end`, both offsets in what `boxes` reads.

    `container` is `mp4` or `mov`; `quicktime`: sound descriptions may be of QuickTime's versions 1 and 2; `compressed`:
    the offsets are in a decompressed copy, not in the file.
    """

    boxes: Boxes
    start: int
    end: int
    container: str
    quicktime: bool
    compressed: bool = False


def find(window: Window) -> Movie:
    """Find the moov box by the headers of the boxes at the top level alone.

    Truncated where the file ends before or in it, Corrupt where there is none.
    """
    boxes = Boxes(window)
    container, quicktime = "mov", True
    for count, box in enumerate(boxes.top()):
        kind, _, start, end = box
        if kind == b"moov":
            return _decompressed(Movie(boxes, start, end, container, quicktime))
        if kind == b"ftyp":
            container, quicktime = _brands(boxes.read(box, _BRANDS))
        if count > _TOP:
            raise Corrupt(f"no moov box among the first {_TOP}")
    raise Corrupt("no moov box")


def _brands(ftyp: bytes) -> tuple[str, bool]:
    """Return the container, and whether QuickTime is among the brands (4.3: major, version, compatible ones)."""
    return "mov" if ftyp[:4] == b"qt  " else "mp4", b"qt  " in (ftyp[:4], *_fours(ftyp[8:]))


def _fours(data: bytes) -> list[bytes]:
    return [data[at : at + 4] for at in range(0, len(data), 4)]


def _decompressed(movie: Movie) -> Movie:
    """Return the movie itself, or the one inside its compressed movie box (QTFF, `cmov`)."""
    first = next(movie.boxes.walk(movie.start, movie.end), None)
    if first is None or first[0] != b"cmov":
        return movie
    children = {box[0]: box for box in movie.boxes.walk(first[2], first[3])}
    if b"dcom" not in children or b"cmvd" not in children:
        raise Corrupt(f"cmov box at byte {first[1]} lacks its dcom or cmvd")
    method = movie.boxes.read(children[b"dcom"], 4)
    if method != b"zlib":
        raise UnsupportedContainer(f"the moov box is compressed by {name(method)}, not zlib")
    data = _inflate(movie.boxes, children[b"cmvd"])
    boxes = Boxes(_window(data))
    for kind, _, start, end in boxes.top():
        if kind == b"moov":
            return movie._replace(boxes=boxes, start=start, end=end, compressed=True)
    raise Corrupt(f"cmov box at byte {first[1]} holds no moov box")


def _inflate(boxes: Boxes, cmvd: Box) -> bytes:
    import zlib

    packed = boxes.read(cmvd, LIMIT)
    try:
        return zlib.decompressobj().decompress(packed[4:], LIMIT)
    except zlib.error:
        raise Corrupt(f"cmvd box at byte {cmvd[1]} does not decompress") from None


def _window(data: bytes) -> Window:
    import io

    return Window(io.BytesIO(data), len(data))
