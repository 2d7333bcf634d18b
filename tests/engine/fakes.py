"""Actors and a clock for tests of the engine."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from engine import Actor, Context, Network, Outputs, Port, Registry, setting


class FakeClock:
    """Time that passes only when somebody sleeps, and then at once."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


class Double(Actor):
    component = "double"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"] * 2}


class Pass(Actor):
    component = "pass"
    inports = (Port("in"),)
    outports = (Port("out"),)
    effect = "none"

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"]}


class AsyncPass(Actor):
    component = "async_pass"
    inports = (Port("in"),)
    outports = (Port("out"),)

    async def process(self, ctx: Context) -> Outputs:
        await asyncio.sleep(0)
        return {"out": ctx.inputs["in"]}


class Increment(Actor):
    component = "increment"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)

    def process_value(self, value: int) -> int:
        return value + 1


class IncrementAll(Actor):
    component = "increment_all"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)

    def process_batch(self, values: list[int]) -> list[int]:
        return [value + 1 for value in values]


class Numbers(Actor):
    """0, 1, 2 ... ``count`` of them, pulled as there is room."""

    component = "numbers"
    outports = (Port("out", "integer"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        count: int = setting(10)

    def process(self, ctx: Context) -> Any:
        for number in range(ctx.config.count):
            yield "out", number


class Fail(Actor):
    """Raise for every message that is in ``bad``; send the others on."""

    component = "fail"
    inports = (Port("in"),)
    outports = (Port("out"), Port("error", "error"))

    @dataclass(frozen=True, slots=True)
    class Config:
        bad: list[Any] = setting([])

    def process(self, ctx: Context) -> Outputs:
        value = ctx.inputs["in"]
        if value in ctx.config.bad:
            raise ValueError(f"bad {value}")
        return {"out": value}


class Join(Actor):
    component = "join"
    inports = (Port("a"), Port("b"))
    outports = (Port("out"),)
    await_all_inports = True

    def process(self, ctx: Context) -> Outputs:
        return {"out": [ctx.inputs["a"], ctx.inputs["b"]]}


class JoinAny(Join):
    """What its connected inports hold, as an object."""

    component = "join_any"

    def process(self, ctx: Context) -> Outputs:
        return {"out": dict(ctx.inputs)}


class Tag(Actor):
    """[name, message]."""

    component = "tag"
    inports = (Port("in"),)
    outports = (Port("out"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        name: str

    def process(self, ctx: Context) -> Outputs:
        return {"out": [ctx.config.name, ctx.inputs["in"]]}


class Big(Actor):
    """A message of 1 MiB for each."""

    component = "big"
    inports = (Port("in"),)
    outports = (Port("out", "bytes"),)

    def process(self, ctx: Context) -> Outputs:
        return {"out": bytes(1024 * 1024)}


class CountToState(Actor):
    component = "count_to_state"
    inports = (Port("in"),)

    def process(self, ctx: Context) -> Outputs:
        ctx.state["count"] = ctx.state.get("count", 0) + 1
        return None


ACTORS = [
    Double,
    Pass,
    AsyncPass,
    Increment,
    IncrementAll,
    Numbers,
    Fail,
    Join,
    JoinAny,
    Tag,
    CountToState,
    Big,
]


def network_of(*more: type[Actor], **options: Any) -> Network:
    return Network(registry=Registry([*ACTORS, *more]), **options)


def chain(network: Network, *components: str, out: str = "result") -> None:
    """Nodes n0, n1 ... one behind the other; the last one's ``out`` is the result."""
    for index, component in enumerate(components):
        network.add_node(f"n{index}", component)
        if index:
            network.add_connection(f"n{index - 1}", "out", f"n{index}", "in")
    network.add_outport(out, f"n{len(components) - 1}", "out")
