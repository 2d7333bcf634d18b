"""Runtime events of the live socket: their fields, their broadcast shape, what is kept of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fakes.zeal.errors import now_ms
from tests.fakes.zeal.shapes import choice, listing, mapping, number, record, text
from tests.fakes.zeal.traces import open_session

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Json
    from tests.fakes.zeal.server import FakeZeal
    from tests.fakes.zeal.store import Store

SILENT = ("node.warning", "connection.state", "workflow.published", "workflow.unpublished")
TYPES = (
    "execution.started",
    "node.executing",
    "node.completed",
    "node.failed",
    "execution.completed",
    "execution.failed",
    "stream.opened",
    "stream.closed",
    "stream.error",
    *SILENT,
)
AUTH = record({"type": choice("auth"), "workflowId": text}, {"metadata": mapping()})
RUNTIME_EVENT = record(
    {"type": choice(*TYPES), "workflowId": text, "timestamp": text},
    {
        "nodeId": text,
        "graphId": text,
        "data": mapping(),
        "metadata": mapping(),
        "streamId": number,
        "port": text,
        "contentType": text,
        "sizeHint": number,
        "totalBytes": number,
        "error": text,
    },
)
VISUAL = record(
    {
        "type": choice("visual.state.update"),
        "elements": listing(
            record(
                {
                    "id": text,
                    "elementType": choice("node", "connection"),
                    "state": choice("idle", "pending", "running", "success", "error", "warning"),
                }
            )
        ),
    }
)
# Of each type: what is read from ``data`` with its default, and what stands at the top.
NOTHING = object()
FROM_DATA: dict[str, dict[str, Any]] = {
    "execution.started": {"sessionId": "", "workflowName": NOTHING},
    "node.executing": {"inputConnections": []},
    "node.completed": {"outputConnections": [], "duration": NOTHING, "outputSize": NOTHING},
    "node.failed": {"outputConnections": [], "error": NOTHING},
    "execution.completed": {
        "sessionId": "",
        "duration": 0,
        "nodesExecuted": 0,
        "summary": {"successCount": 0, "errorCount": 0, "warningCount": 0},
    },
    "execution.failed": {"sessionId": "", "duration": NOTHING, "error": NOTHING},
    "stream.opened": {},
    "stream.closed": {},
    "stream.error": {},
}
AT_TOP = {
    "execution.started": ("metadata",),
    "node.executing": ("nodeId",),
    "node.completed": ("nodeId", "metadata"),
    "node.failed": ("nodeId",),
    "execution.completed": ("metadata",),
    "execution.failed": ("metadata",),
    "stream.opened": ("nodeId", "port", "streamId", "contentType", "sizeHint", "metadata"),
    "stream.closed": ("nodeId", "streamId", "totalBytes", "metadata"),
    "stream.error": ("nodeId", "streamId", "error", "metadata"),
}


def flattened(event: Json, store: Store) -> Json | None:
    """The fields of the broadcast, or None for a type that is not broadcast."""
    kind = event["type"]
    if kind in SILENT:
        return None
    data = event.get("data", {})
    flat = {name: event[name] for name in AT_TOP[kind] if name in event}
    for name, default in FROM_DATA[kind].items():
        if name in data:
            flat[name] = data[name]
        elif default is not NOTHING:
            flat[name] = default
    if kind == "execution.started":
        flat.setdefault("workflowName", store.workflow_name(event["workflowId"]))
    return flat | {"graph_id": event.get("graphId", "main")}


def keep(zeal: FakeZeal, event: Json) -> None:
    """Zeal also writes these into the newest running session of the workflow."""
    kind = event["type"]
    if not kind.startswith(("node.", "execution.")):
        return
    session = zeal.store.running(event["workflowId"])
    if session is None:
        session = open_session(zeal, event["workflowId"], metadata={}, origin="socket")
    stored_as = "input" if "start" in kind else "output" if "complete" in kind else "log"
    session["events"].append(
        {
            "timestamp": now_ms(),
            "nodeId": event.get("nodeId", "workflow"),
            "eventType": stored_as,
            "data": {
                "size": len(json.dumps(event)),
                "type": "runtime-event",
                "preview": event,
            },
        }
    )
