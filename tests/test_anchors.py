"""An empty mount point is a disk that is not there, not an empty library."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shell import Result, Shell

FILMS = ("tv/a/1.mkv", "movies/b/2.mkv")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A home of its own, and a library: `disk/tv` and `disk/movies`, each with a film, and `disk/empty`."""
    shell = Shell(tmp_path)
    for name in FILMS:
        shell.film(f"disk/{name}")
    (shell.cwd / "disk/empty").mkdir()
    return shell


def configure(shell: Shell, *mapped: str, roots: tuple[str, ...] = ()) -> None:
    """Count on these folders of the disk; `roots` are `api.allowed_roots`."""
    disk = shell.cwd / "disk"
    config: dict[str, Any] = {
        "path_mappings": [{"remote": f"/there/{name}", "local": str(disk / name)} for name in mapped],
        "api": {"allowed_roots": [str(disk / name) for name in roots]},
    }
    (shell.cwd / "config.yaml").write_text(json.dumps(config))


def run(shell: Shell, command: str, *arguments: Any) -> Result:
    """Run a command with that configuration."""
    return shell.run("--config", "config.yaml", command, *arguments).quiet()


def refused(result: Result, folder: str) -> None:
    """Assert that nothing was listed, and that one line names the folder."""
    assert (result.status, result.out) == (2, b"")
    assert result.err.count("\n") == 1, result.err
    assert f"{folder} is empty or not there" in result.err


def by_mapping(shell: Shell, name: str) -> None:
    """Count on a folder by path_mappings."""
    configure(shell, name)


def by_root(shell: Shell, name: str) -> None:
    """Count on a folder by api.allowed_roots."""
    configure(shell, roots=(name,))


@pytest.mark.parametrize("command", ["scan", "process"])
@pytest.mark.parametrize("anchor", [by_mapping, by_root])
@pytest.mark.parametrize("name", ["empty", "missing"])
@pytest.mark.parametrize("asked", ["disk", "disk/{}", "disk/{}/below"], ids=["above", "the anchor", "below"])
def test_an_anchor_without_its_disk(
    shell: Shell, command: str, anchor: Callable[[Shell, str], None], name: str, asked: str
) -> None:
    anchor(shell, name)
    refused(run(shell, command, asked.format(name)), str(shell.cwd / "disk" / name))


@pytest.mark.parametrize("asked", ["disk/tv", "disk/tv/a/1.mkv", "disk/tv/../tv"])
def test_an_anchor_elsewhere_does_not_matter(shell: Shell, asked: str) -> None:
    configure(shell, "empty", "missing", "tv", roots=("empty", "tv"))
    assert [Path(record["path"]).name for record in run(shell, "scan", asked).records] == ["1.mkv"]


def test_a_name_that_begins_alike_is_elsewhere(shell: Shell) -> None:
    configure(shell, "t")
    assert run(shell, "scan", "disk/tv").status == 0


@pytest.mark.parametrize("roots", [(), ("tv",)])
def test_anchors_that_are_there(shell: Shell, roots: tuple[str, ...]) -> None:
    configure(shell, "tv", "movies", roots=roots)
    assert len(run(shell, "scan", "disk").records) == 2


def test_one_of_several_folders(shell: Shell) -> None:
    configure(shell, "tv", "missing")
    refused(run(shell, "scan", "disk/tv", "disk/missing"), str(shell.cwd / "disk/missing"))


def test_the_state_of_since_stays_as_it_was(shell: Shell) -> None:
    configure(shell, "tv")
    assert len(run(shell, "scan", "--since", "state", "disk/tv").records) == 1
    before = (shell.cwd / "state").read_bytes()
    (shell.cwd / "disk/tv/a").rename(shell.cwd / "a")
    refused(run(shell, "scan", "--since", "state", "disk/tv"), str(shell.cwd / "disk/tv"))
    assert (shell.cwd / "state").read_bytes() == before
    (shell.cwd / "a").rename(shell.cwd / "disk/tv/a")
    assert run(shell, "scan", "--since", "state", "disk/tv").records == []


def test_no_state_is_made_without_the_disk(shell: Shell) -> None:
    configure(shell, "empty")
    run(shell, "scan", "--since", "state", "disk")
    assert not (shell.cwd / "state").exists()


@pytest.mark.parametrize("linked", ["asked", "configured"])
def test_a_symbolic_link_to_an_anchor(shell: Shell, linked: str) -> None:
    (shell.cwd / "disk/link").symlink_to("empty")
    configure(shell, "empty" if linked == "asked" else "link")
    result = run(shell, "scan", "disk/link" if linked == "asked" else "disk/empty")
    refused(result, str(shell.cwd / "disk" / ("empty" if linked == "asked" else "link")))


def test_a_symbolic_link_that_leads_nowhere(shell: Shell) -> None:
    (shell.cwd / "disk/link").symlink_to("/nowhere")
    configure(shell, "link")
    refused(run(shell, "scan", "disk/link"), str(shell.cwd / "disk/link"))


@pytest.mark.parametrize("lines", ["{}\n", '{{"path":"{}"}}\n'], ids=["paths", "records"])
def test_a_folder_on_standard_input(shell: Shell, lines: str) -> None:
    configure(shell, "empty")
    asked = lines.format(shell.cwd / "disk/empty").encode()
    refused(shell.run("--config", "config.yaml", "scan", stdin=asked), str(shell.cwd / "disk/empty"))


@pytest.mark.parametrize("line", [b"a\0b\n", b'{"path":"a\\u0000b"}\n'])
def test_a_line_that_is_no_path_is_no_reason_to_stop(shell: Shell, line: bytes) -> None:
    configure(shell, "empty")
    result = shell.run("--config", "config.yaml", "scan", stdin=line + b"disk/tv\n").quiet()
    assert (result.status, result.codes) == (1, ["invalid_record", None])


def test_a_disk_without_films_is_there_all_the_same(shell: Shell) -> None:
    (shell.cwd / "disk/empty/.keep").touch()
    configure(shell, "empty")
    assert run(shell, "scan", "disk/empty").status == 0
