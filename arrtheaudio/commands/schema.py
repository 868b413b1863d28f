"""Print the schema of records, of the configuration, or of the API.

JSON Schema for the first two; for what `serve` answers, OpenAPI 3.1.
"""

import os

import click

from arrtheaudio import output


def record_text() -> str:
    """Return the JSON Schema of a record."""
    with open(os.path.join(os.path.dirname(os.path.dirname(__file__)), "record.schema.json"), encoding="utf-8") as file:
        return file.read()


def config_text() -> str:
    """Return the JSON Schema of the configuration."""
    from arrtheaudio import config

    return config.schema_text()


def openapi_text() -> str:
    """Return the OpenAPI document of the server."""
    from arrtheaudio.server import site

    return site.text()


EXIT_STATUS = (
    ("0", "It is printed."),
    ("1", "Standard output takes no more."),
    ("2", "There is no schema of that name."),
)
EXAMPLES = (
    ("The keys of the configuration:", "arrtheaudio schema config | jq -r '.properties | keys_unsorted[]'"),
    (
        "The names of all failures:",
        """\
arrtheaudio schema record | jq '."$defs".error.properties.code.enum'""",
    ),
)
SCHEMAS = {"record": record_text, "config": config_text, "openapi": openapi_text}


@click.command("schema", help=__doc__)
@click.argument("name", type=click.Choice(list(SCHEMAS)))
def command(name: str) -> None:
    """Print it."""
    output.put(SCHEMAS[name]().rstrip("\n").encode() + b"\n")
