from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from engine import Actor, Network, Port, Registry
from engine.errors import NetworkError
from engine.limits import Limits
from engine.network.patience import Patience

if TYPE_CHECKING:
    from engine import Context, Outputs

LIMITS = Limits(node_seconds=0.01)
RELEASE = threading.Event()
TOLD = threading.Event()
LATE: list[str] = []


class OneWay(Actor):
    inports = (Port("in"),)
    outports = (Port("out"),)


class Hangs(OneWay):
    """Waits without end for the message 0, and passes on all others."""

    component = "hangs"

    async def process(self, ctx: Context) -> Outputs:
        if ctx.inputs["in"] == 0:
            await asyncio.Event().wait()
        return {"out": ctx.inputs["in"]}


class Sleeps(OneWay):
    component = "sleeps"

    async def process(self, ctx: Context) -> Outputs:
        await ctx.sleep(0.1)
        return {"out": ctx.inputs["in"]}


class Blocks(OneWay):
    """Emits for the message 0 only when the test lets it, and all others at once."""

    component = "blocks"
    blocking = True

    def process(self, ctx: Context) -> Outputs:
        if ctx.inputs["in"] == 0:
            RELEASE.wait(20)
            try:
                ctx.emit("out", "late")
            except Exception as error:
                LATE.append(str(error))
                TOLD.set()
                raise
        return {"out": ctx.inputs["in"]}


class Stalls(OneWay):
    component = "stalls"

    async def process(self, ctx: Context) -> Any:
        yield "out", 1
        await asyncio.Event().wait()


class EmitsBetween(OneWay):
    component = "emits_between"

    def process(self, ctx: Context) -> Any:
        ctx.emit("out", 1)
        yield "out", 2
        ctx.emit("out", 3)
        yield "out", 4
        ctx.emit("out", 5)


class EmitsBetweenAsync(OneWay):
    component = "emits_between_async"

    async def process(self, ctx: Context) -> Any:
        ctx.emit("out", 1)
        yield "out", 2
        ctx.emit("out", 3)
        yield "out", 4
        ctx.emit("out", 5)


class Exits(OneWay):
    component = "exits"

    async def process(self, ctx: Context) -> Outputs:
        if ctx.inputs["in"] == 0:
            raise GeneratorExit("out of here")
        return {"out": ctx.inputs["in"]}


class ExitsSync(OneWay):
    component = "exits_sync"

    def process(self, ctx: Context) -> Outputs:
        if ctx.inputs["in"] == 0:
            raise GeneratorExit("out of here")
        return {"out": ctx.inputs["in"]}


def network(actor: type[Actor], *messages: int, limits: Limits = LIMITS, **config: Any) -> Network:
    made = Network(registry=Registry([actor]), limits=limits)
    made.add_node("n", actor.component, config)
    for message in messages:
        made.add_initial("n", "in", message)
    made.add_outport("out", "n", "out")
    return made


async def test_a_firing_that_takes_too_long_fails_and_the_next_one_fires() -> None:
    result = await network(Hangs, 0, 1).run()

    assert result.outputs == {"out": [1]}
    (letter,) = result.errors
    assert letter.code == "node_timeout"
    assert letter.error == (
        "node 'n' gave nothing within 0.01 s (limit: node_seconds; of one node: retry.timeoutMs)"
    )


async def test_with_a_policy_every_try_has_the_time() -> None:
    policy = {"retry": {"attempts": 2, "delayMs": 0}}

    result = await network(Hangs, 0, 1, policy=policy).run()

    assert result.outputs == {"out": [1]}
    assert [(letter.code, letter.attempts) for letter in result.errors] == [("node_timeout", 2)]


@pytest.mark.parametrize("config", [{}, {"policy": {"retry": {"attempts": 1}}}])
async def test_what_a_firing_sleeps_does_not_count(config: dict[str, Any]) -> None:
    limits = Limits(node_seconds=0.05)  # the sleep is twice as long

    result = await network(Sleeps, 1, limits=limits, **config).run()

    assert result.outputs == {"out": [1]}


@pytest.mark.parametrize("config", [{}, {"policy": {"retry": {"timeoutMs": 10}}}])
async def test_what_timed_out_in_a_thread_reaches_no_later_firing(config: dict[str, Any]) -> None:
    RELEASE.clear()
    TOLD.clear()
    LATE.clear()
    made = network(Blocks, 0, limits=Limits(node_seconds=0.2), **config)
    made.add_inport("in", "n", "in")
    async with made:
        await made.wait_idle()
        RELEASE.set()
        await made.send("in", 1)
        await made.wait_idle()
        await asyncio.to_thread(TOLD.wait, 20)

    assert made.result().outputs == {"out": [1]}
    assert LATE == ["n: this firing has ended, it took too long"]


async def test_a_generator_has_the_time_for_each_message() -> None:
    result = await network(Stalls, 0).run()

    assert result.outputs == {"out": [1]}
    assert [letter.code for letter in result.errors] == ["node_timeout"]


async def test_a_firing_that_waits_on_purpose_has_no_alarm() -> None:
    made = network(Sleeps, 1, limits=Limits(node_seconds=5))
    async with made:
        task = asyncio.current_task()
        assert task is not None
        patience = Patience(made._scheduler.nodes["n"], task, away=1)

        waiting = patience._alarm
        patience.go_on()
        armed = patience._alarm
        patience.pause()

    assert (waiting, armed is not None, patience._alarm) == (None, True, None)
    assert 0 < patience._left <= 5


@pytest.mark.parametrize("actor", [EmitsBetween, EmitsBetweenAsync])
async def test_what_a_generator_emits_keeps_its_place(actor: type[Actor]) -> None:
    result = await network(actor, 0, limits=Limits()).run()

    assert result.outputs == {"out": [1, 2, 3, 4, 5]}


@pytest.mark.parametrize("actor", [Exits, ExitsSync])
@pytest.mark.parametrize("config", [{}, {"policy": {"retry": {"attempts": 1}}}])
async def test_a_generator_exit_of_an_actor_is_a_failure_like_any_other(
    actor: type[Actor], config: dict[str, Any]
) -> None:
    result = await network(actor, 0, 1, limits=Limits(), **config).run()

    assert result.outputs == {"out": [1]}
    assert len(result.errors) == 1


async def test_a_send_that_waits_for_a_node_that_is_removed_is_told() -> None:
    made = network(Hangs, 0, limits=Limits(message_buffer_size=1))
    made.add_inport("in", "n", "in")
    async with made:
        await made.send("in", 1)
        waiting = asyncio.ensure_future(made.send("in", 2))
        await asyncio.sleep(0)
        made._scheduler.nodes["n"].crew.cancel()  # type: ignore[union-attr]
        made.remove_node("n")
        with pytest.raises(NetworkError, match="'n' has ended"):
            await waiting


async def test_a_cancelled_run_counts_what_it_had_taken_and_not_fired() -> None:
    made = network(Hangs, 0, 1, 2, limits=Limits())
    run = asyncio.ensure_future(made.run())
    for _ in range(50):  # turns of the loop: until the first firing is under way
        await asyncio.sleep(0)

    made.cancel()

    assert (await run).undelivered == {"n": 2}
