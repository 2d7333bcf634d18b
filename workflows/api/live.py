"""A run's events as they happen: the stored rows are the truth, a nudge only says "read on"."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings

from workflows.api.envelope import now_ms
from workflows.api.wire import milliseconds, network_event
from workflows.event_log import group_name
from workflows.models import Execution
from workflows.payloads import with_data
from workflows.selectors import events_after

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from workflows.models import ExecutionEvent

Send = Callable[[dict[str, Any]], Awaitable[None]]

logger = logging.getLogger(__name__)


class Nudges:
    """One run's nudges from the channel layer.

    A dead layer costs latency, never an event: waiting ends after ``EVENT_POLL_SECONDS``. The
    layer's own errors are therefore only logged.
    """

    def __init__(self, group: str) -> None:
        self._group = group
        self._layer = get_channel_layer()
        self._nudged = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def wait(self) -> None:
        """Until there may be news, for ``EVENT_POLL_SECONDS`` at most."""
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        with suppress(TimeoutError):
            async with asyncio.timeout(settings.EVENT_POLL_SECONDS):
                await self._nudged.wait()
        self._nudged.clear()

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        channel = ""
        try:
            channel = await self._layer.new_channel()
            await self._layer.group_add(self._group, channel)
            self._nudged.set()  # what came before we had joined is in the rows already
            while True:
                await self._layer.receive(channel)
                self._nudged.set()
        except Exception as error:  # noqa: BLE001 -- around a reader of the log: it polls on
            logger.warning("no nudges from the channel layer: %s", error)
        finally:
            if channel:
                with suppress(Exception):
                    await self._layer.group_discard(self._group, channel)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows after a number, and where the run stood before they were read."""

    rows: list[ExecutionEvent]
    status: str
    is_over: bool
    pruned_at: datetime | None = None


def read_page(pk: UUID, after_seq: int) -> Page:
    # The status first: when it is terminal, the rows read after it are all there will be.
    execution = Execution.objects.only("status", "event_day", "events_pruned_at").get(pk=pk)
    pruned_at = execution.events_pruned_at
    rows = [] if pruned_at else with_data(events_after(execution, after_seq, settings.EVENT_PAGE))
    return Page(rows, execution.status, execution.is_over, pruned_at)


async def follow(execution: Execution, after_seq: int, send: Send) -> None:
    """Send every event after a number, in order, once each; return when the run is over.

    At most one page of rows is in memory, and the next is read when the client took this one.
    """
    nudges = Nudges(group_name(execution.pk))
    seq = after_seq
    try:
        while True:
            page: Page = await database_sync_to_async(read_page)(execution.pk, seq)
            for row in page.rows:
                await send(network_frame(execution.execution_id, row))
                seq = row.seq
            if page.is_over and len(page.rows) < settings.EVENT_PAGE:
                if page.pruned_at is not None:
                    await send(pruned_frame(execution.execution_id, page.pruned_at))
                break
            if not page.rows:
                await nudges.wait()
    finally:
        await nudges.close()
    await send(finished_frame(execution.execution_id, page.status))


def network_frame(execution_id: str, row: ExecutionEvent) -> dict[str, Any]:
    return {
        "type": "network_event",
        "execution_id": execution_id,
        "event": network_event(row),
        "timestamp": now_ms(),
    }


def pruned_frame(execution_id: str, pruned_at: datetime) -> dict[str, Any]:
    """There were events, and retention has removed them."""
    return {
        "type": "events_pruned",
        "execution_id": execution_id,
        "pruned_at": milliseconds(pruned_at),
        "timestamp": now_ms(),
    }


def finished_frame(execution_id: str, status: str) -> dict[str, Any]:
    return {
        "type": "execution_finished",
        "execution_id": execution_id,
        "status": status,
        "timestamp": now_ms(),
    }
