from __future__ import annotations

from typing import Any

import pytest

from engine import Actor, Network, Port, Registry
from engine.errors import InputError
from engine.journal import JournalEntry
from engine.network.dead_letter import DeadLetter

HITS: list[str] = []


class Source(Actor):
    component = "source"
    outports = (Port("out"),)

    def process(self, ctx: Any) -> Any:
        HITS.append(ctx.node_id)
        return {"out": 1}


class Trigger(Source):
    component = "trigger"
    trigger = True


class Add(Actor):
    component = "add"
    inports = (Port("a", "integer"), Port("b", "integer"))
    outports = (Port("out"),)
    await_all_inports = True

    def process(self, ctx: Any) -> Any:
        HITS.append(ctx.node_id)
        return {"out": ctx.inputs["a"] + ctx.inputs["b"]}


class Echo(Actor):
    component = "echo"
    inports = (Port("in"), Port("more"))
    outports = (Port("out"),)

    def process(self, ctx: Any) -> Any:
        HITS.append(ctx.node_id)
        return {"out": next(iter(ctx.inputs.values()))}


class Refuses(Actor):
    component = "refuses"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Any) -> Any:
        raise ConnectionError("nobody answers")


def network() -> Network:
    """Two things that start by themselves and an initial packet, then ``add``, then ``echo``."""
    HITS.clear()
    made = Network(registry=Registry([Source, Trigger, Add, Echo, Refuses]))
    for name in ("source", "trigger", "add", "echo"):
        made.add_node(name, name)
    made.add_connection("source", "out", "add", "a")
    made.add_connection("trigger", "out", "echo", "more")
    made.add_connection("add", "out", "echo", "in")
    made.add_initial("add", "b", 1)
    made.add_outport("out", "echo", "out")
    return made


async def test_only_the_named_node_is_given_messages_and_nothing_above_it_fires() -> None:
    result = await network().run(start_at={"add": {"a": 40, "b": 2}})

    assert (result.status, result.outputs) == ("completed", {"out": [42]})
    assert (HITS, result.undelivered) == (["add", "echo"], {})


@pytest.mark.parametrize(
    ("start_at", "codes"),
    [
        ({"ad": {"a": 1}}, ["unknown_node"]),
        ({"add": {"a": 1}}, ["inputs_incomplete"]),
        ({"add": {"a": "x", "b": 1}}, ["type_mismatch"]),
        ({"add": {"a": 1, "b": 1, "c": 1}}, ["unknown_port"]),
        ({"echo": {}}, ["inputs_incomplete"]),
        ({"echo": {"in": 1, "more": 2}}, ["inputs_incomplete"]),
        ({"echo": {"in": {"type": "Integer", "data": "x"}}}, ["message_invalid"]),
    ],
)
async def test_what_would_not_fire_exactly_once_is_refused(
    start_at: dict[str, Any], codes: list[str]
) -> None:
    with pytest.raises(InputError) as refused:
        await network().run(start_at=start_at)

    assert [problem.code for problem in refused.value.problems] == codes
    assert HITS == []


async def test_a_dead_letter_says_how_often_it_was_tried() -> None:
    made = Network(registry=Registry([Refuses]))
    made.add_node("call", "refuses", {"policy": {"retry": {"attempts": 3, "delayMs": 1}}})
    made.add_initial("call", "in", "hello")

    result = await made.run()

    assert result.errors == (
        DeadLetter("call", {"in": "hello"}, "nobody answers", "ConnectionError", attempts=3),
    )


async def test_a_run_that_began_at_a_node_is_resumed_from_its_journal() -> None:
    done = JournalEntry("add", {"a": 1, "b": 1}, fired=1, outputs={"out": [42]})
    made = network()
    lost = Network.from_graph(made.graph, registry=made.registry, resume=[done])

    result = await lost.run(start_at={"add": {"a": 40, "b": 2}})

    assert (result.outputs, HITS) == ({"out": [42]}, ["echo"])
