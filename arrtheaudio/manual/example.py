"""What the pages show: a record that the pipe has made, and a configuration."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

from arrtheaudio import commands, pipeline
from arrtheaudio.call import Call, Globals
from arrtheaudio.core.record import Record, timestamp

_MEDIA = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(commands.__file__))), "examples", "media")
_FILE, _PATH = "faststart.mp4", "/media/films/Film (2026)/film.mp4"
_TIME = 1767323045_678901_000  # nanoseconds since 1970: the file's, whoever has checked it out and when
WIDTH = 72


def record() -> Record:
    """Return the record of a film from examples/media, as the stages answer it that change nothing."""
    from arrtheaudio.commands import apply, choose

    values = {"dry_run": True, "hardlinks": None, "allow_rewrite": False, "languages": (), "original": "ja"}
    call = Call("apply", (), values, Globals(os.devnull))
    steps = [*choose.before(call.config), *choose.stages(choose.wish(values), call.config)]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, _FILE)
        shutil.copyfile(os.path.join(_MEDIA, _FILE), path)
        os.utime(path, ns=(_TIME, _TIME))
        found = {"path": path, "size": os.path.getsize(path), "mtime": timestamp(_TIME)}
        done = pipeline.carry(found, [*steps, *apply.stages(apply.settings(call))])
    return {**done, "path": _PATH}


def shown(value: Any) -> str:
    """Return JSON in lines of `WIDTH` characters."""
    return "\n".join(_lines(value, "", ""))


def _lines(value: Any, indent: str, before: str) -> Iterator[str]:
    """Yield a value in one line where it fits, else its members: filled where they are plain, else one a line."""
    whole = f"{indent}{before}{json.dumps(value)}"
    if len(whole) < WIDTH or not isinstance(value, (dict, list)):
        yield whole
        return
    if isinstance(value, dict):
        start, end, members = "{", "}", [(f"{json.dumps(key)}: ", inner) for key, inner in value.items()]
    else:
        start, end, members = "[", "]", [("", inner) for inner in value]
    yield f"{indent}{before}{start}"
    plain: list[str] = []
    for number, (key, inner) in enumerate(members, 1):
        comma = "," if number < len(members) else ""
        if not isinstance(inner, (dict, list)):
            plain.append(f"{key}{json.dumps(inner)}{comma}")
            continue
        yield from _filled(plain, indent + "  ")
        plain = []
        *most, last = _lines(inner, indent + "  ", key)
        yield from (*most, last + comma)
    yield from _filled(plain, indent + "  ")
    yield f"{indent}{end}"


def _filled(words: list[str], indent: str) -> Iterator[str]:
    line = ""
    for word in words:
        if line and len(indent) + len(line) + len(word) >= WIDTH:
            yield indent + line
            line = ""
        line = f"{line} {word}".strip()
    if line:
        yield indent + line


CONFIGURATION = (
    (
        "Anime in Japanese, all else as it was made, and what still seeds stays as it is. `examples/config.yaml` has"
        " every key with its default.",
        """\
language_priority: [original, eng]
path_overrides:
  - path: "/data/media/anime/**"
    language_priority: [jpn, eng]
rules:
  - match: {tags: [dub]}
    language_priority: [eng, original]
path_mappings:
  - {remote: /tv, local: /data/media/tv}
tmdb:
  api_key: "${TMDB_API_KEY:-}"
processing:
  worker_count: 2
  hardlinks: protect
api:
  allowed_roots: [/data/media]
logging: {format: json, level: info}""",
    ),
)
