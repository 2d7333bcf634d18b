"""From a graph to its ``GraphExport`` document, exactly as the original writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from engine.graph.elements import Connection, ExposedPort, Group, Initial, Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.graph.elements import EdgeDetails
    from engine.graph.model import Graph


def write_document(graph: Graph) -> dict[str, Any]:
    """The document as plain values; frozen parts of it are shared, not copied."""
    packets = [_initial(item, index) for index, item in enumerate(graph.initials)]
    return {
        **graph.extra,
        "caseSensitive": graph.case_sensitive,
        "properties": {"name": "", **graph.properties},
        "processes": {node.id: _node(node) for node in graph.nodes.values()},
        "connections": [*map(_connection, graph.connections), *packets],
        "inports": _exposed(graph.inports),
        "outports": _exposed(graph.outports),
        "groups": [_group(group) for group in graph.groups],
    }


def write_element(element: Node | Connection | Initial | ExposedPort | Group) -> dict[str, Any]:
    """One element as it stands in the document."""
    match element:
        case Node():
            return _node(element)
        case Connection():
            return _connection(element)
        case Initial():
            return _initial(element, element.target.index or 0)
        case ExposedPort():
            return _exposed({element.name: element})[element.name]  # type: ignore[no-any-return]
        case Group():
            return _group(element)
        case _:
            assert_never(element)


def _node(node: Node) -> dict[str, Any]:
    return {
        **node.extra,
        "id": node.id,
        "component": node.component,
        "metadata": node.metadata,
    }


def _group(group: Group) -> dict[str, Any]:
    return {**group.extra, "id": group.id, "nodes": group.nodes, "metadata": group.metadata}


def _connection(item: Connection) -> dict[str, Any]:
    return {
        **item.extra,
        "from": _edge(item.from_node, item.from_port, item.source),
        "to": _edge(item.to_node, item.to_port, item.target),
        "metadata": item.metadata,
        "data": item.data,
    }


def _initial(item: Initial, index: int) -> dict[str, Any]:
    # The original stops at an index that is not the packet's position.
    return {
        **item.extra,
        "from": _edge("", "", item.source),
        "to": {**_edge(item.node, item.port, item.target), "index": index},
        "metadata": item.metadata,
        "data": item.data,
    }


def _edge(node: str, port: str, details: EdgeDetails) -> dict[str, Any]:
    return _details(node, "" if details.by_name else port, details.port_name, details)


def _exposed(ports: Mapping[str, ExposedPort]) -> dict[str, Any]:
    return {
        name: _details(
            port.node,
            port.port_id if port.port_id is not None else name,
            port.details.port_name,
            port.details,
        )
        for name, port in ports.items()
    }


def _details(node: str, port_id: str, port_name: str, details: EdgeDetails) -> dict[str, Any]:
    return {
        **details.extra,
        "portName": port_name,
        "portId": port_id,
        "nodeId": node,
        "index": details.index,
        "expose": details.expose,
        "data": details.data,
        "metadata": details.metadata,
        "portType": details.port_type,
    }
