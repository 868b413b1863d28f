"""Room for a few more bytes in a master element, and in Tracks as a whole, without moving what stands behind."""

from collections.abc import Sequence

from arrtheaudio.containers import ebml
from arrtheaudio.core.value import Value

# So many children of one TrackEntry are looked at as room; a hostile file has no more.
_SPARE = 64


class Master(Value):
    """A master element taken apart, to be laid out again in a given number of bytes.

    `head` is its id, `width` the length of its data size, `checksum` its CRC-32 element (which stays the first child),
    to be computed again when `sealed`. `children` are whole elements. Those that `spare` names may go, in that order.
    `added` are new elements; they stand where the first spare child went, but never before the child `slot`.
    """

    head: bytes
    width: int
    children: tuple[bytes, ...]
    spare: tuple[int, ...] = ()
    added: bytes = b""
    slot: int = 0
    checksum: bytes = b""
    sealed: bool = False

    def content(self) -> int:
        """Return the length of the data with nothing dropped."""
        return len(self.checksum) + sum(map(len, self.children)) + len(self.added)

    def natural(self) -> int:
        """Return the length of the whole with nothing dropped and its data size no shorter than it was."""
        return len(self.head) + max(self.width, _width(self.content())) + self.content()

    def least(self) -> int:
        """Return the length of the whole with all dropped that may go."""
        content = self.content() - sum(len(self.children[at]) for at in self.spare[:_SPARE])
        return len(self.head) + _width(content) + content


class Shape(Value):
    """How a master element is laid out: so many of its spare children dropped, its data size, and a Void's length."""

    dropped: int
    width: int
    pad: int


def shape(master: Master, size: int) -> Shape | None:
    """Return the layout of exactly `size` bytes that drops the least, None where there is no such."""
    room = size - len(master.head) - master.content()
    for dropped, gone in enumerate((-1, *master.spare[:_SPARE])):
        room += len(master.children[gone]) if gone >= 0 else 0
        for width in _widths(master.width):
            pad = room - width
            if _fills(pad) and size - len(master.head) - width <= ebml.largest(width):
                return Shape(dropped, width, pad)
    return None


def lay(master: Master, form: Shape) -> bytes:
    """Return the element in that layout."""
    dropped = master.spare[: form.dropped]
    slot = max(master.slot, min(dropped, default=0))
    pad = ebml.void_head(form.pad).ljust(form.pad, b"\0") if form.pad else b""
    children = [b"" if at in dropped else child for at, child in enumerate(master.children)]
    data = b"".join((*children[:slot], master.added, pad, *children[slot:]))
    checksum = master.checksum[:-4] + ebml.crc32(data) if master.sealed else master.checksum
    return master.head + ebml.size(len(checksum) + len(data), form.width) + checksum + data


class Fit(Value):
    """The layouts of the TrackEntries and of Tracks, and how many bytes of the Void behind it are left.

    `behind` is None where that Void is not touched.
    """

    entries: tuple[Shape, ...]
    tracks: Shape
    behind: int | None = None


def fit(tracks: Master, entries: Sequence[Master], before: Sequence[int], behind: int) -> Fit | None:
    """Return how the entries, which took `before` bytes each, fit into Tracks and the Void of `behind` bytes after it.

    First each in its own bytes; then with what the others can spare; then with the Void.
    """
    size = len(tracks.head) + tracks.width + tracks.content()
    sizes = [old if shape(entry, old) else entry.natural() for entry, old in zip(entries, before, strict=True)]
    lean = _trim(entries, sizes, sum(sizes) - sum(before))
    # A growth of Tracks is laid out as added bytes: which ones does not matter to the sum.
    inside = shape(tracks._replace(added=bytes(sum(lean) - sum(before))), size)
    if inside:
        return Fit(_shapes(entries, lean), inside)
    for trial in (sizes, lean) if behind else ():
        grown = tracks.content() + sum(trial) - sum(before)
        for width in _widths(tracks.width):
            left = size + behind - len(tracks.head) - width - grown
            if _fills(left) and grown <= ebml.largest(width):
                return Fit(_shapes(entries, trial), Shape(0, width, 0), left)
    return None


def _shapes(entries: Sequence[Master], sizes: Sequence[int]) -> tuple[Shape, ...]:
    return tuple(form for entry, size in zip(entries, sizes, strict=True) if (form := shape(entry, size)))


def _trim(entries: Sequence[Master], sizes: Sequence[int], excess: int) -> list[int]:
    """Return smaller sizes, in sum `excess` less, or as near as the entries can come."""
    lean = list(sizes)
    for at, entry in enumerate(entries):
        give = min(excess, lean[at] - entry.least())
        while give > 0 and shape(entry, lean[at] - give) is None:
            give -= 1
        if give > 0:
            lean[at] -= give
            excess -= give
    return lean


def _fills(length: int) -> bool:
    """Say whether a Void, or none, takes so many bytes: there is no Void of one."""
    return length == 0 or length >= 2


def _width(size: int) -> int:
    """Return the shortest length of a data size."""
    return next(width for width in range(1, ebml.MAX_SIZE_LENGTH + 1) if size <= ebml.largest(width))


def _widths(now: int) -> tuple[int, ...]:
    """Return all lengths of a data size: the present one, then shorter ones, which give room, then longer ones."""
    return (*range(now, 0, -1), *range(now + 1, ebml.MAX_SIZE_LENGTH + 1))
