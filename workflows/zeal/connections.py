"""Which connections of the Zeal workflow a message took: what Zeal's events colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import RegistrationError
from engine.graph.elements import Connection
from engine.graph.ports import resolve_port
from workflows.zeal.naming import mark_of, zeal_node

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.graph import Graph
    from engine.graph.elements import Initial
    from engine.messages import FrozenDict
    from engine.registry import Registry
    from workflows.zeal.naming import ZealNode


class ZealConnections:
    """Looks up Zeal's ids for the nodes and ports of a graph that ``convert`` made.

    Built once for a graph (a pass over it), asked for every event. It works as well for a graph
    that was edited since: an element that has no mark of Zeal's gives no ids. It never raises for
    what is in the graph.

    Ids come in the order of the graph, each once. A connection that became an initial packet
    counts as incoming of the node that got the packet. The edge between a proxy node and the node
    inside a sub-graph has no connection of its own in Zeal: it answers with those on the proxy's
    other side.

    Args:
        registry: with it, a port is found under every spelling (``result`` and ``result-out``);
            without it, only as the graph spells it.
    """

    def __init__(self, graph: Graph, registry: Registry | None = None) -> None:
        self._graph = graph
        self._registry = registry
        self._in: dict[str, list[tuple[str, Connection | Initial]]] = {}
        self._out: dict[str, list[tuple[str, Connection | Initial]]] = {}
        for item in graph.connections:
            port = self._port(item.to_node, item.to_port, out=False)
            self._in.setdefault(item.to_node, []).append((port, item))
            port = self._port(item.from_node, item.from_port, out=True)
            self._out.setdefault(item.from_node, []).append((port, item))
        for packet in graph.initials:
            port = self._port(packet.node, packet.port, out=False)
            self._in.setdefault(packet.node, []).append((port, packet))

    def node(self, node: str) -> ZealNode | None:
        """The node in Zeal: its id, the id of its graph, its title; None if Zeal has none."""
        return zeal_node(self._graph, node)

    def into(self, node: str, port: str = "") -> tuple[str, ...]:
        """Zeal's connections into a node, by which a message may have come to ``port``.

        Without a port, those into all its inports.
        """
        wanted = self._port(node, port, out=False)
        found = [item for name, item in self._in.get(node, ()) if not port or name == wanted]
        return self._ids(found, into=True)

    def out_of(self, node: str, port: str = "") -> tuple[str, ...]:
        """Zeal's connections out of a node, which a message sent to ``port`` takes: all of them.

        Without a port, those out of all its outports.
        """
        wanted = self._port(node, port, out=True)
        found = [item for name, item in self._out.get(node, ()) if not port or name == wanted]
        return self._ids(found, into=False)

    def taken_into(self, node: str, ids: Iterable[str]) -> tuple[str, ...]:
        """Zeal's connections of those of ours by which messages came to a node.

        The connections of its initial packets are among them: those came to it, too.
        """
        wanted = set(ids)
        found = [
            item
            for _, item in self._in.get(node, ())
            if not isinstance(item, Connection) or item.id in wanted
        ]
        return self._ids(found, into=True)

    def taken_out_of(self, node: str, ids: Iterable[str]) -> tuple[str, ...]:
        """Zeal's connections of those of ours that messages took from a node."""
        wanted = set(ids)
        found = [
            item
            for _, item in self._out.get(node, ())
            if isinstance(item, Connection) and item.id in wanted
        ]
        return self._ids(found, into=False)

    def _ids(
        self, items: Iterable[Connection | Initial], *, into: bool, seen: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for item in items:
            mark = mark_of(item.metadata)
            relay = mark.get("via")
            if isinstance(relay, str) and relay not in seen:
                beyond = (self._in if into else self._out).get(relay, ())
                others = [other for _, other in beyond]
                found.update(dict.fromkeys(self._ids(others, into=into, seen=(*seen, relay))))
            found.update(dict.fromkeys(_listed(mark)))
        return tuple(found)

    def _port(self, node: str, name: str, *, out: bool) -> str:
        found = self._graph.nodes.get(node)
        if found is None or self._registry is None:
            return name
        try:
            actor = self._registry.get(found.component)
        except RegistrationError:
            return name
        if actor is None:
            return name
        ports = actor.outports if out else actor.inports
        port = resolve_port(ports, name, case_sensitive=self._graph.case_sensitive)
        return port.name if port else name


def _listed(mark: FrozenDict) -> list[str]:
    ids = mark.get("connections")
    return [item for item in ids if isinstance(item, str)] if isinstance(ids, list) else []
