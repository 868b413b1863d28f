"""With CI=true a test that is skipped for want of something has not been run, and that is a failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

def test_inside():
    pytest.skip("needs a tool")

@pytest.mark.skipif(True, reason="needs a disk")
def test_mark():
    pass

@pytest.mark.skip(reason="of no meaning here")
def test_meaningless():
    pass

def test_good():
    pass
"""
MODULE = 'import pytest\npytest.skip("needs a module", allow_module_level=True)\n'


@pytest.mark.parametrize(
    ("environment", "verdict"),
    [
        pytest.param({"CI": "true"}, "1 failed, 1 passed, 1 skipped, 2 errors", id="where nothing may be left out"),
        pytest.param({}, "1 passed, 4 skipped", id="elsewhere"),
    ],
)
def test_skips(tmp_path: Path, environment: dict[str, str], verdict: str) -> None:
    """A reason that starts with `needs` is a failure there; any other reason is none."""
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_whole_module.py").write_text(MODULE)
    path = {"PYTHONPATH": os.path.dirname(__file__), "PATH": os.environ["PATH"]}
    options = ["-p", "conftest", "-p", "no:cacheprovider", "-q", "--continue-on-collection-errors"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, tmp_path], capture_output=True, text=True, env=path | environment
    )
    assert verdict in done.stdout.splitlines()[-1], done.stdout
