"""The cycles of a graph: which nodes form one together, and one way around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.graph.topology import closing_edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.graph.adjacency import Adjacency
    from engine.graph.model import Graph


@dataclass(frozen=True, slots=True)
class Cycle:
    """Nodes that all reach each other.

    Args:
        path: a shortest way around from its first node on.
        size: how many nodes there are, on that way or not.
        intended: each connection that closes it is marked with ``metadata.feedback``.
    """

    path: tuple[str, ...]
    size: int
    intended: bool


def cycles(graph: Graph, adjacency: Adjacency) -> tuple[Cycle, ...]:
    """Each knot of cycles once, in the order of the graph's nodes: there may be endlessly many."""
    closing = {adjacency.numbers[item.connection.from_node] for item in closing_edges(graph)}
    found = []
    for knot in sorted(map(sorted, _components(adjacency.outs))):
        if len(knot) == 1 and knot[0] not in adjacency.outs[knot[0]]:
            continue
        inside = set(knot)
        path = adjacency.named(_around(knot[0], inside, adjacency.outs))
        found.append(Cycle(path, len(knot), closing.isdisjoint(knot)))
    return tuple(found)


def _components(outs: Sequence[Sequence[int]]) -> list[list[int]]:
    """Strongly connected components, by Tarjan's walk without recursion."""
    found: list[list[int]] = []
    entered = [0] * len(outs)  # when, from 1 on
    lowest = [0] * len(outs)
    waiting: list[int] = []
    is_waiting = bytearray(len(outs))
    clock = 0
    for root in range(len(outs)):
        if entered[root]:
            continue
        path = [(root, iter(outs[root]))]
        while path:
            node, ahead = path[-1]
            if not entered[node]:
                clock += 1
                entered[node] = lowest[node] = clock
                waiting.append(node)
                is_waiting[node] = True
            after = next(ahead, None)
            if after is None:
                path.pop()
                if path:
                    above = path[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] == entered[node]:
                    found.append(_closed(node, waiting, is_waiting))
            elif not entered[after]:
                path.append((after, iter(outs[after])))
            elif is_waiting[after]:
                lowest[node] = min(lowest[node], entered[after])
    return found


def _closed(root: int, waiting: list[int], is_waiting: bytearray) -> list[int]:
    component = []
    while True:
        node = waiting.pop()
        is_waiting[node] = False
        component.append(node)
        if node == root:
            return component


def _around(start: int, inside: set[int], outs: Sequence[Sequence[int]]) -> list[int]:
    """A shortest way from a node back to it."""
    came_from: dict[int, int] = {}
    layer = [start]
    while start not in came_from:
        ahead = []
        for node in layer:
            for after in outs[node]:
                if after in inside and after not in came_from:
                    came_from[after] = node
                    ahead.append(after)
        layer = ahead
    path = [start]
    node = came_from[start]
    while node != start:
        path.append(node)
        node = came_from[node]
    return [path[0], *reversed(path[1:])]
