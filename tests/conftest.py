"""What the tests share: samples, copies of them, the program itself, and the records that it prints."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest
import samples as sampling

PATIENCE = 60  # seconds that one call of the program may take before the test fails


@pytest.fixture(scope="session")
def samples() -> Mapping[str, Path]:
    """Every sample, name -> path. Nobody may write to them; `copy_of` gives one to change."""
    missing = sampling.missing()
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    folder = sampling.folder()
    return {name: folder / name for name in (*sampling.SAMPLE_NAMES, *sampling.FOREIGN_NAMES)}


@pytest.fixture
def copy_of(samples: Mapping[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that copies the sample of a name into `tmp_path`."""

    def copy(name: str) -> Path:
        return Path(shutil.copyfile(samples[name], tmp_path / name))

    return copy


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """An environment without settings, whose home is empty."""
    folder = tmp_path_factory.mktemp("home")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "SYSTEMROOT") if name in os.environ}
    xdg = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE", "DATA")}
    return kept | xdg | {"HOME": str(folder), "XDG_CONFIG_DIRS": str(folder / "etc")}


Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def run(home: Mapping[str, str], tmp_path: Path) -> Run:
    """Return a function that runs the program as a user does, with a home of its own for this test.

    `run("probe", path, input=b"", status=0, env={})`: `status` is the exit status that must come, None for any.
    """

    def call(
        *arguments: object,
        input: bytes = b"",  # noqa: A002
        status: int | None = 0,
        env: Mapping[str, str] | None = None,
    ) -> "subprocess.CompletedProcess[bytes]":
        words = [word if isinstance(word, bytes) else str(word) for word in arguments]
        done = subprocess.run(
            [sys.executable, "-m", "arrtheaudio", *words],
            input=input,
            capture_output=True,
            env={**home, **(env or {})},
            cwd=tmp_path,
            timeout=PATIENCE,
        )
        assert status is None or done.returncode == status, (words, done)
        return done

    return call


def parse(lines: bytes) -> list[dict[str, Any]]:
    """Return the records of JSON Lines; every line must be one."""
    return [json.loads(line) for line in lines.splitlines()]


@pytest.fixture
def records() -> Callable[[bytes], list[dict[str, Any]]]:
    """Return the function that parses JSON Lines."""
    return parse


Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
Wrapper: TypeAlias = Generator[None, Report, Report]

# With CI=true everything that the tests need is there: a test that is skipped for want of it has not been run.


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Wrapper[pytest.TestReport]:  # noqa: ARG001
    """Fail a test that was skipped because it `needs` something."""
    report = yield
    _be_strict(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Wrapper[pytest.CollectReport]:  # noqa: ARG001
    """Fail a module that was skipped because it `needs` something."""
    report = yield
    _be_strict(report)
    return report


def _be_strict(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("CI") == "true" and report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason.startswith("needs "):
            report.outcome = "failed"
            report.longrepr = f"{reason}, and with CI=true nothing may be left out"
