"""From stored events to those of Zeal's live socket: what lights up nodes and edges. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from observability.zeal.wire import JsonObject, clean, present

if TYPE_CHECKING:
    from collections.abc import Callable

    from observability.zeal.live import LiveRun
    from observability.zeal.traces import StoredEvent

MAX_ERROR = 2_000  # characters of an error's text
CANCELLED = "CANCELLED"


def live_event(run: LiveRun, event: StoredEvent) -> JsonObject | None:
    """The event as Zeal wants it; None for a type that it has no event for.

    Durations are in ms, sizes in bytes.
    """
    mapping = _MAPPINGS.get(event.type)
    if mapping is None:
        return None
    kind, data = mapping
    made: JsonObject = clean(
        present(
            type=kind,
            workflowId=run.workflow_id,
            timestamp=_iso(event.at_ms),
            data=data(run, event),
            **_place(run, event.node),
        )
    )
    return made


def _place(run: LiveRun, node: str) -> JsonObject:
    """Where it happened, in Zeal's words; a node that Zeal does not have keeps its id here."""
    if not node:
        return {}
    found = run.connections.node(node) if run.connections else None
    if found is None:
        return {"nodeId": node}
    return {"nodeId": found.id, "graphId": found.graph or "main"}


def _started(run: LiveRun, _event: StoredEvent) -> JsonObject:
    return {"sessionId": run.session_id, "workflowName": run.workflow_name or run.workflow_id}


def _executing(run: LiveRun, event: StoredEvent) -> JsonObject:
    ids = _listed(event, "input_connections")
    taken = run.connections.taken_into(event.node, ids) if run.connections else ids
    return {"inputConnections": list(taken)}


def _completed(run: LiveRun, event: StoredEvent) -> JsonObject:
    return {
        "outputConnections": _outgoing(run, event),
        "duration": event.data.get("duration_ms", 0),
        "outputSize": event.data.get("output_size", 0),
    }


def _failed(run: LiveRun, event: StoredEvent) -> JsonObject:
    return {"outputConnections": _outgoing(run, event), "error": _error(event)}


def _outgoing(run: LiveRun, event: StoredEvent) -> list[str]:
    ids = _listed(event, "output_connections")
    return list(run.connections.taken_out_of(event.node, ids) if run.connections else ids)


def _run_completed(run: LiveRun, event: StoredEvent) -> JsonObject:
    executed, failed = event.data.get("nodes_executed", 0), event.data.get("nodes_failed", 0)
    success = max(0, executed - failed)
    return {
        "sessionId": run.session_id,
        "duration": event.data.get("duration_ms", 0),
        "nodesExecuted": executed,
        "summary": {"successCount": success, "errorCount": failed, "warningCount": 0},
    }


def _run_failed(run: LiveRun, event: StoredEvent) -> JsonObject:
    duration = event.data.get("duration_ms")
    return present(sessionId=run.session_id, duration=duration, error=_error(event))


def _run_cancelled(run: LiveRun, event: StoredEvent) -> JsonObject:
    by, reason = str(event.data.get("by") or ""), str(event.data.get("reason") or "")
    told = ": ".join(filter(None, (f"cancelled by {by}" if by else "cancelled", reason)))
    error = {"message": told[:MAX_ERROR], "code": CANCELLED}
    return present(sessionId=run.session_id, duration=event.data.get("duration_ms"), error=error)


def _error(event: StoredEvent) -> JsonObject:
    message = str(event.data.get("error") or "failed")[:MAX_ERROR]
    return present(message=message, code=event.data.get("code"))


def _listed(event: StoredEvent, name: str) -> list[str]:
    return list(event.data.get(name) or ())


def _iso(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_MAPPINGS: dict[str, tuple[str, Callable[[LiveRun, StoredEvent], JsonObject]]] = {
    "Started": ("execution.started", _started),
    "NodeExecuting": ("node.executing", _executing),
    "ActorCompleted": ("node.completed", _completed),
    "ActorFailed": ("node.failed", _failed),
    "Completed": ("execution.completed", _run_completed),
    "Failed": ("execution.failed", _run_failed),
    "Cancelled": ("execution.failed", _run_cancelled),
}


def flat(event: JsonObject) -> JsonObject:
    """The same event as the raw profile has it: its data beside the rest, and an id."""
    rest = {name: value for name, value in event.items() if name != "data"}
    data: dict[str, Any] = event.get("data", {})
    return {"id": f"evt_{uuid4().hex}"} | rest | data


def refusal(workflow_id: str, execution_id: str, message: str) -> JsonObject:
    """What Zeal is told of a run that it asked for and that cannot start."""
    at = datetime.now(UTC)
    made: JsonObject = clean(
        {
            "type": "execution.failed",
            "workflowId": workflow_id,
            "timestamp": _iso(int(at.timestamp() * 1000)),
            "data": {
                "sessionId": execution_id,
                "error": {"message": message[:MAX_ERROR], "code": "NOT_STARTED"},
            },
        }
    )
    return made
