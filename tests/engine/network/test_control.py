"""A running network changed from outside: nothing lost, and what cannot be is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine import Actor, Context, GraphError, Network, NetworkError, Outputs, Port
from engine.events import ActorStateChanged, MessagesUndelivered
from engine.limits import Limits
from tests.engine.fakes import chain, network_of


class Total(Actor):
    component = "total"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)
    factor = 1

    def process(self, ctx: Context) -> Outputs:
        ctx.state["total"] = ctx.state.get("total", 0) + ctx.inputs["in"] * self.factor
        return {"out": ctx.state["total"]}


class TenfoldTotal(Total):
    component = "tenfold_total"
    factor = 10


class Deaf(Actor):
    component = "deaf"
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        return None


class NoSetup(Total):
    component = "no_setup"

    async def setup(self) -> None:
        raise OSError("not today")


def _running(*components: str, bound: int = 1_000) -> Network:
    network = network_of(
        Total, TenfoldTotal, Deaf, NoSetup, limits=Limits(message_buffer_size=bound)
    )
    chain(network, *components)
    network.add_inport("in", "n0", "in")
    return network


async def _feed(network: Network, *numbers: int) -> list[Any]:
    for number in numbers:
        await network.send("in", number)
    await network.wait_idle()
    outputs: list[Any] = network.result().outputs["result"]
    return outputs


async def test_a_held_connection_lets_nothing_cross_until_it_is_released() -> None:
    network = _running("pass", "pass")

    async with network:
        network.hold("n0.out -> n1.in")
        for number in range(5):
            await network.send("in", number)
        for _ in range(20):
            await asyncio.sleep(0)
        held = network.statistics().connections[0]
        before = network.result().outputs["result"]
        network.release("n0.out -> n1.in")
        async with asyncio.timeout(10):
            await network.wait_idle()

    assert (held.held, held.messages, before) == (True, 0, [])
    assert network.result().outputs["result"] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("component", ["pass", "async_pass"])
async def test_holding_holds_the_sender_whatever_its_kind(component: str) -> None:
    network = _running(component, "pass", bound=2)

    async with network:
        network.hold("n0.out -> n1.in")
        sending = asyncio.create_task(_feed(network, *range(20)))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not sending.done()
        network.release("n0.out -> n1.in")
        async with asyncio.timeout(10):
            outputs = await sending

    assert outputs == list(range(20))


async def test_an_unknown_connection_cannot_be_held() -> None:
    network = _running("pass", "pass")

    async with network:
        with pytest.raises(NetworkError, match=r"did you mean 'n0\.out -> n1\.in'"):
            network.hold("n0.out -> n1.inn")


async def test_a_swapped_actor_keeps_the_state_and_the_messages() -> None:
    network = _running("total")

    async with network:
        await _feed(network, 1, 2)
        await network.swap("n0", "tenfold_total")
        outputs = await _feed(network, 3)
        component = network.graph.nodes["n0"].component

    assert outputs == [1, 3, 33]
    assert component == "tenfold_total"


async def test_a_class_outside_the_registry_may_be_swapped_in_and_change_its_kind() -> None:
    class AsyncTotal(Total):
        component = "async_total"

        async def process(self, ctx: Context) -> Outputs:  # type: ignore[override]
            await asyncio.sleep(0)
            return super().process(ctx)

    network = _running("total")

    async with network:
        await _feed(network, 1)
        await network.swap("n0", AsyncTotal)
        await _feed(network, 2)
        await network.swap("n0", "total")
        outputs = await _feed(network, 3)

    assert outputs == [1, 3, 6]


async def test_a_swap_that_would_lose_a_connected_port_is_refused_and_changes_nothing() -> None:
    network = _running("total")

    async with network:
        with pytest.raises(GraphError, match="deaf has no port 'in', which is connected"):
            await network.swap("n0", "deaf")
        with pytest.raises(GraphError, match="did you mean 'total'"):
            await network.swap("n0", "totel")
        with pytest.raises(GraphError, match="node 'n1': there is none"):
            await network.swap("n1", "total")
        outputs = await _feed(network, 4)

    assert outputs == [4]


async def test_a_swap_whose_setup_fails_ends_the_run() -> None:
    network = _running("total")

    async with network:
        with pytest.raises(Exception, match="n0: setup failed: not today"):
            await network.swap("n0", "no_setup")

    assert (network.result().status, network.result().code) == ("failed", "setup_failed")


async def test_a_node_can_join_a_running_network() -> None:
    network = _running("pass")
    moves = network.subscribe([ActorStateChanged])

    async with network:
        network.add_node("late", "count_to_state")
        network.add_connection("n0", "out", "late", "in")
        await _feed(network, 1, 2, 3)
        count = network._scheduler.nodes["late"].ctx.state["count"]
    told = [event.new async for event in moves if event.node == "late"]

    assert count == 3
    assert told == ["initialized", "running", "stopping", "stopped"]


async def test_a_node_or_connection_that_cannot_be_is_refused_and_not_in_the_graph() -> None:
    network = _running("pass")

    async with network:
        with pytest.raises(GraphError, match="did you mean 'pass'"):
            network.add_node("late", "pas")
        with pytest.raises(GraphError, match="is not a setting"):
            network.add_node("late", "pass", {"speed": 1})
        with pytest.raises(GraphError, match="late"):
            network.add_connection("n0", "out", "late", "in")
        outputs = await _feed(network, 1)

    assert list(network.graph.nodes) == ["n0"]
    assert network.graph.connections == []
    assert outputs == [1]


async def test_a_late_node_whose_setup_fails_ends_the_run() -> None:
    network = _running("pass")

    async with network:
        network.add_node("late", "no_setup")
        with pytest.raises(Exception, match="late: setup failed: not today"):
            await network.wait_idle()


async def test_a_removed_connection_carries_nothing_and_frees_its_sender() -> None:
    network = _running("pass", "pass", bound=1)
    network.add_node("other", "count_to_state")
    network.add_connection("n0", "out", "other", "in")

    async with network:
        await _feed(network, 1)
        network.remove_connection("n0", "out", "n1", "in")
        outputs = await _feed(network, 2, 3)
        count = network._scheduler.nodes["other"].ctx.state["count"]

    assert outputs == [1]
    assert count == 3


async def test_a_join_that_loses_an_input_waits_for_the_others_only() -> None:
    network = network_of()
    network.add_node("join", "join_any")
    for name in ("a", "b"):
        network.add_node(name, "pass")
        network.add_connection(name, "out", "join", name)
        network.add_inport(name, name, "in")
    network.add_outport("out", "join", "out")

    async with network:
        network.remove_connection("b", "out", "join", "b")
        await network.send("a", 1)
        await network.wait_idle()

    assert network.result().outputs["out"] == [{"a": 1}]


async def test_a_removed_node_leaves_and_what_it_held_is_told() -> None:
    network = _running("pass", "pass", "pass")
    network.add_node("join", "join")
    network.add_connection("n0", "out", "join", "a")
    network.add_inport("b", "join", "b")
    undelivered = network.subscribe([MessagesUndelivered])

    async with network:
        await _feed(network, 1, 2)
        network.remove_node("join")
        await network.wait_idle()
        outputs = await _feed(network, 3)
    told = [event.ports async for event in undelivered]

    assert outputs == [1, 2, 3]
    assert told == [{"join.a": 2}]
    assert "join" not in network.graph.nodes


async def test_statistics_tell_bytes_rate_age_and_what_is_held() -> None:
    network = _running("pass", "pass")

    async with network:
        await network.send("in", "x" * 98)
        await network.wait_idle()
        network.pause()
        await network.send("in", 1)
        statistics = network.statistics()
        network.resume()

    (connection,) = statistics.connections
    assert (connection.messages, connection.bytes, connection.held) == (1, 100, False)
    assert connection.rate > 0
    waiting = {item.node: item for item in statistics.inports}
    assert (waiting["n0"].depth, waiting["n1"].depth) == (1, 0)
    assert waiting["n0"].oldest_s >= 0
    assert waiting["n1"].oldest_s == 0


async def test_an_initial_packet_reaches_a_running_network_at_once_or_is_refused() -> None:
    network = _running("double")

    async with network:
        network.add_initial("n0", "in", 4)
        with pytest.raises(GraphError):
            network.add_initial("n0", "in", "text")
        with pytest.raises(GraphError, match="did you mean 'in'"):
            network.add_initial("n0", "inn", 4)
        await network.wait_idle()

    assert network.result().outputs["result"] == [8]
    assert len(network.graph.initials) == 1
