from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine import Actor, Network, Port, Registry

if TYPE_CHECKING:
    from engine import Context, Outputs
    from engine.events import EngineEvent

HOUR = 3600.0


class Waits(Actor):
    """Fires until somebody lets it go."""

    component = "waits"
    inports = (Port("in"),)
    began = asyncio.Event()
    go = asyncio.Event()

    async def process(self, ctx: Context) -> Outputs:
        Waits.began.set()
        await Waits.go.wait()
        return None


async def test_a_short_run_hands_over_its_events_once_and_at_once() -> None:
    network = Network()
    network.add_node("a", "tpl_passthrough")
    network.add_initial("a", "input", 1)
    batches: list[tuple[bool, list[EngineEvent]]] = []

    async def write(events: list[EngineEvent]) -> None:
        batches.append((network.over, events))

    async with asyncio.timeout(10):
        await network.run(write=write, linger=HOUR)

    ((over, events),) = batches
    assert over
    assert (events[0].type, events[-1].type) == ("Started", "NetworkShutdown")


async def test_a_longer_run_hands_over_what_there_is_before_its_end() -> None:
    network = Network(registry=Registry([Waits]))
    network.add_node("a", "waits")
    network.add_initial("a", "in", 1)
    Waits.began, Waits.go = asyncio.Event(), asyncio.Event()
    written: list[tuple[bool, str]] = []

    async def write(events: list[EngineEvent]) -> None:
        written.extend((network.over, event.type) for event in events)
        Waits.go.set()

    async with asyncio.timeout(10):
        await network.run(write=write, linger=0.01)

    assert written[0] == (False, "Started")
    assert written[-1] == (True, "NetworkShutdown")


async def test_a_run_that_is_cancelled_does_not_keep_its_events_back() -> None:
    network = Network(registry=Registry([Waits]))
    network.add_node("a", "waits")
    network.add_initial("a", "in", 1)
    Waits.began, Waits.go = asyncio.Event(), asyncio.Event()
    written: list[str] = []

    async def write(events: list[EngineEvent]) -> None:
        written.extend(event.type for event in events)

    async with asyncio.timeout(10):
        running = asyncio.create_task(network.run(write=write, linger=HOUR))
        await Waits.began.wait()
        network.cancel()
        result = await running

    assert result.status == "cancelled"
    assert written[-1] == "NetworkShutdown"
