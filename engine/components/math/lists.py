"""Read a list of numbers; unlike single numbers, what is none there is an error."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.components.math.numbers import Number, number_in
from engine.messages import type_name

if TYPE_CHECKING:
    from engine.messages import Message


def numbers_of(message: Message) -> list[Number]:
    """The numbers of an Array.

    Raises:
        ValueError: it is no Array, or an element is no number.
    """
    if not isinstance(message, list):
        raise ValueError(f"Expected Array on values port, not {type_name(message)}")
    numbers = []
    for index, item in enumerate(message):
        number = number_in(item)
        if number is None:
            raise ValueError(f"Element {index} is not a number: {type_name(item)}")
        numbers.append(number)
    return numbers


def total(numbers: list[Number]) -> Number:
    """The sum: of integers exact, of floats without piled-up rounding errors."""
    if all(isinstance(number, int) for number in numbers):
        return sum(numbers)
    return math.fsum(numbers)
