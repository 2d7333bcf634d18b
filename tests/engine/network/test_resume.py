"""A run that goes on from any point of its journal ends like one that nothing disturbed."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import Actor, Context, Network, Outputs, Port, Registry, setting
from engine.journal import JournalEntry
from engine.limits import Limits

if TYPE_CHECKING:
    from engine.journal import JournalRecord
    from engine.network import Result

LEDGER: list[tuple[str, str]] = []  # (node, idempotency key) of each firing that began


class Ledgered(Actor):
    """Its subclasses write each firing down, as a service outside would."""

    inports = (Port("in"),)
    outports = (Port("out"),)

    def note(self, ctx: Context) -> Any:
        LEDGER.append((ctx.node_id, ctx.idempotency_key))
        return ctx.inputs["in"]


class Plain(Ledgered):
    component = "plain"
    effect = "none"  # many firings a turn

    def process(self, ctx: Context) -> Outputs:
        return {"out": self.note(ctx)}


class Numbered(Ledgered):
    """Its state shows whether a firing was counted twice, or lost."""

    component = "numbered"

    def process(self, ctx: Context) -> Outputs:
        ctx.state["n"] = ctx.state.get("n", 0) + 1
        return {"out": [self.note(ctx), ctx.state["n"]]}


class Waiting(Ledgered):
    component = "waiting"

    async def process(self, ctx: Context) -> Outputs:
        ctx.state["n"] = ctx.state.get("n", 0) + 1
        await asyncio.sleep(0)
        return {"out": [self.note(ctx), ctx.state["n"]]}


class Crowd(Ledgered):
    component = "crowd"
    concurrency = 3
    stateless = True

    async def process(self, ctx: Context) -> Outputs:
        value = self.note(ctx)
        for _ in range(len(str(value)) % 3):
            await asyncio.sleep(0)
        return {"out": value}


class Thrice(Ledgered):
    component = "thrice"

    def process(self, ctx: Context) -> Any:
        value = self.note(ctx)
        for number in range(3):
            yield "out", [value, number]


class Burst(Ledgered):
    """Gives more at once than its receivers may have room for."""

    component = "burst"

    def process(self, ctx: Context) -> Outputs:
        value = self.note(ctx)
        for number in range(3):
            ctx.emit("out", [value, number])
        return None


class Sends(Ledgered):
    component = "sends"

    async def process(self, ctx: Context) -> Outputs:
        value = self.note(ctx)
        await ctx.send("out", [value, "first"])
        return {"out": [value, "last"]}


class Drops(Ledgered):
    """Fails for every third message; nobody handles it."""

    component = "drops"

    def process(self, ctx: Context) -> Outputs:
        value = self.note(ctx)
        ctx.state["n"] = ctx.state.get("n", 0) + 1
        if ctx.state["n"] % 3 == 0:
            raise ValueError("the third")
        return {"out": value}


class Pairs(Ledgered):
    """Holds one message back; the last one leaves when no more will come."""

    component = "pairs"

    def process(self, ctx: Context) -> Outputs:
        value = self.note(ctx)
        if "held" not in ctx.state:
            ctx.state["held"] = value
            return None
        return {"out": [ctx.state.pop("held"), value]}

    def drain(self, ctx: Context) -> Outputs:
        return {"out": ctx.state.pop("held")} if "held" in ctx.state else None


class Both(Actor):
    component = "both"
    inports = (Port("in"), Port("more"))
    outports = (Port("out"),)
    await_all_inports = True

    def process(self, ctx: Context) -> Outputs:
        LEDGER.append((ctx.node_id, ctx.idempotency_key))
        return {"out": [ctx.inputs["in"], ctx.inputs["more"]]}


class Source(Actor):
    component = "source"
    outports = (Port("out"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        count: int = setting(3)

    def process(self, ctx: Context) -> Any:
        LEDGER.append((ctx.node_id, ctx.idempotency_key))
        for number in range(ctx.config.count):
            yield "out", number % 2  # equal messages: their keys must differ all the same


ACTORS = [Plain, Numbered, Waiting, Crowd, Thrice, Burst, Sends, Drops, Pairs, Both, Source]
CHAINED = [actor.component for actor in ACTORS if actor not in (Both, Source)]


@dataclass(frozen=True)
class Plan:
    """A random network without a cycle. Each inport has one sender, so its order is certain."""

    components: list[str]
    senders: list[list[int]]
    count: int
    bound: int


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    components, senders = ["source"], [list[int]()]
    for number in range(1, draw(st.integers(2, 6))):
        component = draw(st.sampled_from([*CHAINED, "both"]))
        ports = 2 if component == "both" else 1
        components.append(component)
        senders.append([draw(st.integers(0, number - 1)) for _ in range(ports)])
    return Plan(components, senders, draw(st.integers(0, 7)), draw(st.sampled_from([1, 2, 50])))


class Disk:
    """Keeps entries; with ``commits_left`` it fails for good after so many."""

    def __init__(self, commits_left: int | None = None) -> None:
        self.entries: list[JournalRecord] = []
        self._left = commits_left

    async def commit(self, entries: list[JournalRecord]) -> None:
        if self._left == 0:
            raise OSError("killed")
        self._left = None if self._left is None else self._left - 1
        await asyncio.sleep(0)
        self.entries += entries


def network_of(plan: Plan, journal: Disk, resume: list[JournalRecord]) -> Network:
    network = Network(
        registry=Registry(ACTORS),
        limits=Limits(message_buffer_size=plan.bound),
        journal=journal,
        resume=resume,
        run_id="run",
    )
    network.graph.properties["inDoubt"] = "rerun"
    network.add_node("n0", "source", {"count": plan.count})
    for number, component in enumerate(plan.components[1:], 1):
        network.add_node(f"n{number}", component)
        for port, sender in zip(("in", "more"), plan.senders[number], strict=False):
            network.add_connection(f"n{sender}", "out", f"n{number}", port)
    for number in range(len(plan.components)):
        network.add_outport(f"o{number}", f"n{number}", "out")
    return network


async def ran(
    plan: Plan, journal: Disk, resume: list[JournalRecord]
) -> tuple[Result, dict[str, list[str]]]:
    """The result, and the keys of each node's firings in their order."""
    LEDGER.clear()
    async with asyncio.timeout(30):
        result = await network_of(plan, journal, resume).run()
    keys: dict[str, list[str]] = {}
    for node, key in LEDGER:
        keys.setdefault(node, []).append(key)
    return result, keys


def seen(result: Result) -> dict[str, Any]:
    """What must be equal, however often the run was lost."""
    return {
        "outputs": result.outputs,
        "status": result.status,
        "executed": result.nodes_executed,
        "failed": result.nodes_failed,
        "failed_firings": result.failed_firings,
        "errors": Counter((item.node, repr(item.inputs), item.error) for item in result.errors),
        "undelivered": result.undelivered,
    }


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(plan=plans(), data=st.data())
def test_from_any_point_of_its_journal_a_run_ends_like_an_undisturbed_one(
    plan: Plan, data: st.DataObject
) -> None:
    async def check() -> None:
        whole = Disk()
        undisturbed, all_keys = await ran(plan, whole, [])
        point = data.draw(st.integers(0, len(whole.entries)))
        before = whole.entries[:point]
        finished: Counter[str] = Counter()
        for entry in before:
            finished[entry.node] += getattr(entry, "fired", 0)  # an intent has not fired

        resumed, keys = await ran(plan, Disk(), before)

        assert seen(resumed) == seen(undisturbed)
        # No finished firing is run again, and the others have the keys that they had.
        assert {node: Counter(given) for node, given in keys.items()} == {
            node: Counter(given[finished[node] :])
            for node, given in all_keys.items()
            if given[finished[node] :]
        }

    asyncio.run(check())


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
@given(plan=plans(), commits=st.integers(1, 4))
def test_killed_again_and_again_a_run_gets_to_its_end(plan: Plan, commits: int) -> None:
    async def check() -> None:
        undisturbed, all_keys = await ran(plan, Disk(), [])
        kept: list[JournalRecord] = []
        keys: set[str] = set()
        for _ in range(500):
            disk = Disk(commits)
            result, more = await ran(plan, disk, kept)
            kept += disk.entries
            keys.update(key for given in more.values() for key in given)
            if result.code != "engine_error":
                break

        assert seen(result) == seen(undisturbed)
        assert keys == {key for given in all_keys.values() for key in given}

    asyncio.run(check())


@pytest.mark.parametrize("component", CHAINED)
async def test_a_journal_that_is_whole_leaves_nothing_to_do(component: str) -> None:
    plan = Plan(["source", component], [[], [0]], 5, 50)
    whole = Disk()
    undisturbed, _ = await ran(plan, whole, [])

    resumed, keys = await ran(plan, Disk(), whole.entries)

    assert seen(resumed) == seen(undisturbed)
    assert keys == {}


async def test_equal_messages_have_keys_of_their_own_and_a_run_has_its_own_too() -> None:
    plan = Plan(["source", "plain"], [[], [0]], 4, 50)

    _, keys = await ran(plan, Disk(), [])

    assert len(set(keys["n1"])) == 4


@pytest.mark.parametrize("bound", [1, 2])
async def test_where_connections_meet_messages_come_in_the_order_of_the_journal(bound: int) -> None:
    components = ["source", "burst", "plain", "waiting", "numbered"]
    plan = Plan(components, [[], [0], [0], [1], [1]], 7, bound)
    disk = Disk()
    network = network_of(plan, disk, [])
    network.add_connection("n2", "out", "n4", "in")  # beside n1, which also waits for n3

    async with asyncio.timeout(30):
        result = await network.run()

    entries = [entry for entry in disk.entries if isinstance(entry, JournalEntry)]
    senders = [entry for entry in entries if entry.node in ("n1", "n2")]
    sent = [item for entry in senders for item in entry.outputs.get("out", [])]
    assert [value for value, _ in result.outputs["o4"]] == sent
