"""A graph as plain data for the page: what the script draws, and the same as table rows."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeGuard

from engine.codec import to_plain
from engine.errors import CodecError, ConfigError
from engine.policy import policy_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.graph import Graph
    from engine.graph.elements import Initial

MAX_DRAWN = 1_000  # nodes; more is no picture, and the tables show them
MAX_ROWS = 500  # of each table
MAX_TEXT = 500  # characters of one value in a table


@dataclass(frozen=True, slots=True)
class NodeRow:
    id: str
    label: str
    component: str
    settings: str  # JSON, without what only places the node
    ports: str  # the graph's own ports at this node
    policy: str = ""  # what happens when it fails


@dataclass(frozen=True, slots=True)
class WireRow:
    source: str
    target: str
    data: str = ""  # of an initial packet: JSON


@dataclass(frozen=True, slots=True)
class Drawing:
    """Both forms of one graph; ``elements`` is for the script, the rows for everybody."""

    elements: dict[str, Any]
    nodes: tuple[NodeRow, ...] = ()
    wires: tuple[WireRow, ...] = ()
    packets: tuple[WireRow, ...] = ()
    more: dict[str, int] = field(default_factory=dict)  # rows left out, per table

    @property
    def counts(self) -> str:
        totals = {
            name: len(getattr(self, name)) + self.more.get(name, 0) for name in ("nodes", "wires")
        }
        return f"{totals['nodes']} nodes, {totals['wires']} connections"

    @property
    def node_names(self) -> list[str]:
        return [row.id for row in self.nodes]


NOTHING = Drawing({"nodes": [], "edges": [], "placed": False, "omitted": False})


def draw(
    graph: Graph, *, states: Mapping[str, str] | None = None, wrong: Iterable[str] = ()
) -> Drawing:
    """Lay out what there is to see of a graph.

    Args:
        graph: as it is stored; it may have problems.
        states: what each node did in a run, such as ``completed``.
        wrong: nodes that have a problem.
    """
    marks = {**dict.fromkeys(wrong, "problem"), **(states or {})}
    exposed = _exposed(graph)
    wires = [
        WireRow(f"{wire.from_node}.{wire.from_port}", f"{wire.to_node}.{wire.to_port}")
        for wire in graph.connections[:MAX_ROWS]
    ]
    packets = [
        WireRow("", f"{item.node}.{item.port}", shorten(_packet(item)))
        for item in graph.initials[:MAX_ROWS]
    ]
    rows = [_row(graph, name, exposed) for name in list(graph.nodes)[:MAX_ROWS]]
    totals = {
        "nodes": len(graph.nodes),
        "wires": len(graph.connections),
        "packets": len(graph.initials),
    }
    return Drawing(
        elements=_elements(graph, exposed, marks),
        nodes=tuple(rows),
        wires=tuple(wires),
        packets=tuple(packets),
        more={name: total - MAX_ROWS for name, total in totals.items() if total > MAX_ROWS},
    )


def shorten(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} … ({len(text)} characters)"


def _elements(graph: Graph, exposed: Mapping[str, str], marks: Mapping[str, str]) -> dict[str, Any]:
    if len(graph.nodes) > MAX_DRAWN:
        return {"nodes": [], "edges": [], "placed": False, "omitted": True}
    places = {name: _place(node.metadata) for name, node in graph.nodes.items()}
    keys = {name: f"n{number}" for number, name in enumerate(graph.nodes)}
    nodes = [
        {
            "id": keys[name],
            "name": name,
            "detail": _label(node.metadata) or node.component,
            "ports": exposed.get(name, ""),
            "state": marks.get(name, ""),
            "x": (places[name] or (0, 0))[0],
            "y": (places[name] or (0, 0))[1],
        }
        for name, node in graph.nodes.items()
    ]
    edges = [
        {
            "id": f"e{number}",
            "source": keys[wire.from_node],
            "target": keys[wire.to_node],
            "ports": f"{wire.from_port} → {wire.to_port}",
        }
        for number, wire in enumerate(graph.connections)
        if wire.from_node in keys and wire.to_node in keys  # else it is one of the problems
    ]
    placed = len(set(places.values())) == len(places) and None not in places.values()
    return {"nodes": nodes, "edges": edges, "placed": placed, "omitted": False}


def _row(graph: Graph, name: str, exposed: Mapping[str, str]) -> NodeRow:
    node = graph.nodes[name]
    hidden = ("x", "y", "label", "position", "policy")
    settings = {key: value for key, value in (node.metadata or {}).items() if key not in hidden}
    return NodeRow(
        id=name,
        label=_label(node.metadata),
        component=node.component,
        settings=shorten(json.dumps(settings, ensure_ascii=False)) if settings else "",
        ports=exposed.get(name, ""),
        policy=shorten(policy_words(node.metadata, name)),
    )


def policy_words(metadata: Mapping[str, Any] | None, name: str) -> str:
    """A node's policy in words; the raw JSON if it is none."""
    raw = (metadata or {}).get("policy")
    try:
        policy = policy_of(metadata or {}, node=name)
    except ConfigError:  # one of the graph's problems
        return json.dumps(raw, ensure_ascii=False, default=str)
    if policy is None:
        return ""
    retry, breaker, fallback = policy.retry, policy.breaker, policy.fallback
    words = []
    if retry.attempts > 1:
        words.append(f"{retry.attempts} attempts, {retry.delay_ms:g} ms before the second")
    if retry.timeout_ms is not None:
        words.append(f"{retry.timeout_ms:g} ms for each")
    if breaker is not None:
        whose = f" {breaker.name!r}" if breaker.name else ""
        whose = " of the service" if breaker.scope == "service" else whose
        opens = f"opens after {breaker.failures} failures for {breaker.reset_ms:g} ms"
        words.append(f"breaker{whose} {opens}")
    if fallback is not None:
        value = json.dumps(fallback.value, ensure_ascii=False, default=str)
        words.append(f"else {value} to {fallback.port}")
    return "; ".join(words)


def _exposed(graph: Graph) -> dict[str, str]:
    """Per node: ``→ orders`` for a graph inport, ``results →`` for an outport."""
    texts: dict[str, list[str]] = defaultdict(list)
    for port in graph.inports.values():
        texts[port.node].append(f"→ {port.name}")
    for port in graph.outports.values():
        texts[port.node].append(f"{port.name} →")
    return {node: "   ".join(ports) for node, ports in texts.items()}


def _packet(item: Initial) -> str:
    try:
        value = to_plain(item.message())
    except CodecError:  # one of the graph's problems
        value = item.data
    return json.dumps(value, ensure_ascii=False, default=str)


def _label(metadata: Mapping[str, Any] | None) -> str:
    label = (metadata or {}).get("label", "")
    return label if isinstance(label, str) else ""


def _place(metadata: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """Where an editor put the node, if it did: ``x`` and ``y``, or a ``position`` with them."""
    found = metadata or {}
    position = found.get("position")
    for source in (found, position if isinstance(position, dict) else {}):
        x, y = source.get("x"), source.get("y")
        if _is_number(x) and _is_number(y):
            return float(x), float(y)
    return None


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
