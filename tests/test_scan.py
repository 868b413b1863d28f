"""Scan: which files a folder has, in which order, and what is said of those that cannot be looked at."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from rig import without_privilege
from shell import ARRTHEAUDIO, PATIENCE, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def put(shell: Shell, *names: str | bytes, size: int = 3, age: float = 0) -> None:
    """Make files; what is in them does not matter to `scan`."""
    for name in names:
        path = shell.film(name, b"x" * size)
        moment = time.time() - age
        os.utime(path, (moment, moment))


def found(shell: Shell, *arguments: object, status: int = 0) -> list[str]:
    """Return what `scan` finds in the working folder, by their paths from there, in its order."""
    done = shell.run("scan", *arguments).quiet()
    assert done.status == status, done
    return [os.path.relpath(record["path"], shell.cwd) for record in done.records if "error" not in record]


def test_a_record_says_what_stat_says(shell: Shell) -> None:
    put(shell, "a.mkv", size=12345)
    os.utime(shell.cwd / "a.mkv", ns=(0, 1_767_312_245_678_901_999))
    done = shell.run("scan", "a.mkv")
    expected = {"path": str(shell.cwd / "a.mkv"), "size": 12345, "mtime": "2026-01-02T00:04:05.678901Z"}
    assert done.record == expected
    assert list(done.record) == list(expected)


def test_every_media_file_in_any_case_and_no_other(shell: Shell) -> None:
    media = ["a.mkv", "b.mka", "c.mk3d", "d.webm", "e.mp4", "f.m4v", "g.m4a", "h.mov", "i.MKV", "j.Mp4"]
    put(shell, *media, "k.avi", "l.srt", "m.mkv.part", "n.nfo", "mkv", "o.mkv~", "p.mkvx")
    assert found(shell, ".") == media


def test_order_is_by_bytes_files_before_folders(shell: Shell) -> None:
    names = ["B.mkv", "a.mkv", "b.mkv", "Z/c.mkv", "a/10.mkv", "a/9.mkv", "a/b/x.mkv", "z/a.mkv", "é/a.mkv"]
    put(shell, *names)
    assert found(shell, ".") == names
    assert found(shell, "z", "b.mkv", "a") == ["z/a.mkv", "b.mkv", "a/10.mkv", "a/9.mkv", "a/b/x.mkv"]


def test_dot_names_are_passed_over_unless_named(shell: Shell) -> None:
    put(shell, ".a.mkv", ".b/c.mkv", "d/.e/f.mkv", "d/g.mkv")
    assert found(shell, ".") == ["d/g.mkv"]
    assert found(shell, ".", "--pattern", "*") == ["d/g.mkv"]
    assert found(shell, ".a.mkv", ".b") == [".a.mkv", ".b/c.mkv"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param([], ["a.mkv", "b.mp4", "Café.mkv", "sub/c.mkv", "sub/Extras/d.mkv"], id="default"),
        pytest.param(["--no-recursive"], ["a.mkv", "b.mp4", "Café.mkv"], id="not recursive"),
        pytest.param(["--pattern", "*.mkv"], ["a.mkv", "Café.mkv", "sub/c.mkv", "sub/Extras/d.mkv"], id="pattern"),
        pytest.param(["--pattern", "a*", "--pattern", "*.txt"], ["a.mkv", "e.txt"], id="two patterns"),
        pytest.param(["--pattern", "*.MKV"], [], id="a pattern minds the case"),
        pytest.param(["--pattern", "[bc].*"], ["b.mp4", "sub/c.mkv"], id="a class"),
        pytest.param(["--pattern", "Caf?.mkv"], ["Café.mkv"], id="a character that is two bytes"),
        pytest.param(["--pattern", "Caf[éè].mkv"], ["Café.mkv"], id="a class of such"),
        pytest.param(["--pattern", "["], [], id="a class without end"),
        pytest.param(["--pattern", b"\xff*"], [], id="a pattern that is not UTF-8"),
        pytest.param(["--pattern", ""], [], id="an empty pattern"),
        pytest.param(["--exclude", "*.mkv"], ["b.mp4"], id="exclude a name"),
        pytest.param(["--exclude", "sub"], ["a.mkv", "b.mp4", "Café.mkv"], id="exclude a folder"),
        pytest.param(["--exclude", "Extras"], ["a.mkv", "b.mp4", "Café.mkv", "sub/c.mkv"], id="exclude one below"),
        pytest.param(["--exclude", "*/sub/*.mkv"], ["a.mkv", "b.mp4", "Café.mkv"], id="exclude a path"),
        pytest.param(["--exclude", "a*", "--exclude", "*/Extras"], ["b.mp4", "Café.mkv", "sub/c.mkv"], id="two"),
        pytest.param(["--pattern", "*.mkv", "--exclude", "[!a]*"], ["a.mkv"], id="pattern and exclude"),
    ],
)
def test_patterns_and_excludes(shell: Shell, options: list[str | bytes], expected: list[str]) -> None:
    put(shell, "a.mkv", "b.mp4", "Café.mkv", "e.txt", "sub/c.mkv", "sub/Extras/d.mkv")
    assert sorted(found(shell, ".", *options)) == sorted(expected)


def test_a_pattern_finds_a_name_that_is_not_utf8(shell: Shell) -> None:
    put(shell, b"\xff1.mkv", b"2.mkv")
    for pattern in (b"\xff*", b"?1.mkv"):
        assert shell.run("scan", ".", "--pattern", pattern).record["path_bytes"]


def test_a_named_file_is_always_listed(shell: Shell) -> None:
    put(shell, "a.txt")
    assert found(shell, "a.txt", "--pattern", "*.mkv", "--exclude", "*", "--min-size", "1G") == ["a.txt"]


@pytest.mark.parametrize(
    ("size", "least"),
    [("0", 0), ("1", 1), ("1000", 1000), ("1k", 1024), ("1K", 1024), ("1KB", 1024), ("1.5k", 1536), ("1 KiB", 1024)],
)
def test_min_size(shell: Shell, size: str, least: int) -> None:
    put(shell, "just.mkv", size=least)
    put(shell, "less.mkv", size=max(0, least - 1))
    assert found(shell, ".", "--min-size", size) == (["just.mkv"] if least else ["just.mkv", "less.mkv"])


@pytest.mark.parametrize(
    ("age", "seconds"),
    [("30", 30), ("30s", 30), ("2m", 120), ("1h", 3600), ("1.5h", 5400), ("7d", 604800), ("1w", 604800)],
)
def test_max_age(shell: Shell, age: str, seconds: int) -> None:
    put(shell, "younger.mkv", age=seconds - 15)
    put(shell, "older.mkv", age=seconds + 15)
    put(shell, "future.mkv", age=-1000)
    assert found(shell, ".", "--max-age", age) == ["future.mkv", "younger.mkv"]


@pytest.mark.parametrize(
    "words",
    [["--min-size", text] for text in ("", "x", "-1", "1X", "1e3", "1,5G", "K", "٣", "nan", "inf", "9" * 400, "1KK")]
    + [["--max-age", text] for text in ("", "x", "-1", "1y", "1e3", "d", "1dd", "1D", "9" * 400, "nan")]
    + [["--jobs", text] for text in ("0", "-1", "257", "x", "", "9" * 400, "1.0", "²")],
    ids=lambda words: "=".join(words)[:24],
)
def test_what_is_no_number_is_a_usage_error(shell: Shell, words: list[str]) -> None:
    put(shell, "a.mkv")
    done = shell.run("scan", ".", *words).quiet()
    assert (done.status, done.out) == (2, b"")
    assert words[0] in done.err


def test_a_fifo_is_no_media_file_and_is_not_opened(shell: Shell) -> None:
    os.mkfifo(shell.cwd / "x.mkv")
    put(shell, "y.mkv")
    assert found(shell, ".") == ["y.mkv"]
    done = shell.run("scan", "x.mkv").quiet()
    assert (done.status, done.codes) == (1, ["not_a_file"])


def test_a_folder_named_like_a_film(shell: Shell) -> None:
    put(shell, "Film.mkv/film.mkv")
    assert found(shell, ".") == ["Film.mkv/film.mkv"]


def test_links(shell: Shell) -> None:
    put(shell, "real/a.mkv")
    for name, target in (("b.mkv", "real/a.mkv"), ("gone.mkv", "nowhere"), ("up", ".."), ("here", "."), ("to", "real")):
        (shell.cwd / name).symlink_to(target)
    assert found(shell, ".") == ["b.mkv", "real/a.mkv"]
    assert found(shell, "to") == ["to/a.mkv"]
    done = shell.run("scan", "gone.mkv").quiet()
    assert (done.status, done.codes) == (1, ["not_found"])


def test_a_link_that_leads_nowhere_hides_no_folder(shell: Shell) -> None:
    put(shell, "a.mkv", "z.mkv")
    (shell.cwd / "loop.mkv").symlink_to("loop.mkv")
    done = shell.run("scan", ".").quiet()
    assert [Path(record["path"]).name for record in done.records] == ["a.mkv", "loop.mkv", "z.mkv"]
    assert (done.status, done.codes) == (1, [None, "io_error", None])


def test_a_folder_that_may_not_be_read_is_one_error(shell: Shell) -> None:
    put(shell, "a/1.mkv", "b/2.mkv", "c/3.mkv", "4.mkv")
    (shell.cwd / "link.mkv").symlink_to("b/2.mkv")
    (shell.cwd / "b").chmod(0)
    command = without_privilege([*ARRTHEAUDIO, "scan", "."])
    done = subprocess.run(command, env=shell.environ, cwd=shell.cwd, capture_output=True, timeout=PATIENCE)
    (shell.cwd / "b").chmod(0o755)
    assert done.stderr == b""
    records = [json.loads(line) for line in done.stdout.splitlines()]
    told = [(os.path.relpath(record["path"], shell.cwd), record.get("error", {}).get("code")) for record in records]
    denied = "permission_denied"
    assert told == [("4.mkv", None), ("link.mkv", denied), ("a/1.mkv", None), ("b", denied), ("c/3.mkv", None)]
    assert done.returncode == 1


def test_a_missing_folder_is_one_error(shell: Shell) -> None:
    put(shell, "a.mkv")
    done = shell.run("scan", "missing", "a.mkv").quiet()
    assert (done.status, done.codes) == (1, ["not_found", None])


def test_records_and_folders_from_standard_input(shell: Shell) -> None:
    put(shell, "a.mkv", "sub/b.mkv")
    done = shell.run("scan", stdin=b'sub\n{"path":"%s","x":1}\n' % os.fsencode(shell.cwd / "a.mkv")).quiet()
    assert [record.get("x") for record in done.records] == [None, 1]
    assert [Path(record["path"]).name for record in done.records] == ["b.mkv", "a.mkv"]


def test_refresh_looks_again(shell: Shell) -> None:
    put(shell, "a.mkv", size=5)
    old = shell.run("scan", "a.mkv")
    put(shell, "a.mkv", size=6)
    assert shell.run("scan", stdin=old.out).out == old.out
    assert shell.run("scan", "--refresh", stdin=old.out).record["size"] == 6


def test_a_deep_folder(shell: Shell) -> None:
    deep = "/".join(["d"] * 300)
    put(shell, f"{deep}/a.mkv")
    assert found(shell, ".") == [f"{deep}/a.mkv"]


def test_files_that_vanish_are_no_traceback(shell: Shell) -> None:
    script = "for i in $(seq 300); do touch $i.mkv; done; (rm -f *.mkv &); $ATA scan . > out; cat out"
    done = shell.sh(script).quiet()
    assert set(done.codes) <= {None, "not_found"}


def test_only_what_changed_since_the_last_run(shell: Shell) -> None:
    put(shell, "a.mkv", "b.mkv", age=100)
    assert found(shell, ".", "--since", "state") == ["a.mkv", "b.mkv"]
    assert found(shell, ".", "--since", "state") == []
    put(shell, "b.mkv", size=9)
    put(shell, "c.mkv", age=100_000)  # copied here with its old time
    assert found(shell, ".", "--since", "state") == ["b.mkv", "c.mkv"]
    assert found(shell, ".", "--since", "state") == []


def test_a_run_that_was_broken_off_is_repeated(shell: Shell) -> None:
    put(shell, *(f"{n:04}.mkv" for n in range(2000)))
    assert shell.sh("$ATA scan . --since state | head -1 | wc -l").out == b"1\n"
    assert len(found(shell, ".", "--since", "state")) == 2000


@pytest.mark.parametrize("answer", [5, None, [], {}, {"status": []}])
def test_an_answer_of_another_program_is_no_reason_to_forget(shell: Shell, answer: object) -> None:
    put(shell, "a.mkv")
    record = {"path": str(shell.cwd / "a.mkv"), "apply": answer}
    done = shell.run("scan", "--since", "state", stdin=[record]).quiet()
    assert done.status == 0
    assert json.loads(done.out)["apply"] == answer
    assert found(shell, ".", "--since", "state") == []


@pytest.mark.parametrize("state", ["a.mkv", "sub", "missing/state"])
def test_a_file_that_is_no_state(shell: Shell, state: str) -> None:
    put(shell, "a.mkv", "sub/b.mkv", size=5000)
    done = shell.run("scan", ".", "--since", state).quiet()
    assert (done.status, done.out) == (2, b"")
    assert done.err.startswith(f"arrtheaudio: {state}: ")
    assert (shell.cwd / "a.mkv").read_bytes() == b"x" * 5000


@pytest.mark.parametrize("key", ["ARRTHEAUDIO_CONFIG"])
def test_a_mount_point_without_its_disk(shell: Shell, key: str) -> None:
    (shell.cwd / "media").mkdir()
    config = shell.cwd / "config.yaml"
    config.write_text(f"path_mappings: [{{remote: /tv, local: {shell.cwd}/media}}]\n")
    shell.environ[key] = str(config)
    done = shell.run("scan", shell.cwd).quiet()
    assert (done.status, done.out) == (2, b"")
    assert f"{shell.cwd}/media" in done.err
    put(shell, "media/a.mkv")
    assert found(shell, ".") == ["media/a.mkv"]
