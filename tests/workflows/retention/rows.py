"""Ended runs of any age, with events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests.factories import ExecutionEventFactory, ExecutionFactory
from workflows.models import Execution, Status
from workflows.pruning import Pace
from workflows.retention import Policy


def ended(days: float, events: int = 0, **columns: Any) -> Execution:
    """A run that was made and ended so many days ago."""
    at = timezone.now() - timedelta(days=days)
    run = ExecutionFactory(status=Status.COMPLETED, finished_at=at, last_seq=events, **columns)
    Execution.objects.filter(pk=run.pk).update(created_at=at)
    for seq in range(1, events + 1):
        ExecutionEventFactory(execution=run, seq=seq)
    run.refresh_from_db()
    return run


def policy(executions: int = 0, runs: int = 0, events: int = 0) -> Policy:
    return Policy(timezone.now(), executions, runs, events)


def pace() -> Pace:
    return Pace(60.0, rest=0.0)


def left() -> set[str]:
    return set(Execution.objects.values_list("execution_id", flat=True))
