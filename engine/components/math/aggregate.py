"""What the components that make one number of a list share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.components.math.lists import numbers_of
from engine.components.math.numbers import Number, outcome
from engine.components.math.operation import ERROR, RESULT, NumberOperation, sent
from engine.components.palette import inport
from engine.messages import ErrorValue

if TYPE_CHECKING:
    from engine.actor import Context, Outputs

VALUES = inport("values", "array", help="a list of numbers", required=True)


class ListOperation(NumberOperation):
    """A list of numbers in, one result out."""

    inports = (VALUES,)
    outports = (RESULT, ERROR)

    def calculate(self, numbers: list[Number]) -> Number:
        raise NotImplementedError

    def process(self, ctx: Context) -> Outputs:
        try:
            value = self.calculate(numbers_of(ctx.inputs["values"]))
        except (ValueError, ArithmeticError) as error:
            return {"error": ErrorValue(str(error))}
        return sent(outcome(value, ctx.config.precision))
