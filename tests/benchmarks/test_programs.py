"""The measured programs themselves, with few messages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from benchmarks.engine import chain, diamond, events, fairness, fan, latency, memory, size
from benchmarks.engine.actors import REGISTRY
from benchmarks.engine.verify import verify
from benchmarks.measure import LostMessageError
from benchmarks.peers import queues
from engine import Network

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.measure import Measured


@pytest.mark.parametrize(
    ("program", "hops"),
    [
        (lambda: chain.chain("add", 3, 700), 2_800),
        (lambda: chain.chain("add_counting", 3, 700), 2_800),
        (lambda: chain.chain("add_async", 3, 700), 2_800),
        (lambda: chain.chain("add_value", 3, 700), 2_800),
        (lambda: chain.chain("add_batch", 3, 700), 2_800),
        (lambda: events.chain(3, 700), 2_800),
        (lambda: fan.fan_out(5, 300), 1_500),
        (lambda: fan.fan_in(5, 300), 1_500),
        (lambda: diamond.diamond(300), 1_500),
        (lambda: memory.slow_sink(500), 1_000),
        (lambda: queues.chain(3, 700), 2_800),
    ],
)
def test_a_program_brings_every_message_to_its_sink(
    program: Callable[[], Measured], hops: int
) -> None:
    measured = program()

    assert measured.hops == hops
    assert measured.cpu_s > 0


@pytest.mark.parametrize(
    ("program", "names"),
    [
        (lambda: latency.hop(2_000), {"p50_us", "p99_us"}),
        (lambda: latency.round_trip(1_000), {"p50_us", "p99_us"}),
        (
            lambda: fairness.timers(20_000, idle_s=0.05),
            {"p50_us", "p99_us", "idle_p50_us", "idle_p99_us"},
        ),
        (lambda: size.memory(200), {"actor_bytes", "graph_bytes", "whole_bytes"}),
        (lambda: size.start(200), {"cpu_ms", "build_ms", "start_ms"}),
        (lambda: size.load(200), {"cpu_ms", "json_kilobytes"}),
        (lambda: memory.slow_sink(500), {"grown_mb", "resident_mb"}),
    ],
)
def test_a_program_names_what_it_measures(program: Callable[[], Measured], names: set[str]) -> None:
    measured = program()

    assert set(measured.values) == names


def test_nothing_is_quoted_from_a_run_that_lost_a_message() -> None:
    network = Network(registry=REGISTRY)
    network.add_node("source", "numbers", {"count": 9})
    network.add_node("sink", "check", {"count": 10})
    network.add_connection("source", "out", "sink", "in")
    result = asyncio.run(network.run())

    with pytest.raises(LostMessageError, match="completed"):
        verify(result, {"sink": 10})


def test_nothing_is_quoted_from_a_run_that_mixed_up_messages() -> None:
    network = Network(registry=REGISTRY)
    network.add_node("source", "numbers", {"count": 10, "first": 3})
    network.add_node("sink", "check", {"count": 10})
    network.add_connection("source", "out", "sink", "in")
    result = asyncio.run(network.run())

    with pytest.raises(LostMessageError, match="failed: sink: 3 came, not 0"):
        verify(result, {"sink": 10})
