"""The ends of connections and the exposed ports of a document: Reflow's EDGE of eight keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.graph.elements import ANY_TYPE, PLAIN, EdgeDetails, ExposedPort
from engine.graph.fields import kind_of, unknown_keys
from engine.messages import FrozenDict, freeze

if TYPE_CHECKING:
    from engine.graph.fields import Fields

EDGE_KEYS = frozenset(
    {"portName", "portId", "nodeId", "index", "expose", "data", "metadata", "portType"}
)
_PLAIN_VALUES = {
    "portName": "",
    "index": None,
    "expose": False,
    "data": None,
    "metadata": None,
    "portType": {"type": "any"},
}


def read_edge(
    fields: Fields, entry: dict[str, Any], key: str, where: str
) -> tuple[str, str, EdgeDetails]:
    """Node, port and the rest of one end of a connection."""
    edge = entry.get(key)
    if not isinstance(edge, dict):
        what = "is missing" if edge is None else f"must be an object, not {kind_of(edge)}"
        fields.wrong(f"{where}.{key}", what)
        return "", "", PLAIN
    if _is_plain(edge):  # nearly all are: shared, and ten times faster
        return edge["nodeId"], edge["portId"], PLAIN
    where = f"{where}.{key}"
    port_id = fields.text(edge, "portId", where)
    details = _details(fields, edge, where, by_name=not port_id)
    return fields.text(edge, "nodeId", where), port_id or details.port_name, details


def read_exposed(fields: Fields, name: str, edge: dict[str, Any], where: str) -> ExposedPort:
    """An exposed port: ``portName`` is the node's port, ``portId`` repeats the public name."""
    port_id = fields.text(edge, "portId", where)
    details = _details(fields, edge, where, by_name=not port_id)
    node = fields.text(edge, "nodeId", where)
    return ExposedPort(name, node, details.port_name or port_id, details, port_id or name)


def _is_plain(edge: dict[str, Any]) -> bool:
    node, port = edge.get("nodeId"), edge.get("portId")
    if not (isinstance(node, str) and isinstance(port, str) and port and len(edge) == 8):
        return False
    return {key: edge.get(key, edge) for key in _PLAIN_VALUES} == _PLAIN_VALUES


def _details(fields: Fields, edge: dict[str, Any], where: str, *, by_name: bool) -> EdgeDetails:
    return EdgeDetails(
        port_name=fields.text(edge, "portName", where),
        by_name=by_name,
        index=fields.index(edge, where),
        expose=fields.flag(edge, "expose", where),
        data=freeze(edge.get("data")),
        metadata=fields.metadata(edge, where),
        port_type=_port_type(fields, edge, where),
        extra=unknown_keys(edge, EDGE_KEYS),
    )


def _port_type(fields: Fields, edge: dict[str, Any], where: str) -> FrozenDict:
    kind = edge.get("portType")
    if kind is None:
        return ANY_TYPE
    if isinstance(kind, str):  # an older spelling, which the original refuses
        return FrozenDict({"type": kind})
    if isinstance(kind, dict) and isinstance(kind.get("type"), str):
        frozen: FrozenDict = freeze(kind)
        return frozen
    fields.wrong(f"{where}.portType", f'must be as {{"type": "any"}}, not {kind_of(kind)}')
    return ANY_TYPE
