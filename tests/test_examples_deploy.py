"""examples/: units, image, cron lines, alerts and dashboard, judged by the programs that read them, and run."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from examples_rig import EXAMPLES, MEDIA, PATH, PATIENCE, ROOT, environment, execute, needs
from fake_tmdb import KEY, FakeTmdb
from serve_rig import Serving, sonarr
from spool_rig import Yard, until

from arrtheaudio.errors import CODES

SYSTEMD = EXAMPLES / "systemd"
SERVICES = ("arrtheaudio.service", "arrtheaudio-worker@.service", "arrtheaudio-nightly.service")
RULES = EXAMPLES / "prometheus-rules.yml"
DASHBOARD = EXAMPLES / "grafana-dashboard.json"
SECRET = "correct horse battery staple"


def test_no_example_is_left_out_by_the_tests() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests").glob("*.py"))
    listed = subprocess.run(["git", "ls-files", "examples"], cwd=ROOT, capture_output=True, timeout=PATIENCE)
    if listed.returncode:
        pytest.skip("this is no checkout")
    names = [line.rpartition("/")[2] for line in listed.stdout.decode().splitlines()]
    assert len(names) > 20
    assert [name for name in names if f'"{name}"' not in tests and f"/{name}" not in tests] == []


@pytest.mark.parametrize(
    "name",
    [
        *("Dockerfile", "compose.yaml", "crontab", "nginx.conf", "prometheus.yml", "prometheus-rules.yml"),
        *(f"systemd/{name}" for name in (*SERVICES, "arrtheaudio-nightly.timer")),
        *("many-hosts/hosts", "many-hosts/kubernetes.yaml"),
    ],
)
def test_an_example_says_first_what_it_is_for(name: str) -> None:
    lines = (EXAMPLES / name).read_text().splitlines()
    comment = lines[: next(n for n, line in enumerate(lines) if not line.startswith("#"))]
    assert len(comment) >= 2
    assert max(map(len, lines)) <= 120 or name == "prometheus-rules.yml"


# systemd


def unit(name: str) -> list[tuple[str, str]]:
    """Return the settings of a unit, in order."""
    lines = (SYSTEMD / name).read_text().splitlines()
    return [(key, value) for key, equals, value in (line.partition("=") for line in lines if line[:1] != "#") if equals]


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Return a folder with the units, whose program is there."""
    programs = tmp_path / "bin"
    programs.mkdir()
    shutil.copy("/bin/true", programs / "arrtheaudio")
    folder = tmp_path / "units"
    shutil.copytree(SYSTEMD, folder)
    for path in folder.iterdir():
        path.write_text(path.read_text().replace("/usr/local/bin/arrtheaudio", f"{programs}/arrtheaudio"))
    shutil.copy(folder / "arrtheaudio-worker@.service", folder / "arrtheaudio-worker@1.service")
    return folder


@needs("systemd-analyze")
@pytest.mark.parametrize(
    "name", [SERVICES[0], "arrtheaudio-worker@1.service", SERVICES[2], "arrtheaudio-nightly.timer"]
)
def test_systemd_finds_no_fault_in_a_unit(units: Path, name: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", units / name], capture_output=True, timeout=PATIENCE, cwd=units
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@needs("systemd-analyze")
@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_lets_little_happen(units: Path, name: str) -> None:
    words = ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", units / name]
    done = subprocess.run(words, capture_output=True, timeout=PATIENCE, cwd=units)
    assert done.returncode == 0, done.stdout.decode()[-100:]


def test_units_are_hardened_alike() -> None:
    own = {"Description", "Type", "ExecStart", "ExecReload", "TimeoutStopSec", "TimeoutStartSec", "KillMode", "Restart"}
    own |= {"RestartSec", "Nice", "IOSchedulingClass", "WantedBy"}
    first, *others = [[pair for pair in unit(name) if pair[0] not in own] for name in SERVICES]
    assert len(first) > 30
    assert others == [first, first]


@needs("systemd-analyze")
def test_the_timer_comes_once_a_night() -> None:
    (when,) = (value for key, value in unit("arrtheaudio-nightly.timer") if key == "OnCalendar")
    words = ["systemd-analyze", "calendar", "--iterations=2", "--base-time=2026-01-01 00:00:00", when]
    done = subprocess.run(words, capture_output=True, timeout=PATIENCE, env={"PATH": PATH, "TZ": "UTC"})
    assert re.findall(r"2026-01-0\d 03:30:00", done.stdout.decode()) == ["2026-01-01 03:30:00", "2026-01-02 03:30:00"]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment in which Japanese is wanted."""
    return environment(tmp_path, ARRTHEAUDIO_LANGUAGE_PRIORITY="jpn")


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder with two films, of which one has a second name."""
    folder = tmp_path / "media"
    folder.mkdir()
    shutil.copy(MEDIA / "mkvmerge.mkv", folder / "film.mkv")
    shutil.copy(MEDIA / "ffmpeg.mkv", folder / "seeds.mkv")
    (tmp_path / "torrent.mkv").hardlink_to(folder / "seeds.mkv")
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def serving(environ: Mapping[str, str], *words: object) -> Iterator[Callable[..., Any]]:
    """Run a command that serves on ARRTHEAUDIO_API_PORT; hand out a function that asks it for JSON."""
    url = f"http://127.0.0.1:{environ['ARRTHEAUDIO_API_PORT']}"

    def ask(path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"X-Api-Key": SECRET} | ({} if data is None else {"Content-Type": "application/json"})
        with urllib.request.urlopen(urllib.request.Request(url + path, data, headers), timeout=20) as answer:
            return json.load(answer)

    def answers() -> bool:
        try:
            return bool(ask("/health/live"))
        except OSError:
            return False

    with subprocess.Popen([*map(str, words)], env=dict(environ), stderr=subprocess.DEVNULL) as process:
        try:
            until(answers, 30)
            yield ask
            process.terminate()
            assert process.wait(30) == 128 + signal.SIGTERM
        finally:
            process.kill()


def allowed_calls() -> set[str]:
    """Return the system calls that the units let through."""
    done = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, timeout=PATIENCE, check=True)
    groups: dict[str, list[str]] = {}
    for line in done.stdout.decode().splitlines():
        name = re.sub(r"\x1b\[[\d;]*m", "", line).strip()
        if name.startswith("@") and not line[:1].isspace():
            members = groups.setdefault(name, [])
        elif name and not name.startswith("#"):
            members.append(name)

    def expand(name: str) -> set[str]:
        return set().union(*map(expand, groups[name])) if name.startswith("@") else {name}

    found: set[str] = set()
    for key, value in unit(SERVICES[0]):
        if key == "SystemCallFilter":
            calls = set().union(*map(expand, value.removeprefix("~").split()))
            found = found - calls if value.startswith("~") else found | calls
    return found


@needs("systemd-analyze", "strace")
def test_all_that_the_server_and_its_workers_ask_of_the_kernel_is_allowed(
    environ: dict[str, str], films: Path, tmp_path: Path
) -> None:
    log = tmp_path / "trace"
    environ |= {
        "ARRTHEAUDIO_API_PORT": str(free_port()),
        "ARRTHEAUDIO_API_ALLOWED_ROOTS": str(films),
        "ARRTHEAUDIO_PROCESSING_HARDLINKS": "copy",
        "ARRTHEAUDIO_API_WEBHOOK_SECRET": SECRET,
    }
    # -D: the process that we started is the server, and strace stands beside it
    with serving(environ, "strace", "-D", "-f", "-q", "-o", log, tmp_path / "bin" / "arrtheaudio", "serve") as ask:
        name = ask("/batch", {"path": str(films)})["batch_id"]
        until(lambda: ask(f"/batch/{name}")["status"] == "completed", 60)
        assert ask(f"/batch/{name}")["progress"]["success"] == 2
    until(lambda: "+++ exited with 143 +++" in log.read_text().splitlines()[-1], 30)
    text = log.read_text()
    called = set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)", text, re.MULTILINE))
    assert {"fchown", "pwrite64", "fsync", "flock", "accept4"} <= called
    assert called - allowed_calls() == set()
    assert "PROT_WRITE|PROT_EXEC" not in text  # MemoryDenyWriteExecute
    families = set(re.findall(r"\bsocket(?:pair)?\((AF_\w+)", text))
    assert families - set(dict(unit(SERVICES[0]))["RestrictAddressFamilies"].split()) <= {"AF_NETLINK"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_units_command_is_one(environ: dict[str, str], films: Path, name: str) -> None:
    settings = dict(unit(name))
    words = settings["ExecStart"].replace("/usr/local/bin/", "").replace("/data/media", str(films)).split()
    words = [word.replace("/var/lib/", f"{environ['HOME']}/") for word in words]
    (Path(environ["HOME"]) / "arrtheaudio").mkdir()
    environ["ARRTHEAUDIO_API_PORT"] = str(free_port())
    if name != "arrtheaudio-nightly.service":  # stopped as systemd does it
        words = ["timeout", "--signal=TERM", "--preserve-status", "2", *words]
    done = execute(environ, *words)
    assert str(done.returncode) in ("0", settings["SuccessExitStatus"]), done
    assert name != "arrtheaudio-nightly.service" or done.stdout.count(b"\n") == 2


# cron


def cron_lines() -> list[tuple[list[str], str]]:
    lines = [line for line in (EXAMPLES / "crontab").read_text().splitlines() if line and line[0] not in "#PS"]
    return [(fields[:5], fields[5]) for fields in (line.split(None, 5) for line in lines)]


def test_cron_lines_are_whole_and_have_no_percent_sign() -> None:
    field = re.compile(r"(\*|\d+)(/\d+)?")  # as these lines need it
    assert len(cron_lines()) == 3
    for fields, command in cron_lines():
        assert all(map(field.fullmatch, fields))
        assert "%" not in command  # it would end the command


@pytest.mark.parametrize("command", [command for _, command in cron_lines()])
def test_a_cron_line_does_it_and_says_nothing(
    environ: dict[str, str], films: Path, tmp_path: Path, command: str
) -> None:
    (films / "seeds.mkv").unlink()
    execute(environ, "arrtheaudio", "jobs", "add", films / "film.mkv")
    done = execute(environ | {"STATE": str(tmp_path)}, "sh", "-c", command.replace("/data/media", str(films)))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    if "cleanup" not in command:
        listed = execute(environ, "arrtheaudio", "undo", "--list").stdout
        assert listed.count(b"\n") == 1


@pytest.mark.parametrize("command", [command for _, command in cron_lines()][:2], ids=["nightly", "queue"])
def test_a_cron_line_prints_what_failed(environ: dict[str, str], films: Path, tmp_path: Path, command: str) -> None:
    bad = films / "bad.mkv"
    bad.write_bytes(b"no film")
    execute(environ, "arrtheaudio", "jobs", "add", *films.iterdir())
    done = execute(environ | {"STATE": str(tmp_path)}, "sh", "-c", command.replace("/data/media", str(films)))
    assert done.stderr == b""
    (record,) = map(json.loads, done.stdout.splitlines())
    assert (record["path"], record["error"]["code"]) == (str(bad), "not_media")


def commands(name: str) -> list[str]:
    """Return the commands that the first comment of an example gives, each on a line of its own."""
    comment = (EXAMPLES / name).read_text().partition("\n\n")[0].splitlines()
    return [line.removeprefix("#   ").replace("sudo ", "") for line in comment if line.startswith("#   ")]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a folder away")
def test_folders_to_make_first_belong_to_who_uses_them(tmp_path: Path) -> None:
    (cron,) = commands("crontab")
    folder = Path(next(line for line in (EXAMPLES / "crontab").read_text().splitlines() if line[:6] == "STATE=")[6:])
    assert cron.endswith(f" {folder}")
    cron = cron.replace(str(folder), f"{tmp_path}{folder}").replace("-o media", "-o nobody")
    (compose,) = commands("compose.yaml")
    for command in (cron, compose):
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, timeout=PATIENCE)
        assert (done.returncode, done.stderr) == (0, b"")
    assert Path(f"{tmp_path}{folder}").owner() == "nobody"
    # docker takes relative paths from the folder of compose.yaml
    mounted = [volume.partition(":")[0] for volume in composed()["arrtheaudio"]["volumes"] if volume.startswith("./")]
    (config,) = mounted
    assert composed()["arrtheaudio"]["user"] == "${PUID:-1000}:${PGID:-1000}"
    assert ((tmp_path / "examples" / config).stat().st_uid, (tmp_path / "examples" / config).stat().st_gid) == (
        1000,
    ) * 2


# Docker


def dockerfile() -> list[tuple[str, str]]:
    """Return the instructions, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (EXAMPLES / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", "")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{PATH}")
    if hadolint is None:
        pytest.skip("needs hadolint")
    done = subprocess.run([hadolint, EXAMPLES / "Dockerfile"], capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_the_image_is_nobodys_root_and_needs_no_shell() -> None:
    instructions = dict(dockerfile())
    assert instructions["USER"] == "1000:1000"
    assert instructions["EXPOSE"] == "9393"
    assert all(instructions[word].startswith("[") for word in ("ENTRYPOINT", "CMD"))


@pytest.mark.timeout(180)
def test_what_the_image_is_made_of_is_enough_and_it_is_healthy(environ: dict[str, str], tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="needs hatchling")
    source, wheels, image = (tmp_path / name for name in ("src", "wheels", "image"))
    source.mkdir()
    for *names, _ in (rest.split() for word, rest in dockerfile() if word == "COPY"):
        for name in names:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, source / name)
    # As the image's own commands, but from this machine alone: what it depends on is here already.
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-index", "--no-cache-dir"]
    made = execute(environ, *pip, "wheel", *offline, "--no-build-isolation", "--wheel-dir", wheels, source)
    assert made.returncode == 0, made.stderr
    (wheel,) = wheels.iterdir()
    assert any(name.endswith("/licenses/LICENSE") for name in ZipFile(wheel).namelist())
    execute(environ, *pip, "install", *offline, "--target", image, "--find-links", wheels, "arrtheaudio", check=True)
    instructions = dict(dockerfile())
    command = json.loads(instructions["ENTRYPOINT"]) + json.loads(instructions["CMD"])
    environ |= {
        "PATH": f"{image}/bin:{PATH}",
        "PYTHONPATH": str(image),
        "WEBHOOK_SECRET": SECRET,
        "ARRTHEAUDIO_API_PORT": str(free_port()),
    }
    check = json.loads(instructions["HEALTHCHECK"].partition("CMD ")[2])
    check = [word.replace(":9393", f":{environ['ARRTHEAUDIO_API_PORT']}") for word in [sys.executable, *check[1:]]]
    assert execute(environ, *check).returncode == 1
    with serving(environ, *command):
        assert execute(environ, *check).returncode == 0


def composed() -> Any:
    return yaml.safe_load((EXAMPLES / "compose.yaml").read_text())["services"]


@needs("docker-compose")
def test_compose_reads_it_and_wants_a_secret() -> None:
    words = ["docker-compose", "--file", EXAMPLES / "compose.yaml", "config"]
    given = {"PATH": PATH, "PUID": "1234", "PGID": "99", "DATA": "/srv"}
    refused = subprocess.run(words, capture_output=True, timeout=PATIENCE, env=given)
    assert b"WEBHOOK_SECRET" in refused.stderr
    done = subprocess.run(words, capture_output=True, timeout=PATIENCE, env=given | {"WEBHOOK_SECRET": SECRET})
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert set(services) == {"arrtheaudio", "sonarr", "radarr"}
    assert services["arrtheaudio"]["user"] == "1234:99"
    assert {services[name]["environment"]["PUID"] for name in ("sonarr", "radarr")} == {"1234"}
    assert all(any(str(v).startswith("/srv:/data") for v in service["volumes"]) for service in services.values())


def test_compose_settings_are_ones_that_the_server_takes(environ: dict[str, str]) -> None:
    service = composed()["arrtheaudio"]
    assert (EXAMPLES / service["build"]["context"] / service["build"]["dockerfile"]).samefile(EXAMPLES / "Dockerfile")
    assert all(service["ports"][n].startswith("127.0.0.1:") for n in range(len(service["ports"])))
    given = {key: value for key, value in service["environment"].items() if "${" not in value}
    assert set(given) == {"ARRTHEAUDIO_API_ALLOWED_ROOTS", "ARRTHEAUDIO_LANGUAGE_PRIORITY"}
    environ |= given | {"ARRTHEAUDIO_API_PORT": str(free_port()), "WEBHOOK_SECRET": SECRET}
    with serving(environ, "arrtheaudio", "serve", "--host", "0.0.0.0") as ask:
        assert ask("/health")["status"] in ("healthy", "degraded")


# Prometheus and Grafana


@needs("promtool")
def test_each_alert_comes_when_it_should_and_not_else() -> None:
    checked = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, timeout=PATIENCE)
    assert (checked.returncode, checked.stderr) == (0, b"")
    tests = ROOT / "tests" / "prometheus_rules_test.yml"
    done = subprocess.run(["promtool", "test", "rules", tests], capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    cases = yaml.safe_load(tests.read_text())["tests"]
    fired = {case["alertname"] for test in cases for case in test["alert_rule_test"] if "exp_alerts" in case}
    assert fired == {rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}


def queries() -> dict[str, str]:
    """Return the queries of the alerts and of the dashboard, by where they stand; variables have a value."""
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    found = {rule["alert"]: rule["expr"] for rule in rules}
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            text = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
            found[f"{panel['title']} {target['refId']}"] = text
    return found


@needs("promtool")
def test_every_query_is_one(tmp_path: Path) -> None:
    rules = [{"record": f"query:{number}", "expr": text} for number, text in enumerate(queries().values())]
    assert not any("$" in rule["expr"] for rule in rules)
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", tmp_path / "queries.yml"], capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    """What a server that has done something prints: the labels of each sample, by name."""
    yard = Yard(tmp_path_factory.mktemp("yard"))
    with FakeTmdb() as tmdb, Serving(yard, tmdb={"api_key": KEY, "base_url": tmdb.url}) as server:
        film = yard.film()
        bad = film.with_name("bad.mkv")
        bad.write_bytes(b"no film")
        for path in (film, bad):
            server.ended(server.post("/webhook/sonarr", sonarr(path))["job_ids"][0])
        until(lambda: b'jobs_total{status="failed"} 1.0' in server.ask("GET", "/metrics").body)
        text = server.ask("GET", "/metrics").body.decode()
    found: dict[str, list[dict[str, str]]] = {"up": [{}]}
    for name, labels in re.findall(r"^([a-z_]+)(?:\{(.*)\})? \S+$", text, re.MULTILINE):
        found.setdefault(name, []).append(dict(re.findall(r'(\w+)="([^"]*)"', labels)))
    return found


_SCRAPED = {"instance", "job"}  # Prometheus adds these
_SELECTOR = re.compile(r"\b(arrtheaudio_\w+|process_\w+|up)\b(?:\{([^}]*)\})?")


def test_queries_name_only_metrics_and_labels_that_there_are(metrics: dict[str, list[dict[str, str]]]) -> None:
    for where, text in queries().items():
        selectors = _SELECTOR.findall(text)
        assert selectors, where
        known = set(_SCRAPED)
        for name, matchers in selectors:
            assert name in metrics, (where, name)
            labels = {label for sample in metrics[name] for label in sample}
            known |= labels
            assert set(re.findall(r'(\w+)(?:=|!=|=~|!~)"', matchers)) <= labels | _SCRAPED, (where, name, labels)
        grouped = {label.strip() for group in re.findall(r"(?:by|on) \(([^)]*)\)", text) for label in group.split(",")}
        assert grouped <= known, where
    assert len(queries()) > 20


def test_the_values_that_queries_name_exist(metrics: dict[str, list[dict[str, str]]]) -> None:
    values = {(label, value) for samples in metrics.values() for sample in samples for label, value in sample.items()}
    values |= {("type", code) for code in CODES} | {("component", "workers"), ("job", "arrtheaudio")}
    named = {pair for text in queries().values() for pair in re.findall(r'(\w+)!?="(\w+)"', text)}
    assert named - values == set()


def test_the_dashboard_has_no_two_panels_in_one_place() -> None:
    board = json.loads(DASHBOARD.read_text())
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    assert "To change:" in board["description"]
