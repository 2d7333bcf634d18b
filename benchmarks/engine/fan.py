"""One source to many sinks, and many sources to one sink; both check every number.

``python -m benchmarks.engine.fan``
"""

from __future__ import annotations

import asyncio

from benchmarks.engine.actors import REGISTRY
from benchmarks.engine.verify import verify
from benchmarks.measure import Measured, Watch
from engine import Network, Permissions


async def run_out(width: int, messages: int) -> Measured:
    with Watch() as watch:
        network = Network(registry=REGISTRY, permissions=Permissions())
        network.add_node("source", "numbers", {"count": messages})
        for number in range(width):
            network.add_node(f"sink{number}", "check", {"count": messages})
            network.add_connection("source", "out", f"sink{number}", "in")
        result = await network.run()
    verify(result, {f"sink{number}": messages for number in range(width)})
    return watch.measured(width * messages)


async def run_in(width: int, messages: int) -> Measured:
    with Watch() as watch:
        network = Network(registry=REGISTRY, permissions=Permissions())
        network.add_node("sink", "check_sources", {"count": width * messages})
        for number in range(width):
            first = number * 1_000_000
            network.add_node(f"source{number}", "numbers", {"count": messages, "first": first})
            network.add_connection(f"source{number}", "out", "sink", "in")
        result = await network.run()
    verify(result, {"sink": width * messages})
    return watch.measured(width * messages)


def fan_out(width: int, messages: int) -> Measured:
    asyncio.run(run_out(2, 1_000))  # warm up
    return asyncio.run(run_out(width, messages))


def fan_in(width: int, messages: int) -> Measured:
    asyncio.run(run_in(2, 1_000))  # warm up
    return asyncio.run(run_in(width, messages))


if __name__ == "__main__":
    for case in (fan_out(100, 5_000), fan_in(100, 5_000)):
        print(f"{case.hops / case.cpu_s:,.0f} hops a second of CPU")
