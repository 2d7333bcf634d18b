"""The short form for CI: the dict chain against asyncio.Queue, compared with a kept ratio.

A ratio of CPU time in one run says the same on any machine, so a fall of it is a slower engine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cases import chain, peer
from benchmarks.rounds import run_rounds
from benchmarks.targets import RATE

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.figures import Figures

BASELINE = Path(__file__).with_name("baseline.json")
OURS = chain("dict", "add", 10, 100_000)
QUEUE = peer("queue 10", "queues:chain", stages=10, messages=40_000)
ROUNDS = 5
ALLOWED = 0.7  # of the kept ratio


def short(console: Console, *, keep: bool = False, baseline: Path = BASELINE) -> bool:
    """Measure the ratio and compare it; True if it holds.

    Args:
        keep: make this ratio the one to compare with.
    """
    if keep:
        _keep(_measure(console), baseline)
    kept = json.loads(baseline.read_text(encoding="utf-8"))["ratio"]
    held, text = judge(_measure(console), kept)
    console.print(text)
    if not held:  # once more: something else may have had the machine
        held, text = judge(_measure(console), kept)
        console.print(text)
    return held


def _measure(console: Console) -> Figures:
    return run_rounds((OURS, QUEUE), rounds=ROUNDS, scale=1, console=console)


def judge(figures: Figures, kept: float) -> tuple[bool, str]:
    """Whether the measured ratio is no regression, and the sentence that says so."""
    spread = figures.ratio(OURS.name, QUEUE.name, RATE)
    if spread is None:
        failures = figures.failures(OURS.name) + figures.failures(QUEUE.name)
        return False, f"FAILED: nothing was measured: {'; '.join(sorted(set(failures)))}"
    found = f"{OURS.name}: {spread.median:.2f}x asyncio.Queue, kept is {kept:.2f}x"
    if spread.median < kept * ALLOWED:
        lost = 1 - spread.median / kept
        return False, f"FAILED: {found}: {lost:.0%} slower, and 30% is the most"
    return True, found


def _keep(figures: Figures, baseline: Path) -> None:
    spread = figures.ratio(OURS.name, QUEUE.name, RATE)
    if spread is not None:
        text = json.dumps({"case": OURS.name, "against": QUEUE.name, "ratio": spread.median})
        baseline.write_text(text + "\n", encoding="utf-8")
