"""The parameters of every answer that is a list: how many of it, after how many."""

from arrtheaudio.server.route import Parameter

OFFSET = Parameter("offset", {"type": "integer", "minimum": 0, "default": 0}, "How many are left out before.")


def up_to(default: int) -> Parameter:
    """Return the parameter that says how many, 500 at most."""
    return Parameter(
        "limit", {"type": "integer", "minimum": 0, "maximum": 500, "default": default}, "How many are listed."
    )
