"""A person presses buttons in Zeal; this server does what they mean, and says so there."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, close_old_connections
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from engine.errors import ConfigError
from observability.models import ZealStatus
from observability.zeal.config import SocketKind, ZealConfig
from observability.zeal.inbound import ZealInbound
from observability.zeal.keeping import zeal_owner
from observability.zeal.live import LiveRun
from observability.zeal.newest import Newest
from observability.zeal.runs import canvas_of, stored_event
from tests.factories import UserFactory, one_node_graph
from tests.fakes.zeal import FakeZeal
from tests.fakes.zeal.client import http
from tests.observability.zeal.live import (
    config_of,
    run_of,
    session_with,
    stored,
    until,
)
from tests.observability.zeal.test_commands import MESSAGES, TEXTS
from tests.observability.zeal.told import syncing
from tests.workflows.zeal.documents import sample
from workflows.lifecycle import claim_next
from workflows.models import Execution, ExecutionEvent, Status, Workflow
from workflows.runner import run
from workflows.services import create_workflow, start_execution

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.contrib.auth.models import User

    from observability.zeal.zip_session import ZipSession
    from tests.fakes.zeal.server import Mode

pytestmark = pytest.mark.django_db(transaction=True)

SUM = "tpl_math_add-2-c"


@pytest.fixture
def owner(transactional_db: None, settings: Any) -> User:
    settings.ZEAL_OWNER = "ann"
    return UserFactory(username="ann")


class Desk:
    """The double, a session with it, and what a person does in the editor."""

    def __init__(self, zeal: FakeZeal, session: ZipSession, inbound: ZealInbound) -> None:
        self.zeal = zeal
        self.session = session
        self.inbound = inbound

    def save(self, name: str = "sum") -> str:
        document = sample(name)
        return str(self.zeal.add_workflow(document, document["id"])["id"])

    async def open(self, name: str = "sum") -> str:
        """Save a workflow, and wait until the session follows it."""
        workflow_id = self.save(name)
        await until(lambda: self.zeal.record.of("auth"))
        return workflow_id

    async def press(self, workflow_id: str, button: str, body: Any = None) -> Any:
        async with http(self.zeal) as client:
            answer = await client.post(f"/api/workflows/{workflow_id}/{button}", json=body or {})
        return answer.json()["data"]

    async def unpublish(self, workflow_id: str) -> None:
        async with http(self.zeal) as client:
            await client.delete(f"/api/workflows/{workflow_id}/publish")

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [
            e["event"] for e in self.zeal.record.of("runtime.event") if e["event"]["type"] == kind
        ]


@asynccontextmanager
async def desk(mode: Mode = "shipped", **more: Any) -> AsyncIterator[Desk]:
    async with FakeZeal(mode, state_seconds=0.05) as zeal:
        config = config_of(zeal, **more)
        inbound = ZealInbound(config)
        async with session_with(config, inbound) as session:
            yield Desk(zeal, session, inbound)


async def finish() -> Execution:
    """Run the queued execution as a worker does."""
    claim = await sync_to_async(claim_next)("celery@test", 1)
    assert claim is not None
    await run(claim)
    return await Execution.objects.select_related("workflow").aget(pk=claim.pk)


async def report(session: ZipSession, execution: Execution) -> None:
    """Send all its events, as a bridge does."""
    workflow = execution.workflow
    assert workflow is not None
    canvas = await sync_to_async(canvas_of)(execution.version_id)
    live = LiveRun(
        execution.pk, execution.execution_id, workflow.zeal_id, workflow.name, canvas.connections
    )
    rows = ExecutionEvent.objects.filter(execution=execution).order_by("seq")
    await session.send(live, [stored_event(row) async for row in rows])


@pytest.mark.parametrize("mode", ["shipped", "intended"])
async def test_a_run_started_in_zeal_runs_here_and_lights_up_there(mode: Mode, owner: User) -> None:
    async with desk(mode) as ours:
        workflow_id = await ours.open()
        pressed = await ours.press(workflow_id, "execute", {"input": {"extra": 7}})
        await until(lambda: ours.inbound.status.started)

        execution = await finish()
        await report(ours.session, execution)

        assert (execution.execution_id, execution.source) == (pressed["id"], "zeal")
        assert (execution.status, execution.owner_id) == (Status.COMPLETED, owner.pk)
        assert json.loads(execution.input) == {"extra": 7}
        assert execution.workflow is not None
        assert execution.workflow.zeal_id == workflow_id
        (started,) = ours.told("execution.started")
        assert started["data"]["sessionId"] == pressed["id"]
        (ended,) = ours.told("execution.completed")
        assert ended["data"]["sessionId"] == pressed["id"]
        lit = {e["nodeId"]: e["data"]["inputConnections"] for e in ours.told("node.executing")}
        assert lit[SUM] == ["conn-1", "conn-2"]
        sent = {e["nodeId"]: e["data"]["outputConnections"] for e in ours.told("node.completed")}
        assert sent[SUM] == ["conn-3"]


async def test_the_sync_process_does_all_of_it(owner: User) -> None:
    async with FakeZeal("shipped", state_seconds=0.05) as zeal:
        document = sample("sum")
        workflow_id = zeal.add_workflow(document, document["id"])["id"]
        async with syncing(config_of(zeal)):
            await until(lambda: zeal.record.of("auth"))
            async with http(zeal) as client:
                answer = await client.post(f"/api/workflows/{workflow_id}/execute", json={})
            await queued()
            execution = await finish()
            ended = "execution.completed"
            await until(
                lambda: [e for e in zeal.record.of("runtime.event") if e["event"]["type"] == ended]
            )

    assert execution.execution_id == answer.json()["data"]["id"]
    assert (
        zeal.record.of("runtime.event")[-1]["event"]["data"]["sessionId"] == execution.execution_id
    )


async def queued() -> None:
    async with asyncio.timeout(10):
        while not await Execution.objects.aexists():  # noqa: ASYNC110 -- no row tells
            await asyncio.sleep(0.01)


async def test_its_own_events_that_come_back_start_nothing(owner: User) -> None:
    async with desk() as ours:
        workflow_id = await ours.open()
        await ours.session.send(run_of(workflow_id), [stored(1, "Started"), stored(2, "Started")])
        await ours.press(workflow_id, "execute")
        await until(lambda: ours.inbound.status.started)

    assert await Execution.objects.acount() == 1
    assert ours.inbound.status.strange == 0


async def test_a_start_that_comes_twice_starts_one_run(owner: User) -> None:
    async with desk() as ours:
        workflow_id = await ours.open()
        pressed = await ours.press(workflow_id, "execute", {"input": {"extra": 1}})
        data = {"executionId": pressed["id"], "workflowId": workflow_id}
        ours.zeal.live.control(workflow_id, "control.execution.start", data)
        await until(lambda: ours.inbound.status.repeated)

    assert ours.inbound.status.started == 1
    assert await Execution.objects.acount() == 1


async def test_an_input_that_was_missed_is_asked_for(owner: User) -> None:
    async with desk() as ours:
        workflow_id = ours.save()
        pressed = await ours.press(workflow_id, "execute", {"input": {"extra": 1}})
        await until(lambda: ours.zeal.record.of("auth"))
        data = {"executionId": pressed["id"], "workflowId": workflow_id}
        ours.zeal.live.control(workflow_id, "control.execution.start", data)
        await until(lambda: ours.inbound.status.started)

    execution = await Execution.objects.aget()
    assert json.loads(execution.input) == {"extra": 1}


async def test_an_input_that_nobody_knows_is_none_and_said(owner: User) -> None:
    async with desk() as ours:
        workflow_id = await ours.open()
        data = {"executionId": "exec_9", "workflowId": workflow_id}
        ours.zeal.live.control(workflow_id, "control.execution.start", data)
        await until(lambda: ours.inbound.status.started)

    assert ours.inbound.status.last_problem == "the input of exec_9 was not told: it has none"
    assert (await Execution.objects.aget()).input == "{}"


async def test_each_edit_in_zeal_is_a_version_when_it_is_run(owner: User) -> None:
    async with desk() as ours:
        workflow_id = await ours.open()
        for _ in range(2):
            await ours.press(workflow_id, "execute")
        await until(lambda: ours.inbound.status.started == 2)
        edited = deepcopy(ours.zeal.store.workflows[workflow_id])
        edited["graphs"][0]["nodes"][0]["metadata"]["propertyValues"]["defaultValue"] = 20
        ours.zeal.add_workflow(edited, workflow_id)
        await ours.press(workflow_id, "execute")
        await until(lambda: ours.inbound.status.started == 3)

    workflow = await Workflow.objects.aget()
    assert await workflow.versions.acount() == 2


async def test_a_workflow_that_zeal_does_not_give_starts_as_it_was_told(owner: User) -> None:
    async with desk() as ours:
        workflow_id = ours.save()
        ours.zeal.store.workflows[workflow_id]["createdBy"] = "zip-integration"  # GET: 403
        await ours.session.send(run_of(workflow_id), [stored(1, "Started")])
        data = {"executionId": "exec_1", "workflowId": workflow_id}
        ours.zeal.live.control(workflow_id, "control.execution.start", data)
        await until(lambda: ours.inbound.status.started)

    workflow = await Workflow.objects.aget()
    assert (workflow.zeal_id, workflow.name) == (workflow_id, workflow_id)


async def test_publishing_keeps_a_version_and_unpublishing_archives_it(owner: User) -> None:
    async with desk() as ours:
        workflow_id = await ours.open()
        await ours.press(workflow_id, "publish")
        await until(lambda: ours.inbound.status.published == 1)
        await ours.unpublish(workflow_id)
        await until(lambda: ours.inbound.status.unpublished == 1)

        workflow = await Workflow.objects.aget()
        assert (workflow.zeal_id, workflow.archived) == (workflow_id, True)

        await ours.press(workflow_id, "publish")
        await until(lambda: ours.inbound.status.published == 2)

    workflow = await Workflow.objects.select_related("current").aget()
    assert not workflow.archived
    assert workflow.current is not None
    assert workflow.current.number == 1
    assert workflow.name == sample("sum")["name"]


async def test_a_workflow_that_cannot_run_is_refused_and_zeal_is_told(owner: User) -> None:
    async with desk() as ours:
        document = sample("sum")
        document["graphs"][0]["nodes"][2]["metadata"]["templateId"] = "tpl_unheard_of"
        workflow_id = ours.zeal.add_workflow(document, document["id"])["id"]
        await until(lambda: ours.zeal.record.of("auth"))
        pressed = await ours.press(workflow_id, "execute")
        await until(lambda: ours.told("execution.failed"))

        (failed,) = ours.told("execution.failed")

    assert failed["data"]["sessionId"] == pressed["id"]
    assert failed["data"]["error"]["code"] == "NOT_STARTED"
    assert "tpl_unheard_of" in failed["data"]["error"]["message"]
    assert ours.inbound.status.refused == 1
    assert "tpl_unheard_of" in (await ZealStatus.objects.aget()).last_error
    assert await Execution.objects.acount() == 0


async def test_an_input_that_is_no_object_is_refused(owner: User) -> None:
    async with desk() as ours:
        workflow_id = await ours.open()
        await ours.press(workflow_id, "execute", {"input": [1]})
        await until(lambda: ours.told("execution.failed"))

    assert "input: must be an object" in ours.inbound.status.last_problem


async def test_a_run_is_stopped_paused_and_resumed_from_zeal(owner: User) -> None:
    def at(status: Status) -> Any:
        return sync_to_async(Execution.objects.filter(status=status).exists)

    await sync_to_async(start_execution)(owner=owner, graph=one_node_graph(), execution_id="e-1")
    inbound = ZealInbound(ZealConfig("http://127.0.0.1:9"))

    async def say(verb: str, name: str = "e-1") -> None:
        payload = {"type": f"control.execution.{verb}", "data": {"executionId": name}}
        await inbound.command("control.event", payload)

    await say("pause")
    assert await at(Status.PAUSED)()
    await say("resume")
    assert await at(Status.QUEUED)()
    await say("stop")
    assert await at(Status.CANCELLED)()
    await say("pause")
    await say("stop", "e-2")

    status = inbound.status
    assert (status.controlled, status.refused) == (3, 2)
    assert status.last_problem == "stop: there is no execution 'e-2'"


async def test_without_an_owner_nothing_is_started_and_the_setting_is_named(
    transactional_db: None, settings: Any
) -> None:
    settings.ZEAL_OWNER = ""
    async with desk() as ours:
        workflow_id = await ours.open()
        await ours.press(workflow_id, "execute")
        await until(lambda: ours.told("execution.failed"))

    assert "ZEAL_OWNER" in ours.inbound.status.last_problem


def test_the_owner_is_the_only_superuser_or_the_one_who_is_named(
    transactional_db: None, settings: Any
) -> None:
    settings.ZEAL_OWNER = ""
    with pytest.raises(ConfigError, match="there is no superuser"):
        zeal_owner()
    one = UserFactory(is_superuser=True)
    assert zeal_owner() == one
    UserFactory(is_superuser=True, username="ann")
    with pytest.raises(ConfigError, match="more than one superuser"):
        zeal_owner()
    settings.ZEAL_OWNER = "ann"
    assert zeal_owner().username == "ann"
    settings.ZEAL_OWNER = "bob"
    with pytest.raises(ConfigError, match="is 'bob': there is no active user"):
        zeal_owner()


async def test_raw_frames_start_and_publish_too(owner: User) -> None:
    graph = json.loads(one_node_graph().to_json())
    async with FakeZeal("seed") as zeal:
        config = config_of(zeal, socket=SocketKind.RAW)
        inbound = ZealInbound(config)
        async with session_with(config, inbound):
            await until(lambda: zeal.raw.connected)
            zeal.raw.send({"type": "workflow.publish", "workflowId": "mine", "graph": graph})
            zeal.raw.send({"type": "execution.start", "workflowId": "mine", "input": {"in": 1}})
            zeal.raw.send({"type": "ping"})
            zeal.raw.send({"type": "who.knows"})
            zeal.raw.send_text("no JSON")
            await until(lambda: inbound.status.strange)

    status = inbound.status
    assert (status.published, status.started, status.ignored, status.strange) == (1, 1, 1, 1)
    execution = await Execution.objects.select_related("workflow").aget()
    assert execution.workflow is not None
    assert execution.workflow.name == "mine"
    assert json.loads(execution.input) == {"in": 1}


@given(name=TEXTS, payload=MESSAGES)
@hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_message_of_zeals_ends_the_session(name: str, payload: Any, owner: User) -> None:
    inbound = ZealInbound(ZealConfig("http://127.0.0.1:9", timeout=1, handshake=1))

    answers = asyncio.run(inbound.command(name, payload))

    assert isinstance(answers, tuple)
    close_old_connections()


def test_only_so_much_is_remembered_of_what_zeal_tells() -> None:
    newest = Newest(most=30)
    for name in ("a", "b", "c"):
        newest.keep(name, {"graphs": ["1234"]})

    assert newest.of("a") is None
    assert newest.of("c") == {"graphs": ["1234"]}


async def test_a_name_that_is_taken_is_another_workflow(owner: User) -> None:
    name = sample("sum")["name"]
    await sync_to_async(create_workflow)(owner=owner, name=name, graph=one_node_graph())
    async with desk() as ours:
        workflow_id = await ours.open()
        await ours.press(workflow_id, "publish")
        await until(lambda: ours.inbound.status.published)

    assert await Workflow.objects.filter(zeal_id=workflow_id).acount() == 1
    assert await Workflow.objects.acount() == 2


async def test_a_database_that_does_not_answer_once_is_asked_again(owner: User) -> None:
    answers = iter((OperationalError("gone"), "here"))

    def ask() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert await ZealInbound(ZealConfig("http://127.0.0.1:9"))._call(ask) == "here"
