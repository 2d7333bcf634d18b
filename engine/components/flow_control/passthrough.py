"""Send every message on, unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.actor import Actor
from engine.ports import Port

if TYPE_CHECKING:
    from engine.messages import Message


class Passthrough(Actor):
    """Send every message on, unchanged."""

    component = "tpl_passthrough"
    inports = (Port("input"),)
    outports = (Port("output"),)
    effect = "none"
    stateless = True
    title = "Passthrough"
    category = "flow"

    def process_batch(self, values: list[Message]) -> list[Message]:
        return values
