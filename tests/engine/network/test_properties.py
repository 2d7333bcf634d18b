"""Random graphs: nothing lost, nothing doubled, order kept, memory bounded, always an end."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Actor, Context, Network, Outputs, Port, Registry
from engine.limits import Limits
from tests.engine.fakes import AsyncPass, Pass
from tests.nightly import examples

KINDS = ("pass", "async_pass", "repeat", "drop_odd", "fail_on_three", "concurrent", "yield_twice")


class Repeat(Actor):
    """Two messages for one, through ``emit``."""

    component = "repeat"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        ctx.emit("out", ctx.inputs["in"])
        return {"out": ctx.inputs["in"]}


class DropOdd(Actor):
    component = "drop_odd"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        return None if ctx.inputs["in"] % 2 else {"out": ctx.inputs["in"]}


class FailOnThree(Actor):
    component = "fail_on_three"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        if ctx.inputs["in"] % 3 == 0:
            raise ValueError("three")
        return {"out": ctx.inputs["in"]}


class Concurrent(Actor):
    component = "concurrent"
    inports = (Port("in"),)
    outports = (Port("out"),)
    concurrency = 3

    async def process(self, ctx: Context) -> Outputs:
        number = ctx.inputs["in"]
        for _ in range(number % 4):
            await asyncio.sleep(0)
        return {"out": number}


class YieldTwice(Actor):
    component = "yield_twice"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Any:
        yield "out", ctx.inputs["in"]
        yield "out", ctx.inputs["in"]


REGISTRY = Registry([Pass, AsyncPass, Repeat, DropOdd, FailOnThree, Concurrent, YieldTwice])


def reference(kind: str, numbers: list[int]) -> list[int]:
    """What a node of this kind sends for these messages."""
    if kind in ("repeat", "yield_twice"):
        return [number for number in numbers for _ in range(2)]
    if kind == "drop_odd":
        return [number for number in numbers if number % 2 == 0]
    if kind == "fail_on_three":
        return [number for number in numbers if number % 3]
    return numbers


@dataclass(frozen=True)
class Plan:
    kinds: tuple[str, ...]
    parents: tuple[tuple[int, ...], ...]  # of each node: older nodes
    packets: int
    bound: int


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    size = draw(st.integers(1, 7))
    kinds = tuple(draw(st.sampled_from(KINDS)) for _ in range(size))
    parents = tuple(
        tuple(sorted(draw(st.sets(st.integers(0, index - 1), max_size=3)))) if index else ()
        for index in range(size)
    )
    return Plan(
        kinds, parents, draw(st.integers(0, 40)), draw(st.sampled_from([1, 2, 3, 10, 1000]))
    )


def expected_of(plan: Plan) -> list[Counter[int]]:
    sent: list[list[int]] = []
    for kind, parents in zip(plan.kinds, plan.parents, strict=True):
        given_in = [number for parent in parents for number in sent[parent]]
        sent.append(reference(kind, given_in if parents else list(range(plan.packets))))
    return [Counter(numbers) for numbers in sent]


def network_of_plan(plan: Plan) -> Network:
    network = Network(registry=REGISTRY, limits=Limits(message_buffer_size=plan.bound))
    network.graph.properties["onError"] = "ignore"
    for index, (kind, parents) in enumerate(zip(plan.kinds, plan.parents, strict=True)):
        network.add_node(str(index), kind)
        network.add_outport(str(index), str(index), "out")
        for parent in parents:
            network.add_connection(str(parent), "out", str(index), "in")
        if not parents:
            for number in range(plan.packets):
                network.add_initial(str(index), "in", number)
    return network


@given(plans())
@settings(max_examples=examples(150), deadline=None)
def test_a_random_graph_sends_exactly_what_the_reference_says(plan: Plan) -> None:
    network = network_of_plan(plan)

    result = asyncio.run(_within(network))

    assert [Counter(result.outputs[str(i)]) for i in range(len(plan.kinds))] == expected_of(plan)
    assert result.status == "completed"
    assert result.undelivered == {}


@given(plans())
@settings(max_examples=examples(60), deadline=None)
def test_mailboxes_keep_their_bounds_and_connections_count_what_crossed(plan: Plan) -> None:
    network = network_of_plan(plan)

    result = asyncio.run(_within(network))

    statistics = network.statistics()
    fed_at_start = {str(i) for i, parents in enumerate(plan.parents) if not parents}
    assert all(
        item.high_water <= plan.bound
        for item in statistics.inports
        if item.node not in fed_at_start
    )
    for item in statistics.connections:
        assert item.messages == len(result.outputs[item.from_node])


@given(
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=6),
    st.integers(0, 200),
    st.sampled_from([1, 2, 7, 1000]),
)
@settings(max_examples=examples(100), deadline=None)
def test_a_chain_keeps_the_order_whatever_its_actors_are(
    kinds: list[str], packets: int, bound: int
) -> None:
    parents = tuple((index - 1,) if index else () for index in range(len(kinds)))
    network = network_of_plan(Plan(tuple(kinds), parents, packets, bound))
    expected = list(range(packets))
    for kind in kinds:
        expected = reference(kind, expected)

    result = asyncio.run(_within(network))

    assert result.outputs[str(len(kinds) - 1)] == expected[:10_000]


async def _within(network: Network) -> Any:
    async with asyncio.timeout(30):
        return await network.run()
