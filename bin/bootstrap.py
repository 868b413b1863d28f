"""Make the checkout's .venv, or bring it up to date: `bootstrap.py [EXTRA]`; started by `bootstrap`.

Any number may start at once: one works, the others wait. One that is killed leaves no `ready`, and the next begins
anew. Where it cannot be brought up to date, one that works is left as it is, with one message; exit status 2, and one
message, where there is none.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PROJECT = os.path.join(ROOT, "pyproject.toml")
PYTHON = os.path.join(VENV, "bin", "python")
LOCK = os.path.join(VENV, "lock")
CHECKOUT = os.path.join(VENV, "checkout")
"""A symbolic link to where the environment was made: in a checkout that was moved it leads elsewhere."""


class Failed(Exception):
    """It cannot be done; the text says why, and what mends it."""


def main(extra: str) -> None:
    """Make what is missing; Failed or OSError where that cannot be."""
    os.makedirs(VENV, exist_ok=True)
    lock = _lock()
    ready = os.path.join(VENV, f"ready-{extra}" if extra else "ready")
    before = os.stat(PROJECT)
    wanted = _digest()
    if not _is_usable():
        _clear()
        _say(f"setting up {VENV}, once")
        venv.EnvBuilder(symlinks=True).create(VENV)
        _pip(lock, "ensurepip", "--default-pip")
    if _read(ready) != wanted:
        _say(f"installing what {f'the {extra} of ' if extra else ''}this version needs into {VENV}")
        _install(lock, f"{ROOT}[{extra}]" if extra else ROOT)
    for name in {ready, os.path.join(VENV, "ready")}:
        _mark(name, wanted, before.st_mtime_ns)


def _lock() -> int:
    """Wait until nobody else works here; the kernel lets go of it when this process and its pip have ended."""
    while True:
        lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another first start to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        # Somebody may have removed .venv meanwhile, and this file with it.
        if os.path.exists(LOCK) and os.path.samestat(os.fstat(lock), os.stat(LOCK)):
            return lock
        os.close(lock)
        os.makedirs(VENV, exist_ok=True)


def _is_usable() -> bool:
    """Say whether the environment was finished, for this checkout, by a Python that is still there."""
    finished = any(name.startswith("ready") for name in os.listdir(VENV))
    return finished and os.access(PYTHON, os.X_OK) and os.path.exists(CHECKOUT) and os.path.samefile(CHECKOUT, ROOT)


def _clear() -> None:
    """Remove all but the lock; `ready` first, so that nobody takes the rest for finished."""
    _forget()
    for entry in list(os.scandir(VENV)):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        elif entry.path != LOCK:
            os.unlink(entry.path)


def _forget() -> dict[str, tuple[str, int]]:
    """Remove the marks, and return for each what it said, and its time in nanoseconds."""
    marks = {}
    for name in os.listdir(VENV):
        if name.startswith("ready"):
            path = os.path.join(VENV, name)
            marks[path] = (_read(path) or "", os.stat(path).st_mtime_ns)
            os.unlink(path)
    return marks


def _install(lock: int, what: str) -> None:
    """Install it. Where that fails, what there was before is finished still, if it works: pip downloads first."""
    marks = _forget()
    try:
        _pip(lock, "pip", "install", "--no-input", "--retries", "2", "-e", what)
    except Failed:
        if marks and _works():
            for path, (digest, mtime) in marks.items():
                _mark(path, digest, mtime)
        raise


def _works() -> bool:
    command = [PYTHON, "-P", os.path.join(ROOT, "arrtheaudio", "__main__.py"), "--version"]
    return not subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode


def _pip(lock: int, *arguments: str) -> None:
    """Run a module of the environment, quietly; it holds the lock too, should this process be killed. Else Failed."""
    command = [PYTHON, "-P", "-m", *arguments]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=(lock,), text=True
    )
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
        errors = [line for line in said if line.lower().startswith("error")] or said[-1:]
        raise Failed(
            f"could not install what is needed: {errors[-1].strip()}\n"
            f"With a connection to PyPI, this mends it: {os.path.join(ROOT, 'bin', 'arrtheaudio')} --version\n"
            "Without one: PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER-OF-WHEELS in front of it."
        )


def _mark(name: str, digest: str, mtime: int) -> None:
    """Say that it is finished, for a pyproject.toml of this digest and time; what says so appears at once and whole."""
    link, text = f"{CHECKOUT}.new", f"{name}.new"
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink(ROOT, link)
    os.replace(link, CHECKOUT)
    with open(text, "w") as file:
        file.write(digest)
    os.utime(text, ns=(mtime, mtime))
    os.replace(text, name)


def _digest() -> str:
    with open(PROJECT, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _read(path: str) -> str | None:
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return file.read()


def _say(text: str) -> None:
    print(f"arrtheaudio: {text}", file=sys.stderr, flush=True)


def _make_do(extra: str, why: str) -> None:
    """Go on with an environment that works, though it is not up to date; exit status 2 where there is none."""
    mark = os.path.join(VENV, f"ready-{extra}" if extra else "ready")
    if not (os.path.exists(mark) and _is_usable()):
        _say(why)
        sys.exit(2)
    # Where only the time of pyproject.toml is another, it is up to date.
    if _read(mark) != _digest():
        _say(f"goes on with a .venv that is not up to date: {why}")


def _reason(error: OSError) -> str:
    if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"could not set up {VENV}: {error}"
    if os.path.islink(PYTHON) and not os.access(PYTHON, os.X_OK):
        return (
            f"this user may not run the Python of {VENV}, {os.path.realpath(PYTHON)}. Either of these mends it: remove "
            f"{VENV} and set it up with a Python for all, or install it for yourself: pipx install '{ROOT}'"
        )
    return (
        f"{VENV} cannot be written. Either of these mends it: run {os.path.join(ROOT, 'bin', 'arrtheaudio')} once as "
        f"the owner of that folder, or install it for yourself: pipx install '{ROOT}'"
    )


if __name__ == "__main__":
    wanted_extra = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        main(wanted_extra)
    except KeyboardInterrupt:
        sys.exit(130)
    except Failed as failure:
        _make_do(wanted_extra, str(failure))
    except OSError as error:
        _make_do(wanted_extra, _reason(error))
