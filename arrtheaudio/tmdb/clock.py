"""The time, as a value: a test has its own."""

import time
from collections.abc import Callable

from arrtheaudio.core.value import Value


class Clock(Value):
    """`now` gives seconds since 1970, which all processes of a machine share; `sleep` waits for seconds."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


CLOCK = Clock()
