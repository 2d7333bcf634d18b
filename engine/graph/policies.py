"""Whether the policies of nodes, and the supervision of the graph, can be followed."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from engine.actor import Actor
from engine.behaviour import Style, style_of
from engine.errors import ConfigError, Problem, nearest
from engine.policy import policy_of, supervision_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.graph.elements import Node
    from engine.graph.model import Graph
    from engine.policy import NodePolicy
    from engine.ports import Port

_GENERATORS = (Style.GENERATOR, Style.ASYNC_GENERATOR)


def policy_problems(
    graph: Graph,
    actor_of: Callable[[str], type[Actor] | None],
    outports_of: Callable[[str, type[Actor]], tuple[Port, ...]],
) -> Iterator[Problem]:
    """A problem for each policy that is wrong, or that its node cannot follow."""
    for node in graph.nodes.values():
        if node.metadata and "policy" in node.metadata:
            actor = actor_of(node.id)
            ports = () if actor is None else outports_of(node.id, actor)
            yield from _of_node(node, actor, [port.name for port in ports])
    try:
        supervision_of(graph.properties)
    except ConfigError as error:
        yield from error.problems


def _of_node(node: Node, actor: type[Actor] | None, ports: list[str]) -> Iterator[Problem]:
    try:
        policy = policy_of(node.metadata or {}, node=node.id)
    except ConfigError as error:
        yield from error.problems
        return
    if policy is not None and actor is not None:
        yield from _misfits(node, policy, actor, ports)


def _misfits(
    node: Node, policy: NodePolicy, actor: type[Actor], ports: list[str]
) -> Iterator[Problem]:
    where = f"node {node.id!r}: policy"
    if style_of(actor) in _GENERATORS:
        text = "is not for generators: what one has sent cannot be taken back"
        yield Problem(where, text, "policy_invalid", node=node.id)
    breaker = policy.breaker
    if breaker is not None and breaker.scope == "service" and not _calls_a_service(actor):
        text = f"breaker.scope: {actor.component} calls no service; give the breaker a name instead"
        yield Problem(where, text, "policy_invalid", node=node.id)
    if policy.fallback is not None:
        port = policy.fallback.port
        if port not in ports:
            text, hint = f"fallback.port {port!r} is no outport", nearest(port, ports)
            yield Problem(where, text, "policy_invalid", node=node.id, port=port, hint=hint)


def _calls_a_service(actor: type[Actor]) -> bool:
    ours = inspect.getattr_static(Actor, "service_for")
    return inspect.getattr_static(actor, "service_for") is not ours
