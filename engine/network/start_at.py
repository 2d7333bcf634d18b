"""A run that begins in the middle: only some nodes are given messages, and nothing else starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.codec import from_wire
from engine.errors import CodecError, InputError, MessageError, Problem, nearest
from engine.graph import resolve_port
from engine.network.entry import receive, resuming
from engine.ports import accepts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.actor import Actor
    from engine.graph import Graph
    from engine.messages import Message
    from engine.network.scheduler import Scheduler
    from engine.registry import Registry

    StartAt = Mapping[str, Mapping[str, Any]]


def read_start(
    graph: Graph, registry: Registry, start_at: StartAt
) -> dict[str, dict[str, Message]]:
    """The messages of one firing of each node, by node and port.

    Raises:
        InputError: a node or port is not there, a value does not fit its port, or the node would
            not fire exactly once with these.
    """
    problems: list[Problem] = []
    messages: dict[str, dict[str, Message]] = {}
    for node_id, inputs in start_at.items():
        node = graph.nodes.get(node_id)
        actor = registry.get(node.component) if node else None
        if actor is None:
            hint = nearest(node_id, graph.nodes)
            problems.append(_wrong(node_id, "", "there is no such node", "unknown_node", hint))
            continue
        messages[node_id] = {}
        for port, value in inputs.items():
            problem, message = _read(node_id, actor, port, value)
            problems += problem
            messages[node_id][port] = message
        problems += _of_ports(graph, node_id, actor, inputs)
    if problems:
        raise InputError(problems)
    return messages


def lay_in_at(scheduler: Scheduler, start_at: Mapping[str, Mapping[str, Message]]) -> None:
    """Fill these mailboxes only; no initial packet, source or trigger starts anything."""
    with resuming(scheduler):
        for node in scheduler.nodes.values():
            node.kick = None
        for node_id, inputs in start_at.items():
            for port, message in inputs.items():
                receive(scheduler, scheduler.nodes[node_id].inports[port], [message])


def _read(node_id: str, actor: type[Actor], name: str, value: Any) -> tuple[list[Problem], Message]:
    port = next((port for port in actor.inports if port.name == name), None)
    if port is None:
        hint = nearest(name, [port.name for port in actor.inports])
        problem = _wrong(node_id, name, "the node has no such inport", "unknown_port", hint)
        return [problem], None
    try:
        message = from_wire(value)
    except (CodecError, MessageError) as error:
        return [_wrong(node_id, name, str(error), "message_invalid")], None
    if not accepts(port, message):
        text = f"{type(message).__name__} does not fit a port of type {port.type}"
        return [_wrong(node_id, name, text, "type_mismatch")], None
    return [], message


def _of_ports(
    graph: Graph, node_id: str, actor: type[Actor], given: Mapping[str, Any]
) -> Iterator[Problem]:
    """Too few messages and the node never fires; too many and it fires more than once."""
    if not actor.await_all_inports:
        if len(given) != 1:
            text = f"one firing takes one message of one port, not {len(given)}"
            yield _wrong(node_id, "", text, "inputs_incomplete")
        return
    for port in actor.inports:
        if (port.name in given) != (fed := _is_fed(graph, node_id, actor, port.name)):
            text = "a message is missing" if fed else "nothing is connected to this port"
            yield _wrong(node_id, port.name, text, "inputs_incomplete")


def _is_fed(graph: Graph, node_id: str, actor: type[Actor], name: str) -> bool:
    """Whether the node waits for a message of this port."""
    ends = [(wire.to_node, wire.to_port) for wire in graph.connections]
    ends += [(item.node, item.port) for item in graph.initials]
    ends += [(item.node, item.port) for item in graph.inports.values()]
    found = (
        resolve_port(actor.inports, port, case_sensitive=graph.case_sensitive)
        for node, port in ends
        if node == node_id
    )
    return any(port is not None and port.name == name for port in found)


def _wrong(node: str, port: str, text: str, code: str, hint: str = "") -> Problem:
    where = f"node {node!r} port {port!r}" if port else f"node {node!r}"
    return Problem(where, text, code, node=node, port=port, hint=hint)
