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

    Messages come from initial packets, exposed inports, and actors that need none. A node with
    ``await_all_inports`` waits for each attached inport, any other for one of them. A node with
    nothing attached at all is an orphan, which is another warning.
    """
    reach = _Reach(graph, actor_of)
    reach.spread()
    for node in graph.nodes:
        if node not in reach.alive and (node in reach.waiting or node in reach.senders):
            missing = sorted(reach.waiting.get(node, ()))
            yield _problem(node, missing, reached=node in reach.reached)


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
        self.alive = {node for node in graph.nodes if self._needs_nothing(node)}
        self.reached: set[str] = set()
        self.senders = self._outgoing.keys()

    def _needs_nothing(self, node: str) -> bool:
        actor = self._actor_of(node)
        if actor is None or not actor.inports or actor.trigger:
            return True
        return actor.source and node not in self.waiting

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
        port=ports[0] if ports else "",
        severity="warning",
    )
