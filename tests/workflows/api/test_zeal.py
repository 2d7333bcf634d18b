"""Zeal workflows over Reflow's REST routes: convert, run, publish."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync

from engine import Network
from engine.graph import Graph
from tests.workflows.api.bodies import timeless
from tests.workflows.api.graphs import pipeline
from tests.workflows.zeal.documents import canvas, chain, node, sample, workflow
from workflows.models import Execution, Workflow, WorkflowVersion

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


def test_a_workflow_is_converted_as_reflow_answers_it(api: APIClient) -> None:
    response = api.post("/zeal/convert", sample("sum"))

    answer = timeless(response.json())
    graph = answer["data"].pop("reflow_graph")
    assert (response.status_code, answer["success"]) == (200, True)
    assert [warning["code"] for warning in answer["data"].pop("warnings")] == ["environment_denied"]
    assert answer["data"] == {
        "required_actors": ["tpl_math_add", "tpl_passthrough"],
        "required_env_vars": ["SHOW_KEY"],
        "conversion_metadata": {
            "source_workflow_id": "wf_mwqx01",
            "source_workflow_name": "Sample sum",
            "node_count": 4,
            "connection_count": 3,
        },
    }
    result = async_to_sync(Network.from_graph(Graph.from_json(graph)).run)()
    assert list(result.outputs.values()) == [[42]]


def test_a_workflow_may_be_wrapped_as_for_a_start(api: APIClient) -> None:
    assert api.post("/zeal/convert", {"workflow": chain()}).status_code == 200


def test_every_problem_comes_with_the_node_and_its_title(api: APIClient) -> None:
    document = chain()
    document["graphs"][0]["nodes"][1]["metadata"]["templateId"] = "tpl_pasthrough"

    response = api.post("/zeal/convert", document)

    assert (response.status_code, response.json()["code"]) == (400, "zeal_invalid")
    assert response.json()["problems"][0] == {
        "where": "node 'a' (A)",
        "message": "the template 'tpl_pasthrough' is unknown here",
        "code": "unknown_template",
        "node": "a",
        "port": "",
        "hint": "did you mean 'tpl_passthrough'?",
        "severity": "error",
        "title": "A",
        "graph": "main",
    }


@pytest.mark.parametrize("body", [{}, [], {"graphs": 1}, {"workflow": 1}, {"graphs": [{}, 2]}])
def test_what_is_no_workflow_is_a_400(api: APIClient, body: Any) -> None:
    response = api.post("/zeal/convert", body)

    assert (response.status_code, response.json()["code"]) == (400, "zeal_invalid")


def test_a_workflow_is_run_under_its_id_in_zeal(api: APIClient) -> None:
    response = api.post("/zeal/workflows", {"workflow": sample("subgraph"), "input": {}})

    row = Execution.objects.get()
    assert timeless(response.json()) == {
        "success": True,
        "data": {
            "execution_id": row.execution_id,
            "status": "started",
            "message": "Workflow execution started",
        },
    }
    assert (row.workflow_label, row.source, row.workflow) == ("wf_nested", "zeal", None)


def test_the_same_start_again_answers_the_first_run(api: APIClient) -> None:
    body = {"workflow": chain(), "metadata": {"execution_id": "z-1", "workflow_id": "mine"}}

    answers = [api.post("/zeal/workflows", body).json()["data"] for _ in range(2)]

    assert [answer["message"] for answer in answers] == [
        "Workflow execution started",
        "Already started",
    ]
    assert Execution.objects.get().workflow_label == "mine"


def test_a_bare_workflow_is_run_too(api: APIClient) -> None:
    assert api.post("/zeal/workflows", chain()).json()["data"]["status"] == "started"


def test_a_workflow_that_cannot_run_starts_nothing(api: APIClient) -> None:
    response = api.post("/zeal/workflows", {"workflow": workflow(canvas([node("a", "x/y")], []))})

    assert response.json()["problems"][0]["code"] == "foreign_template"
    assert not Execution.objects.exists()


def test_a_published_workflow_is_kept_under_its_id_in_zeal(api: APIClient, owner: User) -> None:
    body = {"workflow": sample("sum")}

    answers = [timeless(api.post("/workflows/wf_9/publish", body).json())["data"] for _ in range(2)]

    assert answers[0] == answers[1]
    assert {key: answers[0][key] for key in ("workflow_id", "status", "webhook", "version")} == {
        "workflow_id": "wf_9",
        "status": "published",
        "webhook": "/webhook/wf_9",
        "version": 1,
    }
    assert Workflow.objects.values_list("owner", "name", "zeal_id").get() == (
        owner.pk,
        "Sample sum",
        "wf_9",
    )


def test_a_change_becomes_the_next_version_and_a_run_finds_the_workflow(api: APIClient) -> None:
    api.post("/workflows/wf_9/publish", {"workflow": sample("sum")})
    changed = {**chain(), "id": "wf_9"}

    answer = api.post("/workflows/wf_9/publish", {"workflow": changed}).json()["data"]
    api.post("/zeal/workflows", {"workflow": changed})

    assert answer["version"] == 2
    assert Execution.objects.get().workflow == Workflow.objects.get()


def test_a_graph_is_published_under_its_id_as_name(api: APIClient) -> None:
    for _ in range(2):
        response = api.post("/workflows/orders/publish", {"graph": pipeline()})

    assert response.json()["data"]["version"] == 1
    assert Workflow.objects.values_list("name", "zeal_id").get() == ("orders", "")


@pytest.mark.parametrize("body", [{}, {"workflow": {}, "graph": {}}, {"graph": 1}])
def test_publish_wants_one_of_both(api: APIClient, body: Any) -> None:
    response = api.post("/workflows/orders/publish", body)

    assert (response.status_code, response.json()["code"]) == (400, "invalid")


def test_the_workflow_of_another_user_is_neither_seen_nor_changed(
    api: APIClient, stranger: APIClient
) -> None:
    api.post("/workflows/wf_9/publish", {"workflow": sample("sum")})

    stranger.post("/workflows/wf_9/publish", {"workflow": chain()})

    graphs = [json.loads(text)["properties"]["name"] for text in _graphs()]
    assert sorted(graphs) == ["Sample sum", "Small"]


def _graphs() -> list[str]:
    return list(WorkflowVersion.objects.values_list("graph", flat=True))


def test_a_sub_graph_of_a_workflow_that_the_caller_has_is_used(
    api: APIClient, stranger: APIClient
) -> None:
    inner = {**sample("subgraph"), "id": "wf_inner"}
    inner["graphs"][0]["nodes"][1]["metadata"]["workflowId"] = "wf_inner"
    user = workflow(canvas([node("s", "subgraph", graphId="inner", workflowId="wf_inner")], []))
    api.post("/workflows/wf_inner/publish", {"workflow": inner})

    found, missing = api.post("/zeal/convert", user), stranger.post("/zeal/convert", user)

    assert "s/pass" in found.json()["data"]["reflow_graph"]["processes"]
    assert [problem["code"] for problem in missing.json()["problems"]] == ["unknown_workflow"]


def test_two_workflows_of_one_name_are_told_apart_by_their_id(api: APIClient) -> None:
    api.post("/workflows/wf_1/publish", {"workflow": chain()})
    api.post("/workflows/wf_2/publish", {"workflow": chain()})

    names = Workflow.objects.order_by("zeal_id").values_list("name", flat=True)

    assert list(names) == ["Small", "Small (wf_2)"]
