"""The command lines of a remux that keeps all it can: mkvmerge for Matroska and WebM, ffmpeg for MP4 and QuickTime."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from arrtheaudio.containers import Probe
from arrtheaudio.core.track import Change
from arrtheaudio.files import Media
from arrtheaudio.remux.programs import named

Watch = Callable[[float], None]
"""Is told how far a rewrite is, from 0 to 1."""

_OPTIONS = {"default": "--default-track-flag", "forced": "--forced-display-flag", "original": "--original-flag"}
_LINKS = {
    "segment_uid": "--segment-uid",
    "previous_segment_uid": "--link-to-previous",
    "next_segment_uid": "--link-to-next",
}


def mkvmerge(source: int, target: int, probe: Probe, changes: Sequence[Change], said: Mapping[str, Any]) -> list[str]:
    """Return the call that remuxes one descriptor into another; `said` is what `mkvmerge -J` says of the source.

    Every FlagDefault is written out, as it is or as it shall be: mkvmerge has a default of its own for absent ones.
    """
    tracks = [(track["id"], track.get("properties", {})) for track in said["tracks"]]
    command = ["mkvmerge", "--gui-mode", "--abort-on-warnings", "--no-date", "--output", named(target)]
    command += ["--webm"] if probe.container == "webm" else []
    command += _of_segment(said["container"].get("properties", {}))
    # mkvmerge drops the statistics that it once wrote: where there were some, it counts again.
    if not any("tag__statistics_tags" in properties for _, properties in tracks):
        command += ["--disable-track-statistics-tags"]
    if not any("language_ietf" in properties for _, properties in tracks):
        command += ["--disable-language-ietf"]
    for number, properties in tracks:
        zlib = properties.get("content_encoding_algorithms") == "0"
        command += ["--compression", f"{number}:{'zlib' if zlib else 'none'}"]
    command += _flags(probe, changes)
    command += ["--track-order", ",".join(f"0:{number}" for number, _ in tracks)]
    return [*command, named(source)]


def _of_segment(properties: Mapping[str, Any]) -> Iterator[str]:
    for key, option in _LINKS.items():
        if key in properties:
            yield from (option, f"0x{properties[key]}")
    # Without a picture, mkvmerge would choose a finer one; old versions do not say which it is (RFC 9559: a million).
    yield from ("--timestamp-scale", str(properties.get("timestamp_scale", 1_000_000)))


def _flags(probe: Probe, changes: Sequence[Change]) -> Iterator[str]:
    # Attachments, pictures among them, have no number.
    wanted = {(track.index, "default"): track.default for track in probe.tracks if track.number is not None}
    wanted |= {(change.index, change.disposition): change.after for change in changes}
    for (index, disposition), value in wanted.items():
        yield from (_OPTIONS[disposition], f"{index}:{int(value)}")


def ffmpeg(source: int, target: int, probe: Probe, changes: Sequence[Change], shape: Sequence[str]) -> list[str]:
    """Return the call that remuxes one descriptor into another; `shape` are what keeps the layout of the file."""
    command = [
        "ffmpeg",
        "-nostdin",
        "-v",
        "error",
        "-y",
        "-progress",
        "pipe:1",
        "-stats_period",
        "2",
        "-i",
        f"file:{named(source)}",
    ]
    command += ["-map", "0", "-c", "copy", "-copy_unknown", "-map_metadata", "0", "-map_chapters", "0"]
    # The chapters are written anew; the text track that holds them would be a second copy.
    command += ["-map", "-0:d"] if any(track.codec == "bin_data" for track in probe.tracks) else []
    for track in probe.tracks:
        # ffmpeg 5.1 writes the names of tracks, and does not read them.
        command += [f"-metadata:s:{track.index}", f"title={track.name}"] if track.name else []
    for change in changes:
        # With a sign: without, the other dispositions of the track would be lost.
        command += [f"-disposition:{change.index}", f"{'+' if change.after else '-'}{change.disposition}"]
    return [*command, *shape, "-f", "mov" if probe.container == "mov" else "mp4", f"file:{named(target)}"]


def shape(media: Media) -> list[str]:
    """Return the options that make ffmpeg keep the brand, put moov where it is, and make fragments of fragments."""
    head = media.window().peek(0, 12)
    brand = head[8:].decode("latin-1") if head[4:8] == b"ftyp" else ""
    flags = "".join(f"+{flag}" for flag in _movflags(media))
    return [*(("-brand", brand) if brand else ()), *(("-movflags", flags) if flags else ())]


def _movflags(media: Media) -> list[str]:
    from arrtheaudio.containers import mp4_layout
    from arrtheaudio.containers.bmff import Boxes

    movie = mp4_layout.find(media.window())
    if any(box[0] == b"mvex" for box in movie.boxes.walk_sound(movie.start, movie.end)):
        return ["frag_keyframe", "empty_moov", "default_base_moof"]
    for box in Boxes(media.window()).top():
        if box[0] in (b"moov", b"mdat"):
            return ["faststart"] if box[0] == b"moov" else []
    return []


def progress(watch: Watch, duration: float | None) -> Callable[[str], None]:
    """Return what hears the lines of either tool, and tells how far it is; `duration` is in seconds."""

    def hear(line: str) -> None:
        if line.startswith("#GUI#progress ") and line[14:-1].isdecimal():
            watch(min(1.0, int(line[14:-1]) / 100))
        elif duration and line.startswith("out_time_us=") and line[12:].isdecimal():
            watch(min(1.0, int(line[12:]) / 1e6 / duration))

    return hear
