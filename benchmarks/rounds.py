"""Rounds of cases, interleaved: what disturbs the machine disturbs all alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.case import run
from benchmarks.figures import Figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from benchmarks.case import Case


def run_rounds(cases: Sequence[Case], *, rounds: int, scale: float, console: Console) -> Figures:
    """Run every case once a round, each in a process of its own."""
    figures = Figures()
    plan = [case for number in range(rounds) for case in cases if not (case.once and number)]
    columns = (
        TextColumn("{task.description:24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(plan))
        for case in plan:
            progress.update(task, description=case.name)
            figures.add(case.name, run(case, scale))
            progress.advance(task)
    return figures
