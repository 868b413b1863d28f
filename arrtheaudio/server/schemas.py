"""The JSON Schemas of what is asked and answered, each named once; `SCHEMAS` has them all, by their names in OpenAPI.

A constant is a reference to its schema, so that a route names it: `answers={200: ("The job.", schemas.JOB)}`.
"""

from collections.abc import Mapping
from typing import Any

from arrtheaudio.spool.ask import STATES
from arrtheaudio.spool.job import PRIORITIES, SOURCES

Schema = Mapping[str, Any]

SCHEMAS: dict[str, Schema] = {}
_HERE = "#/components/schemas/"


def _named(name: str, schema: Schema) -> Schema:
    SCHEMAS[name] = schema
    return {"$ref": _HERE + name}


def record_part(name: str = "") -> str:
    """Return the name that the record's schema, or one of its definitions, has among the components."""
    return f"Record.{name}" if name else "Record"


def _record(name: str = "") -> Schema:
    return {"$ref": _HERE + record_part(name)}


def _object(description: str, /, required: Mapping[str, Schema], **optional: Schema) -> Schema:
    """Return the schema of an object that may have other keys too."""
    properties = {**required, **optional}
    return {"type": "object", "description": description, "required": [*required], "properties": properties}


def _asked(description: str, /, required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """Return the schema of a body that may have no other keys."""
    asked = {"type": "object", "description": description, "properties": properties, "additionalProperties": False}
    return {**asked, "required": [*required]} if required else asked


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _one_of(*values: str) -> Schema:
    return {"type": "string", "enum": [*values]}


def _or_null(kind: str, description: str = "") -> Schema:
    return {"type": [kind, "null"], **({"description": description} if description else {})}


def _each(names: tuple[str, ...], schema: Schema) -> Schema:
    return {"type": "object", "required": [*names], "properties": dict.fromkeys(names, schema)}


_TEXT: Schema = {"type": "string"}
_BOOLEAN: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "number", "minimum": 0}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_PERCENT: Schema = {"type": "number", "minimum": 0, "maximum": 100}
_ID: Schema = {
    "type": "string",
    "minLength": 1,
    "description": "Sorts by time: `TIME.HOST.CHANCE`, a job of a group has its number too.",
}
_TIME: Schema = {"type": "string", "format": "date-time", "description": "RFC 3339, UTC."}
_MAYBE_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
_PATH: Schema = {"type": "string", "description": "An absolute path; U+FFFD stands for what is not UTF-8."}
_CODE: Schema = {
    "type": "string",
    "minLength": 2,
    "maxLength": 35,
    "description": "A language code: BCP 47, or ISO 639.",
}
_PRIORITY = _one_of(*PRIORITIES)
_UNDO = _one_of("possible", "running", "undone", "impossible")
RESULTS = ("success", "skipped", "failed")

ERROR = _named(
    "Error",
    _object(
        "No other answer: why not.",
        {
            "error": _object(
                "What is wrong.",
                {
                    "code": {**_TEXT, "description": "A word for programs."},
                    "message": {**_TEXT, "description": "A line for people."},
                },
            ),
            "request_id": {**_TEXT, "description": "That of the X-Request-ID header, and of the log line."},
        },
    ),
)
STATUS = _named("Status", _object("A word.", {"status": _TEXT}, message=_TEXT))

JOB = _named(
    "Job",
    _object(
        "A job of the queue, as `arrtheaudio jobs show` prints it.",
        {
            "id": _ID,
            "state": _one_of(*STATES),
            "priority": _PRIORITY,
            "source": {"type": "string", "description": f"Who put it: {', '.join(SOURCES)}."},
            "group": _or_null("string", "The webhook or the batch that it belongs to."),
            "attempt": _COUNT,
            "record": _record(),
        },
        created_at=_TIME,
        started_at=_MAYBE_TIME,
        finished_at=_MAYBE_TIME,
        duration_ms={**_NUMBER, "description": "Of the last attempt."},
        host=_TEXT,
        pid=_COUNT,
        result=_one_of(*RESULTS),
        action=_one_of("undo"),
        undoes={**_ID, "description": "The job that this one takes back."},
        original={**_CODE, "description": "What a person has said the original language is."},
        dry_run=_BOOLEAN,
        confined={**_BOOLEAN, "description": "It came over HTTP: only files below api.allowed_roots are touched."},
        held=_object("Why it waits, and until when.", {"why": _TEXT}, until=_TEXT),
        joined={**_list(_TEXT), "description": "Other jobs that were for the same file, and were done with it."},
        last_error={"type": "object", "description": "Why the last attempt failed."},
        undo={**_UNDO, "description": "Of one that has changed its file, where it alone is asked for."},
    ),
)


def _page(key: str, items: Schema, description: str) -> Schema:
    return _object(description, {key: _list(items), "total": _COUNT, "limit": _COUNT, "offset": _COUNT})


JOBS = _named("Jobs", _page("jobs", JOB, "Some of the jobs, and how many there are."))
JOB_STATS = _named(
    "JobStats",
    _object(
        "How many jobs there are of each state; of the latest thousand that ended, how they went.",
        {
            "jobs": _each(STATES, _COUNT),
            "waiting": _each(tuple(PRIORITIES), _COUNT),
            "results": _each(RESULTS, _COUNT),
            "success_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
            "mean_duration_ms": {"type": ["number", "null"], "minimum": 0},
        },
    ),
)
RETRY = _named(
    "Retry", _asked("What the original language is, for a job in review; nothing for any other.", original=_CODE)
)
ACCEPTED = _named("Accepted", _object("A job was made of it.", {"status": _one_of("accepted"), "job_id": _ID}))

_CHANGE = _named(
    "Change",
    _object(
        "A file that was changed, and why.",
        {
            "job_id": _ID,
            "path": _PATH,
            "finished_at": _MAYBE_TIME,
            "method": _or_null("string", "in_place, clone or rewrite."),
            "reason": _or_null("string", "Why, in words."),
            "rule": _or_null("string"),
            "language": _or_null("string"),
            "tracks": _object("All tracks.", {"before": _list(_record("track")), "after": _list(_record("track"))}),
            "undone": _BOOLEAN,
            "undo": _UNDO,
        },
    ),
)
CHANGES = _named("Changes", _page("changes", _CHANGE, "What was changed, the latest first."))
_QUESTION = _named(
    "Question",
    _object(
        "A file whose original language a person has to say.",
        {
            "job_id": _ID,
            "path": _PATH,
            "finished_at": _MAYBE_TIME,
            "reason": _or_null("string", "Where the evidence disagrees."),
            "languages": {**_list(_TEXT), "description": "Those to choose from, for POST /jobs/{id}/retry."},
            "tracks": _list(_record("track")),
        },
    ),
)
REVIEW = _named("Review", _page("review", _QUESTION, "What waits for a person's word, the latest first."))

# Whatever else an Arr sends is ignored, not refused: it would switch the connection off.
ARR_EVENT = _named(
    "ArrEvent",
    {
        "type": "object",
        "description": "What Sonarr and Radarr send. Events that need no work, and what is none, are ignored.",
        "properties": {
            "eventType": {"description": "Test, Download, Rename…"},
            "instanceName": {"description": "What it calls itself."},
            "series": {"description": "From Sonarr: its title, ids, and original language."},
            "episodeFile": {"description": "From Sonarr: an imported file; `episodeFiles` are several."},
            "movie": {"description": "From Radarr: its title, ids, and original language."},
            "movieFile": {"description": "From Radarr: an imported file."},
        },
        "examples": [{"eventType": "Test", "instanceName": "Sonarr"}],
    },
)
_IGNORED = {
    "type": "array",
    "description": "Files that we may not go to.",
    "items": _object("One of them.", {"path": _TEXT, "reason": _TEXT, "message": _TEXT}),
}
WEBHOOK_ACCEPTED = _named(
    "WebhookAccepted",
    _object(
        "The jobs are on disk.",
        {"status": _one_of("accepted"), "webhook_id": _ID, "job_ids": _list(_ID), "file_count": _COUNT},
        message=_TEXT,
        ignored=_IGNORED,
    ),
)
WEBHOOK_IGNORED = _named(
    "WebhookIgnored",
    _object(
        "There is nothing to do.", {"status": _one_of("ignored"), "reason": _TEXT}, message=_TEXT, ignored=_IGNORED
    ),
)
WEBHOOK = _named(
    "Webhook",
    _object(
        "A webhook's jobs, and how far they are.",
        {
            "webhook_id": _ID,
            "status": _one_of("queued", "running", "completed", "failed", "cancelled"),
            "source": _one_of("sonarr", "radarr"),
            "event": _or_null("string", "The Arr's eventType."),
            "created_at": _TIME,
            "jobs": _list(JOB),
            "progress": _each(("total", *STATES), _COUNT),
        },
    ),
)

BATCH_ASKED = _named(
    "BatchAsked",
    _asked(
        "Which files.",
        ("path",),
        path={
            "type": "string",
            "title": "an absolute path",
            "pattern": "^/",
            "description": "A folder or a file below api.allowed_roots.",
        },
        recursive={**_BOOLEAN, "default": True},
        pattern={**_TEXT, "description": "Only files whose name this glob matches."},
        dry_run={**_BOOLEAN, "default": False, "description": "Say what would be changed, and change nothing."},
        priority={**_one_of(*(name for name in PRIORITIES if name != "webhook")), "default": "normal"},
        filters=_asked(
            "Which of them.",
            min_size_mb={**_NUMBER, "description": "In units of 10^6 bytes."},
            max_age_days=_NUMBER,
            exclude_patterns=_list(_TEXT),
        ),
    ),
)
BATCH_STARTED = _named(
    "BatchStarted",
    _object("It has begun.", {"status": _one_of("started"), "job_id": _ID, "batch_id": _ID, "message": _TEXT}),
)
_PROGRESS = ("total_files", "processed", "success", "skipped", "failed", "cancelled", "remaining")
BATCH = _named(
    "Batch",
    _object(
        "A batch, and how far it is.",
        {
            "job_id": _ID,
            "status": _one_of("scanning", "running", "completed", "failed", "cancelled"),
            "path": _PATH,
            "progress": _object(
                "How far it is.",
                {**dict.fromkeys(_PROGRESS, _COUNT), "percent": _PERCENT},
                eta_seconds={"type": ["number", "null"], "minimum": 0},
            ),
            "created_at": _MAYBE_TIME,
            "started_at": _MAYBE_TIME,
            "completed_at": _MAYBE_TIME,
        },
        recursive=_BOOLEAN,
        pattern=_or_null("string"),
        dry_run=_BOOLEAN,
        priority=_PRIORITY,
        message={**_TEXT, "description": "Why it waits."},
        error=_object("Why the folder could not be read.", {"code": _TEXT, "message": _TEXT}),
        unreadable=_object(
            "What of the folder could not be read; it counts as failed.",
            {
                "total": _COUNT,
                "files": _list(_object("One of them.", {"path": _PATH, "code": _TEXT, "message": _TEXT})),
            },
        ),
        results=_list({"type": "object"}),
    ),
)
BATCHES = _named("Batches", _page("batches", BATCH, "The batches, the latest first."))
BATCH_CANCELLED = _named(
    "BatchCancelled",
    _object(
        "What waited is cancelled; what runs completes.",
        {"status": _TEXT, "cancelled_jobs": _COUNT, "processed_before_cancel": _COUNT},
    ),
)

_HEALTH = _one_of("healthy", "degraded", "unhealthy")
HEALTH = _named(
    "Health",
    _object(
        "How the server is; without the secret, the status alone.",
        {"status": _HEALTH, "timestamp": _TIME},
        version=_TEXT,
        uptime_seconds=_NUMBER,
        checks={
            "type": "object",
            "properties": {"tools": {"type": "object", "additionalProperties": _or_null("string")}},
            "additionalProperties": _object("A part.", {"status": _HEALTH}, message=_TEXT),
        },
    ),
)
QUEUE = _named(
    "Queue",
    _object(
        "What is in hand, and what is next.",
        {
            "running": _list(JOB),
            "next": _list(JOB),
            "waiting": _each(tuple(PRIORITIES), _COUNT),
            "held": _COUNT,
            "workers": _object("The workers beside the server.", {"wanted": _COUNT, "alive": _BOOLEAN}),
        },
    ),
)
_TOTALS = _each(("total", "changed", "unchanged", "skipped", "failed"), _COUNT)
STATS = _named(
    "Stats",
    _object(
        "What came of the files.",
        {
            "files": _TOTALS,
            "by_container": {"type": "object", "additionalProperties": _TOTALS},
            "complete": {**_BOOLEAN, "description": "Whether all jobs have been counted yet."},
        },
    ),
)
CLEANUP = _named("Cleanup", _object("What was forgotten.", {"status": _TEXT, "jobs": _COUNT, "edits": _COUNT}))
