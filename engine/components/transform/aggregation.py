"""One number of many values, and the keys under which values are grouped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from engine.components.conditions import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def group_key(value: Any) -> str:
    """The key of a group, as JavaScript writes the value; null, lists and objects: undefined."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # 1 and 1.0 are equal
    return repr(value) if is_number(value) else "undefined"


def _floats(values: Sequence[Any]) -> list[float]:
    return [float(value) if is_number(value) else 0.0 for value in values]


def _sum(values: Sequence[Any]) -> float:
    total = 0.0
    for number in _floats(values):
        total += number
    if not math.isfinite(total):
        raise ValueError("the sum is too large for a number")
    return total


def _first(values: Sequence[Any]) -> float:
    return next(iter(_floats(values)), 0.0)


# A value that is no number counts as 0. Of no values there is no min and max; all else is 0.
AGGREGATES: Mapping[str, Callable[[Sequence[Any]], float | None]] = {
    "sum": _sum,
    "avg": lambda values: _sum(values) / max(len(values), 1),
    "count": lambda values: float(len(values)),
    "min": lambda values: min(_floats(values), default=None),
    "max": lambda values: max(_floats(values), default=None),
    "first": _first,
    "last": lambda values: _first(values[-1:]),
}
