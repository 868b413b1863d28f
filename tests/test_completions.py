"""Completions: loaded in the real shells, they propose what is due, and start no program but for the ids of jobs."""

import functools
import os
import pty
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from rig import need_programs
from shell import ARRTHEAUDIO, PATIENCE

from arrtheaudio import manual
from arrtheaudio.call import COMMANDS
from arrtheaudio.manual.declared import Command

ROOT = Path(__file__).parent.parent
SHELLS = {shell: ROOT / "completions" / name for shell, (name, _) in manual.SHELLS.items()}
FORMATS = {"auto", "jsonl", "table", "json"}
FILM = "film one.mkv"

# What is typed, up to the cursor, and all that is proposed then.
CASES: Mapping[str, set[str]] = {
    "arrtheaudio ": {*COMMANDS},
    "arrtheaudio pro": {"probe", "process"},
    "arrtheaudio --log-f": {"--log-format"},
    "arrtheaudio --log-format ": {"text", "json"},
    "arrtheaudio --log-format text pro": {"probe", "process"},
    "arrtheaudio -q pro": {"probe", "process"},
    "arrtheaudio -c scan sc": {"scan", "schema"},  # the first one is a file
    "arrtheaudio scan --re": {"--refresh", "--recursive"},
    "arrtheaudio scan --format ": FORMATS,
    "arrtheaudio scan -f js": {"jsonl", "json"},
    "arrtheaudio scan --format json --no-r": {"--no-recursive"},
    "arrtheaudio probe fi": {FILM},
    "arrtheaudio probe probe fi": {FILM},
    "arrtheaudio probe -- fi": {FILM},
    "arrtheaudio scan --since fi": {FILM},
    "arrtheaudio -c fi": {FILM},
    "arrtheaudio scan --jobs ": set(),
    "arrtheaudio choose --explain --ori": {"--original"},
    "arrtheaudio process --hardlinks ": {"protect", "copy", "edit", "skip"},
    "arrtheaudio process --original ": set(),
    "arrtheaudio jobs list --state c": {"completed", "cancelled"},
    "arrtheaudio jobs list --gro": {"--group"},
    "arrtheaudio jobs re": {"retry"},
    "arrtheaudio schema re": {"record"},
}
JOBS = ("arrtheaudio jobs show ", "arrtheaudio jobs cancel jo", "arrtheaudio undo --job ")
ID = "job-of-mine"


class World:
    """A folder with one film and one job, and an `arrtheaudio` in PATH that writes down each of its calls."""

    def __init__(self, root: Path) -> None:
        """Make it."""
        self.calls = root / "calls"
        self.cwd = root / "work"
        self.cwd.mkdir()
        (self.cwd / FILM).touch()
        (self.cwd / "other.mp4").touch()
        program = root / "bin" / "arrtheaudio"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\necho "$@" >>"{self.calls}"\nexec {" ".join(ARRTHEAUDIO)} "$@"\n')
        program.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARRTHEAUDIO_", "XDG_"))}
        self.environ = kept | {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(root), "TERM": "dumb"}
        self.environ |= {"LC_ALL": "C.UTF-8", "XDG_CONFIG_DIRS": "/nowhere", "SETUP": ZSH_SETUP}
        queue = root / ".local/state/arrtheaudio/spool/new/2-normal"
        self.run(*ARRTHEAUDIO, "jobs", "stats")
        (queue / f"{ID}.json").write_text('{"record": {"path": "/media/film.mkv", "tmdb": {"id": "not-this-one"}}}')

    def run(self, *command: object) -> str:
        """Run a program to its end, and return what it prints; it must have nothing to complain of."""
        done = subprocess.run(
            [*map(str, command)],
            cwd=self.cwd,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


BASH = """
source "$1"
shift
compopt() { [[ "$*" == "-o default" ]] && compgen -f -- "${COMP_WORDS[COMP_CWORD]}"; }
for line; do
    echo "> $line"
    COMP_WORDS=($line)
    [[ $line == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _arrtheaudio
    printf '%s\\n' "${COMPREPLY[@]}"
done
"""

FISH = """
source $argv[1]
for line in $argv[2..-1]
    echo "> $line"
    complete -C $line
end
"""

# A shell of its own, in a terminal of its own. What it would propose is written down where the builtin gets it.
ZSH = """
zmodload zsh/zpty
export SCRIPT=$1 PROPOSED=$(mktemp) TYPED=${(F)@[2,-1]} SETUP
zpty inner zsh -f -i
zpty -w inner 'eval $SETUP'
for attempt in {1..600}; do
    zpty -r -t inner >/dev/null
    [[ $(tail -n 1 $PROPOSED) == '> end' ]] && break
    sleep 0.05
done
zpty -d inner
cat $PROPOSED
rm $PROPOSED
"""
ZSH_SETUP = """
fpath=(${SCRIPT:h} $fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then
        builtin compadd "$@"
        return
    fi
    local -a hits
    builtin compadd -A hits "$@"
    (( $#hits )) && print -rl -- $hits >>$PROPOSED
    builtin compadd "$@"
}
zle-line-init() {
    for line in ${(f)TYPED}; do
        print -r -- "> $line" >>$PROPOSED
        BUFFER=$line CURSOR=$#line
        zle list-choices
    done
    print '> end' >>$PROPOSED
}
zle -N zle-line-init
"""

COMMAND = {"bash": ("bash", "-c", BASH, "bash"), "fish": ("fish", "-c", FISH), "zsh": ("zsh", "-f", "-c", ZSH, "zsh")}


def ask(world: World, shell: str, lines: Sequence[str]) -> dict[str, set[str]]:
    """Return what a shell proposes for each line, without descriptions and quotation marks."""
    found: dict[str, set[str]] = {}
    for answer in world.run(*COMMAND[shell], SHELLS[shell], *lines).splitlines():
        if answer.startswith("> "):
            found[answer[2:]] = set()
        elif answer:
            found[[*found][-1]].add(answer.partition("\t")[0].replace("\\ ", " ").strip("'"))
    found.pop("end", None)
    return found


@functools.cache
def proposed(shell: str) -> tuple[dict[str, set[str]], str]:
    """Return what a shell proposes for each of CASES, and which calls of the program that took."""
    need_programs(shell)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        return ask(world, shell, [*CASES]), world.calls.read_text() if world.calls.exists() else ""


@pytest.mark.parametrize("line", CASES)
@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_due_is_proposed(shell: str, line: str) -> None:
    assert proposed(shell)[0][line] == CASES[line]


@pytest.mark.parametrize("shell", SHELLS)
def test_no_program_is_started(shell: str) -> None:
    assert proposed(shell)[1] == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_ids_of_jobs_are_proposed(shell: str, tmp_path: Path) -> None:
    need_programs(shell)
    world = World(tmp_path)
    assert ask(world, shell, JOBS) == {line: {ID} for line in JOBS}
    assert {call.split()[:2] == ["jobs", "list"] for call in world.calls.read_text().splitlines()} == {True}


def everything(command: Command) -> dict[str, set[str]]:
    """Return, for each command, the line that asks for its options, and all long ones."""
    lines = {}
    for one in command.walk():
        lines[" ".join((*one.words, "--"))] = {
            flag for option in one.options for flag in option.flags if flag.startswith("--")
        }
    return lines


@pytest.mark.parametrize("shell", SHELLS)
def test_every_option_of_every_command_is_proposed(shell: str, tmp_path: Path) -> None:
    need_programs(shell)
    wanted = everything(manual.everything())
    found = ask(World(tmp_path), shell, [*wanted])
    assert {line: {flag for flag in flags if flag.startswith("--")} for line, flags in found.items()} == wanted


@pytest.mark.parametrize("shell", SHELLS)
def test_they_are_good_scripts(shell: str) -> None:
    need_programs(shell)
    done = subprocess.run([shell, "-n", SHELLS[shell]], capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        pytest.param(b"arrtheaudio sche\t", b"arrtheaudio schema ", id="a command"),
        pytest.param(b"arrtheaudio probe fi\t", rb"arrtheaudio probe film\ one.mkv ", id="a name that needs quoting"),
        pytest.param(
            b"arrtheaudio scan --format=js\tl\t", b"arrtheaudio scan --format=jsonl ", id="behind an equals sign"
        ),
    ],
)
def test_bash_completes_what_is_typed(typed: bytes, becomes: bytes, tmp_path: Path) -> None:
    """In a terminal: what stands there in the end, when Home and # have made a comment of it, is run as one."""
    need_programs("bash")
    world = World(tmp_path)
    ours, theirs = pty.openpty()
    environ = world.environ | {"PS1": "$ ", "INPUTRC": "/dev/null", "HISTFILE": ""}
    shell = subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, cwd=world.cwd, env=environ
    )
    os.close(theirs)
    os.write(ours, b"source " + os.fsencode(SHELLS["bash"]) + b"; set -o history\n" + typed + b"\x01: \n")
    os.write(ours, b"fc -ln -1 >typed; exit\n")
    _drain(ours, shell)
    os.close(ours)
    assert (world.cwd / "typed").read_bytes().strip(b"\t\n").lstrip() == b": " + becomes


def _drain(descriptor: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None:
        assert time.monotonic() < deadline, "bash does not end"
        if select.select([descriptor], [], [], 0.05)[0]:
            try:
                os.read(descriptor, 1 << 16)
            except OSError:
                break
    process.wait(PATIENCE)
