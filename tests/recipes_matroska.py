"""The Matroska and WebM samples that programs write."""

from recipes import Recipe, merge, mux, piped, propedit

THREE = "aac:eng:default:Stereo aac:jpn ac3:eng:comment:Director's_commentary"
_NAMES = "Ünïcödé・音声 🎧 عربى"
_LONG = "A very long name. " * 60
_MERGED = "three-audio.mkvmerge.mkv"
_FFMPEG = "three-audio.ffmpeg.mkv"


def _codec(name: str) -> Recipe:
    return mux(f"h264 {name}:eng:default {name}:jpn", "-strict", "-2")


RECIPES: dict[str, Recipe] = {
    # What programs write
    _FFMPEG: mux(f"h264:und {THREE} srt:eng"),
    _MERGED: merge("--default-track-flag", "2:no", "--default-track-flag", "3:no", f"@{_FFMPEG}"),
    "three-audio.webm": mux("vp9 opus:eng:default:Stereo opus:jpn opus:eng:comment:Commentary vtt:eng"),
    "three-audio.mkvmerge.webm": merge("--webm", "--no-subtitles", "@three-audio.webm"),
    "vp8-vorbis.webm": mux("vp8 vorbis:eng:default"),
    "av1-opus.webm": mux("av1 opus-5.1:deu:default"),
    "no-crc.ffmpeg.mkv": mux(f"h264 {THREE}", "-write_crc32", "0"),
    "cues-in-front.mkv": mux(f"h264 {THREE}", "-cues_to_front", "1"),
    "reserved-index.mkv": mux(f"h264 {THREE}", "-reserve_index_space", "1024"),
    "live.mkv": mux(f"h264 {THREE}", "-live", "1"),
    "live.webm": mux("vp9 opus:eng:default opus:jpn", "-live", "1"),
    "piped.mkv": piped(_FFMPEG, "-f", "matroska"),
    "piped.webm": piped("three-audio.webm", "-f", "webm"),
    "dash.webm": mux("opus:jpn", "-dash", "1"),
    "audio-only.mka": mux("flac:eng:default opus:jpn"),
    "one-audio.mka": mux("mp3:eng"),
    "stereo-3d.mk3d": merge("--stereo-mode", "0:side_by_side_left_first", "@h264", "@aac"),
    "no-audio.mkv": mux("h264 srt:eng"),
    "all-default.mkv": mux("h264 aac:eng:default aac:jpn:default aac:fre:default"),
    "none-default.mkv": mux("h264 aac:eng aac:jpn", "-default_mode", "passthrough"),
    "16-audio.mkv": mux(
        "h264 "
        + " ".join(f"aac-mono-24k:{code}" for code in ["eng", "jpn", "ger", "fre", "spa", "ita", "por", "rus"] * 2)
    ),
    "40-audio.mkvmerge.mkv": merge("@h264", *["@aac-mono-24k"] * 40),
    "long-names.mkv": mux(f"h264 aac:eng:default:{_LONG.replace(' ', '_')} aac:jpn"),
    "names.mkv": mux(f"h264 aac:jpn:default:{_NAMES.replace(' ', '_')} aac:eng::Bell\aand\x1b[31mred"),
    "dispositions.mkv": mux(
        "h264 aac:eng:default+original aac:eng:visual_impaired aac:eng:hearing_impaired aac:jpn:dub aac:eng:comment "
        "aac:eng:forced aac:eng:karaoke srt:eng:forced srt:eng:hearing_impaired srt:eng:captions+default"
    ),
    "chapters.mkv": mux("h264 aac:eng:default chapters"),
    "tags.mkv": mux(
        "h264 aac:eng:default", "-metadata", "title=Film", "-metadata:s:1", "BPS=32000", "-metadata:s:1", "comment=x"
    ),
    "subtitles.mkv": mux("h264 aac:eng:default srt:eng ass:jpn vtt:ger sup:fre"),
    "vobsub.mkv": mux("h264 aac:eng:default vobsub:eng"),
    "dvbsub.mkv": mux("h264 aac:eng:default sup:eng", "-c:s", "dvbsub"),
    "big-codec-private.mkv": mux(f"h264 big.ass:eng {THREE}"),
    "big-codec-private.mkvmerge.mkv": merge("@big-codec-private.mkv"),
    "fonts.mkv": mux(
        f"h264 {THREE}",
        "-attach",
        "@font",
        "-metadata:s:4",
        "mimetype=application/x-truetype-font",
        "-metadata:s:4",
        "filename=a.ttf",
    ),
    "cover.mkv": mux(
        f"h264 {THREE}",
        "-attach",
        "@jpg",
        "-metadata:s:4",
        "mimetype=image/jpeg",
        "-metadata:s:4",
        "filename=cover.jpg",
    ),
    "attachments.mkvmerge.mkv": merge(
        "--attachment-mime-type",
        "image/png",
        "--attach-file",
        "@png",
        "--attachment-mime-type",
        "font/ttf",
        "--attach-file",
        "@font",
        "--attachment-mime-type",
        "text/plain",
        "--attach-file",
        "@srt",
        f"@{_MERGED}",
    ),
    "no-cues.mkvmerge.mkv": merge("--no-cues", f"@{_MERGED}"),
    "no-lacing.mkvmerge.mkv": merge("--disable-lacing", f"@{_MERGED}"),
    "no-statistics.mkvmerge.mkv": merge("--disable-track-statistics-tags", "--no-date", f"@{_MERGED}"),
    "no-bcp47.mkvmerge.mkv": merge("--disable-language-ietf", f"@{_MERGED}"),
    "no-simpleblocks.mkvmerge.mkv": merge("--engage", "no_simpleblocks", f"@{_MERGED}"),
    "no-meta-seek.mkvmerge.mkv": merge("--engage", "no_meta_seek", f"@{_MERGED}"),
    "no-cue-duration.mkvmerge.mkv": merge("--engage", "no_cue_duration", f"@{_MERGED}"),
    "write-headers-twice.mkvmerge.mkv": merge("--engage", "write_headers_twice", f"@{_MERGED}"),
    "compressed.mkvmerge.mkv": merge("--compression", "-1:zlib", f"@{_MERGED}"),
    "chapters.mkvmerge.mkv": merge("--title", "Film", "--generate-chapters", "interval:200ms", f"@{_MERGED}"),
    "bcp47.mkvmerge.mkv": merge(
        "@h264",
        *[
            f"--language 0:{tag} @aac".split()[at]
            for tag in ["pt-BR", "zh-Hant-TW", "yue", "sr-Latn", "mul"]
            for at in range(3)
        ],
    ),
    "video-not-first.mkvmerge.mkv": merge("@aac", "@ac3-5.1", "@h264"),
    # What mkvpropedit leaves
    "tracks-at-end.mkv": propedit(_FFMPEG, "--edit", "track:a2", "--set", "name=" + _LONG, "--set", "language=fre"),
    "edited.mkvmerge.mkv": propedit(
        _MERGED, "--edit", "track:a1", "--set", "flag-default=1", "--edit", "track:a2", "--set", "flag-default=0"
    ),
    "disabled.mkv": propedit(_MERGED, "--edit", "track:a1", "--set", "flag-enabled=0"),
    "original-flag.mkv": propedit(
        _MERGED, "--edit", "track:a2", "--set", "flag-original=1", "--edit", "track:a1", "--set", "flag-original=0"
    ),
    "commentary-flag.mkv": propedit(_MERGED, "--edit", "track:a1", "--set", "flag-commentary=1"),
    "impaired-flags.mkv": propedit(
        _MERGED,
        "--edit",
        "track:a1",
        "--set",
        "flag-visual-impaired=1",
        "--edit",
        "track:a2",
        "--set",
        "flag-hearing-impaired=1",
    ),
    "forced-audio.mkv": propedit(
        _MERGED, "--edit", "track:a1", "--set", "flag-forced=1", "--edit", "track:a2", "--set", "flag-forced=1"
    ),
    "language-ietf.mkv": propedit(
        _MERGED,
        "--edit",
        "track:a1",
        "--set",
        "language-ietf=pt-BR",
        "--edit",
        "track:a2",
        "--set",
        "language-ietf=es-419",
    ),
    "language-differs.mkv": propedit(
        _FFMPEG, "--edit", "track:a1", "--set", "language=ger", "--set", "language-ietf=fr-CA"
    ),
    "attached-later.mkv": propedit(_MERGED, "--attachment-mime-type", "image/jpeg", "--add-attachment", "@jpg"),
    "names-deleted.mkv": propedit(
        _FFMPEG, "--edit", "track:a1", "--delete", "name", "--edit", "track:a2", "--set", "name="
    ),
    # Codecs
    **{
        f"codec-{name}.mkv": _codec(name)
        for name in [
            "aac-5.1",
            "aac-24k",
            "ac3",
            "ac3-5.1",
            "eac3",
            "eac3-5.1",
            "dts",
            "dts-5.1",
            "truehd",
            "truehd-5.1",
            "flac",
            "flac-24bit",
            "alac",
            "opus",
            "opus-5.1",
            "vorbis",
            "mp3",
            "mp3-mono",
            "mp2",
            "tta",
            "wavpack",
            "wmav2",
            "pcm-u8",
            "pcm-s16le",
            "pcm-s16be",
            "pcm-s24le",
            "pcm-s24be",
            "pcm-s32le",
            "pcm-f32le",
            "pcm-f64le",
            "pcm-alaw",
            "pcm-mulaw",
            "pcm-s16le-5.1",
            "adpcm-ms",
        ]
    },
    **{
        f"video-{name}.mkv": mux(f"{name} aac:eng:default")
        for name in ["hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2", "msmpeg4", "mjpeg", "prores", "theora", "h263"]
    },
    "two-videos.mkv": mux("h264 mpeg4 aac:eng:default aac:jpn"),
}
