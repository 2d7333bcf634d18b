"""The editor's workflows, and what pressing Publish and Execute sends out: section 11."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fakes.zeal.errors import RefusedError, envelope, failure, new_id, now_iso, now_ms, stored
from tests.fakes.zeal.flow_traces import body_of
from tests.fakes.zeal.routes import Route
from tests.fakes.zeal.shapes import anything, listing, mapping, record, text

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Json, Request, Response
    from tests.fakes.zeal.server import FakeZeal

GRAPH = record({"nodes": listing(mapping()), "connections": listing(mapping())})
WORKFLOW = record(
    {"name": text, "graphs": listing(GRAPH, least=1)},
    {
        "description": text,
        "activeGraphId": text,
        "triggerConfig": mapping(),
        "metadata": mapping(),
    },
)
EXECUTE = record({}, {"input": anything, "configuration": mapping()})
USER = "user_default"


def _checked(request: Request) -> Json:
    """The body as it came, for graphs come back unchanged.

    Raises:
        RefusedError: a node comes twice, or a connection leads nowhere.
    """
    body_of(request, WORKFLOW)
    body: Json = stored(request.json())
    for graph in body["graphs"]:
        ids = [node.get("id") for node in graph["nodes"]]
        ends = [_end(each, side) for each in graph["connections"] for side in ("source", "target")]
        if len(set(ids)) < len(ids) or not set(ends) <= set(ids):
            message = "Node ids must be unique, and both ends of a connection must exist"
            raise RefusedError(failure(400, "VALIDATION_ERROR", message))
    return body


def _end(connection: Json, side: str) -> Any:
    return (connection.get(side) or {}).get("nodeId") or connection.get(f"{side}NodeId")


def _fields(body: Json) -> Json:
    graphs = body["graphs"]
    first = graphs[0].get("id", "main")
    names = ("name", "graphs")
    return {name: body[name] for name in names} | {
        "description": body.get("description", ""),
        "activeGraphId": body.get("activeGraphId", first),
        "triggerConfig": body.get("triggerConfig"),
        "metadata": body.get("metadata", {}),
        "updatedAt": now_iso(),
        "lastModifiedBy": USER,
    }


def add_workflow(zeal: FakeZeal, body: Json, workflow_id: str = "") -> Json:
    """A workflow as the editor saves it."""
    fresh: Json = {
        "id": workflow_id or new_id("wf"),
        "status": "draft",
        "version": 1,
        "createdAt": now_iso(),
        "createdBy": USER,
    }
    workflow = fresh | _fields(body)
    zeal.store.workflows[workflow["id"]] = workflow
    return workflow


async def create(zeal: FakeZeal, request: Request) -> Response:
    return envelope(add_workflow(zeal, _checked(request)), 201)


async def every(zeal: FakeZeal, request: Request) -> Response:
    """Asks for ``anonymous`` when nobody is named, while workflows belong to ``user_default``."""
    user = request.user("anonymous")
    page, limit = (int(request.query.get(*each)) for each in (("page", "1"), ("limit", "20")))
    limit = min(limit, 100)
    found = [
        workflow
        for workflow in zeal.store.workflows.values()
        if (zeal.mode != "shipped" or workflow["createdBy"] == user)
        and request.query.get("status") in (None, workflow["status"])
        and request.query.get("search", "").lower() in workflow["name"].lower()
    ]
    shown = found[(page - 1) * limit : page * limit]
    return envelope(shown, pagination={"page": page, "limit": limit, "total": len(found)})


def _workflow(zeal: FakeZeal, workflow_id: str) -> Json:
    workflow = zeal.store.workflows.get(workflow_id)
    if workflow is None:
        raise RefusedError(failure(404, "WORKFLOW_NOT_FOUND", "Workflow not found"))
    if workflow["createdBy"] != USER:
        raise RefusedError(failure(403, "FORBIDDEN", "Access denied"))
    return workflow


async def one(zeal: FakeZeal, _request: Request, workflow_id: str) -> Response:
    return envelope(_workflow(zeal, workflow_id))


async def put(zeal: FakeZeal, request: Request, workflow_id: str) -> Response:
    body = _checked(request)
    if workflow_id not in zeal.store.workflows:
        return envelope(add_workflow(zeal, body, workflow_id))
    workflow = _workflow(zeal, workflow_id)
    if workflow["status"] == "published":  # an edit goes into the next draft
        workflow |= {"version": workflow["version"] + 1, "status": "draft"}
    workflow |= _fields(body)
    zeal.live.changed(workflow_id)
    return envelope(workflow)


async def publish(zeal: FakeZeal, request: Request, workflow_id: str) -> Response:
    request.json()  # an empty body is a 500
    workflow = _workflow(zeal, workflow_id)
    workflow |= {"status": "published", "publishedAt": now_iso()}
    shared = {
        "workflowName": workflow["name"],
        "version": workflow["version"],
        "versionId": f"wfv_{workflow_id}_{workflow['version']}",
        "userId": USER,
        "graphs": workflow["graphs"],
        "metadata": workflow["metadata"],
    }
    zeal.live.zip_event(workflow_id, "workflow.published", **shared)
    zeal.raw.send({"type": "workflow.publish", "workflowId": workflow_id, "graph": workflow})
    return envelope(workflow)


async def unpublish(zeal: FakeZeal, _request: Request, workflow_id: str) -> Response:
    workflow = _workflow(zeal, workflow_id)
    if workflow["status"] != "published":
        return failure(409, "WORKFLOW_NOT_PUBLISHED", "Workflow is not published")
    workflow["status"] = "draft"
    named = {"workflowName": workflow["name"], "userId": USER}
    zeal.live.zip_event(workflow_id, "workflow.unpublished", **named)
    zeal.raw.send({"type": "workflow.unpublish", "workflowId": workflow_id})
    return envelope(workflow)


async def delete(zeal: FakeZeal, _request: Request, workflow_id: str) -> Response:
    _workflow(zeal, workflow_id)
    del zeal.store.workflows[workflow_id]
    zeal.raw.send({"type": "workflow.delete", "workflowId": workflow_id})
    return envelope({"success": True})


async def execute(zeal: FakeZeal, request: Request, workflow_id: str) -> Response:
    body = body_of(request, EXECUTE)
    workflow = _workflow(zeal, workflow_id)
    given, configuration = body.get("input"), body.get("configuration", {})
    run = {
        "id": new_id("exec"),
        "workflowId": workflow_id,
        "status": "queued",
        "startTime": now_iso(),
        "input": given,
        "traceSessionId": f"trace_{now_ms()}",
        "metadata": {
            "triggeredBy": USER,
            "configuration": configuration,
            "executionMode": "manual",
        },
    }
    zeal.store.executions.setdefault(workflow_id, []).append(run | {"status": "running"})
    _announce(zeal, workflow, run)
    return envelope(run, 202)


def _announce(zeal: FakeZeal, workflow: Json, run: Json) -> None:
    """The sequence of section 9.5; the start command is the second of it."""
    workflow_id, session_id = workflow["id"], run["traceSessionId"]
    zeal.live.zip_event(
        workflow_id,
        "execution.started",
        sessionId=session_id,
        workflowName=workflow["name"],
        trigger={"type": "manual", "source": USER},
        metadata={
            "executionId": run["id"],
            "input": run["input"],
            "configuration": run["metadata"]["configuration"],
        },
    )
    data = {"executionId": run["id"], "sessionId": session_id, "workflowId": workflow_id}
    zeal.live.control(workflow_id, "control.execution.start", data | {"triggeredBy": USER})
    main = next((each for each in workflow["graphs"] if each.get("isMain")), workflow["graphs"][0])
    for node in main["nodes"]:
        zeal.live.zip_event(workflow_id, "node.executing", nodeId=node["id"], inputConnections=[])
    start = {"type": "execution.start", "workflowId": workflow_id, "input": run["input"]}
    zeal.raw.send(json.loads(json.dumps(start)))


async def executions(zeal: FakeZeal, request: Request, workflow_id: str) -> Response:
    runs = zeal.store.executions.get(workflow_id, [])
    start = int(request.query.get("offset", "0"))
    return envelope(runs[start : start + int(request.query.get("limit", "20"))])


ROUTES = [
    Route("POST", "/api/workflows", create),
    Route("GET", "/api/workflows", every),
    Route("GET", "/api/workflows/{}", one),
    Route("PUT", "/api/workflows/{}", put),
    Route("DELETE", "/api/workflows/{}", delete),
    Route("POST", "/api/workflows/{}/publish", publish),
    Route("DELETE", "/api/workflows/{}/publish", unpublish),
    Route("POST", "/api/workflows/{}/execute", execute),
    Route("GET", "/api/workflows/{}/execute", executions),
]
