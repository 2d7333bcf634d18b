"""Bytewax: a Rust engine that maps over batches; no actors and no live ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, run_main

from benchmarks.measure import LostMessageError, Measured, Watch

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 1_000


def adder(step: int) -> Callable[[int], int]:
    return lambda number: number + step


def batch_adder(step: int) -> Callable[[list[int]], list[int]]:
    return lambda numbers: [number + step for number in numbers]


def flow(stages: int, messages: int, out: list[int], *, batch: bool) -> Dataflow:
    dataflow = Dataflow("chain")
    stream = op.input("source", dataflow, TestingSource(range(messages), batch_size=BATCH))
    for number in range(stages):
        if batch:
            stream = op.flat_map_batch(f"stage{number}", stream, batch_adder(1))
        else:
            stream = op.map(f"stage{number}", stream, adder(1))
    op.output("sink", stream, TestingSink(out))
    return dataflow


def chain(stages: int, messages: int, *, batch: bool = False) -> Measured:
    run: Callable[[Dataflow], None] = run_main
    run(flow(stages, 2_000, [], batch=batch))  # warm up
    out: list[int] = []
    with Watch() as watch:
        run(flow(stages, messages, out, batch=batch))
    if out != list(range(stages, messages + stages)):
        raise LostMessageError(f"{len(out)} of {messages} came")
    return watch.measured((stages + 1) * messages)
