"""What begins by itself, what is given the run's request, what sends the rest at the end."""

from __future__ import annotations

from typing import Any

from engine import Actor, Context, Outputs, Port
from engine.execution import execute
from tests.engine.fakes import chain, network_of


class Maybe(Actor):
    """A source that a packet on ``trigger`` may start too."""

    component = "maybe"
    inports = (Port("trigger"),)
    outports = (Port("out"),)
    source = True

    def process(self, ctx: Context) -> Outputs:
        return {"out": dict(ctx.inputs)}


class Hook(Actor):
    component = "hook"
    outports = (Port("out"),)
    trigger = True

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["trigger"]}


class Pairs(Actor):
    component = "pairs"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        held = [*ctx.state.get("held", ()), ctx.inputs["in"]]
        ctx.state["held"] = [] if len(held) == 2 else held
        return {"out": held} if len(held) == 2 else None

    def drain(self, ctx: Context) -> Outputs:
        return {"out": ctx.state["held"]} if ctx.state.get("held") else None


async def test_a_source_with_nothing_connected_fires_once() -> None:
    network = network_of(Maybe)
    chain(network, "maybe")

    assert (await network.run()).outputs == {"result": [{}]}


async def test_a_source_that_is_connected_waits_for_its_packets() -> None:
    network = network_of(Maybe)
    chain(network, "maybe")
    network.add_initial("n0", "trigger", 1)
    network.add_initial("n0", "trigger", 2)

    assert (await network.run()).outputs == {"result": [{"trigger": 1}, {"trigger": 2}]}


async def test_an_async_source_fires_once_too() -> None:
    class AsyncSource(Actor):
        component = "async_source"
        outports = (Port("out"),)

        async def process(self, ctx: Context) -> Outputs:
            return {"out": "begun"}

    network = network_of(AsyncSource)
    chain(network, "async_source")

    assert (await network.run()).outputs == {"result": ["begun"]}


async def test_a_trigger_actor_is_given_the_request_of_the_run() -> None:
    network = network_of(Hook)
    chain(network, "hook")
    written: list[Any] = []

    async def write(events: list[Any]) -> None:
        written.extend(events)

    result = await execute(network, write=write, trigger={"body": 1})

    assert result.outputs == {"result": [{"body": 1}]}
    assert (written[0].type, written[-1].type) == ("Started", "NetworkShutdown")


async def test_what_an_actor_holds_back_is_sent_at_the_end_of_the_run() -> None:
    network = network_of(Pairs)
    chain(network, "pairs", "pass")
    for number in (1, 2, 3):
        network.add_initial("n0", "in", number)

    assert (await network.run()).outputs == {"result": [[1, 2], [3]]}


async def test_draining_goes_down_the_chain() -> None:
    network = network_of(Pairs)
    chain(network, "pairs", "pairs")
    for number in range(5):
        network.add_initial("n0", "in", number)

    assert (await network.run()).outputs == {"result": [[[0, 1], [2, 3]], [[4]]]}
