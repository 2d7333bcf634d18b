"""Make one value of a list."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from operator import add, mul
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from engine.actor import Actor, Context, Outputs
from engine.components.conditions import is_number
from engine.components.lists import NOT_AN_ARRAY
from engine.components.palette import inport, outport
from engine.messages import ErrorValue
from engine.node_config import setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.messages import Message

Operation: TypeAlias = Literal["sum", "product", "min", "max", "count", "concat", "first", "last"]


class Reduce(Actor):
    """Make one value of a list."""

    component = "tpl_reduce"
    inports = (inport("input", "array", help="a list"),)
    outports = (
        outport("output", help="the one value"),
        outport("error", "error", help="not a list, or a result too large for a number"),
    )
    effect = "none"
    stateless = True
    title = "Reduce"
    category = "flow"
    icon = "sigma"

    @dataclass(frozen=True, slots=True)
    class Config:
        operation: Operation = setting(
            "sum",
            help="sum, product, min, max of the numbers; concat of the texts; count, first, last "
            "of all elements",
        )

    def process(self, ctx: Context) -> Outputs:
        items = ctx.inputs["input"]
        if not isinstance(items, list):
            return NOT_AN_ARRAY
        value = REDUCERS[ctx.config.operation](items)
        if isinstance(value, float) and not math.isfinite(value):
            return {"error": ErrorValue(f"{ctx.config.operation}: the result is not finite")}
        return {"output": value}


def _numbers(items: Sequence[Any]) -> list[float]:
    return [float(item) for item in items if is_number(item)]


# Sums add from left to right, as the original does, so that the last digit is the same.
REDUCERS: Mapping[str, Callable[[Sequence[Any]], Message]] = {
    "sum": lambda items: reduce(add, _numbers(items), 0.0),
    "product": lambda items: reduce(mul, _numbers(items), 1.0),
    "min": lambda items: min(_numbers(items), default=None),
    "max": lambda items: max(_numbers(items), default=None),
    "count": len,
    "concat": lambda items: "".join(item for item in items if isinstance(item, str)),
    "first": lambda items: items[0] if items else None,
    "last": lambda items: items[-1] if items else None,
}
