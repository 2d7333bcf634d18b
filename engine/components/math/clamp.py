"""Keep a number within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.components.math.operation import OneNumber
from engine.node_config import setting

if TYPE_CHECKING:
    from engine.components.math.numbers import Number


class Clamp(OneNumber):
    """Send the number, or the nearer of ``min`` and ``max`` if it is outside."""

    component = "tpl_math_clamp"
    title = "Clamp"

    @dataclass(frozen=True, slots=True)
    class Config:
        minimum: float = setting(0.0, key="min", help="the least result")
        maximum: float = setting(1.0, key="max", help="the greatest result")
        precision: int = setting(10, minimum=0, help="decimals that results are rounded to")

        def __post_init__(self) -> None:
            if self.minimum > self.maximum:
                raise ValueError(f"min {self.minimum:g} is greater than max {self.maximum:g}")

    def calculate(self, value: Number) -> Number:
        config: Clamp.Config = self.config
        return min(max(value, config.minimum), config.maximum)
