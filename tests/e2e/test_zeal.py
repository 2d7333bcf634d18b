"""A whole server with a Zeal beside it: drawn there, run here, shown there."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.zeal import FakeZeal
from tests.fakes.zeal.client import post
from tests.workflows.zeal.documents import sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.server import Server, Start

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SECONDS = 90.0


async def until(done: Callable[[], Any]) -> Any:
    async with asyncio.timeout(SECONDS):
        while not (found := done()):  # noqa: ASYNC110 -- the double tells nobody
            await asyncio.sleep(0.05)
    return found


def shown(zeal: FakeZeal, kind: str) -> list[dict[str, Any]]:
    """The events of one type that reached the canvas."""
    events = [entry["event"] for entry in zeal.record.of("runtime.event")]
    return [event for event in events if event["type"] == kind]


async def execute(zeal: FakeZeal, workflow_id: str) -> str:
    """Press Execute; the id that Zeal gave the run."""
    answer = await post(zeal, f"/api/workflows/{workflow_id}/execute", {"input": {}})
    execution: str = answer.json()["data"]["id"]
    return execution


async def test_a_workflow_of_zeal_runs_here_lights_up_there_and_outlives_what_is_killed(
    start: Start,
) -> None:
    async with FakeZeal("shipped") as zeal:
        document = sample("sum")
        workflow_id = zeal.add_workflow(document, document["id"])["id"]
        server: Server = start("--workers", "1", "--no-examples", ZEAL_URL=zeal.url)
        await asyncio.to_thread(server.wait_until_it_says, "Reflow is healthy")
        await until(lambda: zeal.store.templates)
        await until(lambda: zeal.record.of("auth"))

        first = await execute(zeal, workflow_id)
        await until(lambda: len(shown(zeal, "execution.completed")) == 1)
        await until(lambda: len(zeal.record.of("close")) == 1)

        os.kill(server.child("manage.py sync"), signal.SIGKILL)
        with server.client() as client:
            run = client.get(f"/api/v1/executions/{first}").json()
            again = {"execution_id": "by-rest", "workflow": run["workflow"]}
            answer = await asyncio.to_thread(client.post, "/api/v1/executions", json=again)
        await until(lambda: len(zeal.record.of("close")) == 2)
        await until(lambda: len(shown(zeal, "execution.completed")) == 2)
        doctor = await asyncio.to_thread(server.command, "doctor", "--json")
        code = await asyncio.to_thread(server.end)

    lit = {
        edge
        for event in shown(zeal, "node.completed")
        for edge in event["data"]["outputConnections"]
    }
    assert (run["status"], run["source"]) == ("completed", "zeal")
    assert answer.status_code == 202
    assert [each["data"]["sessionId"] for each in shown(zeal, "execution.completed")] == [
        first,
        "by-rest",
    ]
    assert lit == {"conn-3"}
    assert [each["status"] for each in zeal.record.of("close")] == ["completed", "completed"]
    assert (doctor.returncode, code) == (0, 0), doctor.stdout
