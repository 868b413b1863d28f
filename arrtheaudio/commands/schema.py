"""Print a JSON Schema: of a record, or of the configuration file."""

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


SCHEMAS = {"record": record_text, "config": config_text}


@click.command("schema", help=__doc__)
@click.argument("name", type=click.Choice(list(SCHEMAS)))
def command(name: str) -> None:
    """Print it."""
    output.put(SCHEMAS[name]().rstrip("\n").encode() + b"\n")
