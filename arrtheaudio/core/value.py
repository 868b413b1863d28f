"""Immutable values with named fields."""

from operator import itemgetter
from typing import Any, ClassVar, Self, dataclass_transform


@dataclass_transform(frozen_default=True)
class Value(tuple[Any, ...]):
    """A tuple whose items have names, types and defaults, as `typing.NamedTuple` has them.

    NamedTuple compiles code for each class, 0.3 ms of it; some fifty of them stand in the way of every start.
    """

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ()
    _field_names: ClassVar[frozenset[str]] = frozenset()
    _field_defaults: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        """Make the annotations of the class body its items, in their order."""
        cls._fields = tuple(cls.__annotations__)
        cls._field_names = frozenset(cls._fields)
        cls._field_defaults = {name: cls.__dict__[name] for name in cls._fields if name in cls.__dict__}
        for place, name in enumerate(cls._fields):
            setattr(cls, name, property(itemgetter(place)))

    def __new__(cls, *values: Any, **named: Any) -> Self:
        """Take the items by position and by name."""
        if named or len(values) != len(cls._fields):
            values = cls._bind(values, named)
        return tuple.__new__(cls, values)

    @classmethod
    def _bind(cls, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        items = {**cls._field_defaults, **dict(zip(cls._fields, values, strict=False)), **named}
        try:
            bound = tuple(map(items.__getitem__, cls._fields))
        except KeyError:
            bound = ()
        if (
            len(values) > len(bound)
            or len(items) != len(bound)
            or not named.keys().isdisjoint(cls._fields[: len(values)])
        ):
            raise TypeError(f"{cls.__name__} takes {', '.join(cls._fields)}")
        return bound

    def _replace(self, **named: Any) -> Self:
        """Return the value with other items."""
        if not named.keys() <= self._field_names:
            raise TypeError(f"{type(self).__name__} has {', '.join(self._fields)}")
        return tuple.__new__(type(self), map(named.get, self._fields, self))

    def _asdict(self) -> dict[str, Any]:
        """Return the items by name."""
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        """Return what makes the value."""
        return f"{type(self).__name__}({', '.join(f'{name}={item!r}' for name, item in self._asdict().items())})"
