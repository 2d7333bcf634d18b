"""Runs with events, and a sync process in the test's own."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async

from engine.codec import dumps
from observability.models import TraceSession
from observability.zeal.config import ZealConfig
from observability.zeal.sync import Sync
from tests.factories import LONG_AGO, ExecutionFactory
from workflows.event_log import nudge
from workflows.models import TERMINAL, Execution, ExecutionEvent, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from uuid import UUID

    from tests.fakes.zeal import FakeZeal

PATIENCE_SECONDS = 60.0


def config_of(zeal: FakeZeal, **more: Any) -> ZealConfig:
    return ZealConfig(zeal.url, **{"node_id": "reflow-1", "timeout": 5, "handshake": 2, **more})


def message(number: int) -> tuple[str, str, dict[str, Any]]:
    """One that says its number, so that it is known again."""
    sent = {"from_port": "output", "to_node": "pass", "to_port": "input", "connection": "c"}
    value = {"type": "Integer", "data": number}
    return "MessageSent", "pass", {**sent, "message": value, "size": 4, "count": 1}


def completed(size: int = 10) -> tuple[str, str, dict[str, Any]]:
    outputs = {"output": {"type": "Integer", "data": 1}}
    about = {"component": "tpl_passthrough", "count": 1, "output_connections": []}
    numbers = {"duration_ms": 1.6, "output_size": size}
    return "ActorCompleted", "pass", {**about, **numbers, "outputs": outputs}


def make_run(*events: tuple[str, str, dict[str, Any]], **columns: Any) -> Execution:
    """A run with these events; over, unless its status says something else."""
    execution: Execution = ExecutionFactory(
        **{"status": Status.COMPLETED, "nodes_executed": 1, "duration_ms": 12.4, **columns}
    )
    add_events(execution, *events)
    return execution


def messages(count: int, first: int = 1) -> list[tuple[str, str, dict[str, Any]]]:
    return [message(number) for number in range(first, first + count)]


def add_events(execution: Execution, *events: tuple[str, str, dict[str, Any]]) -> None:
    first = execution.last_seq + 1
    ExecutionEvent.objects.bulk_create(
        ExecutionEvent(
            execution=execution,
            seq=seq,
            type=kind,
            node=node,
            at=LONG_AGO,
            data=dumps(data),
            day=execution.event_day,
        )
        for seq, (kind, node, data) in enumerate(events, first)
    )
    execution.last_seq += len(events)
    Execution.objects.filter(pk=execution.pk).update(last_seq=execution.last_seq)
    nudge(execution.pk)


def end(execution: Execution, status: Status = Status.COMPLETED) -> None:
    assert status in TERMINAL
    Execution.objects.filter(pk=execution.pk).update(status=status, finished_at=LONG_AGO)
    nudge(execution.pk)


class Process:
    """A sync process; setting ``stop`` asks it to end."""

    def __init__(self, config: ZealConfig, holder: str) -> None:
        self.sync = Sync(config, holder)
        self.stop = asyncio.Event()

    @property
    def works(self) -> bool:
        return self.sync.works


@asynccontextmanager
async def syncing(config: ZealConfig, holder: str = "test:1") -> AsyncIterator[Process]:
    process = Process(config, holder)
    task = asyncio.create_task(process.sync.run(process.stop))
    try:
        yield process
    finally:
        process.stop.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await task


async def until(found: Callable[[], Any]) -> Any:
    """Wait for something in the database or the double; what it was."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (value := await sync_to_async(found)()):  # noqa: ASYNC110 -- no row tells
            await asyncio.sleep(0.02)
    return value


def row(pk: UUID, **wanted: Any) -> TraceSession | None:
    return TraceSession.objects.filter(pk=pk, **wanted).first()


async def told(execution: Execution, **wanted: Any) -> TraceSession:
    """The row of a run, when it is told to its end."""
    found: TraceSession = await until(lambda: row(execution.pk, **{"state": "delivered", **wanted}))
    return found


def seqs(zeal: FakeZeal) -> list[int]:
    """The numbers of the events that arrived, in order."""
    return [entry["event"]["metadata"]["custom"]["seq"] for entry in zeal.record.of("event")]


def hop_numbers(zeal: FakeZeal) -> list[int]:
    """What the messages said that arrived as hops, in order; previews must be on."""
    return [int(entry["hop"]["data"]["preview"]) for entry in zeal.record.of("hop")]


def posts(zeal: FakeZeal, path: str) -> int:
    """How many requests to a path arrived."""
    found = zeal.record.of("http")
    return sum(1 for each in found if each["method"] == "POST" and path in each["path"])
