"""Divide one number by another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.components.math.operation import TwoNumbers

if TYPE_CHECKING:
    from engine.components.math.numbers import Number


class Divide(TwoNumbers):
    """Send ``a / b``; an Error if ``b`` is 0."""

    component = "tpl_math_divide"
    title = "Divide"

    def calculate(self, a: Number, b: Number) -> Number:
        if b == 0:
            raise ValueError("Division by zero")
        if isinstance(a, int) and isinstance(b, int) and a % b == 0:
            return a // b  # exact, however large
        return a / b
