"""What one would write by hand: a task a stage and an ``asyncio.Queue`` between two."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

from benchmarks.measure import LostMessageError, Measured, Watch

BOUND = 1_000  # of a queue, as of our inports
Numbers: TypeAlias = "asyncio.Queue[int | None]"  # None ends it


async def source(out: Numbers, messages: int) -> None:
    for number in range(messages):
        await out.put(number)
    await out.put(None)


async def add(into: Numbers, out: Numbers, step: int) -> None:
    while (number := await into.get()) is not None:
        await out.put(number + step)
    await out.put(None)


async def check(into: Numbers, first: int) -> int:
    seen = 0
    while (number := await into.get()) is not None:
        if number != first + seen:
            raise LostMessageError(f"{number} came, not {first + seen}")
        seen += 1
    return seen


async def run(stages: int, messages: int) -> Measured:
    with Watch() as watch:
        queues: list[Numbers] = [asyncio.Queue(BOUND) for _ in range(stages + 1)]
        async with asyncio.TaskGroup() as group:
            group.create_task(source(queues[0], messages))
            for number in range(stages):
                group.create_task(add(queues[number], queues[number + 1], 1))
            seen = group.create_task(check(queues[-1], stages))
    if seen.result() != messages:
        raise LostMessageError(f"{seen.result()} of {messages} came")
    return watch.measured((stages + 1) * messages)


def chain(stages: int, messages: int) -> Measured:
    asyncio.run(run(stages, min(messages, 2_000)))  # warm up
    return asyncio.run(run(stages, messages))
