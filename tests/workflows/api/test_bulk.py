from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import one_node_graph
from workflows.models import Execution
from workflows.services import create_workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


def test_a_bulk_answers_for_each_item(api: APIClient, owner: User) -> None:
    workflow = create_workflow(owner=owner, name="many", graph=one_node_graph())
    items = [{"input": {"in": 1}}, {"input": {"in": 2}, "metadata": {"priority": 99}}]

    answer = api.post("/api/v1/executions/bulk", {"workflow": workflow.pk, "items": items})

    assert answer.status_code == 202
    body = answer.json()
    assert (body["created"], body["existing"], body["refused"]) == (1, 0, 1)
    assert body["results"][0]["execution_id"] == Execution.objects.get().execution_id
    assert body["results"][1]["code"] == "input_invalid"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"items": []}, "items"),
        ({"items": [{}] * 3}, "BULK_LIMIT"),
        ({"items": [{"execution_id": "no spaces"}]}, "execution_id"),
        ({"items": {}}, "items"),
        ({}, "items"),
    ],
)
def test_a_wrong_bulk_is_refused_by_name(
    api: APIClient, settings: Any, body: dict[str, Any], field: str
) -> None:
    settings.BULK_LIMIT = 2

    answer = api.post("/api/v1/executions/bulk", {"graph": one_node_graph().to_dict(), **body})

    assert answer.status_code == 400
    assert field in answer.content.decode()
    assert not Execution.objects.exists()
