"""LiveBridge: one run's stored events on their way to Zeal's live socket."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from observability.models import LiveState
from observability.zeal import progress
from observability.zeal.live import LiveRun, LiveUnavailableError
from observability.zeal.runs import find_run, read_page
from workflows.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from observability.models import TraceSession
    from observability.zeal.config import ZealConfig
    from observability.zeal.live import LiveSocket
    from observability.zeal.runs import Page, Run

logger = logging.getLogger(__name__)
settle = sync_to_async(progress.settle_live)

PAGE = 200  # events that are in memory at once
IDLE_SECONDS = 5.0  # without news, after which a bridge is taken down until there are some


class LiveBridge:
    """One run's way to the socket, with its own cursor; it waits for no trace.

    Args:
        news: set when there may be more events.
        closing: asks it to end after the page that is under way.
    """

    def __init__(
        self,
        pk: UUID,
        config: ZealConfig,
        socket: LiveSocket,
        news: asyncio.Event,
        closing: Callable[[], bool],
    ) -> None:
        self._pk = pk
        self._config = config
        self._socket = socket
        self._news = news
        self._closing = closing

    async def run(self) -> None:
        row = await sync_to_async(progress.row_of)(self._pk, self._config)
        if row is None or row.live != LiveState.OPEN:
            return
        run: Run = await sync_to_async(find_run)(self._pk)
        if not run.is_zeals:
            await settle(row, live=LiveState.NONE)
            return
        try:
            await self._deliver(row, live_run_of(run))
        except LiveUnavailableError as error:
            await self._leave(row, error.reason, retry=error.retry)
        except PayloadError as error:
            await self._leave(row, str(error), retry=True)

    async def _deliver(self, row: TraceSession, run: LiveRun) -> None:
        while not self._closing():
            self._news.clear()
            page: Page = await sync_to_async(read_page)(self._pk, row.live_seq, PAGE)
            if page.pruned_at is not None:
                raise LiveUnavailableError("its events were removed by retention", retry=False)
            if page.events:
                await self._send(row, run, page)
            if row.live_seq < page.last_seq:
                continue
            if page.is_over:
                await settle(row, live=LiveState.DELIVERED)
                return
            if len(page.events) < PAGE and not await self._hears_news():
                return

    async def _send(self, row: TraceSession, run: LiveRun, page: Page) -> None:
        readable = [event for event in page.events if event.seq not in page.unreadable]
        last_seq, sent, dropped, repeated = page.last_seq, 0, len(page.unreadable), 0
        if readable:
            told_to = row.live_under_way_seq  # by a process that ended in the middle of it
            await settle(row, live_under_way_seq=readable[-1].seq)
            result = await self._socket.send(run, readable, told_to)
            sent, dropped, repeated = result.sent, dropped + result.dropped, result.repeated
            if result.last_seq != readable[-1].seq:
                last_seq = result.last_seq
        await settle(
            row,
            live_seq=last_seq,
            live_under_way_seq=0,
            live_sent=row.live_sent + sent,
            live_dropped=row.live_dropped + dropped,
            live_repeated=row.live_repeated + repeated,
            live_error="",
        )

    async def _leave(self, row: TraceSession, reason: str, *, retry: bool) -> None:
        """Go on later; or without the socket, for a run that Zeal does not take there."""
        logger.info("execution %s: not on the live socket: %s", self._pk, reason)
        if retry:
            later = progress.soon()
            await settle(row, live_next_try=later, live_error=reason, live_under_way_seq=0)
        else:
            await settle(row, live=LiveState.OFF, live_error=reason)

    async def _hears_news(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_SECONDS):
                await self._news.wait()
        return self._news.is_set()


def live_run_of(run: Run) -> LiveRun:
    """A run that Zeal has started has Zeal's execution id as ours."""
    return LiveRun(
        execution_pk=run.pk,
        session_id=run.execution_id,
        workflow_id=run.workflow_id,
        workflow_name=run.workflow_name,
        connections=run.canvas.connections,
    )
