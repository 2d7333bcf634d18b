"""A failure stays where it happened."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from engine import Actor, Context, ErrorValue, Outputs, Port
from engine.events import ActorFailed, ActorStateChanged
from engine.limits import Limits
from engine.network import DeadLetter
from tests.engine.fakes import Fail, FakeClock, chain, network_of


class FailAsync(Actor):
    component = "fail_async"
    inports = (Port("in"),)
    outports = (Port("out"), Port("error", "error"))
    Config = Fail.Config

    async def process(self, ctx: Context) -> Outputs:
        await asyncio.sleep(0)
        return Fail.process(self, ctx)  # type: ignore[arg-type]


class FailValue(Actor):
    component = "fail_value"
    inports = (Port("in"),)
    outports = (Port("out"),)
    Config = Fail.Config

    def process_value(self, value: Any) -> Any:
        if value in self.config.bad:
            raise ValueError(f"bad {value}")
        return value


class FailBatch(Actor):
    component = "fail_batch"
    inports = (Port("in"),)
    outports = (Port("out"),)
    Config = Fail.Config

    def process_batch(self, values: list[Any]) -> list[Any]:
        if set(values) & set(self.config.bad):
            raise ValueError(f"bad {values[-1]}")
        return values


STYLES = [Fail, FailAsync, FailValue, FailBatch]


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.component)
async def test_the_other_messages_go_on_in_order(style: type[Actor]) -> None:
    network = network_of(*(item for item in STYLES if item is not Fail))
    network.add_node("source", "numbers", {"count": 1_000})
    network.add_node("n0", style.component, {"bad": [3, 400, 999]})
    network.add_connection("source", "out", "n0", "in")
    network.add_outport("result", "n0", "out")

    result = await network.run()

    good = [number for number in range(1_000) if number not in (3, 400, 999)]
    assert result.outputs["result"] == good
    assert (result.status, result.code, result.nodes_failed) == ("failed", "actor_failed", 1)
    assert result.error == "n0: bad 3 (and 2 more)"
    assert result.errors[0] == DeadLetter("n0", {"in": 3}, "bad 3", "ValueError")
    assert result.failed_firings == 3


async def test_a_connected_error_port_takes_the_failure() -> None:
    network = network_of()
    network.add_node("fail", "fail", {"bad": [2]})
    network.add_outport("good", "fail", "out")
    network.add_outport("bad", "fail", "error")
    for number in (1, 2, 3):
        network.add_initial("fail", "in", number)
    failed = network.subscribe([ActorFailed])

    result = await network.run()
    events = [event async for event in failed]

    assert result.outputs == {"good": [1, 3], "bad": [ErrorValue("bad 2")]}
    assert (result.status, result.nodes_failed) == ("completed", 1)
    assert [(event.node, event.error, event.handled) for event in events] == [
        ("fail", "bad 2", True)
    ]


async def test_an_error_sent_to_an_unconnected_error_port_counts_as_a_failure() -> None:
    class Soft(Actor):
        component = "soft"
        inports = (Port("in"),)
        outports = (Port("out"), Port("error", "error"))

        def process(self, ctx: Context) -> Outputs:
            return {"error": ErrorValue("soft failure")}

    network = network_of(Soft)
    chain(network, "soft")
    network.add_initial("n0", "in", 1)

    result = await network.run()

    assert (result.status, result.error) == ("failed", "n0: soft failure")


async def test_a_graph_may_say_that_failures_do_not_fail_the_run() -> None:
    network = network_of()
    network.graph.properties["onError"] = "ignore"
    network.add_node("fail", "fail", {"bad": [1]})
    network.add_initial("fail", "in", 1)

    result = await network.run()

    assert (result.status, result.error, result.failed_firings) == ("completed", "", 1)


async def test_one_failing_branch_leaves_the_other_alone() -> None:
    network = network_of()
    network.add_node("source", "numbers", {"count": 100})
    network.add_node("fail", "fail", {"bad": list(range(100))})
    network.add_node("good", "pass")
    network.add_connection("source", "out", "fail", "in")
    network.add_connection("source", "out", "good", "in")
    network.add_outport("good", "good", "out")

    result = await network.run()

    assert result.outputs == {"good": list(range(100))}
    assert result.failed_firings == 100


WRONG_RESULTS: list[tuple[Any, str]] = [
    (5, "returned a int, not {port: message}"),
    ({"oot": 1}, "n0 has no outport 'oot' (it has: out)"),
    ({"out": {1, 2}}, "set cannot be a message"),
    ({"out": {"deep": object()}}, "object at .deep cannot be a message"),
]


@pytest.mark.parametrize(("wrong", "text"), WRONG_RESULTS)
async def test_a_wrong_result_is_a_failure_of_its_firing(wrong: Any, text: str) -> None:
    class Wrong(Actor):
        component = "wrong"
        inports = (Port("in"),)
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Outputs:
            return wrong if ctx.inputs["in"] == "wrong" else {"out": "fine"}

    network = network_of(Wrong)
    chain(network, "wrong")
    for value in ("right", "wrong", "right"):
        network.add_initial("n0", "in", value)

    result = await network.run()

    assert result.outputs == {"result": ["fine", "fine"]}
    assert text in result.error


async def test_a_failing_firing_sends_none_of_what_it_emitted() -> None:
    class Half(Actor):
        component = "half"
        inports = (Port("in"),)
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Outputs:
            ctx.emit("out", ctx.inputs["in"])
            if ctx.inputs["in"] == 1:
                raise ValueError("half way")
            return None

    network = network_of(Half)
    chain(network, "half")
    for number in (0, 1, 2):
        network.add_initial("n0", "in", number)

    assert (await network.run()).outputs == {"result": [0, 2]}


async def test_stop_iteration_is_a_failure_like_any_other() -> None:
    class Stop(Actor):
        component = "stop"
        inports = (Port("in"),)
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Outputs:
            if ctx.inputs["in"] == 1:
                next(iter(()))
            return {"out": ctx.inputs["in"]}

    network = network_of(Stop)
    chain(network, "stop")
    for number in (0, 1, 2):
        network.add_initial("n0", "in", number)

    result = await network.run()

    assert result.outputs == {"result": [0, 2]}
    assert result.failed_firings == 1


async def test_emitting_without_end_is_refused() -> None:
    class Flood(Actor):
        component = "flood"
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Outputs:
            while True:
                ctx.emit("out", 1)

    network = network_of(Flood, limits=Limits(max_emit=50))
    network.add_node("flood", "flood")

    result = await network.run()

    assert result.error == "flood: flood: more than 50 messages in one firing"
    assert result.errors[0].code == "emit_limit"


async def test_a_generator_that_raises_keeps_what_it_had_given() -> None:
    class Break(Actor):
        component = "break"
        inports = (Port("in"),)
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Any:
            yield "out", 1
            yield "out", 2
            raise ValueError("broke")

    network = network_of(Break)
    chain(network, "break")
    network.add_initial("n0", "in", 0)
    network.add_initial("n0", "in", 0)

    result = await network.run()

    assert result.outputs == {"result": [1, 2, 1, 2]}
    assert result.failed_firings == 2


def test_extend_keeps_what_it_had_when_a_later_item_raises() -> None:
    def halve(number: int) -> float:
        return 10 / number

    kept: list[float] = []
    items = iter([5, 0, 2])
    with pytest.raises(ZeroDivisionError):
        kept.extend(map(halve, items))
    kept.extend(map(halve, items))

    assert kept == [2.0, 5.0]  # the engine's failure isolation stands on this


# Life.


@dataclass
class Diary:
    lines: list[str]


def _living(diary: Diary, *, fail_setup: bool = False) -> type[Actor]:
    class Living(Actor):
        component = "living"
        inports = (Port("in"),)
        outports = (Port("out"),)

        async def setup(self) -> None:
            diary.lines.append("setup")
            if fail_setup:
                raise OSError("no database")

        def process(self, ctx: Context) -> Outputs:
            diary.lines.append("process")
            return {"out": 1}

        def teardown(self) -> None:
            diary.lines.append("teardown")

    return Living


async def test_setup_comes_before_any_message_and_teardown_once_at_the_end() -> None:
    diary = Diary([])
    network = network_of(_living(diary))
    chain(network, "living")
    network.add_initial("n0", "in", 0)
    moves = network.subscribe([ActorStateChanged])

    await network.run()
    await network.shutdown()

    assert diary.lines == ["setup", "process", "teardown"]
    assert [f"{move.old}>{move.new}" async for move in moves] == [
        "created>initialized",
        "initialized>running",
        "running>processing",
        "processing>running",
        "running>stopping",
        "stopping>stopped",
    ]


async def test_a_setup_that_fails_ends_the_run_with_its_cause() -> None:
    diary = Diary([])
    network = network_of(_living(diary, fail_setup=True))
    chain(network, "living")
    network.add_initial("n0", "in", 0)

    result = await network.run()

    assert diary.lines == ["setup", "teardown"]
    assert (result.status, result.code) == ("failed", "setup_failed")
    assert result.error == "n0: setup failed: no database"


async def test_shutdown_leaves_no_task_and_no_thread() -> None:
    class Block(Actor):
        component = "block"
        inports = (Port("in"),)
        outports = (Port("out"),)
        blocking = True

        def process(self, ctx: Context) -> Outputs:
            return {"out": threading.current_thread().name}

    tasks, threads = len(asyncio.all_tasks()), threading.active_count()
    network = network_of(Block)
    chain(network, "async_pass", "block")
    network.add_initial("n0", "in", 1)

    result = await network.run()

    assert result.outputs["result"][0].startswith("reflow")
    assert (len(asyncio.all_tasks()), threading.active_count()) == (tasks, threads)


async def test_shutdown_lets_the_message_in_process_finish() -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    class Wait(Actor):
        component = "wait"
        inports = (Port("in"),)
        outports = (Port("out"),)

        async def process(self, ctx: Context) -> Outputs:
            started.set()
            await finish.wait()
            return {"out": "finished"}

    network = network_of(Wait)
    chain(network, "wait")
    network.add_initial("n0", "in", 1)
    network.add_initial("n0", "in", 2)
    await network.start()
    await started.wait()

    stopping = asyncio.create_task(network.shutdown())
    await asyncio.sleep(0)
    finish.set()
    await stopping

    result = network.result()
    assert result.outputs["result"] == ["finished"]
    assert result.undelivered == {"n0": 1}


async def test_cancelling_reaches_an_actor_that_waits() -> None:
    waiting = asyncio.Event()
    diary: list[str] = []

    class Forever(Actor):
        component = "forever"
        inports = (Port("in"),)

        async def process(self, ctx: Context) -> Outputs:
            waiting.set()
            try:
                await asyncio.Event().wait()
            finally:
                diary.append("let go")
            return None

    network = network_of(Forever)
    network.add_node("n0", "forever")
    network.add_initial("n0", "in", 1)
    run = asyncio.create_task(network.run())
    await waiting.wait()

    network.cancel()
    result = await run

    assert (result.status, diary) == ("cancelled", ["let go"])


async def test_cancelling_does_not_wait_for_a_thread_that_cannot_be_stopped() -> None:
    entered, release = threading.Event(), threading.Event()

    class Stuck(Actor):
        component = "stuck"
        inports = (Port("in"),)
        blocking = True

        def process(self, ctx: Context) -> Outputs:
            entered.set()
            release.wait(10)
            return None

    network = network_of(Stuck)
    network.add_node("n0", "stuck")
    network.add_initial("n0", "in", 1)
    run = asyncio.create_task(network.run())
    async with asyncio.timeout(5):
        while not entered.is_set():  # noqa: ASYNC110 -- the event is a thread's
            await asyncio.sleep(0)
        network.cancel()
        result = await run
    release.set()

    assert result.status == "cancelled"


async def test_cancelling_stops_an_endless_sync_source() -> None:
    class Endless(Actor):
        component = "endless"
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Any:
            while True:
                yield "out", 1

    network = network_of(Endless)
    network.add_node("n0", "endless")
    run = asyncio.create_task(network.run())
    await asyncio.sleep(0)
    network.cancel()

    assert (await run).status == "cancelled"


async def test_an_event_reader_that_raises_ends_the_run_with_its_error() -> None:
    network = network_of()
    network.add_node("source", "numbers", {"count": 100_000})
    chain(network, "pass")
    network.add_connection("source", "out", "n0", "in")

    async def write(events: list[Any]) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        await network.run(write=write)


class BrokenClock(FakeClock):
    """A clock that breaks after so many looks: an error of the engine's own, not an actor's."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def now(self) -> float:
        self.looks -= 1
        if self.looks == 0:
            raise RuntimeError("the clock broke")
        return super().now()


@pytest.mark.parametrize("looks", range(1, 60, 3))
@pytest.mark.parametrize("component", ["pass", "async_pass"])
async def test_an_error_inside_the_engine_ends_the_run_and_never_hangs_it(
    component: str, looks: int
) -> None:
    clock = BrokenClock(looks)
    network = network_of(clock=clock, limits=Limits(message_buffer_size=2))
    network.add_node("source", "numbers", {"count": 200})
    chain(network, component, "pass", component)
    network.add_connection("source", "out", "n0", "in")
    network.subscribe()

    async with asyncio.timeout(10):
        ended = await asyncio.gather(network.run(), return_exceptions=True)

    error = ended[0] if isinstance(ended[0], BaseException) else ended[0].error
    assert str(error) == "the clock broke"


async def test_an_error_that_cannot_say_what_it_is_has_its_name() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    class Mute(Actor):
        component = "mute"
        inports = (Port("in"),)

        def process(self, ctx: Context) -> Outputs:
            raise MuteError

    network = network_of(Mute)
    network.add_node("n0", "mute")
    network.add_initial("n0", "in", 1)

    assert (await network.run()).error == "n0: MuteError"
