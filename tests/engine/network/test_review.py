"""Where features meet: holds, swaps, supervision, pauses, readers and async actors."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from engine import Actor, Context, Outputs, Port
from engine.errors import InputError
from engine.events import ActorLogged
from engine.limits import Limits
from tests.engine.fakes import network_of

if TYPE_CHECKING:
    from engine import Network
    from engine.journal import JournalEntry

IN, OUT = (Port("in"),), (Port("out"),)


def held_up(*, limits: Limits | None = None) -> Network:
    """Two async actors, a sending to b, and nothing may cross."""
    network = network_of(limits=limits)
    network.add_node("a", "async_pass")
    network.add_node("b", "async_pass")
    network.add_connection("a", "out", "b", "in")
    network.add_inport("in", "a", "in")
    network.add_outport("out", "b", "out")
    return network


async def turns_of_the_loop(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_network_with_a_held_connection_ends_while_an_async_actor_waits_for_it() -> None:
    network = held_up()
    await network.start()
    network.hold("a.out -> b.in")
    await network.send("in", 1)
    await turns_of_the_loop()

    async with asyncio.timeout(10):
        await network.shutdown()

    assert network.result().undelivered == {"a.in": 1}


async def test_what_waits_at_a_held_connection_of_an_async_actor_is_not_idle() -> None:
    network = held_up()
    async with network:
        network.hold("a.out -> b.in")
        await network.send("in", 1)
        await turns_of_the_loop()
        idle_while_held = network._scheduler.idle

        network.release("a.out -> b.in")
        await network.wait_idle()

    assert (idle_while_held, network.result().outputs) == (False, {"out": [1]})


async def test_an_async_actor_that_waits_for_room_can_be_swapped() -> None:
    network = held_up()
    async with network:
        await network.send("in", 1)
        await network.wait_idle()
        network.hold("a.out -> b.in")
        await network.send("in", 2)
        await turns_of_the_loop()

        async with asyncio.timeout(10):
            await network.swap("a", "pass")
        network.release("a.out -> b.in")
        await network.wait_idle()

    assert network.result().outputs == {"out": [1, 2]}


async def test_all_are_restarted_while_one_of_them_waits_for_room_of_another() -> None:
    class FailOnce(Actor):
        component = "fail_once"
        inports, outports = IN, OUT

        async def process(self, ctx: Context) -> Outputs:
            await asyncio.sleep(0)
            if ctx.inputs["in"] == 3:
                raise ValueError("three")
            return {"out": ctx.inputs["in"]}

    network = network_of(FailOnce, limits=Limits(message_buffer_size=1))
    network.graph.properties["supervision"] = {"strategy": "one_for_all"}
    network.add_node("a", "async_pass")
    network.add_node("b", "fail_once")
    network.add_connection("a", "out", "b", "in")
    network.add_outport("out", "b", "out")
    for number in range(20):
        network.add_initial("a", "in", number)

    async with asyncio.timeout(10):
        result = await network.run()

    assert result.outputs == {"out": [number for number in range(20) if number != 3]}


async def test_a_paused_network_with_a_message_for_an_async_actor_is_not_idle() -> None:
    network = held_up()
    async with network:
        await network.wait_idle()
        network.pause()
        await network.send("in", 1)
        quiet_while_paused = network._scheduler.quiet.is_set()

        network.resume()
        await network.wait_idle()

    assert (quiet_while_paused, network.result().outputs) == (False, {"out": [1]})


async def test_an_async_actor_that_feeds_itself_and_never_waits_lets_others_run() -> None:
    class CountUp(Actor):
        component = "count_up"
        inports, outports = IN, OUT

        async def process(self, ctx: Context) -> Outputs:
            return {"out": ctx.inputs["in"] + 1} if ctx.inputs["in"] < 10_000 else None

    network = network_of(CountUp)
    network.add_node("a", "count_up")
    network.add_connection("a", "out", "a", "in")
    network.add_initial("a", "in", 0)
    run, beats = asyncio.create_task(network.run()), 0
    while not run.done():
        await asyncio.sleep(0)
        beats += 1

    assert beats > 1_000


class Endless(Actor):
    """Counts what it made; 100,000 stand for an endless stream."""

    outports = OUT
    made = 0

    def numbers(self) -> Any:
        for number in range(100_000):
            type(self).made = number
            yield number


def _endless(kind: str) -> type[Endless]:
    class Generates(Endless):
        component = "endless"

        async def process(self, ctx: Context) -> Any:
            for number in self.numbers():
                yield "out", number

    class Sends(Endless):
        component = "endless"

        async def process(self, ctx: Context) -> None:
            for number in self.numbers():
                await ctx.send("out", number)
                if number % 100 == 0:
                    await asyncio.sleep(0)

    return {"generates": Generates, "sends": Sends}[kind]


@pytest.mark.parametrize("kind", ["generates", "sends"])
async def test_an_endless_firing_waits_for_a_lossless_reader(kind: str) -> None:
    source = _endless(kind)
    network = network_of(source)
    network.add_node("source", "endless")
    network.add_node("sink", "count_to_state")
    network.add_connection("source", "out", "sink", "in")
    network.subscribe(lossless=True)
    await network.start()
    await turns_of_the_loop(3_000)
    network.cancel()
    await network.shutdown()

    assert source.made < 20_000


class Slow(Actor):
    """Its end takes a while, and is told."""

    component = "slow"
    inports, outports = IN, OUT
    ending: asyncio.Event
    ends = 0

    def process(self, ctx: Context) -> Outputs:
        raise ValueError(ctx.inputs["in"])

    async def teardown(self) -> None:
        type(self).ends += 1
        self.ending.set()
        await asyncio.sleep(0.01)


def slow() -> type[Slow]:
    return type("Slow", (Slow,), {"ending": asyncio.Event(), "ends": 0})


def tasks_left() -> list[str]:
    names = (task.get_name() for task in asyncio.all_tasks())
    return [name for name in names if name.startswith("reflow")]


async def test_a_shutdown_during_a_restart_ends_each_actor_once_and_leaves_no_task() -> None:
    actor = slow()
    network = network_of(actor)
    network.graph.properties["supervision"] = {}
    network.add_node("a", "slow")
    network.add_inport("in", "a", "in")
    await network.start()
    await network.send("in", 1)
    await actor.ending.wait()

    await network.shutdown()

    assert (actor.ends, tasks_left()) == (1, [])


async def test_a_shutdown_during_a_swap_ends_each_actor_once() -> None:
    actor = slow()
    network = network_of(actor)
    network.add_node("a", "slow")
    network.add_inport("in", "a", "in")
    await network.start()
    swap = asyncio.create_task(network.swap("a", "pass"))
    await actor.ending.wait()

    await network.shutdown()
    async with asyncio.timeout(10):
        await swap

    assert actor.ends == 1


async def test_two_swaps_of_one_node_come_one_after_the_other() -> None:
    actor = slow()
    network = network_of(actor)
    network.add_node("a", "slow")
    network.add_inport("in", "a", "in")
    network.add_outport("out", "a", "out")
    async with network:
        await asyncio.gather(network.swap("a", "slow"), network.swap("a", "double"))
        await network.send("in", 4)
        await network.wait_idle()

    assert network.result().outputs == {"out": [8]}


async def test_nodes_whose_setups_overlap_can_be_added_to_a_running_network() -> None:
    class TakesTime(Actor):
        component = "takes_time"
        inports, outports = IN, OUT

        async def setup(self) -> None:
            for _ in range(self.config.loops):
                await asyncio.sleep(0)

        def process(self, ctx: Context) -> Outputs:
            return {"out": ctx.inputs["in"]}

    TakesTime.Config = _loops()
    network = network_of(TakesTime)
    network.add_node("first", "pass")
    async with network:
        network.add_node("a", "takes_time", {"loops": 3})
        network.add_node("b", "takes_time", {"loops": 9})
        await network.wait_idle()

    assert network.result().status == "completed"


def _loops() -> Any:
    @dataclass(frozen=True)
    class Config:
        loops: int = 0

    return Config


async def test_an_actor_with_fewer_ports_can_be_swapped_in() -> None:
    class TwoOut(Actor):
        component = "two_out"
        inports, outports = IN, (Port("out"), Port("other"))

        def process(self, ctx: Context) -> Outputs:
            return {"out": ctx.inputs["in"], "other": 0}

    network = network_of(TwoOut)
    network.add_node("a", "two_out")
    network.add_inport("in", "a", "in")
    network.add_outport("out", "a", "out")
    async with network:
        await network.swap("a", "increment")
        await network.send("in", 1)
        await network.wait_idle()

    assert network.result().outputs == {"out": [2]}


async def test_a_join_can_be_swapped_in_for_an_actor_that_is_none() -> None:
    class Either(Actor):
        component = "either"
        inports, outports = (Port("a"), Port("b")), OUT

        def process(self, ctx: Context) -> Outputs:
            return {"out": dict(ctx.inputs)}

    network = network_of(Either)
    network.add_node("n", "either")
    network.add_inport("a", "n", "a")
    network.add_inport("b", "n", "b")
    network.add_outport("out", "n", "out")
    async with network:
        await network.swap("n", "join")
        await network.send("a", 1)
        await network.send("b", 2)
        await network.wait_idle()

    assert network.result().outputs == {"out": [[1, 2]]}


class SlowJournal:
    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self.began = asyncio.Event()

    async def commit(self, entries: list[JournalEntry]) -> None:
        self.began.set()
        await asyncio.sleep(0.01)
        self.entries += entries


async def test_a_shutdown_waits_for_the_journal_and_delivers_what_it_has() -> None:
    journal = SlowJournal()
    network = network_of(journal=journal)
    network.add_node("a", "pass")
    network.add_inport("in", "a", "in")
    network.add_outport("out", "a", "out")
    await network.start()
    await network.send("in", 1)
    await journal.began.wait()

    await network.shutdown()

    assert (network.result().outputs, len(journal.entries), tasks_left()) == ({"out": [1]}, 1, [])


async def test_a_journal_whose_commit_is_cancelled_from_inside_ends_the_run() -> None:
    class Cancels(SlowJournal):
        async def commit(self, entries: list[JournalEntry]) -> None:
            raise asyncio.CancelledError

    network = network_of(journal=Cancels())
    network.add_node("a", "pass")
    network.add_initial("a", "in", 1)

    async with asyncio.timeout(10):
        result = await network.run()

    assert (result.status, result.error) == ("failed", "CancelledError")


def _raising(style: str, error: type[BaseException]) -> type[Actor]:
    """An actor of a style that raises for 1."""

    def check(value: int) -> int:
        if value == 1:
            raise error
        return value

    async def process_async(_self: Any, ctx: Context) -> Outputs:
        await asyncio.sleep(0)
        return {"out": check(ctx.inputs["in"])}

    def generate(_self: Any, ctx: Context) -> Any:
        yield "out", check(ctx.inputs["in"])

    async def generate_async(_self: Any, ctx: Context) -> Any:
        yield "out", check(ctx.inputs["in"])

    behaviours: dict[str, dict[str, Any]] = {
        "process": {"process": lambda _self, ctx: {"out": check(ctx.inputs["in"])}},
        "value": {"process_value": lambda _self, value: check(value)},
        "batch": {"process_batch": lambda _self, values: list(map(check, values))},
        "async": {"process": process_async},
        "generator": {"process": generate},
        "async_generator": {"process": generate_async},
    }
    behaviours["thread"] = {**behaviours["process"], "blocking": True}
    ports = {"component": "raises", "inports": IN, "outports": OUT}
    return type("Raises", (Actor,), ports | behaviours[style])


STYLES = ["process", "value", "batch", "async", "generator", "async_generator", "thread"]


@pytest.mark.parametrize("error", [SystemExit, asyncio.CancelledError])
@pytest.mark.parametrize("style", STYLES)
def test_whatever_an_actor_raises_is_the_failure_of_that_firing(
    style: str, error: type[BaseException]
) -> None:
    async def run() -> Any:
        network = network_of(_raising(style, error))
        network.add_node("a", "raises")
        for number in range(3):
            network.add_initial("a", "in", number)
        async with asyncio.timeout(10):
            return await network.run()

    result = asyncio.run(run())

    assert (result.outputs, result.failed_firings) == ({"a.out": [0, 2]}, 1)


@pytest.mark.parametrize("error", [SystemExit, asyncio.CancelledError])
@pytest.mark.parametrize("style", ["process", "async", "thread"])
def test_whatever_an_actor_raises_is_tried_again_under_a_policy(
    style: str, error: type[BaseException]
) -> None:
    async def run() -> Any:
        retry = {"attempts": 2, "delayMs": 0, "on": "any", "timeoutMs": 10_000}
        policy = {"retry": retry, "fallback": {"port": "out", "value": "instead"}}
        network = network_of(_raising(style, error))
        network.add_node("a", "raises", {"policy": policy})
        for number in range(3):
            network.add_initial("a", "in", number)
        async with asyncio.timeout(10):
            return await network.run()

    assert asyncio.run(run()).outputs == {"a.out": [0, "instead", 2]}


@pytest.mark.parametrize("when", ["setup", "teardown"])
@pytest.mark.parametrize("is_async", [False, True])
def test_an_actor_cannot_end_the_process_at_its_beginning_or_end(
    when: str, *, is_async: bool
) -> None:
    def leave(_self: Any) -> None:
        raise SystemExit(3)

    async def leave_async(_self: Any) -> None:
        raise SystemExit(3)

    attributes = {"component": "leaves", when: leave_async if is_async else leave}
    actor = type("Leaves", (Actor,), attributes | {"process": lambda _self, _ctx: None})

    async def run() -> Any:
        network = network_of(actor)
        network.add_node("a", "leaves")
        async with asyncio.timeout(10):
            return await network.run()

    assert asyncio.run(run()).status == ("failed" if when == "setup" else "completed")


async def test_a_port_that_is_no_name_is_the_failure_of_that_firing() -> None:
    class Odd(Actor):
        component = "odd"
        outports = OUT

        def process(self, ctx: Context) -> Any:
            yield ["out"], 1
            yield "out", 2

    network = network_of(Odd)
    network.add_node("a", "odd")

    result = await network.run()

    assert (result.outputs, result.code) == ({"a.out": [2]}, "actor_failed")


@pytest.mark.parametrize("style", ["value", "batch"])
async def test_a_turn_of_which_every_firing_failed_sends_nothing_over_its_connection(
    style: str,
) -> None:
    network = network_of(_raising(style, ValueError))
    network.add_node("a", "raises")
    network.add_node("b", "pass")
    network.add_connection("a", "out", "b", "in")
    network.add_initial("a", "in", 1)

    result = await network.run()

    assert (result.code, result.outputs) == ("actor_failed", {"b.out": []})


async def test_a_log_line_is_an_event_as_logging_writes_it() -> None:
    class Logs(Actor):
        component = "logs"

        def process(self, ctx: Context) -> Outputs:
            ctx.log.info("%(name)s", {"name": "by name"})
            ctx.log.info("%s and %s", 1, 2)
            return None

    network = network_of(Logs)
    network.add_node("a", "logs")
    events: list[Any] = []
    result = await network.run(on_event=events.append)

    texts = [event.text for event in events if isinstance(event, ActorLogged)]
    assert (result.status, texts) == ("completed", ["by name", "1 and 2"])


def test_a_blocking_actor_may_log_from_its_thread() -> None:
    class Logs(Actor):
        component = "logs"
        blocking = True

        def process(self, ctx: Context) -> Outputs:
            ctx.log.info("from a thread")
            return None

    async def run() -> list[str]:
        network = network_of(Logs)
        network.add_node("a", "logs")
        events: list[Any] = []
        async with asyncio.timeout(10):
            await network.run(on_event=events.append)
        return [event.text for event in events if isinstance(event, ActorLogged)]

    assert asyncio.run(run(), debug=True) == ["from a thread"]  # debug: threads are checked


async def test_every_value_that_is_sent_is_checked_also_after_a_good_one() -> None:
    network = network_of()
    network.add_node("a", "pass")
    network.add_inport("in", "a", "in")
    async with network:
        for good, wrong in ((1, 2**70), (1.0, float("nan"))):
            await network.send("in", good)
            with pytest.raises(InputError):
                await network.send("in", wrong)


@pytest.mark.parametrize("in_one_call", [True, False])
async def test_cancelling_the_task_of_a_run_does_not_wait_for_its_firings(
    *, in_one_call: bool
) -> None:
    class Forever(Actor):
        component = "forever"

        async def process(self, ctx: Context) -> None:
            await asyncio.Event().wait()

    network = network_of(Forever)
    network.add_node("a", "forever")

    async def step_by_step() -> None:
        async with network:
            await network.wait_idle()

    run = asyncio.create_task(network.run() if in_one_call else step_by_step())
    await turns_of_the_loop()
    run.cancel()
    done, _ = await asyncio.wait([run], timeout=10)

    assert (done, tasks_left()) == ({run}, [])
