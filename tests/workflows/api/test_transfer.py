"""Workflows in and out as documents, over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.graph import Graph
from tests.factories import WorkflowFactory
from tests.workflows.api.graphs import pipeline
from tests.workflows.zeal.documents import SAMPLES, TARGET, chain, sample
from workflows.models import Workflow, WorkflowVersion
from workflows.zeal.converting import convert

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

IMPORT = "/api/v1/workflows/import"


def test_a_zeal_workflow_is_kept_with_its_id_and_warnings(api: APIClient) -> None:
    response = api.post(IMPORT, sample("sum"))

    answer = response.json()
    row = Workflow.objects.get()
    assert response.status_code == 201
    assert (row.name, row.zeal_id) == ("Sample sum", "wf_mwqx01")
    assert answer["workflow"]["zeal_id"] == "wf_mwqx01"
    assert {key: value for key, value in answer.items() if key != "workflow"} == {
        "created": True,
        "changed": True,
        "kind": "zeal",
        "required_actors": ["tpl_math_add", "tpl_passthrough"],
        "required_env_vars": ["SHOW_KEY"],
        "warnings": answer["warnings"],
    }
    assert answer["warnings"][0]["title"] == "Show"


@pytest.mark.parametrize("document", [sample("sum"), pipeline()], ids=["zeal", "reflow"])
def test_the_same_document_again_makes_no_version(api: APIClient, document: Any) -> None:
    api.post(IMPORT, document)

    again = api.post(IMPORT, document)

    assert again.status_code == 200
    assert (again.json()["created"], again.json()["changed"]) == (False, False)
    assert WorkflowVersion.objects.count() == 1


@pytest.mark.parametrize("document", [sample("sum"), pipeline()], ids=["zeal", "reflow"])
def test_a_changed_document_makes_the_next_version(api: APIClient, document: Any) -> None:
    api.post(IMPORT, document)

    again = api.post(IMPORT, {**document, "note": "changed"})

    assert (again.status_code, again.json()["created"]) == (201, False)
    assert again.json()["workflow"]["version"] == 2


def test_a_dry_run_stores_nothing(api: APIClient) -> None:
    response = api.post(f"{IMPORT}?dry_run=true", pipeline())

    assert response.status_code == 200
    assert (response.json()["workflow"], response.json()["kind"]) == (None, "reflow")
    assert not Workflow.objects.exists()


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"graphs": []}, "zeal_invalid"),
        ({"nodes": []}, "graph_invalid"),
        ([], "graph_invalid"),
        ({"processes": 5}, "graph_invalid"),
        (pipeline(connections=[{}]), "graph_invalid"),
        (pipeline(inports={"in": {"nodeId": "nobody", "portName": "input"}}), "graph_invalid"),
    ],
)
def test_what_cannot_run_is_refused(api: APIClient, document: Any, code: str) -> None:
    response = api.post(IMPORT, document)

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert not Workflow.objects.exists()


def test_a_zeal_workflow_without_id_or_name(api: APIClient) -> None:
    document = {"graphs": chain()["graphs"]}

    assert api.post(IMPORT, document).json()["workflow"]["name"] == "imported workflow"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_zeal_workflow_is_exported_as_it_was_imported(api: APIClient, name: str) -> None:
    pk = api.post(IMPORT, sample(name)).json()["workflow"]["id"]

    response = api.get(f"/api/v1/workflows/{pk}/export?format=zeal")

    assert response.json() == sample(name)
    assert response["X-Export-Warnings"] == "0"


def test_a_graph_is_exported_in_each_format(api: APIClient) -> None:
    pk = api.post(IMPORT, pipeline()).json()["workflow"]["id"]
    address = f"/api/v1/workflows/{pk}/export"

    zeal, reflow, yaml = (api.get(address, {"format": kind}) for kind in ("zeal", "reflow", "yaml"))

    assert reflow.json() == pipeline()
    assert yaml["Content-Type"] == "application/yaml"
    assert Graph.from_yaml(yaml.content) == Graph.from_json(pipeline())
    assert zeal.json()["id"] == f"reflow-{pk}"
    assert "a" in convert(zeal.json(), TARGET).graph.nodes


def test_an_export_wants_a_format_that_exists_a_version_and_an_owner(
    api: APIClient, stranger: APIClient, owner: User
) -> None:
    row = WorkflowFactory(owner=owner)
    address = f"/api/v1/workflows/{row.pk}/export"

    answers = [api.get(f"{address}?format=xml"), api.get(address), stranger.get(address)]

    assert [answer.status_code for answer in answers] == [400, 400, 404]
