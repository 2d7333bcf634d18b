"""From a node's metadata to its Config."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.node_config import build_config, setting, settings_of, unknown_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
from contextlib import suppress


class Mode(StrEnum):
    FAST = "fast"
    SLOW = "slow"


@dataclass(frozen=True)
class Upper:
    text: str

    @classmethod
    def from_setting(cls, value: Any) -> Self:
        if not isinstance(value, str):
            raise ValueError("must be a text")  # noqa: TRY004 -- what from_setting raises
        return cls(value.upper())


@dataclass(frozen=True, slots=True)
class Config:
    name: str
    delay_ms: int = setting(1000, key="delayMs", minimum=0, maximum=5000, help="milliseconds")
    ratio: float = 1.0
    loud: bool = False
    mode: Mode = Mode.FAST
    order: Literal["asc", "desc"] = "asc"
    tags: tuple[str, ...] = ()
    items: list[Any] = setting([])
    extra: dict[str, Any] = setting({})
    value: Any = None
    field: str | None = setting(None, aliases=("switch_field",))
    upper: Upper = Upper("X")


def test_what_is_missing_has_its_default() -> None:
    assert build_config(Config, {"name": "n"}) == Config("n")


GOOD = [
    ({"delayMs": 2.0}, "delay_ms", 2),
    ({"delayMs": "2"}, "delay_ms", 2),
    ({"delay_ms": 5}, "delay_ms", 5),
    ({"ratio": 2}, "ratio", 2.0),
    ({"ratio": "2.5"}, "ratio", 2.5),
    ({"loud": "True"}, "loud", True),
    ({"mode": "slow"}, "mode", Mode.SLOW),
    ({"order": "desc"}, "order", "desc"),
    ({"tags": ["a", "b"]}, "tags", ("a", "b")),
    ({"items": [1, {"a": 2}]}, "items", [1, {"a": 2}]),
    ({"extra": {"a": 1}}, "extra", {"a": 1}),
    ({"items": ' [1, "a"]'}, "items", [1, "a"]),
    ({"extra": '{"a": 1}'}, "extra", {"a": 1}),
    ({"value": [1]}, "value", [1]),
    ({"value": "[1]"}, "value", "[1]"),
    ({"switch_field": "k"}, "field", "k"),
    ({"field": None}, "field", None),
    ({"upper": "abc"}, "upper", Upper("ABC")),
    ({"propertyValues": {"delayMs": 7}}, "delay_ms", 7),
    ({"properties": {"delayMs": {"defaultValue": 8}}}, "delay_ms", 8),
    ({"delayMs": 9, "propertyValues": {"delayMs": 7}}, "delay_ms", 9),
    (
        {"propertyValues": {"delayMs": 7}, "properties": {"delayMs": {"defaultValue": 8}}},
        "delay_ms",
        7,
    ),
]


@pytest.mark.parametrize(("raw", "name", "value"), GOOD)
def test_values_are_taken_in_every_form_that_means_them(raw: Any, name: str, value: Any) -> None:
    taken = getattr(build_config(Config, {"name": "n", **raw}), name)

    assert taken == value
    assert type(taken) is type(value) or isinstance(taken, type(value))


BAD = [
    ({"delayMs": 2.5}, "must be a whole number, not 2.5"),
    ({"delayMs": -1}, "must be at least 0, not -1"),
    ({"delayMs": 5001}, "must be at most 5000, not 5001"),
    ({"delayMs": True}, "must be a whole number, not True"),
    ({"delayMs": "soon"}, "must be a whole number, not 'soon'"),
    ({"ratio": "NaN"}, "must be a number"),
    ({"ratio": None}, "must be a number, not None"),
    ({"loud": 1}, "must be true or false, not 1"),
    ({"mode": "fats"}, "'fats' is unknown: did you mean 'fast'?"),
    ({"order": 3}, "3 is unknown: one of: asc, desc"),
    ({"tags": "a"}, "must be a list, not 'a'"),
    ({"tags": [1]}, "must be a text, not 1"),
    ({"extra": []}, "must be an object, not []"),
    ({"extra": "[]"}, "must be an object, not []"),
    ({"extra": "{a: 1}"}, "is no proper JSON"),
    ({"field": 3}, "must be a text, not 3"),
    ({"upper": 1}, "must be a text"),
    ({"name": 7}, "must be a text, not 7"),
]


@pytest.mark.parametrize(("raw", "text"), BAD)
def test_a_wrong_value_names_node_setting_and_what_is_expected(raw: Any, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_config(Config, {"name": "n", **raw}, node="wait")

    (problem,) = caught.value.problems
    key = next(iter(raw))
    assert problem.where == f"node 'wait': config.{key}"
    assert text in problem.message
    assert problem.node == "wait"


def test_all_problems_come_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        build_config(Config, {"delayMs": -1, "loud": "loud", "order": "up"})

    assert [item.where for item in caught.value.problems] == [
        "node '': config.name",
        "node '': config.delayMs",
        "node '': config.loud",
        "node '': config.order",
    ]


def test_a_rule_over_several_settings_is_a_config_error_too() -> None:
    @dataclass(frozen=True)
    class Range:
        low: int = 0
        high: int = 1

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("low is above high")

    with pytest.raises(ConfigError, match="low is above high"):
        build_config(Range, {"low": 3}, node="n")


def test_unknown_settings_are_named_with_the_nearest_and_layout_is_not_one() -> None:
    problems = unknown_settings(Config, {"delaMs": 1, "x": 3, "label": "L", "mode": "fast"})

    assert [(item.where, item.hint) for item in problems] == [
        ("node '': config.delaMs", "did you mean 'delayMs'?")
    ]


def test_settings_describe_themselves_for_an_editor() -> None:
    described = {item.key: item for item in settings_of(Config)}

    assert described["name"].required
    assert (described["delayMs"].type, described["delayMs"].help) == ("integer", "milliseconds")
    assert described["mode"].choices == ("fast", "slow")
    assert described["field"].type == "string"
    assert described["items"].default == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "name",
                "delayMs",
                "ratio",
                "loud",
                "mode",
                "order",
                "tags",
                "items",
                "extra",
                "value",
                "field",
                "upper",
                "propertyValues",
                "properties",
            ]
        ),
        json_values,
    )
)
def test_any_metadata_gives_a_config_or_the_documented_error(raw: Mapping[str, Any]) -> None:
    with suppress(ConfigError):
        assert isinstance(build_config(Config, raw), Config)


def test_a_rule_that_compares_what_cannot_be_compared_is_a_config_error() -> None:
    @dataclass(frozen=True)
    class Rule:
        value: Any = None

        def __post_init__(self) -> None:
            if self.value > 3:
                raise ValueError("too large")

    with pytest.raises(ConfigError, match="not supported"):
        build_config(Rule, {"value": "text"}, node="n")
