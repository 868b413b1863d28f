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
# A name or media type longer than this is none.
_TEXT = 4096


def tracks(window: Window, parts: list[Part], index: int) -> list[Track]:
    """Return a track for each attachment, numbered from `index`.

    Up to where they are damaged or cut off: they come last, so no other track's index hangs on them.
    """
    found: list[Track] = []
    try:
        for part in parts:
            at = part.data
            while at < min(part.end, window.size) and len(found) < _LIMIT:
                file = part_at(window, at)
                track = _track(window, file, index + len(found)) if file.id == ids.ATTACHED_FILE else None
                if track is not None:
                    found.append(track)
                at = max(file.end, file.data)
    except Error:
        return found
    return found


def _track(window: Window, file: Part, index: int) -> Track | None:
    """Return the track of an AttachedFile (RFC 9559, 5.1.6.1), None where ffprobe finds it incomplete."""
    fields: dict[int, Part] = {}
    at = file.data
    while at < file.end and len(fields) < 16:
        child = part_at(window, at)
        fields[child.id] = child
        at = max(child.end, child.data)
    name, media_type = _text(window, fields.get(ids.FILE_NAME)), _text(window, fields.get(ids.FILE_MEDIA_TYPE))
    data = fields.get(ids.FILE_DATA)
    if not name or not media_type or data is None or data.end <= data.data:
        return None
    kind, codec = attachment(media_type)
    uid = fields.get(ids.FILE_UID)
    return Track(
        index=index,
        type=kind,
        codec=codec,
        uid=None if uid is None else ebml.uint(window.read(uid.data, min(uid.end - uid.data, 8), "FileUID"), 0, 8),
        name=name,
        default=False,
    )


def _text(window: Window, part: Part | None) -> str | None:
    if part is None:
        return None
    data = window.read(part.data, max(0, min(part.end - part.data, _TEXT)), "attachment")
    return ebml.text(data, 0, len(data)) or None
