"""Whether the policies of nodes, and the supervision of the graph, can be followed."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from engine.actor import Actor, Effect
from engine.behaviour import Style, style_of
from engine.errors import ConfigError, Problem, nearest
from engine.graph.effects import declares_effect, effect_of
from engine.policy import InDoubt, in_doubt_of, policy_of, supervision_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from engine.graph.elements import Node
    from engine.graph.model import Graph
    from engine.policy import NodePolicy
    from engine.ports import Port

# Properties of a graph that are one word, the default first.
WORDS = {"onError": ("fail", "ignore"), "onUndelivered": ("ignore", "fail")}
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
            names = [port.name for port in ports]
            yield from _of_node(node, actor, names, graph.properties)
    for read in (supervision_of, in_doubt_of):
        try:
            read(graph.properties)
        except ConfigError as error:
            yield from error.problems
    for key, words in WORDS.items():
        given = graph.properties.get(key, words[0])
        if given not in words:
            text, hint = f"{given!r} is no such word", nearest(str(given), words)
            yield Problem(f"properties.{key}", text, "policy_invalid", hint=hint)


def _of_node(
    node: Node, actor: type[Actor] | None, ports: list[str], properties: Mapping[str, Any]
) -> Iterator[Problem]:
    try:
        policy = policy_of(node.metadata or {}, node=node.id)
    except ConfigError as error:
        yield from error.problems
        return
    if policy is not None and actor is not None:
        yield from _misfits(node, policy, actor, ports)
        yield from _second_tries(node, policy, actor, properties)


def _misfits(
    node: Node, policy: NodePolicy, actor: type[Actor], ports: list[str]
) -> Iterator[Problem]:
    where = f"node {node.id!r}: policy"
    if style_of(actor) in _GENERATORS and policy.of_failures is not None:
        text = "is not for generators: what one has sent cannot be taken back"
        yield Problem(where, text, "policy_invalid", node=node.id)
    if policy.in_doubt is not None and effect_of(node, actor) in (Effect.NONE, Effect.IDEMPOTENT):
        text = f"inDoubt does nothing: {actor.component} may be done again at any time"
        yield Problem(where, text, "policy_unused", node=node.id, severity="warning")
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


def _second_tries(
    node: Node, policy: NodePolicy, actor: type[Actor], properties: Mapping[str, Any]
) -> Iterator[Problem]:
    """A try that failed may have had its effect: an unsafe one is done again only if that is said.

    Of an actor that declares nothing this is a warning: most of them do nothing outside.
    """
    if policy.retry.attempts == 1 or effect_of(node, actor) is not Effect.UNSAFE:
        return
    try:
        said = policy.in_doubt or in_doubt_of(properties)
    except ConfigError:
        return
    if said is InDoubt.RERUN:
        return
    where, declared = f"node {node.id!r}: policy", declares_effect(actor)
    text = "retry may do an unsafe effect twice: a try that failed may have had it"
    if not declared:
        text = "retry may do an effect twice: the actor declares none, and so counts as unsafe"
    hint = "set inDoubt to rerun if it may happen twice, or declare the actor's effect"
    severity = "error" if declared else "warning"
    yield Problem(where, text, "retry_unsafe", node=node.id, hint=hint, severity=severity)
