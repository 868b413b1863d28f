"""A route: what is asked where, what it answers, and what the documentation says of it, declared once."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from arrtheaudio.core.value import Value
from arrtheaudio.server.message import Request, Response

if TYPE_CHECKING:
    from arrtheaudio.server.service import Service

Schema = Mapping[str, Any]
Answer = Callable[["Service", Request], Response]

# Who may ask without the secret; who is told details alone; who may ask only with it.
OPEN, SECRET = "open", "secret"


class Parameter(Value):
    """A parameter of the query: its name, its JSON Schema, and what it means."""

    name: str
    schema: Schema
    help: str


class Route(Value):
    """A path such as `/jobs/{id}`, the methods that ask there, and who answers.

    `summary` is a line for the documentation, `help` more of it. `query` are the parameters that are read; `body` is
    the JSON Schema of the request's body, None where it has none. `answers` are the statuses that are specific to it,
    with a description and the schema of their JSON (None: it is not JSON). `limit` names the rate limit; None is none.
    `page` is for people, so a browser is made to ask for the secret.
    """

    methods: tuple[str, ...]
    path: str
    answer: Answer
    summary: str
    help: str = ""
    query: tuple[Parameter, ...] = ()
    body: Schema | None = None
    answers: Mapping[int, tuple[str, Schema | None]] = MappingProxyType({})
    access: str = SECRET
    limit: str | None = "default"
    page: bool = False
    tag: str = "jobs"

    @property
    def changes(self) -> bool:
        """Say whether it changes anything."""
        return not {*self.methods} <= {"GET", "HEAD"}
