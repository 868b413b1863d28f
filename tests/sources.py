"""What the samples are muxed from: a fraction of a second of each codec, encoded once."""

import os
import subprocess
from pathlib import Path

PATIENCE = 60  # seconds that a program may take before the test fails
FFMPEG = ("ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", "-fflags", "+bitexact")

# ffmpeg's encoder and options; the picture is 64x64, the sound a stereo tone of 48 kHz where nothing else is said.
VIDEO = {
    "h264": "libx264 -preset ultrafast -g 2",
    "hevc": "libx265 -preset ultrafast -x265-params log-level=none:pools=none",
    "vp8": "libvpx -cpu-used 8",
    "vp9": "libvpx-vp9 -cpu-used 8",
    "av1": "libaom-av1 -cpu-used 8 -usage realtime",
    "mpeg4": "mpeg4",
    "mpeg2": "mpeg2video",
    "msmpeg4": "msmpeg4",
    "mjpeg": "mjpeg -pix_fmt yuvj420p",
    "prores": "prores",
    "theora": "libtheora",
    "h263": "h263 -s 128x96",
}
AUDIO = {
    "aac": "aac -ac 2 -b:a 32k",
    "aac-mono-24k": "aac -ac 1 -ar 24000 -b:a 16k",
    "aac-24k": "aac -ac 2 -ar 24000 -b:a 24k",
    "aac-5.1": "aac -ac 6 -b:a 96k",
    "ac3": "ac3 -ac 2 -b:a 64k",
    "ac3-5.1": "ac3 -ac 6 -b:a 192k",
    "eac3": "eac3 -ac 2 -b:a 64k",
    "eac3-5.1": "eac3 -ac 6 -b:a 192k",
    "dts": "dca -strict -2 -ac 2 -b:a 320k",
    "dts-5.1": "dca -strict -2 -ac 6 -b:a 768k",
    "truehd": "truehd -strict -2 -ac 2",
    "truehd-5.1": "truehd -strict -2 -ac 6 -channel_layout 5.1",
    "flac": "flac -ac 2",
    "flac-24bit": "flac -ac 2 -sample_fmt s32 -bits_per_raw_sample 24",
    "alac": "alac -ac 2",
    "opus": "libopus -ac 2 -b:a 32k",
    "opus-5.1": "libopus -ac 6 -b:a 96k",
    "vorbis": "libvorbis -ac 2 -q:a 0",
    "mp3": "libmp3lame -ac 2 -b:a 32k",
    "mp3-mono": "libmp3lame -ac 1 -ar 22050 -b:a 16k",
    "mp2": "mp2 -ac 2 -b:a 64k",
    "tta": "tta -ac 1",
    "wavpack": "wavpack -ac 1",
    "wmav2": "wmav2 -ac 1 -b:a 32k",
    "pcm-u8": "pcm_u8 -ac 1 -ar 8000",
    "pcm-s16le": "pcm_s16le -ac 1 -ar 8000",
    "pcm-s16be": "pcm_s16be -ac 1 -ar 8000",
    "pcm-s24le": "pcm_s24le -ac 1 -ar 8000",
    "pcm-s24be": "pcm_s24be -ac 1 -ar 8000",
    "pcm-s32le": "pcm_s32le -ac 1 -ar 8000",
    "pcm-f32le": "pcm_f32le -ac 1 -ar 8000",
    "pcm-f64le": "pcm_f64le -ac 1 -ar 8000",
    "pcm-alaw": "pcm_alaw -ac 1 -ar 8000",
    "pcm-mulaw": "pcm_mulaw -ac 1 -ar 8000",
    "pcm-s16le-5.1": "pcm_s16le -ac 6 -ar 8000",
    "adpcm-ms": "adpcm_ms -ac 1 -ar 8000",
}
_SRT = "1\n00:00:00,000 --> 00:00:00,200\nHello\n\n2\n00:00:00,200 --> 00:00:00,400\nWorld\n"
_ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n{styles}\n"
    "[Events]\nFormat: Layer, Start, End, Style, Text\nDialogue: 0,0:00:00.00,0:00:00.30,S0,Hello\n"
)
_VTT = "WEBVTT\n\n00:00.000 --> 00:00.300\nHello\n"
TEXT = {
    "srt": _SRT,
    "ass": _ASS.format(styles="Style: S0,Arial,20"),
    # mkvmerge and ffmpeg put all of the header into CodecPrivate: more than one read of 16 KiB.
    "big.ass": _ASS.format(styles="\n".join(f"Style: S{number},Arial Unicode,{number}" for number in range(1500))),
    "vtt": _VTT,
    "chapters": ";FFMETADATA1\n"
    + "".join(f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={at}\nEND={at + 100}\ntitle=Part {at}\n" for at in (0, 100, 200)),
}


def call(*command: str | os.PathLike[str]) -> bytes:
    """Return what a program wrote into a pipe; RuntimeError where it fails. mkvtoolnix ends with 1 for a warning."""
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE)
    if done.returncode > (1 if str(command[0]).startswith("mkv") else 0):
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.returncode}: {said}")
    return done.stdout


def make(name: str, path: Path) -> None:
    """Write the source of a name to a path."""
    if name in VIDEO:
        _encode("testsrc=s=64x64:r=10:d=0.4", "-c:v", VIDEO[name], path)
    elif name in AUDIO:
        _encode("sine=r=48000:d=0.4", "-c:a", AUDIO[name], path)
    elif name in TEXT:
        path.write_text(TEXT[name])
    else:
        OTHERS[name](path)


def suffix(name: str) -> str:
    """Return how the file of a source ends."""
    if name in VIDEO or name in AUDIO:
        return ".mkv"
    return {"chapters": ".txt", "png": ".png", "jpg": ".jpg", "sup": ".sup", "font": ".ttf", "vobsub": ".mkv"}.get(
        name, f".{name}"
    )


def _encode(lavfi: str, option: str, encoder: str, path: Path) -> None:
    call(*FFMPEG, "-f", "lavfi", "-i", lavfi, option, *encoder.split(), "-flags", "+bitexact", path)


def _picture(path: Path) -> None:
    call(*FFMPEG, "-f", "lavfi", "-i", "color=red:s=16x16", "-frames:v", "1", "-update", "1", path)


def _font(path: Path) -> None:
    # No program that the samples go through reads more of it than its first bytes.
    path.write_bytes(b"\0\1\0\0\0\1\0\x10\0\0\0\0" + bytes(300))


def _sup(path: Path) -> None:
    """Blu-ray's Presentation Graphics: one red square of 8x8 that is shown, then taken away."""
    window = bytes.fromhex("01 00 0000 0000 0008 0008")
    shown = bytes.fromhex("0040 0040 10 0000 80 00 00 01 0000 00 00 0000 0000")
    gone = bytes.fromhex("0040 0040 10 0001 00 00 00 00")
    palette = bytes.fromhex("00 00 01 51 F0 5A FF")
    runs = bytes.fromhex("00 88 01 00 00") * 8
    bitmap = bytes.fromhex("0000 00 C0") + (len(runs) + 4).to_bytes(3) + bytes.fromhex("0008 0008") + runs
    first = [(0x16, shown), (0x17, window), (0x14, palette), (0x15, bitmap), (0x80, b"")]
    parts = [(0, first), (27_000, [(0x16, gone), (0x17, window), (0x80, b"")])]
    path.write_bytes(
        b"".join(
            b"PG" + at.to_bytes(4) + bytes(4) + bytes([kind]) + len(data).to_bytes(2) + data
            for at, segments in parts
            for kind, data in segments
        )
    )


def _vobsub(path: Path) -> None:
    sup = path.with_suffix(".sup")
    _sup(sup)
    call(*FFMPEG, "-i", sup, "-map", "0", "-c:s", "dvdsub", path)
    sup.unlink()


OTHERS = {"png": _picture, "jpg": _picture, "font": _font, "sup": _sup, "vobsub": _vobsub}
