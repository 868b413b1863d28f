"""examples/media: the files are what their names say, and bin/demo shows the main job on them."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from surgery import CRC32, SEGMENT, TRACK_ENTRY, TRACKS, boxes, elements, with_crc

ROOT = Path(__file__).parent.parent
MEDIA = ROOT / "examples" / "media"
FILES = sorted(path for path in MEDIA.iterdir() if path.suffix in (".mkv", ".webm", ".mp4", ".mov"))
Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_tracks(path: Path, run: Run, records: Callable[[bytes], list[dict[str, object]]]) -> None:
    """English is the default, Japanese is there, and a commentary."""
    ((record),) = records(run("probe", path).stdout)
    probe = record["probe"]
    assert isinstance(probe, dict)
    audio = [track for track in probe["tracks"] if track["type"] == "audio"]
    assert [(track["language"], track["default"]) for track in audio] == [("en", True), ("ja", False), ("en", False)]
    assert [track["name"] for track in audio] == ["Stereo", "日本語", "Director's commentary"]
    assert [track["type"] for track in probe["tracks"]] == ["video", "audio", "audio", "audio", "subtitle"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_size(path: Path) -> None:
    """Small enough for a repository."""
    assert 10_000 <= path.stat().st_size <= 60_000


@pytest.mark.parametrize(("name", "has_crc"), [("ffmpeg.mkv", True), ("mkvmerge.mkv", False), ("ffmpeg.webm", False)])
def test_matroska(name: str, has_crc: bool) -> None:
    """The CRC-32 that ffmpeg writes is right; into WebM it writes none, nor does mkvmerge."""
    (segment,) = (element for element in elements((MEDIA / name).read_bytes()) if element.id == SEGMENT)
    tracks = segment.first(TRACKS)
    assert len(tracks.all(TRACK_ENTRY)) == 5
    assert bool(tracks.all(CRC32)) == has_crc
    if has_crc:
        packed = tracks.pack()
        assert with_crc(tracks).pack() == packed


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("faststart.mp4", ["ftyp", "moov", "free", "mdat"]),
        ("moov-at-end.mp4", ["ftyp", "free", "mdat", "moov"]),
        ("fragmented.mp4", ["ftyp", "moov", "moof", "mdat", "moof", "mdat", "mfra"]),
        ("quicktime.mov", ["ftyp", "wide", "mdat", "moov"]),
    ],
)
def test_order_of_boxes(name: str, order: list[str]) -> None:
    """The moov is where the name says."""
    assert [box.type.decode() for box in boxes((MEDIA / name).read_bytes())] == order


def test_versions() -> None:
    """What they were made with is written down."""
    ffmpeg, mkvmerge = (MEDIA / "VERSIONS").read_text().splitlines()
    assert ffmpeg.startswith("ffmpeg version ")
    assert mkvmerge.startswith("mkvmerge v")


@pytest.mark.skipif(not (ROOT / ".venv" / "ready").exists(), reason="needs a .venv that bin/arrtheaudio has made")
def test_demo(tmp_path: Path) -> None:
    """It ends well, with nothing on standard error, and needs no other program than a shell's."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "cat"):
        (tools / tool).symlink_to(f"/bin/{tool}")
    python = os.path.realpath(ROOT / ".venv" / "bin" / "python")
    (tools / "python3").symlink_to(python)
    done = subprocess.run(
        [ROOT / "bin" / "demo"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": str(tools), "HOME": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    for path in FILES:
        assert f"{path.name} (" in done.stdout
    assert done.stdout.count("as before") == len(FILES)
