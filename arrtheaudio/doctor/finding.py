"""What one look has found."""

from arrtheaudio.core.value import Value

OK, NOTE, WARNING, ERROR = "ok", "note", "warning", "error"


class Finding(Value):
    """`check` is where was looked, `level` how bad it is; `what` is so, `why` it matters, and `mend` makes it right.

    `mend` is a command, or lines for the configuration file. What is `ok` needs neither.
    """

    check: str
    level: str
    what: str
    why: str = ""
    mend: str = ""
