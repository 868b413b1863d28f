"""How long news wait: for more of the same, and for who does not answer."""

from arrtheaudio.core.value import Value


class Pace(Value):
    """Seconds: of quiet before something is sent, and how long it waits at most; the pauses between the tries.

    `end` is what is given to what waits at the end, and `hurried` after a signal.
    """

    quiet: float = 2.0
    longest: float = 30.0
    pauses: tuple[float, ...] = (10.0, 40.0, 150.0, 400.0)
    end: float = 5.0
    hurried: float = 2.0


PACE = Pace()
