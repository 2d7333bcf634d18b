"""Actors that misbehave, for runs in tests."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from engine import Actor, Port

if TYPE_CHECKING:
    from engine import Context, Outputs

LEDGER: list[tuple[str, str]] = []  # (node, idempotency key): what was done outside
RELEASE = threading.Event()  # ends every Stubborn


class Breaks(Actor):
    """Fails at every message."""

    component = "test_breaks"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process_value(self, value: Any) -> Any:
        raise ValueError(f"cannot take {value}")


class Waits(Actor):
    """Waits without end, and lets itself be cancelled."""

    component = "test_waits"
    inports = (Port("in"),)
    outports = (Port("out"),)

    async def process(self, ctx: Context) -> Outputs:
        await asyncio.Event().wait()
        return None


class Stubborn(Actor):
    """Holds the event loop until the test releases it: no request reaches such a run."""

    component = "test_stubborn"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        RELEASE.wait(30)
        return {"out": ctx.inputs["in"]}


class TooLarge(Actor):
    """Sends an integer that no message can carry."""

    component = "test_too_large"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process_value(self, value: Any) -> Any:
        return 2**70


class Repeats(Actor):
    """Sends the numbers below its input, one by one."""

    component = "test_repeats"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)

    def process(self, ctx: Context) -> Any:
        for number in range(ctx.inputs["in"]):
            yield "out", number


class Books(Actor):
    """Does something outside with each message: a line in ``LEDGER``."""

    component = "test_books"
    inports = (Port("in"),)
    outports = (Port("out"),)
    effect = "unsafe"

    def process(self, ctx: Context) -> Outputs:
        ctx.state["booked"] = ctx.state.get("booked", 0) + 1
        LEDGER.append((ctx.node_id, ctx.idempotency_key))
        return {"out": [ctx.inputs["in"], ctx.state["booked"]]}


GATE = threading.Event()  # lets every Gated go on
AT_GATE = threading.Event()  # one stands there


class Gated(Actor):
    """Sends its message once the test opens the gate."""

    component = "test_gated"
    inports = (Port("in"),)
    outports = (Port("out"),)
    blocking = True
    effect = "idempotent"

    def process(self, ctx: Context) -> Outputs:
        AT_GATE.set()
        GATE.wait(30)
        return {"out": ctx.inputs["in"]}


class GatedAndPure(Gated):
    """The same without an effect: a run of it begins anew after a loss."""

    component = "test_gated_and_pure"
    effect = "none"
    stateless = True


class Asks(Actor):
    """Sends what the run was given."""

    component = "test_asks"
    outports = (Port("out"),)
    trigger = True

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["trigger"]}


ACTORS = [Breaks, Waits, Stubborn, TooLarge, Repeats, Books, Gated, GatedAndPure, Asks]
