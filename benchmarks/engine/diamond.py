"""A source, two branches, a join that pairs them first with first, and a checking sink.

``python -m benchmarks.engine.diamond``
"""

from __future__ import annotations

import asyncio

from benchmarks.engine.actors import REGISTRY
from benchmarks.engine.verify import verify
from benchmarks.measure import Measured, Watch
from engine import Network, Permissions

HOPS = 5  # source to both branches, both branches to the join, the join to the sink


async def run(messages: int) -> Measured:
    with Watch() as watch:
        network = Network(registry=REGISTRY, permissions=Permissions())
        network.add_node("source", "numbers", {"count": messages})
        network.add_node("pair", "pair")
        network.add_node("sink", "check", {"count": messages, "first": 2})
        for branch, port in (("left", "a"), ("right", "b")):
            network.add_node(branch, "add")
            network.add_connection("source", "out", branch, "in")
            network.add_connection(branch, "out", "pair", port)
        network.add_connection("pair", "out", "sink", "in")
        result = await network.run()
    verify(result, {"sink": messages})
    return watch.measured(HOPS * messages)


def diamond(messages: int) -> Measured:
    asyncio.run(run(1_000))  # warm up
    return asyncio.run(run(messages))


if __name__ == "__main__":
    measured = diamond(100_000)
    print(f"{measured.hops / measured.cpu_s:,.0f} hops a second of CPU")
