from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from engine.errors import GraphError, InputError
from engine.graph import Graph
from tests.factories import (
    ExecutionFactory,
    UserFactory,
    WorkflowFactory,
    WorkflowVersionFactory,
    graph_of,
    one_node_graph,
)
from workflows.models import Execution, ExecutionEvent, Status, Workflow, WorkflowVersion
from workflows.services import (
    ExecutionConflictError,
    NameTakenError,
    Start,
    cancel_execution,
    create_workflow,
    publish_version,
    start_execution,
    update_workflow,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import DjangoCaptureOnCommitCallbacks

pytestmark = pytest.mark.django_db


def broken_graph() -> Graph:
    graph = Graph("broken")
    graph.add_node("a", "tpl_passthru")
    return graph


def test_a_new_workflow_has_its_graph_as_version_1(owner: User) -> None:
    workflow = create_workflow(owner=owner, name="orders", graph=one_node_graph())

    version = WorkflowVersion.objects.get()
    assert workflow.current == version
    assert (version.number, version.workflow, version.created_by) == (1, workflow, owner)
    assert Graph.from_json(version.graph) == one_node_graph()
    assert version.checksum == one_node_graph().checksum()


def test_a_workflow_with_a_broken_graph_is_not_stored(owner: User) -> None:
    with pytest.raises(GraphError, match="tpl_passthrough"):
        create_workflow(owner=owner, name="orders", graph=broken_graph())

    assert not Workflow.objects.exists()


def test_a_name_is_taken_once(owner: User) -> None:
    create_workflow(owner=owner, name="orders", graph=one_node_graph())
    other = create_workflow(owner=owner, name="invoices", graph=one_node_graph())

    with pytest.raises(NameTakenError) as caught:
        create_workflow(owner=owner, name="orders", graph=one_node_graph())
    with pytest.raises(NameTakenError):
        update_workflow(workflow=other, by=owner, name="orders")

    assert caught.value.name == "orders"
    assert WorkflowVersion.objects.count() == 2


def test_another_graph_becomes_the_next_version_and_the_same_one_does_not(owner: User) -> None:
    workflow = create_workflow(owner=owner, name="orders", graph=one_node_graph("one"))

    second = publish_version(workflow=workflow, graph=one_node_graph("two"), by=owner)
    again = publish_version(workflow=workflow, graph=one_node_graph("two"), by=owner)

    workflow.refresh_from_db()
    assert (second.number, again) == (2, second)
    assert workflow.current == second
    assert list(workflow.versions.values_list("number", flat=True).order_by("number")) == [1, 2]


def test_an_update_changes_what_is_given(owner: User) -> None:
    workflow = WorkflowFactory(owner=owner, name="orders", description="old")

    update_workflow(workflow=workflow, by=owner, description="new", graph=one_node_graph())
    update_workflow(workflow=workflow, by=owner, archived=True)

    workflow.refresh_from_db()
    assert (workflow.name, workflow.description, workflow.archived) == ("orders", "new", True)
    assert workflow.current is not None
    assert workflow.current.number == 1


def test_a_start_records_a_queued_run(owner: User) -> None:
    start = start_execution(owner=owner, graph=one_node_graph().to_dict(), input={"in": 1})

    execution = Execution.objects.get()
    assert start == Start(execution, created=True, warnings=())
    assert execution.execution_id == str(execution.pk)
    assert (execution.status, execution.source) == (Status.QUEUED, "api")
    assert (execution.input, execution.metadata) == ('{"in":1}', "{}")
    assert execution.version.workflow is None


def test_equal_posted_graphs_share_one_version(owner: User) -> None:
    first = start_execution(owner=owner, graph=one_node_graph())
    second = start_execution(owner=owner, graph=one_node_graph().to_json())

    assert first.execution.version == second.execution.version
    assert first.execution != second.execution


def test_a_workflow_starts_at_its_current_version(owner: User) -> None:
    workflow = create_workflow(owner=owner, name="orders", graph=one_node_graph("one"))
    version = publish_version(workflow=workflow, graph=one_node_graph("two"), by=owner)

    start = start_execution(owner=owner, workflow=workflow)

    assert start.execution.version == version
    assert start.execution.workflow == workflow


def test_there_must_be_something_to_start(owner: User) -> None:
    with pytest.raises(ValueError, match="needs a graph"):
        start_execution(owner=owner, workflow=WorkflowFactory(owner=owner))


def test_the_same_request_again_answers_the_first_run(owner: User) -> None:
    request: dict[str, Any] = {
        "owner": owner,
        "graph": one_node_graph(),
        "input": {"in": 1, "out": 2},
        "metadata": {"execution_id": "mine", "source": "shop"},
    }
    first = start_execution(**request)

    again = start_execution(**request)

    assert first.execution.execution_id == "mine"
    assert again == Start(first.execution, created=False, warnings=first.warnings)
    assert Execution.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [
        {"input": {"in": 2}},
        {"metadata": {"workflow_id": "other"}},
        {"graph": one_node_graph("other")},
    ],
)
def test_an_id_used_with_other_content_is_refused(owner: User, other: dict[str, Any]) -> None:
    request: dict[str, Any] = {"owner": owner, "graph": one_node_graph(), "execution_id": "mine"}
    start_execution(**request)

    with pytest.raises(ExecutionConflictError) as caught:
        start_execution(**{**request, **other})

    assert caught.value.execution_id == "mine"
    assert Execution.objects.count() == 1


def test_two_owners_may_use_the_same_id(owner: User) -> None:
    start_execution(owner=owner, graph=one_node_graph(), execution_id="mine")
    other = start_execution(owner=UserFactory(), graph=one_node_graph(), execution_id="mine")

    assert other.created is True


def test_nothing_is_stored_of_a_graph_that_cannot_run(owner: User) -> None:
    with pytest.raises(GraphError):
        start_execution(owner=owner, graph=broken_graph())

    assert not Execution.objects.exists()
    assert not WorkflowVersion.objects.exists()


def test_every_problem_of_a_request_is_named(owner: User) -> None:
    with pytest.raises(InputError) as caught:
        start_execution(
            owner=owner,
            graph=one_node_graph(),
            input={"in": float("nan")},
            metadata={"execution_id": "a b", "n": 2**64},
        )

    assert [(problem.where, problem.code) for problem in caught.value.problems] == [
        ("metadata.execution_id", "execution_id_invalid"),
        ("input", "message_invalid"),
        ("metadata", "message_invalid"),
    ]


@pytest.mark.parametrize(
    ("request_part", "code"),
    [
        ({"input": [1]}, "input_not_object"),
        ({"metadata": "x"}, "metadata_not_object"),
        ({"input": {"in": {"type": "Integer", "data": "one"}}}, "message_invalid"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(
    owner: User, request_part: dict[str, Any], code: str
) -> None:
    with pytest.raises(InputError) as caught:
        start_execution(owner=owner, graph=one_node_graph(), **request_part)

    assert [problem.code for problem in caught.value.problems] == [code]
    assert not Execution.objects.exists()


def test_a_key_that_reaches_nobody_is_a_warning(owner: User) -> None:
    start = start_execution(owner=owner, graph=one_node_graph(), input={"in": 1, "inn": 2})

    expected = "input.inn: no inport of the graph has this name (did you mean 'in'?)"
    assert start.warnings == (expected,)
    assert json.loads(start.execution.warnings) == [expected]


@pytest.mark.usefixtures("test_actors")
def test_what_is_no_inport_goes_to_a_trigger_without_a_warning(owner: User) -> None:
    graph = Graph("asks")
    graph.add_node("ask", "test_asks")

    start = start_execution(owner=owner, graph=graph, input={"anything": 1})

    assert start.warnings == ()


@pytest.mark.parametrize("label", ["orders", "{pk}"])
def test_a_label_that_names_a_workflow_of_the_owner_is_that_workflow(
    owner: User, label: str
) -> None:
    workflow = WorkflowFactory(owner=owner, name="orders")

    start = start_execution(
        owner=owner,
        graph=one_node_graph(),
        metadata={"workflow_id": label.format(pk=workflow.pk)},
    )

    assert start.execution.workflow == workflow


@pytest.mark.parametrize("label", ["orders", "{pk}", "99999999999999999999999"])
def test_any_other_label_is_a_word(owner: User, label: str) -> None:
    others = WorkflowFactory(name="orders")
    text = label.format(pk=others.pk)

    start = start_execution(owner=owner, graph=one_node_graph(), metadata={"workflow_id": text})

    assert (start.execution.workflow, start.execution.workflow_label) == (None, text)


def test_a_start_hints_once_it_is_committed(
    owner: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        start_execution(owner=owner, graph=one_node_graph())

    execution = Execution.objects.get()
    assert execution.hint_count == 1
    assert execution.hinted_at is not None


@pytest.mark.usefixtures("broken_broker")
def test_a_start_is_accepted_while_the_broker_is_dead(
    owner: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        start_execution(owner=owner, graph=one_node_graph())

    execution = Execution.objects.get()
    assert (execution.status, execution.hint_count, execution.hinted_at) == ("queued", 0, None)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.PAUSED, Status.WAITING])
def test_a_run_that_nobody_runs_is_cancelled_at_once(owner: User, status: Status) -> None:
    execution = ExecutionFactory(status=status)

    assert cancel_execution(execution=execution, by=owner, reason="typo") is Status.CANCELLED

    execution.refresh_from_db()
    event = ExecutionEvent.objects.get()
    assert (execution.status, execution.cancel_by) == ("cancelled", owner.username)
    assert (event.seq, event.type) == (1, "Cancelled")
    assert json.loads(event.data) == {
        "by": owner.username,
        "reason": "typo",
        "duration_ms": None,
    }


def test_a_running_run_is_asked_to_stop_and_the_first_request_stands() -> None:
    execution = ExecutionFactory(status=Status.RUNNING)

    cancel_execution(execution=execution, by="ann", reason="typo")
    assert cancel_execution(execution=execution, by="bob") is Status.RUNNING

    execution.refresh_from_db()
    assert execution.cancel_requested_at is not None
    assert (execution.cancel_by, execution.cancel_reason) == ("ann", "typo")
    assert not ExecutionEvent.objects.exists()


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED, Status.CANCELLED])
def test_a_run_that_is_over_is_not_cancelled(status: Status) -> None:
    execution = ExecutionFactory(status=status)

    assert cancel_execution(execution=execution, by="ann") is status
    assert not ExecutionEvent.objects.exists()


def test_a_version_is_run_by_itself(owner: User) -> None:
    version = WorkflowVersionFactory(owner=owner)

    start = start_execution(owner=owner, version=version)

    assert start.execution.version == version


@pytest.mark.usefixtures("test_actors")
def test_actors_of_the_setting_are_known(owner: User) -> None:
    assert start_execution(owner=owner, graph=graph_of("test_breaks")).created is True


@pytest.mark.django_db(transaction=True)
def test_of_equal_requests_at_the_same_moment_one_makes_the_run() -> None:
    owner = UserFactory()
    gate = threading.Barrier(8, timeout=10)
    starts: list[Start] = []

    def post() -> None:
        gate.wait()
        try:
            starts.append(start_execution(owner=owner, graph=one_node_graph(), execution_id="mine"))
        finally:
            connection.close()

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(start.created for start in starts) == [False] * 7 + [True]
    assert len({start.execution.pk for start in starts}) == 1


def test_a_version_that_started_before_is_held_against_the_limits_of_now(
    owner: User, settings: Any
) -> None:
    graph = one_node_graph()
    for name in "bcd":
        graph.add_node(name, "tpl_passthrough")
    graph.add_connection("b", "output", "c", "input")
    graph.add_connection("c", "output", "d", "input")
    workflow = create_workflow(owner=owner, name="orders", graph=graph)
    start_execution(owner=owner, workflow=workflow)
    settings.GRAPH_CONNECTIONS = 1

    with pytest.raises(GraphError, match="connections"):
        start_execution(owner=owner, workflow=workflow)
