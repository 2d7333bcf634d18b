"""Semantic 10: how a network ends.

* "``shutdown()`` lets the message in process finish": ``network/test_failure.py``.
* "runs every ``teardown`` once": here, for every way a run can end, failing teardowns among them.
* "leaves no task, thread, child process or socket": here, for every way a run can end.
* "Cancelling reaches running scripts and HTTP calls within a second": here for HTTP calls; an
  actor that waits ``network/test_failure.py``. There is no script actor yet.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest

from engine import Actor, Context, Network, Outputs, Permissions, Port
from engine.limits import Limits
from tests.engine.fakes import network_of
from tests.engine.measures import left
from tests.engine.web import Request, answer, serving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

DEADLINE = 10  # seconds
LOOPBACK = Permissions(network=True, private_hosts=frozenset({"127.0.0.1"}))


class Fetch(Actor):
    component = "fetch"
    inports = (Port("in", "string"),)
    outports = (Port("out"),)

    async def process(self, ctx: Context) -> Outputs:
        response = await ctx.http.request("GET", ctx.inputs["in"])
        return {"out": response.status}


class Block(Actor):
    component = "block"
    inports = (Port("in"),)
    outports = (Port("out"),)
    blocking = True

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"]}


class AsyncNumbers(Actor):
    """Without end."""

    component = "async_numbers"
    outports = (Port("out"),)

    async def process(self, ctx: Context) -> Any:
        number = 0
        while True:
            yield "out", number
            number += 1


class Break(Actor):
    component = "break"
    inports = (Port("in"),)

    def process(self, ctx: Context) -> Outputs:
        raise ValueError("broken")


async def kept_open(_request: Request, writer: asyncio.StreamWriter) -> None:
    """Answer, and leave the connection to the client."""
    writer.write(answer(b"ok", headers={"connection": "keep-alive"}))
    await writer.drain()
    await asyncio.Event().wait()


def busy_network(url: str) -> Network:
    """One of everything that opens something."""
    network = network_of(
        Fetch,
        Block,
        AsyncNumbers,
        Break,
        permissions=LOOPBACK,
        limits=Limits(message_buffer_size=20),
    )
    network.graph.properties["supervision"] = {"maxRestarts": 1_000}
    for name in ("fetch", "block", "break", "async_pass", "pass"):
        network.add_node(name, name)
    network.add_connection("block", "out", "async_pass", "in")
    network.add_connection("async_pass", "out", "break", "in")
    network.add_initial("fetch", "in", url)
    for number in range(50):
        network.add_initial("block", "in", number)
        network.add_initial("pass", "in", number)
    network.subscribe()
    return network


async def to_its_end(network: Network) -> None:
    await network.run()


async def cancelled(network: Network) -> None:
    network.add_node("endless", "async_numbers")
    run = asyncio.create_task(network.run())
    for _ in range(50):
        await asyncio.sleep(0)
    network.cancel()
    await run


async def shut_down_in_the_middle(network: Network) -> None:
    network.add_node("endless", "async_numbers")
    async with network:
        for _ in range(50):
            await asyncio.sleep(0)


async def broken_by_a_reader(network: Network) -> None:
    async def write(_events: list[Any]) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await network.run(write=write)


async def refused(network: Network) -> None:
    network.add_node("misnamed", "no_such_component")
    with pytest.raises(Exception, match="no_such_component"):
        await network.run()


ENDS = [to_its_end, cancelled, shut_down_in_the_middle, broken_by_a_reader, refused]


@pytest.mark.parametrize("end", ENDS)
async def test_nothing_is_left_however_a_run_ends(
    end: Callable[[Network], Awaitable[None]],
) -> None:
    async with asyncio.timeout(DEADLINE):
        async with serving(kept_open) as server:
            first = busy_network(server.url())
            await end(first)  # what is loaded once stays open: not counted
        before = left()
        async with serving(kept_open) as server:
            second = busy_network(server.url())
            await end(second)
        after = left()

    assert after == before  # with both networks still there: nothing is left to the collector
    assert first is not second


class Living(Actor):
    component = "living"
    inports = (Port("in"),)
    ended: list[str] = []

    def process(self, ctx: Context) -> Outputs:
        return None

    def teardown(self) -> None:
        self.ended.append("torn down")
        raise RuntimeError("teardown failed")


@pytest.mark.parametrize("end", ENDS[:-1])
async def test_every_teardown_runs_once_however_a_run_ends_and_though_others_fail(
    end: Callable[[Network], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    diary: list[str] = []
    one = type("One", (Living,), {"component": "one", "ended": diary})
    other = type("Other", (Living,), {"component": "other", "ended": diary})
    network = network_of(one, other, AsyncNumbers)
    for name in ("one", "other"):
        network.add_node(name, name)
        network.add_initial(name, "in", 1)

    await asyncio.wait_for(end(network), DEADLINE)
    await network.shutdown()

    assert diary == ["torn down", "torn down"]


@pytest.mark.parametrize("end", [Network.cancel, Network.shutdown])
async def test_an_end_during_setup_ends_the_run(end: Callable[[Network], Any]) -> None:
    class SlowToStart(Actor):
        component = "slow_to_start"
        inports = (Port("in"),)

        async def setup(self) -> None:
            for _ in range(5):
                await asyncio.sleep(0)

        def process(self, ctx: Context) -> Outputs:
            return None

    network = network_of(SlowToStart)
    network.add_node("n", "slow_to_start")
    network.add_initial("n", "in", 1)
    run = asyncio.create_task(network.run())
    await asyncio.sleep(0)

    ending = end(network)
    if ending is not None:
        await asyncio.wait_for(ending, DEADLINE)
    result = await asyncio.wait_for(run, DEADLINE)

    assert result.nodes_executed == 0


async def test_cancelling_reaches_an_http_call_within_a_second() -> None:
    asked = asyncio.Event()

    async def never(_request: Request, _writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.Event().wait()

    network = network_of(Fetch, permissions=LOOPBACK)
    network.add_node("fetch", "fetch")

    async with asyncio.timeout(DEADLINE), serving(never) as server:
        network.add_initial("fetch", "in", server.url())
        run = asyncio.create_task(network.run())
        await asked.wait()
        started = time.monotonic()
        network.cancel()
        result = await run
        took = time.monotonic() - started

    assert result.status == "cancelled"
    assert took < 1
