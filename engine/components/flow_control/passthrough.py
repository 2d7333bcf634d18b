"""Send every message on, unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.actor import Actor
from engine.components.palette import inport, outport

if TYPE_CHECKING:
    from engine.messages import Message


class Passthrough(Actor):
    """Send every message on, unchanged."""

    component = "tpl_passthrough"
    inports = (inport("input", help="any message"),)
    outports = (outport("output", help="the same message"),)
    effect = "none"
    stateless = True
    title = "Passthrough"
    category = "flow"
    icon = "arrow-right"

    def process_batch(self, values: list[Message]) -> list[Message]:
        return values
