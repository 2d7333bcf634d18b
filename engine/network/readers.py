"""Who reads a network's events while it runs: a callback, or a function that is awaited."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from engine.network.subscription import subscribe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable

    from engine.events import EngineEvent
    from engine.network.scheduler import Scheduler
    from engine.network.subscription import Subscription

Write: TypeAlias = "Callable[[list[EngineEvent]], Awaitable[None]]"


def attach(
    scheduler: Scheduler,
    on_event: Callable[[EngineEvent], None] | None,
    write: Write | None,
    linger: float,
) -> list[asyncio.Task[None]]:
    """Begin to read for those of both that there are; if one raises, the run ends."""
    readers = []
    if on_event is not None:
        readers.append(_attach(scheduler, _one_by_one(on_event), 0.0))
    if write is not None:
        readers.append(_attach(scheduler, write, linger))
    return readers


async def gone(readers: Collection[asyncio.Task[None]]) -> None:
    """Wait until they have read what there is."""
    if readers:
        await asyncio.wait(readers)


def raise_errors(readers: Iterable[asyncio.Task[None]]) -> None:
    """Raise what the first of them raised."""
    for reader in readers:
        reader.result()


def _attach(scheduler: Scheduler, write: Write, linger: float) -> asyncio.Task[None]:
    subscription: Subscription[EngineEvent] = subscribe(scheduler, lossless=True)
    reader = asyncio.create_task(_read_all(subscription, write, linger), name="reflow events")

    def detach(ended: asyncio.Task[None]) -> None:
        if subscription in scheduler.subscriptions:
            scheduler.subscriptions.remove(subscription)
        error = None if ended.cancelled() else ended.exception()
        if error is not None and not subscription.closed:
            scheduler.crash(error)

    reader.add_done_callback(detach)
    return reader


async def _read_all(subscription: Subscription[EngineEvent], write: Write, linger: float) -> None:
    """Between the begin of one batch and the next lie ``linger`` seconds, but not at the end."""
    loop = asyncio.get_running_loop()
    due = loop.time() + linger
    while events := await subscription.read(not_before=due):
        due = loop.time() + linger
        await write(events)


def _one_by_one(on_event: Callable[[EngineEvent], None]) -> Write:
    async def write(events: list[EngineEvent]) -> None:
        for event in events:
            on_event(event)

    return write
