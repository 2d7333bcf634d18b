"""The operators and rules that all testing components share."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.components.conditions import OPERATORS, Condition, Operator, equal, is_truthy
from engine.components.paths import Path
from engine.components.rules import RuleSet
from engine.messages import ErrorValue, OptionalValue, freeze

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (2, "2", False),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ("a", "a", True),
        ([1, [2]], [1.0, [2.0]], True),
        ([1], [True], False),
        ([1], [1, 2], False),
        ({"a": 1, "b": [0]}, {"b": [0.0], "a": 1.0}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": None}, {}, False),
        ({}, [], False),
    ],
)
def test_one_equals_one_point_zero_and_text_never_equals_a_number(
    left: Any, right: Any, same: bool
) -> None:
    both_ways = (equal(left, right), equal(right, left))

    assert both_ways == (same, same)


@given(JSON)
def test_every_message_equals_itself_frozen(value: Any) -> None:
    same = equal(freeze(value), value)

    assert same is True


@pytest.mark.parametrize(
    ("operator", "value", "wanted", "holds"),
    [
        ("is", 1, 1.0, True),
        ("equals", "1", 1, False),
        ("is_not", 1, 2, True),
        ("not_equals", 1, 1.0, False),
        ("contains", "hello", "ell", True),
        ("contains", [1, 2], 2.0, True),
        ("contains", [1, 2], "2", False),
        ("contains", "12", 1, False),
        ("contains", {"a": 1}, "a", False),
        ("not_contains", {"a": 1}, "a", True),
        ("not_contains", "hello", "ell", False),
        ("greater_than", 6, 5, True),
        ("greater_than", 6, 5.5, True),
        ("greater_than", "6", 5, False),
        ("greater_than", True, 0, False),
        ("gt", 5, 5, False),
        ("less_than", 4, 4.5, True),
        ("lt", None, 1, False),
        ("greater_equal", 5, 5.0, True),
        ("gte", 4, 5, False),
        ("less_equal", 5, 5, True),
        ("lte", "a", "b", False),
        ("lte", 5, 5.0, True),
        ("gte", 5.0, 5, True),
        ("empty", None, None, True),
        ("empty", "", None, True),
        ("empty", [], None, True),
        ("empty", {}, None, True),
        ("empty", 0, None, False),
        ("empty", False, None, False),
        ("not_empty", 0, None, True),
        ("not_empty", {}, None, False),
        ("between", 1, [1, 3], True),
        ("between", 3.0, [1, 3], True),
        ("between", 3.5, [1, 3], False),
        ("between", 2, [1], False),
        ("between", "2", [1, 3], False),
        ("between", 2, [1, "3"], False),
        ("between", 2, None, False),
        ("in", 1.0, [1, 2], True),
        ("in", "1", [1, 2], False),
        ("in", "a", "abc", False),
        ("not_in", 3, [1, 2], True),
        ("not_in", 1, [1, 2], False),
    ],
)
def test_each_operator_tests_as_recorded(
    operator: Operator, value: Any, wanted: Any, holds: bool
) -> None:
    condition = Condition(operator, freeze(wanted))

    assert condition.holds(freeze(value)) is holds


def test_the_settings_and_the_table_name_the_same_operators() -> None:
    named = set(Operator.__args__)  # type: ignore[attr-defined]

    assert named == set(OPERATORS)


@pytest.mark.parametrize(
    ("field", "operator", "value", "holds"),
    [
        ("a", "is", 1, True),
        ("b.c", "is", "x", True),
        ("b.list[1]", "is", 2, True),
        ("b.list.1", "is", 2, True),
        ("d.e", "is", "dotted", True),
        ("b.list[9]", "empty", None, True),
        ("z", "empty", None, True),
        ("z", "is_not", 1, True),
        ("z", "is", None, True),
        ("a.b.c", "is", None, True),
        ("z", "greater_than", -1, False),
    ],
)
def test_a_field_is_a_path_and_a_missing_one_is_null(
    field: str, operator: Operator, value: Any, holds: bool
) -> None:
    message = freeze({"a": 1, "b": {"c": "x", "list": [1, 2]}, "d.e": "dotted"})

    condition = Condition.from_setting({"field": field, "operator": operator, "value": value})

    assert condition.holds(message) is holds


def test_a_rule_without_a_field_tests_the_whole_plain_message() -> None:
    condition = Condition.from_setting({"value": 1})

    assert [condition.holds(message) for message in (1, OptionalValue(1), "1")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("message", "truthy"),
    [
        (True, True),
        (False, False),
        (0, False),
        (0.0, False),
        (-1, True),
        ("", False),
        ("0", True),
        ([], False),
        ([0], True),
        ({}, False),
        ({"a": 0}, True),
        (None, False),
        (OptionalValue(0), True),
        (ErrorValue("boom"), False),
    ],
)
def test_truthiness_is_content(message: Any, truthy: bool) -> None:
    assert is_truthy(freeze(message)) is truthy


TWO_GROUPS = [
    {"rules": [{"field": "a", "value": 1}, {"field": "b", "value": 2}]},
    {"connector": "OR", "rules": [{"field": "c", "value": 3}, {"field": "d", "value": 4}]},
]


@pytest.mark.parametrize(
    ("rules", "message", "holds"),
    [
        ({"groups": TWO_GROUPS}, {"a": 1, "b": 2, "d": 4}, True),
        ({"groups": TWO_GROUPS}, {"a": 1, "b": 2}, False),
        ({"groups": TWO_GROUPS}, {"a": 1, "c": 3}, False),
        ({"type": "AND", "groups": TWO_GROUPS}, {"a": 1, "b": 2, "d": 4}, True),
        ({"type": "AND", "groups": TWO_GROUPS}, {"d": 4}, False),
        ({"type": "OR", "groups": TWO_GROUPS}, {"c": 3}, True),
        ({"type": "OR", "groups": TWO_GROUPS}, {"a": 1}, False),
        ({"groups": []}, {}, False),
        ({"type": "OR", "groups": []}, {}, False),
        ({"groups": [{"rules": []}]}, {}, True),
        ({"groups": [{"connector": "OR", "rules": []}]}, {}, False),
    ],
)
def test_groups_of_rules_hold_as_their_connectors_say(
    rules: dict[str, Any], message: dict[str, Any], holds: bool
) -> None:
    compiled = RuleSet.from_setting(rules)

    assert compiled.holds(freeze(message)) is holds


@pytest.mark.parametrize(
    ("rules", "error"),
    [
        ([], "rules must be an object with a list of groups, not []"),
        ({"groups": {}}, "rules must be an object with a list of groups, not {'groups': {}}"),
        ({"type": "NOR", "groups": []}, "type 'NOR' is unknown: did you mean 'OR'?"),
        (
            {"groups": [{"connector": "XX", "rules": []}, {"rules": [{"operator": "contain"}]}]},
            (
                "group 1: connector 'XX' is unknown: one of: AND, OR; "
                "group 2: operator 'contain' is unknown: did you mean 'contains'?"
            ),
        ),
        (
            {"groups": [5]},
            "group 1: a group must be an object with a list of rules, not 5",
        ),
        ({"groups": [{"rules": [7]}]}, "group 1: a rule must be an object, not 7"),
        (
            {"groups": [{"rules": [{"field": "a..b"}]}]},
            "group 1: 'a..b' is not a path such as 'a.b[0].c'",
        ),
    ],
)
def test_wrong_rules_are_refused_all_at_once(rules: Any, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        RuleSet.from_setting(rules)


def test_an_unknown_operator_without_a_near_one_lists_all() -> None:
    with pytest.raises(ValueError, match="is unknown: one of: is, is_not, equals"):
        Condition.from_setting({"operator": "zzzz"})


@pytest.mark.parametrize("text", ["a..b", ".a", "a.", "a[", "a[x]", "a]b", "a[0]b", 5, None])
def test_what_is_no_path_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="path"):
        Path.from_setting(text)


@pytest.mark.parametrize(
    ("path", "message", "changed"),
    [
        ("a", {}, {"a": 9}),
        ("a.b", {"c": 1}, {"c": 1, "a": {"b": 9}}),
        ("a.b", {"a": None}, {"a": {"b": 9}}),
        ("a[1].b", {"a": [0, {}]}, {"a": [0, {"b": 9}]}),
        ("a.b", {"a.b": 1}, {"a.b": 9}),
        ("[0]", [1, 2], [9, 2]),
        ("", {"a": 1}, 9),
    ],
)
def test_putting_at_a_path_changes_a_copy(path: str, message: Any, changed: Any) -> None:
    before = freeze(message)

    after = Path.from_setting(path).put(before, 9)

    assert (after, before) == (changed, message)


@pytest.mark.parametrize(
    ("path", "message", "error"),
    [
        ("a.b", {"a": 1}, "cannot set 'a.b': 'b' is not in Integer"),
        ("a[2]", {"a": [1]}, "cannot set 'a[2]': '2' is not in Array"),
        ("a", "text", "cannot set 'a': 'a' is not in String"),
    ],
)
def test_a_path_through_something_else_cannot_be_set(path: str, message: Any, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        Path.from_setting(path).put(freeze(message), 9)


KEYS = st.text(st.characters(exclude_characters=".[]"), min_size=1, max_size=4)


@given(st.lists(KEYS, min_size=1, max_size=4), JSON)
def test_what_was_put_at_a_path_is_found_there(keys: list[str], value: Any) -> None:
    path = Path.from_setting(".".join(keys))

    found = path.get(path.put(freeze({}), freeze(value)))

    assert equal(found, value)
