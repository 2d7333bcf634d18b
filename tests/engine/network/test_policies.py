"""Retries, fallbacks, breakers and restarts, on a clock that the test owns."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from engine import Actor, Context, ErrorValue, GraphError, Network, Outputs, Port, Registry, setting
from engine.events import (
    ActorFailed,
    ActorRestarted,
    ActorRetried,
    ActorStateChanged,
    BreakerChanged,
)
from tests.engine.fakes import FakeClock, Numbers, Pass


class Flaky(Actor):
    """Fail so many times in all, then answer."""

    component = "flaky"
    inports = (Port("in"),)
    outports = (Port("out"), Port("error", "error"))

    @dataclass(frozen=True, slots=True)
    class Config:
        failures: int = setting(2)
        retryable: bool = setting(True)

    def setup(self) -> None:
        self.left = self.config.failures

    def process(self, ctx: Context) -> Outputs:
        if self.left:
            self.left -= 1
            ctx.emit("out", "never sent")
            raise ConnectionError("down") if self.config.retryable else ValueError("wrong")
        return {"out": ctx.inputs["in"]}


class FlakyAsync(Flaky):
    component = "flaky_async"

    async def process(self, ctx: Context) -> Outputs:  # type: ignore[override]
        return super().process(ctx)


class Hang(Actor):
    component = "hang"
    inports = (Port("in"),)
    outports = (Port("out"),)

    async def process(self, ctx: Context) -> Outputs:
        await asyncio.Event().wait()
        return {"out": "late"}


class Mind(Actor):
    """Count what it has seen since it was made; fail at 13."""

    component = "mind"
    inports = (Port("in"),)
    outports = (Port("out"),)
    made = 0

    def setup(self) -> None:
        type(self).made += 1
        self.seen = 0

    def process(self, ctx: Context) -> Outputs:
        self.seen += 1
        ctx.state["kept"] = ctx.state.get("kept", 0) + 1
        if ctx.inputs["in"] == 13:
            raise ValueError("unlucky")
        return {"out": [self.seen, ctx.state["kept"]]}


def _network(component: str, policy: dict[str, Any], *packets: Any, **config: Any) -> Network:
    registry = Registry([Flaky, FlakyAsync, Hang, Pass, Numbers, Mind])
    network = Network(registry=registry, clock=FakeClock(), seed=1)
    network.add_node("n", component, {**config, "policy": policy})
    network.add_outport("out", "n", "out")
    for packet in packets:
        network.add_initial("n", "in", packet)
    return network


RETRY = {"attempts": 3, "delayMs": 1000, "factor": 2, "jitter": 0}


@pytest.mark.parametrize("component", ["flaky", "flaky_async"])
async def test_a_retryable_error_is_tried_again_with_growing_waits(component: str) -> None:
    network = _network(component, {"retry": RETRY}, "x", "y")
    retried = network.subscribe([ActorRetried])

    result = await network.run()
    waits = [(event.attempt, event.delay_ms, event.error) async for event in retried]

    assert result.outputs == {"out": ["x", "y"]}
    assert (result.status, result.nodes_failed) == ("completed", 0)
    assert waits == [(1, 1000, "down"), (2, 2000, "down")]
    assert result.duration_ms == 3000


async def test_an_error_that_is_not_retryable_is_not_tried_again() -> None:
    network = _network("flaky", {"retry": RETRY}, "x", "y", retryable=False, failures=1)

    result = await network.run()

    assert result.outputs == {"out": ["y"]}
    assert (result.status, result.error, result.duration_ms) == ("failed", "n: wrong", 0)


async def test_a_policy_may_retry_any_error() -> None:
    network = _network("flaky", {"retry": {**RETRY, "on": "any"}}, "x", retryable=False)

    assert (await network.run()).outputs == {"out": ["x"]}


async def test_waits_are_cut_and_jittered() -> None:
    retry = {"attempts": 4, "delayMs": 1000, "factor": 10, "maxDelayMs": 5000, "jitter": 0.5}
    network = _network("flaky", {"retry": retry}, "x", failures=3)
    retried = network.subscribe([ActorRetried])

    await network.run()
    waits = [event.delay_ms async for event in retried]

    assert 500 <= waits[0] <= 1000
    assert 2500 <= waits[1] <= 5000
    assert 2500 <= waits[2] <= 5000
    assert waits[1] != waits[2]


async def test_exhausted_tries_go_to_the_error_port() -> None:
    network = _network("flaky", {"retry": RETRY}, "x", failures=9)
    network.add_outport("error", "n", "error")

    result = await network.run()

    assert result.outputs == {"out": [], "error": [ErrorValue("down")]}
    assert result.nodes_failed == 1


async def test_a_fallback_takes_the_place_of_the_result_and_the_failure_is_told() -> None:
    fallback = {"port": "out", "value": {"default": True}}
    network = _network("flaky", {"retry": RETRY, "fallback": fallback}, "x", failures=3)
    failed = network.subscribe([ActorFailed])

    result = await network.run()
    events = [(event.error, event.handled, event.handled_by) async for event in failed]

    assert result.outputs == {"out": [{"default": True}]}
    assert events == [("down", True, "fallback")]
    assert (result.status, result.nodes_failed) == ("completed", 1)


async def test_a_try_may_take_only_so_long() -> None:
    network = _network("hang", {"retry": {"attempts": 2, "delayMs": 0, "timeoutMs": 500}}, 1)

    result = await network.run()

    assert result.error == "n: node 'n' gave nothing within 0.5 s (limit: retry.timeoutMs)"


async def test_an_open_breaker_makes_no_calls_until_its_time_has_come() -> None:
    breaker = {"failures": 2, "resetMs": 5000}
    policy = {
        "retry": {"attempts": 8, "delayMs": 2000, "factor": 1, "jitter": 0},
        "breaker": breaker,
    }
    network = _network("flaky", policy, "x", failures=3)
    moves = network.subscribe([BreakerChanged])

    result = await network.run()
    told = [f"{event.old}>{event.new}" async for event in moves]

    # Failures at 0 and 2 s open it. It refuses at 4 and 6 s; the probe at 8 s fails, the one at
    # 14 s succeeds.
    assert told == [
        "closed>open",
        "open>half_open",
        "half_open>open",
        "open>half_open",
        "half_open>closed",
    ]
    assert (result.outputs, result.duration_ms) == ({"out": ["x"]}, 14_000)


async def test_nodes_may_share_a_breaker_by_its_name() -> None:
    shared = {"breaker": {"failures": 1, "resetMs": 60_000, "name": "api"}}
    network = _network("flaky", shared, "x", failures=1)
    network.add_node("other", "pass", {"policy": shared})
    network.add_connection("n", "error", "other", "in")

    result = await network.run()

    assert result.error == "other: the circuit breaker 'api' is open for another 60.0 s"


WRONG = [
    ({"retry": {"atempts": 2}}, "retry", "'atempts' is unknown: did you mean 'attempts'?"),
    ({"retry": {"attempts": 0}}, "retry", "attempts must be at least 1, not 0"),
    ({"fallback": {}}, "fallback", "port is required"),
    ({"fallback": {"port": "oot"}}, "fallback", "fallback.port 'oot' is no outport"),
    ({"breaker": []}, "breaker", "must be an object, not []"),
    (
        {"breaker": {"name": "a", "scope": "service"}},
        "breaker",
        'has a name and the scope "service": give one of them',
    ),
    ({"breaker": {"scope": "service"}}, "breaker.scope", "calls no service"),
    ("always", "policy", "must be an object, not 'always'"),
]


@pytest.mark.parametrize(("policy", "_name", "text"), WRONG)
async def test_a_wrong_policy_is_refused_before_anything_runs(
    policy: Any, _name: str, text: str
) -> None:
    with pytest.raises(GraphError) as caught:
        await _network("flaky", policy, 1).run()

    (problem,) = caught.value.problems
    assert text in problem.message
    assert (problem.node, problem.code) == ("n", "policy_invalid")


async def test_a_generator_takes_no_policy() -> None:
    network = Network(registry=Registry([Numbers]))
    network.add_node("n", "numbers", {"policy": {"retry": RETRY}})

    with pytest.raises(GraphError, match="is not for generators"):
        await network.run()


async def test_an_actor_may_handle_its_failure_or_make_another_of_it() -> None:
    class Careful(Actor):
        component = "careful"
        inports = (Port("in"),)
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Outputs:
            raise ValueError(ctx.inputs["in"])

        def on_error(self, error: Exception, inputs: Any) -> Outputs:
            if str(error) == "mend":
                return {"out": "mended"}
            if str(error) == "wrap":
                raise RuntimeError("wrapped") from error
            return None

    network = Network(registry=Registry([Careful]))
    network.add_node("n", "careful")
    for packet in ("mend", "wrap", "leave"):
        network.add_initial("n", "in", packet)

    result = await network.run()

    assert result.outputs == {"n.out": ["mended"]}
    assert [letter.error for letter in result.errors] == ["wrapped", "leave"]


# Restarts.


def _supervised(strategy: str, packets: list[int], **more: Any) -> Network:
    Mind.made = 0
    network = Network(registry=Registry([Mind]), clock=FakeClock())
    network.graph.properties |= {
        "onError": "ignore",
        "supervision": {"strategy": strategy, **more},
    }
    for name in ("a", "b", "c"):
        network.add_node(name, "mind")
        network.add_outport(name, name, "out")
    for packet in packets:
        network.add_initial("b", "in", packet)
    return network


@pytest.mark.parametrize(
    ("strategy", "restarted"),
    [
        ("one_for_one", ["b"]),
        ("rest_for_one", ["b", "c"]),
        ("one_for_all", ["a", "b", "c"]),
    ],
)
async def test_a_failed_actor_is_made_anew_with_those_of_its_strategy(
    strategy: str, restarted: list[str]
) -> None:
    network = _supervised(strategy, [1, 2, 13, 3])
    restarts = network.subscribe([ActorRestarted])

    result = await network.run()
    told = [(event.node, event.cause) async for event in restarts]

    assert told == [(name, "b") for name in restarted]
    assert result.outputs["b"] == [[1, 1], [2, 2], [1, 1]]  # a new actor with a new state
    assert Mind.made == 3 + len(restarted)
    assert result.status == "completed"


async def test_a_restart_follows_the_lifecycle_to_its_end_and_begins_anew() -> None:
    network = _supervised("one_for_one", [13, 1])
    moves = network.subscribe([ActorStateChanged])

    await network.run()
    path = [event.new async for event in moves if event.node == "b"]

    born = ["initialized", "running", "processing", "running"]
    assert path == [
        *born,
        "error",
        "running",
        "processing",
        "stopping",
        "stopped",
        *born,
        "stopping",
        "stopped",
    ]


async def test_too_many_restarts_end_the_run() -> None:
    network = _supervised("one_for_one", [13, 13, 13, 1], maxRestarts=2)

    result = await network.run()

    assert (result.status, result.code) == ("failed", "restart_intensity")
    assert "limited to 2 in 60 s" in result.error


async def test_a_wrong_supervision_is_refused() -> None:
    with pytest.raises(GraphError, match=r"'one' is unknown|properties\.supervision"):
        await _supervised("one", []).run()


async def test_the_same_seed_gives_the_same_order() -> None:
    async def order(seed: int) -> list[Any]:
        network = Network(registry=Registry([Pass, Numbers]), seed=seed)
        network.add_node("merge", "pass")
        network.add_outport("out", "merge", "out")
        for index in range(4):
            network.add_node(f"s{index}", "pass")
            network.add_connection(f"s{index}", "out", "merge", "in")
            network.add_initial(f"s{index}", "in", index)
        outputs: list[Any] = (await network.run()).outputs["out"]
        return outputs

    orders = [await order(seed) for seed in range(10)]

    assert orders == [await order(seed) for seed in range(10)]
    assert len({tuple(item) for item in orders}) > 1
