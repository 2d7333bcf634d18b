"""Async, blocking and generating actors."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

from engine import Actor, Context, Outputs, Port
from engine.events import ActorCompleted, NodeExecuting
from engine.limits import Limits
from tests.engine.fakes import FakeClock, chain, network_of

if TYPE_CHECKING:
    from engine.network import Subscription


def _meeting(size: int, *, keep_order: bool = True) -> type[Actor]:
    """An actor whose firings all wait until ``size`` of them are under way."""
    arrived = asyncio.Event()
    count = 0

    class Meet(Actor):
        component = "meet"
        inports = (Port("in"),)
        outports = (Port("out"),)
        concurrency = size
        ordered = keep_order

        async def process(self, ctx: Context) -> Outputs:
            nonlocal count
            count += 1
            if count == size:
                arrived.set()
            number = ctx.inputs["in"]
            await arrived.wait()
            for _ in range(20 - number):  # the first takes longest
                await asyncio.sleep(0)
            assert ctx.inputs["in"] == number
            return {"out": number}

    return Meet


async def test_concurrent_firings_run_together_and_leave_in_order() -> None:
    network = network_of(_meeting(5))
    chain(network, "meet")
    for number in range(5):
        network.add_initial("n0", "in", number)

    async with asyncio.timeout(10):
        result = await network.run()

    assert result.outputs == {"result": [0, 1, 2, 3, 4]}


async def test_unordered_results_leave_as_they_are_ready() -> None:
    network = network_of(_meeting(5, keep_order=False))
    chain(network, "meet")
    for number in range(5):
        network.add_initial("n0", "in", number)

    result = await network.run()

    assert result.outputs == {"result": [4, 3, 2, 1, 0]}


async def test_concurrent_firings_lose_nothing_at_any_buffer_size() -> None:
    class Shuffle(Actor):
        component = "shuffle"
        inports = (Port("in"),)
        outports = (Port("out"),)
        concurrency = 7

        async def process(self, ctx: Context) -> Outputs:
            number = ctx.inputs["in"]
            for _ in range(number % 5):
                await asyncio.sleep(0)
            return {"out": number}

    for bound in (1, 2, 5, 1_000):
        network = network_of(Shuffle, limits=Limits(message_buffer_size=bound))
        network.add_node("source", "numbers", {"count": 300})
        chain(network, "shuffle", "shuffle", "async_pass")
        network.add_connection("source", "out", "n0", "in")

        assert (await network.run()).outputs["result"] == list(range(300))


async def test_independent_branches_wait_at_the_same_time() -> None:
    both = asyncio.Barrier(2)

    class Branch(Actor):
        component = "branch"
        inports = (Port("in"),)
        outports = (Port("out"),)

        async def process(self, ctx: Context) -> Outputs:
            async with asyncio.timeout(10):
                await both.wait()
            return {"out": 1}

    network = network_of(Branch)
    for name in ("x", "y"):
        network.add_node(name, "branch")
        network.add_outport(name, name, "out")
        network.add_initial(name, "in", 1)

    assert (await network.run()).outputs == {"x": [1], "y": [1]}


async def test_what_is_done_leaves_while_a_later_firing_waits() -> None:
    let_go = asyncio.Event()

    class SecondWaits(Actor):
        component = "second_waits"
        inports = (Port("in"),)
        outports = (Port("out"),)

        async def process(self, ctx: Context) -> Outputs:
            if ctx.inputs["in"] == 2:
                await let_go.wait()
            return {"out": ctx.inputs["in"]}

    network = network_of(SecondWaits)
    chain(network, "second_waits")
    for number in (1, 2, 3):
        network.add_initial("n0", "in", number)

    async with network:
        results = network.results("result")
        async with asyncio.timeout(10):
            first = await anext(results)
        let_go.set()
        rest = [await anext(results), await anext(results)]

    assert (first, rest) == (1, [2, 3])


async def test_a_firing_that_waits_is_announced_before_it_ends() -> None:
    let_go = asyncio.Event()

    class Wait(Actor):
        component = "wait"
        inports = (Port("in"),)

        async def process(self, ctx: Context) -> Outputs:
            await let_go.wait()
            return None

    network = network_of(Wait)
    network.add_node("n0", "wait")
    network.add_initial("n0", "in", 1)
    events: Subscription[Any] = network.subscribe([NodeExecuting, ActorCompleted])

    async with network:
        async with asyncio.timeout(10):
            begun = await events.read()
        let_go.set()
        await network.wait_idle()
    rest = [event async for event in events]

    assert [(event.type, event.count) for event in begun] == [("NodeExecuting", 1)]
    assert [(event.type, event.count) for event in rest] == [("ActorCompleted", 1)]


async def test_send_waits_for_room_so_that_a_burst_is_bounded() -> None:
    class Burst(Actor):
        component = "burst"
        inports = (Port("in"),)
        outports = (Port("out"),)

        async def process(self, ctx: Context) -> Outputs:
            for number in range(500):
                await ctx.send("out", number)
            return {"out": "last"}

    network = network_of(Burst, limits=Limits(message_buffer_size=3))
    chain(network, "burst", "async_pass")
    network.add_initial("n0", "in", 1)

    result = await network.run()

    assert result.outputs["result"] == [*range(500), "last"]
    assert max(item.high_water for item in network.statistics().inports) <= 3


async def test_send_is_refused_to_a_sync_actor_and_to_an_unknown_port() -> None:
    class Misuse(Actor):
        component = "misuse"
        inports = (Port("in"),)
        outports = (Port("out"),)

        async def process(self, ctx: Context) -> Outputs:
            await ctx.send("oot", 1)
            return None

    network = network_of(Misuse)
    chain(network, "misuse")
    network.add_initial("n0", "in", 1)

    assert (await network.run()).error == "n0: n0 has no outport 'oot' (it has: out)"


async def test_an_async_generator_is_pulled_as_there_is_room() -> None:
    class Count(Actor):
        component = "count"
        inports = (Port("in"),)
        outports = (Port("out"),)

        async def process(self, ctx: Context) -> Any:
            for number in range(ctx.inputs["in"]):
                if number % 50 == 0:
                    await asyncio.sleep(0)
                yield "out", number

    network = network_of(Count, limits=Limits(message_buffer_size=4))
    chain(network, "count", "async_pass")
    network.add_initial("n0", "in", 700)
    network.add_initial("n0", "in", 3)

    result = await network.run()

    assert result.outputs["result"] == [*range(700), 0, 1, 2]
    assert max(item.high_water for item in network.statistics().inports) <= 4


async def test_an_async_generator_that_raises_keeps_what_it_had_given() -> None:
    class Break(Actor):
        component = "break"
        inports = (Port("in"),)
        outports = (Port("out"), Port("error", "error"))

        async def process(self, ctx: Context) -> Any:
            yield "out", 1
            raise ValueError("broke")

    network = network_of(Break)
    chain(network, "break")
    network.add_outport("error", "n0", "error")
    network.add_initial("n0", "in", 1)

    result = await network.run()

    assert [message.message for message in result.outputs["error"]] == ["broke"]
    assert result.outputs["result"] == [1]


async def test_blocking_actors_use_threads_and_do_not_hold_up_the_others() -> None:
    both = threading.Barrier(2, timeout=10)

    class Block(Actor):
        component = "block"
        inports = (Port("in"),)
        outports = (Port("out"),)
        blocking = True

        def process(self, ctx: Context) -> Outputs:
            both.wait()
            return {"out": ctx.inputs["in"]}

    network = network_of(Block)
    for name in ("x", "y"):
        network.add_node(name, "block")
        network.add_outport(name, name, "out")
        network.add_initial(name, "in", name)

    assert (await network.run()).outputs == {"x": ["x"], "y": ["y"]}


async def test_blocking_values_batches_and_generators_work_too() -> None:
    class Value(Actor):
        component = "value"
        inports = (Port("in"),)
        outports = (Port("out"),)
        blocking = True

        def process_value(self, value: Any) -> Any:
            return value + 1

    class Batch(Actor):
        component = "batch"
        inports = (Port("in"),)
        outports = (Port("out"),)
        blocking = True

        def process_batch(self, values: list[Any]) -> list[Any]:
            return [value * 10 for value in values]

    class Repeat(Actor):
        component = "repeat"
        inports = (Port("in"),)
        outports = (Port("out"),)
        blocking = True

        def process(self, ctx: Context) -> Any:
            for _ in range(2):
                yield "out", ctx.inputs["in"]

    network = network_of(Value, Batch, Repeat)
    chain(network, "value", "batch", "repeat")
    for number in range(3):
        network.add_initial("n0", "in", number)

    assert (await network.run()).outputs["result"] == [10, 10, 20, 20, 30, 30]


async def test_a_blocking_actor_that_raises_is_isolated() -> None:
    class Raise(Actor):
        component = "raise"
        inports = (Port("in"),)
        outports = (Port("out"),)
        blocking = True

        def process(self, ctx: Context) -> Outputs:
            if ctx.inputs["in"] == 1:
                raise StopIteration
            return {"out": ctx.inputs["in"]}

    network = network_of(Raise)
    chain(network, "raise")
    for number in (0, 1, 2):
        network.add_initial("n0", "in", number)

    result = await network.run()

    assert result.outputs["result"] == [0, 2]
    assert result.error == "n0: StopIteration in a behaviour"


async def test_sleeping_uses_the_clock_of_the_network() -> None:
    class Nap(Actor):
        component = "nap"
        inports = (Port("in"),)
        outports = (Port("out"),)

        async def process(self, ctx: Context) -> Outputs:
            await ctx.sleep(3_600)
            return {"out": "rested"}

    clock = FakeClock()
    network = network_of(Nap, clock=clock)
    chain(network, "nap")
    network.add_initial("n0", "in", 1)

    result = await network.run()

    assert clock.slept == [3_600]
    assert result.outputs == {"result": ["rested"]}
    assert result.duration_ms == 3_600_000


async def test_the_event_loop_breathes_while_the_network_is_busy() -> None:
    network = network_of()
    network.add_node("source", "numbers", {"count": 20_000})
    chain(network, "pass", "pass")
    network.add_connection("source", "out", "n0", "in")
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.create_task(tick())
    started = time.perf_counter()
    await network.run()
    took = time.perf_counter() - started
    ticking.cancel()

    assert ticks > took / 0.02  # a turn of 256 messages is far shorter than 20 ms


async def test_a_cancelled_error_of_the_actors_own_is_a_failure() -> None:
    class Odd(Actor):
        component = "odd"
        inports = (Port("in"),)
        outports = (Port("out"),)

        async def process(self, ctx: Context) -> Outputs:
            if ctx.inputs["in"] == 1:
                raise asyncio.CancelledError("mine")
            return {"out": ctx.inputs["in"]}

    network = network_of(Odd)
    chain(network, "odd")
    for number in (0, 1, 2):
        network.add_initial("n0", "in", number)

    result = await network.run()

    assert result.outputs["result"] == [0, 2]
    assert result.error == "n0: cancelled: mine"


async def test_what_is_sent_now_comes_behind_what_older_firings_gave() -> None:
    class Both(Actor):
        component = "both"
        inports = (Port("in"),)
        outports = (Port("out"),)

        async def process(self, ctx: Context) -> Outputs:
            await ctx.send("out", [ctx.inputs["in"], "sent"])
            return {"out": [ctx.inputs["in"], "given"]}

    network = network_of(Both)
    chain(network, "both")
    for number in range(3):
        network.add_initial("n0", "in", number)

    result = await network.run()

    assert result.outputs["result"] == [[n, how] for n in range(3) for how in ("sent", "given")]
