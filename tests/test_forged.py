"""Records that say what is not so: `undo` believes none of it, and the file stays whole."""

import base64
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rig
from conftest import Run, parse

SAMPLES = ("three-audio.mkvmerge.mkv", "faststart.mp4")
Forge = Callable[[dict[str, Any]], object]


def forged(run: Run, film: Path, forge: Forge) -> dict[str, Any]:
    """Edit a film, forge the record, and return what `undo` makes of it."""
    (record,) = parse(run("process", "--original", "ja", film).stdout)
    forge(record)
    (answer,) = parse(run("undo", input=json.dumps(record).encode(), status=None).stdout)
    return answer


def edit(offset: int, film: bytes, length: int) -> dict[str, object]:
    after = base64.b64encode(film[offset : offset + length]).decode()
    return {"offset": offset, "before": base64.b64encode(bytes(length)).decode(), "after": after}


FORGERIES = [
    pytest.param(lambda record: record["apply"].update(edits=record["apply"]["edits"][1:]), id="an edit is left out"),
    pytest.param(
        lambda record: record["apply"].update(edits=record["apply"]["edits"][:1]), id="only the first is left"
    ),
    pytest.param(lambda record: record["apply"]["edits"][0].update(before="////"[:4]), id="other bytes before"),
]


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("forge", FORGERIES)
def test_edits_that_are_not_the_journal_s(run: Run, copy_of: Callable[[str], Path], sample: str, forge: Forge) -> None:
    film = copy_of(sample)
    edited = copy_of(sample).parent / f"edited-{sample}"
    edited.write_bytes(film.read_bytes())
    run("process", "--original", "ja", edited)
    answer = forged(run, film, forge)
    assert answer["error"]["code"] == "invalid_record"
    assert film.read_bytes() == edited.read_bytes()


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("offset", [pytest.param(0, id="the start"), pytest.param(-16, id="the end")])
def test_edits_outside_the_header(run: Run, copy_of: Callable[[str], Path], sample: str, offset: int) -> None:
    film = copy_of(sample)
    before = film.read_bytes()
    record = {"path": str(film), "apply": {"status": "changed", "edits": [edit(offset % len(before), before, 8)]}}
    (answer,) = parse(run("undo", input=json.dumps(record).encode(), status=1).stdout)
    assert answer["error"]["code"] == "invalid_record"
    assert "lie outside" in answer["error"]["message"]
    assert film.read_bytes() == before


@pytest.mark.parametrize("sample", SAMPLES)
def test_edits_that_break_the_header(run: Run, copy_of: Callable[[str], Path], sample: str) -> None:
    film = copy_of(sample)
    (done,) = parse(run("process", "--original", "ja", film).stdout)
    before = film.read_bytes()
    offset = done["apply"]["edits"][0]["offset"]
    record = {"path": str(film), "apply": {"status": "changed", "edits": [edit(offset, before, 1)]}}
    record["apply"]["edits"][0]["before"] = base64.b64encode(bytes([before[offset] ^ 0x7C])).decode()  # type: ignore[index]
    (answer,) = parse(run("undo", input=json.dumps(record).encode(), status=None).stdout)
    if "error" in answer:
        assert film.read_bytes() == before
    ended = subprocess.run(["ffprobe", "-v", "error", film], capture_output=True)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_file_that_is_no_media(run: Run, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("hello world secret=no\n")
    record = {"path": str(text), "apply": {"status": "changed", "edits": [edit(12, text.read_bytes(), 9)]}}
    (answer,) = parse(run("undo", input=json.dumps(record).encode(), status=1).stdout)
    assert answer["error"]["code"] == "not_media"
    assert text.read_text() == "hello world secret=no\n"


def test_who_may_write_but_does_not_own_can_undo(run: Run, copy_of: Callable[[str], Path], tmp_path: Path) -> None:
    if os.geteuid():
        rig.needs("root, to be somebody else")
    film = copy_of("three-audio.ffmpeg.mkv")
    before = film.read_bytes()
    (record,) = parse(run("process", "--original", "ja", film).stdout)
    os.chown(film, 4242, 4242)
    film.chmod(0o666)
    home = tmp_path / "config.yaml"
    home.write_text("{}\n")
    command = ["setpriv", "--bounding-set=-fowner", "--inh-caps=-fowner", *rig.ARRTHEAUDIO, "undo"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    done = subprocess.run(command, input=json.dumps(record).encode(), capture_output=True, env=environment)
    (answer,) = parse(done.stdout)
    assert answer["undo"]["status"] == "undone", (answer, done.stderr)
    assert film.read_bytes() == before
    assert b"only its owner may set its time back" in done.stderr


def test_a_damaged_entry_is_said(run: Run, home: dict[str, str], copy_of: Callable[[str], Path]) -> None:
    film = copy_of("three-audio.ffmpeg.mkv")
    run("process", "--original", "ja", film)
    (entry,) = (Path(home["XDG_STATE_HOME"]) / "arrtheaudio/journal/done").iterdir()
    entry.write_bytes(entry.read_bytes()[:50])
    assert entry.name.encode() in run("undo", film).stderr


def test_a_state_that_cannot_be_kept(run: Run, copy_of: Callable[[str], Path]) -> None:
    done = run("process", "--original", "ja", "--since", "/dev/full", copy_of("three-audio.ffmpeg.mkv"), status=None)
    assert done.returncode in (1, 2)
    assert (done.returncode == 1) == bool(done.stdout)
