"""The house: imports point down, and a command imports no more than it needs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import PATIENCE, Shell

import arrtheaudio
from arrtheaudio.call import COMMANDS

PACKAGE = Path(arrtheaudio.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the bottom up: a room may import from its own floor and from those below it.
FLOORS = (
    ("errors",),
    ("core",),
    ("containers",),
    ("messages", "signals", "output", "progress"),
    ("tmdb", "journal", "files", "replacing", "editing", "remux", "config", "library", "known", "explain"),
    ("pipeline", "pool", "spool", "services", "options", "call", "filters"),
    ("cleanup", "server", "backup", "migration", "statistics", "doctor"),
    ("commands", "trade"),
    ("group", "cli", "manual", "__main__", "__init__"),
)


def room(module: str) -> str:
    """Return the part of the house that a module is in: the first name below the package."""
    return module.removeprefix("arrtheaudio").lstrip(".").partition(".")[0] or "__init__"


def floor(name: str) -> int:
    """Return the floor of a room."""
    for height, rooms in enumerate(FLOORS):
        if name in rooms:
            return height
    raise AssertionError(f"{name} has no floor; give it one in FLOORS")


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, at once or later."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = (PACKAGE.parent / whole.replace(".", "/")).with_suffix(".py").exists()
                is_package = (PACKAGE.parent / whole.replace(".", "/") / "__init__.py").exists()
                yield whole if is_module or is_package else str(node.module)


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    name = name_of(path)
    here = room(name)
    for other in imported(path):
        if other.partition(".")[0] != "arrtheaudio" or other == "arrtheaudio" or room(other) == here:
            continue
        assert floor(room(other)) <= floor(here), f"{name} imports {other}, which is above it"
        if here == "core":
            assert room(other) == "errors", f"{name} imports {other}"
        if here == "containers":
            assert room(other) in ("core", "errors"), f"{name} imports {other}"
        assert here != "errors", f"{name} imports {other}"


@pytest.mark.parametrize("path", [path for path in MODULES if "core" in path.parts], ids=name_of)
def test_the_core_has_no_world(path: Path) -> None:
    world = {"os", "io", "sys", "pathlib", "subprocess", "socket", "click", "logging", "tempfile", "random", "sqlite3"}
    roots = {module.partition(".")[0] for module in imported(path)}
    assert not roots & (world | {"requests", "shutil", "threading"})


def test_only_the_door_opens_media_for_writing() -> None:
    # Everything that can open a file to change it, by name; the others write what is not media.
    writing = {"O_RDWR", "O_WRONLY", "pwrite", "truncate", "ftruncate", "pwritev"}
    found = set()
    for path in MODULES:
        names = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
        if names & writing:
            found.add(name_of(path).removeprefix("arrtheaudio."))
    media = {"files", "replacing", "remux"}
    other = {"journal", "cli", "spool"}
    assert {name.partition("_")[0].partition(".")[0] for name in found} <= media | other


HEAVY = {"requests", "jsonschema", "sqlite3", "logging", "subprocess", "tempfile", "dataclasses", "yaml", "click"}
HEAVY |= {"pathlib", "concurrent.futures", "importlib.metadata", "urllib.request", "platformdirs", "langcodes"}

LOADED = """
import os, sys
os._exit = lambda status: None
sys.argv[0] = "arrtheaudio"
from arrtheaudio.cli import main
main()
sys.stderr.write(" ".join(sys.modules))
"""


def loaded(shell: Shell, *words: object) -> set[str]:
    """Return the modules that a call has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *map(str, words)],
        env=shell.environ,
        cwd=shell.cwd,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
    )
    return {*done.stderr.decode().split()}


# What this interpreter has loaded before any line of ours (a coverage tool, a .pth file).
BEFORE = {
    *subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True
    ).stdout.split()
}


@pytest.mark.parametrize(
    "words",
    [
        ("probe", "film.mkv"),
        ("probe",),
        ("scan", "."),
        ("choose", "film.mkv"),
        ("apply", "-n", "film.mkv"),
        ("undo", "-n", "film.mkv"),
    ],
    ids=" ".join,
)
def test_start_up_imports_nothing_heavy(tmp_path: Path, words: tuple[str, ...]) -> None:
    shell = Shell(tmp_path)
    shell.film()
    modules = loaded(shell, *words)
    assert "arrtheaudio.pipeline" in modules
    assert not (modules & HEAVY) - BEFORE


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_imports_no_other_that_it_does_not_build_on(tmp_path: Path, command: str) -> None:
    shell = Shell(tmp_path)
    modules = loaded(shell, command, "--help")
    names = {module.rpartition(".")[2] for module in modules if module.startswith("arrtheaudio.commands.")}
    builds_on = {
        "process": {*COMMANDS},
        "undo": {"apply", "choose", "probe", "scan"},
        "choose": {"probe", "tmdb"},
        "apply": {"probe", "choose", "tmdb"},
    }
    assert names - {command} <= builds_on.get(command, set())


def test_help_of_the_group_alone_reads_no_configuration(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert "yaml" not in loaded(shell, "--help") - BEFORE
