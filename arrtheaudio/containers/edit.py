"""What an edit of a header is: the bytes that are there and the bytes that shall be, of one length."""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arrtheaudio.core.track import Change
from arrtheaudio.core.value import Value


class Edit(Value):
    """At `offset` (bytes from the start of the file) `before` stands and `after` shall; both of one length."""

    offset: int
    before: bytes
    after: bytes

    def to_dict(self) -> dict[str, Any]:
        """Return the edit as it stands in a record and in the journal."""
        return {
            "offset": self.offset,
            "before": b64encode(self.before).decode(),
            "after": b64encode(self.after).decode(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Edit":
        """Read an edit; ValueError, KeyError or TypeError where it is none."""
        edit = cls(data["offset"], b64decode(data["before"], validate=True), b64decode(data["after"], validate=True))
        if type(edit.offset) is not int or edit.offset < 0 or len(edit.before) != len(edit.after) or not edit.before:
            raise ValueError(f"no edit: {dict(data)!r:.200}")
        return edit

    def reversed(self) -> "Edit":
        """Return the edit that takes this one back."""
        return Edit(self.offset, self.after, self.before)


class Plan(Value):
    """The edits that make the wanted changes, in the order in which they are safe, and what a person should know.

    `changes` is what the edits make of the dispositions: what was asked, and what the container ties to it (MP4 clears
    the others of an `alternate_group`); a wanted `original` for which there is no room is left out, with a note.
    """

    edits: tuple[Edit, ...] = ()
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


# Runs of changed bytes with a gap up to this are one edit: a record names its bytes twice, in base64.
_GAP = 8


def diff(offset: int, before: bytes, after: bytes) -> tuple[Edit, ...]:
    """Return the edits, in file order, that turn `before` at `offset` into `after`."""
    if len(before) != len(after):
        raise ValueError("an edit keeps the length")
    return tuple(Edit(offset + a, before[a:b], after[a:b]) for a, b in _runs(before, after))


def _runs(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the bytes differ, from the first to behind the last of each run."""
    # A loop over the bytes takes a second for Tracks of 8 MB.
    differ = (int.from_bytes(before, "big") ^ int.from_bytes(after, "big")).to_bytes(len(before), "big")
    apart = bytes(_GAP + 1)
    at = len(differ) - len(differ.lstrip(b"\0"))
    for part in differ[at:].rstrip(b"\0").split(apart):
        run = part.lstrip(b"\0")
        start = at + len(part) - len(run)
        at += len(part) + len(apart)
        if run:
            yield start, start + len(run)


def single_bytes(edits: Sequence[Edit]) -> bool:
    """Say whether each edit is one byte, which no reader can see half done."""
    return all(len(edit.before) == 1 for edit in edits)
