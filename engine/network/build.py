"""From a graph to the nodes of a network: actors made, ports connected, packets laid in."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from engine.actor import Effect
from engine.behaviour import Style
from engine.errors import GraphError, Problem
from engine.graph import GraphLimits, check, resolve_port
from engine.messages import FrozenDict
from engine.network.collector import Collector
from engine.network.doubts import see_to_doubts
from engine.network.mailbox import Link
from engine.network.node import Node
from engine.network.renewal import equip
from engine.network.supervisor import Supervisor
from engine.node_config import build_config, unknown_settings
from engine.policy import policy_of, supervision_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from engine.actor import Actor
    from engine.graph import Graph
    from engine.graph.elements import Connection
    from engine.network.scheduler import Scheduler
    from engine.registry import Registry

NO_SETTINGS = FrozenDict()


def build(graph: Graph, registry: Registry, scheduler: Scheduler, strict: Collection[str]) -> None:
    """Make the nodes of the scheduler from the graph.

    Args:
        strict: ids of nodes whose settings must all be known.

    Raises:
        GraphError: the graph cannot run; nothing has been made.
    """
    with _no_collection():
        limits = scheduler.limits
        size = GraphLimits(nodes=limits.max_nodes, connections=limits.max_connections)
        check_all(graph, registry, strict, size)
        _make_all(graph, registry, scheduler)
        see_to_doubts(graph, scheduler)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from looking, again and again, at ever more live objects."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _make_all(graph: Graph, registry: Registry, scheduler: Scheduler) -> None:
    supervision = supervision_of(graph.properties)
    if supervision is not None:
        scheduler.supervisor = Supervisor(scheduler, supervision)
    for node in graph.nodes.values():
        actor_class = registry.get(node.component)
        assert actor_class is not None  # noqa: S101 -- checked above
        scheduler.nodes[node.id] = make_node(node.id, actor_class, node.metadata, scheduler)
    _connect(graph, scheduler)
    _expose(graph, scheduler)
    for runtime in scheduler.nodes.values():
        runtime.link_up()
        if _is_source(runtime):
            runtime.kick = {}


def check_all(
    graph: Graph,
    registry: Registry,
    strict: Collection[str],
    limits: GraphLimits | None = None,
) -> None:
    """Refuse a graph that cannot run, or whose ``strict`` nodes have unknown settings.

    Raises:
        GraphError: with every problem.
    """
    unknown = _unknown_settings(graph, registry, strict)
    try:
        check(graph, registry, limits)
    except GraphError as error:
        raise GraphError((*error.problems, *unknown)) from error
    if unknown:
        raise GraphError(unknown)


def _unknown_settings(graph: Graph, registry: Registry, strict: Collection[str]) -> list[Problem]:
    found: list[Problem] = []
    for node_id in strict:
        node = graph.nodes.get(node_id)
        actor = registry.get(node.component) if node else None
        if node is not None and actor is not None:
            found += unknown_settings(actor.Config, node.metadata or NO_SETTINGS, node=node_id)
    return found


def make_node(node_id: str, actor_class: type[Actor], metadata: Any, scheduler: Scheduler) -> Node:
    """A node with its actor, not connected yet."""
    metadata = metadata or NO_SETTINGS
    actor = make_actor(actor_class, metadata, node_id)
    node = Node(node_id, actor, scheduler, policy_of(metadata, node=node_id))
    equip(node, actor)
    if scheduler.supervisor is not None or _commits_alone(node):
        node.most, node.adapts = 1, False
    return node


def _commits_alone(node: Node) -> bool:
    """Whether each firing goes into the journal by itself: it did something outside.

    For a generator ``most`` counts messages, not firings.
    """
    if node.scheduler.committer is None or node.style is Style.GENERATOR:
        return False
    return node.actor.effect_for(node.config) not in (Effect.NONE, Effect.IDEMPOTENT)


def make_actor(actor_class: type[Actor], metadata: Mapping[str, Any], node_id: str) -> Actor:
    """An actor with its settings, not set up yet."""
    actor = actor_class()
    actor.config = build_config(actor_class.Config, metadata, node=node_id)
    return actor


def _connect(graph: Graph, scheduler: Scheduler) -> None:
    for connection in graph.connections:
        link(graph, scheduler, connection)
    for initial in graph.initials:
        node = scheduler.nodes[initial.node]
        node.inports[_port(graph, node, initial.port, out=False)].fed = True


def link(graph: Graph, scheduler: Scheduler, connection: Connection) -> tuple[Node, Node]:
    """Make the link of a connection; the nodes at its ends still have to be linked up."""
    source = scheduler.nodes[connection.from_node]
    target = scheduler.nodes[connection.to_node]
    outport = _port(graph, source, connection.from_port, out=True)
    inport = target.inports[_port(graph, target, connection.to_port, out=False)]
    inport.fed = True
    made = Link(connection.id, source.node_id, connection.from_port, inport)
    source.outports[outport].links.append(made)
    target.input_links.append(connection.id)
    return source, target


def _expose(graph: Graph, scheduler: Scheduler) -> None:
    for exposed in graph.inports.values():
        node = scheduler.nodes[exposed.node]
        node.inports[_port(graph, node, exposed.port, out=False)].fed = True
    for exposed in graph.outports.values():
        node = scheduler.nodes[exposed.node]
        _collect(scheduler, node, _port(graph, node, exposed.port, out=True), exposed.name)
    if graph.outports:
        return
    senders = {connection.from_node for connection in graph.connections}
    for node in scheduler.nodes.values():
        if node.node_id not in senders:
            for name in node.outports:
                if name != node.error_port:
                    _collect(scheduler, node, name, f"{node.node_id}.{name}")


def _collect(scheduler: Scheduler, node: Node, port: str, name: str) -> None:
    collector = Collector(name, scheduler.limits)
    scheduler.collectors[name] = collector
    node.outports[port].collectors.append(collector)


def _port(graph: Graph, node: Node, name: str, *, out: bool) -> str:
    ports = node.actor.outports_for(node.config) if out else node.actor.inports
    port = resolve_port(ports, name, case_sensitive=graph.case_sensitive)
    assert port is not None  # noqa: S101 -- the graph was checked
    return port.name


def _is_source(node: Node) -> bool:
    """Whether it fires once at start: nothing can ever reach it, and that is meant."""
    if node.actor.trigger:
        return False  # it is given the run's input instead
    return not node.inports or (
        node.actor.source and not any(inport.fed for inport in node.inports.values())
    )
