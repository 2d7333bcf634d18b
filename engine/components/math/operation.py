"""What the operations on one and on two numbers share; each operation is a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.actor import Actor, Context, Outputs
from engine.components.math.numbers import Number, outcome, to_number
from engine.components.palette import inport, outport
from engine.messages import ErrorValue
from engine.node_config import setting

if TYPE_CHECKING:
    from engine.messages import Message

RESULT = outport("result", "float", help="the result")
ERROR = outport("error", "error", help="why there is no result")
A = inport("a", help="the first number", required=True)
B = inport("b", help="the second number", required=True)
INPUT = inport("input", help="the number", required=True)


def sent(value: Message) -> Outputs:
    """The outputs for a result, or for the Error that stands for it."""
    return {"error" if isinstance(value, ErrorValue) else "result": value}


class NumberOperation(Actor):
    """The base of the math components: their look, and ``precision``."""

    effect = "none"
    stateless = True
    category = "math"
    icon = "calculator"

    @dataclass(frozen=True, slots=True)
    class Config:
        precision: int = setting(10, minimum=0, help="decimals that results are rounded to")


class OneNumber(NumberOperation):
    """One number in, one result out. ``calculate`` raises ValueError for what has no result."""

    inports = (INPUT,)
    outports = (RESULT, ERROR)

    def calculate(self, value: Number) -> Number:
        raise NotImplementedError

    def process(self, ctx: Context) -> Outputs:
        try:
            value = self.calculate(to_number(ctx.inputs["input"]))
        except (ValueError, ArithmeticError) as error:
            return {"error": ErrorValue(str(error))}
        return sent(outcome(value, ctx.config.precision))


class TwoNumbers(NumberOperation):
    """The n-th number of one inport with the n-th of the other, one result out."""

    inports = (A, B)
    outports = (RESULT, ERROR)
    await_all_inports = True

    def calculate(self, a: Number, b: Number) -> Number:
        raise NotImplementedError

    def process(self, ctx: Context) -> Outputs:
        first, second = (to_number(ctx.inputs[port.name]) for port in self.inports)
        try:
            value = self.calculate(first, second)
        except (ValueError, ArithmeticError) as error:
            return {"error": ErrorValue(str(error))}
        return sent(outcome(value, ctx.config.precision))
