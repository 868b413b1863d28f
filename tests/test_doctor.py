"""`doctor`: each thing that a user gets wrong is made wrong here, and the finding says what mends it."""

import base64
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rig
import yaml
from fake_arr import KEY, FakeArr
from fake_tmdb import KEY as TMDB_KEY
from fake_tmdb import FakeTmdb
from spool_rig import ARRTHEAUDIO, PATIENCE

from arrtheaudio.config import Arr, Secret, load
from arrtheaudio.doctor import mapping, webhook
from arrtheaudio.doctor.examination import LOOKS, examine
from arrtheaudio.doctor.finding import Finding
from arrtheaudio.errors import UsageError
from arrtheaudio.journal import new_id

SECRET = "a long enough secret, 7Qx"
pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no proxy stand before loopback."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


class House:
    """A configuration, with everything that it names in one folder, and a look at it."""

    def __init__(self, folder: Path) -> None:
        """Have folders of media, and nothing that is wrong."""
        self.folder = folder
        self.media = folder / "media"
        self.film = self.media / "tv/Show/Season 01/one.mkv"
        self.film.parent.mkdir(parents=True)
        self.film.write_bytes(b"film")
        self.settings: dict[str, Any] = {
            "spool": {"path": str(folder / "spool")},
            "journal": {"path": str(folder / "journal")},
            "tmdb": {"enabled": False, "cache_path": str(folder / "tmdb.sqlite3")},
            "api": {"port": _free_port(), "webhook_secret": SECRET, "allowed_roots": [str(self.media)]},
        }

    def put(self, section: str, **values: Any) -> "House":
        """Change settings."""
        self.settings.setdefault(section, {}).update(values)
        return self

    def arr(self, fake: FakeArr, **more: Any) -> "House":
        """Configure an Arr."""
        self.settings.setdefault("arr", []).append({"name": fake.app, "url": fake.url, "api_key": KEY, **more})
        return self

    @property
    def file(self) -> Path:
        """The configuration, written."""
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(self.settings))
        path.chmod(0o600)
        return path

    def findings(self, check: str | None = None) -> list[Finding]:
        """Look at everything; return what is said of one thing."""
        found = examine(load(str(self.file), {"HOME": str(self.folder)}))
        return [finding for finding in found if check in (None, finding.check)]

    def wrong(self, check: str) -> Finding:
        """Return the only finding of one thing that is not `ok`."""
        (found,) = [finding for finding in self.findings(check) if finding.level != "ok"]
        assert found.why
        return found

    def levels(self, check: str) -> set[str]:
        """Return how bad it is."""
        return {finding.level for finding in self.findings(check)}

    def run(self, *words: object) -> tuple[int, list[dict[str, Any]], str]:
        """Run `arrtheaudio doctor`, and return its exit status, its records, and what it says."""
        environ = {**os.environ, "HOME": str(self.folder), "ARRTHEAUDIO_CONFIG": str(self.file)}
        command = [*ARRTHEAUDIO, "doctor", *map(str, words)]
        done = subprocess.run(command, env=environ, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house in order."""
    return House(tmp_path)


class Ours(http.server.ThreadingHTTPServer):
    """What stands for `serve`: says how it is, and takes webhooks that carry the secret."""

    daemon_threads = True
    status = "healthy"
    took = 0


class _Ours(http.server.BaseHTTPRequestHandler):
    server: Ours

    def do_GET(self) -> None:
        body = json.dumps({"status": self.server.status}).encode() if self.path == "/health" else b"{}"
        self.send_response(200 if self.path == "/health" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        password = base64.b64decode(self.headers.get("Authorization", "Basic ").split(" ")[1]).partition(b":")[2]
        right = password == SECRET.encode() and self.path.startswith("/webhook/")
        self.server.took += right
        self.send_response(202 if right else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def ours(house: House) -> Iterator[Ours]:
    """A server of ours at the configured port."""
    with Ours(("127.0.0.1", house.settings["api"]["port"]), _Ours) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(params=["sonarr", "radarr"])
def arr(request: pytest.FixtureRequest) -> Iterator[FakeArr]:
    """An Arr whose folder /tv is mounted at media/tv here."""
    with FakeArr(request.param, "4.0.15.2941" if request.param == "sonarr" else "6.0.3.10276") as fake:
        fake.folders = ["/tv/"]
        fake.title(1, "/tv/Empty")
        fake.title(2, "/tv/Show", "/tv/Show/Season 01/one.mkv")
        yield fake


@pytest.fixture
def sonarr() -> Iterator[FakeArr]:
    with FakeArr() as fake:
        yield fake


def hook(house: House, arr: FakeArr, **more: Any) -> dict[str, Any]:
    """Have the webhook in the Arr, as it should be but for `more`."""
    fields = {"username": "x", "password": SECRET, **more.pop("fields", {})}
    url = f"http://127.0.0.1:{house.settings['api']['port']}/webhook/{arr.app}"
    return arr.connection(more.pop("url", url), fields=fields, **more)


# All in order


def test_where_nothing_is_wrong(house: House, ours: Ours, arr: FakeArr) -> None:
    house.arr(arr).settings["path_mappings"] = [{"remote": "/tv", "local": str(house.media / "tv")}]
    hook(house, arr)
    status, found, said = house.run("-f", "jsonl")
    assert said == ""
    assert [finding for finding in found if finding["level"] not in ("ok", "note")] == []
    assert status == 0
    assert {"configuration", "secret", "spool", "journal", "roots", "tools", "clock", "serve", arr.app} <= {
        finding["check"] for finding in found
    }
    assert ours.took == 1  # the Test that the Arr was made to send
    assert house.film.read_bytes() == b"film"
    assert not [*house.media.rglob(".arrtheaudio*")]


def test_one_error_ends_it_with_1(house: House) -> None:
    house.put("api", allowed_roots=[str(house.folder / "nowhere")])
    status, found, _ = house.run()
    assert status == 1
    assert {tuple(finding) for finding in found} == {("check", "level", "what", "why", "mend", "config")}
    assert {finding["level"] for finding in found} <= {"ok", "note", "warning", "error"}


def test_for_people_it_is_a_list_with_marks_in_words(house: House) -> None:
    house.put("api", allowed_roots=[str(house.folder / "nowh\x1bere")])
    environ = {**os.environ, "HOME": str(house.folder)}
    command = [*ARRTHEAUDIO, "-c", str(house.file), "doctor", "-f", "table"]
    done = subprocess.run(command, env=environ, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    lines = done.stdout.decode().splitlines()
    (at,) = [at for at, line in enumerate(lines) if line.startswith("ERROR    roots: ")]
    assert lines[at].endswith("nowh\\x1bere: no such file or directory")
    assert lines[at + 1].startswith("         why:  ")
    assert lines[at + 2].startswith("         mend: ")
    assert b"\x1b" not in done.stdout


@pytest.mark.parametrize("words", [("FILE",), ("-n",), ("--url", "http://x"), ("--register",)], ids=" ".join)
def test_a_wrong_call(house: House, words: tuple[str, ...]) -> None:
    status, found, said = house.run(*words)
    assert (status, found) == (2, [])
    assert said.startswith("arrtheaudio: doctor: ")


# Configuration and secrets


def test_a_configuration_that_is_wrong_is_findings(house: House) -> None:
    (house.folder / "bad.yaml").write_text("api: {prot: 1}\nlanguage_priority: [xyzzy]\n")
    environ = {**os.environ, "HOME": str(house.folder), "ARRTHEAUDIO_CONFIG": str(house.folder / "bad.yaml")}
    done = subprocess.run([*ARRTHEAUDIO, "doctor"], env=environ, capture_output=True, timeout=PATIENCE)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert len(found) == 2
    assert {finding["level"] for finding in found} == {"error"}
    assert "did you mean port?" in found[0]["what"]


@pytest.mark.parametrize(
    ("api", "level"),
    [
        pytest.param({"webhook_secret": None, "host": "0.0.0.0"}, "error", id="none-for-everybody"),
        pytest.param({"webhook_secret": None}, "note", id="none-for-this-machine"),
        pytest.param({"webhook_secret": "hunter2"}, "warning", id="short"),
        pytest.param({"webhook_secret": "a" * 40}, "warning", id="one-letter"),
        pytest.param({}, "ok", id="good"),
    ],
)
def test_the_secret(house: House, api: dict[str, Any], level: str) -> None:
    (found,) = house.put("api", **api).findings("secret")
    assert found.level == level
    assert SECRET not in repr(found)
    assert level == "ok" or "openssl rand" in found.mend + found.config


def test_a_secret_that_everybody_may_read(house: House) -> None:
    path = house.file
    path.chmod(0o644)
    found = [one for look in LOOKS[:1] for one in look(load(str(path), {}))]
    assert [finding.level for finding in found] == ["ok", "warning"]
    assert found[1].mend == f"chmod o-r {path}"


def test_without_a_configuration_one_is_advised_that_works(house: House) -> None:
    (found,) = [one for look in LOOKS[:1] for one in look(load(None, {"HOME": str(house.folder)}))]
    assert (found.level, found.mend.split()[0]) == ("note", "write")
    (house.folder / "config.yaml").write_text(found.config)
    config = load(str(house.folder / "config.yaml"), {})
    assert config.api.allowed_roots == ("/data/media",)
    assert len(found.config.splitlines()) == 2


def test_for_people_lines_of_the_configuration_are_said_to_be_some(house: House) -> None:
    house.put("api", allowed_roots=[])
    environ = {**os.environ, "HOME": str(house.folder)}
    command = [*ARRTHEAUDIO, "-c", str(house.file), "doctor", "-f", "table"]
    done = subprocess.run(command, env=environ, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    lines = done.stdout.decode().splitlines()
    at = lines.index("         in the configuration:")
    assert lines[at + 1] == "           api: {allowed_roots: [/data/media]}"


# What is kept


def test_an_old_queue(house: House) -> None:
    (house.folder / "spool").mkdir()
    (house.folder / "spool/format").write_text("0\n")
    found = house.wrong("spool")
    assert (found.level, found.mend) == ("error", "arrtheaudio admin migrate")


def test_an_edit_that_was_interrupted(house: House) -> None:
    (house.folder / "journal/open").mkdir(parents=True)
    (house.folder / "journal/done").mkdir()
    (house.folder / f"journal/open/{new_id()}.1").write_bytes(b"")
    found = house.wrong("journal")
    assert (found.level, found.mend) == ("warning", "arrtheaudio admin recover")


def as_user(house: House, user: int, *, home: str = "") -> list[dict[str, Any]]:
    """Look as a user of a service, who may read everything, and writes what everybody may."""
    if os.geteuid():
        rig.needs("root, to be another user")
    environ = {key: value for key, value in os.environ.items() if key not in ("HOME", "XDG_STATE_HOME")}
    environ |= {"ARRTHEAUDIO_CONFIG": str(house.file), "HOME": home}
    ids = [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    rights = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    command = ["setpriv", *ids, *rights, *ARRTHEAUDIO, "doctor"]
    done = subprocess.run(command, env=environ, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("home", ["", "/", "/var/lib", "/usr/lib", "/root"])
def test_a_service_without_a_home_is_given_a_folder_of_its_own(house: House, home: str) -> None:
    for section in ("journal", "spool"):
        del house.settings[section]
    house.settings["tmdb"] = {"enabled": True}
    found = {one["check"]: one for one in as_user(house, 64123, home=home) if one["level"] in ("error", "warning")}
    for check, setting in {
        "journal": "journal: {path: /var/lib/arrtheaudio/journal}",
        "spool": "spool: {path: /var/lib/arrtheaudio/spool}",
        "cache": "tmdb: {cache_path: /var/cache/arrtheaudio/tmdb.sqlite3}",
    }.items():
        folder = "/var/cache" if check == "cache" else "/var/lib"
        assert found[check]["mend"] == f"install -d -o 64123 -g 64123 {folder}/arrtheaudio  # as root"
        assert found[check]["config"] == setting


@pytest.mark.parametrize(
    ("path", "mend", "config"),
    [
        pytest.param("srv/arrtheaudio/journal", "install -d -o 64123 -g 64123 {}/srv/arrtheaudio", "", id="to-be-made"),
        pytest.param("journal", "install -d -o 64123 -g 64123 {}/journal", "", id="empty"),
        pytest.param("ours", "chown -R 64123:64123 {}/ours/open", "", id="of-another-user"),
        pytest.param("media", "install -d -o 64123 -g 64123 /var/lib/arrtheaudio", "journal: ", id="the-media"),
        pytest.param("", "install -d -o 64123 -g 64123 /var/lib/arrtheaudio", "journal: ", id="above-the-media"),
        pytest.param("other", "install -d -o 64123 -g 64123 /var/lib/arrtheaudio", "journal: ", id="somebody-elses"),
    ],
)
def test_only_what_is_our_own_is_given_away(house: House, path: str, mend: str, config: str) -> None:
    for folder in ("srv", "journal", "ours/open", "ours/done", "other/things"):
        (house.folder / folder).mkdir(parents=True, exist_ok=True)
    house.put("journal", path=str(house.folder / path))
    (found,) = [one for one in as_user(house, 64123) if one["check"] == "journal"]
    assert found["level"] == "error"
    assert found["mend"].startswith(mend.format(house.folder) + "  # as root")
    assert found["config"].startswith(config)
    assert bool(found["config"]) == bool(config)


def fill(where: Path) -> None:
    """Leave no byte free."""
    with (where / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


@pytest.mark.parametrize("made", [False, True], ids=["not-there-yet", "there"])
def test_a_full_disk(house: House, made: bool) -> None:
    rig.need_mounts()
    with rig.mounted(house.folder / "disk", "-t", "tmpfs", "-o", "size=1M", "none") as where:
        house.put("journal", path=str(where / "journal")).put("spool", path=str(where / "spool"))
        house.put("tmdb", enabled=True, cache_path=str(where / "cache/tmdb.sqlite3"))
        if made:
            house.findings()
            (where / "journal/open").mkdir(parents=True)
            (where / "journal/done").mkdir()
        fill(where)
        found = {check: house.wrong(check) for check in ("journal", "spool", "cache")}
        left = sorted(where.rglob(".doctor*"))
    for finding in found.values():
        assert "its disk is full: 0 KiB of 1 MiB are free" in finding.what
        assert finding.mend.startswith("arrtheaudio admin cleanup")
        assert finding.config == ""
    assert [finding.level for finding in found.values()] == ["error", "error", "warning"]
    assert left == []


def test_a_journal_on_a_read_only_mount(house: House) -> None:
    rig.need_mounts()
    with rig.mounted(house.folder / "disk", "-t", "tmpfs", "-o", "ro,size=1M", "none") as where:
        house.put("journal", path=str(where / "journal")).put("spool", path=str(where / "spool"))
        found = [house.wrong(check) for check in ("journal", "spool")]
    for finding in found:
        assert f"read-only file system, which is mounted at {where}" in finding.what
        assert finding.mend.startswith(f"mount -o remount,rw {where} ")


@pytest.mark.parametrize("path", ["/proc/journal", "/sys/journal", "FILE", "LINK"])
def test_where_no_file_can_be(house: House, path: str) -> None:
    (house.folder / "FILE").write_bytes(b"")
    (house.folder / "LINK").symlink_to("nowhere")
    for section in ("journal", "spool"):
        found = house.put(section, path=os.path.join(house.folder, path)).wrong(section)
        assert found.level == "error"
        assert "takes no files" in found.what or "FILE is no folder" in found.what or "leads nowhere" in found.what
        assert found.config == f"{section}: {{path: /var/lib/arrtheaudio/{section}}}"


def test_a_look_leaves_nothing_behind(house: House) -> None:
    assert house.put("journal", path=str(house.folder / "state/journal")).levels("journal") == {"ok"}
    assert not (house.folder / "state").exists()
    assert not [*house.folder.rglob(".doctor*")]


# Folders of media, on real file systems


def test_no_folder_is_configured(house: House) -> None:
    assert house.put("api", allowed_roots=[]).wrong("roots").config == "api: {allowed_roots: [/data/media]}"


def test_an_empty_folder_is_a_mount_that_is_missing(house: House) -> None:
    (house.folder / "empty").mkdir()
    found = house.put("api", allowed_roots=[str(house.folder / "empty")]).wrong("roots")
    assert found.level == "warning"
    assert "is empty" in found.what


def test_a_read_only_mount(house: House) -> None:
    rig.need_mounts()
    with rig.mounted(house.folder / "ro", "-t", "tmpfs", "-o", "ro,size=1M", "none") as where:
        found = house.put("api", allowed_roots=[str(where)]).wrong("roots")
    assert found.level == "error"
    assert found.mend.startswith(f"mount -o remount,rw {where}")


def test_a_file_system_without_hard_links(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")  # what link(2) says on FAT

    monkeypatch.setattr(os, "link", refused)
    found = house.wrong("roots")
    assert (found.level, found.what) == ("note", f"{house.media}: its file system has no hard links")


@pytest.mark.parametrize(
    ("kind", "size", "shares"), [("btrfs", 128 << 20, True), ("ext4", 8 << 20, False)], ids=["btrfs", "ext4"]
)
def test_whether_blocks_are_shared(house: House, kind: str, size: int, shares: bool) -> None:
    rig.need_mounts(f"mkfs.{kind}")
    image = rig.image(house.folder / "image", size, f"mkfs.{kind}", "-q")
    with rig.mounted(house.folder / "disk", "-o", "loop", image) as where:
        (where / "film.mkv").write_bytes(b"")
        found = house.put("api", allowed_roots=[str(where)]).findings("roots")
    assert [finding.level for finding in found] == ["ok", "ok" if shares else "note"]
    assert "reflinks" in found[1].what


def test_a_folder_of_somebody_elses(house: House) -> None:
    if os.geteuid():
        rig.needs("root, to give a folder away")
    os.chown(house.media, 4711, 4712)
    environ = {**os.environ, "HOME": str(house.folder), "ARRTHEAUDIO_CONFIG": str(house.file)}
    command = rig.without_privilege([*ARRTHEAUDIO, "doctor"])
    done = subprocess.run(command, env=environ, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    (found,) = [one for one in map(json.loads, done.stdout.splitlines()) if one["check"] == "roots"]
    assert (done.returncode, found["level"]) == (1, "error")
    assert "it is user 4711's, group 4712's" in found["what"]
    assert "PUID=4711 PGID=4712" in found["mend"]


# Around us


def test_tools_that_are_missing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(house.folder))
    assert {finding.level for finding in house.findings("tools")} == {"note"}
    house.put("processing", allow_rewrite=True)
    found = {finding.mend: finding.level for finding in house.findings("tools")}
    assert found["apt install mkvtoolnix"] == "error"


@pytest.mark.parametrize(
    ("key", "level"), [(TMDB_KEY, "ok"), ("wrong", "error"), (None, "note")], ids=["right", "wrong", "none"]
)
def test_the_key_of_tmdb(house: House, key: str | None, level: str) -> None:
    with FakeTmdb() as fake:
        house.put("tmdb", enabled=True, base_url=fake.url, api_key=key)
        assert house.levels("tmdb") == {level}


def test_tmdb_is_not_there(house: House) -> None:
    house.put("tmdb", enabled=True, base_url=f"http://127.0.0.1:{_free_port()}", api_key="x")
    found = house.wrong("tmdb")
    assert found.level == "warning"


def test_a_clock_that_is_off(house: House, sonarr: FakeArr) -> None:
    sonarr.date = time.time() - 7200
    found = house.arr(sonarr).wrong("clock")
    assert found.level == "warning"
    assert "7,20" in found.what or "7,19" in found.what


def test_serve(house: House, ours: Ours) -> None:
    assert house.levels("serve") == {"ok"}
    ours.status = "degraded"
    assert house.wrong("serve").level == "warning"
    ours.status = None  # type: ignore[assignment]  # another program
    assert house.wrong("serve").level == "error"


def test_serve_does_not_run(house: House) -> None:
    found = house.wrong("serve")
    assert (found.level, found.mend) == ("note", "arrtheaudio serve")


def test_serve_does_not_run_and_an_arr_sends_to_it(house: House, sonarr: FakeArr) -> None:
    found = house.arr(sonarr).wrong("serve")
    assert (found.level, found.mend) == ("warning", "arrtheaudio serve")


# An Arr


@pytest.mark.parametrize(
    ("written", "mend", "config"),
    [
        pytest.param("wrong", "", 'api_key: "…"', id="in-the-file"),
        pytest.param("${SONARR_TEST_KEY}", "export SONARR_TEST_KEY=…", "", id="a-variable"),
        pytest.param("${SONARR_TEST_KEY:-}", "export SONARR_TEST_KEY=…", "", id="a-variable-with-a-default"),
    ],
)
def test_a_wrong_key_is_set_right_where_it_stands(
    house: House, sonarr: FakeArr, monkeypatch: pytest.MonkeyPatch, written: str, mend: str, config: str
) -> None:
    monkeypatch.setenv("SONARR_TEST_KEY", "wrong")
    house.arr(sonarr).settings["arr"][0]["api_key"] = written
    path = str(house.file)
    found = [one for one in examine(load(path, dict(os.environ))) if one.check == "sonarr"]
    assert found[0].mend.startswith(mend)
    assert bool(found[0].mend) == bool(mend)
    assert config in found[0].config
    assert bool(found[0].config) == bool(config)


@pytest.mark.parametrize(
    ("base", "path"), [("/sonarr", ""), ("", "/sonarr"), ("", "/x")], ids=["lacks", "none", "another"]
)
def test_the_url_base_is_found(house: House, sonarr: FakeArr, base: str, path: str) -> None:
    sonarr.base = base
    house.arr(sonarr).settings["arr"][0]["url"] += path
    found = house.wrong("sonarr")
    assert f"it is at {sonarr.url}{base}: that is its URL Base" in found.what
    lines = yaml.safe_load(found.config)
    assert lines == {"arr": [{"name": "sonarr", "url": f"{sonarr.url}{base}", "api_key": "(the key that is there)"}]}
    assert house.run("--register")[1][0]["config"] == found.config


def test_an_arr_whose_base_nobody_finds(house: House, sonarr: FakeArr) -> None:
    sonarr.base = "/elsewhere"
    found = house.arr(sonarr).wrong("sonarr")
    assert "what is its URL Base" in found.mend


def test_https_where_plain_http_is_spoken(house: House, sonarr: FakeArr) -> None:
    house.arr(sonarr).settings["arr"][0]["url"] = sonarr.url.replace("http", "https")
    found = house.wrong("sonarr")
    assert found.what == "sonarr speaks plain HTTP at this port, and not HTTPS"
    assert yaml.safe_load(found.config)["arr"][0]["url"] == sonarr.url


@pytest.fixture
def secure(sonarr: FakeArr, tmp_path: Path) -> FakeArr:
    """A Sonarr that speaks TLS, with a certificate that nobody has signed."""
    rig.need_programs("openssl")
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*words, *files, *name], check=True, capture_output=True, timeout=PATIENCE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    sonarr.socket = context.wrap_socket(sonarr.socket, server_side=True)
    return sonarr


def test_plain_http_where_https_is_spoken(house: House, secure: FakeArr) -> None:
    found = house.arr(secure).wrong("sonarr")
    assert found.what == "sonarr speaks HTTPS at this port, and not plain HTTP"
    assert yaml.safe_load(found.config)["arr"][0]["url"] == secure.url.replace("http", "https")


def test_a_certificate_that_nobody_has_signed(house: House, secure: FakeArr) -> None:
    house.arr(secure).settings["arr"][0]["url"] = secure.url.replace("http", "https")
    found = house.wrong("sonarr")
    assert "not trusted here: self-signed certificate" in found.what
    assert found.mend.startswith("export REQUESTS_CA_BUNDLE=")


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        pytest.param(lambda house: house["arr"][0].update(api_key="wrong"), "does not accept its key", id="key"),
        pytest.param(lambda house: house["arr"][0].update(url=house["arr"][0]["url"] + "/x"), "HTTP 404", id="base"),
        pytest.param(lambda house: house["arr"][0].update(url="http://127.0.0.1:1"), "cannot be reached", id="nobody"),
        pytest.param(lambda house: house["arr"][0].update(name="radarr"), "is Sonarr, and not Radarr", id="app"),
    ],
)
def test_an_arr_that_does_not_answer_as_it_should(
    house: House, sonarr: FakeArr, break_it: Callable[[dict[str, Any]], None], said: str
) -> None:
    break_it(house.arr(sonarr).settings)
    found = house.wrong(house.settings["arr"][0]["name"])
    assert found.level == "error"
    assert said in found.what
    assert KEY not in repr(house.findings())


def test_an_old_arr(house: House, sonarr: FakeArr) -> None:
    sonarr.version = "4.0.5.1710"
    found = [finding.what for finding in house.arr(sonarr).findings("sonarr") if finding.level == "note"]
    assert "Sonarr 4.0.5.1710 is old" in found


@pytest.mark.parametrize("padding", [0, 5 << 20], ids=["all-titles", "more-titles-than-one-answer-holds"])
def test_a_mapping_that_is_missing_is_found(house: House, arr: FakeArr, padding: int) -> None:
    arr.padding = padding
    found = house.arr(arr).wrong("path_mappings")
    assert found.config == f'path_mappings: [{{remote: "/tv", local: "{house.media}/tv"}}]'
    house.settings |= yaml.safe_load(found.config)
    assert not [finding for finding in house.findings() if finding.level == "error"]


def test_a_mapping_that_is_wrong_is_found(house: House, arr: FakeArr) -> None:
    (house.media / "movies").mkdir()
    house.arr(arr).settings["path_mappings"] = [{"remote": "/tv", "local": str(house.media / "movies")}]
    assert house.wrong("path_mappings").config == f'path_mappings: [{{remote: "/tv", local: "{house.media}/tv"}}]'
    found = next(finding for finding in house.findings(arr.app) if finding.level == "error")
    assert f"its files are in {house.media}/tv" in found.what


def test_a_folder_that_nobody_finds(house: House, arr: FakeArr) -> None:
    arr.folders, arr.titles = ["/elsewhere"], []
    arr.title(1, "/elsewhere/Show", "/elsewhere/Show/not-here-at-all.mkv")
    found = house.arr(arr).wrong("path_mappings")
    assert found.config.startswith('path_mappings: [{remote: "/elsewhere", local: "/its/folder/here"}]')


def test_what_lacks_in_two_arrs_is_one_list_with_what_was_there(house: House, arr: FakeArr) -> None:
    film = house.folder / "more/films/One/one.mkv"
    film.parent.mkdir(parents=True)
    film.write_bytes(b"film")
    good = {"remote": "/good", "local": str(house.folder / "more")}
    house.arr(arr).settings["path_mappings"] = [good]
    with FakeArr("radarr" if arr.app == "sonarr" else "sonarr", "6.0.3.10276") as other:
        other.folders = ["/films"]
        other.title(1, "/films/One", "/films/One/one.mkv")
        found = house.arr(other).wrong("path_mappings")
        lines = yaml.safe_load(found.config)
        assert lines["path_mappings"] == [
            good,
            {"remote": "/films", "local": str(film.parent.parent)},
            {"remote": "/tv", "local": f"{house.media}/tv"},
        ]
        said = [f"{finding.mend}{finding.config}" for finding in house.findings()]
        assert sum("path_mappings: [" in text for text in said) == 1
        house.settings["path_mappings"] = lines["path_mappings"]
        house.put("api", **lines["api"])
        assert not [finding for finding in house.findings() if finding.level == "error"]


def test_a_root_that_lacks_is_added_to_those_that_are_there(house: House, sonarr: FakeArr) -> None:
    film = house.folder / "films/One/one.mkv"
    film.parent.mkdir(parents=True)
    film.write_bytes(b"film")
    sonarr.folders = [str(house.folder / "films")]
    sonarr.title(1, str(film.parent), str(film))
    house.arr(sonarr).settings["path_mappings"] = [{"remote": "/x", "local": str(house.folder / "films")}]
    lines = yaml.safe_load(house.wrong("path_mappings").config)
    assert lines == {"api": {"allowed_roots": [str(house.media), str(house.folder / "films")]}}


def test_a_file_that_may_not_be_changed(house: House, arr: FakeArr) -> None:
    rig.need_mounts()
    target = house.media / "ro"
    with rig.mounted(target, "--bind", house.media / "tv"):
        subprocess.run(["mount", "-o", "remount,bind,ro", target], check=True, timeout=PATIENCE)
        house.arr(arr).settings["path_mappings"] = [{"remote": "/tv", "local": str(target)}]
        found = next(finding for finding in house.findings(arr.app) if finding.level == "error")
    assert found.mend.startswith("mount -o remount,rw ")


def test_a_folder_without_files_proves_nothing(house: House, arr: FakeArr) -> None:
    arr.titles.pop()
    house.arr(arr).settings["path_mappings"] = [{"remote": "/tv", "local": str(house.media / "tv")}]
    assert any("has no file yet" in finding.what for finding in house.findings(arr.app))


@pytest.mark.parametrize(
    ("path", "folder", "rest"),
    [
        ("/tv/Show/one.mkv", "/tv", "Show/one.mkv"),
        ("/tv/Show/one.mkv", "/tv/", "Show/one.mkv"),
        ("/tvshows/one.mkv", "/tv", None),
        ("D:\\TV\\Show\\one.mkv", "d:/tv", "Show/one.mkv"),
        ("\\\\nas\\tv\\one.mkv", "\\\\nas\\tv", "one.mkv"),
        ("relative", "/tv", None),
    ],
)
def test_what_is_below_a_folder_of_another_machine(path: str, folder: str, rest: str | None) -> None:
    assert mapping.rest(path, folder) == rest


# The webhook


def test_no_webhook(house: House, sonarr: FakeArr) -> None:
    found = [finding for finding in house.arr(sonarr).findings("sonarr") if finding.level == "warning"]
    assert [finding.what for finding in found] == ["there is no webhook of ours in it"]
    assert found[0].mend.startswith("arrtheaudio doctor --register")


def test_a_custom_script_is_as_good(house: House, sonarr: FakeArr) -> None:
    script = {"name": "path", "value": "/opt/arrtheaudio/bin/arrtheaudio-custom-script"}
    sonarr.connection("", implementation="CustomScript")["fields"].append(script)
    assert "warning" not in house.arr(sonarr).levels("sonarr")


@pytest.mark.parametrize(
    ("more", "level", "said"),
    [
        pytest.param({"onDownload": False}, "error", "not sent on import", id="not-on-import"),
        pytest.param({"onUpgrade": False}, "warning", "not sent on upgrade", id="not-on-upgrade"),
        pytest.param({"onImportComplete": True}, "note", "Import Complete", id="twice"),
        pytest.param({"tags": [3]}, "note", "certain tags", id="tags"),
        pytest.param({"fields": {"method": 2}}, "error", "by PUT", id="put"),
        pytest.param({"fields": {"password": ""}}, "error", "no password", id="no-password"),
        pytest.param({"fields": {"password": "wrong"}}, "error", "cannot deliver", id="wrong-password"),
        pytest.param({"url": "http://127.0.0.1:1/webhook/sonarr"}, "error", "cannot deliver", id="nobody-there"),
        pytest.param(
            {"url": "http://127.0.0.1:1/other", "name": "ArrTheAudio"}, "error", "not to /webhook/", id="path"
        ),
    ],
)
@pytest.mark.usefixtures("ours")
def test_a_webhook_that_is_not_as_it_should_be(
    house: House, sonarr: FakeArr, more: dict[str, Any], level: str, said: str
) -> None:
    hook(house, sonarr, **more)
    found = [finding for finding in house.arr(sonarr).findings("sonarr") if said in finding.what]
    assert [finding.level for finding in found] == [level]
    # and what it says mends it
    status, done, _ = house.run("--register")
    assert (status, [finding["level"] for finding in done]) == (0, ["ok"]), done
    assert [finding for finding in house.findings("sonarr") if said in finding.what and level == "error"] == []


def test_the_wrong_scheme(house: House, sonarr: FakeArr) -> None:
    hook(house, sonarr, url=f"https://127.0.0.1:{house.settings['api']['port']}/webhook/sonarr")
    assert any("wrong scheme" in finding.what for finding in house.arr(sonarr).findings("sonarr"))


@pytest.mark.usefixtures("ours")
def test_a_webhook_that_was_put_aside(house: House, sonarr: FakeArr) -> None:
    hook(house, sonarr)
    message = "Notifications unavailable due to failures: Our hook"
    sonarr.complaints = [{"source": "NotificationStatusCheck", "type": "warning", "message": message}]
    found = [finding for finding in house.arr(sonarr).findings("sonarr") if finding.level == "warning"]
    assert [finding.what for finding in found] == [message]


# --register


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "ftp://x",
        "http://",
        "http://:9393",
        "http://h:99999",
        "http://h:0",
        "http://h:x",
        "http://[::1",
        "http://h/path/?q=1#f",
        "http://h?",
        "http://h#",
        "http://a:b@h",
        "http://h h",
        "http://h\n",
        "http://h/webhook/sonarr",
    ],
    ids=repr,
)
def test_a_url_that_is_none_is_refused_before_anything_is_changed(house: House, url: str) -> None:
    with pytest.raises(UsageError, match="--url"):
        webhook.target(Arr("sonarr", "http://127.0.0.1:1", Secret(KEY)), load(str(house.file), {}), url)


@pytest.mark.parametrize("url", ["http://h", "https://h:9393/", "http://[::1]:9393", "http://h/below/it"])
def test_a_url_that_is_one(house: House, url: str) -> None:
    made = webhook.target(Arr("sonarr", "http://127.0.0.1:1", Secret(KEY)), load(str(house.file), {}), url)
    assert made == f"{url.rstrip('/')}/webhook/sonarr"


@pytest.mark.parametrize("url", ["", "nonsense"])
def test_a_wrong_url_is_a_wrong_call(house: House, sonarr: FakeArr, url: str) -> None:
    status, found, said = house.arr(sonarr).run("--register", "--url", url)
    assert (status, found, sonarr.asked) == (2, [], [])
    assert f"--url {url!r}" in said


def test_the_webhook_is_added_once(house: House, ours: Ours, arr: FakeArr) -> None:
    house.arr(arr)
    url = f"http://127.0.0.1:{house.settings['api']['port']}"
    status, found, _ = house.run("--register", "--url", url, "--dry-run")
    assert (status, arr.connections) == (0, [])
    assert found[0]["what"] == f"its webhook would be added, and goes to {url}/webhook/{arr.app}"
    status, found, _ = house.run("--register", "--url", url)
    assert (status, found[0]["what"]) == (0, f"its webhook was added, and goes to {url}/webhook/{arr.app}")
    (made,) = arr.connections
    fields = {field["name"]: field["value"] for field in made["fields"]}
    assert fields == {"url": f"{url}/webhook/{arr.app}", "method": 1, "username": "arrtheaudio", "password": SECRET}
    assert (made["name"], made["onDownload"], made["onUpgrade"]) == ("ArrTheAudio", True, True)
    assert made.get("onImportComplete") is (False if arr.app == "sonarr" else None)
    assert ours.took == 1
    status, found, said = house.run("--register", "--url", url)
    assert found[0]["what"] == f"its webhook ArrTheAudio goes to {url}/webhook/{arr.app} already"
    assert arr.connections == [made]
    assert SECRET not in said + json.dumps(found)


@pytest.mark.usefixtures("ours")
def test_what_a_person_has_set_otherwise_stays(house: House, sonarr: FakeArr) -> None:
    hook(house, sonarr, onUpgrade=False, onRename=True, fields={"headers": [{"key": "X", "value": "y"}]})
    assert house.arr(sonarr).run("--register")[0] == 0
    (made,) = sonarr.connections
    fields = {field["name"]: field["value"] for field in made["fields"]}
    assert (made["name"], made["onGrab"], made["onRename"], made["onUpgrade"]) == ("Our hook", True, True, True)
    assert (fields["username"], fields["password"], fields["headers"]) == ("x", SECRET, [{"key": "X", "value": "y"}])


def test_a_webhook_that_does_not_arrive_is_not_taken(house: House, sonarr: FakeArr) -> None:
    status, (found,), _ = house.arr(sonarr).run("--register", "--url", "http://127.0.0.1:1")
    assert (status, found["level"], sonarr.connections) == (1, "error", [])
    assert "does not take our webhook" in found["what"]


def test_where_we_are_has_to_be_said(house: House, sonarr: FakeArr) -> None:
    house.arr(sonarr).settings["arr"][0]["url"] = "http://sonarr:8989"
    status, found, said = house.run("--register")
    assert (status, found) == (2, [])
    assert "sonarr does not reach 127.0.0.1" in said


def test_one_look_that_fails_stops_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error", "/data")

    monkeypatch.setattr(os, "statvfs", broken)
    levels = {finding.check: finding.level for finding in house.findings()}
    assert levels["spool"] == levels["roots"] == "error"
    assert "clock" in levels
