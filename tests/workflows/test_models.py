from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models

from tests.factories import (
    LONG_AGO,
    ExecutionEventFactory,
    ExecutionFactory,
    WorkerFactory,
    WorkflowFactory,
    WorkflowVersionFactory,
)
from workflows.models import KeeperLease, Status

pytestmark = pytest.mark.django_db


def test_an_owner_has_one_workflow_of_a_name() -> None:
    workflow = WorkflowFactory()
    WorkflowFactory(name=workflow.name)  # another owner's

    with pytest.raises(IntegrityError, match="name"):
        WorkflowFactory(name=workflow.name, owner=workflow.owner)


def test_a_workflow_has_a_name() -> None:
    with pytest.raises(IntegrityError, match="workflow_has_a_name"):
        WorkflowFactory(name="")


def test_a_version_number_is_used_once_in_a_workflow() -> None:
    version = WorkflowVersionFactory(workflow=WorkflowFactory(), number=1)

    with pytest.raises(IntegrityError):
        WorkflowVersionFactory(workflow=version.workflow, number=1)


@pytest.mark.parametrize("number", [None, 0])
def test_a_version_of_a_workflow_has_a_number_from_1(number: int | None) -> None:
    with pytest.raises(IntegrityError):
        WorkflowVersionFactory(workflow=WorkflowFactory(), number=number)


def test_a_version_without_a_workflow_has_no_number() -> None:
    with pytest.raises(IntegrityError):
        WorkflowVersionFactory(number=1)


def test_an_owner_has_one_posted_version_of_a_graph() -> None:
    posted = WorkflowVersionFactory()
    WorkflowVersionFactory(checksum=posted.checksum)  # another owner's

    with pytest.raises(IntegrityError):
        WorkflowVersionFactory(checksum=posted.checksum, owner=posted.owner)


def test_an_execution_id_is_used_once_by_an_owner() -> None:
    execution = ExecutionFactory()
    ExecutionFactory(execution_id=execution.execution_id)  # another owner's

    with pytest.raises(IntegrityError):
        ExecutionFactory(execution_id=execution.execution_id, owner=execution.owner)


@pytest.mark.parametrize("execution_id", ["", "a b", "a/b", "a\n", "x" * 129])
def test_an_execution_id_is_short_and_plain(execution_id: str) -> None:
    execution = ExecutionFactory.build(execution_id=execution_id)

    with pytest.raises(ValidationError) as caught:
        execution.clean_fields()

    assert "execution_id" in caught.value.error_dict


def test_a_status_is_one_of_the_seven() -> None:
    with pytest.raises(IntegrityError):
        ExecutionFactory(status="done")


@pytest.mark.parametrize("columns", [{"worker": ""}, {"lease_until": None}])
def test_a_running_row_has_a_worker_and_a_lease(columns: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        ExecutionFactory(status=Status.RUNNING, **columns)


@pytest.mark.parametrize(
    ("status", "finished_at"), [(Status.FAILED, None), (Status.QUEUED, LONG_AGO)]
)
def test_a_row_is_finished_when_its_status_is_terminal(status: Status, finished_at: object) -> None:
    with pytest.raises(IntegrityError):
        ExecutionFactory(status=status, finished_at=finished_at)


def test_a_number_is_used_by_one_event_of_an_execution() -> None:
    event = ExecutionEventFactory(seq=1)

    with pytest.raises(IntegrityError):
        ExecutionEventFactory(execution=event.execution, seq=1)


def test_events_count_from_1() -> None:
    with pytest.raises(IntegrityError):
        ExecutionEventFactory(seq=0)


def test_an_owner_of_runs_cannot_be_deleted() -> None:
    execution = ExecutionFactory()

    with pytest.raises(models.ProtectedError):
        execution.owner.delete()


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (lambda: WorkflowFactory(name="orders"), "orders"),
        (lambda: WorkflowVersionFactory(workflow=WorkflowFactory(), number=3), "version 3"),
        (lambda: WorkflowVersionFactory(checksum="abcdef0123"), "graph abcdef01"),
        (lambda: ExecutionFactory(execution_id="run"), "run"),
        (lambda: ExecutionEventFactory(seq=2, type="Started"), "2 Started"),
        (lambda: KeeperLease(name="keeper", holder="me"), "keeper: me"),
        (lambda: WorkerFactory(name="celery@a"), "celery@a"),
    ],
)
def test_a_row_is_shown_by_what_names_it(row: object, text: str) -> None:
    assert str(row()) == text  # type: ignore[operator]


def test_a_run_is_over_when_its_status_is_terminal() -> None:
    over = {status: ExecutionFactory(status=status).is_over for status in Status}

    assert over == {
        Status.QUEUED: False,
        Status.RUNNING: False,
        Status.PAUSED: False,
        Status.WAITING: False,
        Status.COMPLETED: True,
        Status.FAILED: True,
        Status.CANCELLED: True,
    }
