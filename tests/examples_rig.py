"""What the tests of examples/ share: where they are, and an environment in which `arrtheaudio` is this checkout's."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
MEDIA = EXAMPLES / "media"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE = 90  # seconds before something that hangs fails its test


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment with an empty home below `folder`, and the program on its PATH."""
    programs, home = folder / "bin", folder / "home"
    for made in (programs, home):
        made.mkdir()
    (programs / "arrtheaudio").write_text(f'#!/bin/sh\nexec {sys.executable} -m arrtheaudio "$@"\n')
    (programs / "arrtheaudio").chmod(0o755)
    return {"PATH": f"{programs}:{PATH}", "HOME": str(home), "LC_ALL": "C.UTF-8", "no_proxy": "127.0.0.1"} | more


def execute(environ: Mapping[str, str], *words: object, **options: Any) -> "subprocess.CompletedProcess[bytes]":
    """Run a program to its end; its input is empty where none is given."""
    options = {"capture_output": True, "timeout": PATIENCE, "input": b""} | options
    return subprocess.run([*map(str, words)], env=dict(environ), **options)


def needs(*programs: str) -> pytest.MarkDecorator:
    """Return what skips a test where one of the programs is missing."""
    missing = [program for program in programs if shutil.which(program, path=PATH) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")
