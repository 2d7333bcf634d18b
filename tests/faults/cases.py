"""One case: a scenario in which one statement breaks, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import connection

from tests.faults.database import Fault, Plan, breaking
from tests.faults.world import UNAVAILABLE, World, mend, offences, overtaken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.scenarios import Scenario

MOST = 200  # statements of a scenario that are broken


@dataclass(slots=True)
class Tally:
    """What was done: cases in which the fault met a statement, and every broken promise."""

    cases: Counter[str] = field(default_factory=Counter)
    offences: list[str] = field(default_factory=list)


def statements(scenario: Scenario) -> int:
    """How many the scenario sends when nothing breaks, which proves that it goes well then."""
    plan, found = happening(scenario, Plan())
    assert not found, found
    return min(len(plan.seen), MOST)


def faults(scenario: Scenario) -> tuple[Fault, ...]:
    usual = [Fault.REFUSED, Fault.UNANSWERED, Fault.AWAY, Fault.LATE]
    if connection.vendor == "postgresql":
        usual.append(Fault.LOST)
    return (*usual, Fault.OVERTAKEN) if scenario.has_run else tuple(usual)


def happening(scenario: Scenario, plan: Plan) -> tuple[Plan, list[str]]:
    """The offences of one case."""
    world = World()
    scenario.prepare(world)
    plan.meanwhile = lambda: overtaken(world)
    with breaking(plan):
        answers = scenario.act(world)
    found = [f"answered {answer}" for answer in wrong(scenario, plan, answers)]
    found += scenario.torn(world)
    if answers and answers[-1] in scenario.good:
        found += scenario.now(world)
    elif answers:
        repeated = scenario.act(world)
        allowed = (*scenario.good, *scenario.again)
        found += [f"answered {answer} again" for answer in repeated if answer not in allowed]
    mend(world)
    found += [*offences(world), *scenario.end(world)]
    return plan, found


def wrong(scenario: Scenario, plan: Plan, answers: tuple[int, ...]) -> Iterator[int]:
    """Anything but the right answer, or 503 if something broke."""
    harmless = not plan.struck or plan.fault is Fault.LATE
    allowed = scenario.good if harmless else (*scenario.good, UNAVAILABLE)
    return (answer for answer in answers if answer not in allowed)


def tried(name: str, scenario: Scenario, fault: Fault, at: int, tally: Tally) -> None:
    plan, found = happening(scenario, Plan(at, fault))
    if plan.struck:
        tally.cases[f"{fault} {plan.struck.split()[0]}"] += 1
    tally.offences += [f"{name}, {fault} at {at} ({plan.struck}): {text}" for text in found]
