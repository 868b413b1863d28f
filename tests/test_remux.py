"""The last resort: a file without room for the change is muxed anew and compared, or left alone."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import surgery
from rig import RENAME, mounted, need_mounts, need_programs
from spool_rig import Yard
from surgery import Element, in_file

from arrtheaudio import editing, remux
from arrtheaudio.core.track import Change
from arrtheaudio.editing import Intent
from arrtheaudio.errors import NoRoom, ToolFailed
from arrtheaudio.files import Media, open_to_edit
from arrtheaudio.journal import Journal

CUES = 0x1C53BB6B
SETTINGS = "language_priority: [jpn, eng]\nprefer_original: false\n"
PATIENCE = 60  # seconds


def _tighten(root: list[Element]) -> None:
    """Leave no byte to spare: nothing that is implied is written, every size is short, no Void, no CRC-32.

    All tracks are default then, by FlagDefault's absence. What names positions in the file goes too.
    """
    segment = root[1]
    segment.drop(surgery.SEEK_HEAD, surgery.VOID, CUES)
    tracks = segment.first(surgery.TRACKS).drop(surgery.CRC32)
    tracks.width = 0
    for entry in tracks.all(surgery.TRACK_ENTRY):
        entry.width = 0
        entry.drop(surgery.FLAG_DEFAULT, surgery.FLAG_FORCED, surgery.FLAG_LACING, surgery.FLAG_ENABLED, surgery.VOID)
        if [child.data for child in entry.all(surgery.LANGUAGE)] == [b"eng"]:
            entry.drop(surgery.LANGUAGE, surgery.LANGUAGE_BCP47)
        for child in entry.children or []:
            child.width = 0


@pytest.fixture
def tight(samples: Mapping[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that puts a sample without room into a library folder of its own."""

    def make(name: str) -> Path:
        folder = tmp_path / "library"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_bytes(in_file(_tighten)(samples[name].read_bytes()))
        return path

    return make


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """The environment of a configuration that wants Japanese, with a journal of its own."""
    config = tmp_path / "config.yaml"
    config.write_text(SETTINGS)
    return {"ARRTHEAUDIO_CONFIG": str(config), "ARRTHEAUDIO_JOURNAL_PATH": str(tmp_path / "journal")}


SAMPLES = [
    "three-audio.mkvmerge.mkv",
    "three-audio.ffmpeg.mkv",
    "attachments.mkvmerge.mkv",
    "chapters.mkvmerge.mkv",
    "three-audio.mkvmerge.webm",
    "compressed.mkvmerge.mkv",
]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_without_room_is_written_anew(tight: Any, run: Any, records: Any, settings: Any, name: str) -> None:
    path = tight(name)
    before = path.stat()
    told = _ask(path)
    (skipped,) = records(run("apply", path, env=settings).stdout)
    assert skipped["apply"]["reason"] == "no_room"
    (planned,) = records(run("apply", "--dry-run", "--allow-rewrite", path, env=settings).stdout)
    assert planned["apply"] == {"status": "planned", "method": "rewrite"}
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    (record,) = records(run("apply", "--allow-rewrite", path, env=settings, status=None).stdout)
    assert "error" not in record, record["error"]
    assert record["apply"].keys() == {"status", "method", "journal"}
    assert (record["apply"]["status"], record["apply"]["method"]) == ("changed", "rewrite")
    assert _defaults(path) == [False, True, False]
    assert _ask(path) == told


# What a tool may do to us


Fake = Callable[[str], dict[str, str]]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Return a function that makes a mkvmerge of a line of shell, and the environment in which it is found first.

    In it `$real` is the real one, `$out` the name of the output and `$in` that of the input. `mkvmerge -J` stays real.
    """

    def make(script: str) -> dict[str, str]:
        folder = tmp_path / "fake"
        folder.mkdir(exist_ok=True)
        program = folder / "mkvmerge"
        program.write_text(
            f"#!/bin/sh\nreal={shutil.which('mkvmerge')}\n"
            'case "$*" in -J*) exec $real "$@";; esac\n'
            'out=; for in in "$@"; do [ "$previous" = --output ] && out=$in; previous=$in; done\n'
            f"cd {folder}\n{script}\n"
        )
        program.chmod(0o755)
        return {"PATH": f"{folder}:{os.environ['PATH']}"}

    return make


def _state(folder: Path) -> dict[str, Any]:
    """Return all that is in a library: names, bytes, inodes, times."""
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


FAULTS = [
    pytest.param("echo '#GUI#error The disk is tired.'; exit 2", "ended with 2: The disk is tired.", id="fails"),
    pytest.param("echo '#GUI#warning A frame is odd.'; exit 1", "ended with 1: A frame is odd.", id="warns"),
    pytest.param("kill -9 $$", "was ended by signal 9", id="dies"),
    pytest.param("exit 0", "the remuxed file, of 0 bytes, does not read", id="writes nothing"),
    pytest.param("head -c 5000 /dev/urandom > $out", "of 5,000 bytes, does not read", id="writes garbage"),
    pytest.param("$real -q -o half $in; head -c 6000 half > $out", "not the same", id="stops halfway"),
    pytest.param("$real -q --no-subtitles -o $out $in", "there were 8 tracks and are 7", id="loses a track"),
    pytest.param('$real --no-attachments "$@"', "there were 8 tracks and are 5", id="loses attachments"),
    pytest.param('$real --title Other "$@"', "title was None and is 'Other'", id="another title"),
    pytest.param('$real --no-track-tags "$@"', "not the same", id="loses tags"),
    pytest.param('$real --track-name 1:Other "$@"', "track 1 is not as planned", id="another name"),
    pytest.param('$real --commentary-flag 1:1 "$@"', "track 1 is not as planned", id="another disposition"),
    pytest.param('$real --visual-impaired-flag 4:1 "$@"', "track 4 is not as planned", id="of another type"),
    pytest.param('$real --sync 2:200 "$@"', "not the same", id="out of step"),
    pytest.param("cp $in $out", "track 1 is not as planned", id="changes nothing"),
    pytest.param(
        "yes $in $in $in $in $in $in $in $in $in $in $in | head -c 30000000", "printed more than 16 MiB", id="babbles"
    ),
]


@pytest.mark.parametrize(("script", "message"), FAULTS)
def test_a_fault_of_the_tool_leaves_the_file(
    tight: Any, run: Any, records: Any, settings: Any, fake: Fake, tmp_path: Path, script: str, message: str
) -> None:
    path = tight("attachments.mkvmerge.mkv")
    before = _state(path.parent)
    (record,) = records(run("apply", "--allow-rewrite", path, env=settings | fake(script), status=1).stdout)
    assert record["error"]["code"] == "tool_failed"
    assert message in record["error"]["message"]
    assert _state(path.parent) == before
    assert not list((tmp_path / "journal/open").iterdir())


def test_a_tool_that_is_not_installed(tight: Any, run: Any, records: Any, settings: Any) -> None:
    path = tight(SAMPLES[0])
    before = _state(path.parent)
    (record,) = records(run("apply", "--allow-rewrite", path, env=settings | {"PATH": "/nowhere"}, status=1).stdout)
    assert record["error"] == {
        "stage": "apply",
        "code": "tool_missing",
        "message": "a rewrite needs mkvmerge (package mkvtoolnix)",
    }
    assert _state(path.parent) == before


def test_a_tool_that_does_not_end(tight: Any, run: Any, records: Any, settings: Any, fake: Fake) -> None:
    path = tight(SAMPLES[0])
    before = _state(path.parent)
    slow = settings | fake("sleep 600") | {"ARRTHEAUDIO_PROCESSING_TIMEOUT_SECONDS": "2"}
    (record,) = records(run("apply", "--allow-rewrite", path, env=slow, status=1).stdout)
    assert record["error"]["code"] == "timeout"
    assert _state(path.parent) == before


def test_a_disk_that_is_too_small(tight: Any, run: Any, records: Any, settings: Any, tmp_path: Path) -> None:
    need_mounts()
    source = tight(SAMPLES[0]).read_bytes()
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", f"size={len(source) * 2 + 8192}", "tmpfs") as disk:
        (disk / "film.mkv").write_bytes(source)
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        (record,) = records(run("apply", "--allow-rewrite", disk / "film.mkv", env=settings, status=1).stdout)
        assert record["error"]["code"] == "no_space"
        assert f"{2 * len(source):,} bytes" in record["error"]["message"]
        assert f"{free:,} are free" in record["error"]["message"]
        assert [path.name for path in disk.iterdir()] == ["film.mkv"]


def test_a_disk_that_fills_up(tight: Any, run: Any, records: Any, settings: Any, fake: Fake, tmp_path: Path) -> None:
    need_mounts()
    source = tight(SAMPLES[0]).read_bytes()
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=2m", "tmpfs") as disk:
        (disk / "film.mkv").write_bytes(source)
        greedy = settings | fake("cat /dev/zero > $out")
        (record,) = records(run("apply", "--allow-rewrite", disk / "film.mkv", env=greedy, status=1).stdout)
        assert record["error"]["code"] == "no_space"
        assert [path.name for path in disk.iterdir()] == ["film.mkv"]
        assert (disk / "film.mkv").read_bytes() == source


# Signals


SLOW = "echo $$ > pid; sleep 600 & echo $! > child; wait"


def _start(path: Path, home: Mapping[str, str], settings: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "arrtheaudio", "apply", "--allow-rewrite", path]
    return subprocess.Popen(command, env={**home, **settings}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _await_tool(folder: Path) -> list[int]:
    """Return the process ids of the slow tool and of its child, once they run."""
    deadline = time.monotonic() + PATIENCE
    while not (folder / "child").exists() or not (folder / "child").read_text().endswith("\n"):
        assert time.monotonic() < deadline, "the tool is not started"
        time.sleep(0.01)
    return [int((folder / name).read_text()) for name in ("pid", "child")]


def _gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"  # dead, and nobody has asked how


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_the_tool_and_leaves_the_file(
    tight: Any, home: Any, settings: Any, fake: Fake, records: Any, tmp_path: Path, number: signal.Signals
) -> None:
    path = tight(SAMPLES[0])
    before = _state(path.parent)
    with _start(path, home, settings | fake(SLOW)) as process:
        tools = _await_tool(tmp_path / "fake")
        process.send_signal(number)
        stdout, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number
    (record,) = records(stdout)
    assert (record["error"]["code"], record["error"]["message"]) == ("tool_failed", f"given up: {number.name} came")
    assert all(map(_gone, tools))
    assert _state(path.parent) == before
    assert not list((tmp_path / "journal/open").iterdir())


def test_killed_while_the_tool_works(
    tight: Any, home: Any, run: Any, settings: Any, fake: Fake, tmp_path: Path
) -> None:
    """The new file goes at once; the tool, when it next tells how far it is: nobody listens."""
    path = tight(SAMPLES[0])
    before = _state(path.parent)
    busy = "echo x > $out; echo $$ > pid; echo $$ > child; while :; do echo '#GUI#progress 1%'; sleep 0.2; done"
    with _start(path, home, settings | fake(busy)) as process:
        tool, _ = _await_tool(tmp_path / "fake")
        process.kill()
        process.communicate(timeout=PATIENCE)
    assert len(_state(path.parent)) == 3, "the file, the dot-folder and what is made in it"
    assert b"rolled back" in run("admin", "recover", env=settings).stdout
    assert _state(path.parent) == before
    assert not list((tmp_path / "journal/open").iterdir())
    deadline = time.monotonic() + PATIENCE
    while not _gone(tool):
        assert time.monotonic() < deadline
        time.sleep(0.02)


CALLS = ["/^mkdir", "fsync", RENAME, "fchown", "utimensat"]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.strip("/^"))
def test_killed_at_any_call(tight: Any, home: Any, run: Any, settings: Any, tmp_path: Path, call: str) -> None:
    need_programs("strace")
    # To compile and keep a module takes such calls too, before the first that counts.
    environ = {**home, **settings, "PYTHONDONTWRITEBYTECODE": "1"}
    outcomes = []
    for n in range(1, 20):
        path = tight(SAMPLES[0])
        old = path.read_bytes()
        shutil.rmtree(tmp_path / "journal", ignore_errors=True)
        trace = ["strace", "-qq", "-o", tmp_path / "log", "-e", f"trace={call}", "-e"]
        program = [sys.executable, "-m", "arrtheaudio", "apply", "--allow-rewrite", path]
        done = subprocess.run(
            [*trace, f"inject={call}:signal=KILL:when={n}", *program],
            env=environ,
            capture_output=True,
            timeout=PATIENCE,
        )
        if done.returncode == 0:
            break
        assert done.returncode in (-9, 137), done
        run("admin", "recover", env=settings)
        assert [found.name for found in path.parent.iterdir()] == [path.name]
        changed = path.read_bytes() != old
        assert not changed or _defaults(path) == [False, True, False]
        finished = tmp_path / "journal/done"
        assert len(list(finished.iterdir()) if finished.exists() else []) == changed
        outcomes.append(changed)
        assert not list((tmp_path / "journal/open").iterdir() if (tmp_path / "journal/open").exists() else [])
    assert done.returncode == 0, "there are more such calls"
    assert outcomes, "nothing to be killed at: the test would show nothing"
    if call == RENAME:  # of the file, and of the journal's entry
        assert outcomes == [False, True]


# What stands around the file


def test_owner_mode_times_and_attributes_stay(tight: Any, run: Any, settings: Any) -> None:
    path = tight(SAMPLES[0])
    path.chmod(0o640)
    os.utime(path, ns=(1_600_000_000_000_000_001, 1_600_000_000_000_000_002))
    os.setxattr(path, "user.note", b"mine")
    before = path.stat()
    run("apply", "--allow-rewrite", path, env=settings)
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid, after.st_mtime_ns) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
        before.st_mtime_ns,
    )
    assert os.getxattr(path, "user.note") == b"mine"
    assert after.st_ino != before.st_ino
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_other_names_keep_the_old_file(tight: Any, run: Any, settings: Any, tmp_path: Path) -> None:
    path = tight(SAMPLES[0])
    old, seeding = path.read_bytes(), tmp_path / "seeding.mkv"
    os.link(path, seeding)
    done = run("apply", "--allow-rewrite", path, env=settings)
    assert b"its other names (1) keep the file" in done.stderr
    assert seeding.read_bytes() == old
    assert _defaults(path) == [False, True, False]


def test_undo_refuses(tight: Any, run: Any, settings: Any, records: Any) -> None:
    path = tight(SAMPLES[0])
    done = run("apply", "--allow-rewrite", path, env=settings).stdout
    new = path.read_bytes()
    for undone in (run("undo", input=done, env=settings, status=1), run("undo", path, env=settings, status=1)):
        (record,) = records(undone.stdout)
        assert record["error"]["code"] == "changed_since_probe"
        assert "written anew, which cannot be taken back" in record["error"]["message"]
    assert path.read_bytes() == new
    (entry,) = records(run("undo", "--list", env=settings).stdout)
    assert entry["apply"]["method"] == "rewrite"


def test_the_next_edit_is_in_place(tight: Any, run: Any, settings: Any, records: Any) -> None:
    """A file that was written anew has room, and what is done to it then can be taken back."""
    path = tight(SAMPLES[0])
    run("apply", "--allow-rewrite", path, env=settings)
    new = path.read_bytes()
    english = {"ARRTHEAUDIO_LANGUAGE_PRIORITY": "[eng]"}
    (record,) = records(run("apply", path, env=settings | english).stdout)
    assert record["apply"]["method"] == "in_place"
    run("undo", path, env=settings)
    assert path.read_bytes() == new


# The call itself


def _rewrite(
    path: Path,
    journal: Path,
    changes: Sequence[Change] | None = None,
    watch: Callable[[float], None] = lambda _: None,
    at_once: int = 1,
) -> None:
    """Make the changes, or the second audio track the default one."""
    with open_to_edit(os.fsencode(path)) as media:
        wanted = _second(media) if changes is None else changes
        limits = remux.Limits(PATIENCE, at_once)
        remux.rewrite(media, wanted, Journal(str(journal)), Intent("test"), limits, watch)


def _second(media: Media) -> list[Change]:
    audio = [track for track in media.probe().tracks if track.type == "audio"]
    pairs = [(track, track is audio[1]) for track in audio]
    return [Change(track.index, "default", track.default, to) for track, to in pairs if track.default != to]


@pytest.mark.parametrize("name", [SAMPLES[0], "faststart.mp4"])
def test_progress_goes_up_to_the_end(samples: Any, tight: Any, tmp_path: Path, name: str) -> None:
    path = tight(name) if name.endswith("mkv") else Path(shutil.copy(samples[name], tmp_path))
    seen: list[float] = []
    _rewrite(path, tmp_path / "journal", watch=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("at_once", "overlap"), [(1, False), (2, True)])
def test_so_many_at_once(tight: Any, fake: Fake, monkeypatch: Any, tmp_path: Path, at_once: int, overlap: bool) -> None:
    paths = [tight(name) for name in SAMPLES[:2]]
    environ = fake('mkdir busy || touch overlap; sleep 1; rmdir busy; exec $real "$@"')
    monkeypatch.setenv("PATH", environ["PATH"])
    threads = [
        threading.Thread(target=_rewrite, args=(path, tmp_path / "journal"), kwargs={"at_once": at_once})
        for path in paths
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert (tmp_path / "fake/overlap").exists() == overlap
    assert [_defaults(path) for path in paths] == [[False, True, False]] * 2


@pytest.mark.parametrize("name", ["vp8-vorbis.webm", "one-audio.mka"])
def test_the_only_audio_track_is_no_default(tight: Any, tmp_path: Path, name: str) -> None:
    """The shape that libwebm and Chrome write, with nothing to spare."""
    path = tight(name)
    with open_to_edit(os.fsencode(path)) as media:
        (track,) = [track for track in media.probe().tracks if track.type == "audio"]
        changes = [Change(track.index, "default", True, False)]
        with pytest.raises(NoRoom):
            editing.plan(media, changes)
    _rewrite(path, tmp_path / "journal", changes)
    assert _defaults(path) == [False]


def test_the_original_flag_is_written_too(tight: Any, tmp_path: Path) -> None:
    path = tight(SAMPLES[0])
    changes = [Change(1, "default", True, False), Change(2, "original", False, True)]
    _rewrite(path, tmp_path / "journal", changes)
    shown = _json("ffprobe", "-v", "error", "-show_streams", "-of", "json", path)["streams"]
    assert [stream["disposition"]["original"] for stream in shown] == [0, 0, 1, 0, 0]
    assert [stream["disposition"]["default"] for stream in shown] == [1, 0, 1, 1, 1]


@pytest.mark.parametrize("name", ["16-audio.mkv", "names-deleted.mkv", "dvbsub.mkv"])
def test_what_mkvmerge_does_not_keep_is_refused(tight: Any, tmp_path: Path, name: str) -> None:
    """It takes some AAC for AAC of twice the sample rate, drops empty names, and warns of unknown codec data."""
    path = tight(name)
    before = _state(path.parent)
    with pytest.raises(ToolFailed):
        _rewrite(path, tmp_path / "journal", [Change(1, "default", True, False)])
    assert _state(path.parent) == before


MP4 = ["moov-at-end.mp4", "faststart.mp4", "three-audio.mov", "ipod.m4v", "fragmented.mp4", "cover.mp4", "chapters.mp4"]


@pytest.mark.parametrize("name", MP4)
def test_mp4(samples: Any, tmp_path: Path, name: str) -> None:
    path = Path(shutil.copy(samples[name], tmp_path))
    front = _moov_in_front(path)
    _rewrite(path, tmp_path / "journal")
    defaults = _defaults(path)
    assert defaults == [at == 1 for at in range(len(defaults))]
    assert _moov_in_front(path) == front


def _moov_in_front(path: Path) -> bool:
    data = path.read_bytes()
    return data.index(b"moov") < data.index(b"mdat")


def test_what_mp4_cannot_keep_is_refused(samples: Any, tmp_path: Path) -> None:
    """The BCP 47 language of an elng box is lost: ffmpeg does not read it, and only our own reading sees that."""
    path = Path(shutil.copy(samples["elng.mp4"], tmp_path))
    old = path.read_bytes()
    with pytest.raises(ToolFailed, match="is not as planned"):
        _rewrite(path, tmp_path / "journal")
    assert path.read_bytes() == old


def _ask(path: Path) -> dict[str, Any]:
    """Return what ffprobe and mkvmerge say that a person would miss."""
    shown = _json("ffprobe", "-v", "error", "-show_streams", "-show_chapters", "-of", "json", path)
    said = _json("mkvmerge", "-J", path)
    streams = [
        {
            "codec": stream.get("codec_name"),
            "channels": stream.get("channels"),
            "language": stream.get("tags", {}).get("language"),
            "title": stream.get("tags", {}).get("title"),
            "file": stream.get("tags", {}).get("filename"),
            "dispositions": {key: value for key, value in stream["disposition"].items() if key != "default"},
        }
        for stream in shown["streams"]
    ]
    chapters = [(chapter["start_time"], chapter.get("tags")) for chapter in shown["chapters"]]
    attachments = [(file["file_name"], file["size"], file["content_type"]) for file in said["attachments"]]
    title = said["container"]["properties"].get("title")
    return {"streams": streams, "chapters": chapters, "attachments": attachments, "title": title}


def _defaults(path: Path) -> list[bool]:
    """Return the default disposition of each audio track, as ffprobe sees it."""
    shown = _json("ffprobe", "-v", "error", "-select_streams", "a", "-show_streams", "-of", "json", path)
    return [bool(stream["disposition"]["default"]) for stream in shown["streams"]]


def _json(*command: Any) -> Any:
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE).stdout)


def test_a_worker_that_waits_for_its_turn_is_not_killed_for_that(tight: Any, tmp_path: Path) -> None:
    yard = Yard(tmp_path / "yard", timeout_seconds=2, allow_rewrite=True)
    yard.add(tight(SAMPLES[0]))
    journal = yard.folder / "journal"
    journal.mkdir(0o700)
    with (journal / "rewriting.0").open("wb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        with yard.popen("jobs", "run", "--workers", 1) as worker:
            time.sleep(4)
            fcntl.flock(turn, fcntl.LOCK_UN)
            out, said = worker.communicate(timeout=PATIENCE)
    assert said == b""
    assert json.loads(out)["record"]["apply"]["method"] == "rewrite"
