"""The OpenAPI 3.1 document of the routes: what is asked where, how, and what is answered."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arrtheaudio import __version__
from arrtheaudio.server.route import LARGEST, OPEN, Parameter, Route
from arrtheaudio.server.schemas import ERROR, SCHEMAS, record_part

Document = dict[str, Any]

_TAGS = {
    "webhooks": "What Sonarr and Radarr post, and what came of it.",
    "batches": "Whole folders.",
    "jobs": "The queue: what waits, what runs, what came of it; another try, and the way back.",
    "history": "What was changed and why; what a person has to decide.",
    "server": "How the server is.",
    "pages": "What a browser shows.",
}
_SECURITY: Document = {
    "basic": {"type": "http", "scheme": "basic", "description": "Any user name; the password is `api.webhook_secret`."},
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Hub-Signature-256",
        "description": "`sha256=` and the HMAC-SHA256 of the body in hexadecimal digits, where there is a body; "
        "X-Webhook-Signature too.",
    },
}
_LATER, _CHALLENGE, _METHODS = "Retry-After", "WWW-Authenticate", "Allow"
_HEADERS: Document = {
    "X-Request-ID": {"description": "The request's own, where it is safe, or a new one.", "schema": {"type": "string"}},
    _LATER: {"description": "Seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"}},
    _CHALLENGE: {"description": "Basic for pages, Bearer else.", "schema": {"type": "string"}},
    _METHODS: {"description": "What the path knows.", "schema": {"type": "string"}},
}
# What any request may get: the name, what it means, a header of its own.
_ERRORS: Mapping[int, tuple[str, str, str | None]] = {
    400: ("BadRequest", "It is not well-formed, or a value is wrong.", None),
    401: ("Unauthorized", "The secret is missing or wrong.", _CHALLENGE),
    403: ("Forbidden", "A page of another origin may change nothing.", None),
    404: ("NotFound", "There is no such thing.", None),
    405: ("MethodNotAllowed", "The path knows other methods.", _METHODS),
    408: ("RequestTimeout", "It did not come whole in time.", None),
    409: ("Conflict", "Its state forbids it.", None),
    411: ("LengthRequired", "A body needs a Content-Length; Transfer-Encoding is refused.", None),
    413: ("ContentTooLarge", "The body is larger than 1 MiB.", None),
    415: ("UnsupportedMediaType", "A body is application/json, in UTF-8.", None),
    421: ("MisdirectedRequest", "Without a secret, only addresses, localhost and api.host are answered.", None),
    429: ("TooManyRequests", "The address asks, or guesses, too often.", _LATER),
    431: ("HeadersTooLarge", "The headers are larger than 16 KiB.", None),
    500: ("Internal", "A defect of ours; the log has more, under the request's id.", None),
    503: ("Unavailable", "Not now: too much is asked at once, or the disk is full.", _LATER),
}
_BODILESS = (204, 304)
_ALWAYS = (400, 405, 408, 411, 413, 415, 421, 429, 431, 500, 503)
_RECORD = os.path.join(os.path.dirname(os.path.dirname(__file__)), "record.schema.json")
# Control characters in an address are refused, wherever they stand.
_WORD = "^[^\\u0000-\\u001f\\u007f]*$"
_SEGMENT = "^[^/\\u0000-\\u001f\\u007f]+$"
_NAME = re.compile(r"\{(\w+)\}")


def document(routes: Sequence[Route]) -> Document:
    """Return the document of the routes."""
    paths: Document = {}
    for route in routes:
        for method in route.methods:
            paths.setdefault(route.path, {})[method.lower()] = _operation(route, method)
    used = list(dict.fromkeys(route.tag for route in routes))
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "ArrTheAudio",
            "version": __version__,
            "summary": "Sets the right default audio track of MKV and MP4 files, in place, undoable to the byte.",
            "description": "Every error is an `Error`. The secret is asked for where one is set.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{name: []} for name in _SECURITY],
        "tags": [{"name": tag, "description": _TAGS.get(tag, tag)} for tag in used],
        "paths": paths,
        "components": {
            "schemas": {**SCHEMAS, **_record()},
            "headers": _HEADERS,
            "responses": dict(_error(status) for status in _ERRORS),
            "securitySchemes": _SECURITY,
        },
    }


def _operation(route: Route, method: str) -> Document:
    found: Document = {
        "operationId": _id(method, route.path),
        "summary": route.summary,
        "tags": [route.tag],
        "responses": dict(sorted(_responses(route).items())),
    }
    if route.help:
        found["description"] = route.help
    parameters = [*_in_path(route.path), *map(_in_query, route.query)]
    if parameters:
        found["parameters"] = parameters
    if route.body is not None:
        found["requestBody"] = {"required": _required(route), "content": {"application/json": {"schema": route.body}}}
    if route.access == OPEN:
        found["security"] = [{}, *({name: []} for name in _SECURITY)]
    return found


def _id(method: str, path: str) -> str:
    return "_".join([method.lower(), *re.findall(r"\w+", path)])


def _in_path(path: str) -> Iterator[Document]:
    for name in _NAME.findall(path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": _SEGMENT}}


def _in_query(parameter: Parameter) -> Document:
    """Return a parameter, with what holds for all of its kind."""
    schema = parameter.schema
    if schema.get("type") == "integer":
        schema = {"maximum": LARGEST, **schema}
    elif "enum" not in schema:
        schema = {"pattern": _WORD, **schema}
    return {"name": parameter.name, "in": "query", "description": parameter.help, "schema": schema}


def _required(route: Route) -> bool:
    """Say whether the body may not be left out: not where nothing has to be said in it, and little may be."""
    schema = route.body or {}
    schema = SCHEMAS.get(str(schema.get("$ref", "")).rpartition("/")[2], schema)
    return "required" in schema or schema.get("additionalProperties", True) is not False


def _responses(route: Route) -> Document:
    own = {str(status): _response(route, status, *answer) for status, answer in route.answers.items()}
    common = {str(status): {"$ref": f"#/components/responses/{_ERRORS[status][0]}"} for status in _errors(route)}
    return common | own


def _errors(route: Route) -> Iterator[int]:
    yield from _ALWAYS
    if route.access != OPEN:
        yield 401
    if route.changes:
        yield 403
    if "{" in route.path:
        yield 404


def _response(route: Route, status: int, description: str, schema: Mapping[str, Any] | None) -> Document:
    found: Document = {"description": description, "headers": _headers(None)}
    if schema is not None:
        found["content"] = {"application/json": {"schema": schema}}
    elif status not in _BODILESS:
        found["content"] = {_kind(route): {}}
    return found


def _kind(route: Route) -> str:
    """Return the media type of an answer that is not JSON."""
    if not route.page:
        return "text/plain"
    return "*/*" if "{" in route.path else "text/html"


def _error(status: int) -> tuple[str, Document]:
    name, description, header = _ERRORS[status]
    content = {"application/json": {"schema": ERROR}}
    return name, {"description": description, "headers": _headers(header), "content": content}


def _headers(more: str | None) -> Document:
    names = ["X-Request-ID", *([more] if more else [])]
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _record() -> Document:
    """Return the schema of a record, its definitions beside it."""
    with open(_RECORD, encoding="utf-8") as file:
        schema = json.loads(file.read().replace('"#/$defs/', f'"#/components/schemas/{record_part()}.'))
    parts = schema.pop("$defs")
    schema.pop("$schema")
    return {record_part(): schema} | {record_part(name): part for name, part in parts.items()}
