"""Every case there is, in the order in which a round runs them."""

from __future__ import annotations

from typing import Any

from benchmarks.case import Case

NODES = 10_000
MILLION = 1_000_000


def ours(name: str, program: str, *, once: bool = False, **arguments: Any) -> Case:
    return Case(name, f"benchmarks.engine.{program}", arguments, once)


def chain(style: str, component: str, stages: int, messages: int) -> Case:
    """A chain of ours; ``style`` names the behaviour."""
    name = f"{style} chain {stages}"
    return ours(name, "chain:chain", component=component, stages=stages, messages=messages)


def peer(name: str, program: str, **arguments: Any) -> Case:
    return Case(name, f"benchmarks.peers.{program}", arguments)


OURS = (
    chain("dict", "add", 1, 300_000),
    chain("dict", "add", 10, 100_000),
    chain("dict", "add", 100, 10_000),
    chain("dict + state", "add_counting", 10, 100_000),
    ours("dict chain 10, read", "events:chain", stages=10, messages=20_000),
    chain("async", "add_async", 10, 100_000),
    chain("value", "add_value", 10, 300_000),
    chain("batch", "add_batch", 10, MILLION),
    ours("fan-out 100", "fan:fan_out", width=100, messages=10_000),
    ours("fan-in 100", "fan:fan_in", width=100, messages=10_000),
    ours("diamond", "diamond:diamond", messages=200_000),
    ours("hop", "latency:hop", messages=100_000),
    ours("round trip", "latency:round_trip", messages=30_000),
    ours("timers", "fairness:timers", messages=500_000),
    ours("idle actor", "size:memory", nodes=NODES),
    ours("start", "size:start", nodes=NODES),
    ours("load", "size:load", nodes=NODES),
    ours("slow sink", "memory:slow_sink", once=True, messages=10 * MILLION),
)

PEERS = (
    peer("peer python 10", "offbit:chain", stages=10, messages=3_000),
    peer("peer native 10", "offbit:native_chain", stages=10, messages=5_000),
    peer("peer fan-out", "offbit:fan_out", width=100, messages=300),
    peer("peer fan-in", "offbit:fan_in", width=100, messages=300),
    peer("peer diamond", "offbit:diamond", messages=2_000),
    peer("peer hop", "offbit_idle:hop", messages=10_000),
    peer("peer idle actor", "offbit_idle:memory", nodes=NODES),
    peer("peer start", "offbit_idle:start", nodes=NODES),
    peer("peer load", "offbit_idle:load", nodes=NODES),
    peer("peer events", "offbit_idle:events_memory", messages=10_000),
    peer("queue 10", "queues:chain", stages=10, messages=50_000),
    peer("bytewax 10", "bytewax_flow:chain", stages=10, messages=MILLION),
    peer("bytewax batch 10", "bytewax_flow:chain", stages=10, messages=MILLION, batch=True),
)

ALL = OURS + PEERS
