"""Which process runs which node."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from engine.errors import GraphError, Problem, nearest
from engine.graph.topology import topological_order
from engine.policy import policy_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.graph import Graph
    from engine.network.result import Statistics

SLACK = 0.25  # of a process's fair share, that a cut may move to cross less traffic
KEY = "shard"  # in a node's metadata: the number of its process


def partition(
    graph: Graph,
    processes: int,
    given: Mapping[str, int] | None = None,
    measured: Statistics | None = None,
) -> dict[str, int]:
    """The process of each node: as given, by its metadata, or chosen.

    What is chosen are stretches of the topological order with about the same work each, cut where
    the least crosses. Work and traffic are messages, where ``measured`` (of an earlier run) has
    counted them; else every node and every connection counts the same.

    Raises:
        GraphError: a node that is given is unknown, or its process is.
    """
    fixed = _fixed(graph, processes, given or {})
    if graph.properties.get("supervision"):  # restarts are counted together
        return dict.fromkeys(graph.nodes, 0)
    chosen = _blocks(graph, processes, _traffic(graph, measured))
    owners = {node: fixed.get(node, chosen[node]) for node in graph.nodes}
    for names in _circles(graph):  # nodes that share a circuit breaker share its process
        for name in names:
            owners[name] = owners[names[0]]
    used = sorted(set(owners.values()))
    return {name: used.index(owner) for name, owner in owners.items()}


def _fixed(graph: Graph, processes: int, given: Mapping[str, int]) -> dict[str, int]:
    """What is given, by the caller or else in the metadata of nodes."""
    noted = {
        node.id: node.metadata[KEY]
        for node in graph.nodes.values()
        if node.metadata and KEY in node.metadata
    }
    problems = [
        Problem(f"shards[{name!r}]", "there is no such node", "unknown_node", hint=hint)
        for name in given
        if name not in graph.nodes
        for hint in [nearest(name, graph.nodes)]
    ]
    fixed = noted | dict(given)
    problems += [
        Problem(
            f"node {name!r}",
            f"process {owner!r} is not one of 0 to {processes - 1}",
            "unknown_shard",
        )
        for name, owner in fixed.items()
        if type(owner) is not int or not 0 <= owner < processes
    ]
    if problems:
        raise GraphError(problems)
    return fixed


def _traffic(graph: Graph, measured: Statistics | None) -> list[int]:
    """What crosses each connection."""
    if measured is None:
        return [1] * len(graph.connections)
    counted = {item.connection: item.messages for item in measured.connections}
    return [counted.get(connection.id, 0) for connection in graph.connections]


def _blocks(graph: Graph, processes: int, traffic: list[int]) -> dict[str, int]:
    order = topological_order(graph)
    place = {name: index for index, name in enumerate(order)}
    work = [1] * len(order)
    crossing = [0] * (len(order) + 1)  # how much more crosses a cut before each place
    for connection, messages in zip(graph.connections, traffic, strict=True):
        source, target = place[connection.from_node], place[connection.to_node]
        work[source] += messages
        work[target] += messages
        crossing[min(source, target) + 1] += messages
        crossing[max(source, target) + 1] -= messages
    cuts = _cuts(list(accumulate(work, initial=0)), list(accumulate(crossing)), processes)
    return {name: sum(cut <= index for cut in cuts) for name, index in place.items()}


def _cuts(done: list[int], crossing: list[int], processes: int) -> list[int]:
    """The places before which to cut.

    Args:
        done: the work before each place, and all of it at last.
        crossing: what crosses a cut before each place.
    """
    cuts: list[int] = []
    processes = max(min(processes, len(done) - 1), 1)  # each gets a node
    share = done[-1] / processes
    for number in range(1, processes):
        first = cuts[-1] + 1 if cuts else 1
        last = len(done) - 1 - (processes - number)
        off = [abs(work - number * share) for work in done]  # how uneven each cut would be
        nearest_place = min(range(first, last + 1), key=off.__getitem__)
        near = [place for place in range(first, last + 1) if off[place] <= SLACK * share]
        cuts.append(min(near or [nearest_place], key=lambda place: (crossing[place], off[place])))
    return cuts


def _circles(graph: Graph) -> list[list[str]]:
    """The nodes of each circuit breaker that several share."""
    circles: dict[tuple[str, str, str], list[str]] = {}
    for node in graph.nodes.values():
        policy = policy_of(node.metadata or {}, node=node.id)
        if policy is not None and policy.breaker is not None:
            breaker = policy.breaker
            alone = node.id if breaker.scope == "node" and not breaker.name else ""
            circles.setdefault((breaker.scope, breaker.name, alone), []).append(node.id)
    return list(circles.values())
