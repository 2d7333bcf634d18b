"""Import and export of workflows in the admin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from engine.graph import Graph
from tests.factories import WorkflowFactory, one_node_graph
from tests.workflows.zeal.documents import sample
from workflows.importing import import_workflow
from workflows.models import Workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django.fixtures import Settings as SettingsWrapper

pytestmark = pytest.mark.django_db

IMPORT = reverse("admin:workflows_workflow_import_document")


def export(workflow: Workflow, kind: str) -> str:
    return reverse(f"admin:workflows_workflow_export_{kind}", args=(workflow.pk,))


def test_a_pasted_zeal_workflow_is_kept_and_shown(pages: Client) -> None:
    response = pages.post(IMPORT, {"text": json.dumps(sample("sum"))}, follow=True)

    row = Workflow.objects.get()
    assert row.zeal_id == "wf_mwqx01"
    assert "Sample sum is version 1." in response.content.decode()
    assert "SHOW_KEY" in response.content.decode()


def test_an_uploaded_graph_is_kept_as_json_or_yaml(pages: Client) -> None:
    for number, text in enumerate((one_node_graph().to_json(), one_node_graph().to_yaml())):
        file = SimpleUploadedFile(f"{number}.txt", text.encode())
        response = pages.post(IMPORT, {"file": file}, follow=True)

    assert Workflow.objects.get().name == "one node"
    assert "has this graph already, as version 1." in response.content.decode()


def test_a_check_stores_nothing_and_says_what_there_is(pages: Client) -> None:
    response = pages.post(IMPORT, {"text": json.dumps(sample("sum")), "check": "1"})

    page = response.content.decode()
    assert "Sample sum can run: 2 nodes, 1 connections." in page
    assert "It needs SHOW_KEY." in page
    assert not Workflow.objects.exists()


def test_problems_stand_beside_the_title_of_their_node(pages: Client) -> None:
    document = sample("sum")
    document["graphs"][0]["nodes"][2]["metadata"] |= {"templateId": "tpl_math_ad", "title": "<b>X"}

    page = pages.post(IMPORT, {"text": json.dumps(document)}).content.decode()

    assert "This cannot run here; nothing was imported." in page
    assert '<td class="rf-tight">&lt;b&gt;X</td>' in page
    assert "did you mean &#x27;tpl_math_add&#x27;?" in page
    assert not Workflow.objects.exists()


@pytest.mark.parametrize("sent", [{}, {"text": "{}", "file": SimpleUploadedFile("a", b"{}")}])
def test_a_file_or_a_text_is_wanted(pages: Client, sent: dict[str, object]) -> None:
    assert "Give a file or a text." in pages.post(IMPORT, sent).content.decode()


@pytest.mark.parametrize("text", ["{", "[1]", "a: [", "- 1", '{"graphs": []}', '{"other": 1}'])
def test_what_is_no_document_is_said(pages: Client, text: str) -> None:
    page = pages.post(IMPORT, {"text": text}).content.decode()

    assert "nothing was imported" in page


def test_a_file_over_the_limit_is_refused(pages: Client, settings: SettingsWrapper) -> None:
    settings.API_MAX_BODY_BYTES = 10
    file = SimpleUploadedFile("a.json", b"x" * 11)

    assert "The file is over 10 bytes." in pages.post(IMPORT, {"file": file}).content.decode()


def test_a_workflow_leaves_in_each_format(pages: Client, admin_user: User) -> None:
    row = import_workflow(owner=admin_user, document=sample("sum")).workflow

    zeal, reflow, yaml = (pages.get(export(row, kind)) for kind in ("zeal", "json", "yaml"))

    assert json.loads(zeal.content) == sample("sum")
    assert zeal["Content-Disposition"] == 'attachment; filename="sample-sum.zeal.json"'
    assert Graph.from_json(reflow.content) == Graph.from_yaml(yaml.content)


def test_what_is_not_there_cannot_be_exported(
    pages: Client, stranger_pages: Client, admin_user: User
) -> None:
    empty = WorkflowFactory(owner=admin_user)
    row = import_workflow(owner=admin_user, document=sample("sum")).workflow

    answers = [pages.get(export(empty, "zeal")), stranger_pages.get(export(row, "zeal"))]

    assert [answer.status_code for answer in answers] == [302, 302]
