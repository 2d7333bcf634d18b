"""What could be better in a graph, in words and with the nodes it is about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.graph.cycles import Cycle
    from engine.graph.model import Graph
    from engine.graph.paths import CriticalPath

LONG_CHAIN = 5  # nodes of a chain that one should think about
DOMINANT_SHARE = 0.5  # of the critical path
DOES_NOTHING = frozenset({"tpl_passthrough"})
SHOWN = 4  # nodes that a sentence names


class BottleneckKind(StrEnum):
    """The two kinds that the original knows."""

    HIGH_DEGREE = "HighDegree"
    SEQUENTIAL_CHAIN = "SequentialChain"


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """Nodes that may hold the others up; ``size`` is their connections, or their number."""

    kind: BottleneckKind
    nodes: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing to think about; ``code`` is stable, ``message`` is for people."""

    code: str
    message: str
    nodes: tuple[str, ...]


def suggestions(
    graph: Graph,
    *,
    cycles: Sequence[Cycle],
    bottlenecks: Sequence[Bottleneck],
    orphans: tuple[str, ...],
    parts: Sequence[tuple[str, ...]],
    longest: CriticalPath,
    weights: Mapping[str, float] | None,
) -> tuple[Suggestion, ...]:
    """All of them, the gravest first."""
    return (
        *_of_cycles(cycles),
        *_of_orphans(orphans),
        *_of_bottlenecks(bottlenecks),
        *_of_the_slowest(longest, weights or {}),
        *_of_idle_nodes(graph),
        *_of_parts([part for part in parts if len(part) > 1]),
    )


def listed(nodes: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(nodes) - SHOWN
    return ", ".join(nodes[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _of_cycles(cycles: Sequence[Cycle]) -> Iterator[Suggestion]:
    for cycle in cycles:
        if not cycle.intended:
            text = "form a cycle: if it is meant, set metadata.feedback of the connection back"
            yield Suggestion("unmarked_cycle", f"{listed(cycle.path)} {text}", cycle.path)


def _of_orphans(orphans: tuple[str, ...]) -> Iterator[Suggestion]:
    if orphans:
        text = f"nothing is connected to {listed(orphans)}: connect or remove them"
        yield Suggestion("orphans", text, orphans)


def _of_bottlenecks(bottlenecks: Sequence[Bottleneck]) -> Iterator[Suggestion]:
    for item in bottlenecks:
        if item.kind is BottleneckKind.HIGH_DEGREE:
            text = f"{item.nodes[0]} has {item.size} neighbours: all their messages meet there"
            yield Suggestion("high_degree", f"{text}; could several nodes share them?", item.nodes)
        elif item.size >= LONG_CHAIN:
            text = f"{item.size} nodes in a row, {listed(item.nodes)}: fewer with more to do each"
            yield Suggestion("long_chain", f"{text} would pass fewer messages on", item.nodes)


def _of_the_slowest(longest: CriticalPath, weights: Mapping[str, float]) -> Iterator[Suggestion]:
    node = max(longest.nodes, key=lambda name: weights.get(name, 0.0), default="")
    share = weights.get(node, 0.0) / longest.weight if longest.weight else 0.0
    if share >= DOMINANT_SHARE and len(longest.nodes) > 1:
        text = f"{node} is {share:.0%} of the critical path: make it faster before anything else"
        yield Suggestion("dominant_node", text, (node,))


def _of_idle_nodes(graph: Graph) -> Iterator[Suggestion]:
    exposed = {port.node for port in (*graph.inports.values(), *graph.outports.values())}
    idle = [node.id for node in graph.nodes.values() if node.component in DOES_NOTHING]
    found = tuple(node for node in idle if node not in exposed)
    if found:
        text = f"{listed(found)} only pass messages on: connect what is around them directly"
        yield Suggestion("redundant_node", text, found)


def _of_parts(parts: Sequence[tuple[str, ...]]) -> Iterator[Suggestion]:
    if len(parts) > 1:
        text = f"the graph has {len(parts)} parts that are not connected: they could be graphs"
        yield Suggestion("separate_parts", f"{text} of their own", tuple(part[0] for part in parts))
