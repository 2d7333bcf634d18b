"""The chain again, and a subscriber that gets every message sent as the original writes it.

``python -m benchmarks.engine.events``
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from benchmarks.engine.chain import build
from benchmarks.engine.verify import verify
from benchmarks.measure import LostMessageError, Measured, Watch
from engine.events import MessageSent

if TYPE_CHECKING:
    from engine import Network


async def read(network: Network) -> int:
    """Read to the end; the network waits when this is behind, so that nothing is dropped."""
    count = 0
    event: dict[str, Any] = {}
    subscription = network.subscribe([MessageSent], lossless=True)
    while events := await subscription.read_wire():
        for event in events:  # noqa: B007 -- the last one is looked at below
            count += 1
    if event["toActor"] != "sink":
        raise LostMessageError(f"the last event is {event}")
    return count


async def run(stages: int, messages: int) -> Measured:
    hops = (stages + 1) * messages
    with Watch() as watch:
        network = build("add", stages, messages)
        reader = asyncio.create_task(read(network))
        await asyncio.sleep(0)  # it subscribes
        result = await network.run()
        events = await reader
    verify(result, {"sink": messages})
    if events != hops:
        raise LostMessageError(f"{events} events of {hops}")
    return watch.measured(hops)


def chain(stages: int, messages: int) -> Measured:
    asyncio.run(run(stages, min(messages, 2_000)))  # warm up
    return asyncio.run(run(stages, messages))


if __name__ == "__main__":
    measured = chain(10, 50_000)
    print(f"{measured.hops / measured.cpu_s:,.0f} hops a second of CPU, each with an event")
