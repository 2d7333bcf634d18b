"""How long one message takes: between two actors, and from outside through two and back.

``python -m benchmarks.engine.latency``
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter_ns

from benchmarks.measure import LostMessageError, Measured, Watch, percentiles
from engine import Actor, Context, Network, Outputs, Permissions, Port, Registry

WARM_UP = 500  # messages that are not counted


class PingPong(Actor):
    """Send the time back and forth; each arrival is a sample."""

    component = "ping_pong"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        count: int

    def setup(self) -> None:
        self.samples: list[int] = []

    def process(self, ctx: Context) -> Outputs:
        sent = ctx.inputs["in"]
        self.samples.append(perf_counter_ns() - sent)
        if len(self.samples) < ctx.config.count:
            return {"out": perf_counter_ns()}
        return None

    def teardown(self) -> None:
        SAMPLES[id(self)] = self.samples[WARM_UP:]


class Forward(Actor):
    """Pass a message on."""

    component = "forward"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)
    Config = PingPong.Config

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"]}


SAMPLES: dict[int, list[int]] = {}
REGISTRY = Registry([PingPong, Forward])


async def run_hop(messages: int) -> Measured:
    network = Network(registry=REGISTRY, permissions=Permissions())
    for name in ("ping", "pong"):
        network.add_node(name, "ping_pong", {"count": messages})
    network.add_connection("ping", "out", "pong", "in")
    network.add_connection("pong", "out", "ping", "in")
    network.add_initial("ping", "in", perf_counter_ns())
    with Watch() as watch:
        await network.run()
    samples = [sample for actor in SAMPLES.values() for sample in actor]
    return watch.measured(len(samples), percentiles(samples))


async def run_round_trip(messages: int) -> Measured:
    network = Network(registry=REGISTRY, permissions=Permissions())
    for name in ("first", "second"):
        network.add_node(name, "forward", {"count": messages})
    network.add_connection("first", "out", "second", "in")
    network.add_inport("in", "first", "in")
    network.add_outport("out", "second", "out")
    samples = []
    with Watch() as watch:
        async with network:
            results = network.results("out")
            for number in range(messages):
                sent = perf_counter_ns()
                await network.send("in", number)
                back = await anext(results)
                samples.append(perf_counter_ns() - sent)
                if back != number:
                    raise LostMessageError(f"{back} came, not {number}")
    return watch.measured(2 * messages, percentiles(samples[WARM_UP:]))


def hop(messages: int) -> Measured:
    return asyncio.run(run_hop(messages // 2))


def round_trip(messages: int) -> Measured:
    return asyncio.run(run_round_trip(messages))


if __name__ == "__main__":
    print("one hop", dict(hop(20_000).values))
    print("outside in, two hops, outside", dict(round_trip(20_000).values))
