"""ffprobe is the judge: files of ffmpeg's, as it reads them, before and after an edit."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from bmff_builder import FTYP, LAYOUTS, applied, moov, probe, trak, window
from test_mp4 import RICH, compressed
from test_mp4_edit import audio, video

from arrtheaudio.containers import mp4
from arrtheaudio.core.language import tag
from arrtheaudio.core.track import Change, Track

pytestmark = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="needs ffmpeg and ffprobe"
)

SAMPLES = Path(__file__).parents[2] / "shared/samples/media"
VIDEO = "-f lavfi -i testsrc=size=64x48:rate=10:duration=0.5"
SINE = "-f lavfi -i sine=duration=0.5:frequency="
INPUTS = f"{VIDEO} {SINE}300 {SINE}400 {SINE}500 -i subtitles.srt -i chapters.txt -map 0 -map 1 -map 2 -map 3"
TAGS = "-metadata:s:1 language=eng -metadata:s:2 language=jpn -metadata:s:3 language=por -disposition:a:2 comment"
THREE = f"{INPUTS} -map_chapters -1 -c:v mpeg4 -c:a aac {TAGS}"
TEXT = f"{INPUTS} -map 4 -map_chapters 5 -c:v mpeg4 -c:a aac -c:s mov_text {TAGS}"
ONE = f"{SINE}300"
FIVE = "-map 0 -map 0 -map 0 -map 0 -map 0"

# name -> ffmpeg's words
SEVERAL = {
    "end.mp4": THREE,
    "front.mp4": f"{THREE} -movflags +faststart",
    "fragmented.mp4": f"{THREE} -movflags +frag_keyframe+empty_moov+default_base_moof",
    "fragmented-sidx.mp4": f"{THREE} -movflags +frag_keyframe+delay_moov+global_sidx",
    "three.mov": THREE,
    "apple.m4v": f"{THREE} -f ipod",
    "subtitles-chapters.mp4": TEXT,
    "subtitles-chapters.mov": TEXT,
    "codecs.mp4": f"{ONE} {FIVE} -c:a:0 ac3 -c:a:1 eac3 -c:a:2 flac -c:a:3 alac -c:a:4 libopus -ac 6 -strict -2",
    "pcm.mov": f"{ONE} {FIVE} -c:a pcm_s8 -c:a:0 pcm_s24le -c:a:1 pcm_f32be -c:a:2 pcm_u8 -c:a:3 pcm_s16le -ar 96000",
}
SINGLE = {
    "one.m4a": f"{ONE} -c:a aac",
    "surround.m4a": f"{ONE} -c:a aac -ac 6 -ar 96000",
    "cover.m4a": f"{ONE} -i cover.png -i cover.jpg -map 0 -map 1 -map 2 -c:a aac -c:v copy -disposition:v attached_pic",
    "truehd.mp4": f"{ONE} -ar 48000 -c:a truehd -ac 6 -strict -2",
    "timecode.mov": f"{VIDEO} -c:v mjpeg -timecode 01:00:00:00",
}
FILES = SEVERAL | SINGLE
SUBTITLES = "1\n00:00:00,000 --> 00:00:00,400\nhello\n"
CHAPTERS = ";FFMETADATA1\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={at}\nEND={at + 200}\ntitle=Part {at}\n" for at in (0, 200)
)


def ffmpeg(folder, *words):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *words], cwd=folder, check=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with what the files are made from."""
    path = tmp_path_factory.mktemp("mp4")
    (path / "subtitles.srt").write_text(SUBTITLES)
    (path / "chapters.txt").write_text(CHAPTERS)
    for picture in ("cover.png", "cover.jpg"):
        ffmpeg(path, *VIDEO.split(), "-frames:v", "1", picture)
    return path


@pytest.fixture
def made(request, folder):
    """One of the files, made when it is first asked for."""
    path = folder / request.param
    if not path.exists():
        ffmpeg(folder, *FILES[request.param].split(), path.name)
    return path


def judged(path):
    """Return what ffprobe says, as tracks; None where it cannot read the file."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        return None
    answer = json.loads(done.stdout)
    return [judged_track(stream) for stream in answer["streams"]], answer["format"]


def judged_track(stream):
    has = stream["disposition"]
    language = stream.get("tags", {}).get("language")
    return Track(
        index=stream["index"],
        type=stream["codec_type"],
        codec=stream.get("codec_name", "unknown"),
        number=None if has["attached_pic"] else int(stream["id"], 16),
        language=tag(language or "und"),
        language_in_file=language,
        channels=stream.get("channels") or None,
        sample_rate=int(stream.get("sample_rate", 0)) or None,
        default=bool(has["default"]),
        forced=bool(has["forced"]),
        commentary=bool(has["comment"]),
        visual_impaired=bool(has["visual_impaired"]),
        hearing_impaired=bool(has["hearing_impaired"]),
    )


def nameless(tracks):
    """Return the tracks without what ffprobe 5.1 does not read."""
    return [track._replace(name=None) for track in tracks]


@pytest.mark.parametrize("made", FILES, indirect=True)
def test_the_tracks_are_those_of_ffprobe(made):
    found = probe(made.read_bytes())
    tracks, form = judged(made)
    assert nameless(found.tracks) == tracks
    assert found.muxer == form["tags"].get("encoder")
    if "fragmented" in made.name:
        assert found.duration is None
    else:
        assert found.duration == pytest.approx(float(form["duration"]), abs=0.1)


@pytest.mark.parametrize("made", SEVERAL, indirect=True)
def test_ffprobe_sees_the_new_default_and_nothing_else(made, tmp_path):
    data = made.read_bytes()
    audio_tracks = [track for track in probe(data).tracks if track.type == "audio"]
    wanted = {track.index: track == audio_tracks[1] for track in audio_tracks}
    changes = [
        Change(track.index, "default", track.default, not track.default)
        for track in audio_tracks
        if track.default is not wanted[track.index]
    ]
    edited = tmp_path / made.name
    edited.write_bytes(applied(data, mp4.plan(window(data), changes).edits))
    (before, form_before), (after, form_after) = judged(made), judged(edited)
    assert changes
    assert after == [track._replace(default=wanted.get(track.index, track.default)) for track in before]
    assert form_after | {"filename": ""} == form_before | {"filename": ""}


BUILT = {
    "rich": LAYOUTS["end"](RICH),
    "compressed": compressed(RICH),
    "all-flags": FTYP + moov(*(trak(audio(flags)._replace(number=flags + 1)) for flags in range(16))),
    "groups": FTYP
    + moov(trak(video()), *(trak(audio(1, group, group & 1)._replace(number=group + 2)) for group in range(5))),
    "languages": LAYOUTS["quicktime"](
        moov(
            *(
                trak(audio()._replace(number=code + 1, language=code))
                for code in (0, 11, 12, 32, 94, 134, 0x7FFF, 0x55C4)
            )
        )
    ),
}


@pytest.mark.parametrize("name", BUILT)
def test_the_built_files_are_read_by_ffprobe_too(name, tmp_path):
    path = tmp_path / f"{name}.mp4"
    path.write_bytes(BUILT[name])
    tracks, _ = judged(path)
    # ffprobe passes over elng.
    expected = [
        track._replace(language="und", language_in_file="und") if track.language == "en-GB" else track
        for track in probe(BUILT[name]).tracks
    ]
    assert nameless(expected) == tracks


def corpus():
    return sorted(path for kind in ("mp4", "m4a", "mov") for path in SAMPLES.glob(f"*/*.{kind}"))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="an extra corpus, where it exists")
@pytest.mark.parametrize("path", corpus(), ids=lambda path: path.name)
def test_an_extra_corpus(path):
    answer = judged(path)
    if answer is None:
        pytest.skip("ffprobe cannot read it")
    assert nameless(probe(path.read_bytes()).tracks) == answer[0]
