"""The twenty probes under which the original loses, mixes, freezes or aborts, run here.

Each test has the name of its probe. The figures in the docstrings are what was seen in the
original, release 0.2.9.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from engine import (
    FLOW,
    Actor,
    Context,
    ErrorValue,
    Graph,
    GraphError,
    InputError,
    Network,
    Outputs,
    Port,
    Registry,
    Result,
    setting,
)
from engine.codec import to_json
from engine.events import (
    ActorCompleted,
    ActorFailed,
    EngineEvent,
    MessageReceived,
    MessageSent,
    NetworkIdle,
)
from engine.graph import validate
from engine.limits import Limits
from tests.engine.fakes import ACTORS, Tag, chain, network_of
from tests.engine.measures import memory

DEADLINE = 20  # seconds; each of these ends in a fraction of it, or would never

REGISTRY = Registry(ACTORS)


async def finished(network: Network) -> Result:
    return await asyncio.wait_for(network.run(), DEADLINE)


async def test_join_latest_wins() -> None:
    """There: of a diamond of 5,000, 369 to 1,300 arrived, most of them mispaired."""
    network = network_of()
    network.add_node("source", "numbers", {"count": 5_000})
    network.add_node("fast", "pass")
    network.add_node("slow", "async_pass")
    network.add_node("join", "join")
    network.add_connection("source", "out", "fast", "in")
    network.add_connection("source", "out", "slow", "in")
    network.add_connection("fast", "out", "join", "a")
    network.add_connection("slow", "out", "join", "b")
    network.add_outport("pairs", "join", "out")

    result = await finished(network)

    assert result.outputs == {"pairs": [[number, number] for number in range(5_000)]}


@pytest.mark.parametrize("packets", [51, 52, 5_000])
async def test_iip_52_deadlock(packets: int) -> None:
    """There: the 52nd initial packet to one actor freezes the process, until it is killed."""
    network = network_of(limits=Limits(message_buffer_size=50))
    chain(network, "pass", "async_pass")
    for number in range(packets):
        network.add_initial("n0", "in", number)

    result = await finished(network)

    assert result.outputs == {"result": list(range(packets))}


class Burst(Actor):
    """Send so many messages in one firing, by ``emit``."""

    component = "burst"
    inports = (Port("in", "integer"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        for number in range(ctx.inputs["in"]):
            ctx.emit("out", number)
        return None


class BurstSend(Actor):
    """The same by ``send``, which waits for room."""

    component = "burst_send"
    inports = (Port("in", "integer"),)
    outports = (Port("out"),)

    async def process(self, ctx: Context) -> Outputs:
        for number in range(ctx.inputs["in"]):
            await ctx.send("out", number)
        return None


@pytest.mark.parametrize("component", ["burst", "burst_send"])
async def test_send_burst_threshold_and_burst_send_slow_sink(component: str) -> None:
    """There: 40 messages in one tick work, 100 freeze the process."""
    network = network_of(Burst, BurstSend, limits=Limits(message_buffer_size=50))
    chain(network, component, "async_pass")
    network.add_initial("n0", "in", 5_000)

    result = await finished(network)

    assert result.outputs == {"result": list(range(5_000))}
    (sink,) = (item for item in network.statistics().inports if item.node == "n1")
    assert sink.high_water <= 50


class Halve(Actor):
    """Two messages with one doubling less for each, until there is none left to do."""

    component = "halve"
    inports = (Port("in", "integer"),)
    outports = (Port("again", "integer"), Port("done", "integer"))

    def process(self, ctx: Context) -> Outputs:
        left = ctx.inputs["in"]
        if left == 0:
            return {"done": 1}
        ctx.emit("again", left - 1)
        ctx.emit("again", left - 1)
        return None


@pytest.mark.parametrize("through", ["pass", "async_pass"])
async def test_feedback_loop_ports_and_feedback_loop_two(through: str) -> None:
    """There: 10 seeds doubled to 2,560 in a ring: none arrives, and nothing says so."""
    network = network_of(Halve, limits=Limits(message_buffer_size=20))
    for name in ("first", "second"):
        network.add_node(name, through)
    network.add_node("halve", "halve")
    network.add_connection("halve", "again", "first", "in")
    network.add_connection("first", "out", "second", "in")
    network.add_connection("second", "out", "halve", "in")
    network.add_outport("done", "halve", "done")
    for _ in range(10):
        network.add_initial("first", "in", 8)

    result = await finished(network)

    assert (result.status, result.outputs) == ("completed", {"done": [1] * 2_560})


def _long_document(nodes: int) -> dict[str, Any]:
    graph = Graph("long")
    for number in range(nodes):
        graph.add_node(f"n{number}", "pass")
        if number:
            graph.add_connection(f"n{number - 1}", "out", f"n{number}", "in")
    graph.add_initial("n0", "in", "there")
    return graph.to_dict()


async def test_graph_1000_limit_and_graph_from_json_1000() -> None:
    """There: the 1,001st ``add_node``, or 1,000 elements in a document, block for ever."""
    document = _long_document(3_000)

    graph = Graph.from_json(document)
    result = await finished(Network.from_graph(graph, registry=REGISTRY))

    assert (len(graph.nodes), len(graph.connections)) == (3_000, 2_999)
    assert result.outputs == {"n2999.out": ["there"]}


def test_from_graph_plain() -> None:
    """There: ``Network.from_graph`` outside of an event loop aborts the interpreter."""
    network = Network.from_graph(Graph.from_json(_long_document(3)), registry=REGISTRY)

    result = asyncio.run(network.run())

    assert result.outputs == {"n2.out": ["there"]}


async def test_unknown_node_connection() -> None:
    """There: ``start()`` aborts the interpreter."""
    network = network_of()
    for name in ("read", "write"):
        network.add_node(name, "pass")
    network.add_connection("read", "out", "wirte", "in")

    with pytest.raises(GraphError) as caught:
        await network.start()

    assert str(caught.value) == (
        "connection read.out -> wirte.in: there is no node 'wirte' (did you mean 'write'?)"
    )


async def test_from_json_without_name() -> None:
    """There: a document whose properties have no name aborts the interpreter."""
    document = _long_document(2)
    document["properties"] = {}

    graph = Graph.from_json(document)
    result = await finished(Network.from_graph(graph, registry=REGISTRY))

    assert graph.name == ""
    assert result.outputs == {"n1.out": ["there"]}


async def test_unconnected_outport() -> None:
    """There: of 200 messages to an actor whose outport leads nowhere, 51 are processed."""
    network = network_of(limits=Limits(message_buffer_size=50))
    network.add_node("source", "numbers", {"count": 200})
    network.add_node("alone", "pass")
    network.add_node("other", "pass")
    network.add_connection("source", "out", "alone", "in")
    network.add_outport("other", "other", "out")  # so that nothing collects from alone
    network.add_initial("other", "in", 1)
    completed = network.subscribe([ActorCompleted])

    await finished(network)

    assert sum([event.count async for event in completed if event.node == "alone"]) == 200


class EmitThree(Actor):
    component = "emit_three"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        for number in (1, 2, 3):
            ctx.emit("out", number)
        return None


async def test_emit_twice_same_port() -> None:
    """There: of three messages emitted on one port only the last arrives."""
    network = network_of(EmitThree)
    chain(network, "emit_three", "pass")
    network.add_initial("n0", "in", FLOW)

    result = await finished(network)

    assert result.outputs == {"result": [1, 2, 3]}


async def test_events_emitted_and_exception_drops_message() -> None:
    """There: NetworkIdle, ActorCompleted and ActorFailed never come; 5 of 50 vanish in silence."""
    network = network_of()
    bad = list(range(0, 50, 10))
    network.add_node("source", "numbers", {"count": 50})
    network.add_node("fail", "fail", {"bad": bad})
    network.add_connection("source", "out", "fail", "in")
    network.add_outport("good", "fail", "out")
    events: list[EngineEvent] = []

    result = await asyncio.wait_for(network.run(on_event=events.append), DEADLINE)

    failed = [event.error for event in events if isinstance(event, ActorFailed)]
    completed = [e.count for e in events if isinstance(e, ActorCompleted) and e.node == "fail"]
    assert result.outputs == {"good": [number for number in range(50) if number not in bad]}
    assert failed == [f"bad {number}" for number in bad]
    assert [letter.inputs for letter in result.errors] == [{"in": number} for number in bad]
    assert sum(completed) == 45
    assert len([event for event in events if isinstance(event, NetworkIdle)]) == 1


async def test_event_second_subscriber() -> None:
    """There: two subscribers share the events, 11 for each of 22."""
    network = network_of()
    chain(network, "pass", "pass")
    for number in range(22):
        network.add_initial("n0", "in", number)
    first, second = network.subscribe(), network.subscribe()

    await finished(network)

    seen = [event async for event in first]
    assert seen == [event async for event in second]
    assert len([event for event in seen if isinstance(event, MessageSent)]) == 22


class Blobs(Actor):
    """So many messages of 10 kB, each of them another text."""

    component = "blobs"
    outports = (Port("out", "string"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        count: int = setting(20_000)

    def process(self, ctx: Context) -> Any:
        for number in range(ctx.config.count):
            yield "out", f"{number:010000d}"


class Forget(Actor):
    component = "forget"
    inports = (Port("in"),)

    def process(self, ctx: Context) -> Outputs:
        return None


@pytest.mark.parametrize("subscribed", [False, True])
async def test_events_memory(subscribed: bool) -> None:
    """There: 20,000 messages of 10 kB leave 296 MB of events that nobody reads."""
    network = network_of(Blobs, Forget, limits=Limits(message_buffer_size=50))
    network.add_node("blobs", "blobs")
    network.add_node("forget", "forget")
    network.add_connection("blobs", "out", "forget", "in")
    unread = network.subscribe() if subscribed else None

    with memory() as used:
        result = await finished(network)

    assert result.status == "completed"
    assert (unread is None) or (unread.dropped > 0)
    assert used.peak < 32 * 1024 * 1024


async def test_events_sample_types() -> None:
    """There: an event shows Flow as "flow", Error "e" as "e", Bytes as a list or as [binary]."""
    messages = [FLOW, "flow", ErrorValue("e"), "e", b"\x01\x02", [1, 2], 1, 1.0, True]
    network = network_of()
    chain(network, "pass", "pass")
    for message in messages:
        network.add_initial("n0", "in", message)
    received = network.subscribe([MessageReceived])
    sent = network.subscribe([MessageSent])

    await finished(network)

    tagged = [to_json(message) for message in messages]
    assert [to_json(event.message) async for event in received] == tagged
    assert [to_json(event.message) async for event in sent] == tagged
    assert len(set(tagged)) == len(messages)


async def test_shutdown_drains() -> None:
    """There: ``shutdown()`` returns with 3 of 40 processed; the others are processed after it."""
    begun, go_on = asyncio.Event(), asyncio.Event()
    processed: list[int] = []

    class Wait(Actor):
        component = "wait"
        inports = (Port("in"),)

        async def process(self, ctx: Context) -> Outputs:
            begun.set()
            await go_on.wait()
            processed.append(ctx.inputs["in"])
            return None

    network = network_of(Wait)
    network.add_node("wait", "wait")
    for number in range(40):
        network.add_initial("wait", "in", number)
    await network.start()
    await asyncio.wait_for(begun.wait(), DEADLINE)

    asyncio.get_running_loop().call_soon(go_on.set)
    await asyncio.wait_for(network.shutdown(), DEADLINE)
    at_return = list(processed)
    for _ in range(100):
        await asyncio.sleep(0)

    assert processed == at_return == [0]
    assert sum(network.result().undelivered.values()) == 39


async def test_inject_after_start_by_send() -> None:
    """There: nothing can be sent into a running network."""
    network = network_of()
    chain(network, "pass", "async_pass")
    network.add_inport("in", "n0", "in")
    network.add_initial("n0", "in", 0)

    async with network, asyncio.timeout(DEADLINE):
        await network.wait_idle()
        await network.send("in", 1)
        await network.wait_idle()

    assert network.result().outputs == {"result": [0, 1]}


async def test_inject_after_start_by_add_initial() -> None:
    """There: the packet is ignored, and delivered when the network is started again."""
    network = network_of()
    chain(network, "pass", "async_pass")
    network.add_initial("n0", "in", 0)

    async with network, asyncio.timeout(DEADLINE):
        await network.wait_idle()
        network.add_initial("n0", "in", 1)
        await network.wait_idle()

    assert network.result().outputs == {"result": [0, 1]}


async def test_blocking_actor_starves() -> None:
    """There: as many blocking actors as cores hold up everything else; a pair came 1.5 s late."""
    release = threading.Event()

    class Block(Actor):
        component = "block"
        inports = (Port("in"),)
        outports = (Port("out"),)
        blocking = True

        def process(self, ctx: Context) -> Outputs:
            return {"out": release.wait(DEADLINE)}

    class Free(Actor):
        """Ends what the blocking ones wait for: they can only end after it has run."""

        component = "free"
        inports = (Port("in"),)
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Outputs:
            release.set()
            return {"out": "free"}

    network = network_of(Block, Free)
    for name in ("block1", "block2", "block3", "block4"):
        network.add_node(name, "block")
        network.add_initial(name, "in", FLOW)
    network.add_node("pair", "async_pass")
    network.add_node("free", "free")
    network.add_connection("pair", "out", "free", "in")
    network.add_initial("pair", "in", FLOW)

    result = await finished(network)

    blocked = {f"block{number}.out": [True] for number in (1, 2, 3, 4)}
    assert result.outputs == {**blocked, "free.out": ["free"]}


async def test_docs_hello_world_and_async_run() -> None:
    """There: the documented stream of events is not iterable, and ``async`` is never awaited."""

    class Hello(Actor):
        component = "hello"
        inports = (Port("name", "string"),)
        outports = (Port("greeting", "string"),)

        async def process(self, ctx: Context) -> Outputs:
            return {"greeting": f"Hello, {ctx.inputs['name']}!"}

    network = Network(registry=Registry([Hello]))
    network.add_node("hello", "hello")
    network.add_initial("hello", "name", "World")
    events = network.subscribe()

    result = await finished(network)

    names = [event.type async for event in events]
    assert result.outputs == {"hello.greeting": ["Hello, World!"]}
    assert (names[0], names[-1]) == ("Started", "NetworkShutdown")


async def test_same_template_two_nodes_state() -> None:
    """There: two nodes of one template are one Python object."""

    class CountOnSelf(Actor):
        component = "count_on_self"
        inports = (Port("in"),)
        outports = (Port("out"),)
        count = 0

        def process(self, ctx: Context) -> Outputs:
            self.count += 1
            ctx.state["count"] = ctx.state.get("count", 0) + 1
            return {"out": [self.count, ctx.state["count"]]}

    network = network_of(CountOnSelf)
    chain(network, "count_on_self", "count_on_self")
    for _ in range(3):
        network.add_initial("n0", "in", FLOW)

    result = await finished(network)

    assert result.outputs == {"result": [[1, 1], [2, 2], [3, 3]]}


async def test_unknown_port_initial() -> None:
    """There: undeclared inports are accepted, and settings that no actor has."""
    network = network_of()
    network.add_node("tag", "tag", {"nam": "x"})
    network.add_initial("tag", "inn", 1)

    with pytest.raises(GraphError) as caught:
        await network.start()
    with pytest.raises(InputError, match="nobody"):
        await network_of().run({"nobody": 1})

    assert [(problem.code, problem.hint) for problem in caught.value.problems] == [
        ("config_invalid", ""),
        ("unknown_inport", "did you mean 'in'?"),
        ("config_invalid", "did you mean 'name'?"),
    ]


def test_graph_load_acceptance_and_graph_full() -> None:
    """There: loading drops unknown keys, port names, port types and connections of no node."""
    document = _document_with_unknown_keys()

    graph = Graph.from_json(document)

    assert graph.to_dict() == document
    assert [(p.severity, str(p)) for p in validate(graph, Registry([Tag]))] == [
        (
            "warning",
            "node 'tag': config.nmae: is not a setting of this component (did you mean 'name'?)",
        ),
        ("error", "connection gone.out -> tag.in: there is no node 'gone' (one of: tag)"),
    ]


def _document_with_unknown_keys() -> dict[str, Any]:
    graph = Graph("kept")
    graph.add_node("tag", "tag", {"name": "x", "nmae": "y", "author": "me"})
    graph.add_connection("gone", "out", "tag", "in")
    graph.add_inport("in", "tag", "in", "string")
    document = graph.to_dict()
    document["workspace"] = {"zoom": 2}
    document["processes"]["tag"]["position"] = [1, 2]
    document["connections"][0]["to"]["portName"] = "IN"
    return document
