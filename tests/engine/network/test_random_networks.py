"""Random networks of every kind of actor against the reference interpreter, and by their trace."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.events import MessageReceived, MessageSent
from tests.engine.network.random_networks import (
    KINDS,
    Join,
    PassBlocking,
    PassUnordered,
    Plan,
    fired,
    interpret,
    plans,
)
from tests.nightly import examples

if TYPE_CHECKING:
    from engine import Network, Result
    from engine.events import EngineEvent

MOST = 4_000  # messages of one outport: more prove nothing more


def ended(network: Network) -> tuple[Result, list[EngineEvent]]:
    events: list[EngineEvent] = []

    async def run() -> Result:
        async with asyncio.timeout(30):
            return await network.run(on_event=events.append)

    return asyncio.run(run()), events


@given(plans())
@settings(max_examples=examples(200), deadline=None)
def test_what_comes_out_is_what_the_reference_says(plan: Plan) -> None:
    expected = interpret(plan)
    assume(all(len(item.messages) <= MOST for item in expected.values()))

    result, _ = ended(plan.network())

    wrong = {
        name: (result.outputs[name], item)
        for name, item in expected.items()
        if not item.fits(result.outputs[name])
    }
    assert wrong == {}
    assert result.status == "completed"


@given(plans())
@settings(max_examples=examples(200), deadline=None)
def test_every_node_sends_what_follows_from_what_has_arrived_at_it(plan: Plan) -> None:
    """Holds for any graph: nothing is lost, doubled or out of order on any connection."""
    assume(all(len(item.messages) <= MOST for item in interpret(plan).values()))
    network = plan.network()

    result, events = ended(network)
    assume(not result.truncated)

    arrived: dict[tuple[str, str], list[Any]] = defaultdict(list)
    crossed: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        if isinstance(event, MessageReceived):
            arrived[event.node, event.port].append(event.message)
        elif isinstance(event, MessageSent):
            arrived[event.to_node, event.to_port].append(event.message)
            crossed[event.connection].append(event.message)
    for item in network.graph.connections:
        assert crossed[item.id] == result.outputs[f"{item.from_node}.{item.from_port}"]
    for index, node in enumerate(plan.nodes):
        streams = [arrived[f"n{index}", port.name] for port in node.kind.inports]
        for port, sent in fired(node.kind, streams).items():
            found = result.outputs[f"n{index}.{port}"]
            if node.kind is PassUnordered:
                assert sorted(map(repr, found)) == sorted(map(repr, sent))
            else:
                assert found == sent


@given(plans())
@settings(max_examples=examples(100), deadline=None)
def test_memory_is_bounded_and_what_is_left_stands_at_joins(plan: Plan) -> None:
    assume(all(len(item.messages) <= MOST for item in interpret(plan).values()))
    network = plan.network()

    result, _ = ended(network)

    joins = {f"n{i}" for i, node in enumerate(plan.nodes) if issubclass(node.kind, Join)}
    fed_at_start = {initial.node for initial in network.graph.initials}
    inports = network.statistics().inports
    assert all(i.high_water <= i.bound for i in inports if i.node not in fed_at_start)
    assert {name.partition(".")[0] for name in result.undelivered} <= joins
    assert {f"{i.node}.{i.port}": i.depth for i in inports if i.depth} == result.undelivered


@given(plans([kind for kind in KINDS if kind is not PassBlocking]), st.integers(0, 1_000))
@settings(max_examples=examples(50), deadline=None)
def test_the_same_seed_gives_the_same_events_in_the_same_order(plan: Plan, seed: int) -> None:
    assume(all(len(item.messages) <= MOST for item in interpret(plan).values()))
    seeded = replace(plan, seed=seed)

    runs = [ended(seeded.network()) for _ in range(2)]

    (first, first_events), (second, second_events) = runs
    assert first.outputs == second.outputs
    assert [(e.type, getattr(e, "node", "")) for e in first_events] == [
        (e.type, getattr(e, "node", "")) for e in second_events
    ]
