"""The inport that starts a node to which nothing is connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.graph.ports import resolve_port

if TYPE_CHECKING:
    from engine.actor import Actor
    from engine.ports import Port
    from workflows.zeal.document import Node


def kick_of(node: Node, actor: type[Actor]) -> Port | None:
    """Its first inport, in the editor's order; None for what starts by itself or needs more."""
    if actor.source or actor.trigger:
        return None
    drawn = (port.id for port in node.ports if port.side == "input")
    found = (resolve_port(actor.inports, name) for name in drawn)
    first = next((port for port in found if port), next(iter(actor.inports), None))
    return None if first is None or first.required else first
