"""Mean, median, deviation, least and greatest of a list of numbers."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from engine.components.math.aggregate import VALUES
from engine.components.math.lists import numbers_of, total
from engine.components.math.numbers import outcome
from engine.components.math.operation import ERROR, NumberOperation
from engine.components.palette import outport
from engine.messages import ErrorValue

if TYPE_CHECKING:
    from engine.actor import Context, Outputs
    from engine.components.math.numbers import Number
    from engine.messages import Message


class Statistics(NumberOperation):
    """Send what describes the list, each on its port; only ``count`` for an empty one."""

    component = "tpl_math_statistics"
    title = "Statistics"
    inports = (VALUES,)
    outports = (
        outport("mean", "float", help="the mean"),
        outport("median", "float", help="the middle value, or the mean of the middle two"),
        outport("stddev", "float", help="the deviation, of the list as the whole population"),
        outport("min", "float", help="the least value"),
        outport("max", "float", help="the greatest value"),
        outport("count", "integer", help="how many numbers there are"),
        ERROR,
    )

    def process(self, ctx: Context) -> Outputs:
        try:
            numbers = numbers_of(ctx.inputs["values"])
            described = _describe(numbers) if numbers else {}
        except (ValueError, ArithmeticError) as error:
            return {"error": ErrorValue(str(error))}
        results: dict[str, Message] = {
            port: outcome(value, ctx.config.precision) for port, value in described.items()
        }
        wrong = [value for value in results.values() if isinstance(value, ErrorValue)]
        return {"error": wrong[0]} if wrong else results | {"count": len(numbers)}


def _describe(numbers: list[Number]) -> dict[str, Number]:
    return {
        "mean": total(numbers) / len(numbers),
        "median": statistics.median(numbers),
        "stddev": statistics.pstdev(numbers),
        "min": min(numbers),
        "max": max(numbers),
    }
