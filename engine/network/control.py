"""Changes of a running network: nodes and connections in and out, actors swapped, edges held."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.behaviour import check_actor
from engine.errors import ConfigError, EngineError, GraphError, NetworkError, Problem, nearest
from engine.graph import check
from engine.lifecycle import ActorState
from engine.messages import freeze
from engine.network import renewal
from engine.network.build import NO_SETTINGS, check_all, link, make_actor, make_node
from engine.network.entry import inport_of, receive
from engine.network.mailbox import EMPTY, Inport, Link, Outport
from engine.network.node import error_port_of
from engine.network.records import Undelivered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.actor import Actor
    from engine.graph import Graph
    from engine.network.node import Node
    from engine.network.scheduler import Scheduler
    from engine.registry import Registry


def take_in(scheduler: Scheduler, graph: Graph, registry: Registry, node_id: str) -> None:
    """Make a node that the graph has got, and begin it; refused, it is taken out of the graph.

    Raises:
        GraphError: it cannot run.
    """
    try:
        check_all(graph, registry, strict=[node_id])
    except GraphError:
        graph.remove_node(node_id)
        raise
    actor = registry.get(graph.nodes[node_id].component)
    assert actor is not None  # noqa: S101 -- checked above
    node = make_node(node_id, actor, graph.nodes[node_id].metadata, scheduler)
    scheduler.nodes[node_id] = node
    node.link_up()
    node.suspended = True
    _in_flight(scheduler, _begin(node))


async def _begin(node: Node) -> None:
    node.move(ActorState.INITIALIZED)
    node.move(ActorState.RUNNING)
    await renewal.set_up(node)
    node.suspended = False
    node.wake()


def connect(scheduler: Scheduler, graph: Graph, registry: Registry) -> None:
    """Make the link of the newest connection; refused, it is taken out of the graph.

    Raises:
        GraphError: it is not possible.
    """
    connection = graph.connections[-1]
    try:
        check(graph, registry)
    except GraphError:
        graph.connections.pop()
        raise
    source, target = link(graph, scheduler, connection)
    source.link_up()
    target.link_up()


def lay_in(scheduler: Scheduler, graph: Graph, registry: Registry) -> None:
    """Deliver the newest initial packet; refused, it is taken out of the graph.

    Raises:
        GraphError: there is no such port, or it does not take this message.
    """
    initial = graph.initials[-1]
    try:
        check(graph, registry)
    except GraphError:
        graph.initials.pop()
        raise
    inport = inport_of(graph, scheduler, initial.node, initial.port)
    receive(scheduler, inport, [initial.message()])


def disconnect(scheduler: Scheduler, graph: Graph) -> None:
    """Take out every link whose connection the graph no longer has."""
    kept = {connection.id for connection in graph.connections}
    for node, outport, gone in list(_links(scheduler)):
        if gone.connection_id not in kept:
            outport.links.remove(gone)
            target = gone.inport.node
            target.input_links.remove(gone.connection_id)
            release_link(node, gone)
            gone.inport.release_writers()
            gone.inport.fed = _fed(scheduler, graph, gone.inport)
            for changed in (node, target):
                changed.link_up()
                changed.wake()


def _fed(scheduler: Scheduler, graph: Graph, inport: Inport) -> bool:
    """Whether messages can still come: by a connection, or from outside."""
    outside = {(port.node, port.port) for port in graph.inports.values()}
    return (inport.node.node_id, inport.name) in outside or any(
        item.inport is inport for _, _, item in _links(scheduler)
    )


def dismiss(scheduler: Scheduler, node_id: str) -> None:
    """End a node that nothing leads to any more; what waits for it is told."""
    node = scheduler.nodes.pop(node_id)
    node.suspended = True
    for inport in node.inports.values():
        inport.release_writers()
    left = {inport.where: len(inport.queue) for inport in node.inports.values() if inport.queue}
    if left and scheduler.recording:
        scheduler.record(Undelivered(scheduler.clock.now(), left))
    for name in [name for name, item in scheduler.collectors.items() if item in node.collectors]:
        scheduler.collectors.pop(name).close()
    _in_flight(scheduler, _end(node))


async def _end(node: Node) -> None:
    async with node.scheduler.renewing:
        await renewal.end(node)


async def swap(
    scheduler: Scheduler,
    graph: Graph,
    node_id: str,
    actor_class: type[Actor],
    config: Mapping[str, Any] | None,
) -> None:
    """Put another actor into a node.

    Raises:
        GraphError: there is no such node, the actor is configured wrongly, or it lacks a
            connected port.
    """
    node = _node(scheduler, node_id)
    described = graph.nodes[node_id]
    metadata = described.metadata or NO_SETTINGS if config is None else freeze(dict(config))
    try:
        actor = make_actor(actor_class, metadata, node_id)
    except ConfigError as error:
        raise GraphError(error.problems) from error
    _check_ports(node, actor)
    async with scheduler.renewing:  # restarts, ends and other swaps come before or after
        if scheduler.over or scheduler.nodes.get(node_id) is not node:
            raise NetworkError(f"the node {node_id!r} has ended")
        graph.nodes[node_id] = replace(
            described, component=actor.component, metadata=metadata or None
        )
        await _replace(node, actor)


async def _replace(node: Node, actor: Actor) -> None:
    scheduler = node.scheduler
    node.suspended = True
    scheduler.busy()
    try:
        await renewal.end(node)
        _give_ports(node, actor)
        await renewal.begin(node, actor)
    except EngineError as error:
        scheduler.crash(error)
        raise
    finally:
        node.suspended = False
        node.wake()
        scheduler.rest()


def actor_class_of(registry: Registry, component: str | type[Actor], node_id: str) -> type[Actor]:
    """The class itself, or the one under this name.

    Raises:
        GraphError: there is none.
    """
    if not isinstance(component, str):
        return check_actor(component)
    found = registry.get(component)
    if found is None:
        where, hint = f"node {node_id!r}", registry.hint(component)
        text = f"the component {component!r} is unknown"
        raise GraphError([Problem(where, text, "unknown_component", node=node_id, hint=hint)])
    return found


def _check_ports(node: Node, actor: Actor) -> None:
    """Every port of the node that is in use must be there in the new actor too."""
    used_in = {inport.name for inport in node.inports.values() if inport.fed or inport.queue}
    used_out = {outport.name for outport in node.outports.values() if outport.connected}
    missing = [
        *sorted(used_in - {port.name for port in actor.inports}),
        *sorted(used_out - {port.name for port in actor.outports_for(actor.config)}),
    ]
    if missing:
        where = f"node {node.node_id!r}"
        texts = (f"{actor.component} has no port {port!r}, which is connected" for port in missing)
        raise GraphError(Problem(where, text, "missing_port", node=node.node_id) for text in texts)


def _give_ports(node: Node, actor: Actor) -> None:
    """The ports of the new actor; those in use are kept as they are."""
    bound = node.scheduler.limits.message_buffer_size
    node.inports = {
        port.name: node.inports.get(port.name) or Inport(node, port.name, bound)
        for port in actor.inports
    }
    node.outports = {
        port.name: node.outports.get(port.name) or Outport(port.name)
        for port in actor.outports_for(actor.config)
    }
    node.error_port = error_port_of(tuple(node.outports), actor.outports)


def check_whole(scheduler: Scheduler) -> None:
    """Refuse what only a network in one process can do while it runs.

    Raises:
        NetworkError: others run a part of it.
    """
    if scheduler.overseer is not None:
        raise NetworkError("a network in several processes is left alone while it runs")


def hold(scheduler: Scheduler, connection: str) -> None:
    """Let nothing cross a connection until it is released."""
    check_whole(scheduler)
    node, held = _link(scheduler, connection)
    if not held.held:
        held.held = True
        node.holds.append(held)


def release(scheduler: Scheduler, connection: str) -> None:
    """Let messages cross a held connection again."""
    release_link(*_link(scheduler, connection))


def release_link(node: Node, held: Link) -> None:
    if held.held:
        held.held = False
        node.holds.remove(held)
        writers, held.writers = held.writers, EMPTY
        for writer in writers:
            writer()
        node.wake()


def _links(scheduler: Scheduler) -> Iterator[tuple[Node, Outport, Link]]:
    for node in scheduler.nodes.values():
        for outport in node.outports.values():
            for item in outport.links:
                yield node, outport, item


def _link(scheduler: Scheduler, connection: str) -> tuple[Node, Link]:
    known: list[str] = []
    for node, _, item in _links(scheduler):
        if item.connection_id == connection:
            return node, item
        known.append(item.connection_id)
    raise NetworkError(f"there is no connection {connection!r} ({nearest(connection, known)})")


def _node(scheduler: Scheduler, node_id: str) -> Node:
    node = scheduler.nodes.get(node_id)
    if node is None:
        hint = nearest(node_id, scheduler.nodes)
        raise GraphError([Problem(f"node {node_id!r}", "there is none", "unknown_node", hint=hint)])
    return node


def _in_flight(scheduler: Scheduler, work: Any) -> None:
    """Run something that the network is not idle without."""

    async def run() -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 -- a setup that fails ends the run
            scheduler.crash(error)
        finally:
            scheduler.rest()

    scheduler.errand(run(), "reflow control")
