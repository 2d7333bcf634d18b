"""The client of Zeal's HTTP API, against a Zeal on loopback."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from observability.zeal.answers import Ambiguous, Answer, Later, Ok, Refused, lost_parameter
from observability.zeal.client import ZealClient
from observability.zeal.config import TraceApi, ZealConfig
from observability.zeal.documents import ExecutionSeen, TemplateResult
from tests.fakes.examples import EVENT, HOP, LOOP, SUMMARY, WORKFLOW
from tests.fakes.zeal import FakeZeal, Faults, make_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fakes.zeal.server import Mode


def config_of(zeal: FakeZeal, **more: Any) -> ZealConfig:
    return ZealConfig(zeal.url, node_id="reflow-1", timeout=5, handshake=5, **more)


@pytest.fixture(params=["shipped", "intended"])
async def zeal(request: pytest.FixtureRequest) -> AsyncIterator[FakeZeal]:
    mode: Mode = request.param
    async with FakeZeal(mode) as found:
        yield found


@pytest.fixture
async def client(zeal: FakeZeal) -> AsyncIterator[ZealClient]:
    async with ZealClient(config_of(zeal)) as found:
        yield found


def data(answer: Answer[Any]) -> Any:
    assert isinstance(answer, Ok), answer
    return answer.data


async def test_each_template_has_its_own_result(client: ZealClient) -> None:
    first = await client.register_templates([LOOP])
    second = await client.register_templates([LOOP, LOOP | {"id": "tpl_b\0"}])

    assert data(first) == (TemplateResult("tpl_loop", registered=True, duplicate=False),)
    duplicate, added = data(second)
    assert (duplicate.registered, duplicate.duplicate) == (False, True)
    assert duplicate.error.startswith("duplicate key")
    assert added == TemplateResult("tpl_b\N{REPLACEMENT CHARACTER}", True, False)


async def test_a_refusal_names_what_does_not_fit(client: ZealClient) -> None:
    refused = await client.register_templates([LOOP | {"subtitle": None}])

    assert isinstance(refused, Refused)
    assert refused.details[0]["path"] == ["templates", 0, "subtitle"]
    assert str(refused) == (
        "400 VALIDATION_ERROR: Invalid request format "
        "(templates.0.subtitle: Expected string, received null)"
    )


async def test_categories_are_added_and_listed(client: ZealClient) -> None:
    category = {"name": "reflow", "displayName": "Reflow"}

    (added,) = data(await client.add_categories([category]))

    assert (added.name, added.status) == ("reflow", "created")
    assert data(await client.categories()) == ("reflow",)


async def test_the_lost_parameter_is_recognised(zeal: FakeZeal, client: ZealClient) -> None:
    session = data(await client.open_session("wf_1", "e1", {"tags": ["a"]}))

    events = await client.add_events(session.id, [EVENT])
    done = await client.complete(session.id, "success", summary=SUMMARY)
    changed = await client.update_template("tpl_none", {"title": "New"})

    shipped = zeal.mode == "shipped"
    assert [lost_parameter(answer) for answer in (events, done, changed)] == [shipped] * 3
    if not shipped:
        assert (data(events), data(done)) == (1, None)
        assert isinstance(changed, Refused)
        assert changed.status == 404
    status = "running" if shipped else "completed"
    seen = data(await client.executions("wf_1"))
    assert seen == (ExecutionSeen(session.id, "wf_1", status),)


async def test_hops_go_to_the_editors_own_traces(client: ZealClient) -> None:
    session = data(await client.open_flow_session("wf_1", "Sum"))

    hop = await client.add_hop(session.id, HOP)
    closed = await client.close_flow_session(session.id, failed=True)

    assert (data(hop), data(closed)) == (None, None)
    seen = data(await client.flow_session(session.id))
    assert (seen["status"], len(seen["traces"])) == ("failed", 1)


async def test_workflows_are_read_as_the_user_that_owns_them(
    zeal: FakeZeal, client: ZealClient
) -> None:
    zeal.add_workflow(WORKFLOW, "wf_1")

    one, listed = await client.workflow("wf_1"), await client.workflows()
    missing = await client.workflow("wf_none/../wf_1")
    nameless = await client.workflow("")

    assert data(one)["graphs"] == WORKFLOW["graphs"]
    assert [workflow["id"] for workflow in data(listed)] == ["wf_1"]
    assert isinstance(missing, Refused)
    assert (missing.status, missing.code) == (404, "WORKFLOW_NOT_FOUND")
    assert isinstance(nameless, Refused)


async def test_health_and_the_port_of_the_live_socket(zeal: FakeZeal, client: ZealClient) -> None:
    assert data(await client.health()).healthy
    assert data(await client.live_port()) == zeal.live_server.port


async def test_a_template_is_read_by_its_global_id(client: ZealClient) -> None:
    await client.register_templates([LOOP])

    assert data(await client.template("tpl_loop"))["title"] == "Loop"
    assert isinstance(await client.template("tpl_none"), Refused)


async def test_who_asks_is_said(zeal: FakeZeal, client: ZealClient) -> None:
    await client.health()

    headers = zeal.record.of("http")[0]["headers"]
    assert headers["x-client-id"] == "reflow-1"
    assert "authorization" not in headers


async def test_the_key_is_sent_and_never_told() -> None:
    async with FakeZeal("intended", secret_key="secret") as zeal:
        good = config_of(zeal, api_key=make_token("secret"))
        answers = []
        for config in (good, replace(good, api_key="wrong.key"), replace(good, api_key="a\nb")):
            async with ZealClient(config) as client:
                answers.append(await client.categories())

    assert isinstance(answers[0], Ok)
    assert [str(answer) for answer in answers[1:]] == [
        "401 INVALID_TOKEN: Invalid token signature",
        "0 http_request_invalid: the value of header 'authorization' is not a text of one line",
    ]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("error", Ambiguous("500 INTERNAL_ERROR: Internal server error", 500)),
        ("lost", Ambiguous("500 INTERNAL_ERROR: Internal server error", 500)),
        ("html", Ambiguous("502 NO_JSON: a body of text/html at /api/zip/categories", 502)),
        ("busy", Later("503 NO_JSON: a body of text/html at /api/zip/categories")),
        ("refuse:7", Later("429 RATE_LIMIT_EXCEEDED: Rate limit exceeded", 7)),
        ("refuse:soon", Later("429 RATE_LIMIT_EXCEEDED: Rate limit exceeded", 1)),
    ],
)
async def test_what_a_bad_answer_means(fault: str, expected: Answer[Any]) -> None:
    faults = Faults()
    faults.script.append(fault)
    async with FakeZeal(faults=faults) as zeal, ZealClient(config_of(zeal)) as client:
        assert await client.categories() == expected


@pytest.mark.parametrize("fault", ["drop", "hang"])
async def test_without_an_answer_nobody_knows(fault: str) -> None:
    faults = Faults()
    faults.script.append(fault)
    async with FakeZeal(faults=faults) as zeal:
        config = replace(config_of(zeal), timeout=0.2)
        async with ZealClient(config) as client:
            assert isinstance(await client.register_templates([LOOP]), Ambiguous)
        assert list(zeal.store.templates) == ["reflow/tpl_loop"]


async def test_where_nobody_listens_nothing_was_done() -> None:
    async with FakeZeal() as zeal:
        config = config_of(zeal)
    async with ZealClient(config) as client:
        assert isinstance(await client.health(), Later)


async def test_no_redirect_leads_away(zeal: FakeZeal) -> None:
    async with ZealClient(replace(config_of(zeal), url=f"{zeal.url}//x")) as client:
        answer = await client.health()

    assert isinstance(answer, Refused)
    assert answer.code == "http_redirect"
    assert len(zeal.record.of("http")) == 1


async def test_empty_and_strange_bodies_are_survived(client: ZealClient, zeal: FakeZeal) -> None:
    zeal.store.workflows["wf_odd"] = {"createdBy": "user_default"}
    empty = await client._call("DELETE", "/api/zip/health", lambda body: body)
    strange = await client._call("GET", "/api/zip/health", lambda body: body["nothing"])
    text = await client._call("PATCH", "/api/zip/orchestrator/nodes/n1", lambda body: body)

    assert str(empty) == "405 NO_JSON: an empty body at /api/zip/health"
    assert str(strange) == "200, but not what was expected: KeyError('nothing')"
    assert str(text).startswith("4")


async def test_the_paths_of_the_seed() -> None:
    async with FakeZeal("seed") as zeal:
        async with ZealClient(config_of(zeal, traces=TraceApi.SEED)) as client:
            minimal = {name: LOOP[name] for name in ("id", "title", "category", "icon")}
            await client.register_templates([minimal])
            session = data(await client.open_session("wf_1", "e1"))
            await client.add_events(session.id, [EVENT])
            await client.complete(session.id, "success")

        session_path = f"/api/traces/sessions/{session.id}"
        assert zeal.record.paths() == [
            "POST /api/templates/register 200",
            "POST /api/traces/sessions 200",
            f"POST {session_path}/events 200",
            f"POST {session_path}/complete 200",
        ]
