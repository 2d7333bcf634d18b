from __future__ import annotations

from benchmarks.case import Case, run
from benchmarks.cases import ALL, OURS
from benchmarks.targets import TARGETS


def test_a_case_runs_in_a_process_of_its_own_at_the_scale_asked_for() -> None:
    arguments = {"component": "add", "stages": 1, "messages": 4_000}
    case = Case("chain", "benchmarks.engine.chain:chain", arguments)

    outcome = run(case, scale=0.5)

    assert outcome.measured is not None
    assert (outcome.measured.hops, outcome.failure) == (4_000, "")


def test_a_case_that_hangs_is_killed_and_says_so() -> None:
    outcome = run(Case("hangs", "signal:pause"), deadline=2)

    assert (outcome.measured, outcome.failure) == (None, "hung: killed after 2 s")


def test_a_case_that_aborts_says_so() -> None:
    outcome = run(Case("aborts", "os:abort"))

    assert (outcome.measured, outcome.failure) == (None, "no output")


def test_a_case_that_cannot_be_had_says_why() -> None:
    outcome = run(Case("missing", "no_such_library:chain"))

    assert outcome.measured is None
    assert outcome.failure == "ModuleNotFoundError: No module named 'no_such_library'"


def test_every_case_has_a_name_of_its_own_and_every_target_names_cases() -> None:
    names = [case.name for case in ALL]

    assert sorted(set(names)) == sorted(names)
    assert {target.case for target in TARGETS} <= {case.name for case in OURS}
    assert {target.against for target in TARGETS} <= {"", *names}
