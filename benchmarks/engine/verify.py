"""A run is quoted only if its sinks saw every message, once and in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measure import LostMessageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine import Result


def verify(result: Result, checked: Mapping[str, int]) -> None:
    """Compare what the sinks counted with what they should have: {node: messages}.

    Raises:
        LostMessageError: a sink saw too few, or one out of order, or something was left.
    """
    arrived = {f"{node}.checked": [count] for node, count in checked.items()}
    if (result.status, result.outputs, result.undelivered) != ("completed", arrived, {}):
        what = result.error or f"{result.outputs}, left {dict(result.undelivered)}"
        raise LostMessageError(f"{result.status}: {what}")
