"""The story of a choice, for a person: what the file has, what was wanted, and what became of each track."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from arrtheaudio.core.record import Record
from arrtheaudio.messages import shown

_REJECTED = {
    "disabled": "no candidate: it is disabled",
    "commentary": "no candidate: a commentary",
    "audio_description": "no candidate: an audio description",
    "karaoke": "no candidate: karaoke",
    "isolated_score": "no candidate: music alone",
    "language": "another language",
    "undetermined": "its language is not stated",
    "less_exact": "the language fits less exactly",
    "not_default": "as good, but not the default today",
    "fewer_channels": "the same language with fewer channels",
    "lesser_codec": "the same language in a lesser codec",
    "later": "as good, but later in the file",
    "skip": "left alone by a rule",
    "undecided": "open",
}
_STATUS = {
    "change": "To change",
    "keep": "Right as it is",
    "none": "Left alone",
    "review": "For a person to decide: left alone until then",
}


def explain(record: Record, story: Iterable[str] = ()) -> str:
    """Return some lines of prose about a record that has its choice, or failed before.

    `story` is what the sources said of the original language, in sentences.
    """
    path = record.get("path") or record.get("input", "")
    if "error" in record:
        return f"{shown(str(path))}\n  Failed: {shown(str(record['error'].get('message')))}\n"
    choice, probe = record["choose"], record["probe"]
    lines = [shown(path), f"  {_STATUS[choice['status']]}: {choice['reason']}."]
    lines += [f"  {shown(sentence)}" for sentence in story]
    fates = {candidate["index"]: candidate.get("rejected") for candidate in choice["candidates"]}
    lines += _tracks(probe["tracks"], fates)
    lines += [f"  Will change: {text}." for text in _changes(choice["changes"])]
    return "".join(f"{line}\n" for line in lines)


def _tracks(tracks: list[Mapping[str, Any]], fates: Mapping[int, str | None]) -> Iterator[str]:
    for track in tracks:
        index = track["index"]
        if index in fates:
            fate = fates[index]
            verdict = "chosen" if fate is None else _REJECTED.get(fate, fate)
            yield f"    {'>' if fate is None else ' '} track {index}  {shown(_described(track))}: {verdict}"


def _described(track: Mapping[str, Any]) -> str:
    parts = [track["language"], track["codec"]]
    parts += [f"{track['channels']} ch"] if track.get("channels") else []
    parts += [f"“{track['name']}”"] if track.get("name") else []
    parts += ["default"] if track["default"] else []
    parts += ["forced"] if track["forced"] else []
    return ", ".join(parts)


def _changes(changes: list[Mapping[str, Any]]) -> Iterator[str]:
    for change in changes:
        verb = "becomes" if change["to"] else "is no longer"
        yield f"track {change['index']} {verb} {change['disposition']}"
