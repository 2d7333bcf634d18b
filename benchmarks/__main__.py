"""``python -m benchmarks``: measure, compare, and write ``docs/benchmarks.md`` with its plots."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from benchmarks.cases import ALL
from benchmarks.machine import ROOT, python_build
from benchmarks.plots import write_plots
from benchmarks.profiling import write_profile
from benchmarks.report import write_report
from benchmarks.rounds import run_rounds
from benchmarks.short import short
from benchmarks.terminal import target_table

DOCUMENT = ROOT / "docs" / "benchmarks.md"
FOLDER = ROOT / "docs" / "benchmarks"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("cases", nargs="*", help="words of the cases to run; then nothing is kept")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of messages")
    parser.add_argument("--short", action="store_true", help="CI: fail on a regression by 30%%")
    parser.add_argument("--keep", action="store_true", help="with --short: compare with this later")
    parser.add_argument("--profile", action="store_true", help="of the dict chain, into docs")
    parser.add_argument("--list", action="store_true", help="name the cases")
    return parser.parse_args()


def main() -> int:
    console, wanted = Console(), arguments()
    if wanted.list:
        console.print("\n".join(case.name for case in ALL))
    elif wanted.short:
        return 0 if short(console, keep=wanted.keep) else 1
    elif wanted.profile:
        write_profile(FOLDER / "profile.md")
        console.print(f"written: {FOLDER / 'profile.md'}")
    else:
        measure(wanted, console)
    return 0


def measure(wanted: argparse.Namespace, console: Console) -> None:
    """Run the cases; a full set becomes the document."""
    console.print(python_build())
    words = wanted.cases
    cases = [case for case in ALL if not words or any(word in case.name for word in words)]
    figures = run_rounds(cases, rounds=wanted.rounds, scale=wanted.scale, console=console)
    console.print(target_table(figures))
    for case in cases:
        for failure in sorted(set(figures.failures(case.name))):
            console.print(f"[red]{case.name}[/]: {failure}", highlight=False)
    if not words:
        plots = write_plots(figures, FOLDER)
        write_report(figures, DOCUMENT, plots, wanted.rounds)
        console.print(f"written: {DOCUMENT} and {len(plots)} plots")


if __name__ == "__main__":
    sys.exit(main())
