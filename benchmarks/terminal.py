"""The same tables in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks import wording
from benchmarks.targets import TARGETS

if TYPE_CHECKING:
    from benchmarks.figures import Figures

COLOURS = {"reached": "green", "missed": "red", "not measured": "yellow"}


def target_table(figures: Figures) -> Table:
    table = Table(title="Targets", title_justify="left")
    for name in ("case", "target", "measured", ""):
        table.add_column(name)
    for target in TARGETS:
        spread = figures.of_target(target)
        verdict = wording.verdict(target, spread)
        text = (
            wording.spread_text(spread, target.key, ratio=bool(target.against))
            if spread is not None
            else ""
        )
        colour = COLOURS[verdict]
        shown = f"[{colour}]{verdict}[/]"
        table.add_row(wording.target_name(target), wording.bound_text(target), text, shown)
    return table
