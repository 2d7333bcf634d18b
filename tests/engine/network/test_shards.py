"""One network over several processes: the same result, the same events, the same ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine import Actor, Context, Network, Outputs, Port, Registry
from engine.breaker import MemoryBreakers
from engine.errors import GraphError, NetworkError
from engine.events import (
    ActorLogged,
    EngineEvent,
    MessageSent,
    NetworkIdle,
    NetworkShutdown,
    PortGrew,
    Started,
)
from engine.limits import Limits
from engine.messages import FrozenDict
from engine.registry import builtin
from tests.engine.fakes import ACTORS, FakeClock, chain, network_of
from tests.engine.measures import left
from tests.engine.network.random_networks import KINDS as KINDS_OF_ACTORS
from tests.engine.network.random_networks import REGISTRY, PassLater, Plan, interpret, plans
from tests.engine.network.shard_actors import KINDS, SHARD_ACTORS, add_ring
from tests.nightly import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine import Result
    from engine.network import Subscription

DEADLINE = 20  # seconds: processes start slowly on a busy machine


def sharded(**options: Any) -> Network:
    return network_of(*SHARD_ACTORS, **options)


async def run(network: Network, *args: Any, processes: int = 2, **options: Any) -> Result:
    async with asyncio.timeout(DEADLINE):
        return await network.run(*args, processes=processes, **options)


def numbers(network: Network, count: int, *components: str) -> None:
    """``count`` numbers through a chain."""
    network.add_node("source", "numbers", {"count": count})
    chain(network, *components)
    network.add_connection("source", "out", "n0", "in")


# The same as in one process.


async def test_the_nodes_of_a_chain_run_in_several_processes() -> None:
    network = sharded()
    chain(network, "pid", "pid", "pid")
    network.add_initial("n0", "in", "hello")

    result = await run(network, processes=3)

    ((third, (second, (first, message))),) = result.outputs["result"]
    assert first == os.getpid()
    assert len({first, second, third}) == 3
    assert message == "hello"


@pytest.mark.parametrize("bound", [1, 7, 1000])
async def test_the_result_is_that_of_one_process(bound: int) -> None:
    def made() -> Network:
        network = sharded(limits=Limits(message_buffer_size=bound))
        numbers(network, 300, "increment", "async_pass", "increment_all", "double", "pass")
        return network

    alone, network = made(), made()

    expected, result = await alone.run(), await run(network)

    assert result.outputs == expected.outputs
    assert result.status == expected.status == "completed"
    assert result.nodes_executed == expected.nodes_executed == 6
    assert {item.connection: item.messages for item in network.statistics().connections} == {
        item.connection: item.messages for item in alone.statistics().connections
    }
    assert all(item.high_water <= bound for item in network.statistics().inports)


async def test_fan_out_and_a_join_across_processes_pair_in_order() -> None:
    network = sharded(limits=Limits(message_buffer_size=10))
    network.add_node("source", "numbers", {"count": 500})
    for name, component in (("a", "double"), ("b", "async_pass"), ("join", "join")):
        network.add_node(name, component)
    for name in ("a", "b"):
        network.add_connection("source", "out", name, "in")
        network.add_connection(name, "out", "join", name)
    network.add_outport("pairs", "join", "out")

    result = await run(network, processes=3, shards={"source": 0, "a": 1, "b": 2, "join": 0})

    assert result.outputs["pairs"] == [[2 * number, number] for number in range(500)]
    assert result.undelivered == {}


async def test_what_a_join_could_not_pair_is_left_at_its_port() -> None:
    network = sharded(limits=Limits(message_buffer_size=5))
    network.add_node("three", "numbers", {"count": 3})
    network.add_node("nine", "numbers", {"count": 9})
    network.add_node("join", "join")
    network.add_connection("three", "out", "join", "a")
    network.add_connection("nine", "out", "join", "b")

    result = await run(network, shards={"three": 0, "nine": 0, "join": 1})

    assert result.undelivered == {"join.b": 6}
    assert len(result.outputs["join.out"]) == 3


async def test_every_kind_of_message_stays_what_it_is() -> None:
    expected = [
        [kind, text, *inner]
        for kind, text, *inner in (await _types_of_kinds(processes=1)).outputs["result"]
    ]

    result = await _types_of_kinds(processes=2)

    assert result.outputs["result"] == expected
    assert len(expected) == len(KINDS)
    assert [kind for kind, *_ in expected if kind.startswith("Frozen")] != []


async def _types_of_kinds(*, processes: int) -> Result:
    network = sharded()
    chain(network, "kinds", "type_of")
    network.add_initial("n0", "in", None)
    return await run(network, processes=processes)


async def test_idempotency_keys_are_those_of_one_process() -> None:
    def made() -> Network:
        network = sharded(run_id="run-1")
        chain(network, "pass", "key")
        network.add_initial("n0", "in", "paid")
        return network

    alone, result = await made().run(), await run(made())

    assert result.outputs == alone.outputs


async def test_inputs_and_initial_packets_reach_the_process_of_their_node() -> None:
    network = sharded()
    chain(network, "pass", "pass")
    network.add_inport("here", "n0", "in")
    network.add_inport("there", "n1", "in")
    network.add_initial("n1", "in", "first")

    result = await run(network, {"here": "passed", "there": "given"})

    assert result.outputs["result"] == ["first", "given", "passed"]


async def test_components_of_the_library_are_found_by_their_names() -> None:
    network = Network(registry=builtin() | Registry(ACTORS))
    network.add_node("source", "numbers", {"count": 25})
    network.add_node("collect", "tpl_collect", {"count": 10})
    network.add_node("pass", "pass")
    network.add_connection("source", "out", "collect", "input")
    network.add_connection("collect", "output", "pass", "in")
    network.add_outport("lists", "pass", "out")

    result = await run(network, shards={"source": 0, "collect": 1, "pass": 0})

    assert [len(item) for item in result.outputs["lists"]] == [10, 10, 5]  # the last by drain


# Failures.


async def test_failures_in_another_process_are_in_the_result() -> None:
    network = sharded()
    network.add_node("source", "numbers", {"count": 10})
    network.add_node("fail", "fail", {"bad": [3, 7]})
    network.add_connection("source", "out", "fail", "in")

    result = await run(network)

    assert (result.status, result.code) == ("failed", "actor_failed")
    assert result.error == "fail: bad 3 (and 1 more)"
    assert result.failed_firings == 2
    assert [(item.node, dict(item.inputs)) for item in result.errors] == [
        ("fail", {"in": 3}),
        ("fail", {"in": 7}),
    ]
    assert (result.nodes_executed, result.nodes_failed) == (2, 1)
    assert result.outputs["fail.out"] == [0, 1, 2, 4, 5, 6, 8, 9]


async def test_a_killed_process_fails_the_run_and_nothing_is_left() -> None:
    network = sharded()
    numbers(network, 10, "killed", "pass")
    before = left()

    result = await run(network, processes=3)

    assert (result.status, result.code) == ("failed", "shard_lost")
    assert result.error == f"the process of n0 was ended by signal {signal.SIGKILL.value}"
    assert left() == before


async def test_a_setup_that_fails_in_another_process_ends_the_run_before_any_message() -> None:
    network = sharded()
    numbers(network, 10, "pass", "no_setup")

    result = await run(network)

    assert (result.status, result.code) == ("failed", "setup_failed")
    assert result.error == "n1: setup failed: no such device"
    assert result.nodes_executed == 0


async def test_local_classes_are_refused_by_name_before_anything_starts() -> None:
    class Local(Actor):
        component = "local"
        inports = (Port("in"),)

        def process(self, ctx: Context) -> Outputs:
            return None

    network = network_of(Local)
    numbers(network, 1, "pass")
    network.add_node("local", "local")
    network.add_connection("n0", "out", "local", "in")

    with pytest.raises(GraphError) as caught:
        await run(network)

    (problem,) = caught.value.problems
    assert problem.code == "actor_not_importable"
    assert "test_local_classes_are_refused_by_name_before_anything_starts.<locals>" in str(problem)


class MemoryJournal:
    async def commit(self, entries: list[Any]) -> None:
        raise AssertionError("nothing was started")


@pytest.mark.parametrize(
    ("option", "value", "name"),
    [
        ("clock", FakeClock(), "clock"),
        ("seed", 1, "seed"),
        ("journal", MemoryJournal(), "journal"),
        ("breakers", MemoryBreakers(time.monotonic), "set of breakers"),
    ],
)
async def test_what_processes_cannot_share_is_refused(option: str, value: Any, name: str) -> None:
    network = sharded(**{option: value})
    numbers(network, 1, "pass")

    with pytest.raises(NetworkError, match=f"with a {name} of its own runs in one process"):
        await run(network)


# Cycles.


RING = {"a": 0, "b": 1, "multiply": 2}


async def test_a_full_cycle_through_all_processes_grows_and_ends() -> None:
    network = sharded(limits=Limits(message_buffer_size=5))
    add_ring(network, 9)
    events: list[EngineEvent] = []

    result = await run(network, processes=3, shards=RING, on_event=events.append)

    assert result.outputs["done"] == [1] * 512
    assert result.status == "completed"
    assert next(item.bound for item in events if isinstance(item, PortGrew)) == 10


@pytest.mark.parametrize("smallest", [0, 1])
async def test_a_full_cycle_that_may_grow_no_further_names_the_ports_of_all(smallest: int) -> None:
    network = sharded(limits=Limits(message_buffer_size=2, cycle_growth=2))
    add_ring(network, 10)

    result = await run(network, shards={"a": smallest, "b": 1 - smallest, "multiply": smallest})

    assert (result.status, result.code) == ("failed", "backpressure_deadlock")
    assert {"a.in", "b.in", "multiply.in"} & set(result.error.split(": ")[1].split(", "))


# Ends.


async def test_cancel_reaches_actors_of_all_processes() -> None:
    network = sharded()
    numbers(network, 10, "pass", "wait")
    before = left()
    running = asyncio.create_task(run(network))
    async for event in network.subscribe([MessageSent]):
        if event.to_node == "n1":
            break

    network.cancel()
    result = await running

    assert result.status == "cancelled"
    del running
    assert left() == before


async def test_an_endless_source_is_cancelled_with_its_process() -> None:
    network = sharded()
    chain(network, "endless", "pass")
    seen = 0

    def cancel_soon(event: EngineEvent) -> None:
        nonlocal seen
        seen += isinstance(event, MessageSent)
        if seen == 50_000:
            network.cancel()

    result = await run(network, shards={"n0": 1, "n1": 0}, on_event=cancel_soon)

    assert result.status == "cancelled"


async def test_an_actor_that_lets_nobody_run_is_ended_with_its_process(tmp_path: Path) -> None:
    network = sharded()
    chain(network, "pass", "spin")
    network.graph.nodes["n1"] = replace(
        network.graph.nodes["n1"], metadata=FrozenDict(path=str(tmp_path / "pid"))
    )
    network.add_initial("n0", "in", 1)
    before = left()
    running = asyncio.create_task(run(network))
    async with asyncio.timeout(DEADLINE):
        while not (tmp_path / "pid").exists():  # noqa: ASYNC110 -- another process writes it
            await asyncio.sleep(0.01)

    network.cancel()
    result = await running

    assert result.status == "cancelled"
    del running
    assert left() == before


async def test_a_run_that_is_itself_cancelled_leaves_nothing() -> None:
    network = sharded()
    chain(network, "endless", "async_pass")
    before = left()
    sent = network.subscribe([MessageSent])
    running = asyncio.create_task(run(network))
    await anext(aiter(sent))

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    del running
    assert left() == before


async def test_a_run_cancelled_while_it_starts_leaves_nothing() -> None:
    before = left()
    for steps in range(12):
        network = sharded()
        chain(network, "endless", "async_pass")
        running = asyncio.create_task(run(network, processes=2))
        for _ in range(steps):
            await asyncio.sleep(0)

        running.cancel()
        await asyncio.wait({running})

    del running
    assert left() == before


def test_the_processes_end_with_their_parent(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    children = tmp_path / "children"
    # Not measured: to write down what it did, beside an actor that never lets go, takes 15 s.
    environment = {name: text for name, text in os.environ.items() if "COVERAGE" not in name}
    parent = subprocess.Popen(  # noqa: S603 -- ourselves
        [sys.executable, program, children],
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        _wait_for(children.exists)
        child = int(children.read_text())
    finally:
        parent.kill()
        parent.wait()

    _wait_for(lambda: _has_ended(child))


PROGRAM = """
import asyncio, os, sys
from pathlib import Path
from engine import Actor, Network, Port, Registry

class Endless(Actor):
    component = "endless"
    outports = (Port("out"),)
    def process(self, ctx):
        while True:
            yield "out", os.getpid()

class Spin(Actor):
    component = "spin"
    inports = (Port("in"),)
    outports = (Port("out"),)
    def process(self, ctx):
        part = Path(sys.argv[1] + ".part")
        part.write_text(str(os.getpid()))
        part.rename(sys.argv[1])
        while True:
            pass

if __name__ == "__main__":
    network = Network(registry=Registry([Endless, Spin]))
    network.add_node("endless", "endless")
    network.add_node("spin", "spin")
    network.add_connection("endless", "out", "spin", "in")
    asyncio.run(network.run(processes=2))
"""


def _has_ended(pid: int) -> bool:
    """An orphan is waited for by the system's first process, which may take its time."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


def _wait_for(done: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


async def test_pause_and_resume_reach_all_processes() -> None:
    network = sharded()
    numbers(network, 30_000, "increment", "double", "pass")
    sent = network.subscribe([MessageSent])
    running = asyncio.create_task(run(network))
    await anext(aiter(sent))

    network.pause()
    network.resume()
    result = await running

    assert result.status == "completed"
    assert len(result.outputs["result"]) == 10_000
    assert [item.messages for item in network.statistics().connections] == [30_000] * 3


@pytest.mark.parametrize(
    "change",
    [
        lambda network: network.hold("source.out -> n0.in"),
        lambda network: network.add_node("more", "pass"),
        lambda network: network.send("in", 1),
        lambda network: anext(network.results("result")),
    ],
    ids=["hold", "add_node", "send", "results"],
)
async def test_nothing_is_changed_while_several_processes_run(change: Any) -> None:
    network = sharded()
    numbers(network, 20_000, "increment", "double")
    network.add_inport("in", "n0", "in")
    sent = network.subscribe([MessageSent])
    running = asyncio.create_task(run(network))
    await anext(aiter(sent))

    with pytest.raises(NetworkError, match="left alone while it runs"):
        await change(network)

    result = await running
    assert result.status == "completed"


async def test_every_teardown_runs_once_in_its_process(tmp_path: Path) -> None:
    network = sharded()
    numbers(network, 3, "pass")
    for name in ("here", "there"):
        network.add_node(name, "teardown", {"path": str(tmp_path / name)})
        network.add_connection("n0", "out", name, "in")

    await run(network, shards={"here": 0, "there": 1})

    assert (tmp_path / "here").read_text() == "setup\nteardown\n"
    assert (tmp_path / "there").read_text() == "setup\nteardown\n"


async def test_nothing_is_left_of_a_run() -> None:
    network = sharded()
    numbers(network, 100, "async_pass", "increment")
    before = left()

    await run(network, processes=3)

    assert left() == before


# Events.


async def test_the_events_are_those_of_one_process() -> None:
    def made() -> Network:
        network = sharded()
        numbers(network, 20, "increment", "double")
        return network

    alone: list[EngineEvent] = []
    events: list[EngineEvent] = []

    await made().run(on_event=alone.append)
    await run(made(), processes=3, on_event=events.append)

    assert _messages(events) == _messages(alone)
    assert isinstance(events[0], Started)
    assert (events[0].nodes, events[0].connections) == (3, 2)
    assert sum(isinstance(event, NetworkIdle) for event in events) == 1
    assert isinstance(events[-1], NetworkShutdown)


def _messages(events: list[EngineEvent]) -> dict[str, list[Any]]:
    sent = [event for event in events if isinstance(event, MessageSent)]
    return {
        connection: [event.message for event in sent if event.connection == connection]
        for connection in sorted({event.connection for event in sent})
    }


async def test_idle_comes_after_all_that_happened_before_it() -> None:
    network = sharded()
    numbers(network, 5_000, "increment", "double")
    events: list[EngineEvent] = []

    await run(network, on_event=events.append)

    types = [type(event) for event in events]
    idle = types.index(NetworkIdle)
    assert types[:idle].count(MessageSent) == 10_000
    assert MessageSent not in types[idle:]


async def test_a_slow_reader_holds_up_all_processes_and_loses_nothing() -> None:
    network = sharded()
    numbers(network, 60_000, "increment", "double")
    sizes: list[int] = []
    sent = 0

    async def write(events: list[EngineEvent]) -> None:
        nonlocal sent
        sent += sum(isinstance(event, MessageSent) for event in events)
        sizes.append(len(events))
        for _ in range(20):
            await asyncio.sleep(0)

    await run(network, shards={"source": 1, "n0": 1, "n1": 0}, write=write)

    assert sent == 120_000
    assert max(sizes) < 60_000


async def test_a_node_may_name_its_process_in_its_metadata() -> None:
    network = sharded()
    for name, shard in (("a", 1), ("b", 0)):
        network.add_node(name, "pid", {"shard": shard})
    network.add_connection("a", "out", "b", "in")
    network.add_initial("a", "in", "hello")

    result = await run(network)

    ((second, (first, _)),) = result.outputs["b.out"]
    assert second == os.getpid() != first


async def test_only_the_events_that_somebody_wants_are_told() -> None:
    network = sharded()
    numbers(network, 3, "pass")
    wanted: Subscription[EngineEvent] = network.subscribe([NetworkIdle, ActorLogged])

    await run(network)

    assert [type(event) async for event in wanted] == [NetworkIdle]


# Any graph.


@given(plans([kind for kind in KINDS_OF_ACTORS if kind is not PassLater]), st.data())
@settings(max_examples=examples(8), deadline=None)
def test_what_comes_out_of_any_graph_is_what_the_reference_says(
    plan: Plan, data: st.DataObject
) -> None:
    expected = interpret(plan)
    assume(len(plan.nodes) > 1 and all(len(item.messages) <= 2_000 for item in expected.values()))
    graph = plan.network().graph
    owners = {name: data.draw(st.integers(0, 1), name) for name in graph.nodes}
    limits = Limits(message_buffer_size=plan.bound, cycle_growth=1_000_000)
    network = Network(graph=graph, registry=REGISTRY, limits=limits)

    result = asyncio.run(run(network, shards=owners))

    wrong = {
        name: (result.outputs[name], item)
        for name, item in expected.items()
        if not item.fits(result.outputs[name])
    }
    assert wrong == {}
    assert result.status == "completed"
    fed_at_start = {initial.node for initial in graph.initials}
    inports = network.statistics().inports
    assert all(i.high_water <= i.bound for i in inports if i.node not in fed_at_start)
    assert {f"{i.node}.{i.port}": i.depth for i in inports if i.depth} == result.undelivered
