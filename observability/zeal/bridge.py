"""EventBridge: one run's stored events on their way to Zeal, from where its cursor stands."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.utils import timezone

from observability.models import UNDELIVERED, TraceState
from observability.zeal import progress
from observability.zeal.progress import NotNowError
from observability.zeal.runs import find_run, read_page
from workflows.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from observability.models import TraceSession
    from observability.zeal.collector import TraceCollector
    from observability.zeal.config import ZealConfig
    from observability.zeal.runs import Page, Run

logger = logging.getLogger(__name__)

PAGE = 100  # events that are in memory at once
LINGER_SECONDS = 1.0  # until a batch goes that is not full
IDLE_SECONDS = 5.0  # without news, after which a bridge is taken down until there are some
SHORT_PAUSE_SECONDS = 2.0  # for which it is worth to wait here


class EventBridge:
    """One run's way to the collector. It ends when there is nothing to do; the row says the rest.

    Args:
        news: set when there may be more events.
        closing: asks it to end after the batch that is under way.
    """

    def __init__(
        self,
        pk: UUID,
        config: ZealConfig,
        collector: TraceCollector,
        news: asyncio.Event,
        closing: Callable[[], bool],
    ) -> None:
        self._pk = pk
        self._config = config
        self._collector = collector
        self._news = news
        self._closing = closing

    async def run(self) -> None:
        row = await sync_to_async(progress.row_of)(self._pk, self._config)
        if row is None or row.state not in UNDELIVERED:
            return
        while not self._closing():
            trouble = await self._attempt(row)
            if trouble is None:
                return
            pause = await sync_to_async(progress.postpone)(row, trouble)
            logger.info("execution %s: Zeal again in %.1f s: %s", self._pk, pause, trouble)
            if pause > SHORT_PAUSE_SECONDS:
                return
            await asyncio.sleep(pause)

    async def _attempt(self, row: TraceSession) -> NotNowError | None:
        try:
            await self._deliver(row)
        except NotNowError as error:
            return error
        except PayloadError as error:
            return NotNowError(str(error))
        return None

    async def _deliver(self, row: TraceSession) -> None:
        run: Run = await sync_to_async(find_run)(self._pk)
        lingers_until: float | None = None
        while not self._closing():
            self._news.clear()
            page: Page = await sync_to_async(read_page)(self._pk, row.trace_seq, PAGE)
            if page.pruned_at is not None:
                await self._give_up(row)
                return
            if page.events or page.is_over:
                await self._collector.begin(row, run)
            patience = None if lingers_until is None else lingers_until - time.monotonic()
            late = page.is_over or (patience is not None and patience <= 0)
            if not await self._collector.submit(row, run, page, all_of_it=late):
                if len(page.events) == PAGE:
                    continue  # the next page makes a full batch
                if lingers_until is None:
                    lingers_until = time.monotonic() + LINGER_SECONDS
                    patience = LINGER_SECONDS
                await asyncio.sleep(min(patience or 0, LINGER_SECONDS) / 4)
                continue
            lingers_until = None
            if page.is_over:
                await self._collector.complete(row, run, page)
                return
            if len(page.events) < PAGE and not await self._hears_news():
                return

    async def _hears_news(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_SECONDS):
                await self._news.wait()
        return self._news.is_set()

    async def _give_up(self, row: TraceSession) -> None:
        ended = {"state": TraceState.GAVE_UP, "ended_at": timezone.now()}
        told = progress.last_error("its events were removed by retention before Zeal had them")
        await sync_to_async(progress.settle)(row, **ended, **told)
