"""Every case there is, in the order in which a round runs them."""

from __future__ import annotations

from benchmarks.case import Case

NODES = 10_000
MILLION = 1_000_000


def _chain(style: str, component: str, stages: int, messages: int) -> Case:
    arguments = {"component": component, "stages": stages, "messages": messages}
    return Case(f"{style} chain {stages}", "engine.chain:chain", arguments)


OURS = (
    _chain("dict", "add", 1, 300_000),
    _chain("dict", "add", 10, 100_000),
    _chain("dict", "add", 100, 10_000),
    _chain("dict + state", "add_counting", 10, 100_000),
    Case("dict chain 10, read", "engine.events:chain", {"stages": 10, "messages": 20_000}),
    _chain("async", "add_async", 10, 100_000),
    _chain("value", "add_value", 10, 200_000),
    _chain("batch", "add_batch", 10, 400_000),
    Case("fan-out 100", "engine.fan:fan_out", {"width": 100, "messages": 10_000}),
    Case("fan-in 100", "engine.fan:fan_in", {"width": 100, "messages": 10_000}),
    Case("diamond", "engine.diamond:diamond", {"messages": 200_000}),
    Case("hop", "engine.latency:hop", {"messages": 100_000}),
    Case("round trip", "engine.latency:round_trip", {"messages": 30_000}),
    Case("timers", "engine.fairness:timers", {"messages": 500_000}),
    Case("idle actor", "engine.size:memory", {"nodes": NODES}),
    Case("start", "engine.size:start", {"nodes": NODES}),
    Case("load", "engine.size:load", {"nodes": NODES}),
    Case("slow sink", "engine.memory:slow_sink", {"messages": 10 * MILLION}, once=True),
)

PEERS = (
    Case("peer python 10", "peers.offbit:chain", {"stages": 10, "messages": 3_000}),
    Case("peer native 10", "peers.offbit:native_chain", {"stages": 10, "messages": 5_000}),
    Case("peer fan-out", "peers.offbit:fan_out", {"width": 100, "messages": 300}),
    Case("peer fan-in", "peers.offbit:fan_in", {"width": 100, "messages": 300}),
    Case("peer diamond", "peers.offbit:diamond", {"messages": 2_000}),
    Case("peer hop", "peers.offbit_idle:hop", {"messages": 10_000}),
    Case("peer idle actor", "peers.offbit_idle:memory", {"nodes": NODES}),
    Case("peer start", "peers.offbit_idle:start", {"nodes": NODES}),
    Case("peer load", "peers.offbit_idle:load", {"nodes": NODES}),
    Case("peer events", "peers.offbit_idle:events_memory", {"messages": 10_000}),
    Case("queue 10", "peers.queues:chain", {"stages": 10, "messages": 50_000}),
    Case("bytewax 10", "peers.bytewax_flow:chain", {"stages": 10, "messages": 300_000}),
)

ALL = OURS + PEERS
