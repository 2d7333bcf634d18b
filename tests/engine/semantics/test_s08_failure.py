"""Semantic 8: failure stays local.

* "A raised error becomes ``ActorFailed``": here, with where it ended.
* "The retry policy of the node decides (attempts, backoff with jitter, retryable errors only)":
  ``network/test_policies.py``.
* "then the ``error`` outport if it is connected; else the dead-letter store": here, one failure
  down all levels.
* "Other nodes go on": ``network/test_failure.py``; here, the other messages of the same node too.
* "The run ends ``failed`` if any message ended in the dead letters, unless the graph says
  otherwise": here.
* "Hierarchy: actor -> network -> workflow -> application handler": here.
* "Circuit breaker per node and per external service": ``network/test_policies.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from engine import Actor, Context, Outputs, Port, setting
from engine.events import ActorFailed, ActorRetried
from engine.messages import ErrorValue
from tests.engine.fakes import FakeClock, network_of


class Down(Actor):
    """Fail for every odd number; ``handles`` them itself if it is told to."""

    component = "down"
    inports = (Port("in", "integer"),)
    outports = (Port("out"), Port("error", "error"))

    @dataclass(frozen=True, slots=True)
    class Config:
        handles: bool = setting(False)

    def process(self, ctx: Context) -> Outputs:
        if ctx.inputs["in"] % 2:
            raise ConnectionError(f"down at {ctx.inputs['in']}")
        return {"out": ctx.inputs["in"]}

    def on_error(self, error: Exception, inputs: Any) -> Outputs:
        return {"out": f"handled {inputs['in']}"} if self.config.handles else None


class DownAsync(Down):
    component = "down_async"

    async def process(self, ctx: Context) -> Outputs:  # type: ignore[override]
        return super().process(ctx)


class DownBlocking(Down):
    component = "down_blocking"
    blocking = True


DOWN = [Down, DownAsync, DownBlocking]
FALLBACK = {"fallback": {"port": "out", "value": "instead"}}
RETRY = {"retry": {"attempts": 3, "delayMs": 100, "jitter": 0}}


@dataclass(frozen=True)
class Seen:
    """What came of the message 1 between 0 and 2, and who took its failure."""

    outputs: dict[str, list[Any]]
    status: str
    failed: list[tuple[str, str]]  # error, handled by
    retried: int
    dead: list[dict[str, Any]]


async def run(
    component: str, config: dict[str, Any], *, error_port: bool = False, ignore: bool = False
) -> Seen:
    network = network_of(*DOWN, clock=FakeClock())
    network.add_node("n", component, config)
    network.add_outport("out", "n", "out")
    if error_port:
        network.add_outport("error", "n", "error")
    if ignore:
        network.graph.properties["onError"] = "ignore"
    for number in range(3):
        network.add_initial("n", "in", number)
    failed = network.subscribe([ActorFailed])
    retried = network.subscribe([ActorRetried])

    result = await network.run()

    return Seen(
        dict(result.outputs),
        result.status,
        [(event.error, event.handled_by) async for event in failed],
        len([event async for event in retried]),
        [dict(letter.inputs) for letter in result.errors],
    )


@pytest.mark.parametrize("component", [actor.component for actor in DOWN])
async def test_a_failure_without_any_handler_is_a_dead_letter_and_fails_the_run(
    component: str,
) -> None:
    assert await run(component, {}) == Seen(
        {"out": [0, 2]}, "failed", [("down at 1", "")], 0, [{"in": 1}]
    )


@pytest.mark.parametrize("component", [actor.component for actor in DOWN])
async def test_the_graph_may_say_that_dead_letters_do_not_fail_the_run(component: str) -> None:
    assert await run(component, {}, ignore=True) == Seen(
        {"out": [0, 2]}, "completed", [("down at 1", "")], 0, [{"in": 1}]
    )


@pytest.mark.parametrize("component", [actor.component for actor in DOWN])
async def test_the_actor_itself_is_the_first_to_handle_its_failure(component: str) -> None:
    seen = await run(component, {"handles": True}, error_port=True)

    assert sorted(map(str, seen.outputs["out"])) == ["0", "2", "handled 1"]
    assert (seen.status, seen.failed, seen.dead) == ("completed", [("down at 1", "actor")], [])
    assert seen.outputs["error"] == []


@pytest.mark.parametrize("component", [actor.component for actor in DOWN])
async def test_a_connected_error_port_is_the_next(component: str) -> None:
    assert await run(component, {}, error_port=True) == Seen(
        {"out": [0, 2], "error": [ErrorValue("down at 1")]},
        "completed",
        [("down at 1", "error_port")],
        0,
        [],
    )


@pytest.mark.parametrize("component", [actor.component for actor in DOWN])
async def test_tries_come_before_the_fallback_and_the_fallback_before_the_error_port(
    component: str,
) -> None:
    assert await run(component, {"policy": {**RETRY, **FALLBACK}}, error_port=True) == Seen(
        {"out": [0, "instead", 2], "error": []}, "completed", [("down at 1", "fallback")], 2, []
    )


@pytest.mark.parametrize("component", [actor.component for actor in DOWN])
async def test_used_up_tries_without_a_fallback_go_on_down_the_levels(component: str) -> None:
    assert await run(component, {"policy": RETRY}) == Seen(
        {"out": [0, 2]}, "failed", [("down at 1", "")], 2, [{"in": 1}]
    )


async def test_in_a_graph_full_of_failures_every_other_message_arrives() -> None:
    network = network_of(*DOWN)
    network.graph.properties["onError"] = "ignore"
    for index in range(30):
        network.add_node(f"source{index}", "numbers", {"count": 100})
        network.add_node(f"n{index}", DOWN[index % 3].component)
        network.add_connection(f"source{index}", "out", f"n{index}", "in")
        network.add_outport(f"n{index}", f"n{index}", "out")

    result = await network.run()

    assert result.outputs == {f"n{index}": list(range(0, 100, 2)) for index in range(30)}
    assert (result.nodes_failed, result.failed_firings) == (30, 1_500)
