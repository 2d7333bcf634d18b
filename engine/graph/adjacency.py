"""Who sends to whom, by number instead of by name: what the analyses of large graphs walk on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.graph.topology import feedback_edges, topological_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.graph.model import Graph

    Numbers = list[list[int]]  # of each node its neighbours, each once


@dataclass(frozen=True, slots=True)
class Adjacency:
    """Nodes are numbers; connections from or to nodes that are not there are left out.

    Args:
        order: all nodes, each after those that send to it, feedback aside.
        outs: where messages go; ``ins`` where they come from.
        forward: as ``outs`` without the connections that close a cycle; ``backward`` as ``ins``.
    """

    names: tuple[str, ...]
    numbers: dict[str, int]
    order: tuple[int, ...]
    outs: Numbers
    ins: Numbers
    forward: Numbers
    backward: Numbers

    @classmethod
    def of(cls, graph: Graph) -> Adjacency:
        names = tuple(graph.nodes)
        numbers = {name: number for number, name in enumerate(names)}
        feedback = {id(item) for item in feedback_edges(graph)}
        pairs: dict[tuple[int, int], bool] = {}  # whether one of the connections leads forward
        for item in graph.connections:
            if item.from_node in numbers and item.to_node in numbers:
                ends = (numbers[item.from_node], numbers[item.to_node])
                pairs[ends] = pairs.get(ends, False) or id(item) not in feedback
        leading = [ends for ends, leads in pairs.items() if leads]
        return cls(
            names,
            numbers,
            tuple(numbers[name] for name in topological_order(graph)),
            _neighbours(len(names), pairs),
            _neighbours(len(names), ((to, start) for start, to in pairs)),
            _neighbours(len(names), leading),
            _neighbours(len(names), ((to, start) for start, to in leading)),
        )

    def named(self, numbers: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.names[number] for number in numbers)


def _neighbours(size: int, pairs: Iterable[tuple[int, int]]) -> Numbers:
    found: Numbers = [[] for _ in range(size)]
    for start, end in pairs:
        found[start].append(end)
    return found


def reached(starts: Iterable[int], neighbours: Sequence[Sequence[int]]) -> set[int]:
    """All nodes that a walk from these reaches, themselves among them."""
    found = set(starts)
    pending = list(found)
    while pending:
        for node in neighbours[pending.pop()]:
            if node not in found:
                found.add(node)
                pending.append(node)
    return found
