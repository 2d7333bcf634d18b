"""Collect messages into lists of a certain length."""

from __future__ import annotations

from dataclasses import dataclass

from engine.actor import Actor, Context, Outputs
from engine.components.palette import inport, outport
from engine.messages import FrozenList
from engine.node_config import setting


class Collect(Actor):
    """Collect messages and send them as one list; the rest leaves at the end of the run."""

    component = "tpl_collect"
    inports = (inport("input", help="any message"),)
    outports = (
        outport("output", "array", help="the collected messages, in the order they came"),
        outport("count", "integer", help="how many there are"),
    )
    effect = "none"
    title = "Collect"
    category = "flow"
    icon = "layers"

    @dataclass(frozen=True, slots=True)
    class Config:
        count: int = setting(
            10, minimum=0, help="messages in a list; with 0 each message is sent at once"
        )

    def process(self, ctx: Context) -> Outputs:
        held = ctx.state  # number -> message: adding one is cheap, and each is immutable
        held[str(len(held))] = ctx.inputs["input"]
        return self.drain(ctx) if len(held) >= ctx.config.count else None

    def drain(self, ctx: Context) -> Outputs:
        """What is held, however little; the network calls it once nothing more can come."""
        if not ctx.state:
            return None
        items = FrozenList(ctx.state[str(number)] for number in range(len(ctx.state)))
        ctx.state.clear()
        return {"output": items, "count": len(items)}
