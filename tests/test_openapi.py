"""The OpenAPI document: valid, whole, and what the server does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance
from serve_rig import SECRET, Serving, basic, sonarr
from shell import Shell
from spool_rig import Yard, until

import arrtheaudio
from arrtheaudio.server import openapi
from arrtheaudio.server.message import Response
from arrtheaudio.server.route import Parameter, Route
from arrtheaudio.server.routes import ROUTES

DOCUMENT = openapi.document(ROUTES)
OPERATIONS = [(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all objects in a JSON value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from nodes(inner)


def at(pointer: str) -> Any:
    """Return what a reference within the document points to."""
    found: Any = DOCUMENT
    for key in pointer.removeprefix("#/").split("/"):
        found = found[key.replace("~1", "/").replace("~0", "~")]
    return found


def validator(schema: Any) -> Draft202012Validator:
    """Return what checks a value against a schema of the document."""
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def test_it_is_valid_openapi() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["version"] == arrtheaudio.__version__
    schemathesis.openapi.from_dict(json.loads(json.dumps(DOCUMENT))).validate()


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"info": {"title": "no version"}}, id="no version"),
        pytest.param({"paths": {"jobs": {}}}, id="a path without its slash"),
        pytest.param({"components": {"securitySchemes": {"basic": {"type": "password"}}}}, id="no such security"),
    ],
)
def test_what_validates_it_can_fail(broken: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"(?s)."):
        schemathesis.openapi.from_dict(json.loads(json.dumps({**DOCUMENT, **broken}))).validate()


def test_every_reference_leads_somewhere() -> None:
    references = {node["$ref"] for node in nodes(DOCUMENT) if "$ref" in node}
    assert references
    for reference in references:
        assert isinstance(at(reference), dict), reference


def test_every_component_is_used() -> None:
    used = {node["$ref"] for node in nodes(DOCUMENT) if "$ref" in node}
    for kind in ("schemas", "headers"):
        for name in DOCUMENT["components"][kind]:
            assert f"#/components/{kind}/{name}" in used, name


def test_every_schema_is_one() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for node in nodes(DOCUMENT["paths"]):
        if "schema" in node:
            Draft202012Validator.check_schema(node["schema"])


def test_every_route_is_there() -> None:
    routes = {(method.lower(), route.path) for route in ROUTES for method in route.methods}
    assert {*OPERATIONS} == routes
    ids = [DOCUMENT["paths"][path][method]["operationId"] for method, path in OPERATIONS]
    assert len({*ids}) == len(ids)


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=" ".join)
def test_an_operation_says_what_it_takes_and_gives(method: str, path: str) -> None:
    operation = DOCUMENT["paths"][path][method]
    named = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"}
    assert named == {*re.findall(r"\{(\w+)\}", path)}
    assert operation["summary"]
    assert any(status.startswith("2") for status in operation["responses"])
    assert {"400", "429", "500", "503"} <= operation["responses"].keys()
    assert ("401" in operation["responses"]) is (operation.get("security", [{"basic": []}])[0] != {})
    for answer in operation["responses"].values():
        assert "X-Request-ID" in (at(answer["$ref"]) if "$ref" in answer else answer)["headers"]


def test_a_route_becomes_an_operation() -> None:
    limit = Parameter("limit", {"type": "integer", "default": 5}, "How many.")
    body = {"type": "object", "required": ["path"], "properties": {"path": {"type": "string"}}}
    answers = {202: ("Begun.", {"type": "object"}), 409: ("It runs.", {"type": "object"}), 304: ("The same.", None)}
    route = Route(
        ("POST",),
        "/a/{id}",
        lambda *_: Response(202, {}),
        "Begin",
        "All of it.",
        (limit,),
        body,
        answers,
        tag="batches",
    )
    operation = openapi.document([route])["paths"]["/a/{id}"]["post"]
    assert operation["operationId"] == "post_a_id"
    assert operation["description"] == "All of it."
    assert operation["requestBody"] == {"required": True, "content": {"application/json": {"schema": body}}}
    assert [(one["name"], one["in"], one.get("required")) for one in operation["parameters"]] == [
        ("id", "path", True),
        ("limit", "query", None),
    ]
    assert {"202", "409", "304", "401", "403", "404"} <= operation["responses"].keys()
    assert operation["responses"]["409"]["description"] == "It runs."
    assert "content" not in operation["responses"]["304"]


def test_the_command_prints_it(tmp_path: Path) -> None:
    done = Shell(tmp_path).run("schema", "openapi")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out) == json.loads(json.dumps(DOCUMENT))


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server with a secret, which has done some work; more of it than one may ask in a minute is allowed."""
    yard = Yard(tmp_path_factory.mktemp("openapi"))
    many = dict.fromkeys(("webhook", "batch", "default"), "1000000/minute")
    with Serving(yard, secret=SECRET, api={"rate_limits": many}) as running:
        for name in ("one.mkv", "two.mkv"):
            for job_id in running.post("/webhook/sonarr", sonarr(yard.film(name)))["job_ids"]:
                assert running.ended(job_id)["result"] == "success"
        yield running


def test_the_server_gives_it(serving: Serving) -> None:
    assert serving.get("/openapi.json") == json.loads(json.dumps(DOCUMENT))
    assert serving.ask("GET", "/openapi.json", headers={"Authorization": "Basic eDp5"}).status == 401


def test_real_answers_hold_to_it(serving: Serving) -> None:
    jobs = serving.get("/jobs")["jobs"]
    ids = {"id": jobs[0]["id"], "webhook_id": jobs[0]["group"], "name": "page.js"}
    batch = serving.post("/batch", {"path": str(serving.yard.media)})
    seen = 0
    for path, methods in DOCUMENT["paths"].items():
        if "get" not in methods:
            continue
        named = ids | ({"id": batch["batch_id"], "batch_id": batch["batch_id"]} if path.startswith("/batch") else {})
        answer = serving.ask("GET", re.sub(r"\{(\w+)\}", lambda found, names=named: names[found[1]], path))
        assert answer.status == 200, (path, answer)
        content = methods["get"]["responses"]["200"]["content"]
        if "application/json" in content:
            seen += 1
            validator(content["application/json"]["schema"]).validate(answer.json)
    assert seen > 10
    until(lambda: serving.get("/changes")["total"] >= 2)
    validator({"$ref": "#/components/schemas/Changes"}).validate(serving.get("/changes"))


API = schemathesis.openapi.from_dict(json.loads(json.dumps(DOCUMENT)))
EACH = {operation.ok().label: operation.ok() for operation in API.get_all_operations()}
LEFT_OUT = {"POST /admin/cleanup"}  # the others would find nothing any more
# What else is refused, a schema cannot say: a code that is no language, a webhook and a batch at once, NUL in a path.
MORE_IS_REFUSED = {"POST /jobs/{id}/retry", "GET /jobs", "POST /batch"}


@pytest.mark.parametrize("label", sorted({*EACH} - LEFT_OUT))
def test_requests_made_from_it_get_what_it_says(serving: Serving, label: str) -> None:
    operation = EACH[label]
    excluded = [ignored_auth, *([positive_data_acceptance] if label in MORE_IS_REFUSED else [])]

    @given(case=operation.as_strategy())
    @settings(
        max_examples=15,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    def answered(case: Any) -> None:
        # Who has the secret and who has not is asked elsewhere; ten wrong ones would lock this address out.
        base, headers = f"http://127.0.0.1:{serving.port}", {"Authorization": basic(SECRET)}
        case.call_and_validate(base_url=base, headers=headers, excluded_checks=excluded)

    answered()
