from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import offbit_reflow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import codec
from engine.errors import CodecError
from engine.messages import (
    FLOW,
    AnyValue,
    Encoded,
    ErrorValue,
    Event,
    FrozenDict,
    FrozenList,
    Message,
    OptionalValue,
    RemoteReference,
    StreamHandle,
    freeze,
)
from tests.engine.messages_strategy import MESSAGES
from tests.nightly import examples

SAMPLES = json.loads(
    (Path(__file__).parents[1] / "data" / "reflow_wire" / "messages.json").read_text("utf-8")
)
TAGGED = {name: item["json"] for name, item in SAMPLES.items() if "json" in item}

EVERY_TAG: dict[str, tuple[dict[str, Any], Message]] = {
    "Flow": ({"type": "Flow"}, FLOW),
    "Event": ({"type": "Event", "data": {"name": "click"}}, Event(freeze({"name": "click"}))),
    "Boolean": ({"type": "Boolean", "data": True}, True),
    "Integer": ({"type": "Integer", "data": -(2**63)}, -(2**63)),
    "Float": ({"type": "Float", "data": 1.0}, 1.0),
    "String": ({"type": "String", "data": "héllo\n\0"}, "héllo\n\0"),
    "Object": ({"type": "Object", "data": {"a": [1.0, 1]}}, freeze({"a": [1.0, 1]})),
    "Array": ({"type": "Array", "data": [None, True]}, FrozenList([None, True])),
    "Bytes": ({"type": "Bytes", "data": [0, 255]}, b"\x00\xff"),
    "Encoded": ({"type": "Encoded", "data": [1, 2]}, Encoded(b"\x01\x02")),
    "StreamHandle": (
        {
            "type": "StreamHandle",
            "data": {
                "stream_id": 1,
                "origin_actor": "a",
                "origin_port": "p",
                "content_type": "image/jpeg",
                "size_hint": None,
            },
        },
        StreamHandle(1, "a", "p", "image/jpeg"),
    ),
    "Optional": ({"type": "Optional", "data": 5}, OptionalValue(5)),
    "no value": ({"type": "Optional", "data": None}, None),
    "Any": ({"type": "Any", "data": {"k": 1}}, AnyValue(freeze({"k": 1}))),
    "Error": ({"type": "Error", "data": "bad"}, ErrorValue("bad")),
    "RemoteReference": (
        {"type": "RemoteReference", "data": {"network_id": "n", "actor_id": "a", "port": "p"}},
        RemoteReference("n", "a", "p"),
    ),
}


@pytest.mark.parametrize(("tagged", "message"), EVERY_TAG.values(), ids=EVERY_TAG)
def test_every_tag_is_read_and_written(tagged: dict[str, Any], message: Message) -> None:
    read = codec.decode(tagged)

    assert (type(read), read) == (type(message), message)
    assert codec.encode(message) == tagged


@pytest.mark.parametrize("name", TAGGED)
def test_a_message_of_the_original_is_written_as_it_was_read(name: str) -> None:
    text = codec.to_json(codec.decode(TAGGED[name]))

    assert json.loads(text) == TAGGED[name]
    assert ('"data":1.0' in text) == (name in {"float", "from_json float_int"})


@pytest.mark.parametrize(("tagged", "message"), EVERY_TAG.values(), ids=EVERY_TAG)
def test_the_original_reads_what_we_write(tagged: dict[str, Any], message: Message) -> None:
    theirs = offbit_reflow.Message.from_json(codec.encode(message))

    assert theirs.as_json() == tagged


@pytest.mark.parametrize(
    ("tagged", "message"),
    [
        ({"type": "Null", "data": None}, None),
        ({"type": "Null"}, None),
        ({"type": "Optional"}, None),
        ({"type": "Flow", "data": None}, FLOW),
        ({"type": "Binary", "data": [1, 2]}, b"\x01\x02"),
        ({"type": "Binary", "data": "AQI="}, b"\x01\x02"),
        ({"type": "Bytes", "data": "AQI="}, b"\x01\x02"),
        ({"type": "Float", "data": 1}, 1.0),
        (
            {"type": "Stream", "data": {"stream_id": 1, "origin_actor": "", "origin_port": ""}},
            StreamHandle(1),
        ),
    ],
)
def test_other_spellings_are_read_too(tagged: dict[str, Any], message: Message) -> None:
    read = codec.decode(tagged)

    assert (type(read), read) == (type(message), message)


@pytest.mark.parametrize(
    ("tagged", "problem"),
    [
        ({"type": "integer", "data": 1}, "unknown message type 'integer': did you mean 'Integer'?"),
        ({"type": "NetworkEvent", "data": {}}, "unknown message type 'NetworkEvent'"),
        (5, 'a message is an object such as {"type": "Integer", "data": 1}'),
        ({"data": 5}, 'a message is an object such as {"type": "Integer", "data": 1}'),
        ({"type": ["Integer"], "data": 5}, "a message is an object such as"),
        ({"type": "Integer"}, "a message of type Integer needs data"),
        ({"type": "Any"}, "a message of type Any needs data"),
        ({"type": "Integer", "data": 1, "x": 2}, "a message has only type and data, not 'x'"),
        ({"type": "Flow", "data": 5}, "Flow: has no data, not 5"),
        ({"type": "Null", "data": 0}, "Null: has no data, not 0"),
        ({"type": "Integer", "data": 1.5}, "Integer: needs a whole number, not 1.5"),
        ({"type": "Integer", "data": 1.0}, "Integer: needs a whole number, not 1.0"),
        ({"type": "Integer", "data": True}, "Integer: needs a whole number, not True"),
        ({"type": "Integer", "data": "1"}, "Integer: needs a whole number, not '1'"),
        ({"type": "Integer", "data": 2**63}, "Integer: 9223372036854775808 is outside i64"),
        ({"type": "Integer", "data": 9**999}, "a whole number of 3167 bits is outside i64"),
        ({"type": "Float", "data": math.nan}, "Float: nan is not a finite number"),
        ({"type": "Float", "data": -math.inf}, "Float: -inf is not a finite number"),
        ({"type": "Float", "data": "1"}, "Float: needs a number, not '1'"),
        ({"type": "Float", "data": False}, "Float: needs a number, not False"),
        ({"type": "Float", "data": 9**999}, "Float: a whole number of 3167 bits is too large"),
        ({"type": "Boolean", "data": 1}, "Boolean: needs true or false, not 1"),
        ({"type": "String", "data": 5}, "String: needs a text, not 5"),
        ({"type": "String", "data": "\ud800"}, "String: the text '\\ud800' holds a lone surrogate"),
        ({"type": "Object", "data": [1]}, "Object: needs an object, not a list"),
        (
            {"type": "Object", "data": {"a": [2**63]}},
            "Object: a[0]: 9223372036854775808 is outside",
        ),
        ({"type": "Object", "data": {"a": math.inf}}, "Object: a: inf is not a finite number"),
        ({"type": "Object", "data": {1: 2}}, "Object: the key 1 is not a text"),
        ({"type": "Object", "data": {"\ud800": 2}}, "holds a lone surrogate"),
        ({"type": "Array", "data": {}}, "Array: needs a list, not an object"),
        ({"type": "Array", "data": [object()]}, "Array: object at [] cannot be a message"),
        ({"type": "Bytes", "data": [256]}, "Bytes: needs numbers from 0 to 255"),
        ({"type": "Bytes", "data": [-1]}, "Bytes: needs numbers from 0 to 255"),
        ({"type": "Bytes", "data": [True]}, "Bytes: needs a list of numbers 0 to 255"),
        ({"type": "Bytes", "data": 5}, "Bytes: needs a list of numbers 0 to 255"),
        ({"type": "Bytes", "data": "?"}, "Bytes: is not base64"),
        ({"type": "Bytes", "data": "é"}, "Bytes: is not base64"),
        ({"type": "Error", "data": {"a": 1}}, "Error: needs a text, not an object"),
        ({"type": "StreamHandle", "data": 1}, "StreamHandle: needs an object, not 1"),
        (
            {"type": "StreamHandle", "data": {"stream_id": 1}},
            "StreamHandle: needs origin_actor, origin_port",
        ),
        (
            {"type": "Stream", "data": {"stream_id": -1, "origin_actor": "", "origin_port": ""}},
            "Stream: stream_id needs a whole number from 0, not -1",
        ),
        (
            {"type": "Stream", "data": {"stream_id": 1, "origin_actor": 5, "origin_port": ""}},
            "Stream: origin_actor: needs a text, not 5",
        ),
        ({"type": "RemoteReference", "data": {}}, "needs network_id, actor_id, port"),
    ],
)
def test_what_is_no_message_is_refused_and_says_why(tagged: Any, problem: str) -> None:
    with pytest.raises(CodecError) as caught:
        codec.decode(tagged)

    assert problem in str(caught.value)


ERRORS = {name: item["input"] for name, item in SAMPLES.items() if "error" in item}


@pytest.mark.parametrize("name", ERRORS)
def test_what_the_original_refuses_is_refused(name: str) -> None:
    tagged = eval(ERRORS[name], {"nan": math.nan, "inf": math.inf})  # noqa: S307 -- our own sample

    with pytest.raises(CodecError):
        codec.decode(tagged)


@given(MESSAGES)
def test_every_message_survives_its_text(message: Message) -> None:
    read = codec.from_json(codec.to_json(message))

    assert (type(read), read) == (type(message), message)
    assert repr(read) == repr(message)  # tells 1 from 1.0 and True, at any depth


@given(MESSAGES)
def test_every_message_survives_its_tagged_form(message: Message) -> None:
    assert repr(codec.decode(codec.encode(message))) == repr(message)


@given(MESSAGES)
def test_the_size_is_the_size_of_the_text_but_for_exponents(message: Message) -> None:
    text = codec.to_json(message)

    exponents = 2 * text.count("e-") + text.count("e+")
    assert abs(codec.size_of(message) - len(text.encode())) <= exponents


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.sampled_from(["type", "data"]), inner)
        | st.fixed_dictionaries({"type": st.sampled_from([*EVERY_TAG, "Null"]), "data": inner})
    ),
    max_leaves=20,
)


def read(value: Any) -> Message:
    try:
        return codec.from_wire(value)
    except CodecError as error:
        return error


@settings(max_examples=examples(300))
@given(ANYTHING)
def test_anything_on_the_wire_is_a_message_or_a_codec_error(value: Any) -> None:
    result = read(value)

    assert isinstance(result, CodecError) or codec.to_json(result)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, 5),
        (None, None),
        ({"type": "Integer", "data": 5}, 5),
        ({"type": "Flow"}, FLOW),
        ({"type": "Flow", "data": None}, FLOW),
        ({"type": "Any", "data": [1]}, [1]),
        (
            {"type": "Object", "data": {"type": "Integer", "data": 5}},
            {"type": "Integer", "data": 5},
        ),
        ({"type": "integer", "data": 5}, {"type": "integer", "data": 5}),
        ({"type": "Integer", "data": 5, "x": 1}, {"type": "Integer", "data": 5, "x": 1}),
        ({"type": "Integer"}, {"type": "Integer"}),
        ({"type": ["Flow"]}, {"type": ["Flow"]}),
        ({"type": {}, "data": 1}, {"type": {}, "data": 1}),
        ([{"type": "Integer", "data": 5}], [{"type": "Integer", "data": 5}]),
        ({"a": {"type": "Integer", "data": 5}}, {"a": {"type": "Integer", "data": 5}}),
    ],
)
def test_only_an_outermost_object_of_type_and_data_is_taken_for_tagged(
    value: Any, message: Message
) -> None:
    read = codec.from_wire(value)

    assert (type(read), read) == (type(freeze(message)), message)


def test_a_tagged_value_that_does_not_fit_is_refused_and_not_taken_as_bare() -> None:
    with pytest.raises(CodecError, match="Integer: needs a whole number, not 'x'"):
        codec.from_wire({"type": "Integer", "data": "x"})


@pytest.mark.parametrize("value", [{1, 2}, object(), [{1: 2}], math.inf, 2**63])
def test_a_bare_value_that_cannot_be_a_message_is_refused(value: object) -> None:
    with pytest.raises(CodecError):
        codec.from_wire(value)


def test_bytes_that_are_bytes_already_are_taken() -> None:
    assert codec.decode({"type": "Bytes", "data": bytearray(b"\x01")}) == b"\x01"


def test_what_is_inside_a_message_is_written_bare() -> None:
    message = freeze(
        {"bytes": b"\x01", "flow": FLOW, "list": [ErrorValue("bad"), Encoded(b"\x02")]}
    )

    assert codec.encode(message) == {
        "type": "Object",
        "data": {"bytes": [1], "flow": "flow", "list": ["bad", [2]]},
    }


@pytest.mark.parametrize(
    ("message", "plain"),
    [
        (5, 5),
        (None, None),
        (FLOW, "flow"),
        (ErrorValue("e"), "e"),
        (b"\x01", [1]),
        (OptionalValue(1), 1),
        (AnyValue(FrozenDict(q=1)), {"q": 1}),
        (Event(FrozenDict(name=FLOW)), {"name": "flow"}),
        (FrozenDict(a=FrozenList([b"\x01"])), {"a": [[1]]}),
        (RemoteReference("n", "a", "p"), {"network_id": "n", "actor_id": "a", "port": "p"}),
    ],
)
def test_the_plain_value_is_what_the_original_shows_in_events(
    message: Message, plain: object
) -> None:
    assert codec.to_plain(message) == plain


def nested(depth: int) -> Message:
    value: Message = 1
    for _ in range(depth):
        value = FrozenList([value])
    return value


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (2**63, "9223372036854775808 is outside i64"),
        (-(2**63) - 1, "-9223372036854775809 is outside i64"),
        (math.nan, "nan is not a finite number"),
        (freeze({"a": [1, {"b": math.inf}]}), "a[1].b: inf is not a finite number"),
        (freeze({"a": [0, 2**64]}), "a[1]: 18446744073709551616 is outside i64"),
        (OptionalValue(freeze([-math.inf])), "[0]: -inf is not a finite number"),
        (Event(FrozenDict(a=2**63)), "a: 9223372036854775808 is outside i64"),
        ("\udfff", "the text '\\udfff' holds a lone surrogate"),
        (object(), "object is not a message"),
        (FrozenList([object()]), "[0]: object is not a message"),
        (nested(100_000), "nested too deeply to be written"),
    ],
)
def test_what_has_no_wire_form_is_refused_by_name(message: Message, problem: str) -> None:
    for write in (codec.encode, codec.to_json):
        with pytest.raises(CodecError) as caught:
            write(message)
        assert str(caught.value) == problem


@pytest.mark.parametrize("message", [2**63, math.nan, "\ud800", nested(100_000), 9**999])
def test_a_value_without_wire_form_still_has_a_size(message: Message) -> None:
    assert 0 < codec.size_of(message) < 1000


def test_long_digits_in_a_text_are_no_number() -> None:
    digits = "1234567890" * 10

    assert codec.dumps([digits]) == f'["{digits}"]'
    assert codec.dumps([2**63 - 1, -(2**63)]) == f"[{2**63 - 1},{-(2**63)}]"


def test_keys_are_sorted_on_demand() -> None:
    assert codec.dumps({"b": 1, "a": {"d": 1, "c": 2}}, sort_keys=True) == (
        '{"a":{"c":2,"d":1},"b":1}'
    )
