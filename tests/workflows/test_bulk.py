from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection

from engine.errors import GraphError
from engine.graph import Graph
from tests.factories import WorkerFactory, graph_of, one_node_graph
from workflows.bulk import Item, start_executions
from workflows.errors import AdmissionError
from workflows.models import Execution, Status, WhenFull, WorkflowVersion
from workflows.services import create_workflow, start_execution

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db

THREE = [Item(input={"in": number}) for number in range(3)]


def results(answers: list[Any]) -> list[str]:
    return [answer.code or ("created" if answer.created else "existing") for answer in answers]


def test_each_item_becomes_a_queued_run_of_one_shared_version(owner: User) -> None:
    answers = start_executions(owner=owner, graph=one_node_graph(), items=THREE)

    rows = [answer.execution for answer in answers if answer.execution]
    assert [row.input for row in rows] == ['{"in":0}', '{"in":1}', '{"in":2}']
    assert Execution.objects.filter(status=Status.QUEUED).count() == 3
    assert WorkflowVersion.objects.count() == 1
    assert {row.execution_id for row in rows} == {str(row.pk) for row in rows}


def test_items_that_are_wrong_are_refused_and_the_others_run(owner: User) -> None:
    items = [
        Item(input={"in": 1}),
        Item(metadata={"priority": 1000}),
        Item(execution_id="no spaces allowed"),
        Item(input={"in": 2, "inn": 3}),
    ]

    answers = start_executions(owner=owner, graph=one_node_graph(), items=items)

    assert results(answers) == ["created", "input_invalid", "input_invalid", "created"]
    assert "metadata.priority" in answers[1].error
    assert "inn" in answers[3].warnings[0]


def test_a_known_id_answers_the_earlier_run_and_another_content_is_a_conflict(owner: User) -> None:
    graph = one_node_graph()
    start_execution(owner=owner, graph=graph, input={"in": 1}, execution_id="one")
    items = [
        Item({"in": 1}, execution_id="one"),
        Item({"in": 2}, execution_id="two"),
        Item({"in": 3}, execution_id="two"),
    ]

    again = start_executions(owner=owner, graph=graph, items=items)

    assert results(again) == ["existing", "created", "execution_id_conflict"]
    assert Execution.objects.count() == 2
    changed = start_executions(owner=owner, graph=graph, items=[Item({"in": 9}, None, "one")])
    assert results(changed) == ["execution_id_conflict"]


def test_what_the_queue_has_no_room_for_is_refused_and_names_the_limit(
    owner: User, settings: Any
) -> None:
    settings.QUEUE_LIMIT_USER = 2

    answers = start_executions(owner=owner, graph=one_node_graph(), items=THREE)

    assert results(answers) == ["created", "created", "queue_full"]
    assert "limit: QUEUE_LIMIT_USER" in answers[2].error
    assert Execution.objects.count() == 2


def test_a_workflow_that_refuses_is_asked_for_each_item(owner: User) -> None:
    workflow = create_workflow(
        owner=owner,
        name="two",
        graph=one_node_graph(),
        max_concurrent=2,
        when_full=WhenFull.REJECT,
    )
    by_label = [Item(item.input, {"workflow_id": "two"}) for item in THREE]

    assert results(start_executions(owner=owner, workflow=workflow, items=THREE)) == [
        "created",
        "created",
        "workflow_full",
    ]
    labelled = start_executions(owner=owner, graph=one_node_graph(), items=by_label)
    assert results(labelled) == ["workflow_full"] * 3


def test_a_workflow_that_queues_takes_them_all(owner: User) -> None:
    workflow = create_workflow(owner=owner, name="two", graph=one_node_graph(), max_concurrent=2)

    answers = start_executions(owner=owner, workflow=workflow, items=THREE)

    assert results(answers) == ["created"] * 3
    assert workflow.executions.count() == 3


def test_a_graph_that_cannot_run_and_a_bulk_that_is_too_large_store_nothing(
    owner: User, settings: Any
) -> None:
    with pytest.raises(GraphError):
        start_executions(owner=owner, graph=graph_of("nobody_knows_it"), items=THREE)
    settings.BULK_LIMIT = 2
    with pytest.raises(AdmissionError, match="limit: BULK_LIMIT"):
        start_executions(owner=owner, graph=one_node_graph(), items=THREE)
    with pytest.raises(ValueError, match="needs a graph"):
        start_executions(owner=owner, items=[])
    assert not Execution.objects.exists()


def test_an_id_that_somebody_takes_at_the_same_moment_is_his(owner: User) -> None:
    graph = one_node_graph()
    seen: list[str] = []

    def somebody_is_faster(execute: Any, sql: str, *rest: Any) -> Any:
        if not seen and sql.startswith('INSERT INTO "workflows_execution"'):
            seen.append("refused")
            raise IntegrityError
        if seen == ["refused"] and " IN (" in sql:  # the savepoint is rolled back by now
            seen.append("taken")
            start_execution(owner=owner, graph=graph, input={"in": 1}, execution_id="one")
        return execute(sql, *rest)

    with connection.execute_wrapper(somebody_is_faster):
        answers = start_executions(owner=owner, graph=graph, items=[Item({"in": 1}, None, "one")])

    assert seen == ["refused", "taken"]
    assert results(answers) == ["existing"]


def test_as_many_hints_go_out_as_there_are_hands(
    owner: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    WorkerFactory(slots=2)
    with django_capture_on_commit_callbacks(execute=True):
        start_executions(owner=owner, graph=one_node_graph(), items=THREE)

    assert Execution.objects.filter(hint_count=1).count() == 2


def test_the_graph_of_a_version_is_run(owner: User) -> None:
    workflow = create_workflow(owner=owner, name="v", graph=one_node_graph())
    assert workflow.current

    answers = start_executions(owner=owner, version=workflow.current, items=THREE[:1])

    row = answers[0].execution
    assert row
    assert row.version == workflow.current
    assert Graph.from_json(row.version.graph).nodes
