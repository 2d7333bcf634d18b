"""Graphs made of graphs: composed side by side under namespaces, or put in a node's place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.errors import GraphError, Problem
from engine.graph.edits import renamed_port
from engine.graph.given import frozen_object, need_text
from engine.graph.hints import Hints
from engine.graph.model import Graph
from engine.messages import FrozenDict, FrozenList

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from engine.graph.elements import Connection, ExposedPort, Group

SEPARATOR = "/"


@dataclass(frozen=True, slots=True)
class Link:
    """A connection between parts of a composition.

    An end is a node of a part and its port (``left/a``, ``output``), a part and one of its public
    ports (``left``, ``result``), or a shared node and its port.
    """

    from_node: str
    from_port: str
    to_node: str
    to_port: str
    metadata: Mapping[str, Any] | None = None


def compose(
    parts: Mapping[str, Graph],
    links: Iterable[Link] = (),
    *,
    name: str = "",
    shared: Graph | None = None,
    properties: Mapping[str, Any] | None = None,
    expose: bool = True,
) -> Graph:
    """One graph of several, as the original composes them.

    A node ``a`` of the part ``left`` becomes ``left/a``, a group likewise. Ports of the result are
    spelt exactly only if those of all parts are. The properties of parts are not taken over.

    Args:
        shared: nodes, with all that belongs to them, that keep their names for all parts.
        expose: public ports that no link uses stay public, as ``left/result``.

    Raises:
        GraphError: names clash, or a link leads nowhere; ``problems`` lists every reason.
    """
    whole = Graph(
        name, case_sensitive=bool(parts) and all(g.case_sensitive for g in parts.values())
    )
    whole.properties.update(frozen_object("properties", properties) or {})
    composer = _Composer(whole, parts)
    if shared is not None:
        composer.place("", shared, expose=True)
    for namespace, part in parts.items():
        need_text(f"part {namespace!r}", "its namespace", namespace)
        composer.place(namespace + SEPARATOR, part, expose=expose)
    for link in links:
        composer.link(link)
    if composer.problems:
        raise GraphError(composer.problems)
    return whole


def part_of(graph: Graph, namespace: str) -> Graph:
    """The part of a composition under a namespace, without the links to other parts."""
    prefix = namespace + SEPARATOR
    part = Graph(namespace, case_sensitive=graph.case_sensitive)

    def inside(*names: str) -> bool:
        return all(name.startswith(prefix) for name in names)

    def short(name: str) -> str:
        return name.removeprefix(prefix)

    part.nodes = {
        short(key): replace(node, id=short(key)) for key, node in graph.nodes.items() if inside(key)
    }
    part.connections = [
        replace(_with_id(item, short), from_node=short(item.from_node), to_node=short(item.to_node))
        for item in graph.connections
        if inside(item.from_node, item.to_node)
    ]
    part.initials = [
        replace(item, node=short(item.node)) for item in graph.initials if inside(item.node)
    ]
    for ports, given in ((part.inports, graph.inports), (part.outports, graph.outports)):
        for key, port in given.items():
            if inside(key, port.node):
                ports[short(key)] = _exposed(port, short(key), short(port.node))
    part.groups = [
        replace(group, id=short(group.id), nodes=FrozenList(map(short, group.nodes)))
        for group in graph.groups
        if inside(group.id)
    ]
    return part


def embed(graph: Graph, node: str, part: Graph) -> Graph:
    """The graph with a node replaced by another graph, whose public ports are the node's ports.

    Connections, packets and public ports of the node go to the ports behind the public ones.

    Raises:
        GraphError: there is no such node, or it is used with a port that ``part`` does not expose.
    """
    outer = Graph.from_json(graph.to_dict())
    removed = outer.nodes.pop(node, None)
    if removed is None:
        outer.remove_node(node)  # which says what is wrong
    composer = _Composer(outer, {node: part})
    inside = composer.place(node + SEPARATOR, part, expose=False)

    def rewired(item: Connection) -> Connection:
        if item.from_node == node:
            start = composer.end(item.ends, (node, item.from_port), "outport")
            item = replace(item, from_node=start[0], from_port=start[1])
        if item.to_node == node:
            end = composer.end(item.ends, (node, item.to_port), "inport")
            item = replace(item, to_node=end[0], to_port=end[1])
        return item

    def moved(item: Any, where: str, kind: str) -> Any:
        if item.node != node:
            return item
        end = composer.end(where, (node, item.port), kind)
        return replace(item, node=end[0], port=end[1])

    outer.connections = [rewired(item) for item in outer.connections]
    outer.initials = [
        moved(i, f"initial packet for {node}.{i.port}", "inport") for i in outer.initials
    ]
    for kind, ports in (("inport", outer.inports), ("outport", outer.outports)):
        for key, port in ports.items():
            ports[key] = moved(port, f"{kind} {key!r}", kind)
    outer.groups = [
        replace(g, nodes=FrozenList(_instead(g.nodes, node, inside))) for g in outer.groups
    ]
    if composer.problems:
        raise GraphError(composer.problems)
    return outer


def _instead(nodes: Iterable[str], node: str, inside: Sequence[str]) -> Iterator[str]:
    for name in nodes:
        yield from inside if name == node else (name,)


def _exposed(port: ExposedPort, name: str, node: str) -> ExposedPort:
    return replace(renamed_port(port, name), node=node)


def _with_id(item: Connection, renamed: Callable[[str], str]) -> Connection:
    """The connection with the id of its metadata renamed, so that two parts' ids differ."""
    if item.id == item.ends or item.metadata is None:
        return item
    return replace(item, metadata=FrozenDict({**item.metadata, "id": renamed(item.id)}))


class _Composer:
    """One composition: what was placed, and what was wrong."""

    def __init__(self, whole: Graph, parts: Mapping[str, Graph]) -> None:
        self.problems: list[Problem] = []
        self._whole = whole
        self._parts = parts
        self._hints = Hints()
        self._groups: dict[str, Group] = {group.id: group for group in whole.groups}

    def place(self, prefix: str, part: Graph, *, expose: bool) -> list[str]:
        """Put a part into the whole; gives back the ids that its nodes have there."""

        def under(name: str) -> str:
            return prefix + name

        whole = self._whole
        for node in part.nodes.values():
            if under(node.id) in self._parts:
                self._clash("node", node.id, "a part")
            self._take("node", whole.nodes, under(node.id), replace(node, id=under(node.id)))
        for item in part.connections:
            start, end = under(item.from_node), under(item.to_node)
            whole.connections.append(replace(_with_id(item, under), from_node=start, to_node=end))
        whole.initials += [replace(item, node=under(item.node)) for item in part.initials]
        for group in part.groups:
            nodes = FrozenList(map(under, group.nodes))
            new = replace(group, id=under(group.id), nodes=nodes)
            self._take("group", self._groups, new.id, new)
            whole.groups.append(new)
        if expose:
            sides = (
                ("inport", whole.inports, part.inports),
                ("outport", whole.outports, part.outports),
            )
            for kind, ports, given in sides:
                for port in given.values():
                    self._take(
                        kind,
                        ports,
                        under(port.name),
                        _exposed(port, under(port.name), under(port.node)),
                    )
        return [under(node) for node in part.nodes]

    def link(self, link: Link) -> None:
        """Connect two ends; a public port that is used is public no more."""
        where = f"link {link.from_node}.{link.from_port} -> {link.to_node}.{link.to_port}"
        start = self.end(where, (link.from_node, link.from_port), "outport")
        end = self.end(where, (link.to_node, link.to_port), "inport")
        if link.from_node in self._parts:
            self._whole.outports.pop(f"{link.from_node}{SEPARATOR}{link.from_port}", None)
        if link.to_node in self._parts:
            self._whole.inports.pop(f"{link.to_node}{SEPARATOR}{link.to_port}", None)
        if not self.problems:
            self._whole.add_connection(*start, *end, link.metadata)

    def end(self, where: str, end: tuple[str, str], kind: str) -> tuple[str, str]:
        """The node and port that an end means; what it cannot mean becomes a problem."""
        owner, name = end
        if owner not in self._parts:
            if owner not in self._whole.nodes:
                hint = self._hints.nearest(owner, [*self._parts, *self._whole.nodes], "nodes")
                text = f"there is no part or node {owner!r}"
                self.problems.append(Problem(where, text, "unknown_node", node=owner, hint=hint))
            return end
        ports = _public(self._parts[owner], kind)
        if name not in ports:
            hint = self._hints.nearest(name, ports, f"{owner} {kind}") or f"it has no {kind}s"
            text = f"the part {owner!r} has no public {kind} {name!r}"
            self.problems.append(
                Problem(where, text, f"unknown_{kind}", node=owner, port=name, hint=hint)
            )
            return end
        node, port = ports[name]
        return f"{owner}{SEPARATOR}{node}", port

    def _take(self, kind: str, taken: dict[str, Any], name: str, element: Any) -> None:
        if name in taken:
            self._clash(kind, name, f"another {kind}")
        taken[name] = element

    def _clash(self, kind: str, name: str, other: str) -> None:
        message = f"{other} has this name in the composition already"
        self.problems.append(Problem(f"{kind} {name!r}", message, "name_clash", hint="rename one"))


def _public(part: Graph, kind: str) -> dict[str, tuple[str, str]]:
    """The ends that a part shows by name: its public ports, and its declared interfaces."""
    inwards = kind == "inport"
    declared = part.extra.get("requiredInterfaces" if inwards else "providedInterfaces")
    found: dict[str, tuple[str, str]] = {}
    for name, interface in declared.items() if isinstance(declared, dict) else ():
        if isinstance(interface, dict):
            node, port = interface.get("processName"), interface.get("portName")
            if isinstance(node, str) and isinstance(port, str):
                found[name] = (node, port)
    ports = part.inports if inwards else part.outports
    return {**found, **{name: (port.node, port.port) for name, port in ports.items()}}
