"""Measure whole processes, both sides in the same run, one after the other in turn; print medians in a Markdown table.

Needs ffmpeg, mkvtoolnix, mediainfo and wrk, and 3 GB in the temporary folder. Nothing is left out silently: what cannot
be measured ends it. A benchmark, not a test: it says where a figure misses its aim, and ends with 0 all the same.
"""

import argparse
import ctypes
import json
import mmap
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
MEDIA = os.path.join(ROOT, "examples", "media")
PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
# What bin/arrtheaudio executes. No shell in front, and no shim of a version manager, which may cost 150 ms.
ARRTHEAUDIO = (PYTHON, "-P", os.path.join(ROOT, "arrtheaudio", "__main__.py"))
PROGRAMS = ("ffmpeg", "ffprobe", "mkvmerge", "mkvpropedit", "mediainfo", "xargs", "wrk")
FEW, DRAINED = 100, 500
SERVED_SECONDS, SERVED = 5, 10_000
SMALL, SAMPLED_PROBES, SAMPLED_EDITS, NAMES = 1_000, 200, 100, 100_000
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


class Row(NamedTuple):
    """A line of the table; `aim` says whether the figure is good enough, in words and as a fact."""

    what: str
    ours: str
    other: str
    ratio: str
    aim: str
    met: bool
    n: str


class Side(NamedTuple):
    """One side of a comparison: a command, what comes before it untimed, and by how much its time counts."""

    command: Sequence[str]
    prepare: Callable[[], object] = lambda: None
    scale: float = 1.0


class Spent(NamedTuple):
    """What a process took."""

    seconds: float
    peak: int  # bytes resident, of the largest process that was waited for


class Bench:
    """A folder with media, and a home without settings, so that the journal is in that folder too."""

    def __init__(self, folder: str) -> None:
        """Make nothing yet."""
        self.folder = folder
        self.environment = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8"}

    def path(self, *names: str) -> str:
        """Return a path in the folder."""
        return os.path.join(self.folder, *names)

    def run(self, command: Sequence[str]) -> Spent:
        """Run a command; its output is thrown away, and a failure ends the benchmark."""
        with open(self.path("stderr"), "w+") as said:
            start = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, env=self.environment)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                said.seek(0)
                sys.exit(f"bench: {' '.join(command)} ended with {process.returncode}: {said.read()}")
        return Spent(seconds, usage.ru_maxrss * KIB)

    def medians(self, n: int, *sides: Side) -> list[float]:
        """Run each side n times, in turn, and return the median seconds of each."""
        times: list[list[float]] = [[] for _ in sides]
        for _ in range(n):
            for side, spent in zip(sides, times, strict=True):
                side.prepare()
                spent.append(self.run(side.command).seconds * side.scale)
        return [statistics.median(spent) for spent in times]

    def copies(self, folder: str, names: Sequence[str], count: int) -> str:
        """Make a folder of copies of examples/media, anew."""
        path = self.path(folder)
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path)
        for number in range(count):
            name = names[number % len(names)]
            shutil.copyfile(os.path.join(MEDIA, name), os.path.join(path, f"{number:04}.{name}"))
        return path

    def big(self, ending: str) -> str:
        """Return a film of 500 MB: ten seconds of noise at 40 Mbit/s, looped, with three audio tracks."""
        path = self.path(f"big{ending}")
        if not os.path.exists(path):
            self.run(_film(self.path("noise.mkv")))
            self.run(["ffmpeg", "-v", "error", "-stream_loop", "9", "-i", self.path("noise.mkv"), *_COPY, path])
            os.unlink(self.path("noise.mkv"))
        return path


_COPY = ("-map", "0", "-c", "copy")
_DISPOSITIONS = ("-disposition:a:0", "default", "-disposition:a:1", "0", "-disposition:a:2", "comment")


def _film(path: str) -> list[str]:
    """Return the command that encodes it; ultrafast spends bits, not time."""
    picture = "testsrc2=s=1280x720:r=24:d=10,noise=alls=40:allf=t"
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "40M", "-minrate", "40M", "-maxrate", "40M"]
    sound = ["-f", "lavfi", "-i", "sine=d=10"]
    languages = [
        text for at, code in enumerate(("eng", "jpn", "eng")) for text in (f"-metadata:s:a:{at}", f"language={code}")
    ]
    maps = ["-map", "0", "-map", "1", "-map", "1", "-map", "1", "-c:a", "aac", "-bufsize", "40M"]
    return [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        picture,
        *sound,
        *maps,
        *encode,
        *languages,
        *_DISPOSITIONS,
        path,
    ]


# The figures


def scan_probe(bench: Bench) -> list[Row]:
    """1,000 small files: scan | probe, against ffprobe file by file, and mediainfo in batches of 100."""
    names = [name for name in sorted(os.listdir(MEDIA)) if name.endswith((".mkv", ".mp4"))]
    folder = bench.copies("small", names, SMALL)
    program = " ".join(f"'{word}'" for word in ARRTHEAUDIO)
    listed = f"find '{folder}' -type f | sort"
    ours, ffprobe, mediainfo = bench.medians(
        5,
        Side(["sh", "-c", f"{program} scan '{folder}' | {program} probe"]),
        Side(
            [
                "sh",
                "-c",
                f"{listed} | head -n {SAMPLED_PROBES} | xargs -P2 -n1 ffprobe -v error -show_streams -of json",
            ],
            scale=SMALL / SAMPLED_PROBES,
        ),
        Side(["sh", "-c", f"{listed} | xargs -P2 -n100 mediainfo --Output=JSON"]),
    )
    what = f"`scan \\| probe` of {SMALL:,} files"
    sampled = f"`xargs -P2 ffprobe` (of {SAMPLED_PROBES}, scaled)"
    return [
        faster(what, ours, sampled, ffprobe, 100, 5),
        faster(what, ours, "`xargs -P2 -n100 mediainfo`", mediainfo, 10, 5),
    ]


def process_mkv(bench: Bench) -> list[Row]:
    """One MKV: process, against ffprobe and then mkvpropedit."""
    film = bench.path("film.mkv")

    def fresh() -> None:
        shutil.copyfile(os.path.join(MEDIA, "mkvmerge.mkv"), film)

    edit = f"mkvpropedit -q '{film}' --edit track:a1 --set flag-default=0 --edit track:a2 --set flag-default=1"
    ours, other = bench.medians(
        15,
        Side([*ARRTHEAUDIO, "process", "--original", "ja", film], fresh),
        Side(["sh", "-c", f"ffprobe -v error -show_streams -of json '{film}' && {edit}"], fresh),
    )
    return [faster("`process` of one MKV", ours, "`ffprobe`, then `mkvpropedit`", other, 2, 15)]


def process_mp4(bench: Bench) -> list[Row]:
    """One MP4 of 500 MB: process, against a remux with ffmpeg."""
    film, target = bench.big(".mp4"), bench.path("remuxed.mp4")

    def undone() -> None:
        bench.run([*ARRTHEAUDIO, "undo", film])

    remux = ["-disposition:a:0", "-default", "-disposition:a:1", "+default", target]
    ours, other = bench.medians(
        5,
        Side([*ARRTHEAUDIO, "process", "--original", "ja", film], undone),
        Side(["ffmpeg", "-v", "error", "-y", "-i", film, *_COPY, *remux], undone),
    )
    os.unlink(target)
    size = os.path.getsize(film) // 1_000_000
    return [faster(f"`process` of one MP4 of {size} MB", ours, "`ffmpeg -c copy`", other, 12, 5)]


def edits(bench: Bench) -> list[Row]:
    """1,000 edits in one process, against as many mkvpropedit."""
    folder, other_folder = bench.path("films"), bench.path("others")
    edit = "mkvpropedit -q '{}' --edit track:a1 --set flag-default=0 --edit track:a2 --set flag-default=1"
    ours, other = bench.medians(
        3,
        Side(
            [*ARRTHEAUDIO, "process", "--original", "ja", folder],
            lambda: bench.copies("films", ["mkvmerge.mkv"], SMALL),
        ),
        Side(
            [
                "sh",
                "-c",
                f"for film in '{other_folder}'/*; do {edit.format('$film')} || exit; done".replace(
                    "'$film'", '"$film"'
                ),
            ],
            lambda: bench.copies("others", ["mkvmerge.mkv"], SAMPLED_EDITS),
            SMALL / SAMPLED_EDITS,
        ),
    )
    sampled = f"{SMALL:,} `mkvpropedit` (of {SAMPLED_EDITS}, scaled)"
    return [faster(f"{SMALL:,} edits in one `process`, journal on disk", ours, sampled, other, 25, 3)]


def start(bench: Bench) -> list[Row]:
    """The start: probe of one file, against an interpreter that does nothing; and what bin/arrtheaudio adds."""
    film = os.path.join(MEDIA, "ffmpeg.mkv")
    ours, bare, shell = bench.medians(
        25,
        Side([*ARRTHEAUDIO, "probe", film]),
        Side([PYTHON, "-c", "pass"]),
        Side([os.path.join(ROOT, "bin", "arrtheaudio"), "probe", film]),
    )
    times, added = ours / bare, shell - ours
    return [
        Row(
            "`probe FILE`",
            duration(ours),
            f"`python -c pass` {duration(bare)}",
            f"{times:.1f}",
            "at most 5",
            times <= 5,
            "25",
        ),
        Row("… by `bin/arrtheaudio`", duration(shell), "", f"{added * 1000:+.1f} ms", "a few ms", added < 0.005, "25"),
    ]


def size(bench: Bench) -> list[Row]:
    """A file of 4 GiB, against the same of 10 MiB."""
    rows = []
    for kind, make in (("MKV", _sparse_mkv), ("MP4, moov at the end", _sparse_mp4)):
        large, small = bench.path("large"), bench.path("small-one")
        make(large, 4 * GIB + MIB)
        make(small, 10 * MIB)
        ours, other = bench.medians(15, Side([*ARRTHEAUDIO, "probe", large]), Side([*ARRTHEAUDIO, "probe", small]))
        what, met = f"`probe` of 4 GiB, {kind}", ours / other < 1.2
        rows.append(
            Row(what, duration(ours), f"of 10 MiB {duration(other)}", f"{ours / other:.2f}", "the same", met, "15")
        )
    return rows


def _sparse_mkv(path: str, size: int) -> None:
    """Append a Void, and let the Segment hold it; its size is 8 bytes behind the header's 4 of ID."""
    data = bytearray(open_bytes("ffmpeg.mkv"))
    segment = data.index(b"\x18\x53\x80\x67") + 4
    void = b"\xec" + (1 << 56 | size - len(data) - 9).to_bytes(8)
    data[segment : segment + 8] = (1 << 56 | size - segment - 8).to_bytes(8)
    with open(path, "wb") as file:
        file.write(data + void)
        file.truncate(size)


def _sparse_mp4(path: str, size: int) -> None:
    """Lengthen the mdat, which takes the 8 bytes of `free` in front for its 64-bit size, and put the moov behind."""
    data = open_bytes("moov-at-end.mp4")
    free, moov = data.index(b"\0\0\0\x08free"), data.index(b"moov") - 4
    header = (1).to_bytes(4) + b"mdat" + (size - free - (len(data) - moov)).to_bytes(8)
    with open(path, "wb") as file:
        file.write(data[:free] + header + data[free + 16 : moov])
        file.truncate(size - (len(data) - moov))
        file.seek(0, os.SEEK_END)
        file.write(data[moov:])


def open_bytes(name: str) -> bytes:
    """Return a file of examples/media."""
    with open(os.path.join(MEDIA, name), "rb") as file:
        return file.read()


def cold(bench: Bench) -> list[Row]:
    """What probe reads of a film that is not in the page cache."""
    rows = []
    for ending in (".mp4", ".mkv"):
        film = bench.big(ending)
        read = []
        for command in ([*ARRTHEAUDIO, "probe", film], ["ffprobe", "-v", "error", "-show_streams", film]):
            _forget(film)
            if _cached(film):
                sys.exit(f"bench: {film} stays in the page cache")
            bench.run(command)
            read.append(_cached(film))
        what = f"read of a cold {ending[1:].upper()} of {os.path.getsize(film) // 1_000_000} MB"
        ratio, met = f"{read[1] / read[0]:.0f}", read[0] < 100_000
        rows.append(Row(what, kilobytes(read[0]), f"`ffprobe` {kilobytes(read[1])}", ratio, "under 100 kB", met, "1"))
    return rows


def _forget(path: str) -> None:
    """Drop a file from the page cache; it must be on disk for that."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _cached(path: str) -> int:
    """Return how many bytes of a file are in the page cache, read ahead or read: mincore(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as view:
        first = ctypes.c_char.from_buffer(view)
        pages = (ctypes.c_ubyte * (-(-len(view) // mmap.PAGESIZE)))()
        failed = libc.mincore(ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(len(view)), pages)
        del first
        if failed:
            sys.exit(f"bench: mincore: {os.strerror(ctypes.get_errno())}")
        return sum(page & 1 for page in bytes(pages)) * mmap.PAGESIZE


def memory(bench: Bench) -> list[Row]:
    """The peak of scan on 100,000 names."""
    for number in range(NAMES):
        folder = bench.path("names", f"{number % 100:02}")
        if number < 100:
            os.makedirs(folder)
        os.close(os.open(os.path.join(folder, f"{number:06}.mkv"), os.O_CREAT | os.O_WRONLY))
    spent = bench.run([*ARRTHEAUDIO, "scan", bench.path("names")])
    ours = f"{spent.peak / 1e6:.0f} MB, {duration(spent.seconds)}"
    return [Row(f"peak of `scan` of {NAMES:,} names", ours, "", "", "under 60 MB", spent.peak < 60e6, "1")]


def queue(bench: Bench) -> list[Row]:
    """The queue: a job put, taken and finished, with 100 and with 100,000 that wait; and puts in batches."""
    script = os.path.join(ROOT, "bin", "bench_spool.py")
    words = [PYTHON, script, bench.path("spools"), str(FEW), str(NAMES), str(SMALL)]
    said = subprocess.run(words, stdout=subprocess.PIPE, env=bench.environment, check=True).stdout
    found = json.loads(said)
    few, many = found["seconds"]
    what = f"put, take and finish a job, {NAMES:,} waiting"
    ratio, peak = many / few, found["peak"]
    return [
        Row(
            what,
            milliseconds(many),
            f"{FEW} waiting {milliseconds(few)}",
            f"{ratio:.2f}",
            "<= 1.5",
            ratio <= 1.5,
            f"{SMALL}",
        ),
        Row(
            "durable puts in batches", f"{found['puts']:,.0f}/s", "", "", "1,000/s", found["puts"] >= 1_000, f"{NAMES}"
        ),
        Row("… peak of that process", f"{peak / 1e6:.0f} MB", "", "", "under 80 MB", peak < 80e6, "1"),
    ]


def drain(bench: Bench) -> list[Row]:
    """What the queue adds to each job over process, with two in hand at once."""
    peaks: list[int] = []
    times: dict[str, list[float]] = {"process": [], "jobs": []}
    with open(bench.path("drain.yaml"), "w") as file:
        file.write("language_priority: [ja]\nprefer_original: false\n")
    program = (*ARRTHEAUDIO, "--config", bench.path("drain.yaml"))
    for _ in range(3):
        folder = bench.copies("drained", ["mkvmerge.mkv"], DRAINED)
        times["process"].append(bench.run([*program, "process", "--jobs", "2", folder]).seconds)
        folder = bench.copies("drained", ["mkvmerge.mkv"], DRAINED)
        bench.run([*program, "jobs", "add", *(os.path.join(folder, name) for name in os.listdir(folder))])
        spent = bench.run([*program, "jobs", "run", "--workers", "2"])
        times["jobs"].append(spent.seconds)
        peaks.append(spent.peak)
    ours, other = (statistics.median(times[side]) / DRAINED for side in ("jobs", "process"))
    added = ours - other
    return [
        Row(
            f"`jobs run --workers 2`, each of {DRAINED} jobs",
            milliseconds(ours),
            f"`process --jobs 2` {milliseconds(other)}",
            f"{added * 1000:+.1f} ms",
            "under 3 ms more",
            added < 0.003,
            "3",
        ),
        Row("… its peak", f"{max(peaks) / 1e6:.0f} MB", "", "", "under 80 MB", max(peaks) < 80e6, "3"),
    ]


def serve(bench: Bench) -> list[Row]:
    """The server on loopback, while its workers are busy."""
    script = os.path.join(ROOT, "bin", "bench_serve.py")
    os.mkdir(bench.path("served"))
    words = [PYTHON, script, bench.path("served"), str(SERVED_SECONDS), str(SERVED)]
    said = subprocess.run(words, stdout=subprocess.PIPE, env=bench.environment, check=True).stdout
    found = json.loads(said)
    hooks, health, resident = found["webhooks"], found["health"], found["memory"]
    ratio, errors = hooks["rate"] / hooks["limit"], hooks["errors"]
    busy = "" if hooks["busy"] else " (the workers had ended before)"
    return [
        Row(
            f"durable webhooks, workers busy, {errors} refused",
            f"{hooks['rate']:,.0f}/s, p99 {milliseconds(hooks['p99'])}",
            f"write, fsync, rename, fsync of the folder, in a loop{busy} {hooks['limit']:,.0f}/s",
            f"{ratio:.2f}",
            "at least half",
            ratio >= 0.5 and not errors,
            "1",
        ),
        Row(
            f"`/health` while {SERVED:,} jobs drain, p99",
            milliseconds(health["p99"]),
            f"median {milliseconds(health['median'])}",
            "",
            "under 20 ms",
            health["p99"] < 0.02,
            f"{health['asked']:,}",
        ),
        Row("`serve`, idle", megabytes(resident["idle"]), "", "", "under 60 MB", resident["idle"] < 60e6, "1"),
        Row(
            f"… with {NAMES:,} jobs waiting",
            megabytes(resident["waiting"]),
            "",
            "",
            "under 100 MB",
            resident["waiting"] < 100e6,
            "1",
        ),
    ]


FIGURES = {
    "scan-probe": scan_probe,
    "process-mkv": process_mkv,
    "process-mp4": process_mp4,
    "edits": edits,
    "start": start,
    "size": size,
    "cold": cold,
    "memory": memory,
    "queue": queue,
    "drain": drain,
    "serve": serve,
}


def faster(what: str, ours: float, other: str, others: float, aim: float, n: int) -> Row:
    """Return the row of a comparison of times, in seconds, whose ratio should be `aim` or more."""
    ratio = others / ours
    text = f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"
    return Row(what, duration(ours), f"{other} {duration(others)}", text, f"at least {aim:g}", ratio >= aim, str(n))


def duration(seconds: float) -> str:
    """Return seconds with the unit that suits them."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def milliseconds(seconds: float) -> str:
    """Return seconds as milliseconds, to the hundredth."""
    return f"{seconds * 1000:.2f} ms"


def megabytes(size: float) -> str:
    """Return a number of bytes in MB."""
    return f"{size / 1e6:.0f} MB"


def kilobytes(count: int) -> str:
    """Return bytes with the unit that suits them."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def machine(folder: str) -> str:
    """Return a line on what this ran on."""
    with open("/proc/cpuinfo") as file:
        model = next(
            (line.partition(":")[2].strip() for line in file if line.startswith("model name")), platform.machine()
        )
    kind = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=True).stdout.strip()
    memory = os.sysconf("SC_PHYS_PAGES") * mmap.PAGESIZE // GIB
    versions = [first_line([program, *option]) for program, *option in _VERSIONS]
    python = first_line([PYTHON, "--version"])
    return (
        f"{os.cpu_count()} x {model}, {memory} GiB, Linux {platform.release()}, {kind}; {python}, {', '.join(versions)}"
    )


_VERSIONS = (("ffmpeg", "-version"), ("mkvmerge", "--version"), ("mediainfo", "--Version"))


def first_line(command: Sequence[str]) -> str:
    """Return what a program says of its version, without its copyright."""
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip().splitlines()
    return (said[-1] if "mediainfo" in command[0] else said[0]).partition(" Copyright")[0].partition(" (")[0]


def main() -> None:
    """Measure what was asked for, and print it as soon as it is known."""
    about = "\n".join(f"  {name:<12} {figure.__doc__}" for name, figure in FIGURES.items())
    parser = argparse.ArgumentParser(
        prog="bin/bench",
        description=__doc__,
        epilog=f"figures:\n{about}",
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument(
        "--only", action="append", choices=FIGURES, metavar="FIGURE", help="measure this alone; repeatable"
    )
    parser.add_argument("--peers", action="store_true", help="the same work through what people use today, instead")
    parser.add_argument("--folder", help="where to put the media; the default is the temporary folder")
    options = parser.parse_args()
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        parser.error(f"needs {', '.join(missing)}: apt-get install ffmpeg mkvtoolnix mediainfo findutils wrk")
    if options.peers:
        words = [PYTHON, os.path.join(ROOT, "bin", "bench_peers.py"), *([options.folder] if options.folder else [])]
        sys.exit(subprocess.run(words, check=False).returncode)
    with tempfile.TemporaryDirectory(prefix="arrtheaudio-bench.", dir=options.folder) as folder:
        print("| whole processes, medians | arrtheaudio | other | ratio | aim | n |\n|---|---|---|---|---|---|")
        for name in options.only or FIGURES:
            for row in FIGURES[name](Bench(os.path.realpath(folder))):
                missed = "" if row.met else " **(missed)**"
                print(
                    f"| {row.what} | {row.ours} | {row.other} | {row.ratio} | {row.aim}{missed} | {row.n} |", flush=True
                )
        print(f"\n{machine(folder)}")


if __name__ == "__main__":
    main()
