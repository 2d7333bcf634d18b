"""An unsafe firing that was cut off is run again, skipped, or done as somebody decided."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import Actor, Context, Network, Outputs, Port, Registry
from engine.events import FiringInDoubt
from engine.graph import validate
from engine.journal import Decision, Intent, JournalEntry, Verdict
from engine.network.doubts import in_doubt

if TYPE_CHECKING:
    from engine.journal import JournalRecord
    from engine.network import Result

LEDGER: list[tuple[str, str]] = []  # (node, key) of each effect, kept outside


class Acts(Actor):
    inports = (Port("in"),)
    outports = (Port("out"),)
    effect = "unsafe"

    def act(self, ctx: Context) -> Any:
        LEDGER.append((ctx.node_id, ctx.idempotency_key))
        return ctx.inputs["in"]


class Plain(Acts):
    component = "plain"

    def process(self, ctx: Context) -> Outputs:
        return {"out": self.act(ctx)}


class Awaits(Acts):
    component = "awaits"

    async def process(self, ctx: Context) -> Outputs:
        await asyncio.sleep(0)
        return {"out": self.act(ctx)}


class Crowd(Acts):
    component = "crowd"
    concurrency = 3

    async def process(self, ctx: Context) -> Outputs:
        value = self.act(ctx)
        for _ in range(value % 3):
            await asyncio.sleep(0)
        return {"out": value}


class Sends(Acts):
    component = "sends"

    async def process(self, ctx: Context) -> Outputs:
        value = self.act(ctx)
        await ctx.send("out", value)
        return {"out": value}


class Yields(Acts):
    component = "yields"

    def process(self, ctx: Context) -> Any:
        value = self.act(ctx)
        yield "out", value
        ctx.emit("out", value)


class YieldsLater(Acts):
    component = "yields_later"

    async def process(self, ctx: Context) -> Any:
        yield "out", self.act(ctx)


class Keyed(Plain):
    component = "keyed"
    effect = "keyed"


ACTORS = [Plain, Awaits, Crowd, Sends, Yields, YieldsLater, Keyed]
NAMES = [actor.component for actor in ACTORS]


class Disk:
    """Keeps records; with ``commits`` it fails for good after so many."""

    def __init__(self, commits: int | None = None) -> None:
        self.records: list[JournalRecord] = []
        self._left = commits

    async def commit(self, entries: list[JournalRecord]) -> None:
        if self._left == 0:
            raise OSError("killed")
        self._left = None if self._left is None else self._left - 1
        await asyncio.sleep(0)
        self.records += entries


def network_of(
    components: list[str], policy: str, disk: Disk, resume: list[JournalRecord], **options: Any
) -> Network:
    """A chain; of a second sender into its first node there is none, so its order is certain."""
    network = Network(
        registry=Registry(ACTORS), journal=disk, resume=resume, run_id="run", **options
    )
    network.graph.properties["inDoubt"] = policy
    for number, component in enumerate(components):
        network.add_node(f"n{number}", component)
        if number:
            network.add_connection(f"n{number - 1}", "out", f"n{number}", "in")
    for value in range(4):
        network.add_initial("n0", "in", value % 3)
    network.add_outport("out", f"n{len(components) - 1}", "out")
    return network


async def cut_off(components: list[str], commits: int) -> list[JournalRecord]:
    """What the journal holds after the worker was killed at this commit."""
    disk = Disk(commits)
    async with asyncio.timeout(20):
        await network_of(components, "ask", disk, []).run()
    return disk.records


async def resumed(
    components: list[str], policy: str, records: list[JournalRecord], **options: Any
) -> Result:
    async with asyncio.timeout(20):
        return await network_of(components, policy, Disk(), records, **options).run()


chains = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)
EASY = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)


def effects() -> Counter[tuple[str, str]]:
    return Counter(item for item in LEDGER)


@EASY
@given(components=chains, commits=st.integers(0, 30))
def test_rerun_has_every_effect_at_least_once(components: list[str], commits: int) -> None:
    async def check() -> None:
        LEDGER.clear()
        whole = await resumed(components, "ask", [])
        wanted = set(LEDGER)
        LEDGER.clear()
        records = await cut_off(components, commits)

        result = await resumed(components, "rerun", records)

        assert set(LEDGER) == wanted
        assert result.outputs == whole.outputs
        doubtful = set(in_doubt(records))
        twice = {key for (node, key), count in effects().items() if count > 1}
        keyed = {f"n{i}" for i, name in enumerate(components) if name == "keyed"}
        safe = {key for node, key in LEDGER if node in keyed}
        assert twice <= doubtful | safe

    asyncio.run(check())


@EASY
@given(components=chains, commits=st.integers(0, 30))
def test_skip_has_every_unsafe_effect_at_most_once(components: list[str], commits: int) -> None:
    async def check() -> None:
        LEDGER.clear()
        records = await cut_off(components, commits)
        doubtful = in_doubt(records)

        result = await resumed(components, "skip", records)

        keyed = {f"n{i}" for i, name in enumerate(components) if name == "keyed"}
        assert all(count == 1 for (node, _), count in effects().items() if node not in keyed)
        assert result.status == "completed"
        assert Counter((item.node, item.code) for item in result.errors) == Counter(
            (intent.node, "in_doubt") for intent in doubtful.values()
        )

    asyncio.run(check())


@EASY
@given(components=chains, commits=st.integers(0, 30), data=st.data())
def test_asked_it_does_what_was_decided_for_each(
    components: list[str], commits: int, data: st.DataObject
) -> None:
    async def check() -> None:
        LEDGER.clear()
        records = await cut_off(components, commits)
        doubtful = in_doubt(records)
        before = effects()

        asked = await resumed(components, "ask", records)

        if not doubtful:
            return
        assert effects() == before  # nothing goes on before the decision
        assert (asked.status, asked.code) == ("waiting", "in_doubt")
        assert {intent.key for intent in asked.in_doubt} == set(doubtful)
        decisions = {
            key: Decision(data.draw(st.sampled_from(list(Verdict))), {"out": [7]})
            for key in doubtful
        }
        result = await resumed(components, "ask", records, decisions=decisions)
        assert result.status == "completed"
        after = Counter(key for _, key in LEDGER)
        done = Counter({key: count for (_, key), count in before.items()})
        for key, decision in decisions.items():
            again = decision.verdict is Verdict.RERUN
            assert after[key] == done[key] + again

    asyncio.run(check())


async def test_a_firing_is_in_the_journal_before_it_begins_and_ends_there() -> None:
    LEDGER.clear()
    disk = Disk()

    await network_of(["plain"], "ask", disk, []).run()

    kinds = [type(record) for record in disk.records]
    assert kinds == [Intent, JournalEntry] * 4
    intents = [record.key for record in disk.records if isinstance(record, Intent)]
    closed = [record.closes for record in disk.records if isinstance(record, JournalEntry)]
    assert intents == closed == [key for _, key in LEDGER]
    assert not in_doubt(disk.records)


async def test_what_is_not_unsafe_is_not_announced() -> None:
    disk = Disk()

    await network_of(["keyed"], "ask", disk, []).run()

    assert {type(record) for record in disk.records} == {JournalEntry}


@pytest.mark.parametrize(("said", "announced"), [("ask", 4), ("skip", 4), ("rerun", 0)])
async def test_a_keyed_node_may_distrust_its_service(said: str, announced: int) -> None:
    LEDGER.clear()
    disk = Disk()
    network = Network(registry=Registry(ACTORS), journal=disk)
    network.add_node("a", "keyed", {"policy": {"inDoubt": said}})
    for number in range(4):
        network.add_initial("a", "in", number)

    await network.run()

    assert sum(isinstance(record, Intent) for record in disk.records) == announced
    assert len(LEDGER) == 4


@pytest.mark.parametrize(("effect", "codes"), [("none", ["policy_unused"]), ("keyed", [])])
def test_a_policy_about_doubts_that_nobody_can_have_is_a_warning(
    effect: str, codes: list[str]
) -> None:
    class Declares(Plain):
        component = "declares"

    Declares.effect = effect
    network = Network(registry=Registry([Declares]))
    network.add_node("a", "declares", {"policy": {"inDoubt": "ask"}})
    network.add_initial("a", "in", 1)

    assert [item.code for item in validate(network.graph, network.registry)] == codes


async def test_firings_in_flight_share_commits() -> None:
    disk = Disk()
    commits = 0

    class Counting(Disk):
        async def commit(self, entries: list[JournalRecord]) -> None:
            nonlocal commits
            commits += 1
            await disk.commit(entries)

    network = Network(registry=Registry(ACTORS), journal=Counting())
    for number in range(20):
        network.add_node(f"n{number}", "plain")
        network.add_initial(f"n{number}", "in", number)

    await network.run()

    assert len(disk.records) == 40
    assert commits <= 8


async def test_the_event_says_what_the_policy_makes_of_it() -> None:
    records = await cut_off(["plain"], 1)
    network = network_of(["plain"], "skip", Disk(), records)
    events: list[FiringInDoubt] = []

    await network.run(on_event=lambda e: events.append(e) if isinstance(e, FiringInDoubt) else None)

    assert [(event.node, event.action, event.by) for event in events] == [("n0", "skip", "")]


@pytest.mark.parametrize(
    ("component", "policy", "codes"),
    [
        ("plain", {"retry": {"attempts": 2}}, ["retry_unsafe"]),
        ("plain", {"retry": {"attempts": 2}, "inDoubt": "rerun"}, []),
        ("keyed", {"retry": {"attempts": 2}}, []),
        ("yields", {"inDoubt": "skip"}, []),
        (
            "yields",
            {"inDoubt": "skip", "retry": {"attempts": 2}},
            ["policy_invalid", "retry_unsafe"],
        ),
        ("plain", {"inDoubt": "maybe"}, ["policy_invalid"]),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(
    component: str, policy: dict[str, Any], codes: list[str]
) -> None:
    network = Network(registry=Registry(ACTORS))
    network.add_node("a", component, {"policy": policy})
    network.add_initial("a", "in", 1)

    problems = validate(network.graph, network.registry)

    assert [item.code for item in problems if item.severity == "error"] == codes


def test_a_policy_of_the_graph_that_is_none_is_refused() -> None:
    network = Network(registry=Registry(ACTORS))
    network.add_node("a", "plain")
    network.add_initial("a", "in", 1)
    network.graph.properties["inDoubt"] = "reru"

    (problem,) = [p for p in validate(network.graph, network.registry) if p.severity == "error"]

    assert (problem.code, problem.hint) == ("policy_invalid", "did you mean 'rerun'?")


class Remembers(Actor):
    component = "remembers"
    inports = (Port("in"),)

    def process(self, ctx: Context) -> Outputs:
        self.last = ctx.inputs["in"]
        return None


class Undeclared(Actor):
    component = "undeclared"
    inports = (Port("in"),)

    def process(self, ctx: Context) -> Outputs:
        return None


def test_what_no_journal_has_is_warned_of() -> None:
    network = Network(registry=Registry([Remembers, Undeclared]))
    network.add_node("a", "remembers")
    network.add_node("b", "undeclared", {"policy": {"retry": {"attempts": 2}}})
    for node in ("a", "b"):
        network.add_initial(node, "in", 1)

    found = {item.node: item.code for item in validate(network.graph, network.registry)}
    network.graph.properties |= {"resume": "restart", "inDoubt": "skip"}
    at_restart = {item.code for item in validate(network.graph, network.registry)}

    assert found == {"a": "state_outside", "b": "retry_unsafe"}
    assert "policy_unused" in at_restart
    assert "state_outside" not in at_restart


class Wrong(Actor):
    """Its result is no message."""

    component = "wrong"
    inports = (Port("in"),)
    outports = (Port("out"),)
    effect = "none"

    def process(self, ctx: Context) -> Outputs:
        if ctx.inputs["in"] == 1:
            raise ValueError("no")
        return {"out": object()} if ctx.inputs["in"] == 2 else None


class WrongValue(Actor):
    component = "wrong_value"
    inports = (Port("in"),)
    outports = (Port("out"),)
    effect = "none"

    def process_value(self, value: Any) -> Any:
        if value == 1:
            raise ValueError("no")
        return object() if value == 2 else value


class WrongLater(Wrong):
    component = "wrong_later"

    async def process(self, ctx: Context) -> Outputs:  # type: ignore[override]
        return super().process(ctx)


@pytest.mark.parametrize("component", ["wrong", "wrong_value", "wrong_later"])
async def test_a_result_that_is_no_message_fails_with_what_the_firing_had_been_given(
    component: str,
) -> None:
    network = Network(registry=Registry([Wrong, WrongValue, WrongLater]))
    network.add_node("a", component)
    for value in range(4):
        network.add_initial("a", "in", value)

    result = await network.run()

    assert [dict(item.inputs) for item in result.errors] == [{"in": 1}, {"in": 2}]
