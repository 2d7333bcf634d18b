"""Semantic 4: exactly once inside a run, in order per connection.

* "Exactly once, in order per connection": over random graphs in ``network/test_properties.py``.
* "Fan-out delivers to all": ``network/test_delivery.py``; to a hundred receivers of all styles, one
  of them slow, and to two ports of one node: here.
* "Fan-in interleaves without loss": ``network/test_delivery.py``; from a hundred senders: here.
"""

from __future__ import annotations

import pytest

from engine import Actor, Context, Outputs, Port
from engine.limits import Limits
from tests.engine.fakes import chain, network_of

STYLES = ("pass", "async_pass", "increment", "increment_all")


@pytest.mark.parametrize("bound", [1, 10, 1_000])
async def test_fan_out_to_a_hundred_gives_each_everything_in_order(bound: int) -> None:
    network = network_of(limits=Limits(message_buffer_size=bound))
    network.add_node("source", "numbers", {"count": 60})
    for index in range(100):
        network.add_node(f"to{index}", STYLES[index % len(STYLES)])
        network.add_connection("source", "out", f"to{index}", "in")
        network.add_outport(f"to{index}", f"to{index}", "out")

    result = await network.run()

    assert result.outputs == {
        f"to{index}": [number + (index % len(STYLES) > 1) for number in range(60)]
        for index in range(100)
    }


@pytest.mark.parametrize("bound", [1, 10, 1_000])
async def test_fan_in_from_a_hundred_keeps_the_order_of_each(bound: int) -> None:
    network = network_of(limits=Limits(message_buffer_size=bound))
    network.add_node("merge", "pass")
    network.add_outport("out", "merge", "out")
    for index in range(100):
        network.add_node(f"source{index}", "numbers", {"count": 30})
        network.add_node(f"tag{index}", "tag", {"name": f"{index}"})
        network.add_connection(f"source{index}", "out", f"tag{index}", "in")
        network.add_connection(f"tag{index}", "out", "merge", "in")

    outputs = (await network.run()).outputs["out"]

    by_source: dict[str, list[int]] = {f"{index}": [] for index in range(100)}
    for name, number in outputs:
        by_source[name].append(number)
    assert by_source == {f"{index}": list(range(30)) for index in range(100)}


class Sides(Actor):
    component = "sides"
    inports = (Port("left"), Port("right"))
    outports = (Port("out"),)
    await_all_inports = True

    def process(self, ctx: Context) -> Outputs:
        return {"out": [ctx.inputs["left"], ctx.inputs["right"]]}


async def test_one_outport_may_lead_to_two_ports_of_one_node() -> None:
    network = network_of(Sides, limits=Limits(message_buffer_size=4))
    network.add_node("source", "numbers", {"count": 100})
    chain(network, "sides")
    network.add_connection("source", "out", "n0", "left")
    network.add_connection("source", "out", "n0", "right")

    result = await network.run()

    assert result.outputs == {"result": [[number, number] for number in range(100)]}
