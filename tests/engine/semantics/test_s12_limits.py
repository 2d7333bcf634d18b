"""Semantic 12: limits are explicit, and every one answers with an error that names it.

* "graph size": here; ``graph/test_validation.py``. "nesting", keys, size of a document:
  ``tests/engine/test_strict_json.py``; through a graph and an input: here.
* What one firing may emit, how far a cycle may grow, what a result keeps, how often a supervised
  network begins anew: here.
* "message size": an event's row shortens it, ``tests/workflows/test_event_rows.py``; a request's
  body is bounded, ``tests/workflows/api``. "run time": ``tests/workflows/test_recovery.py``.
* "fan-out", "run memory", "script time": no limit of the engine's yet.
"""

from __future__ import annotations

from dataclasses import fields

import pytest

from engine import Actor, Context, Graph, GraphError, InputError, Outputs, Port
from engine.limits import Limits
from tests.engine.fakes import chain, network_of


@pytest.mark.parametrize("name", [item.name for item in fields(Limits) if item.name != "http"])
def test_a_limit_below_one_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least 1, not 0"):
        Limits(**{name: 0})  # type: ignore[arg-type]  # http is none of these


async def test_the_size_of_a_graph_is_limited_by_name() -> None:
    network = network_of(limits=Limits(max_nodes=2))
    chain(network, "pass", "pass", "pass")

    with pytest.raises(GraphError) as caught:
        await network.run()

    assert str(caught.value) == "graph: has 3 nodes, more than 2 (limit: nodes)"


def test_a_document_nested_too_deeply_is_refused_by_name() -> None:
    nested = "[" * 100 + "]" * 100

    with pytest.raises(GraphError, match="depth"):
        Graph.from_json(f'{{"processes": {{}}, "properties": {{"x": {nested}}}}}')


async def test_an_input_that_contains_itself_is_refused() -> None:
    network = network_of()
    chain(network, "pass")
    network.add_inport("in", "n0", "in")
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(InputError, match="nested too deeply, or contains itself"):
        await network.run({"in": endless})


class EmitMany(Actor):
    component = "emit_many"
    inports = (Port("in", "integer"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        for number in range(ctx.inputs["in"]):
            ctx.emit("out", number)
        return None


async def test_a_firing_may_emit_as_many_as_the_limit_and_no_more() -> None:
    network = network_of(EmitMany, limits=Limits(max_emit=5))
    chain(network, "emit_many")
    network.add_initial("n0", "in", 5)
    network.add_initial("n0", "in", 6)

    result = await network.run()

    assert result.outputs == {"result": [0, 1, 2, 3, 4]}
    assert [(letter.error, letter.code) for letter in result.errors] == [
        ("n0: more than 5 messages in one firing", "emit_limit")
    ]


async def test_a_result_says_that_it_has_been_cut() -> None:
    by_number = network_of(limits=Limits(result_messages=10))
    by_size = network_of(limits=Limits(result_bytes=100))
    for network in (by_number, by_size):
        network.add_node("source", "numbers", {"count": 1_000})
        network.add_outport("out", "source", "out")

    cut, small = await by_number.run(), await by_size.run()

    assert (cut.outputs, cut.truncated) == ({"out": list(range(10))}, True)
    assert small.truncated
    assert 0 < len(small.outputs["out"]) < 10


async def test_a_result_at_its_limit_has_not_been_cut() -> None:
    network = network_of(limits=Limits(result_messages=10))
    network.add_node("source", "numbers", {"count": 10})
    network.add_outport("out", "source", "out")

    result = await network.run()

    assert (result.outputs, result.truncated) == ({"out": list(range(10))}, False)


async def test_restarts_are_limited_and_the_error_says_to_how_many() -> None:
    network = network_of()
    network.graph.properties["supervision"] = {"maxRestarts": 2, "withinMs": 60_000}
    network.add_node("fail", "fail", {"bad": [1]})
    for _ in range(5):
        network.add_initial("fail", "in", 1)

    result = await network.run()

    assert (result.status, result.code) == ("failed", "restart_intensity")
    assert result.error == "fail failed, and restarts are limited to 2 in 60 s"
