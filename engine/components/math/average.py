"""The mean of a list of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.components.math.aggregate import ListOperation
from engine.components.math.lists import total

if TYPE_CHECKING:
    from engine.components.math.numbers import Number


class Average(ListOperation):
    """Send the mean of the list; 0 for an empty one."""

    component = "tpl_math_average"
    title = "Average"

    def calculate(self, numbers: list[Number]) -> Number:
        return total(numbers) / len(numbers) if numbers else 0.0
