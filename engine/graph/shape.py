"""What is wrong with a graph whatever its actors are: cycles, orphans, groups, ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import Problem
from engine.graph.topology import closing_edges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.graph.hints import Hints
    from engine.graph.model import Graph


def shape_problems(graph: Graph, hints: Hints) -> Iterator[Problem]:
    """All of them, in the order: ids, groups, cycles, orphans."""
    yield from _connection_ids(graph)
    yield from _groups(graph, hints)
    yield from _cycles(graph)
    yield from _orphans(graph)


def _connection_ids(graph: Graph) -> Iterator[Problem]:
    """Two connections under one id could not be told apart in statistics and holds."""
    seen: dict[str, str] = {}  # id -> the ends of its first connection
    for item in graph.connections:
        if seen.setdefault(item.id, item.ends) != item.ends:
            yield Problem(
                f"connection {item.ends}",
                f"has the id {item.id!r}, as {seen[item.id]} has",
                "duplicate_connection_id",
                node=item.to_node,
                port=item.to_port,
                hint="give each an id of its own in metadata.id, or none",
            )


def _groups(graph: Graph, hints: Hints) -> Iterator[Problem]:
    for group in graph.groups:
        for node in group.nodes:
            if node not in graph.nodes:
                yield Problem(
                    f"group {group.id!r}",
                    f"there is no node {node!r}",
                    "unknown_node",
                    node=node,
                    hint=hints.nearest(node, graph.nodes, "nodes"),
                    severity="warning",
                )


def _cycles(graph: Graph) -> Iterator[Problem]:
    for item, cycle in closing_edges(graph):
        yield Problem(
            f"connection {item.ends}",
            f"closes a cycle: {' -> '.join((*cycle, cycle[0]))}",
            "feedback_edge",
            node=item.to_node,
            port=item.to_port,
            hint="if it is meant, set metadata.feedback to true",
            severity="warning",
        )


def _orphans(graph: Graph) -> Iterator[Problem]:
    if len(graph.nodes) == 1:
        return
    attached = set(_attached(graph))
    for node in graph.nodes:
        if node not in attached:
            yield Problem(
                f"node {node!r}",
                "is connected to nothing",
                "orphan_node",
                node=node,
                severity="warning",
            )


def _attached(graph: Graph) -> Iterator[str]:
    for item in graph.connections:
        yield item.from_node
        yield item.to_node
    for holder in (graph.initials, graph.inports.values(), graph.outports.values()):
        for attached in holder:
            yield attached.node
