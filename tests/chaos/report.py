"""What a chaos run leaves behind: a page, a plot and a line of JSON, also when it failed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.chaos.figures import HARMS
from tests.chaos.plot import plot

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.checker import Offence
    from tests.chaos.experiment import Plan
    from tests.chaos.facts import Evidence

# What a run has to show to count, as parts of its runs and faults.
OWNERS_HIT = 200 / 500
LONG_RUNS = 1 / 3
OF_EACH_LEVEL = 300 / 2000
MANY_RUNS = 1000  # a shorter run need not show all that
FAILED_AT_MOST = 0.01
LISTED = 20
STORM = (
    "From a kill in the storm to the run's return to the queue, where nothing hit the keeper or"
    " the database as well, in seconds:"
)


def verdict(found: dict[str, Any], plan: Plan) -> list[str]:
    """Why a run does not count as passed; nothing if it does."""
    short = [f"{found[harm]} {harm}" for harm in HARMS if found[harm]]
    failed = len(found["failed_by_faults"])
    if failed > max(1, FAILED_AT_MOST * plan.runs):
        short.append(f"{failed} runs failed only because of faults")
    if found["runs"] < plan.runs or found["faults"] < plan.faults:
        short.append(f"only {found['runs']} runs and {found['faults']} faults")
    return short if plan.runs < MANY_RUNS else short + _too_little(found, plan)


def _too_little(found: dict[str, Any], plan: Plan) -> list[str]:
    """What a long run has not hit or tried often enough to say anything."""
    short = []
    for name, part, whole in (
        ("faults_that_hit_an_owner", OWNERS_HIT, plan.faults),
        ("runs_long_with_effects", LONG_RUNS, plan.runs),
    ):
        if found[name] < part * whole:
            short.append(f"{name} is {found[name]}, of {part * whole:.0f} wanted")
    for level in ("restart", "node", "message"):
        count = found["runs_by_level"].get(level, 0)
        if count < OF_EACH_LEVEL * plan.runs:
            short.append(f"only {count} runs at level {level}")
    return short


@dataclass(frozen=True, slots=True)
class Outcome:
    plan: Plan
    evidence: Evidence
    found: dict[str, Any]
    offences: list[Offence]
    shortfalls: list[str]
    seconds: float


def write(folder: Path, outcome: Outcome) -> None:
    """Add to ``runs.jsonl``, and write the profile's page and plot anew."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = outcome.plan
    name = f"{plan.profile}-without-{plan.without}" if plan.without else plan.profile
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan": asdict(plan),
        "seconds": round(outcome.seconds),
        "shortfalls": outcome.shortfalls,
        **outcome.found,
    }
    with (folder / "runs.jsonl").open("a") as lines:
        lines.write(json.dumps(line) + "\n")
    (folder / f"{name}.svg").write_text(plot(outcome.evidence))
    (folder / f"{name}.md").write_text(page(name, line, outcome.offences))


def _stalls(seconds: list[float]) -> list[str]:
    """What the machine did by itself, which no figure above can do without."""
    if not seconds:
        return []
    times = ", ".join(map(str, seconds))
    return [f"The machine itself stood still, with every process on it, for so many s: {times}."]


def page(name: str, line: dict[str, Any], offences: list[Offence]) -> str:
    """The report as Markdown."""
    plan = line["plan"]
    passed = "Failed: " + "; ".join(line["shortfalls"]) if line["shortfalls"] else "Passed."
    plain = {key: value for key, value in line.items() if isinstance(value, int | float | str)}
    spread = ", ".join(f"{name} {value}" for name, value in line["requeued_after"].items())
    parts = [
        f"# Chaos on {name}",
        f"{passed} Seed {plan['seed']}, {line['at']}, {line['seconds']} s.",
        f"![Runs and faults over time]({name}.svg)",
        _table(("what", "count"), [(key.replace("_", " "), value) for key, value in plain.items()]),
        "## Faults",
        _table(("fault", "times"), list(line["faults_by_kind"].items())),
        "## Runs",
        _table(("level", "runs"), list(line["runs_by_level"].items())),
        _table(("end", "runs"), list(line["runs_by_end"].items())),
        "## How fast losses were mended",
        _table(
            ("single fault on a calm site", "seconds", "allowed"),
            [(one["name"], one["seconds"], one["allowed"]) for one in line["trials"]],
        ),
        f"{STORM} {spread}.",
        *_stalls(line["machine_stood_still"]),
        "## Runs that failed only because of faults",
        _table(
            ("run", "code", "error"),
            [(one["run"], one["code"], one["error"]) for one in line["failed_by_faults"]],
        ),
        "## Broken promises",
        _table(
            ("promise", "harm", "run", "how it shows"),
            [(one.promise, one.harm, one.execution_id, one.text) for one in offences[:LISTED]],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    if not rows:
        return "None."
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines
    )
