"""Send every message on, some time after it came."""

from __future__ import annotations

from dataclasses import dataclass

from engine.actor import Actor, Context, Outputs
from engine.components.palette import inport, outport
from engine.node_config import setting


class Delay(Actor):
    """Send each message on, unchanged and in order, ``delayMs`` after it came."""

    component = "tpl_delay"
    inports = (inport("input", help="any message"),)
    outports = (outport("output", help="the same message, later"),)
    concurrency = 1000  # so many messages wait side by side
    effect = "none"
    stateless = True
    title = "Delay"
    category = "flow"
    icon = "timer"

    @dataclass(frozen=True, slots=True)
    class Config:
        delay_ms: int = setting(1000, key="delayMs", minimum=0, help="milliseconds to wait")

    async def process(self, ctx: Context) -> Outputs:
        message = ctx.inputs["input"]
        await ctx.sleep(ctx.config.delay_ms / 1000)
        return {"output": message}
