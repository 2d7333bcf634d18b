"""Round a number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.components.math.operation import OneNumber
from engine.node_config import setting

if TYPE_CHECKING:
    from engine.components.math.numbers import Number


class Round(OneNumber):
    """Send the number rounded: to ``precision`` decimals, or down, up, or towards zero."""

    component = "tpl_math_round"
    title = "Round"

    @dataclass(frozen=True, slots=True)
    class Config:
        mode: Literal["round", "floor", "ceil", "trunc"] = setting(
            "round", help="round: to precision decimals; the others give whole numbers"
        )
        precision: int = setting(10, minimum=0, help="decimals that results are rounded to")

    def calculate(self, value: Number) -> Number:
        match self.config.mode:
            case "floor":
                return math.floor(value)
            case "ceil":
                return math.ceil(value)
            case "trunc":
                return math.trunc(value)
            case _:
                return value
