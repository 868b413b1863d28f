"""`admin migrate`: what an earlier version has left is brought to today's formats, and nothing of it is lost."""

import base64
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from spool_rig import PATIENCE, Yard

from arrtheaudio import migration
from arrtheaudio.config.settings import Config, Journal, Spool, Tmdb
from arrtheaudio.journal import Journal as JournalFolder
from arrtheaudio.journal import new_id
from arrtheaudio.spool.folder import FORMAT, InUse, SpoolUnusable, prepare
from arrtheaudio.tmdb.database import MIGRATIONS, Database

JOBS: dict[str, dict[str, Any]] = {
    "new/1": {"priority": "low"},
    "new/2.json": {"priority": "webhook"},
    "new/3.json": {},
    "cur/4.json": {"priority": "high"},
    "done/5.json": {"state": "completed", "finished_at": "2025-06-07T08:09:10.000000Z"},
    "failed/6.json": {"state": "failed", "finished_at": "2025-06-08T08:09:10.000000Z"},
    "done/7.json": {"state": "completed"},
}
PLACES = {
    "1": "new/3-low/1.json",
    "2": "new/0-webhook/2.json",
    "3": "new/2-normal/3.json",
    "4": "cur/4.json",
    "5": "done/2025-06-07/5.json",
    "6": "failed/2025-06-08/6.json",
    "7": "done/2025-01-01/7.json",
}


def old_spool(root: Path, written: bytes | None = b"0\n") -> None:
    """Make a queue of format 0; `written` is what its `format` says, None where it has none."""
    for folder in ("tmp", "new", "cur", "done", "failed"):
        (root / folder).mkdir(parents=True)
    for place, job in JOBS.items():
        (root / place).write_text(json.dumps({**job, "record": {"path": f"/{place}.mkv"}}))
    os.utime(root / "done/7.json", (1735725600, 1735725600))  # 2025-01-01T10:00:00Z
    if written is not None:
        (root / "format").write_bytes(written)


def places(root: Path) -> dict[str, str]:
    """Return where each job is, by name without its suffix."""
    found = [
        str(path.relative_to(root)) for top in ("new", "cur", "done", "failed") for path in (root / top).rglob("*.json")
    ]
    return {place.rpartition("/")[2].removesuffix(".json"): place for place in found}


def settings(folder: Path) -> Config:
    """Return a configuration with everything in one folder."""
    return Config(
        spool=Spool(str(folder / "spool")),
        journal=Journal(str(folder / "journal")),
        tmdb=Tmdb(cache_path=str(folder / "tmdb.sqlite3")),
    )


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("written", [b"0\n", b"0", None], ids=["zero", "zero-without-newline", "no-format"])
def test_a_queue_of_format_0(tmp_path: Path, written: bytes | None) -> None:
    root = tmp_path / "spool"
    old_spool(root, written)
    assert migration.migrate(settings(tmp_path)) == {"jobs": 6, "edits": 0, "caches": 0}
    assert places(root) == PLACES
    assert (root / "format").read_bytes() == b"%d\n" % FORMAT
    os.close(prepare(str(root)))
    after = snapshot(tmp_path)
    assert migration.migrate(settings(tmp_path)) == {"jobs": 0, "edits": 0, "caches": 0}
    assert snapshot(tmp_path) == after


def test_what_today_refuses_it_then_works_on(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    old_spool(yard.spool)
    for place in ("new/2.json", "new/3.json"):
        (yard.spool / place).write_text(json.dumps({"record": {"path": str(yard.film(f"{place[-6]}.mkv"))}}))
    for name in ("new/1", "cur/4.json"):
        (yard.spool / name).unlink()
    with yard.popen("jobs", "list") as process:
        assert b"run `arrtheaudio admin migrate`" in process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 2
    with yard.popen("admin", "migrate") as process:
        assert b"5 jobs" in process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 0
    assert yard.states() == {"new": 2, "done": 2, "failed": 1}
    yard.jobs("run")
    assert yard.states() == {"done": 2}  # what ended long ago is forgotten


def test_jobs_that_today_passed_over_are_found(tmp_path: Path) -> None:
    root = tmp_path / "spool"
    old_spool(root, None)
    os.close(prepare(str(root)))  # it takes a queue without `format` for one that was never made
    migration.migrate(settings(tmp_path))
    assert places(root) == PLACES


@pytest.mark.parametrize("call", range(1, 15))
def test_interrupted_it_is_run_again(tmp_path: Path, call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "spool"
    old_spool(root)
    rename: Callable[..., None] = os.rename
    calls = 0

    def failing(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise KeyboardInterrupt
        rename(*arguments)

    monkeypatch.setattr(os, "rename", failing)
    try:
        migration.migrate(settings(tmp_path))
    except KeyboardInterrupt:
        monkeypatch.setattr(os, "rename", rename)
        if (root / "format").exists():
            with pytest.raises(SpoolUnusable, match="is old"):
                prepare(str(root))
        migration.migrate(settings(tmp_path))
    assert places(root) == PLACES
    assert not [name for name in os.listdir(root / "new") if (root / "new" / name).is_file()]


def test_a_queue_in_use_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "spool"
    descriptor = prepare(str(root))
    (root / "new/x.json").write_text('{"record":{"path":"/x.mkv"}}')
    with pytest.raises(InUse, match="is in use"):
        migration.migrate(settings(tmp_path))
    assert (root / "new/x.json").exists()
    os.close(descriptor)
    assert migration.migrate(settings(tmp_path))["jobs"] == 1


# The journal


def entry(entry_id: str, **more: Any) -> dict[str, Any]:
    """Return an entry of version 0."""
    return {
        "id": entry_id,
        "path": "/media/film.mkv",
        "device": 1,
        "inode": 42,
        "size": 3,
        "mtime": 5,
        "edits": [{"offset": 1, "before": base64.b64encode(b"\1").decode(), "after": base64.b64encode(b"\0").decode()}],
        "command": "apply",
        "undoes": None,
        **more,
    }


@pytest.mark.parametrize("version", [{}, {"version": 0}], ids=["none", "zero"])
@pytest.mark.parametrize("folder", ["open", "done"])
@pytest.mark.parametrize("suffix", ["", ".42"], ids=["id", "id-and-inode"])
def test_an_entry_of_version_0(tmp_path: Path, version: dict[str, int], folder: str, suffix: str) -> None:
    name = new_id()
    place = tmp_path / "journal" / folder
    place.mkdir(parents=True)
    (tmp_path / "journal" / "done").mkdir(exist_ok=True)
    (place / f"{name}{suffix}").write_text(json.dumps(entry(name, **version)) + "\n")
    journal = JournalFolder(str(tmp_path / "journal"))
    assert not [*journal.finished(42)]
    assert migration.migrate(settings(tmp_path))["edits"] == 1
    assert os.listdir(place) == [f"{name}.42"]
    os.rename(place / f"{name}.42", tmp_path / "journal" / "done" / f"{name}.42")
    (found,) = journal.finished(42)
    assert (found.id, found.path, found.edits[0].before, found.method) == (name, b"/media/film.mkv", b"\1", "in_place")
    assert migration.migrate(settings(tmp_path))["edits"] == 0


def test_an_entry_whose_new_name_is_there_already(tmp_path: Path) -> None:
    name = new_id()
    place = tmp_path / "journal/done"
    place.mkdir(parents=True)
    (place / name).write_text(json.dumps(entry(name)))
    migration.migrate(settings(tmp_path))
    new = (place / f"{name}.42").read_bytes()
    (place / name).write_text(json.dumps(entry(name)))  # as where it was killed before it took the old one away
    migration.migrate(settings(tmp_path))
    assert snapshot(place) == {f"{name}.42": new}


def test_what_is_no_entry_is_left_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "journal/done"
    place.mkdir(parents=True)
    for name, text in ((new_id(), "{"), (new_id(), '{"path": 1}'), ("notes.txt", "mine")):
        (place / name).write_text(text)
    before = snapshot(place)
    assert migration.migrate(settings(tmp_path))["edits"] == 0
    assert snapshot(place) == before


# The cache


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
def test_a_cache_of_every_older_version(tmp_path: Path, version: int) -> None:
    path = tmp_path / "tmdb.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                db.execute(statement)
        db.execute(f"PRAGMA user_version={version}")
        db.execute("CREATE TABLE kept (x)")
    assert migration.migrate(settings(tmp_path))["caches"] == 1
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
        assert {"answers", "numbers", "kept"} <= {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    assert migration.migrate(settings(tmp_path))["caches"] == 0


# What is newer


def newer_spool(folder: Path) -> None:
    (folder / "spool/format").write_text(f"{FORMAT + 1}\n")


def newer_entry(folder: Path) -> None:
    (folder / "journal/done").mkdir(parents=True)
    (folder / f"journal/done/{new_id()}.42").write_text(json.dumps(entry(new_id(), version=2)))


def newer_cache(folder: Path) -> None:
    Database(str(folder / "tmdb.sqlite3")).close()
    with closing(sqlite3.connect(folder / "tmdb.sqlite3", isolation_level=None)) as db:
        db.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")


@pytest.mark.parametrize("make", [newer_spool, newer_entry, newer_cache], ids=lambda make: make.__name__)
def test_what_is_newer_is_refused_before_anything_changes(tmp_path: Path, make: Callable[[Path], None]) -> None:
    old_spool(tmp_path / "spool")
    make(tmp_path)
    before = snapshot(tmp_path)
    with pytest.raises(migration.Newer, match="newer than this program"):
        migration.migrate(settings(tmp_path))
    assert snapshot(tmp_path) == before


def test_nothing_at_all_is_todays_format(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    with yard.popen("admin", "migrate", stderr=subprocess.PIPE) as process:
        assert process.communicate(timeout=PATIENCE)[1] == b"arrtheaudio: everything has today's format\n"
    assert process.returncode == 0
    assert not yard.spool.exists()
