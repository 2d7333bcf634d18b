"""The examples of this repository, as workflows of the first user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.graph import Graph
from workflows.models import Workflow
from workflows.services import create_workflow, publish_version

if TYPE_CHECKING:
    from pathlib import Path

    from django.contrib.auth.models import User


def load_examples(owner: User, folder: Path) -> tuple[int, list[str]]:
    """Make a workflow of each file, or a new version where the file is new.

    A version that was loaded before is not published again, so what the user made of an example
    stays current.

    Returns:
        How many workflows were made or got a version, and what was wrong with the others.
    """
    loaded, problems = 0, []
    for file in sorted(folder.glob("*.json")):
        try:
            loaded += _load(owner, file)
        except EngineError as error:
            problems.append(f"{file.name}: {error}")
    return loaded, problems


def _load(owner: User, file: Path) -> bool:
    graph = Graph.from_json(file.read_text("utf-8"))
    name = graph.name or file.stem
    workflow = Workflow.objects.filter(owner=owner, name=name).first()
    if workflow is None:
        description = str(graph.properties.get("description", ""))
        create_workflow(owner=owner, name=name, graph=graph, description=description)
        return True
    if workflow.versions.filter(checksum=graph.checksum()).exists():
        return False
    publish_version(workflow=workflow, graph=graph, by=owner)
    return True
