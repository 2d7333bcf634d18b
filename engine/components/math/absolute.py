"""The absolute value of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.components.math.operation import OneNumber

if TYPE_CHECKING:
    from engine.components.math.numbers import Number


class Absolute(OneNumber):
    """Send the number without its sign."""

    component = "tpl_math_absolute"
    title = "Absolute"

    def calculate(self, value: Number) -> Number:
        return abs(value)
