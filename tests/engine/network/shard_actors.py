"""Actors for networks of several processes: they stand where another process can import them."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import Actor, Context, Network, Outputs, Port, setting
from engine.messages import ErrorValue, Event, Flow, StreamHandle


class Pid(Actor):
    """The process that it runs in, with the message."""

    component = "pid"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        return {"out": [os.getpid(), ctx.inputs["in"]]}


class Killed(Actor):
    """Its process is gone, as with ``kill -9``, at the third message."""

    component = "killed"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        if ctx.inputs["in"] == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"out": ctx.inputs["in"]}


class NoSetup(Actor):
    component = "no_setup"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def setup(self) -> None:
        raise RuntimeError("no such device")

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"]}


class Multiply(Actor):
    """Halve the budget: two messages for one, until it is used up; each end goes to ``done``."""

    component = "multiply"
    inports = (Port("in"),)
    outports = (Port("again"), Port("done"))

    def process(self, ctx: Context) -> Outputs:
        left = ctx.inputs["in"]
        if not left:
            return {"done": 1}
        ctx.emit("again", left - 1)
        ctx.emit("again", left - 1)
        return None


def add_ring(network: Network, budget: int) -> None:
    """A cycle of ``multiply`` and two others, with this budget; what ends comes out of ``done``."""
    for name in ("a", "b"):
        network.add_node(name, "pass")
    network.add_node("multiply", "multiply")
    network.add_connection("multiply", "again", "a", "in")
    network.add_connection("a", "out", "b", "in")
    network.add_connection("b", "out", "multiply", "in")
    network.add_outport("done", "multiply", "done")
    network.add_initial("a", "in", budget)


class Key(Actor):
    """The idempotency key of its firing."""

    component = "key"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.idempotency_key}


class Kinds(Actor):
    """A message of every kind, whatever comes."""

    component = "kinds"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Any:
        for message in KINDS:
            yield "out", message


KINDS: tuple[Any, ...] = (
    True,
    2**70,
    1.0,
    float("inf"),
    "text \ud800",
    b"bytes",
    None,
    [1, {"a": [2.0]}],
    {"flat": 1},
    {"deep": {"er": [None]}},
    ErrorValue("wrong"),
    Flow(),
    Event({"name": "x"}),
    StreamHandle(7, "camera", "frames", "video/raw", 10),
)


class TypeOf(Actor):
    component = "type_of"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        message = ctx.inputs["in"]
        inner = sorted({type(item).__name__ for item in _items(message)})
        return {"out": [type(message).__name__, repr(message), *inner]}


def _items(message: Any) -> list[Any]:
    if isinstance(message, dict):
        return list(message.values())
    return list(message) if isinstance(message, list) else []


class Wait(Actor):
    """Never answers."""

    component = "wait"
    inports = (Port("in"),)
    outports = (Port("out"),)

    async def process(self, ctx: Context) -> Outputs:
        await asyncio.Event().wait()
        return None


class Spin(Actor):
    """Never answers, and lets nobody else run."""

    component = "spin"
    inports = (Port("in"),)
    outports = (Port("out"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        path: str = setting("")  # where it writes the number of its process

    def process(self, ctx: Context) -> Outputs:
        Path(ctx.config.path).write_text(str(os.getpid()))
        while True:
            pass


class Endless(Actor):
    component = "endless"
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Any:
        number = 0
        while True:
            yield "out", number
            number += 1


class Teardown(Actor):
    """Writes a line when it begins and when it ends."""

    component = "teardown"
    inports = (Port("in"),)
    outports = (Port("out"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        path: str = setting("")

    def setup(self) -> None:
        self._write("setup")

    async def teardown(self) -> None:
        await asyncio.sleep(0)
        self._write("teardown")

    def _write(self, line: str) -> None:
        with Path(self.config.path).open("a") as file:
            file.write(f"{line}\n")

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"]}


SHARD_ACTORS = [
    *(Pid, Key, Killed, NoSetup, Multiply, Kinds, TypeOf, Wait, Spin, Endless, Teardown),
]
