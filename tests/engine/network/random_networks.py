"""Random graphs of all kinds of actors, and a simple interpreter that says what must come out."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from engine import Actor, Context, ErrorValue, Network, Outputs, Port, Registry
from engine.limits import Limits
from tests.engine.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def number(message: Any) -> int:
    """Any message of these graphs as a small number."""
    if isinstance(message, ErrorValue):
        return len(message.message)
    if isinstance(message, list):
        return sum(map(number, message)) % 97
    return int(message)


class One(Actor):
    """Sends ``sends(message)``, by ``process``."""

    inports = (Port("in"),)
    outports = (Port("out"),)

    @staticmethod
    def sends(message: Any) -> list[Any]:
        return [message]

    def process(self, ctx: Context) -> Any:
        for message in self.sends(ctx.inputs["in"]):
            ctx.emit("out", message)


class Pass(One):
    component = "pass"

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"]}


class PassBlocking(Pass):
    component = "pass_blocking"
    blocking = True


class PassLater(One):
    """Delayed on the network's clock."""

    component = "pass_later"

    async def process(self, ctx: Context) -> Outputs:
        await ctx.sleep(number(ctx.inputs["in"]) % 3)
        return {"out": ctx.inputs["in"]}


class PassConcurrently(One):
    component = "pass_concurrently"
    concurrency = 3

    async def process(self, ctx: Context) -> Outputs:
        message = ctx.inputs["in"]
        for _ in range(number(message) % 4):
            await asyncio.sleep(0)
        return {"out": message}


class PassUnordered(PassConcurrently):
    component = "pass_unordered"
    ordered = False


class Increment(Actor):
    component = "increment"
    inports = (Port("in"),)
    outports = (Port("out"),)

    @staticmethod
    def sends(message: Any) -> list[Any]:
        return [number(message) + 1]

    def process_value(self, value: Any) -> Any:
        return number(value) + 1


class IncrementAll(Actor):
    component = "increment_all"
    inports = (Port("in"),)
    outports = (Port("out"),)
    sends = staticmethod(Increment.sends)

    def process_batch(self, values: list[Any]) -> list[Any]:
        return [number(value) + 1 for value in values]


class Repeat(One):
    """Twice, by ``emit``."""

    component = "repeat"

    @staticmethod
    def sends(message: Any) -> list[Any]:
        return [message, number(message) + 10]


class RepeatYield(Repeat):
    component = "repeat_yield"

    def process(self, ctx: Context) -> Any:
        for message in self.sends(ctx.inputs["in"]):
            yield "out", message


class RepeatYieldLater(Repeat):
    component = "repeat_yield_later"

    async def process(self, ctx: Context) -> Any:
        for message in self.sends(ctx.inputs["in"]):
            await asyncio.sleep(0)
            yield "out", message


class RepeatSend(Repeat):
    component = "repeat_send"

    async def process(self, ctx: Context) -> None:
        for message in self.sends(ctx.inputs["in"]):
            await ctx.send("out", message)


class DropOdd(One):
    component = "drop_odd"

    @staticmethod
    def sends(message: Any) -> list[Any]:
        return [] if number(message) % 2 else [message]


class FailOnThree(Actor):
    component = "fail_on_three"
    inports = (Port("in"),)
    outports = (Port("out"), Port("error", "error"))

    def process(self, ctx: Context) -> Outputs:
        if number(ctx.inputs["in"]) % 3 == 0:
            raise ValueError("x" * number(ctx.inputs["in"]) or "none")
        return {"out": ctx.inputs["in"]}


class FailOnThreeAsync(FailOnThree):
    component = "fail_on_three_async"

    async def process(self, ctx: Context) -> Outputs:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().process(ctx)


class Join(Actor):
    component = "join"
    inports = (Port("a"), Port("b"))
    outports = (Port("out"),)
    await_all_inports = True

    def process(self, ctx: Context) -> Outputs:
        return {"out": [number(ctx.inputs["a"]), number(ctx.inputs["b"])]}


class JoinAsync(Join):
    component = "join_async"

    async def process(self, ctx: Context) -> Outputs:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().process(ctx)


class Countdown(Actor):
    """Round again until the number is one of eight."""

    component = "countdown"
    inports = (Port("in"),)
    outports = (Port("out"), Port("again"))

    def process(self, ctx: Context) -> Outputs:
        left = number(ctx.inputs["in"])
        return {"again": left - 1} if left % 8 else {"out": left}


KINDS: list[Any] = [
    *(Pass, PassBlocking, PassLater, PassConcurrently, PassUnordered, Increment, IncrementAll),
    *(Repeat, RepeatYield, RepeatYieldLater, RepeatSend, DropOdd),
    *(FailOnThree, FailOnThreeAsync, Join, JoinAsync, Countdown),
]
REGISTRY = Registry(KINDS)


@dataclass(frozen=True)
class Feed:
    """An earlier node's outport."""

    node: int
    port: str


@dataclass(frozen=True)
class NodePlan:
    kind: Any
    feeds: tuple[tuple[Feed, ...], ...]  # of each inport; none: initial packets


@dataclass(frozen=True)
class Plan:
    nodes: tuple[NodePlan, ...]
    packets: int
    bound: int
    seed: int | None

    def network(self) -> Network:
        """Every outport of every node is an outport of the graph."""
        limits = Limits(message_buffer_size=self.bound, cycle_growth=1_000_000)
        network = Network(registry=REGISTRY, clock=FakeClock(), limits=limits, seed=self.seed)
        network.graph.properties["onError"] = "ignore"
        for index, node in enumerate(self.nodes):
            name = f"n{index}"
            network.add_node(name, node.kind.component)
            for port in node.kind.outports:
                network.add_outport(f"{name}.{port.name}", name, port.name)
            for port, feeds in zip(node.kind.inports, node.feeds, strict=True):
                for feed in feeds:
                    network.add_connection(f"n{feed.node}", feed.port, name, port.name)
                for packet in range(0 if feeds else self.packets):
                    network.add_initial(name, port.name, packet)
            if node.kind is Countdown:
                network.add_connection(name, "again", name, "in")
        return network


NO_FEED = st.just(list[Feed]())


@st.composite
def plans(draw: st.DrawFn, kinds: Sequence[Any] = tuple(KINDS)) -> Plan:
    nodes: list[NodePlan] = []
    offered: list[Feed] = []
    for index in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(kinds))
        feeds = st.lists(st.sampled_from(offered), unique=True, max_size=2) if offered else NO_FEED
        nodes.append(NodePlan(kind, tuple(tuple(draw(feeds)) for _ in kind.inports)))
        offered += [Feed(index, port.name) for port in kind.outports if port.name != "again"]
    return Plan(
        tuple(nodes),
        draw(st.integers(0, 25)),
        draw(st.sampled_from([1, 2, 3, 10, 1_000])),
        draw(st.none() | st.integers(0, 1_000)),
    )


# The interpreter.


def fired(kind: Any, arrived: Sequence[Iterable[Any]]) -> dict[str, list[Any]]:
    """What a node sends for what has arrived at each of its inports, in order."""
    if issubclass(kind, Join):
        pairs = zip(*arrived, strict=False)
        return {"out": [[number(one), number(other)] for one, other in pairs]}
    (messages,) = arrived
    if issubclass(kind, FailOnThree):
        bad = [number(message) for message in messages if number(message) % 3 == 0]
        good = [message for message in messages if number(message) % 3]
        return {"out": good, "error": [ErrorValue("x" * length or "none") for length in bad]}
    if kind is Countdown:
        numbers = [number(message) for message in messages]
        return {
            "out": [left for left in numbers if left % 8 == 0],
            "again": [left - 1 for left in numbers if left % 8],
        }
    return {"out": [sent for message in messages for sent in kind.sends(message)]}


@dataclass(frozen=True)
class Expected:
    """Of one outport: the messages, in any order if it is ``loose``."""

    messages: list[Any]
    loose: bool

    def fits(self, found: list[Any]) -> bool:
        if self.loose:
            return Counter(map(repr, found)) == Counter(map(repr, self.messages))
        return found == self.messages


def interpret(plan: Plan) -> dict[str, Expected]:
    """Outports by name; those behind a join of loose streams cannot be told, and are left out."""
    told: dict[str, Expected] = {}
    for index, node in enumerate(plan.nodes):
        arrived = [_arrivals(plan, feeds, told) for feeds in node.feeds]
        if any(item is None for item in arrived):
            continue
        streams = [item for item in arrived if item is not None]
        loose = any(item.loose for item in streams)
        if loose and issubclass(node.kind, Join):
            continue
        if node.kind is Countdown:
            streams = [Expected(_all_rounds(streams[0].messages), loose=True)]
        loose = loose or node.kind in (PassUnordered, Countdown)
        for port, sent in fired(node.kind, [item.messages for item in streams]).items():
            told[f"n{index}.{port}"] = Expected(sent, loose)
    return told


def _arrivals(plan: Plan, feeds: tuple[Feed, ...], told: dict[str, Expected]) -> Expected | None:
    if not feeds:
        return Expected(list(range(plan.packets)), loose=False)
    streams = [told.get(f"n{feed.node}.{feed.port}") for feed in feeds]
    if any(stream is None for stream in streams):
        return None
    known = [stream for stream in streams if stream is not None]
    messages = [message for stream in known for message in stream.messages]
    return Expected(messages, loose=len(known) > 1 or known[0].loose)


def _all_rounds(messages: list[Any]) -> list[int]:
    """What arrives at a countdown in the end: each number, and all that it becomes."""
    return [left for message in messages for left in _rounds(number(message))]


def _rounds(first: int) -> list[int]:
    return list(range(first, first - first % 8 - 1, -1))
