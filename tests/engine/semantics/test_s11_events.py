"""Semantic 11: what a network tells.

* "``ActorStarted ActorCompleted ActorFailed MessageSent NetworkIdle NetworkShutdown`` and the
  lifecycle ones": here, the whole of a run; ``ActorStarted`` is ``NodeExecuting`` inside and gets
  the seed's name on Reflow's wire, ``tests/workflows/api/test_wire.py``.
* "Recording a batch of messages costs one record": here.
* "consumers expand it": here, and by type only what they ask for.
* "Per-connection counters are always on": ``network/test_backpressure.py``; with and without a
  subscriber they are the same: here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.events import MessageSent, NetworkIdle
from tests.engine.fakes import chain, network_of

if TYPE_CHECKING:
    from engine import Network


def counted_chain(count: int) -> Network:
    network = network_of()
    network.add_node("source", "numbers", {"count": count})
    chain(network, "pass", "increment")
    network.add_connection("source", "out", "n0", "in")
    return network


async def test_a_run_tells_its_whole_story_in_order() -> None:
    network = network_of()
    network.add_node("first", "pass")
    network.add_node("second", "fail", {"bad": [1]})
    network.add_connection("first", "out", "second", "in")
    network.add_initial("first", "in", 1)
    story: list[str] = []

    await network.run(
        on_event=lambda event: story.append(f"{event.type} {getattr(event, 'node', '')}".strip())
    )

    assert [line for line in story if not line.startswith("ActorStateChanged")] == [
        "Started",
        "MessageReceived first",
        "NodeExecuting first",
        "ActorCompleted first",
        "MessageSent first",
        "NodeExecuting second",
        "ActorFailed second",
        "NetworkIdle",
        "NetworkShutdown",
    ]
    assert story[1:3] == ["ActorStateChanged first", "ActorStateChanged first"]


async def test_a_batch_of_messages_is_one_record_and_is_expanded_by_the_reader() -> None:
    network = counted_chain(200)
    sent = network.subscribe([MessageSent])

    await network.run()
    records = len(sent._records)
    events = [event async for event in sent]

    assert records == 2  # one for each connection: 200 messages are one turn
    assert len(events) == 400
    assert [event.message for event in events if event.node == "source"] == list(range(200))


async def test_a_reader_gets_only_the_types_it_asked_for() -> None:
    network = counted_chain(1_000)
    idle = network.subscribe([NetworkIdle])

    await network.run()
    records = len(idle._records)

    assert records == 1
    assert [event.type async for event in idle] == ["NetworkIdle"]


@pytest.mark.parametrize("subscribed", [False, True])
async def test_connections_are_counted_whoever_listens(subscribed: bool) -> None:
    network = counted_chain(3_000)
    if subscribed:
        network.subscribe()

    await network.run()

    assert {item.connection: item.messages for item in network.statistics().connections} == {
        "source.out -> n0.in": 3_000,
        "n0.out -> n1.in": 3_000,
    }
