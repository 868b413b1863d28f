"""The pipe: forms of input, order, promptness, failures, signals and broken outputs, with real processes."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig import without_privilege
from shell import ARRTHEAUDIO, PATIENCE, Result, Shell, film, lines, plan, read_line, read_until, seen
from test_records import JSON

from arrtheaudio import pipeline
from arrtheaudio.core import record as records
from arrtheaudio.core.record import Record
from arrtheaudio.errors import Corrupt

STAGES = ["scan", "probe", "choose", "apply", "process", "undo"]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def names(done: Result) -> list[str]:
    """Return the names of the files in the records, in order."""
    return [Path(record["path"]).name for record in done.records]


# Properties, in this process: the stages are real, the descriptor is real


@contextmanager
def standard_input(data: bytes) -> Iterator[None]:
    """Put bytes on descriptor 0 for a while."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        kept = os.dup(0)
        try:
            os.dup2(file.fileno(), 0)
            yield
        finally:
            os.dup2(kept, 0)
            os.close(kept)


class Kept:
    """A sink that keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def write(self, record: Record) -> None:
        self.lines.append(records.line(record))

    def close(self) -> None:
        self.lines.append(b"closed")


def through(data: bytes, *stages: pipeline.Stage, null: bool = False, jobs: int = 1) -> tuple[int, list[Record]]:
    """Take standard input through stages; return the exit status and the records."""
    sink = Kept()
    with standard_input(data):
        status = pipeline.run(pipeline.read((), "probe", null=null), stages, sink, jobs=jobs)
    assert sink.lines.pop() == b"closed"
    return status, [json.loads(line) for line in sink.lines]


RECORDS = st.dictionaries(st.text(max_size=8), JSON, max_size=5).map(lambda record: {**record, "path": "/a"})


@given(st.lists(RECORDS, max_size=5), st.sampled_from([1, 3]))
@settings(max_examples=40)
def test_a_stage_adds_its_key_and_touches_no_other(before: list[dict[str, Any]], jobs: int) -> None:
    stage = pipeline.Stage("probe", lambda _: {"mine": 1}, refresh=True)
    status, after = through(lines(before), stage, jobs=jobs)
    assert len(after) == len(before)
    for old, new in zip(before, after, strict=True):
        assert new == (old if "error" in old else old | {"probe": {"mine": 1}})
    assert status == int(any("error" in record for record in before))


@given(st.lists(RECORDS, max_size=5))
@settings(max_examples=40)
def test_a_stage_that_fails_adds_an_error_alone(before: list[dict[str, Any]]) -> None:
    def fail(_: Record) -> Mapping[str, Any]:
        raise Corrupt("so it is")

    _, after = through(lines(before), pipeline.Stage("probe", fail, refresh=True))
    error = {"stage": "probe", "code": "corrupt", "message": "so it is"}
    assert after == [record if "error" in record else record | {"error": error} for record in before]


@given(st.lists(RECORDS, max_size=5))
@settings(max_examples=40)
def test_what_is_answered_is_not_asked_again(before: list[dict[str, Any]]) -> None:
    before = [record | {"probe": None} for record in before]
    _, after = through(lines(before), pipeline.Stage("probe", lambda _: {"mine": 1}))
    assert after == before


@given(st.binary(max_size=400) | st.text(alphabet='{}[]":, \r\n\t/\\0a\ufeff\0').map(str.encode), st.booleans())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_give_records_or_errors(data: bytes, null: bool) -> None:
    status, found = through(data, null=null)
    assert status == int(any("error" in record for record in found))
    assert all(("path" in record) or {"input", "error"} <= record.keys() for record in found)
    assert len(found) <= data.count(b"\0" if null else b"\n") + 1


@given(st.lists(st.binary(min_size=1).filter(lambda path: not {0, 10} & {*path}), max_size=6), st.booleans())
def test_any_names_arrive_exactly(paths: list[bytes], null: bool) -> None:
    paths = [b"/x" + path for path in paths if path.rstrip(b"/.")]
    end = b"\0" if null else b"\n"
    _, found = through(b"".join(path + end for path in paths), null=null)
    assert [os.path.normpath(records.path_of(record)) for record in found] == [os.path.normpath(path) for path in paths]


@pytest.mark.parametrize("size", [1, 2, 65535, 65536, 65537, 200_000])
def test_a_line_is_whole_wherever_the_reads_cut_it(size: int) -> None:
    data = lines([{"path": "/a", "x": "y" * size}, {"path": "/b"}])
    assert through(data)[1] == [{"path": "/a", "x": "y" * size}, {"path": "/b"}]


# Forms of input


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"\n\n \t\n\r\n", [], id="blank lines"),
        pytest.param(b"a.mkv\n", ["a.mkv"], id="a path"),
        pytest.param(b"a.mkv", ["a.mkv"], id="no newline at the end"),
        pytest.param(b"a.mkv\n\n\nb.mkv\n", ["a.mkv", "b.mkv"], id="blank lines between"),
        pytest.param(b'{"path":"CWD/a.mkv"}\r\n{"path":"CWD/b.mkv"}\r\n', ["a.mkv", "b.mkv"], id="records, CRLF"),
        pytest.param(b'\xef\xbb\xbf{"path":"CWD/a.mkv"}\n', ["a.mkv"], id="a record behind a BOM"),
        pytest.param(b'{"path":"CWD/a.mkv"}\nb.mkv\n', ["a.mkv", "b.mkv"], id="a record, then a path"),
        pytest.param(b'{ "path" : "CWD/a.mkv" } \n', ["a.mkv"], id="a record with spaces"),
        pytest.param(b'{"path":"CWD\\/a.mkv"}', ["a.mkv"], id="a record with an escaped slash"),
        pytest.param(b"./{b}.mkv\n", ["{b}.mkv"], id="a brace behind a dot is a path"),
        pytest.param(b" c.mkv \n", [" c.mkv "], id="spaces belong to a name"),
        pytest.param(b"[1].mkv\n", ["[1].mkv"], id="a bracket begins a name"),
        pytest.param(b'"q".mkv\n', ['"q".mkv'], id="quotes belong to a name"),
        pytest.param(b"-d.mkv\n", ["-d.mkv"], id="a dash begins a name"),
        pytest.param(b"#e.mkv\n", ["#e.mkv"], id="a hash begins a name"),
    ],
)
def test_forms_of_standard_input(shell: Shell, data: bytes, expected: list[str]) -> None:
    for name in ("a.mkv", "b.mkv", "{b}.mkv", " c.mkv ", "[1].mkv", '"q".mkv', "-d.mkv", "#e.mkv"):
        shell.film(name)
    for command in ("probe", "scan"):
        done = shell.run(command, stdin=data.replace(b"CWD", os.fsencode(shell.cwd))).quiet()
        assert (done.status, names(done), done.err) == (0, expected, "")


@pytest.mark.parametrize("name", [b"a\nb.mkv", b"{x}.mkv", b" ", b"\xff.mkv", b"\xef\xbb\xbf.mkv", b"-", b"\r"])
def test_null_carries_every_name(shell: Shell, name: bytes) -> None:
    shell.film(name)
    for end in (b"\0", b""):
        done = shell.run("probe", "-0", stdin=name + end).quiet()
        assert (done.status, done.codes) == (0, [None])
    found = shell.sh("find . -type f -print0 | $ATA probe --null").quiet()
    assert (found.status, found.codes) == (0, [None])


def test_null_skips_what_is_empty(shell: Shell) -> None:
    shell.film("a.mkv")
    assert shell.run("probe", "-0", stdin=b"\0\0a.mkv\0\0").codes == [None]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(["a.mkv", "b.mkv"], ["a.mkv", "b.mkv"], id="files"),
        pytest.param(["-"], ["c.mkv"], id="dash"),
        pytest.param(["a.mkv", "-", "b.mkv"], ["a.mkv", "c.mkv", "b.mkv"], id="dash between"),
        pytest.param(["b.mkv", "a.mkv", "b.mkv"], ["b.mkv", "a.mkv", "b.mkv"], id="twice, in the given order"),
        pytest.param(["--", "-d.mkv"], ["-d.mkv"], id="a dash behind the double dash"),
        pytest.param(["./-d.mkv"], ["-d.mkv"], id="a dash behind a dot"),
        pytest.param(["../work/./a.mkv"], ["a.mkv"], id="dots"),
    ],
)
def test_forms_of_arguments(shell: Shell, files: list[str], expected: list[str]) -> None:
    for name in ("a.mkv", "b.mkv", "c.mkv", "-d.mkv"):
        shell.film(name)
    done = shell.run("probe", *files, stdin=b"c.mkv\n").quiet()
    assert (done.status, names(done)) == (0, expected)
    assert all(record["path"] == str(shell.cwd / Path(record["path"]).name) for record in done.records)


def test_files_leave_standard_input_alone(shell: Shell) -> None:
    film = shell.film()
    done = shell.sh(f"(echo first; echo second) | ($ATA probe {film} > out; cat)")
    assert done.out == b"first\nsecond\n"


def test_a_path_through_a_link_and_back_is_the_one_that_the_kernel_finds(shell: Shell) -> None:
    there = shell.film("far/below/there.mkv")
    (shell.cwd / "link").symlink_to(there.parent)
    (shell.cwd / "far/beside.mkv").write_bytes(film())
    done = shell.run("probe", "link/../beside.mkv").quiet()
    assert (done.status, done.codes) == (0, [None])


@pytest.mark.parametrize("command", STAGES)
def test_an_empty_name_is_not_the_working_folder(shell: Shell, command: str) -> None:
    before = seen(shell.film())
    done = shell.run(command, "").quiet()
    assert done.status in (1, 2)
    assert str(shell.cwd / "film.mkv").encode() not in done.out
    assert seen(shell.cwd / "film.mkv") == before


def test_a_working_folder_that_is_gone(shell: Shell) -> None:
    film = shell.film()
    done = shell.sh(f"mkdir gone; cd gone; rmdir ../gone; $ATA probe {film}")
    assert (done.status, done.codes) == (0, [None])
    done = shell.sh("mkdir gone; cd gone; rmdir ../gone; $ATA probe film.mkv").quiet()
    assert done.status in (1, 2)
    assert "standard output" not in done.err


@pytest.mark.parametrize("command", STAGES)
def test_nothing_on_standard_input_is_nothing_to_do(shell: Shell, command: str) -> None:
    assert shell.run(command) == (0, b"", "")


@pytest.mark.parametrize("command", STAGES)
def test_a_terminal_on_standard_input_is_a_usage_error(shell: Shell, command: str) -> None:
    for files in ([], ["-"]):
        status, shown = shell.on_terminal(command, *files, typed=b"film.mkv\n\x04")
        assert status == 2
        assert b"standard input" in shown
        assert b"Traceback" not in shown


def test_a_terminal_is_not_asked_where_files_are_named(shell: Shell) -> None:
    status, shown = shell.on_terminal("probe", shell.film(), typed=b"")
    assert status == 0
    assert b"film.mkv" in shown


# Failures


def test_one_bad_line_is_one_error_and_the_rest_goes_on(shell: Shell) -> None:
    for name in ("a.mkv", "b.mkv"):
        shell.film(name)
    record = lines([{"path": str(shell.cwd / "b.mkv")}])
    done = shell.run("probe", stdin=b"a.mkv\n{broken\n" + record + b'{"no":"path"}\nmissing.mkv\n' + record).quiet()
    assert done.status == 1
    assert done.codes == [None, "invalid_json", None, "invalid_record", "not_found", None]
    broken = done.records[1]
    assert broken["input"] == "{broken"
    assert broken["error"]["stage"] == "probe"
    assert broken["error"]["message"].startswith("line 2: ")
    assert done.err == ""


@pytest.mark.parametrize("command", [["probe"], ["choose"], ["apply"], ["undo"], ["apply", "-n"], ["process"]])
@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param("true", "not_found", id="missing"),
        pytest.param("mkdir bad", "not_a_file", id="folder"),
        pytest.param("mkfifo bad", "not_a_file", id="FIFO"),
        pytest.param("ln -s /dev/zero bad", "not_a_file", id="device"),
        pytest.param("ln -s nowhere bad", "not_found", id="dangling link"),
        pytest.param("ln -s bad bad", "io_error", id="link to itself"),
        pytest.param("touch film.mkv; ln -s film.mkv/x bad", "not_found", id="below a file"),
        pytest.param("touch bad", "not_media", id="empty"),
        pytest.param("head -c 5000 /dev/zero > bad", "not_media", id="zeros"),
        pytest.param("printf '\\x1a\\x45\\xdf\\xa3' > bad", "truncated", id="a magic number alone"),
        pytest.param("head -c 100 film.mkv > bad", "truncated", id="cut off"),
    ],
)
def test_what_is_no_good_file(shell: Shell, command: list[str], make: str, code: str) -> None:
    shell.film()
    shell.sh(make)
    if code in ("not_media", "truncated") and command == ["undo"]:
        code = "none"  # a file without an edit is left as it is, whatever it is
    if command == ["process"] and make == "mkdir bad":
        code = "none"  # a folder is what it takes
    done = shell.run(*command, "bad").quiet()
    if code == "none":
        assert done.status == 0
    else:
        assert (done.status, done.codes) == (1, [code])
        assert done.record["error"]["message"]
        assert done.record["path"] == str(shell.cwd / "bad")
    assert done.err == ""


def test_a_name_that_is_too_long(shell: Shell) -> None:
    done = shell.run("probe", "x" * 300, stdin=b"").quiet()
    assert done.status == 1
    assert "too long" in done.record["error"]["message"]


@pytest.mark.parametrize("command", ["scan", "probe", "choose", "apply", "undo", "process"])
def test_what_may_not_be_read_or_written(shell: Shell, command: str) -> None:
    film = shell.film()
    film.chmod(0)
    words = without_privilege([*ARRTHEAUDIO, command, str(film)])
    done = subprocess.run(words, env=shell.environ, capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)
    result = Result(done.returncode, done.stdout, done.stderr.decode()).quiet()
    if command == "scan":  # it reads the folder alone
        assert result.status == 0
    else:
        assert (result.status, result.codes) == (1, ["permission_denied"])


@pytest.mark.parametrize("depth", [300, 900, 960, 990, 1000, 5000, 100_000])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_record_that_is_nested_deeply_goes_through_or_is_refused(shell: Shell, depth: int, jobs: str) -> None:
    shell.film()
    nested = b'{"path":"%s","a":' % os.fsencode(shell.cwd / "film.mkv") + b"[" * depth + b"]" * depth + b"}\n"
    done = shell.run("probe", "--jobs", jobs, stdin=nested + b"film.mkv\n")
    assert "Traceback" not in done.err
    first, second = done.out.splitlines()
    assert b'"probe":{' in first or b'"code":"invalid_json"' in first
    assert b'"probe":{' in second


# Order and promptness


@pytest.mark.parametrize("command", [["scan"], ["probe"], ["choose"], ["apply", "-n"], ["apply"], ["undo"]])
@pytest.mark.parametrize("jobs", ["1", "8", "256"])
def test_order_is_kept(shell: Shell, command: list[str], jobs: str) -> None:
    data = []
    for number in range(60):
        path = shell.film(f"{number}.mkv") if number % 3 else shell.cwd / "missing.mkv"
        data.append({"path": str(path), "n": number, "pad": "x" * (number * 997 % 5000)})
    done = shell.run(*command, "--jobs", jobs, stdin=data).quiet()
    assert [record["n"] for record in done.records] == list(range(60))
    assert done.codes == [None if number % 3 else "not_found" for number in range(60)]
    assert done.status == 1


@pytest.mark.parametrize("jobs", [[], ["--jobs", "1"], ["--jobs", "8"]], ids=["default", "1", "8"])
@pytest.mark.parametrize("form", ["jsonl", "json", "table"])
@pytest.mark.parametrize("command", ["scan", "probe", "choose", "apply", "process", "undo"])
def test_a_record_is_written_while_the_next_is_awaited(shell: Shell, command: str, jobs: list[str], form: str) -> None:
    shell.film()
    with shell.start(command, *jobs, "-f", form) as process:
        assert process.stdin
        for _ in range(2):
            process.stdin.write(b"film.mkv\n")
            read_until(process, b"film.mkv")
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


# Signals


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("command", ["scan", "probe", "choose", "apply", "process", "undo"])
def test_a_signal_while_it_waits(shell: Shell, command: str, number: int, status: int) -> None:
    shell.film()
    with shell.start(command) as process:
        assert process.stdin
        process.stdin.write(b"film.mkv\n")
        assert b"film.mkv" in read_line(process)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (status, b"", b"")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("command", [["apply"], ["apply", "--jobs", "1"], ["process", "-l", "ja"]])
@pytest.mark.parametrize("after", [1, 7, 40])
def test_a_signal_in_a_run_leaves_whole_files_all_reported(
    shell: Shell, command: list[str], number: int, status: int, after: int
) -> None:
    paths = [shell.film(f"{n:03}.mkv") for n in range(200)]
    old = film()
    (shell.cwd / "plan.jsonl").write_bytes(lines([plan(path) for path in paths]))
    with (shell.cwd / "plan.jsonl").open("rb") as source, shell.start(*command, stdin=source) as process:
        first = b"".join(read_line(process) for _ in range(after))
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    done = Result(process.returncode, first + out, err.decode()).quiet()
    changed = {record["path"] for record in done.records if record["apply"]["status"] == "changed"}
    assert changed == {str(path) for path in paths if path.read_bytes() != old}
    assert names(done) == sorted(names(done))
    assert (done.err, shell.journal_open()) == ("", [])
    assert done.status == status
    assert len(changed) < len(paths)


def test_a_second_signal_ends_what_waits_for_a_reader(shell: Shell) -> None:
    paths = [shell.film(f"{n}.mkv") for n in range(8)]
    (shell.cwd / "plan.jsonl").write_bytes(lines([plan(path, pad="x" * 50_000) for path in paths]))
    with (shell.cwd / "plan.jsonl").open("rb") as source, shell.start("apply", stdin=source) as process:
        read_line(process)
        while any(path.read_bytes() == film() for path in paths):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert process.poll() is None, "the first signal lets the output go on"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 143
        assert process.stderr
        assert process.stderr.read() == b""
    assert shell.journal_open() == []


def test_an_array_is_closed_when_a_signal_ends_it(shell: Shell) -> None:
    shell.film()
    for command in ("probe", "apply"):
        with shell.start(command, "-f", "json") as process:
            assert process.stdin
            process.stdin.write(b"film.mkv\n")
            head = read_until(process, b"}")
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=PATIENCE)
        assert len(json.loads(head + out)) == 1


def test_an_ignored_interrupt_stays_ignored(shell: Shell) -> None:
    # a shell starts a job in the background, and nohup one that outlives it, with the signal ignored
    shell.film()
    with shell.start("probe", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) as process:
        assert process.stdin
        process.stdin.write(b"film.mkv\n")
        read_line(process)
        process.send_signal(signal.SIGINT)
        process.stdin.write(b"film.mkv\n")
        assert b"film.mkv" in read_line(process)
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


# Broken outputs


@pytest.mark.parametrize("command", [["scan", "."], ["probe"], ["choose"], ["apply", "-n"], ["apply"], ["undo"]])
def test_a_reader_that_leaves_ends_it_quietly(shell: Shell, command: list[str]) -> None:
    paths = [shell.film(f"{n:03}.mkv") for n in range(200)]
    (shell.cwd / "in.jsonl").write_bytes(lines([plan(path, pad="x" * 3000) for path in paths]))
    done = shell.sh(f"cat in.jsonl in.jsonl in.jsonl | $ATA {' '.join(command)} | head -1 >/dev/null; echo $PIPESTATUS")
    last = shell.sh(f"$ATA {' '.join(command)} < in.jsonl | true; echo ${{PIPESTATUS[0]}}")
    if command != ["scan", "."]:  # its output is short, and may fit into the pipe
        assert last.out == b"141\n"
    assert (done.err, last.err) == ("", "")
    assert {path.read_bytes() for path in paths} <= {film(), film(chosen=2)}
    assert shell.journal_open() == []


@pytest.mark.parametrize("words", [["schema", "record"], ["--help"], ["probe", "--help"], ["--version"]], ids=" ".join)
def test_a_reader_that_left_before_a_page_was_printed(shell: Shell, words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = shell.run(*words, stdout=writer)
    os.close(writer)
    assert (done.status, done.err) == (141, "")


FULL = [["probe"], ["probe", "-f", "json"], ["probe", "-f", "table"], ["probe", "--jobs", "8"], ["apply"], ["undo"]]


@pytest.mark.parametrize("command", [*FULL, ["schema", "record"], ["--help"], ["--version"]], ids=" ".join)
def test_a_full_disk_behind_standard_output(shell: Shell, command: list[str]) -> None:
    paths = [shell.film(f"{n}.mkv") for n in range(20)]
    with open("/dev/full", "wb") as full:
        done = shell.run(*command, stdin=lines([plan(path) for path in paths]), stdout=full)
    assert done.status == 1
    assert done.err == "arrtheaudio: standard output: no space left on device\n"
    assert {path.read_bytes() for path in paths} <= {film(), film(chosen=2)}
    assert shell.journal_open() == []


@pytest.mark.parametrize("command", [*FULL, ["schema", "record"]], ids=" ".join)
def test_a_closed_standard_output(shell: Shell, command: list[str]) -> None:
    paths = [shell.film(f"{n}.mkv") for n in range(20)]
    (shell.cwd / "in.jsonl").write_bytes(lines([plan(path) for path in paths]))
    done = shell.sh(f"$ATA {' '.join(command)} < in.jsonl >&-")
    assert done.status == 1
    assert done.err == "arrtheaudio: standard output: bad file descriptor\n"
    assert {path.read_bytes() for path in paths} <= {film(), film(chosen=2)}


def test_a_closed_standard_output_is_no_media_file(shell: Shell) -> None:
    # The next file that is opened would be descriptor 1, and get the records.
    first, *others = paths = [shell.film(f"{n}.mkv") for n in range(5)]
    (shell.cwd / "in.jsonl").write_bytes(lines([plan(path) for path in paths]))
    # The others stay open while they wait for their locks; the first is not touched while somebody writes to it.
    locks = " ".join(f"flock {path.name} sleep 1.5 &" for path in others)
    script = f"{locks} (sleep 0.8) >> {first.name} & sleep 0.1; $ATA apply --jobs 5 < in.jsonl >&-; status=$?; wait"
    done = shell.sh(f"{script}; exit $status")
    assert done.status == 1
    assert {path.read_bytes() for path in paths} <= {film(), film(chosen=2)}


def _target(pid: int, descriptor: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/{descriptor}")
    except FileNotFoundError:
        return ""


@pytest.mark.parametrize("descriptor", [1, 2])
def test_a_closed_descriptor_is_taken_by_nothing_else(shell: Shell, descriptor: int) -> None:
    with shell.start("probe", preexec_fn=lambda: os.close(descriptor)) as process:
        deadline = time.monotonic() + PATIENCE
        while _target(process.pid, descriptor) != os.devnull:  # until then it is a module, being read
            assert time.monotonic() < deadline, "nothing holds its place"
            time.sleep(0.01)
        process.communicate(timeout=PATIENCE)


def test_a_closed_standard_input(shell: Shell) -> None:
    film = shell.film()
    done = shell.sh("$ATA probe <&-")
    assert (done.status, done.out) == (2, b"")
    assert done.err == "arrtheaudio: standard input: bad file descriptor\n"
    done = shell.sh(f"$ATA probe {film} <&-").quiet()
    assert (done.status, done.codes) == (0, [None])


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_no_standard_error_is_no_failure(shell: Shell, redirection: str) -> None:
    film = shell.film()
    (shell.cwd / "other.mkv").hardlink_to(film)  # there is something to say
    (shell.cwd / "in.jsonl").write_bytes(lines([plan(film)]))
    done = shell.sh(f"$ATA apply --hardlinks edit < in.jsonl {redirection}").quiet()
    assert (done.status, done.record["apply"]["status"]) == (0, "changed")
    assert shell.sh(f"$ATA probe missing.mkv {redirection}").codes == ["not_found"]


def test_output_that_does_not_block(shell: Shell) -> None:
    # ssh and some terminals leave a pipe so; a reader that is slow is no failure
    paths = [shell.film(f"{n}.mkv") for n in range(3)]
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    data = lines([{"path": str(path), "pad": "x" * 100_000} for path in paths])
    with shell.start("probe", stdout=writer) as process:
        os.close(writer)
        assert process.stdin
        process.stdin.write(data)
        process.stdin.close()
        time.sleep(0.5)
        with open(reader, "rb") as file:
            out = file.read()
        assert process.wait(PATIENCE) == 0
    assert [json.loads(line)["path"] for line in out.splitlines()] == [str(path) for path in paths]
