"""The smaller and the greater of two numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.components.math.numbers import outcome, to_number
from engine.components.math.operation import A, B, NumberOperation
from engine.components.palette import outport

if TYPE_CHECKING:
    from engine.actor import Context, Outputs


class MinMax(NumberOperation):
    """Send the smaller of ``a`` and ``b`` to ``min`` and the greater to ``max``."""

    component = "tpl_math_min_max"
    title = "Min / max"
    inports = (A, B)
    outports = (
        outport("min", "float", help="the smaller number"),
        outport("max", "float", help="the greater number"),
    )
    await_all_inports = True

    def process(self, ctx: Context) -> Outputs:
        numbers = sorted(to_number(ctx.inputs[port]) for port in ("a", "b"))
        low, high = (outcome(number, ctx.config.precision) for number in numbers)
        return {"min": low, "max": high}
