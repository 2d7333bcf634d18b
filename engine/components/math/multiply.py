"""Multiply two numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.components.math.operation import TwoNumbers

if TYPE_CHECKING:
    from engine.components.math.numbers import Number


class Multiply(TwoNumbers):
    """Send ``a * b``."""

    component = "tpl_math_multiply"
    title = "Multiply"

    def calculate(self, a: Number, b: Number) -> Number:
        return a * b
