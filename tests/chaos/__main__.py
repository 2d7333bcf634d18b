"""``make chaos``: hurt a whole site at random, and check that every promise was kept."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

from tests.chaos.checker import check
from tests.chaos.experiment import Experiment, Plan, folder_for
from tests.chaos.faults import FAULTS
from tests.chaos.figures import figures
from tests.chaos.report import Outcome, verdict, write
from tests.chaos.sabotage import SAFEGUARDS
from tests.chaos.site import PROFILES
from tests.chaos.workflows import kinds

ALL = [fault.kind for fault in FAULTS]
KINDS = [kind.name for kind in kinds()]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    made.add_argument("--profile", choices=PROFILES, default="sqlite", help="what the site is on")
    made.add_argument("--seed", type=int, default=1, help="which faults, in which order")
    made.add_argument("--runs", type=int, default=2000, help="runs to start")
    made.add_argument("--faults", type=int, default=500, help="faults to inject")
    made.add_argument("--minutes", type=float, default=0, help="end then, whatever was done")
    made.add_argument("--outstanding", type=int, default=16, help="unfinished runs at a time")
    made.add_argument("--workers", type=int, default=6, help="runs at the same time")
    made.add_argument("--trials", type=int, default=3, help="timed single faults, afterwards")
    made.add_argument("--only", choices=ALL, nargs="*", default=(), help="these faults alone")
    made.add_argument("--kinds", choices=KINDS, nargs="*", default=(), help="these workflows alone")
    made.add_argument("--without", choices=SAFEGUARDS, default="", help="must make it red")
    made.add_argument("--report", type=Path, help="folder for the page, the plot and the JSON line")
    return made


def main(arguments: list[str]) -> int:
    """0 if every promise was kept; else 1, and the site's folder is kept."""
    given = vars(parser().parse_args(arguments))
    folder: Path | None = given.pop("report")
    plan = Plan(**given | {name: tuple(given[name]) for name in ("only", "kinds")})
    started = time.monotonic()

    def say(text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - started:7.1f} s  {text}\n")
        sys.stdout.flush()

    experiment = Experiment(plan, say)
    made = folder_for(plan.profile)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what it has started ends with it
    evidence = experiment.run(made)
    known = {kind.name: kind for kind in experiment.kinds}
    offences = check(evidence, known)
    found = figures(evidence, known, offences)
    plan = experiment.plan  # as far as it came
    shortfalls = verdict(found, plan)
    if folder is not None:
        seconds = time.monotonic() - started
        write(folder, Outcome(plan, evidence, found, offences, shortfalls, seconds))
    for offence in offences[:40]:
        say(f"{offence.promise} {offence.harm}: {offence.execution_id} {offence.text}")
    for name, value in found.items():
        say(f"{name}: {value}")
    for shortfall in shortfalls:
        say(f"FAILED: {shortfall}")
    experiment.site.remove(keep=bool(shortfalls))
    say(f"kept: {made}" if shortfalls else "every promise was kept")
    return 1 if shortfalls else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
