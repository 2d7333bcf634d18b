"""The square root of a number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.components.math.operation import OneNumber

if TYPE_CHECKING:
    from engine.components.math.numbers import Number


class SquareRoot(OneNumber):
    """Send the square root; an Error if the number is negative."""

    component = "tpl_math_sqrt"
    title = "Square root"

    def calculate(self, value: Number) -> Number:
        if value < 0:
            raise ValueError("Square root of negative number")
        return math.sqrt(value)
