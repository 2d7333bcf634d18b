"""Millions of messages through a sink that is slower than its source: memory stays flat.

``python -m benchmarks.engine.memory 1000000``
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass

from benchmarks.engine.actors import Add, Check, Numbers
from benchmarks.engine.verify import verify
from benchmarks.measure import Measured, Watch, resident_bytes
from engine import Actor, Context, Network, Outputs, Permissions, Port, Registry

SAMPLES = 50  # of the resident memory, in a run
RESIDENT: list[int] = []


class SlowCheck(Actor):
    """A check that rests at every 100th message, and notes the process's memory."""

    component = "slow_check"
    inports = (Port("in", "integer"),)
    outports = (Port("checked", "integer"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        count: int
        first: int = 0

    async def process(self, ctx: Context) -> Outputs:
        seen = ctx.state.get("seen", 0)
        if ctx.inputs["in"] != ctx.config.first + seen:
            raise ValueError(f"{ctx.inputs['in']} came, not {ctx.config.first + seen}")
        ctx.state["seen"] = seen = seen + 1
        if seen % 100 == 0:
            await asyncio.sleep(0)
        if seen % (ctx.config.count // SAMPLES) == 0:
            RESIDENT.append(resident_bytes())
        return {"checked": seen} if seen == ctx.config.count else None


REGISTRY = Registry([Numbers, Add, Check, SlowCheck])


async def run(messages: int) -> Measured:
    RESIDENT.clear()
    network = Network(registry=REGISTRY, permissions=Permissions())
    network.add_node("source", "numbers", {"count": messages})
    network.add_node("add", "add")
    network.add_node("sink", "slow_check", {"count": messages, "first": 1})
    network.add_connection("source", "out", "add", "in")
    network.add_connection("add", "out", "sink", "in")
    with Watch() as watch:
        result = await network.run()
    verify(result, {"sink": messages})
    settled = RESIDENT[len(RESIDENT) // 10]
    grown = max(RESIDENT) - settled
    return watch.measured(2 * messages, {"grown_mb": grown / 2**20, "resident_mb": settled / 2**20})


def slow_sink(messages: int) -> Measured:
    return asyncio.run(run(messages))


if __name__ == "__main__":
    print(dict(slow_sink(int(sys.argv[1])).values))
