"""examples/pipelines: each script does what it says, on copies of examples/media, by the shell that /bin/sh is."""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fake_tmdb
import pytest
from examples_rig import EXAMPLES, MEDIA, PATIENCE, environment, execute, needs
from fake_tmdb import KEY, FakeTmdb

PIPELINES = EXAMPLES / "pipelines"
NAMES = ("ffmpeg.mkv", "mkvmerge.mkv", "ffmpeg.webm", "faststart.mp4", "quicktime.mov")
pytestmark = needs("jq")


class Library:
    """A folder of films, English by default, and the scripts to run on it."""

    def __init__(self, folder: Path) -> None:
        """Copy the films."""
        self.environ = environment(folder)
        self.folder = folder / "films"
        self.folder.mkdir()
        for name in NAMES:
            self.film(name)

    def film(self, name: str, like: str | None = None) -> Path:
        """Put a film there."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(MEDIA / (like or name), path))

    def run(self, script: str, *words: object, status: int = 0, **more: str) -> str:
        """Return what a script prints; on standard error there is nothing."""
        done = execute(self.environ | more, "sh", PIPELINES / script, *words, cwd=self.folder.parent)
        assert (done.returncode, done.stderr) == (status, b""), done
        return done.stdout.decode()

    def ask(self, *words: object, **options: Any) -> list[dict[str, Any]]:
        """Return the records that the program prints."""
        return [
            json.loads(line)
            for line in execute(self.environ, "arrtheaudio", *words, **options).stdout.decode().splitlines()
        ]

    def defaults(self) -> dict[str, list[int]]:
        """Return each film's default audio tracks, by index."""
        return {
            record["path"].removeprefix(f"{self.folder}/"): [
                track["index"] for track in record["probe"]["tracks"] if track["type"] == "audio" and track["default"]
            ]
            for record in self.ask("probe", *sorted(self.folder.rglob("*.*")))
        }

    def choose(self, track: int, *paths: Path) -> None:
        """Make a track of films the default one, whatever it is."""
        for record in self.ask("probe", *paths):
            audio = [found for found in record["probe"]["tracks"] if found["type"] == "audio"]
            changes = [
                {
                    "index": found["index"],
                    "disposition": "default",
                    "from": found["default"],
                    "to": found["index"] == track,
                }
                for found in audio
                if found["default"] != (found["index"] == track)
            ]
            record["choose"] = {
                "status": "change",
                "track": track,
                "rule": "priority",
                "reason": "a test",
                "candidates": [{"index": found["index"]} for found in audio],
                "changes": changes,
            }
            (answer,) = self.ask("apply", input=json.dumps(record).encode() + b"\n")
            assert answer["apply"]["status"] == "changed"

    def contents(self) -> dict[str, bytes]:
        """Return the films' bytes."""
        return {path.name: path.read_bytes() for path in self.folder.rglob("*.*")}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


SCRIPTS = (
    "anime.sh",
    "backlog.sh",
    "commentary.sh",
    "languages.sh",
    "missing.sh",
    "radarr-tag.sh",
    "review.sh",
    "undo-night.sh",
)


def test_these_are_all() -> None:
    assert sorted(path.name for path in PIPELINES.iterdir()) == list(SCRIPTS)


def test_backlog_does_what_is_new_and_ends_with_the_night(library: Library) -> None:
    library.environ["ARRTHEAUDIO_LANGUAGE_PRIORITY"] = "jpn"
    stats = json.loads(library.run("backlog.sh", library.folder))
    assert (stats["jobs"]["completed"], stats["jobs"]["queued"]) == (len(NAMES), 0)
    assert set(map(tuple, library.defaults().values())) == {(2,)}
    # what was changed is looked at once more; then there is nothing new, and nothing to do
    for _ in range(2):
        stats = json.loads(library.run("backlog.sh", library.folder))
        assert (stats["jobs"]["completed"], stats["results"]["success"]) == (2 * len(NAMES), 2 * len(NAMES))
    library.film("new.mkv", "ffmpeg.mkv")
    assert json.loads(library.run("backlog.sh", library.folder))["jobs"]["completed"] == 2 * len(NAMES) + 1


def test_backlog_names_what_failed_and_shows_the_stats_all_the_same(library: Library) -> None:
    bad = library.folder / "bad.mkv"
    bad.write_bytes(b"no film")
    gone = library.folder / "gone"
    done = execute(library.environ, "sh", PIPELINES / "backlog.sh", library.folder, gone)
    assert done.returncode == 1
    assert json.loads(done.stdout)["jobs"] | {"completed": len(NAMES), "failed": 1} == json.loads(done.stdout)["jobs"]
    said = [line.split("\t")[:2] for line in done.stderr.decode().splitlines()]
    assert sorted(said) == [["not_found", str(gone)], ["not_media", str(bad)]]
    assert json.loads(library.run("backlog.sh", library.folder))["jobs"]["failed"] == 1  # that was the other night


def test_backlog_leaves_the_rest_of_the_queue_to_the_next_night(library: Library) -> None:
    for number in range(300):
        library.film(f"{number:03}.mkv", "mkvmerge.mkv")
    library.environ["ARRTHEAUDIO_LANGUAGE_PRIORITY"] = "jpn"
    stats = json.loads(library.run("backlog.sh", library.folder, NIGHT="0.3s", WORKERS="1"))
    assert stats["jobs"]["running"] == 0
    assert stats["jobs"]["queued"] > 0
    done = sum(found == [2] for found in library.defaults().values())
    assert done == stats["jobs"]["completed"] < 305


def test_review_lists_what_a_person_has_to_decide(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fake_tmdb.MOVIES, 900, fake_tmdb.movie(900, "Two Minds", "ja", "de en"))
    library.film("Two Minds (2001) {tmdb-900}/film.mkv", "ffmpeg.mkv")
    library.film("Paper Moons (2001) {tmdb-700}/film.mkv", "ffmpeg.mkv")
    before = library.contents()
    with FakeTmdb() as tmdb:
        settings = {"TMDB_API_KEY": KEY, "ARRTHEAUDIO_TMDB_BASE_URL": tmdb.url}
        words = ("sh", PIPELINES / "review.sh", library.folder)
        done = execute(library.environ | settings, *words)
    assert done.returncode == 0
    (line,) = done.stdout.decode().splitlines()
    path, reason, languages = line.split("\t")
    assert path == f"{library.folder}/Two Minds (2001) {{tmdb-900}}/film.mkv"
    assert "ja" in reason
    assert languages == "en ja en"
    assert library.contents() == before


def test_anime_changes_what_has_japanese_and_nothing_else(library: Library) -> None:
    library.choose(3, library.film("commentary.mkv", "ffmpeg.mkv"))
    # a film whose Japanese track is gone: what it has stays as it is
    other = library.film("english.mkv", "ffmpeg.mkv")
    other.write_bytes(other.read_bytes().replace(b"\x22\xb5\x9c\x83jpn", b"\x22\xb5\x9c\x83ger"))
    assert library.ask("probe", other)[0]["probe"]["tracks"][2]["language"] == "de"
    before = other.read_bytes()
    lines = library.run("anime.sh", library.folder).splitlines()
    names = sorted((*NAMES, "commentary.mkv"))
    assert sorted(lines) == sorted(f"changed\t{library.folder}/{name}" for name in names)
    assert library.defaults() == {name: [2] for name in names} | {"english.mkv": [1]}
    assert other.read_bytes() == before
    assert library.run("anime.sh", library.folder) == ""


def test_anime_says_what_failed(library: Library) -> None:
    bad = library.folder / "bad.mkv"
    bad.write_bytes(b"no film")
    lines = library.run("anime.sh", library.folder, status=1).splitlines()
    assert f"not_media\t{bad}" in lines
    assert len(lines) == len(NAMES) + 1


def test_anime_is_japanese_where_the_original_is_another(library: Library) -> None:
    library.environ["ARRTHEAUDIO_ORIGINAL_OVERRIDES"] = json.dumps({"imdb:tt0000007": "en"})
    film = library.film("A Cartoon (2001) {imdb-tt0000007}/film.mkv", "ffmpeg.mkv")
    (record,) = library.ask("choose", "--language", "jpn", film)
    assert record["choose"]["language"] == "en"  # the configured prefer_original
    assert f"changed\t{film}" in library.run("anime.sh", library.folder).splitlines()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        *((name, ()) for name in SCRIPTS if name != "undo-night.sh"),
        ("missing.sh", ("ja",)),
        ("radarr-tag.sh", ("dub",)),
    ],
    ids=" ".join,
)
def test_a_script_without_its_arguments_says_how_it_is_called(
    library: Library, script: str, words: tuple[str, ...]
) -> None:
    before = library.contents()
    done = execute(library.environ, "sh", PIPELINES / script, *words, cwd=library.folder)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == (PIPELINES / script).read_bytes().splitlines(keepends=True)[1].removeprefix(b"# ")
    assert f"{script} ".encode() in done.stderr
    assert library.contents() == before


def test_undo_night_shows_first_and_then_does_it(library: Library) -> None:
    before = library.contents()
    library.run("anime.sh", library.folder)
    changed = library.contents()
    assert changed != before
    shown = library.run("undo-night.sh")
    assert sorted(shown.splitlines()) == sorted(f"planned\t{library.folder}/{name}" for name in NAMES)
    assert library.contents() == changed
    time.sleep(1.1)
    assert library.run("undo-night.sh", "--yes", SINCE="1s") == ""  # that night was over
    done = library.run("undo-night.sh", "--yes")
    assert sorted(done.splitlines()) == sorted(f"undone\t{library.folder}/{name}" for name in NAMES)
    assert library.contents() == before


def test_commentary_finds_it_and_apply_mends_it(library: Library) -> None:
    assert library.run("commentary.sh", library.folder) == ""
    heard = [library.folder / "mkvmerge.mkv", library.folder / "quicktime.mov"]
    library.choose(3, *heard)
    found = library.run("commentary.sh", library.folder, ARRTHEAUDIO_LANGUAGE_PRIORITY="eng")
    assert [json.loads(line)["path"] for line in found.splitlines()] == [str(path) for path in heard]
    library.ask("apply", input=found.encode())
    assert library.defaults() == {name: [1] for name in NAMES}


def test_missing_names_files_and_what_they_have(library: Library) -> None:
    assert library.run("missing.sh", "ja", library.folder) == ""
    lines = library.run("missing.sh", "fr", library.folder).splitlines()
    assert lines == [f"{library.folder}/{name}\ten ja en" for name in sorted(NAMES)]


def test_languages_counts_them(library: Library) -> None:
    library.choose(2, library.folder / "ffmpeg.mkv")
    counted = [line.split() for line in library.run("languages.sh", library.folder).splitlines()]
    assert counted == [["4", "en"], ["1", "ja"]]


class Radarr(BaseHTTPRequestHandler):
    """A Radarr with two tags and three films, in the shapes of its API."""

    answers: Mapping[str, Any] = {}

    def do_GET(self) -> None:
        """Answer whoever has the key."""
        found = self.answers.get(self.path)
        status = 401 if self.headers["X-Api-Key"] != "secret" else 404 if found is None else 200
        body = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@contextmanager
def radarr(answers: Mapping[str, Any]) -> Iterator[str]:
    """Run a Radarr, and hand out its URL."""
    handler = type("Handler", (Radarr,), {"answers": answers})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def film_of_radarr(number: int, path: str | None, *tags: int) -> dict[str, Any]:
    more = {} if path is None else {"movieFile": {"id": 70 + number, "path": path}}
    ids = {"id": number, "tmdbId": 600 + number, "imdbId": f"tt000000{number}"}
    return {"title": f"Film {number}", "year": 2001, "hasFile": path is not None, "tags": list(tags), **ids, **more}


@needs("curl")
def test_radarr_tag_takes_the_films_of_a_tag(library: Library) -> None:
    answers = {
        "/api/v3/tag": [{"id": 1, "label": "kids"}, {"id": 2, "label": "dub"}],
        "/api/v3/movie": [
            film_of_radarr(1, "/movies/ffmpeg.mkv", 2),
            film_of_radarr(2, "/movies/mkvmerge.mkv", 1),
            film_of_radarr(3, None, 2),
            film_of_radarr(4, "/movies/quicktime.mov", 1, 2),
        ],
    }
    with radarr(answers) as url:
        given = {"RADARR_URL": url, "RADARR_API_KEY": "secret", "REMOTE": "/movies", "LOCAL": str(library.folder)}
        printed = library.run("radarr-tag.sh", "dub", "fra", "jpn", **given)
        unknown = execute(library.environ | given, "sh", PIPELINES / "radarr-tag.sh", "sub", "jpn")
        given["RADARR_API_KEY"] = "wrong"
        refused = execute(library.environ | given, "sh", PIPELINES / "radarr-tag.sh", "dub", "jpn")
    dead = execute(library.environ | given, "sh", PIPELINES / "radarr-tag.sh", "dub", "jpn")
    found = [json.loads(line) for line in printed.splitlines()]
    assert [record["apply"]["status"] for record in found] == ["changed", "changed"]
    assert found[0]["arr"] == {
        "app": "radarr",
        "kind": "movie",
        "title": "Film 1",
        "year": 2001,
        "tags": ["dub"],
        "ids": {"radarr": 1, "tmdb": 601, "imdb": "tt0000001"},
    }
    changed = {"ffmpeg.mkv": [2], "quicktime.mov": [2]}
    assert library.defaults() == {name: [1] for name in NAMES} | changed
    assert (unknown.returncode, unknown.stderr) == (2, b"Radarr has no tag sub\n")
    for failed, reason in ((refused, b"401"), (dead, b"connect")):
        assert failed.returncode not in (0, 2)
        assert failed.stderr.startswith(b"curl: ")
        assert (failed.stderr.count(b"\n"), reason in failed.stderr) == (1, True)


@needs("shellcheck")
@pytest.mark.parametrize("script", sorted(EXAMPLES.rglob("*.sh")), ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    done = subprocess.run(["shellcheck", "--shell=dash", script], capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.parametrize("script", sorted(EXAMPLES.rglob("*.sh")), ids=lambda path: path.name)
def test_a_script_says_what_it_is_for_and_what_to_change(script: Path) -> None:
    first, *lines = script.read_text().splitlines()
    comment = "\n".join(lines[: next(n for n, line in enumerate(lines) if not line.startswith("#"))])
    assert first == "#!/bin/sh"
    assert script.stat().st_mode & 0o111
    assert "To change:" in comment or script.name == "shard.sh"
