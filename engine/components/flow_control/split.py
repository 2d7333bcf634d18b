"""Take a list apart: its first element, the others, and how many there are."""

from __future__ import annotations

from engine.actor import Actor, Context, Outputs
from engine.components.lists import NOT_AN_ARRAY
from engine.components.palette import inport, outport
from engine.messages import FrozenList


class Split(Actor):
    """Take a list apart: its first element, the others, and how many there are."""

    component = "tpl_split"
    inports = (inport("input", "array", help="a list"),)
    outports = (
        outport("head", help="the first element; nothing for an empty list"),
        outport("tail", "array", help="all elements but the first"),
        outport("count", "integer", help="how many elements the list has"),
        outport("error", "error", help="the input is not a list"),
    )
    effect = "none"
    stateless = True
    title = "Split"
    category = "flow"
    icon = "scissors"

    def process(self, ctx: Context) -> Outputs:
        items = ctx.inputs["input"]
        if not isinstance(items, list):
            return NOT_AN_ARRAY
        rest = {"tail": FrozenList(items[1:]), "count": len(items)}
        return {"head": items[0], **rest} if items else rest
