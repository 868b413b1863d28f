"""The schema, the settings and the example say the same."""

import json
import re
from typing import Any

import hypothesis
import jsonschema
import pytest
from configured import EXAMPLE, HOME, NOWHERE, declared, reached, write
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio import config
from arrtheaudio.config import conform, schema, settings, validate
from arrtheaudio.core.policy import Policy

case = pytest.param


def test_the_schema_is_one():

    jsonschema.Draft202012Validator.check_schema(json.loads(config.schema_text()))
    parts = [part for _, part in declared(schema.load())]
    assert len(parts) > 70
    assert all(part.get("description", "").endswith(".") for part in parts)


def test_secrets_are_what_the_schema_says():
    marked = {key for key, part in declared(schema.load()) if schema.resolved(part).get("writeOnly")}
    assert marked == settings.SECRETS


def nested(fields: Any) -> Any:
    """Return the names of a NamedTuple's fields, and of those inside it."""
    return {
        name: nested(default) if hasattr(default := fields._field_defaults.get(name), "_fields") else None
        for name in fields._fields
    }


def test_the_schema_has_the_keys_of_the_settings():
    def sections(part: dict[str, Any]) -> Any:
        return {key: sections(one) if "properties" in one else None for key, one in part["properties"].items()}

    expected = nested(settings.Config)
    expected |= expected.pop("policy")
    del expected["source"]
    assert sections(schema.load()) == expected


@pytest.mark.parametrize("section", ["path_overrides", "rules", "path_mappings", "arr", "players"])
def test_the_schema_has_the_keys_of_the_entries(section):
    kind = settings._ITEMS[section]
    part = schema.at((section, 0))
    assert tuple(part["properties"]) == kind._fields
    required = [name for name in kind._fields if name not in kind._field_defaults]
    assert part["required"] == required
    for name, default in kind._field_defaults.items():
        if default is not None:
            assert as_json(default) == part["properties"][name].get("default", [])


def as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


# Those that depend on the environment, or on another key.
COMPUTED = {"spool.path", "journal.path", "tmdb.cache_path", "api.tls.cert", "api.tls.key", "api.allowed_roots"}


@pytest.mark.parametrize(
    ("path", "part"),
    [case(path, part, id=".".join(map(str, path))) for path, part in schema.walk() if "properties" not in part],
)
def test_the_schema_has_the_defaults_of_the_settings(path, part):
    dotted = ".".join(map(str, path))
    assert ("default" in part) == (dotted not in COMPUTED)
    value = reached(settings.Config(), ("policy." if path[0] in Policy._fields else "") + dotted)
    if part.get("writeOnly"):
        assert value is None
        assert part["default"].endswith(":-}")
    elif "default" in part:
        assert as_json(value) == part["default"]


def test_every_default_round_trips(tmp_path):
    defaults: dict[str, Any] = {}
    for path, part in schema.walk():
        section = defaults
        for key in path[:-1]:
            section = section.setdefault(str(key), {})
        if "default" in part:
            section[str(path[-1])] = part["default"]
    loaded = config.load(write(tmp_path, json.dumps(defaults)), NOWHERE)
    assert loaded._replace(source=None) == config.load(None, NOWHERE)


def test_every_variable_stands_for_one_key():
    keys = [path for path, part in schema.walk() if "properties" not in part]
    assert sorted(schema.variables().values()) == sorted(keys)


def test_the_example_changes_nothing():
    assert config.load(str(EXAMPLE), NOWHERE)._replace(source=None) == config.load(None, NOWHERE)


def test_the_example_has_every_key(tmp_path):
    text = EXAMPLE.read_text().replace("#:", "")
    environ = NOWHERE | dict.fromkeys(("SONARR_API_KEY", "RADARR_API_KEY", "JELLYFIN_TOKEN"), "k")
    loaded = config.load(write(tmp_path, text), environ)
    assert len(loaded.arr) == 2
    assert loaded.players[0].path_mappings
    for key, _ in declared(schema.load()):
        assert re.search(rf"\b{key}:", text), key


SCALARS = st.one_of(
    st.booleans(), st.integers(-2, 100), st.floats(0, 9), st.sampled_from(["/a", "~/b", "eng", "zz", ""])
)
TEXTS = ["/a", "~", "http://h", "60/minute", "sonarr", "ja", "original", "ignore", "stderr", "x y", "::1", "tmdb:1", ""]


def near(part: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Draw what the schema allows, or nearly."""
    part = schema.resolved(part)
    if "properties" in part or part.get("type") == "object":
        known = {key: near(one) for key, one in part.get("properties", {"tmdb:1": {"type": "string"}}).items()}
        wanted: st.SearchStrategy[Any] = st.fixed_dictionaries(
            {key: known.pop(key) for key in part.get("required", ())}, optional={**known, "other": st.none()}
        )
    elif part.get("type") == "array":
        wanted = st.lists(near(part["items"]), max_size=2)
    elif "enum" in part:
        wanted = st.sampled_from(part["enum"])
    elif part.get("type") == "string":
        wanted = st.sampled_from(TEXTS)
    else:
        wanted = st.booleans() if part["type"] == "boolean" else st.integers(-1, 100)
    return st.integers(0, 9).flatmap(lambda odd: wanted if odd else st.one_of(SCALARS, st.just([]), st.just({})))


SECTIONS = [case(key, part, id=key) for key, part in schema.load()["properties"].items()]


@pytest.mark.parametrize(("key", "part"), SECTIONS)
@hypothesis.settings(deadline=None)  # the first example imports jsonschema
@given(data=st.data())
def test_the_quick_check_agrees_with_jsonschema(key, part, data):
    values = {key: data.draw(near(part))}
    assert conform.conforms(values, schema.load()) == (not [*validate.errors(values)])


def test_the_quick_check_knows_every_keyword():
    def keywords(part: Any) -> set[str]:
        if not isinstance(part, dict):
            return set()
        inner = [*part.get("properties", {}).values(), *part.get("$defs", {}).values(), *part.get("anyOf", ())]
        inner += [part.get(key) for key in ("items", "additionalProperties", "propertyNames")]
        return set(part).union(*map(keywords, inner))

    assert keywords(schema.load()) == set(conform.KEYWORDS) | conform.ANNOTATIONS


@pytest.mark.parametrize(("key", "part"), SECTIONS)
@hypothesis.settings(deadline=None)  # the first example imports jsonschema
@given(data=st.data())
def test_any_values_are_a_config_or_faults_that_name_a_key(key, part, data, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"{key}.yaml"
    path.write_text(json.dumps({key: data.draw(near(part))}))
    try:
        faults = ()
        assert config.load(str(path), HOME).source == str(path)
    except config.Invalid as error:
        faults = error.faults
    assert all(fault.path[0] == key and fault.place.line == 1 and fault.message for fault in faults)
