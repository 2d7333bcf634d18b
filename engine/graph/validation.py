"""What is wrong with a graph: every problem at once, with node, port and the nearest right name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import CodecError, ConfigError, GraphError, Problem, RegistrationError
from engine.graph.elements import NOTHING
from engine.graph.hints import Hints
from engine.graph.liveness import dead_nodes
from engine.graph.misspelt import Misspelt
from engine.graph.policies import policy_problems
from engine.graph.ports import resolve_port
from engine.graph.resume import resume_problems
from engine.graph.shape import shape_problems
from engine.messages import type_name
from engine.node_config import build_config
from engine.ports import PortType, accepts, compatible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.actor import Actor
    from engine.graph.elements import Connection, ExposedPort, Node
    from engine.graph.model import Graph
    from engine.ports import Port
    from engine.registry import Registry

__all__ = ["GraphLimits", "check", "resolve_port", "validate"]


@dataclass(frozen=True, slots=True)
class GraphLimits:
    """How large a graph may be; None is no limit."""

    nodes: int | None = None
    connections: int | None = None  # initial packets among them


def check(graph: Graph, registry: Registry, limits: GraphLimits | None = None) -> None:
    """Refuse a graph that cannot run.

    Raises:
        GraphError: with every problem that is not a mere warning.
    """
    problems = [p for p in validate(graph, registry, limits) if p.severity == "error"]
    if problems:
        raise GraphError(problems)


def validate(
    graph: Graph, registry: Registry, limits: GraphLimits | None = None
) -> tuple[Problem, ...]:
    """Everything that is wrong with a graph, errors and warnings."""
    too_large = tuple(_size(graph, limits or GraphLimits()))
    if too_large:  # one over the limit is not worth the work of the rest
        return too_large
    return tuple(_Validator(graph, registry).problems())


def _size(graph: Graph, limits: GraphLimits) -> Iterator[Problem]:
    connections = len(graph.connections) + len(graph.initials)
    for what, count, most in (
        ("nodes", len(graph.nodes), limits.nodes),
        ("connections", connections, limits.connections),
    ):
        if most is not None and count > most:
            message = f"has {count} {what}, more than {most} (limit: {what})"
            yield Problem("graph", message, "graph_too_large")


class _Validator:
    """One validation: what is looked up often, and the checks."""

    def __init__(self, graph: Graph, registry: Registry) -> None:
        self._graph = graph
        self._registry = registry
        self._hints = Hints()
        self._misspelt = Misspelt()
        self._actors: dict[str, type[Actor] | None] = {}  # component -> class
        self._broken: dict[str, str] = {}  # component -> why it cannot be loaded
        self._configs: dict[str, Any] = {}  # node -> its Config, if that is right
        self._fed: dict[str, set[str]] = {}  # node -> its inports that get messages

    def problems(self) -> Iterator[Problem]:
        yield from self._misspelt.in_graph(self._graph)
        for node in self._graph.nodes.values():
            yield from self._node(node)
        seen: set[tuple[str, str, str, str]] = set()
        for connection in self._graph.connections:
            yield from self._connection(connection, seen)
        yield from self._initials()
        for kind, ports in (("inport", self._graph.inports), ("outport", self._graph.outports)):
            for exposed in ports.values():
                yield from self._exposed(kind, exposed)
        yield from self._required()
        yield from policy_problems(self._graph, self._actor, self._outports)
        yield from resume_problems(self._graph, self._actor)
        yield from shape_problems(self._graph, self._hints)
        yield from dead_nodes(self._graph, self._actor)

    def _actor(self, node: str) -> type[Actor] | None:
        found = self._graph.nodes.get(node)
        if found is None:
            return None
        component = found.component
        if component not in self._actors:
            try:
                self._actors[component] = self._registry.get(component)
            except RegistrationError as error:
                self._broken[component] = str(error)
                self._actors[component] = None
        return self._actors[component]

    def _node(self, node: Node) -> Iterator[Problem]:
        where = f"node {node.id!r}"
        actor = self._actor(node.id)
        if actor is None:
            broken = self._broken.get(node.component)
            message = f"the component {node.component!r} is unknown"
            yield Problem(
                where,
                f"the component {node.component!r} cannot be used: {broken}" if broken else message,
                "component_broken" if broken else "unknown_component",
                node=node.id,
                hint=""
                if broken
                else self._hints.nearest(node.component, self._registry, "components"),
            )
            return
        metadata = node.metadata or NOTHING
        try:
            self._configs[node.id] = build_config(actor.Config, metadata, node=node.id)
        except ConfigError as error:
            yield from error.problems
        yield from self._misspelt.in_node(node, actor)

    def _connection(
        self, item: Connection, seen: set[tuple[str, str, str, str]]
    ) -> Iterator[Problem]:
        where = f"connection {item.ends}"
        source = yield from self._port(where, item.from_node, item.from_port, "outport")
        target = yield from self._port(where, item.to_node, item.to_port, "inport")
        ends = (
            item.from_node,
            source.name if source else item.from_port,
            item.to_node,
            target.name if target else item.to_port,
        )
        if ends in seen:
            yield Problem(
                where,
                "stands twice in the graph",
                "duplicate_connection",
                node=item.to_node,
                port=item.to_port,
                hint="remove one: every message would arrive twice",
            )
        seen.add(ends)
        if target is not None:
            self._fed.setdefault(item.to_node, set()).add(target.name)
        if source is not None and target is not None and not compatible(source.type, target.type):
            yield Problem(
                where,
                f"an outport of type {source.type} does not fit an inport of type {target.type}",
                "type_mismatch",
                node=item.to_node,
                port=item.to_port,
            )

    def _port(self, where: str, node: str, name: str, side: str) -> Any:
        """Yield what is wrong with one end; return its port, or None."""
        if node not in self._graph.nodes:
            hint = self._hints.nearest(node, self._graph.nodes, "nodes")
            what = f"there is no node {node!r}" if node else "names no node"
            yield Problem(where, what, "unknown_node", node=node, port=name, hint=hint)
            return None
        actor = self._actor(node)
        if actor is None:
            return None  # said once, at the node
        ports = actor.inports if side == "inport" else self._outports(node, actor)
        port = resolve_port(ports, name, case_sensitive=self._graph.case_sensitive)
        if port is None:
            names = [port.name for port in ports]
            has = f"node {node!r} ({actor.component}) has no {side} {name!r}"
            hint = (
                self._hints.nearest(name, names, f"{actor.component} {side}")
                or f"it has no {side}s"
            )
            yield Problem(where, has, f"unknown_{side}", node=node, port=name, hint=hint)
        return port

    def _outports(self, node: str, actor: type[Actor]) -> tuple[Port, ...]:
        config = self._configs.get(node)
        return actor.outports if config is None else actor.outports_for(config)

    def _initials(self) -> Iterator[Problem]:
        for item in self._graph.initials:
            where = f"initial packet for {item.node}.{item.port}"
            port = yield from self._port(where, item.node, item.port, "inport")
            if port is not None:
                self._fed.setdefault(item.node, set()).add(port.name)
            try:
                message = item.message()
            except CodecError as error:
                text = str(error)
                yield Problem(where, text, "invalid_message", node=item.node, port=item.port)
                continue
            if port is not None and not accepts(port, message):
                kind = type_name(message)
                text = f"a message of type {kind} does not fit an inport of type {port.type}"
                yield Problem(where, text, "type_mismatch", node=item.node, port=item.port)

    def _exposed(self, kind: str, exposed: ExposedPort) -> Iterator[Problem]:
        where = f"{kind} {exposed.name!r}"
        port = yield from self._port(where, exposed.node, exposed.port, kind)
        if port is not None and kind == "inport":
            self._fed.setdefault(exposed.node, set()).add(port.name)
        if exposed.port_type not in _PORT_TYPES:
            yield Problem(
                where,
                f"the port type {exposed.port_type!r} is unknown; it counts as any",
                "unknown_port_type",
                node=exposed.node,
                port=exposed.port,
                hint=self._hints.nearest(exposed.port_type, _PORT_TYPES, "port types"),
                severity="warning",
            )
            return
        if port is None:
            return
        ends = (exposed.port_type, port.type)
        if not compatible(*(ends if kind == "inport" else reversed(ends))):
            text = f"is of type {exposed.port_type}, but the port of the node is of {port.type}"
            yield Problem(where, text, "type_mismatch", node=exposed.node, port=exposed.port)

    def _required(self) -> Iterator[Problem]:
        for node in self._graph.nodes:
            actor = self._actor(node)
            for port in actor.inports if actor else ():
                if port.required and port.name not in self._fed.get(node, ()):
                    yield Problem(
                        f"node {node!r}",
                        f"the inport {port.name!r} needs a connection or an initial packet",
                        "required_inport",
                        node=node,
                        port=port.name,
                        hint=port.help,
                    )


_PORT_TYPES = tuple(map(str, PortType))
