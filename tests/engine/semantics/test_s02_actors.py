"""Semantic 2: an actor is a class with ports, a config and one behaviour.

* "A class with ``component``, ports, a config schema and one behaviour": a class that breaks any of
  it is refused, ``tests/engine/test_registry.py``.
* "``process`` runs inline, with ``blocking`` in the thread pool": here.
* "``async def process``, ``process_value``, ``process_batch``": ``network/test_delivery.py``.
* "It returns {port: message}, or calls emit, or is a generator": ``network/test_delivery.py``;
  that all ways in one actor's life mix in order: here.
* "A generator is pulled as there is room": here, to the message.
* "``setup()`` and ``teardown()`` frame its life": ``network/test_failure.py``; async ones: here.
* "State is private to the node; two nodes never share an object": ``network/test_delivery.py`` and
  ``test_probes.py``; that a class attribute cannot leak through ``Config`` defaults: here.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from engine import Actor, Context, Outputs, Port, setting
from engine.limits import Limits
from tests.engine.fakes import chain, network_of


class InlineThread(Actor):
    component = "inline"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        return {"out": threading.current_thread() is threading.main_thread()}


class PoolThread(InlineThread):
    component = "pool"
    blocking = True


@pytest.mark.parametrize(("component", "in_loop"), [("inline", True), ("pool", False)])
async def test_a_behaviour_runs_in_the_loop_and_a_blocking_one_in_a_thread(
    component: str, in_loop: bool
) -> None:
    network = network_of(InlineThread, PoolThread)
    chain(network, component)
    network.add_initial("n0", "in", 1)

    result = await network.run()

    assert result.outputs == {"result": [in_loop]}


class Mixed(Actor):
    """Emit, emit and return; then only return; then nothing."""

    component = "mixed"
    inports = (Port("in", "integer"),)
    outports = (Port("out"), Port("other"))

    def process(self, ctx: Context) -> Outputs:
        number = ctx.inputs["in"]
        if number % 3 == 0:
            ctx.emit("out", [number, "first"])
            ctx.emit("other", number)
            ctx.emit("out", [number, "second"])
            return {"out": [number, "third"]}
        return {"out": [number, "only"]} if number % 3 == 1 else None


async def test_emitted_and_returned_messages_of_many_firings_keep_their_order() -> None:
    network = network_of(Mixed, limits=Limits(message_buffer_size=2))
    network.add_node("source", "numbers", {"count": 900})
    chain(network, "mixed", "async_pass")
    network.add_connection("source", "out", "n0", "in")
    network.add_outport("other", "n0", "other")

    result = await network.run()

    by_third = {0: ("first", "second", "third"), 1: ("only",), 2: ()}
    expected = [[n, word] for n in range(900) for word in by_third[n % 3]]
    assert result.outputs == {"result": expected, "other": list(range(0, 900, 3))}


async def test_a_generator_is_never_pulled_further_than_there_is_room() -> None:
    pulled: list[int] = []
    ahead: list[int] = []

    class Endless(Actor):
        component = "endless"
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Any:
            number = 0
            while True:
                pulled.append(number)
                yield "out", number
                number += 1

    class Look(Actor):
        """How many messages the source is ahead of the one in hand."""

        component = "look"
        inports = (Port("in"),)

        async def process(self, ctx: Context) -> Outputs:
            await asyncio.sleep(0)
            ahead.append(len(pulled) - ctx.inputs["in"] - 1)
            if ctx.inputs["in"] == 500:
                network.cancel()
            return None

    network = network_of(Endless, Look, limits=Limits(message_buffer_size=10))
    network.add_node("endless", "endless")
    network.add_node("look", "look")
    network.add_connection("endless", "out", "look", "in")

    result = await asyncio.wait_for(network.run(), 20)

    assert result.status == "cancelled"
    assert max(ahead) <= 20  # ten that wait, ten that the actor has taken


async def test_an_async_setup_and_teardown_are_awaited() -> None:
    diary: list[str] = []

    class Living(Actor):
        component = "living"
        inports = (Port("in"),)

        async def setup(self) -> None:
            await asyncio.sleep(0)
            diary.append("set up")

        async def process(self, ctx: Context) -> Outputs:
            diary.append("process")
            return None

        async def teardown(self) -> None:
            await asyncio.sleep(0)
            diary.append("torn down")

    network = network_of(Living)
    network.add_node("n", "living")
    network.add_initial("n", "in", 1)

    await network.run()

    assert diary == ["set up", "process", "torn down"]


async def test_a_default_of_the_settings_cannot_carry_anything_between_nodes() -> None:
    class Settings(Actor):
        component = "settings"
        inports = (Port("in"),)
        outports = (Port("out"),)

        @dataclass(frozen=True, slots=True)
        class Config:
            names: list[str] = setting(["a"])

        def process(self, ctx: Context) -> Outputs:
            ctx.config.names.append("b")
            return None

    network = network_of(Settings)
    chain(network, "settings", "settings")
    network.add_initial("n0", "in", 1)

    result = await network.run()

    assert result.error == "n0: FrozenList is immutable: build a new value, or thaw() a copy"
