"""Cycles and order of a graph, without recursion: a graph may have 100,000 nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.graph.elements import Connection
    from engine.graph.model import Graph


class Feedback(NamedTuple):
    """A connection that closes a cycle, and the cycle from its target on (shortened)."""

    connection: Connection
    cycle: tuple[str, ...]


def feedback_edges(graph: Graph) -> tuple[Connection, ...]:
    """The connections that close a cycle; without them the graph has none.

    Those that the graph marks itself (``metadata.feedback`` is true) come first.
    """
    marked = (item for item in graph.connections if item.feedback)
    return (*marked, *(found.connection for found in closing_edges(graph)))


def closing_edges(graph: Graph) -> list[Feedback]:
    """The connections that close a cycle and are not marked, each with its cycle."""
    return _walk(graph)[0]


def topological_order(graph: Graph) -> tuple[str, ...]:
    """Node ids, each after all that send to it; feedback connections do not count."""
    return tuple(reversed(_walk(graph)[1]))


def _walk(graph: Graph) -> tuple[list[Feedback], list[str]]:
    """One depth-first walk: the edges back into its path, and the nodes as they were left."""
    outgoing = _outgoing(graph)
    found: list[Feedback] = []
    left: list[str] = []
    seen: set[str] = set()
    for root in (*_roots(graph), *graph.nodes):
        if root in seen:
            continue
        seen.add(root)
        path = [root]
        position = {root: 0}  # of the nodes on the path
        pending: list[Iterator[Connection]] = [iter(outgoing[root])]
        while path:
            connection = next(pending[-1], None)
            if connection is None:
                pending.pop()
                node = path.pop()
                del position[node]
                left.append(node)
            elif connection.to_node in position:
                found.append(Feedback(connection, _shown(path, position[connection.to_node])))
            elif connection.to_node not in seen:
                seen.add(connection.to_node)
                position[connection.to_node] = len(path)
                path.append(connection.to_node)
                pending.append(iter(outgoing[connection.to_node]))
    return found, left


CYCLE_SHOWN = 9  # nodes of a cycle that are worth naming


def _shown(path: list[str], start: int) -> tuple[str, ...]:
    if len(path) - start <= CYCLE_SHOWN:
        return tuple(path[start:])
    return (*path[start : start + CYCLE_SHOWN - 1], "...", path[-1])


def _outgoing(graph: Graph) -> dict[str, list[Connection]]:
    outgoing: dict[str, list[Connection]] = {node: [] for node in graph.nodes}
    for item in graph.connections:
        known = item.from_node in outgoing and item.to_node in outgoing
        if known and not item.feedback:
            outgoing[item.from_node].append(item)
    return outgoing


def _roots(graph: Graph) -> list[str]:
    """Where messages come from: a walk from there finds the edge that a reader would blame."""
    fed = {item.to_node for item in graph.connections}
    return [
        *(node for node in graph.nodes if node not in fed),
        *(port.node for port in graph.inports.values() if port.node in graph.nodes),
        *(item.node for item in graph.initials if item.node in graph.nodes),
    ]
