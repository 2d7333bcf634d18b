from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from engine.graph import Graph
from tests.factories import UserFactory, one_node_graph
from workflows.models import Workflow
from workflows.services import create_workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db

SUM = next((Path(__file__).parents[2] / "data" / "zeal").glob("*sum*.json"))


@pytest.fixture
def admin(db: None) -> Any:
    return UserFactory(is_superuser=True)


def said(command: str, *arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(command, *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def file_of(folder: Path, text: str) -> str:
    path = folder / "graph.json"
    path.write_text(text)
    return str(path)


def test_a_file_becomes_a_workflow_then_a_version_then_nothing(tmp_path: Path, admin: User) -> None:
    graph = one_node_graph("orders")
    name = file_of(tmp_path, graph.to_json())
    first = said("import_workflow", name)[0]
    again = said("import_workflow", name)[0]
    graph.add_node("more", "tpl_passthrough")
    changed = said("import_workflow", file_of(tmp_path, graph.to_json()))[0]

    assert [text.strip().rpartition(": ")[2] for text in (first, again, changed)] == [
        "new",
        "unchanged",
        "next version",
    ]
    assert Workflow.objects.get().owner == admin


def test_a_zeal_file_comes_in_and_goes_out_as_it_was(admin: User) -> None:
    said("import_workflow", str(SUM))
    workflow = Workflow.objects.get()

    exported = said("export_workflow", workflow.zeal_id, "--format", "zeal")[0]

    assert json.loads(exported) == json.loads(SUM.read_text())


def test_a_dry_run_keeps_nothing(tmp_path: Path, admin: User) -> None:
    out = said("import_workflow", "--dry-run", file_of(tmp_path, one_node_graph().to_json()))[0]

    assert "can run (reflow, 1 nodes)" in out
    assert not Workflow.objects.exists()


def test_a_file_that_is_refused_does_not_keep_the_others_out(
    tmp_path: Path, admin: User, settings: Any
) -> None:
    settings.API_MAX_BODY_BYTES = 5_000
    good = file_of(tmp_path, one_node_graph().to_json())
    bad, large = tmp_path / "bad", tmp_path / "large"
    bad.write_text('{"processes": {"a": {"component": "nobody_knows_it"}}}')
    large.write_bytes(b" " * 5_001)
    err = StringIO()

    with pytest.raises(CommandError, match="3 of 4 files were refused"):
        call_command(
            "import_workflow", str(bad), str(large), "nowhere", good, stderr=err, stdout=StringIO()
        )

    assert "nobody_knows_it" in err.getvalue()
    assert "limit: API_MAX_BODY_BYTES" in err.getvalue()
    assert Workflow.objects.count() == 1


@pytest.mark.parametrize("form", ["reflow", "yaml"])
def test_a_workflow_is_printed(admin: User, form: str) -> None:
    workflow = create_workflow(owner=admin, name="kept", graph=one_node_graph())
    said_of = said("export_workflow", str(workflow.pk), "--format", form)[0]

    read = Graph.from_yaml(said_of) if form == "yaml" else Graph.from_json(said_of)

    assert workflow.current
    assert read.checksum() == workflow.current.checksum


def test_a_warning_of_the_export_goes_to_standard_error(admin: User) -> None:
    workflow = create_workflow(owner=admin, name="kept", graph=one_node_graph())

    assert json.loads(said("export_workflow", str(workflow.pk), "--format", "zeal")[0])["graphs"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("none",), "has no workflow 'none'"),
        (("1", "--owner", "nobody"), "there is no user 'nobody'"),
    ],
)
def test_what_is_not_there_is_named(admin: User, arguments: tuple[str, ...], text: str) -> None:
    with pytest.raises(CommandError, match=text):
        said("export_workflow", *arguments)


def test_a_workflow_without_a_version_has_nothing_to_print(admin: User) -> None:
    workflow = Workflow.objects.create(owner=admin, name="empty")

    with pytest.raises(CommandError, match="no version"):
        said("export_workflow", str(workflow.pk))


def test_two_administrators_are_asked_whose_it_is(admin: User) -> None:
    UserFactory(is_superuser=True)

    with pytest.raises(CommandError, match="--owner"):
        said("export_workflow", "1")
