"""Semantic 9: the lifecycle of the seed's state diagram.

* "As one table", "an illegal one is refused": each of the 49 cells, ``test_lifecycle.py``.
* "Every transition is a network event": ``network/test_failure.py`` for a life in full; here, that
  the events of any node chain up from created to stopped, each an arrow of the table. The turns in
  between (running > processing > running) are told by NodeExecuting and ActorCompleted.
* That a node is what the table says while it works: here.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from engine import Actor, Context, Outputs, Port
from engine.events import ActorStateChanged
from engine.lifecycle import ALLOWED, ActorState
from tests.engine.fakes import network_of

if TYPE_CHECKING:
    from engine import Network
    from engine.network.subscription import Subscription

DEADLINE = 5  # seconds


class Setting(Actor):
    """An actor whose setup takes a while, and that fails for 2."""

    component = "setting"
    inports = (Port("in"),)
    outports = (Port("out"),)

    async def setup(self) -> None:
        await asyncio.sleep(0)

    def process(self, ctx: Context) -> Outputs:
        if ctx.inputs["in"] == 2:
            raise ValueError("two")
        return {"out": ctx.inputs["in"]}


class SettingAsync(Setting):
    component = "setting_async"

    async def process(self, ctx: Context) -> Outputs:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().process(ctx)


class SettingBlocking(Setting):
    component = "setting_blocking"
    blocking = True


ACTORS = [Setting, SettingAsync, SettingBlocking]


def network_of_all(*, supervised: bool) -> Network:
    network = network_of(*ACTORS)
    network.graph.properties["onError"] = "ignore"
    if supervised:
        network.graph.properties["supervision"] = {"maxRestarts": 100}
    for actor in ACTORS:
        network.add_node(actor.component, actor.component)
        for number in range(4):
            network.add_initial(actor.component, "in", number)
    return network


async def lives_of(moves: Subscription[ActorStateChanged]) -> dict[str, list[tuple[str, str]]]:
    """The moves of each node, in order."""
    lives: dict[str, list[tuple[str, str]]] = defaultdict(list)
    async for move in moves:
        lives[move.node].append((move.old, move.new))
    return lives


@pytest.mark.parametrize("turns", [None, 0, 1, 2, 5, 20])
@pytest.mark.parametrize("supervised", [False, True])
async def test_every_life_begins_created_and_ends_stopped_whenever_it_is_cancelled(
    turns: int | None, supervised: bool
) -> None:
    network = network_of_all(supervised=supervised)
    moves = network.subscribe([ActorStateChanged])
    run = asyncio.create_task(network.run())
    for _ in range(turns or 0):
        await asyncio.sleep(0)
    if turns is not None:
        network.cancel()
    await asyncio.wait_for(run, DEADLINE)

    lives = await lives_of(moves)

    begun = [life for life in lives.values() if life]
    assert all(life[0] == ("created", "initialized") for life in begun)
    assert all(life[-1] == ("stopping", "stopped") for life in begun)


@pytest.mark.parametrize("supervised", [False, True])
async def test_every_move_is_an_arrow_of_the_table_and_begins_where_the_last_one_ended(
    supervised: bool,
) -> None:
    network = network_of_all(supervised=supervised)
    moves = network.subscribe([ActorStateChanged])

    await asyncio.wait_for(network.run(), DEADLINE)
    lives = await lives_of(moves)

    turn = {"running", "processing"}  # told by other events, so that a life may jump between them
    assert set(lives) == {actor.component for actor in ACTORS}
    for life in lives.values():
        assert all(ActorState(new) in ALLOWED[ActorState(old)] for old, new in life)
        gaps = [{end, begin} for (_, end), (begin, _) in pairwise(life) if end != begin]
        assert all(gap in (turn, {"stopped", "created"}) for gap in gaps)


async def test_a_node_is_processing_while_its_behaviour_runs_and_running_between() -> None:
    seen: list[ActorState] = []

    class Look(Actor):
        component = "look"
        inports = (Port("in"),)

        def process(self, ctx: Context) -> Outputs:
            seen.append(network._scheduler.nodes["n"].state)
            return None

    network = network_of(Look)
    network.add_node("n", "look")
    network.add_initial("n", "in", 1)

    async with network:
        await network.wait_idle()
        seen.append(network._scheduler.nodes["n"].state)
    seen.append(network._scheduler.nodes["n"].state)

    assert seen == [ActorState.PROCESSING, ActorState.RUNNING, ActorState.STOPPED]
