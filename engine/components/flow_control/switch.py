"""Send each message to the port of the case that it equals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.actor import Actor, Context, Outputs
from engine.components.conditions import equal
from engine.components.palette import inport, outport
from engine.components.paths import ROOT, Path
from engine.node_config import ABSENT, setting

CASES = ("case1", "case2", "case3", "case4")


class SwitchCaseActor(Actor):
    """Send each message to the first case that it equals, or to ``default``."""

    component = "tpl_switch"
    inports = (inport("data", "any", "input", help="the message to sort"),)
    outports = (
        *(outport(case, help=f"messages equal to {case}_value") for case in CASES),
        outport("default", help="messages that equal no case"),
    )
    effect = "none"
    stateless = True
    title = "Switch"
    category = "flow"
    icon = "split"

    @dataclass(frozen=True, slots=True)
    class Config:
        switch_field: Path | None = setting(
            None, aliases=("field",), help="field or path to compare; without it the whole message"
        )
        case1_value: Any = setting(ABSENT, help="what the first case equals")
        case2_value: Any = setting(ABSENT, help="what the second case equals")
        case3_value: Any = setting(ABSENT, help="what the third case equals")
        case4_value: Any = setting(ABSENT, help="what the fourth case equals")

    def process(self, ctx: Context) -> Outputs:
        message, config = ctx.inputs["data"], ctx.config
        if config.switch_field and not isinstance(message, dict):
            return {"default": message}
        value = (config.switch_field or ROOT).get(message)
        for case in CASES:
            wanted = getattr(config, f"{case}_value")
            if wanted is not ABSENT and equal(value, wanted):
                return {case: message}
        return {"default": message}
