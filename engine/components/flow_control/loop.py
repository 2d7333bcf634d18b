"""Send the elements of a list, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from engine.actor import Actor, Context
from engine.components.palette import inport, outport
from engine.messages import FrozenDict
from engine.node_config import setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.messages import Message


class LoopActor(Actor):
    """Send each element of a list with its index from 0, then say that it is completed."""

    component = "tpl_loop"
    inports = (
        inport("collection", "array", "items", help="a list; anything else has no elements"),
        inport("initial_value", help="accepted for graphs that have it; never read"),
    )
    outports = (
        outport("item", "object", help="{value, index} of each element, in order"),
        outport("completed", "boolean", "done", help="true after the last element"),
        outport("index", "integer", help="the index of each element alone"),
    )
    effect = "none"
    stateless = True
    title = "Loop"
    category = "flow"
    icon = "repeat"

    @dataclass(frozen=True, slots=True)
    class Config:
        max_iterations: int = setting(
            0, key="maxIterations", minimum=0, help="stop after so many elements; 0 is no maximum"
        )

    def process(self, ctx: Context) -> Iterator[tuple[str, Message]]:
        if "collection" not in ctx.inputs:
            return
        collection, wants_index = ctx.inputs["collection"], "index" in ctx.connected_outports
        elements = collection if isinstance(collection, list) else ()
        for index, value in enumerate(islice(elements, ctx.config.max_iterations or None)):
            yield "item", FrozenDict(value=value, index=index)
            if wants_index:
                yield "index", index
        yield "completed", True
