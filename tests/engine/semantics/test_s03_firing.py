"""Semantic 3: when an actor fires, and what it is given.

* "An actor fires for each packet on any inport, with that port's message": here.
* "``await_all_inports`` fires when every connected inport holds a message": here, with a port that
  nothing is connected to.
* "It takes exactly one from each, first in first out: joins never lose and never mix": here, for
  every style and any buffer; with 5,000 messages in ``test_probes.py``.
"""

from __future__ import annotations

import pytest

from engine import Actor, Context, Outputs, Port
from engine.limits import Limits
from tests.engine.fakes import chain, network_of


class Which(Actor):
    """The inputs of this firing, as they are."""

    component = "which"
    inports = (Port("a"), Port("b"), Port("c"))
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        return {"out": dict(ctx.inputs)}


class WhichAsync(Which):
    component = "which_async"

    async def process(self, ctx: Context) -> Outputs:  # type: ignore[override]
        return super().process(ctx)


class WhichBlocking(Which):
    component = "which_blocking"
    blocking = True


@pytest.mark.parametrize("component", ["which", "which_async", "which_blocking"])
async def test_each_packet_on_any_inport_is_a_firing_with_that_message_alone(
    component: str,
) -> None:
    network = network_of(Which, WhichAsync, WhichBlocking)
    chain(network, component)
    for number in range(4):
        network.add_initial("n0", "a", number)
        network.add_initial("n0", "b", -number)

    result = await network.run()

    outputs = result.outputs["result"]
    assert all(len(inputs) == 1 for inputs in outputs)
    assert [inputs["a"] for inputs in outputs if "a" in inputs] == [0, 1, 2, 3]
    assert [inputs["b"] for inputs in outputs if "b" in inputs] == [0, -1, -2, -3]


async def test_no_inport_starves_another() -> None:
    network = network_of(Which, limits=Limits(message_buffer_size=300))
    chain(network, "which")
    for number in range(2_000):
        network.add_initial("n0", "a", number)
    network.add_initial("n0", "b", "here")

    result = await network.run()

    assert result.outputs["result"].index({"b": "here"}) <= 300


class WhichJoined(Which):
    component = "which_joined"
    await_all_inports = True


class WhichJoinedAsync(WhichAsync):
    component = "which_joined_async"
    await_all_inports = True


class WhichJoinedBlocking(Which):
    component = "which_joined_blocking"
    await_all_inports = True
    blocking = True


JOINS = [WhichJoined, WhichJoinedAsync, WhichJoinedBlocking]


@pytest.mark.parametrize("component", [join.component for join in JOINS])
async def test_a_join_waits_for_the_connected_inports_only(component: str) -> None:
    network = network_of(*JOINS)
    network.add_node("source", "pass")
    chain(network, component)
    network.add_connection("source", "out", "n0", "a")
    network.add_initial("source", "in", 1)
    network.add_initial("n0", "b", 2)

    result = await network.run()

    assert result.outputs == {"result": [{"a": 1, "b": 2}]}


@pytest.mark.parametrize("component", [join.component for join in JOINS])
@pytest.mark.parametrize("bound", [1, 3, 1_000])
async def test_a_join_takes_the_nth_of_each_inport(component: str, bound: int) -> None:
    network = network_of(*JOINS, limits=Limits(message_buffer_size=bound))
    network.add_node("source", "numbers", {"count": 200})
    network.add_node("slow", "async_pass")
    network.add_node("slower", "async_pass")
    chain(network, component)
    network.add_connection("source", "out", "n0", "a")
    network.add_connection("source", "out", "slow", "in")
    network.add_connection("slow", "out", "n0", "b")
    network.add_connection("slow", "out", "slower", "in")
    network.add_connection("slower", "out", "n0", "c")

    result = await network.run()

    assert result.outputs == {"result": [{"a": n, "b": n, "c": n} for n in range(200)]}
    assert result.undelivered == {}
