"""One number to the power of another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.components.math.operation import TwoNumbers
from engine.components.palette import inport

if TYPE_CHECKING:
    from engine.components.math.numbers import Number

_LARGEST = 2.0**63


class Power(TwoNumbers):
    """Send ``base`` to the power of ``exponent``; an Error if that is no real number."""

    component = "tpl_math_power"
    title = "Power"
    inports = (
        inport("base", "any", "a", help="the base", required=True),
        inport("exponent", "any", "b", help="the exponent", required=True),
    )

    def calculate(self, a: Number, b: Number) -> Number:
        return power(a, b)


def power(base: Number, exponent: Number) -> Number:
    """The power; whole numbers exactly, as long as they fit 64 bits.

    Raises:
        ValueError: there is none among the real numbers.
        OverflowError: it is too large for a float.
    """
    try:
        value = math.pow(base, exponent)
    except ValueError as error:
        raise ValueError(f"{base} to the power of {exponent} is not a real number") from error
    except OverflowError as error:
        raise OverflowError("The result is not a finite number") from error
    whole = isinstance(base, int) and isinstance(exponent, int) and exponent >= 0
    if whole and abs(value) < _LARGEST:
        return int(base**exponent)
    return value
