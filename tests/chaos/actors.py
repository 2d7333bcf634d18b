"""Actors of the suite's workflows: effects on the ledger, pauses, a cycle, a failure.

Each writes the id of its process into the run's log, so that the events tell who wrote them.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine import Actor, Port
from engine.node_config import setting

if TYPE_CHECKING:
    from engine import Context, Outputs

JSON = {"Content-Type": "application/json"}


class Effect(Actor):
    """Do something outside: tell the ledger about this message, then pause."""

    component = "chaos_effect"
    inports = (Port("in"),)
    outports = (Port("out"), Port("item"))
    effect = "keyed"
    stateless = True

    @dataclass(frozen=True, slots=True)
    class Config:
        pause_ms: int = setting(0, key="pauseMs", minimum=0, help="milliseconds, after the call")

    async def process(self, ctx: Context) -> Outputs:
        ctx.log.info("process %d", os.getpid())
        given = order_of(ctx.inputs["in"])
        said = {"run": given["run"], "item": given["item"], "node": ctx.node_id}
        answer = await ctx.http.request(
            "POST",
            os.environ["CHAOS_LEDGER"],
            headers=JSON | {"Idempotency-Key": ctx.idempotency_key},
            content=json.dumps({**said, "pid": os.getpid()}).encode(),
            total=30,
        )
        if answer.status != 200:
            raise RuntimeError(f"the ledger answered {answer.status}")
        await ctx.sleep(ctx.config.pause_ms / 1000)
        return {"out": given, "item": given["item"]}


class Pause(Actor):
    """Send each message on after a pause, one at a time."""

    component = "chaos_pause"
    inports = (Port("in"),)
    outports = (Port("out"),)
    effect = "none"
    stateless = True

    @dataclass(frozen=True, slots=True)
    class Config:
        pause_ms: int = setting(0, key="pauseMs", minimum=0, help="milliseconds")

    async def process(self, ctx: Context) -> Outputs:
        ctx.log.info("process %d", os.getpid())
        await ctx.sleep(ctx.config.pause_ms / 1000)
        return {"out": ctx.inputs["in"]}


def order_of(given: Any) -> Any:
    """The order itself, out of what a loop or a join has made of it."""
    return given.get("value") or given.get("a") or given


class Turn(Actor):
    """Count rounds of a cycle in its state; leave it after as many as it was given."""

    component = "chaos_turn"
    inports = (Port("in"),)
    outports = (Port("again"), Port("done"))
    effect = "none"

    def process(self, ctx: Context) -> Outputs:
        given: Any = ctx.inputs["in"]
        rounds = ctx.state.get("rounds", 0)
        ctx.state["rounds"] = rounds + 1
        if rounds == given["rounds"]:
            return {"done": rounds}
        return {"again": {"run": given["run"], "rounds": given["rounds"], "item": rounds}}


class Breaks(Actor):
    """Fails at every message."""

    component = "chaos_breaks"
    inports = (Port("in"),)
    outports = (Port("out"),)
    effect = "none"

    def process(self, ctx: Context) -> Outputs:
        raise ValueError("as it was meant to")


ACTORS = [Effect, Pause, Turn, Breaks]
