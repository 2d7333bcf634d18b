"""Join one message of each connected inport into one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.actor import Actor, Context, Outputs
from engine.components.palette import inport, outport
from engine.messages import FrozenDict, FrozenList
from engine.node_config import setting

INPORTS = ("a", "b", "c", "d")


class Merge(Actor):
    """Join the n-th message of each connected inport into one Object, or one list."""

    component = "tpl_merge"
    inports = tuple(inport(name, help=f"the part {name}") for name in INPORTS)
    outports = (outport("output", help="{a, b, c, d}, or a list in this order; connected only"),)
    await_all_inports = True
    effect = "none"
    stateless = True
    title = "Merge"
    category = "flow"
    icon = "merge"

    @dataclass(frozen=True, slots=True)
    class Config:
        mode: Literal["object", "array"] = setting(
            "object", help="object: by the inport's name; array: a list"
        )

    def process(self, ctx: Context) -> Outputs:
        parts = {name: ctx.inputs[name] for name in INPORTS if name in ctx.inputs}
        if ctx.config.mode == "array":
            return {"output": FrozenList(parts.values())}
        return {"output": FrozenDict(parts)}
