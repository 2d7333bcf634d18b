"""Edits that touch more than one element, as steps: nothing is changed here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.graph.steps import Kind, Step
from engine.messages import FrozenList

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from engine.graph.elements import Connection, ExposedPort, Group, Initial, Node
    from engine.graph.model import Graph


def removal(kind: Kind, elements: Iterable[Any], gone: Callable[[Any], bool]) -> list[Step]:
    """The steps that take these elements out, the last one first."""
    found = [Step(kind, index, item, None) for index, item in enumerate(elements) if gone(item)]
    return found[::-1]


def changes(kind: Kind, elements: Iterable[Any], changed: Callable[[Any], Any]) -> Iterator[Step]:
    """A step for each element that ``changed`` gives back as another one."""
    for index, item in enumerate(elements):
        new = changed(item)
        if new is not item:
            yield Step(kind, index, item, new)


def removal_of_nodes(graph: Graph, nodes: Collection[str]) -> list[Step]:
    """Take nodes out, after everything that is attached to them."""

    def attached(item: Initial | ExposedPort) -> bool:
        return item.node in nodes

    def ends_there(item: Connection) -> bool:
        return item.from_node in nodes or item.to_node in nodes

    def left(group: Group) -> Group:
        kept = FrozenList(node for node in group.nodes if node not in nodes)
        return group if len(kept) == len(group.nodes) else replace(group, nodes=kept)

    return [
        *removal(Kind.CONNECTION, graph.connections, ends_there),
        *removal(Kind.INITIAL, graph.initials, attached),
        *removal(Kind.INPORT, graph.inports.values(), attached),
        *removal(Kind.OUTPORT, graph.outports.values(), attached),
        *changes(Kind.GROUP, graph.groups, left),
        *removal(Kind.NODE, graph.nodes.values(), lambda node: node.id in nodes),
    ]


def renaming_of_node(graph: Graph, old: str, new: str) -> list[Step]:
    """Give a node another id; everything that is attached to it stays attached."""

    def named(node: str) -> str:
        return new if node == old else node

    def node_renamed(node: Node) -> Node:
        return replace(node, id=new) if node.id == old else node

    def reconnected(item: Connection) -> Connection:
        if old not in (item.from_node, item.to_node):
            return item
        return replace(item, from_node=named(item.from_node), to_node=named(item.to_node))

    def moved(item: Any) -> Any:
        return replace(item, node=new) if item.node == old else item

    def regrouped(group: Group) -> Group:
        if old not in group.nodes:
            return group
        return replace(group, nodes=FrozenList(map(named, group.nodes)))

    return [
        *changes(Kind.NODE, graph.nodes.values(), node_renamed),
        *changes(Kind.CONNECTION, graph.connections, reconnected),
        *changes(Kind.INITIAL, graph.initials, moved),
        *changes(Kind.INPORT, graph.inports.values(), moved),
        *changes(Kind.OUTPORT, graph.outports.values(), moved),
        *changes(Kind.GROUP, graph.groups, regrouped),
    ]


def renamed_port(port: ExposedPort, name: str) -> ExposedPort:
    """The exposed port under another public name, which its ``portId`` repeats."""
    repeats = port.port_id == port.name
    return replace(port, name=name, port_id=name if repeats else port.port_id)
