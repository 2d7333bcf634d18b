"""The math components, against Python's own arithmetic."""

from __future__ import annotations

import math
import statistics
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import builtin
from engine.components.math.formula import Formula
from engine.components.math.numbers import outcome, rounded, to_number
from engine.errors import ConfigError
from engine.messages import ErrorValue
from engine.node_config import build_config
from tests.engine.components.harness import run_actor, run_result

WHOLE = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = WHOLE | FLOATS
TOO_MUCH = (
    "the expression is too much work for values of this size; lists of thousands are for the "
    "components map, filter and reduce (limit: expression_work)"
)
NOT_FINITE = {"error": [ErrorValue("The result is not a finite number")]}


async def two(component: str, a: Any, b: Any, **config: Any) -> dict[str, list[Any]]:
    first, second = ("base", "exponent") if component == "tpl_math_power" else ("a", "b")
    return await run_actor(component, config, {first: [a], second: [b]})


@pytest.mark.parametrize(
    ("component", "a", "b", "expected"),
    [
        ("tpl_math_add", 0.1, 0.2, 0.3),
        ("tpl_math_add", "2.5", "zz", 2.5),
        ("tpl_math_add", True, [1], 0.0),
        ("tpl_math_add", "", None, 0.0),
        ("tpl_math_add", "nan", "1_0", 0.0),
        ("tpl_math_add", 2**53, 1, 2**53 + 1),
        ("tpl_math_add", 2**53, 1.0, 2.0**53),
        ("tpl_math_add", 2**63 - 1, 1, 2.0**63),
        ("tpl_math_subtract", 5, 3, 2.0),
        ("tpl_math_multiply", 2, 3.5, 7.0),
        ("tpl_math_multiply", 2**31, 2**31, 2**62),
        ("tpl_math_divide", 1, 3, 0.3333333333),
        ("tpl_math_divide", 2**62, 2, 2**61),
        ("tpl_math_modulo", -7, 3, -1.0),
        ("tpl_math_modulo", 7, -3, 1.0),
        ("tpl_math_modulo", 5.5, 2, 1.5),
        ("tpl_math_power", 2, 0.5, 1.4142135624),
        ("tpl_math_power", 2, 62, 2**62),
        ("tpl_math_power", 2, -1, 0.5),
        ("tpl_math_power", 0, 0, 1.0),
    ],
)
async def test_two_numbers_give_a_result(component: str, a: Any, b: Any, expected: Any) -> None:
    result = await two(component, a, b)

    assert result == {"result": [expected]}
    assert type(result["result"][0]) is type(expected)


@pytest.mark.parametrize(
    ("component", "a", "b", "reason"),
    [
        ("tpl_math_divide", 1, 0, "Division by zero"),
        ("tpl_math_divide", 1.0, "text", "Division by zero"),
        ("tpl_math_modulo", 1, 0, "Modulo by zero"),
        ("tpl_math_add", 1e308, 1e308, "The result is not a finite number"),
        ("tpl_math_multiply", 1e200, 1e200, "The result is not a finite number"),
        ("tpl_math_divide", 1e300, 1e-300, "The result is not a finite number"),
        ("tpl_math_power", 10, 400, "The result is not a finite number"),
        ("tpl_math_power", 10**15, 10**15, "The result is not a finite number"),
        ("tpl_math_power", -2, 0.5, "-2 to the power of 0.5 is not a real number"),
        ("tpl_math_power", 0, -1, "0 to the power of -1 is not a real number"),
    ],
)
async def test_what_has_no_result_is_an_error(component: str, a: Any, b: Any, reason: str) -> None:
    assert await two(component, a, b) == {"error": [ErrorValue(reason)]}


async def test_precision_rounds_half_away_from_zero() -> None:
    assert await two("tpl_math_divide", 1, 3, precision=2) == {"result": [0.33]}
    assert await two("tpl_math_add", 2.25, 0, precision=1) == {"result": [2.3]}
    assert await two("tpl_math_add", -2.5, 0, precision=0) == {"result": [-3.0]}


async def test_the_nth_numbers_of_both_inports_belong_together() -> None:
    inputs = {"a": [1, 2], "b": [10, 20]}

    assert await run_actor("tpl_math_add", {}, inputs) == {"result": [11.0, 22.0]}


async def test_an_editors_port_names_are_understood() -> None:
    assert await run_actor("tpl_math_add", {}, {"a-in": [1], "b_in": [2]}) == {"result": [3.0]}


@given(NUMBERS, NUMBERS)
@settings(max_examples=300)
def test_arithmetic_is_pythons(a: Any, b: Any) -> None:
    registry = builtin()
    expected = {
        "tpl_math_add": a + b,
        "tpl_math_subtract": a - b,
        "tpl_math_multiply": a * b,
    }

    for component, value in expected.items():
        calculated = registry.get(component)().calculate(a, b)  # type: ignore[misc,union-attr]
        assert calculated == value


@given(NUMBERS, NUMBERS.filter(bool))
def test_a_rest_is_smaller_than_the_divisor_and_has_the_sign_of_the_dividend(
    a: Any, b: Any
) -> None:
    rest = builtin().get("tpl_math_modulo")().calculate(a, b)  # type: ignore[misc,union-attr]

    assert abs(rest) < abs(b) or math.isclose(abs(rest), abs(b))
    assert rest == 0 or (rest > 0) == (a > 0)


@given(st.floats(-1e9, 1e9), st.integers(0, 5))
@example(67108864.578125, 5)  # half a unit, where floats lie far apart
def test_rounding_is_within_half_a_unit_of_the_decimal(value: float, precision: int) -> None:
    exact = Decimal(value).quantize(Decimal(1).scaleb(-precision), rounding=ROUND_HALF_UP)

    result, unit = Decimal(rounded(value, precision)), Decimal(1).scaleb(-precision)
    spacing = 2 * Decimal(math.ulp(value))  # a float is seldom the decimal itself
    assert abs(result - exact) <= unit + spacing
    assert abs(result - Decimal(value)) <= unit / 2 + spacing


@given(FLOATS, st.integers(0, 400))
def test_rounding_never_breaks_a_number(value: float, precision: int) -> None:
    assert math.isfinite(rounded(value, precision))


@given(st.integers() | st.integers(10**300, 10**320))
def test_an_integer_result_is_never_wrong(value: int) -> None:
    result = outcome(value, 10)

    assert isinstance(result, ErrorValue) or math.isclose(result, value, rel_tol=1e-15)
    assert not (-(2**63) <= value < 2**63) or result == value


@pytest.mark.parametrize("text", ["9" * 5000, "1e999", "inf", "0x10", " ", "１٢x"])  # noqa: RUF001 -- foreign digits
def test_text_that_is_no_number_is_zero(text: str) -> None:
    assert to_number(text) == 0


@pytest.mark.parametrize(
    ("component", "config", "value", "expected"),
    [
        ("tpl_math_sqrt", {}, 2, {"result": [1.4142135624]}),
        ("tpl_math_sqrt", {}, -2, {"error": [ErrorValue("Square root of negative number")]}),
        ("tpl_math_absolute", {}, -2.5, {"result": [2.5]}),
        ("tpl_math_absolute", {}, -(2**60) - 1, {"result": [2**60 + 1]}),
        ("tpl_math_clamp", {}, 2.5, {"result": [1.0]}),
        ("tpl_math_clamp", {"min": 0, "max": 10}, 12, {"result": [10.0]}),
        ("tpl_math_round", {}, -2.5, {"result": [-2.5]}),
        ("tpl_math_round", {"mode": "floor"}, -2.5, {"result": [-3.0]}),
        ("tpl_math_round", {"mode": "ceil"}, -2.5, {"result": [-2.0]}),
        ("tpl_math_round", {"mode": "trunc"}, -2.5, {"result": [-2.0]}),
        ("tpl_math_round", {"precision": 0}, 2.5, {"result": [3.0]}),
        ("tpl_math_round", {"precision": 1}, 2.25, {"result": [2.3]}),
        ("tpl_math_round", {"mode": "floor"}, 1e300, {"result": [1e300]}),
    ],
)
async def test_one_number_gives_a_result(
    component: str, config: dict[str, Any], value: Any, expected: dict[str, list[Any]]
) -> None:
    assert await run_actor(component, config, {"input": [value]}) == expected


async def test_min_max_sends_both() -> None:
    assert await two("tpl_math_min_max", 3, 1) == {"min": [1.0], "max": [3.0]}


@pytest.mark.parametrize(
    ("component", "config", "reason"),
    [
        ("tpl_math_clamp", {"min": 2, "max": 1}, "min 2 is greater than max 1"),
        ("tpl_math_random", {"min": 2, "max": 1}, "min 2 is greater than max 1"),
        ("tpl_math_round", {"mode": "flor"}, "did you mean 'floor'?"),
        ("tpl_math_add", {"precision": -1}, "must be at least 0, not -1"),
        ("tpl_math_expression", {"expression": "1 +"}, "something is missing at position 4"),
    ],
)
def test_a_wrong_setting_is_refused(component: str, config: dict[str, Any], reason: str) -> None:
    actor = builtin().get(component)
    assert actor is not None

    with pytest.raises(ConfigError) as caught:
        build_config(actor.Config, config, node="n")

    assert reason in str(caught.value)


async def test_random_numbers_fill_the_range_and_start_by_themselves() -> None:
    alone = await run_actor("tpl_math_random", {"min": 5, "max": 6})
    many = await run_actor("tpl_math_random", {"min": -1, "max": 1}, {"trigger": [None] * 400})

    assert 5 <= alone["result"][0] <= 6
    assert -1 <= min(many["result"]) < -0.8 < 0.8 < max(many["result"]) <= 1


async def test_lists_have_sum_average_and_statistics() -> None:
    inputs = {"values": [[1, 2, "4"]]}

    assert await run_actor("tpl_math_sum", {}, inputs) == {"result": [7.0]}
    assert await run_actor("tpl_math_average", {}, inputs) == {"result": [2.3333333333]}
    assert await run_actor("tpl_math_statistics", {}, inputs) == {
        "mean": [2.3333333333],
        "median": [2.0],
        "stddev": [1.2472191289],
        "min": [1.0],
        "max": [4.0],
        "count": [3],
    }


async def test_an_empty_list_is_zero() -> None:
    inputs: dict[str, list[Any]] = {"values": [[]]}

    assert await run_actor("tpl_math_sum", {}, inputs) == {"result": [0.0]}
    assert await run_actor("tpl_math_average", {}, inputs) == {"result": [0.0]}
    assert await run_actor("tpl_math_statistics", {}, inputs) == {"count": [0]}


@pytest.mark.parametrize("component", ["tpl_math_sum", "tpl_math_average", "tpl_math_statistics"])
async def test_what_is_no_number_in_a_list_is_an_error(component: str) -> None:
    assert await run_actor(component, {}, {"values": [[1, None]]}) == {
        "error": [ErrorValue("Element 1 is not a number: Optional")]
    }
    assert await run_actor(component, {}, {"values": [[1e308, 1e308, 1e308]]}) in (
        NOT_FINITE,
        {"error": [ErrorValue("intermediate overflow in fsum")]},
    )


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=20))
@settings(max_examples=20, deadline=None)
async def test_statistics_are_pythons(numbers: list[int]) -> None:
    result = await run_actor("tpl_math_statistics", {}, {"values": [numbers]})

    assert result == {
        "mean": [pytest.approx(statistics.mean(numbers))],
        "median": [statistics.median(numbers)],
        "stddev": [pytest.approx(statistics.pstdev(numbers), abs=1e-9)],
        "min": [min(numbers)],
        "max": [max(numbers)],
        "count": [len(numbers)],
    }


# Formulas


@pytest.mark.parametrize(
    ("formula", "value", "expected"),
    [
        ("0", 5, 0.0),
        (7, 5, 7.0),
        ("$input*2+1", 3, 7.0),
        ("$x * 3", 2, 6.0),
        ("x + 10", 0.5, 10.5),
        ("2^3^2", 0, 512.0),
        ("-2^2", 0, 4.0),
        ("2^-1", 0, 0.5),
        ("--2", 0, 2.0),
        ("1 - 2 - 3", 0, -4.0),
        ("8 / 4 / 2", 0, 1.0),
        ("2 + 3 * 4 % 5", 0, 4.0),
        ("(2 + 3) * 4", 0, 20.0),
        ("7 % 4", 0, 3.0),
        ("1.5e3 + .5", 0, 1500.5),
        ("sqrt($x) + pow(2, 3)", 9, 11.0),
        ("min(3, $x) + max(3, $x) + clamp($x, 0, 1)", 5, 9.0),
        ("round(2.5) + floor(-1.5) + ceil(1.2) + sign(-4) + fract(1.25)", 0, 2.25),
        ("lerp(0, 10, 0.5) + mix(0, 10, 0.1) + step(1, 2) + smoothstep(0, 1, 0.5)", 0, 7.5),
        ("log(e) + log2(8) + exp(0) + deg(pi) + rad(180) - pi", 0, 185.0),
        ("sin(0) + cos(0) + tan(0) + asin(0) + acos(1) + atan(0) + abs(-1) + mod(5, 3)", 0, 4.0),
        ("tau / pi", 0, 2.0),
        ("input > 2.0 ? input : 0.0", 3, 3.0),
        ("$input >= 2.0 && $x < 9.0 ? pow($x, 2.0) : 0.0", 3, 9.0),
        ("[1.0, 2.0].map(i, i * x)[1]", 3, 6.0),
    ],
)
async def test_a_formula_has_a_value(formula: Any, value: Any, expected: float) -> None:
    result = await run_actor("tpl_math_expression", {"expression": formula}, {"input": [value]})

    assert result == {"result": [expected]}


async def test_without_a_formula_the_result_is_zero() -> None:
    assert await run_actor("tpl_math_expression", {}, {"input": [5]}) == {"result": [0.0]}


@pytest.mark.parametrize(
    ("formula", "value", "reason"),
    [
        ("1/0", 0, "Division by zero"),
        ("5 % ($x - $x)", 1, "Modulo by zero"),
        ("sqrt($x)", -1, "math domain error"),
        ("['a']" + ".map(a, a + a)" * 27 + ".size()", 1, TOO_MUCH),
        ("1e308 * 10", 0, "The result is not a finite number"),
        ("x > 1.0 ? true : false", 2, "The result is Boolean, not a number"),
        ("x == 1.0 ? 'a' : 'b'", 2, "The result is String, not a number"),
    ],
)
async def test_a_formula_without_a_value_is_an_error(formula: str, value: Any, reason: str) -> None:
    result = await run_actor("tpl_math_expression", {"expression": formula}, {"input": [value]})

    assert result == {"error": [ErrorValue(reason)]}


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("", "something is missing at position 1"),
        ("(1 + 2", "something is missing at position 7"),
        ("1 + 2)", "unexpected ')' at position 6"),
        ("1 2", "unexpected '2' at position 3"),
        ("1 $ 2", "unexpected '$' at position 3"),
        ("y + 1", "unknown 'y' at position 1"),
        ("sqr(2)", "unknown 'sqr' at position 1: did you mean 'sqrt'?"),
        ("sqrt(1, 2)", "sqrt at position 1 takes 1 values, not 2"),
        ("sqrt 2", "unexpected '2' at position 6"),
        ("1e999", "a number in it is too large"),
        ("(" * 100 + "1" + ")" * 100, "is nested too deeply"),
        ("y > 1.0 ? 1.0 : 2.0", "'y' is not known here"),
        ("x > ", "not a CEL expression"),
        (["x"], "must be a formula"),
        (True, "must be a formula"),
        ("1" * 5000, "the formula is longer than 4096 characters"),
    ],
)
def test_what_is_no_formula_is_refused(formula: Any, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the text is asserted
        Formula.from_setting(formula)

    assert reason in str(caught.value)


TERMS = st.recursive(
    st.integers(0, 9).map(str) | st.just("$x"),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    ),
    max_leaves=8,
)


@given(TERMS, st.integers(-9, 9))
def test_formulas_are_pythons(formula: str, x: int) -> None:
    expected = eval(formula.replace("$x", f"({x})"))  # noqa: S307 -- made of digits and signs

    assert Formula.from_setting(formula).evaluate(float(x)) == expected


async def test_an_unconnected_number_is_a_graph_error() -> None:
    from engine.errors import GraphError

    with pytest.raises(GraphError, match="inport"):
        await run_result("tpl_math_add", {}, {"a": [1]})
