"""bin/arrtheaudio on a fresh machine: a copy of bin/ in a checkout of a tiny project, with the real venv and pip.

The tiny project builds itself and depends on nothing, so that pip needs no network.
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

BIN = Path(__file__).parent.parent / "bin"
PATIENCE = 120  # seconds
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "arrtheaudio"
version = "1"
dependencies = [{}]
"""
BACKEND = """
import pathlib, zipfile

def build_editable(folder, settings=None, metadata=None):
    name = "arrtheaudio-1-py3-none-any.whl"
    info = "arrtheaudio-1.dist-info/"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("arrtheaudio.pth", str(pathlib.Path.cwd()) + "\\n")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: arrtheaudio\\nVersion: 1\\n" + NEEDS)
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""
# Prints what it was started with, and ends as it is told.
MAIN = """
import os, sys
import arrtheaudio
print(os.getpid(), os.path.dirname(arrtheaudio.__file__), sys.argv[1:], sys.stdin.read())
sys.exit(7 if sys.argv[1:2] == ["fail"] else 0)
"""
# Whoever makes an environment says this once.
SETS_UP = b"setting up"


def make(root: Path, needs: str = "") -> Path:
    """Make a checkout, and return its bin/arrtheaudio."""
    package = root / "arrtheaudio"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(MAIN)
    (root / "pyproject.toml").write_text(PROJECT.format(f'"{needs}"' if needs else ""))
    requirement = f"Requires-Dist: {needs}\n" if needs else ""
    (root / "backend.py").write_text(f"NEEDS = {requirement!r}\n{BACKEND}")
    shutil.copytree(BIN, root / "bin")
    return root / "bin" / "arrtheaudio"


def start(program: os.PathLike[str] | str, *arguments: str, **more: object) -> "subprocess.Popen[bytes]":
    """Start it in a session of its own."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
    return subprocess.Popen([program, *arguments], **(pipes | more))  # type: ignore[call-overload,no-any-return]


def run(program: os.PathLike[str] | str, *arguments: str, **more: object) -> "subprocess.CompletedProcess[bytes]":
    """Run it to its end."""
    process = start(program, *arguments, **more)
    out, err = process.communicate(b"input", timeout=PATIENCE)
    return subprocess.CompletedProcess([program, *arguments], process.returncode, out, err)


def folder_of(done: "subprocess.CompletedProcess[bytes]") -> str:
    """Return where the package was that ran."""
    assert done.returncode == 0, done
    return done.stdout.decode().split(" ", 1)[1].partition(" [")[0]


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A checkout whose path has a space, before its first use."""
    return make(tmp_path / "a checkout")


@pytest.fixture(scope="module")
def ready() -> Iterator[Path]:
    """A checkout after its first use. Tests that use it leave it ready, and run in one process."""
    with tempfile.TemporaryDirectory() as folder:
        program = make(Path(folder) / "a checkout")
        done = run(program, "a b", "*", "")
        # What is said of the set-up goes to standard error, and is little.
        assert done.returncode == 0, done
        assert done.stdout.endswith(b" ['a b', '*', ''] input\n")
        assert done.stdout.count(b"\n") == 1
        assert 1 <= done.stderr.count(b"\n") <= 3
        yield program


shares_ready = pytest.mark.xdist_group("bootstrap")


def test_ten_first_uses_at_once(fresh: Path) -> None:
    """One sets up, the others wait, all of them go on."""
    with ThreadPoolExecutor(10) as pool:
        ended = list(pool.map(lambda number: run(fresh, str(number)), range(10)))
    assert [done.returncode for done in ended] == [0] * 10, ended
    assert b"".join(done.stderr for done in ended).count(SETS_UP) == 1


@pytest.mark.parametrize(
    ("after", "whole"),
    [
        pytest.param(0.0, True, id="at once"),
        pytest.param(2.0, True, id="after two seconds"),
        pytest.param(1.0, False, id="but for its pip, which goes on"),
    ],
)
def test_a_first_use_that_was_killed(fresh: Path, after: float, whole: bool) -> None:
    """What it left is made anew."""
    killed = start(fresh)
    assert killed.stderr is not None
    assert SETS_UP in killed.stderr.readline()
    time.sleep(after)
    if whole:
        os.killpg(killed.pid, signal.SIGKILL)
    else:
        (bootstrap,) = Path(f"/proc/{killed.pid}/task/{killed.pid}/children").read_text().split()
        os.kill(int(bootstrap), signal.SIGKILL)
    assert folder_of(run(fresh)) == str(fresh.parent.parent / "arrtheaudio")
    killed.communicate(timeout=PATIENCE)


@shares_ready
def test_later_uses_are_silent_and_the_same_process(ready: Path) -> None:
    """Signals reach the program, because it has the process that was started."""
    process = start(ready, "fail")
    out, err = process.communicate(b"x", timeout=PATIENCE)
    assert (process.returncode, err) == (7, b"")
    assert out.split()[0] == str(process.pid).encode()


@shares_ready
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_later_uses_start_no_process(ready: Path, tmp_path: Path) -> None:
    """The shell executes the interpreter, and nothing before it."""
    trace = tmp_path / "trace"
    run("strace", "-f", "-e", "trace=process", "-o", str(trace), str(ready))
    calls = trace.read_text()
    assert "fork" not in calls
    assert "clone" not in calls
    assert calls.count("execve(") == 2


@shares_ready
@pytest.mark.parametrize(
    "command",
    [
        pytest.param("cd / && {program}", id="absolute"),
        pytest.param("cd {bin} && ./arrtheaudio", id="from its folder"),
        pytest.param("cd {bin} && sh arrtheaudio", id="by its name alone"),
        pytest.param("cd {bin}/../arrtheaudio && ../bin/arrtheaudio", id="relative"),
        pytest.param("cd / && PATH={bin}:$PATH arrtheaudio", id="by PATH"),
        pytest.param("ln -s {program} one && ln -s one two && ./two", id="by two symbolic links"),
        pytest.param("ln -s {program} one && ln -s one two && sh two", id="by the name of a link alone"),
        pytest.param("mkdir x y && ln -s {program} x/one && ln -s ../x/one y/two && y/two", id="by a relative link"),
        pytest.param("ln -s {bin} linked && linked/arrtheaudio", id="by a link to bin"),
        pytest.param(
            "mkdir arrtheaudio && echo 'raise 1' >arrtheaudio/__init__.py && {program}", id="beside a namesake"
        ),
        pytest.param("{shell} {program}", id="by another shell"),
    ],
)
def test_ways_to_call_it(ready: Path, tmp_path: Path, command: str) -> None:
    """It finds its checkout, and that one's package."""
    words = {"program": ready, "bin": ready.parent, "shell": shutil.which("bash") or shutil.which("dash") or "sh"}
    line = command.format_map({name: shlex.quote(str(word)) for name, word in words.items()})
    done = run("sh", "-c", line, cwd=tmp_path)
    assert folder_of(done) == str(ready.parent.parent / "arrtheaudio")
    assert done.stderr == b""


@shares_ready
def test_another_pyproject_is_installed(ready: Path) -> None:
    """What it needs may have changed; where only the time did, nothing is installed."""
    project = ready.parent.parent / "pyproject.toml"
    text = project.read_text()
    os.utime(project, (1_000_000_000, 1_000_000_000))
    assert run(ready).stderr == b""
    project.write_text(text + "\n")
    assert b"installing" in run(ready).stderr
    assert run(ready).stderr == b""


@shares_ready
def test_a_checkout_that_was_copied(ready: Path, tmp_path: Path) -> None:
    """It runs its own package, not the one that its environment was made for."""
    copy = shutil.copytree(ready.parent.parent, tmp_path / "copy", symlinks=True)
    done = run(copy / "bin" / "arrtheaudio")
    assert folder_of(done) == str(copy / "arrtheaudio")
    assert SETS_UP in done.stderr


@shares_ready
def test_an_interpreter_that_went_away(ready: Path) -> None:
    """The environment is made anew."""
    python = ready.parent.parent / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    done = run(ready)
    assert SETS_UP in done.stderr
    assert folder_of(done) == str(ready.parent.parent / "arrtheaudio")


def interpreters(folder: Path, **scripts: str) -> Mapping[str, str]:
    """Return an environment whose PATH has these interpreters and the tools of a shell, nothing else."""
    folder.mkdir()
    for tool in ("sh", "readlink", "dirname"):
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return {"PATH": str(folder), "HOME": str(folder)}


# An interpreter of another version, or one that Debian has taken ensurepip out of.
OLD = "exit 1"
WITHOUT_ENSUREPIP = f'case $* in *ensurepip*) exit 1 ;; esac\nexec {shlex.quote(sys.executable)} "$@"'
# One that could, but only says so.
WHOLE = "case $* in *bootstrap.py*) echo taken; exit 9 ;; *realpath*) echo $0 ;; esac"


@pytest.mark.parametrize(
    ("scripts", "says"),
    [
        pytest.param({}, b"found none. This mends it: apt-get install python3 python3-venv", id="no python"),
        pytest.param({"python3": OLD}, b"needs Python 3.11 or newer; found python3.", id="too old"),
        pytest.param({"python3": WITHOUT_ENSUREPIP}, b"This mends it: apt-get install python3.", id="without venv"),
    ],
)
def test_a_machine_without_a_fit_python(fresh: Path, tmp_path: Path, scripts: Mapping[str, str], says: bytes) -> None:
    """One message, which names the command that mends it, and nothing left behind."""
    done = run(fresh, env=interpreters(tmp_path / "bin", **scripts))
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert not (fresh.parent.parent / ".venv").exists()


@pytest.mark.parametrize("other", [OLD, WITHOUT_ENSUREPIP], ids=["too old", "without venv"])
def test_the_first_fit_python_is_taken(fresh: Path, tmp_path: Path, other: str) -> None:
    """One that is newer by name, but cannot do it, is passed over."""
    done = run(fresh, env=interpreters(tmp_path / "bin", **{"python3.12": other, "python3": WHOLE}))
    assert (done.returncode, done.stdout) == (9, b"taken\n")


def test_no_network(tmp_path: Path) -> None:
    """The message says what is missing and how to go on; the next start will try again."""
    program = make(tmp_path / "checkout", needs="no-such-package-as-this")
    done = run(program, env={**os.environ, "PIP_NO_INDEX": "1"})
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"no-such-package-as-this" in done.stderr
    assert b"PIP_FIND_LINKS" in done.stderr
    assert b"Traceback" not in done.stderr
    assert not list(program.parent.parent.glob(".venv/ready*"))


def newer(program: Path, needs: str) -> None:
    """Make of a checkout one of a later version, which needs something."""
    root = program.parent.parent
    (root / "pyproject.toml").write_text(PROJECT.format(f'"{needs}"'))
    (root / "backend.py").write_text(f"NEEDS = {f'Requires-Dist: {needs}{chr(10)}'!r}\n{BACKEND}")


def test_no_network_for_a_later_version(fresh: Path) -> None:
    """It goes on with what there is, each time with a message, and is not made anew afterwards."""
    assert run(fresh).returncode == 0
    newer(fresh, "no-such-package-as-this")
    for _ in range(2):
        done = run(fresh, env={**os.environ, "PIP_NO_INDEX": "1"})
        assert folder_of(done) == str(fresh.parent.parent / "arrtheaudio")
        assert b"goes on with a .venv that is not up to date" in done.stderr
        assert b"no-such-package-as-this" in done.stderr
        assert SETS_UP not in done.stderr


def test_no_network_and_nothing_that_works(fresh: Path) -> None:
    """What is no longer whole is not gone on with."""
    assert run(fresh).returncode == 0
    newer(fresh, "no-such-package-as-this")
    (fresh.parent.parent / "arrtheaudio" / "__main__.py").write_text("import no_such_package_as_this\n")
    done = run(fresh, env={**os.environ, "PIP_NO_INDEX": "1"})
    assert (done.returncode, done.stdout) == (2, b"")
    assert not list(fresh.parent.parent.glob(".venv/ready*"))


@shares_ready
def test_no_python_for_a_later_version(ready: Path, tmp_path: Path) -> None:
    """The one that the environment was made with is enough."""
    project = ready.parent.parent / "pyproject.toml"
    project.write_text(project.read_text() + "\n")
    done = run(ready, env=interpreters(tmp_path / "bin"))
    assert folder_of(done) == str(ready.parent.parent / "arrtheaudio")
    assert (done.stderr.count(b"\n"), b"not up to date" in done.stderr) == (1, True)
    assert b"installing" in run(ready).stderr


as_nobody = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
NOBODY: Mapping[str, object] = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
BARE = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
IMPORTED = BARE | {"radarr_eventtype": "Download", "radarr_moviefile_path": "/films/x.mkv"}
DEFERRED = b"[MoveStatus] DeferMove\n"
# Keeps what it was called with, where that is asked for; a hook's output may be thrown away.
KEEPS = """
import os, sys
if "CALLED" in os.environ:
    print(*sys.argv[1:], file=open(os.environ["CALLED"], "w"))
"""


@pytest.fixture(scope="module")
def of_root() -> Iterator[Path]:
    """A checkout that root has made and used, and that others may read."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = make(Path(folder) / "checkout")
        (program.parent.parent / "arrtheaudio" / "__main__.py").write_text(KEEPS + MAIN)
        shutil.copyfile(program.parent.parent / "pyproject.toml", program.parent.parent / "before.toml")
        assert run(program, env=BARE).returncode == 0
        yield program


def _touched(root: Path) -> None:
    shutil.copyfile(root / "before.toml", root / "pyproject.toml")  # another case may have changed it
    os.utime(root / "pyproject.toml", (1_000_000_000, 1_000_000_000))


def _changed(root: Path) -> None:
    _touched(root)
    (root / "pyproject.toml").write_text((root / "pyproject.toml").read_text() + "\n")


@as_nobody
@shares_ready
@pytest.mark.parametrize(("pulled", "notes"), [(_touched, 0), (_changed, 1)], ids=["touched", "changed"])
@pytest.mark.parametrize(
    ("name", "words", "variables", "call"),
    [
        pytest.param("arrtheaudio", ["x"], {}, "x", id="the program"),
        pytest.param("arrtheaudio-custom-script", [], {"radarr_eventtype": "Download"}, "hook radarr", id="custom"),
        pytest.param("arrtheaudio-import-script", [], {"radarr_transfermode": "Move"}, "hook import", id="import"),
    ],
)
def test_what_its_owner_has_not_renewed_is_used_by_others(
    of_root: Path,
    pulled: Callable[[Path], None],
    notes: int,
    name: str,
    words: list[str],
    variables: Mapping[str, str],
    call: str,
) -> None:
    """An Arr's import is not lost for it; and a note is made where there is a reason."""
    root = of_root.parent.parent
    called = root / "called"
    called.write_text("")
    called.chmod(0o666)
    pulled(root)
    done = run(of_root.with_name(name), *words, **NOBODY, env={**BARE, **variables, "CALLED": str(called)})
    assert done.returncode == 0, done
    assert called.read_text() == f"{call}\n"
    assert (done.stderr.count(b"\n"), done.stderr.count(b"not up to date")) == (notes, notes)


@as_nobody
@pytest.mark.parametrize(
    ("name", "status", "out"), [("custom", 1, b""), ("import", 0, DEFERRED)], ids=["custom", "import"]
)
def test_an_arr_hears_of_what_its_user_cannot_set_up(name: str, status: int, out: bytes) -> None:
    """One line, which names the commands that mend it."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = make(Path(folder) / "checkout")
        done = run(program.with_name(f"arrtheaudio-{name}-script"), **NOBODY, env=IMPORTED)
    assert (done.returncode, done.stdout) == (status, out)
    assert b"pipx install" in done.stderr
    assert done.stderr.count(b"\n") == 1


@as_nobody
@shares_ready
def test_an_arr_hears_of_a_python_that_its_user_may_not_run(of_root: Path) -> None:
    """Setting it up once more with that Python would not mend it."""
    python = of_root.parent.parent / ".venv" / "bin" / "python"
    target = os.readlink(python)
    with tempfile.TemporaryDirectory() as closed:
        (hidden := Path(closed) / "python").symlink_to(os.path.realpath(python))
        python.unlink()
        python.symlink_to(hidden)
        done = run(of_root.with_name("arrtheaudio-custom-script"), **NOBODY, env=IMPORTED)
        python.unlink()
        python.symlink_to(target)
    assert (done.returncode, done.stdout) == (1, b"")
    assert str(hidden.parent).encode() in done.stderr
    assert done.stderr.count(b"\n") == 1


@as_nobody
def test_a_checkout_of_somebody_else() -> None:
    """It cannot be set up, but once its owner has done so, everybody can use it."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = make(Path(folder) / "checkout")
        done = run(program, **NOBODY, env=BARE)
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"pipx install" in done.stderr
        assert done.stderr.count(b"\n") == 1
        assert run(program, env=BARE).returncode == 0
        assert folder_of(run(program, **NOBODY, env=BARE)) == str(program.parent.parent / "arrtheaudio")
