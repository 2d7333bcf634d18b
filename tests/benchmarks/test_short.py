from __future__ import annotations

import json

import pytest

from benchmarks.case import Outcome
from benchmarks.figures import Figures
from benchmarks.measure import Measured
from benchmarks.short import BASELINE, judge


def measured(ratio: float) -> Figures:
    return Figures(
        {
            "dict chain 10": [Outcome(Measured(int(ratio * 1000), 1.0))],
            "queue 10": [Outcome(Measured(1000, 1.0))],
        }
    )


@pytest.mark.parametrize("ratio", [2.8, 3.0, 9.0])
def test_a_ratio_within_30_percent_holds(ratio: float) -> None:
    held, text = judge(measured(ratio), 4.0)

    assert (held, text) == (True, f"dict chain 10: {ratio:.2f}x asyncio.Queue, kept is 4.00x")


def test_a_ratio_below_that_fails_and_says_by_how_much() -> None:
    held, text = judge(measured(2.6), 4.0)

    assert not held
    assert text.startswith("FAILED: dict chain 10: 2.60x asyncio.Queue, kept is 4.00x: 35% slower")


def test_a_run_that_lost_a_message_fails() -> None:
    figures = measured(4)
    figures.outcomes["dict chain 10"] = [Outcome(None, "9 of 10 came")]

    assert judge(figures, 4.0) == (False, "FAILED: nothing was measured: 9 of 10 came")


def test_the_kept_ratio_is_one() -> None:
    kept = json.loads(BASELINE.read_text())

    assert kept["ratio"] > 1
