"""Executions under /api/v1: start, list, read, cancel, events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import ExecutionEventFactory, ExecutionFactory, WorkflowFactory
from tests.workflows.api.bodies import problem, timeless
from tests.workflows.api.graphs import pipeline
from workflows.models import Execution, Status
from workflows.services import create_workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

URL = "/api/v1/executions"


def ids(api: APIClient, **query: Any) -> list[str]:
    response = api.get(URL, query)
    assert response.status_code == 200, response.content
    return [row["execution_id"] for row in response.json()["results"]]


# Starting.


def test_a_workflow_is_run(api: APIClient, owner: User) -> None:
    workflow = create_workflow(owner=owner, name="orders", graph=pipeline())

    response = api.post(
        URL, {"workflow": workflow.pk, "input": {"start": 1}, "execution_id": "e-1"}
    )

    answer = response.json()
    assert response.status_code == 202
    assert response["Location"] == "http://testserver/api/v1/executions/e-1"
    assert answer == {
        "execution_id": "e-1",
        "status": "queued",
        "workflow": workflow.pk,
        "version": workflow.current_id,
        "workflow_label": "",
        "source": "api",
        "start_node": "",
        "priority": 0,
        "created_at": answer["created_at"],
        "started_at": None,
        "finished_at": None,
        "duration_ms": None,
        "nodes_executed": 0,
        "nodes_failed": 0,
        "dead_letters": 0,
        "last_seq": 0,
        "attempt": 0,
        "error": "",
        "error_code": "",
        "cancel_requested_at": None,
        "pinned": False,
        "events_pruned_at": None,
        "pause_requested_at": None,
        "paused_at": None,
        "input": {"start": 1},
        "metadata": {},
        "result": None,
        "warnings": [],
        "waiting_reason": "",
    }
    later = api.get(f"{URL}/e-1").json()
    assert later["waiting_reason"] == "no worker is running; it starts as soon as one is"


def test_an_old_version_is_run(api: APIClient, owner: User) -> None:
    workflow = create_workflow(owner=owner, name="orders", graph=pipeline())
    first = workflow.current_id
    api.delete(f"/api/v1/workflows/{workflow.pk}/nodes/b")

    response = api.post(URL, {"version": first})

    assert (response.status_code, response.json()["version"]) == (202, first)


def test_a_graph_is_run_as_it_is(api: APIClient) -> None:
    response = api.post(URL, {"graph": pipeline()})

    assert (response.status_code, response.json()["workflow"]) == (202, None)


def test_exactly_one_thing_is_run(api: APIClient) -> None:
    message = "give exactly one of workflow, version and graph"

    response = api.post(URL, {})

    assert response.status_code == 400
    assert timeless(response.json()) == {
        "success": False,
        "error": f"body: {message}",
        "code": "invalid",
        "problems": [problem("body", message, "invalid")],
    }


def test_a_strangers_workflow_cannot_be_run(stranger: APIClient, owner: User) -> None:
    workflow = create_workflow(owner=owner, name="orders", graph=pipeline())

    answers = [
        stranger.post(URL, {"workflow": workflow.pk}),
        stranger.post(URL, {"version": workflow.current_id}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert [answer.json()["problems"][0]["code"] for answer in answers] == ["does_not_exist"] * 2
    assert Execution.objects.count() == 0


@pytest.mark.parametrize("number", [0, -1, 17, 2**63 - 1, "17"])
def test_a_workflow_that_is_not_there_cannot_be_run(api: APIClient, number: object) -> None:
    response = api.post(URL, {"workflow": number})

    assert response.status_code == 400
    assert response.json()["problems"][0]["code"] == "does_not_exist"


def test_a_workflow_without_a_graph_cannot_be_run(api: APIClient, owner: User) -> None:
    workflow = WorkflowFactory(owner=owner)

    response = api.post(URL, {"workflow": workflow.pk})

    assert response.json()["problems"] == [problem("workflow", "has no version to run", "invalid")]


def test_secrets_for_a_webhook_are_not_shown(api: APIClient) -> None:
    headers = {"Authorization": "secret"}
    metadata = {"webhook_url": "https://hooks.example/end", "webhook_headers": headers, "note": "x"}

    response = api.post(URL, {"graph": pipeline(), "metadata": metadata})

    assert response.json()["metadata"] == {"note": "x", "webhook_url": "https://hooks.example/end"}


# Reading.


@pytest.mark.parametrize("rows", [1, 3])
def test_a_list_costs_the_same_for_one_and_three(
    rows: int, api: APIClient, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ExecutionFactory.create_batch(rows, owner=owner)

    with django_assert_num_queries(2):  # the token with its user, the rows
        response = api.get(URL)

    assert len(response.json()["results"]) == rows


def test_a_list_is_narrowed(api: APIClient, owner: User) -> None:
    workflow = create_workflow(owner=owner, name="orders", graph=pipeline())
    ExecutionFactory(owner=owner, execution_id="a", workflow=workflow, source="admin")
    ExecutionFactory(owner=owner, execution_id="b", status=Status.FAILED)
    ExecutionFactory(owner=owner, execution_id="c", status=Status.COMPLETED)

    assert sorted(ids(api, status=["failed", "completed"])) == ["b", "c"]
    assert ids(api, workflow=workflow.pk) == ["a"]
    assert ids(api, source="admin") == ["a"]
    assert ids(api, created_after="2999-01-01T00:00:00Z") == []
    assert sorted(ids(api, created_before="2999-01-01T00:00:00Z")) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "done"),
        ("workflow", "x"),
        ("workflow", "1e999999999"),
        ("workflow", "9" * 30),
        ("created_after", "yesterday"),
        ("created_after", "0001-01-01T00:00:00+14:00"),
        ("created_before", "9999-12-31T23:59:59-14:00"),
        ("source", "a\0b"),
    ],
)
def test_an_unfit_filter_is_named(api: APIClient, name: str, value: str) -> None:
    response = api.get(URL, {name: value})

    answer = response.json()
    assert (response.status_code, answer["code"]) == (400, "invalid")
    assert [item["where"] for item in answer["problems"]] == [name]


def test_a_strangers_runs_are_not_seen(stranger: APIClient, owner: User) -> None:
    ExecutionFactory(owner=owner, execution_id="a")

    assert ids(stranger) == []
    for path in ("a", "a/events"):
        assert stranger.get(f"{URL}/{path}").status_code == 404
    assert stranger.post(f"{URL}/a/cancel").status_code == 404


def test_the_internal_id_leads_nowhere(api: APIClient, owner: User) -> None:
    execution = ExecutionFactory(owner=owner, execution_id="a")

    assert api.get(f"{URL}/{execution.pk}").status_code == 404
    assert str(execution.pk) not in json.dumps(api.get(f"{URL}/a").json())


def test_a_run_is_cancelled(api: APIClient, owner: User) -> None:
    execution = ExecutionFactory(owner=owner, execution_id="a")

    response = api.post(f"{URL}/a/cancel", {"reason": "too slow"})

    execution.refresh_from_db()
    assert (response.status_code, response.json()["status"]) == (202, "cancelled")
    assert (execution.cancel_by, execution.cancel_reason) == (owner.username, "too slow")


# Events.


def test_events_are_read_from_a_number_on(api: APIClient, owner: User) -> None:
    execution = ExecutionFactory(owner=owner, execution_id="a", last_seq=3)
    for seq in (1, 2, 3):
        ExecutionEventFactory(execution=execution, seq=seq, type="Started", data='{"nodes":2}')

    page = api.get(f"{URL}/a/events", {"after_seq": 1, "limit": 1}).json()

    assert page == {
        "results": [
            {
                "seq": 2,
                "type": "Started",
                "node": "",
                "timestamp": page["results"][0]["timestamp"],
                "data": {"nodes": 2},
            }
        ],
        "last_seq": 3,
        "events_pruned_at": None,
        "next": "http://testserver/api/v1/executions/a/events?after_seq=2&limit=1",
    }


def test_the_next_pages_of_events_lead_to_the_end(api: APIClient, owner: User) -> None:
    execution = ExecutionFactory(owner=owner, execution_id="a", last_seq=3)
    for seq in (1, 2, 3):
        ExecutionEventFactory(execution=execution, seq=seq)

    url, numbers = f"{URL}/a/events?limit=2", []
    while url:
        page = api.get(url).json()
        numbers.append([event["seq"] for event in page["results"]])
        url = page["next"]

    assert numbers == [[1, 2], [3]]


def test_events_are_narrowed_by_type(api: APIClient, owner: User) -> None:
    execution = ExecutionFactory(owner=owner, execution_id="a")
    for seq, kind in enumerate(("Started", "ActorFailed", "NetworkIdle", "Failed"), 1):
        ExecutionEventFactory(execution=execution, seq=seq, type=kind)

    page = api.get(f"{URL}/a/events", {"type": ["ActorFailed", "Failed"]}).json()

    assert [event["seq"] for event in page["results"]] == [2, 4]


@pytest.mark.parametrize(
    "query", ["after_seq=-1", "after_seq=x", "limit=0", "limit=501", "type=Nothing"]
)
def test_an_unfit_event_query_is_refused(api: APIClient, owner: User, query: str) -> None:
    ExecutionFactory(owner=owner, execution_id="a")

    response = api.get(f"{URL}/a/events?{query}")

    assert (response.status_code, response.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("rows", [1, 3])
def test_a_page_of_events_costs_the_same_for_one_and_three(
    rows: int, api: APIClient, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    execution = ExecutionFactory(owner=owner, execution_id="a")
    for seq in range(1, rows + 1):
        ExecutionEventFactory(execution=execution, seq=seq)

    with django_assert_num_queries(3):  # the token with its user, the run, the rows
        response = api.get(f"{URL}/a/events")

    assert len(response.json()["results"]) == rows


def test_a_run_is_paused_and_resumed(api: APIClient, owner: User) -> None:
    ExecutionFactory(owner=owner, execution_id="a")

    paused = api.post(f"{URL}/a/pause", {"reason": "look first"})
    again = api.post(f"{URL}/a/pause")
    resumed = api.post(f"{URL}/a/resume")
    too_often = api.post(f"{URL}/a/resume")

    assert (paused.status_code, paused.json()["status"]) == (202, "paused")
    assert paused.json()["waiting_reason"].startswith(f"paused by {owner.username}")
    assert (again.status_code, again.json()["code"]) == (409, "execution_paused")
    assert (resumed.status_code, resumed.json()["status"]) == (202, "queued")
    assert (too_often.status_code, too_often.json()["code"]) == (409, "execution_not_paused")


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_the_run_of_another_is_neither_paused_nor_resumed(
    stranger: APIClient, owner: User, verb: str
) -> None:
    ExecutionFactory(owner=owner, execution_id="a")

    assert stranger.post(f"{URL}/a/{verb}").status_code == 404
