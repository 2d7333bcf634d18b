"""Edits of one graph at the same moment."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tests.factories import UserFactory
from tests.workflows.api.graphs import pipeline
from workflows.api.v1.edits import add_node, publish_edit
from workflows.models import Workflow
from workflows.services import create_workflow

EDITS = 6


@pytest.mark.django_db(transaction=True)
def test_of_edits_at_once_none_is_lost() -> None:
    owner = UserFactory()
    workflow = create_workflow(owner=owner, name="orders", graph=pipeline())

    def add(n: int) -> None:
        try:
            edit = add_node({"id": f"n{n}", "component": "tpl_passthrough"})
            publish_edit(by=owner, workflow_pk=workflow.pk, edit=edit)
        finally:
            connection.close()

    with ThreadPoolExecutor(EDITS) as pool:
        list(pool.map(add, range(EDITS)))

    current = Workflow.objects.select_related("current").get().current
    assert current is not None
    assert current.number == EDITS + 1
    assert sorted(json.loads(current.graph)["processes"]) == [
        "a",
        "b",
        *(f"n{n}" for n in range(EDITS)),
    ]
