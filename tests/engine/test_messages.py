from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from engine.errors import MessageError
from engine.messages import (
    FLOW,
    AnyValue,
    Encoded,
    ErrorValue,
    FrozenDict,
    FrozenList,
    StreamHandle,
    freeze,
    thaw,
    type_name,
)
from tests.engine.messages_strategy import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Callable


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    "change",
    [
        lambda items: items.append(1),
        lambda items: items.extend([1]),
        lambda items: items.insert(0, 1),
        lambda items: items.pop(),
        lambda items: items.remove(1),
        lambda items: items.clear(),
        lambda items: items.sort(),
        lambda items: items.reverse(),
        lambda items: items.__setitem__(0, 5),
        lambda items: items.__delitem__(0),
        lambda items: items.__iadd__([1]),
        lambda items: items.__imul__(2),
    ],
)
def test_a_frozen_list_refuses_every_change(change: Callable[[Any], object]) -> None:
    items = FrozenList([1, 2])

    with pytest.raises(TypeError, match="FrozenList is immutable: build a new value, or thaw"):
        change(items)

    assert items == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        lambda items: items.__setitem__("a", 2),
        lambda items: items.__delitem__("a"),
        lambda items: items.__ior__({"a": 2}),
        lambda items: items.clear(),
        lambda items: items.pop("a"),
        lambda items: items.popitem(),
        lambda items: items.setdefault("b", 1),
        lambda items: items.update(a=2),
    ],
)
def test_a_frozen_dict_refuses_every_change(change: Callable[[Any], object]) -> None:
    items = FrozenDict(a=1)

    with pytest.raises(TypeError, match="FrozenDict is immutable: build a new value, or thaw"):
        change(items)

    assert items == {"a": 1}


@given(MESSAGES)
def test_an_immutable_message_passes_the_border_as_it_is(message: Any) -> None:
    frozen = freeze(message)

    expected = message.value if isinstance(message, AnyValue) else message
    assert frozen is expected


@given(MESSAGES)
def test_a_message_survives_another_process(message: Any) -> None:
    again = pickle.loads(pickle.dumps(message))  # noqa: S301 -- our own bytes

    assert (type(again), repr(again)) == (type(message), repr(message))


@given(MESSAGES)
def test_a_thawed_message_is_equal_and_freezes_to_the_same(message: Any) -> None:
    plain = thaw(message)

    assert plain == message
    if not isinstance(message, AnyValue):
        assert repr(freeze(plain)) == repr(message)


def test_freezing_goes_all_the_way_down_and_leaves_no_way_in() -> None:
    given_list = [1]
    frozen = freeze({"list": given_list, "tuple": (1, [2]), "any": AnyValue([3])})

    given_list.append(2)

    assert frozen == {"list": [1], "tuple": [1, [2]], "any": [3]}
    kinds = [type(frozen), *map(type, frozen.values()), type(frozen["tuple"][1])]
    assert kinds == [FrozenDict, FrozenList, FrozenList, FrozenList, FrozenList]


@pytest.mark.parametrize(
    ("value", "frozen"),
    [
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (True, True),
        (1.0, 1.0),
        (bytearray(b"x"), b"x"),
        (memoryview(b"x"), b"x"),
        (OrderedDict(a=1), FrozenDict(a=1)),
        ((1, 2), FrozenList([1, 2])),
        (AnyValue(5), 5),
    ],
)
def test_relatives_of_message_types_become_the_type_itself(value: Any, frozen: Any) -> None:
    result = freeze(value)

    assert (type(result), result) == (type(frozen), frozen)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (object(), "object cannot be a message"),
        ({"a": [1, {2}]}, "set at .a[] cannot be a message"),
        ({"a": {1: 2}}, "the key 1 at .a is not a text"),
        (1j, "complex cannot be a message"),
    ],
)
def test_what_cannot_be_a_message_is_refused_with_its_place(value: Any, problem: str) -> None:
    with pytest.raises(MessageError) as caught:
        freeze(value)

    assert str(caught.value) == problem


def test_a_value_that_contains_itself_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)

    with pytest.raises(MessageError, match="nested too deeply, or contains itself"):
        freeze(circle)


def test_a_copy_of_a_frozen_value_is_the_value_itself() -> None:
    message = freeze({"a": [1]})

    assert copy.copy(message) is message
    assert copy.deepcopy(message["a"]) is message["a"]


def test_a_thawed_copy_may_be_changed() -> None:
    message = freeze({"a": [1]})
    plain = thaw(message)

    plain["a"].append(2)

    assert (plain, message) == ({"a": [1, 2]}, {"a": [1]})


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (True, "Boolean"),
        (1, "Integer"),
        (1.0, "Float"),
        ("", "String"),
        (b"", "Bytes"),
        (None, "Optional"),
        (FrozenList(), "Array"),
        (FrozenDict(), "Object"),
        (ErrorValue(""), "Error"),
        (FLOW, "Flow"),
        (Encoded(b""), "Encoded"),
        (StreamHandle(1), "StreamHandle"),
    ],
)
def test_every_message_has_the_name_of_its_tag(message: Any, name: str) -> None:
    assert type_name(message) == name
