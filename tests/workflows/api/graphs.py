"""Small graphs for the tests of the interfaces."""

from __future__ import annotations

from typing import Any


def edge(node: str, port: str) -> dict[str, Any]:
    return {
        "nodeId": node,
        "portId": port,
        "portName": "",
        "index": None,
        "expose": False,
        "data": None,
        "metadata": None,
        "portType": {"type": "any"},
    }


def connection(source: str, out: str, target: str, port: str) -> dict[str, Any]:
    return {
        "from": edge(source, out),
        "to": edge(target, port),
        "metadata": None,
        "data": None,
    }


def pipeline(**changes: Any) -> dict[str, Any]:
    """Two passthroughs; the inport ``start`` enters the first."""
    graph = {
        "caseSensitive": True,
        "properties": {"name": "pipeline"},
        "processes": {
            "a": {"id": "a", "component": "tpl_passthrough", "metadata": None},
            "b": {"id": "b", "component": "tpl_passthrough", "metadata": None},
        },
        "connections": [connection("a", "output", "b", "input")],
        "inports": {"start": {**edge("a", "start"), "portName": "input", "expose": True}},
        "outports": {"end": {**edge("b", "end"), "portName": "output", "expose": True}},
        "groups": [],
    }
    return {**graph, **changes}
