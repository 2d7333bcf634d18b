"""A random number."""

from __future__ import annotations

import random
from dataclasses import dataclass

from engine.actor import Actor, Context, Outputs
from engine.components.math.numbers import outcome
from engine.components.math.operation import RESULT
from engine.components.palette import inport
from engine.node_config import setting


class RandomNumber(Actor):
    """Send a random number from ``min`` to ``max``, at each trigger or once at the start."""

    component = "tpl_math_random"
    inports = (inport("trigger", help="any message; without a connection: once at the start"),)
    outports = (RESULT,)
    source = True
    effect = "none"
    title = "Random"
    category = "math"
    icon = "dice"

    @dataclass(frozen=True, slots=True)
    class Config:
        minimum: float = setting(0.0, key="min", help="the least result")
        maximum: float = setting(1.0, key="max", help="the greatest result")
        precision: int = setting(10, minimum=0, help="decimals that results are rounded to")

        def __post_init__(self) -> None:
            if self.minimum > self.maximum:
                raise ValueError(f"min {self.minimum:g} is greater than max {self.maximum:g}")

    def process(self, ctx: Context) -> Outputs:
        config = ctx.config
        number = random.uniform(config.minimum, config.maximum)  # noqa: S311 -- no secret
        return {"result": outcome(number, config.precision)}
