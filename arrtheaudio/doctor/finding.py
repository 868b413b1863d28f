"""What one look has found."""

from arrtheaudio.core.value import Value

OK, NOTE, WARNING, ERROR = "ok", "note", "warning", "error"


class Finding(Value):
    """`check` is where was looked, `level` how bad it is; `what` is so, `why` it matters, and what makes it right.

    That is a command in `mend`, lines for the configuration file in `config`, or both. What is `ok` needs neither.
    """

    check: str
    level: str
    what: str
    why: str = ""
    mend: str = ""
    config: str = ""
