"""Semantic 1: messages are plain immutable values.

* "Plain immutable values": ``tests/engine/test_messages.py`` (every change is refused).
* "``freeze()`` runs once at the border; inside, a message crosses a connection by reference": here.
* "Wire form is Reflow's tagged JSON": ``tests/engine/test_codec.py``.
* "Integer is i64 (outside: error), NaN and infinities are refused": ``test_codec.py``; that such a
  value inside a network holds nobody up: here.
* "int and float never turn into each other": here, through actors; in JSON ``test_codec.py``.
* "Round trip of every variant through JSON": ``test_codec.py``; the database, a WebSocket and
  another process: here.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from engine import FLOW, Actor, Context, ErrorValue, Event, Outputs, Port, freeze
from engine.codec import decode, from_json, parse_json, to_json
from engine.events import MessageReceived
from engine.messages import (
    Encoded,
    FrozenDict,
    FrozenList,
    OptionalValue,
    RemoteReference,
    StreamHandle,
)
from tests.engine.fakes import chain, network_of
from tests.factories import ExecutionEventFactory, ExecutionFactory
from workflows.event_rows import RowLimits, to_row
from workflows.models import ExecutionEvent

VARIANTS = [
    FLOW,
    Event({"name": "saved"}),
    True,
    0,
    2**63 - 1,
    -(2**63),
    1.0,
    1e16,
    -0.0,
    "",
    "\u2028 \N{GRINNING FACE}",
    freeze([1, [2.0, None], {"a": [True]}]),
    freeze({"type": "Integer", "data": 1}),
    b"",
    bytes(range(256)),
    None,
    OptionalValue([1]),
    ErrorValue("broken"),
    Encoded(b"\x00\xff"),
    StreamHandle(7, "actor", "out", "text/plain", 10),
    RemoteReference("network", "actor", "in"),
]


def same(messages: list[Any], others: list[Any]) -> bool:
    """Equal in value and in type: 1, 1.0 and True are three."""
    return messages == others and list(map(repr, messages)) == list(map(repr, others))


class Keep(Actor):
    """Remember the very objects that came."""

    component = "keep"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def setup(self) -> None:
        self.kept: list[Any] = []

    def process(self, ctx: Context) -> Outputs:
        self.kept.append(ctx.inputs["in"])
        return {"out": ctx.inputs["in"]}


class MakeList(Actor):
    component = "make_list"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        return {"out": [{"n": ctx.inputs["in"]}]}


async def test_a_message_is_frozen_once_and_then_crosses_connections_by_reference() -> None:
    network = network_of(Keep, MakeList)
    chain(network, "make_list", "keep", "async_pass", "keep")
    network.add_node("beside", "keep")
    network.add_connection("n0", "out", "beside", "in")
    network.add_initial("n0", "in", 1)

    await network.run()

    actors: list[Any] = [network._scheduler.nodes[name].actor for name in ("n1", "n3", "beside")]
    (first,), (behind,), (beside,) = (actor.kept for actor in actors)
    assert (type(first), type(first[0])) == (FrozenList, FrozenDict)
    assert first is behind
    assert first is beside


@pytest.mark.parametrize("component", ["pass", "async_pass", "keep"])
async def test_every_variant_goes_through_actors_with_its_type(component: str) -> None:
    network = network_of(Keep)
    network.add_node("to", "keep")
    network.add_node("from", component)
    network.add_connection("from", "out", "to", "in")
    network.add_inport("in", "from", "in")

    async with network:
        for message in VARIANTS:
            await network.send("in", parse_json(to_json(message)))
        await network.wait_idle()
        receiver: Any = network._scheduler.nodes["to"].actor

    assert same(receiver.kept, VARIANTS)


class Unwritable(Actor):
    component = "unwritable"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        return {"out": [2**63, float("nan"), 1][ctx.inputs["in"]]}


async def test_a_value_that_no_wire_can_carry_holds_nobody_up_inside() -> None:
    network = network_of(Unwritable)
    chain(network, "unwritable", "pass")
    for number in range(3):
        network.add_initial("n0", "in", number)
    events = network.subscribe()

    result = await network.run()
    seen = [event async for event in events]

    big, nan, one = result.outputs["result"]
    assert (big, nan != nan, one) == (2**63, True, 1)  # noqa: PLR0124 -- what NaN is known by
    assert len(seen) > 3


@pytest.mark.django_db
def test_every_variant_survives_the_database() -> None:
    execution = ExecutionFactory()
    for seq, message in enumerate(VARIANTS, 1):
        event = MessageReceived(timestamp=0.0, node="n", port="in", message=message, size=1)
        row = to_row(event, RowLimits())
        ExecutionEventFactory(execution=execution, seq=seq, data=row.data)

    texts = ExecutionEvent.objects.order_by("seq").values_list("data", flat=True)

    assert same([decode(parse_json(text)["message"]) for text in texts], VARIANTS)


async def test_every_variant_survives_a_websocket() -> None:
    async def echo(connection: ServerConnection) -> None:
        async for text in connection:
            await connection.send(to_json(from_json(text)))

    came_back = []
    async with asyncio.timeout(20), serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", proxy=None) as client:
            for message in VARIANTS:
                await client.send(to_json(message))
                came_back.append(from_json(await client.recv()))

    assert same(came_back, VARIANTS)


ECHO = """
import sys
from engine.codec import from_json, to_json
for line in sys.stdin:
    print(to_json(from_json(line)))
"""


async def test_every_variant_survives_another_process() -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ECHO, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    lines = "".join(f"{to_json(message)}\n" for message in VARIANTS)

    async with asyncio.timeout(20):
        answer, _ = await child.communicate(lines.encode())

    assert same([from_json(line) for line in answer.decode().split("\n")[:-1]], VARIANTS)
