"""The editor's own trace API, which works in the shipped program: section 7."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fakes.zeal.errors import (
    RefusedError,
    StorageError,
    envelope,
    failure,
    new_id,
    now_iso,
    stored,
    whole,
)
from tests.fakes.zeal.http import Response
from tests.fakes.zeal.routes import Route
from tests.fakes.zeal.shapes import choice, problems_of, record, text
from tests.fakes.zeal.traces import open_session

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Json, Request
    from tests.fakes.zeal.server import FakeZeal
    from tests.fakes.zeal.shapes import Shape

SESSION = record({"workflowId": text, "workflowName": text}, {"workflowVersionId": text})
CLOSE = record({"status": choice("completed", "failed")})
ENDS = ("nodeId", "nodeName", "nodeType", "portId", "portName", "portType")
ANSWERED = ("duration", "status", "source", "target", "data", "graphId", "graphName", "depth")


def body_of(request: Request, shape: Shape) -> Any:
    """The body of a call with an envelope, checked.

    Raises:
        RefusedError: it does not fit.
    """
    value, problems = problems_of(shape, request.json())
    if problems:
        raise RefusedError(failure(400, "VALIDATION_ERROR", "Invalid input", details=problems))
    return value


async def create(zeal: FakeZeal, request: Request) -> Response:
    body = body_of(request, SESSION)
    session = open_session(zeal, body["workflowId"], metadata={}, workflowName=body["workflowName"])
    return envelope(session, 201)


async def add_hop(zeal: FakeZeal, request: Request, session_id: str) -> Response:
    hop = _checked(request.json())
    if zeal.faults.breaks_at(hop):
        raise StorageError("it breaks at this hop")
    hop = {"depth": 0, "graphId": "main", "graphName": "Main"} | hop
    made = {"id": new_id("ft"), "timestamp": now_iso()}
    stranger = {"id": session_id, "unknown": True, "events": [], "hops": []}
    zeal.store.sessions.setdefault(session_id, stranger)["hops"].append(made | hop)
    zeal.record.add("hop", sessionId=session_id, hop=hop)
    return envelope(made | {name: hop[name] for name in ANSWERED}, 201)


def _checked(hop: Any) -> Json:
    """What the database needs; nothing is checked before it, so each mistake is a 500.

    Raises:
        StorageError: a column is null or of the wrong type.
    """
    if not isinstance(hop, dict):
        raise StorageError("Cannot read properties of undefined")
    for end in ("source", "target"):
        for name in ENDS:
            if not isinstance((hop.get(end) or {}).get(name), str):
                raise StorageError(f"Argument `{end}.{name}` is missing")
    data = hop.get("data") or {}
    if "size" not in data or not isinstance(data.get("type"), str):
        raise StorageError("Argument `data.size` or `data.type` is missing")
    if hop.get("status") not in ("success", "error", "warning"):
        raise StorageError("Argument `status` is not one of success, error, warning")
    whole(data["size"], "data.size")
    whole(_needed(hop, "duration"), "duration")
    if not isinstance(data.get("preview", ""), str):
        hop["data"] = data | {"preview": json.dumps(data["preview"])}
    return dict(stored(hop))


def _needed(hop: Json, name: str) -> Any:
    if not isinstance(hop.get(name), int | float):
        raise StorageError(f"Argument `{name}` is missing")
    return hop[name]


async def close(zeal: FakeZeal, request: Request, session_id: str) -> Response:
    body = body_of(request, CLOSE)
    zeal.record.add("close", sessionId=session_id, status=body["status"])
    session = zeal.store.sessions.get(session_id)
    if session is None or session.get("unknown"):
        return _unknown()
    session |= {"status": body["status"], "endTime": now_iso()}
    zeal.webhooks.raised("execution", f"execution.{body['status']}", session)
    return envelope({"success": True})


def _unknown() -> Response:
    return failure(404, "TRACE_SESSION_NOT_FOUND", "Trace session not found")


def _shown(session: Json) -> Json:
    return {**session, "traces": session["hops"]}


async def one(zeal: FakeZeal, _request: Request, session_id: str) -> Response:
    session = zeal.store.sessions.get(session_id)
    return _unknown() if session is None else envelope(_shown(session))


async def replay(zeal: FakeZeal, _request: Request, session_id: str) -> Response:
    session = zeal.store.sessions.get(session_id)
    if session is None:
        return _unknown()
    hops = [hop | {"relativeTime": index} for index, hop in enumerate(session["hops"])]
    return envelope({"sessionId": session_id, "traces": hops})


async def report(zeal: FakeZeal, _request: Request, session_id: str) -> Response:
    session = zeal.store.sessions.get(session_id)
    if session is None:
        return _unknown()
    text_of = f"{session_id}: {len(session['hops'])} traces\n"
    return Response(200, text_of.encode(), {"content-type": "text/plain"})


async def every(zeal: FakeZeal, request: Request) -> Response:
    found = [
        session
        for session in zeal.store.newest()
        if request.query.get("status") in (None, session["status"])
    ]
    page, limit = (int(request.query.get(*each)) for each in (("page", "1"), ("limit", "20")))
    shown = [_shown(session) for session in found[(page - 1) * limit : page * limit]]
    return envelope(shown, pagination={"page": page, "limit": limit, "total": len(found)})


ROUTES = [
    Route("POST", "/api/flow-traces", create),
    Route("GET", "/api/flow-traces", every),
    Route("POST", "/api/flow-traces/sessions/{}", add_hop),
    Route("PUT", "/api/flow-traces/sessions/{}", close),
    Route("GET", "/api/flow-traces/sessions/{}", one),
    Route("GET", "/api/flow-traces/sessions/{}/replay", replay),
    Route("GET", "/api/flow-traces/sessions/{}/report", report),
]
