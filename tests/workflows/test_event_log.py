from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from engine.events import Completed, EngineEvent, NetworkIdle, Started
from engine.messages import freeze
from tests.factories import ExecutionFactory, claim_of
from tests.workflows.test_event_rows import sent
from workflows import event_log, repeats
from workflows.event_log import (
    GLOBAL_GROUP,
    EventWriter,
    FencedError,
    append,
    group_name,
    nudge,
)
from workflows.models import Execution, ExecutionEvent, Status

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

STARTED = Started(timestamp=0, nodes=1, connections=0)
IDLE = NetworkIdle(timestamp=1)


def stored_events() -> list[tuple[int, str]]:
    return list(ExecutionEvent.objects.values_list("seq", "type").order_by("seq"))


@pytest.mark.django_db
def test_events_are_numbered_from_1_without_a_gap() -> None:
    execution = ExecutionFactory(status=Status.RUNNING, token=3)

    append(execution.pk, 3, [STARTED, IDLE])
    append(execution.pk, 3, [IDLE])

    execution.refresh_from_db()
    assert stored_events() == [(1, "Started"), (2, "NetworkIdle"), (3, "NetworkIdle")]
    assert execution.last_seq == 3


@pytest.mark.django_db
def test_an_event_is_read_back_as_it_was_written() -> None:
    execution = ExecutionFactory(status=Status.RUNNING)

    append(execution.pk, 0, [sent("é\0")])

    event = ExecutionEvent.objects.get()
    assert (event.execution, event.node, event.at.year) == (execution, "a", 2026)
    assert '"message":{"type":"String","data":"é\\u0000"}' in event.data


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "token"), [(Status.RUNNING, 4), (Status.QUEUED, 5), (Status.COMPLETED, 5)]
)
def test_a_stale_owner_writes_nothing(status: Status, token: int) -> None:
    execution = ExecutionFactory(status=status, token=5)

    with pytest.raises(FencedError):
        append(execution.pk, token, [STARTED])

    execution.refresh_from_db()
    assert (execution.last_seq, stored_events()) == (0, [])


@pytest.mark.django_db
def test_no_events_is_no_transaction(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    execution = ExecutionFactory()

    with django_assert_num_queries(0):
        assert append(execution.pk, 1, []) == ()


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 300])
def test_a_batch_costs_the_same_queries_whatever_its_size(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    execution = ExecutionFactory(status=Status.RUNNING)
    batch: list[EngineEvent] = [IDLE] * count

    with django_assert_num_queries(4):  # savepoint, numbers, insert, release
        append(execution.pk, 0, batch)

    assert ExecutionEvent.objects.count() == count


@pytest.mark.django_db
def test_a_bad_value_is_stored_as_an_error_and_reported() -> None:
    execution = ExecutionFactory(status=Status.RUNNING)

    (problem,) = append(execution.pk, 0, [sent(freeze(2**80)), IDLE])

    assert problem.where == "node 'a' port 'out'"
    assert stored_events() == [(1, "MessageSent"), (2, "NetworkIdle")]


@pytest.mark.django_db(transaction=True)
async def test_readers_of_the_run_and_of_all_runs_are_nudged(settings: Any) -> None:
    settings.ZEAL_URL = "http://zeal.test"
    execution = await sync_to_async(ExecutionFactory)(status=Status.RUNNING)
    layer: Any = get_channel_layer()
    await layer.group_add(group_name(execution.pk), "one")
    await layer.group_add(GLOBAL_GROUP, "all")

    await sync_to_async(append)(execution.pk, 0, [STARTED])

    nudge_message = {"type": "events.new", "execution": str(execution.pk)}
    async with asyncio.timeout(5):
        assert await layer.receive("one") == nudge_message
        assert await layer.receive("all") == nudge_message


@pytest.mark.django_db(transaction=True)
async def test_without_zeal_nobody_is_told_of_all_runs() -> None:
    execution = await sync_to_async(ExecutionFactory)(status=Status.RUNNING)
    layer: Any = get_channel_layer()
    await layer.group_add(GLOBAL_GROUP, "all")
    await layer.group_add(group_name(execution.pk), "one")

    await sync_to_async(append)(execution.pk, 0, [STARTED])

    async with asyncio.timeout(5):
        await layer.receive("one")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await layer.receive("all")


@pytest.mark.django_db
def test_a_nudge_waits_for_the_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    execution = ExecutionFactory(status=Status.RUNNING)

    with django_capture_on_commit_callbacks() as callbacks:
        append(execution.pk, 0, [STARTED])

    assert len(callbacks) == 1


def test_a_dead_channel_layer_stops_nobody(
    settings: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "EVERY_SECONDS", 0)  # each failure is said
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["unix:///nowhere/broker.sock"]},
        }
    }

    nudge(Execution().pk)

    assert "readers were not nudged" in caplog.text


def test_a_layer_that_hangs_is_waited_for_once_and_asked_again_later(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "NUDGE_TIMEOUT_SECONDS", 0.01)
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "tests.workflows.fakes.HungLayer"}}
    layer: Any = get_channel_layer()

    for _ in range(3):
        nudge(Execution().pk)
    assert layer.asked == 1

    monkeypatch.setattr(event_log, "NUDGE_REST_SECONDS", 0)
    event_log._rests_until.clear()
    for _ in range(2):
        nudge(Execution().pk)
    assert layer.asked == 3


@pytest.mark.django_db(transaction=True)
async def test_after_the_event_limit_messages_are_stored_as_sums(settings: Any) -> None:
    settings.EVENT_LIMIT = 2
    execution = await sync_to_async(ExecutionFactory)(status=Status.RUNNING)
    writer = EventWriter(claim_of(execution))

    await writer.write([sent(1), sent(2), sent(3), sent(4)])
    await writer.write([sent(5), sent(6), IDLE])
    await writer.write([Completed(timestamp=1, duration_ms=1, nodes_executed=1, nodes_failed=0)])

    rows = [row async for row in ExecutionEvent.objects.order_by("seq")]
    assert [(row.type, '"count":2' in row.data) for row in rows] == [
        ("MessageSent", False),
        ("MessageSent", False),
        ("MessageSent", True),
        ("MessageSent", True),
        ("NetworkIdle", False),
        ("Completed", False),
    ]
    assert writer.problems == []
