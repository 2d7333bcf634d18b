from __future__ import annotations

import json
import socket
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from celery import current_app
from django.conf import settings as site
from django.utils import timezone

from tests.factories import ExecutionFactory, UserFactory, WorkerFactory, one_node_graph
from workflows.models import Execution, ExecutionEvent, Status
from workflows.services import start_execution
from workflows.tasks import run_execution

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_started_run_is_run_to_its_end_with_events_and_result() -> None:
    start = start_execution(
        owner=UserFactory(), graph=one_node_graph(), input={"in": 21}, execution_id="first"
    )

    run_execution(str(start.execution.pk))

    execution = Execution.objects.get()
    events = list(ExecutionEvent.objects.values_list("seq", "type", "node"))
    assert execution.status == Status.COMPLETED, execution.error
    assert events == [
        (1, "Started", ""),
        (2, "MessageReceived", "pass"),
        (3, "NodeExecuting", "pass"),
        (4, "ActorCompleted", "pass"),
        (5, "NetworkIdle", ""),
        (6, "NetworkShutdown", ""),
        (7, "Completed", ""),
    ]
    assert execution.last_seq == 7
    assert json.loads(execution.result) == {
        "status": "completed",
        "execution_id": "first",
        "workflow_id": "",
        "duration_ms": execution.duration_ms,
        "nodes_executed": 1,
        "nodes_failed": 0,
        "outputs": {"out": [21]},
    }


def test_one_wake_up_runs_all_that_waits() -> None:
    owner = UserFactory()
    for _ in range(3):
        start_execution(owner=owner, graph=one_node_graph(), input={"in": 1})

    run_execution(str(uuid4()))

    assert [row.status for row in Execution.objects.all()] == ["completed"] * 3


@pytest.mark.parametrize("junk", ["", "not a uuid", "00000000-0000-0000-0000-000000000000"])
def test_a_junk_message_does_nothing(junk: str) -> None:
    run_execution(junk)

    assert not ExecutionEvent.objects.exists()


def test_a_second_message_for_the_same_run_does_nothing() -> None:
    start = start_execution(owner=UserFactory(), graph=one_node_graph(), input={"in": 1})
    run_execution(str(start.execution.pk))
    before = ExecutionEvent.objects.count()

    run_execution(str(start.execution.pk))

    execution = Execution.objects.get()
    assert ExecutionEvent.objects.count() == before
    assert (execution.status, execution.attempt) == ("completed", 1)


def hints_in_the_broker() -> list[list[Any]]:
    """The arguments of the wake-ups that wait there; they are taken out."""
    found = []
    with current_app.connection_for_read() as connection:
        queue = connection.SimpleQueue(site.CELERY_TASK_DEFAULT_QUEUE)
        with suppress(queue.Empty):
            while True:
                message = queue.get_nowait()
                found.append(message.payload[0])
                message.ack()
    return found


def test_a_hint_at_a_run_that_this_worker_has_just_lost_is_passed_on_once() -> None:
    here = socket.gethostname()
    alone = ExecutionFactory(lost_by=here, lost_at=timezone.now())
    hints_in_the_broker()

    run_execution(str(alone.pk))  # there is nobody to leave it to
    before = hints_in_the_broker()
    WorkerFactory()
    lost = ExecutionFactory(lost_by=here, lost_at=timezone.now())
    run_execution(str(lost.pk))
    first = hints_in_the_broker()
    run_execution(*first[0])

    lost.refresh_from_db()
    assert before == []
    assert first == [[str(lost.pk), True]]
    assert hints_in_the_broker() == []
    assert (lost.status, lost.attempt) == (Status.QUEUED, 0)


def test_a_run_that_was_given_back_is_left_to_another_worker(settings: Any) -> None:
    start_execution(owner=UserFactory(), graph=one_node_graph(), input={"in": 1})
    settings.REFLOW_ACTORS = ["nowhere:Actor"]

    run_execution("")

    execution = Execution.objects.get()
    assert (execution.status, execution.attempts_lost) == (Status.QUEUED, 1)
