"""Who reads a network's events while it runs: a callback, or a function that is awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.events import EngineEvent
    from engine.network.subscription import Subscription

Write: TypeAlias = "Callable[[list[EngineEvent]], Awaitable[None]]"


async def read_all(subscription: Subscription[EngineEvent], write: Write) -> None:
    while events := await subscription.read():
        await write(events)


def one_by_one(on_event: Callable[[EngineEvent], None]) -> Write:
    async def write(events: list[EngineEvent]) -> None:
        for event in events:
            on_event(event)

    return write
