"""Files with several names, on real file systems: what seeds keeps its bytes, the library gets its default."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rig
from conftest import Run, parse

MAKE = {
    "xfs": ("mkfs.xfs", "-q", "-m", "reflink=1"),
    "btrfs": ("mkfs.btrfs", "-q"),
    "ext4": ("mkfs.ext4", "-q"),
}
SHARING = ("xfs", "btrfs")
_SIZE = 320 << 20  # bytes; the smallest that mkfs.xfs makes is 300 MB
SAMPLE = "three-audio.mkvmerge.mkv"
# Large enough for extents of its own: btrfs keeps what is small inside its tree, where nothing is shared.
_PADDING = 1 << 20

pytestmark = pytest.mark.xdist_group("file systems")


@pytest.fixture(scope="module", params=MAKE)
def disk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A mounted file system of each kind."""
    kind = request.param
    rig.need_mounts(MAKE[kind][0])
    folder = tmp_path_factory.mktemp(kind)
    image = rig.image(folder / "image", _SIZE, *MAKE[kind])
    with rig.mounted(folder / kind, "-o", "loop", image) as where:
        yield where


@pytest.fixture
def film(disk: Path, copy_of: Callable[[str], Path], request: pytest.FixtureRequest) -> Path:
    """A film in the library of a disk, whose second name, `seeding` beside it, is a torrent client's."""
    folder = disk / f"library{abs(hash(request.node.name))}"
    folder.mkdir()
    film = folder / "film.mkv"
    with film.open("wb") as file:
        file.write(copy_of(SAMPLE).read_bytes())
        file.write(_void(_PADDING))
    os.link(film, folder / "seeding")
    return film


def _void(size: int) -> bytes:
    # A Void with 8 bytes of size, which every reader passes over.
    return b"\xec\x01" + (size - 9).to_bytes(7, "big") + bytes(size - 9)


def has_shared_blocks(path: Path) -> bool:
    listed = subprocess.run(["filefrag", "-v", path], capture_output=True, check=True).stdout
    return b"shared" in listed


def default_tracks(path: Path) -> list[int]:
    shown = ("-show_entries", "stream=index:stream_disposition=default", "-of", "csv=p=0")
    ffprobe = ["ffprobe", "-v", "error", "-select_streams", "a", *shown, path]
    listed = subprocess.run(ffprobe, capture_output=True, check=True).stdout.split()
    return [int(line.split(b",")[0]) for line in listed if line.split(b",")[1] == b"1"]


def attributes(path: Path) -> dict[str, object]:
    info = path.stat()
    names = sorted(os.listxattr(path))
    return {
        "owner": (info.st_uid, info.st_gid),
        "mode": info.st_mode,
        "mtime": info.st_mtime_ns,
        "xattr": [(name, os.getxattr(path, name)) for name in names],
    }


def test_protect(disk: Path, film: Path, run: Run) -> None:
    seeding = film.with_name("seeding")
    before, kept = seeding.read_bytes(), attributes(film)
    (record,) = parse(run("process", "--original", "ja", film).stdout)
    assert seeding.read_bytes() == before
    assert attributes(film) == kept
    assert os.listdir(film.parent) in (["film.mkv", "seeding"], ["seeding", "film.mkv"])
    if disk.name not in SHARING:
        assert record["apply"] == {"status": "skipped", "reason": "hardlinked"}
        assert film.samefile(seeding)
        return
    assert (record["apply"]["status"], record["apply"]["method"]) == ("changed", "clone")
    assert default_tracks(film) == [2]
    assert default_tracks(seeding) != [2]
    assert film.stat().st_nlink == seeding.stat().st_nlink == 1
    os.sync()
    assert has_shared_blocks(film)
    run("undo", film)
    assert film.read_bytes() == before


def test_copy(disk: Path, film: Path, run: Run) -> None:
    seeding = film.with_name("seeding")
    before = seeding.read_bytes()
    (record,) = parse(run("process", "--original", "ja", "--hardlinks", "copy", film).stdout)
    assert (record["apply"]["status"], record["apply"]["method"]) == ("changed", "clone")
    assert seeding.read_bytes() == before
    assert default_tracks(film) == [2]
    os.sync()
    assert has_shared_blocks(film) == (disk.name in SHARING)


def test_edit(film: Path, run: Run) -> None:
    done = run("process", "--original", "ja", "--hardlinks", "edit", film)
    (record,) = parse(done.stdout)
    assert (record["apply"]["status"], record["apply"]["method"]) == ("changed", "in_place")
    assert film.samefile(film.with_name("seeding"))
    assert default_tracks(film.with_name("seeding")) == [2]
    assert b"2 names share this change" in done.stderr


def test_skip(film: Path, run: Run) -> None:
    before = film.read_bytes()
    (record,) = parse(run("process", "--original", "ja", "--hardlinks", "skip", film).stdout)
    assert record["apply"] == {"status": "skipped", "reason": "hardlinked"}
    assert film.read_bytes() == before


def test_a_file_with_one_name_stays_where_it_is(film: Path, run: Run) -> None:
    film.with_name("seeding").unlink()
    inode = film.stat().st_ino
    (record,) = parse(run("process", "--original", "ja", film).stdout)
    assert record["apply"]["method"] == "in_place"
    assert film.stat().st_ino == inode


def test_what_belongs_to_the_file_goes_along(disk: Path, film: Path, run: Run) -> None:
    rig.need_programs("setfacl")
    os.chown(film, 1234, 4321)
    film.chmod(0o640)
    os.setxattr(film, "user.note", b"keep me")
    if disk.name != "ext4":
        subprocess.run(["setfacl", "-m", "u:1000:r", film], check=True)
    os.utime(film, ns=(1_600_000_000_123_456_789, 1_500_000_000_987_654_321))
    kept = attributes(film)
    run("process", "--original", "ja", "--hardlinks", "copy", film)
    assert not film.samefile(film.with_name("seeding"))
    assert attributes(film) == kept
    assert attributes(film.with_name("seeding")) == kept


def test_a_symbolic_link_stays_and_its_target_is_edited(film: Path, run: Run) -> None:
    film.with_name("seeding").unlink()
    link = film.with_name("link.mkv")
    link.symlink_to("film.mkv")
    (record,) = parse(run("process", "--original", "ja", link).stdout)
    assert record["apply"]["status"] == "changed"
    assert link.is_symlink()
    assert default_tracks(film) == [2]


def test_a_full_disk_copies_nothing(disk: Path, film: Path, run: Run) -> None:
    before = film.read_bytes()
    filler = disk / "filler"
    with filler.open("wb") as file:
        free = shutil.disk_usage(disk).free
        os.posix_fallocate(file.fileno(), 0, max(1, free - (40 << 20)))
    try:
        (record,) = parse(run("process", "--original", "ja", "--hardlinks", "copy", film, status=None).stdout)
    finally:
        filler.unlink()
    if disk.name in SHARING:  # a clone takes no space
        assert record["apply"]["status"] == "changed"
    else:
        assert record["error"]["code"] == "no_space"
        assert film.read_bytes() == before
    assert not (film.parent / ".arrtheaudio").exists()
