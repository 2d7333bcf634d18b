"""Keep a number within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.components.math.bounds import Bounds
from engine.components.math.operation import OneNumber

if TYPE_CHECKING:
    from engine.components.math.numbers import Number


class Clamp(OneNumber):
    """Send the number, or the nearer of ``min`` and ``max`` if it is outside."""

    component = "tpl_math_clamp"
    title = "Clamp"

    class Config(Bounds):
        __slots__ = ()

    def calculate(self, value: Number) -> Number:
        config: Bounds = self.config
        return min(max(value, config.minimum), config.maximum)
