"""A journal has every output before anybody else has it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from engine import Actor, Context, Outputs, Port
from engine.events import MessageSent
from engine.journal import JournalEntry
from engine.limits import Limits
from tests.engine.fakes import chain, network_of

if TYPE_CHECKING:
    from engine import Network
    from engine.journal import JournalRecord


class MemoryJournal:
    """Keeps the entries; each commit lets everybody else run first, as a disk would."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self.commits = 0
        self.gate: asyncio.Event | None = None

    async def commit(self, entries: list[JournalRecord]) -> None:
        if self.gate is not None:
            await self.gate.wait()
        for _ in range(3):
            await asyncio.sleep(0)
        self.commits += 1
        self.entries += [entry for entry in entries if isinstance(entry, JournalEntry)]


class Count(Actor):
    component = "count"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        ctx.state["n"] = ctx.state.get("n", 0) + 1
        return {"out": ctx.inputs["in"]}


class Twice(Actor):
    component = "twice"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Any:
        for _ in range(2):
            yield "out", ctx.inputs["in"]


class Sender(Actor):
    component = "sender"
    inports = (Port("in"),)
    outports = (Port("out"),)

    async def process(self, ctx: Context) -> Outputs:
        await ctx.send("out", ctx.inputs["in"])
        return {"out": ctx.inputs["in"]}


class Many(Actor):
    component = "many"
    inports = (Port("in"),)
    outports = (Port("out"),)
    concurrency = 4

    async def process(self, ctx: Context) -> Outputs:
        number = ctx.inputs["in"]
        for _ in range(number % 3):
            await asyncio.sleep(0)
        return {"out": number}


def _network(journal: MemoryJournal, *components: str, bound: int = 1_000) -> Network:
    network = network_of(
        Count, Twice, Sender, Many, journal=journal, limits=Limits(message_buffer_size=bound)
    )
    chain(network, *components)
    return network


def replay(journal: MemoryJournal, packets: list[Any], links: dict[str, str]) -> dict[str, Any]:
    """What waits at each node, from the entries alone; ``links``: node -> node behind it."""
    waiting: dict[str, deque[Any]] = {"n0": deque(packets)}
    for entry in journal.entries:
        for count in entry.consumed.values():
            for _ in range(count):
                waiting[entry.node].popleft()
        behind = links.get(entry.node)
        if behind is not None:
            box = waiting.setdefault(behind, deque())
            box.extend(message for sent in entry.outputs.values() for message in sent)
    return {node: list(box) for node, box in waiting.items()}


@pytest.mark.parametrize("bound", [1, 3, 1_000])
@pytest.mark.parametrize("component", ["count", "async_pass", "twice", "sender", "many", "fail"])
async def test_the_entries_alone_give_every_mailbox_back(component: str, bound: int) -> None:
    journal = MemoryJournal()
    network = _network(journal, component, "pass", bound=bound)
    packets = list(range(40))
    for number in packets:
        network.add_initial("n0", "in", number)

    async with asyncio.timeout(20):
        result = await network.run()

    times = 2 if component in ("twice", "sender") else 1
    assert result.outputs["result"] == [number for number in packets for _ in range(times)]
    assert replay(journal, packets, {"n0": "n1"}) == {"n0": [], "n1": []}


async def test_nothing_is_delivered_before_it_is_committed() -> None:
    journal = MemoryJournal()
    journal.gate = asyncio.Event()
    network = _network(journal, "pass", "pass")
    network.add_inport("in", "n0", "in")
    sent = network.subscribe([MessageSent])

    async with network:
        await network.send("in", 1)
        for _ in range(50):
            await asyncio.sleep(0)
        before = (network.result().outputs["result"], sent.unread)
        journal.gate.set()
        async with asyncio.timeout(10):
            await network.wait_idle()

    assert before == ([], False)
    assert network.result().outputs["result"] == [1]


async def test_commits_are_grouped() -> None:
    journal = MemoryJournal()
    network = network_of(journal=journal)
    for index in range(30):
        network.add_node(f"n{index}", "pass")
        network.add_initial(f"n{index}", "in", index)

    await network.run()

    assert len(journal.entries) == 30
    assert journal.commits < 10


async def test_the_state_after_a_firing_is_in_its_entry() -> None:
    journal = MemoryJournal()
    network = _network(journal, "count", bound=1)
    network.add_inport("in", "n0", "in")

    async with network:
        for number in range(3):
            await network.send("in", number)
            await network.wait_idle()

    assert [entry.state for entry in journal.entries] == [{"n": 1}, {"n": 2}, {"n": 3}]


async def test_a_failure_is_committed_as_taken() -> None:
    journal = MemoryJournal()
    network = network_of(journal=journal)
    network.add_node("n0", "fail", {"bad": [1]})
    network.add_outport("error", "n0", "error")
    network.add_initial("n0", "in", 1)

    await network.run()

    (entry,) = journal.entries
    assert (entry.consumed, list(entry.outputs)) == ({"in": 1}, ["error"])


async def test_a_join_is_committed_with_one_of_each() -> None:
    journal = MemoryJournal()
    network = network_of(journal=journal)
    network.add_node("n0", "join")
    for port in ("a", "b"):
        for number in range(3):
            network.add_initial("n0", port, number)

    await network.run()

    # Its effect is not declared and so unsafe: each firing is an entry of its own.
    assert [entry.consumed for entry in journal.entries] == [{"a": 1, "b": 1}] * 3


async def test_a_journal_that_fails_ends_the_run() -> None:
    class Broken(MemoryJournal):
        async def commit(self, entries: list[JournalRecord]) -> None:
            raise OSError("the disk is full")

    network = _network(Broken(), "pass", "pass")
    network.add_initial("n0", "in", 1)

    async with asyncio.timeout(10):
        result = await network.run()

    assert (result.status, result.error) == ("failed", "the disk is full")
    assert result.outputs["result"] == []
