"""examples/many-hosts: machines that are real sshds on loopback, one of them killed; Slurm's and Kubernetes' parts."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from examples_rig import EXAMPLES, MEDIA, PATH, PATIENCE, environment, execute, needs

MANY_HOSTS = EXAMPLES / "many-hosts"
FILM = MEDIA / "mkvmerge.mkv"
SSHD = """
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
UsePAM no
StrictModes no
PasswordAuthentication no
PidFile none
"""
SSH = """
Host *
  HostName 127.0.0.1
  IdentityFile {folder}/key
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment in which Japanese is wanted, and a failure costs little."""
    return environment(tmp_path, ARRTHEAUDIO_LANGUAGE_PRIORITY="jpn", PENALTY="1", BLOCK="10")


@pytest.fixture
def films(tmp_path: Path) -> Callable[[int], Path]:
    """Return a function that makes a folder of so many films whose default track is English."""

    def make(count: int) -> Path:
        folder = tmp_path / "films"
        folder.mkdir()
        for number in range(count):
            shutil.copy(FILM, folder / f"film {number:03}.mkv")
        return folder

    return make


def sh(environ: Mapping[str, str], *words: object, **options: Any) -> "subprocess.CompletedProcess[bytes]":
    return execute(environ, "sh", *words, **options)


def records(*files: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


def all_japanese(environ: Mapping[str, str], folder: Path) -> bool:
    done = sh(environ, "-c", f'arrtheaudio probe "{folder}"/*')
    defaults = [
        {track["language"] for track in record["probe"]["tracks"] if track["type"] == "audio" and track["default"]}
        for record in map(json.loads, done.stdout.splitlines())
    ]
    return len(defaults) == len(os.listdir(folder)) and all(found == {"ja"} for found in defaults)


def edits(environ: Mapping[str, str]) -> Counter[str]:
    """Count the edits of each file; the machines of these tests share one journal, as they share one home."""
    listed = sh(environ, "-c", "arrtheaudio undo --list").stdout
    return Counter(json.loads(line)["path"] for line in listed.splitlines())


class Machines:
    """Each an sshd of its own; all see the same files."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        """Make the keys."""
        self.folder = folder
        self._environ = dict(environ)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir()
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        for name in ("host_key", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        (folder / "ssh_config").write_text(SSH.format(folder=folder))

    def start(self, name: str, **more: str) -> None:
        """Start one; `more` is the environment that is different on it."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        config = self.folder / f"sshd.{name}"
        variables = " ".join(f"{key}={value}" for key, value in (self._environ | more).items())
        config.write_text(f"{SSHD.format(folder=self.folder)}ListenAddress 127.0.0.1:{port}\nSetEnv {variables}\n")
        ssh = self.folder / "ssh_config"
        ssh.write_text(f"Host {name}\n  Port {port}\n{ssh.read_text()}")
        sshd = shutil.which("sshd", path=PATH)
        assert sshd
        words = [sshd, "-D", "-f", config, "-E", self.folder / f"{name}.log"]
        self._running[name] = subprocess.Popen(words, start_new_session=True)
        _until(lambda: _accepts(port))

    def kill(self, name: str) -> None:
        """End one as a power cut does for those who look at it from outside: nothing of it answers any more."""
        machine = self._running.pop(name)
        machine.send_signal(signal.SIGSTOP)  # no new connection while we look for those that there are
        for pid in (*_offspring(machine.pid), machine.pid):
            os.kill(pid, signal.SIGKILL)
        machine.wait()

    def close(self) -> None:
        """End them all."""
        for name in list(self._running):
            self.kill(name)


def _offspring(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found = [pid]
    for parent in found:
        found += [child for child, of in pairs if of == parent]
    return found[1:]


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE / 3
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def machines(tmp_path: Path, environ: dict[str, str]) -> Iterator[Machines]:
    """No machine yet; ssh finds those that are started by their names."""
    found = Machines(tmp_path / "ssh", environ)
    environ["PARALLEL_SSH"] = f"ssh -F {tmp_path}/ssh/ssh_config"
    yield found
    found.close()


def joblog(run: Path) -> list[list[str]]:
    """Return the fields of each block that has ended: its number, its host, …, its exit status, …"""
    file = run / "joblog"
    return [line.split("\t") for line in file.read_text().splitlines()[1:]] if file.exists() else []


needs_ssh = needs("parallel", "flock", "sshd", "ssh", "ssh-keygen", "ps")


@needs_ssh
def test_a_machine_is_killed_in_the_middle_and_the_others_do_its_blocks(
    environ: dict[str, str], films: Callable[[int], Path], machines: Machines, tmp_path: Path
) -> None:
    run, folder, hosts = tmp_path / "run", films(150), tmp_path / "hosts"
    machines.start("nas1")
    machines.start("nas2")
    hosts.write_text("# two of them\n1/nas1\n1/nas2\n")
    words = ["sh", MANY_HOSTS / "parallel.sh", run, hosts, folder]
    with subprocess.Popen(words, env=environ, stderr=subprocess.PIPE) as process:
        _until(lambda: {"nas1", "nas2"} <= {fields[1] for fields in joblog(run)})
        machines.kill("nas2")
        _, errors = process.communicate(timeout=PATIENCE)
    blocks = joblog(run)
    assert process.returncode == 0, errors
    assert len(blocks) < 20
    done = Counter(fields[1] for fields in blocks if fields[6] == "0")
    assert done["nas2"] >= 1
    assert done["nas1"] > done["nas2"]
    assert done.total() == 15
    answers = records(run / "done.jsonl")
    assert [record["path"] for record in answers] == [record["path"] for record in records(run / "records.jsonl")]
    # what the machine had done and not told is found right when it is done again
    assert {record["apply"]["status"] for record in answers} <= {"changed", "unchanged"}
    assert edits(environ) == Counter(record["path"] for record in answers)
    assert all_japanese(environ, folder)


@needs_ssh
def test_a_machine_where_nothing_works_does_not_swallow_the_blocks(
    environ: dict[str, str], films: Callable[[int], Path], machines: Machines, tmp_path: Path
) -> None:
    run, folder, hosts = tmp_path / "run", films(60), tmp_path / "hosts"
    machines.start("sound")
    machines.start("broken", PATH=PATH)  # there is no arrtheaudio
    hosts.write_text("1/broken\n1/sound\n")
    done = sh(environ, MANY_HOSTS / "parallel.sh", run, hosts, folder)
    assert done.returncode == 0, done
    assert "Accepted publickey" in (machines.folder / "broken.log").read_text()
    assert {fields[1] for fields in joblog(run) if fields[6] == "0"} == {"sound"}
    assert len({record["path"] for record in records(run / "done.jsonl")}) == 60


@needs("parallel", "flock")
def test_killed_itself_it_goes_on_where_it_was(
    environ: dict[str, str], films: Callable[[int], Path], tmp_path: Path
) -> None:
    run, folder, hosts = tmp_path / "run", films(80), tmp_path / "hosts"
    hosts.write_text("1/:\n")
    words = ["sh", MANY_HOSTS / "parallel.sh", run, hosts, folder]
    with subprocess.Popen(words, env=environ, start_new_session=True, stderr=subprocess.DEVNULL) as process:
        _until(lambda: len(joblog(run)) >= 2)
        os.killpg(process.pid, signal.SIGKILL)
    before = joblog(run)
    assert len(before) < 8
    (folder / "one more.mkv").write_bytes(FILM.read_bytes())  # the run goes on with the files that it began with
    done = sh(environ, MANY_HOSTS / "parallel.sh", run, hosts, folder)
    assert (done.returncode, b"80 of 80 records" in done.stderr) == (0, True), done
    numbers = [fields[0] for fields in joblog(run)]
    assert sorted(map(int, numbers)) == list(range(1, 9))
    assert numbers[: len(before)] == [fields[0] for fields in before]
    answers = records(run / "done.jsonl")
    assert len(answers) == len({record["path"] for record in answers}) == 80
    assert edits(environ) == Counter(record["path"] for record in answers)


def test_parallel_says_how_it_is_called(environ: dict[str, str]) -> None:
    done = sh(environ, MANY_HOSTS / "parallel.sh")
    assert done.returncode == 2
    assert done.stderr.startswith(b"A library's files, done by several machines")


@pytest.mark.parametrize(
    "words",
    [("parallel.sh", "run"), ("parallel.sh", "run", "hosts"), ("shard.sh",), ("shard.sh", "run", "1")],
    ids=" ".join,
)
def test_a_script_without_its_arguments_says_how_it_is_called(
    environ: dict[str, str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = sh(environ, MANY_HOSTS / words[0], *words[1:], cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert f": {words[0]} RUN ".encode() in done.stderr.splitlines()[0]
    assert not (tmp_path / "run").exists()


@needs("parallel", "flock")
def test_a_folder_that_is_not_there_or_empty_begins_no_run(
    environ: dict[str, str], films: Callable[[int], Path], tmp_path: Path
) -> None:
    run, folder, hosts, empty = tmp_path / "run", films(2), tmp_path / "hosts", tmp_path / "empty"
    hosts.write_text("1/:\n")
    empty.mkdir()
    for wrong in (tmp_path / "gone", empty):
        done = sh(environ, MANY_HOSTS / "parallel.sh", run, hosts, *([folder] if wrong != empty else []), wrong)
        assert (done.returncode, str(wrong).encode() in done.stderr) == (2, True)
    done = sh(environ, MANY_HOSTS / "parallel.sh", run, hosts, folder)
    assert (done.returncode, b"2 of 2 records" in done.stderr) == (0, True), done


@needs("parallel", "flock")
def test_a_run_with_a_file_that_failed_ends_with_1(
    environ: dict[str, str], films: Callable[[int], Path], tmp_path: Path
) -> None:
    run, folder, hosts = tmp_path / "run", films(2), tmp_path / "hosts"
    hosts.write_text("1/:\n")
    (folder / "bad.mkv").write_bytes(b"no film")
    for _ in range(2):  # called again, it has not become right
        done = sh(environ, MANY_HOSTS / "parallel.sh", run, hosts, folder)
        assert (done.returncode, b"3 of 3 records" in done.stderr) == (1, True), done
        assert b"select(.error)" in done.stderr


def test_the_hosts_of_the_example_are_ones_that_parallel_reads() -> None:
    lines = (MANY_HOSTS / "hosts").read_text().splitlines()
    hosts = [line for line in lines if not line.startswith("#")]
    assert ":" in [host.partition("/")[2] for host in hosts]
    assert all(host.partition("/")[0].isdecimal() for host in hosts)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        pytest.param("exit 127", "ended with 127", id="it cannot start"),
        pytest.param("kill -9 $$", "ended with 137", id="killed at once"),
        pytest.param("head -1; exit 0", "1 answers for 2 records", id="it ends too early"),
        pytest.param("head -1; kill -9 $$", "ended with 137", id="killed half way"),
    ],
)
def test_a_block_that_failed_prints_nothing_and_is_slow(
    environ: dict[str, str], tmp_path: Path, program: str, reason: str
) -> None:
    (tmp_path / "bin" / "arrtheaudio").write_text(f"#!/bin/sh\n{program}\n")
    start = time.monotonic()
    done = sh(environ, MANY_HOSTS / "block.sh", input=b'{"path":"/a.mkv"}\n{"path":"/b.mkv"}\n')
    assert (done.returncode, done.stdout) == (75, b"")
    assert reason in done.stderr.decode()
    assert time.monotonic() - start >= 1


def test_a_file_that_fails_does_not_fail_its_block(environ: dict[str, str], tmp_path: Path) -> None:
    shutil.copy(FILM, tmp_path / "film.mkv")
    paths = [f"{tmp_path}/gone.mkv", f"{tmp_path}/film.mkv"]
    done = sh(environ, MANY_HOSTS / "block.sh", input="".join(f"{path}\n" for path in paths).encode())
    first, second = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, first["error"]["code"], second["apply"]["status"]) == (0, "not_found", "changed")


def scanned(environ: Mapping[str, str], folder: Path, run: Path) -> list[str]:
    """Write the list of a run, as the examples say, and return its paths."""
    run.mkdir()
    done = sh(environ, "-c", f'arrtheaudio scan "{folder}" >"{run}/records.jsonl"')
    assert done.returncode == 0
    return [record["path"] for record in records(run / "records.jsonl")]


def test_slurm_does_each_part_once(environ: dict[str, str], films: Callable[[int], Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    paths = scanned(environ, films(10), run)
    script = tmp_path / "slurm_script"  # Slurm runs a copy, under another name
    shutil.copy(MANY_HOSTS / "slurm.sh", script)
    environ |= {"SLURM_SUBMIT_DIR": str(MANY_HOSTS), "RUN": str(run), "PARTS": "3"}
    for task in ("1", "2", "3", "2"):
        done = sh(environ | {"SLURM_ARRAY_TASK_ID": task}, script)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    parts = [[record["path"] for record in records(run / f"done.{part}.jsonl")] for part in (1, 2, 3)]
    assert parts == [paths[0::3], paths[1::3], paths[2::3]]
    assert edits(environ) == Counter(paths)


def test_slurm_array_has_as_many_tasks_as_there_are_parts() -> None:
    text = (MANY_HOSTS / "slurm.sh").read_text()
    assert "#SBATCH --array=1-16%" in text
    assert "${PARTS:-16}" in text


@pytest.mark.parametrize("damage", ["records are missing", "the program is missing"])
def test_a_part_that_failed_is_not_there(
    environ: dict[str, str], films: Callable[[int], Path], tmp_path: Path, damage: str
) -> None:
    run = tmp_path / "run"
    scanned(environ, films(2), run)
    (run / "records.jsonl" if damage == "records are missing" else tmp_path / "bin" / "arrtheaudio").unlink()
    done = sh(environ, MANY_HOSTS / "shard.sh", run, 1, 2)
    assert done.returncode != 0
    assert not (run / "done.1.jsonl").exists()


def test_kubernetes_job_is_one_and_its_command_does_each_part(
    environ: dict[str, str], films: Callable[[int], Path], tmp_path: Path
) -> None:
    job = yaml.safe_load((MANY_HOSTS / "kubernetes.yaml").read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    variables = {entry["name"]: entry["value"] for entry in container["env"]}
    assert variables["PARTS"] == str(job["spec"]["completions"])
    assert {volume["name"] for volume in job["spec"]["template"]["spec"]["volumes"]} == {
        mount["name"] for mount in container["volumeMounts"]
    }
    run = tmp_path / "run"
    paths = scanned(environ, films(3), run)
    # as the pod has it: the files of the ConfigMap under the mount's path
    command = [word.replace("/many-hosts/", f"{MANY_HOSTS}/") for word in container["command"]]
    for index in range(2):
        given = environ | variables | {"RUN": str(run), "PARTS": "2", "JOB_COMPLETION_INDEX": str(index)}
        given |= {"ARRTHEAUDIO_JOURNAL_PATH": str(run / "journal"), "ARRTHEAUDIO_LANGUAGE_PRIORITY": "jpn"}
        done = subprocess.run(command, env=given, capture_output=True, timeout=PATIENCE)
        assert (done.returncode, done.stderr) == (0, b"")
    answers = records(run / "done.1.jsonl", run / "done.2.jsonl")
    assert sorted(record["path"] for record in answers) == sorted(paths)
    assert {record["apply"]["status"] for record in answers} == {"changed"}
    assert len(os.listdir(run / "journal")) > 0


def test_kubernetes_job_holds_to_the_schema() -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="needs kubernetes-validate")
    job = yaml.safe_load((MANY_HOSTS / "kubernetes.yaml").read_text())
    validate.validate(job, "1.33", strict=True)
    job["spec"]["completion"] = 3
    with pytest.raises(validate.ValidationError):
        validate.validate(job, "1.33", strict=True)
