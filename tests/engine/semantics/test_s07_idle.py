"""Semantic 7: idle is counted, not timed.

* "Idle when nothing can run, nothing is in flight and no source is open": here, each of the three.
* "then ``NetworkIdle``, at once": here, by the event loop's turns; "once per busy period":
  ``network/test_backpressure.py`` and here.
* "What is left at a join is reported": ``network/test_delivery.py``; at several joins: here.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from engine import Actor, Context, Outputs, Port
from engine.events import ActorCompleted, MessagesUndelivered, NetworkIdle, NetworkShutdown
from tests.engine.fakes import FakeClock, chain, network_of

DEADLINE = 20  # seconds


async def turns(number: int) -> None:
    """Let the event loop go round so many times."""
    for _ in range(number):
        await asyncio.sleep(0)


def _waiting(release: asyncio.Event, thread_release: threading.Event) -> list[type[Actor]]:
    class Wait(Actor):
        component = "async"
        inports = (Port("in"),)
        outports = (Port("out"),)

        async def process(self, ctx: Context) -> Outputs:
            await release.wait()
            return {"out": 1}

    class Block(Actor):
        component = "blocking"
        inports = (Port("in"),)
        outports = (Port("out"),)
        blocking = True

        def process(self, ctx: Context) -> Outputs:
            return {"out": int(thread_release.wait(DEADLINE))}

    class Open(Actor):
        component = "source"
        inports = (Port("in"),)
        outports = (Port("out"),)

        async def process(self, ctx: Context) -> Any:
            await release.wait()
            yield "out", 1

    return [Wait, Block, Open]


@pytest.mark.parametrize("component", ["async", "blocking", "source"])
async def test_what_is_in_flight_or_open_is_not_idle_however_long_it_takes(component: str) -> None:
    release, thread_release = asyncio.Event(), threading.Event()
    network = network_of(*_waiting(release, thread_release))
    chain(network, component, "pass")
    network.add_initial("n0", "in", 1)
    idle = network.subscribe([NetworkIdle])

    async with network, asyncio.timeout(DEADLINE):
        waiting = asyncio.create_task(network.wait_idle())
        await turns(1_000)
        too_early = waiting.done() or idle.unread
        release.set()
        thread_release.set()
        await waiting
        output = network.result().outputs

    assert not too_early
    assert output == {"result": [1]}
    assert len([event async for event in idle]) == 1


async def test_idle_comes_within_a_few_turns_of_the_loop_after_the_last_firing() -> None:
    network = network_of(clock=FakeClock())
    chain(network, "pass", "increment", "pass")
    network.add_inport("in", "n0", "in")
    idle = network.subscribe([NetworkIdle])

    async with network, asyncio.timeout(DEADLINE):
        await network.wait_idle()
        await network.send("in", 1)
        await turns(3)
        at_once = network._scheduler.idle

    assert at_once
    assert len([event async for event in idle]) == 2  # after the start, after the message


async def test_idle_comes_behind_everything_that_happened_before_it() -> None:
    network = network_of()
    network.add_node("source", "numbers", {"count": 3_000})
    chain(network, "async_pass", "pass", "async_pass")
    network.add_connection("source", "out", "n0", "in")
    types: list[type[Any]] = [ActorCompleted, NetworkIdle, NetworkShutdown]
    events = network.subscribe(types)

    await asyncio.wait_for(network.run(), DEADLINE)

    kinds = [event.type async for event in events]
    assert kinds[-2:] == ["NetworkIdle", "NetworkShutdown"]
    assert kinds.count("NetworkIdle") == 1


async def test_what_is_left_at_each_join_is_reported() -> None:
    network = network_of()
    for name, left in (("one", 2), ("other", 5)):
        network.add_node(name, "join")
        network.add_initial(name, "b", 0)
        for _ in range(left + 1):
            network.add_initial(name, "a", 0)
    told = network.subscribe([MessagesUndelivered])

    result = await network.run()

    assert result.undelivered == {"one.a": 2, "other.a": 5}
    assert [event.ports async for event in told] == [{"one.a": 2, "other.a": 5}]
