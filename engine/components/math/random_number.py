"""A random number."""

from __future__ import annotations

import random

from engine.actor import Actor, Context, Outputs
from engine.components.math.bounds import Bounds
from engine.components.math.numbers import outcome
from engine.components.math.operation import RESULT
from engine.components.palette import inport


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

    class Config(Bounds):
        __slots__ = ()

    def process(self, ctx: Context) -> Outputs:
        config = ctx.config
        number = random.uniform(config.minimum, config.maximum)  # noqa: S311 -- no secret
        return {"result": outcome(number, config.precision)}
