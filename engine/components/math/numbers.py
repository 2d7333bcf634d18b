"""How the math components read numbers, and how they give results.

Numbers are read from integers, floats and number text; anything else counts as 0. A result is a
float, rounded half away from zero; a whole one beyond 2**53 that was made of integers alone is
sent as an integer, so that no digit is lost.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from engine.messages import ErrorValue

if TYPE_CHECKING:
    from engine.messages import Message

Number: TypeAlias = int | float

EXACT = 2**53  # up to here every whole number is a float
_LONGEST = 400  # characters of number text
_I64 = range(-(2**63), 2**63)


def number_in(message: Message) -> Number | None:
    """The number that a message is, or None. A bool is none."""
    if isinstance(message, str):
        return _number_in_text(message)
    if isinstance(message, bool) or not isinstance(message, (int, float)):
        return None
    return message


def to_number(message: Message) -> Number:
    """The number that a message is; 0 for anything else."""
    found = number_in(message)
    return 0 if found is None else found


def _number_in_text(text: str) -> Number | None:
    if len(text) > _LONGEST or "_" in text:
        return None
    for read in (int, float):
        try:
            number: Number = read(text)
        except ValueError:
            continue
        if isinstance(number, int) and number not in _I64:
            continue
        return number if math.isfinite(number) else None
    return None


def rounded(value: float, precision: int) -> float:
    """Round half away from zero, to so many decimals."""
    scaled = value * 10.0**precision if precision <= 300 else math.inf
    if not math.isfinite(scaled) or abs(scaled) >= EXACT:
        return value  # it has no digits behind those
    whole = math.trunc(scaled)
    if abs(scaled - whole) >= 0.5:
        whole += 1 if scaled > 0 else -1
    return math.copysign(whole / 10.0**precision, value)


def outcome(value: Number, precision: int) -> Message:
    """What is sent for a result: a rounded float, a large integer, or an Error."""
    if isinstance(value, int) and abs(value) > EXACT and value in _I64:
        return value
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        return ErrorValue("The result is not a finite number")
    return rounded(number, precision)
