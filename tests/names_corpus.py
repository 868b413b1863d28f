"""How many names of a corpus are read right: `python tests/names_corpus.py` lists the misses and prints a table.

The titles in `names_corpus.jsonl` exist; the names were made up for these tests, by hand, in the manner of what names
files: Sonarr and Radarr, the advice of Plex, Jellyfin and Kodi, groups that release films, series and anime, people.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from arrtheaudio.core.naming import Name, parse


class Case(NamedTuple):
    """One path, what it says, and what was read."""

    topic: str
    path: str
    due: Name
    found: Name

    @property
    def wrong(self) -> list[str]:
        """The fields that are not as they should be; letters' case and punctuation are free."""
        pairs = zip(Name._fields, _comparable(self.due), _comparable(self.found), strict=True)
        return [field for field, due, found in pairs if due != found]


def _comparable(name: Name) -> Name:
    return name._replace(title="".join(filter(str.isalnum, name.title.casefold())))


def cases() -> list[Case]:
    """Read the corpus, and each of its names."""
    lines = Path(__file__).with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
    return [_case(**json.loads(line)) for line in lines]


def _case(topic: str, path: str, title: str, episodes: Iterable[int] = (), **fields: object) -> Case:
    return Case(topic, path, Name(title, episodes=tuple(episodes), **fields), parse(path))


def hit_rate(read: Iterable[Case]) -> float:
    """Return the share of the names that are read right in every field."""
    hits = [not case.wrong for case in read]
    return sum(hits) / len(hits)


def table(read: Iterable[Case]) -> str:
    """Return the hit rate by topic, a line each, and one for all."""
    total, hits = Counter[str](), Counter[str]()
    for case in read:
        for topic in (case.topic, "all"):
            total[topic] += 1
            hits[topic] += not case.wrong
    topics = sorted(total, key=lambda topic: topic == "all")
    return "\n".join(
        f"{topic:26}{hits[topic]:4} of {total[topic]:4}{hits[topic] / total[topic]:8.1%}" for topic in topics
    )


if __name__ == "__main__":
    corpus = cases()
    for case in filter(lambda case: case.wrong, corpus):
        sys.stdout.write(f"{case.path}\n  {', '.join(case.wrong)}: {case.found}\n")
    sys.stdout.write(f"{table(corpus)}\n")
