"""Values behave as NamedTuples do."""

from typing import NamedTuple

import pytest

from arrtheaudio.core.value import Value


class Ours(Value):
    a: int
    b: str = "b"
    c: tuple[int, ...] = ()


class Theirs(NamedTuple):
    a: int
    b: str = "b"
    c: tuple[int, ...] = ()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param((1,), {}, id="defaults"),
        pytest.param((1, "x", (2,)), {}, id="by position"),
        pytest.param((), {"c": (3,), "a": 1}, id="by name"),
        pytest.param((1,), {"c": (3,)}, id="mixed"),
        pytest.param((), {}, id="too few"),
        pytest.param((1, "x", (), 4), {}, id="too many"),
        pytest.param((1,), {"a": 2}, id="twice"),
        pytest.param((1,), {"z": 2}, id="unknown"),
    ],
)
def test_made_as_a_named_tuple_is(values: tuple[object, ...], named: dict[str, object]) -> None:
    try:
        theirs = Theirs(*values, **named)  # type: ignore[arg-type]
    except TypeError:
        with pytest.raises(TypeError, match="Ours takes a, b, c"):
            Ours(*values, **named)  # type: ignore[arg-type]
        return
    ours = Ours(*values, **named)  # type: ignore[arg-type]
    assert tuple(ours) == tuple(theirs)
    assert ours._asdict() == theirs._asdict()
    assert (ours.a, ours.b, ours.c) == (theirs.a, theirs.b, theirs.c)
    assert ours._replace(a=7) == Ours(7, ours.b, ours.c)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")


def test_is_immutable() -> None:
    with pytest.raises(AttributeError):
        Ours(1).a = 2  # type: ignore[misc]
