from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from engine.graph import Graph
from tests.factories import LONG_AGO, UserFactory, graph_of, one_node_graph
from workflows.lifecycle import Claim, claim_next
from workflows.models import Execution, ExecutionEvent, Status
from workflows.runner import run
from workflows.services import start_execution

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("test_actors")]


def claimed(graph: Graph, given: Mapping[str, Any]) -> Claim:
    start_execution(owner=UserFactory(), graph=graph, input=given, execution_id="run")
    claim = claim_next("celery@test", 1)
    assert claim is not None
    return claim


def last_event() -> tuple[str, dict[str, Any]]:
    event = ExecutionEvent.objects.latest("seq")
    return event.type, json.loads(event.data)


def outcome() -> tuple[str, str, str]:
    execution = Execution.objects.get()
    return execution.status, execution.error_code, execution.error


def test_a_failing_actor_fails_the_run_and_the_result_is_kept() -> None:
    claim = claimed(graph_of("test_breaks"), {"in": 1})

    assert async_to_sync(run)(claim) is True

    execution = Execution.objects.get()
    kind, data = last_event()
    assert outcome() == ("failed", "actor_failed", "test_breaks: cannot take 1")
    assert (kind, data["code"], data["nodes_failed"]) == ("Failed", "actor_failed", 1)
    assert (execution.nodes_executed, execution.nodes_failed) == (1, 1)
    assert json.loads(execution.result)["status"] == "failed"


def test_a_short_run_is_written_in_one_transaction_with_its_end() -> None:
    claim = claimed(one_node_graph(), {"in": 1})

    with CaptureQueriesContext(connection) as queries:
        assert async_to_sync(run)(claim) is True

    ended = [query["sql"] for query in queries if query["sql"] == "COMMIT"]
    types = list(ExecutionEvent.objects.order_by("seq").values_list("type", flat=True))
    assert len(ended) == 1
    assert (types[0], types[-2:]) == ("Started", ["NetworkShutdown", "Completed"])


def test_a_cancelled_run_says_who_and_why() -> None:
    claim = claimed(graph_of("test_waits"), {"in": 1})
    Execution.objects.update(
        cancel_requested_at=timezone.now(), cancel_by="ann", cancel_reason="typo"
    )

    assert async_to_sync(run)(claim) is True

    kind, data = last_event()
    assert outcome() == ("cancelled", "", "")
    assert (kind, data["by"], data["reason"]) == ("Cancelled", "ann", "typo")


def test_a_run_past_its_deadline_fails() -> None:
    claim = claimed(graph_of("test_waits"), {"in": 1})
    Execution.objects.update(deadline_at=LONG_AGO)

    assert async_to_sync(run)(claim) is True

    assert outcome() == (
        "failed",
        "deadline_exceeded",
        "it took longer than 3600 s (limit: RUN_SECONDS)",
    )


def test_a_run_that_another_worker_holds_by_now_stops_and_writes_nothing() -> None:
    claim = claimed(graph_of("test_waits"), {"in": 1})
    Execution.objects.update(token=claim.token + 1)

    assert async_to_sync(run)(claim) is False

    assert outcome() == ("running", "", "")
    assert not ExecutionEvent.objects.exists()


def test_a_message_that_cannot_be_stored_fails_the_run_with_node_and_port() -> None:
    claim = claimed(graph_of("test_too_large"), {"in": 1})

    assert async_to_sync(run)(claim) is True

    status, code, error = outcome()
    assert (status, code) == ("failed", "message_invalid")
    assert error.startswith("node 'test_too_large' port 'out': ")
    assert [row.seq for row in ExecutionEvent.objects.order_by("seq")] == list(
        range(1, Execution.objects.get().last_seq + 1)
    )


def test_a_graph_whose_actor_is_gone_fails(settings: Any) -> None:
    claim = claimed(graph_of("test_breaks"), {"in": 1})
    settings.REFLOW_ACTORS = []

    assert async_to_sync(run)(claim) is True

    status, code, error = outcome()
    assert (status, code) == ("failed", "graph_invalid")
    assert "test_breaks" in error


def test_an_error_of_ours_gives_the_run_back_at_once(settings: Any) -> None:
    claim = claimed(one_node_graph(), {"in": 1})
    settings.REFLOW_ACTORS = ["nowhere:Actor"]  # an operator's mistake, not the workflow's

    assert async_to_sync(run)(claim) is False

    execution = Execution.objects.get()
    kind, data = last_event()
    assert (execution.status, execution.attempts_lost, execution.lease_until) == ("queued", 1, None)
    assert (kind, data["attempt"]) == ("Requeued", 1)
    assert data["reason"].startswith("RegistrationError: ")


def test_a_run_that_we_break_again_and_again_fails_at_last(settings: Any) -> None:
    claim = claimed(one_node_graph(), {"in": 1})
    settings.REFLOW_ACTORS = ["nowhere:Actor"]
    Execution.objects.update(attempts_lost=settings.LOST_ATTEMPTS - 1)

    assert async_to_sync(run)(claim) is False

    assert outcome()[:2] == ("failed", "engine_error")
    assert last_event()[0] == "Failed"


def test_a_trigger_gets_what_no_inport_took() -> None:
    graph = Graph("asks", case_sensitive=True)
    graph.add_node("ask", "test_asks")
    graph.add_outport("answer", "ask", "out")
    claim = claimed(graph, {"name": "ann", "list": [1, {"type": "Integer", "data": 2}]})

    async_to_sync(run)(claim)

    outputs = json.loads(Execution.objects.get().result)["outputs"]
    assert outputs == {"answer": [{"name": "ann", "list": [1, {"type": "Integer", "data": 2}]}]}


def test_outputs_without_declared_outports_are_named_by_node_and_port() -> None:
    graph = Graph("bare", case_sensitive=True)
    graph.add_node("many", "test_repeats")
    graph.add_initial("many", "in", 3)
    claim = claimed(graph, {})

    async_to_sync(run)(claim)

    assert json.loads(Execution.objects.get().result)["outputs"] == {"many.out": [0, 1, 2]}


def test_a_run_of_many_messages_is_stored_without_a_gap() -> None:
    graph = graph_of("test_repeats")
    graph.add_node("end", "tpl_passthrough")
    graph.add_connection("test_repeats", "out", "end", "input")
    claim = claimed(graph, {"in": 3000})

    async_to_sync(run)(claim)

    numbers = list(ExecutionEvent.objects.order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, Execution.objects.get().last_seq + 1))
    assert ExecutionEvent.objects.filter(type="MessageSent").count() == 3000
    assert outcome()[0] == Status.COMPLETED
