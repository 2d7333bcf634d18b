"""The double of Zeal answers over HTTP as the protocol says that the program does."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.fakes.examples import EVENT, HOP, LOOP, SUMMARY, WORKFLOW
from tests.fakes.zeal import FakeZeal, Faults, make_token, read_record, tally
from tests.fakes.zeal.client import get, http, post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

REGISTER = "/api/zip/templates/register"
SESSIONS = "/api/zip/traces/sessions"


@pytest.fixture
async def shipped() -> AsyncIterator[FakeZeal]:
    async with FakeZeal("shipped") as zeal:
        yield zeal


@pytest.fixture
async def intended() -> AsyncIterator[FakeZeal]:
    async with FakeZeal("intended") as zeal:
        yield zeal


def templates(*items: dict[str, Any]) -> dict[str, Any]:
    return {"namespace": "reflow", "templates": list(items)}


async def open_session(zeal: FakeZeal) -> str:
    opened = await post(zeal, SESSIONS, {"workflowId": "wf_1", "executionId": "e1"})
    assert sorted(opened.json()) == ["sessionId", "startTime"]
    return str(opened.json()["sessionId"])


async def test_a_template_is_registered_once_and_then_a_duplicate(shipped: FakeZeal) -> None:
    first = await post(shipped, REGISTER, templates(LOOP))
    other = LOOP | {"id": "tpl_other"}
    second = await post(shipped, REGISTER, templates(LOOP | {"title": "New"}, other))

    named = {"id": "tpl_loop", "globalId": "reflow/tpl_loop"}
    assert first.json() == {"registered": 1, "templates": [{**named, "status": "registered"}]}
    assert (second.status_code, second.json()["registered"]) == (200, 1)
    assert second.json()["templates"][0] == {
        **named,
        "status": "error",
        "error": 'duplicate key value violates unique constraint "node_templates_template_id_key"',
    }
    assert shipped.store.templates["reflow/tpl_loop"]["title"] == "Loop"


async def test_one_bad_template_spoils_the_whole_request(shipped: FakeZeal) -> None:
    refused = await post(shipped, REGISTER, templates(LOOP | {"subtitle": None}, LOOP))

    assert refused.status_code == 400
    assert refused.json() == {
        "error": {
            "code": "VALIDATION_ERROR",
            "message": "Invalid request format",
            "details": [
                {
                    "code": "invalid_type",
                    "expected": "string",
                    "received": "null",
                    "path": ["templates", 0, "subtitle"],
                    "message": "Expected string, received null",
                }
            ],
        }
    }
    assert shipped.store.templates == {}


async def test_the_minimal_template_of_the_seed_lacks_three_fields(shipped: FakeZeal) -> None:
    minimal = {name: LOOP[name] for name in ("id", "title", "category", "icon")}

    details = (await post(shipped, REGISTER, templates(minimal))).json()["error"]["details"]

    assert [each["path"][-1] for each in details] == ["type", "description", "ports"]
    assert {each["message"] for each in details} == {"Required"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shape": "hexagon"}, "Invalid enum value. Expected 'rectangle' | 'circle' | 'diamond'"),
        ({"properties": {"a": {"type": "textarea"}}}, "Invalid enum value. Expected 'string'"),
        ({"ports": [{"id": "in", "label": "In", "type": "input"}]}, "Required"),
        ({"ports": "none"}, "Expected array, received string"),
        ({"runtime": {}}, "Required"),
        ({"runtime": "reflow"}, "Expected object, received string"),
        ({"properties": []}, "Expected object, received array"),
        ({"display": {"element": "Div"}}, "Invalid"),
        ({"display": {"element": 4}}, "Expected string, received number"),
        ({"size": True}, "Expected 'small' | 'medium' | 'large', received boolean"),
    ],
)
async def test_what_does_not_fit_is_refused_with_its_place(
    shipped: FakeZeal, changed: dict[str, Any], message: str
) -> None:
    refused = await post(shipped, REGISTER, templates(LOOP | changed))

    (detail,) = refused.json()["error"]["details"]
    assert refused.status_code == 400
    assert detail["message"].startswith(message)
    assert detail["path"][:2] == ["templates", 0]


async def test_what_is_not_json_is_a_500_and_unknown_paths_are_pages(shipped: FakeZeal) -> None:
    async with http(shipped) as client:
        broken = await client.post(REGISTER, content=b"{")
        infinite = await client.post("/api/workflows", content=b'{"name": Infinity}')
        slash = await client.get("/api/zip/health/")
        double = await client.post("/api/zip/traces//events", json={"events": []})
        method = await client.delete(REGISTER)
        unknown = await client.post("/api/zip/traces/batch", json={})

    assert (broken.status_code, broken.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert broken.json()["error"]["traceId"].startswith("trace_")
    assert (infinite.status_code, infinite.json()["success"]) == (500, False)
    assert (slash.status_code, slash.headers["location"]) == (308, "/api/zip/health")
    assert double.status_code == 308
    assert (method.status_code, method.content) == (405, b"")
    assert (unknown.status_code, unknown.text[:15]) == (404, "<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("method", "path", "code", "message"),
    [
        ("POST", f"{SESSIONS[:15]}/fts_1/events", "VALIDATION_ERROR", "sessionId parameter"),
        ("POST", f"{SESSIONS[:15]}/fts_1/complete", "INVALID_REQUEST", "session ID parameter"),
        ("GET", "/api/zip/executions/fts_1", "INVALID_REQUEST", "session ID parameter"),
        ("GET", "/api/zip/executions/fts_1/replay", "INVALID_REQUEST", "session ID parameter"),
        ("GET", "/api/zip/templates/reflow", "VALIDATION_ERROR", "namespace parameter"),
        ("PUT", "/api/zip/templates/reflow/tpl_loop", "INVALID_REQUEST", "template parameters"),
        ("DELETE", "/api/zip/templates/reflow/tpl_loop", "INVALID_REQUEST", "template parameters"),
        ("PATCH", "/api/zip/webhooks/w1", "VALIDATION_ERROR", "webhook ID in request parameters"),
    ],
)
async def test_the_shipped_program_loses_ids_in_paths(
    shipped: FakeZeal, method: str, path: str, code: str, message: str
) -> None:
    async with http(shipped) as client:
        answered = await client.request(method, path, json={})

    assert answered.status_code == 400
    assert answered.json()["error"]["code"] == code
    assert answered.json()["error"]["message"] == f"Missing {message}"


async def test_templates_are_read_changed_and_deleted_as_intended(intended: FakeZeal) -> None:
    await post(intended, REGISTER, templates(LOOP))
    async with http(intended) as client:
        updated = await client.put("/api/zip/templates/reflow/tpl_loop", json={"title": "New"})
        missing = await client.put("/api/zip/templates/reflow/tpl_none", json={})
        listed = (await client.get("/api/zip/templates/reflow")).json()
        edited = (await client.get("/api/templates/reflow%2Ftpl_loop")).json()["data"]
        await client.delete("/api/zip/templates/reflow/tpl_loop")
        gone = await client.get("/api/templates/reflow%2Ftpl_loop")
        palette = (await client.get("/api/templates?category=logic")).json()

    assert updated.json()["template"]["status"] == "updated"
    assert missing.status_code == gone.status_code == 404
    assert (listed["count"], listed["templates"][0]["title"]) == (1, "New")
    assert listed["templates"][0]["ports"] == []
    assert [port["id"] for port in edited["inputs"]] == ["items-in"]
    assert palette["data"] == []


async def test_categories_are_added_once(shipped: FakeZeal) -> None:
    sub = {"name": "math", "displayName": "Math"}
    first = {"name": "reflow", "displayName": "Reflow", "subcategories": [sub]}
    text = {"name": "text", "displayName": "Text"}
    bodies = [first, first, first | {"subcategories": [sub, text]}]
    answers = [await post(shipped, "/api/zip/categories", {"categories": [b]}) for b in bodies]
    refused = await post(shipped, "/api/zip/categories", {"categories": [first | {"name": "3d"}]})
    empty = await post(shipped, "/api/zip/categories", {"categories": []})
    listed = (await get(shipped, "/api/zip/categories")).json()

    statuses = [each.json()["categories"][0]["status"] for each in answers]
    assert statuses == ["created", "exists", "updated"]
    assert refused.status_code == empty.status_code == 400
    assert listed["count"] == 1


async def test_events_of_a_session_are_stored_and_shown_as_intended(intended: FakeZeal) -> None:
    session = await open_session(intended)
    more = EVENT | {"timestamp": 1795295906982, "eventType": "output", "duration": 15}

    sent = await post(intended, f"{SESSIONS[:15]}/{session}/events", {"events": [EVENT, more]})
    body = {"status": "success", "summary": SUMMARY}
    done = await post(intended, f"{SESSIONS[:15]}/{session}/complete", body)
    listed = (await get(intended, "/api/zip/executions?workflowId=wf_1")).json()
    shown = (await get(intended, f"/api/zip/executions/{session}")).json()
    replay = (await get(intended, f"/api/zip/executions/{session}/replay")).json()
    other = await get(intended, "/api/zip/executions/fts_other")

    assert sent.json()["eventsProcessed"] == 2
    assert done.json()["status"] == "success"
    assert (listed["total"], listed["executions"][0]["status"]) == (1, "completed")
    assert listed["executions"][0]["summary"] == SUMMARY
    assert shown["totalEvents"] == 2
    assert replay["timeline"]["nodeTimings"]["n1"]["duration"] == 15
    assert replay["workflowSnapshot"] is None
    assert other.status_code == 404


@pytest.mark.parametrize(
    "bad",
    [
        EVENT | {"duration": 1.5},
        EVENT | {"duration": 2**31},
        EVENT | {"timestamp": 9e15},
        EVENT | {"data": {"size": 1, "type": "string", "preview": "a\x00b"}},
        EVENT | {"data": {"size": 1, "type": "string", "fullData": [{"\x00": 1}]}},
    ],
)
async def test_what_the_database_refuses_is_a_500_that_leaves_a_prefix(
    intended: FakeZeal, bad: dict[str, Any]
) -> None:
    session = await open_session(intended)

    sent = await post(
        intended, f"{SESSIONS[:15]}/{session}/events", {"events": [EVENT, bad, EVENT]}
    )

    assert sent.status_code == 500
    assert len(intended.store.sessions[session]["events"]) == 1


async def test_events_of_an_unknown_session_are_taken(intended: FakeZeal) -> None:
    sent = await post(intended, "/api/zip/traces/fts_none/events", {"events": [EVENT]})
    done = await post(intended, "/api/zip/traces/fts_none/complete", {"status": "error"})
    refused = await post(intended, "/api/zip/traces/fts_none/complete", {"status": "completed"})
    null = await post(
        intended, "/api/zip/traces/fts_none/events", {"events": [EVENT | {"portId": None}]}
    )

    assert (sent.status_code, done.status_code) == (200, 200)
    assert (refused.status_code, null.status_code) == (400, 400)


async def test_hops_work_in_the_shipped_program(shipped: FakeZeal) -> None:
    session = await open_session(shipped)
    path = f"/api/flow-traces/sessions/{session}"
    async with http(shipped) as client:
        own = await client.post("/api/flow-traces", json={"workflowId": "w", "workflowName": "W"})
        hop = await client.post(path, json=HOP)
        cancelled = await client.put(path, json={"status": "cancelled"})
        closed = await client.put(path, json={"status": "completed"})
        unknown = await client.put("/api/flow-traces/sessions/fts_none", json={"status": "failed"})
        shown = (await client.get(path)).json()["data"]
        replay = (await client.get(f"{path}/replay")).json()["data"]
        report = await client.get(f"{path}/report?format=text")
        listed = (await client.get("/api/flow-traces?status=completed")).json()["data"]

    assert (own.status_code, hop.status_code) == (201, 201)
    assert hop.json()["data"]["id"].startswith("ft_")
    assert (cancelled.status_code, closed.status_code) == (400, 200)
    assert unknown.json()["error"]["code"] == "TRACE_SESSION_NOT_FOUND"
    assert shown["metadata"] == {"executionId": "e1"}
    assert (len(shown["traces"]), len(replay["traces"]), len(listed)) == (1, 1, 1)
    assert report.text.startswith("fts_")


@pytest.mark.parametrize(
    "changed",
    [
        {"duration": 1.5},
        {"duration": None},
        {"status": "failed"},
        {"data": {"type": "text"}},
        {"data": {"size": 1}},
        {"target": {**HOP["target"], "portName": None}},
        {"source": None},
    ],
)
async def test_a_hop_with_a_hole_is_a_500(shipped: FakeZeal, changed: dict[str, Any]) -> None:
    path = "/api/flow-traces/sessions/fts_none"

    holed = await post(shipped, path, HOP | changed)
    nothing = await post(shipped, path, [])
    previewed = await post(shipped, path, HOP | {"data": {**HOP["data"], "preview": {"a": 1}}})

    assert (holed.status_code, nothing.status_code, previewed.status_code) == (500, 500, 201)
    assert previewed.json()["data"]["data"]["preview"] == '{"a": 1}'


async def test_workflows_of_the_editor_belong_to_user_default(shipped: FakeZeal) -> None:
    made = (await post(shipped, "/api/workflows", WORKFLOW)).json()["data"]
    path = f"/api/workflows/{made['id']}"
    async with http(shipped) as client:
        hidden = (await client.get("/api/workflows")).json()["data"]
        listed = await client.get("/api/workflows", headers={"x-user-id": "user_default"})
        one = (await client.get(path)).json()["data"]
        published = (await client.post(f"{path}/publish", json={})).json()["data"]
        empty = await client.post(f"{path}/publish")
        edited = (await client.put(path, json=WORKFLOW)).json()["data"]
        unpublished = await client.delete(f"{path}/publish")
        executed = await client.post(f"{path}/execute", json={"input": 1})
        runs = (await client.get(f"{path}/execute")).json()["data"]
        deleted = await client.delete(path)
        gone = await client.get(path)

    assert hidden == []
    assert [each["id"] for each in listed.json()["data"]] == [made["id"]]
    assert one["graphs"] == WORKFLOW["graphs"]
    assert (published["status"], edited["version"]) == ("published", 2)
    assert (empty.status_code, unpublished.status_code) == (500, 409)
    assert (executed.status_code, executed.json()["data"]["status"]) == (202, "queued")
    assert runs[0]["status"] == "running"
    assert (deleted.status_code, gone.status_code) == (200, 404)


async def test_a_workflow_with_a_loose_end_is_refused(shipped: FakeZeal) -> None:
    graph = WORKFLOW["graphs"][0]
    loose = WORKFLOW | {"graphs": [{**graph, "nodes": graph["nodes"][:1]}]}
    foreign = shipped.add_workflow(WORKFLOW) | {"createdBy": "zip-integration"}
    shipped.store.workflows[foreign["id"]] = foreign

    assert (await post(shipped, "/api/workflows", loose)).status_code == 400
    assert (await get(shipped, f"/api/workflows/{foreign['id']}")).status_code == 403


async def test_only_webhooks_of_default_ever_fire(intended: FakeZeal) -> None:
    receiver = intended
    async with FakeZeal("shipped", retry_factor=0) as shipped:
        for namespace in ("default", "reflow"):
            hook = {"namespace": namespace, "url": f"{receiver.url}/hook/{namespace}"}
            await post(shipped, "/api/zip/webhooks", hook)
        await open_session(shipped)
        await shipped.webhooks.flush()
        listed = (await get(shipped, "/api/zip/webhooks?namespace=reflow")).json()
        relative = await post(
            shipped, "/api/zip/webhooks", {"namespace": "default", "url": "/hook"}
        )

        assert listed["count"] == 1
        assert relative.json()["error"]["details"][0]["message"] == "Invalid url"
        assert set(receiver.record.paths()) == {"POST /hook/default 404"}


async def test_a_key_asks_for_a_signed_token() -> None:
    async with FakeZeal("shipped", secret_key="secret") as zeal:
        answers = [
            (await get(zeal, "/api/zip/categories", authorization=header)).status_code
            for header in (
                "",
                "Bearer wrong.token",
                f"Bearer {make_token('secret', exp=1)}",
                f"Bearer {make_token('secret')}",
            )
        ]
        health = await get(zeal, "/api/zip/health")

    assert answers == [401, 401, 401, 200]
    assert health.json()["status"] == "healthy"


async def test_faults_come_as_the_script_says() -> None:
    script = ["error", "lost", "html", "refuse:3", "slow:0.01", "drop", "ok"]
    faults = Faults()
    faults.script.extend(script)
    async with FakeZeal("shipped", faults=faults) as zeal:
        answers = []
        for number in range(len(script)):
            try:
                body = templates(LOOP | {"id": f"tpl_{number}"})
                answers.append((await post(zeal, REGISTER, body)).status_code)
            except httpx.RemoteProtocolError:
                answers.append(0)
        health = await get(zeal, "/nothing")

    assert answers == [500, 500, 502, 429, 200, 0, 200]
    assert sorted(zeal.store.templates) == [f"reflow/tpl_{n}" for n in (1, 4, 5, 6)]
    assert health.status_code == 404


async def test_faults_by_share_are_the_same_for_the_same_seed() -> None:
    drawn = []
    for _ in range(2):
        faults = Faults(error_share=0.3, lost_share=0.3, slow_seconds=0.5, seed=7)
        drawn.append([faults.next("/api/zip/health") for _ in range(20)])

    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == {"error", "lost", "slow:0.5"}


async def test_a_zeal_that_hangs_has_done_the_work(shipped: FakeZeal) -> None:
    shipped.faults.script.append("hang")
    async with http(shipped) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(REGISTER, json=templates(LOOP), timeout=0.1)

    assert list(shipped.store.templates) == ["reflow/tpl_loop"]


async def test_it_lies_about_duplicates(shipped: FakeZeal) -> None:
    shipped.faults.lie_about_duplicates = True

    answered = (await post(shipped, REGISTER, templates(LOOP))).json()

    assert answered["templates"][0]["error"].startswith("duplicate key")
    assert shipped.store.templates == {}


async def test_a_restart_empties_it_and_keeps_ports_and_record(shipped: FakeZeal) -> None:
    await post(shipped, REGISTER, templates(LOOP))
    url = shipped.url

    await shipped.restart()

    assert (await post(shipped, REGISTER, templates(LOOP))).json()["registered"] == 1
    assert shipped.url == url
    assert len(shipped.record.of("template")) == 2


async def test_the_paths_of_the_seed_are_served_on_request() -> None:
    minimal = {name: LOOP[name] for name in ("id", "title", "category", "icon")}
    async with FakeZeal("seed") as zeal:
        registered = await post(zeal, "/api/templates/register", templates(minimal))
        body = {"workflowId": "w", "executionId": "e"}
        session = (await post(zeal, "/api/traces/sessions", body)).json()["sessionId"]
        sent = await post(zeal, f"/api/traces/sessions/{session}/events", {"events": [EVENT]})

    assert registered.json()["registered"] == 1
    assert sent.json()["eventsProcessed"] == 1


async def test_it_runs_as_a_process_and_keeps_its_record(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    arguments = ("-m", "tests.fakes.zeal", "--mode", "intended", "--record", str(file))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        await client.post("/__double__/workflows", json=WORKFLOW | {"id": "wf_1"})
        kept = await client.get("/api/workflows/wf_1")
        await client.post("/__double__/faults", json={"script": ["error"]})
        failed = await client.post(REGISTER, json=templates(LOOP))
        await client.post(REGISTER, json=templates(LOOP))
        shown = (await client.get("/__double__/record")).json()
        nothing = await client.get("/__double__/nothing")
    process.kill()
    await process.wait()

    assert (kept.status_code, failed.status_code, nothing.status_code) == (200, 500, 404)
    assert read_record(file) == shown
    assert [entry["kind"] for entry in shown] == ["http", "http", "template", "http"]


def test_a_tally_counts_what_was_lost_and_what_came_twice(tmp_path: Path) -> None:
    counted = tally([1, 2, 3, 4], [1, 3, 2, 2, 9])
    (tmp_path / "cut").write_text(json.dumps({"kind": "http"}) + '\n{"kind": "ht')

    numbers = (counted.delivered, counted.lost, counted.repeated, counted.unknown)
    assert numbers == (3, 1, 1, 1)
    assert counted.out_of_order == 1
    assert read_record(tmp_path / "cut") == [{"kind": "http"}]
    assert read_record(tmp_path / "none") == []
