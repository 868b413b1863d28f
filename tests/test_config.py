"""The configuration file: what it gives, and that it costs nothing where there is none."""

import os
import subprocess
import sys

import pytest
from configured import EXAMPLE, HOME, NOWHERE, reached, write

from arrtheaudio import config
from arrtheaudio.config import settings
from arrtheaudio.core.policy import PathOverride, Rule

case = pytest.param


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        case("", "source", ..., id="an empty file"),
        case("# nothing\n", "processing.worker_count", 2, id="only comments"),
        case("---\n...\n", "processing.worker_count", 2, id="an empty document"),
        case("\ufeffprefer_original: false", "policy.prefer_original", False, id="a byte order mark"),
        case("tmdb:\r\n  enabled: false\r\n", "tmdb.enabled", False, id="CRLF"),
        case("{prefer_original: false}", "policy.prefer_original", False, id="flow style"),
        case('{"prefer_original": false}', "policy.prefer_original", False, id="JSON"),
        case("tmdb:\n", "tmdb.enabled", True, id="a section without keys"),
        case("processing: {worker_count: }", "processing.worker_count", 2, id="a key without a value"),
        case("tmdb: ~", "tmdb.enabled", True, id="null"),
        case("arr:", "arr", (), id="a list without entries"),
        case("language_priority: [no, ja]", "policy.language_priority", ("no", "ja"), id="no is Norwegian"),
        case("original_overrides: {'tmdb:1': no}", "original_overrides.tmdb:1", "no", id="no as a value"),
        case("language_priority: [eng, original]", "policy.language_priority", ("eng", "original"), id="original"),
        case("language_priority: [pt-BR, deu, ger]", "policy.language_priority.0", "pt-BR", id="every kind of code"),
        case("tmdb: {enabled: False}", "tmdb.enabled", False, id="False of the core schema"),
        case("execution: {dry_run: TRUE}", "execution.dry_run", True, id="TRUE of the core schema"),
        case("processing: {worker_count: 010}", "processing.worker_count", 10, id="010 is ten"),
        case("processing: {worker_count: 4.0}", "processing.worker_count", 4, id="4.0 is four"),
        case("processing: {max_file_size_gb: 1.5}", "processing.max_file_size_gb", 1.5, id="a fraction"),
        case("processing: {max_file_size_gb: 2e1}", "processing.max_file_size_gb", 20, id="an exponent"),
        case("tmdb: {api_key: 2026-01-02}", "tmdb.api_key", "2026-01-02", id="no dates"),
        case("tmdb: {api_key: 12:30:45}", "tmdb.api_key", "12:30:45", id="no base sixty"),
        case("tmdb: {api_key: 0x1f}", "tmdb.api_key", "0x1f", id="no hexadecimal numbers"),
        case("tmdb: {api_key: 0b11}", "tmdb.api_key", "0b11", id="no binary numbers"),
        case("tmdb: {api_key: 1_000}", "tmdb.api_key", "1_000", id="no underscores in numbers"),
        case("tmdb: {api_key: '123'}", "tmdb.api_key", "123", id="quotes make a text"),
        case("tmdb: {api_key: ''}", "tmdb.api_key", None, id="an empty key is none"),
        case("spool: {path: ~/spool}", "spool.path", "/home/ada/spool", id="home"),
        case("api: {allowed_roots: [~/tv, /m]}", "api.allowed_roots", ("/home/ada/tv", "/m"), id="home in a list"),
        case("logging: {output: ~/log}", "logging.output", "/home/ada/log", id="a log at home"),
        case(
            "path_mappings: [{remote: /tv, local: ~/tv}]",
            "api.allowed_roots",
            ("/home/ada/tv",),
            id="roots of mappings",
        ),
        case("path_mappings: [{remote: 'D:\\TV', local: /tv}]", "path_mappings.0.remote", "D:\\TV", id="Windows"),
        case(
            "{api: {allowed_roots: []}, path_mappings: [{remote: /t, local: /t}]}",
            "api.allowed_roots",
            (),
            id="no roots",
        ),
        case(
            "path_overrides: [{path: '/a/**', prefer_original: false}]",
            "policy.path_overrides",
            (PathOverride("/a/**", None, False),),
            id="an override of one thing",
        ),
        case(
            "rules: [{match: {tags: [dub], tmdb: 7}, language_priority: [en]}]",
            "policy.rules",
            (Rule({"tags": ["dub"], "tmdb": 7}, ("en",), False),),
            id="a rule",
        ),
        case("rules: [{match: {kind: movie}, skip: true}]", "policy.rules.0.skip", True, id="a rule that skips"),
        case("selection: {undetermined: ignore}", "policy.selection.undetermined", "ignore", id="ignore"),
        case("selection: {undetermined: ja}", "policy.selection.undetermined", "ja", id="a code for und"),
        case("selection: {commentary: [Kommentar]}", "policy.selection.commentary", ("Kommentar",), id="words"),
        case("containers: {mp4: false}", "containers", settings.Containers(True, False), id="no MP4"),
        case("api: {tls: {cert: /c, key: /k}}", "api.tls", settings.Tls("/c", "/k"), id="TLS"),
        case("api: {host: '::1', port: 0}", "api.host", "::1", id="IPv6, any port"),
        case("arr: [{name: Sonarr 4K, url: 'http://s:1/base', api_key: k}]", "arr.0.app", "sonarr", id="an Arr"),
        case(
            "players: [{kind: plex, url: http://p, token: t, path_mappings: [{remote: /r, local: /l}]}]",
            "players.0.path_mappings",
            (settings.PathMapping("/r", "/l"),),
            id="a player with mappings",
        ),
        case(
            "path_overrides: [{path: /a, language_priority: &l [ja]}, {path: /b, language_priority: *l}]",
            "policy.path_overrides.1.language_priority",
            ("ja",),
            id="an anchor",
        ),
    ],
)
def test_a_file(tmp_path, text, key, value):
    path = write(tmp_path, text)
    assert reached(config.load(path, HOME), key) == (path if value is ... else value)


def test_without_a_file_nothing_heavy_is_loaded():
    program = (
        "import sys\nbefore = set(sys.modules)\nfrom arrtheaudio.config import load\nload()\n"
        "heavy = {'yaml', 'json', 'jsonschema', 'platformdirs', 'difflib', 'pathlib', 'dataclasses', 'logging'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], env=os.environ | NOWHERE, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


def test_a_valid_file_does_not_load_jsonschema():
    program = (
        "import sys\nfrom arrtheaudio.config import load\nload(sys.argv[1])\n"
        "print(sorted({'jsonschema', 'platformdirs', 'difflib'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program, EXAMPLE], capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("text", "count", "seconds"),
    [("60/minute", 60, 60), ("1/second", 1, 1), ("5/hour", 5, 3600), ("9/day", 9, 86400)],
)
def test_rate(text, count, seconds):
    assert config.rate(text) == (count, seconds)
