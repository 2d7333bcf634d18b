"""The graph: nodes, connections, initial packets, exposed ports, and how to edit them."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

from engine.codec import dumps, encode, from_wire, is_tagged
from engine.errors import CodecError, MessageError, nearest
from engine.graph.elements import (
    Connection,
    EdgeDetails,
    ExposedPort,
    Group,
    Initial,
    Node,
)
from engine.graph.fields import kind_of
from engine.graph.given import frozen_object, missing, need_text, refused
from engine.graph.reading import Parts, read_document
from engine.graph.writing import write_document
from engine.graph.yaml_text import dump_yaml, parse_yaml
from engine.messages import FrozenDict, FrozenList, freeze
from engine.ports import PortType
from engine.strict_json import NO_SIZE_LIMITS, JsonLimits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Graph:
    """A network before it runs, as Reflow's ``GraphExport`` describes it.

    Edits check only what no later edit can mend (an id used twice); whether ports and components
    exist is found by ``engine.graph.validate``.

    Args:
        case_sensitive: whether ports must be spelt exactly as the actors spell them.
    """

    def __init__(self, name: str = "", *, case_sensitive: bool = False) -> None:
        self.nodes: dict[str, Node] = {}
        self.connections: list[Connection] = []
        self.initials: list[Initial] = []
        self.inports: dict[str, ExposedPort] = {}
        self.outports: dict[str, ExposedPort] = {}
        self.groups: list[Group] = []
        self.properties: dict[str, Any] = {"name": name}
        self.case_sensitive = case_sensitive
        self.extra: dict[str, Any] = {}  # keys of the document that we do not know

    @classmethod
    def from_json(
        cls, document: str | bytes | Mapping[str, Any], *, limits: JsonLimits = NO_SIZE_LIMITS
    ) -> Self:
        """Read a ``GraphExport``, leniently: what is missing is filled in, what is unknown kept.

        Raises:
            GraphError: it is no graph; ``problems`` lists every reason.
        """
        return cls._of(read_document(document, limits))

    @classmethod
    def from_yaml(cls, document: str | bytes, *, limits: JsonLimits = NO_SIZE_LIMITS) -> Self:
        """Read the same document written as YAML.

        Raises:
            GraphError: it is no YAML or no graph; ``problems`` lists every reason.
        """
        try:
            value = parse_yaml(document)
        except CodecError as error:
            raise refused("graph", str(error), "not_yaml") from error
        if not isinstance(value, dict):
            raise refused("graph", f"must be an object, not {kind_of(value)}", "malformed")
        return cls.from_json(value, limits=limits)

    @classmethod
    def _of(cls, parts: Parts) -> Self:
        graph = cls(case_sensitive=parts.case_sensitive)
        graph.nodes = parts.nodes
        graph.connections = parts.connections
        graph.initials = parts.initials
        graph.inports = parts.inports
        graph.outports = parts.outports
        graph.groups = parts.groups
        graph.properties = parts.properties
        graph.extra = parts.extra
        return graph

    @property
    def name(self) -> str:
        name = self.properties.get("name")
        return name if isinstance(name, str) else ""

    def to_dict(self) -> dict[str, Any]:
        """The document as the original writes it; unknown keys and spellings survive."""
        return write_document(self)

    def to_json(self) -> str:
        """The same as compact text with sorted keys: equal graphs give equal texts.

        Raises:
            CodecError: a value in the graph has no JSON form; names it.
        """
        return dumps(self.to_dict(), sort_keys=True)

    def to_yaml(self) -> str:
        """The same document as YAML; ``from_yaml`` gives an equal graph."""
        return dump_yaml(json.loads(self.to_json()))

    def checksum(self) -> str:
        """SHA-256 of ``to_json()``, as hex."""
        return sha256(self.to_json().encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Graph) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # it can be edited

    def __repr__(self) -> str:
        counts = f"{len(self.nodes)} nodes, {len(self.connections)} connections"
        return f"<{type(self).__name__} {self.name!r}: {counts}>"

    def add_node(self, id: str, component: str, config: Any = None) -> None:  # noqa: A002 -- the domain's word
        """Add a node; ``config`` becomes its metadata.

        Raises:
            GraphError: the id is taken or empty, or the config is not made of JSON values.
        """
        where = f"node {id!r}"
        need_text(where, "id", id)
        need_text(where, "component", component)
        if id in self.nodes:
            raise refused(where, "there is one with this id already", "duplicate_node", node=id)
        self.nodes[id] = Node(id, component, frozen_object(where, config))

    def remove_node(self, id: str) -> None:  # noqa: A002 -- the domain's word
        """Remove a node and everything that is attached to it."""
        if self.nodes.pop(id, None) is None:
            raise missing("node", id, self.nodes)
        self.connections = [c for c in self.connections if id not in (c.from_node, c.to_node)]
        self.initials = [item for item in self.initials if item.node != id]
        self.inports = {name: port for name, port in self.inports.items() if port.node != id}
        self.outports = {name: port for name, port in self.outports.items() if port.node != id}
        self.groups = [
            Group(g.id, FrozenList(n for n in g.nodes if n != id), g.metadata, g.extra)
            for g in self.groups
        ]

    def add_connection(
        self,
        from_node: str,
        from_port: str,
        to_node: str,
        to_port: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Connect an outport to an inport; the nodes may be added later.

        Raises:
            GraphError: an end is empty, or the metadata is not made of JSON values.
        """
        where = f"connection {from_node}.{from_port} -> {to_node}.{to_port}"
        for what, value in zip(_ENDS, (from_node, from_port, to_node, to_port), strict=True):
            need_text(where, what, value)
        self.connections.append(
            Connection(from_node, from_port, to_node, to_port, frozen_object(where, metadata))
        )

    def remove_connection(self, from_node: str, from_port: str, to_node: str, to_port: str) -> None:
        """Remove the connection between these ports, in the graph's spelling of them."""
        ends = (from_node, from_port, to_node, to_port)
        kept = [
            c for c in self.connections if (c.from_node, c.from_port, c.to_node, c.to_port) != ends
        ]
        if len(kept) == len(self.connections):
            text = f"{from_node}.{from_port} -> {to_node}.{to_port}"
            hint = nearest(text, (c.ends for c in self.connections))
            raise refused(
                f"connection {text}", "there is none", "unknown_connection", node=to_node, hint=hint
            )
        self.connections = kept

    def add_initial(
        self, node: str, port: str, value: Any, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Send a packet to an inport when the run starts.

        ``value`` is a tagged message, a message, or any JSON value.

        Raises:
            GraphError: it cannot be a message.
        """
        where = f"initial packet for {node}.{port}"
        need_text(where, "node", node)
        need_text(where, "port", port)
        try:
            if is_tagged(value):
                from_wire(value)
                data = freeze(value)
            else:
                data = freeze(encode(freeze(value)))
        except (CodecError, MessageError) as error:
            raise refused(where, str(error), "invalid_message", node=node, port=port) from error
        self.initials.append(Initial(node, port, data, frozen_object(where, metadata)))

    def remove_initial(self, node: str, port: str) -> None:
        """Remove all initial packets of a port."""
        kept = [item for item in self.initials if (item.node, item.port) != (node, port)]
        if len(kept) == len(self.initials):
            where = f"initial packet for {node}.{port}"
            raise refused(where, "there is none", "unknown_initial", node=node, port=port)
        self.initials = kept

    def add_inport(self, name: str, node: str, port: str, port_type: str = "any") -> None:
        """Give an inport of a node a public name: a run's ``input`` goes there.

        Raises:
            GraphError: the name is taken, or the type is unknown.
        """
        self.inports[name] = _exposed(
            "inport", self.inports, ExposedPort(name, node, port), port_type
        )

    def add_outport(self, name: str, node: str, port: str, port_type: str = "any") -> None:
        """Give an outport of a node a public name: its messages are a run's ``outputs``."""
        self.outports[name] = _exposed(
            "outport", self.outports, ExposedPort(name, node, port), port_type
        )

    def remove_inport(self, name: str) -> None:
        _remove("inport", self.inports, name)

    def remove_outport(self, name: str) -> None:
        _remove("outport", self.outports, name)

    def add_group(
        self,
        id: str,  # noqa: A002 -- the domain's word
        nodes: Iterable[str],
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Show these nodes together."""
        where = f"group {id!r}"
        need_text(where, "id", id)
        if any(group.id == id for group in self.groups):
            raise refused(where, "there is one with this id already", "duplicate_group")
        self.groups.append(Group(id, FrozenList(nodes), frozen_object(where, metadata)))

    def remove_group(self, id: str) -> None:  # noqa: A002 -- the domain's word
        kept = [group for group in self.groups if group.id != id]
        if len(kept) == len(self.groups):
            raise missing("group", id, [group.id for group in self.groups])
        self.groups = kept


_ENDS = ("the node it comes from", "its outport", "the node it goes to", "its inport")


def _exposed(
    kind: str, taken: Mapping[str, ExposedPort], new: ExposedPort, port_type: str
) -> ExposedPort:
    where = f"{kind} {new.name!r}"
    for what, value in (("name", new.name), ("node", new.node), ("port", new.port)):
        need_text(where, what, value)
    if new.name in taken:
        message = "there is one with this name already"
        raise refused(where, message, f"duplicate_{kind}", node=new.node, port=new.port)
    if port_type not in tuple(PortType):
        hint = nearest(str(port_type), map(str, PortType))
        message = f"the port type {port_type!r} is unknown"
        raise refused(where, message, "unknown_port_type", node=new.node, port=new.port, hint=hint)
    # The original has no type for errors, and refuses a word that it does not know.
    word = PortType.ANY if port_type == PortType.ERROR else port_type
    details = EdgeDetails(port_name=new.port, port_type=FrozenDict({"type": str(word)}))
    return replace(new, details=details)


def _remove(kind: str, ports: dict[str, ExposedPort], name: str) -> None:
    if ports.pop(name, None) is None:
        raise missing(kind, name, ports)
