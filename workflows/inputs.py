"""Where each key of a run's ``input`` goes: pure functions over a graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.codec import from_wire
from engine.errors import CodecError, InputError, Problem, nearest
from engine.messages import Message
from engine.network.entry import read_inputs

if TYPE_CHECKING:
    from engine.graph import Graph
    from engine.network.start_at import StartAt
    from engine.registry import Registry


@dataclass(frozen=True, slots=True)
class Distribution:
    """What enters a run: a JSON value for each graph inport, and a message for its triggers."""

    inputs: Mapping[str, Any]
    trigger: Message | None
    warnings: tuple[str, ...]
    start_at: StartAt | None = None  # in place of both: one firing of one node


def distribute(graph: Graph, registry: Registry, given: Any) -> Distribution:
    """Send each key that is a graph inport there, and the rest to the trigger nodes.

    Raises:
        InputError: the input is not an object, or a value does not fit its inport.
    """
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        raise InputError([Problem("input", f"must be an object, not {kind}", "input_not_object")])
    inputs, rest = _split(graph, given)
    read_inputs(graph, registry, inputs)
    if not has_trigger(graph, registry):
        return Distribution(inputs, None, _unread(graph, rest))
    try:
        trigger = from_wire({"type": "Object", "data": rest})
    except CodecError as error:
        raise InputError([Problem("input", str(error), "message_invalid")]) from error
    return Distribution(inputs, trigger, ())


def has_trigger(graph: Graph, registry: Registry) -> bool:
    """Whether a node of the graph starts from what a run was given."""
    actors = (registry.get(name) for name in {node.component for node in graph.nodes.values()})
    return any(actor is not None and actor.trigger for actor in actors)


def _split(graph: Graph, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    inputs: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for key, value in given.items():
        name = key if key in graph.inports or graph.case_sensitive else key.lower()
        if name in graph.inports and name not in inputs:
            inputs[name] = value
        else:
            rest[key] = value
    return inputs, rest


def _unread(graph: Graph, rest: Mapping[str, Any]) -> tuple[str, ...]:
    hints = ((key, nearest(key, graph.inports)) for key in rest)
    return tuple(
        f"input.{key}: no inport of the graph has this name{f' ({hint})' if hint else ''}"
        for key, hint in hints
    )
