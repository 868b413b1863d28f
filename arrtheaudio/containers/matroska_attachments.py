"""Attachments, which ffprobe counts as streams behind the tracks. Their data is stepped over, never read."""

from arrtheaudio.containers import ebml
from arrtheaudio.containers import matroska_ids as ids
from arrtheaudio.containers.matroska_codecs import attachment
from arrtheaudio.containers.matroska_layout import Part, part_at
from arrtheaudio.containers.window import Window
from arrtheaudio.core.track import Track
from arrtheaudio.errors import Error

# Each costs a read; anime with many fonts has 60.
_LIMIT = 500
# More elements in one, or a longer name or media type, are not looked at.
_CHILDREN = 32
_VALUE = 4096


def tracks(window: Window, parts: list[Part], index: int) -> list[Track]:
    """Return a track for each attachment, numbered from `index`.

    Up to where they are damaged or cut off: they come last, so no other track's index hangs on them.
    """
    found: list[Track] = []
    looked_at = 0
    try:
        for part in parts:
            at = part.data
            while at < min(part.end, window.size) and looked_at < _LIMIT:
                file = part_at(window, at)
                track = _track(window, file, index + len(found)) if file.id == ids.ATTACHED_FILE else None
                if track is not None:
                    found.append(track)
                at = max(file.end, file.data)
                looked_at += 1
    except Error:
        return found
    return found


def _track(window: Window, file: Part, index: int) -> Track | None:
    """Return the track of an AttachedFile (RFC 9559, 5.1.6.1), None where ffprobe finds it incomplete."""
    values: dict[int, bytes] = {}
    has_data = False
    at = file.data
    for _ in range(_CHILDREN):
        if at >= file.end:
            break
        child = part_at(window, at)
        if child.id == ids.FILE_DATA:
            has_data = child.end > child.data
        elif child.id in (ids.FILE_NAME, ids.FILE_MEDIA_TYPE, ids.FILE_UID):
            # Now, not when all are known: the data may stand between them, and each way over it is a read.
            values[child.id] = window.read(child.data, max(0, min(child.end - child.data, _VALUE)), "AttachedFile")
        at = max(child.end, child.data)
    name, media_type = (_text(values.get(identity, b"")) for identity in (ids.FILE_NAME, ids.FILE_MEDIA_TYPE))
    if not name or not media_type or not has_data:
        return None
    kind, codec = attachment(media_type)
    uid = int.from_bytes(values[ids.FILE_UID][:8], "big") if ids.FILE_UID in values else None
    return Track(index=index, type=kind, codec=codec, uid=uid, name=name, default=False)


def _text(value: bytes) -> str:
    return ebml.text(value, 0, len(value))
