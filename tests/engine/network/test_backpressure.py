"""Memory is bounded, cycles go on or say why not, and idle is counted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from engine import Actor, Context, NetworkError, Outputs, Port, freeze
from engine.events import MessageSent, NetworkIdle, PortGrew
from engine.limits import Limits
from tests.engine.fakes import chain, network_of
from tests.engine.network.shard_actors import Multiply, add_ring


class Slow(Actor):
    """An async actor that lets everybody else run before it answers."""

    component = "slow"
    inports = (Port("in"),)
    outports = (Port("out"),)

    async def process(self, ctx: Context) -> Outputs:
        for _ in range(3):
            await asyncio.sleep(0)
        return {"out": ctx.inputs["in"]}


@pytest.mark.parametrize("bound", [1, 2, 7, 1_000])
async def test_a_fast_producer_is_held_back_by_a_slow_consumer(bound: int) -> None:
    network = network_of(Slow, limits=Limits(message_buffer_size=bound))
    network.add_node("source", "numbers", {"count": 500})
    chain(network, "pass", "slow", "pass")
    network.add_connection("source", "out", "n0", "in")

    result = await network.run()

    assert result.outputs["result"] == list(range(500))
    inports = network.statistics().inports
    assert max(item.high_water for item in inports) <= bound
    assert all(item.depth == 0 for item in inports)


async def test_the_time_a_sender_was_blocked_is_counted() -> None:
    network = network_of(Slow, limits=Limits(message_buffer_size=2))
    network.add_node("source", "numbers", {"count": 50})
    chain(network, "slow")
    network.add_connection("source", "out", "n0", "in")

    await network.run()

    (inport,) = (item for item in network.statistics().inports if item.node == "n0")
    assert inport.blocked_s > 0


async def test_connections_count_their_messages() -> None:
    network = network_of()
    network.add_node("source", "numbers", {"count": 7})
    chain(network, "pass")
    network.add_connection("source", "out", "n0", "in")

    await network.run()

    (connection,) = network.statistics().connections
    assert (connection.connection, connection.messages) == ("source.out -> n0.in", 7)


async def test_a_cycle_that_multiplies_messages_grows_its_smallest_port_and_ends() -> None:
    network = network_of(Multiply, limits=Limits(message_buffer_size=5))
    add_ring(network, 8)
    grown: list[Any] = []
    network_events = network.subscribe([PortGrew])

    result = await network.run()
    grown = [event async for event in network_events]

    assert result.outputs["done"] == [1] * 256
    assert result.status == "completed"
    assert grown
    assert grown[0].bound == 10


async def test_a_cycle_that_may_grow_no_further_fails_and_names_the_ports() -> None:
    network = network_of(Multiply, limits=Limits(message_buffer_size=2, cycle_growth=2))
    add_ring(network, 10)

    result = await network.run()

    assert (result.status, result.code) == ("failed", "backpressure_deadlock")
    assert "full and waiting for each other" in result.error


async def test_idle_comes_once_a_busy_period() -> None:
    network = network_of(Slow)
    chain(network, "slow", "pass")
    network.add_inport("in", "n0", "in")
    idle = network.subscribe([NetworkIdle])

    async with network:
        for _ in range(3):
            await network.send("in", 1)
            await network.wait_idle()
            await network.wait_idle()

    assert len([event async for event in idle]) == 3


async def test_an_endless_source_stops_with_the_network() -> None:
    class Endless(Actor):
        component = "endless"
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Any:
            number = 0
            while True:
                yield "out", number
                number += 1

    network = network_of(Endless)
    network.add_node("endless", "endless")
    chain(network, "pass")
    network.add_connection("endless", "out", "n0", "in")

    async with network:
        results = network.results("result")
        first = [await anext(results) for _ in range(2_500)]

    assert first == list(range(2_500))


async def test_an_unread_results_holds_its_producers_and_wait_idle_says_so() -> None:
    network = network_of(limits=Limits(reader_buffer_size=10))
    network.add_node("source", "numbers", {"count": 100})
    network.add_outport("numbers", "source", "out")

    async with network:
        results = network.results("numbers")
        first = await anext(results)
        with pytest.raises(NetworkError, match=r"results\('numbers'\) is not read"):
            await network.wait_idle()
        rest = [await anext(results) for _ in range(99)]
        await network.wait_idle()

    assert [first, *rest] == list(range(100))


async def test_results_nobody_reads_are_kept_up_to_the_limit() -> None:
    network = network_of(limits=Limits(result_messages=10))
    network.add_node("source", "numbers", {"count": 100})
    network.add_outport("numbers", "source", "out")

    result = await network.run()

    assert result.outputs == {"numbers": list(range(10))}
    assert result.truncated


async def test_sending_waits_for_room() -> None:
    network = network_of(Slow, limits=Limits(message_buffer_size=1))
    chain(network, "slow")
    network.add_inport("in", "n0", "in")

    async with network:
        async with asyncio.timeout(10):
            for number in range(50):
                await network.send("in", number)
            await network.wait_idle()

    assert max(item.high_water for item in network.statistics().inports) == 1
    assert network.result().outputs["result"] == list(range(50))


async def test_pausing_holds_every_message_and_resuming_loses_none() -> None:
    network = network_of(Slow)
    network.add_node("source", "numbers", {"count": 200})
    chain(network, "pass", "slow", "pass")
    network.add_connection("source", "out", "n0", "in")

    async with network:
        network.pause()
        for _ in range(20):
            await asyncio.sleep(0)
        held = network.result().outputs["result"]
        network.resume()
        await network.wait_idle()

    assert held == []
    assert network.result().outputs["result"] == list(range(200))


async def test_a_lossless_subscriber_that_is_slow_holds_the_network_and_misses_nothing() -> None:
    network = network_of()
    network.add_node("source", "numbers", {"count": 40_000})
    chain(network, "increment")
    network.add_connection("source", "out", "n0", "in")
    network.graph.outports.clear()
    network.add_node("sink", "count_to_state")
    network.add_connection("n0", "out", "sink", "in")
    subscription = network.subscribe([MessageSent], lossless=True)
    seen = 0

    async def read_slowly() -> None:
        nonlocal seen
        while events := await subscription.read():
            seen += len(events)
            await asyncio.sleep(0)

    reader = asyncio.create_task(read_slowly())
    result = await network.run()
    await reader

    assert (seen, result.status, subscription.dropped) == (80_000, "completed", 0)


async def test_a_lossy_subscriber_that_does_not_read_loses_the_oldest_and_knows_how_many() -> None:
    network = network_of()
    network.add_node("source", "numbers", {"count": 30_000})
    network.add_node("sink", "count_to_state")
    network.add_connection("source", "out", "sink", "in")
    subscription = network.subscribe([MessageSent])

    await network.run()
    kept = [event.message async for event in subscription]

    assert kept[-1] == 29_999
    assert len(kept) + subscription.dropped == 30_000


async def test_two_subscribers_each_get_everything() -> None:
    network = network_of()
    chain(network, "pass", "pass")
    network.add_initial("n0", "in", 1)
    first, second = network.subscribe([MessageSent]), network.subscribe([MessageSent])

    await network.run()

    assert [e.message async for e in first] == [e.message async for e in second] == [1]


async def test_a_subscriber_may_be_behind_by_bytes_too() -> None:
    network = network_of()
    network.add_node("source", "numbers", {"count": 300})
    network.add_node("big", "big")
    network.add_node("sink", "count_to_state")
    network.add_connection("source", "out", "big", "in")
    network.add_connection("big", "out", "sink", "in")
    subscription = network.subscribe([MessageSent])

    await network.run()
    kept = [event.message async for event in subscription if event.node == "big"]

    assert subscription.dropped > 0
    assert 0 < len(kept) < 300  # of 1 MiB each, where 16 MiB fit


async def test_events_can_be_read_in_the_shape_of_the_original() -> None:
    network = network_of()
    chain(network, "pass", "fail")
    network.graph.nodes["n1"] = replace(network.graph.nodes["n1"], metadata=freeze({"bad": [2]}))
    for number in (1, 2):
        network.add_initial("n0", "in", number)
    subscription = network.subscribe()

    await network.run()
    events = []
    while batch := await subscription.read_wire():
        events += batch

    assert [event["_type"] for event in events] == [
        "NetworkStarted",
        "MessageReceived",
        "MessageReceived",
        "ActorStarted",
        "ActorCompleted",
        "MessageSent",
        "MessageSent",
        "ActorStarted",
        "ActorCompleted",
        "ActorFailed",
        "NetworkIdle",
        "NetworkShutdown",
    ]
    assert all(isinstance(event.pop("timestamp"), int) for event in events)
    assert events[6] == {
        "_type": "MessageSent",
        "fromActor": "n0",
        "fromPort": "out",
        "toActor": "n1",
        "toPort": "in",
        "message": 2,
    }
    assert events[8:10] == [
        {"_type": "ActorCompleted", "actorId": "n1", "component": "fail", "outputs": {"out": 1}},
        {"_type": "ActorFailed", "actorId": "n1", "component": "fail", "error": "bad 2"},
    ]


async def test_a_run_waits_for_a_reader_that_is_behind() -> None:
    network = network_of(limits=Limits(reader_buffer_size=5))
    network.add_node("source", "numbers", {"count": 300})
    network.add_outport("numbers", "source", "out")
    read: list[int] = []

    async def read_slowly() -> None:
        async for number in network.results("numbers"):
            read.append(number)
            for _ in range(3):
                await asyncio.sleep(0)

    running = asyncio.create_task(network.run())
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await asyncio.gather(read_slowly(), running)

    assert read == list(range(300))
