"""One report about the shape of a graph: order, cycles, reach, parallel work, and advice."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine.graph.adjacency import Adjacency, reached
from engine.graph.advice import Bottleneck, BottleneckKind, Suggestion, suggestions
from engine.graph.cycles import Cycle, cycles
from engine.graph.paths import (
    Branches,
    CriticalPath,
    chains,
    critical_path,
    parallel_branches,
    stages,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.graph.model import Graph

HIGH_DEGREE = 6  # connections from which on a node may be a bottleneck
HIGH_DEGREE_TIMES = 3  # as many as an average node has


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a graph is like; names of nodes stand in the order of the graph.

    Args:
        order: every node after those that send to it; feedback does not count.
        stages: nodes by their longest distance from where messages begin.
        sources: nodes that messages begin at: no node sends to them, or a packet or inport does.
        sinks: nodes that messages end at: they send to no node, or to an outport.
        orphans: nodes that nothing at all is attached to.
        unreachable: nodes that no message comes to from a source.
        endless: nodes from which no message gets to a sink.
        parts: nodes that are connected with each other, the largest part first.
        widest_stage: how many nodes can work at the same time at least once.
        weighted: the critical path counts measured weights, not nodes.
    """

    name: str
    nodes: int
    connections: int
    order: tuple[str, ...]
    stages: tuple[tuple[str, ...], ...]
    cycles: tuple[Cycle, ...]
    sources: tuple[str, ...]
    sinks: tuple[str, ...]
    orphans: tuple[str, ...]
    unreachable: tuple[str, ...]
    endless: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    parallel_branches: tuple[Branches, ...]
    widest_stage: int
    bottlenecks: tuple[Bottleneck, ...]
    critical_path: CriticalPath
    weighted: bool
    suggestions: tuple[Suggestion, ...]

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return asdict(self)


def analyze(graph: Graph, weights: Mapping[str, float] | None = None) -> Analysis:
    """Analyse a graph of any size, in nearly linear time.

    Args:
        weights: of nodes for the critical path, such as measured durations in ms; without any each
            node weighs 1, with them a node that has none weighs nothing.

    Raises:
        GraphError: a weight is of no node of the graph, or no number from 0 on.
    """
    adjacency = Adjacency.of(graph)
    sources, sinks = _sources(graph, adjacency), _sinks(graph, adjacency)
    all_nodes = range(len(adjacency.names))
    reachable, ending = reached(sources, adjacency.outs), reached(sinks, adjacency.ins)
    by_stage = stages(adjacency)
    found_cycles = cycles(graph, adjacency)
    longest = critical_path(adjacency, weights)
    bottlenecks = _bottlenecks(adjacency)
    orphans = adjacency.named(_orphans(graph, adjacency))
    parts = tuple(map(adjacency.named, _parts(adjacency)))
    return Analysis(
        name=graph.name,
        nodes=len(graph.nodes),
        connections=len(graph.connections),
        order=adjacency.named(adjacency.order),
        stages=by_stage,
        cycles=found_cycles,
        sources=adjacency.named(sources),
        sinks=adjacency.named(sinks),
        orphans=orphans,
        unreachable=adjacency.named(node for node in all_nodes if node not in reachable),
        endless=adjacency.named(node for node in all_nodes if node not in ending),
        parts=parts,
        parallel_branches=parallel_branches(adjacency),
        widest_stage=max(map(len, by_stage), default=0),
        bottlenecks=bottlenecks,
        critical_path=longest,
        weighted=weights is not None,
        suggestions=suggestions(
            graph,
            cycles=found_cycles,
            bottlenecks=bottlenecks,
            orphans=orphans,
            parts=parts,
            longest=longest,
            weights=weights,
        ),
    )


def reachable_from(graph: Graph, *nodes: str) -> tuple[str, ...]:
    """The nodes that a message of these can come to, themselves among them."""
    return _walk(graph, nodes, to_them=False)


def reaching(graph: Graph, *nodes: str) -> tuple[str, ...]:
    """The nodes whose messages can come to these, themselves among them."""
    return _walk(graph, nodes, to_them=True)


def _walk(graph: Graph, nodes: Iterable[str], *, to_them: bool) -> tuple[str, ...]:
    adjacency = Adjacency.of(graph)
    starts = [adjacency.numbers[node] for node in nodes if node in adjacency.numbers]
    found = reached(starts, adjacency.ins if to_them else adjacency.outs)
    return adjacency.named(sorted(found))


def _sources(graph: Graph, adjacency: Adjacency) -> list[int]:
    given = _given(graph)
    return [
        number
        for number, name in enumerate(adjacency.names)
        if name in given or not adjacency.ins[number]
    ]


def _sinks(graph: Graph, adjacency: Adjacency) -> list[int]:
    read = _read(graph)
    return [
        number
        for number, name in enumerate(adjacency.names)
        if name in read or not adjacency.outs[number]
    ]


def _given(graph: Graph) -> set[str]:
    """The nodes that get messages from outside."""
    packets = {item.node for item in graph.initials}
    return packets | {port.node for port in graph.inports.values()}


def _read(graph: Graph) -> set[str]:
    """The nodes whose messages are read outside."""
    return {port.node for port in graph.outports.values()}


def _orphans(graph: Graph, adjacency: Adjacency) -> list[int]:
    """As validation sees it: a graph of one node has none."""
    if len(adjacency.names) == 1:
        return []
    attached = _given(graph) | _read(graph)
    return [
        number
        for number, name in enumerate(adjacency.names)
        if name not in attached and not adjacency.ins[number] and not adjacency.outs[number]
    ]


def _parts(adjacency: Adjacency) -> list[list[int]]:
    both = [[*out, *back] for out, back in zip(adjacency.outs, adjacency.ins, strict=True)]
    seen: set[int] = set()
    parts = []
    for node in range(len(both)):
        if node not in seen:
            part = reached([node], both)
            seen |= part
            parts.append(sorted(part))
    return sorted(parts, key=len, reverse=True)


def _bottlenecks(adjacency: Adjacency) -> tuple[Bottleneck, ...]:
    degrees = [len(out) + len(ins) for out, ins in zip(adjacency.outs, adjacency.ins, strict=True)]
    high = max(HIGH_DEGREE, HIGH_DEGREE_TIMES * sum(degrees) / max(1, len(degrees)))
    found = [
        Bottleneck(BottleneckKind.HIGH_DEGREE, (name,), degrees[number])
        for number, name in enumerate(adjacency.names)
        if degrees[number] >= high
    ]
    rows = chains(adjacency)
    found += [Bottleneck(BottleneckKind.SEQUENTIAL_CHAIN, row, len(row)) for row in rows]
    return tuple(found)
