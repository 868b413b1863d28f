"""What is said of a configuration that is wrong: every fault, its line, and no secret."""

import os

import hypothesis
import pytest
from configured import HOME, write
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio import config
from arrtheaudio.config import document
from arrtheaudio.errors import Fatal

case = pytest.param


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        case("prefer_original: yes", ["1: prefer_original: is 'yes', must be true or false"], id="yes is a text"),
        case("prefer_original: 1", ["1: prefer_original: is 1, must be true or false"], id="1 is a number"),
        case(
            "processing:\n\n  worker_count: two",
            ["3: processing.worker_count: is 'two', must be a whole number from 1 to 64"],
            id="a word for a number",
        ),
        case("processing: {worker_count: 0}", ["is 0, must be a whole number from 1 to 64"], id="too small"),
        case("processing: {worker_count: 65}", ["is 65, must be a whole number from 1 to 64"], id="too large"),
        case("processing: {worker_count: 1.5}", ["is 1.5, must be a whole number from 1 to 64"], id="a fraction"),
        case("processing: {worker_count: '4'}", ["is '4', must be a whole number from 1 to 64"], id="in quotes"),
        case("processing: {worker_count: true}", ["is true, must be a whole number"], id="a boolean is no number"),
        case("processing: {worker_count: 0x10}", ["is '0x10', must be a whole number"], id="hexadecimal"),
        case("processing: {max_file_size_gb: -1}", ["is -1, must be a number from 0 to 1000000"], id="negative"),
        case("processing: {max_file_size_gb: .inf}", ["is '.inf', must be a number"], id="infinity"),
        case("tmdb: {cache_ttl_days: -1}", ["is -1, must be a whole number from 0 to 3650"], id="negative days"),
        case("journal: {keep_days: 0}", ["is 0, must be a whole number from 1 to 36500"], id="keeps nothing"),
        case("api: {port: 65536}", ["api.port: is 65536, must be a whole number from 0 to 65535"], id="a port"),
        case("logging: {level: loud}", ["is 'loud', must be debug, info, warning, error or critical"], id="a level"),
        case("logging: {output: stdout}", ["is 'stdout', must be stderr, or the absolute"], id="stdout has records"),
        case("spool: {path: spool}", ["is 'spool', must be an absolute path, or one"], id="a relative path"),
        case("spool: {path: ~ada/x}", ["is '~ada/x', must be an absolute path, or one"], id="another's home"),
        case('spool: {path: "/a\\0b"}', ["is '/a\\x00b', must be an absolute path"], id="NUL in a path"),
        case("tmdb: {base_url: ftp://x}", ["is 'ftp://x', must be an address such as"], id="a scheme"),
        case("api: {rate_limits: {batch: 6/min}}", ["is '6/min', must be a number of requests"], id="6/min"),
        case("api: {rate_limits: {batch: 0/minute}}", ["is '0/minute', must be a number of"], id="0/minute"),
        case("api: {cors_origins: ['*']}", ["api.cors_origins[0]: is '*', must be an origin"], id="every origin"),
        case("api: {host: 'localhost/x'}", ["api.host: is 'localhost/x', must be a host"], id="no host"),
        case("api: {tls: {cert: /c}}", ["api.tls: must be a group with `cert` and `key`; it lacks key"], id="TLS"),
        case("tmdb: secret", ["tmdb: must be a group with enabled, api_key"], id="no group"),
        case("language_priority: eng", ["is 'eng', must be a list of language codes"], id="no list"),
        case("language_priority: [klingonish]", ["language_priority[0]: is 'klingonish', must be a"], id="no code"),
        case(
            "language_priority: [japanese]", ["such as ja, jpn or pt-BR, or `original`; did you mean ja"], id="a name"
        ),
        case("original_overrides: {'tmdb:1': jp}", ["or pt-BR; did you mean ja (Japanese)?"], id="a country"),
        case("tmdb: {api_key: 0123}", ["tmdb.api_key: is (hidden), must be a key; put quotes around it"], id="digits"),
        case("language_priority: [eng, ~]", ["language_priority[1]: is nothing, must be a"], id="a blank entry"),
        case(
            "selection: {undetermined: neither}", ["is 'neither', must be original, ignore or"], id="neither of three"
        ),
        case("original_overrides: {'tmdb:1': original}", ["is 'original', must be a language"], id="not original"),
        case("original_overrides: {'foo:1': en}", ["original_overrides.foo:1: must be an id such"], id="no id"),
        case("rules: [{match: {kind: movie}}]", ["rules[0]: must be a group with `match`, and"], id="says nothing"),
        case("rules: [{match: {kind: movie}, skip: false}]", ["rules[0]: must be a group"], id="does not skip"),
        case("rules: [{match: {}, skip: true}]", ["rules[0].match: must be a group with at"], id="matches all"),
        case("rules: [{skip: true}]", ["`skip: true`; it lacks match"], id="matches nothing"),
        case("rules: [{match: {tvdb: 1}, skip: true}]", ["rules[0].match.tvdb: no such key"], id="in a match"),
        case("path_overrides: [{path: 'anime/**'}]", ["must be a glob of the whole path"], id="a relative glob"),
        case("path_mappings: [{remote: /tv}]", ["`local`; it lacks local"], id="half a mapping"),
        case(
            "path_mappings: [{remote: /t, local: /a}, {remote: /t, local: /b}]",
            ["path_mappings[1].remote: is '/t', as path_mappings[0] is already"],
            id="a remote side twice",
        ),
        case("arr: [{name: lidarr, url: 'http://l', api_key: k}]", ["starts with sonarr or radarr"], id="Lidarr"),
        case("arr: [{name: sonarr}]", ["; it lacks url and api_key"], id="two are missing"),
        case("worker_count: 3", ["1: worker_count: no such key here; did you mean processing.worker_count?"], id="up"),
        case("worker_cuont: 3", ["no such key here; did you mean processing.worker_count?"], id="misspelt, and up"),
        case("procesing: {}", ["1: procesing: no such key; did you mean processing?"], id="a section"),
        case("tmdb:\n  apikey: x", ["2: tmdb.apikey: no such key; did you mean api_key?"], id="a key"),
        case("processing: {worker-count: 3}", ["no such key; did you mean worker_count?"], id="a hyphen"),
        case("spool: {zzz: 3}", ["spool.zzz: no such key; spool has path"], id="like nothing"),
        case("<<: {prefer_original: true}", ["<<: no such key"], id="a merge key"),
        case("tmdb: {}\ntmdb: {}", ["2: tmdb: stands here a second time; the first is in line 1"], id="twice"),
        case("arr: !!set {}", ["1: arr: has a tag"], id="a tag"),
        case("spool: {path: !!python/name:os.system x}", ["1: spool.path: has a tag"], id="a Python tag"),
        case("? [a]\n: b", ["1: a key must be a text"], id="a list as a key"),
        case("- a", ["1: must be lines of `key: value`"], id="a list"),
        case("hello", ["1: must be lines of `key: value`"], id="a text"),
        case("tmdb:\n\tenabled: true", ["2:1: a tab, where only spaces may indent"], id="a tab"),
        case(
            "tmdb: [1",
            ["not YAML: while parsing a flow sequence, did not find expected ',' or ']'"],
            id="an open bracket",
        ),
        case("a: b: c", ["1:5: not YAML: mapping values are not allowed"], id="two colons"),
        case("a: 1\n---\nb: 2", ["2:1: not YAML: expected a single document"], id="two documents"),
        case("# é\n# 語\na: \x01", ["3: holds a control character"], id="a control character"),
        case(b"a: b\nc: \xff", ["2: is not UTF-8"], id="Latin-1"),
        case("a: " + "[" * 100, ["not YAML"], id="brackets"),
        case("a: " + "[" * 5000, ["nest"], id="many brackets"),
        case("a: " + "[" * 50 + "]" * 50, ["is nested too deeply"], id="deep"),
        case("arr: &a [*a]", ["is nested too deeply"], id="a list in itself"),
        case(
            "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)),
            ["is nested too deeply"],
            id="a billion laughs",
        ),
        case("#" * (1 << 20) + "\n", ["is larger than 1 MiB"], id="large"),
    ],
)
def test_a_fault(tmp_path, text, messages):
    path = write(tmp_path, text)
    with pytest.raises(config.Invalid) as caught:
        config.load(path, HOME)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(path) for line in lines)
    for message in messages:
        assert any(message in line for line in lines), lines
    assert isinstance(caught.value, Fatal)
    assert caught.value.exit_status == 2


def test_all_faults_by_line(tmp_path):
    path = write(
        tmp_path, "tmdb:\n  enabled: yes\n  cache_ttl_days: x\nspool: {pth: /a}\nlogging: {level: 3}\ntmdb: {}\n"
    )
    with pytest.raises(config.Invalid) as caught:
        config.load(path, HOME)
    assert [line.removeprefix(path).split(": ")[:2] for line in str(caught.value).splitlines()] == [
        [":2", "tmdb.enabled"],
        [":3", "tmdb.cache_ttl_days"],
        [":4", "spool.pth"],
        [":5", "logging.level"],
        [":6", "tmdb"],
    ]


def test_a_long_value_is_cut(tmp_path):
    path = write(tmp_path, f"logging: {{level: {'x' * 5000}}}\n{'y' * 1000}: 1\n")
    with pytest.raises(config.Invalid) as caught:
        config.load(path, HOME)
    value, key = str(caught.value).splitlines()
    assert len(value) < len(path) + 150
    assert len(key) < len(path) + 600


@pytest.mark.parametrize(
    ("path", "message"),
    [
        case("nothing.yaml", "no such file or directory", id="not there"),
        case("", "is a folder", id="a folder"),
        case("a\0b", "null byte", id="NUL"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path, path, message):
    named = os.path.join(tmp_path, path)
    with pytest.raises(config.Invalid, match=message):
        config.load(named, HOME)
    with pytest.raises(config.Invalid, match=message):
        config.load(None, HOME | {"ARRTHEAUDIO_CONFIG": named})


SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        case(f"tmdb: {{api_key: [{SECRET}]}}", {}, id="in a list"),
        case(f"tmdb: {{api_key: {{{SECRET}: x}}}}", {}, id="as a key"),
        case("tmdb: {api_key: 1234567890}", {}, id="a number"),
        case("api: {webhook_secret: '1', port: x}", {}, id="beside a fault"),
        case(f"tmdb: {{apikey: {SECRET}}}", {}, id="under a misspelt key"),
        case(f"tmdb: {{api_key: *{SECRET}}}", {}, id="like an alias"),
        case(f"tmdb: {{api_key: !{SECRET} x}}", {}, id="like a tag"),
        case(f"tmdb: {{api_key: !{SECRET}!x y}}", {}, id="like a tag with a handle"),
        case(f"tmdb:\n  api_key: {SECRET}: x", {}, id="with a colon"),
        case(f"tmdb:\n  api_key: '{SECRET}", {}, id="with an open quote"),
        case(f"tmdb:\n  api_key: {SECRET} ${{", {}, id="with an open variable"),
        case(f"tmdb:\n  api_key: %{SECRET}", {}, id="like a directive"),
        case("arr: [{name: x, url: y, api_key: '${K}', z: 1}]", {"K": SECRET}, id="from a variable"),
        case(f"arr: [{{name: sonarr, url: 'http://ada:{SECRET}@h', api_key: k}}]", {}, id="in an address"),
        case(
            f"arr: [{{name: sonarr, url: 'http://ada:x/{SECRET}@h', api_key: k}}]", {}, id="in an address, with a slash"
        ),
        case("tmdb: {base_url: 'http://h/?api_key=${K}'}", {"K": SECRET}, id="in a query"),
        case(f"tmdb: {SECRET}", {}, id="in its section's place"),
        case(f"arr: {SECRET}", {}, id="in a list's place"),
        case("", {"ARRTHEAUDIO_ARR": f"[{{name: x, api_key: {SECRET}"}, id="in a variable that is no YAML"),
        case("api: {port: x}", {"ARRTHEAUDIO_API_WEBHOOK_SECRET": SECRET}, id="in a variable"),
    ],
)
@pytest.mark.parametrize("libyaml", [True, False], ids=["libyaml", "Python"])
def test_a_secret_is_not_in_a_message(tmp_path, monkeypatch, text, environ, libyaml):
    if not libyaml:
        monkeypatch.delattr("yaml.CBaseLoader", raising=False)
    with pytest.raises(config.Invalid) as caught:
        config.load(write(tmp_path, text), HOME | environ)
    assert SECRET not in str(caught.value)
    assert "1234567890" not in str(caught.value)


def test_a_secret_is_not_in_a_repr(tmp_path):
    text = f"tmdb: {{api_key: {SECRET}}}\napi: {{webhook_secret: {SECRET}}}\n"
    text += f"arr: [{{name: radarr, url: http://r, api_key: {SECRET}}}]\n"
    text += f"players: [{{kind: emby, url: http://e, token: {SECRET}}}]\n"
    loaded = config.load(write(tmp_path, text), HOME)
    assert SECRET not in repr(loaded)
    assert repr(loaded).count("(hidden)") == 4
    assert f"{loaded.arr[0].api_key}" == SECRET


@pytest.mark.parametrize("libyaml", [True, False], ids=["libyaml", "Python"])
@hypothesis.settings(deadline=None)  # a busy machine is no fault
@given(raw=st.one_of(st.binary(), st.text().map(str.encode), st.text("ab:-[]{}&*!'\"#$ \n\t|>").map(str.encode)))
def test_any_bytes_are_a_document_or_one_fault(libyaml, raw):
    faults = ()
    with pytest.MonkeyPatch.context() as patch:
        if not libyaml:
            patch.delattr("yaml.CBaseLoader", raising=False)
        try:
            assert isinstance(document.parse(raw, "c.yaml").data, dict)
        except config.Invalid as error:
            faults = error.faults
    assert all(len(str(fault).splitlines()) == 1 for fault in faults)
    assert len(faults) <= 1
