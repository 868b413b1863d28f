"""Fuzzes the codecs: samples with random damage, and what must hold for any bytes.

    python tests/fuzzing.py --seconds 3600 --jobs 2     for as long as you like
    python tests/fuzzing.py --torn                      every sample, cut off at every length
    python tests/fuzzing.py FILE...                     inputs that failed, once more

An input depends on its seed and the samples alone. One that fails is saved, named for its seed.
"""

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import NamedTuple

import fuzz_oracles as oracles
import samples as sampling
from fuzz_mutations import MOST, mutate

from arrtheaudio.containers import sniff
from arrtheaudio.errors import Error

_FURTHER = Path(__file__).parents[2] / "shared" / "samples" / "media"
_REPORT = 10.0  # seconds between two lines
_HEADER = 16 << 10
_STRIDE = 1009


class Sample(NamedTuple):
    """A file to start from."""

    name: str
    data: bytes


class Failure(NamedTuple):
    """An input for which something does not hold."""

    seed: int
    sample: str
    data: bytes
    why: str

    def save(self, folder: Path) -> Path:
        """Write the input into a folder; return where."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.seed}-{self.sample}"
        path.write_bytes(self.data)
        return path


def corpus() -> list[Sample]:
    """Return the samples, cut at the length of an input; third-party files too, where they are there."""
    folder = sampling.folder()
    paths = [folder / name for name in sampling.SAMPLE_NAMES]
    paths += sorted(path for path in _FURTHER.rglob("*") if path.is_file())
    read = (Sample(path.name, path.read_bytes()[:MOST]) for path in paths)
    return [sample for sample in read if _is_ours(sample.data)]


def _is_ours(data: bytes) -> bool:
    try:
        sniff(data[:4096])
    except Error:
        return False
    return True


def make(seed: int, samples: Sequence[Sample]) -> tuple[str, bytes]:
    """Return the input of a seed, and the name of the sample that it was."""
    random = Random(seed)
    name, data = random.choice(samples)
    # What is spliced in is mostly of the same kind.
    kin = [other.data for other in samples if other.data[:4] == data[:4] or random.random() < 0.05]
    return name, mutate(data, kin, random)


def run(seeds: Iterator[int], seconds: float, samples: Sequence[Sample]) -> tuple[Counter[str], list[Failure]]:
    """Try the inputs of the seeds for some seconds of the clock; return how often what came of them, and failures."""
    outcomes: Counter[str] = Counter()
    failures = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seed = next(seeds)
        name, data = make(seed, samples)
        outcome = attempt(seed, name, data)
        if isinstance(outcome, Failure):
            failures.append(outcome)
        else:
            outcomes[outcome] += 1
    return outcomes, failures


def attempt(seed: int, name: str, data: bytes) -> str | Failure:
    """Return what came of an input."""
    try:
        return oracles.check(data, Random(seed))
    except Exception:  # whatever it is: that is what is looked for
        return Failure(seed, name, data, traceback.format_exc(limit=-6))


def torn(sample: Sample, *, stride: int = 1) -> Iterator[Failure]:
    """Yield the lengths at which a sample cannot be cut off: nothing but its own tracks, or an error, may come.

    Every `stride`-th one as far as its header goes, and further ones with a larger stride.
    """
    tracks = _tracks(sample.data)
    header = min(_HEADER, max((end for _, end in oracles.ranges(sample.data)), default=_HEADER))
    for length in (*range(0, header, stride), *range(header, len(sample.data), _STRIDE)):
        data = sample.data[:length]
        outcome = attempt(length, sample.name, data)
        if isinstance(outcome, Failure):
            yield outcome
        elif outcome.startswith("probe") and (found := _tracks(data)) != tracks[: len(found)]:
            yield Failure(length, sample.name, data, f"cut at byte {length} it has other tracks: {found}")


def _tracks(data: bytes) -> tuple[object, ...]:
    try:
        return sniff(data[:4096]).probe(oracles.Bytes(data).window()).tracks
    except Error:
        return ()


def main(words: Sequence[str]) -> int:
    """Run as a program; 1 where something failed."""
    about, _, usage = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() // 10**9 * 10**6, help="of the first input")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--torn", action="store_true", help="cut off every sample at every length instead")
    parser.add_argument("--save", type=Path, default=Path(tempfile.gettempdir()) / "arrtheaudio-fuzz", metavar="FOLDER")
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE")
    given = parser.parse_args(words)
    if given.files:
        return _again(given.files)
    return _torn(given.save, given.jobs) if given.torn else _fuzz(given)


def _again(paths: Sequence[Path]) -> int:
    failures = 0
    for path in paths:
        seed, _, _ = path.name.partition("-")
        outcome = attempt(int(seed) if seed.isdecimal() else 0, path.name, path.read_bytes())
        failures += isinstance(outcome, Failure)
        print(f"{path}: {outcome.why if isinstance(outcome, Failure) else outcome}")
    return int(failures > 0)


def _torn(save: Path, jobs: int) -> int:
    failures = 0
    with ProcessPoolExecutor(jobs) as pool:
        for sample, found in zip(samples := corpus(), pool.map(_torn_whole, samples), strict=True):
            print(f"{sample.name}: {len(found)} failures")
            for failure in found:
                print(f"{failure.save(save)}: {failure.why}")
            failures += len(found)
    return int(failures > 0)


def _torn_whole(sample: Sample) -> list[Failure]:
    return list(torn(sample))


def _fuzz(given: argparse.Namespace) -> int:
    """Try inputs until the time is over, a line every few seconds."""
    samples = corpus()
    outcomes: Counter[str] = Counter()
    failed = 0
    start = time.monotonic()
    seed = given.seed
    with ProcessPoolExecutor(given.jobs) as pool:
        while (left := start + given.seconds - time.monotonic()) > 0:
            # Far enough apart that no input is tried twice.
            seeds = [seed + job * 10**5 for job in range(given.jobs)]
            rounds = [pool.submit(_round, first, min(left, _REPORT), samples) for first in seeds]
            seed += given.jobs * 10**5
            for found, failures in (done.result() for done in rounds):
                outcomes += found
                failed += len(failures)
                for failure in failures:
                    print(f"{failure.save(given.save)}: {failure.why}", flush=True)
            tried = outcomes.total() + failed
            print(f"{tried} inputs, {tried / (time.monotonic() - start):.0f}/s, {failed} failed", flush=True)
    print(*(f"{count:8} {outcome}" for outcome, count in outcomes.most_common()), sep="\n")
    return int(failed > 0)


def _round(seed: int, seconds: float, samples: Sequence[Sample]) -> tuple[Counter[str], list[Failure]]:
    return run(iter(range(seed, seed + 10**5)), seconds, samples)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
