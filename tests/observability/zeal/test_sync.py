"""Traces of runs: from the stored events to a Zeal on loopback."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async

from observability.zeal import progress
from observability.zeal.progress import send_again
from observability.zeal.senders import HOPELESS_FAILS, SUSPECT_FAILS
from observability.zeal.sync import _until
from tests.factories import FAR_AHEAD, WorkflowFactory
from tests.fakes.examples import WORKFLOW
from tests.fakes.zeal import FakeZeal, Faults, Tally, tally
from tests.observability.zeal.told import (
    add_events,
    completed,
    config_of,
    end,
    hop_numbers,
    make_run,
    message,
    messages,
    posts,
    row,
    seqs,
    syncing,
    told,
    until,
)
from workflows.models import KeeperLease, Status

if TYPE_CHECKING:
    from tests.fakes.zeal.server import Mode
    from workflows.models import Execution

pytestmark = pytest.mark.django_db(transaction=True)

make = sync_to_async(make_run)


async def test_a_run_is_a_session_with_batches_of_fifty_and_a_summary() -> None:
    async with FakeZeal("intended") as zeal, syncing(config_of(zeal)):
        run: Execution = await make(*messages(118), completed(30), completed(12))
        found = await told(run)

    (session,) = zeal.record.of("session")
    (ended,) = zeal.record.of("complete")
    assert session["metadata"]["executionId"] == run.execution_id
    assert seqs(zeal) == list(range(1, 121))
    assert posts(zeal, "/events") == 3
    assert (ended["status"], ended["sessionId"]) == ("success", found.session_id)
    assert ended["summary"] == {
        "totalNodes": 1,
        "successfulNodes": 1,
        "failedNodes": 0,
        "totalDuration": 12,
        "totalDataProcessed": 42,
    }
    assert (found.profile, found.sent, found.dropped, found.repeated) == ("zip", 120, 0, 0)


async def test_a_released_zeal_gets_hops_in_order() -> None:
    async with FakeZeal("shipped") as zeal, syncing(config_of(zeal, preview_characters=50)):
        first: Execution = await make(*messages(60), completed())
        found = await told(first)
        second: Execution = await make(*messages(3), status=Status.CANCELLED)
        await told(second)

    assert hop_numbers(zeal) == [*range(1, 61), 1, 2, 3]
    assert [each["status"] for each in zeal.record.of("close")] == ["completed", "failed"]
    assert posts(zeal, "/events") == 1  # found out once
    assert len(zeal.record.of("session")) == 2
    assert (found.profile, found.sent, found.trace_seq) == ("flow_traces", 60, 61)


async def test_a_run_of_zeals_is_shown_live_and_another_is_not() -> None:
    async with FakeZeal("shipped") as zeal, syncing(config_of(zeal)):
        zeal.add_workflow(dict(WORKFLOW), "wf_1")
        workflow = await sync_to_async(WorkflowFactory)(zeal_id="wf_1")
        shown: Execution = await make(completed(), workflow=workflow)
        other: Execution = await make(completed())
        found = await told(shown, live="delivered")
        await told(other, live="none")

    (event,) = zeal.record.of("runtime.event")
    assert (event["event"]["type"], found.live_seq, found.live_sent) == ("node.completed", 1, 1)
    assert found.workflow_id == "wf_1"


async def test_events_arrive_as_they_happen_and_the_session_ends_with_the_run() -> None:
    async with FakeZeal("intended") as zeal, syncing(config_of(zeal)):
        run: Execution = await make(*messages(2), status=Status.RUNNING)
        await until(lambda: seqs(zeal) == [1, 2])
        assert not zeal.record.of("complete")
        await sync_to_async(add_events)(run, message(3))
        await sync_to_async(end)(run, Status.FAILED)
        await told(run)

    (ended,) = zeal.record.of("complete")
    assert (seqs(zeal), ended["status"]) == ([1, 2, 3], "error")


async def test_an_event_that_zeal_refuses_is_dropped_and_the_rest_arrives() -> None:
    strange = message(2)
    strange[2]["from_port"] = 7  # a name that is no text: 400, and Zeal says which
    async with FakeZeal("intended") as zeal, syncing(config_of(zeal)):
        run: Execution = await make(message(1), strange, message(3), completed())
        found = await told(run)

    assert seqs(zeal) == [1, 3, 4]
    assert (found.sent, found.dropped, found.repeated) == (3, 1, 0)
    assert found.last_error.startswith("dropped: event 2: 400 VALIDATION_ERROR")


@pytest.fixture
def quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(progress, "LONGEST_PAUSE_SECONDS", 0.05)


@pytest.mark.usefixtures("quick_tries")
async def test_events_at_which_zeal_fails_each_time_are_dropped_and_the_rest_arrives() -> None:
    strange = [message(number) for number in (71, 72)]
    for each in strange:
        each[2]["from_port"] = "poison"
    faults = Faults(break_at="poison")
    async with FakeZeal("intended", faults=faults) as zeal, syncing(config_of(zeal)):
        run: Execution = await make(*messages(70), *strange, *messages(60, 73))
        found = await told(run)

    assert seqs(zeal) == [*range(1, 71), *range(73, 133)]
    assert (found.sent, found.dropped, found.repeated) == (130, 2, 0)
    assert found.last_error.startswith("dropped: event 72: 500")


@pytest.mark.usefixtures("quick_tries")
async def test_a_hop_at_which_zeal_fails_each_time_is_dropped_and_the_rest_arrives() -> None:
    strange = message(3)
    strange[2]["from_port"] = "poison"
    faults = Faults(break_at="poison")
    async with (
        FakeZeal("shipped", faults=faults) as zeal,
        syncing(config_of(zeal, preview_characters=50)),
    ):
        found = await told(await make(*messages(2), strange, *messages(3, 4)))

    assert hop_numbers(zeal) == [1, 2, 4, 5, 6]
    assert (found.sent, found.dropped) == (5, 1)


@pytest.mark.usefixtures("quick_tries")
async def test_a_last_event_at_which_zeal_fails_waits_until_it_takes_those_of_another() -> None:
    strange = message(2)
    strange[2]["from_port"] = "poison"
    faults = Faults(break_at="poison")
    async with FakeZeal("intended", faults=faults) as zeal, syncing(config_of(zeal)):
        run: Execution = await make(strange)
        await until(lambda: row(run.pk, fails__gte=HOPELESS_FAILS + SUSPECT_FAILS))
        await told(await make(message(1)))
        found = await told(run)

    assert (found.sent, found.dropped) == (0, 1)


@pytest.mark.usefixtures("quick_tries")
async def test_nothing_is_dropped_while_zeal_fails_at_everything() -> None:
    async with FakeZeal("intended", faults=Faults(break_at="e")) as zeal, syncing(config_of(zeal)):
        run: Execution = await make(*messages(3))
        await until(lambda: row(run.pk, fails__gte=2 * HOPELESS_FAILS))
        zeal.faults.break_at = ""
        found = await told(run)

    assert (seqs(zeal), found.sent, found.dropped) == ([1, 2, 3], 3, 0)


async def test_what_has_arrived_without_an_answer_is_not_sent_again() -> None:
    async with FakeZeal("intended") as zeal:
        zeal.faults.only = "/api/zip/traces"
        zeal.faults.script.extend(["ok", "lost"])
        async with syncing(config_of(zeal)):
            found = await told(await make(*messages(70)))

    assert seqs(zeal) == list(range(1, 71))
    assert (found.sent, found.repeated) == (70, 0)


@pytest.mark.usefixtures("quick_tries")
@pytest.mark.parametrize(
    ("mode", "path"), [("intended", "/api/zip/"), ("shipped", "/api/flow-traces/sessions")]
)
async def test_what_has_arrived_is_asked_until_zeal_says(mode: Mode, path: str) -> None:
    async with FakeZeal(mode) as zeal, syncing(config_of(zeal, preview_characters=50)):
        run: Execution = await make(*messages(1), status=Status.RUNNING)
        await until(lambda: row(run.pk, trace_seq=1))
        zeal.faults.only = path
        zeal.faults.script.extend(["lost", "drop", "error", "busy"])
        await sync_to_async(add_events)(run, *messages(3, 2))
        await sync_to_async(end)(run)
        found = await told(run)

    assert (seqs(zeal) or hop_numbers(zeal)) == [1, 2, 3, 4]
    assert (found.sent, found.repeated) == (4, 0)


async def test_one_batch_is_repeated_and_counted_where_zeal_does_not_say() -> None:
    async with FakeZeal("intended") as zeal:
        zeal.faults.only = "/api/zip/"
        async with syncing(config_of(zeal)):
            run: Execution = await make(*messages(1), status=Status.RUNNING)
            await until(lambda: seqs(zeal) == [1])
            zeal.faults.only = "/api/zip/traces"
            zeal.faults.script.extend(["lost"])
            await sync_to_async(zeal.store.sessions.clear)()  # Zeal knows nothing of it any more
            await sync_to_async(add_events)(run, *messages(60, 2))
            await sync_to_async(end)(run)
            found = await told(run)

    assert tally(range(1, 62), seqs(zeal)) == Tally(61, 0, 50, 0, 0)
    assert (found.sent, found.repeated) == (61, 50)


async def test_hops_are_counted_after_a_broken_connection() -> None:
    async with FakeZeal("shipped") as zeal:
        zeal.faults.only = "/api/flow-traces/sessions"
        zeal.faults.script.extend(["ok", "drop", "ok", "ok", "error"])
        async with syncing(config_of(zeal, preview_characters=50)):
            found = await told(await make(*messages(9)))

    assert hop_numbers(zeal) == list(range(1, 10))
    assert (found.sent, found.dropped, found.repeated) == (9, 0, 0)


async def test_a_session_that_was_perhaps_opened_is_found() -> None:
    async with FakeZeal("intended") as zeal:
        zeal.faults.only = "/api/zip/traces/sessions"
        zeal.faults.script.extend(["lost"])
        async with syncing(config_of(zeal)):
            found = await told(await make(*messages(3)))

    (session,) = zeal.record.of("session")
    assert found.session_id == session["sessionId"]


async def test_refusals_of_the_call_itself_are_waited_out() -> None:
    async with FakeZeal("intended") as zeal:
        zeal.faults.only = "/api/zip/traces"
        zeal.faults.script.extend(["refuse:1", "busy", "html", "ok"])
        async with syncing(config_of(zeal)):
            found = await told(await make(*messages(3)))

    assert (seqs(zeal), found.sent, found.fails) == ([1, 2, 3], 3, 0)
    assert len(zeal.record.of("session")) == 1


async def test_a_run_is_sent_again_as_a_new_session() -> None:
    async with FakeZeal("intended") as zeal, syncing(config_of(zeal)):
        run: Execution = await make(*messages(3))
        first = await told(run)
        await sync_to_async(send_again)(first)
        second = await told(run, resends=1)

    assert first.session_id != second.session_id
    assert (seqs(zeal), second.sent) == ([1, 2, 3, 1, 2, 3], 3)


async def test_one_process_works_and_the_next_takes_over_when_it_ends() -> None:
    async with (
        FakeZeal("intended") as zeal,
        syncing(config_of(zeal), "a:1") as first,
        syncing(config_of(zeal), "b:2"),
    ):
        await told(await make(message(1)))
        first.stop.set()
        await told(await make(message(2)))
        holder = await until(lambda: KeeperLease.objects.filter(holder="b:2").first())

    assert holder.name == "sync"
    assert len(zeal.record.of("session")) == 2
    assert not await KeeperLease.objects.filter(name="sync").aexists()


async def test_a_process_whose_lease_is_taken_sends_nothing_more() -> None:
    async with FakeZeal("intended") as zeal, syncing(config_of(zeal)) as process:
        run: Execution = await make(message(1), status=Status.RUNNING)
        await until(lambda: seqs(zeal))
        stolen = KeeperLease.objects.filter(name="sync")
        await stolen.aupdate(holder="other:1", until=FAR_AHEAD)
        await until(lambda: not process.works)
        await sync_to_async(add_events)(run, message(2))
        await sync_to_async(end)(run)
        assert await sync_to_async(row)(run.pk, state="open")

    assert seqs(zeal) == [1]


async def test_a_task_that_fails_ends_the_process_which_is_started_again() -> None:
    async def fails() -> None:
        raise RuntimeError("a mistake of ours")

    tasks: list[Any] = [asyncio.create_task(fails()), asyncio.create_task(asyncio.Event().wait())]
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        async with asyncio.timeout(10):
            await _until(asyncio.Event(), tasks)
    tasks[1].cancel()
