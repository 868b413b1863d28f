"""Process: the same as the pipe, in one process; and the examples that must work as they stand."""

import json
import os
import shutil
from pathlib import Path

import pytest
from rig import need_programs
from shell import Shell, film, lines, plan, seen, tree


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path)
    (made.cwd / "config.yaml").write_text(
        "language_priority: [ja, en]\nprefer_original: false\ntmdb: {enabled: false}\n"
    )
    made.environ["ARRTHEAUDIO_CONFIG"] = str(made.cwd / "config.yaml")
    return made


def library(shell: Shell) -> Path:
    """Make a small library: one to change, one that is right, one that is broken."""
    shell.film("media/a/change.mkv")
    shell.film("media/b/right.mkv", film(chosen=2))
    shell.film("media/c/broken.mkv", b"x" * 500)
    return shell.cwd / "media"


def summary(records: list[dict[str, object]]) -> list[tuple[str, str]]:
    told = []
    for record in records:
        answer = record.get("apply") or record["error"]
        assert isinstance(answer, dict)
        told.append((Path(str(record["path"])).name, answer.get("status") or answer["code"]))
    return told


EXPECTED = [("change.mkv", "changed"), ("right.mkv", "unchanged"), ("broken.mkv", "not_media")]


def test_a_folder(shell: Shell) -> None:
    media = library(shell)
    done = shell.run("process", media).quiet()
    assert (done.status, done.err) == (1, "")
    assert summary(done.records) == EXPECTED
    assert list(done.records[0]) == ["path", "size", "mtime", "probe", "choose", "apply"]
    assert (media / "a/change.mkv").read_bytes() == film(chosen=2)


def test_the_same_as_the_pipe(shell: Shell) -> None:
    media = library(shell)
    kept = shell.cwd / "kept"
    shutil.copytree(media, kept)
    for copy in (media, kept):
        for path in copy.rglob("*.mkv"):
            os.utime(path, (1_700_000_000, 1_700_000_000))
    one = shell.run("process", media).quiet()
    shutil.rmtree(media)
    kept.rename(media)
    pipe = shell.sh("$ATA scan media | $ATA probe | $ATA choose | $ATA apply").quiet()
    records = [one.records, pipe.records]
    for record in (*records[0], *records[1]):
        record.get("apply", {}).pop("journal", None)
    assert records[0] == records[1]


def test_a_second_time_changes_nothing(shell: Shell) -> None:
    media = library(shell)
    shell.run("process", media)
    before = tree(media)
    assert [status for _, status in summary(shell.run("process", media).records)] == [
        "unchanged",
        "unchanged",
        "not_media",
    ]
    assert tree(media) == before


def test_a_dry_run_changes_nothing(shell: Shell) -> None:
    media = library(shell)
    before, home = [seen(path) for path in sorted(media.rglob("*.mkv"))], tree(shell.home)
    done = shell.run("process", "--dry-run", media).quiet()
    assert summary(done.records) == [("change.mkv", "planned"), *EXPECTED[1:]]
    assert ([seen(path) for path in sorted(media.rglob("*.mkv"))], tree(shell.home)) == (before, home)


def test_dry_run_by_configuration(shell: Shell) -> None:
    media = library(shell)
    shell.environ["ARRTHEAUDIO_EXECUTION_DRY_RUN"] = "true"
    before = tree(media)
    assert summary(shell.run("process", media).records)[0] == ("change.mkv", "planned")
    assert tree(media) == before


def test_files_folders_and_records_together(shell: Shell) -> None:
    media = library(shell)
    record = lines([plan(media / "a/change.mkv", mine=1)])
    done = shell.run("process", "-", media / "b", media / "c/broken.mkv", stdin=record + b"media/missing.mkv\n").quiet()
    assert summary(done.records) == [EXPECTED[0], ("missing.mkv", "not_found"), *EXPECTED[1:]]
    assert done.records[0]["mine"] == 1


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--pattern", "r*"], ["right.mkv"]),
        (["--exclude", "c"], ["change.mkv", "right.mkv"]),
        (["--no-recursive"], []),
        (["--min-size", "400"], ["broken.mkv"]),
        (["--max-age", "1h"], ["change.mkv", "right.mkv", "broken.mkv"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_the_options_of_scan(shell: Shell, words: list[str], names: list[str]) -> None:
    done = shell.run("process", "-n", library(shell), *words).quiet()
    assert [name for name, _ in summary(done.records)] == names


def test_the_options_of_choose(shell: Shell) -> None:
    path = shell.film()
    assert shell.run("process", "-n", path, "-l", "en").record["choose"]["status"] == "keep"
    assert shell.run("process", "-n", path, "-l", "original", "--original", "ja").record["choose"]["track"] == 2
    assert shell.run("process", path, "-l", "de").record["apply"] == {"status": "skipped", "reason": "nothing_fits"}


# The examples of the contract


def test_a_plan_is_read_and_then_applied_and_undone(shell: Shell) -> None:
    media = library(shell)
    before = tree(media)
    done = shell.sh("$ATA scan media | $ATA choose > plan.jsonl; cat plan.jsonl").quiet()
    assert [record.get("choose", {}).get("status") for record in done.records] == ["change", "keep", None]
    assert tree(media) == before
    applied = shell.sh("$ATA apply < plan.jsonl > done.jsonl; cat done.jsonl").quiet()
    assert summary(applied.records) == EXPECTED
    undone = shell.sh("$ATA undo < done.jsonl").quiet()
    assert [record.get("undo", {}).get("status") for record in undone.records] == ["undone", "unchanged", None]
    assert tree(media) == before


def test_the_pipe_with_a_dry_run(shell: Shell) -> None:
    media = library(shell)
    before = tree(media)
    done = shell.sh("$ATA scan media --pattern '*.mkv' | $ATA probe | $ATA choose | $ATA apply --dry-run").quiet()
    assert summary(done.records) == [("change.mkv", "planned"), *EXPECTED[1:]]
    assert tree(media) == before


def test_find_probe_jq(shell: Shell) -> None:
    need_programs("jq")
    library(shell)
    shell.film("media/d/na\nme.mkv")
    query = 'select(.probe.tracks|map(select(.type=="audio"))|length>1).path'
    done = shell.sh(f"find media -name '*.mkv' -print0 | $ATA probe -0 | jq -c '{query}'")
    names = {Path(json.loads(line)).name for line in done.out.splitlines()}
    assert names >= {"change.mkv", "right.mkv", "na\nme.mkv"}


def test_parallel(shell: Shell) -> None:
    need_programs("parallel")
    media = library(shell)
    for n in range(12):
        shell.film(f"media/d/{n}.mkv")
    done = shell.sh("$ATA scan media | parallel --will-cite --pipe -N4 -j2 -k $ATA process").quiet()
    told = dict(summary(done.records))
    assert told == dict(EXPECTED) | {f"{n}.mkv": "changed" for n in range(12)}
    assert {path.read_bytes() for path in media.rglob("[0-9]*.mkv")} == {film(chosen=2)}
