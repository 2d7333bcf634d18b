"""The plots of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import wording
from benchmarks.cases import OURS as OUR_CASES
from benchmarks.cases import PEERS
from benchmarks.chart import MISSED, OTHERS, OURS, Bar, bar_chart
from benchmarks.targets import RATE, TARGETS

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figures import Figures

FAR = 10  # times a target: a longer bar says nothing more
NO_RATE = ("hop", "round trip", "timers", "slow sink", "peer hop", "peer events")


def write_plots(figures: Figures, folder: Path) -> list[Path]:
    """Write one SVG a plot that has something to show."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, title, subtitle, bars, mark in (
        (
            "throughput",
            "Messages across a connection, a second of CPU",
            "logarithmic; blue: this engine, grey: others",
            throughput(figures),
            None,
        ),
        (
            "targets",
            "How far each target is reached",
            "logarithmic; the dashed line is the target; orange: missed",
            targets(figures),
            1.0,
        ),
    ):
        if bars:
            path = folder / f"{name}.svg"
            path.write_text(bar_chart(title, subtitle, bars, mark), encoding="utf-8")
            written.append(path)
    return written


def throughput(figures: Figures) -> list[Bar]:
    bars = []
    for cases, colour in ((OUR_CASES, OURS), (PEERS, OTHERS)):
        for case in cases:
            measured = figures.measured(case.name)
            if case.name in NO_RATE or not measured or not measured[0].hops:
                continue
            spread = figures.spread(case.name, RATE)
            if spread is not None:
                label = wording.meaning(case.name)
                bars.append(Bar(label, spread.median, wording.number(spread.median), colour))
    return sorted(bars, key=lambda bar: -bar.value)


def targets(figures: Figures) -> list[Bar]:
    bars = []
    for target in TARGETS:
        spread = figures.of_target(target)
        if spread is None or not spread.median:
            continue
        share = spread.median / target.bound if target.at_least else target.bound / spread.median
        colour = OURS if target.reached(spread.median) else MISSED
        text = f"{share:.2f}" if share < FAR else f"> {FAR}"
        bars.append(Bar(wording.target_name(target), min(share, FAR), text, colour))
    return bars
