"""Outputs that somebody gives in the place of a firing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.codec import from_wire
from engine.errors import CodecError, InputError, MessageError, Problem, nearest
from engine.node_config import build_config
from engine.ports import accepts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.graph import Graph
    from engine.messages import Message
    from engine.ports import Port
    from engine.registry import Registry


def read_outputs(
    graph: Graph, registry: Registry, node_id: str, outputs: Mapping[str, Any]
) -> dict[str, list[Message]]:
    """The messages that a node is to have sent, from {outport: [JSON value or tagged message]}.

    Raises:
        InputError: a port is not there, or a value does not fit it.
    """
    node = graph.nodes[node_id]
    actor = registry.get(node.component)
    if actor is None:
        text = f"the component {node.component!r} is not there any more"
        raise InputError([Problem(f"node {node_id!r}", text, "unknown_component", node=node_id)])
    config = build_config(actor.Config, node.metadata or {}, node=node_id)
    ports = {port.name: port for port in actor.outports_for(config)}
    problems: list[Problem] = []
    found = {name: _read(node_id, ports, name, given, problems) for name, given in outputs.items()}
    if problems:
        raise InputError(problems)
    return found


def _read(
    node_id: str, ports: Mapping[str, Port], name: str, given: Any, problems: list[Problem]
) -> list[Message]:
    def wrong(text: str, code: str, hint: str = "") -> None:
        where = f"outputs.{name}"
        problems.append(Problem(where, text, code, node=node_id, port=name, hint=hint))

    messages: list[Message] = []
    port = ports.get(name)
    if port is None:
        wrong(f"node {node_id!r} has no such outport", "unknown_port", nearest(name, ports))
    elif not isinstance(given, list):
        wrong("must be a list of messages, those that the node is to have sent", "invalid")
    else:
        for value in given:
            try:
                message = from_wire(value)
            except (CodecError, MessageError) as error:
                wrong(str(error), "message_invalid")
                continue
            if not accepts(port, message):
                kind = type(message).__name__
                wrong(f"{kind} does not fit a port of type {port.type}", "type_mismatch")
            messages.append(message)
    return messages
