"""The rest of a division."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.components.math.operation import TwoNumbers

if TYPE_CHECKING:
    from engine.components.math.numbers import Number


class Modulo(TwoNumbers):
    """Send the rest of ``a / b``, with the sign of ``a``; an Error if ``b`` is 0."""

    component = "tpl_math_modulo"
    title = "Modulo"

    def calculate(self, a: Number, b: Number) -> Number:
        if b == 0:
            raise ValueError("Modulo by zero")
        if isinstance(a, int) and isinstance(b, int):
            rest = abs(a) % abs(b)
            return rest if a >= 0 else -rest
        return math.fmod(a, b)
