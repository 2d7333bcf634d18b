from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from tests.factories import (
    LONG_AGO,
    DeadLetterFactory,
    ExecutionFactory,
    WorkflowFactory,
    WorkflowVersionFactory,
)
from tests.workflows.retention.rows import ended, left, pace, policy
from workflows import pruning
from workflows.models import (
    CircuitBreaker,
    CircuitKind,
    DeadLetter,
    DeliveryStatus,
    DoubtfulFiring,
    Execution,
    ExecutionEvent,
    LetterStatus,
    PruneRun,
    Status,
    WebhookDelivery,
    Workflow,
    WorkflowVersion,
)
from workflows.pruning import Pace, PruneBusyError, prune
from workflows.recovery import elect
from workflows.retention import Policy, what_is_due
from workflows.tasks import prune_what_is_due

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db


def pass_of(**days: int) -> PruneRun:
    return prune(source="command", policy=policy(**days), pace=pace())


def figures(done: PruneRun) -> tuple[int, int, int, bool]:
    return done.executions, done.events, done.versions, done.complete


# By age.


def test_a_run_goes_with_its_events_and_letters_once_it_is_old() -> None:
    old = ended(31, events=3, execution_id="old")
    DeadLetterFactory(execution=old, status=LetterStatus.DISCARDED, resolved_at=LONG_AGO)
    ended(29, events=2, execution_id="young")

    done = pass_of(executions=30)

    assert left() == {"young"}
    assert (ExecutionEvent.objects.count(), DeadLetter.objects.count()) == (2, 0)
    assert (done.executions, done.events, done.complete) == (1, 3, True)


def test_a_run_that_is_not_over_stays_however_old_it_is() -> None:
    for status in (Status.QUEUED, Status.RUNNING, Status.PAUSED, Status.WAITING):
        run = ExecutionFactory(status=status)
        Execution.objects.filter(pk=run.pk).update(created_at=LONG_AGO)

    pass_of(executions=1, events=1)

    assert Execution.objects.filter(events_pruned_at=None).count() == 4


def test_events_go_before_their_run_and_the_run_says_so() -> None:
    old = ended(15, events=4)
    young = ended(13, events=4)

    done = pass_of(executions=30, events=14)

    old.refresh_from_db()
    assert old.events_pruned_at is not None
    assert (old.events.count(), young.events.count()) == (0, 4)
    assert figures(done) == (0, 4, 0, True)


def test_zero_days_are_for_ever() -> None:
    ended(9_000, events=1, execution_id="ancient")

    done = pass_of(executions=0, events=0)

    assert (left(), figures(done)) == ({"ancient"}, (0, 0, 0, True))


def test_the_days_of_a_workflow_go_over_those_of_the_server() -> None:
    for days in (None, 0, 5, 100):
        workflow = WorkflowFactory(keep_days=days, name=f"{days} days")
        for age in (50, 6, 4):
            ended(age, workflow=workflow, owner=workflow.owner, execution_id=f"{days}-{age}")

    pass_of(executions=30)

    assert left() == {
        *("None-6", "None-4"),
        *("0-50", "0-6", "0-4"),
        *("5-4",),
        *("100-50", "100-6", "100-4"),
    }


# By number.


def test_the_newest_runs_of_a_workflow_are_kept_and_pinned_ones_beside_them(owner: User) -> None:
    workflow = WorkflowFactory(owner=owner, keep_runs=2)
    for age in (5, 4, 3, 2):
        ended(age, workflow=workflow, owner=owner, execution_id=f"age-{age}")
    ended(6, workflow=workflow, owner=owner, execution_id="pinned", pinned=True)
    ExecutionFactory(workflow=workflow, owner=owner, execution_id="queued")

    pass_of()

    assert left() == {"age-3", "age-2", "pinned", "queued"}


def test_the_servers_number_counts_where_a_workflow_has_none(owner: User) -> None:
    plain, all_of_them, few = (
        WorkflowFactory(owner=owner, keep_runs=number, name=str(number)) for number in (None, 0, 9)
    )
    for age in (3, 2, 1):
        ended(age, workflow=plain, owner=owner, execution_id=f"plain-{age}")
        ended(age, workflow=all_of_them, owner=owner, execution_id=f"all-{age}")
        ended(age, workflow=few, owner=owner, execution_id=f"few-{age}")

    pass_of(runs=1)

    kept = {f"{name}-{age}" for name in ("all", "few") for age in (1, 2, 3)}
    assert left() == {"plain-1", *kept}


# What is spared.


@pytest.fixture
def needed(owner: User) -> Execution:
    """A run with an open letter, one with a webhook on its way, and a pinned one."""
    DeadLetterFactory(execution=ended(90, events=1, execution_id="letter", owner=owner))
    WebhookDelivery.objects.create(
        owner=owner,
        execution=ended(90, events=1, execution_id="webhook", owner=owner),
        url="https://example.org",
        body="{}",
        next_at=LONG_AGO,
        give_up_at=LONG_AGO,
    )
    return ended(90, events=1, execution_id="pinned", owner=owner, pinned=True)


def test_a_run_that_somebody_needs_stays_with_its_events(needed: Execution) -> None:
    done = pass_of(executions=30, events=14)

    assert left() == {"letter", "webhook", "pinned"}
    assert figures(done) == (0, 0, 0, True)


def test_once_nobody_needs_them_they_go(needed: Execution) -> None:
    DeadLetter.objects.update(status=LetterStatus.DISCARDED, resolved_at=LONG_AGO)
    WebhookDelivery.objects.update(status=DeliveryStatus.DELIVERED)
    Execution.objects.update(pinned=False)

    done = pass_of(executions=30)

    assert (left(), done.executions) == (set(), 3)


def test_a_run_that_was_cancelled_while_it_was_in_doubt_goes_with_its_doubts() -> None:
    run = ended(90, events=1)
    DoubtfulFiring.objects.create(
        execution=run, key="1", node="pass", digest="0", inputs="{}", begun_at=LONG_AGO
    )

    done = pass_of(executions=30)

    assert (left(), done.executions, DoubtfulFiring.objects.count()) == (set(), 1, 0)


def test_a_run_that_is_pinned_during_the_pass_stays_with_its_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = ended(90, events=2)
    batches = pruning._Pass._next

    def pin_then(self: Any, rows: Any) -> Any:
        found = batches(self, rows)
        Execution.objects.filter(pk=run.pk).update(pinned=True)
        return found

    monkeypatch.setattr(pruning._Pass, "_next", pin_then)
    done = pass_of(executions=30, events=14)

    run.refresh_from_db()
    assert (run.events_pruned_at, run.events.count(), done.executions) == (None, 2, 0)


# Graphs that were posted.


def test_a_posted_graph_goes_with_its_last_run_after_a_day(owner: User) -> None:
    alone, fresh, used = (WorkflowVersionFactory(owner=owner) for _ in range(3))
    kept = WorkflowVersionFactory(owner=owner, workflow=WorkflowFactory(owner=owner), number=1)
    ended(1, version=used, owner=owner)
    days_ago = timezone.now() - timedelta(days=2)
    WorkflowVersion.objects.exclude(pk=fresh.pk).update(created_at=days_ago)

    done = pass_of()

    assert set(WorkflowVersion.objects.all()) == {fresh, used, kept}
    assert (done.versions, alone.executions.count()) == (1, 0)


def test_a_breaker_goes_a_month_after_it_was_last_heard_of(owner: User) -> None:
    days = {"quiet": (31, 31), "failing": (31, 1), "moved": (1, 31)}  # since, last error
    for name, (since, failed) in days.items():
        CircuitBreaker.objects.create(
            owner=owner,
            kind=CircuitKind.NAME,
            name=name,
            since=timezone.now() - timedelta(days=since),
            last_error_at=timezone.now() - timedelta(days=failed),
        )

    pass_of()

    assert {each.name for each in CircuitBreaker.objects.all()} == {"failing", "moved"}


# How a pass goes.


def test_a_large_run_goes_in_parts_and_its_first_event_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pruning, "EVENTS_A_BATCH", 2)
    run = ended(15, events=5)
    seen: list[list[int]] = []

    prune(
        source="command",
        policy=policy(events=14),
        pace=pace(),
        tell=lambda _: seen.append(list(run.events.values_list("seq", flat=True))),
    )

    assert seen[-3:] == [[1, 2, 3, 4], [1, 2], []]


def test_the_next_pass_goes_on_where_one_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "EVENTS_A_BATCH", 2)
    run = ended(31, events=5)
    stop = threading.Event()
    first = prune(
        source="command",
        policy=policy(executions=30, events=14),
        pace=Pace(60, rest=0, stop=stop),
        tell=lambda done: stop.set() if done.events else None,
    )
    run.refresh_from_db()
    halfway = (first.complete, first.events, run.events.count(), run.events_pruned_at is not None)

    second = pass_of(executions=30, events=14)

    assert halfway == (False, 1, 4, True)
    assert figures(second) == (1, 4, 0, True)


def test_a_pass_stops_when_its_time_is_over() -> None:
    ended(31, execution_id="still here")

    done = prune(source="beat", policy=policy(executions=30), pace=Pace(0))

    assert (left(), done.complete) == ({"still here"}, False)


def test_two_passes_do_not_run_at_once() -> None:
    elect("another", pruning.LEASE, 60)

    with pytest.raises(PruneBusyError):
        pass_of()
    prune_what_is_due()  # the task leaves quietly

    assert not PruneRun.objects.exists()


def test_a_pass_that_breaks_off_says_so_and_lets_the_next_one_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(_policy: Policy) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(pruning, "executions_due", away)
    done = pass_of(executions=1)

    assert (done.complete, done.error) == (False, "OperationalError: away")
    assert elect("the next", pruning.LEASE, 60)


def test_a_pass_by_beat_uses_the_settings_and_keeps_its_figures(settings: Any) -> None:
    settings.RETENTION_EXECUTIONS_DAYS = 3
    ended(4, events=2, execution_id="old")
    ended(2, execution_id="young")

    prune_what_is_due()

    done = PruneRun.objects.get()
    assert left() == {"young"}
    assert (done.source, done.executions, done.events, done.error) == ("beat", 1, 2, "")


def test_the_figures_of_the_last_passes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "KEPT_PASSES", 2)

    made = [pass_of() for _ in range(3)]

    assert list(PruneRun.objects.all()) == made[:0:-1]


def test_what_is_due_is_counted_and_stays() -> None:
    ended(31, events=3)
    ended(15, events=2)

    due = what_is_due(policy(executions=30, events=14))

    assert (due.executions, due.runs_with_events, due.events) == (1, 2, 5)
    assert ExecutionEvent.objects.count() == 5


def test_a_workflow_that_is_deleted_leaves_its_runs_to_the_servers_days(owner: User) -> None:
    workflow = WorkflowFactory(owner=owner, keep_days=0)
    ended(31, workflow=workflow, owner=owner)
    Workflow.objects.all().delete()

    done = pass_of(executions=30)

    assert done.executions == 1
