"""The actors of all benchmarks: each has a ``Config``, and each sink checks count and order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

from engine import Actor, Context, Outputs, Port, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator


class Numbers(Actor):
    """Send ``count`` numbers, from ``first`` on; pulled as there is room."""

    component = "numbers"
    outports = (Port("out", "integer"),)
    source = True

    @dataclass(frozen=True, slots=True)
    class Config:
        count: int
        first: int = 0

    def process(self, ctx: Context) -> Iterator[tuple[str, int]]:
        first = ctx.config.first
        yield from zip(repeat("out"), range(first, first + ctx.config.count), strict=False)


class Add(Actor):
    """Add ``step``: takes a context, returns a dict."""

    component = "add"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        step: int = 1

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"] + ctx.config.step}


class AddCounting(Add):
    """The same, and count in ``ctx.state``: what a checkpoint keeps."""

    component = "add_counting"

    def process(self, ctx: Context) -> Outputs:
        ctx.state["seen"] = ctx.state.get("seen", 0) + 1
        return {"out": ctx.inputs["in"] + ctx.config.step}


class AddAsync(Actor):
    """The same as an async behaviour."""

    component = "add_async"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)
    Config = Add.Config

    async def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"] + ctx.config.step}


class AddValue(Actor):
    """The same, one value in and one out."""

    component = "add_value"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)
    Config = Add.Config
    config: Add.Config  # for a type checker

    def process_value(self, value: int) -> int:
        return value + self.config.step


class AddBatch(Actor):
    """The same for a list of values."""

    component = "add_batch"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)
    Config = Add.Config
    config: Add.Config

    def process_batch(self, values: list[int]) -> list[int]:
        step = self.config.step
        return [value + step for value in values]


class Check(Actor):
    """Fail unless the numbers come in order, each once; say so when ``count`` have come."""

    component = "check"
    inports = (Port("in", "integer"),)
    outports = (Port("checked", "integer"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        count: int
        first: int = 0

    def process(self, ctx: Context) -> Outputs:
        seen = ctx.state.get("seen", 0)
        if ctx.inputs["in"] != ctx.config.first + seen:
            raise ValueError(f"{ctx.inputs['in']} came, not {ctx.config.first + seen}")
        ctx.state["seen"] = seen = seen + 1
        return {"checked": seen} if seen == ctx.config.count else None


class CheckBatch(Actor):
    """The same for a list of values; ``checked`` tells how many came."""

    component = "check_batch"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)
    Config = Check.Config
    checked: dict[str, int] = {}

    def setup(self) -> None:
        self.seen = 0

    def process_batch(self, values: list[int]) -> list[int]:
        first = self.config.first + self.seen
        if values != list(range(first, first + len(values))):
            raise ValueError(f"{values[:3]} ... came, not {first} ...")
        self.seen += len(values)
        return values

    def teardown(self) -> None:
        self.checked["seen"] = self.seen


class CheckSources(Actor):
    """Fail unless the numbers of each source come in order; a source has a million of its own."""

    component = "check_sources"
    inports = (Port("in", "integer"),)
    outports = (Port("checked", "integer"),)
    Config = Check.Config

    def process(self, ctx: Context) -> Outputs:
        source, number = divmod(ctx.inputs["in"], 1_000_000)
        state = ctx.state
        if number != state.get(source, 0):
            raise ValueError(f"{number} of source {source} came, not {state.get(source, 0)}")
        state[source] = number + 1
        state["seen"] = seen = state.get("seen", 0) + 1
        return {"checked": seen} if seen == ctx.config.count else None


class Pair(Actor):
    """Wait for a number on both inports and send their sum."""

    component = "pair"
    inports = (Port("a", "integer"), Port("b", "integer"))
    outports = (Port("out", "integer"),)
    await_all_inports = True
    Config = Add.Config

    def process(self, ctx: Context) -> Outputs:
        return {"out": (ctx.inputs["a"] + ctx.inputs["b"]) // 2 + ctx.config.step}


REGISTRY = Registry(
    [
        Numbers,
        Add,
        AddCounting,
        AddAsync,
        AddValue,
        AddBatch,
        Check,
        CheckBatch,
        CheckSources,
        Pair,
    ]
)
