"""Messages and records between processes stay what they are."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.messages import IMMUTABLE, FrozenDict, FrozenList, freeze
from engine.network.shards.coding import FLAT, PLAIN, Coder, pack, unpack
from engine.network.shards.frames import Traffic
from tests.engine.messages_strategy import MESSAGES


def sent(batch: list[Any]) -> list[Any]:
    coder = Coder()
    frame = coder.decode(coder.encode(Traffic([("a -> b", *pack(batch))], {"b -> a": 3})))
    assert isinstance(frame, Traffic)
    assert frame.grants == {"b -> a": 3}
    ((connection, packed, found),) = frame.batches
    assert connection == "a -> b"
    return unpack(packed, found)


@given(st.lists(MESSAGES.map(freeze)))
def test_any_batch_arrives_as_it_left(batch: list[Any]) -> None:
    found = sent(batch)

    assert found == batch
    assert list(map(_kinds, found)) == list(map(_kinds, batch))


def _kinds(message: Any) -> Any:
    """The exact types of a message, all the way down."""
    if isinstance(message, dict):
        return type(message), {key: _kinds(item) for key, item in message.items()}
    if isinstance(message, list):
        return type(message), [_kinds(item) for item in message]
    return type(message)


def test_what_the_wire_cannot_write_arrives_too() -> None:
    big, nan, text = sent([2**100, math.nan, "\ud800"])

    assert (big, math.isnan(nan), text) == (2**100, True, "\ud800")


def test_flat_dicts_are_packed_as_plain_ones() -> None:
    batch = [FrozenDict(number=1, text="a"), FrozenDict()]

    assert pack(batch) == (FLAT, [{"number": 1, "text": "a"}, {}])
    assert {type(item) for item in pack(batch)[1]} == {dict}
    assert {type(item) for item in unpack(*pack(batch))} == {FrozenDict}


def test_dicts_that_hold_containers_are_not() -> None:
    batch = [freeze({"items": [1]}), freeze({"number": 1})]

    assert pack(batch) == (PLAIN, batch)


def test_nothing_that_arrives_can_be_changed() -> None:
    (message,) = sent([freeze({"rows": [{"name": "a"}]})])

    assert type(message) in IMMUTABLE
    assert type(message["rows"]) is FrozenList
    assert type(message["rows"][0]) is FrozenDict
