"""The queue from inside: whose turn it is, what joins, what is held, what comes back."""

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spool_acts
from hypothesis import given
from hypothesis import strategies as st
from spool_rig import MEDIA

from arrtheaudio.core.record import Record, failed
from arrtheaudio.errors import Corrupt, Error, InvalidRecord, Network, NoSpace, NotFound, Timeout
from arrtheaudio.signals import Signals
from arrtheaudio.spool import Spool, take
from arrtheaudio.spool.ask import Wanted, cancel, jobs, retry, stats
from arrtheaudio.spool.care import MOST_RECLAIMS, prune, reclaim
from arrtheaudio.spool.crew import Parent
from arrtheaudio.spool.folder import SpoolUnusable
from arrtheaudio.spool.job import PRIORITIES, Job, new, new_id, parse, time_of
from arrtheaudio.spool.limit import Limit, waiting
from arrtheaudio.spool.take import Queue
from arrtheaudio.spool.work import Rules, Trade, Worker

DAY, HOUR = 86_400, 3_600
DONE = Trade(lambda record, _job: {**record, "apply": {"status": "unchanged"}})


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    return Spool(str(tmp_path / "spool"))


def put(spool: Spool, path: str = "/media/film.mkv", *, age: int = 0, **about: Any) -> str:
    """Queue a job that was made `age` seconds ago; return its id."""
    job = new({"path": path}, **about)
    if age:
        job["id"] = f"{time.time_ns() - age * 10**9:019d}.test.{os.urandom(4).hex()}"
    spool.put(job)
    return str(job["id"])


def drain(spool: Spool, trade: Trade = DONE, rules: Rules = Rules(), most: int | None = None) -> None:  # noqa: B008
    """Let a worker of this process do what there is."""
    with open(os.devnull, "wb") as nobody, Signals() as signals:
        Worker(spool, trade, rules, signals).run(Parent(nobody.fileno()), most=most)


def turns(spool: Spool) -> Iterator[str]:
    """Yield the ids of jobs in the order in which one worker takes them."""
    queue = Queue(spool)
    while claims := queue.take():
        for claim in claims:
            yield claim.job["id"]
            claim.finish("completed")
        queue.done()


def state(spool: Spool, job_id: str) -> str:
    """Return the state of a job."""
    job = spool.get(job_id)
    assert job is not None
    return str(job["state"])


# Names


def test_ids_sort_by_time_and_are_unique() -> None:
    ids = [new_id() for _ in range(1_000)]
    assert sorted(set(ids)) == ids
    times = [time_of(name) for name in ids]
    assert all(moment is not None and abs(time.time_ns() - moment) < DAY * 10**9 for moment in times)


@pytest.mark.parametrize("name", ["mine", "123.host.ab", "x" * 19, "١" * 19 + ".host.ab"])
def test_a_name_that_a_person_chose_has_no_time(name: str) -> None:
    assert time_of(name) is None


# Content


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="half"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b'{"path":"/a.mkv"}', id="a record, not a job"),
        pytest.param(b'{"record":[]}', id="no record"),
        pytest.param(b'{"record":{}}', id="no path"),
        pytest.param(b'{"record":{"path":"/a"},"attempt":"1"}', id="a count that is none"),
        pytest.param(b'{"record":{"path":"/a"},"attempt":-1}', id="a negative count"),
        pytest.param(b'{"record":{"path":"/a"},"group":7}', id="a group that is no text"),
        pytest.param(b'{"record":{"path":"/a"},"joins":7}', id="a join that is no text"),
    ],
)
def test_no_job(data: bytes) -> None:
    with pytest.raises(Error):
        parse(data, "name")


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda v: json.dumps({"record": {"path": "/a"}, "attempt": v, "group": v}).encode()
    )
)
def test_any_bytes_are_a_job_or_an_error(data: bytes) -> None:
    try:
        job = parse(data, "name")
    except Error:
        return
    assert job["id"] == "name"
    assert job["priority"] in PRIORITIES


# Turns


def test_the_urgent_first_and_the_oldest_of_those(spool: Spool) -> None:
    ids = {
        priority: [put(spool, f"/{priority}{n}", priority=priority) for n in range(3)]
        for priority in reversed(PRIORITIES)
    }
    assert list(turns(spool)) == [job_id for priority in PRIORITIES for job_id in ids[priority]]


def test_news_of_more_urgency_come_first(spool: Spool) -> None:
    ids = [put(spool, f"/{n}", priority="low") for n in range(3)]
    order = turns(spool)
    assert next(order) == ids[0]
    urgent = put(spool, "/urgent", priority="webhook")
    assert list(order) == [urgent, *ids[1:]]


def test_who_has_waited_an_hour_is_next_and_the_others_are_not_stopped_by_it(spool: Spool) -> None:
    old = [put(spool, f"/old{n}", priority="low", age=HOUR + 60 - n) for n in range(3)]
    young = [put(spool, f"/young{n}", priority="webhook") for n in range(3)]
    assert list(turns(spool)) == [old[0], young[0], old[1], young[1], old[2], young[2]]


def test_who_has_not_waited_an_hour_is_not(spool: Spool) -> None:
    old = put(spool, "/old", priority="low", age=HOUR - 60)
    young = [put(spool, f"/young{n}", priority="webhook") for n in range(3)]
    assert list(turns(spool)) == [*young, old]


def test_a_folder_with_more_names_than_are_kept(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take, "KEPT", 4)
    ids = [put(spool, f"/{n}") for n in range(11)]
    assert list(turns(spool)) == ids


def test_a_folder_is_not_listed_for_each_job(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(20):
        put(spool, f"/{n}")
    listed: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(str(path)) or scandir(path))
    assert len(list(turns(spool))) == 20
    assert sum("2-normal" in path for path in listed) <= 2


# One worker a file


def test_who_waits_for_the_same_path_joins(spool: Spool) -> None:
    ids = [put(spool, priority=priority) for priority in ("low", "webhook", "normal")]
    other = put(spool, "/media/other.mkv")
    answered: list[Record] = []

    def answer(record: Record, _job: Job) -> Record:
        answered.append(record)
        return {**record, "apply": {"status": "unchanged"}}

    drain(spool, Trade(answer))
    assert [record["path"] for record in answered] == ["/media/film.mkv", "/media/other.mkv"]
    for job_id in ids:
        job = spool.get(job_id)
        assert job is not None
        assert job["state"] == "completed"
        assert set(job["joined"]) == set(ids) - {job_id}
    assert state(spool, other) == "completed"
    assert os.listdir(f"{spool.root}/paths") == []


def test_the_latest_word_counts_with_what_the_arr_said(spool: Spool) -> None:
    first = new({"path": "/a", "arr": {"app": "sonarr"}, "choose": {"status": "keep"}})
    second = new({"path": "/a", "x": 1})
    spool.put(first)
    spool.put(second)
    seen: list[Record] = []
    drain(spool, Trade(lambda record, _job: seen.append(record) or record))
    assert seen == [{"path": "/a", "x": 1, "arr": {"app": "sonarr"}}]


def test_after_it_has_begun_a_second_one_waits_its_turn(spool: Spool) -> None:
    put(spool)
    queue = Queue(spool)
    (first,) = queue.take()
    second = put(spool)
    others = Queue(spool)
    pid = os.fork()  # the locks are a process's
    if pid == 0:
        others = Queue(spool)
        os._exit(0 if others.take() == [] and others.passed_over == 1 else 1)
    assert os.waitpid(pid, 0)[1] == 0
    first.finish("completed")
    queue.done()
    (claim,) = others.take()
    assert claim.job["id"] == second


@pytest.mark.parametrize("link", [os.link, os.symlink], ids=["hard link", "symbolic link"])
def test_other_names_of_a_file_in_hand_wait(tmp_path: Path, spool: Spool, link: Callable[[Path, Path], None]) -> None:
    film, other = tmp_path / "film.mkv", tmp_path / "other.mkv"
    film.write_bytes(b"film")
    link(film, other)
    put(spool, str(film))
    put(spool, str(other))
    queue = Queue(spool)
    assert len(queue.take()) == 1
    pid = os.fork()
    if pid == 0:
        theirs = Queue(spool)
        os._exit(0 if theirs.take() == [] and theirs.passed_over == 1 else 1)
    assert os.waitpid(pid, 0)[1] == 0


# What does not end well


@pytest.mark.parametrize(
    ("error", "source", "held"),
    [
        pytest.param(Network("x"), "cli", "retry", id="network"),
        pytest.param(Timeout("x"), "cli", "retry", id="busy"),
        pytest.param(NoSpace("x"), "cli", "no_space", id="no space"),
        pytest.param(NotFound("x"), "cli", None, id="not there"),
        pytest.param(Corrupt("x"), "sonarr", None, id="corrupt"),
    ],
)
def test_what_may_pass_is_tried_again(spool: Spool, error: Error, source: str, held: str | None) -> None:
    job_id = put(spool, source=source)
    before = time.time_ns()
    drain(spool, Trade(lambda record, _job: failed(record, "probe", error)), Rules(attempts=2, delay=1000))
    job = spool.get(job_id)
    assert job is not None
    assert job["attempt"] == 1
    if held is None:
        assert job["state"] == "failed"
        assert job["record"]["error"]["code"] == error.code
    else:
        assert job["state"] == "held"
        assert job["held"]["why"] == held
        assert "error" not in job["record"]
        (name,) = os.listdir(f"{spool.root}/held")
        assert 900 < (os.stat(f"{spool.root}/held/{name}").st_mtime_ns - before) / 1e9 < 1100


def test_so_many_times_and_each_after_twice_the_time(spool: Spool) -> None:
    job_id = put(spool)
    delays = []
    for _ in range(3):
        drain(spool, Trade(spool_acts.unreachable), Rules(attempts=2, delay=1000))
        for name in os.listdir(f"{spool.root}/held"):
            path = f"{spool.root}/held/{name}"
            delays.append(round((os.stat(path).st_mtime - time.time()) / 100))
            os.utime(path, (0, 0))
    job = spool.get(job_id)
    assert job is not None
    assert (job["state"], job["result"], job["attempt"], delays) == ("failed", "failed", 3, [10, 20])
    assert job["record"]["error"]["code"] == "network"


def test_a_file_of_several_names_waits_until_it_has_one(tmp_path: Path, spool: Spool) -> None:
    film, seed = tmp_path / "film.mkv", tmp_path / "seed.mkv"
    film.write_bytes(b"film")
    os.link(film, seed)
    job_id = put(spool, str(film))
    skipped = Trade(lambda record, _job: {**record, "apply": {"status": "skipped", "reason": "hardlinked"}})
    drain(spool, skipped, Rules(delay=0))
    drain(spool, DONE, Rules(delay=0))
    assert state(spool, job_id) == "held"
    seed.unlink()
    drain(spool, DONE, Rules(delay=0))
    assert state(spool, job_id) == "completed"


def test_where_links_are_not_protected_it_is_skipped(spool: Spool) -> None:
    job_id = put(spool)
    skipped = Trade(lambda record, _job: {**record, "apply": {"status": "skipped", "reason": "hardlinked"}})
    drain(spool, skipped, Rules(protect=False))
    job = spool.get(job_id)
    assert job is not None
    assert (job["state"], job["result"]) == ("completed", "skipped")


def test_who_kills_five_workers_is_given_up(spool: Spool) -> None:
    job_id = put(spool)
    for _ in range(MOST_RECLAIMS):
        assert state(spool, job_id) == "queued"
        ((claim,),) = [Queue(spool).take()]
        claim.let_go()  # as the kernel does for a dead worker
        assert state(spool, job_id) == "running"
        assert reclaim(spool) == 1
    job = spool.get(job_id)
    assert job is not None
    assert (job["state"], job["record"]["error"]["code"], job["attempt"]) == ("failed", "internal", 0)


def test_who_lives_is_not_robbed(spool: Spool) -> None:
    job_id = put(spool)
    (claim,) = Queue(spool).take()
    assert reclaim(spool) == 0
    assert state(spool, job_id) == "running"
    claim.finish("completed")


def test_an_answer_of_a_worker_in_another_language(spool: Spool) -> None:
    """It wrote the answer into done/, and died before it could remove its claim."""
    job_id = put(spool)
    (claim,) = Queue(spool).take()
    folder = f"{spool.root}/done/{time.strftime('%Y-%m-%d', time.gmtime())}"
    os.mkdir(folder)
    Path(folder, f"{job_id}.json").write_text(json.dumps({**claim.job, "state": "completed"}))
    claim.let_go()
    reclaim(spool)
    assert os.listdir(f"{spool.root}/cur") == []
    assert state(spool, job_id) == "completed"


# By hand


def test_a_file_moved_in_runs(tmp_path: Path, spool: Spool) -> None:
    made = tmp_path / "made.json"
    made.write_text('{"record": {"path": "/media/a.mkv"}, "mine": 1}')
    made.rename(f"{spool.root}/new/1-high/mine.json")
    drain(spool)
    job = spool.get("mine")
    assert job is not None
    assert (job["state"], job["priority"], job["mine"]) == ("completed", "high", 1)


def test_a_broken_one_fails_alone(tmp_path: Path, spool: Spool) -> None:
    broken = {"half.json": b'{"record"', "empty.json": b"", "other": b"\xff"}
    for name, data in broken.items():
        Path(spool.root, "new/0-webhook", name).write_bytes(data)
    os.mkdir(f"{spool.root}/new/0-webhook/folder.json")
    os.mkfifo(f"{spool.root}/new/0-webhook/fifo.json")
    os.symlink(tmp_path, f"{spool.root}/new/0-webhook/link.json")
    good = put(spool)
    drain(spool)
    assert state(spool, good) == "completed"
    found = {job["id"]: job for job in jobs(spool, Wanted("failed"))}
    assert set(found) == {"half", "empty", "other", "folder", "fifo", "link"}
    assert all(job["record"]["error"]["message"] for job in found.values())
    for name, data in broken.items():
        (kept,) = Path(spool.root, "failed").rglob(f"{name}.rejected")
        assert kept.read_bytes() == data
    assert os.listdir(f"{spool.root}/new/0-webhook") == []


def test_a_finished_one_moved_back_is_done_again(spool: Spool) -> None:
    job_id = put(spool)
    drain(spool)
    (done,) = Path(spool.root, "done").rglob("*.json")
    done.rename(f"{spool.root}/new/3-low/{done.name}")
    assert state(spool, job_id) == "queued"
    drain(spool)
    job = spool.get(job_id)
    assert job is not None
    assert (job["state"], job["priority"], job["attempt"]) == ("completed", "low", 1)


# Asking


def test_cancel(spool: Spool) -> None:
    job_id = put(spool)
    assert cancel(spool, job_id)["state"] == "cancelled"
    assert state(spool, job_id) == "cancelled"
    assert list(turns(spool)) == []
    with pytest.raises(InvalidRecord, match="cancelled"):
        cancel(spool, job_id)
    with pytest.raises(NotFound):
        cancel(spool, "nothing")


def test_what_runs_is_not_cancelled(spool: Spool) -> None:
    job_id = put(spool)
    (claim,) = Queue(spool).take()
    with pytest.raises(InvalidRecord, match="running"):
        cancel(spool, job_id)
    claim.finish("completed")


def test_retry_is_as_if_it_were_new(spool: Spool) -> None:
    job_id = put(spool, source="radarr", group="g", priority="high")
    drain(spool, Trade(lambda record, _job: failed({**record, "probe": {}}, "choose", Corrupt("x"))))
    assert state(spool, job_id) == "failed"
    retry(spool, job_id)
    job = spool.get(job_id)
    assert job is not None
    assert job["record"] == {"path": "/media/film.mkv"}
    assert (job["state"], job["source"], job["group"], job["priority"]) == ("queued", "radarr", "g", "high")
    assert list(turns(spool)) == [job_id]
    with pytest.raises(InvalidRecord, match="completed"):
        retry(spool, job_id)


@pytest.mark.parametrize("job_id", ["", ".", "..", "../format", "/etc/passwd", "new/2-normal", "format"])
def test_an_id_is_no_path(spool: Spool, job_id: str) -> None:
    assert spool.find(job_id) is None


def test_lists(spool: Spool) -> None:
    ids = [put(spool, f"/{n}", group="even" if n % 2 == 0 else "odd") for n in range(6)]
    drain(spool, most=2)

    def listed(wanted: Wanted, limit: int | None = None, offset: int = 0) -> list[int]:
        return [ids.index(job["id"]) for job in jobs(spool, wanted, limit, offset)]

    assert listed(Wanted()) == [5, 4, 3, 2, 1, 0]
    assert listed(Wanted(), 2, 1) == [4, 3]
    assert listed(Wanted("queued"), 2, 3) == [2]
    assert listed(Wanted("completed")) == [1, 0]
    assert listed(Wanted(group="even"), 1, 1) == [2]
    assert listed(Wanted(source="sonarr")) == []
    counted = stats(spool)
    assert counted["jobs"] == {"queued": 4, "held": 0, "running": 0, "completed": 2, "failed": 0, "cancelled": 0}
    assert counted["results"] == {"success": 2, "skipped": 0, "failed": 0}


def test_what_is_old_is_forgotten(spool: Spool) -> None:
    ids = [put(spool, f"/{n}") for n in range(2)]
    drain(spool)
    (today,) = os.listdir(f"{spool.root}/done")
    old = f"{spool.root}/done/{time.strftime('%Y-%m-%d', time.gmtime(time.time() - 31 * DAY))}"
    os.mkdir(old)
    os.rename(f"{spool.root}/done/{today}/{ids[0]}.json", f"{old}/{ids[0]}.json")
    assert prune(spool, 32) == 0
    assert prune(spool, 30) == 1
    assert spool.get(ids[0]) is None
    assert state(spool, ids[1]) == "completed"


def test_the_limit(spool: Spool) -> None:
    limit = Limit(spool, 5)
    assert limit.room() == 5
    for n in range(3):
        put(spool, f"/{n}")
    limit.add(3)
    assert limit.room() == 2
    os.utime(f"{spool.root}/waiting", (0, 0))
    put(spool, "/another producer's")
    assert Limit(spool, 5).room() == 1
    assert waiting(spool) == 4


# The folder


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("2\n", "format 2 is newer", id="newer"),
        pytest.param("0\n", "admin migrate", id="older"),
        pytest.param("one\n", "no number", id="no number"),
        pytest.param("", "no number", id="empty"),
    ],
)
def test_a_format_that_is_not_known(spool: Spool, text: str, said: str) -> None:
    Path(spool.root, "format").write_text(text)
    with pytest.raises(SpoolUnusable, match=said):
        Spool(spool.root)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolUnusable, match=os.strerror(errno.ENOTDIR).lower()):
        Spool(str(tmp_path / "file" / "spool"))


def test_an_edit_says_which_job_it_was(tmp_path: Path) -> None:
    """Its answer is what the stages say, and nothing of the queue is in the record."""
    film = (MEDIA / "mkvmerge.mkv").read_bytes()
    (job_id,) = spool_acts.prepare(str(tmp_path / "work"), "work", film)
    spool = Spool(str(tmp_path / "work" / "spool"))
    spool_acts.work(str(tmp_path / "work"), spool)
    job = spool.get(job_id)
    assert job is not None
    assert job["record"]["apply"]["status"] == "changed"
    assert set(job["added"]) == {"size", "mtime", "probe", "choose", "apply"}


def test_what_is_no_job_is_set_aside_by_whoever_has_put_one(tmp_path: Path) -> None:
    """No function of the package may have the name of one of its modules, whose first import takes its place."""
    code = """
import arrtheaudio.spool.put, sys
from arrtheaudio.spool import Spool
spool = Spool(sys.argv[1])
open(spool.root + "/new/2-normal/broken.json", "w").write("{")
assert spool.claim("new/2-normal", "broken.json") is None
assert spool.get("broken")["state"] == "failed"
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "spool")], check=True)
