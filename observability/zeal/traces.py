"""From stored events to Zeal's traces: trace events, hops and the summary of a run. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from observability.zeal.palette import port_label
from observability.zeal.previews import PREVIEW_CHARACTERS, kind_of, preview
from observability.zeal.wire import present, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from observability.zeal.wire import JsonObject

MAX_ERROR = 2_000  # characters of an error's text
HOP_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One row of the event log; ``data`` is its JSON, with messages tagged."""

    seq: int
    type: str
    node: str
    at_ms: int  # since the epoch
    data: JsonObject


@dataclass(frozen=True, slots=True)
class NodeInZeal:
    """How Zeal knows a node: it wants all three, and a graph."""

    id: str
    title: str
    type: str
    graph: str = "main"


NodeOf: TypeAlias = "Callable[[str], NodeInZeal]"  # by the node's id in our graph


def trace_event(
    event: StoredEvent, node_of: NodeOf, *, characters: int = PREVIEW_CHARACTERS
) -> JsonObject | None:
    """The trace event of a stored one; None if it is about no node, or says nothing new.

    ``metadata.custom`` holds the event's number and type: Zeal makes ids of its own.
    """
    shape = _SHAPES.get(event.type)
    if shape is None:
        return None
    data = event.data
    error = _cut(data["error"]) if event.type == "ActorFailed" else None
    shown = error if error is not None else shape.shown(data, characters)
    return present(
        timestamp=event.at_ms,
        nodeId=node_of(event.node).id,
        portId=data.get(shape.port) if shape.port else None,
        eventType=shape.kind,
        data=present(size=whole(_size(data)), type=shape.type(data), preview=shown),
        duration=whole(data["duration_ms"]) if "duration_ms" in data else None,
        metadata={"custom": present(seq=event.seq, event=event.type, count=data.get("count"))},
        error=present(message=error, code=data.get("code")) if error is not None else None,
    )


def hop(
    event: StoredEvent, node_of: NodeOf, *, characters: int = PREVIEW_CHARACTERS
) -> JsonObject | None:
    """The hop of Zeal's flow tracer: a message over a connection, or a node's failure.

    A failure has no connection; it is shown as a hop from the node to itself.
    """
    data = event.data
    if event.type == "MessageSent":
        sender, receiver = node_of(event.node), node_of(data["to_node"])
        shown = preview(data["message"], characters=characters)
        ends = (_end(sender, data["from_port"], "output"), _end(receiver, data["to_port"], "input"))
        return _hop(sender, ends, whole(data["size"]), shown)
    if event.type == "ActorFailed":
        node, text = node_of(event.node), _cut(data["error"])
        ends = (_end(node, "error", "output"), _end(node, "error", "input"))
        failed = _hop(node, ends, len(text.encode()), text)
        return failed | {
            "status": "error",
            "error": present(message=text, code=data.get("code")),
        }
    return None


def _hop(
    node: NodeInZeal, ends: tuple[JsonObject, JsonObject], size: int, shown: Any
) -> JsonObject:
    source, target = ends
    return {
        "source": source,
        "target": target,
        "duration": 0,  # what a message spent on its way is not measured
        "status": "success",
        "data": present(size=size, type=HOP_TYPE, preview=shown),
        "graphId": node.graph,
        "graphName": port_label(node.graph),
        "depth": 0,
    }


def _end(node: NodeInZeal, port: str, side: str) -> JsonObject:
    return {
        "nodeId": node.id,
        "nodeName": node.title or node.id,
        "nodeType": node.type or "node",
        "portId": port,
        "portName": port_label(port),
        "portType": side,
    }


@dataclass(slots=True)
class Summary:
    """Adds up a run, event by event; durations in ms, data in bytes."""

    nodes: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    duration_ms: float = 0
    data_bytes: int = 0
    status: str = ""  # success, error or cancelled, once the run has ended
    error: str = ""

    def add(self, event: StoredEvent) -> None:
        data = event.data
        if event.type in ("NodeExecuting", "ActorCompleted", "ActorFailed"):
            self.nodes.add(event.node)
        if event.type == "ActorCompleted":
            self.data_bytes += data["output_size"]
        if event.type == "ActorFailed" and not data.get("handled"):
            self.failed.add(event.node)
        if event.type in _ENDS:
            self.status = _ENDS[event.type]
            self.duration_ms = data.get("duration_ms") or 0
            self.error = _cut(data.get("error") or data.get("reason") or "")

    def document(self) -> JsonObject:
        """The five numbers that Zeal wants, all of them."""
        return {
            "totalNodes": len(self.nodes),
            "successfulNodes": len(self.nodes - self.failed),
            "failedNodes": len(self.failed),
            "totalDuration": whole(self.duration_ms),
            "totalDataProcessed": self.data_bytes,
        }


_ENDS = {"Completed": "success", "Failed": "error", "Cancelled": "cancelled"}


@dataclass(frozen=True, slots=True)
class _Shape:
    kind: str  # Zeal's eventType
    port: str = ""  # the field that names the port
    field: str = ""  # the field that holds what is shown

    def shown(self, data: JsonObject, characters: int) -> Any:
        return preview(data[self.field], characters=characters) if self.field in data else None

    def type(self, data: JsonObject) -> str:
        if shortened := data.get("shortened", {}).get(self.field):
            return str(shortened["type"])
        return kind_of(data[self.field]) if self.field == "message" else "Object"


_SHAPES = {
    "NodeExecuting": _Shape("input"),
    "MessageReceived": _Shape("input", "port", "message"),
    "ActorCompleted": _Shape("output", "", "outputs"),
    "MessageSent": _Shape("output", "from_port", "message"),
    "ActorFailed": _Shape("error"),
    "ActorLogged": _Shape("log", "", "text"),
    "ActorRetried": _Shape("log", "", "error"),
    "ActorRestarted": _Shape("log", "", "cause"),
    "BreakerChanged": _Shape("log", "", "new"),
}


def _size(data: JsonObject) -> float:
    return float(data.get("size") or data.get("output_size") or 0)


def _cut(text: Any) -> str:
    return str(text)[:MAX_ERROR]
