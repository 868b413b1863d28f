"""The hooks as Sonarr and Radarr call them: real processes, variables for every event, pipes that nobody closes."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import arr_rig as rig
import pytest
from shell import ARRTHEAUDIO, PATIENCE, Shell, film

from arrtheaudio.spool import Spool, ask

ROOT = Path(__file__).parent.parent
DEFERRED = b"[MoveStatus] DeferMove\n"
QUICK = 0.3  # seconds that an Arr's import may be kept waiting
CONFIG = (
    "path_mappings: [{remote: /tv, local: %s/tv}, {remote: /movies, local: %s/movies}, {remote: 'C:\\TV', local: /t}]"
)


class Ended(NamedTuple):
    """How a hook ended."""

    status: int
    out: bytes
    err: bytes
    seconds: float


class Arr:
    """Calls hooks as an Arr does: standard input stays open, and it waits for the end of both other pipes."""

    def __init__(self, root: Path) -> None:
        """Make the folders, a configuration, and a checkout whose environment is this interpreter's."""
        self.shell = Shell(root)
        self.media = root / "media"
        self.spool = self.shell.home / ".local/state/arrtheaudio/spool"
        for name in ("tv", "movies"):
            (self.media / name).mkdir(parents=True)
        self.config = root / "config.yaml"
        self.config.write_text("language_priority: [jpn]\nprefer_original: false\n" + CONFIG % (self.media, self.media))
        self.checkout = _checkout(root / "check out")

    def call(
        self, command: Sequence[str | Path], variables: Mapping[str, str], *more: str, path: str | None = None
    ) -> Ended:
        """Call a hook with an Arr's variables and arguments."""
        environ = {**self.shell.environ, "ARRTHEAUDIO_CONFIG": str(self.config), **variables}
        environ |= {"PATH": path} if path is not None else {}
        ours, theirs = os.pipe()
        start = time.monotonic()
        process = subprocess.Popen(
            [*map(str, command), *more],
            env=environ,
            cwd=self.shell.cwd,
            stdin=ours,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            out, err = process.communicate(timeout=PATIENCE)
            return Ended(process.returncode, out, err, time.monotonic() - start)
        finally:
            process.kill()
            os.close(ours)
            os.close(theirs)

    def hook(self, *words: str, **variables: str) -> Ended:
        """Call `arrtheaudio hook`."""
        return self.call((*ARRTHEAUDIO, "hook", *words), variables)

    def script(self, name: str, variables: Mapping[str, str], *more: str, **options: Any) -> Ended:
        """Call one of the scripts."""
        return self.call([self.checkout / "bin" / f"arrtheaudio-{name}-script"], variables, *more, **options)

    def jobs(self) -> list[dict[str, Any]]:
        """Return the jobs of the queue, the oldest first."""
        if not self.spool.exists():
            return []
        return sorted(ask.jobs(Spool(str(self.spool)), ask.Wanted()), key=lambda job: str(job["id"]))

    def ours(self, path: str) -> str:
        """Return our path for an Arr's."""
        return f"{self.media}{path}"


def _checkout(root: Path) -> Path:
    (root / ".venv/bin").mkdir(parents=True)
    shutil.copytree(ROOT / "bin", root / "bin")
    (root / "arrtheaudio").symlink_to(ROOT / "arrtheaudio")
    (root / "pyproject.toml").touch()
    (root / ".venv/checkout").symlink_to(root)
    (root / ".venv/ready").touch()
    now = time.time_ns()
    for mark in ("pyproject.toml", ".venv/ready"):
        os.utime(root / mark, ns=(now, now))
    python = root / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return root


@pytest.fixture
def arr(tmp_path: Path) -> Arr:
    """An Arr."""
    return Arr(tmp_path)


def queued(ended: Ended) -> list[str]:
    """Return the ids that a hook has printed; all was well."""
    assert (ended.status, ended.err) == (0, b"")
    return [json.loads(line)["id"] for line in ended.out.splitlines()]


WAYS: Mapping[str, Callable[[Arr, str, Mapping[str, str]], Ended]] = {
    "the command": lambda arr, app, variables: arr.hook(app, **variables),
    "the script": lambda arr, _, variables: arr.script("custom", variables),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("app", "variables", "paths"),
    [
        pytest.param("sonarr", rig.sonarr_variables(), [rig.EPISODE], id="sonarr"),
        pytest.param("sonarr", rig.sonarr_upgrade_variables(), [rig.EPISODE], id="sonarr, an upgrade"),
        pytest.param("sonarr", rig.sonarr_complete_variables(), rig.EPISODES, id="sonarr, a pack"),
        pytest.param("radarr", rig.radarr_variables(), [rig.MOVIE], id="radarr"),
    ],
)
def test_an_import_is_queued(
    arr: Arr,
    way: Callable[[Arr, str, Mapping[str, str]], Ended],
    app: str,
    variables: dict[str, str],
    paths: list[str],
) -> None:
    ids = queued(way(arr, app, variables))
    jobs = arr.jobs()
    assert [job["id"] for job in jobs] == ids
    assert [job["record"]["path"] for job in jobs] == [*map(arr.ours, paths)]
    assert {(job["priority"], job["source"], job["group"]) for job in jobs} == {
        ("webhook", "hook", ids[0].removesuffix(".000001"))
    }
    assert not any("confined" in job for job in jobs)
    assert {job["record"]["arr"]["app"] for job in jobs} == {app}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("app", "variables"),
    [*rig.IDLE_VARIABLES.values(), *((app, rig.variables(app, eventtype="Test")) for app in ("sonarr", "radarr"))],
    ids=[*rig.IDLE_VARIABLES, "sonarr-Test", "radarr-Test"],
)
def test_an_event_without_work_is_quiet(
    arr: Arr, way: Callable[[Arr, str, Mapping[str, str]], Ended], app: str, variables: dict[str, str]
) -> None:
    assert way(arr, app, variables)[:3] == (0, b"", b"")
    assert arr.jobs() == []


IMPORTS = {
    "the command": lambda arr, variables: arr.hook("import", **variables),
    "the script": lambda arr, variables: arr.script("import", variables, "/downloads/a b.mkv", '/tv/"x".mkv'),
    "the other script": lambda arr, variables: arr.script("custom", variables, "/downloads/a.mkv", "/tv/x.mkv"),
}


@pytest.mark.parametrize("way", IMPORTS.values(), ids=IMPORTS)
@pytest.mark.parametrize(
    ("variables", "path"),
    [
        pytest.param(rig.sonarr_import(), rig.EPISODE, id="sonarr"),
        pytest.param(rig.radarr_import(), rig.MOVIE, id="radarr"),
    ],
)
def test_an_import_script_leaves_the_file_to_the_arr(
    arr: Arr, way: Callable[[Arr, Mapping[str, str]], Ended], variables: dict[str, str], path: str
) -> None:
    assert way(arr, variables)[:3] == (0, DEFERRED, b"")
    (job,) = arr.jobs()
    assert (job["source"], job["record"]["path"]) == ("hook", arr.ours(path))
    assert job["record"]["arr"]["event"] == "ImportScript"


def test_an_import_script_under_custom_script_is_one(arr: Arr) -> None:
    assert arr.script("import", rig.sonarr_variables())[:3] == (0, DEFERRED, b"")
    assert [job["record"]["arr"]["event"] for job in arr.jobs()] == ["Download"]


def _broken(arr: Arr) -> None:
    arr.config.write_text("language_priority: {no: list\n")


def _missing(arr: Arr) -> None:
    arr.config.unlink()


def _read_only(arr: Arr) -> None:
    arr.shell.environ["ARRTHEAUDIO_SPOOL_PATH"] = "/proc/spool"


def _no_folder(arr: Arr) -> None:
    arr.shell.environ["ARRTHEAUDIO_SPOOL_PATH"] = "/dev/null/spool"


def _no_environment(arr: Arr) -> None:
    shutil.rmtree(arr.checkout / ".venv")
    (arr.checkout / "bin/bootstrap").write_text("echo no python here >&2; exit 2\n")


def _half_environment(arr: Arr) -> None:
    (arr.checkout / ".venv/bin/python").write_text("#!/nowhere/python\n")


def _nothing_beside(arr: Arr) -> None:
    for name in ("arrtheaudio", "ready.sh", "arrtheaudio-custom-script"):
        (arr.checkout / "bin" / name).unlink()


FAULTS = (_broken, _missing, _read_only, _no_folder, _no_environment, _half_environment, _nothing_beside)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("way", [IMPORTS["the command"], IMPORTS["the script"]], ids=["the command", "the script"])
@pytest.mark.parametrize(
    "variables", [rig.sonarr_import(), rig.radarr_import(destinationpath=""), {}], ids=["told", "no path", "nothing"]
)
def test_an_import_is_deferred_whatever_is_wrong_with_us(
    arr: Arr,
    way: Callable[[Arr, Mapping[str, str]], Ended],
    fault: Callable[[Arr], None],
    variables: dict[str, str],
) -> None:
    fault(arr)
    assert way(arr, variables)[:2] == (0, DEFERRED)


def test_an_import_without_a_path_is_called_what_it_is(arr: Arr) -> None:
    ended = arr.hook("import", **rig.radarr_import(destinationpath=""))
    assert ended[:2] == (0, DEFERRED)
    assert b"An import script's call without the path of a file" in ended.err


@pytest.mark.parametrize("fault", [_broken, _missing], ids=["broken", "missing"])
def test_an_import_is_deferred_where_the_named_configuration_is_wrong(arr: Arr, fault: Callable[[Arr], None]) -> None:
    fault(arr)
    for words, status, out in (("import",), 0, DEFERRED), (("sonarr",), 2, b""):
        ended = arr.call((*ARRTHEAUDIO, "-c", arr.config, "hook", *words), rig.sonarr_import())
        assert (ended.status, ended.out) == (status, out)
        assert str(arr.config).encode() in ended.err


def test_an_import_is_deferred_without_a_single_program(arr: Arr, tmp_path: Path) -> None:
    ended = arr.call(
        ["/bin/sh", arr.checkout / "bin/arrtheaudio-import-script"], rig.sonarr_import(), path=str(tmp_path)
    )
    assert ended[:2] == (0, DEFERRED)


@pytest.mark.parametrize(
    ("fault", "status"),
    [(_broken, 2), (_missing, 2), (_read_only, 2), (_no_environment, 1)],
    ids=["broken", "missing", "read-only", "no environment"],
)
def test_a_test_says_what_is_wrong(arr: Arr, fault: Callable[[Arr], None], status: int) -> None:
    fault(arr)
    ended = arr.script("custom", rig.variables("sonarr", eventtype="Test"))
    assert (ended.status, ended.out) == (status, b"")
    assert ended.err


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param({}, b"sonarr_eventtype", id="nothing is told"),
        pytest.param(rig.variables("sonarr"), b"path of a file", id="no path"),
        pytest.param(rig.variables("sonarr", eventtype="Quake"), b"Quake", id="an unknown event"),
        pytest.param(rig.sonarr_variables(episodefile_path="D:\\x.mkv"), b"path_mappings", id="windows, not mapped"),
        pytest.param(rig.sonarr_variables(episodefile_path="x.mkv"), b"absolute", id="a relative path"),
    ],
)
def test_what_cannot_be_queued_is_said(arr: Arr, variables: dict[str, str], said: bytes) -> None:
    ended = arr.hook("sonarr", **variables)
    assert (ended.status, ended.out) == (1, b"")
    assert said in ended.err
    assert b"Traceback" not in ended.err
    assert arr.jobs() == []


def test_of_a_pack_those_that_can_are_queued(arr: Arr) -> None:
    ended = arr.hook("sonarr", **rig.sonarr_complete_variables([rig.EPISODES[0], "D:\\x.mkv"]))
    assert ended.status == 1
    assert [job["record"]["path"] for job in arr.jobs()] == [arr.ours(rig.EPISODES[0])]


def test_a_path_of_windows_is_mapped(arr: Arr) -> None:
    queued(arr.hook("sonarr", **rig.sonarr_variables(episodefile_path="c:\\tv\\Show\\x.mkv")))
    assert [job["record"]["path"] for job in arr.jobs()] == ["/t/Show/x.mkv"]


def test_a_name_that_is_not_utf_8_is_kept_to_the_byte(arr: Arr) -> None:
    queued(arr.hook("sonarr", **rig.sonarr_variables(episodefile_path=os.fsdecode(b"/tv/caf\xe9.mkv"))))
    (job,) = arr.jobs()
    assert job["record"]["path"] == arr.ours("/tv/caf\ufffd.mkv")
    assert "path_bytes" in job["record"]


@pytest.mark.parametrize("words", [(), ("lidarr",), ("sonarr", "radarr")], ids=str)
def test_a_wrong_call(arr: Arr, words: tuple[str, ...]) -> None:
    ended = arr.hook(*words, **rig.sonarr_variables())
    assert (ended.status, ended.out) == (2, b"")
    assert b"sonarr, radarr, import" in ended.err


@pytest.mark.parametrize(
    ("words", "variables", "status", "out"),
    [
        pytest.param(("sonarr", "-n"), rig.sonarr_variables(), 2, b"", id="sonarr"),
        pytest.param(("import", "-n"), rig.sonarr_import(), 0, DEFERRED, id="import"),
        pytest.param(("import", "-n", "--now"), rig.sonarr_import(), 0, DEFERRED, id="import, now"),
    ],
)
def test_a_dry_run_queues_nothing(
    arr: Arr, words: tuple[str, ...], variables: dict[str, str], status: int, out: bytes
) -> None:
    ended = arr.hook(*words, **variables)
    assert (ended.status, ended.out) == (status, out)
    assert b"--now" in ended.err
    assert arr.jobs() == []


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("app", "variables", "paths"),
    [
        pytest.param("sonarr", {"sonarr_episodefile_path": rig.EPISODE}, [rig.EPISODE], id="sonarr"),
        pytest.param("sonarr", {"sonarr_episodefile_paths": "|".join(rig.EPISODES)}, rig.EPISODES, id="sonarr, a pack"),
        pytest.param("radarr", {"radarr_moviefile_path": rig.MOVIE}, [rig.MOVIE], id="radarr"),
    ],
)
@pytest.mark.parametrize("empty", [True, False], ids=["empty", "missing"])
def test_an_event_that_is_not_named_is_one_by_its_file(
    arr: Arr,
    way: Callable[[Arr, str, Mapping[str, str]], Ended],
    app: str,
    variables: dict[str, str],
    paths: list[str],
    empty: bool,
) -> None:
    queued(way(arr, app, variables | ({f"{app}_eventtype": ""} if empty else {})))
    assert [job["record"]["path"] for job in arr.jobs()] == [*map(arr.ours, paths)]


def test_now_is_at_once(arr: Arr) -> None:
    path = arr.media / "tv/x.mkv"
    path.write_bytes(film())
    variables = rig.sonarr_variables(episodefile_path="/tv/x.mkv", series_originallanguage="")
    for words, status in (("-n", "planned"), ("--now", "changed"), ("--now", "unchanged")):
        ended = arr.hook("sonarr", "--now", *{words} - {"--now"}, **variables)
        assert (ended.status, ended.err) == (0, b"")
        record = json.loads(ended.out)
        assert (record["path"], record["arr"]["app"], record["apply"]["status"]) == (str(path), "sonarr", status)
    assert arr.jobs() == []


def test_now_fails_where_the_file_is_not_there(arr: Arr) -> None:
    ended = arr.hook("radarr", "--now", **rig.radarr_variables())
    assert ended.status == 1
    assert json.loads(ended.out)["error"]["code"] == "not_found"


def test_what_was_queued_is_done(arr: Arr) -> None:
    path = arr.media / "tv/x.mkv"
    path.write_bytes(film())
    queued(arr.hook("sonarr", **rig.sonarr_variables(episodefile_path="/tv/x.mkv", series_originallanguage="")))
    arr.shell.environ["ARRTHEAUDIO_CONFIG"] = str(arr.config)
    done = arr.shell.run("jobs", "run", "--workers", 1)
    assert done.status == 0
    assert json.loads(done.out)["record"]["apply"]["status"] == "changed"


@pytest.mark.parametrize("name", ["custom", "import"])
def test_a_script_finds_the_program_through_links(arr: Arr, tmp_path: Path, name: str) -> None:
    (tmp_path / "bin").symlink_to(arr.checkout / "bin")
    link, second = tmp_path / "hook.sh", tmp_path / "second.sh"
    link.symlink_to(tmp_path / "bin" / f"arrtheaudio-{name}-script")
    second.symlink_to("hook.sh")
    assert arr.call([second], rig.sonarr_import())[:3] == (0, DEFERRED, b"")
    assert len(arr.jobs()) == 1


@pytest.mark.parametrize("name", ["custom", "import"])
def test_no_import_waits_for_the_first_start(arr: Arr, name: str) -> None:
    shutil.rmtree(arr.checkout / ".venv")
    begun = arr.checkout / "begun"
    # What sets the environment up takes long, and would keep a pipe open that it had inherited.
    (arr.checkout / "bin/bootstrap").write_text(f'touch "{begun}"\nexec sleep 30\n')
    ended = arr.script(name, rig.sonarr_import() if name == "import" else rig.sonarr_variables())
    assert ended[:2] == (0, DEFERRED if name == "import" else b"")
    # Whether it went well will not be heard, so this says how to find out.
    assert (ended.err.count(b"\n"), b"--version" in ended.err) == (1, True)
    assert ended.seconds < 20
    deadline = time.monotonic() + PATIENCE
    while not begun.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_first_start_is_tested(arr: Arr) -> None:
    done = arr.checkout / "venv"
    os.rename(arr.checkout / ".venv", done)
    (arr.checkout / "bin/bootstrap").write_text(f'echo setting up >&2\nmv "{done}" "{arr.checkout}/.venv"\n')
    assert arr.script("custom", rig.variables("sonarr", eventtype="Test"))[:3] == (0, b"", b"")
    assert (arr.checkout / ".venv").exists()


@pytest.mark.parametrize(
    ("name", "variables"),
    [("custom", rig.sonarr_variables()), ("import", rig.sonarr_import())],
    ids=["custom", "import"],
)
def test_an_arr_is_kept_waiting_for_a_moment_only(arr: Arr, name: str, variables: dict[str, str]) -> None:
    # On a busy machine any one of them may take long; that none is quick would be ours.
    seconds = []
    for _ in range(20):
        seconds.append(arr.script(name, variables).seconds)
        if seconds[-1] < QUICK:
            return
    raise AssertionError(seconds)
