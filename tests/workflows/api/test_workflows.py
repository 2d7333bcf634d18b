"""Workflows and versions under /api/v1: kept, listed, edited."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import ExecutionFactory, WorkflowFactory
from tests.workflows.api.bodies import timeless
from tests.workflows.api.graphs import pipeline
from workflows.models import Execution, Workflow, WorkflowVersion
from workflows.services import create_workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(owner: User) -> Workflow:
    return create_workflow(owner=owner, name="orders", graph=pipeline())


def at(workflow: Workflow, path: str = "") -> str:
    return f"/api/v1/workflows/{workflow.pk}{path}"


def test_a_workflow_is_created_with_version_one(api: APIClient) -> None:
    body = {"name": "orders", "description": "all of them", "graph": pipeline()}

    response = api.post("/api/v1/workflows", body)

    workflow = Workflow.objects.get()
    answer = response.json()
    assert response.status_code == 201
    assert answer == {
        "id": workflow.pk,
        "name": "orders",
        "description": "all of them",
        "version": 1,
        "archived": False,
        "zeal_id": "",
        "max_concurrent": None,
        "when_full": "queue",
        "keep_days": None,
        "keep_runs": None,
        "created_at": answer["created_at"],
        "updated_at": answer["updated_at"],
        "graph": pipeline(),
    }


def test_an_unfit_graph_stores_nothing(api: APIClient) -> None:
    graph = pipeline(processes={"a": {"id": "a", "component": "no_such", "metadata": None}})

    response = api.post("/api/v1/workflows", {"name": "orders", "graph": graph})

    assert (response.status_code, response.json()["code"]) == (400, "graph_invalid")
    assert (Workflow.objects.count(), WorkflowVersion.objects.count()) == (0, 0)


def test_a_name_is_taken_once(api: APIClient, kept: Workflow) -> None:
    response = api.post("/api/v1/workflows", {"name": "orders", "graph": pipeline()})

    assert response.status_code == 409
    assert timeless(response.json()) == {
        "success": False,
        "error": "there is a workflow with the name 'orders' already",
        "code": "name_taken",
        "problems": [],
    }


def test_another_graph_makes_a_version_and_the_same_one_none(
    api: APIClient, kept: Workflow
) -> None:
    other = pipeline(properties={"name": "renamed"})

    answers = [api.patch(at(kept), {"graph": graph}) for graph in (pipeline(), other)]

    assert [answer.json()["version"] for answer in answers] == [1, 2]


def test_put_replaces_and_patch_changes_what_is_given(api: APIClient, kept: Workflow) -> None:
    put = api.put(at(kept), {"name": "bills", "description": "x", "graph": pipeline()})
    patch = api.patch(at(kept), {"description": "y"})

    names = ("name", "description", "version")
    assert [put.json()[name] for name in names] == ["bills", "x", 1]
    assert [patch.json()[name] for name in names] == ["bills", "y", 1]


def test_put_needs_everything(api: APIClient, kept: Workflow) -> None:
    response = api.put(at(kept), {})

    assert [item["where"] for item in response.json()["problems"]] == ["name", "graph"]


def test_deleting_archives_and_patching_brings_back(api: APIClient, kept: Workflow) -> None:
    deleted = api.delete(at(kept))
    listed = api.get("/api/v1/workflows", {"archived": "false"})
    back = api.patch(at(kept), {"archived": False})

    assert deleted.status_code == 204
    assert listed.json()["results"] == []
    assert back.json()["archived"] is False


@pytest.mark.parametrize("verb", ["get", "put", "patch", "delete"])
def test_a_strangers_workflow_does_not_exist(
    stranger: APIClient, kept: Workflow, verb: str
) -> None:
    body = None if verb in ("get", "delete") else {"name": "mine", "graph": pipeline()}

    response = getattr(stranger, verb)(at(kept), body)

    kept.refresh_from_db()
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert (kept.name, kept.archived) == ("orders", False)


def test_a_stranger_cannot_edit_the_graph(stranger: APIClient, kept: Workflow) -> None:
    response = stranger.delete(at(kept, "/nodes/a"))

    assert response.status_code == 404
    assert kept.versions.count() == 1


# Edits of the graph.


def test_adding_a_node_makes_a_version(api: APIClient, kept: Workflow) -> None:
    node = {"id": "c", "component": "tpl_passthrough", "metadata": {"x": 1}}

    response = api.post(at(kept, "/nodes"), node)

    answer = response.json()
    assert (response.status_code, answer["number"]) == (201, 2)
    assert answer["graph"]["processes"]["c"] == node


def test_a_node_with_a_taken_id_is_refused(api: APIClient, kept: Workflow) -> None:
    response = api.post(at(kept, "/nodes"), {"id": "a", "component": "tpl_passthrough"})

    assert (response.status_code, response.json()["code"]) == (400, "graph_invalid")
    assert kept.versions.count() == 1


def test_an_unknown_component_is_refused(api: APIClient, kept: Workflow) -> None:
    response = api.post(at(kept, "/nodes"), {"id": "c", "component": "tpl_passthrogh"})

    assert [item["hint"] for item in response.json()["problems"]] == [
        "did you mean 'tpl_passthrough'?"
    ]
    assert kept.versions.count() == 1


def test_a_nodes_settings_are_changed(api: APIClient, kept: Workflow) -> None:
    response = api.patch(at(kept, "/nodes/a"), {"metadata": {"label": "first"}})

    answer = response.json()
    assert (response.status_code, answer["number"]) == (200, 2)
    assert answer["graph"]["processes"]["a"] == {
        "id": "a",
        "component": "tpl_passthrough",
        "metadata": {"label": "first"},
    }


def test_removing_a_node_takes_its_connections_along(api: APIClient, kept: Workflow) -> None:
    response = api.delete(at(kept, "/nodes/b"))

    graph = response.json()["graph"]
    assert response.status_code == 200
    assert (list(graph["processes"]), graph["connections"], graph["outports"]) == (["a"], [], {})


def test_a_node_id_may_hold_any_sign(api: APIClient, kept: Workflow) -> None:
    api.post(at(kept, "/nodes"), {"id": "a/b c.ü", "component": "tpl_passthrough"})

    response = api.delete(at(kept, "/nodes/a%2Fb%20c.%C3%BC"))

    assert (response.status_code, response.json()["number"]) == (200, 3)


@pytest.mark.parametrize("verb", ["patch", "delete"])
def test_an_unknown_node_is_a_404(api: APIClient, kept: Workflow, verb: str) -> None:
    response = getattr(api, verb)(at(kept, "/nodes/nobody"))

    assert (response.status_code, response.json()["error"]) == (
        404,
        "there is no node 'nobody' in the graph",
    )


def test_connections_are_removed_and_added(api: APIClient, kept: Workflow) -> None:
    ends = {"from_node": "a", "from_port": "output", "to_node": "b", "to_port": "input"}

    removed = api.delete(at(kept, "/connections"), query_params=ends)
    added = api.post(at(kept, "/connections"), ends)

    assert (removed.status_code, removed.json()["graph"]["connections"]) == (200, [])
    assert (added.status_code, added.json()["number"]) == (201, 3)
    assert added.json()["graph"] == pipeline()


def test_a_connection_to_a_misspelt_port_is_refused(api: APIClient, kept: Workflow) -> None:
    ends = {"from_node": "a", "from_port": "outptu", "to_node": "b", "to_port": "input"}

    response = api.post(at(kept, "/connections"), ends)

    problems = response.json()["problems"]
    assert (response.status_code, [item["code"] for item in problems]) == (
        400,
        ["unknown_outport"],
    )
    assert kept.versions.count() == 1


def test_an_edit_leaves_a_run_with_the_version_it_has(
    api: APIClient, kept: Workflow, owner: User
) -> None:
    running = ExecutionFactory(owner=owner, workflow=kept, version=kept.current)

    api.delete(at(kept, "/nodes/b"))

    graph = json.loads(Execution.objects.get(pk=running.pk).version.graph)
    assert sorted(graph["processes"]) == ["a", "b"]


# Lists.


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("kind", ["workflows", "versions"])
def test_a_list_costs_the_same_for_one_and_three(
    kind: str,
    rows: int,
    api: APIClient,
    owner: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for n in range(rows):
        create_workflow(owner=owner, name=f"workflow {n}", graph=pipeline())

    with django_assert_num_queries(2):  # the token with its user, the rows
        response = api.get(f"/api/v1/{kind}")

    assert len(response.json()["results"]) == rows


def test_pages_follow_each_other_without_gap_or_repeat(api: APIClient, owner: User) -> None:
    for n in range(5):
        WorkflowFactory(owner=owner, name=f"workflow {n}")

    url, names = "/api/v1/workflows?limit=2&ordering=name", []
    while url:
        page = api.get(url).json()
        names.append([row["name"] for row in page["results"]])
        url = page["next"]

    assert names == [["workflow 0", "workflow 1"], ["workflow 2", "workflow 3"], ["workflow 4"]]


@pytest.mark.parametrize(
    "query",
    [
        "cursor=garbage",
        "cursor=cD1nYXJiYWdl",  # p=garbage: no date
        "cursor=cD0lMDA%3D",  # p=%00
        "cursor=bz0tMQ%3D%3D",  # o=-1
    ],
)
def test_a_cursor_that_is_none_is_refused(api: APIClient, kept: Workflow, query: str) -> None:
    response = api.get(f"/api/v1/workflows?{query}")

    assert response.status_code == 404
    assert timeless(response.json())["success"] is False


def test_a_list_is_narrowed_by_name(api: APIClient, owner: User, kept: Workflow) -> None:
    WorkflowFactory(owner=owner, name="bills")

    response = api.get("/api/v1/workflows", {"name": "ORD"})

    assert [row["name"] for row in response.json()["results"]] == ["orders"]


def test_the_versions_of_one_workflow_are_listed_and_read(api: APIClient, kept: Workflow) -> None:
    api.delete(at(kept, "/nodes/b"))

    listed = api.get("/api/v1/versions", {"workflow": kept.pk}).json()["results"]
    first = api.get(f"/api/v1/versions/{listed[1]['id']}").json()

    assert [row["number"] for row in listed] == [2, 1]
    assert first == {**listed[1], "graph": pipeline()}


def test_a_strangers_versions_are_not_seen(stranger: APIClient, kept: Workflow) -> None:
    version: Any = kept.current

    assert stranger.get("/api/v1/versions").json()["results"] == []
    assert stranger.get(f"/api/v1/versions/{version.pk}").status_code == 404


def test_a_webhook_secret_is_shown_once_and_forgotten(
    api: APIClient, stranger: APIClient, owner: User
) -> None:
    workflow = create_workflow(owner=owner, name="signed", graph=pipeline())
    where = f"/api/v1/workflows/{workflow.pk}"

    refused = stranger.post(f"{where}/webhook-secret")
    made = api.post(f"{where}/webhook-secret")
    secret = made.json()["secret"]
    shown = api.get(where).content.decode() + api.get("/api/v1/workflows").content.decode()
    workflow.refresh_from_db()
    kept = workflow.webhook_secrets
    gone = api.delete(f"{where}/webhook-secret")
    workflow.refresh_from_db()

    assert (refused.status_code, made.status_code, gone.status_code) == (404, 201, 204)
    assert made.headers["Cache-Control"] == "no-store"
    assert secret.startswith("whsec_")
    assert secret in kept
    assert secret not in shown
    assert workflow.webhook_secrets == "[]"
