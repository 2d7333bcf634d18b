"""Reflow's wire shapes, as pure functions over stored rows.

Events carry Reflow's names (``ActorStarted``, ``actorId``) and bare JSON values, as its own
server sends them; what Reflow has no word for keeps the engine event's field names. Timestamps
are whole milliseconds since the epoch.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class StoredEvent(Protocol):
    """What the mappings read of an event row."""

    seq: int
    type: str
    node: str
    at: datetime
    data: str


# Stored engine event -> the network event that Reflow's clients know.
NETWORK_NAMES = {"Started": "NetworkStarted", "NodeExecuting": "ActorStarted"}

_SENT_FIELDS = {"from_port": "fromPort", "to_node": "toActor", "to_port": "toPort"}


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since the epoch."""
    return round(at.timestamp() * 1000)


def network_event(row: StoredEvent) -> dict[str, Any]:
    """One stored event in Reflow's shape, as the WebSocket sends it."""
    data = json.loads(row.data)
    shape = _SHAPES.get(row.type, _named_by_actor)
    return {
        "_type": NETWORK_NAMES.get(row.type, row.type),
        **shape(row.node, data),
        "seq": row.seq,
        "timestamp": milliseconds(row.at),
    }


def engine_event(row: StoredEvent) -> dict[str, Any]:
    """One stored event under the engine's own names, its messages tagged, as it was recorded."""
    return {
        "seq": row.seq,
        "type": row.type,
        "node": row.node,
        "timestamp": milliseconds(row.at),
        "data": json.loads(row.data),
    }


def _named_by_actor(node: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"actorId": node, **data} if node else data


def _completed(node: str, data: dict[str, Any]) -> dict[str, Any]:
    outputs = {port: _bare(message) for port, message in data.get("outputs", {}).items()}
    return {"actorId": node, **data, "outputs": outputs}


def _received(node: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"actorId": node, **data, **_message(data)}


def _sent(node: str, data: dict[str, Any]) -> dict[str, Any]:
    renamed = {_SENT_FIELDS.get(name, name): value for name, value in data.items()}
    return {"fromActor": node, **renamed, **_message(data)}


def _message(data: dict[str, Any]) -> dict[str, Any]:
    tagged = data.get("message")
    tag = tagged.get("type", "") if isinstance(tagged, dict) else ""
    return {"message": _bare(tagged), "messageType": tag}


def _bare(tagged: Any) -> Any:
    """What a stored message is without its tag; the original writes a Flow as a word."""
    if isinstance(tagged, dict):
        return "flow" if tagged.get("type") == "Flow" else tagged.get("data")
    return tagged


_SHAPES: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "ActorCompleted": _completed,
    "MessageReceived": _received,
    "MessageSent": _sent,
}
