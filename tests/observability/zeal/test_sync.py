"""Traces of runs: from the stored events to a Zeal on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from asgiref.sync import sync_to_async

from tests.fakes.zeal import FakeZeal
from tests.observability.zeal.told import (
    completed,
    config_of,
    hop_numbers,
    make_run,
    messages,
    posts,
    seqs,
    syncing,
    told,
)
from workflows.models import Status

if TYPE_CHECKING:
    from workflows.models import Execution

pytestmark = pytest.mark.django_db(transaction=True)

make = sync_to_async(make_run)


async def test_a_run_is_a_session_with_batches_of_fifty_and_a_summary() -> None:
    async with FakeZeal("intended") as zeal, syncing(config_of(zeal)):
        run: Execution = await make(*messages(118), completed(30), completed(12))
        row = await told(run)

    (session,) = zeal.record.of("session")
    (ended,) = zeal.record.of("complete")
    assert session["metadata"]["executionId"] == run.execution_id
    assert seqs(zeal) == list(range(1, 121))
    assert posts(zeal, "/events") == 3
    assert (ended["status"], ended["sessionId"]) == ("success", row.session_id)
    assert ended["summary"] == {
        "totalNodes": 1,
        "successfulNodes": 1,
        "failedNodes": 0,
        "totalDuration": 12,
        "totalDataProcessed": 42,
    }
    assert (row.profile, row.sent, row.dropped, row.repeated) == ("zip", 120, 0, 0)


async def test_a_released_zeal_gets_hops_in_order() -> None:
    async with FakeZeal("shipped") as zeal, syncing(config_of(zeal, preview_characters=50)):
        first: Execution = await make(*messages(60), completed())
        row = await told(first)
        second: Execution = await make(*messages(3), status=Status.CANCELLED)
        await told(second)

    assert hop_numbers(zeal) == [*range(1, 61), 1, 2, 3]
    assert [each["status"] for each in zeal.record.of("close")] == ["completed", "failed"]
    assert posts(zeal, "/events") == 1  # found out once
    assert len(zeal.record.of("session")) == 2
    assert (row.profile, row.sent, row.trace_seq) == ("flow_traces", 60, 61)
