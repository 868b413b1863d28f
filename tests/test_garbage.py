"""The program on files that are none: one error each, and soon."""

import itertools
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import bmff_builder as iso
import fuzz_oracles as oracles
import matroska_builder as mkv
import pytest

Run: TypeAlias = Callable[..., "subprocess.CompletedProcess[bytes]"]
Records: TypeAlias = Callable[[bytes], list[dict[str, Any]]]


def _sparse(start: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(start)
        os.truncate(path, 10 << 30)

    return make


GARBAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "not_media"),
    "a byte": (lambda path: path.write_bytes(b"\x1a"), "not_media"),
    "the EBML magic alone": (lambda path: path.write_bytes(oracles.EBML_MAGIC), "truncated"),
    "an EBML header alone": (lambda path: path.write_bytes(mkv.header()), "truncated"),
    "ftyp alone": (lambda path: path.write_bytes(iso.box(b"ftyp", b"isom", bytes(4))), "corrupt"),
    "ftyp cut off": (lambda path: path.write_bytes(b"\0\0\0\x20ftyp"), "truncated"),
    "ones": (lambda path: path.write_bytes(b"\xff" * 100_000), "not_media"),
    "zeros": (lambda path: path.write_bytes(bytes(100_000)), "not_media"),
    "text": (lambda path: path.write_text("#EXTM3U\nhttp://127.0.0.1:9/a.mkv\n"), "not_media"),
    "10 GB of zeros behind the EBML magic": (_sparse(oracles.EBML_MAGIC), "corrupt"),
    "10 GB of zeros behind an EBML header": (_sparse(mkv.header()), "corrupt"),
    "10 GB of zeros behind ftyp": (_sparse(iso.box(b"ftyp", b"isom", bytes(4))), "corrupt"),
    "10 GB of zeros": (_sparse(b""), "not_media"),
    "a folder": (lambda path: path.mkdir(), "not_a_file"),
    "a FIFO": (lambda path: os.mkfifo(path), "not_a_file"),
    "a link to a device": (lambda path: path.symlink_to("/dev/zero"), "not_a_file"),
    "a link to itself": (lambda path: path.symlink_to(path), "io_error"),
    "nothing": (lambda _: None, "not_found"),
}
QUICKLY = 20.0  # seconds, on a busy machine


@pytest.mark.parametrize("command", ["probe", "process"])
def test_garbage_gives_one_error_each(run: Run, records: Records, tmp_path: Path, command: str) -> None:
    # `process` looks for files in a folder.
    kinds = {kind: row for kind, row in GARBAGE.items() if (command, kind) != ("process", "a folder")}
    lines = b""
    for at, (make, _) in enumerate(kinds.values()):
        path = tmp_path / f"{at}.mkv"
        make(path)
        lines += json.dumps({"path": str(path)}).encode() + b"\n"
    start = time.monotonic()
    done = run(command, input=lines, status=1)
    assert time.monotonic() - start < QUICKLY
    found = records(done.stdout)
    codes = [record["error"]["code"] for record in found]
    assert dict(zip(kinds, codes, strict=True)) == {kind: code for kind, (_, code) in kinds.items()}


@pytest.mark.parametrize("command", ["probe", "process"])
@pytest.mark.parametrize("kind", ["empty", "ones", "a FIFO", "a link to a device", "10 GB of zeros behind ftyp"])
def test_garbage_given_as_a_file(
    run: Run,
    records: Records,
    tmp_path: Path,
    kind: str,
    command: str,
) -> None:
    make, code = GARBAGE[kind]
    make(tmp_path / "it.mkv")
    (record,) = records(run(command, tmp_path / "it.mkv", status=1).stdout)
    assert record["error"]["code"] == code


@pytest.mark.parametrize("command", ["probe", "process"])
def test_a_device_given_as_a_file(run: Run, records: Records, command: str) -> None:
    (record,) = records(run(command, "/dev/zero", status=1).stdout)
    assert record["error"]["code"] == "not_a_file"


def test_a_file_that_grows_while_it_is_read(run: Run, records: Records, tmp_path: Path) -> None:
    path = tmp_path / "growing.mkv"
    film = mkv.movie(mkv.tracks(mkv.entry(1), mkv.entry(2)))
    path.write_bytes(film[:20])
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            for at in itertools.count(20):
                if stop.is_set():
                    return
                file.write(film[at : at + 1] or b"\0")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        found = records(run("probe", *[path] * 20, status=None).stdout)
    finally:
        stop.set()
        writer.join()
    assert len(found) >= 1
    for record in found:
        assert "probe" in record or record["error"]["code"] in ("truncated", "corrupt"), record
