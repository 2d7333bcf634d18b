"""Semantic 5: every inport is bounded, and a producer waits for room.

* "Every inport is bounded (``message_buffer_size``, default 1000)": here.
* "A producer is not run while a receiver of its output has no room": here, for every style.
* "Memory of a run is bounded, whatever the producer's speed": here, measured; that tasks which
  wake each other never overfill a queue: here, at 50.
* "``statistics()`` of every mailbox: depth, high water, blocked time": here, on a clock of ours.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from engine import Actor, Context, Outputs, Port, setting
from engine.limits import Limits
from tests.engine.fakes import FakeClock, chain, network_of
from tests.engine.measures import memory

if TYPE_CHECKING:
    from engine import Network

DEADLINE = 30  # seconds


class Held(Actor):
    """Take one message, and wait for leave before the next."""

    component = "held"
    inports = (Port("in"),)

    def setup(self) -> None:
        self.begun = asyncio.Event()
        self.leave = asyncio.Event()

    async def process(self, ctx: Context) -> Outputs:
        self.begun.set()
        await self.leave.wait()
        return None


def _depths(network: Network) -> dict[str, int]:
    return {item.node: item.depth for item in network.statistics().inports}


async def _still(network: Network) -> None:
    """Let the loop turn until no mailbox has changed for a hundred turns."""
    before: dict[str, int] = {}
    while before != (before := _depths(network)):
        for _ in range(100):
            await asyncio.sleep(0)


async def test_the_default_bound_is_a_thousand() -> None:
    network = network_of(Held)
    network.add_node("source", "numbers", {"count": 5_000})
    network.add_node("pass", "pass")
    network.add_node("held", "held")
    network.add_connection("source", "out", "pass", "in")
    network.add_connection("pass", "out", "held", "in")

    async with network, asyncio.timeout(DEADLINE):
        held: Any = network._scheduler.nodes["held"].actor
        await held.begun.wait()
        await _still(network)
        at_rest = network.statistics().inports
        held.leave.set()
        await network.wait_idle()

    assert [(item.node, item.depth, item.bound) for item in at_rest] == [
        ("pass", 1_000, 1_000),
        ("held", 1_000, 1_000),
    ]


@pytest.mark.parametrize("style", ["pass", "async_pass", "increment", "increment_all"])
async def test_no_producer_of_any_style_runs_on_while_its_receiver_is_full(style: str) -> None:
    network = network_of(Held, limits=Limits(message_buffer_size=10))
    network.add_node("source", "numbers", {"count": 200})
    network.add_node("producer", style)
    network.add_node("free", "pass")
    network.add_node("held", "held")
    network.add_connection("source", "out", "producer", "in")
    network.add_connection("producer", "out", "free", "in")
    network.add_connection("producer", "out", "held", "in")
    network.add_outport("free", "free", "out")

    async with network, asyncio.timeout(DEADLINE):
        nodes = network._scheduler.nodes
        held: Any = nodes["held"].actor
        await held.begun.wait()
        await _still(network)
        fired, depths = nodes["producer"].fired, _depths(network)
        held.leave.set()
        await network.wait_idle()

    assert depths["held"] == 10
    assert fired <= 20  # ten that the receiver has taken, ten that wait for it
    assert nodes["producer"].fired == 200
    assert len(network.result().outputs["free"]) == 200


class Ticking(Actor):
    """Each firing takes a second of the network's clock."""

    component = "ticking"
    inports = (Port("in"),)

    async def process(self, ctx: Context) -> Outputs:
        await ctx.sleep(1)
        return None


async def test_depth_high_water_and_blocked_time_are_told_for_each_mailbox() -> None:
    network = network_of(Ticking, clock=FakeClock(), limits=Limits(message_buffer_size=4))
    network.add_node("source", "numbers", {"count": 12})
    network.add_node("ticking", "ticking")
    network.add_connection("source", "out", "ticking", "in")

    await asyncio.wait_for(network.run(), DEADLINE)

    (inport,) = network.statistics().inports
    assert (inport.node, inport.port) == ("ticking", "in")
    assert (inport.depth, inport.high_water, inport.bound) == (0, 4, 4)
    assert 0 < inport.blocked_s <= 12


class Crew(Actor):
    """Several at a time, each giving way a different number of times."""

    component = "crew"
    inports = (Port("in"),)
    outports = (Port("out"),)
    concurrency = 8

    async def process(self, ctx: Context) -> Outputs:
        number = ctx.inputs["in"]
        for _ in range(number % 4):
            await asyncio.sleep(0)
        return {"out": number}


class SingleCrew(Crew):
    component = "single_crew"
    concurrency = 1


class PromptCrew(Actor):
    """Async, and never waits: it fills its receiver in one go."""

    component = "prompt_crew"
    inports = (Port("in"),)
    outports = (Port("out"),)

    async def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"]}


SHAPES = [
    ("prompt_crew", "pass"),
    ("prompt_crew", "pass", "prompt_crew", "pass"),
    ("prompt_crew", "prompt_crew", "prompt_crew"),
    ("crew", "crew", "pass", "crew", "crew"),
    ("single_crew", "single_crew", "pass", "single_crew"),
    ("single_crew", "pass"),
    ("crew", "pass"),
    ("pass", "single_crew", "pass", "pass"),
]


@pytest.mark.parametrize("shape", SHAPES)
async def test_queues_of_fifty_never_exceed_fifty_with_async_crews(shape: tuple[str, ...]) -> None:
    """The count of what is in flight is raised by who wakes a task, never by the task itself.

    Counted in the woken task, queues of 50 grew to 1,882 in a prototype.
    """
    network = network_of(Crew, SingleCrew, PromptCrew, limits=Limits(message_buffer_size=50))
    network.add_node("source", "numbers", {"count": 4_000})
    chain(network, *shape)
    network.add_connection("source", "out", "n0", "in")

    result = await asyncio.wait_for(network.run(), DEADLINE)

    inports = network.statistics().inports
    assert result.outputs == {"result": list(range(4_000))}
    assert max(item.high_water for item in inports) <= 50
    assert {item.bound for item in inports} == {50}  # none was grown either
    assert network._scheduler.in_flight == 0


class Payloads(Actor):
    """So many texts of a hundred bytes, each its own object."""

    component = "payloads"
    outports = (Port("out", "string"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        count: int = setting(1)

    def process(self, ctx: Context) -> Any:
        for number in range(ctx.config.count):
            yield "out", f"{number:0100d}"


class SlowSink(Actor):
    """Counts; gives way once for every hundred messages."""

    component = "slow_sink"
    inports = (Port("in"),)

    def setup(self) -> None:
        self.count = 0

    async def process(self, ctx: Context) -> Outputs:
        self.count += 1
        if self.count % 100 == 0:
            await asyncio.sleep(0)
        return None


async def test_memory_is_flat_for_20_000_messages_through_a_slow_sink() -> None:
    """All at once they would be 3 MB."""
    network = network_of(Payloads, SlowSink, limits=Limits(message_buffer_size=100))
    network.add_node("source", "payloads", {"count": 20_000})
    network.add_node("pass", "pass")
    network.add_node("sink", "slow_sink")
    network.add_connection("source", "out", "pass", "in")
    network.add_connection("pass", "out", "sink", "in")

    with memory() as used:
        result = await asyncio.wait_for(network.run(), DEADLINE)

    sink: Any = network._scheduler.nodes["sink"].actor
    assert (result.status, sink.count) == ("completed", 20_000)
    assert used.peak < 1024 * 1024
