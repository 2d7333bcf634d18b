"""Expressions: values in and out, errors with reasons, and a bound on the work of each."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ExpressionError, LimitError
from engine.expressions import Expression, Function
from engine.messages import ErrorValue, FrozenDict, FrozenList, OptionalValue, freeze

if TYPE_CHECKING:
    from collections.abc import Mapping

WHOLE = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def value_of(text: str, **variables: Any) -> Any:
    frozen: Mapping[str, Any] = {name: freeze(value) for name, value in variables.items()}
    return Expression.from_setting(text).evaluate(frozen)


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("x + 1", {"x": 2}, 3),
        ("x + 1.5", {"x": 2.0}, 3.5),
        ("x == 1.0", {"x": 1}, True),
        ("x > 2", {"x": 2.5}, True),
        (
            "order.total > 100.0 && order.country in ['DE', 'FR']",
            {"order": {"total": 120.0, "country": "FR"}},
            True,
        ),
        ("has(a.b) ? a.b : 'none'", {"a": {}}, "none"),
        ("a['b c'][1]", {"a": {"b c": [1, 2]}}, 2),
        ("xs.filter(x, x > 1).map(x, x * 10)", {"xs": [1, 2, 3]}, [20, 30]),
        ("xs.exists(x, x == y)", {"xs": [1, 2], "y": 2}, True),
        ("{'name': n, 'tags': [n, null]}", {"n": "é"}, {"name": "é", "tags": ["é", None]}),
        ("b'ab'", {}, b"ab"),
        ("x", {"x": b"ab"}, b"ab"),
        ("n.matches('^a+$')", {"n": "aaa"}, True),
        ("string(1) + 'a'", {}, "1a"),
        ("x == null", {"x": None}, True),
    ],
)
def test_an_expression_has_a_value(text: str, variables: dict[str, Any], expected: Any) -> None:
    assert value_of(text, **variables) == expected


@pytest.mark.parametrize(("value", "kind"), [(1, int), (1.0, float), (True, bool), (-0.0, float)])
def test_int_float_and_bool_stay_what_they_are(value: Any, kind: type) -> None:
    result = value_of("x", x=value)

    assert (type(result), repr(result)) == (kind, repr(value))


@given(VALUES)
def test_every_value_comes_back_equal_and_frozen(value: Any) -> None:
    result = value_of("x", x=value)

    assert json.dumps(result, sort_keys=True) == json.dumps(value, sort_keys=True)
    assert type(result) not in (list, dict)


def test_results_are_frozen_all_the_way_down() -> None:
    result = value_of("{'a': [1, {'b': 2}]}")

    assert (type(result), type(result["a"]), type(result["a"][1])) == (
        FrozenDict,
        FrozenList,
        FrozenDict,
    )


def test_a_wrapper_is_seen_as_its_plain_value() -> None:
    assert value_of("x", x=OptionalValue(5)) == 5
    assert value_of("x.contains('broke')", x=ErrorValue("it broke")) is True


def test_the_free_names_are_known_without_those_of_macros() -> None:
    text = "a.b + xs.map(i, i.c + d)[0] > size(e) && {'k': f}.k == 1 && type(g) == int"

    assert Expression.from_setting(text).names == {"a", "xs", "d", "e", "f", "g"}


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    expression = Expression.from_setting("inptu > 1")

    with pytest.raises(ValueError, match="'inptu' is not known here: did you mean 'input'"):
        expression.require_names({"input", "state"})
    expression.require_names({"inptu"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 +", "not a CEL expression: Syntax error: mismatched input '<EOF>' at position 4"),
        ("1 + foo(2)", "not a CEL expression: undeclared reference to 'foo' at position 8"),
        (
            "'a' + 1",
            (
                "not a CEL expression: found no matching overload for '_+_' "
                "applied to '(string, int)' at position 5"
            ),
        ),
        (
            "1 +\n'a",
            (
                "not a CEL expression: Syntax error: token recognition error at: ''a' "
                "at line 2, position 1; "
                "Syntax error: mismatched input '<EOF>' at line 2, position 3"
            ),
        ),
        ("(" * 500 + "1" + ")" * 500, "not a CEL expression: is nested too deeply"),
        ("x" * 5000, "the expression is longer than 4096 characters"),
        ("google.type.Money{units: 1}", "messages such as Type{field: value} are not supported"),
        ("x.matches('a(')", "pattern 'a(': missing ) at position 1: a("),
        (7, "must be an expression, not 7"),
    ],
)
def test_a_bad_expression_says_why_and_where(text: object, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the whole text is asserted
        Expression.from_setting(text)

    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("text", "variables", "reason"),
    [
        ("x / 0", {"x": 1}, "x / 0: divide by zero"),
        ("x % 0", {"x": 1}, "x % 0: modulus by zero"),
        ("x.y", {"x": {}}, 'x.y: Key not found in map: "y"'),
        ("x[5]", {"x": [1]}, "x[5]: Index error: index=5 size=1"),
        (
            "x + 1.5",
            {"x": 1},
            "x + 1.5: no + for (int, double); int and double do not mix: use double(...)",
        ),
        ("x + 1", {"x": 2**63 - 1}, "x + 1: integer overflow"),
        ("x", {"x": 2**63}, "x: 9223372036854775808 does not fit 64 bits"),
        ("x", {}, "x: 'x' has no value"),
        ("x + 'a'", {"x": "a\0b"}, "x + 'a': a text or bytes with a NUL cannot be used"),
        ("x", {"x": b"a\0b"}, "x: a text or bytes with a NUL cannot be used"),
        ("{1: 2}", {}, "{1: 2}: its result is no message: the key 1 is not a text"),
        ("type(1)", {}, "type(1): its result is no message: Type cannot be a message"),
    ],
)
def test_a_failing_evaluation_says_why(text: str, variables: dict[str, Any], reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value_of(text, **variables)

    assert (str(caught.value), caught.value.code) == (reason, "expression_error")


def test_a_lone_surrogate_is_an_error() -> None:
    with pytest.raises(ExpressionError):
        value_of("x", x="\ud800")


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("['ab']" + ".map(a, a + a)" * 28 + "[0]", {}),
        ("[[1]]" + ".map(a, a + a)" * 28 + "[0]", {}),
        ("[1]" + ".map(a, [a, a])" * 28, {}),
        ("xs.map(i, i)", {"xs": list(range(9000))}),
        ("xs.map(i, big + 'a')", {"xs": list(range(1000)), "big": "a" * 1_000_000}),
        ("xs.all(i, big + 'a' == 'b')", {"xs": list(range(1000)), "big": "a" * 1_000_000}),
        ("xs.all(i, big == big)", {"xs": list(range(1000)), "big": ["a"] * 100_000}),
        ("xs.all(a, xs.map(b, b).size() > 0)", {"xs": list(range(1000))}),
        ("[" + ",".join(["x"] * 100) + "]", {"x": "a" * 1_000_000}),
        ("xs.all(i, s.matches(pattern))", {"xs": [1] * 9000, "s": "a", "pattern": "b"}),
        ("xs.all(i, s.matches('(a{1,100}b?){1,9}'))", {"xs": [1] * 4000, "s": "a"}),
    ],
)
def test_what_could_blow_up_is_refused_at_once(text: str, variables: dict[str, Any]) -> None:
    begun = time.perf_counter()

    with pytest.raises(LimitError, match="expression_work"):
        value_of(text, **variables)

    assert time.perf_counter() - begun < 1


def test_more_steps_than_the_library_takes_are_an_error() -> None:
    with pytest.raises(ExpressionError, match="Iteration budget exceeded"):
        value_of("xs.all(a, xs.all(b, b > 0))", xs=[1] * 500)


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        (
            "xs.filter(x, x.n > 1).size()",
            {"xs": [{"n": i, "s": "x" * 100} for i in range(1000)]},
            998,
        ),
        (
            "xs.exists(x, x.id == o.id)",
            {"xs": [{"id": i} for i in range(5000)], "o": {"id": 9}},
            True,
        ),
        ("os.map(o, o.ls.map(l, l.a))[0][0]", {"os": [{"ls": [{"a": 1}] * 50}] * 100}, 1),
        ("xs.filter(x, x.matches('^a[0-9]+$')).size()", {"xs": ["a1", "b"] * 500}, 500),
        ("x.a == 1 && x.b == 'c'", {"x": {"a": 1, "b": "c", "big": "a" * 2_000_000}}, True),
    ],
)
def test_honest_work_is_not_refused(text: str, variables: dict[str, Any], expected: Any) -> None:
    assert value_of(text, **variables) == expected


def test_functions_of_numbers_can_be_added() -> None:
    def half(number: float) -> float:
        if number > 10:
            raise ValueError("too much")
        return number / 2

    expression = Expression.compile("half(x) + 1.0", [Function("half", 1, half)])

    assert expression.evaluate({"x": 3.0}) == 2.5
    with pytest.raises(ExpressionError, match="too much"):
        expression.evaluate({"x": 30.0})
