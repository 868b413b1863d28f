"""The same work through what people use today: `bin/bench --peers` prints one table.

The work: 12 films of 60 MB, MKV by mkvmerge, MKV by ffmpeg and MP4, whose default track is English, get the
Japanese one as default. Each way starts with a cold page cache and its own copies, each of which has a second name.
Then every film is looked at: whether all of its packets are there, where its Tracks are, whether its second name is
still one. At last each way is killed with SIGKILL at each of its writes to a small film, and run once more.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
MEDIA = os.path.join(ROOT, "examples", "media")
ARRTHEAUDIO = (os.path.join(ROOT, ".venv", "bin", "python"), "-P", os.path.join(ROOT, "arrtheaudio", "__main__.py"))
PROGRAMS = ("ffmpeg", "ffprobe", "mkvmerge", "mkvpropedit", "strace", "jq")
KINDS = ("mkvmerge.mkv", "ffmpeg.mkv", "ffmpeg.mp4")
COUNT, SIZE = 12, 60
MIB = 1 << 20
_MOST_KILLS = 60
BROKEN = ("Tracks behind the film", "packets lost", "hard links lost", "broken by kill -9")

# Each is a shell script that is given films as its arguments. The Japanese track is the second of the audio tracks.
_TEMPORARY = 'set -e; for film; do new="${film%.*}.new.${film##*.}"; '
WAYS = {
    "`arrtheaudio process`": 'exec "$ARRTHEAUDIO" -P "$MAIN" --quiet process --hardlinks edit --original ja "$@"',
    "`ffprobe`, `mkvpropedit`": (
        'set -e; for film; do ffprobe -v error -show_streams -of json "$film" | '
        "jq -e '.streams | length > 2' >/dev/null; "
        'case $film in *.mkv) mkvpropedit -q "$film" --edit track:a1 --set flag-default=0 '
        "--edit track:a2 --set flag-default=1 ;; esac; done"
    ),
    "`ffmpeg -c copy`": (
        _TEMPORARY + 'ffmpeg -v error -y -nostdin -i "$film" -map 0 -c copy -disposition:a:0 -default '
        '-disposition:a:1 +default "$new"; mv "$new" "$film"; done'
    ),
    "`mkvmerge`": (
        _TEMPORARY + 'case $film in *.mkv) mkvmerge -q -o "$new" --default-track-flag 1:0 --default-track-flag 2:1 '
        '"$film"; mv "$new" "$film" ;; esac; done'
    ),
}


class Found(NamedTuple):
    """What a way took, and what it left: numbers of films, bytes and seconds."""

    seconds: float
    read: int
    written: int
    peak: int
    done: int
    moved: int
    lost: int
    links: int


def run(way: str, films: Sequence[str]) -> None:
    """Run a way on films, whatever comes of it."""
    words = ["sh", "-c", way, "way", *films]
    subprocess.run(words, env=_environment(films[0]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _environment(film: str) -> dict[str, str]:
    home = os.path.dirname(os.path.dirname(film))
    return {"PATH": os.environ["PATH"], "HOME": home, "ARRTHEAUDIO": ARRTHEAUDIO[0], "MAIN": ARRTHEAUDIO[2]}


def originals(folder: str) -> list[str]:
    """Return the films: SIZE MB each, a minute of noise and three audio tracks, of each kind of file."""
    noise = os.path.join(folder, "noise.mkv")
    picture = f"testsrc2=s=640x360:r=24:d={SIZE},noise=alls=40:allf=t"
    languages = [word for at, code in enumerate(("eng", "jpn")) for word in (f"-metadata:s:a:{at}", f"language={code}")]
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=d={SIZE}"]
    command += ["-map", "0", "-map", "1", "-map", "1", "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "8M"]
    command += ["-minrate", "8M", "-maxrate", "8M", "-bufsize", "8M", "-c:a", "aac", *languages]
    subprocess.run([*command, "-disposition:a:0", "default", "-disposition:a:1", "0", noise], check=True)
    made = {kind: os.path.join(folder, kind) for kind in KINDS}
    subprocess.run(["mkvmerge", "-q", "-o", made["mkvmerge.mkv"], noise], check=True)
    subprocess.run(["ffmpeg", "-v", "error", "-i", noise, "-map", "0", "-c", "copy", made["ffmpeg.mp4"]], check=True)
    os.rename(noise, made["ffmpeg.mkv"])
    return list(made.values())


def copies(folder: str, films: Sequence[str], count: int) -> list[str]:
    """Return so many copies in a new folder, each with a second name in `linked`; none is in the page cache."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "linked"))
    made = []
    for number in range(count):
        film = films[number % len(films)]
        made.append(os.path.join(folder, f"{number:02}.{os.path.basename(film)}"))
        shutil.copyfile(film, made[-1])
        os.link(made[-1], os.path.join(folder, "linked", os.path.basename(made[-1])))
    os.sync()
    for path in made:
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return made


class Watched:
    """How many bytes more than at first a folder takes, at most, while something goes on."""

    def __init__(self, folder: str) -> None:
        """Look at it first."""
        self._folder = folder
        self._first = self._used()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak = 0

    def _used(self) -> int:
        with os.scandir(self._folder) as entries:
            return sum(_blocks(entry) for entry in entries)

    def _watch(self) -> None:
        while not self._ended.wait(0.01):
            self.peak = max(self.peak, self._used() - self._first)

    def __enter__(self) -> "Watched":
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """End."""
        self._ended.set()
        self._thread.join()


def _blocks(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_blocks * 512
    except FileNotFoundError:
        return 0


def measured(folder: str, way: str, films: Sequence[str], packets: dict[str, str]) -> Found:
    """Run a way on copies of the films, and look at what it left."""
    made = copies(folder, films, COUNT)
    with Watched(folder) as watched:
        start = time.perf_counter()
        process = subprocess.Popen(
            ["sh", "-c", way, "way", *made], env=_environment(made[0]), stdout=subprocess.DEVNULL, stderr=sys.stderr
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"bench: {way} ended with {process.returncode}")
    done = [path for path in made if chosen(path) == [False, True]]
    return Found(
        seconds,
        usage.ru_inblock * 512,
        usage.ru_oublock * 512,
        watched.peak,
        len(done),
        sum(tracks_behind_clusters(path) for path in made),
        sum(packets[os.path.basename(path)[3:]] != digest(path) for path in made),
        sum(os.stat(path).st_nlink < 2 for path in made),
    )


def chosen(path: str) -> list[bool]:
    """Return which audio tracks are default ones, as ffprobe sees it."""
    words = ["ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", "stream_disposition=default"]
    said = subprocess.run([*words, "-of", "json", path], capture_output=True, check=False).stdout
    return [bool(stream["disposition"]["default"]) for stream in json.loads(said or b"{}").get("streams", ())]


def digest(path: str) -> str:
    """Return what ffmpeg makes of all packets of a film; empty where it cannot read it."""
    words = ["ffmpeg", "-v", "error", "-xerror", "-nostdin", "-i", path, "-map", "0", "-c", "copy", "-f", "streamhash"]
    done = subprocess.run([*words, "-"], capture_output=True, check=False)
    return hashlib.sha256(done.stdout).hexdigest() if done.returncode == 0 and done.stdout else ""


def tracks_behind_clusters(path: str) -> bool:
    """Say whether the Tracks of a Matroska file come after its first Cluster, where some players do not look."""
    if not path.endswith(".mkv"):
        return False
    said = subprocess.run(["mkvinfo", path], capture_output=True, text=True, check=False).stdout
    return "|+ Tracks" not in said.partition("|+ Cluster")[0]


def killed(folder: str, way: str) -> str:
    """Kill a way at each of its writes to a small film; return how many films of how many were broken by that."""
    broken = points = 0
    for kind in ("mkvmerge.mkv", "ffmpeg.mkv"):
        small = os.path.join(MEDIA, kind)
        good = digest(small)
        for number in range(1, _MOST_KILLS):
            (film,) = copies(folder, [small], 1)
            if not _dies(way, film, number):
                break
            points += 1
            run(way, [film])
            broken += digest(film) != good
    return f"{broken} of {points}" if points else "-"


def _dies(way: str, film: str, number: int) -> bool:
    """Run a way that is killed at its n-th write to the film; False where it has no more writes than that."""
    inject = ["-e", "trace=write,pwrite64", "-e", f"inject=write,pwrite64:signal=KILL:when={number}"]
    words = ["strace", "-f", "-qq", "-o", os.devnull, "-P", film, *inject, "sh", "-c", way, "way", film]
    done = subprocess.run(
        words, env=_environment(film), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return done.returncode != 0


def rows(folder: str) -> Iterator[str]:
    """Yield the table's lines."""
    head = ("way", "time", "read", "written", "peak disk", "done", *BROKEN)
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    films = originals(folder)
    packets = {os.path.basename(film): digest(film) for film in films}
    for name, way in WAYS.items():
        found = measured(os.path.join(folder, "work"), way, films, packets)
        dead = killed(os.path.join(folder, "small"), way)
        sizes = " | ".join(f"{size / 1e6:,.1f} MB" for size in (found.read, found.written, found.peak))
        counts = f"{found.done} of {COUNT} | {found.moved} | {found.lost} | {found.links}"
        yield f"| {name} | {found.seconds:.2f} s | {sizes} | {counts} | {dead} |"


def main(where: str | None = None) -> None:
    """Measure in a folder, the temporary one where none is given, and print."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        sys.exit(f"bench: needs {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="arrtheaudio-peers.", dir=where) as folder:
        for row in rows(os.path.realpath(folder)):
            print(row, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:2])
