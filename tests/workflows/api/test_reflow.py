"""Reflow's REST routes, as its own clients use them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import ExecutionFactory
from tests.workflows.api.bodies import timeless
from tests.workflows.api.graphs import pipeline
from workflows.models import Execution, Status

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


def test_a_posted_graph_is_queued_and_answered_as_reflow_does(api: APIClient) -> None:
    body = {"graph_json": pipeline(), "input": {"start": 1}, "metadata": {"execution_id": "r-1"}}

    response = api.post("/workflows", body)

    assert response.status_code == 200
    assert timeless(response.json()) == {
        "success": True,
        "data": {
            "execution_id": "r-1",
            "status": "started",
            "message": "Workflow execution started",
        },
    }
    assert Execution.objects.get().status == Status.QUEUED


def test_without_an_id_the_server_chooses_one(api: APIClient) -> None:
    response = api.post("/workflows", {"graph_json": pipeline()})

    assert response.json()["data"]["execution_id"] == Execution.objects.get().execution_id


def test_input_that_reaches_nobody_is_said(api: APIClient) -> None:
    response = api.post("/workflows", {"graph_json": pipeline(), "input": {"stat": 1}})

    assert response.json()["data"]["warnings"] == [
        "input.stat: no inport of the graph has this name (did you mean 'start'?)"
    ]


def test_the_same_request_again_answers_the_first_run(api: APIClient) -> None:
    body = {"graph_json": pipeline(), "metadata": {"execution_id": "once"}}
    api.post("/workflows", body)

    again = api.post("/workflows", body)

    assert (again.status_code, again.json()["data"]["execution_id"]) == (200, "once")
    assert Execution.objects.count() == 1


def test_a_queued_run_has_no_result(api: APIClient) -> None:
    api.post("/workflows", {"graph_json": pipeline(), "metadata": {"execution_id": "r-1"}})

    response = api.get("/workflows/r-1")

    assert response.status_code == 200
    assert timeless(response.json()) == {
        "success": True,
        "data": {"id": "r-1", "status": "queued", "result": None},
    }


def test_a_completed_run_shows_its_results(api: APIClient, owner: User) -> None:
    results: dict[str, Any] = {
        "status": "completed",
        "execution_id": "done",
        "workflow_id": "",
        "duration_ms": 12.5,
        "nodes_executed": 2,
        "nodes_failed": 0,
        "outputs": {"end": [1, {"a": None}]},
    }
    ExecutionFactory(
        owner=owner,
        execution_id="done",
        status=Status.COMPLETED,
        result=json.dumps(results),
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        finished_at=datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC),
    )

    response = api.get("/workflows/done")

    assert timeless(response.json()) == {
        "success": True,
        "data": {
            "id": "done",
            "status": "completed",
            "result": {
                "success": True,
                "execution_id": "done",
                "start_time": 1767225600000,
                "end_time": 1767225601000,
                "results": results,
                "errors": [],
                "trace_session_id": None,
            },
        },
    }


def test_a_failed_run_shows_its_error(api: APIClient, owner: User) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    ExecutionFactory(
        owner=owner,
        execution_id="bad",
        status=Status.FAILED,
        error="node 'a' failed",
        started_at=moment,
        finished_at=moment,
    )

    result = api.get("/workflows/bad").json()["data"]["result"]

    assert (result["success"], result["errors"]) == (False, ["node 'a' failed"])


def test_cancelling_a_queued_run_ends_it(api: APIClient, owner: User) -> None:
    execution = ExecutionFactory(owner=owner, execution_id="r-1")

    response = api.post("/workflows/r-1/cancel")

    execution.refresh_from_db()
    assert response.status_code == 200
    assert timeless(response.json()) == {
        "success": True,
        "data": {"execution_id": "r-1", "status": "cancelled"},
    }
    assert execution.status == Status.CANCELLED
    assert [event.type for event in execution.events.all()] == ["Cancelled"]


def test_cancelling_twice_answers_the_same(api: APIClient, owner: User) -> None:
    ExecutionFactory(owner=owner, execution_id="r-1")
    first = timeless(api.post("/workflows/r-1/cancel").json())

    assert timeless(api.post("/workflows/r-1/cancel").json()) == first


def test_a_run_that_is_over_cannot_be_cancelled(api: APIClient, owner: User) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    ExecutionFactory(owner=owner, execution_id="r-1", status=Status.COMPLETED, finished_at=moment)

    response = api.post("/workflows/r-1/cancel")

    assert response.status_code == 409
    assert timeless(response.json()) == {
        "success": False,
        "error": "the execution is completed already",
        "code": "execution_over",
        "problems": [],
    }


@pytest.mark.parametrize("verb", ["get", "post"])
def test_a_strangers_run_does_not_exist(stranger: APIClient, owner: User, verb: str) -> None:
    ExecutionFactory(owner=owner, execution_id="r-1")
    url = "/workflows/r-1" if verb == "get" else "/workflows/r-1/cancel"

    response = getattr(stranger, verb)(url)

    assert response.status_code == 404
    assert timeless(response.json()) == {
        "success": False,
        "error": "there is no execution 'r-1'",
        "code": "not_found",
        "problems": [],
    }


def test_two_owners_may_use_one_execution_id(api: APIClient, stranger: APIClient) -> None:
    body = {"graph_json": pipeline(), "metadata": {"execution_id": "same"}}

    answers = [api.post("/workflows", body), stranger.post("/workflows", body)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert Execution.objects.count() == 2
