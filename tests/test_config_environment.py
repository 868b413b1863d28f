"""What the environment puts into the configuration, and where the file is looked for."""

import os
import pwd
import re
import sys

import pytest
from configured import HOME, NOWHERE, reached, write

from arrtheaudio import config
from arrtheaudio.config import places

case = pytest.param


@pytest.mark.parametrize(
    ("text", "environ", "key", "value"),
    [
        case("tmdb: {api_key: '${K}'}", {"K": "abc"}, "tmdb.api_key", "abc", id="a variable"),
        case("tmdb: {api_key: '${K}'}", {"K": "123"}, "tmdb.api_key", "123", id="digits stay a text"),
        case("tmdb: {api_key: '${K}'}", {"K": "${X}"}, "tmdb.api_key", "${X}", id="not a second time"),
        case("tmdb: {api_key: '${K:-d}'}", {}, "tmdb.api_key", "d", id="a default"),
        case("tmdb: {api_key: '${K:-d}'}", {"K": ""}, "tmdb.api_key", "d", id="a default for an empty one"),
        case("tmdb: {api_key: '${K:-d}'}", {"K": "x"}, "tmdb.api_key", "x", id="a default that is not needed"),
        case("tmdb: {api_key: '${K:-}'}", {}, "tmdb.api_key", None, id="an empty default"),
        case("tmdb:\n  api_key: ${K}", {"K": "x"}, "tmdb.api_key", "x", id="without quotes"),
        case("tmdb: {api_key: '$K $$ $${K}'}", {"K": "x"}, "tmdb.api_key", "$K $$ ${K}", id="not a variable"),
        case("spool: {path: '${A}/${B}'}", {"A": "/a", "B": "b"}, "spool.path", "/a/b", id="two in a text"),
        case("spool: {path: '${A}'}", {"A": "~/s"}, "spool.path", "/home/ada/s", id="home from a variable"),
        case("api:\n  port: ${P:-80}", {}, "api.port", 80, id="a number"),
        case("api: {port: '${P}'}", {"P": "81"}, "api.port", 81, id="a number in quotes"),
        case("api: {port: '${P:-}'}", {}, "api.port", 9393, id="no number is the default"),
        case("tmdb: {enabled: '${E}'}", {"E": "false"}, "tmdb.enabled", False, id="a boolean"),
        case("language_priority: '${L}'", {"L": "ja, en"}, "policy.language_priority", ("ja", "en"), id="a list"),
        case("language_priority: ['${L}']", {"L": "no"}, "policy.language_priority", ("no",), id="in a list"),
        case("", {"TMDB_API_KEY": "k"}, "tmdb.api_key", "k", id="TMDB_API_KEY without being told"),
        case("", {"WEBHOOK_SECRET": "k"}, "api.webhook_secret", "k", id="WEBHOOK_SECRET without being told"),
        case("tmdb: {api_key: ''}", {"TMDB_API_KEY": "k"}, "tmdb.api_key", None, id="told to have none"),
    ],
)
def test_variables_in_the_file(tmp_path, text, environ, key, value):
    assert reached(config.load(write(tmp_path, text), HOME | environ), key) == value


@pytest.mark.parametrize(
    ("value", "environ", "message"),
    [
        case("${K}", {}, "tmdb.api_key: the environment has no K, nor K_FILE", id="unset"),
        case("${K}", {"K": ""}, "tmdb.api_key: the environment has no K, nor K_FILE", id="empty"),
        case("${K}", {"K_FILE": "/nowhere/k"}, "/nowhere/k, which K_FILE names: no such file", id="no file"),
        case("${K}", {"K_FILE": "/dev/null"}, "/dev/null, which K_FILE names, is empty", id="an empty file"),
        case("${K}", {"K_FILE": "/"}, "/, which K_FILE names: is a directory", id="a folder"),
        case("${K:-d}", {"K_FILE": "/nowhere/k"}, "/nowhere/k, which K_FILE names", id="no default for a lost file"),
        case("${K", {"K": "x"}, "${ must go on as ${NAME} or ${NAME:-default}", id="left open"),
        case("${}", {}, "${ must go on as ${NAME} or ${NAME:-default}", id="no name"),
        case("${K-d}", {"K": "x"}, "${ must go on as ${NAME} or ${NAME:-default}", id="the shell's other one"),
    ],
)
def test_a_variable_without_a_value(tmp_path, value, environ, message):
    path = write(tmp_path, f"tmdb:\n  api_key: '{value}'")
    with pytest.raises(config.Invalid, match=re.escape(message)) as caught:
        config.load(path, HOME | environ)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize("content", ["s3cret", "s3cret\n", "s3cret\r\n"])
def test_a_secret_in_a_file(tmp_path, content):
    secret = tmp_path / "secret"
    secret.write_bytes(content.encode())
    path = write(tmp_path, "api: {webhook_secret: '${W}'}")
    assert config.load(path, HOME | {"W_FILE": str(secret)}).api.webhook_secret == "s3cret"
    assert config.load(None, NOWHERE | {"TMDB_API_KEY_FILE": str(secret)}).tmdb.api_key == "s3cret"
    assert config.load(None, NOWHERE | {"ARRTHEAUDIO_TMDB_API_KEY_FILE": str(secret)}).tmdb.api_key == "s3cret"


def test_the_variable_before_its_file(tmp_path):
    environ = HOME | {"K": "x", "K_FILE": "/nowhere"}
    assert config.load(write(tmp_path, "tmdb: {api_key: '${K}'}"), environ).tmdb.api_key == "x"


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        case("PROCESSING_WORKER_COUNT", "4", "processing.worker_count", 4, id="a number"),
        case("PROCESSING_MAX_FILE_SIZE_GB", "1.5", "processing.max_file_size_gb", 1.5, id="a fraction"),
        case("EXECUTION_DRY_RUN", "true", "execution.dry_run", True, id="a boolean"),
        case("PREFER_ORIGINAL", "false", "policy.prefer_original", False, id="a key without a section"),
        case("TMDB_API_KEY", "123", "tmdb.api_key", "123", id="a text of digits"),
        case("LANGUAGE_PRIORITY", "jpn,eng", "policy.language_priority", ("jpn", "eng"), id="a list"),
        case("LANGUAGE_PRIORITY", " jpn , no ", "policy.language_priority", ("jpn", "no"), id="a list with spaces"),
        case("LANGUAGE_PRIORITY", "[jpn, no]", "policy.language_priority", ("jpn", "no"), id="a list in YAML"),
        case("LANGUAGE_PRIORITY", "[]", "policy.language_priority", (), id="an empty list"),
        case("LANGUAGE_PRIORITY", "", "policy.language_priority", ("fr",), id="an empty one is none"),
        case("API_RATE_LIMITS_BATCH", "1/day", "api.rate_limits.batch", "1/day", id="two sections deep"),
        case("ORIGINAL_OVERRIDES", '{"tmdb:1": no}', "original_overrides.tmdb:1", "no", id="a group"),
        case("PATH_MAPPINGS", "[{remote: /a, local: ~/b}]", "path_mappings.0.local", "/home/ada/b", id="groups"),
        case("SPOOL_PATH", "~/s", "spool.path", "/home/ada/s", id="home"),
        case("PORT", "tcp://10.0.0.1:9393", "api.port", 9393, id="what Kubernetes sets for a service"),
        case("SERVICE_HOST", "10.0.0.1", "api.host", "127.0.0.1", id="and its host"),
        case("CONFIG_HOME", "x", "api.port", 9393, id="not ours"),
    ],
)
def test_a_variable_in_a_keys_place(tmp_path, name, text, key, value):
    path = write(tmp_path, "language_priority: [fr]\nprocessing: {worker_count: 3}\n")
    assert reached(config.load(path, HOME | {f"ARRTHEAUDIO_{name}": text}), key) == value


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        case("API_PORT", "x", "ARRTHEAUDIO_API_PORT: api.port: is 'x', must be a whole number", id="no number"),
        case("TMDB_ENABLED", "no", "tmdb.enabled: is 'no', must be true or false", id="no is no boolean"),
        case("LANGUAGE_PRIORITY", "[a", "LANGUAGE_PRIORITY: language_priority: not YAML", id="no YAML"),
        case("ARR", "[{name: sonarr, url: 'http://s', api_key: k, x: 1}]", "arr[0].x: no such", id="in a group"),
        case("PROCESSING_WORKERCOUNT", "4", "did you mean ARRTHEAUDIO_PROCESSING_WORKER_COUNT", id="misspelt"),
        case("PROCESING_WORKER_COUNT", "4", "did you mean ARRTHEAUDIO_PROCESSING_WORKER_COUNT", id="a section"),
        case("API_TLS", "{cert: /c, key: /k}", "ARRTHEAUDIO_API_TLS: no such key", id="a section is no key"),
        case("TMDB_FOO", "4", "ARRTHEAUDIO_TMDB_FOO: no such key", id="in a section of ours"),
        case("TMDB_API_KEY_FILE", "/nowhere/k", "tmdb.api_key: /nowhere/k, which", id="no file"),
    ],
)
def test_a_variable_with_a_fault(name, text, message):
    with pytest.raises(config.Invalid, match=re.escape(message)) as caught:
        config.load(None, NOWHERE | {f"ARRTHEAUDIO_{name}": text})
    assert str(caught.value).startswith(f"ARRTHEAUDIO_{name}: ")


@pytest.mark.parametrize("text", ["relative", "'${UNSET}'"])
def test_a_variable_mends_a_fault_of_the_file(tmp_path, text):
    path = write(tmp_path, f"spool: {{path: {text}}}")
    assert config.load(path, HOME | {"ARRTHEAUDIO_SPOOL_PATH": "/s"}).spool.path == "/s"


def test_a_variable_without_a_value_is_one_fault(tmp_path):
    with pytest.raises(config.Invalid, match=r"api\.port: the environment has no P") as caught:
        config.load(write(tmp_path, "api: {port: '${P}'}"), HOME)
    assert len(caught.value.faults) == 1


def test_a_fault_of_a_variable_is_not_the_files(tmp_path):
    path = write(tmp_path, "path_mappings:\n- remote: /tv\n  local: /tv\n")
    with pytest.raises(config.Invalid) as caught:
        config.load(path, HOME | {"ARRTHEAUDIO_PATH_MAPPINGS": "[{remote: /tv, local: tv}]"})
    assert str(caught.value).startswith("ARRTHEAUDIO_PATH_MAPPINGS: path_mappings[0].local: is 'tv'")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be a user who is not in passwd")
def test_a_user_without_a_home():
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(54321)  # nobody has it
            os.write(writer, places.journal_path({}).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with open(reader, "rb") as file:
        assert file.read() == b"/.local/state/arrtheaudio/journal"


@pytest.mark.parametrize("home", ["", "relative"])
def test_a_home_that_is_none_is_that_of_the_user(home):
    expected = f"{pwd.getpwuid(os.getuid()).pw_dir}/.local/state/arrtheaudio/journal"
    assert places.journal_path({"HOME": home}) == expected


def test_a_variable_is_taken_as_it_is(tmp_path):
    path = write(tmp_path, "tmdb: {api_key: x}")
    assert config.load(path, HOME | {"ARRTHEAUDIO_TMDB_API_KEY": "a${b}$${"}).tmdb.api_key == "a${b}$${"


def test_where_the_file_is_looked_for(tmp_path):
    names = ("named", "user/arrtheaudio", "site/arrtheaudio")
    for name in names:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config.yaml").write_text("prefer_original: false")
    named, user, site = (str(tmp_path / name / "config.yaml") for name in names)
    environ = HOME | {"XDG_CONFIG_HOME": str(tmp_path / "user"), "XDG_CONFIG_DIRS": f"{tmp_path}/site:/nowhere"}
    if os.path.exists(places.CONTAINER_FILE):
        pytest.skip("this machine has a configuration")
    assert config.find(environ | {"ARRTHEAUDIO_CONFIG": named}) == named
    assert config.find(environ | {"ARRTHEAUDIO_CONFIG": ""}) == user
    os.remove(user)
    assert config.load(None, environ).source == site
    os.remove(site)
    assert config.load(None, environ) == config.load(None, HOME | NOWHERE)
    assert config.load(None, environ).source is None


def test_the_container_comes_first():
    assert [*places.candidates(HOME)] == [
        "/config/config.yaml",
        "/home/ada/.config/arrtheaudio/config.yaml",
        "/etc/xdg/arrtheaudio/config.yaml",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs is what is asked")
@pytest.mark.parametrize(
    "environ",
    [
        case({"HOME": "/home/ada"}, id="home"),
        case({"HOME": "/h", "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/c", "XDG_CONFIG_HOME": "/x"}, id="XDG"),
        case({"HOME": "/h", "XDG_CONFIG_DIRS": "/a:/b"}, id="several sites"),
        case({"HOME": "/h", "XDG_STATE_HOME": "", "XDG_CONFIG_DIRS": ""}, id="empty"),
    ],
)
def test_folders_are_those_of_platformdirs(monkeypatch, environ):
    import platformdirs

    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    folders = platformdirs.PlatformDirs("arrtheaudio", appauthor=False)
    assert places.journal_path(environ) == os.path.join(folders.user_state_dir, "journal")
    assert places.spool_path(environ) == os.path.join(folders.user_state_dir, "spool")
    assert places.cache_path(environ) == os.path.join(folders.user_cache_dir, "tmdb.sqlite3")
    assert [os.path.dirname(file) for file in places.candidates(environ)][1:] == [
        folders.user_config_dir,
        folders.site_config_dir,
    ]


def test_a_relative_folder_of_xdg_is_ignored():
    assert places.journal_path(HOME | {"XDG_STATE_HOME": "state"}) == "/home/ada/.local/state/arrtheaudio/journal"
