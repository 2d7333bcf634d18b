"""Who reads a network's events while it runs: a callback, or a function that is awaited."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from engine.network.subscription import subscribe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.events import EngineEvent
    from engine.network.scheduler import Scheduler
    from engine.network.subscription import Subscription

Write: TypeAlias = "Callable[[list[EngineEvent]], Awaitable[None]]"


def attach(
    scheduler: Scheduler, on_event: Callable[[EngineEvent], None] | None, write: Write | None
) -> list[asyncio.Task[None]]:
    """Begin to read for those of both that there are; if one raises, the run ends."""
    wanted = [_one_by_one(on_event)] if on_event is not None else []
    if write is not None:
        wanted.append(write)
    return [_attach(scheduler, each) for each in wanted]


def _attach(scheduler: Scheduler, write: Write) -> asyncio.Task[None]:
    subscription: Subscription[EngineEvent] = subscribe(scheduler, lossless=True)
    reader = asyncio.create_task(_read_all(subscription, write), name="reflow events")

    def detach(ended: asyncio.Task[None]) -> None:
        if subscription in scheduler.subscriptions:
            scheduler.subscriptions.remove(subscription)
        error = None if ended.cancelled() else ended.exception()
        if error is not None and not subscription.closed:
            scheduler.crash(error)

    reader.add_done_callback(detach)
    return reader


async def _read_all(subscription: Subscription[EngineEvent], write: Write) -> None:
    while events := await subscription.read():
        await write(events)


def _one_by_one(on_event: Callable[[EngineEvent], None]) -> Write:
    async def write(events: list[EngineEvent]) -> None:
        for event in events:
            on_event(event)

    return write
