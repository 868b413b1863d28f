"""Which track shall be the default one: a pure function of tracks, wanted languages and settings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arrtheaudio.core.policy import Selection, Wanted
from arrtheaudio.core.ranking import Pick, originals, pick, rejection, title
from arrtheaudio.core.track import Change, Track
from arrtheaudio.core.value import Value

_DEFAULTS = Selection()
_WITH_ORIGINAL_FLAG = ("matroska", "webm")


class Candidate(Value):
    """An audio track, and in a word why it is not the chosen one; None for the chosen one.

    `disabled commentary audio_description karaoke isolated_score`: no candidate at all. `language`: not of the language
    that was chosen. Of that language: `undetermined` (by assumption only), `less_exact` (a wider one, or another
    region), `not_default`, `fewer_channels`, `lesser_codec`, `later` in the file. `skip`: a rule leaves the file alone.
    `undecided`: a person has to say.
    """

    index: int  # type: ignore[assignment]  # tuple.index is not used
    rejected: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the candidate as it stands in a record."""
        return {"index": self.index} | ({"rejected": self.rejected} if self.rejected else {})


class Choice(Value):
    """The answer of `choose`.

    `status`: `change keep none review`. `rule`: `forced_choice original priority single none`. `track` is the
    index of the chosen track, None where there is none, and `language` what its file says.
    """

    status: str
    rule: str
    reason: str
    track: int | None = None
    language: str | None = None
    candidates: tuple[Candidate, ...] = ()
    changes: tuple[Change, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the choice as it stands in a record; `language` is left out where no track was chosen."""
        return {
            "status": self.status,
            "track": self.track,
            **({} if self.language is None else {"language": self.language}),
            "rule": self.rule,
            "reason": self.reason,
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "changes": [change.to_dict() for change in self.changes],
        }


def decide(
    tracks: Iterable[Track],
    wanted: Wanted,
    selection: Selection = _DEFAULTS,
    *,
    original: str | None = None,
    original_source: str = "",
    original_certain: bool = False,
    container: str = "",
) -> Choice:
    """Return which audio track shall be the default one, what has to change for that, and why.

    `original` is the code of the original language, None where it is not known; `original_source` says in a few words
    who says so (`--original`). Where it is certain, and the `container` has a FlagOriginal, that flag goes along with
    a change. The tracks as they are after the changes get the same choice again, with status `keep`.
    """
    audio = [track for track in tracks if track.type == "audio"]
    if wanted.skip:
        return _none(audio, f"{wanted.source} says to skip it", {track.index: "skip" for track in audio})
    if not audio:
        return _none(audio, "no audio track", {})
    rejected = {track.index: word for track in audio if (word := rejection(track, selection.commentary))}
    if len(rejected) == len(audio):
        rejected = {}  # a film with nothing but commentaries has one to play
    candidates = [track for track in audio if track.index not in rejected]
    about = title(wanted, selection, original, original_source)
    best = Pick((audio[0],), "single", "the only audio track") if len(audio) == 1 else pick(candidates, about)
    if not best.ranked:
        return _none(audio, best.reason, rejected)
    flags = {}
    if about.original and original_certain and container in _WITH_ORIGINAL_FLAG and selection.write_original_flag:
        flags = originals(candidates, about.original)
    return _chosen(audio, best, rejected, _changes(audio, best.ranked[0], selection.exclusive, flags))


def _none(audio: Sequence[Track], reason: str, rejected: Mapping[int, str]) -> Choice:
    return Choice("none", "none", reason, candidates=_answered(audio, rejected))


def _chosen(audio: Sequence[Track], best: Pick, rejected: Mapping[int, str], changes: tuple[Change, ...]) -> Choice:
    track = best.ranked[0]
    return Choice(
        status="change" if changes else "keep",
        rule=best.rule,
        reason=best.reason,
        track=track.index,
        language=track.language,
        candidates=_answered(audio, {**best.losers, **rejected}, track),
        changes=changes,
    )


def _answered(
    audio: Sequence[Track], rejected: Mapping[int, str], chosen: Track | None = None
) -> tuple[Candidate, ...]:
    """Return every audio track with why it was not chosen; where nothing else is known, it is the language."""
    return tuple(
        Candidate(track.index, None if track is chosen else rejected.get(track.index, "language")) for track in audio
    )


def _changes(audio: Sequence[Track], chosen: Track, exclusive: bool, flags: Mapping[int, bool]) -> tuple[Change, ...]:
    """Return what makes the chosen track the default one; FlagOriginal goes along, and is no reason by itself."""
    changes = [change for track in audio for change in _dispositions(track, track is chosen, exclusive)]
    if changes:
        changes += [
            Change(track.index, "original", track.original, flags[track.index])
            for track in audio
            if flags.get(track.index, track.original) != track.original
        ]
    return tuple(sorted(changes))


def _dispositions(track: Track, is_chosen: bool, exclusive: bool) -> list[Change]:
    """Return the changes of one track. Jellyfin ranks forced above default, so no audio track keeps it."""
    default = is_chosen or (track.default and not exclusive)
    changes = [Change(track.index, "default", track.default, default)] if default != track.default else []
    if track.forced:
        changes.append(Change(track.index, "forced", True, False))
    return changes


def undecided(choices: Sequence[Choice], said: str) -> Choice:
    """Return what to do where the original language is one of several: the choice, where it is the same for each.

    `choices` has one for each language; `said` what the sources say. Where they differ, a person decides: `review`.
    """
    first = choices[0]
    if all((choice.status, choice.track) == (first.status, first.track) for choice in choices):
        return first
    reason = f"the original language is open ({said}): settle it with --original CODE, a rule or an override"
    candidates = tuple(
        Candidate(candidate.index, "undecided" if candidate.rejected in (None, "language") else candidate.rejected)
        for candidate in first.candidates
    )
    return Choice("review", "none", reason, candidates=candidates)
