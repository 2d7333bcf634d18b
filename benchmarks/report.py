"""``docs/benchmarks.md``: written wholly by a run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks import machine, wording
from benchmarks.cases import ALL
from benchmarks.targets import RATE, TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.figures import Figures

HOW = """\
A *hop* is one message that crosses one connection: a chain of 10 actors between a source and a
sink has 11 a message. Every figure is a **rate or ratio of CPU time** of the whole process, with
all its threads: on a busy machine it says nearly the same as on a quiet one. A case is a process
of its own; all cases of ours and of others take turns, round by round, and a ratio is one of the
same round. Quoted is the median [least..most] of the rounds. Nothing is quoted from a run that
lost, doubled or reordered a message: the sinks check count and order of all.

Our actors have what users' actors have: a `Config` that each firing reads, `ctx.state`, a
registry, permissions, lifecycle, counters, bounded mailboxes and failure isolation. A run is
measured whole: made, validated, set up, run, torn down. The programs are in
`benchmarks/engine/`; they use only the public API, so copy what you need.

The others: the original with its fastest kind of source (native) and message (raw dicts), whose
events are on and unread because it cannot switch them off; a hand-written pipeline of tasks and
`asyncio.Queue`s of 1,000; bytewax with `op.map` and batches of 1,000.
"""


def write_report(figures: Figures, path: Path, plots: Iterable[Path], rounds: int) -> None:
    """Write the document beside its plots."""
    parts = [
        "# Benchmarks",
        made_by(rounds),
        "## Targets",
        "\n".join(target_rows(figures)),
        *reasons(figures),
        *(f"![{plot.stem}]({plot.relative_to(path.parent)})" for plot in plots),
        "## All cases",
        "\n".join(case_rows(figures)),
        "## How it is measured",
        HOW.rstrip(),
    ]
    profile = path.parent / "benchmarks" / "profile.md"
    if profile.exists():
        parts.append("Where the time of a hop goes: [profile](benchmarks/profile.md).")
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def made_by(rounds: int) -> str:
    """When, where and with what."""
    return (
        f"Written by `make bench`, {rounds} rounds, {datetime.now(UTC):%d %B %Y}, "
        f"commit {machine.commit()}.\n\n"
        f"* {machine.python_build()}\n"
        f"* {machine.processor()}, load {machine.load()} at the end of the run\n"
        f"* {machine.versions()}"
    )


def target_rows(figures: Figures) -> list[str]:
    rows = ["| case | target | measured | |", "|---|---|---|---|"]
    for target in TARGETS:
        spread = figures.of_target(target)
        text = (
            wording.spread_text(spread, target.key, ratio=bool(target.against))
            if spread is not None
            else wording.not_measured(figures, target.against or target.case)
        )
        verdict = wording.verdict(target, spread)
        shown = f"**{verdict}**" if verdict != "reached" else verdict
        name, bound = wording.target_name(target), wording.bound_text(target)
        rows.append(f"| {name} | {bound} | {text} | {shown} |")
    return rows


def reasons(figures: Figures) -> list[str]:
    """Why what is missed is missed."""
    lines = [
        f"* {wording.target_name(target)}: {target.reason or 'not yet explained.'}"
        for target in TARGETS
        if wording.verdict(target, figures.of_target(target)) == "missed"
    ]
    return ["Missed:\n\n" + "\n".join(lines)] if lines else []


def case_rows(figures: Figures) -> list[str]:
    rows = ["| case | CPU hops/s | ns a hop | other figures |", "|---|---|---|---|"]
    for case in ALL:
        measured = figures.measured(case.name)
        name = wording.meaning(case.name)
        if not measured:
            rows.append(f"| {name} | | | {wording.not_measured(figures, case.name)} |")
            continue
        rate, cost = "", ""
        if measured[0].hops and (spread := figures.spread(case.name, RATE)) is not None:
            rate = wording.spread_text(spread, RATE).replace(" hops/s", "")
            cost = wording.number(1e9 / spread.median)
        others = [
            f"{key.rpartition('_')[0].replace('_', ' ') or key} {wording.spread_text(found, key)}"
            for key in measured[0].values
            if (found := figures.spread(case.name, key)) is not None
        ]
        remark = [measured[-1].remark] if measured[-1].remark else []
        rows.append(f"| {name} | {rate} | {cost} | {', '.join(others + remark)} |")
    return rows
