from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.factories import FAR_AHEAD, LONG_AGO, ExecutionFactory, WorkerFactory, claim_of
from workflows import repeats
from workflows.endings import End, write_end
from workflows.event_log import FencedError
from workflows.lifecycle import claim_next
from workflows.models import Execution, ExecutionEvent, KeeperLease, Status, Worker
from workflows.recovery import (
    ClockGuard,
    elect,
    end_overdue,
    reap,
    resign,
    round_of_keeper,
    sweep,
)

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def made(seconds: float, **columns: Any) -> Execution:
    """A queued run that was made some seconds ago."""
    execution: Execution = ExecutionFactory(**columns)
    Execution.objects.filter(pk=execution.pk).update(created_at=ago(seconds))
    return execution


def test_a_run_whose_lease_ran_out_is_queued_again_with_its_event() -> None:
    execution = ExecutionFactory(
        status=Status.RUNNING,
        lease_until=ago(1),
        worker="celery@gone",
        token=4,
        attempt=1,
        last_seq=3,
        hint_count=7,
    )

    assert reap() == 1

    execution.refresh_from_db()
    event = ExecutionEvent.objects.get()
    assert (execution.status, execution.worker, execution.lease_until) == ("queued", "", None)
    assert (execution.attempts_lost, execution.attempts_failed) == (1, 0)
    assert (execution.token, execution.last_seq, execution.lost_by) == (5, 4, "celery@gone")
    assert (execution.hint_count, execution.hinted_at) == (0, None)  # hinted at in the same round
    assert (event.seq, event.type) == (4, "Requeued")
    assert json.loads(event.data) == {
        "attempt": 1,
        "reason": "the worker celery@gone was lost while it ran this",
    }


def test_the_worker_that_was_lost_writes_nothing_more() -> None:
    execution = ExecutionFactory(status=Status.RUNNING, lease_until=ago(1), token=4)
    late = claim_of(execution)
    reap()

    with pytest.raises(FencedError):
        write_end(late, End(Status.COMPLETED))

    assert Execution.objects.get().status == Status.QUEUED


def test_a_run_that_was_lost_five_times_fails_with_its_reason() -> None:
    execution = ExecutionFactory(
        status=Status.RUNNING, lease_until=ago(1), worker="celery@gone", attempts_lost=4
    )

    assert reap() == 1

    execution.refresh_from_db()
    assert (execution.status, execution.error_code) == ("failed", "worker_lost")
    assert execution.error == (
        "the worker celery@gone was lost while it ran this"
        " (5 attempts were lost; limit: LOST_ATTEMPTS)"
    )
    assert (execution.attempts_lost, execution.attempts_failed) == (5, 0)


def test_with_no_lost_attempts_allowed_a_lost_run_fails_at_once(settings: Any) -> None:
    settings.LOST_ATTEMPTS = 0
    execution = ExecutionFactory(
        status=Status.RUNNING, lease_until=ago(1), worker="celery@gone", token=4, last_seq=3
    )

    assert reap() == 1

    execution.refresh_from_db()
    event = ExecutionEvent.objects.get()
    assert (execution.status, execution.error_code) == ("failed", "worker_lost")
    assert execution.error == "the worker celery@gone was lost while it ran this"
    assert (execution.token, execution.attempts_lost, execution.last_seq) == (5, 1, 4)
    assert (event.seq, event.type, json.loads(event.data)["code"]) == (4, "Failed", "worker_lost")


def lose(worker: str, runs: int = 1) -> None:
    """One accident takes runs of this worker; those before it were long ago."""
    Worker.objects.update(lost_at=LONG_AGO)
    for _ in range(runs):
        ExecutionFactory(status=Status.RUNNING, lease_until=ago(1), worker=worker)
    reap()


def test_a_worker_that_loses_three_runs_in_a_row_takes_none_for_a_minute() -> None:
    WorkerFactory(name="celery@sick")
    for _ in range(3):
        lose("celery@sick")

    while_sick = claim_next("celery@sick", 1)
    Worker.objects.update(quarantined_until=ago(1))
    well_again = claim_next("celery@sick", 1)

    assert while_sick is None
    assert well_again is not None
    assert Worker.objects.get().losses == 0


def test_runs_that_one_accident_took_from_a_worker_count_once() -> None:
    WorkerFactory(name="celery@frozen")

    lose("celery@frozen", runs=4)

    worker = Worker.objects.get()
    assert (worker.losses, worker.quarantined_until) == (1, None)


def test_what_an_earlier_process_of_a_worker_lost_is_not_held_against_the_new_one() -> None:
    WorkerFactory(name="celery@new", started_at=ago(2))  # the run was heard of before that

    lose("celery@new")

    assert Worker.objects.get().losses == 0


def test_a_success_in_between_keeps_a_worker_out_of_quarantine() -> None:
    WorkerFactory(name="celery@well")
    done = ExecutionFactory(status=Status.RUNNING, worker="celery@well")
    lose("celery@well")
    lose("celery@well")
    write_end(claim_of(done), End(Status.COMPLETED))
    lose("celery@well")

    worker = Worker.objects.get()

    assert (worker.losses, worker.quarantined_until) == (1, None)


def test_a_run_goes_rather_to_another_worker_than_to_the_one_that_just_lost_it() -> None:
    WorkerFactory(name="celery@lost")
    WorkerFactory(name="celery@other")
    lose("celery@lost")

    assert claim_next("celery@lost", 1) is None
    assert claim_next("celery@other", 1) is not None


def test_after_ten_seconds_the_worker_that_lost_a_run_may_have_it() -> None:
    WorkerFactory(name="celery@lost")
    WorkerFactory(name="celery@other")
    lose("celery@lost")
    Execution.objects.update(lost_at=ago(11))

    assert claim_next("celery@lost", 1) is not None


def test_a_lone_worker_takes_the_run_that_it_lost_at_once() -> None:
    WorkerFactory(name="celery@lost")
    lose("celery@lost")

    assert claim_next("celery@lost", 1) is not None


def test_a_lost_run_that_somebody_cancelled_is_cancelled() -> None:
    execution = ExecutionFactory(
        status=Status.RUNNING,
        lease_until=LONG_AGO,
        cancel_requested_at=LONG_AGO,
        cancel_by="ann",
    )

    assert reap() == 1

    execution.refresh_from_db()
    assert execution.status == Status.CANCELLED
    assert json.loads(ExecutionEvent.objects.get().data)["by"] == "ann"


def test_a_run_with_a_living_worker_is_left_alone() -> None:
    execution = ExecutionFactory(status=Status.RUNNING, lease_until=FAR_AHEAD)
    ExecutionFactory()

    assert reap() == 0

    execution.refresh_from_db()
    assert execution.status == Status.RUNNING


def test_reaping_twice_ends_a_run_once() -> None:
    ExecutionFactory(status=Status.RUNNING, lease_until=LONG_AGO)

    assert (reap(), reap()) == (1, 0)
    assert ExecutionEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "seconds", "ended"),
    [
        (Status.QUEUED, 1, 1),
        (Status.WAITING, 99, 0),  # for somebody: its deadline does not run
        (Status.RUNNING, 1, 0),  # its worker is about to end it
        (Status.RUNNING, 11, 1),
        (Status.COMPLETED, 99, 0),
    ],
)
def test_what_is_past_its_deadline_fails(status: Status, seconds: float, ended: int) -> None:
    execution = ExecutionFactory(status=status, deadline_at=ago(seconds))

    assert end_overdue() == ended

    execution.refresh_from_db()
    assert execution.error_code == ("deadline_exceeded" if ended else "")
    assert ExecutionEvent.objects.count() == ended


@pytest.mark.parametrize(
    ("hint_count", "seconds", "due"),
    [(1, 1, False), (1, 3, True), (2, 3, False), (2, 6, True), (9, 20, False), (9, 31, True)],
)
def test_a_waiting_run_is_hinted_again_later_and_later(
    hint_count: int, seconds: float, due: bool
) -> None:
    made(99, hint_count=hint_count, hinted_at=ago(seconds))

    assert sweep() == int(due)

    assert Execution.objects.get().hint_count == hint_count + int(due)


def test_a_run_that_was_never_hinted_is_hinted_once_its_first_hint_had_time() -> None:
    made(0)
    old = made(5)

    assert sweep() == 1

    assert list(Execution.objects.filter(hint_count=1)) == [old]


def test_a_run_from_a_process_whose_clock_is_ahead_is_hinted_now_and_not_in_hours() -> None:
    made(-3600)

    assert sweep() == 1


def test_the_hints_of_a_round_are_noted_by_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(3):
        made(5)

    with django_assert_num_queries(2):
        assert sweep() == 3

    assert Execution.objects.filter(hint_count=1, hinted_at__isnull=False).count() == 3


def test_only_queued_runs_are_hinted() -> None:
    made(99, status=Status.RUNNING)
    made(99, status=Status.FAILED)

    assert sweep() == 0


@pytest.mark.usefixtures("broken_broker")
def test_a_round_ends_at_the_first_refusal_of_the_broker(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "EVERY_SECONDS", 0)  # each refusal is said
    for _ in range(3):
        made(5)

    assert sweep() == 0

    assert caplog.text.count("took no hint") == 1


def test_one_keeper_works_until_it_resigns_or_falls_silent() -> None:
    assert [elect("a"), elect("a"), elect("b")] == [True, True, False]

    resign("a")
    assert [elect("b"), elect("a")] == [True, False]

    KeeperLease.objects.update(until=LONG_AGO)
    assert elect("a") is True


def test_a_round_does_everything() -> None:
    lost = made(99, status=Status.RUNNING, lease_until=LONG_AGO)
    late = ExecutionFactory(deadline_at=LONG_AGO)
    forgotten = made(5)

    round_of_keeper()

    rows = Execution.objects.in_bulk()
    assert (rows[lost.pk].status, rows[lost.pk].hint_count) == ("queued", 1)
    assert rows[late.pk].error_code == "deadline_exceeded"
    assert rows[forgotten.pk].hint_count == 1


def test_the_command_does_one_round_and_resigns() -> None:
    ExecutionFactory(status=Status.RUNNING, lease_until=LONG_AGO)

    call_command("keeper", "--once", stdout=StringIO())

    assert Execution.objects.get().status == Status.QUEUED
    assert not KeeperLease.objects.exists()


def test_the_command_leaves_the_work_to_a_keeper_that_has_it() -> None:
    ExecutionFactory(status=Status.RUNNING, lease_until=LONG_AGO)
    elect("another")

    call_command("keeper", "--once", stdout=StringIO())

    assert Execution.objects.get().status == Status.RUNNING


def test_after_a_jump_of_the_clock_nothing_is_reaped_for_a_lease_time() -> None:
    wall = [1000.0]
    steady = [0.0]
    guard = ClockGuard(3, 15, wall=lambda: wall[0], steady=lambda: steady[0])

    def after(wall_seconds: float, steady_seconds: float) -> bool:
        wall[0] += wall_seconds
        steady[0] += steady_seconds
        return guard.trusted()

    assert after(1, 1) is True
    assert after(3600, 1) is False  # the machine slept
    assert after(14, 14) is False
    assert after(2, 2) is True
    assert after(-3600, 1) is False  # the clock was set back
