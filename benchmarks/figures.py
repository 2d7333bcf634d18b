"""From the outcomes of all rounds to figures: medians, spreads and ratios of one round."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.targets import RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.case import Outcome
    from benchmarks.measure import Measured
    from benchmarks.targets import Target


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the least and the most of the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        return cls(median(figures), min(figures), max(figures))


@dataclass(frozen=True, slots=True)
class Figures:
    """What each round gave for each case: {case: one outcome a round}."""

    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)

    def add(self, case: str, outcome: Outcome) -> None:
        self.outcomes.setdefault(case, []).append(outcome)

    def measured(self, case: str) -> list[Measured]:
        outcomes = self.outcomes.get(case, ())
        return [outcome.measured for outcome in outcomes if outcome.measured is not None]

    def failures(self, case: str) -> list[str]:
        return [outcome.failure for outcome in self.outcomes.get(case, ()) if outcome.failure]

    def spread(self, case: str, key: str) -> Spread | None:
        """Of one case; None if no round measured it."""
        found = [figure(item, key) for item in self.measured(case)]
        return Spread.of(found) if found else None

    def ratio(self, case: str, against: str, key: str) -> Spread | None:
        """How many times better a case is than another one in the same round."""
        ratios = []
        rounds = zip(self.outcomes.get(case, ()), self.outcomes.get(against, ()), strict=False)
        for ours, theirs in rounds:
            if ours.measured is None or theirs.measured is None:
                continue
            mine, other = figure(ours.measured, key), figure(theirs.measured, key)
            ratios.append(mine / other if key == RATE else other / mine)
        return Spread.of(ratios) if ratios else None

    def of_target(self, target: Target) -> Spread | None:
        if target.against:
            return self.ratio(target.case, target.against, target.key)
        return self.spread(target.case, target.key)


def figure(measured: Measured, key: str) -> float:
    return measured.hops / measured.cpu_s if key == RATE else measured.values[key]
