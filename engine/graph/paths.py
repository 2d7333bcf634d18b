"""Stages, branches, chains and the critical path of a graph; feedback does not count in them."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from engine.graph.given import missing, refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.graph.adjacency import Adjacency

LONG_CHAIN = 3  # nodes from which on a chain is worth naming


@dataclass(frozen=True, slots=True)
class Branches:
    """Rows of nodes that work at the same time; each ends before a join or at a next fork.

    Args:
        fork: the node after which they part; empty for those that begin with the graph.
    """

    fork: str
    branches: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The longest way through the graph: no run can be faster for one message."""

    nodes: tuple[str, ...]
    weight: float


def stages(adjacency: Adjacency) -> tuple[tuple[str, ...], ...]:
    """Nodes by their longest distance from where messages begin."""
    found: list[list[int]] = []
    for node, level in zip(range(len(adjacency.names)), levels(adjacency), strict=True):
        while len(found) <= level:
            found.append([])
        found[level].append(node)
    return tuple(map(adjacency.named, found))


def levels(adjacency: Adjacency) -> list[int]:
    """The stage of each node, from 0 on."""
    level = [0] * len(adjacency.names)
    for node in adjacency.order:
        level[node] = max((level[before] + 1 for before in adjacency.backward[node]), default=0)
    return level


def critical_path(adjacency: Adjacency, weights: Mapping[str, float] | None = None) -> CriticalPath:
    """The path of the greatest weight; of equal ones the first.

    Args:
        weights: of nodes, such as measured durations, where a node without one weighs nothing;
            without any each node weighs 1.

    Raises:
        GraphError: a weight is of no node of the graph, or no number from 0 on.
    """
    weight = _weights(adjacency, weights)
    total = list(weight)
    came_from = [-1] * len(total)
    for node in adjacency.order:
        best = max(adjacency.backward[node], key=total.__getitem__, default=-1)
        if best >= 0:
            total[node] += total[best]
            came_from[node] = best
    last = max(range(len(total)), key=total.__getitem__, default=-1)
    length = total[last] if total else 0.0
    path = []
    while last >= 0:
        path.append(last)
        last = came_from[last]
    return CriticalPath(adjacency.named(reversed(path)), length)


def _weights(adjacency: Adjacency, given: Mapping[str, float] | None) -> list[float]:
    if given is None:
        return [1.0] * len(adjacency.names)
    weights = [0.0] * len(adjacency.names)
    for name, weight in given.items():
        if name not in adjacency.numbers:
            raise missing("node", name, adjacency.numbers)
        if not _is_weight(weight):
            message = f"its weight must be a number from 0 on, not {weight!r}"
            raise refused(f"node {name!r}", message, "invalid", node=name)
        weights[adjacency.numbers[name]] = float(weight)
    return weights


def _is_weight(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return isfinite(value) and value >= 0


def chains(adjacency: Adjacency) -> tuple[tuple[str, ...], ...]:
    """Longest rows of at least three nodes, each of which has no other neighbour in between."""
    found = []
    for start in range(len(adjacency.names)):
        if not _continues(adjacency, start):
            row = _row(adjacency, start)
            if len(row) >= LONG_CHAIN:
                found.append(adjacency.named(row))
    return tuple(found)


def parallel_branches(adjacency: Adjacency) -> tuple[Branches, ...]:
    """Where messages part, in the order in which they come there."""
    roots = [node for node in adjacency.order if not adjacency.backward[node]]
    found = [_branches(adjacency, "", sorted(roots))]
    found += [
        _branches(adjacency, adjacency.names[node], adjacency.forward[node])
        for node in adjacency.order
        if len(adjacency.forward[node]) > 1
    ]
    return tuple(item for item in found if len(item.branches) > 1)


def _branches(adjacency: Adjacency, fork: str, starts: Sequence[int]) -> Branches:
    rows = (_row(adjacency, start) for start in starts if len(adjacency.backward[start]) <= 1)
    return Branches(fork, tuple(map(adjacency.named, rows)))


def _continues(adjacency: Adjacency, node: int) -> bool:
    """Whether the node carries on the row of the one before it."""
    before = adjacency.backward[node]
    return len(before) == 1 and len(adjacency.forward[before[0]]) == 1


def _row(adjacency: Adjacency, start: int) -> list[int]:
    row = [start]
    while len(ahead := adjacency.forward[row[-1]]) == 1 and len(adjacency.backward[ahead[0]]) == 1:
        row.append(ahead[0])
    return row
