"""The sum of a list of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.components.math.aggregate import ListOperation
from engine.components.math.lists import total

if TYPE_CHECKING:
    from engine.components.math.numbers import Number


class Sum(ListOperation):
    """Send the sum of the list; 0 for an empty one."""

    component = "tpl_math_sum"
    title = "Sum"

    def calculate(self, numbers: list[Number]) -> Number:
        return total(numbers)
