from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from tests.factories import (
    LONG_AGO,
    ExecutionEventFactory,
    ExecutionFactory,
    UserFactory,
    WorkerFactory,
    WorkflowFactory,
    WorkflowVersionFactory,
)
from workflows import selectors
from workflows.models import Execution, Status
from workflows.selectors import (
    events_after,
    executions_of,
    versions_of,
    waiting_reason,
    workflows_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def published(owner: User) -> None:
    workflow = WorkflowFactory(owner=owner)
    workflow.current = WorkflowVersionFactory(owner=owner, workflow=workflow, number=1)
    workflow.save()


def started(owner: User) -> None:
    ExecutionFactory(owner=owner)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("make", "listed"),
    [
        (
            published,
            lambda user: [(w.owner.username, str(w.current)) for w in workflows_of(user)],
        ),
        (published, lambda user: [(v.owner.username, str(v.workflow)) for v in versions_of(user)]),
        (started, lambda user: [(e.workflow, e.version.checksum) for e in executions_of(user)]),
    ],
)
def test_a_list_takes_one_query_however_long_it_is(
    rows: int,
    make: Callable[[User], None],
    listed: Callable[[User], list[Any]],
    owner: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(rows):
        make(owner)

    with django_assert_num_queries(1):
        assert len(listed(owner)) == rows


@pytest.mark.parametrize(
    ("selector", "make"),
    [
        (workflows_of, WorkflowFactory),
        (versions_of, WorkflowVersionFactory),
        (executions_of, ExecutionFactory),
    ],
)
def test_a_user_sees_only_what_is_theirs(
    selector: Callable[[Any], Any], make: Callable[..., Any], owner: User
) -> None:
    mine = make(owner=owner)
    make(owner=UserFactory())

    assert list(selector(owner)) == [mine]
    assert list(selector(AnonymousUser())) == []


def test_events_come_in_order_after_a_number_and_by_the_page() -> None:
    execution = ExecutionFactory()
    events = [ExecutionEventFactory(execution=execution, seq=seq) for seq in (3, 1, 2, 4)]
    ExecutionEventFactory(seq=2)

    assert [event.seq for event in events_after(execution)] == [1, 2, 3, 4]
    assert list(events_after(execution, 2, 1)) == [events[0]]


def test_a_page_of_events_has_a_limit(settings: Any) -> None:
    settings.EVENT_PAGE = 1
    execution = ExecutionFactory()
    for seq in (1, 2):
        ExecutionEventFactory(execution=execution, seq=seq)

    assert [event.seq for event in events_after(execution)] == [1]


def test_a_run_that_is_not_queued_waits_for_nothing() -> None:
    assert waiting_reason(ExecutionFactory(status=Status.RUNNING)) == ""


@pytest.mark.parametrize("worker", [{}, {"stopping": True}, {"seen_at": LONG_AGO}])
def test_a_run_waits_because_no_worker_is_there(worker: dict[str, Any]) -> None:
    if worker:
        WorkerFactory(**worker)

    reason = waiting_reason(ExecutionFactory())

    assert reason == "no worker is running; it starts as soon as one is"


def test_a_run_waits_because_all_workers_are_busy() -> None:
    WorkerFactory(slots=2)
    ExecutionFactory.create_batch(2, status=Status.RUNNING)
    ExecutionFactory(priority=5)

    reason = waiting_reason(ExecutionFactory())

    assert reason == "all 2 places of the workers are busy; 1 run is before it"


def test_a_run_waits_because_the_broker_took_no_message() -> None:
    WorkerFactory()

    reason = waiting_reason(ExecutionFactory())

    assert reason == "the broker has not taken its message yet; the keeper goes on offering it"


def test_a_run_waits_its_turn() -> None:
    WorkerFactory()
    older = ExecutionFactory()
    Execution.objects.filter(pk=older.pk).update(created_at=timezone.now() - timedelta(seconds=10))

    reason = waiting_reason(ExecutionFactory(hinted_at=timezone.now()))

    assert reason == "a worker was told of it; 1 run is before it"


def test_a_long_queue_is_not_counted_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "MOST_COUNTED", 2)
    WorkerFactory()
    ExecutionFactory.create_batch(3, priority=1)

    reason = waiting_reason(ExecutionFactory(hinted_at=timezone.now()))

    assert reason == "a worker was told of it; more than 2 runs are before it"
