"""How late other asyncio code gets its turn while the network has all it can do.

``python -m benchmarks.engine.fairness``
"""

from __future__ import annotations

import asyncio
from time import perf_counter_ns

from benchmarks.engine.chain import build
from benchmarks.engine.verify import verify
from benchmarks.measure import Measured, Watch, percentiles

INTERVAL = 0.002  # seconds that the other code asks to sleep


async def tick(samples: list[int]) -> None:
    while True:
        before = perf_counter_ns()
        await asyncio.sleep(INTERVAL)
        samples.append(perf_counter_ns() - before - int(INTERVAL * 1e9))


async def run(messages: int, idle_s: float) -> Measured:
    idle: list[int] = []
    ticker = asyncio.create_task(tick(idle))
    await asyncio.sleep(idle_s)  # an idle loop, for comparison
    ticker.cancel()
    busy: list[int] = []
    ticker = asyncio.create_task(tick(busy))
    with Watch() as watch:
        result = await build("add", 10, messages).run()
    ticker.cancel()
    verify(result, {"sink": messages})
    values = percentiles(busy) | percentiles(idle, "idle_")
    return watch.measured(11 * messages, values)


def timers(messages: int, idle_s: float = 0.5) -> Measured:
    return asyncio.run(run(messages, idle_s))


if __name__ == "__main__":
    print(dict(timers(200_000).values))
