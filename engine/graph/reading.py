"""From a ``GraphExport`` document to the parts of a graph, leniently, every problem at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.codec import dumps, parse_json
from engine.errors import CodecError, GraphError, MessageError, Problem
from engine.graph.elements import (
    ANY_TYPE,
    NOTHING,
    Connection,
    EdgeDetails,
    ExposedPort,
    Group,
    Initial,
    Node,
)
from engine.messages import FrozenDict, FrozenList, freeze
from engine.strict_json import JsonLimits, check_depth_of, check_texts, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DOCUMENT_KEYS = frozenset(
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
PROCESS_KEYS = frozenset({"id", "component", "metadata"})
CONNECTION_KEYS = frozenset({"from", "to", "metadata", "data"})
GROUP_KEYS = frozenset({"id", "nodes", "metadata"})
EDGE_KEYS = frozenset(
    {"portName", "portId", "nodeId", "index", "expose", "data", "metadata", "portType"}
)


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
    frozen = _frozen(document, limits)
    if not isinstance(frozen, FrozenDict):
        raise GraphError([Problem("graph", f"must be an object, not {_kind(frozen)}", "not_json")])
    reader = _Reader(frozen)
    parts = reader.read()
    if reader.problems:
        raise GraphError(reader.problems)
    return parts


def _frozen(document: str | bytes | Mapping[str, Any], limits: JsonLimits) -> Any:
    try:
        if isinstance(document, (str, bytes)):
            return freeze(parse_json(document, limits))
        check_depth_of(document, limits.depth)
        frozen = freeze(document)
        if "\\u0000" in dumps(frozen):  # dumps refuses, by name, what JSON has no room for
            check_texts(frozen)
    except (CodecError, MessageError) as error:
        raise GraphError([Problem("graph", str(error), "not_json")]) from error
    return frozen


class _Reader:
    """Reads one document; what is wrong is collected in ``problems``."""

    def __init__(self, document: FrozenDict) -> None:
        self._document = document
        self.problems: list[Problem] = []

    def read(self) -> Parts:
        parts = Parts(
            case_sensitive=self._flag(self._document, "caseSensitive", "caseSensitive"),
            properties=dict(self._object(self._document, "properties", "properties")),
            nodes=dict(self._nodes()),
            inports=dict(self._exposed("inports", "inport")),
            outports=dict(self._exposed("outports", "outport")),
            groups=list(self._groups()),
            extra=dict(_unknown_keys(self._document, DOCUMENT_KEYS)),
        )
        self._read_connections(parts)
        return parts

    def _nodes(self) -> Iterator[tuple[str, Node]]:
        for key, process in self._object(self._document, "processes", "processes").items():
            where = f"node {key!r}"
            if not isinstance(process, FrozenDict):
                self._wrong(where, f"must be an object, not {_kind(process)}", node=key)
                continue
            named = process.get("id", key)
            if named != key:
                self._wrong(
                    where, f"its id {shown(named)} differs from its key", node=key, hint=key
                )
            if not key:
                self._wrong(where, "its id is empty")
            component = process.get("component")
            if not isinstance(component, str) or not component:
                what = (
                    "is missing" if component is None else f"must be a text, not {shown(component)}"
                )
                self._wrong(f"{where}: component", what, node=key)
                continue
            metadata = self._metadata(process, where, node=key)
            yield key, Node(key, component, metadata, _unknown_keys(process, PROCESS_KEYS))

    def _read_connections(self, parts: Parts) -> None:
        initials: list[Initial] = []
        for key in ("connections", "initializers"):
            for number, entry in enumerate(self._list(self._document, key)):
                where = f"{key}[{number}]"
                if not isinstance(entry, FrozenDict):
                    self._wrong(where, f"must be an object, not {_kind(entry)}")
                elif key == "initializers" or _is_initial(entry):
                    initials.append(self._initial(entry, where))
                else:
                    parts.connections.append(self._connection(entry, where))
        last = len(initials)
        parts.initials = sorted(
            initials, key=lambda item: last if item.target.index is None else item.target.index
        )

    def _connection(self, entry: FrozenDict, where: str) -> Connection:
        from_node, from_port, source = self._edge(entry, "from", where)
        to_node, to_port, target = self._edge(entry, "to", where)
        return Connection(
            from_node,
            from_port,
            to_node,
            to_port,
            self._metadata(entry, where),
            entry.get("data"),
            source,
            target,
            _unknown_keys(entry, CONNECTION_KEYS),
        )

    def _initial(self, entry: FrozenDict, where: str) -> Initial:
        source = self._edge(entry, "from", where)[2] if entry.get("from") else PLAIN_SOURCE
        node, port, target = self._edge(entry, "to", where)
        return Initial(
            node,
            port,
            entry.get("data"),
            self._metadata(entry, where),
            source,
            target,
            _unknown_keys(entry, CONNECTION_KEYS),
        )

    def _edge(self, entry: FrozenDict, key: str, where: str) -> tuple[str, str, EdgeDetails]:
        edge = entry.get(key)
        where = f"{where}.{key}"
        if not isinstance(edge, FrozenDict):
            what = "is missing" if edge is None else f"must be an object, not {_kind(edge)}"
            self._wrong(where, what)
            return "", "", PLAIN_SOURCE
        port_id = self._text(edge, "portId", where)
        details = self._details(edge, where, by_name=not port_id)
        node = self._text(edge, "nodeId", where)
        return node, port_id or details.port_name, details

    def _details(self, edge: FrozenDict, where: str, *, by_name: bool) -> EdgeDetails:
        index = edge.get("index")
        if isinstance(index, bool) or not (index is None or isinstance(index, int)):
            self._wrong(f"{where}.index", f"must be a whole number, not {_kind(index)}")
            index = None
        return EdgeDetails(
            port_name=self._text(edge, "portName", where),
            by_name=by_name,
            index=index,
            expose=self._flag(edge, "expose", where),
            data=edge.get("data"),
            metadata=self._metadata(edge, where),
            port_type=self._port_type(edge, where),
            extra=_unknown_keys(edge, EDGE_KEYS),
        )

    def _port_type(self, edge: FrozenDict, where: str) -> FrozenDict:
        kind = edge.get("portType")
        if kind is None:
            return ANY_TYPE
        if isinstance(kind, str):  # an older spelling
            return FrozenDict({"type": kind})
        if isinstance(kind, FrozenDict) and isinstance(kind.get("type"), str):
            return kind
        self._wrong(f"{where}.portType", f'must be as {{"type": "any"}}, not {shown(kind)}')
        return ANY_TYPE

    def _exposed(self, key: str, kind: str) -> Iterator[tuple[str, ExposedPort]]:
        for name, edge in self._object(self._document, key, key).items():
            where = f"{kind} {name!r}"
            if not isinstance(edge, FrozenDict):
                self._wrong(where, f"must be an object, not {_kind(edge)}")
                continue
            port_id = self._text(edge, "portId", where)
            details = self._details(edge, where, by_name=not port_id)
            node = self._text(edge, "nodeId", where)
            yield name, ExposedPort(name, node, details.port_name or port_id, details, port_id)

    def _groups(self) -> Iterator[Group]:
        for number, group in enumerate(self._list(self._document, "groups")):
            where = f"groups[{number}]"
            if not isinstance(group, FrozenDict):
                self._wrong(where, f"must be an object, not {_kind(group)}")
                continue
            nodes = self._list(group, "nodes", where)
            if not all(isinstance(node, str) for node in nodes):
                self._wrong(f"{where}.nodes", "must be a list of node ids")
            name = self._text(group, "id", where)
            metadata = self._metadata(group, where)
            yield Group(name, FrozenList(nodes), metadata, _unknown_keys(group, GROUP_KEYS))

    def _metadata(self, holder: FrozenDict, where: str, node: str = "") -> FrozenDict | None:
        value = holder.get("metadata")
        if value is None or isinstance(value, FrozenDict):
            return value
        self._wrong(f"{where}.metadata", f"must be an object, not {_kind(value)}", node=node)
        return None

    def _object(self, holder: FrozenDict, key: str, where: str) -> FrozenDict:
        value = holder.get(key)
        if isinstance(value, FrozenDict):
            return value
        if value is not None:
            self._wrong(where, f"must be an object, not {_kind(value)}")
        return NOTHING

    def _list(self, holder: FrozenDict, key: str, where: str = "") -> FrozenList:
        value = holder.get(key)
        if isinstance(value, FrozenList):
            return value
        if value is not None:
            place = f"{where}.{key}" if where else key
            self._wrong(place, f"must be a list, not {_kind(value)}")
        return FrozenList()

    def _text(self, holder: FrozenDict, key: str, where: str) -> str:
        value = holder.get(key)
        if isinstance(value, str):
            return value
        if value is not None:
            self._wrong(f"{where}.{key}", f"must be a text, not {_kind(value)}")
        return ""

    def _flag(self, holder: FrozenDict, key: str, where: str) -> bool:
        value = holder.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        place = where if where == key else f"{where}.{key}"
        self._wrong(place, f"must be true or false, not {_kind(value)}")
        return False

    def _wrong(self, where: str, message: str, *, node: str = "", hint: str = "") -> None:
        self.problems.append(Problem(where, message, "malformed", node=node, hint=hint))


PLAIN_SOURCE = EdgeDetails()


def _is_initial(entry: FrozenDict) -> bool:
    """Without a node it comes from, and with data."""
    source = entry.get("from")
    if isinstance(source, FrozenDict) and (source.get("nodeId") or source.get("portId")):
        return False
    return (source is None or isinstance(source, FrozenDict)) and entry.get("data") is not None


def _unknown_keys(holder: FrozenDict, known: frozenset[str]) -> FrozenDict:
    if holder.keys() <= known:
        return NOTHING
    return FrozenDict((key, value) for key, value in holder.items() if key not in known)


def _kind(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text"}
    if value is None:
        return "null"
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    return names.get(type(value), type(value).__name__)
