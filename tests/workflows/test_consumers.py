"""The WebSocket, as Reflow's clients use it, on the in-memory channel layer."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.core.cache import cache
from django.db import transaction
from rest_framework.authtoken.models import Token

from engine.events import ActorFailed, Completed, NetworkIdle, Started
from tests.factories import ExecutionEventFactory, ExecutionFactory, UserFactory, claim_of
from tests.workflows.api.bodies import timeless
from tests.workflows.api.graphs import pipeline
from workflows.event_log import append
from workflows.lifecycle import claim_next, move
from workflows.models import Execution, Status
from workflows.routing import websocket_urlpatterns
from workflows.runner import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.contrib.auth.models import User

    from engine.events import EngineEvent

pytestmark = pytest.mark.django_db(transaction=True)

WAIT = 10  # seconds, at most


@pytest.fixture(autouse=True)
def _fresh_rates() -> None:
    cache.clear()


@pytest.fixture
def user(transactional_db: None) -> User:
    return UserFactory()


@pytest.fixture
def token(user: User) -> str:
    return str(Token.objects.create(user=user).key)


class Client(WebsocketCommunicator):  # type: ignore[misc]
    async def say(self, **message: Any) -> None:
        await self.send_to(text_data=json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        return timeless(json.loads(await self.receive_from(timeout=WAIT)))

    async def ask(self, **message: Any) -> dict[str, Any]:
        await self.say(**message)
        return await self.hear()

    async def hear_events(self, count: int) -> list[tuple[str, int, str]]:
        frames = [await self.hear() for _ in range(count)]
        assert {frame["type"] for frame in frames} <= {"network_event"}
        return [
            (frame["execution_id"], frame["event"]["seq"], frame["event"]["_type"])
            for frame in frames
        ]


def socket(*, subprotocols: tuple[str, ...] = (), path: str = "/ws", **headers: str) -> Client:
    named = [(name.encode(), value.encode("latin1")) for name, value in headers.items()]
    app = URLRouter(websocket_urlpatterns)
    return Client(app, path, headers=named, subprotocols=list(subprotocols))


@asynccontextmanager
async def connected(token: str) -> AsyncIterator[Client]:
    client = socket(authorization=f"Bearer {token}")
    assert await client.connect(timeout=WAIT) == (True, None)
    try:
        yield client
    finally:
        await client.disconnect(timeout=WAIT)


def finished(user: User, execution_id: str, events: int) -> Execution:
    """A completed run with so many events."""
    execution = ExecutionFactory(
        owner=user, execution_id=execution_id, status=Status.COMPLETED, last_seq=events
    )
    for seq in range(1, events + 1):
        ExecutionEventFactory(execution=execution, seq=seq)
    return execution


def record(execution: Execution, *events: EngineEvent) -> None:
    append(execution.pk, claim_of(execution).token, list(events))


# Who may come in.


async def test_a_token_in_the_header_needs_no_origin(token: str) -> None:
    client = socket(authorization=f"Bearer {token}")

    assert await client.connect(timeout=WAIT) == (True, None)
    await client.disconnect()


async def test_a_token_may_come_as_a_subprotocol(token: str) -> None:
    client = socket(subprotocols=("reflow", f"bearer.{token}"), origin="https://elsewhere.example")

    assert await client.connect(timeout=WAIT) == (True, "reflow")
    await client.disconnect()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer \xff"},
        {"origin": "http://testserver", "host": "testserver"},
    ],
)
async def test_nobody_is_refused_with_4401(headers: dict[str, str], user: User) -> None:
    assert await socket(subprotocols=(), path="/ws", **headers).connect(timeout=WAIT) == (
        False,
        4401,
    )


@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        ("http://testserver", (True, None)),
        ("https://testserver", (True, None)),
        ("", (False, 4403)),
        ("null", (False, 4403)),
        ("http://evil.example", (False, 4403)),
        ("http://testserver.evil.example", (False, 4403)),
        ("http://testserver:9000", (False, 4403)),
        ("http://[", (False, 4403)),
    ],
)
async def test_a_session_comes_in_from_our_own_pages_only(
    origin: str, answer: tuple[bool, Any], user: User, client: Any
) -> None:
    await sync_to_async(client.force_login)(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    ours = socket(cookie=cookie, origin=origin, host="testserver")

    assert await ours.connect(timeout=WAIT) == answer
    await ours.disconnect()


async def test_a_session_with_a_forged_host_is_refused(user: User, client: Any) -> None:
    await sync_to_async(client.force_login)(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    forged = socket(cookie=cookie, origin="http://evil.example", host="evil.example")

    assert await forged.connect(timeout=WAIT) == (False, 4403)


async def test_another_path_is_refused(token: str) -> None:
    client = socket(path="/elsewhere", authorization=f"Bearer {token}")

    assert (await client.connect(timeout=WAIT))[0] is False


# Starting and cancelling.


async def test_a_run_is_started(token: str) -> None:
    data = {"graph_json": pipeline(), "metadata": {"execution_id": "w-1"}}

    async with connected(token) as client:
        answer = await client.ask(type="start_workflow", data=data)

    execution = await Execution.objects.aget()
    assert answer == {"type": "workflow_started", "success": True, "execution_id": "w-1"}
    assert (execution.execution_id, execution.source) == ("w-1", "websocket")


async def test_a_wrong_graph_is_answered_with_all_problems(token: str) -> None:
    async with connected(token) as client:
        answer = await client.ask(type="start_workflow", data={"graph_json": "text"})

    message = 'Expected a dictionary of items but got type "str".'
    assert answer == {
        "type": "workflow_error",
        "success": False,
        "error": f"graph_json: {message}",
        "code": "invalid",
        "problems": [
            {
                "where": "graph_json",
                "message": message,
                "code": "not_a_dict",
                "node": "",
                "port": "",
                "hint": "",
                "severity": "error",
            }
        ],
    }


async def test_a_run_is_cancelled(token: str, user: User) -> None:
    execution = await sync_to_async(ExecutionFactory)(owner=user, execution_id="w-1")

    async with connected(token) as client:
        answer = await client.ask(type="cancel_workflow", execution_id="w-1")

    await execution.arefresh_from_db()
    assert answer == {"type": "workflow_cancelled", "success": True, "execution_id": "w-1"}
    assert execution.status == Status.CANCELLED


# Following.


async def test_a_finished_run_is_replayed_and_closed(token: str, user: User) -> None:
    await sync_to_async(finished)(user, "w-1", 3)

    async with connected(token) as client:
        ack = await client.ask(type="subscribe_workflow", execution_id="w-1")
        events = await client.hear_events(3)
        end = await client.hear()

    assert ack == {"type": "subscription_ack", "success": True, "execution_id": "w-1"}
    assert events == [("w-1", seq, "NetworkIdle") for seq in (1, 2, 3)]
    assert end == {"type": "execution_finished", "execution_id": "w-1", "status": "completed"}


async def test_a_reader_goes_on_after_the_number_it_has(token: str, user: User) -> None:
    await sync_to_async(finished)(user, "w-1", 3)

    async with connected(token) as client:
        await client.ask(type="subscribe_workflow", execution_id="w-1", after_seq=2)
        events = await client.hear_events(1)
        end = await client.hear()

    assert events == [("w-1", 3, "NetworkIdle")]
    assert end["type"] == "execution_finished"


async def test_a_long_run_is_replayed_page_by_page(token: str, user: User, settings: Any) -> None:
    settings.EVENT_PAGE = 2
    await sync_to_async(finished)(user, "w-1", 4)

    async with connected(token) as client:
        await client.ask(type="subscribe_workflow", execution_id="w-1")
        events = await client.hear_events(4)
        end = await client.hear()

    assert [seq for _, seq, _ in events] == [1, 2, 3, 4]
    assert end["type"] == "execution_finished"


async def test_a_live_run_is_followed_to_its_end(token: str, user: User, settings: Any) -> None:
    settings.EVENT_POLL_SECONDS = 3600  # only a nudge can wake the reader
    execution = await sync_to_async(ExecutionFactory)(
        owner=user, execution_id="w-1", status=Status.RUNNING, token=1
    )

    async with connected(token) as client:
        await client.ask(type="subscribe_workflow", execution_id="w-1")
        await sync_to_async(record)(execution, Started(timestamp=1.0, nodes=1, connections=0))
        first = await client.hear_events(1)
        failed = ActorFailed(timestamp=2.0, node="a", component="c", error="no")
        await sync_to_async(record)(execution, failed, NetworkIdle(timestamp=3.0))
        more = await client.hear_events(2)
        await sync_to_async(end_run)(execution)
        last = await client.hear_events(1)
        end = await client.hear()

    assert first == [("w-1", 1, "NetworkStarted")]
    assert more == [("w-1", 2, "ActorFailed"), ("w-1", 3, "NetworkIdle")]
    assert last == [("w-1", 4, "Completed")]
    assert end == {"type": "execution_finished", "execution_id": "w-1", "status": "completed"}


def end_run(execution: Execution) -> None:
    done = Completed(timestamp=4.0, duration_ms=3000.0, nodes_executed=1, nodes_failed=1)
    with transaction.atomic():
        record(execution, done)
        move(execution.pk, Status.COMPLETED, held=execution.token)


async def test_a_real_run_is_seen_from_its_start_to_its_end(token: str) -> None:
    data = {
        "graph_json": pipeline(),
        "input": {"start": 21},
        "metadata": {"execution_id": "w-1"},
    }

    async with connected(token) as client:
        await client.ask(type="start_workflow", data=data)
        await client.ask(type="subscribe_workflow", execution_id="w-1")
        claim = await sync_to_async(claim_next)("celery@test", 1)
        assert claim is not None
        await run(claim)
        frames: list[dict[str, Any]] = []
        while not frames or frames[-1]["type"] != "execution_finished":
            frames.append(await client.hear())

    events = [frame["event"] for frame in frames[:-1]]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [(event["_type"], event.get("actorId", "")) for event in events] == [
        ("NetworkStarted", ""),
        ("MessageReceived", "a"),
        ("ActorStarted", "a"),
        ("ActorCompleted", "a"),
        ("MessageSent", ""),
        ("ActorStarted", "b"),
        ("ActorCompleted", "b"),
        ("NetworkIdle", ""),
        ("NetworkShutdown", ""),
        ("Completed", ""),
    ]
    assert frames[-1]["status"] == "completed"


async def test_events_arrive_without_any_nudge(token: str, user: User, settings: Any) -> None:
    settings.EVENT_POLL_SECONDS = 0.05
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "tests.workflows.api.fakes.DeadLayer"}}
    execution = await sync_to_async(ExecutionFactory)(
        owner=user, execution_id="w-1", status=Status.RUNNING, token=1
    )

    async with connected(token) as client:
        await client.ask(type="subscribe_workflow", execution_id="w-1")
        await sync_to_async(record)(execution, NetworkIdle(timestamp=1.0))
        events = await client.hear_events(1)

    assert events == [("w-1", 1, "NetworkIdle")]


async def test_one_socket_follows_several_runs(token: str, user: User) -> None:
    await sync_to_async(finished)(user, "w-1", 1)
    await sync_to_async(finished)(user, "w-2", 1)

    async with connected(token) as client:
        await client.say(type="subscribe_workflow", execution_id="w-1")
        await client.say(type="subscribe_workflow", execution_id="w-2")
        frames = [await client.hear() for _ in range(6)]

    assert sorted((frame["execution_id"], frame["type"]) for frame in frames) == [
        (name, kind)
        for name in ("w-1", "w-2")
        for kind in ("execution_finished", "network_event", "subscription_ack")
    ]


async def test_a_strangers_run_cannot_be_followed(token: str) -> None:
    await sync_to_async(ExecutionFactory)(execution_id="w-1")

    async with connected(token) as client:
        answer = await client.ask(type="subscribe_workflow", execution_id="w-1")

    assert answer == {
        "type": "error",
        "success": False,
        "error": "there is no execution 'w-1'",
        "code": "not_found",
        "problems": [],
    }


# Bad input.


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("garbage", "json_invalid"),
        ("[]", "malformed"),
        ("1", "malformed"),
        ("{}", "malformed"),
        ('{"type": 1}', "malformed"),
        ('{"type": "subscribe_workflw"}', "malformed"),
        ('{"type": "subscribe_workflow"}', "invalid"),
        ('{"type": "subscribe_workflow", "execution_id": {}}', "invalid"),
        ('{"type": "subscribe_workflow", "execution_id": "x", "after_seq": -1}', "invalid"),
        ('{"type": "subscribe_workflow", "execution_id": "x", "after_seq": NaN}', "json_invalid"),
        ('{"type": "cancel_workflow", "execution_id": "x"}', "not_found"),
        ("[" * 50_000 + "]" * 50_000, "json_invalid"),
        ('{"type": "cancel_workflow", "execution_id": "' + "x" * 70_000 + '"}', "body_too_large"),
    ],
)
async def test_bad_input_is_answered_and_the_socket_stays_open(
    text: str, code: str, token: str
) -> None:
    async with connected(token) as client:
        await client.send_to(text_data=text)
        answer = await client.hear()
        after = await client.ask(type="unknown")

    assert (answer["type"], answer["code"]) == ("error", code)
    assert after["error"].startswith("unknown type 'unknown'")


async def test_a_binary_frame_is_answered(token: str) -> None:
    async with connected(token) as client:
        await client.send_to(bytes_data=b"\x00\x01")
        answer = await client.hear()

    assert answer == {
        "type": "error",
        "success": False,
        "error": "a message is a text frame, not a binary one",
        "code": "malformed",
        "problems": [],
    }


async def test_a_start_over_the_limit_is_answered(token: str, settings: Any) -> None:
    settings.API_MAX_BODY_BYTES = 1000

    async with connected(token) as client:
        answer = await client.ask(type="start_workflow", data="x" * 1000)

    assert (answer["type"], answer["code"]) == ("error", "body_too_large")


async def test_messages_count_like_requests(token: str, settings: Any) -> None:
    settings.API_USER_BURST, settings.API_USER_RATE = 1, 0.001

    async with connected(token) as client:
        answers = [await client.ask(type="unknown") for _ in range(2)]

    assert [answer["code"] for answer in answers] == ["malformed", "rate_limited"]


async def test_a_reader_that_leaves_leaves_nothing_behind(token: str, user: User) -> None:
    await sync_to_async(ExecutionFactory)(owner=user, execution_id="w-1")
    before = asyncio.all_tasks()

    async with connected(token) as client:
        await client.ask(type="subscribe_workflow", execution_id="w-1")

    assert asyncio.all_tasks() - before == set()
