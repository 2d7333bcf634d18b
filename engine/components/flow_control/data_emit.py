"""Send a fixed value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.actor import Actor, Context, Outputs
from engine.components.palette import inport, outport
from engine.node_config import ABSENT, setting


class DataEmit(Actor):
    """Send a fixed value when triggered; without a connection, once at the start."""

    component = "tpl_data_emit"
    inports = (inport("trigger", help="any message; its content is not read"),)
    outports = (outport("output", help="the value"),)
    source = True
    effect = "none"
    title = "Emit data"
    category = "data"
    icon = "play"

    @dataclass(frozen=True, slots=True)
    class Config:
        data: Any = setting(ABSENT, help="the value to send; without it nothing is sent")
        oneshot: bool = setting(True, help="send for the first trigger only")
        port: Any = setting(None, help="accepted for graphs that have it; never read")

    def process(self, ctx: Context) -> Outputs:
        if ctx.config.data is ABSENT or (ctx.config.oneshot and "sent" in ctx.state):
            return None
        ctx.state["sent"] = True
        return {"output": ctx.config.data}
