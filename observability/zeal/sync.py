"""The sync process: what leads, and what it does while it leads."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError

from observability.zeal import backlog, progress
from observability.zeal.answers import Ok
from observability.zeal.bridge import EventBridge
from observability.zeal.bridges import Bridges
from observability.zeal.client import ZealClient
from observability.zeal.collector import TraceCollector
from observability.zeal.config import SocketKind
from observability.zeal.inbound import ZealInbound
from observability.zeal.link import Link
from observability.zeal.live_bridge import LiveBridge
from observability.zeal.nudges import listen
from observability.zeal.registering import register_all
from observability.zeal.report import write_report
from observability.zeal.zip_session import ZipSession
from workflows.recovery import elect, resign
from workflows.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from observability.zeal.config import ZealConfig

logger = logging.getLogger(__name__)

SYNC = "sync"  # the row of the lease
LEASE_SECONDS = 10.0
RENEW_SECONDS = 2.5
POLL_SECONDS = 2.0
REPORT_SECONDS = 5.0
HEALTH_SECONDS = 5.0
SHORTEN_SECONDS = 60.0
REGISTER_AGAIN_SECONDS = 60.0
LAST_BATCH_SECONDS = 6.0  # for what is under way when the process is asked to end


class Leader:
    """All the work, of the one process that does it."""

    def __init__(self, config: ZealConfig, holder: str) -> None:
        self._config = config
        self._holder = holder
        self._link = Link(config)
        self._is_off = config.socket is SocketKind.OFF
        self._inbound = ZealInbound(config)
        self._socket = ZipSession(config, self._inbound)
        self._troubled = Repeats(logger)

    async def work(self, stop: asyncio.Event) -> None:
        """Until ``stop``; what is under way then is brought to its end.

        Raises:
            Exception: one of its tasks has failed; a new process begins anew.
        """
        await sync_to_async(progress.move_to)(self._config)
        async with ZealClient(self._config) as client:
            collector = TraceCollector(client, self._link)

            async def tell(pk: UUID, news: asyncio.Event, closing: Callable[[], bool]) -> None:
                await EventBridge(pk, self._config, collector, news, closing).run()

            async def show(pk: UUID, news: asyncio.Event, closing: Callable[[], bool]) -> None:
                await LiveBridge(pk, self._config, self._socket, news, closing).run()

            traces = Bridges(self._config.bridges, tell)
            live = Bridges(0 if self._is_off else self._config.bridges, show)

            def heard(pk: UUID) -> None:
                live.tell(pk)  # somebody may be watching
                traces.tell(pk)

            session = asyncio.create_task(self._socket.run())
            loops = [
                asyncio.create_task(each)
                for each in (
                    listen(heard),
                    self._each(POLL_SECONDS, lambda: self._look(traces, live)),
                    self._each(HEALTH_SECONDS, lambda: self._ask(client)),
                    self._each(REPORT_SECONDS, self._report),
                    self._each(SHORTEN_SECONDS, self._shorten),
                    self._register(client),
                )
            ]
            patience = 0.0
            try:
                await _until(stop, [*loops, session])
                patience = LAST_BATCH_SECONDS
            finally:
                await asyncio.gather(traces.close(patience), live.close(patience))
                await _cancelled([*loops, session])
        await self._report()

    async def _each(self, seconds: float, task: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await task()
                self._troubled.right("the database answers again")
            except DatabaseError as error:
                self._troubled.wrong("the database did not answer; trying again: %s", error)
            await asyncio.sleep(seconds)

    async def _look(self, traces: Bridges, live: Bridges) -> None:
        """Find runs that are new, and those that have something to tell."""
        while await sync_to_async(progress.adopt)(self._config) == progress.ADOPTED_A_ROUND:
            continue
        if live.free > 0:
            live.open(await sync_to_async(progress.live_due)(live.busy, live.free))
        if traces.free > 0:
            traces.open(await sync_to_async(progress.due)(traces.busy, traces.free))

    async def _ask(self, client: ZealClient) -> None:
        answer = await client.health()
        self._link.heard(answer)
        if not isinstance(answer, Ok):
            self._link.lost()
        if self._link.came_back:
            self._link.came_back = False
            await sync_to_async(progress.try_now)()

    async def _report(self) -> None:
        await sync_to_async(write_report)(
            self._config, self._holder, self._link, self._socket.status, self._inbound.status
        )

    async def _shorten(self) -> None:
        gone, shorter = await sync_to_async(backlog.shorten)(self._config)
        if gone or shorter:
            text = "Zeal was away too long: %s runs given up, %s go on without their messages"
            logger.warning(text, gone, shorter)

    async def _register(self, client: ZealClient) -> None:
        """Make the components known to Zeal's palette, as soon as Zeal answers."""
        done = False
        while not done:
            done = await register_all(client)
            await asyncio.sleep(0 if done else REGISTER_AGAIN_SECONDS)


class Sync:
    """Waits until it leads; works; stops at once when it leads no more."""

    def __init__(self, config: ZealConfig, holder: str) -> None:
        self._config = config
        self._holder = holder
        self._troubled = Repeats(logger)
        self.works = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        try:
            while not stop.is_set():
                if await self._leads():
                    await self._lead(stop)
                await _wait(stop, RENEW_SECONDS)
        finally:
            with suppress(DatabaseError):
                await sync_to_async(resign)(self._holder, SYNC)

    async def _leads(self) -> bool | None:
        """Whether it leads; None: the database does not say."""
        try:
            leads: bool = await sync_to_async(elect)(self._holder, SYNC, LEASE_SECONDS)
        except DatabaseError as error:
            self._troubled.wrong("the database did not answer; trying again: %s", error)
            return None
        self._troubled.right("the database answers again")
        return leads

    async def _lead(self, stop: asyncio.Event) -> None:
        logger.info("%s tells Zeal at %s what runs", self._holder, self._config.url)
        self.works = True
        work = asyncio.create_task(Leader(self._config, self._holder).work(stop))
        try:
            await self._renew_while(work)
        finally:
            if not work.done():
                logger.warning("%s leads no more and stops at once", self._holder)
            await _cancelled([work])
            self.works = False

    async def _renew_while(self, work: asyncio.Task[None]) -> None:
        """Return when the work has ended, or when the lease is somebody else's, or ran out."""
        until = time.monotonic() + LEASE_SECONDS
        while time.monotonic() < until:
            await asyncio.wait([work], timeout=RENEW_SECONDS)
            if work.done():
                work.result()
                return
            asked_at = time.monotonic()
            leads = await self._leads()
            if leads is False:
                return
            if leads:
                until = asked_at + LEASE_SECONDS


async def _until(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for ``stop``, or raise what one of the tasks has failed with; some come to an end."""
    stopped = asyncio.create_task(stop.wait())
    going: set[asyncio.Task[Any]] = {stopped, *tasks}
    try:
        while not stopped.done():
            ended, going = await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
    finally:
        stopped.cancel()


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
