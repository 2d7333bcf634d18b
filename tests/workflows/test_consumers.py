"""The WebSocket, as Reflow's clients use it, on the in-memory channel layer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import transaction
from rest_framework.authtoken.models import Token

from engine.events import ActorFailed, Completed, NetworkIdle, Started
from tests.factories import ExecutionEventFactory, ExecutionFactory, UserFactory, claim_of
from tests.workflows.api.graphs import pipeline
from tests.workflows.sockets import connected
from workflows.event_log import append
from workflows.lifecycle import claim_next, move
from workflows.models import Execution, Status
from workflows.runner import run

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from engine.events import EngineEvent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh_rates() -> None:
    cache.clear()


@pytest.fixture
def user(transactional_db: None) -> User:
    return UserFactory()


@pytest.fixture
def token(user: User) -> str:
    return str(Token.objects.create(user=user).key)


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


# Starting and cancelling.


async def test_a_run_is_started(token: str) -> None:
    data = {"graph_json": pipeline(), "metadata": {"execution_id": "w-1"}}

    async with connected(token) as client:
        answer = await client.ask(type="start_workflow", data=data)

    execution = await Execution.objects.aget()
    assert answer == {"type": "workflow_started", "success": True, "execution_id": "w-1"}
    assert (execution.execution_id, execution.source) == ("w-1", "websocket")


async def test_a_start_over_a_limit_is_refused_by_its_name(token: str, settings: Any) -> None:
    settings.QUEUE_LIMIT_USER = 1
    async with connected(token) as client:
        first = await client.ask(type="start_workflow", data={"graph_json": pipeline()})
        answer = await client.ask(type="start_workflow", data={"graph_json": pipeline()})
        still = await client.ask(type="subscribe_workflow", execution_id=first["execution_id"])

    assert answer == {
        "type": "workflow_error",
        "success": False,
        "error": "the queue of one user is full: 1 runs wait (limit: QUEUE_LIMIT_USER)",
        "code": "queue_full",
        "problems": [],
    }
    assert still["success"] is True
    assert await Execution.objects.acount() == 1


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


async def test_a_run_is_paused_and_resumed(token: str, user: User) -> None:
    await sync_to_async(ExecutionFactory)(owner=user, execution_id="w-1")

    async with connected(token) as client:
        paused = await client.ask(type="pause_workflow", execution_id="w-1", reason="look first")
        again = await client.ask(type="pause_workflow", execution_id="w-1")
        resumed = await client.ask(type="resume_workflow", execution_id="w-1")

    assert (paused["type"], again["code"]) == ("workflow_paused", "execution_paused")
    assert resumed["type"] == "workflow_resumed"
    row = await Execution.objects.aget()
    assert (row.status, row.pause_reason) == (Status.QUEUED, "look first")


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


@pytest.mark.parametrize(
    "layer",
    [
        {"BACKEND": "tests.workflows.api.fakes.DeadLayer"},
        {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["unix:///nowhere/broker.sock"]},
        },
    ],
    ids=["dies", "is not there"],
)
async def test_events_arrive_without_any_nudge(
    token: str, user: User, settings: Any, layer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EVENT_POLL_SECONDS = 0.05
    settings.CHANNEL_LAYERS = {"default": layer}
    execution = await sync_to_async(ExecutionFactory)(
        owner=user, execution_id="w-1", status=Status.RUNNING, token=1
    )

    async with connected(token) as client:
        await client.ask(type="subscribe_workflow", execution_id="w-1")
        await sync_to_async(record)(execution, NetworkIdle(timestamp=1.0))
        events = await client.hear_events(1)

    assert events == [("w-1", 1, "NetworkIdle")]
    assert "no nudges from the channel layer" in caplog.text
    assert "never retrieved" not in caplog.text


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


async def test_a_second_subscription_takes_the_place_of_the_first(token: str, user: User) -> None:
    execution = await sync_to_async(ExecutionFactory)(
        owner=user, execution_id="w-1", status=Status.RUNNING, token=1
    )

    async with connected(token) as client:
        await client.ask(type="subscribe_workflow", execution_id="w-1")
        await client.ask(type="subscribe_workflow", execution_id="w-1")
        await sync_to_async(end_run)(execution)
        events = await client.hear_events(1)
        end = await client.hear()
        quiet = await client.receive_nothing()

    assert (events, end["type"], quiet) == ([("w-1", 1, "Completed")], "execution_finished", True)


async def test_the_subscriptions_of_a_socket_are_bounded(
    token: str, user: User, settings: Any
) -> None:
    settings.WS_SUBSCRIPTIONS = 1
    for name in ("w-1", "w-2"):
        await sync_to_async(ExecutionFactory)(owner=user, execution_id=name)

    async with connected(token) as client:
        await client.ask(type="subscribe_workflow", execution_id="w-1")
        answer = await client.ask(type="subscribe_workflow", execution_id="w-2")

    assert (answer["type"], answer["code"]) == ("error", "limit_exceeded")


async def test_a_run_that_vanishes_ends_its_subscription_only(
    token: str, user: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EVENT_POLL_SECONDS = 0.05
    execution = await sync_to_async(ExecutionFactory)(owner=user, execution_id="w-1")

    async with connected(token) as client:
        await client.ask(type="subscribe_workflow", execution_id="w-1")
        await execution.adelete()
        answer = await client.hear()
        after = await client.ask(type="unknown")

    assert (answer["execution_id"], answer["code"]) == ("w-1", "internal_error")
    assert after["type"] == "error"
    assert "DoesNotExist" in caplog.text


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


async def test_an_overlong_command_names_its_own_limit(token: str) -> None:
    async with connected(token) as client:
        answer = await client.ask(type="cancel_workflow", execution_id="x" * 70_000)

    assert answer["error"] == "the body is over 65536 bytes (limit: WS_MESSAGE_BYTES)"


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
