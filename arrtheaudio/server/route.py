"""A route: what is asked where, what it answers, and what the documentation says of it, declared once."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from arrtheaudio.core.value import Value
from arrtheaudio.server.message import Refused, Request, Response

if TYPE_CHECKING:
    from arrtheaudio.server.service import Service

Schema = Mapping[str, Any]
Answer = Callable[["Service", Request], Response]

_DIGITS = 9
LARGEST = 10**_DIGITS - 1

# Who may ask without the secret; who is told details alone; who may ask only with it.
OPEN, SECRET = "open", "secret"


class Parameter(Value):
    """A parameter of the query: its name, its JSON Schema, and what it means."""

    name: str
    schema: Schema
    help: str

    def of(self, request: Request) -> Any:
        """Return its value in a request, or its default; Refused, with 400 and what is allowed, where it is wrong."""
        text = request.query.get(self.name)
        if text is None:
            return self.schema.get("default")
        if self.schema.get("type") == "integer":
            return self._number(text)
        allowed = self.schema.get("enum", (text,))
        if text not in allowed:
            raise self._refused(text, f"one of {', '.join(allowed)}")
        return text

    def _number(self, text: str) -> int:
        least, most = self.schema.get("minimum", 0), self.schema.get("maximum", LARGEST)
        if text.isascii() and text.isdecimal() and len(text) <= _DIGITS and least <= int(text) <= most:
            return int(text)
        raise self._refused(text, f"a whole number from {least} to {most:,}")

    def _refused(self, text: str, allowed: str) -> Refused:
        return Refused(400, "invalid_request", f"{self.name} is {text!r:.60}; give {allowed}")


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
