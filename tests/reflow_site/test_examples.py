from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reflow_site.supervisor.examples import load_examples
from tests.factories import UserFactory, one_node_graph
from workflows.models import Workflow
from workflows.services import publish_version

if TYPE_CHECKING:
    from pathlib import Path

    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    user: User = UserFactory()
    return user


def write(folder: Path, description: str = "", name: str = "Orders") -> None:
    graph = one_node_graph(name)
    graph.properties["description"] = description
    (folder / "orders.json").write_text(graph.to_json())


def stored(owner: User) -> list[tuple[str, int]]:
    rows = Workflow.objects.filter(owner=owner)
    return [(row.name, row.versions.count()) for row in rows]


def test_each_file_becomes_a_workflow_once(owner: User, tmp_path: Path) -> None:
    write(tmp_path)

    first = load_examples(owner, tmp_path)
    second = load_examples(owner, tmp_path)

    assert (first, second) == ((1, []), (0, []))
    assert stored(owner) == [("Orders", 1)]


def test_a_file_that_changed_becomes_a_new_version(owner: User, tmp_path: Path) -> None:
    write(tmp_path)
    load_examples(owner, tmp_path)
    write(tmp_path, "changed")

    assert load_examples(owner, tmp_path) == (1, [])
    assert stored(owner) == [("Orders", 2)]


def test_what_the_user_made_of_an_example_stays_current(owner: User, tmp_path: Path) -> None:
    write(tmp_path)
    load_examples(owner, tmp_path)
    workflow = Workflow.objects.get()
    publish_version(workflow=workflow, graph=one_node_graph("mine"), by=owner)

    assert load_examples(owner, tmp_path) == (0, [])
    workflow.refresh_from_db()
    assert workflow.current
    assert workflow.current.number == 2


def test_a_file_that_is_no_graph_is_told_and_the_others_are_loaded(
    owner: User, tmp_path: Path
) -> None:
    write(tmp_path)
    (tmp_path / "broken.json").write_text("[]")

    loaded, problems = load_examples(owner, tmp_path)

    assert loaded == 1
    assert len(problems) == 1
    assert problems[0].startswith("broken.json: ")
