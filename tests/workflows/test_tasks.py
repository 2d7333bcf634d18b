from __future__ import annotations

import json
from uuid import uuid4

import pytest

from tests.factories import UserFactory, one_node_graph
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
