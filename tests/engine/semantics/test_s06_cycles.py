"""Semantic 6: cycles are legal, are marked, and never hang.

* "Cycles are legal": ``network/test_backpressure.py``, ``test_probes.py``.
* "and are marked at validation": here; ``graph/test_validation.py`` and ``test_topology.py``.
* "The smallest full one grows, up to a limit": here, the steps; by bytes: here.
* "then the run fails with ``BackpressureDeadlock`` naming the ports": here, all of them.
* "It never hangs": here, for rings of every style and any buffer, within and over the limit.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine import Actor, Context, Outputs, Port
from engine.errors import BackpressureDeadlock
from engine.events import PortGrew
from engine.graph import validate
from engine.limits import Limits
from tests.engine.fakes import network_of

if TYPE_CHECKING:
    from engine import Network

DEADLINE = 30  # seconds


class Doubling(Actor):
    """Two for one, until the number is used up."""

    component = "doubling"
    inports = (Port("in", "integer"),)
    outports = (Port("again", "integer"), Port("done", "integer"))

    def process(self, ctx: Context) -> Outputs:
        left = ctx.inputs["in"]
        if left == 0:
            return {"done": 1}
        ctx.emit("again", left - 1)
        ctx.emit("again", left - 1)
        return None


class DoublingAsync(Doubling):
    component = "doubling_async"

    async def process(self, ctx: Context) -> Outputs:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().process(ctx)


class DoublingBySend(Doubling):
    component = "doubling_by_send"

    async def process(self, ctx: Context) -> Outputs:  # type: ignore[override]
        left = ctx.inputs["in"]
        if left == 0:
            return {"done": 1}
        await ctx.send("again", left - 1)
        await ctx.send("again", left - 1)
        return None


class DoublingBlocking(Doubling):
    component = "doubling_blocking"
    blocking = True


RINGS = [Doubling, DoublingAsync, DoublingBySend, DoublingBlocking]


def ring(component: str, limits: Limits, seed: int, behind: str = "pass") -> Network:
    network = network_of(*RINGS, limits=limits)
    network.add_node("doubling", component)
    network.add_node("behind", behind)
    network.add_connection("doubling", "again", "behind", "in")
    network.add_connection("behind", "out", "doubling", "in")
    network.add_outport("done", "doubling", "done")
    network.add_initial("behind", "in", seed)
    return network


async def test_a_cycle_runs_and_is_marked_by_a_warning() -> None:
    network = ring("doubling", Limits(), 3)

    problems = validate(network.graph, network.registry)
    result = await network.run()

    assert [(problem.code, problem.severity) for problem in problems] == [
        ("feedback_edge", "warning")
    ]
    assert result.outputs == {"done": [1] * 8}


@pytest.mark.parametrize("behind", ["pass", "async_pass"])
@pytest.mark.parametrize("bound", [1, 3, 50])
@pytest.mark.parametrize("component", [actor.component for actor in RINGS])
async def test_a_ring_of_any_style_grows_as_far_as_it_needs_and_ends(
    component: str, bound: int, behind: str
) -> None:
    network = ring(component, Limits(message_buffer_size=bound), 6, behind)

    result = await asyncio.wait_for(network.run(), DEADLINE)

    assert (result.status, result.outputs) == ("completed", {"done": [1] * 64})
    assert result.undelivered == {}


@pytest.mark.parametrize("behind", ["pass", "async_pass"])
@pytest.mark.parametrize("bound", [1, 3, 50])
@pytest.mark.parametrize("component", [actor.component for actor in RINGS])
async def test_a_ring_of_any_style_that_may_not_grow_far_enough_says_so(
    component: str, bound: int, behind: str
) -> None:
    limits = Limits(message_buffer_size=bound, cycle_growth=2)
    network = ring(component, limits, 1_000, behind)

    result = await asyncio.wait_for(network.run(), DEADLINE)

    assert (result.status, result.code) == ("failed", "backpressure_deadlock")


async def test_a_ring_without_end_fails_and_names_every_full_port() -> None:
    limits = Limits(message_buffer_size=4, cycle_growth=4)
    network = ring("doubling", limits, 100)
    grew = network.subscribe([PortGrew])

    result = await asyncio.wait_for(network.run(), DEADLINE)
    steps = [(event.node, event.bound) async for event in grew]
    failure = network._scheduler.failure

    assert (result.status, result.code) == ("failed", "backpressure_deadlock")
    assert isinstance(failure, BackpressureDeadlock)
    assert set(failure.ports) <= {"behind.in", "doubling.in"}
    assert all(port in result.error for port in failure.ports)
    assert sorted(steps) == [("behind", 8), ("behind", 16), ("doubling", 8), ("doubling", 16)]
    assert {item.bound for item in network.statistics().inports} == {16}


async def test_growth_ends_at_the_limit_of_bytes_too() -> None:
    class DoublingTexts(Actor):
        component = "doubling_texts"
        inports = (Port("in"),)
        outports = (Port("again"),)

        def process(self, ctx: Context) -> Outputs:
            ctx.emit("again", "x" * 10_000)
            ctx.emit("again", "y" * 10_000)
            return None

    limits = Limits(message_buffer_size=4, cycle_growth=1_000_000, cycle_bytes=200_000)
    network = network_of(DoublingTexts, limits=limits)
    network.add_node("doubling", "doubling_texts")
    network.add_node("behind", "pass")
    network.add_connection("doubling", "again", "behind", "in")
    network.add_connection("behind", "out", "doubling", "in")
    network.add_initial("behind", "in", "x")

    result = await asyncio.wait_for(network.run(), DEADLINE)

    assert (result.status, result.code) == ("failed", "backpressure_deadlock")
    assert max(item.bound for item in network.statistics().inports) <= 64
