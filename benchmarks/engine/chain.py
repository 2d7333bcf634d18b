"""A source, a chain of actors that each add 1, and a sink that checks every number.

``python -m benchmarks.engine.chain add 10 100000``
"""

from __future__ import annotations

import asyncio
import sys

from benchmarks.engine.actors import REGISTRY, CheckBatch
from benchmarks.engine.verify import verify
from benchmarks.measure import LostMessageError, Measured, Watch
from engine import Network, Permissions

BATCHED = ("add_value", "add_batch")  # whose sink checks a batch at a time


def build(component: str, stages: int, messages: int) -> Network:
    network = Network(registry=REGISTRY, permissions=Permissions())
    network.add_node("source", "numbers", {"count": messages})
    before = "source"
    for number in range(stages):
        network.add_node(f"stage{number}", component, {"step": 1})
        network.add_connection(before, "out", f"stage{number}", "in")
        before = f"stage{number}"
    sink = "check_batch" if component in BATCHED else "check"
    network.add_node("sink", sink, {"count": messages, "first": stages})
    network.add_connection(before, "out", "sink", "in")
    return network


async def run(component: str, stages: int, messages: int) -> Measured:
    """Measure the whole run: made, validated, set up, run, torn down."""
    with Watch() as watch:
        network = build(component, stages, messages)
        result = await network.run()
    if component in BATCHED:
        if CheckBatch.checked.pop("seen") != messages or result.status != "completed":
            raise LostMessageError(result.error)
    else:
        verify(result, {"sink": messages})
    return watch.measured((stages + 1) * messages)


def chain(component: str, stages: int, messages: int) -> Measured:
    asyncio.run(run(component, stages, min(messages, 2_000)))  # warm up
    return asyncio.run(run(component, stages, messages))


if __name__ == "__main__":
    measured = chain(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    print(f"{measured.hops / measured.cpu_s:,.0f} hops a second of CPU")
