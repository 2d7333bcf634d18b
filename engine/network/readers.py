"""Who reads a network's events while it runs: a callback, or a function that is awaited."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.events import EngineEvent
    from engine.network.network import Network
    from engine.network.scheduler import Scheduler
    from engine.network.subscription import Subscription

Write: TypeAlias = "Callable[[list[EngineEvent]], Awaitable[None]]"


def attach(network: Network, scheduler: Scheduler, write: Write) -> asyncio.Task[None]:
    """Have ``write`` awaited with every event; if it raises, the run ends."""
    subscription = network.subscribe(lossless=True)
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


def one_by_one(on_event: Callable[[EngineEvent], None]) -> Write:
    async def write(events: list[EngineEvent]) -> None:
        for event in events:
            on_event(event)

    return write
