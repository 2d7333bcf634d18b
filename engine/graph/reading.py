"""From a ``GraphExport`` document to the parts of a graph, leniently, every problem at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.codec import dumps, parse_json
from engine.errors import CodecError, GraphError, Problem
from engine.graph.edges import read_edge, read_exposed
from engine.graph.elements import PLAIN, Connection, ExposedPort, Group, Initial, Node
from engine.graph.fields import Fields, kind_of, unknown_keys
from engine.messages import FrozenDict, FrozenList, freeze
from engine.strict_json import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.strict_json import JsonLimits

_DOCUMENT_KEYS = frozenset(
    {
        "caseSensitive",
        "properties",
        "processes",
        "connections",
        "initializers",
        "inports",
        "outports",
        "groups",
    }
)
_PROCESS_KEYS = frozenset({"id", "component", "metadata"})
_CONNECTION_KEYS = frozenset({"from", "to", "metadata", "data"})
_GROUP_KEYS = frozenset({"id", "nodes", "metadata"})
_NULL_PACKET = FrozenDict({"type": "Optional", "data": None})


@dataclass(slots=True)
class Parts:
    """What was read; the fields of ``Graph``."""

    case_sensitive: bool = False
    properties: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)
    initials: list[Initial] = field(default_factory=list)
    inports: dict[str, ExposedPort] = field(default_factory=dict)
    outports: dict[str, ExposedPort] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


def read_document(document: str | bytes | Mapping[str, Any], limits: JsonLimits) -> Parts:
    """Read the whole document.

    Raises:
        GraphError: it is no graph; ``problems`` lists every reason.
    """
    try:
        # One way for all: what was parsed elsewhere is written out, which checks every value.
        text = document if isinstance(document, (str, bytes)) else dumps(document)
        parsed = parse_json(text, limits)
    except CodecError as error:
        raise GraphError([Problem("graph", str(error), "not_json")]) from error
    if not isinstance(parsed, dict):
        message = f"must be an object, not {kind_of(parsed)}"
        raise GraphError([Problem("graph", message, "malformed")])
    fields = Fields()
    parts = _read(fields, parsed)
    if fields.problems:
        raise GraphError(fields.problems)
    return parts


def _read(fields: Fields, document: dict[str, Any]) -> Parts:
    parts = Parts(
        case_sensitive=fields.flag(document, "caseSensitive"),
        properties=dict(freeze(fields.object(document, "properties"))),
        nodes={node.id: node for node in _nodes(fields, document)},
        inports={port.name: port for port in _exposed(fields, document, "inports")},
        outports={port.name: port for port in _exposed(fields, document, "outports")},
        groups=list(_groups(fields, document)),
        extra=dict(unknown_keys(document, _DOCUMENT_KEYS)),
    )
    parts.connections, parts.initials = _connections(fields, document)
    return parts


def _nodes(fields: Fields, document: dict[str, Any]) -> Iterator[Node]:
    for key, process in fields.object(document, "processes").items():
        where = f"node {key!r}"
        if not isinstance(process, dict):
            fields.wrong(where, f"must be an object, not {kind_of(process)}", node=key)
            continue
        if not key:
            fields.wrong(where, "its id is empty")
        named = process.get("id", key)
        if named != key:
            fields.wrong(f"{where}.id", f"{shown(named)} differs from its key", node=key, hint=key)
        component = process.get("component")
        if not isinstance(component, str) or not component:
            fields.wrong(
                f"{where}.component", f"must name a component, not {shown(component)}", node=key
            )
            continue
        metadata = fields.metadata(process, where)
        yield Node(key, component, metadata, unknown_keys(process, _PROCESS_KEYS))


def _connections(
    fields: Fields, document: dict[str, Any]
) -> tuple[list[Connection], list[Initial]]:
    """The connections, and the initial packets among them in the order of their index."""
    connections: list[Connection] = []
    initials: list[Initial] = []
    for key in ("connections", "initializers"):
        for number, entry in enumerate(fields.list(document, key)):
            where = f"{key}[{number}]"
            if not isinstance(entry, dict):
                fields.wrong(where, f"must be an object, not {kind_of(entry)}")
            elif key == "initializers" or _is_initial(entry):
                initials.append(_initial(fields, entry, where))
            else:
                connections.append(_connection(fields, entry, where))
    initials.sort(key=lambda item: (item.target.index is None, item.target.index or 0))
    return connections, initials


def _is_initial(entry: dict[str, Any]) -> bool:
    """Reflow writes a packet as a connection from nowhere, with data."""
    source = entry.get("from")
    nowhere = source is None or (
        isinstance(source, dict) and not source.get("nodeId") and not source.get("portId")
    )
    return nowhere and entry.get("data") is not None


def _connection(fields: Fields, entry: dict[str, Any], where: str) -> Connection:
    from_node, from_port, source = read_edge(fields, entry, "from", where)
    to_node, to_port, target = read_edge(fields, entry, "to", where)
    return Connection(
        from_node,
        from_port,
        to_node,
        to_port,
        fields.metadata(entry, where),
        freeze(entry.get("data")),
        source,
        target,
        unknown_keys(entry, _CONNECTION_KEYS),
    )


def _initial(fields: Fields, entry: dict[str, Any], where: str) -> Initial:
    given = entry.get("data")
    source = PLAIN if entry.get("from") is None else read_edge(fields, entry, "from", where)[2]
    node, port, target = read_edge(fields, entry, "to", where)
    return Initial(
        node,
        port,
        _NULL_PACKET if given is None else freeze(given),
        fields.metadata(entry, where),
        source,
        target,
        unknown_keys(entry, _CONNECTION_KEYS),
    )


def _exposed(fields: Fields, document: dict[str, Any], key: str) -> Iterator[ExposedPort]:
    for name, edge in fields.object(document, key).items():
        where = f"{key}.{name}"
        if isinstance(edge, dict):
            yield read_exposed(fields, name, edge, where)
        else:
            fields.wrong(where, f"must be an object, not {kind_of(edge)}")


def _groups(fields: Fields, document: dict[str, Any]) -> Iterator[Group]:
    for number, group in enumerate(fields.list(document, "groups")):
        where = f"groups[{number}]"
        if not isinstance(group, dict):
            fields.wrong(where, f"must be an object, not {kind_of(group)}")
            continue
        nodes = fields.list(group, "nodes", where)
        if not all(isinstance(node, str) for node in nodes):
            fields.wrong(f"{where}.nodes", "must be a list of node ids")
        name, metadata = fields.text(group, "id", where), fields.metadata(group, where)
        yield Group(name, FrozenList(nodes), metadata, unknown_keys(group, _GROUP_KEYS))
