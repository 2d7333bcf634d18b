"""The functions and constants of formulas.

Source: the original's evaluator of formulas. ``log`` is the natural logarithm.
"""

from __future__ import annotations

import math

from engine.expressions import Function

CONSTANTS = {"pi": math.pi, "tau": math.tau, "e": math.e}


def _divide(a: float, b: float) -> float:
    if b == 0:
        raise ValueError("Division by zero")
    return a / b


def _modulo(a: float, b: float) -> float:
    if b == 0:
        raise ValueError("Modulo by zero")
    return math.fmod(a, b)


def _round(x: float) -> float:
    return math.copysign(math.floor(abs(x) + 0.5), x) if abs(x) < 2.0**52 else x


def _clamp(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def _lerp(a: float, b: float, t: float) -> float:
    return a + (b - a) * t


def _sign(x: float) -> float:
    return math.copysign(1.0, x) if x else 0.0


def _step(edge: float, x: float) -> float:
    return 0.0 if x < edge else 1.0


def _smoothstep(low: float, high: float, x: float) -> float:
    t = _clamp(_divide(x - low, high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _fract(x: float) -> float:
    return x - math.floor(x)


def _floor(x: float) -> float:
    return float(math.floor(x))


def _ceil(x: float) -> float:
    return float(math.ceil(x))


FUNCTIONS = (
    Function("sin", 1, math.sin),
    Function("cos", 1, math.cos),
    Function("tan", 1, math.tan),
    Function("asin", 1, math.asin),
    Function("acos", 1, math.acos),
    Function("atan", 1, math.atan),
    Function("abs", 1, abs),
    Function("floor", 1, _floor),
    Function("ceil", 1, _ceil),
    Function("round", 1, _round),
    Function("sqrt", 1, math.sqrt),
    Function("pow", 2, math.pow),
    Function("min", 2, min),
    Function("max", 2, max),
    Function("clamp", 3, _clamp),
    Function("lerp", 3, _lerp),
    Function("mix", 3, _lerp),
    Function("div", 2, _divide),
    Function("mod", 2, _modulo),
    Function("sign", 1, _sign),
    Function("step", 2, _step),
    Function("smoothstep", 3, _smoothstep),
    Function("fract", 1, _fract),
    Function("log", 1, math.log),
    Function("log2", 1, math.log2),
    Function("exp", 1, math.exp),
    Function("deg", 1, math.degrees),
    Function("rad", 1, math.radians),
)
