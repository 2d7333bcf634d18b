"""Runs do what the model says, whatever happens to them in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.nightly import AT_NIGHT, say
from tests.workflows.machine.rules import Machine

STEPS = 50
TOO_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(0 if AT_NIGHT else 60)
def test_runs_do_what_the_model_says(request: pytest.FixtureRequest) -> None:
    Machine.steps = 0

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=300 if AT_NIGHT else 6,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=TOO_SLOW,
        ),
    )

    say(request, f"{Machine.steps} steps")
    assert Machine.steps > STEPS
