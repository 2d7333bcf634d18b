"""Trace sessions, executions and replay: sections 5 and 6."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.fakes.zeal.errors import (
    StorageError,
    body_of,
    new_id,
    now_iso,
    now_ms,
    stored,
    whole,
    zip_error,
)
from tests.fakes.zeal.http import answer
from tests.fakes.zeal.routes import Route
from tests.fakes.zeal.shapes import anything, choice, listing, mapping, number, record, text

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Json, Request, Response
    from tests.fakes.zeal.server import FakeZeal

SESSION = record(
    {"workflowId": text, "executionId": text},
    {
        "workflowVersionId": text,
        "metadata": record({}, {"trigger": text, "environment": text, "tags": listing(text)}),
    },
)
EVENT = record(
    {
        "timestamp": number,
        "nodeId": text,
        "eventType": choice("input", "output", "error", "log"),
        "data": record({"size": number, "type": text}, {"preview": anything, "fullData": anything}),
    },
    {
        "portId": text,
        "duration": number,
        "metadata": record({}, {"cpuUsage": number, "memoryUsage": number, "custom": mapping()}),
        "error": record({"message": text}, {"stack": text, "code": text}),
    },
)
EVENTS = record({"events": listing(EVENT)})
SUMMARY = record(
    dict.fromkeys(
        ("totalNodes", "successfulNodes", "failedNodes", "totalDuration", "totalDataProcessed"),
        number,
    )
)
COMPLETE = record(
    {"status": choice("success", "error", "cancelled")},
    {"summary": SUMMARY, "error": record({"message": text}, {"nodeId": text, "stack": text})},
)
STATUSES = {"success": "completed", "error": "failed", "cancelled": "cancelled"}
LAST_DATE_MS = 8.64e15  # of JavaScript
FLUSH_EVERY = 50  # events; then the call waits for the webhooks
NO_SUMMARY = dict.fromkeys(
    (
        "totalTraces",
        "successCount",
        "errorCount",
        "warningCount",
        "totalDataSize",
        "averageDuration",
    ),
    0,
)


def open_session(zeal: FakeZeal, workflow_id: str, **fields: Any) -> Json:
    session = {
        "id": new_id("fts"),
        "workflowId": workflow_id,
        "workflowName": zeal.store.workflow_name(workflow_id),
        "startTime": now_iso(),
        "endTime": None,
        "status": "running",
        "summary": None,
        "events": [],
        "hops": [],
        **fields,
    }
    zeal.store.sessions[session["id"]] = stored(session)
    zeal.record.add("session", sessionId=session["id"], workflowId=workflow_id, **fields)
    return session


async def create(zeal: FakeZeal, request: Request) -> Response:
    body = body_of(request, SESSION)
    metadata = body.get("metadata", {}) | {"executionId": body["executionId"]}
    session = open_session(zeal, body["workflowId"], metadata=metadata)
    zeal.webhooks.raised("execution", "execution.started", session)
    return answer({"sessionId": session["id"], "startTime": session["startTime"]})


async def add_events(zeal: FakeZeal, request: Request, session_id: str) -> Response:
    """Stored one by one: what stands before the one that fails stays stored."""
    events = body_of(request, EVENTS)["events"]
    for number_of, event in enumerate(events, start=1):
        add_event(zeal, session_id, event)
        if number_of % FLUSH_EVERY == 0:
            await zeal.webhooks.flush()
    message = f"Processed {len(events)} trace events"
    return answer({"success": True, "eventsProcessed": len(events), "message": message})


def add_event(zeal: FakeZeal, session_id: str, event: Json) -> None:
    if abs(event["timestamp"]) > LAST_DATE_MS:
        raise StorageError("Invalid time value")
    if zeal.faults.breaks_at(event):
        raise StorageError("it breaks at this event")
    if "duration" in event:
        event["duration"] = whole(event["duration"], "duration")
    kept = {name: value for name, value in stored(event).items() if name != "error"}
    session = zeal.store.sessions.setdefault(session_id, _stranger(session_id))
    session["events"].append({"id": new_id("fte"), **kept})
    zeal.record.add("event", sessionId=session_id, event=event)
    zeal.webhooks.raised("trace", "trace.event", session, event)


def _stranger(session_id: str) -> Json:
    """Where events of an unknown session are kept: Zeal's table has no foreign key."""
    return {"id": session_id, "unknown": True, "events": [], "hops": []}


async def complete(zeal: FakeZeal, request: Request, session_id: str) -> Response:
    body = body_of(request, COMPLETE)
    zeal.record.add("complete", sessionId=session_id, **body)
    if session := zeal.store.sessions.get(session_id):
        ended = {"status": STATUSES[body["status"]], "endTime": now_iso()}
        session |= ended | {"summary": body.get("summary", session.get("summary"))}
    done = {"success": True, "sessionId": session_id, "status": body["status"]}
    return answer(done | {"message": "Session completed"})


def _execution(session: Json) -> Json:
    names = ("workflowId", "workflowName", "startTime", "endTime", "status")
    shown = {name: session[name] for name in names}
    return {"sessionId": session["id"], **shown, "summary": session["summary"] or NO_SUMMARY}


async def executions(zeal: FakeZeal, request: Request) -> Response:
    newest = zeal.store.newest()
    wanted = [
        session
        for session in newest
        if request.query.get("workflowId") in (None, session["workflowId"])
        and request.query.get("status") in (None, session["status"])
    ]
    limit, start = (int(request.query.get(*each)) for each in (("limit", "20"), ("offset", "0")))
    found = [_execution(session) for session in wanted[start : start + limit]]
    return answer({"executions": found, "total": len(newest), "limit": limit, "offset": start})


async def execution(zeal: FakeZeal, _request: Request, session_id: str) -> Response:
    session = _newest(zeal, session_id)
    if session is None:
        return zip_error(404, "RESOURCE_NOT_FOUND", "Execution session not found")
    empty: Json = {"portId": None, "duration": None, "metadata": {}}
    events = [
        empty | event | {"timestamp": _iso(event["timestamp"])} for event in session["events"]
    ]
    return answer(
        _execution(session) | {"metadata": {}, "events": events, "totalEvents": len(events)}
    )


async def replay(zeal: FakeZeal, _request: Request, session_id: str) -> Response:
    session = _newest(zeal, session_id)
    if session is None:
        return zip_error(404, "RESOURCE_NOT_FOUND", "Execution session not found")
    start = datetime.fromisoformat(session["startTime"]).timestamp() * 1000
    names = ("timestamp", "nodeId", "eventType", "data")
    events = [
        {name: event[name] for name in names} | {"relativeTime": int(event["timestamp"] - start)}
        for event in session["events"]
    ]
    timings: Json = {}
    for event in events:
        at = event["relativeTime"]
        timing = timings.setdefault(event["nodeId"], {"startTime": at, "endTime": at})
        timing["endTime"] = at
        timing["duration"] = at - timing["startTime"]
    ended = now_ms() if session["endTime"] is None else _ms(session["endTime"])
    return answer(
        {
            "sessionId": session_id,
            "workflowSnapshot": zeal.store.snapshot(session["workflowId"]),
            "events": events,
            "timeline": {"totalDuration": int(ended - start), "nodeTimings": timings},
        }
    )


def _ms(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp() * 1000


def _iso(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def _newest(zeal: FakeZeal, session_id: str) -> Json | None:
    """Zeal looks at the newest session only."""
    return next((each for each in zeal.store.newest()[:1] if each["id"] == session_id), None)


_NO_SESSION = zip_error(400, "INVALID_REQUEST", "Missing session ID parameter")
_NO_SESSION_ID = zip_error(400, "VALIDATION_ERROR", "Missing sessionId parameter")
ROUTES = [
    Route("POST", "/api/zip/traces/sessions", create),
    Route("POST", "/api/zip/traces/{}/events", add_events, lost=_NO_SESSION_ID),
    Route("POST", "/api/zip/traces/{}/complete", complete, lost=_NO_SESSION),
    Route("GET", "/api/zip/executions", executions),
    Route("GET", "/api/zip/executions/{}", execution, lost=_NO_SESSION),
    Route("GET", "/api/zip/executions/{}/replay", replay, lost=_NO_SESSION),
]
