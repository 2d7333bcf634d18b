"""Retention takes what Zeal was told of a run with the run, and does not know of it."""

from __future__ import annotations

import pytest

from observability.models import TraceSession
from tests.workflows.retention.rows import ended, pace, policy
from workflows.pruning import prune


@pytest.mark.django_db
def test_the_cursors_of_a_run_go_with_it_and_stay_while_it_stays() -> None:
    for days, name in ((31, "old"), (20, "young")):
        run = ended(days, events=2, execution_id=name)
        TraceSession.objects.create(execution=run, zeal="http://zeal", workflow_id="w")

    done = prune(source="command", policy=policy(executions=30, events=14), pace=pace())

    left = TraceSession.objects.values_list("execution__execution_id", flat=True)
    assert (done.error, done.executions, list(left)) == ("", 1, ["young"])
