"""The bridges of one kind: a bounded number of tasks, one for each run with something to tell."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from observability.zeal.progress import SupersededError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from uuid import UUID

    Start = Callable[[UUID, asyncio.Event, Callable[[], bool]], Awaitable[None]]

logger = logging.getLogger(__name__)


class Bridges:
    """At most ``limit`` of them; for the others the database keeps the place."""

    def __init__(self, limit: int, start: Start) -> None:
        self._limit = limit
        self._start = start
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._news: dict[UUID, asyncio.Event] = {}
        self._closing = False

    @property
    def busy(self) -> set[UUID]:
        return set(self._tasks)

    @property
    def free(self) -> int:
        return 0 if self._closing else self._limit - len(self._tasks)

    def tell(self, pk: UUID) -> None:
        """There is something new about a run."""
        if pk in self._news:
            self._news[pk].set()
        else:
            self.open([pk])

    def open(self, runs: Iterable[UUID]) -> None:
        """Begin with runs that have no bridge, as many as there is room for."""
        for pk in runs:
            if pk not in self._tasks and self.free > 0:
                self._news[pk] = asyncio.Event()
                self._tasks[pk] = asyncio.create_task(self._run(pk, self._news[pk]))

    async def _run(self, pk: UUID, news: asyncio.Event) -> None:
        try:
            await self._start(pk, news, lambda: self._closing)
        except SupersededError as error:
            logger.info("%s", error)
        except Exception:  # a boundary: around a reader of the log
            logger.exception("execution %s: its bridge to Zeal broke", pk)
        finally:
            self._tasks.pop(pk, None)
            self._news.pop(pk, None)

    async def close(self, seconds: float = 0) -> None:
        """Take none any more; let each end its batch for so many seconds, then end them."""
        self._closing = True
        for news in self._news.values():
            news.set()
        tasks = set(self._tasks.values())
        if tasks and seconds:
            await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
