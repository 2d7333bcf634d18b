"""Let a message pass, or not, as a control message says."""

from __future__ import annotations

from dataclasses import dataclass

from engine.actor import Actor, Context, Outputs
from engine.components.palette import inport, outport
from engine.node_config import setting


class Gate(Actor):
    """Send each message to ``output`` or ``blocked``, as the control message beside it says."""

    component = "tpl_gate"
    inports = (
        inport("input", required=True, help="the message"),
        inport("control", required=True, help="false and 0 close the gate for one message"),
    )
    outports = (
        outport("output", help="messages that passed"),
        outport("blocked", help="messages that did not"),
    )
    await_all_inports = True
    effect = "none"
    stateless = True
    title = "Gate"
    category = "flow"
    icon = "door-open"

    @dataclass(frozen=True, slots=True)
    class Config:
        invert: bool = setting(False, help="false and 0 open the gate instead")

    def process(self, ctx: Context) -> Outputs:
        control = ctx.inputs["control"]
        is_open = bool(control) if isinstance(control, (bool, int, float)) else True
        port = "output" if is_open is not ctx.config.invert else "blocked"
        return {port: ctx.inputs["input"]}
