from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine import Actor, Network, Port, Registry

if TYPE_CHECKING:
    from engine import Context, Outputs
    from engine.events import EngineEvent


BEGAN = asyncio.Event()  # a firing of Waits is under way


class Waits(Actor):
    component = "waits"
    inports = (Port("in"),)

    async def process(self, ctx: Context) -> Outputs:
        BEGAN.set()
        await asyncio.Event().wait()
        return None


async def test_a_writer_that_fails_ends_the_run_though_an_actor_still_waits() -> None:
    network = Network(registry=Registry([Waits]))
    network.add_node("a", "waits")
    network.add_initial("a", "in", 1)

    async def write(_events: list[EngineEvent]) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        async with asyncio.timeout(10):
            await network.run(write=write)


async def test_a_shutdown_that_waits_for_a_firing_can_be_cancelled() -> None:
    network = Network(registry=Registry([Waits]))
    network.add_node("a", "waits")
    network.add_initial("a", "in", 1)
    await network.start()
    await BEGAN.wait()
    shutdown = asyncio.create_task(network.shutdown())
    await asyncio.sleep(0)

    network.cancel()

    async with asyncio.timeout(10):
        await shutdown
