"""Which nodes can never fire, because no message can reach the inports they wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from engine.actor import Actor
    from engine.graph.model import Graph


def dead_nodes(graph: Graph, actor_of: Callable[[str], type[Actor] | None]) -> Iterator[Problem]:
    """A warning for each node that waits for messages that cannot come.

    A node at whose inports nothing is attached is taken for a source. A node with
    ``await_all_inports`` needs a message at each attached inport, any other at one of them.
    """
    reach = _Reach(graph, actor_of)
    reach.spread()
    for node in graph.nodes:
        if node not in reach.alive:
            yield _problem(node, sorted(reach.waiting[node]), reached=node in reach.reached)


class _Reach:
    """How far messages get, from the sources on."""

    def __init__(self, graph: Graph, actor_of: Callable[[str], type[Actor] | None]) -> None:
        self._actor_of = actor_of
        self._given = [(item.node, item.port) for item in graph.initials]
        self._given += [(item.node, item.port) for item in graph.inports.values()]
        self._outgoing: dict[str, list[tuple[str, str]]] = {}
        for item in graph.connections:
            self._outgoing.setdefault(item.from_node, []).append((item.to_node, item.to_port))
        # Each node's inports that no message has reached yet, in the graph's spelling.
        self.waiting: dict[str, set[str]] = {}
        for node, port in (*self._given, *((c.to_node, c.to_port) for c in graph.connections)):
            if node in graph.nodes:
                self.waiting.setdefault(node, set()).add(port)
        self.alive = {node for node in graph.nodes if node not in self.waiting}
        self.reached: set[str] = set()

    def spread(self) -> None:
        fresh = [*self.alive, *self._arrive(self._given)]
        while fresh:
            fresh.extend(self._arrive(self._outgoing.get(fresh.pop(), ())))

    def _arrive(self, ends: Iterable[tuple[str, str]]) -> list[str]:
        """Messages reach these inports; the nodes that can fire now and could not before."""
        fresh = []
        for node, port in ends:
            if node in self.alive or node not in self.waiting:
                continue
            self.reached.add(node)
            self.waiting[node].discard(port)
            actor = self._actor_of(node)
            if actor is None or not actor.await_all_inports or not self.waiting[node]:
                self.alive.add(node)
                fresh.append(node)
        return fresh


def _problem(node: str, ports: list[str], *, reached: bool) -> Problem:
    text = "can never fire: no message can reach it"
    if reached:
        text = f"waits for all its inports, but no message can reach {', '.join(ports)}"
    return Problem(
        f"node {node!r}",
        text,
        "never_fires" if reached else "unreachable_node",
        node=node,
        port=ports[0],
        severity="warning",
    )
