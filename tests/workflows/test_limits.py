"""What happens at the limits of a graph, of a run and of a worker."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import GraphError
from engine.graph import Graph
from reflow_site import celery_app
from tests.factories import ExecutionFactory, UserFactory, WorkerFactory, one_node_graph
from workflows.lifecycle import claim_next
from workflows.models import Execution, Status
from workflows.selectors import waiting_reason
from workflows.services import start_execution
from workflows.surroundings import http_limits
from workflows.tasks import run_execution

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("test_actors")]


def ten_messages() -> Graph:
    graph = Graph("ten", case_sensitive=True)
    graph.add_node("split", "tpl_loop")
    graph.add_node("pass", "tpl_passthrough")
    graph.add_connection("split", "item", "pass", "input")
    graph.add_inport("in", "split", "collection")
    return graph


def run_with(graph: Graph, value: Any) -> Execution:
    started = start_execution(owner=UserFactory(), graph=graph, input={"in": value})
    run_execution(str(started.execution.pk))
    return Execution.objects.get()


def test_a_graph_has_so_many_connections(settings: Any) -> None:
    settings.GRAPH_CONNECTIONS = 1
    graph = ten_messages()
    graph.add_node("last", "tpl_passthrough")
    graph.add_connection("pass", "output", "last", "input")

    with pytest.raises(GraphError) as refused:
        start_execution(owner=UserFactory(), graph=graph)

    (problem,) = refused.value.problems
    assert (problem.code, problem.message) == (
        "graph_too_large",
        "has 2 connections, more than 1 (limit: connections)",
    )


def test_a_run_sends_so_many_messages(settings: Any) -> None:
    settings.RUN_MESSAGES = 9

    run = run_with(ten_messages(), list(range(10)))

    assert (run.status, run.error_code) == (Status.FAILED, "limit_exceeded")
    assert run.error == "the run sent more than 9 messages (limit: max_messages)"


def test_a_run_at_the_limit_completes(settings: Any) -> None:
    settings.RUN_MESSAGES = 10

    assert run_with(ten_messages(), list(range(10))).status == Status.COMPLETED


@pytest.mark.parametrize("item", ["x" * 200, ["x" * 200], {"a": {"b": ["x" * 200]}}])
def test_a_message_that_is_too_large_ends_the_run(settings: Any, item: Any) -> None:
    settings.MESSAGE_BYTES = 200

    run = run_with(ten_messages(), [item])

    assert (run.status, run.error_code) == (Status.FAILED, "limit_exceeded")
    assert "more than 200 (limit: max_message_bytes)" in run.error


@pytest.mark.parametrize("item", ["x" * 100, ["x" * 100], 1, None, True])
def test_a_message_within_the_limit_passes(settings: Any, item: Any) -> None:
    settings.MESSAGE_BYTES = 200

    assert run_with(ten_messages(), [item]).status == Status.COMPLETED


def test_a_run_with_many_events_is_named_in_the_log(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EVENT_WARN = 5

    run = run_with(ten_messages(), list(range(10)))

    said = [record.getMessage() for record in caplog.records if "EVENT_WARN" in record.message]
    assert said == [
        f"execution {run.execution_id}: more than 5 events in this attempt (limit: EVENT_WARN)"
    ]


def test_a_user_has_so_many_runs_at_once(settings: Any) -> None:
    settings.RUN_LIMIT_USER = 2
    WorkerFactory(slots=8)
    owner, other = UserFactory(), UserFactory()
    rows = [ExecutionFactory(owner=owner) for _ in range(3)]
    last = ExecutionFactory(owner=other)

    claims = [claim_next("w", 1) for _ in range(4)]

    assert [claim and claim.pk for claim in claims] == [rows[0].pk, rows[1].pk, last.pk, None]
    assert waiting_reason(rows[2]) == "2 runs of its user go already (limit: RUN_LIMIT_USER)"


def test_a_child_that_has_grown_is_replaced(settings: Any) -> None:
    settings.WORKER_CHILD_BYTES = 1
    owner = UserFactory()
    for _ in range(2):
        start_execution(owner=owner, graph=one_node_graph(), input={"in": 1})

    run_execution("any")

    by_status = sorted(Execution.objects.values_list("status", flat=True))
    assert by_status == ["completed", "queued"]
    assert celery_app.conf.worker_max_memory_per_child == 1024 * 1024  # KiB


def test_requests_of_actors_have_the_settings(settings: Any) -> None:
    settings.HTTP_TOTAL_SECONDS = 7.0
    settings.HTTP_RESPONSE_BYTES = 1000

    limits = http_limits()

    assert (limits.total, limits.wire_bytes) == (7.0, 1000)
