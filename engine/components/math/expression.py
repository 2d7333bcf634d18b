"""Calculate a formula of one number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.components.math.formula import Formula
from engine.components.math.numbers import outcome, to_number
from engine.components.math.operation import ERROR, INPUT, RESULT, NumberOperation, sent
from engine.errors import ExpressionError, LimitError
from engine.messages import ErrorValue, type_name
from engine.node_config import setting

if TYPE_CHECKING:
    from engine.actor import Context, Outputs

ZERO = Formula.from_setting("0")


class MathExpression(NumberOperation):
    """Send the value of ``expression`` for each number."""

    component = "tpl_math_expression"
    title = "Expression"
    icon = "function"
    inports = (INPUT,)
    outports = (RESULT, ERROR)

    @dataclass(frozen=True, slots=True)
    class Config:
        expression: Formula | None = setting(
            None,
            help="a formula of $input: + - * / % ^ ( ), pi, e, sqrt(), sin(), min() and so on; "
            "or a CEL expression of input, whose numbers are doubles (2.0, not 2)",
        )
        precision: int = setting(10, minimum=0, help="decimals that results are rounded to")

    def process(self, ctx: Context) -> Outputs:
        number = float(to_number(ctx.inputs["input"]))
        try:
            value = (ctx.config.expression or ZERO).evaluate(number)
        except ExpressionError as error:
            return {"error": ErrorValue(error.reason)}
        except LimitError as error:
            return {"error": ErrorValue(str(error))}
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return {"error": ErrorValue(f"The result is {type_name(value)}, not a number")}
        return sent(outcome(value, ctx.config.precision))
