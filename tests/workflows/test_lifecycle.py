from __future__ import annotations

import threading
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import ExecutionFactory, WorkerFactory, claim_of
from workflows.lifecycle import ALLOWED_FROM, Claim, claim_next, move, renew
from workflows.models import TERMINAL, Execution, Status

# What each status may become, written down once more by hand.
MAY_BECOME = {
    Status.QUEUED: {Status.RUNNING, Status.PAUSED, Status.FAILED, Status.CANCELLED},
    Status.RUNNING: {
        Status.QUEUED,
        Status.PAUSED,
        Status.WAITING,
        Status.COMPLETED,
        Status.FAILED,
        Status.CANCELLED,
    },
    Status.PAUSED: {
        Status.QUEUED,
        Status.RUNNING,
        Status.PAUSED,
        Status.WAITING,
        Status.COMPLETED,
        Status.FAILED,
        Status.CANCELLED,
    },
    Status.WAITING: {Status.QUEUED, Status.PAUSED, Status.FAILED, Status.CANCELLED},
    Status.COMPLETED: set(),
    Status.FAILED: set(),
    Status.CANCELLED: set(),
}
CELLS = tuple(product(Status, Status))


@pytest.mark.django_db
@pytest.mark.parametrize(("old", "new"), CELLS, ids=[f"{old}-{new}" for old, new in CELLS])
def test_a_status_moves_only_where_the_table_says(old: Status, new: Status) -> None:
    execution = ExecutionFactory(status=old)
    columns: dict[str, Any] = (
        {"worker": "w", "lease_until": timezone.now()} if new is Status.RUNNING else {"worker": ""}
    )

    moved = move(execution.pk, new, **columns)

    execution.refresh_from_db()
    assert moved is (new in MAY_BECOME[old])
    assert execution.status == (new if moved else old)
    assert (execution.finished_at is not None) is (execution.status in TERMINAL)


def test_the_table_names_every_status() -> None:
    assert set(ALLOWED_FROM) == set(Status)


@pytest.mark.django_db
def test_a_move_under_another_token_changes_nothing() -> None:
    execution = ExecutionFactory(status=Status.RUNNING, token=7)

    assert move(execution.pk, Status.COMPLETED, held=6) is False
    assert move(execution.pk, Status.COMPLETED, held=7) is True


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL goes by its statistics")
@pytest.mark.django_db
def test_a_claim_finds_the_first_of_a_long_queue_without_sorting_it() -> None:
    with CaptureQueriesContext(connection) as statements:
        claim_next("celery@a", 42)

    [select] = [seen["sql"] for seen in statements if seen["sql"].startswith("SELECT")]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {select}")
        plan = [step for *_, step in cursor.fetchall()]
    assert plan[0] == "SCAN workflows_execution USING INDEX execution_queue"
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


@pytest.mark.django_db
def test_a_claim_takes_the_row_with_a_lease_a_token_and_a_deadline() -> None:
    execution = ExecutionFactory()

    claim = claim_next("celery@a", 42)

    execution.refresh_from_db()
    assert claim == Claim(execution.pk, execution.execution_id, token=1)
    assert (execution.status, execution.worker, execution.worker_pid) == (
        Status.RUNNING,
        "celery@a",
        42,
    )
    assert (execution.attempt, execution.token) == (1, 1)
    assert execution.started_at is not None
    assert execution.lease_until is not None
    assert execution.deadline_at is not None
    assert timedelta(0) < execution.lease_until - timezone.now() <= timedelta(seconds=16)
    assert execution.deadline_at - execution.lease_until > timedelta(minutes=50)


@pytest.mark.django_db
def test_the_highest_priority_goes_first_then_the_oldest() -> None:
    young = ExecutionFactory()
    old = ExecutionFactory()
    urgent = ExecutionFactory(priority=1)
    now = timezone.now()
    Execution.objects.filter(pk=young.pk).update(created_at=now)
    Execution.objects.filter(pk=old.pk).update(created_at=now - timedelta(minutes=1))

    claims = [claim_next("w", 1, hinted=young.pk) for _ in range(4)]

    assert [claim and claim.pk for claim in claims] == [urgent.pk, old.pk, young.pk, None]


@pytest.mark.django_db
def test_of_equals_the_hinted_one_goes_first() -> None:
    rows = [ExecutionFactory() for _ in range(3)]
    Execution.objects.update(created_at=timezone.now())

    claim = claim_next("w", 1, hinted=rows[1].pk)

    assert claim is not None
    assert claim.pk == rows[1].pk


@pytest.mark.django_db
def test_a_worker_that_stops_or_that_just_failed_a_run_does_not_take_it() -> None:
    execution = ExecutionFactory()
    WorkerFactory(name="celery@stopping", stopping=True)

    assert claim_next("celery@stopping", 1) is None
    assert claim_next("celery@other", 1, avoid={execution.pk}) is None


@pytest.mark.django_db
def test_a_lease_is_renewed_only_under_the_newest_token() -> None:
    execution = ExecutionFactory(status=Status.RUNNING, token=2)

    assert renew(claim_of(execution)) is True
    assert renew(Claim(execution.pk, "", token=1)) is False


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_only_one_gets_a_run() -> None:
    execution = ExecutionFactory()
    start = threading.Barrier(6, timeout=10)
    claims: list[Claim | None] = []

    def worker() -> None:
        start.wait()
        try:
            claims.append(claim_next("w", 1))
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    winner = Claim(execution.pk, execution.execution_id, token=1)
    assert sorted(claims, key=bool) == [None] * 5 + [winner]


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_share_a_queue_without_taking_a_run_twice() -> None:
    rows = {ExecutionFactory().pk for _ in range(20)}
    claims: list[Claim] = []

    def worker() -> None:
        try:
            while claim := claim_next("w", 1):
                claims.append(claim)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(claims) == 20
    assert {claim.pk for claim in claims} == rows
