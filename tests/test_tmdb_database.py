"""The cache file: whatever is wrong with it, TMDB is asked all the same, and a person hears of it once."""

import os
import resource
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tmdb_rig import Time

from arrtheaudio.tmdb import database
from arrtheaudio.tmdb.cache import Cache
from arrtheaudio.tmdb.database import Database, number, set_number

HEAD = b"SQLite format 3\x00"


def cache(path):
    return Cache(Database(str(path)), 30, Time().clock)


def put(path, request="/movie/603"):
    cache(path).put(request, {"id": 603}, found=True)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"this is no database\n" * 100, id="text"),
        pytest.param(HEAD + os.urandom(5000), id="noise-after-the-head"),
        pytest.param(HEAD, id="head-alone"),
    ],
)
def test_a_damaged_file_is_set_aside(tmp_path, capfd, content):
    path = tmp_path / "tmdb.sqlite3"
    path.write_bytes(content)
    put(path)
    assert cache(path).get("/movie/603").body == {"id": 603}
    assert (tmp_path / "tmdb.sqlite3.corrupt").read_bytes() == content
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith(f"arrtheaudio: {path}: ")
    assert said.endswith(f"; it is now {path}.corrupt, and a new cache is begun\n")


def test_damage_that_comes_later(tmp_path, capfd):
    path = tmp_path / "tmdb.sqlite3"
    first = cache(path)
    for item in range(500):
        first.put(f"/movie/{item}", {"id": item}, found=True)
    first._database.close()  # the last one to close the file writes all of it
    one, other = cache(path), cache(path)
    with open(path, "r+b") as file:
        file.seek(1024)
        file.write(os.urandom(path.stat().st_size - 1024))
    assert one.get("/movie/499") is None
    one.put("/movie/1", {"id": 1}, found=True)
    assert other.get("/movie/1").body == {"id": 1}
    assert cache(path).get("/movie/1").body == {"id": 1}
    assert capfd.readouterr().err.count("a new cache is begun") == 1


def test_an_empty_file_is_a_new_one(tmp_path, capfd):
    path = tmp_path / "tmdb.sqlite3"
    path.touch()
    put(path)
    assert cache(path).get("/movie/603")
    assert capfd.readouterr().err == ""


def test_folders_are_made(tmp_path, capfd):
    put(tmp_path / "a" / "b" / "tmdb.sqlite3")
    assert cache(tmp_path / "a" / "b" / "tmdb.sqlite3").get("/movie/603")
    assert capfd.readouterr().err == ""


def impossible(tmp_path, name):
    """Return a path at which no cache can be."""
    (tmp_path / "file").touch()
    return {"below-a-file": tmp_path / "file" / "x", "a-folder": tmp_path, "no-writing": "/proc/self/x"}[name]


@pytest.mark.parametrize("name", ["below-a-file", "a-folder", "no-writing"])
def test_without_a_file_the_process_remembers(tmp_path, capfd, name):
    one = cache(impossible(tmp_path, name))
    one.put("/movie/603", {"id": 603}, found=True)
    assert one.get("/movie/603").body == {"id": 603}
    one.count("hits")
    assert one.counts()["hits"] == 1
    said = capfd.readouterr().err
    assert said.endswith("; TMDB's answers are not kept\n")
    assert said.count("\n") == 1


def test_a_newer_file_is_left_alone(tmp_path, capfd):
    path = tmp_path / "tmdb.sqlite3"
    put(path)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    before = path.read_bytes()
    put(path)
    assert path.read_bytes() == before
    assert capfd.readouterr().err == (
        f"arrtheaudio: {path}: made by a newer version of this program; TMDB's answers are not kept\n"
    )


def test_an_older_file_is_brought_up_to_date(tmp_path):
    path = str(tmp_path / "tmdb.sqlite3")
    Database(path).transact(lambda db: set_number(db, "hits", 7))
    more = (*database.MIGRATIONS, ("ALTER TABLE numbers ADD COLUMN note TEXT",))
    newer = Database(path, more)
    assert newer.read(lambda db: number(db, "hits")) == 7
    assert newer.read(lambda db: db.execute("SELECT name, value, note FROM numbers").fetchall()) == [("hits", 7, None)]
    assert Database(path, more).read(lambda db: db.execute("PRAGMA user_version").fetchone()) == (2,)


def test_a_migration_that_fails_changes_nothing(tmp_path, capfd):
    path = str(tmp_path / "tmdb.sqlite3")
    Database(path).transact(lambda db: set_number(db, "hits", 7))
    broken = (*database.MIGRATIONS, ("DROP TABLE numbers", "NOT SQL"))
    with pytest.raises(sqlite3.OperationalError):
        Database(path, broken)  # and so does the one in memory: this is a defect of ours
    assert Database(path).read(lambda db: number(db, "hits")) == 7
    assert "syntax error" in capfd.readouterr().err


def test_work_that_fails_is_taken_back(tmp_path):
    one = Database(str(tmp_path / "tmdb.sqlite3"))

    def work(db):
        set_number(db, "hits", 7)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        one.transact(work)
    assert one.read(lambda db: number(db, "hits")) == 0


def test_it_is_written_ahead(tmp_path):
    one = Database(str(tmp_path / "tmdb.sqlite3"))
    assert one.read(lambda db: db.execute("PRAGMA journal_mode").fetchone()) == ("wal",)


def test_threads_count_together(tmp_path):
    one, other = cache(tmp_path / "c"), cache(tmp_path / "c")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: (one, other)[item % 2].count("hits"), range(1000)))
    one.flush()
    other.flush()
    assert one.counts() == other.counts() == {"hits": 1000, "misses": 0, "stale": 0}


COUNT = """
import sys
from arrtheaudio.tmdb.database import Database, number, set_number
for _ in range(50):
    database = Database(sys.argv[1])
    database.transact(lambda db: set_number(db, "hits", number(db, "hits") + 1))
    database.close()
"""


@pytest.mark.parametrize("content", [None, b"this is no database\n" * 100], ids=["new", "damaged"])
def test_processes_that_begin_at_once(tmp_path, content):
    path = tmp_path / "tmdb.sqlite3"
    if content:
        path.write_bytes(content)
    started = [
        subprocess.Popen([sys.executable, "-c", COUNT, str(path)], stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = "".join(process.communicate(timeout=60)[1] for process in started)
    assert said.count("\n") == (1 if content else 0)
    assert Database(str(path)).read(lambda db: number(db, "hits")) == 200


FILL = """
import resource, signal, sys
from arrtheaudio.tmdb.cache import Cache
from arrtheaudio.tmdb.clock import CLOCK
from arrtheaudio.tmdb.database import Database
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
cache = Cache(Database(sys.argv[1]), 30, CLOCK)
for number in range(500):
    cache.put(f"/movie/{number}", {"id": number, "title": "x" * 1000}, found=True)
assert cache.get("/movie/499").body["id"] == 499
"""


def test_a_disk_that_is_full(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path / "tmdb.sqlite3")], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("; TMDB's answers are not kept\n")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 200_000
